"""What the body of a function does with one of its arguments: keys, unpacking, loops, slices; followed into helpers."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from symbp.judging.finding import Signature

FOLLOWED = 3
"""How many calls deep an argument is followed."""


@dataclass
class Uses:
    """How an argument is used.

    ``keys`` are the constants that it is subscripted with, ``starts`` the constants that keys begin with (``"W"`` of
    ``"W" + str(l)``), ``unpacked`` the names of ``a, b = argument``, ``pairs`` how many names a loop over it takes.
    """

    keys: list[str] = field(default_factory=list)
    starts: list[str] = field(default_factory=list)
    unpacked: tuple[str, ...] = ()
    pairs: int = 0
    pair_names: tuple[str, ...] = ()
    nested: list[str] = field(default_factory=list)
    is_sliced: bool = False
    is_indexed: bool = False
    is_product: bool = False
    is_called: bool = False
    is_reshaped: bool = False
    methods: set[str] = field(default_factory=set)

    @property
    def is_table(self) -> bool:
        """Whether it is a dict."""
        return bool(self.keys or self.starts or self.methods & {"items", "values", "keys", "get"})

    @property
    def is_sequence(self) -> bool:
        """Whether it is a list or a tuple of things."""
        return bool(self.unpacked or self.pairs) and not self.is_product


def uses(own: Signature, name: str, beside: Mapping[str, Signature], depth: int = 0) -> Uses:
    """Return what a function does with an argument."""
    found = Uses()
    if own.node is not None:
        _look(own.node, name, beside, found, depth)
    return found


def _look(node: ast.AST, name: str, beside: Mapping[str, Signature], found: Uses, depth: int) -> None:
    names = _aliases(node, name)
    for each in ast.walk(node):
        match each:
            case ast.Subscript(value=ast.Name(id=own), slice=at) if own in names:
                _subscript(at, found, node)
            case ast.Subscript(value=ast.Subscript(value=ast.Name(id=own)), slice=ast.Constant(value=str() as key)) if (
                own in names
            ):
                found.nested.append(key)
            case ast.Assign(targets=[ast.Tuple(elts=parts) | ast.List(elts=parts)], value=value) if _is(value, names):
                found.unpacked = tuple(ast.unparse(part) for part in parts)
            case ast.Assign(targets=[ast.Tuple(elts=parts)], value=ast.GeneratorExp() as made):
                _generated(made, names, found)
            case ast.For(target=target, iter=iterated) | ast.comprehension(target=target, iter=iterated):
                _loop(target, iterated, names, found)
            case ast.Attribute(value=ast.Name(id=own), attr=attribute) if own in names:
                found.methods.add(attribute)
                found.is_reshaped |= attribute in ("reshape", "ravel", "flatten")
                found.is_product |= attribute in ("dot", "T")
            case ast.BinOp(left=left, op=ast.MatMult(), right=right) if _in_product(left, names) or _in_product(
                right, names
            ):
                found.is_product = True
            case ast.Call(func=function, args=arguments, keywords=keywords):
                _called(function, arguments, keywords, names, beside, found, depth)


def _aliases(node: ast.AST, name: str) -> set[str]:
    """Return the names that stand for an argument: ``P = params``."""
    names = {name}
    for each in ast.walk(node):
        match each:
            case ast.Assign(targets=[ast.Name(id=other)], value=ast.Name(id=own)) if own in names:
                names.add(other)
            case ast.Assign(targets=[ast.Tuple(elts=left)], value=ast.Tuple(elts=right)):
                names |= {a.id for a, b in zip(left, right, strict=False)
                          if isinstance(a, ast.Name) and isinstance(b, ast.Name) and b.id in names}  # fmt: skip
    return names


def _is(node: ast.expr, names: set[str]) -> bool:
    return isinstance(node, ast.Name) and node.id in names


def _in_product(node: ast.expr, names: set[str]) -> bool:
    return _is(node, names) or (isinstance(node, ast.Attribute) and node.attr == "T" and _is(node.value, names))


def _subscript(at: ast.expr, found: Uses, body: ast.AST) -> None:
    match at:
        case ast.Constant(value=str() as key):
            found.keys.append(key)
        case ast.Constant(value=int()):
            found.is_indexed = True
        case (
            ast.JoinedStr(values=[ast.Constant(value=str() as start), *_])
            | ast.BinOp(left=ast.Constant(value=str() as start))
        ):
            found.starts.append(start)
        case ast.Slice() | ast.Tuple():
            found.is_sliced = True
        case ast.Name(id=name):
            found.is_indexed = True
            for words in _words(body, name):
                found.keys += words


def _words(body: ast.AST, name: str) -> Iterator[list[str]]:
    """Yield the texts that a loop variable goes through: ``for k in ("x", "r", "z")``, ``for k in "ifgo"``."""
    for each in ast.walk(body):
        if (
            isinstance(each, ast.For | ast.comprehension)
            and isinstance(each.target, ast.Name)
            and each.target.id == name
        ):
            match each.iter:
                case ast.Tuple(elts=parts) | ast.List(elts=parts):
                    yield [p.value for p in parts if isinstance(p, ast.Constant) and isinstance(p.value, str)]
                case ast.Constant(value=str() as letters):
                    yield list(letters)


def _generated(made: ast.GeneratorExp, names: set[str], found: Uses) -> None:
    match made.elt:
        case ast.Subscript(value=ast.Name(id=own), slice=ast.Name(id=key)) if own in names:
            for each in made.generators:
                if (
                    isinstance(each.target, ast.Name)
                    and each.target.id == key
                    and isinstance(each.iter, ast.Tuple | ast.List)
                ):
                    found.keys += [
                        p.value for p in each.iter.elts if isinstance(p, ast.Constant) and isinstance(p.value, str)
                    ]


def _loop(target: ast.expr, iterated: ast.expr, names: set[str], found: Uses) -> None:
    """Read a loop over the argument itself, reversed, sliced, zipped or counted."""
    match iterated:
        case ast.Call(func=ast.Name(id="enumerate"), args=[inner, *_]):
            rest = target.elts[-1] if isinstance(target, ast.Tuple) and target.elts else target
            _loop(rest, inner, names, found)
        case ast.Call(func=ast.Name(id="reversed" | "list" | "tuple"), args=[inner]):
            _loop(target, inner, names, found)
        case ast.Call(func=ast.Name(id="zip"), args=parts):
            if isinstance(target, ast.Tuple):
                for each, part in zip(target.elts, parts, strict=False):
                    _loop(each, part, names, found)
        case ast.Subscript(value=inner, slice=ast.Slice()):
            _loop(target, inner, names, found)
        case ast.Name(id=own) if own in names:
            if isinstance(target, ast.Tuple | ast.List):
                found.pairs = len(target.elts)
                found.pair_names = tuple(ast.unparse(each) for each in target.elts)
            else:
                found.is_indexed = True


def _called(
    function: ast.expr, arguments: list[ast.expr], keywords: list[ast.keyword], names: set[str],
    beside: Mapping[str, Signature], found: Uses, depth: int,
) -> None:  # fmt: skip
    own = (
        function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
    )
    if own == "dot" and any(_in_product(each, names) for each in arguments):
        found.is_product = True
    helper = beside.get(own)
    if isinstance(function, ast.Name) and function.id in names:
        found.is_called = True
    if helper is None or helper.node is None or depth >= FOLLOWED:
        return
    given = [*zip(helper.arguments, arguments, strict=False), *((k.arg, k.value) for k in keywords if k.arg)]
    for inside, value in given:
        if _is(value, names):
            _look(helper.node, inside, beside, found, depth + 1)
