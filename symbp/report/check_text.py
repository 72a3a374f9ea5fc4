"""The verdict of a check for a terminal."""

from __future__ import annotations

from typing import Any

from symbp.report.checked import sizes, verdict
from symbp.report.text import INDENT, shown

MARGIN = 14
"""Where the text begins behind a section's name."""


def check_text(report: Any, *, ascii_only: bool = False) -> str:
    """Return the verdict of a check for a terminal: what agrees, how well, with which stand-ins."""
    mark = ("ok" if ascii_only else "✓") if report.passed else ("FAILED" if ascii_only else "✗")
    first, *digits = verdict(report)
    lines = [first, *([", ".join(digits)] if digits else [])]
    lines += [f"with {standin}" for standin in report.standins]
    lines += report.notes
    if report.runs:
        run = report.runs[0]
        lines.append("; ".join([*sizes(run), f"seed {report.seed}"]))
    name = f"check {mark}"
    text = "\n".join(f"{INDENT}{name if at == 0 else '':<{MARGIN - 2}}{line}" for at, line in enumerate(lines))
    return shown(text, ascii_only)
