"""Mean-field theory for a terminal: the critical initialisation, and where common ones stand."""

from __future__ import annotations

import math
from collections import Counter

from symbp.analysis.correlations import Prospect
from symbp.analysis.critical import Critical
from symbp.analysis.draws import Compared, Draws
from symbp.analysis.lengths import Kind
from symbp.analysis.solution import Solution, number
from symbp.report.flow import wrapped
from symbp.report.text import shown, table

HEADINGS = ("init", "σ_w", "q*", "χ₁", "V′(q*)", "c*", "ξ_q", "ξ_c", "")


def solution_text(solution: Solution, *, ascii_only: bool = False) -> str:
    """Return the sentence, the critical initialisations, and a table of the common ones."""
    lines = [solution.sentence, ""]
    if solution.closed is not None:
        square, slope = solution.closed.square, solution.closed.slope_square
        lines += [f"  closed form  E[f²] = {square}, E[f′²] = {slope} for variance q", ""]
    for each in solution.found:
        lines += [f"  {name:<12} {said}" for name, said in _facts(each)] + [""]
    lines.append(f"  Common initialisations at equal widths, σ_b = {solution.sigma_b:g}; depth scales ξ in layers:")
    lines.append("")
    lines += table([HEADINGS, *(_row(name, each) for name, each in solution.common)])
    lines += ["", "  ‖δ‖² changes by χ₁ a layer in an infinitely wide network; in one of width n, up to O(1/n)."]
    return shown("\n".join(lines), ascii_only)


def _facts(each: Critical) -> list[tuple[str, str]]:
    closed = "" if each.exact is None else f", exactly {each.exact}"
    bound = f", within {each.error:.0e}" if each.error else ""
    return [
        ("critical", f"σ_w = {number(each.sigma_w)}{closed}, σ_b = {each.sigma_b:g}"),
        ("fixed point", f"q* = {each.point.text}"),
        ("χ₁", f"1{bound}"),
        ("V′(q*)", f"{each.length_slope:.6g}"),
    ]


def _row(name: str, each: Prospect) -> tuple[str, ...]:
    return (
        name,
        f"{each.sigma_w:.4g}",
        {Kind.ANY: "any", Kind.NONE: "none"}.get(each.point.kind, short(each.point.q)),
        short(None if each.chi is None else each.chi.value),
        short(each.length_slope),
        short(each.fixed_correlation),
        short(each.length_depth),
        short(each.correlation_depth),
        each.phase,
    )


def short(value: float | None) -> str:
    """Return a number in four digits, a dash where there is none."""
    if value is None or math.isnan(value):
        return "-"
    return "∞" if math.isinf(value) else f"{value:.4g}"


RATES = ("a layer multiplies", "predicted", "measured", "std. error", "finite width", "apart")
SUBJECTS = {"error": "‖error‖ by", "signal": "‖signal‖ by"}


def draws_text(draws: Draws, *, ascii_only: bool = False, width: int = 80) -> str:
    """Return the sentence, and predicted beside measured rates with their standard errors."""
    first = draws.flows[0]
    seeds = f"seeds {first.seed} to {draws.flows[-1].seed}"
    verdicts = Counter(str(flow.verdict) for flow in draws.flows)
    lines = [
        f"  verdict   {', '.join(f'{name} ({count} of {len(draws.flows)})' for name, count in verdicts.items())}",
        f"  init      {first.init}; {seeds}",
        f"  data      {'; '.join([f'{first.examples} examples, loss {first.loss}', *first.notes])}",
    ]
    if draws.why:
        lines.append(f"  theory    none for the error: {draws.why}")
    lines += [f"  note      {each}" for each in draws.notes]
    lines = [wrapped(draws.sentence, width, "  "), "", *(wrapped(line, width, " " * 12) for line in lines), ""]
    if draws.rates:
        lines += table([RATES, *(_rate(each) for each in draws.rates)])
    return shown("\n".join(lines), ascii_only)


def _rate(each: Compared) -> tuple[str, ...]:
    known = each.predicted is not None
    return (
        SUBJECTS[each.what],
        f"{each.predicted:.5g}" if known else "-",
        f"{each.measured.rate:.5g}",
        f"± {each.measured.rate_error:.1g}",
        f"−{each.below:.1%} to +{each.above:.1%}" if known else "-",
        "-" if each.distance is None else f"{each.distance:.1f} s.e.",
    )
