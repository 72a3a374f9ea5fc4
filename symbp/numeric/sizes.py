"""Which dimensions of a forward list are the same, so that it can run at other sizes than the given ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import singledispatch
from itertools import pairwise
from typing import Any

from sympy import (
    Expr,
    HadamardProduct,
    Identity,
    Integer,
    MatAdd,
    MatMul,
    MatrixExpr,
    MatrixSymbol,
    OneMatrix,
    Symbol,
    Transpose,
    ZeroMatrix,
)

from symbp.equations import ForwardSystem, operands
from symbp.ops.elementwise import Elementwise
from symbp.ops.losses import Loss
from symbp.ops.softmax import Softmax
from symbp.ops.upstream import Upstream
from symbp.symbols import BATCH, Role

SMALL = (3, 5, 4, 2)
"""Sizes that are drawn, in turn: neighbours differ, since equal sizes hide a missing transpose."""

EXAMPLES = 6
"""The batch that is drawn: more than one column, and no other size."""

Shape = tuple[Any, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Axis:
    """One axis of one matrix, equal to itself alone. Not a tuple: SymPy's == parses the strings in those."""

    name: str
    axis: int


@dataclass
class Dimensions:
    """Classes of dimensions that must be equal: a symbol, a fixed number, or one axis of one matrix."""

    parents: dict[Any, Any] = field(default_factory=dict)
    shapes: dict[MatrixSymbol, Shape] = field(default_factory=dict)

    def find(self, key: Any) -> Any:
        """Return what stands for the class of a dimension."""
        while (parent := self.parents.get(key)) is not None:
            key = parent
        return key

    def join(self, first: Any, second: Any) -> None:
        """Put two dimensions into one class; numbers and symbols stand for their class."""
        a, b = self.find(first), self.find(second)
        if a is b:
            return
        if type(a) is type(b) and a == b:  # SymPy would parse the name in a tuple that it is compared with.
            return
        if isinstance(a, Integer) or (isinstance(a, Expr) and not isinstance(b, Integer)):
            a, b = b, a
        self.parents[a] = b

    def join_shapes(self, *shapes: Shape) -> Shape:
        """Make shapes equal and return them."""
        for shape in shapes[1:]:
            self.join(shapes[0][0], shape[0])
            self.join(shapes[0][1], shape[1])
        return shapes[0]

    def of(self, symbol: MatrixSymbol) -> Shape:
        """Return the dimensions of a symbol; formulas stay what they are, numbers are free but for one column of data.

        A loss is 1×1, and what is given as one column (x in xᵀ·A·x) stays one.
        """
        found = self.shapes.get(symbol)
        if found is None:
            role = getattr(symbol, "role", None)
            kept = (role is Role.LOSS, role in (Role.LOSS, Role.INPUT, Role.TARGET))
            rows, columns = [
                Axis(symbol.name, axis) if isinstance(size, Integer) and not (kept[axis] and size == 1) else size
                for axis, size in enumerate(symbol.shape)
            ]
            found = self.shapes[symbol] = (rows, columns)
        return found


@singledispatch
def related(node: MatrixExpr, dimensions: Dimensions) -> Shape:
    """Return the dimensions of a node after joining what it makes equal; an unknown one fixes all it touches."""
    for operand in operands(node):
        dimensions.join_shapes(operand.shape, related(operand, dimensions))
    return node.shape


@related.register
def _(node: MatrixSymbol, dimensions: Dimensions) -> Shape:
    return dimensions.of(node)


@related.register(OneMatrix)
@related.register(ZeroMatrix)
@related.register(Identity)
def _(node: MatrixExpr, dimensions: Dimensions) -> Shape:
    return node.shape


@related.register
def _(node: MatMul, dimensions: Dimensions) -> Shape:
    shapes = [related(operand, dimensions) for operand in operands(node)]
    for left, right in pairwise(shapes):
        dimensions.join(left[1], right[0])
    return (shapes[0][0], shapes[-1][1])


@related.register
def _(node: Transpose, dimensions: Dimensions) -> Shape:
    rows, columns = related(node.arg, dimensions)
    return (columns, rows)


@related.register(MatAdd)
@related.register(HadamardProduct)
@related.register(Elementwise)
@related.register(Softmax)
def _(node: MatrixExpr, dimensions: Dimensions) -> Shape:
    return dimensions.join_shapes(*(related(operand, dimensions) for operand in operands(node)))


@related.register
def _(node: Loss, dimensions: Dimensions) -> Shape:
    first, *_ = operands(node)
    _, columns = dimensions.join_shapes(*(related(operand, dimensions) for operand in operands(node)))
    # Its meaning divides by the columns there are, its rule by those that are written: they are one dimension.
    dimensions.join(columns, first.shape[1])
    return node.shape


@related.register
def _(node: Upstream, dimensions: Dimensions) -> Shape:
    for pair in node.pairs:
        dimensions.join_shapes(*(related(operand, dimensions) for operand in pair))
    return node.shape


@dataclass(frozen=True)
class Sizes:
    """A whole number for every dimension of a forward list: ``shapes`` of its given matrices, ``examples`` m."""

    shapes: Mapping[str, tuple[int, int]]
    examples: int


def given_sizes(forward: ForwardSystem, examples: int = EXAMPLES, drawn: Sequence[int] = SMALL) -> Sizes:
    """Return the sizes the network gives, those of ``drawn`` in turn where it leaves them open."""
    return _sizes(forward, Dimensions(), keep=True, examples=examples, drawn=drawn)


def distinct_sizes(forward: ForwardSystem, examples: int = EXAMPLES) -> Sizes:
    """Return small sizes with distinct neighbours, whatever the network gives; what has a fixed size keeps it."""
    dimensions = Dimensions()
    for equation in forward:
        dimensions.join_shapes(related(equation.lhs, dimensions), related(equation.rhs, dimensions))
    return _sizes(forward, dimensions, keep=False, examples=examples)


def _sizes(
    forward: ForwardSystem, dimensions: Dimensions, *, keep: bool, examples: int, drawn: Sequence[int] = SMALL
) -> Sizes:
    numbers: dict[Any, int] = {dimensions.find(BATCH): examples}
    shapes = {}
    # The targets come last: the parameters on the way to them count the layers.
    for symbol in sorted(forward.given, key=lambda symbol: symbol.role in (Role.TARGET, Role.UPSTREAM)):
        keys = symbol.shape if keep else [dimensions.find(key) for key in dimensions.of(symbol)]
        shapes[symbol.name] = (_number(keys[0], numbers, drawn), _number(keys[1], numbers, drawn))
    return Sizes(shapes, numbers[dimensions.find(BATCH)])


def _number(key: Any, numbers: dict[Any, int], drawn: Sequence[int]) -> int:
    """Return the size of a class of dimensions, the next drawn one where it has none yet."""
    if isinstance(key, Integer):
        return int(key)
    if isinstance(key, Expr) and not isinstance(key, Symbol):
        chosen = {symbol: Integer(_number(symbol, numbers, drawn)) for symbol in key.free_symbols}
        return int(key.xreplace(chosen))
    if key not in numbers:
        numbers[key] = drawn[(len(numbers) - 1) % len(drawn)]
    return numbers[key]
