"""The value of a formula: its syntax tree walked against an allow-list, on plain arrays."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from symbp.checking.theirs.cases import Case
from symbp.checking.theirs.meanings import (
    HOLE,
    IDENTITY,
    Diagonal,
    LinearMap,
    Named,
    Operator,
    Piece,
    Place,
    Scalar,
    Sliding,
    Symbol,
    operator_of,
    scalar_value,
    slid,
    softmax_value,
    value_of,
)
from symbp.checking.theirs.written import Written
from symbp.equations import operands
from symbp.errors import ShapeError, SpecError
from symbp.networks.reading import MAX_DEPTH, quote

MAX_EXPONENT = 100
LARGEST = 1e100


class _Ones:
    """1, the column of ones: A 1 sums over the columns, b 1ᵀ repeats one."""


class _OnesRow:
    """1ᵀ."""


ONES, ONES_ROW = _Ones(), _OnesRow()


def value(written: Written, place: Place, tree: ast.expr | None = None) -> Any:
    """Return the value of a formula at a place.

    Raises:
        SpecError: something that is not arithmetic.
        ShapeError: two shapes that do not fit; the message quotes both pieces and what probably was meant.
    """
    import numpy as np

    try:
        with np.errstate(all="ignore"):
            found = _Walk(written, place).visit(written.tree if tree is None else tree)
    except (SpecError, ShapeError):
        raise
    except ValueError:  # NumPy's own, from an operator that is given what it does not act on
        raise ShapeError(f"the shapes in {quote(written.source)} do not fit") from None
    if isinstance(found, Scalar | LinearMap | Sliding | Named | _Ones | _OnesRow):
        raise SpecError(f"{quote(written.source)} is no matrix: something for it to act on is missing")
    return found


@dataclass
class _Walk:
    """Evaluates a tree, node by node."""

    written: Written
    place: Place
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
                return self._times(-1.0, self.visit(operand), node)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.visit(operand)
            case ast.Attribute(value=operand, attr="T"):
                return self._transposed(operand)
            case ast.BinOp(op=ast.MatMult()):
                return self._chain(node)
            case ast.BinOp(left=ast.BinOp(left=left, op=ast.Mod(), right=ast.Name(id=name)), op=ast.Mod(), right=right):
                return self._slid(name, left, right)
            case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _BINARY:
                return _BINARY[type(sign)](self, self.visit(left), self.visit(right), node)
            case ast.Compare(left=left, ops=[sign], comparators=[right]) if type(sign) in _COMPARE:
                return self._entrywise(_COMPARE[type(sign)], self.visit(left), self.visit(right), node).astype(float)
            case ast.Call(func=ast.Attribute(value=operand, attr=name), args=arguments) if name in _METHODS:
                return self._call(name, [self.visit(operand), *map(self.visit, arguments)], self._keywords(node), node)
            case ast.Call(func=ast.Name(id=name), args=arguments) if name in self.written.meanings:
                return self._applied(name, [self.visit(each) for each in arguments], self._keywords(node), node)
        raise SpecError(f"{quote(self.written.text(node))} may not stand in the formula {quote(self.written.source)}")

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
            if each.arg not in ("axis", "keepdims") or not known:
                raise SpecError(f"{quote(self.written.text(node))}: only axis and keepdims may be named")
            assert isinstance(constant, ast.Constant)
            found[each.arg] = sign * int(constant.value)  # type: ignore[arg-type]
        return found

    def _slid(self, name: str, left: ast.expr, right: ast.expr) -> Any:
        """W ⋆ X, by the convolution of the network that takes matrices of these shapes."""
        meaning = self.written.meanings[name]
        assert isinstance(meaning, Sliding)
        first, second = (self._array(self.visit(each), each) for each in (left, right))
        found = slid(meaning, first, second, self.place)
        if found is None:
            sides = (f"{quote(self.written.text(each))} is {self._size(array)}"
                     for each, array in ((left, first), (right, second)))  # fmt: skip
            raise ShapeError(
                f"{' and '.join(sides)} in {quote(self.written.source)}: no convolution of the network takes these; "
                f"it has {', '.join(f'{a} with {b}' for a, b in self._slid_shapes(meaning))}"
            )
        return found

    def _slid_shapes(self, meaning: Sliding) -> list[list[str]]:
        return [[self._size(self.place.value(each)) for each in operands(node)] for node in meaning.nodes]

    def _meaning(self, name: str) -> Any:
        import numpy as np

        match self.written.meanings[name]:
            case Symbol(of=symbol):
                return self.place.value(symbol)
            case Diagonal(slope=slope):
                found = value_of(slope, self.place)
                return np.diagflat(found) if found.shape[1] == 1 else found
            case Scalar(at=slope) if slope is not None:
                return value_of(slope, self.place)
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
        return found.T if hasattr(found, "T") else self._array(found, node).T

    def _array(self, found: Any, node: ast.expr) -> Any:
        import numpy as np

        if isinstance(found, float | int | np.ndarray | np.generic):
            return np.asarray(found, dtype=float)
        if found is ONES:
            return np.asarray(1.0)
        raise SpecError(f"{quote(self.written.text(node))} in {quote(self.written.source)} is no matrix")

    def _entrywise(self, function: Callable[..., Any], left: Any, right: Any, node: ast.expr) -> Any:
        first, second = (self._array(each, node) for each in (left, right))
        fits = all(a == b or 1 in (a, b) for a, b in zip(first.shape[::-1], second.shape[::-1], strict=False))
        if not fits:
            raise self._clash(first, second, node, "entry by entry needs equal shapes")
        return function(first, second)

    def _times(self, left: Any, right: Any, node: ast.expr) -> Any:
        if isinstance(left, Operator) or isinstance(right, Operator):
            return self._composed(left, right, node)
        return self._entrywise(_np("multiply"), left, right, node)

    def _composed(self, left: Any, right: Any, node: ast.expr) -> Any:
        """A product with an operator in it: entry by entry, or by a number."""
        operator, other = (left, right) if isinstance(left, Operator) else (right, left)
        factor = self._array(other, node)
        return Operator(lambda error: factor * operator.apply(error), operator.hole)

    def _joined(self, left: Any, right: Any, node: ast.expr) -> Any:
        """A @ B, and what stands side by side: numbers scale, operators act."""
        if right is ONES:
            return self._array(left, node).sum(axis=1, keepdims=True)
        if right is ONES_ROW:
            return self._array(left, node) @ _np("ones")((1, self._repeats()))
        if isinstance(left, Operator) or isinstance(right, Operator):
            return self._operated([left, right], node)
        first, second = self._array(left, node), self._array(right, node)
        if first.ndim == 0 or second.ndim == 0:
            return first * second
        if first.shape[-1] != second.shape[0]:
            raise self._clash(first, second, node, "a product needs columns on the left as many as rows on the right")
        return first @ second

    def _repeats(self) -> int:
        return max((array.shape[1] for array in self.place.case.values.inputs.values()), default=1) if (
            self.place.example is None
        ) else 1  # fmt: skip

    def _chain(self, node: ast.BinOp) -> Any:
        """A product of several factors, from the left; with an operator among them, from the error that it acts on."""
        nodes: list[ast.expr] = [node]
        while isinstance(nodes[0], ast.BinOp) and isinstance(nodes[0].op, ast.MatMult):
            nodes[:1] = [nodes[0].left, nodes[0].right]
        factors = [self.visit(each) for each in nodes]
        if any(isinstance(each, Operator) for each in factors):
            return self._operated(factors, node)
        found = factors[0]
        for factor, end in zip(factors[1:], nodes[1:], strict=True):
            found = self._joined(found, factor, _until(node, end))
        return found

    def _operated(self, factors: Sequence[Any], node: ast.expr) -> Any:
        """A product with operators: what stands left of the error acts on it, what stands right multiplies it."""
        at = next((index for index, each in enumerate(factors) if self._is_error(each)), len(factors))
        error = factors[at] if at < len(factors) else IDENTITY
        for factor in reversed(factors[:at]):
            error = self._acted(factor, error, node)
        for factor in factors[at + 1 :]:
            error = self._multiplied(error, factor, node)
        return error

    def _is_error(self, value: Any) -> bool:
        """Whether it is what operators act on: a hole, or a matrix with a column for every column of the data."""
        if isinstance(value, Operator):
            return value.hole
        shape: Any = getattr(value, "shape", ())
        return len(shape) == 2 and shape[1] == self._repeats()

    def _acted(self, factor: Any, error: Any, node: ast.expr) -> Any:
        apply = factor.apply if isinstance(factor, Operator) else _multiplier(self._array(factor, node))
        if isinstance(error, Operator):
            return Operator(lambda value: apply(error.apply(value)), error.hole)
        return apply(error)

    def _multiplied(self, error: Any, factor: Any, node: ast.expr) -> Any:
        if isinstance(factor, Operator):
            text = quote(self.written.text(node))
            raise SpecError(f"an operator stands behind what it acts on in {text}: write it in front")
        if isinstance(error, Operator):
            matrix = self._array(factor, node)
            return Operator(lambda value: error.apply(value) @ matrix, error.hole)
        return self._joined(error, factor, node)

    def _added(self, left: Any, right: Any, node: ast.expr, sign: float = 1.0) -> Any:
        if not isinstance(left, Operator) and not isinstance(right, Operator):
            return self._entrywise(lambda a, b: a + sign * b, left, right, node)
        first, second = self._as_operator(left, node), self._as_operator(right, node)
        return Operator(lambda error: first.apply(error) + sign * second.apply(error))

    def _as_operator(self, found: Any, node: ast.expr) -> Operator:
        if isinstance(found, Operator):
            return found
        matrix = self._array(found, node)
        return Operator(lambda error: matrix @ error)

    def _subtracted(self, left: Any, right: Any, node: ast.expr) -> Any:
        return self._added(left, right, node, -1.0)

    def _over(self, left: Any, right: Any, node: ast.expr) -> Any:
        if isinstance(left, Operator):
            return self._composed(left, 1.0 / self._array(right, node), node)
        return self._entrywise(_np("divide"), left, right, node)

    def _power(self, left: Any, right: Any, node: ast.expr) -> Any:
        if isinstance(left, Named) and left.name == "diag":  # diag f′(z) without brackets binds as tightly as a power.
            return _np("diagflat")(self._array(right, node))
        exponent = self._array(right, node)
        if exponent.ndim or not abs(float(exponent)) <= MAX_EXPONENT:
            raise SpecError(f"the exponent of {quote(self.written.text(node))} must be a number up to {MAX_EXPONENT}")
        return self._array(left, node) ** float(exponent)

    def _applied(self, name: str, arguments: Sequence[Any], keywords: Mapping[str, int], node: ast.expr) -> Any:
        meaning = self.written.meanings[name]
        match meaning:
            case Scalar() if len(arguments) == 1 and not keywords:
                return scalar_value(meaning, self._array(arguments[0], node))
            case LinearMap() if len(arguments) == 1 and not keywords:
                return self._acted(operator_of(meaning.node, self.place), arguments[0], node)
            case Named(name=word):
                return self._call(word, arguments, keywords, node)
        raise SpecError(f"{quote(self.written.text(node))} calls what is no function in {quote(self.written.source)}")

    def _call(self, word: str, arguments: Sequence[Any], keywords: Mapping[str, int], node: ast.expr) -> Any:
        row = _FUNCTIONS.get(word)
        if row is None or len(arguments) != row.arguments or (keywords and not row.reduces):
            raise SpecError(f"{quote(self.written.text(node))} may not stand in {quote(self.written.source)}")
        if word in _PRODUCTS:
            return _PRODUCTS[word](self, *arguments, node)
        arrays = [self._array(each, node) for each in arguments]
        axis = keywords.get("axis")
        if axis is not None and not -arrays[0].ndim <= axis < arrays[0].ndim:
            raise SpecError(f"{quote(self.written.text(node))}: axis {axis} of a matrix: 0 adds rows, 1 adds columns")
        if row.reduces:
            return row.function(arrays[0], axis=axis, keepdims=bool(keywords.get("keepdims", 0)))
        return row.function(*arrays)

    def _clash(self, first: Any, second: Any, node: ast.expr, why: str) -> ShapeError:
        sides = (node.left, node.right) if isinstance(node, ast.BinOp) else (node, node)
        left, right = (self.written.text(each) for each in sides)
        hint = _meant(first.shape, second.shape, left, right, isinstance(node, ast.BinOp) and node.op)
        return ShapeError(
            f"{quote(left)} is {self._size(first)} and {quote(right)} is {self._size(second)} in "
            f"{quote(self.written.source)}: {why}{hint}"
        )

    def _size(self, array: Any) -> str:
        return size_text(array.shape, self.place.case)


def size_text(shape: tuple[int, ...], case: Case) -> str:
    """Return a shape in the network's own dimensions: sizes are distinct, so each says which it is."""
    names: dict[int, str] = {}
    for symbol in case.given:
        for letter, size in zip(symbol.shape, case.known[symbol.name].shape, strict=True):
            names.setdefault(size, str(letter))
    return "×".join(names.get(size, str(size)) for size in shape) or "a number"


