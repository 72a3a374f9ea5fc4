"""What a page on two levels has at hand: the network with its blocks as functions, and the inside of each block.

The lines of all levels are those of one page, with one spelling and one row of numbers; the sections that show every
line, such as notation and all gradients, are those of any page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

from sympy import Expr, MatrixExpr, MatrixSymbol

from symbp.equations import Equation, symbols_in
from symbp.maths.maps import name_of_call, name_of_map
from symbp.maths.names import Names, Parts, Slot, slot_of
from symbp.maths.notation import Notation
from symbp.maths.scalars import call, number
from symbp.maths.tree import EQUALS, TIMES, Node, row
from symbp.networks.blocks import Kind
from symbp.pages.tell.context import UPPER_KINDS, Context, Spelled
from symbp.roles import Role
from symbp.symbols import Adjoint, Variable
from symbp.views.blocks import Pull
from symbp.views.levels import Inside, Levels
from symbp.views.lines import Body, Case, Index, Indexed, Line, lines_of
from symbp.views.reading import Reading
from symbp.views.shared import Once, Shared, block_groups, stream_of
from symbp.views.skeleton import mapped, skeleton

MOST_ALIKE = 3
"""Most equations that do the same beside each other on one line."""

LEARNT = frozenset({Role.WEIGHT, Role.BIAS})
"""What differs where two equations do the same to the same matrix."""


@dataclass(frozen=True)
class Group:
    """The inside of a block as it is told: its equations, then the errors from above to below."""

    inside: Once
    forward: list[tuple[Spelled, ...]]
    errors: list[Spelled]


@dataclass(frozen=True)
class Deep(Context):
    """What the sections of a page on two levels have at hand: ``reading`` holds the lines of all levels."""

    levels: Levels = field(kw_only=True)
    told: tuple[Once, ...] = field(kw_only=True)
    """What is shown once, in the order of the network."""

    @cached_property
    def shared(self) -> tuple[Shared, ...]:
        """The blocks that do the same and are shown as one."""
        return tuple(each for each in self.told if isinstance(each, Shared))

    @property
    def handed_on(self) -> tuple[MatrixSymbol, ...]:
        """What comes out of the blocks."""
        return tuple(each.part.output for each in self.levels.insides)

    @property
    def repetitions(self) -> tuple[Index, ...]:
        """The indices that count what repeats: not which of several blocks is meant."""
        own = [each.index for each in self.shared]
        found = (each for each in self.reading.indices if each not in own)
        repeated = None if self.repeated is None else self.repeated[1]
        return tuple(replace(each, kind="block") if each == repeated else each for each in found)

    def members(self, symbol: MatrixSymbol) -> list[tuple[MatrixSymbol, MatrixSymbol]]:
        """Return all that a symbol stands for, those of every block that repeats among them."""
        own = slot_of(symbol)
        reading = next((each.reading for each in self.shared if own in each.reading.instances), None)
        if reading is None:
            return super().members(symbol)
        return [(each, reading.spelled(each)) for _, each in reading.instances[own]]

    def is_tabled(self, symbol: MatrixSymbol) -> bool:
        """Whether a symbol has a row of its own: what goes on from part to part has it under its numbers.

        One of several blocks that do the same has the row of all.
        """
        general = [slot_of(each.result.of) for each in self.shared]
        if slot_of(symbol) in self.names.streams:
            return slot_of(symbol) not in general
        return not any(symbol in each.reading.folded.names for each in self.shared)

    @cached_property
    def tiled(self) -> dict[Slot, tuple[Slot, ...]]:
        """The errors that one with an index stands for, and those that a matrix is put together of."""
        found = dict(super().tiled)
        for each in self.shared:
            for symbol, spelled in each.reading.folded.names.items():
                slot = slot_of(spelled)
                found[slot] = (*found.get(slot, ()), slot_of(symbol))
        if self.stacked is not None and self.repeated is not None:
            found[slot_of(self.stacked.part.output)] = (slot_of(self.repeated[0]),)
        return found

    @cached_property
    def names(self) -> Names:
        """How every symbol of the page is spelled."""
        network = self.reading.derivation.network
        shown = (*self.levels, *(each.reading for each in self.shared))
        return Names(
            dict.fromkeys(symbol for reading in shown for symbol in reading.symbols),
            self.notation,
            upper=frozenset(index.letter for index in self.reading.indices if index.kind in UPPER_KINDS),
            errors=[reading.spelled(each.lhs.of) for reading in self.levels for each in reading.errors],
            own_names=network.named,
            streams={} if network.named else streams(self.levels, self.notation),
            jobs=self.jobs,
        )

    @cached_property
    def pairs(self) -> list[tuple[Spelled, ...]]:
        """The equations as they stand on the page: those that do the same to the same, such as Q, K and V, together."""
        found: list[tuple[Spelled, ...]] = []
        for pair in [tuple(map(self._called, each)) for each in super().pairs]:
            if found and len(found[-1]) + len(pair) <= MOST_ALIKE and _do_the_same(found[-1], pair):
                found[-1] = (*found[-1], *pair)
            else:
                found.append(pair)
        return found

    @cached_property
    def homes(self) -> dict[int, Once]:
        """The inside that a line stands in, by the line."""
        return {
            id(line): inside
            for inside in self.told
            for body in (inside.reading.forward_lines, inside.reading.error_lines, inside.reading.gradient_lines)
            for line in lines_of(body)
        }

    def indices_at(self, line: Line) -> tuple[Index, ...]:
        """Return the indices of the level that a line stands in."""
        home = self.homes.get(id(line))
        return self.levels.top.indices if home is None else home.reading.indices

    def _at_last(self, line: Line, case: Case) -> Equation:
        home = self.homes.get(id(line))
        equation = super()._at_last(line, case)
        if home is None:
            return equation
        return replace(equation, rhs=self.outside(home, equation.rhs))

    def level_of(self, inside: Once) -> Reading:
        """Return the level on which a block is called."""
        is_inner = self.stacked is not None and any(inside.part is each for each in self.stacked.part.calls)
        return self.around if is_inner else self.levels.top

    def outside(self, inside: Once, expr: MatrixExpr) -> MatrixExpr:
        """Return an expression of an inside with what comes from repeated blocks as the network has it: X⁽ᴸ⁾."""
        if self.stacked is None or inside.has_calls or self.level_of(inside) is self.stacked.reading:
            return expr
        top = self.levels.top
        letters = {each.letter: (each.last, self.last[each.letter]) for each in top.indices}

        def read(slot: Any) -> Any:
            return self._lettered(top.spelled(slot), letters) if isinstance(slot, MatrixSymbol) else slot

        return mapped(expr, read)

    def _called(self, spelled: Spelled) -> Spelled:
        """Return a line under a label of its own where it says what a block makes of its input."""
        home = self.homes.get(id(spelled.line))
        if home is None or home.has_calls or spelled.equation.lhs != home.output:
            return spelled
        has_line = any(each.lhs in home.outputs for each in self.level_of(home).forward)
        if self.used.issuperset(home.outputs) and not has_line:
            return spelled
        return replace(spelled, label=call_label(home))

    def defined(self, spelled: Spelled) -> tuple[MatrixSymbol, ...]:
        """Return the symbol that a line of the network defines; none where a block stands on its left."""
        return () if self._called(spelled).label != spelled.label else super().defined(spelled)

    @cached_property
    def shown_error(self) -> Adjoint:
        """The error that stands for all in the sentence about them."""
        found: Adjoint = self.around.errors[-2].lhs if len(self.around.errors) > 1 else self.around.errors[-1].lhs
        return found

    @cached_property
    def stacked(self) -> Inside | None:
        """The inside of the block that repeats, which calls its parts; None where the network calls them."""
        return next((each for each in self.levels.insides if each.has_calls), None)

    @cached_property
    def around(self) -> Reading:
        """The level on which parts are called: that of a repeated block, else that of the network."""
        return self.levels.top if self.stacked is None else self.stacked.reading

    @cached_property
    def repeated(self) -> tuple[Indexed, Index] | None:
        """What repeated blocks hand on, and its index."""
        if self.stacked is None:
            return None
        output = self.levels.top.spelled(self.stacked.part.output)
        assert isinstance(output, Indexed)
        return output, next(each for each in self.reading.indices if each.letter in self.names.loops(output))

    @cached_property
    def top(self) -> list[Spelled]:
        """The errors of the network and of repeated blocks, by the maps of their blocks."""
        shown = [self.levels.top, *([self.stacked.reading] if self.stacked is not None else [])]
        return [each for reading in shown for each in self.spell(lines_of(reading.error_lines), backward=True)]

    @cached_property
    def groups(self) -> list[Group]:
        """The blocks in the order of the network."""
        return [self._group(each) for each in self.told if not each.has_calls]

    def _group(self, inside: Once) -> Group:
        own = {id(line) for line in lines_of(inside.reading.forward_lines)}
        forward = [pair for pair in self.pairs if id(pair[0].line) in own]
        errors = self.spell(lines_of(inside.reading.error_lines), backward=True)
        return Group(inside, forward, [_ending(inside, each) for each in errors if not self.is_tile(each)])

    def equation(self, spelled: Spelled) -> Node:
        """Return a line as a tree; on its left a block's map or the block applied to its input, where it says that."""
        lhs = spelled.equation.lhs
        home = self.homes.get(id(spelled.line))
        left: Node | None = None
        if home is not None and spelled.label == map_label(home):
            left = row(self.map(home), TIMES, self.tree(self.outside(home, home.above)))
        elif home is not None and spelled.label == call_label(home):
            left = self.applied(home)
        elif isinstance(lhs, Adjoint) and lhs.of.role is Role.INPUT and lhs.of not in self.wanted:
            left = self.names.symbol(lhs)
        return super().equation(spelled) if left is None else row(left, EQUALS, self.tree(spelled.equation.rhs))

    @cached_property
    def wanted(self) -> frozenset[MatrixSymbol]:
        """What is differentiated by, as it is spelled."""
        return frozenset(map(self.reading.spelled, self.reading.derivation.wrt))

    @cached_property
    def used(self) -> frozenset[MatrixSymbol]:
        """Every symbol that stands on the right of a line."""
        inner = [each for group in self.groups for each in group.errors]
        shown = (*self.forward, *self.errors, *self.gradients, *inner)
        return frozenset(symbol for each in shown for symbol in seen(each.equation.rhs))

    def shows(self, symbol: MatrixSymbol) -> bool:
        """Whether a symbol of the network stands in a line: not what a block makes, where that is added at once."""
        return symbol in self.used

    def map(self, inside: Once) -> Node:
        """Return the letter of a block's map."""
        return name_of_map(self.names, inside.map, _index(inside))

    def function_of(self, inside: Once) -> Node:
        """Return the word of a block."""
        return name_of_call(inside.call, _index(inside))

    def applied(self, inside: Once) -> Node:
        """Return a block applied to its input."""
        return call(self.function_of(inside), self.tree(self.outside(inside, inside.call.inputs[0])))

    def map_at(self, at: Expr) -> Node:
        """Return the letter of the map of a repeated block, the one of this index."""
        assert self.stacked is not None
        assert self.repeated is not None
        args = self.stacked.map.args
        return name_of_map(self.names, Pull(*args[:5], Indexed(self.repeated[0].of, at), args[6]))


