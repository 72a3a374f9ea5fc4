"""judge_function: somebody's function, called in this process, as a test suite of one's own calls it."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from symbp.derivation import Derivation
from symbp.errors import SpecError
from symbp.judging.answer import Call, RaisedError
from symbp.judging.finding import Signature, signature
from symbp.judging.fitting import Plan
from symbp.judging.judging import Judged, judge
from symbp.judging.reductions import REDUCTIONS
from symbp.judging.runner import RefusedError, Store, called


def judge_function(
    derivation: Derivation, function: Callable[..., Any], *, rows: bool, seed: int, reduction: str
) -> Judged:
    """Call a function in this process and diagnose the gradients it returns.

    Raises:
        SpecError: it cannot be called or read as gradients; its own exception is the cause.
        CheckFailedError: a gradient of the wrong shape, or one that is not a number.
    """
    if reduction not in REDUCTIONS:
        raise SpecError(f"reduction {reduction!r}: give one of {', '.join(REDUCTIONS)}")
    own = signature_of(function)

    def invoke(plan: Plan, cases: Sequence[Mapping[str, Any]]) -> tuple[list[Call], str]:
        return [_call(function, own, plan, arrays) for arrays in cases], ""

    return judge(derivation, own, invoke, own.name, rows=rows, seed=seed, reduction=reduction)


def _call(backward: Callable[..., Any], own: Signature, plan: Plan, arrays: Mapping[str, Any]) -> Call:
    store = Store()
    try:
        found = called(backward, plan, arrays, store)
    except RefusedError as error:
        raise SpecError(f"{own.name} {error}") from None
    except Exception as error:
        raise RaisedError(f"{own.name} raised {type(error).__name__}: {error}") from error
    return Call(found["result"], tuple(store.arrays), tuple(found["changed"]))


def signature_of(function: Callable[..., Any]) -> Signature:
    """Return how a function is called, with the names it returns where its source can be read.

    Raises:
        SpecError: it is none, or nothing says how it is called.
    """
    name = getattr(function, "__name__", type(function).__name__)
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        raise SpecError(f"{name}: give a function, such as backward(parameters, cache, X, Y)") from None
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    plain = tuple(each.name for each in found if each.kind in positional)
    named = tuple(each.name for each in found if each.kind is inspect.Parameter.KEYWORD_ONLY)
    optional = frozenset(each.name for each in found if each.default is not inspect.Parameter.empty)
    return Signature(name, 1, plain, named, optional, _returned(function))


def _returned(function: Callable[..., Any]) -> tuple[str, ...]:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return ()
    first = tree.body[0] if tree.body else None
    return signature(first).returns if isinstance(first, ast.FunctionDef) else ()
