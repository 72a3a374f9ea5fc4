"""Families: equations of one step that are equal but for one consistent replacement of letters, such as gates.

z_i = W_i x + U_i h + b_i and z_f = W_f x + U_f h + b_f do the same; what differs are pairs (z_i, z_f), (W_i, W_f), …,
each letter in one pair. Such equations become one line over an index whose values are words: z_k = W_k x + U_k h + b_k
with k = i, f. That they do the same is read from their structure; the names only say what the values are called.
Numbers, such as the first row of a block, are never replaced.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TypeAlias

from symbp.symbols import Variable
from symbp.views.lines import Body, Folded, Index, Line, Loop, Place, Places, lines_of
from symbp.views.skeleton import Parsed, Slot

GATE = "gate"
"""What one member of a family is."""

LETTERS = "kjpqlrsu"
"""Letters for the index of a family, the first that is free."""

Row: TypeAlias = tuple[Variable, ...]
"""What stands in one place at one value of the indices around, member by member."""


@dataclass(frozen=True)
class Family:
    """Lines of one loop that are one line over an index: what differs between them, and the words for it.

    ``defined`` are the rows that the lines define, ``used`` those that stand on their right sides.
    """

    defined: tuple[Row, ...]
    used: tuple[Row, ...]
    words: tuple[str, ...]

    @property
    def symbols(self) -> Iterator[Variable]:
        """Everything that has the index."""
        return (each for row in (*self.defined, *self.used) for each in row)


def with_families(folded: Folded) -> Folded:
    """Return a folded list whose families have an index of their own; without any, the list itself.

    Only the places know of it: fold the list like them, and the lines of a family are one.
    """
    found = list(families(folded))
    if not found:
        return folded
    made = {each.lhs for line in lines_of(folded.body) for each in line.instances.values()}
    return replace(folded, places=_placed(folded.places, found, frozenset(made)))


def families(folded: Folded) -> Iterator[Family]:
    """Yield the families of every loop over steps; a symbol is in one of them."""
    taken: set[Variable] = set()
    for lines in _steps(folded.body):
        alike: dict[Hashable, list[list[Slot]]] = {}
        for line in lines:
            parsed = [Parsed.of(line.instances[values]) for values in sorted(line.instances)]
            key = (len(parsed), *(each.key for each in parsed))
            alike.setdefault(key, []).append([slot for each in parsed for slot in each.slots])
        for group in alike.values():
            members = _members(group)
            family = _family(members, len(lines[0].instances), folded.places) if len(members) > 1 else None
            if family is not None and taken.isdisjoint(family.symbols):
                taken.update(family.symbols)
                yield family


def _steps(body: Body) -> Iterator[list[Line]]:
    """Yield the lines of every loop over steps."""
    for item in body:
        if isinstance(item, Loop):
            if item.index.kind == "step":
                yield [each for each in item.body if isinstance(each, Line)]
            yield from _steps(item.body)


def _members(group: Sequence[list[Slot]]) -> list[list[Slot]]:
    """Return the lines that are one but for their letters, given what stands in them: the first, and all like it."""
    found = list(group[:1])
    for other in group[1:]:
        if rows(list(zip(*found, other, strict=True))) is not None:
            found.append(other)
    return found


def rows(columns: Sequence[tuple[Slot, ...]]) -> list[Row] | None:
    """Return what differs between lines; None where a number does, or where a letter would stand for two."""
    found: dict[Row, None] = {}
    shared: set[Slot] = set()
    for column in columns:
        if len(set(column)) == 1:
            shared.add(column[0])
        elif all(isinstance(each, Variable) for each in column):
            found[column] = None
        else:
            return None
    letters = [each for row in found for each in row]
    return list(found) if len(set(letters)) == len(letters) and shared.isdisjoint(letters) else None


def _family(members: Sequence[list[Slot]], count: int, places: Places) -> Family | None:
    """Return lines as a family; None where they have no words, or a symbol of theirs can have no more indices."""
    columns = list(zip(*members, strict=True))
    found = rows(columns) or []
    words = words_of(found)
    if words is None or not all(_may_move(row, places) for row in found):
        return None
    own = dict.fromkeys(columns[:: len(columns) // count])
    return Family(tuple(own), tuple(row for row in found if row not in own), words)


def words_of(found: Sequence[Row]) -> tuple[str, ...] | None:
    """Return what the names in every row differ in, the same in all; None where they have no such words.

    A letter is left of every name: of gates i, f and o there is none to have an index.
    """
    words = {_differing([each.name.removeprefix(f"{each.path}.") for each in row]) for row in found}
    first = words.pop() if words else ()
    return first if not words and first and all(each.isalpha() for each in first) else None


def _differing(names: Sequence[str]) -> tuple[str, ...]:
    """Return names without what all of them begin and end with: i and f of Wi and Wf; nothing where no letter stays."""
    start = _shared(names)
    rest = [name[start:] for name in names]
    end = _shared([name[::-1] for name in rest])
    shared = names[0][:start] + names[0][len(names[0]) - end :]
    return tuple(name[: len(name) - end].strip("_") for name in rest) if any(map(str.isalpha, shared)) else ()


def _shared(names: Sequence[str]) -> int:
    """Return how many letters all names begin with."""
    columns = zip(*names, strict=False)
    return sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, columns))


def _may_move(row: Row, places: Places) -> bool:
    """Whether symbols can have one more index: they repeat in the same loops, and none starts a recursion."""
    here = {places.spelled[each.name].loops if each.name in places.spelled else () for each in row}
    return len(here) == 1 and not any(each.name in places.starts for each in row)


def _placed(places: Places, found: Sequence[Family], made: frozenset[object]) -> Places:
    """Return places with one more index for every family, behind all others; lines define what is ``made``."""
    loops, spelled, homes, given = list(places.loops), dict(places.spelled), dict(places.homes), set(places.given)
    letters: dict[tuple[str, ...], str] = {}
    for family in found:
        taken = {index.letter for index in places.loops} | {*family.words, *letters.values()}
        letter = letters.get(family.words) or next(each for each in LETTERS if each not in taken)
        letters[family.words] = letter
        loops.append(Index(letter, 1, len(family.words), GATE, family.words))
        for row in (*family.defined, *family.used):
            moved = _moved(row, places, len(loops) - 1)
            spelled.update(moved)
            if made.isdisjoint(row):
                given.update(moved)
            if row in family.defined or made.isdisjoint(row):
                homes.update(moved)
    return Places(tuple(loops), spelled, homes, places.starts, frozenset(given))


def _moved(row: Row, places: Places, loop: int) -> dict[str, Place]:
    """Return the places of the symbols of a row with an index more."""
    own = [places.spelled.get(each.name) or Place(each) for each in row]
    return {
        each.name: Place(own[0].of, (*place.loops, loop), (*place.values, value))
        for value, (each, place) in enumerate(zip(row, own, strict=True), 1)
    }