def _index(inside: Once) -> Node | None:
    return number(inside.index.symbol) if isinstance(inside, Shared) else None


def seen(expr: MatrixExpr) -> Iterator[MatrixSymbol]:
    """Yield the symbols that an expression shows: not the output of a block whose map stands there."""
    if isinstance(expr, Pull):
        yield from seen(expr.error)
    elif isinstance(expr, MatrixSymbol):
        yield expr
    else:
        for arg in expr.args:
            if isinstance(arg, MatrixExpr):
                yield from seen(arg)


def map_label(inside: Once) -> str:
    """Return the label of the line that says what a block's map does."""
    return f"{inside.part.kind}{inside.part.number or ''}-map"


def call_label(inside: Once) -> str:
    """Return the label of the line that says what a block makes of its input."""
    return f"{inside.part.kind}{inside.part.number or ''}-call"


def _ending(inside: Once, spelled: Spelled) -> Spelled:
    """Return a line under a label of its own where it says what a map makes of the error from above."""
    if inside.closes or spelled.equation.lhs != inside.result:
        return spelled
    return replace(spelled, label=map_label(inside))


def _do_the_same(before: Sequence[Spelled], pair: Sequence[Spelled]) -> bool:
    """Whether equations do the same to the same matrix, each with a weight of its own."""
    first, other = before[-1], pair[0]
    if len(pair) > 1 or first.line.indices or other.line.indices:
        return False
    moving = [[each for each in symbols_in(one.equation.rhs) if each.role not in LEARNT] for one in (first, other)]
    alike = skeleton(first.equation.rhs, []) == skeleton(other.equation.rhs, [])
    return alike and moving[0] == moving[1] and bool(moving[0])


