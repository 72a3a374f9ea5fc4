"""The remedies side by side: the sentence, the rates with a trend in eight characters, and which factor each moved."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from symbp.analysis.compare import Comparison, Measured
from symbp.analysis.flow import WORDS, Flow, GradientFlow
from symbp.analysis.remedies import Remedy, Stack, remedied
from symbp.analysis.statistics import standard_error
from symbp.calculus.factor import Factor
from symbp.derivation import Derivation, derive
from symbp.op import FactorRole
from symbp.report.desk import Desk
from symbp.report.dialects import ASCII, LATEX, UNICODE, Dialect
from symbp.report.marked import marked
from symbp.report.notation import STANDARD
from symbp.report.page import Block, Figure, Heading, Say, Table
from symbp.report.rich import Rich, capital, rich
from symbp.report.rich import math as formula
from symbp.report.text import shown, table, with_error, wrapped
from symbp.symbols import Role, Variable

LEVELS = " ▁▂▃▄▅▆▇█"

ABOUT = (
    "  table     what a layer multiplies by: dW, the gradients of the weights, and the error δ on their way to the "
    "input; theory: δ as predicted",
    "  verdict   on gradient, error δ, and the activation on its way from the input: what vanishes (↓) or explodes "
    "(↑), stable where none of the three does",
)
ARROWS = {Flow.VANISHING: "↓", Flow.EXPLODING: "↑"}

ROOM_FOR_TREND = 10
"""Columns left beside the table from which the trend is drawn, from the loss to the input."""

COLUMNS = 8
"""Characters of a trend."""

NEAR_ONE = 3
"""How many remedies the sentence names."""


def comparison_text(found: Comparison, *, ascii_only: bool = False, width: int = 80) -> str:
    """Return the comparison for a terminal; what is too wide for it continues on the next line."""
    dialect = ASCII if ascii_only else UNICODE
    rates = table([RATES, *_rates(found)])
    if max(map(len, rates)) + ROOM_FOR_TREND <= width:
        rates = [f"{line:<{max(map(len, rates))}}  {end}" for line, end in zip(rates, _trends(found), strict=True)]
    moves = table([("network", "one layer, the error at the dot", "moved, a layer"), *_moves(found, dialect)])
    if max(map(len, moves)) > width:
        moves = _in_two_lines(_moves(found, dialect), width)
    said = wrapped(sentence(found), width, "  ")
    about = [wrapped(line, width, " " * 12) for line in [*_facts(found), *ABOUT]]
    lines = [said, "", *about, "", *rates, "", *moves]
    lines += [f"  {row.name}: {row.problem}" for row in found.rows if row.problem]
    return shown("\n".join(lines), ascii_only)


def _in_two_lines(moves: Sequence[tuple[str, ...]], width: int) -> list[str]:
    """Return the factors of each row on a line of their own."""
    head, *lines = table([("network", "one layer, the error at the dot"), *(row[:2] for row in moves)])
    said = [wrapped(f"      {row[2]}", width, " " * 6) for row in moves]
    return [head, *(each for pair in zip(lines, said, strict=True) for each in pair)]


def sentence(found: Comparison) -> str:
    """Say what happens without a remedy, and which stable remedies come nearest to keeping gradient and error."""
    flow = found.as_is.flow
    said = found.as_is.problem if flow is None else flow.sentence
    names = ", ".join(f"{row.name} (×{10 ** (row.slope or 0.0):.3g})" for row in found.recommended[:NEAR_ONE])
    if not names:
        return f"{said}; no remedy here keeps gradient, error and activation stable"
    return f"{said}; nearest to ×1 a layer, with gradient, error and activation stable: {names}"


def _facts(found: Comparison) -> list[str]:
    stack, draws = found.stack, max(len(row.slopes) for row in found.rows)
    widths = (
        "-".join(map(str, stack.shape)) if len(stack.shape) <= 6 else f"{len(stack.widths)} layers of {_units(stack)}"
    )
    lines = [
        f"  network   {stack.activation}, {widths}; the output is linear unless its activation is given",
        f"  init      {found.init} where a remedy brings none; {draws} draws from seed {found.seed} on",
    ]
    lines += [f"  left out  {'; '.join(found.left_out)}"] * bool(found.left_out)
    return lines + [f"  note      {note}" for note in found.notes]


def _units(stack: Stack) -> str:
    hidden = sorted(set(stack.widths[:-1]))
    return f"{hidden[0]} units" if len(hidden) == 1 else f"{hidden[0]} to {hidden[-1]} units"


RATES = ("network", "verdict", "dW", "error δ", "theory")


def _rates(found: Comparison) -> list[tuple[str, ...]]:
    return [(row.name, _arrows(row), rate(row), *errors(row)) for row in found.rows]


def _arrows(row: Measured) -> str:
    """Return what is not stable: ``error ↑, activation ↓``."""
    said = row.verdict
    for verdict, arrow in ARROWS.items():
        said = said.replace(str(verdict), arrow)
    return said.replace(" and ", ", ")


def _trends(found: Comparison) -> list[str]:
    logs = [row.log10 for each in found.rows if each.flow for row in each.flow.rows if not row.is_dead]
    low, high = min(logs, default=0.0), max(logs, default=0.0)
    return ["trend", *(trend(row.flow, low, high) for row in found.rows)]


def rate(row: Measured) -> str:
    """Return what a layer multiplies the gradient by."""
    return "-" if row.slope is None else with_error(10.0**row.slope, None)


def errors(row: Measured) -> tuple[str, str]:
    """Return what a layer multiplies the error by, with the standard error over the draws, and what is predicted."""
    foreseen = "-" if row.predicted is None else with_error(math.exp(row.predicted), None)
    if row.error is None:
        return "-", foreseen
    spread = standard_error(row.errors)
    return with_error(math.exp(row.error), None if spread is None else spread / math.log(10)), foreseen


def trend(flow: GradientFlow | None, low: float, high: float) -> str:
    """Return the gradient norms from the loss to the input in a few characters; a space is exactly zero."""
    if flow is None:
        return ""
    rows = flow.rows[::-1]
    picked = [rows[round(place * (len(rows) - 1) / (COLUMNS - 1))] for place in range(COLUMNS)]
    span = max(high - low, 1.0)
    return "".join(" " if row.is_dead else LEVELS[1 + round(7 * (row.log10 - low) / span)] for row in picked)


def _moves(found: Comparison, dialect: Dialect) -> list[tuple[str, ...]]:
    return [(row.name, layer_map(found.stack, row.remedy, dialect), moved(row, found.as_is)) for row in found.rows]


def moved(row: Measured, as_is: Measured) -> str:
    """Return the factors a remedy moved, before and after, the furthest first."""
    if row is as_is:
        return ", ".join(f"{WORDS[role]} {_times(slope)}" for role, slope in _notable(row)) or "-"
    found = row.moved(as_is)
    return ", ".join(f"{WORDS[role]} {_times(old)} → {_times(new)}" for role, old, new in found) or "nothing"


def _notable(row: Measured) -> list[tuple[FactorRole, float]]:
    slopes = {} if row.flow is None else row.flow.slopes
    return [(role, slope) for role, slope in slopes.items() if role in (FactorRole.WEIGHT, FactorRole.SLOPE)]


def _times(slope: float) -> str:
    return f"×{10**slope:.3g}"


GENERIC = 5
"""Layers of the network whose fourth layer shows what one layer does."""


def layer_map(stack: Stack, remedy: Remedy, dialect: Dialect) -> str:
    """Return what one hidden layer multiplies the error by on its way down, as mathematics."""
    network = replace(remedy, about="", init=None)
    derivation, factors = _one_layer(stack.activation, tuple(stack.let.items()), network)
    desk = Desk.open(derivation, STANDARD, dialect, None, None)
    return desk.products.map_of(factors)


@lru_cache(maxsize=32)
def _one_layer(activation: str, let: tuple[tuple[str, str], ...], remedy: Remedy) -> tuple[Derivation, list[Factor]]:
    small = Stack(3, (3,) * GENERIC, activation, "identity", "mse", let=dict(let))
    derivation = derive(remedied(small, remedy))
    weights = [variable for variable in derivation.wrt if variable.role is Role.WEIGHT]
    factors = list(derivation.gradients[weights[0].name].products[0])
    first, last = (_place(factors, weights[number]) for number in (3, 2))
    return derivation, factors[first:last]


def _place(factors: Sequence[Factor], weight: Variable) -> int:
    return next(place for place, factor in enumerate(factors) if _holds(factor, weight))


def _holds(factor: Factor, weight: Variable) -> bool:
    return factor.expr.has(weight) or any(_holds(each, weight) for branch in factor.branches for each in branch)


def comparison_blocks(found: Comparison, figure: str | None = None) -> tuple[Block, ...]:
    """Return the comparison as blocks of a page; ``figure`` is the file of the picture of all gradient norms."""
    rates = [tuple(map(marked, (row.name, row.verdict, rate(row), *errors(row)))) for row in found.rows]
    maps: list[tuple[Rich, ...]] = [
        (marked(row.name), (formula(layer_map(found.stack, row.remedy, LATEX)),)) for row in found.rows
    ]
    moves = [(marked(row.name), marked(moved(row, found.as_is))) for row in found.rows]
    blocks: list[Block] = [
        Say(capital(marked(f"{sentence(found)}."))),
        *([Figure(figure, "Gradient norm of every layer, with each remedy.")] if figure else []),
        Say(
            rich(
                "What a layer multiplies by on the way to the input: the norm of the weights' gradients, and that of "
                "the error, measured with its standard error over the draws, beside mean-field theory's prediction. "
                "The verdict looks at the gradient, the error, and the activation on its way from the input, and says "
                "what of them vanishes or explodes; stable means all three."
            )
        ),
        Table(("network", "verdict", "gradient", "error", "predicted"), rates, "lzlll"),
        *(Say(capital(marked(f"{note}."))) for note in found.notes),
        Heading("What one layer does to the error"),
        Say(rich("What one hidden layer multiplies the error by on its way down; the error stands at the dot.")),
        Table(("network", "one layer"), maps, "ll"),
        Heading("Which factor each remedy moved"),
        Say(rich("By how much a layer multiplies, before and after, for the factors that changed.")),
        Table(("network", "moved"), moves, "lp"),
    ]
    return tuple(blocks)
