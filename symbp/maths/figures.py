"""Numbers as trees: so many digits behind every point, matrices with what is too much of them left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from symbp.maths.scalars import Level, Written
from symbp.maths.tree import NEGATIVE, TIMES, Id, Node, Num, Script, Sign, Table, row

KEPT = 6
"""Digits of a number that is written with a power of ten."""

LEAST = 2
"""Digits that the largest entry of a matrix has at least before powers of ten are taken."""

LARGEST = Decimal(10) ** 7
"""From this on numbers are written with powers of ten."""

MOST, ROOM = 6, 64
"""Rows or columns of a matrix that are all shown, and characters of a row: of more the first few and the last."""

ACROSS, DOWN, CORNER = (Sign(each, "ord") for each in "⋯⋮⋱")


def largest(numbers: Iterable[Decimal]) -> Decimal:
    """Return the largest size of some numbers, of those that are numbers."""
    return max((abs(each) for each in numbers if each.is_finite()), default=Decimal(0))


_ROUNDING = Context(prec=400, rounding=ROUND_HALF_UP)


@dataclass(frozen=True)
class Figures:
    """How the numbers of one matrix are written: with so many ``places`` behind the point, or with ``powers`` of ten.

    ``room`` is how many places numbers have that they stand under: what is missing is kept free.
    """

    places: int
    powers: bool = False
    room: int = 0

    @classmethod
    def of(cls, numbers: Iterable[Decimal], places: int) -> Figures:
        """Return how the numbers of a matrix are written that have some places on the page."""
        most = largest(numbers)
        is_small = 0 < most < Decimal(10) ** (LEAST - 1 - places)
        return cls(places, is_small or most >= LARGEST)

    def write(self, number: Decimal) -> Written:
        """Return a number as a tree with its sign apart; what is exactly zero is 0."""
        if not number.is_finite():
            return Written(Id("NaN" if number.is_nan() else "∞", "upright"), Level.ATOM, number.is_signed())
        if self.powers and number:
            mantissa, exponent = f"{number.copy_abs():.{KEPT - 1}e}".lower().split("e")
            power = Num(str(abs(int(exponent))))
            upper = row(NEGATIVE, power) if int(exponent) < 0 else power
            return Written(row(Num(mantissa), TIMES, Script(Num("10"), None, upper)), Level.PRODUCT, number < 0)
        if not number:
            return Written(self._number("0"))
        rounded = _ROUNDING.quantize(number, Decimal(1).scaleb(-self.places))
        return Written(self._number(f"{rounded.copy_abs():f}"), Level.ATOM, rounded < 0)

    def _number(self, digits: str) -> Num:
        """Return a number with room for the digits that others have behind it."""
        _, point, behind = digits.partition(".")
        missing = "0" * (self.room - len(behind))
        return Num(digits, missing if point or not missing else f".{missing}")

    @property
    def aligned(self) -> Figures:
        """The same for numbers that stand under each other."""
        return replace(self, room=max(self.room, self.places))

    def tree(self, number: Decimal) -> Node:
        """Return a number as a tree."""
        return self.write(number).signed

    def matrix(self, array: Any) -> Node:
        """Return a matrix of numbers, of a large or wide one both ends; one of a single number is the number."""
        if array.shape == (1, 1):
            return self.tree(array[0, 0])
        figures = self.aligned if any(array.ravel()) else self
        rows = _ends(array.shape[0], MOST)
        columns = _ends(array.shape[1], self._across(array))
        return Table(tuple(tuple(figures._cell(array, i, j) for j in columns) for i in rows))

    def is_cut(self, array: Any) -> bool:
        """Whether not all of a matrix is shown."""
        rows, columns = array.shape
        return rows > MOST or columns > self._across(array)

    def _across(self, array: Any) -> int:
        """Return how many columns fit."""
        widest = max(max(each.adjusted() + 1, 1) if each.is_finite() else 3 for each in array.ravel())
        return max(2, min(MOST, ROOM // ((KEPT + 8 if self.powers else widest + self.places) + 5)))

    def _cell(self, array: Any, i: int | None, j: int | None) -> Node:
        if i is None or j is None:
            return CORNER if i is j else DOWN if i is None else ACROSS
        return self.tree(array[i, j])


def _ends(length: int, most: int) -> list[int | None]:
    """Return the rows or columns that are shown, None for what is left out."""
    if length <= most:
        return list(range(length))
    return [*range(max(1, most // 2)), None, length - 1]
