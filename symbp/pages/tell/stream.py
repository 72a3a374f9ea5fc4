"""A stream that every block adds to: its error goes back by one matrix a block, B⁽ˡ⁾ = I + what the block does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from sympy import Expr, MatrixSymbol

from symbp.calculus.factor import Acts, Factor, Product
from symbp.equations import Equation
from symbp.maths.factors import Factors, in_order, is_turn
from symbp.maths.names import slot_of
from symbp.maths.scalars import number
from symbp.maths.tree import COMMA, DOTS, EQUALS, TIMES, Fence, Id, Node, Num, Tag, joined, row
from symbp.pages.page import Block, Equations, Para
from symbp.pages.page import Line as PageLine
from symbp.pages.tell.context import AND_SO_ON, Context, Spelled
from symbp.pages.tell.roles import writer_of
from symbp.roles import Role
from symbp.symbols import Adjoint, Variable
from symbp.views.lines import Index, Indexed
from symbp.views.skeleton import mapped

EXPLICIT, BACK, MATRIX = "explicit", "stream-back", "stream-block"
"""The labels of a gradient as a product, of the recursion along a stream, of the matrix of a block."""

LETTERS = "BCEFGHJKMPQR"
"""The letters of the matrix of a block, the first that is free."""


@dataclass(frozen=True)
class Stream:
    """A stream: the line of its error, the index of the blocks, the matrix of a block as a sum of ways."""

    c: Context
    line: Spelled
    index: Index
    ways: Factor

    @property
    def letter(self) -> str:
        """The letter of a block's matrix."""
        return next(each for each in LETTERS if each not in self.c.taken)

    @property
    def of(self) -> Indexed:
        """What the blocks add to."""
        found: Indexed = self.line.equation.lhs.of
        return found

    def block(self, at: Expr) -> Node:
        """Return the matrix of a block: B⁽ˡ⁾."""
        of = Indexed(self.of.of, at)
        rows = self.of.shape[0]
        own = Variable(f"{self.letter}.{self.of.of.name}", rows, rows, Role.STATE, self.letter)
        return Tag(self.c.names.like(Id(self.letter), of, ""), of=Indexed(own, at))

    def error(self, at: Expr) -> Node:
        """Return the error of the stream behind a block."""
        return self.c.names.symbol(Adjoint(Indexed(self.of.of, at)))

    @property
    def where(self) -> Node:
        """For which blocks there is an error of what they add to: l = L, …, 1."""
        first = min(values for (values,) in self.line.case.values)
        ends = [number(self.c.last[self.index.letter]), AND_SO_ON, Num(str(first + self.c.shift(self.index)))]
        return row(number(self.index.symbol), EQUALS, joined(ends, COMMA))

    def is_start(self, spelled: Spelled) -> bool:
        """Whether a line is that of the error behind the last block."""
        of = spelled.equation.lhs.of
        return slot_of(of) == slot_of(self.of) and spelled.line is not self.line.line

    def holds(self, factor: Factor) -> bool:
        """Whether a factor of a product is the matrix of a block."""
        return factor.acts is Acts.SUM and slot_of(self.c.reading.spelled(factor.expr.of)) == slot_of(self.of)


def in_frame(c: Context) -> list[Spelled]:
    """Return the lines of errors that the frame of a long recursion holds: where it starts, and at a stream."""
    found = stream(c)
    return [each for each in c.errors if is_start(each.equation) or (found is not None and found.is_start(each))]


def is_start(equation: Equation) -> bool:
    """Whether an error starts here: at the loss."""
    return not any(isinstance(each, Adjoint) for each in equation.symbols)


