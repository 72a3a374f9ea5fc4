"""Several comparisons of one gradient, and several runs, as one row: the worst errors, one failure fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from symbp.checking.report import FAILED, Measured, Row, Verdict

ORDER = tuple(Verdict)
"""Verdicts from the worst to the best."""


def together(verdicts: Sequence[Verdict]) -> Verdict:
    """One failure fails; otherwise the strongest statement stands."""
    failed = [verdict for verdict in verdicts if verdict in FAILED]
    return min(failed, key=ORDER.index) if failed else max(verdicts, key=ORDER.index)


def worse(first: Row, second: Row) -> Row:
    """Merge the rows of two runs: the larger errors, one failure fails, one proof proves."""
    worst = max(first, second, key=lambda row: (row.failed, row.relative != row.relative, row.relative))
    return replace(
        worst,
        shape=first.shape,
        entries=first.entries,
        digits=_larger(first.digits, second.digits),
        central=_larger(first.central, second.central),
        measured=_weaker(first.measured, second.measured),
        aside=max(first.aside, second.aside),
        verdict=together([first.verdict, second.verdict]),
        note=first.note or second.note,
        where=first.where or second.where,
    )


def _larger(first: float | None, second: float | None) -> float | None:
    return second if first is None else first if second is None else max(first, second)


def _weaker(first: Sequence[Measured], second: Sequence[Measured]) -> tuple[Measured, ...]:
    """Merge what the methods reached in two runs: of each the run with fewer digits beside what was expected."""
    by_method = {each.method: each for each in first}
    for each in second:
        known = by_method.setdefault(each.method, each)
        if each.reached - each.expected < known.reached - known.expected:
            by_method[each.method] = each
    return tuple(by_method.values())
