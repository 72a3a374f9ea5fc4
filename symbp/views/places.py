"""Where every symbol of a list with repetitions stands: which of its like it is, at which values of which indices."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from sympy import MatAdd, MatrixSymbol

from symbp.ops.structure import Pad, Rows
from symbp.views.lines import Index, Place, Places, Values
from symbp.views.repetition import GIVEN, List, Repeated, Tree
from symbp.views.turned import plain

LETTERS = {"step": "t", "head": "h", "block": "b"}
"""The letter of an index by what one repetition is."""

SPARE = "lkjpqrsuvw"
"""Letters for an index whose own letter is taken by a loop around it."""

_NUMBERS = re.compile(r"\d+")

Instances = list[tuple[Values, int]]
"""The values of the indices around, counted from 0, and how far on from the first instance the equations are."""


@dataclass
class _Facts:
    """What is known of a loop: whether its windows are steps, are heads or have paths; layers; names in a row.

    Steps say so, or carry on what one map makes of something else each time. Heads are side by side in a window, or
    take rows of a matrix each.
    """

    step: bool = False
    head: bool = False
    path: bool = False
    layers: set[int] = field(default_factory=set)
    names: list[tuple[str, str]] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """What one repetition is."""
        if self.step:
            return "step"
        if self.head:
            return "head"
        return "block" if self.path and len(self.layers) > 1 else "layer"

    @property
    def first(self) -> int:
        """The first value of the index: the number of the first names, where most names count on by one; else 1."""
        votes: Counter[int] = Counter()
        for names in self.names:
            numbers = [tuple(map(int, _NUMBERS.findall(name))) for name in names]
            if len(numbers[0]) == len(numbers[1]):
                votes.update({a for a, b in zip(*numbers, strict=True) if b - a == 1})
        return min(votes, key=lambda first: (-votes[first], first), default=1)


def places(found: List, items: Tree, letter: str = "l") -> Places:
    """Return the place of every symbol that stands in a repetition or starts one; layers are counted by a letter."""
    survey = _Survey(found, letter)
    survey.visit(items, (), [((), 0)])
    return survey.places()


def instances_in(item: Repeated, instances: Instances) -> Instances:
    """Return the instances of a run's window, given those of the run."""
    windows = range(item.run.count)
    return [((*values, w), offset + w * item.run.period) for values, offset in instances for w in windows]


