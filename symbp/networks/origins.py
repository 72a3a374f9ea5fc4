"""Where sizes come from, as layers say it while they build; ``sizes`` makes letters of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from symbp.symbols import Variable

Axis = tuple[str, int]
"""The name of a symbol, and 0 for its rows or 1 for its columns."""


class Origin(StrEnum):
    """Where a size comes from, in words for the table of symbols."""

    INPUTS = "inputs"
    WIDTH = "width of a token"
    TOKENS = "tokens in a sequence"
    OTHER_WIDTH = "width of a token of the other sequence"
    OTHER_TOKENS = "tokens in the other sequence"
    VOCABULARY = "words of the vocabulary"
    UNITS = "units"
    HIDDEN = "hidden units"
    HEADS = "heads"
    HEAD_WIDTH = "width of a head"
    CHANNELS = "channels"
    CLASSES = "classes"
    OUTPUTS = "outputs"


Source = tuple[Origin, int, int]
"""A size as a layer brings it in: what it is, which layer, and the how many-th of the sizes that it brings in."""


@dataclass
class Origins:
    """What layers say of sizes: which axis gets its size from where, and which axes have the same.

    A layer that is repeated brings in the same sizes again: ``owner`` tells layers apart, 0 is the network itself.
    """

    sources: list[tuple[Axis, Source]] = field(default_factory=list)
    equal: list[tuple[Axis, Axis]] = field(default_factory=list)
    heads: dict[Source, int] = field(default_factory=dict)
    owner: int = 0
    place: int = 0

    def begin(self, owner: int) -> None:
        """Let what is said from here on come from another layer."""
        self.owner, self.place = owner, 0

    def brings(self, variable: Variable, axis: int, origin: Origin) -> None:
        """Say that a size begins here: this axis has it because a layer was told so."""
        self.place += 1
        self.sources.append(((variable.name, axis), (origin, self.owner, self.place)))

    def shares(self, variable: Variable, axis: int, other: Variable, of: int = 0) -> None:
        """Say that an axis has the size of another one because that is how the layer is made."""
        self.equal.append(((variable.name, axis), (other.name, of)))

    def divides(self, heads: int) -> None:
        """Say that what comes next is divided among this many heads."""
        self.place += 1
        self.heads[Origin.HEADS, self.owner, self.place] = heads
