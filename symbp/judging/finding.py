"""What a file of somebody's defines, and what of it is the backward pass: read from its syntax, nothing is run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
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
    "L_model_backward", "nn_backward", "value_and_grad", "bptt", "calc_gradients", "numerical_and_grad",
)  # fmt: skip
"""Names that people give their backward pass, the most usual first."""

BACK = re.compile(r"back|grad|bwd|bptt|_bw$|^bw_", re.IGNORECASE)
"""What the name of a function that goes back has in it."""

AHEAD = re.compile(r"forward|fwd|feed|predict|propagate|^loss$|^cost$|compute_(loss|cost)|^(__)?call(__)?$|^run$",
                   re.IGNORECASE)  # fmt: skip
"""What the name of a forward pass has in it."""

GRADIENT = re.compile(r"d[A-Zbwv_]|d(?:W|b|theta|gamma|beta)|grad|nabla|delta|g_?[WbUV]\d*$|_grad|dL", re.ASCII)
"""What a name of a gradient looks like."""


@dataclass(frozen=True)
class Signature:
    """A function as it is written: the arguments it takes, which of them must be given, and the names it returns.

    ``returns`` are the names of the last ``return a, b, c``, empty for any other. ``owner`` is the class of a method;
    ``arguments`` are without its object.
    """

    name: str
    line: int
    arguments: tuple[str, ...]
    keyword_only: tuple[str, ...]
    optional: frozenset[str]
    returns: tuple[str, ...]
    owner: str = ""
    is_static: bool = False
    node: ast.FunctionDef | None = field(default=None, compare=False, repr=False)

    @property
    def called(self) -> str:
        """Its name behind that of its class."""
        return f"{self.owner}.{self.name}" if self.owner else self.name

    @property
    def text(self) -> str:
        """The function as a message names it."""
        names = (*self.arguments, *self.keyword_only)
        more = ", …" if len(names) > MOST_NAMED else ""
        return f"{self.called}({', '.join(names[:MOST_NAMED])}{more})"

    @property
    def required(self) -> tuple[str, ...]:
        """The arguments without a default."""
        return tuple(each for each in (*self.arguments, *self.keyword_only) if each not in self.optional)


@dataclass(frozen=True)
class Source:
    """A file: its functions, and its classes with their methods, inherited ones too."""

    name: str
    tree: ast.Module = field(repr=False)
    path: Path | None = None

    @cached_property
    def functions(self) -> dict[str, Signature]:
        """The functions at the top of the file by name."""
        return {each.name: signature(each) for each in _top(self.tree) if isinstance(each, ast.FunctionDef)}

    @cached_property
    def classes(self) -> dict[str, dict[str, Signature]]:
        """The methods of every class by name."""
        found: dict[str, dict[str, Signature]] = {}
        for each in _top(self.tree):
            if isinstance(each, ast.ClassDef):
                inherited = [found[base.id] for base in each.bases if isinstance(base, ast.Name) and base.id in found]
                own = {name: method for methods in inherited for name, method in methods.items()}
                own |= {
                    node.name: signature(node, each.name) for node in each.body if isinstance(node, ast.FunctionDef)
                }
                found[each.name] = own
        return found

    def by_name(self, name: str) -> Signature | None:
        """Return a function, or a method behind the name of its class."""
        owner, dot, method = name.partition(".")
        return self.classes.get(owner, {}).get(method) if dot else self.functions.get(name)

    def beside(self, own: Signature) -> Mapping[str, Signature]:
        """Return the functions that stand beside one: the other methods of its class, or the functions of the file."""
        return self.classes.get(own.owner, self.functions)


@dataclass(frozen=True)
class Found:
    """What is judged: a function or a method, or a class of which the method is still to be found."""

    source: Source
    signature: Signature


def find(place: Path, name: str | None) -> Found:
    """Return the function or method called ``name``; without a name the one that returns gradients.

    Raises:
        SpecError: no readable Python, no such function, or several that could be meant.
    """
    source = Source(place.name, _tree(place), place)
    if not source.functions and not any(source.classes.values()):
        has = any(isinstance(each, ast.AsyncFunctionDef) for each in source.tree.body)
        there = (
            ", an async function is not called"
            if has
            else ", a class without methods is not called"
            if source.classes
            else ""
        )
        raise SpecError(f"{place.name}: no function in it{there}: write def backward(parameters, cache, X, Y)")
    if name is not None:
        return Found(source, _named(source, place, name))
    return Found(source, _unnamed(source, place))


def _named(source: Source, place: Path, name: str) -> Signature:
    if name in source.classes:
        found = _method(source.classes[name])
        if found is None:
            raise SpecError(f"{place.name}: the class {name} has no method that goes back: name one, {name}.backward")
        return found
    found = source.by_name(name)
    if found is None:
        known = [*source.functions, *source.classes, *(f"{c}.{m}" for c, ms in source.classes.items() for m in ms)]
        raise SpecError(f"{place.name}: no function {name!r}{nearest(name, known) or _listed(known)}")
    return found


def _method(methods: Mapping[str, Signature]) -> Signature | None:
    """Return the method of a class that gives gradients: a usual name, else one that goes back."""
    for usual in USUAL:
        for each in methods.values():
            if each.name.lower() == usual.lower():
                return each
    going = [each for each in methods.values() if BACK.search(each.name) or gives_gradients(each)]
    return (
        going[0]
        if going
        else next((each for each in methods.values() if each.name in ("train", "fit", "step", "loss")), None)
    )


def _unnamed(source: Source, place: Path) -> Signature:
    functions = source.functions
    if len(functions) == 1 and not source.classes:
        return next(iter(functions.values()))
    for usual in USUAL:
        found = [each for each in functions.values() if each.name.lower() == usual.lower()]
        if found:
            return found[0]
    giving = [each for each in functions.values() if gives_gradients(each) or BACK.search(each.name)]
    if len(giving) > 1:
        giving = [each for each in giving if BACK.search(each.name)] or giving
    methods = [own for each in source.classes.values() if (own := _method(each)) is not None]
    for group in (giving, methods):
        if len(group) > 1:  # The last of a file is the one that uses the others.
            used = {name for each in group for name in called_in(each)}
            group = [each for each in group if each.name not in used] or group
        if len(group) == 1:
            return group[0]
    names = list(functions) or [each.called for each in methods] or list(source.classes)
    raise SpecError(
        f"{place.name}: which function is the backward pass?{_listed(names)}: write {place.name}:{_likely(names)}"
    )


def gives_gradients(own: Signature) -> bool:
    """Whether a function returns, by the names in it, gradients."""
    if own.node is None:
        return False
    if any(GRADIENT.match(each) for each in own.returns):
        return True
    for node in own_nodes(own.node):
        if isinstance(node, ast.Return) and node.value is not None:
            for each in ast.walk(node.value):
                word = each.value if isinstance(each, ast.Constant) else each.id if isinstance(each, ast.Name) else ""
                if isinstance(word, str) and GRADIENT.match(word):
                    return True
    return False


def called_in(own: Signature) -> set[str]:
    """Return the names of what a function calls."""
    if own.node is None:
        return set()
    calls = [each.func for each in ast.walk(own.node) if isinstance(each, ast.Call)]
    return {each.id if isinstance(each, ast.Name) else each.attr for each in calls
            if isinstance(each, ast.Name | ast.Attribute)}  # fmt: skip


def _likely(names: list[str]) -> str:
    return next((each for each in names if BACK.search(each)), names[0])


def _listed(names: list[str]) -> str:
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


def _top(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yield what stands at the top of a file, inside an ``if`` or ``try`` too."""
    waiting: list[ast.stmt] = list(tree.body)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.If | ast.Try | ast.With):
            waiting[:0] = node.body
        else:
            yield node