def deep(context: Context, levels: Levels) -> Deep:
    """Return the context of a page on two levels, with the notation and the words of another."""
    settings = {each.name: getattr(context, each.name) for each in fields(Context) if each.name != "reading"}
    shown = block_groups(levels)
    return Deep(together(levels, shown), **settings, levels=levels, told=shown)


def together(levels: Levels, shown: tuple[Once, ...]) -> Reading:
    """Return the lines of all levels as one reading: the errors from the loss back."""
    inner = [each for each in shown if not each.has_calls]
    composed = [each.reading for each in levels.insides if each.has_calls]
    readings = (levels.top, *(each.reading for each in shown))
    defined = {each.name for reading in readings for each in reading.forward}
    back = (levels.top, *composed, *(each.reading for each in inner[::-1]))
    return replace(
        levels.top,
        forward=tuple(each for reading in (*readings[1:], levels.top) for each in reading.forward),
        errors=tuple(each for reading in back for each in reading.errors),
        gradients=tuple(each for reading in back for each in reading.gradients),
        forward_lines=_joined(reading.forward_lines for reading in readings),
        error_lines=_joined((levels.top.error_lines, *(r.error_lines for r in composed), *map(_named, inner[::-1]))),
        gradient_lines=_joined(reading.gradient_lines for reading in back),
        holders={
            name: holder for reading in readings for name, holder in reading.holders.items() if name not in defined
        },
    )