def stream_result(c: Context, shown: Sequence[PageLine]) -> list[Block]:
    """Return how the error goes back along a stream, one matrix a block, and a gradient as their product.

    ``shown`` are the lines of errors in the frame.
    """
    found = stream(c)
    if found is None or c.farthest is None:
        return []
    at = found.index.symbol
    back = row(found.error(at - 1), EQUALS, found.block(at), TIMES, found.error(at))
    block = row(found.block(at), EQUALS, _unfenced(Factors(c.builder).matrix(found.ways)))
    lines = [replace(each, reason=()) for each in shown]
    lines += [PageLine((back,), BACK, found.where), PageLine((block,), MATRIX)]
    (factors,) = c.products[c.farthest]
    product = row(
        c.names.derivative(c.reading.spelled(c.farthest)), EQUALS, joined(list(_factors(found, factors)), TIMES)
    )
    ways = c.words("levels.ways_stacked", number=c.words.number(len(found.ways.branches)), identity=Id("I"))
    return [
        Para(c.words("result.stream")),
        Equations(tuple(lines)),
        Para(c.words("result.explicit")),
        Equations((PageLine((product,), EXPLICIT),)),
        Para(ways, detail=3),
    ]


def _factors(found: Stream, product: Product) -> Iterator[Node]:
    """Yield the factors of a product, the matrices of the blocks as one of them."""
    c, writer = found.c, writer_of(found.c)
    for is_block, group in groupby(in_order(product), key=found.holds):
        same = list(group)
        if not is_block:
            yield from (writer.one(c.alone(each)) for each in same)
            continue
        ends = [c.reading.by_number(each.expr.of).indices[0] + 1 for each in (same[0], same[-1])]
        blocks = [found.block(c.reading.counted(found.index.letter, at)) for at in dict.fromkeys(ends)]
        yield writer.tagged(same[0], joined([blocks[0], *[DOTS] * (len(same) > 2), *blocks[1:]], TIMES))


def stream(c: Context) -> Stream | None:
    """Return the stream of a network, read for one example; None where there is none or its blocks differ."""
    if c.notation.form == "entries":
        return None
    homes = c.reading.folded.places.errors
    if not homes or not c.reading.is_product or c.farthest is None:
        return None
    lines = [each for each in c.errors if _is_handed_on(each)]
    if len(lines) != 1:
        return None
    (index,) = lines[0].line.indices
    (product,) = c.products[c.farthest]
    if any(map(is_turn, product)):
        return None
    own = slot_of(lines[0].equation.lhs.of)
    sums = [each for each in product if each.acts is Acts.SUM]
    found = {_general(c, index, each) for each in sums if slot_of(c.reading.spelled(each.expr.of)) == own}
    return Stream(c, lines[0], index, *found) if len(found) == 1 else None


def _is_handed_on(spelled: Spelled) -> bool:
    """Whether a line is an error, added to, in the repetition before: δ⁽ˡ⁻¹⁾ = δ⁽ˡ⁾ + …, for all repetitions."""
    of = spelled.equation.lhs.of
    if len(spelled.line.indices) != 1 or len(spelled.line.cases) != 1 or not isinstance(of, Indexed):
        return False
    (letter,) = (each.symbol for each in spelled.line.indices)
    return of.indices == (letter - 1,) and any(
        isinstance(each, Adjoint) and each.of == Indexed(of.of, letter) for each in spelled.equation.symbols
    )


def _general(c: Context, index: Index, factor: Factor) -> Factor:
    """Return the matrix of one block for any of them: with the letter of the index."""
    spelled = c.reading.by_number(factor.expr.of)
    by = index.symbol - 1 - spelled.indices[0]

    def read(slot: Any) -> Any:
        if isinstance(slot, Adjoint):
            return type(slot)(read(slot.of))
        own = c.reading.by_number(slot) if isinstance(slot, MatrixSymbol) else slot
        if not isinstance(own, Indexed) or c.names.loops(own) != (index.letter,):
            return own
        return Indexed(own.of, own.indices[0] + by)

    def every(each: Factor) -> Factor:
        branches = tuple(tuple(map(every, branch)) for branch in each.branches)
        return replace(each, expr=mapped(each.expr, read), layer=0, branches=branches)

    return every(factor)


def _unfenced(node: Node) -> Node:
    return node.body if isinstance(node, Fence) else node
