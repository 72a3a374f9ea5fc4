"""Which function of a file is the backward pass: read from its syntax, nothing of it is run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from symbp.errors import SpecError, nearest
from symbp.inputs import read_regular

MAX_SOURCE = 1_000_000
"""Largest file of somebody's that is read, in bytes."""

MOST_NAMED = 12
"""Most arguments of a function that a message repeats."""

USUAL = (
    "backward", "backprop", "backpropagation", "backward_propagation", "backward_pass", "back_prop", "back_propagation",
    "backprop_pass", "bwd", "my_backward", "gradients", "gradient", "grads", "grad", "compute_gradients",
    "compute_grads", "get_gradients", "loss_and_gradients", "loss_and_grads", "network_backward", "model_backward",
    "L_model_backward", "nn_backward",
)  # fmt: skip
"""Names that people give their backward pass, the most usual first."""


_NO_FUNCTIONS = (
    (ast.ClassDef, ", methods of a class are not called"),
    (ast.AsyncFunctionDef, ", an async function is not called"),
)
"""What looks like a function and is none to us."""


@dataclass(frozen=True)
class Signature:
    """A function as it is written: the arguments it takes, which of them must be given, and the names it returns.

    ``returns`` are the names of the last ``return a, b, c``, empty for any other.
    """

    name: str
    line: int
    arguments: tuple[str, ...]
    keyword_only: tuple[str, ...]
    optional: frozenset[str]
    returns: tuple[str, ...]

    @property
    def text(self) -> str:
        """The function as a message names it."""
        names = (*self.arguments, *self.keyword_only)
        more = ", …" if len(names) > MOST_NAMED else ""
        return f"{self.name}({', '.join(names[:MOST_NAMED])}{more})"


def find(place: Path, name: str | None) -> Signature:
    """Return the function called ``name``; without a name the only one, or the one with a usual name.

    Raises:
        SpecError: no readable Python, no such function, or several that could be meant.
    """
    tree = _tree(place)
    functions = {each.name: each for each in _functions(tree)}
    if not functions:
        there = next((said for kind, said in _NO_FUNCTIONS if any(isinstance(each, kind) for each in tree.body)), "")
        raise SpecError(f"{place.name}: no function in it{there}: write def backward(parameters, cache, X, Y)")
    if name is not None:
        if name not in functions:
            raise SpecError(f"{place.name}: no function {name!r}{nearest(name, functions) or _listed(functions)}")
        return functions[name]
    if len(functions) == 1:
        return next(iter(functions.values()))
    for usual in USUAL:
        found = [each for each in functions.values() if each.name.lower() == usual.lower()]
        if found:
            return found[0]
    raise SpecError(
        f"{place.name}: which function is the backward pass?{_listed(functions)}: "
        f"write {place.name}:{_likely(functions)}"
    )


def _likely(functions: dict[str, Signature]) -> str:
    return next((each for each in functions if "back" in each.lower() or "grad" in each.lower()), next(iter(functions)))


def _listed(functions: dict[str, Signature]) -> str:
    names = list(functions)
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return f"; it has {', '.join(names[:8])}{more}"


def _tree(place: Path) -> ast.Module:
    source = read_regular(place, MAX_SOURCE)
    try:
        return ast.parse(source, filename=place.name)
    except SyntaxError as error:
        raise SpecError(f"{place.name}, line {error.lineno or 1}: not Python: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise SpecError(f"{place.name}: not Python: {error}") from None


def _functions(tree: ast.Module) -> Iterator[Signature]:
    """Yield the functions at the top of a file, those inside an ``if`` or ``try`` among them."""
    waiting: list[ast.stmt] = list(tree.body)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.FunctionDef):
            yield signature(node)
        elif isinstance(node, ast.If | ast.Try | ast.With):
            waiting[:0] = node.body


def signature(node: ast.FunctionDef) -> Signature:
    """Return how a function is called."""
    given = node.args
    plain = [each.arg for each in (*given.posonlyargs, *given.args)]
    named = [each.arg for each in given.kwonlyargs]
    optional = {*plain[len(plain) - len(given.defaults) :]} if given.defaults else set()
    optional |= {each for each, default in zip(named, given.kw_defaults, strict=True) if default is not None}
    return Signature(node.name, node.lineno, tuple(plain), tuple(named), frozenset(optional), _returned(node))


def _returned(function: ast.FunctionDef) -> tuple[str, ...]:
    found = [node.value for node in _own(function) if isinstance(node, ast.Return)]
    last = found[-1] if found else None
    if not isinstance(last, ast.Tuple | ast.List) or not all(isinstance(each, ast.Name) for each in last.elts):
        return ()
    return tuple(each.id for each in last.elts if isinstance(each, ast.Name))


def _own(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """Yield the statements of a function in order, not those of functions inside it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop(0)
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting[:0] = [each for each in ast.iter_child_nodes(node) if isinstance(each, ast.stmt)]
