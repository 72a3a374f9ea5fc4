"""The table of what each gradient of a composed network depends on: its factors by their roles."""

from __future__ import annotations

from collections.abc import Sequence

from sympy import MatMul, OneMatrix, Transpose

from symbp.calculus.factor import Acts, Factor, edges_into, is_ones
from symbp.derivation import Gradient
from symbp.op import FactorRole
from symbp.ops.elementwise import Slope
from symbp.report.composed import common_source, trained, uses
from symbp.report.composed_factors import every_factor
from symbp.report.desk import Desk, Row
from symbp.report.products import TEXT_WIDTH, latex_width, sign_of
from symbp.report.recurrent import at_step, is_summed
from symbp.report.rich import Rich, Span, listed, math, rich
from symbp.report.steps import Steps
from symbp.report.written import Level

SHORT = 3
"""Longest list of symbols in a cell."""

HEAD_LETTER, GAP, TABLE = 4.4, 15.0, 0.93
"""Widths in a table, in points: a letter of a head, the space between columns; its smaller type."""

CELL = 66.0
"""Widest list of symbols in a cell, in points."""

COLUMNS = (
    (FactorRole.LOSS, "loss gradient"), (FactorRole.WEIGHT, "weights"), (FactorRole.SLOPE, "activation derivatives"),
    (FactorRole.NORMALISATION, "normalisation"), (FactorRole.PREVIOUS, "previous activation"),
)  # fmt: skip
_LEFT_OUT = (FactorRole.SUM, FactorRole.CONSTANT)


def depends(desk: Desk) -> tuple[tuple[str, ...], tuple[Row, ...]]:
    """Return which factors each gradient is made of, those inside brackets too: the head and a row a gradient."""
    found = [(g, _distinct(g)) for g in trained(desk) if not is_summed(desk, g) and g.products]
    if common_source(desk):
        found = [(g, [factor for factor in factors if factor.role is not FactorRole.LOSS]) for g, factors in found]
    over = [(each, over_steps(desk, each)) for each in desk.steps.values()]
    roles = {factor.role for _, factors in (*found, *over) for factor in factors}
    known = [(role, head) for role, head in COLUMNS if role in roles]
    known += [(role, str(role)) for role in FactorRole if role in roles and role not in (*dict(COLUMNS), *_LEFT_OUT)]
    several = bool(over) or any(uses(g) > 1 for g, _ in found)
    rows = [
        (
            (math(desk.printer.symbol(g.variable)),),
            *(_cell(desk, [factor for factor in factors if factor.role is role]) for role, _ in known),
            *((rich("{n}", n=str(uses(g))),) if several else ()),
        )
        for g, factors in found
    ]
    rows += [_row_over_steps(desk, steps, factors, [role for role, _ in known]) for steps, factors in over if factors]
    head = ("gradient", *(head for _, head in known), *(("uses",) * several))
    return (head, tuple(rows)) if _fits(head, rows) else _in_words(head, rows)


def _fits(head: Sequence[str], rows: Sequence[Row]) -> bool:
    """Say whether a table fits the page."""
    cells = zip(*([_cell_width(cell) for cell in row] for row in rows), strict=True)
    heads = (HEAD_LETTER * max(map(len, each.split())) for each in head)
    return sum(max(*column, least) + GAP for column, least in zip(cells, heads, strict=True)) < TEXT_WIDTH


def _cell_width(cell: Rich) -> float:
    return sum(latex_width(span.value) * TABLE for span in cell)


def _in_words(head: Sequence[str], rows: Sequence[Row]) -> tuple[tuple[str, ...], tuple[Row, ...]]:
    """Return a table of two columns: the gradient, and its factors in one cell that can be broken."""
    found: list[Row] = []
    for first, *cells in rows:
        parts = [(f"{name} ", cell) for name, cell in zip(head[1:], cells, strict=True) if cell != rich("none")]
        listed_ = [Span("text", "; ") if at else Span("text", "") for at in range(len(parts))]
        spans = [s for gap, (name, cell) in zip(listed_, parts, strict=True) for s in (gap, Span("text", name), *cell)]
        found.append((first, tuple(span for span in spans if span.value)))
    return ("gradient", "factors"), tuple(found)


def over_steps(desk: Desk, steps: Steps) -> list[Factor]:
    """Return the factors of one step: those of its errors, then what enters it."""
    sums = [g.equation for g in desk.gradients if g.variable.layer == steps.layer and is_summed(desk, g)]
    if not sums:
        return []
    ends = [edge for each in sums for edge in edges_into(each)
            if edge.source is not None and edge.source.of.step == steps.inner]  # fmt: skip
    edges = [edge for each in steps.errors_at(steps.inner) for edge in edges_into(each)]
    factors = [factor for edge in (*edges, *ends) for factor in edge.factors]
    return [factor for factor in factors if not is_ones(factor)]


def _row_over_steps(desk: Desk, steps: Steps, factors: Sequence[Factor], roles: Sequence[FactorRole]) -> Row:
    """Return one row for all that a recurrent layer trains: the letters of step t."""
    generic = at_step(desk, steps.inner)
    shared = [g.variable for g in trained(desk) if g.variable.layer == steps.layer and is_summed(desk, g)]
    names = [desk.printer.symbol(variable) for variable in shared]
    first = math(names[0] if len(names) == 1 else rf"{names[0]},\ \ldots,\ {names[-1]}")
    cells = (_step_cell(generic, [factor for factor in factors if factor.role is role]) for role in roles)
    return ((first,), *cells, rich("{n}", n=str(steps.last)))


def _step_cell(desk: Desk, factors: Sequence[Factor]) -> Rich:
    """Return factors of step t as a cell; of slopes the functions, which is what differs between them."""
    slopes = [math(desk.printer.function(f.expr.function, slope=True)) for f in factors if isinstance(f.expr, Slope)]
    if slopes:
        return listed(list(dict.fromkeys(slopes)), last=", ")
    return _cell(desk, factors)


def _distinct(gradient: Gradient) -> list[Factor]:
    return [factor for factor in every_factor(gradient.products) if not is_ones(factor)]


def _cell(desk: Desk, factors: Sequence[Factor]) -> Rich:
    symbols = list(dict.fromkeys(symbol_of(desk, factor) for factor in factors))
    if not symbols:
        return rich("none")
    fits = len(symbols) <= SHORT and sum(map(latex_width, symbols)) < CELL
    shown = symbols if fits or len(symbols) < SHORT else [symbols[0], r"\ldots", symbols[-1]]
    return listed([math(symbol) for symbol in shown], last=", ")


def symbol_of(desk: Desk, factor: Factor) -> str:
    """Return a factor as the symbol it is about: a weight without its transpose, D for a derivative."""
    if isinstance(factor.expr, Transpose) and factor.acts is not Acts.OPERATOR:
        return desk.printer.matrix(factor.expr.arg)
    if sign_of(factor) is not None:
        return desk.printer.matrix(factor.expr.args[1 - factor.expr.acts_on])
    if factor.acts is Acts.SOURCE:
        return desk.products.source(factor, Level.SUM)
    if factor.acts is Acts.HADAMARD and not isinstance(factor.expr, Slope):
        spread = isinstance(factor.expr, MatMul) and isinstance(factor.expr.args[-1], OneMatrix)
        return desk.printer.matrix(factor.expr.args[0] if spread else factor.expr)
    if desk.derivation.entire and factor.acts is Acts.HADAMARD:
        return desk.printer.matrix(factor.expr)
    return (desk.products if desk.derivation.entire else desk.columns).factor_matrix(factor)
