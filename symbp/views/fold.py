"""Lists of equations, folded: what repeats is written once, with an index.

The forward list is searched for repetitions. Every symbol then has a place: which of its like it is, at which values
of which indices. Any other list over the same symbols, such as the backward list, is folded by those places; where its
equations differ from one value of an index to another, the line has cases.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import Any, TypeAlias

from sympy import MatrixSymbol

from symbp.collector import pause_collector
from symbp.equations import Equation, System
from symbp.symbols import Adjoint
from symbp.views.cases import Member, cases
from symbp.views.lines import Body, Folded, Line, Loop, Place, Places, Values, run
from symbp.views.places import Instances, instances_in, places
from symbp.views.repetition import List, Repeated, Tree, tree
from symbp.views.skeleton import Parsed


@pause_collector()
def fold(system: System, letter: str = "l", counted: bool = False) -> Folded:
    """Return a list of equations with its repetitions as loops; without any, a plain line for each equation.

    Layers are counted by a ``letter``. ``counted``: only what names count is a loop, so that a page keeps them.
    """
    found = List(system, counted)
    items = tree(found)
    placed = places(found, items, letter)
    body = _body(items, found, placed, (), [((), 0)])
    return Folded(body, placed, tuple(found.symbols))


def _body(items: Tree, found: List, placed: Places, around: tuple[int, ...], instances: Instances) -> Body:
    body: list[Line | Loop] = []
    for item in items:
        if isinstance(item, Repeated):
            inner = instances_in(item, instances)
            lines = _body(item.body, found, placed, (*around, item.number), inner)
            body.append(Loop(placed.loops[item.number], lines))
        else:
            firsts = [placed.loops[number].first for number in around]
            members = [
                (tuple(map(int.__add__, values, firsts)), found.parsed[item + offset]) for values, offset in instances
            ]
            body.append(_line(members, around, placed))
    return tuple(body)


def _line(members: Sequence[Member], around: tuple[int, ...], placed: Places) -> Line:
    indices = tuple([placed.loops[number] for number in around])
    return Line(indices, cases(members, around, placed), {values: parsed.equation for values, parsed in members})


Path: TypeAlias = tuple[int, ...]
"""The loops around something, by number."""


@dataclass
class _Draft:
    """A line that is not written yet: the loops around it, its equations, and where the first stands in the list.

    A loop that is a second one over the same index, behind the first, has the complement of its number.
    """

    around: Path
    position: int
    members: list[Member] = field(default_factory=list)


@pause_collector()
def fold_like(folded: Folded, equations: Iterable[Equation], backward: bool = True) -> Body:
    """Fold a list over the symbols of a folded one by their places: no repetition is searched.

    An equation stands in the loops of the variable that it defines or whose gradient it defines. What a loop does not
    need stands behind it or before it as its symbols ask, ``backward`` loops run from the last value down. Where no
    order of the lines defines every symbol before it is used, the gradients of given symbols get loops of their own;
    where that does not help, all equations are plain lines.
    """
    parsed = [Parsed.of(equation) for equation in equations]
    for apart in (frozenset[str](), folded.places.given):
        body = _Order(_drafts(parsed, folded.places, apart), folded.places, backward).body()
        if body is not None and _in_order(body, parsed):
            return body
    return tuple([_line([((), each)], (), folded.places) for each in parsed])


def _drafts(parsed: Sequence[Parsed], placed: Places, apart: frozenset[str]) -> list[_Draft]:
    drafts: dict[Any, _Draft] = {}
    for position, each in enumerate(parsed):
        lhs: Any = each.equation.lhs
        of = lhs.of if isinstance(lhs, Adjoint) and lhs.name not in placed.homes else lhs
        home = (placed.errors.get(of.name) if of is not lhs else None) or placed.homes.get(of.name) or Place(of)
        loops = tuple([~number for number in home.loops]) if of.name in apart else home.loops
        draft = drafts.setdefault((of is lhs, home.of.name), _Draft(loops, position))
        draft.members.append((home.values, each))
    return list(drafts.values())


def _in_order(body: Body, parsed: Sequence[Parsed]) -> bool:
    """Tell whether the loops define every symbol of the list before they use it."""
    uses = {each.equation.name: _names(each.slots[1:]) for each in parsed}
    known: set[str] = set()
    for _, _, equation in run(body):
        if any(name in uses and name not in known for name in uses[equation.name]):
            return False
        known.add(equation.name)
    return len(known) == len(parsed)


def _names(slots: Sequence[Any]) -> list[str]:
    return [slot.name for slot in slots if isinstance(slot, MatrixSymbol)]


def _number(loop: int) -> int:
    """Return the number of a loop, also of a second one over its index."""
    return max(loop, ~loop)


class _Order:
    """The lines of a list in loops, each behind what it needs."""

    def __init__(self, drafts: Sequence[_Draft], placed: Places, backward: bool) -> None:
        self.drafts, self.placed, self.backward = drafts, placed, backward
        self.inside: dict[Path, dict[Any, int]] = {(): {}}
        self.needs: dict[Any, set[Any]] = {}
        for number, draft in enumerate(drafts):
            self._settle(number, draft)
        self._relate()

    def _settle(self, number: int, draft: _Draft) -> None:
        """Give a line its place in its loop, and each loop its place in the one around it."""
        for depth in range(len(draft.around) + 1):
            path = draft.around[:depth]
            item = number if depth == len(draft.around) else draft.around[: depth + 1]
            items = self.inside.setdefault(path, {})
            items[item] = min(items.get(item, draft.position), draft.position)

    def _relate(self) -> None:
        """Note which item of a loop needs which other in the same repetition."""
        defined = {
            parsed.equation.name: (number, values)
            for number, draft in enumerate(self.drafts)
            for values, parsed in draft.members
        }
        for number, draft in enumerate(self.drafts):
            for values, parsed in draft.members:
                for name in _names(parsed.slots[1:]):
                    if name in defined:
                        self._need(number, values, *defined[name])

    def _need(self, user: int, values: Values, maker: int, at: Values) -> None:
        one, other = self.drafts[user].around, self.drafts[maker].around
        depth = 0
        while depth < min(len(one), len(other)) and one[depth] == other[depth]:
            if values[depth] != at[depth]:
                return
            depth += 1
        item, needed = self._item(user, depth), self._item(maker, depth)
        self.needs.setdefault(item, set()).add(needed)

    def _item(self, number: int, depth: int) -> Any:
        around = self.drafts[number].around
        return number if depth == len(around) else around[: depth + 1]

    def body(self, path: Path = ()) -> Body | None:
        """Return the lines of a loop in order; None where they need each other in a circle."""
        found: list[Line | Loop] = []
        for item in self._sorted(self.inside[path]):
            if isinstance(item, int):
                loops = tuple([_number(each) for each in path])
                found.append(_line(self.drafts[item].members, loops, self.placed))
                continue
            inner = self.body(item)
            if inner is None:
                return None
            found.append(Loop(self.placed.loops[_number(item[-1])], inner, self.backward))
        return tuple(found) if len(found) == len(self.inside[path]) else None

    def _sorted(self, items: dict[Any, int]) -> list[Any]:
        """Return items behind what they need, else in the order of the list; those in a circle are left out."""
        missing = {item: {each for each in self.needs.get(item, ()) if each in items} for item in items}
        users: dict[Any, list[Any]] = {}
        for item, needed in missing.items():
            for each in needed:
                users.setdefault(each, []).append(item)
        ready = [(items[item], number, item) for number, item in enumerate(items) if not missing[item]]
        heapify(ready)
        numbers = {item: number for number, item in enumerate(items)}
        done = []
        while ready:
            _, _, item = heappop(ready)
            done.append(item)
            for user in users.get(item, ()):
                missing[user].discard(item)
                if not missing[user]:
                    heappush(ready, (items[user], numbers[user], user))
        return done
