"""Mean-field theory for a terminal: the critical initialisation, and where common ones stand."""

from __future__ import annotations

import math

from symbp.analysis.correlations import Prospect
from symbp.analysis.critical import Critical
from symbp.analysis.lengths import Kind
from symbp.analysis.solution import Solution, number
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
