"""judge_function: somebody's function, called in this process, as a test suite of one's own calls it."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from symbp.derivation import Derivation
from symbp.errors import SpecError
from symbp.judging.answer import Explored, RaisedError, outcomes_of
from symbp.judging.finding import Found, Signature, Source, signature
from symbp.judging.judging import Invoke, Judged, judge
from symbp.judging.pairs import Pair, judge_passes
from symbp.judging.process import Request
from symbp.judging.reductions import REDUCTIONS
from symbp.judging.runner import tried

TIME = 60.0
"""Seconds that readings may begin in: a test suite has limits of its own."""


def judge_function(
    derivation: Derivation, function: Callable[..., Any], *, rows: bool, seed: int, reduction: str
) -> Judged:
    """Call a function, or a bound method, in this process and diagnose the gradients it returns.

    Raises:
        SpecError: it cannot be called or read as gradients; its own exception is the cause.
        CheckFailedError: a gradient of the wrong shape, or one that is not a number.
    """
    if reduction not in REDUCTIONS:
        raise SpecError(f"reduction {reduction!r}: give one of {', '.join(REDUCTIONS)}")
    found, names = found_of(function)
    own = found.signature
    made = getattr(function, "__self__", None)
    invoke = _invoker(names, found.source.name, own.called, made)
    return judge(derivation, found, invoke, own.called, rows=rows, seed=seed, reduction=reduction)


def judge_layer(forward: Callable[..., Any], backward: Callable[..., Any], *, seed: int) -> Judged:
    """Call the two passes of a layer in this process and hold one against differences of the other.

    Raises:
        SpecError: they cannot be called, or give nothing that could be compared; their own exception is the cause.
    """
    ahead, back = signature_of(forward), signature_of(backward)
    names = {ahead.name: forward, back.name: backward}
    return judge_passes(Pair(ahead, back), _invoker(names, back.name, back.called), back.called, seed=seed)


def _invoker(names: Mapping[str, Any], source: str, called: str, made: Any = None) -> Invoke:
    """Return what tries readings in this process."""

    def invoke(request: Request) -> Explored:
        if request.is_traced:  # A debugger or a measure of coverage may trace this process.
            return Explored((), ())
        errors: list[BaseException] = []
        kept: dict[tuple[int, int], Any] = {}
        answer = tried(
            names, request.data(TIME), lambda case, form: request.arrays[case][form],
            lambda outcome, at, array: kept.__setitem__((outcome, at), array), source, made, errors,
        )  # fmt: skip
        explored = outcomes_of(answer, lambda outcome, at: kept[outcome, at], "", called, len(request.arrays))
        if not explored.outcomes and errors:
            raise RaisedError(f"{called} raised {type(errors[0]).__name__}: {errors[0]}") from errors[0]
        return explored

    return invoke


def found_of(function: Callable[..., Any]) -> tuple[Found, Mapping[str, Any]]:
    """Return a function as one that stands in a file, by its name alone: nothing else of its module is called here.

    Raises:
        SpecError: it is none, or nothing says how it is called.
    """
    own = signature_of(function)
    module = sys.modules.get(getattr(function, "__module__", "") or "")
    try:
        text = inspect.getsource(module) if module is not None else ""
        tree = ast.parse(text)
    except (OSError, TypeError, SyntaxError):
        tree = ast.Module([], [])
    source = Source(getattr(module, "__file__", None) or own.name, tree)
    return Found(source, own), {own.name: function}


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
    written = _written(function)
    own = Signature(name, 1, plain, named, optional, ())
    return own if written is None else replace(own, returns=written.returns, node=written.node)


def _written(function: Callable[..., Any]) -> Signature | None:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return None
    first = tree.body[0] if tree.body else None
    return signature(first) if isinstance(first, ast.FunctionDef) else None
