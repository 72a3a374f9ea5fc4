"""How wide a line of text is, as people know it: a length, or the name of a class of LaTeX; in em of its letters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from symbp.errors import SpecError, closest, shown
from symbp.writing.setting import width_fault

POINTS: Mapping[str, float] = {
    "pt": 1.0, "bp": 72.27 / 72, "pc": 12.0, "in": 72.27, "cm": 72.27 / 2.54, "mm": 7.227 / 2.54,
}  # fmt: skip
"""How many points of TeX a unit has."""

CLASSES: Mapping[str, Mapping[int, float]] = {
    "article": {10: 345.0, 11: 360.0, 12: 390.0}, "amsart": {11: 360.0}, "beamer": {11: 307.28},
    "ieee": {11: 252.0}, "tufte": {11: 312.0},
}  # fmt: skip
"""Widths of the text, or of a column, of classes in points, by the size of their letters; the same for other sizes."""

LETTERS = 11
"""The size of letters in points unless it is given: a line of as many em fits smaller ones as well."""

EM = "em"

_LENGTH = re.compile(r"([0-9]{1,5}(?:\.[0-9]{1,5})?)\s?([a-z]{2})\Z", re.ASCII)


@dataclass(frozen=True)
class TextWidth:
    """A width as it was typed."""

    typed: str
    length: float = 0.0
    unit: str = ""

    def __str__(self) -> str:
        return self.typed

    def em(self, letters: int | None = None) -> float:
        """Return how many em it is, with letters of so many points.

        Raises:
            SpecError: it is in em already, or too narrow or wide for formulas.
        """
        if self.unit == EM and letters is not None:
            raise SpecError(f"--font-size {letters}: {self.typed} counts in letters already; leave out --font-size")
        size = letters or LETTERS
        of_class = CLASSES.get(self.typed, {})
        points = of_class.get(size, of_class.get(LETTERS, self.length * POINTS.get(self.unit, 0.0)))
        found = round(self.length if self.unit == EM else points / size, 2)
        if fault := width_fault(found):
            raise SpecError(f"--text-width {self.typed}: {fault}")
        return found


def text_width(text: str) -> TextWidth:
    """Read a width: ``252pt``, ``8cm``, ``32em``, ``ieee``."""
    found = _LENGTH.match(text)
    if text in CLASSES:
        return TextWidth(text)
    if found and found[2] in (*POINTS, EM):
        return TextWidth(text, float(found[1]), found[2])
    near = closest(text, CLASSES)
    right = f"give a length in {', '.join((*POINTS, EM))}, as in 252pt or 8cm, or one of {', '.join(CLASSES)}"
    right = f"did you mean {near!r}?" if near else right
    if re.fullmatch(r"[0-9,]+", text, re.ASCII):
        right = f"a width of text has a unit, as in 252pt; for the widths of layers give --widths {text}"
    raise SpecError(f"{shown(text)}: {right}")


def is_text_width(text: str) -> bool:
    """Whether something that is no width of layers is one of text."""
    try:
        text_width(text)
    except SpecError:
        return False
    return True
