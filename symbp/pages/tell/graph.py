"""The graph of a network: what each line makes of what, values one way and errors the other."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

from sympy import MatrixSymbol

from symbp.equations import Equation, nodes, symbols_in
from symbp.maths.names import Slot, slot_of
from symbp.maths.tree import Node
from symbp.ops.losses import LinkedLoss
from symbp.pages.layering import Layering, layered
from symbp.pages.page import Block, Edge, Figure, Graph, PictureRole, Vertex
from symbp.pages.tell.beside import is_start
from symbp.pages.tell.context import Context
from symbp.pages.tell.levels import Deep
from symbp.pages.tell.picture import NOTHING, key, moves
from symbp.roles import Role
from symbp.symbols import Adjoint
from symbp.views.lines import Indexed, lines_of
from symbp.views.turned import operation


def drawn_graph(c: Context) -> list[Block]:
    """Return the figure of a network whose values do not follow each other on a rail."""
    found = graph(c)
    there: set[PictureRole] = {"learnt" for each in found.vertices if each.learnt}
    return [Figure(found, c.words("picture.graph"), key=key(c.words, there))]


def graph(c: Context) -> Graph:
    """Return the graph of a network: a vertex for every line of its list, folded as it is, and for what is given.

    Of a network with blocks it is that of the list that calls them.
    """
    found = _Collection(c)
    for each in _lines(c):
        found.add(each)
    return found.graph()


def _is_learnt(symbol: MatrixSymbol) -> bool:
    """Whether a symbol is a parameter, which enters from no other vertex."""
    return not moves(slot_of(symbol)[0])


@dataclass(frozen=True)
class _Case:
    """An equation, the label of its line, and what is one vertex; ``is_tile`` are rows of what there is already."""

    equation: Equation
    label: str
    key: Hashable
    is_tile: bool = False


def _lines(c: Context) -> Iterator[_Case]:
    """Yield the equations of the list, each case of a line."""
    if isinstance(c, Deep):
        shown = c.levels.forward if c.stacked is None else c.stacked.part.forward
        yield from (_Case(each, c.forward_labels.get(each.lhs.name, ""), each.lhs) for each in shown)
        return
    labels = {id(each.line): pair[0].label for pair in c.pairs for each in pair}
    for each in c.spell(lines_of(c.reading.forward_lines), backward=False):
        if not is_start(each):
            yield _Case(each.equation, labels.get(id(each.line), ""), id(each.line), c.is_tile(each))


def _printed(equation: Equation) -> list[MatrixSymbol]:
    """Return the symbols that are printed on the right: a fused loss is a function of z, and shows what z's link is."""
    hidden = {
        symbol
        for node in map(operation, nodes(equation.rhs))
        if isinstance(node, LinkedLoss)
        for symbol in symbols_in(node.args[0])
    }
    return [each for each in symbols_in(equation.rhs) if each not in hidden]


@dataclass
class _Collection:
    """Vertices as they are met: what each is, what it is made of, and in which line."""

    c: Context
    values: list[MatrixSymbol] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    uses: list[list[int]] = field(default_factory=list)
    learnt: list[list[Node]] = field(default_factory=list)
    own: dict[Hashable, int] = field(default_factory=dict)
    made: dict[Slot, tuple[int, ...]] = field(default_factory=dict)
    given: dict[MatrixSymbol, int] = field(default_factory=dict)

    def add(self, case: _Case) -> None:
        """Add what an equation makes, or one more case of it."""
        lhs = self.c.reading.spelled(case.equation.lhs)
        used = [self.c.reading.spelled(each) for each in dict.fromkeys(_printed(case.equation))]
        is_first = case.key not in self.own
        sources = [at for each in used if not _is_learnt(each) for at in self._source(each, lhs, is_first)]
        if case.is_tile or not self.c.shows(case.equation.lhs):
            self.made[slot_of(lhs)] = tuple(sources)
            return
        if is_first:
            self.own[case.key] = self._append(lhs, case.label)
            self.made[slot_of(lhs)] = (self.own[case.key],)
        at = self.own[case.key]
        names = [self.c.names.symbol(each) for each in used if _is_learnt(each)]
        self.uses[at] = list(dict.fromkeys([*self.uses[at], *(each for each in sources if each < at)]))
        self.learnt[at] = list(dict.fromkeys([*self.learnt[at], *names]))

    def _source(self, symbol: MatrixSymbol, lhs: MatrixSymbol, is_first: bool) -> tuple[int, ...]:
        """Return the vertices that a symbol stands for: of another repetition one of its own, made of the first.

        A further case of a line brings none: what it starts from stands for the same.
        """
        made = self.made.get(slot_of(symbol), ())
        if made and not self._is_elsewhere(symbol, lhs):
            return made
        if symbol not in self.given and is_first:
            self.given[symbol] = self._append(symbol, "")
            self.uses[self.given[symbol]] = list(made)
        return (self.given[symbol],) if symbol in self.given else ()

    def _is_elsewhere(self, symbol: MatrixSymbol, lhs: MatrixSymbol) -> bool:
        """Whether a symbol has another value of an index than what is made of it: the state before."""
        own, other = (
            dict(zip(self.c.names.loops(each), each.indices, strict=True)) if isinstance(each, Indexed) else {}
            for each in (symbol, lhs)
        )
        words = self.c.names.words
        return any(other.get(letter, index) != index for letter, index in own.items() if letter not in words)

    def _append(self, symbol: MatrixSymbol, label: str) -> int:
        self.values.append(symbol)
        self.labels.append(label)
        self.uses.append([])
        self.learnt.append([])
        return len(self.values) - 1

    def graph(self) -> Graph:
        """Return the graph, laid out."""
        place = layered(self.uses)
        errors = {slot_of(each.equation.lhs.of): each.label for each in self.c.errors}
        flows: list[bool] = []
        for made_of, learnt, symbol in zip(self.uses, self.learnt, self.values, strict=True):
            flows.append(bool(learnt) or slot_of(symbol) in errors or any(flows[each] for each in made_of))
        vertices: list[Vertex] = []
        for at, symbol in enumerate(self.values):
            slot = slot_of(symbol)
            is_loss = slot[0].role is Role.LOSS
            has_error = slot in errors and not is_loss
            error = self.c.value(Adjoint(symbol)) if has_error else NOTHING if flows[at] and not is_loss else None
            lines = self.labels[at], errors.get(slot, "")
            spot = place.columns[at], place.rows[at]
            vertices.append(Vertex(self.c.value(symbol), error, *spot, tuple(self.learnt[at]), *lines, is_loss))
        return Graph(tuple(vertices), tuple(self._edges(place)))

    def _edges(self, place: Layering) -> Iterator[Edge]:
        for end, made_of in enumerate(self.uses):
            for start in made_of:
                passed = range(place.columns[start] + 1, place.columns[end])
                yield Edge(start, end, tuple(place.passing[start, column] for column in passed))
