"""What the page of an operation alone is made of: frozen data that the templates and the terminal print."""

from __future__ import annotations

from dataclasses import dataclass

from symbp.report.checked import CheckPart
from symbp.report.desk import Row
from symbp.report.layout import abreast, aligned
from symbp.report.rich import Rich


@dataclass(frozen=True)
class Numbered:
    """One line of a backward pass: its number, why it is so, and the equations."""

    number: int
    why: Rich
    lines: tuple[str, ...]

    @property
    def display(self) -> str:
        """The equations as one display, many short ones side by side."""
        return aligned(abreast(self.lines))


@dataclass(frozen=True)
class Told:
    """A sentence and the lines it introduces, which may be none.

    ``is_plain``: none of it is set in LaTeX only. ``alike``: the lines are of one kind and may stand side by side.
    """

    words: Rich
    lines: tuple[str, ...] = ()
    is_plain: bool = True
    alike: bool = False

    @property
    def display(self) -> str:
        """The lines as one display."""
        return aligned(abreast(self.lines) if self.alike else self.lines) if self.lines else ""


@dataclass(frozen=True)
class Part:
    """What stands under one heading: sentences with displays, numbered lines, and a sentence behind them."""

    title: str
    told: tuple[Told, ...] = ()
    numbered: tuple[Numbered, ...] = ()
    closing: tuple[Told, ...] = ()


@dataclass(frozen=True)
class LonePage:
    """The page of an operation alone."""

    title: str
    subject: Rich
    layout: Rich
    symbols: tuple[Row, ...]
    operators: tuple[Row, ...]
    parts: tuple[Part, ...]
    check: CheckPart | None
    command: str | None
