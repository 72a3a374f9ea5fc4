"""The value of a formula: its syntax tree walked against an allow-list, on plain arrays."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from symbp.equations import operands
from symbp.errors import ShapeError, SpecError
from symbp.judging.arithmetic import ONES, ONES_ROW, Arithmetic, OfEntries, Ones, OnesRow, from_numpy, softmax_along
from symbp.judging.meanings import (
    HOLE,
    IDENTITY,
    Activation,
    Diagonal,
    Entry,
    LinearMap,
    Named,
    Number,
    Operator,
    Over,
    Piece,
    Place,
    Scalar,
    Size,
    Sliding,
    Symbol,
    operator_of,
    scalar_value,
    slid,
    value_of,
)
from symbp.judging.written import TypedSide
from symbp.networks.reading import MAX_DEPTH, quote

LARGEST = 1e100


def value(written: TypedSide, place: Place, tree: ast.expr | None = None, left: str = "") -> Any:
    """Return the value of a formula at a place; ``left`` are the letters of an entry that it is for.

    Raises:
        SpecError: something that is not arithmetic.
        ShapeError: two shapes that do not fit; the message quotes both pieces and what probably was meant.
    """
    import numpy as np

    try:
        with np.errstate(all="ignore"):
            letters = "".join(sorted({*left, *written.letters}))
            arithmetic = OfEntries(written, place, letters) if letters else Arithmetic(written, place)
            found = _Walk(written, place, arithmetic).visit(written.tree if tree is None else tree)
            if isinstance(arithmetic, OfEntries):
                return arithmetic.matrix(found, left)
    except (SpecError, ShapeError):
        raise
    except ValueError:  # NumPy's own, from an operator that is given what it does not act on
        raise ShapeError(f"the shapes in {quote(written.source)} do not fit") from None
    if isinstance(found, Scalar | Activation | LinearMap | Sliding | Named | Ones | OnesRow):
        raise SpecError(f"{quote(written.source)} is no matrix: something for it to act on is missing")
    return found


@dataclass
class _Walk:
    """Evaluates a tree, node by node."""

    written: TypedSide
    place: Place
    arithmetic: Arithmetic
    depth: int = 0

    def visit(self, node: ast.expr) -> Any:
        """Return the value of a node."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise SpecError(f"{quote(self.written.source)} is nested more than {MAX_DEPTH} deep")
        try:
            return self._visit(node)
        finally:
            self.depth -= 1

    def _visit(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=bool() | int() | float() as number):
                return self._number(number)
            case ast.Name(id=name) if name in self.written.meanings:
                return self._meaning(name)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self.arithmetic.times(-1.0, self.visit(operand), node)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.visit(operand)
            case ast.Attribute(value=operand, attr="T"):
                return self._transposed(operand)
            case ast.Attribute(value=operand, attr="I"):
                return self.arithmetic.inverse(self.visit(operand), node)
            case ast.BinOp(op=ast.MatMult()):
                return self._chain(node)
            case ast.BinOp(left=ast.BinOp(left=left, op=ast.Mod(), right=ast.Name(id=name)), op=ast.Mod(), right=right):
                return self._slid(name, left, right)
            case ast.BinOp(left=ast.Name(id=name), op=ast.Pow(), right=right) if self._is_function(name):
                return self._applied(name, [right], {}, node)  # log P, without brackets
            case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _BINARY:
                return _BINARY[type(sign)](self.arithmetic, self.visit(left), self.visit(right), node)
            case ast.Compare(left=left, ops=[sign], comparators=[right]) if type(sign) in _COMPARE:
                return self.arithmetic.entrywise(
                    _COMPARE[type(sign)], self.visit(left), self.visit(right), node
                ).astype(float)
            case ast.Call(func=ast.Attribute(value=operand, attr=name), args=arguments) if name in METHODS:
                named = Named(name, of_module=True)
                return self._call(named, [self.visit(operand), *map(self.visit, arguments)], self._keywords(node), node)
            case ast.Call(func=ast.Name(id=name), args=arguments) if name in self.written.meanings:
                return self._applied(name, arguments, self._keywords(node), node)
        raise SpecError(f"{quote(self.written.text(node))} may not stand in the formula {quote(self.written.source)}")

    def _is_function(self, name: str) -> bool:
        meaning = self.written.meanings.get(name)
        return isinstance(meaning, Scalar | Activation) or (isinstance(meaning, Named) and meaning.name in _FUNCTIONS)

    def _number(self, number: float) -> float:
        if not abs(number) <= LARGEST:
            raise SpecError(f"a number in {quote(self.written.source)} is too large")
        return float(number)

    def _keywords(self, node: ast.Call) -> dict[str, Any]:
        found = {}
        for each in node.keywords:
            axis = each.value
            sign = -1 if isinstance(axis, ast.UnaryOp) and isinstance(axis.op, ast.USub) else 1
            constant = axis.operand if isinstance(axis, ast.UnaryOp) else axis
            known = isinstance(constant, ast.Constant) and constant.value in (0, 1, 2, True, False)
            if each.arg not in ("axis", "keepdims", "ddof", "unbiased") or not known:
                raise SpecError(f"{quote(self.written.text(node))}: only axis and keepdims may be named")
            assert isinstance(constant, ast.Constant)
            found[each.arg] = sign * int(constant.value)  # type: ignore[arg-type]
        if "unbiased" in found:
            found["ddof"] = found.pop("unbiased")
        return found

    def _slid(self, name: str, left: ast.expr, right: ast.expr) -> Any:
        """W ⋆ X, by the convolution of the network that takes matrices of these shapes."""
        meaning = self.written.meanings[name]
        assert isinstance(meaning, Sliding)
        first, second = (self.arithmetic.array(self.visit(each), each) for each in (left, right))
        found = slid(meaning, first, second, self.place)
        if found is None:
            sides = (f"{quote(self.written.text(each))} is {self.arithmetic.size(array)}"
                     for each, array in ((left, first), (right, second)))  # fmt: skip
            raise ShapeError(
                f"{' and '.join(sides)} in {quote(self.written.source)}: no convolution of the network takes these; "
                f"it has {', '.join(f'{a} with {b}' for a, b in self._slid_shapes(meaning))}"
            )
        return found

    def _slid_shapes(self, meaning: Sliding) -> list[list[str]]:
        return [[self.arithmetic.size(self.place.value(each)) for each in operands(node)] for node in meaning.nodes]

    def _meaning(self, name: str) -> Any:
        import numpy as np

        match self.written.meanings[name]:
            case Symbol(of=symbol):
                return self.place.value(symbol)
            case Diagonal(slope=slope):
                found = value_of(slope, self.place)
                return np.diagflat(found) if 1 in found.shape else found
            case Scalar(at=slope) if slope is not None:
                return value_of(slope, self.place)
            case Entry(of=symbol, letters=letters) if isinstance(self.arithmetic, OfEntries):
                return self.arithmetic.entry(self.place.value(symbol), letters)
            case Size(of=letter):
                return float(self.place.case.sizes[str(letter)])
            case Number(value=number):
                return number
            case LinearMap(node=node):
                return operator_of(node, self.place)
            case Piece(node=node):
                return value_of(node, self.place)
            case Named(name=word) if word in _CONSTANT:
                return _CONSTANT[word](self.place)
            case other:
                return other

    def _transposed(self, node: ast.expr) -> Any:
        found = self.visit(node)
        if found is ONES:
            return ONES_ROW
        return found.T if hasattr(found, "T") else self.arithmetic.array(found, node).T

    def _chain(self, node: ast.BinOp) -> Any:
        """A product of several factors, from the left; with an operator among them, from the error that it acts on."""
        nodes: list[ast.expr] = [node]
        while isinstance(nodes[0], ast.BinOp) and isinstance(nodes[0].op, ast.MatMult):
            nodes[:1] = [nodes[0].left, nodes[0].right]
        factors = [self.visit(each) for each in nodes]
        if any(isinstance(each, Operator) for each in factors):
            return self.arithmetic.operated(factors, node)
        found = factors[0]
        for factor, end in zip(factors[1:], nodes[1:], strict=True):
            found = self.arithmetic.joined(found, factor, _until(node, end))
        return found

    def _applied(self, name: str, nodes: Sequence[ast.expr], keywords: Mapping[str, int], node: ast.expr) -> Any:
        meaning = self.written.meanings[name]
        if isinstance(meaning, Named) and meaning.name == "einsum":
            return self._einsum(nodes, node)
        if isinstance(meaning, Named) and meaning.name in _FILLED:
            return self._filled(_FILLED[meaning.name], nodes, node)
        arguments = [self.visit(each) for each in nodes]
        if isinstance(meaning, Activation) and len(nodes) == 1:
            operand = self.written.meanings.get(nodes[0].id) if isinstance(nodes[0], ast.Name) else None
            known = meaning.of(operand.of.name if isinstance(operand, Symbol | Entry) else None)
            if known is None:
                text = self.written.text(node)
                raise SpecError(f"{quote(text)}: the layers have different activations; write f1, f2 … or their names")
            meaning = known
        match meaning:
            case Over(letters=letters) if len(arguments) == 1 and isinstance(self.arithmetic, OfEntries):
                return self.arithmetic.added_over(arguments[0], letters)
            case Scalar() if len(arguments) == 1 and not keywords:
                return scalar_value(meaning, self.arithmetic.array(arguments[0], node))
            case LinearMap() if len(arguments) == 1 and not keywords:
                return self.arithmetic.acted(operator_of(meaning.node, self.place), arguments[0], node)
            case Named():
                return self._call(meaning, arguments, keywords, node)
        raise SpecError(f"{quote(self.written.text(node))} calls what is no function in {quote(self.written.source)}")

    def _call(self, meaning: Named, arguments: Sequence[Any], keywords: Mapping[str, int], node: ast.expr) -> Any:
        word = SYNONYMS.get(meaning.name, meaning.name)
        row = _FUNCTIONS.get(word)
        if row is None or (keywords and not row.reduces):
            raise SpecError(f"{quote(self.written.text(node))} may not stand in {quote(self.written.source)}")
        if row.reduces and len(arguments) == 2:
            axis = self.arithmetic.array(arguments[1], node)
            base = 0 if meaning.of_module else 1
            arguments, keywords = arguments[:1], {**keywords, "axis": int(axis) - base if axis.ndim == 0 else 9}
        if len(arguments) != row.arguments:
            raise SpecError(f"{quote(self.written.text(node))} may not stand in {quote(self.written.source)}")
        if word in _OWN and not keywords:
            return _OWN[word](self.arithmetic, *arguments, node)
        arrays = [self.arithmetic.array(each, node) for each in arguments]
        axis = keywords.get("axis")
        if axis is not None and not -arrays[0].ndim <= axis < arrays[0].ndim:
            raise SpecError(f"{quote(self.written.text(node))}: axis {axis} of a matrix: 0 adds rows, 1 adds columns")
        if row.reduces:
            more = {"ddof": keywords["ddof"]} if "ddof" in keywords and word in ("var", "std") else {}
            return row.function(arrays[0], axis=axis, keepdims=bool(keywords.get("keepdims", 0)), **more)
        return row.function(*arrays)

    def _einsum(self, nodes: Sequence[ast.expr], node: ast.expr) -> Any:
        """np.einsum('im,jm->ij', A, B): its subscripts are letters, and no sum is longer than a product's."""
        import numpy as np

        first = nodes[0].value if nodes and isinstance(nodes[0], ast.Constant) else None
        if not isinstance(first, str) or not re.fullmatch(r"[A-Za-z,]+(?:->[A-Za-z]*)?", first.replace(" ", "")):
            raise SpecError(f"{quote(self.written.text(node))}: einsum begins with its subscripts, 'im,jm->ij'")
        arrays = [self.arithmetic.array(self.visit(each), node) for each in nodes[1:]]
        if len(arrays) > MOST_FACTORS or len(set(first)) > MOST_LETTERS:
            raise SpecError(f"{quote(self.written.text(node))}: einsum of at most {MOST_FACTORS} matrices")
        return np.einsum(first.replace(" ", ""), *arrays, optimize=True)

    def _filled(self, number: float, nodes: Sequence[ast.expr], node: ast.expr) -> Any:
        """ones(m, 1) and np.ones((1, m)), of sizes; ones_like(A)."""
        import numpy as np

        wanted = nodes[0].elts if len(nodes) == 1 and isinstance(nodes[0], ast.Tuple) else nodes
        sizes = [self.arithmetic.array(self.visit(each), node) for each in wanted]
        if len(sizes) == 1 and sizes[0].ndim:
            return np.full(sizes[0].shape, number)
        if not 1 <= len(sizes) <= 2 or not all(size.ndim == 0 and 1 <= size <= MOST_ENTRIES for size in sizes):
            raise SpecError(f"{quote(self.written.text(node))}: give its sizes, such as m and 1")
        return np.full([int(size) for size in sizes], number)


