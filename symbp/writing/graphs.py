"""A picture or a graph in strips that fit a line: of a graph each is a part, from some columns to the next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise

from symbp.maths.tree import COMMA, Node, Row, joined
from symbp.pages.page import Box, Branch, Edge, Graph, Picture, PictureRole, Vertex
from symbp.writing.breaking import Width
from symbp.writing.drawing import AROUND, LABEL, PAD, SHRINKS, Arrow, Mark, Strip, drawing
from symbp.writing.formula import Speller

GAP, COLUMN = 0.75, 2.2
"""How far a value, and its error, is from the middle of its row; how far columns are apart, in em."""

ROW, CLOSE = 4.0, 2.5
"""How far rows are apart where something is learnt below an error, and where nothing is."""

ABOVE = 0.55
"""How far what is learnt stands above the value that it makes."""


def strips_of(picture: Picture | Graph, measure: float, width: Width) -> list[Strip]:
    """Return what a figure shows, in strips none of which is wider than the measure if its parts allow."""
    if isinstance(picture, Picture):
        return drawing(picture, measure, width)
    return [_Drawing(piece, width).strip() for piece in _pieces(picture, SHRINKS * measure, width)]


def described(picture: Picture | Graph) -> str:
    """Return what a figure shows, for who does not see it: values to the right, then errors to the left."""
    if isinstance(picture, Graph):
        return _made(picture)
    speller = Speller.of(each.value for rail in (picture.forward, picture.backward) for each in _boxes(rail))

    def along(rail: Sequence[Box | Branch], arrow: str) -> str:
        parts = [
            f"({along(each.boxes, arrow)})" if isinstance(each, Branch) else speller.line(each.value) for each in rail
        ]
        return f" {arrow} ".join(filter(None, parts))

    return f"{along(picture.forward, '→')}; {along(picture.backward, '←')}"


def _boxes(rail: Sequence[Box | Branch]) -> Iterator[Box]:
    for each in rail:
        yield from each.boxes if isinstance(each, Branch) else (each,)


def _made(graph: Graph) -> str:
    """Return what each vertex is made of."""
    speller = Speller.of(node for each in graph.vertices for node in (each.value, *each.learnt))
    names = [speller.line(each.value) for each in graph.vertices]
    made = [
        (end, [names[edge.start] for edge in graph.edges if edge.end == end] + list(map(speller.line, vertex.learnt)))
        for end, vertex in enumerate(graph.vertices)
    ]
    return "; ".join(f"{', '.join(sources)} → {names[end]}" for end, sources in made if sources)


def _pieces(graph: Graph, most: float, width: Width) -> Iterator[Graph]:
    """Yield parts of a graph that fit; what an earlier part makes stands again before the columns that use it."""
    start, end = 0, 1 + max(each.column for each in graph.vertices)
    while start < end:
        stop = next(
            (stop for stop in range(end, start + 1, -1) if _fits(_part(graph, start, stop), most, width)), start + 1
        )
        yield _part(graph, start, stop)
        start = stop


def _fits(graph: Graph, most: float, width: Width) -> bool:
    return _Drawing(graph, width).length <= most


def _part(graph: Graph, start: int, stop: int) -> Graph:
    """Return some columns of a graph, with what edges bring from those before."""
    own = {at for at, each in enumerate(graph.vertices) if start <= each.column < stop}
    edges = [each for each in graph.edges if each.end in own]
    brought = {each.start: _row_before(graph, each, start) for each in edges if each.start not in own}
    again = {
        at: replace(graph.vertices[at], column=start - 1, row=row, learnt=()) for at, row in sorted(brought.items())
    }
    vertices = again | {at: graph.vertices[at] for at in sorted(own)}
    place = {at: k for k, at in enumerate(vertices)}
    cut = [
        Edge(place[each.start], place[each.end], each.rows[max(0, start - 1 - graph.vertices[each.start].column) :])
        for each in edges
    ]
    return Graph(tuple(vertices.values()), tuple(cut))


def _row_before(graph: Graph, edge: Edge, column: int) -> float:
    """Return the row in which an edge passes the column before one, or leaves it."""
    vertex = graph.vertices[edge.start]
    rows = (vertex.row, *edge.rows)
    return rows[column - 1 - vertex.column]


@dataclass
class _Drawing:
    """Draws a part of a graph."""

    graph: Graph
    width: Width
    marks: list[Mark] = field(default_factory=list)
    arrows: dict[tuple[str, str], Arrow] = field(default_factory=dict)

    @property
    def length(self) -> float:
        """How long it is."""
        *_, last = self._columns().values()
        return last[0] + last[1] / 2

    @cached_property
    def _row(self) -> float:
        learnt = [each for each in self.graph.vertices if each.learnt]
        above = ((low, top) for low in learnt for top in self.graph.vertices if low.column == top.column)
        return ROW if any(top.row < low.row for low, top in above) else CLOSE

    def _columns(self) -> dict[int, tuple[float, float]]:
        """Return the middle and the width of every column."""
        sizes: dict[int, float] = {}
        for each in sorted(self.graph.vertices, key=lambda vertex: vertex.column):
            sizes[each.column] = max(sizes.get(each.column, 0.0), self._size(each))
        found, x = {}, 0.0
        for column, size in sizes.items():
            found[column] = (x + size / 2, size)
            x += size + COLUMN
        return found

    def _size(self, vertex: Vertex) -> float:
        values = [each for each in (vertex.value, vertex.error) if each is not None]
        pad = PAD if vertex.is_loss else AROUND
        return max([*(self.width(each) + pad for each in values), LABEL * self.width(_learnt(vertex)) + AROUND])

    def strip(self) -> Strip:
        """Return it drawn."""
        places = {column: x for column, (x, _) in self._columns().items()}
        for at, vertex in enumerate(self.graph.vertices):
            self._vertex(at, vertex, places[vertex.column])
        for edge in self.graph.edges:
            start, end = self.graph.vertices[edge.start], self.graph.vertices[edge.end]
            columns = range(start.column + 1, end.column)
            passed = [(places[column], row, column) for column, row in zip(columns, edge.rows, strict=True)]
            self._way(edge, passed, "v", error=False)
            if start.error is not None and (end.error is not None or end.is_loss):
                self._way(edge, passed, "e", error=True)
        return Strip(self.length, self.marks, list(self.arrows.values()))

    def _vertex(self, at: int, vertex: Vertex, x: float) -> None:
        y = -self._row * vertex.row
        if vertex.is_loss:
            self._mark(_name("v", at), x, y, "op", vertex.value)
            return
        self._mark(_name("v", at), x, y + GAP, "value", vertex.value)
        if vertex.learnt:
            self._mark(f"l{at}", x, y + GAP + ABOVE, "learnt", _learnt(vertex), role="learnt")
        if vertex.error is not None:
            self._mark(_name("e", at), x, y - GAP, "value", vertex.error, error=True)

    def _way(self, edge: Edge, passed: Sequence[tuple[float, float, int]], lane: str, *, error: bool) -> None:
        """Add the arrows of an edge in one direction; of a way that several share, once."""
        names = [_name(lane, edge.start)]
        for x, row, column in passed:
            names.append(f"{_name(lane, edge.start)}c{column}")
            if all(mark.name != names[-1] for mark in self.marks):
                self._mark(names[-1], x, -self._row * row + (-GAP if error else GAP), "corner", Row(()), error=error)
        names.append(_name("v" if self.graph.vertices[edge.end].is_loss else lane, edge.end))
        if error:
            names.reverse()
        for place, (start, end) in enumerate(pairwise(names)):
            head = place == len(names) - 2
            self.arrows[start, end] = Arrow(start, end, "--", None, error, head, slanted=True)

    def _mark(
        self,
        name: str,
        x: float,
        y: float,
        kind: str,
        value: Node,
        *,
        error: bool = False,
        role: PictureRole | None = None,
    ) -> None:
        self.marks.append(Mark(name, x, y, kind, value, error, role=role))


def _name(lane: str, at: int) -> str:
    return f"{lane}{at}"


def _learnt(vertex: Vertex) -> Node:
    return joined(list(vertex.learnt), COMMA) if vertex.learnt else Row(())
