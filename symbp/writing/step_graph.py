"""The graph of a page that is stepped through, as shapes in em: where its labels stand, how its arrows run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from symbp.maths.tree import Node
from symbp.pages.page import Text
from symbp.pages.tour import Arrow, Place, StepGraph
from symbp.writing.breaking import em_width

LANE, HALVES, BETWEEN = 2.5, 3.2, 1.5
"""Between two lanes, between the two halves of a strip, and between strips."""

GAP, PAD, HALF = 1.5, 0.5, 0.62
"""Least room between two columns, room in a label beside its formula, and half the height of a label."""

BESIDE = 0.85
"""How far the label of an arrow stands above it, of an error's below."""

BOW = 1.15
"""How far an arrow bows that passes by other places, or runs beside another one."""


@dataclass(frozen=True)
class Label:
    """A formula or words around a point: of a place, beside an arrow, above a strip."""

    key: str
    value: Node | Text
    x: float
    y: float
    kind: str
    is_error: bool = False
    height: float = 0


@dataclass(frozen=True)
class Way:
    """An arrow: its path and that of its head, as SVG has them."""

    key: str
    path: str
    head: str
    is_error: bool


@dataclass(frozen=True)
class Drawn:
    """The graph in em."""

    width: float
    height: float
    labels: tuple[Label, ...]
    ways: tuple[Way, ...]


@dataclass(frozen=True)
class _Spot:
    x: float
    y: float
    width: float
    place: Place
    height: float = 0


def drawn(graph: StepGraph) -> Drawn:
    """Return a graph with a place for everything, its strips under each other."""
    labels: list[Label] = []
    ways: list[Way] = []
    top, width = 0.9, 0.0
    for strip in sorted({each.strip for each in graph.places}):
        places = [each for each in graph.places if each.strip == strip]
        keys = {each.key for each in places}
        arrows = [each for each in graph.arrows if each.start in keys]
        name = graph.names[strip] if strip < len(graph.names) else ()
        if name:
            labels.append(Label("", name, 0.2, top + 0.1, "cap"))
            top += 1.5
        spots, right, bottom = _spots(places, arrows, top)
        spots = _with_loss(spots, arrows)
        labels += map(_label, spots.values())
        for way, label in _ways(arrows, spots):
            ways.append(way)
            labels += [label] if label else []
        top, width = bottom + BETWEEN, max(width, right)
    return Drawn(width, top - BETWEEN + 0.6, tuple(labels), tuple(ways))


def _spots(places: Sequence[Place], arrows: Sequence[Arrow], top: float) -> tuple[dict[str, _Spot], float, float]:
    """Return where each place of a strip is, the right end and the bottom of the strip."""
    by_key = {each.key: each for each in places}
    columns = sorted({each.column for each in places})
    widths = {at: max(em_width(each.value) + 2 * PAD for each in places if each.column == at) for at in columns}
    centres, x = {}, 0.2
    for at, column in enumerate(columns):
        centres[column] = x + widths[column] / 2
        x += widths[column]
        if at + 1 < len(columns):
            x += _room(arrows, by_key, column, columns[at + 1])
    bows = any(_is_bowed(each, arrows, by_key) for each in arrows)
    ahead = [-each.lane for each in places if not each.is_error]
    back = [each.lane for each in places if each.is_error]
    upper = top + HALF + (BOW + 0.9) * bows + LANE * max(ahead, default=0)
    lower = upper + LANE * -min(ahead, default=0) + HALVES - LANE * min(back, default=0)
    spots = {}
    for each in places:
        y = lower + LANE * each.lane if each.is_error else upper + LANE * each.lane
        spots[each.key] = _Spot(centres[each.column], y, em_width(each.value) + 2 * PAD, each)
    end = lower + LANE * max(back) + (BOW + 0.9) * bows if back else upper - LANE * min(ahead)
    return spots, x, end + HALF


def _room(arrows: Sequence[Arrow], places: Mapping[str, Place], left: int, right: int) -> float:
    """Return how far two columns are apart: enough for what stands beside the arrows between them."""
    room, labels = GAP, 0
    for each in arrows:
        start, end = places[each.start], places[each.end]
        if {start.column, end.column} == {left, right}:
            room = max(room, (em_width(each.label) + 1.1 if each.label else GAP) + 0.5 * abs(start.lane - end.lane))
            labels += each.label is not None
    return room + 0.6 * max(0, labels - 2)


def _is_bowed(arrow: Arrow, arrows: Sequence[Arrow], places: Mapping[str, Place]) -> bool:
    """Whether an arrow passes by other places, leads on to another repetition, or is the second between two places."""
    start, end = places[arrow.start], places[arrow.end]
    if start.is_loss:
        return False
    low, high = sorted((start.column, end.column))
    same = [each for each in places.values() if each.lane == start.lane and each.is_error == end.is_error]
    passes = any(low < each.column < high for each in same)
    second = any(each.start == arrow.start and each.end == arrow.end for each in arrows[: arrows.index(arrow)])
    turns = (end.column > start.column) if end.is_error else (end.column < start.column)
    return (passes and start.lane == end.lane) or second or turns


