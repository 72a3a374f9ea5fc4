"""Text in two dimensions: lines with a baseline, which stand beside each other and under each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symbp.writing.letters import columns, padded


@dataclass(frozen=True)
class Box:
    """Lines of one width; ``base`` is the line that stands on the baseline of what is beside it."""

    lines: tuple[str, ...] = ("",)
    base: int = 0

    @property
    def width(self) -> int:
        """The columns that its widest line takes."""
        return max(map(columns, self.lines))

    @property
    def height(self) -> int:
        """How many lines it has."""
        return len(self.lines)

    def __add__(self, other: Box) -> Box:
        """Return both beside each other, their baselines at one height."""
        return beside((self, other))

    def padded(self, width: int, side: str = "left") -> Box:
        """Return it ``width`` columns wide, its text at one side."""
        return Box(tuple(padded(line, width, side) for line in self.lines), self.base)

    def __str__(self) -> str:
        """Return its lines without the space at their ends."""
        return "\n".join(line.rstrip() for line in self.lines)


def boxed(text: str) -> Box:
    """Return one line of text."""
    return Box((text,))


def beside(boxes: Sequence[Box]) -> Box:
    """Return boxes from left to right, their baselines at one height."""
    if all(box.height == 1 for box in boxes):
        return Box(("".join(box.lines[0] for box in boxes),))
    above = max(box.base for box in boxes)
    below = max(box.height - box.base for box in boxes)
    return Box(tuple(map("".join, zip(*(_stretched(box, above, below) for box in boxes), strict=True))), above)


def _stretched(box: Box, above: int, below: int) -> list[str]:
    blank, width = " " * box.width, box.width
    lines = [padded(line, width) for line in box.lines]
    return [*[blank] * (above - box.base), *lines, *[blank] * (below - box.height + box.base)]


def under(boxes: Sequence[Box]) -> Box:
    """Return boxes from top to bottom; the baseline is that of the first."""
    return Box(tuple(line for box in boxes for line in box.lines), boxes[0].base)