def _until(node: ast.BinOp, end: ast.expr) -> ast.BinOp:
    """Return the part of a chain of products that ends in a factor."""
    found = node
    while found.right is not end:
        assert isinstance(found.left, ast.BinOp)
        found = found.left
    return found


_BINARY: Mapping[type[ast.operator], Callable[[Arithmetic, Any, Any, Any], Any]] = {
    ast.Add: Arithmetic.added,
    ast.Sub: Arithmetic.subtracted,
    ast.Mult: Arithmetic.times,
    ast.Div: Arithmetic.over,
    ast.MatMult: Arithmetic.joined,
    ast.Pow: Arithmetic.power,
}

_COMPARE: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Eq: lambda a, b: a == b,
}

_CONSTANT: Mapping[str, Callable[[Place], Any]] = {
    "m": lambda place: float(place.examples),
    "ones": lambda place: ONES,
    "I": lambda place: IDENTITY,
    "hole": lambda place: HOLE,
}


@dataclass(frozen=True)
class _Function:
    """A NumPy function that a formula may call."""

    arguments: int
    function: Callable[..., Any]
    reduces: bool = False


MOST_FACTORS, MOST_LETTERS, MOST_ENTRIES = 6, 12, 10_000
"""Bounds of einsum, and of a side of a matrix that a formula makes."""

