"""Rows of a matrix, a block among zeros, and blocks one above another: linear operations that only move entries.

Each undoes another: the error of ``Rows`` is a ``Pad``, that of ``Stack`` and of ``Pad`` is a ``Rows``.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate
from typing import Any, ClassVar, cast

from sympy import (
    Add,
    And,
    Basic,
    Eq,
    Expr,
    Identity,
    Le,
    MatAdd,
    MatrixExpr,
    MatrixSymbol,
    Piecewise,
    S,
    Symbol,
    sympify,
)
from sympy.core.sorting import default_sort_key

from symbp.equations import text
from symbp.errors import ShapeError
from symbp.op import Entry, FactorRole, Op, meaning, rule
from symbp.ops.entries import COLUMN, ROW, base, by_columns, index

FIRST, LAST = index("p"), index("q")
"""The first and the last row of a block, in an entry form."""


def _bounds(extent: tuple[Expr, Expr]) -> tuple[tuple[Symbol, Expr], ...]:
    """Return the letters of the first and the last row with their numbers; of a single row the first."""
    first, last = extent
    return ((FIRST, first),) if first == last else ((FIRST, first), (LAST, last))


class Rows(Op):
    """The block of ``count`` rows of A from row ``first`` on (the first row is 0): count × columns of A.

    Raises:
        ShapeError: A has not so many rows.
    """

    acts_on = 0
    factor_role = FactorRole.CONSTANT
    label: ClassVar[str] = "rows"
    about = "the block of rows with these numbers"

    def __new__(cls, a: MatrixExpr, first: Expr | int, count: Expr | int) -> Rows:
        start, size = sympify(first), sympify(count)
        if _sticks_out(start, size, a.shape[0]):
            raise ShapeError(f"no rows {_span(start, size)}: {a} is {text(a.shape)}, counted from 0")
        return cast("Rows", Basic.__new__(cls, a, start, size))

    shape = property(lambda self: (self.args[2], self.args[0].shape[1]))
    extent = property(lambda self: (self.args[1] + 1, self.args[1] + self.args[2]))

    def entry(self) -> Entry:
        """Return a_{i + p − 1} of the rows p to q."""
        a, bounds = base("a"), _bounds(self.extent)
        found = by_columns({a: self.args[0]}, self.shape, a[ROW + FIRST - 1, COLUMN])
        return replace(found, counts=bounds, settings=(FIRST - 1, bounds[-1][0] - FIRST + 1))

    def as_matrix(self) -> MatrixExpr:
        """Return the rows of the identity that pick the block out of a column."""
        a, first, count = self.args
        return Rows(Identity(a.shape[0]), first, count)


class Pad(Op):
    """The block A as the rows from ``first`` on of a matrix of ``rows`` rows that is zero elsewhere.

    Raises:
        ShapeError: the block does not fit.
    """

    acts_on = 0
    factor_role = FactorRole.CONSTANT
    label: ClassVar[str] = "pad"
    about = "the block put into these rows, zeros in all others"

    def __new__(cls, a: MatrixExpr, first: Expr | int, rows: Expr | int) -> Pad:
        start, size = sympify(first), sympify(rows)
        if _sticks_out(start, a.shape[0], size):
            raise ShapeError(f"no rows {_span(start, a.shape[0])}: there are {size} rows, counted from 0")
        return cast("Pad", Basic.__new__(cls, a, start, size))

    shape = property(lambda self: (self.args[2], self.args[0].shape[1]))
    extent = property(lambda self: (self.args[1] + 1, self.args[1] + self.args[0].shape[0]))

    def entry(self) -> Entry:
        """Return a_{i − p + 1} in the rows p to q of the block, 0 in the others."""
        a, bounds = base("a"), _bounds(self.extent)
        inside = And(ROW >= FIRST, ROW <= LAST) if len(bounds) > 1 else Eq(ROW, FIRST)
        value = Piecewise((a[ROW - FIRST + 1, COLUMN], inside), (0, True))
        found = by_columns({a: self.args[0]}, self.shape, value)
        return replace(found, counts=bounds, settings=(FIRST - 1, self.args[2]))

    def as_matrix(self) -> MatrixExpr:
        """Return the columns of the identity that put the block into a column."""
        a, first, rows = self.args
        return Pad(Identity(a.shape[0]), first, rows)


_BLOCKS = "abcd"
"""Letters of the parts of a stack; more of them are told in words."""


class Stack(Op):
    """Matrices of equally many columns one above another, in order.

    Raises:
        ShapeError: the columns differ; the message names both matrices.
    """

    label: ClassVar[str] = "stack"

    def __new__(cls, *parts: MatrixExpr) -> Stack:
        for part in parts:
            if part.shape[1] != parts[0].shape[1]:
                raise ShapeError(
                    f"{parts[0]} is {text(parts[0].shape)} and {part} is {text(part.shape)}: "
                    "blocks one above another need equally many columns"
                )
        return cast("Stack", Basic.__new__(cls, *parts))

    shape = property(lambda self: (Add(*(part.shape[0] for part in self.args)), self.args[0].shape[1]))

    def entry(self) -> Entry:
        """Return a_i in the rows to p, b_{i − p} in those to q, and so on."""
        if len(self.args) > len(_BLOCKS):
            return Entry(says="stack")
        parts = {base(name): part for name, part in zip(_BLOCKS, self.args, strict=False)}
        starts = (S.Zero, *map(index, "pqr"[: len(parts) - 1]))
        conditions = (*(Le(ROW, start) for start in starts[1:]), True)
        cases = [(a[ROW - start, COLUMN], upto) for a, start, upto in zip(parts, starts, conditions, strict=True)]
        rows = accumulate(part.shape[0] for part in self.args)
        found = by_columns(parts, self.shape, Piecewise(*cases))
        return replace(found, counts=tuple(zip(starts[1:], rows, strict=False)), says="ends")


def filling(total: MatAdd) -> list[MatrixExpr]:
    """Return what a sum of padded blocks is a stack of, from the top; nothing where they do not fill all rows once."""
    if not all(isinstance(term, Pad) for term in total.args):
        return []
    pads, filled = sorted(total.args, key=lambda pad: default_sort_key(pad.args[1])), S.Zero
    for pad in pads:
        if pad.args[1] != filled:
            return []
        filled += pad.args[0].shape[0]
    return [pad.args[0] for pad in pads] if filled == total.shape[0] else []


def _sticks_out(first: Expr, count: Expr, rows: Expr) -> bool:
    """Tell whether a block is known to reach beyond the rows; symbolic bounds are taken as they are."""
    return bool(first.is_negative or (rows - first - count).is_negative)


def _span(first: Expr, count: Expr) -> str:
    return f"{first} to {first + count - 1}"


@meaning(Rows)
def rows(xp: Any, a: Any, first: int, count: int) -> Any:
    """The rows of a from ``first`` on, ``count`` of them."""
    return a[first : first + count]


@meaning(Pad)
def pad(xp: Any, a: Any, first: int, total: int) -> Any:
    """a among zeros: its rows start at ``first`` of ``total``."""
    above = xp.zeros((first, a.shape[1]))
    below = xp.zeros((total - first - a.shape[0], a.shape[1]))
    return xp.concatenate((above, a, below), axis=0)


@meaning(Stack)
def stack(xp: Any, *parts: Any) -> Any:
    """The matrices one above another."""
    return xp.concatenate(parts, axis=0)


@rule(
    Rows,
    "Only the rows that were taken feel the error; the gradient of all others is zero.",
    short="the rows taken get the error",
)
def rows_vjp(node: Rows, output: MatrixSymbol, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """Ā = Pad(C̄): the rows that were taken, zeros elsewhere."""
    a, first, _ = node.args
    return (Pad(adjoint, first, a.shape[0]),)


@rule(
    Pad,
    "The zeros around a block do not depend on it, so the block gets its own rows of the error.",
    short="a padded block gets its rows back",
)
def pad_vjp(node: Pad, output: MatrixSymbol, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """Ā = Rows(C̄): the rows the block filled."""
    a, first, _ = node.args
    return (Rows(adjoint, first, a.shape[0]),)


@rule(
    Stack,
    "Each block keeps to its own rows, so it gets those rows of the error.",
    short="each part gets its rows of the error",
)
def stack_vjp(node: Stack, output: MatrixSymbol, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """Āᵢ = Rows(C̄): the rows of block i."""
    counts = [part.shape[0] for part in node.args]
    return tuple(Rows(adjoint, Add(*counts[:index]), count) for index, count in enumerate(counts))
