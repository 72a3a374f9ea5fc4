"""The flow of the gradient for a terminal: the sentence first, then the layers with a bar a row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import fill

from symbp.analysis.account import LOG_10, Row
from symbp.analysis.correlations import Prospect
from symbp.analysis.draws import Draws
from symbp.analysis.flow import Flow, GradientFlow, grouped
from symbp.analysis.lengths import Kind
from symbp.analysis.outlook import Outlook
from symbp.analysis.walk import Gain
from symbp.checking.models import FLOAT, steady_digits
from symbp.op import FactorRole
from symbp.report.text import shown, table

MOST_ROWS = 14
"""A network with more weights shows those next to the loss and those next to the input."""

ENDS = 5

SMALL_ENDS = 3
"""Rows shown at each end where several networks stand one below the other."""

BAR = 12
"""Length of the longest bar, in characters."""

LEAST_RANGE = 1.0
"""Decades that fill the bar at least: a stable gradient must not look as if it varied."""

EIGHTHS = " ▏▎▍▌▋▊▉█"

HEADINGS = ("weight", "‖gradient‖", "log scale", "W gain", "≤ ‖W‖₂", "f′ gain", "≤ max f′", "A gain")


@dataclass(frozen=True)
class Seen:
    """One network as a report shows it: its name among others, what was measured, and the theory beside it."""

    name: str
    flow: GradientFlow
    outlook: Outlook | None = None
    draws: Draws | None = None


def flows_text(seen: Sequence[Seen], *, ascii_only: bool = False, width: int = 80) -> str:
    """Return one section a network; with several of them all sentences come first."""
    if len(seen) == 1:
        return flow_text(seen[0], ascii_only=ascii_only, width=width)
    sentences = [wrapped(each.flow.sentence, width, "  ") for each in seen]
    text = shown("\n".join(sentences), ascii_only)
    sections = [flow_text(each, ascii_only=ascii_only, ends=SMALL_ENDS, first=each.name, width=width) for each in seen]
    return "\n\n".join([text, *sections])


def flow_text(seen: Seen, *, ascii_only: bool = False, ends: int = ENDS, first: str = "", width: int = 80) -> str:
    """Return the sentence, the verdict, and the table from the loss to the input.

    ``first`` stands in the place of the sentence where that was said before; ``ends`` is how many rows a deep
    network shows at each end.
    """
    chosen = [(name, words) for name, words in facts(seen.flow, seen.outlook) if ends == ENDS or name != "note"]
    said = [f"  {name:<9} {words}" for name, words in chosen]
    lines = [wrapped(first or seen.flow.sentence, width, "  "), "", *(wrapped(each, width, " " * 12) for each in said)]
    most = MOST_ROWS if ends == ENDS else 2 * ends + 1
    lines += ["", *_table(seen.flow, ends, most, ascii_only)]
    return shown("\n".join(lines), ascii_only)


KEPT_TOGETHER = ("--init ", "N(0, ", "biases ", "--sigma-b ")
"""What a line does not end in, for people who copy what stands behind it."""

NO_BREAK = "\u00a0"


def wrapped(text: str, width: int, indent: str) -> str:
    """Return a text whose further lines are indented, none longer than ``width`` unless a word is."""
    for piece in KEPT_TOGETHER:
        text = text.replace(piece, piece.replace(" ", NO_BREAK))
    filled = fill(
        text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
    )
    return filled.replace(NO_BREAK, " ")


def facts(flow: GradientFlow, outlook: Outlook | None = None) -> list[tuple[str, str]]:
    """Return what stands above the table, line by line."""
    rate = "" if flow.rate is None else f"×{flow.rate:.3g} a layer: "
    verdict = str(flow.verdict) if flow.verdict is Flow.DEAD else f"{rate}{grouped(flow.verdicts)}"
    has_trend = flow.slope is not None or flow.verdict is Flow.DEAD
    facts = [("verdict", verdict)] * has_trend + [("init", f"{flow.init}; seed {flow.seed}")]
    if outlook is not None:
        facts += [("theory", said) for said in theory_lines(outlook)]
    if flow.float32_depth is not None:
        what = "underflows" if (flow.error_slope or 0.0) < 0 else "overflows"
        facts.append(("float32", f"{what} from about {flow.float32_depth:,} layers on"))
    facts.append(("data", "; ".join([f"{flow.examples} examples, loss {flow.loss}", *flow.notes])))
    facts.append(("budget", budget_line(flow)))
    if outlook is not None:
        facts += [("note", said) for said in outlook.notes]
    return facts


def theory_lines(outlook: Outlook) -> list[str]:
    """Return the predicted rate of the error beside the measured one; nothing where nothing was measured."""
    if outlook.measured_rate is None:
        return []
    measured = f"measured ×{outlook.measured_rate:.4g}"
    if outlook.predicted is None:
        return [f"the error δ: {measured} a layer; no prediction: {outlook.why}"]
    said = f"the error δ: predicted ×{outlook.predicted:.4g} a layer, {measured}"
    return [said, *_phase(outlook.prospects)]


def _phase(prospects: Sequence[Prospect]) -> list[str]:
    if len(prospects) != 1 or prospects[0].chi is None:
        return []
    found, chi = prospects[0], prospects[0].chi.value
    where = {Kind.ANY: "at any length", Kind.NONE: "while lengths grow without end"}
    at = where.get(found.point.kind, f"at q* = {length(found)}")
    return [f"χ₁ = {chi:.4g} {at}, {found.phase}"]


def length(found: Prospect) -> str:
    """Return the fixed point of the lengths, in a word where it is no number."""
    words = {Kind.ANY: "any", Kind.NONE: "none"}
    return words.get(found.point.kind, f"{found.point.q or 0.0:.4g}")


def budget_line(flow: GradientFlow) -> str:
    """Return whether the factors add up, and how many gradients that was compared for."""
    rows = len(flow.rows)
    if not flow.compared:
        return f"not compared: none of {rows} compiled gradients is in the range of float64"
    if not flow.agrees:
        return f"DOES NOT ADD UP: off by {flow.error:.1e} of the logarithm"
    within = f"to {steady_digits(flow.error, FLOAT)} digits of its log"
    return f"adds up to the compiled gradient {within} ({flow.compared} of {rows})"


def _table(flow: GradientFlow, ends: int, most: int, ascii_only: bool) -> list[str]:
    used, cells = shown_cells(flow, ends, most, ascii_only)
    return table([[HEADINGS[place] for place in used], *cells])


def shown_cells(
    flow: GradientFlow, ends: int = ENDS, most: int = MOST_ROWS, ascii_only: bool = False
) -> tuple[list[int], list[list[str]]]:
    """Return which of ``HEADINGS`` have something to show, and one row a weight from the loss on."""
    rows = list(reversed(flow.rows))
    alive = [row.log10 for row in rows if not row.is_dead]
    top, low = max(alive, default=0.0), min(alive, default=0.0)
    low = min(low, top - LEAST_RANGE)
    cells = [_cells(flow, row, _bar((row.log10 - low) / (top - low), ascii_only)) for row in rows]
    if len(cells) > most:
        cells = [*cells[:ends], ("…",) + ("",) * (len(HEADINGS) - 1), *cells[-ends:]]
    used = [i for i in range(len(HEADINGS)) if any(each[i] not in ("", "-") for each in cells)]
    return used, [[each[i] for i in used] for each in cells]


def _cells(flow: GradientFlow, row: Row, bar: str) -> tuple[str, ...]:
    """Return one row: the gains of its layer, each beside the most it could be."""
    weight = flow.gain(FactorRole.WEIGHT, row.layer)
    slope = flow.gain(FactorRole.SLOPE, row.layer)
    previous = flow.gain(FactorRole.PREVIOUS, row.layer - 1)
    gains = (_gain(weight), _bound(weight), _gain(slope), _bound(slope), _gain(previous))
    return (row.name, "0" if row.is_dead else power(row.log10), bar, *gains)


def _gain(gain: Gain | None) -> str:
    if gain is None:
        return "-"
    return "0" if gain.log == -math.inf else _number(gain.log / LOG_10)


def _bound(gain: Gain | None) -> str:
    return "-" if gain is None or gain.bound is None else f"{gain.bound:.3g}"


def _number(log10: float) -> str:
    return f"{10**log10:.3g}" if abs(log10) < 4 else power(log10)


def power(log10: float) -> str:
    """Return 10 to a power as ``1.3e-412``, whatever floats can hold."""
    exponent = math.floor(log10)
    digits = f"{10 ** (log10 - exponent):.1f}"
    if digits == "10.0":
        digits, exponent = "1.0", exponent + 1
    return f"{digits}e{exponent:+03d}"


def _bar(part: float, ascii_only: bool) -> str:
    """Return a bar for a number from 0 to 1; nothing for −∞."""
    if not math.isfinite(part):
        return ""
    filled = max(1, round(8 * BAR * part))
    if ascii_only:
        return "#" * max(1, round(filled / 8))
    return ("█" * (filled // 8) + EIGHTHS[filled % 8]).rstrip()
