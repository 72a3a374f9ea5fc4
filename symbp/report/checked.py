"""The numeric check as a part of the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from symbp.report.rich import Rich
from symbp.report.sections import Desk, Row


@dataclass(frozen=True)
class CheckPart:
    """The verdict as a sentence, how it was reached, and one row a parameter."""

    passed: bool
    verdict: Rich
    method: Rich
    rows: tuple[Row, ...]


def check_part(report: Any, desk: Desk) -> CheckPart:
    """Return what a report says about its check."""
    raise NotImplementedError