METHODS = frozenset(
    [
        "sum",
        "mean",
        "var",
        "std",
        "dot",
        "transpose",
        "matmul",
        "mm",
        "mul",
        "pow",
        "exp",
        "log",
        "sqrt",
        "abs",
        "square",
        "sin",
        "cos",
        "tanh",
        "inverse",
    ]
)

SYNONYMS = {"mm": "matmul", "mul": "multiply", "sub": "subtract", "div": "divide", "pow": "power", "ln": "log",
            "inverse": "inv"}  # fmt: skip
"""Other names of functions."""

_FILLED = {"ones": 1.0, "zeros": 0.0, "ones_like": 1.0, "zeros_like": 0.0}

_PRODUCTS: Mapping[str, Callable[..., Any]] = {
    "dot": Arithmetic.joined,
    "matmul": Arithmetic.joined,
    "multiply": Arithmetic.times,
    "add": Arithmetic.added,
    "subtract": Arithmetic.subtracted,
    "divide": Arithmetic.over,
    "power": Arithmetic.power,
}
_OWN: Mapping[str, Callable[..., Any]] = {**_PRODUCTS, "softmax": Arithmetic.softmax, "inv": Arithmetic.inverse}
"""What is more than a function of arrays."""

_OF_TWO = ("maximum", "minimum", "outer")
_OF_ONE = ("exp", "log", "sqrt", "abs", "square", "sign", "transpose", "sin", "cos", "tan", "sinh", "cosh", "tanh",
           "reciprocal", "negative", "trace")  # fmt: skip

_FUNCTIONS: Mapping[str, _Function] = {
    **{name: _Function(2, from_numpy(name)) for name in (*_PRODUCTS, *_OF_TWO)},
    **{name: _Function(1, from_numpy(name)) for name in _OF_ONE},
    **{name: _Function(1, from_numpy(name), reduces=True) for name in ("sum", "mean", "var", "std", "max", "min")},
    "sech": _Function(1, lambda array: 1 / from_numpy("cosh")(array)),
    "where": _Function(3, from_numpy("where")),
    "diag": _Function(1, from_numpy("diagflat")),
    "inv": _Function(1, Arithmetic.inverse),
    "softmax": _Function(1, softmax_along, reduces=True),
}
