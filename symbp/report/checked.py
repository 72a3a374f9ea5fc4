"""The numeric check as a part of the pages of worked numbers and operations alone: verdict, method, one row each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from symbp.checking.models import CENTRAL, FLOAT, LONG, steady_digits
from symbp.checking.report import FAILED, Verdict
from symbp.report.desk import Desk, Row
from symbp.report.page import Block, Heading, Say, Table
from symbp.report.rich import Rich, math, rich
from symbp.report.text import INDENT, shown

MOST_WIDTHS = 9
"""Longest list of widths written out."""


@dataclass(frozen=True)
class CheckPart:
    """The verdict as a sentence, how it was reached, and one row a parameter."""

    passed: bool
    verdict: Rich
    method: Rich
    head: tuple[str, ...]
    columns: str
    rows: tuple[Row, ...]
    notes: tuple[Rich, ...]


def check_part(report: Any, desk: Desk) -> CheckPart:
    """Return what a report says about a CheckReport."""
    rows = [row for row in report.rows if desk.shows(_variable(desk, row).layer)]
    columns = [column for column in _columns(report) if any(_present(column[1](desk, row)) for row in rows)]
    return CheckPart(
        passed=report.passed,
        verdict=rich("{verdict}", verdict=", ".join(verdict(report))),
        method=_method(report, len(rows) < len(report.rows)),
        head=tuple(head for head, _ in columns),
        columns="l" * len(columns),
        rows=tuple(tuple(cell(desk, row) for _, cell in columns) for row in rows),
        notes=tuple(rich("{note}", note=note) for note in report.notes),
    )


def check_blocks(part: CheckPart) -> tuple[Block, ...]:
    """Return the section of a page that shows the numbers."""
    table = Table(part.head, part.rows, part.columns)
    return (Heading("Check"), Say(part.method), table, *map(Say, part.notes))


def verdict(report: Any) -> tuple[str, ...]:
    """Return the verdict, and the digits behind it where there are any: parts of one sentence."""
    total = len(report.rows)
    if not report.passed:
        failed = [row.name for row in report.rows if row.failed]
        named = ", ".join(failed[:6]) + (", …" if len(failed) > 6 else "")
        if not failed:
            return (f"{report.why}, which proves nothing",)
        return (f"{len(failed)} of {total} gradients disagree with differences of the loss: {named}",)
    which = f"all {total} gradients agree" if total > 1 else "the gradient agrees"
    parts = [f"{which} with differences of the loss"]
    if report.relative is not None:
        parts.append(f"to {steady_digits(report.relative, FLOAT)} digits or more in float64")
    if report.digits is not None:
        parts.append(f"{steady_digits(report.digits, LONG)} or more in {report.precision}-digit arithmetic")
    return tuple(parts)


def ends(widths: Sequence[int], dots: str = "...") -> str:
    """Return a list of widths; of a long one both ends."""
    words = [str(width) for width in widths]
    return ", ".join(words if len(words) <= MOST_WIDTHS else [*words[:4], dots, *words[-2:]])


def sizes(run: Any) -> list[str]:
    """Return the sizes of a run in words; an operation alone has none but the shapes of its matrices."""
    return [f"widths {ends(run.widths)}", f"{run.examples} example{'s' * (run.examples != 1)}"] if run.widths else []


def _method(report: Any, some: bool) -> Rich:
    run = report.runs[0] if report.runs else None
    if run is None:
        return rich("Nothing was run.")
    what = list(dict.fromkeys(row.entries for row in report.rows))
    settings = [*sizes(run), f"seed {report.seed}"]
    first = rich(
        "Digits, at least, to which each gradient agrees with differences of the loss ({entries}; {settings}).",
        entries=", ".join(what), settings="; ".join(settings),
    )  # fmt: skip
    standins = rich(" What is left open was run with {runs}.", runs=", and again with ".join(report.standins))
    judged = rich(
        " The complex step and differences with {precision} digits judge; central differences illustrate.",
        precision=report.precision,
    )
    rest = rich(" Only the layers shown have a row; all {n} gradients were checked.", n=str(len(report.rows)))
    return (*first, *(standins if report.standins else ()), *judged, *(rest if some else ()))


def _variable(desk: Desk, row: Any) -> Any:
    return desk.derivation.network.by_name[row.name]


def _digits(row: Any, value: float | None, most: int) -> Rich:
    """Return the digits of an error; a dash where none was measured."""
    compared = row.verdict is Verdict.AGREES or row.verdict in FAILED
    return rich("{n}", n=str(steady_digits(value, most))) if value is not None and compared else rich("–")


def _present(cell: Rich) -> bool:
    return cell != rich("–")


def _shape(desk: Desk, row: Any) -> Rich:
    return (math(row.shape.replace("×", r" \times ")),)


def _columns(report: Any) -> tuple[tuple[str, Callable[[Desk, Any], Rich]], ...]:
    """Return head and cell of each column; one that is empty everywhere is left out."""
    return (
        ("gradient", lambda desk, row: (math(desk.printer.symbol(_variable(desk, row))),)),
        ("shape", _shape),
        ("complex step", lambda desk, row: _digits(row, row.relative if row.method == "complex step" else None, FLOAT)),
        (f"{report.precision} digits", lambda desk, row: _digits(row, row.digits, LONG)),
        ("central differences", lambda desk, row: _digits(row, row.central, CENTRAL)),
        ("verdict", lambda desk, row: rich("{verdict}", verdict=str(row.verdict))),
    )


MARGIN = 14
"""Where the text of a terminal begins behind a section's name."""


def check_text(report: Any, *, ascii_only: bool = False) -> str:
    """Return the verdict of a check for a terminal: what agrees, how well, with which stand-ins."""
    mark = ("ok" if ascii_only else "✓") if report.passed else ("FAILED" if ascii_only else "✗")
    first, *digits = verdict(report)
    lines = [first, *([", ".join(digits)] if digits else [])]
    lines += [f"with {standin}" for standin in report.standins]
    lines += report.notes
    if report.runs:
        lines.append("; ".join([*sizes(report.runs[0]), f"seed {report.seed}"]))
    name = f"check {mark}"
    text = "\n".join(f"{INDENT}{name if at == 0 else '':<{MARGIN - 2}}{line}" for at, line in enumerate(lines))
    return shown(text, ascii_only)