def _joined(bodies: Iterable[Body]) -> Body:
    return tuple(item for body in bodies for item in body)


def _named(inside: Once) -> Body:
    """Return the lines of errors that have a name: not what the map of the block makes of the one from above."""
    lines = inside.reading.error_lines
    return tuple(each for each in lines if inside.closes or not _defines(each, inside.result))


def _defines(item: object, symbol: Adjoint) -> bool:
    return isinstance(item, Line) and item.cases[0].equation.lhs == symbol


def streams(levels: Levels, notation_: Notation) -> dict[Slot, Parts]:
    """Return the names of what goes on from part to part, X₀, X₁, X₂, and of what repeated blocks hand on, X⁽ˡ⁾."""
    letter = notation_.letters[Role.INPUT]
    stacked = next((each for each in levels.insides if each.has_calls), None)
    shown = levels.top if stacked is None else stacked.reading
    way = stream_of(shown.forward)
    found = {slot_of(each): Parts(letter, number=str(at)) for at, each in enumerate(way)}
    found |= {(each, 1): Parts(letter) for each in way[:1] if isinstance(each, Variable)}
    if stacked is not None:
        found[slot_of(levels.top.spelled(stacked.part.output))] = Parts(letter)
    return found


def kinds_in(expr: MatrixExpr) -> Iterator[Kind]:
    """Yield the kinds of the blocks whose maps stand in an expression."""
    if isinstance(expr, Pull):
        yield expr.kind
    for arg in expr.args:
        if isinstance(arg, MatrixExpr) and not isinstance(arg, MatrixSymbol):
            yield from kinds_in(arg)
