"""Where the parts of a picture stand, in em: two rails, values to the right above, errors to the left below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from symbp.maths.tree import Node, Row, Sign
from symbp.pages.page import Box, Branch, Picture, PictureRole
from symbp.writing.breaking import Width

RAIL, MIDDLE, TOP = 1.5, 3.9, 5.9
"""How far a rail, the boxes on the way to a branch and the branch itself are from the middle line."""

ARROW, PAD, AROUND = 1.2, 0.75, 0.4
"""The shortest arrow; what a frame and a value need more than their formula."""

SHRINKS = 1.2
"""How much longer than the line a strip may be, whose arrows are then shorter."""

LABEL = 0.875
"""How large the letters beside an arrow are."""


@dataclass(frozen=True)
class Mark:
    """A formula at a place: a ``value``, an ``op`` in a frame, a ``sum``, a ``tall`` frame over both rails, a ``note``.

    What is ``learnt`` is a note over a value. A ``leg`` stands on the way to or from a branch, over its arrow; a
    ``corner`` shows nothing.
    """

    name: str
    x: float
    y: float
    kind: str
    value: Node
    error: bool
    leg: bool = False
    role: PictureRole | None = None


@dataclass(frozen=True)
class Arrow:
    """From one mark to another: straight, or first up and down (``|-``), or last (``-|``).

    A ``slanted`` one goes from side to side, whatever stands higher.
    """

    start: str
    end: str
    path: str
    label: Box | None
    error: bool
    head: bool = True
    slanted: bool = False


@dataclass
class Strip:
    """One piece of a picture that fits the line."""

    length: float = 0.0
    marks: list[Mark] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)


Part = Box | Branch
Pair = tuple[Part, Part]
NOWHERE = Box(Row(()))


def drawing(picture: Picture, measure: float, width: Width) -> list[Strip]:
    """Return a picture in strips, none wider than the measure if its parts allow; a strip begins as the last ended."""
    pairs = list(zip(picture.forward, picture.backward, strict=True))
    labelled = not any(isinstance(part, Branch) for pair in pairs for part in pair)
    return [_Layout(width, labelled).strip(piece) for piece in _pieces(pairs, measure, width, labelled)]


def _pieces(pairs: Sequence[Pair], measure: float, width: Width, labelled: bool) -> Iterator[list[Pair]]:
    piece: list[Pair] = []
    layout = _Layout(width, labelled)
    for place, pair in enumerate(pairs):
        piece.append(pair)
        ends = [k for k, each in enumerate(piece) if k > 1 and _is_value(each)]
        if layout.length(piece) > SHRINKS * measure and ends and place < len(pairs):
            end = ends[-1] if ends[-1] < len(piece) - 1 else (ends[-2] if len(ends) > 1 else None)
            if end is not None:
                yield piece[: end + 1]
                piece = piece[end:]
    yield piece


def _is_value(pair: Pair) -> bool:
    return isinstance(pair[0], Box) and pair[0].kind == "value"


def _is_nothing(part: Part) -> bool:
    return isinstance(part, Box) and part.value == Row(())


def _is_tall(pairs: Sequence[Pair], place: int) -> bool:
    """Say whether a pair is the last, and the same above and below: the loss, over both rails."""
    return place == len(pairs) - 1 > 0 and pairs[place][0] == pairs[place][1]


@dataclass
class _Layout:
    """Places the parts of one strip from left to right."""

    width: Width
    labelled: bool

    def strip(self, pairs: Sequence[Pair]) -> Strip:
        """Return a strip."""
        found = Strip(self.length(pairs))
        spots = list(self._spots(pairs))
        tall = _is_tall(pairs, len(pairs) - 1)
        for error in (False, True):
            _Rail(self, found, error).draw(spots, tall)
        return found

    def length(self, pairs: Sequence[Pair]) -> float:
        """Return how long a strip is."""
        *_, (_, start, size) = self._spots(pairs)
        return start + size

    def _spots(self, pairs: Sequence[Pair]) -> Iterator[tuple[Pair, float, float]]:
        """Yield parts with where they begin and how wide they are."""
        x = 0.0
        for place, pair in enumerate(pairs):
            size = max(map(self.size, pair))
            yield pair, x, size
            x += size + (0.0 if self.labelled and not _is_tall(pairs, place + 1) else ARROW)

    def size(self, part: Part) -> float:
        """Return how wide a part is on its rail."""
        if isinstance(part, Branch):
            return self.branch(part)[0]
        if _is_nothing(part):
            return 0.0
        if self.labelled and part.kind != "value":
            return max(LABEL * self.width(part.value) + 1.0, 2 * ARROW)
        return self.width(part.value) + (AROUND if part.kind == "value" else PAD)

    def branch(self, branch: Branch) -> tuple[float, list[float]]:
        """Return how wide a branch is, and how far its frames are from where it leaves."""
        _, first, steps, last, _ = legs(branch)
        x = 0.0
        places: list[float] = []
        before: Node | None = first.value if first else None
        for label, box in steps:
            noted = label.value if label else None
            half = (self.width(box.value) + PAD) / 2
            gap = LABEL * self.width(noted) + 0.8 if noted is not None else 0.9
            if not places and before is not None:
                gap = max(0.9, LABEL * self.width(before) / 2 + 0.3)
            places.append(x + gap + half)
            x += gap + 2 * half
        end = max(0.9, LABEL * self.width(last.value) / 2 + 0.3) if last else 0.9
        return max(x + end, self._least(branch)), places

    def _least(self, branch: Branch) -> float:
        """Return the least distance of the ways to and from a branch: the frames on them do not touch."""
        there, _, _, _, back = legs(branch)
        halves = [(self.width(each.value) + PAD) / 2 for each in (there, back) if each]
        return sum(halves) + 1.0


Steps = list[tuple[Box | None, Box]]


def legs(branch: Branch) -> tuple[Box | None, Box | None, Steps, Box | None, Box | None]:
    """Return the frame on the way, the value behind it, frames with values before them, the same on the way back."""
    boxes = list(branch.boxes)
    there = boxes.pop(0) if boxes and boxes[0].kind != "value" else None
    back = boxes.pop() if boxes and boxes[-1].kind != "value" else None
    first = boxes.pop(0) if boxes and boxes[0].kind == "value" else None
    last = boxes.pop() if boxes and boxes[-1].kind == "value" else None
    steps: Steps = []
    label: Box | None = None
    for box in boxes:
        if box.kind == "value":
            label = box
        else:
            steps.append((label, box))
            label = None
    return there, first, steps, last, back


@dataclass
class _Rail:
    """Draws one rail: values above, to the right, or errors below, to the left."""

    layout: _Layout
    found: Strip
    error: bool

    @property
    def side(self) -> float:
        """On which side of the middle line this rail is."""
        return -1.0 if self.error else 1.0

    def draw(self, spots: Sequence[tuple[Pair, float, float]], tall: bool) -> None:
        """Add the marks of a rail, then the arrows between those that are there."""
        names: list[tuple[str, Box | None]] = []
        label: Box | None = None
        for place, (pair, start, size) in enumerate(spots):
            part = pair[1 if self.error else 0]
            middle = start + size / 2
            name = f"{'e' if self.error else 'v'}{place}"
            if isinstance(part, Branch):
                names.append((self._branch(part, place, start, size), label))
            elif tall and place == len(spots) - 1:
                if not self.error:
                    self._mark("loss", middle, 0.0, "tall", part.value)
                names.append(("loss", label))
            elif _is_nothing(part):
                names.append(("", None))
            elif self.layout.labelled and part.kind != "value":
                label = part
                continue
            else:
                self._mark(name, middle, self.side * RAIL, part.kind, part.value, role=part.role)
                names.append((name, label))
            label = None
        self._arrows(names)

    def _mark(
        self,
        name: str,
        x: float,
        y: float,
        kind: str,
        value: Node,
        *,
        leg: bool = False,
        role: PictureRole | None = None,
    ) -> None:
        self.found.marks.append(Mark(name, x, y, kind, value, self.error, leg, role))

    def _arrow(self, start: str, end: str, path: str = "--", label: Box | None = None, *, head: bool = True) -> None:
        self.found.arrows.append(Arrow(start, end, path, label, self.error, head))

    def _arrows(self, names: Sequence[tuple[str, Box | None]]) -> None:
        for (left, _), (right, label) in pairwise(names):
            if left and right:
                ends = (right, left) if self.error else (left, right)
                self._arrow(*ends, label=label)

    def _branch(self, branch: Branch, place: int, start: float, size: float) -> str:
        """Add what leaves the rail and comes back to a sum on it; return the name of the sum."""
        letter = "e" if self.error else "v"
        leaves, returns = (start + size, start) if self.error else (start, start + size)
        forward = 1.0 if returns > leaves else -1.0
        there, first, steps, last, back = legs(branch)
        total, point = f"{letter}{place}", f"{letter}{place}p"
        self._mark(point, leaves, self.side * RAIL, "corner", Row(()))
        self._mark(total, returns, self.side * RAIL, "sum", Sign("+"))
        natural, places = self.layout.branch(branch)
        spare = (size - natural) / (len(places) + 1)
        names = []
        for k, (x, (_, box)) in enumerate(zip(places, steps, strict=True)):
            names.append(f"{letter}{place}x{k}")
            spot = leaves + forward * (x + spare * (k + 1)), self.side * TOP
            self._mark(names[-1], *spot, "op", box.value, role=box.role)
        self._way(point, names, [label for label, _ in steps], total)
        for x, leg, corner in ((leaves, there, first), (returns, back, last)):
            if leg:
                name = f"{total}{'t' if leg is there else 'b'}"
                self._mark(name, x, self.side * MIDDLE, "op", leg.value, leg=True, role=leg.role)
            if corner:
                self._mark(f"{total}{'f' if corner is first else 'l'}", x, self.side * TOP, "note", corner.value)
        return total

    def _way(self, point: str, names: Sequence[str], labels: Sequence[Box | None], total: str) -> None:
        if not names:
            names, labels = [f"{total}c"], [None]
            middle = (self.found.marks[-1].x + self.found.marks[-2].x) / 2
            self._mark(names[0], middle, self.side * TOP, "corner", Row(()))
        self._arrow(point, names[0], "|-", head=not names[0].endswith("c"))
        for start, end, label in zip(names, names[1:], labels[1:], strict=False):
            self._arrow(start, end, label=label)
        self._arrow(names[-1], total, "-|")