def _multiplier(matrix: Any) -> Callable[[Any], Any]:
    """Return the operator of a matrix, or of a number."""
    return lambda value: matrix @ value if matrix.ndim else matrix * value


def _until(node: ast.BinOp, end: ast.expr) -> ast.BinOp:
    """Return the part of a chain of products that ends in a factor."""
    found = node
    while found.right is not end:
        assert isinstance(found.left, ast.BinOp)
        found = found.left
    return found


def _meant(first: tuple[int, ...], second: tuple[int, ...], left: str, right: str, sign: Any) -> str:
    """Return what probably was meant by two shapes that do not fit."""
    if len(first) != 2 or len(second) != 2:
        return ""
    if isinstance(sign, ast.MatMult):
        if first == second:
            return "; * multiplies entry by entry"
        if first[0] == second[0]:
            return f"; {left}.T fits"
        if first[1] == second[1]:
            return f"; {right}.T fits"
        return "; the order may be turned round" if second[1] == first[0] else ""
    if first[1] == second[0]:
        return "; @ is the matrix product"
    return f"; {right}.T fits" if first == second[::-1] else ""


_BINARY: Mapping[type[ast.operator], Callable[[_Walk, Any, Any, Any], Any]] = {
    ast.Add: _Walk._added,
    ast.Sub: _Walk._subtracted,
    ast.Mult: _Walk._times,
    ast.Div: _Walk._over,
    ast.MatMult: _Walk._joined,
    ast.Pow: _Walk._power,
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


def _np(name: str) -> Callable[..., Any]:
    """Return a function of NumPy, imported when it is called."""

    def call(*arguments: Any, **keywords: Any) -> Any:
        import numpy as np

        return getattr(np, name)(*arguments, **keywords)

    return call


_METHODS = ("sum", "mean", "dot", "transpose")
_PRODUCTS: Mapping[str, Callable[..., Any]] = {
    "dot": _Walk._joined,
    "matmul": _Walk._joined,
    "multiply": _Walk._times,
    "add": _Walk._added,
    "subtract": _Walk._subtracted,
    "divide": _Walk._over,
    "power": _Walk._power,
}
_FUNCTIONS: Mapping[str, _Function] = {
    **{name: _Function(2, _np(name)) for name in (*_PRODUCTS, "maximum", "minimum", "outer")},
    **{name: _Function(1, _np(name)) for name in ("exp", "log", "sqrt", "abs", "square", "sign", "transpose")},
    **{name: _Function(1, _np(name), reduces=True) for name in ("sum", "mean")},
    "where": _Function(3, _np("where")),
    "diag": _Function(1, _np("diagflat")),
    "softmax": _Function(1, softmax_value),
}