def signature(node: ast.FunctionDef, owner: str = "") -> Signature:
    """Return how a function is called."""
    given = node.args
    plain = [each.arg for each in (*given.posonlyargs, *given.args)]
    named = [each.arg for each in given.kwonlyargs]
    optional = {*plain[len(plain) - len(given.defaults) :]} if given.defaults else set()
    optional |= {each for each, default in zip(named, given.kw_defaults, strict=True) if default is not None}
    static = any(
        isinstance(each, ast.Name) and each.id in ("staticmethod", "classmethod") for each in node.decorator_list
    )
    is_static = any(isinstance(each, ast.Name) and each.id == "staticmethod" for each in node.decorator_list)
    if owner and not is_static:
        plain = plain[1:]
    return Signature(
        node.name, node.lineno, tuple(plain), tuple(named), frozenset(optional), _returned(node), owner, static, node
    )


def _returned(function: ast.FunctionDef) -> tuple[str, ...]:
    found = [node.value for node in own_nodes(function) if isinstance(node, ast.Return)]
    last = found[-1] if found else None
    if not isinstance(last, ast.Tuple | ast.List) or not any(isinstance(each, ast.Name) for each in last.elts):
        return ()
    return tuple(each.id if isinstance(each, ast.Name) else ast.unparse(each) for each in last.elts)


def own_nodes(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """Yield the statements of a function in order, not those of functions inside it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop(0)
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting[:0] = [each for each in ast.iter_child_nodes(node) if isinstance(each, ast.stmt)]


def inner(function: ast.FunctionDef) -> ast.FunctionDef | None:
    """Return the function that a function defines and returns: the closure that goes back."""
    inside = {each.name: each for each in function.body if isinstance(each, ast.FunctionDef)}
    for node in own_nodes(function):
        if isinstance(node, ast.Return) and node.value is not None:
            for each in ast.walk(node.value):
                if isinstance(each, ast.Name) and each.id in inside:
                    return inside[each.id]
    return None