def _label(spot: _Spot) -> Label:
    kind = "loss" if spot.place.is_loss else "value"
    return Label(spot.place.key, spot.place.value, spot.x, spot.y, kind, spot.place.is_error, spot.height)


def _with_loss(spots: dict[str, _Spot], arrows: Sequence[Arrow]) -> dict[str, _Spot]:
    """Return places with that of the loss between what it compares and the error that starts at it."""
    loss = next((each for each in spots.values() if each.place.is_loss), None)
    if loss is None:
        return spots
    above = [spots[each.start].y for each in arrows if each.end == loss.place.key]
    below = [spots[each.end].y for each in arrows if each.start == loss.place.key]
    if not above or not below:
        return spots
    high, low = above[0], below[0]
    return {**spots, loss.place.key: replace(loss, y=(high + low) / 2, height=low - high)}


def _ways(arrows: Sequence[Arrow], spots: Mapping[str, _Spot]) -> Iterator[tuple[Way, Label | None]]:
    places = {key: each.place for key, each in spots.items()}
    for arrow in arrows:
        start, end = spots[arrow.start], spots[arrow.end]
        is_error = end.place.is_error
        if _is_bowed(arrow, arrows, places):
            path, head, middle = _bow(start, end, is_error)
        else:
            path, head, middle = _line(start, end, is_error, _bend(start, end, spots))
        label = None if arrow.label is None else Label(arrow.key, arrow.label, *middle, "beside", is_error)
        yield Way(arrow.key, path, head, is_error), label


def _bend(start: _Spot, end: _Spot, spots: Mapping[str, _Spot]) -> _Spot | None:
    """Return the column at which an arrow past other columns leaves its lane, or of errors comes to that of its end."""
    if start.place.lane == end.place.lane or start.place.is_loss or end.place.is_loss:
        return None
    off, to = (start, end) if not end.place.is_error else (end, start)
    between = [each for each in spots.values() if off.place.column < each.place.column < to.place.column]
    lane = [each for each in between if each.place.lane == off.place.lane and each.place.is_error == off.place.is_error]
    return max(between, key=lambda each: each.x) if between and not lane else None


def _line(start: _Spot, end: _Spot, is_error: bool, bend: _Spot | None) -> tuple[str, str, tuple[float, float]]:
    """Return an arrow, straight or with a bend, and where its label stands: above, of errors below, or on a slant."""
    y0 = end.y if start.place.is_loss else start.y
    y1 = start.y if end.place.is_loss else end.y
    side = (end.x > start.x) - (end.x < start.x)
    if side == 0:
        down = 1 if y1 > y0 else -1
        a, b = (start.x, y0 + down * HALF), (end.x, y1 - down * (HALF + 0.1))
    else:
        a, b = (start.x + side * start.width / 2, y0), (end.x - side * (end.width / 2 + 0.08), y1)
    points = [a, b] if bend is None else [a, (bend.x, y1 if is_error else y0), b]
    is_long = y0 == y1 or abs(end.place.column - start.place.column) > 1
    at = 0.5 if is_long else 0.75 if abs(end.place.lane) > abs(start.place.lane) else 0.25
    off = 0 if y0 != y1 and bend is None else BESIDE if is_error else -BESIDE
    c, d = (points[-2:] if is_error else points[:2]) if bend is not None else (a, b)
    middle = (c[0] + at * (d[0] - c[0]), c[1] + at * (d[1] - c[1]) + off)
    path = "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in points)
    return path, _head(points[-2], b), middle


def _bow(start: _Spot, end: _Spot, is_error: bool) -> tuple[str, str, tuple[float, float]]:
    """Return an arrow around what stands between: above, of errors below."""
    away = 1 if is_error else -1
    a, b = (start.x, start.y + away * HALF), (end.x, end.y + away * (end.height / 2 + HALF + 0.1))
    over = away * BOW / 0.75 * 1.0
    c, d = (a[0], a[1] + over), (b[0], b[1] + over)
    path = f"M{_n(a[0])} {_n(a[1])}C{_n(c[0])} {_n(c[1])} {_n(d[0])} {_n(d[1])} {_n(b[0])} {_n(b[1])}"
    return path, _head(d, b), ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2 + away * (BOW + 0.62))


def _head(a: tuple[float, float], b: tuple[float, float]) -> str:
    """Return the head of an arrow from one point to another."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = (dx * dx + dy * dy) ** 0.5 or 1
    u, v = 0.42 * dx / length, 0.42 * dy / length
    corners = ((b[0] - u - v / 2, b[1] - v + u / 2), (b[0] - u + v / 2, b[1] - v - u / 2))
    return f"M{_n(b[0])} {_n(b[1])}" + "".join(f"L{_n(x)} {_n(y)}" for x, y in corners) + "z"


def _n(size: float) -> str:
    return f"{size:.2f}".rstrip("0").rstrip(".")