class _Survey:
    """Places as they are found on a walk through the runs; indices are counted from 0."""

    def __init__(self, found: List, letter: str) -> None:
        self.found, self.letter = found, letter
        self.homes: dict[int, tuple[int, tuple[int, ...], Values]] = {}
        self.starts: dict[int, list[tuple[int, tuple[int, tuple[int, ...], Values]]]] = {}
        self.facts: dict[int, _Facts] = {}
        self.around: dict[int, tuple[int, ...]] = {}
        self.counts: dict[int, int] = {}
        self.plain: set[int] = set()
        self.families: list[tuple[int, Sequence[Repeated], Instances]] = []

    def visit(self, items: Tree, chain: tuple[Repeated, ...], instances: Instances) -> None:
        for item in items:
            if isinstance(item, Repeated):
                self._enter(item, chain, instances)
            elif chain:
                self._line(item, chain, instances)
        if not chain:
            self._place_outside()

    def _enter(self, item: Repeated, chain: tuple[Repeated, ...], instances: Instances) -> None:
        first = item.motions[0]
        step = first.carries and self.found.is_one_map(first)
        self.facts[item.number] = _Facts(step, head=bool(chain) and not first.carries)
        self.counts[item.number] = item.run.count
        self.around[item.number] = tuple([each.number for each in chain])
        self.visit(item.body, (*chain, item), instances_in(item, instances))
        depth = len(chain)
        for (_, offset), motion in zip(instances, item.motions, strict=True):
            for (equation, window), symbol in motion.starts.items():
                of, loops, values = self.homes[self.found.lhs[item.run.start + offset + equation]]
                place = (of, loops, (*values[:depth], window, *values[depth + 1 :]))
                started = self.starts.setdefault(symbol, [])
                if (item.number, place) not in started:
                    started.append((item.number, place))

    def _line(self, at: int, chain: tuple[Repeated, ...], instances: Instances) -> None:
        found, loops = self.found, tuple([each.number for each in chain])
        for values, offset in instances:
            self.homes[found.lhs[at + offset]] = (found.lhs[at], loops, values)
        self.families.append((at, chain, instances))
        for each in chain:
            self._note(self.facts[each.number], at, at + each.run.period)

    def _note(self, facts: _Facts, at: int, later: int) -> None:
        """Note what an equation and the one of the next window tell of the loop."""
        one, other = (self.found.equations[each].lhs for each in (at, later))
        facts.step |= getattr(one, "step", None) != getattr(other, "step", None)
        moves = self.found.numbers[at] != self.found.numbers[later]
        facts.head |= moves and isinstance(plain(self.found.equations[at].rhs), Rows | Pad)
        paths = [getattr(each, "path", "") for each in (one, other)]
        facts.path |= paths[0] != paths[1] and bool(_NUMBERS.search(paths[0]))
        facts.layers.add(getattr(one, "layer", 0))
        facts.names.append((one.name, other.name))

    def _place_outside(self) -> None:
        """Give a place to outside symbols, another in every window, from the slots where they stand."""
        for at, chain, instances in self.families:
            for slot in range(len(self.found.slots[at])):
                symbols = {values: self.found.slots[at + offset][slot] for values, offset in instances}
                self._family(symbols, chain)

    def _family(self, symbols: dict[Values, int], chain: Sequence[Repeated]) -> None:
        first, *others = symbols.values()
        if all(symbol == first for symbol in others):
            return
        if any(not self._is_given(symbol) and symbol in self.homes for symbol in symbols.values()):
            return
        depths = [
            depth
            for depth in range(len(chain))
            if any(symbols[(*v[:depth], 0, *v[depth + 1 :])] != symbol for v, symbol in symbols.items())
        ]
        loops = tuple([chain[depth].number for depth in depths])
        found: dict[int, tuple[int, tuple[int, ...], Values]] = {}
        for values, symbol in symbols.items():
            place = (first, loops, tuple([values[depth] for depth in depths]))
            if found.setdefault(symbol, place) != place or self.homes.get(symbol, place) != place:
                return
        if len(set(found.values())) < len(found):
            return
        self.homes.update(found)
        self.plain.update(symbol for symbol in found if not self._is_given(symbol))
        names = self.found.symbols
        for depth in depths:
            second = symbols[tuple([int(d == depth) for d in range(len(chain))])]
            self.facts[chain[depth].number].names.append((names[first].name, names[second].name))

    def _is_given(self, symbol: int) -> bool:
        return self.found.defined[symbol] == GIVEN

    def places(self) -> Places:
        """Return all places, with the values that the indices have."""
        loops = tuple(self._indices())
        names = [symbol.name for symbol in self.found.symbols]
        homes = {names[symbol]: self._place(found, loops) for symbol, found in self.homes.items()}
        starts, spelled = {}, dict(homes)
        for symbol in self.plain:  # What plain lines define has an index, and no loop.
            del homes[names[symbol]]
        for symbol, places in self.starts.items():
            started = tuple([(number, self._place(place, loops)) for number, place in places])
            if len(started) == 1 and (self._is_constant(symbol) or self._is_stream(symbol, places[0][1])):
                spelled[names[symbol]] = started[0][1]
            else:
                starts[names[symbol]] = started
        given = frozenset(names[symbol] for symbol in self.homes if self._is_given(symbol))
        return Places(loops, spelled, homes, starts, given, self._errors(loops, spelled))

    def _errors(self, loops: Sequence[Index], spelled: Mapping[str, Place]) -> dict[str, Place]:
        """Return where the errors of streams stand: in the repetition that reads them, the last one outside."""
        streams = {
            self.found.symbols[place[0]]: number
            for symbol, places in self.starts.items()
            for number, place in places
            if len(place[1]) == 1 and self._adds_to(symbol, place[0])
        }
        found = {}
        for name, place in spelled.items():
            if place.of in streams and len(place.loops) == 1:
                (value,), last = place.values, loops[streams[place.of]].last
                found[name] = replace(place, values=(value + 1,)) if value < last else Place(self._by_name[name])
        return found

    @cached_property
    def _by_name(self) -> dict[str, MatrixSymbol]:
        return {symbol.name: symbol for symbol in self.found.symbols}

    def _is_stream(self, symbol: int, place: tuple[int, tuple[int, ...], Values]) -> bool:
        """Tell whether a symbol that the list defines starts what every repetition adds to."""
        return not self._is_given(symbol) and len(place[1]) == 1 and self._adds_to(symbol, place[0])

    def _adds_to(self, symbol: int, total: int) -> bool:
        """Tell whether the first repetition makes ``total`` by adding to a symbol."""
        rhs = plain(self.found.equations[self.found.defined[total]].rhs)
        return isinstance(rhs, MatAdd) and self.found.symbols[symbol] in rhs.args

    def _is_constant(self, symbol: int) -> bool:
        """Tell whether a symbol is defined from nothing, as a state of zeros is."""
        at = self.found.defined[symbol]
        return at != GIVEN and not self.found.slots[at]

    def _letter(self, kind: str) -> str:
        return self.letter if kind == "layer" else LETTERS[kind]

    def _place(self, found: tuple[int, tuple[int, ...], Values], loops: Sequence[Index]) -> Place:
        of, numbers, values = found
        shifted = tuple([loops[number].first + value for number, value in zip(numbers, values, strict=True)])
        return Place(self.found.symbols[of], numbers, shifted)

    def _are_at_odds(self, one: int, other: int) -> bool:
        """Whether two loops count some of the same values and end at different ones: L is one number."""
        (first, end), (begin, stop) = (
            (self.facts[each].first, self.facts[each].first + self.counts[each]) for each in (one, other)
        )
        return end != stop and max(first, begin) < min(end, stop)

    def _indices(self) -> Iterator[Index]:
        letters: dict[int, str] = {}
        for number in sorted(self.facts):
            facts = self.facts[number]
            around = {letters[outer] for outer in self.around[number]}
            odds = {own for other, own in letters.items() if self._are_at_odds(other, number)}
            free = [each for each in self._letter(facts.kind) + SPARE if each not in around]
            letters[number] = next((each for each in free if each not in odds), free[0])
            yield Index(letters[number], facts.first, self.counts[number], facts.kind)
