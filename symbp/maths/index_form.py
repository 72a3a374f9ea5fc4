"""Equations entry by entry as trees: z_{ij} = Σ_k w_{ik} x_{kj} + b_i."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import cast

from sympy import Expr, Indexed, MatrixExpr, MatrixSymbol, Symbol
from sympy.core.function import AppliedUndef

from symbp.equations import Equation
from symbp.errors import RuleNotFoundError
from symbp.maths.build import GIVEN, Builder, primed
from symbp.maths.names import Names, derivative_of
from symbp.maths.scalars import Scalars, number
from symbp.maths.tree import COMMA, EQUALS, Id, Node, Script, Tag, joined, row
from symbp.ops.losses import LossGradient
from symbp.roles import Role
from symbp.symbols import Adjoint, Variable
from symbp.views.index import Entries, entries
from symbp.views.lines import Indexed as Places

Applied = Callable[[str, list[Node]], Node]


def entry_equation(b: Builder, equation: Equation, letters: str) -> Node | None:
    """Return an equation entry by entry with the names of a page; None where it has no such form on one line.

    ``letters`` are those of the indices, in order.
    """
    notation = b.names.notation
    try:
        found = entries(equation, lambda function: b.by_output or function.name in b.through_output)
    except RuleNotFoundError:
        return None
    if len(found.cases) != 1 or found.where or found.numbers or len(found.ranges) > len(letters):
        return None
    if any(len(sizes) > 2 for _, sizes in found.symbols.values()):
        return None

    def applied(name: str, arguments: list[Node]) -> Node:
        function, slope = found.heads[name]
        head = b.function(function)
        return b.applied(Tag(primed(head) if slope else head, of=function), *arguments)

    chosen = {each: Id(letter) for each, letter in zip(found.ranges, letters, strict=False)}
    (line,) = index_lines(b.names, found, chosen, applied=applied, values_first=notation.entry_order == "value")
    return line


def index_lines(
    names: Names,
    found: Entries,
    letters: Mapping[Symbol, Node] | None = None,
    *,
    gradients: bool = True,
    applied: Applied | None = None,
    values_first: bool = False,
) -> Iterator[Node]:
    """Yield the letters that an equation defines inside, then what stands at each place of its left side.

    ``letters`` stand for indices; an index is its own letter. Places of which there is one are not written.
    ``gradients`` writes the entry of a gradient of what is given as ∂𝓛/∂w_{ij}.
    """
    w = entry_writer(names, found, letters, gradients=gradients, applied=applied, values_first=values_first)
    for letter, value in found.where:
        yield row(w.tree(letter), EQUALS, w.tree(value))
    for case in found.cases:
        left = found.letter[case.at]
        yield row(w.tree(left), EQUALS, w.tree(case.value))
    for letter, value in found.numbers:
        yield row(w.tree(letter), EQUALS, number(value))


def entry_writer(
    names: Names,
    found: Entries,
    letters: Mapping[Symbol, Node] | None = None,
    *,
    gradients: bool = True,
    applied: Applied | None = None,
    values_first: bool = False,
) -> Scalars:
    """Return what writes the expressions of an equation entry by entry."""
    chosen = {each: Id(str(each)) for each in found.ranges} | dict(letters or {})

    def entry(base: Expr, places: list[Node]) -> Node:
        symbol, sizes = found.symbols[base]
        shown = [place for place, size in zip(places, sizes, strict=True) if size != 1]
        return entry_of(names, symbol, shown) if gradients else names.placed(symbol, shown)

    def order(expr: Expr) -> int:
        if isinstance(expr, AppliedUndef | Symbol):
            return SLOPE if isinstance(expr, AppliedUndef) else FRONT
        at = _order(found.symbols[expr.base][0]) if isinstance(expr, Indexed) else PLAIN
        return {ERROR: VALUE, VALUE: ERROR}.get(at, at) if values_first else at

    return Scalars(chosen, entry=entry, order=order, applied=applied)


ORDER: Mapping[Role, int] = {Role.WEIGHT: 0, Role.BIAS: 9, Role.SHIFT: 9}
"""Where an entry stands among factors and terms: weights in front, then errors, what is added behind all."""

FRONT, SLOPE, ERROR, VALUE, PLAIN = -2, -1, 1, 2, 3


def _order(symbol: MatrixExpr) -> int:
    if isinstance(symbol, Adjoint | LossGradient):
        return ERROR
    return ORDER.get(symbol.role, VALUE) if isinstance(symbol, Variable | Places) else VALUE


def entry_of(names: Names, symbol: MatrixExpr, places: list[Node]) -> Node:
    """Return an entry; that of the gradient of what is given is ∂𝓛/∂w_{ij}."""
    if isinstance(symbol, LossGradient):
        if names.notation.named_loss_gradient:
            letter = Id(names.notation.loss_gradient)
            return Tag(Script(letter, joined(places, COMMA)) if places else letter, of=symbol, role="entry")
        return names.loss_gradient(cast("MatrixSymbol", symbol.args[0]), symbol, places)
    symbol = cast("MatrixSymbol", symbol)
    if isinstance(symbol, Adjoint) and (symbol.of.role in GIVEN or not names.notation.named_error):
        return Tag(derivative_of(names.notation, names.placed(symbol.of, places)), of=symbol, role="entry")
    return names.placed(symbol, places)
