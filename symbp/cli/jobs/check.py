"""The check of a derivation, thorough, as a table or as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

from symbp.checking.check import Row, check
from symbp.cli.console import document, plain, progress, say
from symbp.cli.jobs.network import build, derived
from symbp.cli.what import Described
from symbp.report.terminal import check_text


def run(spec: Described, seed: int, as_json: bool) -> int:
    """Check every gradient, print the rows, and return 1 when one disagrees."""
    report = check(derived(build(spec)), seed=seed, progress=progress())
    if as_json:
        document(json.dumps(report.to_dict(), ensure_ascii=False, indent=2))
    else:
        rows = table(report.rows)
        rows = rows.replace("×", "x") if plain() else rows
        say(f"{rows}\n\n{check_text(report, ascii_only=plain())}")
    return 0 if report.passed else 1


HEADINGS = ("parameter", "shape", "method", "entries", "absolute", "relative", "50 digits", "central", "verdict")


def table(rows: Sequence[Row]) -> str:
    """Return one line a parameter: how it was compared, the largest errors of each method, the verdict."""
    cells = [HEADINGS, *(line(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(each, widths, strict=True)) for each in cells)
    return "\n".join(f"  {each}".rstrip() for each in lines)


def line(row: Row) -> tuple[str, ...]:
    """Return the cells of a row; a method that was not used has a dash."""
    errors = (row.absolute, row.relative, row.digits, row.central)
    said = ["-" if each is None else f"{each:.1e}" for each in errors]
    verdict = f"{row.verdict}, {row.note}" if row.note else str(row.verdict)
    return (row.name, row.shape, row.method, row.entries, *said, verdict)
