"""Blocks that do the same on one level, shown once: the inside of norm_j for every j."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias, cast

from sympy import MatAdd, MatrixExpr, MatrixSymbol

from symbp.equations import Equation
from symbp.symbols import Adjoint, Variable
from symbp.views.blocks import Call, Part, Pull, deed, is_part
from symbp.views.fold import fold_like
from symbp.views.levels import Inside, Levels
from symbp.views.lines import Folded, Index, Indexed, Place, Places
from symbp.views.reading import Reading
from symbp.views.skeleton import Parsed

LETTER = "j"
"""The index of blocks that do the same."""


@dataclass(frozen=True)
class Shared:
    """The insides of blocks that do the same, as one: what differs between them has the index."""

    insides: tuple[Inside, ...]
    index: Index
    reading: Reading

    @property
    def part(self) -> Part:
        """The first of the blocks."""
        return self.insides[0].part

    @property
    def closes(self) -> bool:
        """Whether they define the errors of their inputs."""
        return self.insides[0].closes

    @property
    def has_calls(self) -> bool:
        """Whether they consist of blocks themselves: such are not shared."""
        return False

    @property
    def result(self) -> Adjoint:
        """The error of the input, for any of them."""
        return Adjoint(self._any([each.part.input for each in self.insides]))

    @property
    def output(self) -> MatrixSymbol:
        """The output, for any of them."""
        return self._any([each.part.output for each in self.insides])

    @property
    def above(self) -> Adjoint:
        """The error that the inside starts from, for any of them."""
        return Adjoint(self._any([cast("Adjoint", each.above).of for each in self.insides]))

    @property
    def map(self) -> Pull:
        """The map of any of them on the error from above."""
        return self.part.call.pull(0, self.output, self.above)

    @property
    def outputs(self) -> tuple[MatrixSymbol, ...]:
        """What leaves each of them."""
        return tuple(each.part.output for each in self.insides)

    @property
    def call(self) -> Call:
        """Any of them applied to its input."""
        kind, number, rows, columns = self.part.call.args[:4]
        return Call(kind, number, rows, columns, self.result.of)

    def _any(self, symbols: Sequence[MatrixSymbol]) -> MatrixSymbol:
        """Return one symbol for the symbols of all blocks, in the letter of the index."""
        places = [self.reading.folded.places.spelled.get(each.name) for each in symbols]
        first, second = places[:2]
        if first is None or second is None:
            return symbols[0]
        step = second.values[0] - first.values[0]
        return Indexed(cast("Variable", first.of), step * (self.index.symbol - self.index.first) + first.values[0])


Once: TypeAlias = Inside | Shared
"""What is shown once: a block, or blocks that do the same."""


def block_groups(levels: Levels) -> tuple[Once, ...]:
    """Return the insides in their order, those of blocks that do the same as one in the place of the first."""
    if levels.top.derivation.network.named:
        return levels.insides
    groups: dict[Hashable, list[Inside]] = {}
    for each in levels.insides:
        groups.setdefault(_key(levels, each), []).append(each)
    found = [_shared(levels, group) if len(group) > 1 else None for group in groups.values()]
    return tuple(
        each
        for group, together in zip(groups.values(), found, strict=True)
        for each in (group if together is None else [together])
    )


def _key(levels: Levels, inside: Inside) -> Hashable:
    """Return what is equal for blocks that may be shown as one."""
    lists = (inside.reading.forward, inside.reading.errors, inside.reading.gradients)
    level = level_of(levels, inside)
    has_line = any(each.lhs == inside.part.output for each in level.forward)
    return inside.part.kind, inside.has_calls, inside.closes, has_line, id(level), tuple(map(deed, lists))


def level_of(levels: Levels, inside: Inside) -> Reading:
    """Return the level on which a block is called."""
    around = (each for each in levels.insides if any(part is inside.part for part in each.part.calls))
    return next((each.reading for each in around), levels.top)


def _shared(levels: Levels, insides: list[Inside]) -> Shared | None:
    """Return blocks that do the same as one; None where their numbers or their symbols do not go on evenly."""
    numbers = [each.part.number for each in insides]
    if numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        return None
    way = stream_of(level_of(levels, insides[0]).forward)
    stream = {each.name: at for at, each in enumerate(way)}
    index = Index(LETTER, numbers[0], len(numbers), insides[0].part.kind.value)
    spelled: dict[str, Place] = {}
    homes: dict[str, Place] = {}
    for alike in _aligned(insides):
        if len({each.name for each in alike}) == 1:
            continue
        in_stream = all(each.name in stream for each in alike)
        if in_stream and any(stream[b.name] - stream[a.name] != 1 for a, b in pairwise(alike)):
            return None
        for number, symbol in zip(numbers, alike, strict=True):
            of, value = (way[0], stream[symbol.name]) if in_stream else (alike[0], number)
            home = Place(alike[0], (0,), (number,))
            if homes.setdefault(symbol.name, home) != home:
                return None
            spelled[symbol.name] = Place(of, (0,), (value,))
    readings = [each.reading for each in insides]
    listed = tuple(dict.fromkeys(symbol for reading in readings for symbol in reading.folded.listed))
    folded = Folded((), Places((index,), spelled, homes, {}, frozenset()), listed)
    forward, errors, gradients = (
        tuple(each for reading in readings for each in getattr(reading, name))
        for name in ("forward", "errors", "gradients")
    )
    reading = replace(
        readings[0],
        folded=folded,
        forward=forward,
        errors=errors,
        gradients=gradients,
        forward_lines=fold_like(folded, forward, backward=False),
        error_lines=fold_like(folded, errors),
        gradient_lines=fold_like(folded, gradients),
        holders={name: holder for each in readings for name, holder in each.holders.items()},
    )
    return Shared(tuple(insides), index, reading)


def _aligned(insides: Sequence[Inside]) -> Iterator[tuple[MatrixSymbol, ...]]:
    """Yield the symbols that stand in the same place of every block's lists."""
    for lists in zip(*(_symbols(each.reading) for each in insides), strict=True):
        yield tuple(lists)


def _symbols(reading: Reading) -> Iterator[MatrixSymbol]:
    for equation in (*reading.forward, *reading.errors, *reading.gradients):
        for slot in Parsed.of(equation).slots:
            if isinstance(slot, MatrixSymbol):
                yield slot.of if isinstance(slot, Adjoint) else slot


def stream_of(equations: Sequence[Equation]) -> list[MatrixSymbol]:
    """Return what every part is added to or applied to, from the first on."""
    found: list[MatrixSymbol] = []
    for each in equations:
        source = _carried(each.rhs)
        if source is not None:
            found += [] if found else [source]
            found += [each.lhs] if source == found[-1] else []
    return found


def _carried(expr: MatrixExpr) -> MatrixSymbol | None:
    """Return what a part is added to, or what it is applied to alone."""
    if isinstance(expr, MatAdd) and any(isinstance(each, Call) for each in expr.args):
        return next((each for each in expr.args if isinstance(each, MatrixSymbol)), None)
    if isinstance(expr, Call) and is_part(expr) and isinstance(expr.inputs[0], MatrixSymbol):
        return expr.inputs[0]
    return None
