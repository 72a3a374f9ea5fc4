"""Where the vertices of a graph stand: in columns from what is given to the loss, in rows so that few edges cross."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeAlias

Point: TypeAlias = tuple[int, int]
"""A vertex, and a column that its edges pass; its own column: the vertex itself."""

SWEEPS = 8
"""How often the columns are put in order by their neighbours, and then moved towards them."""

APART, PASSING = 1.0, 0.6
"""How far two vertices of a column are apart at least, in rows, and what only passes from them."""


@dataclass(frozen=True)
class Layering:
    """The column and the row of every vertex; ``passing`` has the rows of what passes columns, by vertex and column."""

    columns: tuple[int, ...]
    rows: tuple[float, ...]
    passing: Mapping[Point, float]


def layered(uses: Sequence[Sequence[int]]) -> Layering:
    """Return where vertices stand, each with those that it is made of: all of them before it in the list.

    Layers by longest paths, order by the barycentres of neighbours (Sugiyama, Tagawa, Toda 1981), rows by isotonic
    regression. All edges of a vertex share one way through the columns that they pass.
    """
    layout = _Layout(uses, _columns(uses))
    layout.order()
    rows = layout.rows()
    own = tuple(rows[at, column] for at, column in enumerate(layout.columns))
    return Layering(tuple(layout.columns), own, {point: row for point, row in rows.items() if not layout.is_own(point)})


def _columns(uses: Sequence[Sequence[int]]) -> list[int]:
    """Return the column of every vertex; what is given stands just before its first use."""
    found: list[int] = []
    for made_of in uses:
        found.append(1 + max((found[each] for each in made_of), default=-1))
    for at, made_of in enumerate(uses):
        users = [found[user] for user, each in enumerate(uses) if at in each]
        if not made_of and users:
            found[at] = min(users) - 1
    return found


@dataclass
class _Layout:
    """Points in columns; each is bound to points of the columns beside it."""

    uses: Sequence[Sequence[int]]
    columns: list[int]
    layers: list[list[Point]] = field(init=False)
    before: dict[Point, list[Point]] = field(default_factory=dict)
    after: dict[Point, list[Point]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Put the points of every edge into their columns."""
        self.layers = [[] for _ in range(max(self.columns) + 1)]
        for at, column in enumerate(self.columns):
            self._add((at, column))
        for end, made_of in enumerate(self.uses):
            for start in made_of:
                way = [(start, column) for column in range(self.columns[start], self.columns[end])]
                for point in way:
                    self._add(point)
                for one, other in pairwise([*way, (end, self.columns[end])]):
                    if other not in self.after[one]:
                        self.after[one].append(other)
                        self.before[other].append(one)

    def is_own(self, point: Point) -> bool:
        """Whether a point is a vertex, and nothing that passes."""
        return self.columns[point[0]] == point[1]

    def _add(self, point: Point) -> None:
        if point not in self.before:
            self.layers[point[1]].append(point)
            self.before[point], self.after[point] = [], []

    def order(self) -> None:
        """Put every column in the order in which the fewest edges were seen to cross."""
        best, least = [*map(list, self.layers)], self._crossings()
        for sweep in range(SWEEPS):
            ahead = sweep % 2 == 0
            for layer in self.layers if ahead else self.layers[::-1]:
                near = self.before if ahead else self.after
                place = {point: k for each in self.layers for k, point in enumerate(each)}
                means = {point: _mean([place[q] for q in near[point]], place[point]) for point in layer}
                layer.sort(key=means.__getitem__)
            count = self._crossings()
            if count < least:
                best, least = [*map(list, self.layers)], count
        self.layers = best

    def _crossings(self) -> int:
        place = {point: k for layer in self.layers for k, point in enumerate(layer)}
        count = 0
        for layer in self.layers:
            ends = [place[after] for point in layer for after in sorted(self.after[point], key=place.__getitem__)]
            count += sum(one > other for k, one in enumerate(ends) for other in ends[k + 1 :])
        return count

    def rows(self) -> dict[Point, float]:
        """Return the row of every point: near its neighbours, far enough from those of its column."""
        found = {point: APART * k for layer in self.layers for k, point in enumerate(layer)}
        for sweep in range(SWEEPS):
            for layer in self.layers if sweep % 2 == 0 else self.layers[::-1]:
                near = [[*self.before[point], *self.after[point]] for point in layer]
                goals = [_mean([found[q] for q in each], found[p]) for p, each in zip(layer, near, strict=True)]
                apart = [APART if self.is_own(p) and self.is_own(q) else PASSING for p, q in pairwise(layer)]
                found.update(zip(layer, _separated(goals, apart), strict=True))
        top = min(found.values())
        return {point: round(row - top, 2) for point, row in found.items()}


def _mean(values: Sequence[float], default: float) -> float:
    return sum(values) / len(values) if values else default


def _separated(goals: Sequence[float], apart: Sequence[float]) -> list[float]:
    """Return the places nearest to goals, in their order and far enough from each other: isotonic regression."""
    offsets = [0.0]
    for each in apart:
        offsets.append(offsets[-1] + each)
    pools: list[list[float]] = []
    for goal, offset in zip(goals, offsets, strict=True):
        pools.append([goal - offset])
        while len(pools) > 1 and _mean(pools[-2], 0.0) >= _mean(pools[-1], 0.0):
            pools[-2:] = [pools[-2] + pools[-1]]
    level = [mean for pool in pools for mean in [_mean(pool, 0.0)] * len(pool)]
    return [each + offset for each, offset in zip(level, offsets, strict=True)]
