"""What the entry forms of operations are written with: indices, sums and maxima over all values of an index."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sympy import Basic, Expr, Function, IndexedBase, Integral, MatrixExpr, Symbol, erf, exp, pi, sqrt, tanh

from symbp.op import Entry, Sizes

__all__ = ["DEFINITIONS", "Largest", "Total", "base", "by_columns", "index"]


class OverAll(Expr):
    """Something over all values of some indices. Args: a term, then the indices."""

    is_commutative = True
    is_real = True

    def __new__(cls, term: Expr, *indices: Symbol) -> Expr:
        return Basic.__new__(cls, term, *indices) if indices else term

    term = property(lambda self: self.args[0])
    indices = property(lambda self: self.args[1:])
    free_symbols = property(lambda self: self.args[0].free_symbols - set(self.args[1:]))


class Total(OverAll):
    """The sum over all values of some indices."""


class Largest(OverAll):
    """The largest over all values of some indices."""


def index(name: str) -> Symbol:
    """Return the symbol of an index."""
    return Symbol(name, integer=True)


def base(name: str) -> IndexedBase:
    """Return the letter of an array, whose entries are ``base("z")[i, j]``."""
    return IndexedBase(name, real=True)


ROW, COLUMN, OTHER, EXAMPLE = map(index, "ijke")
"""A row, a column, another row, an example."""


def by_columns(
    operands: Mapping[IndexedBase, MatrixExpr], shape: Sizes, value: Expr, ranges: Mapping[Symbol, Expr] | None = None
) -> Entry:
    """Return the entry form of an operation that acts on every column alone: what stands at ``ROW``, ``COLUMN``."""
    return Entry(
        operands=tuple((letter, operand.shape) for letter, operand in operands.items()),
        sizes=shape,
        parts=(((ROW, COLUMN), value),),
        ranges={ROW: shape[0], COLUMN: shape[1], **(ranges or {})},
        each=(COLUMN,),
        applies="column",
    )


_T = Symbol("t", real=True)

DEFINITIONS: dict[type[Function], Callable[[Expr], Expr]] = {
    tanh: lambda x: (exp(x) - exp(-x)) / (exp(x) + exp(-x)),
    erf: lambda x: 2 / sqrt(pi) * Integral(exp(-(_T**2)), (_T, 0, x)),
}
"""Formulas of functions that SymPy knows by name only."""
