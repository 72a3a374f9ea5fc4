"""Equations entry by entry as trees: z_{ij} = Σ_k w_{ik} x_{kj} + b_i."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sympy import Expr, Indexed, MatrixSymbol, Symbol

from symbp.maths.build import GIVEN
from symbp.maths.names import Names, derivative_of
from symbp.maths.scalars import Scalars, number
from symbp.maths.tree import EQUALS, Id, Node, row
from symbp.roles import Role
from symbp.symbols import Adjoint
from symbp.views.index import Entries


def index_lines(
    names: Names, found: Entries, letters: Mapping[Symbol, Node] | None = None, *, gradients: bool = True
) -> Iterator[Node]:
    """Yield the letters that an equation defines inside, then what stands at each place of its left side.

    ``letters`` stand for indices; an index is its own letter. Places of which there is one are not written.
    ``gradients`` writes the entry of a gradient of what is given as ∂𝓛/∂w_{ij}.
    """
    w = entry_writer(names, found, letters, gradients=gradients)
    for letter, value in found.where:
        yield row(w.tree(letter), EQUALS, w.tree(value))
    for case in found.cases:
        left = found.letter[case.at]
        yield row(w.tree(left), EQUALS, w.tree(case.value))
    for letter, value in found.numbers:
        yield row(w.tree(letter), EQUALS, number(value))


def entry_writer(
    names: Names, found: Entries, letters: Mapping[Symbol, Node] | None = None, *, gradients: bool = True
) -> Scalars:
    """Return what writes the expressions of an equation entry by entry."""
    chosen = {each: Id(str(each)) for each in found.ranges} | dict(letters or {})

    def entry(base: Expr, places: list[Node]) -> Node:
        symbol, sizes = found.symbols[base]
        shown = [place for place, size in zip(places, sizes, strict=True) if size != 1]
        return _entry(names, symbol, shown) if gradients else names.placed(symbol, shown)

    def order(expr: Expr) -> int:
        return _order(found.symbols[expr.base][0]) if isinstance(expr, Indexed) else PLAIN

    return Scalars(chosen, entry=entry, order=order)


ORDER: Mapping[Role, int] = {Role.WEIGHT: 0, Role.BIAS: 9, Role.SHIFT: 9}
"""Where an entry stands among factors and terms: weights in front, then errors, what is added behind all."""

ERROR, VALUE, PLAIN = 1, 2, 3


def _order(symbol: MatrixSymbol) -> int:
    return ERROR if isinstance(symbol, Adjoint) else ORDER.get(symbol.role, VALUE)


def _entry(names: Names, symbol: MatrixSymbol, places: list[Node]) -> Node:
    """Return an entry; that of the gradient of what is given is ∂𝓛/∂w_{ij}."""
    if isinstance(symbol, Adjoint) and symbol.of.role in GIVEN:
        return derivative_of(names.notation, names.placed(symbol.of, places))
    return names.placed(symbol, places)
