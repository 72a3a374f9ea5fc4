"""A picture as shapes for writers that draw by numbers: boxes with formulas, ways between them, heads; y goes down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot

from symbp.maths.tree import Node
from symbp.pages.page import Box, PictureRole
from symbp.writing.breaking import Width
from symbp.writing.drawing import AROUND, LABEL, PAD, Arrow, Mark, Strip

Point = tuple[float, float]

LINE, FRAME, SUM, TALL = 1.4, 1.7, 1.1, 4.6
"""How tall a value, a frame and the frame over both rails are, and how wide the circle of a sum, in em."""

NOTE = 0.75
"""How far the letters beside an arrow, or at a corner, are from it."""

HEAD = (0.55, 0.2)
"""How long the head of an arrow is, and half of how wide."""


@dataclass(frozen=True)
class Shape:
    """A formula around a point, bare (``value``, ``note``), in a frame (``op``, ``tall``) or a circle (``sum``)."""

    kind: str
    value: Node
    error: bool
    x: float
    y: float
    width: float
    height: float
    role: PictureRole | None = None


@dataclass(frozen=True)
class Way:
    """A line from point to point, and the three points of its head, if it has one."""

    points: tuple[Point, ...]
    head: tuple[Point, ...]
    error: bool


@dataclass(frozen=True)
class Shapes:
    """What a strip is drawn of; ways come first, so that frames lie over them."""

    width: float
    height: float
    ways: tuple[Way, ...]
    shapes: tuple[Shape, ...]
    above: float
    """How much of its height is above the line between the rails."""


def shapes(strip: Strip, width: Width) -> Shapes:
    """Return a strip as shapes, its upper left corner at (0, 0)."""
    boxes = [_shape(mark, width) for mark in strip.marks]
    by_name = dict(zip((mark.name for mark in strip.marks), boxes, strict=True))
    lines = [_points(arrow, by_name) for arrow in strip.arrows]
    labels = [
        _note(arrow.label, arrow.error, points, width)
        for arrow, points in zip(strip.arrows, lines, strict=True)
        if arrow.label is not None
    ]
    shown = [shape for mark, shape in zip(strip.marks, boxes, strict=True) if mark.kind != "corner"] + labels
    left = min(0.0, *(each.x - each.width / 2 for each in shown))
    right = max(strip.length, *(each.x + each.width / 2 for each in shown))
    top = min(each.y - each.height / 2 for each in shown)
    bottom = max(each.y + each.height / 2 for each in shown)

    def moved(point: Point) -> Point:
        return point[0] - left, point[1] - top

    ways = tuple(
        Way(tuple(map(moved, points)), tuple(map(moved, _head(points))) if arrow.head else (), arrow.error)
        for arrow, points in zip(strip.arrows, lines, strict=True)
    )
    placed = (
        Shape(each.kind, each.value, each.error, *moved((each.x, each.y)), each.width, each.height, each.role)
        for each in shown
    )
    return Shapes(right - left, bottom - top, ways, tuple(placed), -top)


_PADS = {"value": (AROUND, LINE), "op": (PAD, FRAME), "tall": (PAD, TALL)}


def _shape(mark: Mark, width: Width) -> Shape:
    x, y = mark.x, -mark.y
    if mark.kind == "sum":
        return Shape(mark.kind, mark.value, mark.error, x, y, SUM, SUM)
    if mark.kind == "corner":
        return Shape(mark.kind, mark.value, mark.error, x, y, 0.0, 0.0)
    if mark.kind in ("note", "learnt"):
        return _noted(mark, mark.error, (x, y), width)
    pad, height = _PADS[mark.kind]
    return Shape(mark.kind, mark.value, mark.error, x, y, width(mark.value) + pad, height, mark.role)


def _note(label: Box, error: bool, points: Sequence[Point], width: Width) -> Shape:
    """Return the formula beside the middle of an arrow."""
    (x, y), (end, _) = points[0], points[-1]
    return _noted(label, error, ((x + end) / 2, y), width)


def _noted(label: Box | Mark, error: bool, point: Point, width: Width) -> Shape:
    """Return small letters over a point, for an error under it."""
    x, y = point
    spot = x, y + (NOTE if error else -NOTE)
    return Shape("note", label.value, error, *spot, LABEL * width(label.value) + AROUND, LABEL * LINE, label.role)


def _points(arrow: Arrow, by_name: dict[str, Shape]) -> tuple[Point, ...]:
    """Return the points of an arrow, from border to border; on the frame over both rails at the height of the other."""
    start, end = by_name[arrow.start], by_name[arrow.end]
    first, last = (start.x, start.y), (end.x, end.y)
    if arrow.slanted:
        ahead = 0.5 if end.x > start.x else -0.5
        return (start.x + ahead * start.width, start.y), (end.x - ahead * end.width, end.y)
    if start.kind == "tall":
        first = (start.x, end.y)
    if end.kind == "tall":
        last = (end.x, start.y)
    corners = {"|-": [(first[0], last[1])], "-|": [(last[0], first[1])]}.get(arrow.path, [])
    points = [first, *corners, last]
    return (_border(start, points[0], points[1]), *corners, _border(end, points[-1], points[-2]))


def _border(shape: Shape, point: Point, towards: Point) -> Point:
    """Return where a line from a point of a shape leaves it."""
    (x, y), (to_x, to_y) = point, towards
    if y == to_y:
        return x + shape.width / 2 * (1 if to_x > x else -1), y
    return x, y + shape.height / 2 * (1 if to_y > y else -1)


def _head(points: Sequence[Point]) -> tuple[Point, ...]:
    """Return the tip and the two other points of the head at the end of a line."""
    (from_x, from_y), (x, y) = points[-2:]
    long, half = HEAD
    way = hypot(x - from_x, y - from_y)
    along_x, along_y = (x - from_x) / way, (y - from_y) / way
    back_x, back_y = x - long * along_x, y - long * along_y
    return (
        (x, y),
        (back_x - half * along_y, back_y + half * along_x),
        (back_x + half * along_y, back_y - half * along_x),
    )
