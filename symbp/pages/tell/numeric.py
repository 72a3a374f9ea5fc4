"""A derivation as a page reads it, with its numbers: formulas, what they are computed from, what they come to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

from sympy import MatrixExpr, MatrixSymbol, Transpose

from symbp.calculus.factor import Acts, Factor
from symbp.equations import Equation
from symbp.errors import RuleNotFoundError
from symbp.maths.arithmetic import Arithmetic, is_leaf, parts
from symbp.maths.build import Builder
from symbp.maths.figures import Figures, largest
from symbp.maths.scalars import Written
from symbp.maths.tree import EQUALS, Fence, Id, Node, Num, Sign, row, walk
from symbp.ops.elementwise import Slope
from symbp.pages.page import Computed
from symbp.pages.tell.context import Context
from symbp.symbols import Variable
from symbp.worked.run import Worked

KEPT, MOST_PLACES = 6, 12
"""Digits that the largest entry of the smallest gradient has, as far as the page has no more digits than these."""

MOST_UNITS, WIDEST = 6, 60
"""Units of a layer whose arithmetic is written, and about how many characters that of one may have."""


@dataclass(frozen=True)
class Numeric:
    """A derivation as a page reads it, and its numbers; ``asked`` are the digits behind the point, 0 for as many as do.

    Every number has as many: the largest entry of the smallest gradient keeps six.
    """

    c: Context
    worked: Worked
    asked: int = 0

    @cached_property
    def places(self) -> int:
        """How many digits behind the point numbers have."""
        smallest = min(
            filter(None, (largest(each.flat) for each in self.worked.gradients.values())), default=Decimal(1)
        )
        return self.asked or min(max(KEPT - 1 - smallest.adjusted(), KEPT - 2), MOST_PLACES)

    @cached_property
    def given(self) -> list[MatrixSymbol]:
        """What the network is given, as the lists have it."""
        names = dict.fromkeys(each.name for each in self.worked.program.forward.given)
        symbols = {each.name: each for each in self._known}
        return [symbols[name] for name in names if name in symbols]

    @cached_property
    def _known(self) -> list[MatrixSymbol]:
        reading = self.c.reading
        lists = (*reading.listed, *reading.backward)
        return [each for line in lists for each in line.rhs.atoms(MatrixSymbol) if isinstance(each, Variable)]

    @cached_property
    def _held(self) -> frozenset[str]:
        """What the layout has the transpose of."""
        return frozenset(each.name for each in self.worked.program.names if self.c.reading.layout.holds(each))

    def as_read(self, symbol: MatrixSymbol, array: Any) -> Any:
        """Return a matrix of the shape that a symbol has here, as it is in the layout."""
        return array.T if symbol.name in self._held else array

    @cached_property
    def _values(self) -> dict[MatrixExpr, Any]:
        return {}

    def value(self, expr: MatrixExpr) -> Any:
        """Return the value of an expression of the lists, a matrix of ``Decimal``.

        Raises:
            RuleNotFoundError: a node that has no meaning in this layout.
        """
        if expr not in self._values:
            numbers = self.worked.numbers
            is_symbol = isinstance(expr, MatrixSymbol)
            self._values[expr] = self.as_read(expr, numbers[expr.name]) if is_symbol else numbers.value(expr)
        return self._values[expr]

    def figures(self, expr: MatrixExpr) -> Figures:
        """Return how the numbers of an expression are written: what is given as it is given."""
        if isinstance(expr, MatrixSymbol) and expr.name in self._given_places:
            return Figures(self._given_places[expr.name])
        return Figures.of(self.value(expr).flat, self.places)

    @cached_property
    def _given_places(self) -> dict[str, int]:
        """The digits behind the point of what is given: whole numbers have none, all others as many as each other."""
        found = {name: _places(self.worked.numbers[name]) for name in (each.name for each in self.given)}
        short = [each for each in found.values() if each <= self.places]
        return {name: min(each and max(short, default=0), self.places) if each <= self.places else self.places
                for name, each in found.items()}  # fmt: skip

    def cell(self, expr: MatrixExpr, i: int, j: int) -> Written:
        """Return one number."""
        if isinstance(expr, Transpose):
            return self.cell(expr.arg, j, i)
        return self.figures(expr).write(self.value(expr)[i, j])

    def under(self, symbol: MatrixSymbol, i: int, j: int, room: int) -> Node:
        """Return an entry with its point under that of numbers with more digits behind it."""
        return replace(self.figures(symbol), room=room).tree(self.value(symbol)[i, j])

    def matrix(self, expr: MatrixExpr) -> Node:
        """Return the numbers of an expression."""
        return self.figures(expr).matrix(self.value(expr))

    def factor(self, factor: Factor) -> Node:
        """Return the numbers of a factor of a product: of slopes a diagonal matrix."""
        if isinstance(factor.expr, Transpose):
            return self.figures(factor.expr.arg).matrix(self.value(factor.expr.arg).T)
        figures, found = self.figures(factor.expr), self.value(factor.expr)
        if factor.acts is Acts.HADAMARD:
            found = diagonal(found)
        return figures.matrix(found)

    def number(self, value: Decimal) -> Node:
        """Return a number of the page."""
        return Figures.of([value], self.places).tree(value)

    def tree(self, expr: MatrixExpr) -> Node:
        """Return an expression; slopes by their names."""
        return self._builder.tree(self.alone(expr))

    def alone(self, expr: MatrixExpr) -> MatrixExpr:
        """Return an expression with its symbols as they are spelled alone."""
        return self.c.reading.alone(Equation(expr, expr)).rhs

    @cached_property
    def _builder(self) -> Builder:
        """What writes formulas: of one example slopes by their names, which have lines of their own."""
        own = self.c.builder
        if not self.c.reading.is_one:
            return own
        return Builder(own.names, functions=own.functions, places=own.places, apart=own.apart, through_output=())

    @cached_property
    def arithmetic(self) -> Arithmetic:
        """What writes numbers in the place of symbols."""
        return Arithmetic(self._builder, self.cell)

    @cached_property
    def forward(self) -> tuple[Computed, ...]:
        """The lines of the forward pass."""
        return tuple(self._lines(self.c.reading.forward))

    @cached_property
    def backward(self) -> tuple[Computed, ...]:
        """The lines of the errors."""
        return tuple(self._lines(self.c.reading.errors))

    def _lines(self, equations: Sequence[Equation]) -> Iterator[Computed]:
        """Yield equations with their numbers; what stands in one and is no number yet before it, once."""
        done: set[MatrixExpr] = set()
        for equation in equations:
            for part in parts(equation.rhs) if self.c.reading.is_one else ():
                if part not in done:
                    done.add(part)
                    yield from self._part(part)
            yield self.computed(self.equation(equation), equation.rhs, equation.lhs)

    def _part(self, part: MatrixExpr) -> Iterator[Computed]:
        try:
            formula = self.tree(part)
            if isinstance(part, Slope) and (through := self.c.builder.tree(self.alone(part))) != formula:
                formula = row(formula, EQUALS, through)
            yield self.computed(formula, part, part)
        except RuleNotFoundError:
            return

    def equation(self, equation: Equation) -> Node:
        """Return an equation as a tree."""
        alone = self.c.reading.alone(equation)
        return self._builder.equation(alone.lhs, alone.rhs)

    def computed(self, formula: Node, expr: MatrixExpr, named: MatrixExpr) -> Computed:
        """Return a formula with its numbers; the value is that of what it is ``named``."""
        value = self.value(named)
        arithmetic = self._entries(expr, value)
        if not arithmetic:
            return Computed(formula, (), (self.matrix(named),))
        figures = self.figures(named).aligned
        return Computed(formula, arithmetic, tuple(figures.tree(each) for each in value[:, 0]))

    def _entries(self, expr: MatrixExpr, value: Any) -> tuple[Node, ...]:
        """Return what every entry of a column is computed from; nothing where that is no single number, or too long."""
        if value.shape[1] != 1 or value.shape[0] > MOST_UNITS or not self.c.reading.is_one or is_leaf(expr):
            return ()
        try:
            found = tuple(self.arithmetic.entry(expr, i) for i in range(value.shape[0]))
        except RuleNotFoundError:
            return ()
        return found if max(map(_characters, found)) <= WIDEST else ()


def _places(array: Any) -> int:
    """Return how many digits behind the point the numbers of a matrix have."""
    return max(map(places_of, array.flat))


def places_of(number: Decimal) -> int:
    """Return how many digits behind the point a number has."""
    return max(0, -int(number.normalize().as_tuple().exponent))


def _characters(tree: Node) -> int:
    """Return about how many characters a line of arithmetic has."""
    return sum(_wide(each) for each in walk(tree))


def _wide(node: Node) -> int:
    match node:
        case Num(digits=text) | Id(name=text):
            return len(text)
        case Sign(kind=kind):
            return 3 if kind in ("bin", "times") else 1
        case _:
            return 2 * isinstance(node, Fence)


def diagonal(column: Any) -> Any:
    """Return a diagonal matrix of the numbers of a column."""
    import numpy as np

    found = np.full((column.size, column.size), Decimal(0), dtype=object)
    np.fill_diagonal(found, column.ravel())
    return found
