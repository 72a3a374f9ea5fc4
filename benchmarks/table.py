"""A row of the benchmark, its verdict, and the table printed from rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

PASSED, MISSED, NOT_RUN = "ok", "MISSED", "not run"


class NotMeasuredError(Exception):
    """A row that cannot be measured here; says why."""


@dataclass(frozen=True)
class Row:
    """One line: ``ratio`` is measured over target, ``allowed`` the largest that passes (None: no target)."""

    name: str
    measured: str
    target: str = ""
    ratio: float | None = None
    allowed: float | None = None
    note: str = ""
    failed: bool = False

    @property
    def verdict(self) -> str:
        """``ok`` or ``MISSED`` where there is a target, else empty; a NaN misses."""
        if self.failed:
            return NOT_RUN
        if self.ratio is None or self.allowed is None:
            return ""
        return PASSED if self.ratio <= self.allowed else MISSED

    def to_dict(self) -> dict[str, object]:
        """Return the row for JSON."""
        return {
            "name": self.name,
            "measured": self.measured,
            "target": self.target,
            "ratio": self.ratio,
            "allowed": self.allowed,
            "verdict": self.verdict,
            "note": self.note,
        }

    def cells(self) -> tuple[str, ...]:
        """Return the row as printed."""
        ratio = "" if self.ratio is None else f"{self.ratio:.2g}" if self.ratio < 0.1 else f"{self.ratio:.2f}"
        return (self.name, self.measured, self.target, ratio, " ".join(filter(None, (self.verdict, self.note))))


def within(name: str, value: float, limit: float, show: object = None, note: str = "") -> Row:
    """Return a row for a value that must stay below a limit in the same unit; ``show`` writes both."""
    write = show if callable(show) else seconds
    return Row(name, write(value), f"< {write(limit)}", value / limit, 1.0, note)


def against(name: str, value: float, other: float, whose: str, allowed: float | None = None, note: str = "") -> Row:
    """Return a row for our time over somebody else's, measured in the same run."""
    bound = f"<= {allowed} x " if allowed is not None else ""
    return Row(name, seconds(value), f"{bound}{seconds(other)} {whose}", value / other, allowed, note)


def missing(name: str, why: object) -> Row:
    """Return a row that was not measured, with the reason on one line."""
    lines = str(why).strip().splitlines()
    return Row(name, "-", note=lines[-1][:150] if lines else type(why).__name__, failed=True)


def seconds(value: float) -> str:
    """Write a time with three digits and a readable unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value / 1e-6:.3g} us"


def megabytes(value: float) -> str:
    """Write a number of bytes in MB."""
    return f"{value / 1e6:.0f} MB"


def table(rows: Sequence[Row]) -> str:
    """Return the rows as one aligned table."""
    head = ("name", "measured", "target or peer", "ratio", "verdict")
    lines = [head, *(row.cells() for row in rows)]
    wide = [max(len(line[column]) for line in lines) for column in range(len(head) - 1)]
    printed = []
    for *cells, last in lines:
        name, measured, target, ratio = (cell.ljust(width) for cell, width in zip(cells, wide, strict=True))
        printed.append(f"{name}  {measured}  {target}  {ratio.strip().rjust(wide[3])}  {last}".rstrip())
    printed.insert(1, "-" * max(map(len, printed)))
    return "\n".join(printed)
