"""The figure of a page, for formats that show nothing else, and the key to its roles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from symbp.errors import SpecError
from symbp.pages.page import Figure, Page, PictureRole, Text
from symbp.writing.columns import text_width

SAMPLE, GAP, ENTRY = 2.4, 0.5, 1.6
"""How long a sample in the key is, how far its word is from it, and how far two of its entries are apart, in em."""


@dataclass(frozen=True)
class Entry:
    """A role in the key: a sample of how it is drawn, where it begins, and its words, in which line."""

    role: PictureRole
    words: Text
    left: float
    line: int

    @property
    def right(self) -> float:
        """Where the sample ends."""
        return self.left + SAMPLE


def the_figure(page: Page, format_name: str) -> Figure:
    """Return the picture of a page.

    Raises:
        SpecError: there is none.
    """
    found = next((each for each in page.blocks if isinstance(each, Figure)), None)
    if found is None:
        raise SpecError(f"this page has no picture of a network to write as {format_name}; give another format")
    return found


def entries(figure: Figure, width: float) -> Iterator[Entry]:
    """Yield the key of a figure, in lines of a width."""
    left, line = 0.0, 0
    for role, words in figure.key:
        size = SAMPLE + GAP + text_width(words)
        if left and left + size > width:
            left, line = 0.0, line + 1
        yield Entry(role, words, left, line)
        left += size + ENTRY
