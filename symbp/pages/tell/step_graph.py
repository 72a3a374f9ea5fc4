"""The graph of a page: its values to the right, their errors to the left below, and what each step lights of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING

from sympy import MatAdd, MatMul, MatrixExpr, MatrixSymbol, Transpose

from symbp.calculus.factor import Acts, Factor
from symbp.equations import Equation, nodes, operands, symbols_in
from symbp.maths.factors import Factors
from symbp.maths.maps import name_of_call, name_of_map
from symbp.maths.names import Slot, slot_of
from symbp.maths.tree import EQUALS, TIMES, Id, Node, Row, joined, row
from symbp.ops.elementwise import Slope
from symbp.ops.losses import Loss
from symbp.pages.tell.context import Context, Spelled
from symbp.pages.tell.levels import Deep
from symbp.pages.tell.picture import operation_name
from symbp.pages.tour import Arrow, Place, StepGraph
from symbp.roles import Role
from symbp.symbols import Adjoint
from symbp.views.blocks import Call, Pull
from symbp.views.lines import lines_of
from symbp.views.over import SumOver
from symbp.views.product import edges, is_flat
from symbp.views.turned import plain

if TYPE_CHECKING:
    from symbp.pages.tell.tour import Told

MOST_FACTORS = 2
"""Most factors that stand beside an arrow."""


@dataclass
class _Node:
    """A value, or an error, while its place is looked for."""

    key: str
    symbol: MatrixSymbol
    strip: int
    column: int = 0
    lane: float = 0
    is_defined: bool = False
    value: Node | None = None
    before: list[_Node] = field(default_factory=list)


def graph_of(c: Context, told: Sequence[Told], *, is_exact: bool) -> tuple[StepGraph, list[tuple[str, ...]]]:
    """Return the graph of steps and, for each of them, the keys of what it lights.

    Where it ``is_exact`` every symbol is one value; else one without a shift of its index is that of its line.
    """
    return _Builder(c, is_exact).built(told)


class _Builder:
    """Builds a graph step by step: places of values first, then those of errors under them."""

    def __init__(self, c: Context, is_exact: bool) -> None:
        self.c, self.is_exact = c, is_exact
        self.values: list[_Node] = []
        self.errors: list[_Node] = []
        self.arrows: list[Arrow] = []
        self.loss: _Node | None = None
        tiles = (each for each in c.spell(lines_of(c.reading.forward_lines), backward=False) if c.is_tile(each))
        self.same = {
            slot_of(each.equation.lhs): slot_of(own) for each in tiles for own in symbols_in(each.equation.rhs)
        }

    def built(self, told: Sequence[Told]) -> tuple[StepGraph, list[tuple[str, ...]]]:
        """Return the graph and what each step lights."""
        ahead = [each for each in told if not each.is_backward]
        lights = [self._computed(each) for each in ahead]
        self._lanes()
        lights += [self._sent_back(each) for each in told[len(ahead) :]]
        places = [
            *(self._place(each, False) for each in self.values),
            *(self._place(each, True) for each in self.errors),
        ]
        return StepGraph(tuple(places), tuple(self.arrows)), lights

    def _place(self, node: _Node, is_error: bool) -> Place:
        value = node.value or self.c.names.symbol(node.symbol)
        return Place(node.key, value, node.strip, node.column, node.lane, is_error, node is self.loss)

    def _slot(self, symbol: MatrixSymbol) -> Slot:
        """Return what is one place: a matrix and the blocks of rows that it is taken apart into are one."""
        slot = slot_of(symbol.of if isinstance(symbol, Adjoint) else symbol)
        return self.same.get(slot, slot)

    def _node(self, nodes: list[_Node], symbol: MatrixSymbol, strip: int) -> _Node:
        """Return the place of a symbol in a strip: its own, that of its like where it is one of them, or a new one."""
        here = [each for each in nodes if each.strip == strip]
        own = next((each for each in here if each.symbol == symbol), None)
        if own is None and not self.is_exact and not _is_shifted(symbol):
            alike = [each for each in here if each.is_defined and self._slot(each.symbol) == self._slot(symbol)]
            own = next((each for each in alike if _runs(each.symbol)), alike[0] if alike else None)
        if own is None and nodes is self.values and not self.is_exact and _is_shifted(symbol):
            alike = [each for each in here if each.is_defined and self._slot(each.symbol) == self._slot(symbol)]
            own = next((each for each in alike if not _runs(each.symbol)), None)  # h₀, where the recursion starts.
            if own is not None:
                own.value = self.c.names.symbol(symbol)
        return own or self._defined(nodes, symbol, strip)

    def _defined(self, nodes: list[_Node], symbol: MatrixSymbol, strip: int) -> _Node:
        """Return the place of what an equation defines."""
        own = next((each for each in nodes if each.strip == strip and each.symbol == symbol), None)
        if own is None:
            own = _Node(f"{'e' if nodes is self.errors else 'v'}{len(nodes)}", symbol, strip)
            nodes.append(own)
        return own

    def _computed(self, told: Told) -> tuple[str, ...]:
        """Add what a step forward computes; return what it lights."""
        lit: list[str] = []
        for spelled in told.spelled:
            equation = spelled.equation
            sources = self._sources(equation, told.strip)
            node = self._defined(self.values, equation.lhs, told.strip)
            node.value = left_of(self.c.equation(spelled))
            node.is_defined, node.before = True, [each for each, _ in sources if each is not node]
            node.column = 1 + max((each.column for each in node.before), default=-1)
            for each, symbol in sources:
                lit += self._ways(each, node, equation, symbol, self._label(equation.rhs, symbol, len(sources)))
            lit.append(node.key)
            self.loss = node if _role(equation.lhs) is Role.LOSS else self.loss
        return tuple(dict.fromkeys(lit))

    def _sources(self, equation: Equation, strip: int) -> list[tuple[_Node, MatrixSymbol]]:
        """Return the places of what an equation is made of; of a loss, of what it compares."""
        used = [each for each in dict.fromkeys(symbols_in(equation.rhs)) if _role(each) not in UNSEEN]
        found = [(self._node(self.values, each, strip), each) for each in used]
        if isinstance(plain(equation.rhs), Loss):
            return [pair for pair in found if not any(pair[0] in other.before for other, _ in found)]
        return found

    def _ways(
        self, start: _Node, end: _Node, equation: Equation, symbol: MatrixSymbol, label: Node | None
    ) -> Iterator[str]:
        """Yield the arrows from one place to another: one, or one around a block and one through it."""
        if start is end:
            return
        terms = [each for each in _terms(equation.rhs) if symbol in symbols_in(each)]
        blocks = [list(_blocks(each)) for each in terms]
        if not any(blocks):
            yield self._arrow(start, end, label)
            return
        for each in sorted(blocks, key=bool):
            named = (name_of_call(one) if isinstance(one, Call) else name_of_map(self.c.names, one) for one in each)
            yield self._arrow(start, end, joined(list(named), TIMES) if each else None)

    def _arrow(self, start: _Node, end: _Node, label: Node | None) -> str:
        key = f"a{len(self.arrows)}"
        self.arrows.append(Arrow(key, start.key, end.key, label))
        return key

    def _label(self, rhs: MatrixExpr, source: MatrixSymbol, sources: int) -> Node | None:
        """Return what a step does to a value: the weight beside it, or the name of the operation."""
        weight = next(filter(None, (_weight(each) for each in _terms(rhs) if source in symbols_in(each))), None)
        if weight is not None:
            return self.c.tree(weight)
        found = operation_name(self.c, rhs) if sources == 1 and not isinstance(plain(rhs), Loss) else Id("+")
        return None if found == Id("+") else found

    def _lanes(self) -> None:
        """Give what is only used a column before its first use, and each column its places around the middle."""
        for node in self.values:
            uses = [each.column for each in self.values if node in each.before]
            if not node.before and uses:
                node.column = min(uses) - 1
        for strip in {each.strip for each in self.values}:
            here = [each for each in self.values if each.strip == strip]
            first = min(each.column for each in here)
            for node in here:
                node.column -= first
            for column in sorted({each.column for each in here}):
                same = [each for each in here if each.column == column]
                same.sort(key=lambda node: sum(b.lane for b in node.before) / len(node.before) if node.before else 0)
                for at, node in enumerate(same):
                    node.lane = at - (len(same) - 1) / 2

    def _sent_back(self, told: Told) -> tuple[str, ...]:
        """Add the error that a step tells, or light what a gradient is made of; return what is lit."""
        lit: list[str] = []
        for spelled in told.spelled:
            equation = spelled.equation
            used = [each for each in dict.fromkeys(symbols_in(equation.rhs)) if isinstance(each, Adjoint)]
            if told.is_gradient:
                lit += (each.key for symbol in used for each in self._alike(symbol, told.strip))
                lit += self._inputs(equation, told.strip)
                continue
            before = [self._error(each, told.strip) for each in used]
            node = self._error(told_of(self.c, spelled), told.strip, is_defined=True)
            labels = self._labels(equation)
            for each, symbol in zip(before, used, strict=True):
                lit += self._ways(each, node, equation, symbol, labels.get(symbol))
            if not before and self.loss is not None and told.strip == self.loss.strip:
                lit.append(self._arrow(self.loss, node, None))
            lit.append(node.key)
        return tuple(dict.fromkeys(lit))

    def _alike(self, symbol: Adjoint, strip: int) -> list[_Node]:
        """Return the places of an error that a gradient is made of: its own, or those of all of its like."""
        here = [each for each in self.errors if each.strip == strip and each.is_defined]
        own = [each for each in here if each.symbol == symbol]
        alike = [] if own or self.is_exact else [each for each in here if self._slot(each.symbol) == self._slot(symbol)]
        return own or alike or [self._error(symbol, strip)]

    def _inputs(self, equation: Equation, strip: int) -> Iterator[str]:
        """Yield the values that a gradient is made of and that a step has computed."""
        for each in dict.fromkeys(symbols_in(equation.rhs)):
            same = (node for node in self.values if node.strip == strip and node.symbol == each)
            yield from (node.key for node in same if node.is_defined)

    def _error(self, symbol: Adjoint, strip: int, *, is_defined: bool = False) -> _Node:
        """Return the place of an error: under that of its value, or where errors come in from."""
        known = len(self.errors)
        node = (self._defined if is_defined else self._node)(self.errors, symbol, strip)
        node.is_defined = node.is_defined or is_defined
        if len(self.errors) == known:
            return node
        here = [each for each in self.values if each.strip == strip]
        above = [each for each in here if each.symbol == symbol.of]
        if not above and not (_is_shifted(symbol) or self.is_exact):
            above = [each for each in here if each.is_defined and self._slot(each.symbol) == self._slot(symbol)]
        end = max((each.column for each in here), default=0)
        place = (above[-1].column, above[-1].lane) if above else (end + 1, 0)
        taken = [(each.column, each.lane) for each in self.errors if each is not node and each.strip == strip]
        while place in taken:
            place = (place[0], place[1] + 1)
        node.column, node.lane = place
        return node

    def _labels(self, equation: Equation) -> dict[MatrixSymbol, Node]:
        """Return the factors that each error meets, where they are few; of a batch the weights among them."""
        if any(isinstance(each, SumOver) for each in nodes(equation.rhs)):
            return {}
        writer = Factors(self.c.builder)
        found: dict[MatrixSymbol, Node] = {}
        for each in edges(equation) if self.c.reading.is_product else ():
            is_short = (
                0 < len(each.factors) <= MOST_FACTORS and is_flat(each.factors) and not any(map(_is_wide, each.factors))
            )
            if each.source is not None and is_short:
                found[each.source] = joined(writer.flat(each.factors), TIMES)
        for each in () if self.c.reading.is_product else _terms(equation.rhs):
            inside = next((one for one in nodes(each) if _weight(one) is not None), None)
            if inside is not None:
                found |= {one: self.c.tree(_weight(inside)) for one in symbols_in(each) if isinstance(one, Adjoint)}
        return found


def told_of(c: Context, spelled: Spelled) -> Adjoint:
    """Return the error or gradient that a line tells, as the network has it: of X⁽ᴸ⁾, not of what a block calls it."""
    lhs = spelled.equation.lhs
    home = c.homes.get(id(spelled.line)) if isinstance(c, Deep) else None
    found: Adjoint = c.outside(home, lhs) if isinstance(c, Deep) and home is not None else lhs
    return found


def left_of(line: Node) -> Node:
    """Return what stands left of the relation of a line."""
    items = line.items if isinstance(line, Row) else (line,)
    return row(*takewhile(lambda each: each != EQUALS, items))


def _terms(rhs: MatrixExpr) -> tuple[MatrixExpr, ...]:
    return operands(rhs) if isinstance(rhs, MatAdd) else (rhs,)


def _blocks(expr: MatrixExpr) -> Iterator[Call | Pull]:
    """Yield the blocks that an expression calls or sends an error through, the last one first."""
    if isinstance(expr, Call | Pull):
        yield expr
    for arg in expr.args:
        if isinstance(arg, MatrixExpr) and not isinstance(arg, MatrixSymbol):
            yield from _blocks(arg)


def _is_wide(factor: Factor) -> bool:
    """Whether a factor is written in brackets: diag(o_t)."""
    return factor.acts is Acts.HADAMARD and not isinstance(factor.expr, Slope)


def _weight(expr: MatrixExpr) -> MatrixExpr | None:
    """Return the weight that stands at an end of a product."""
    factors = operands(expr) if isinstance(expr, MatMul) else ()
    ends = (*factors[:1], *factors[-1:])
    return next(
        (each for each in ends if _role(each.arg if isinstance(each, Transpose) else each) is Role.WEIGHT), None
    )


def _is_shifted(symbol: MatrixSymbol) -> bool:
    """Whether a symbol belongs to another repetition than that of its line: t − 1, t + 1."""
    of = symbol.of if isinstance(symbol, Adjoint) else symbol
    return any(index.is_Add for index in getattr(of, "indices", ()))


def _runs(symbol: MatrixSymbol) -> bool:
    """Whether a symbol is that of any repetition."""
    of = symbol.of if isinstance(symbol, Adjoint) else symbol
    return any(index.free_symbols for index in getattr(of, "indices", ()))


UNSEEN = (Role.WEIGHT, Role.BIAS, Role.SCALE, Role.SHIFT, Role.TARGET)
"""What the graph has no place for: parameters stand beside arrows, a target beside the loss."""


def _role(symbol: MatrixSymbol) -> object:
    return getattr(symbol, "role", None)
