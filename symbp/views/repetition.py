"""Where a list of equations repeats itself: windows of equations that do the same to what moves with the window.

Names play no part, but where a page is to keep them: then the windows are ``counted`` by them.
A symbol in the place of another one window earlier is the same symbol, or is defined one window later (of its own
window, or carried from one before), or one of a family of outside symbols, another in every window.
In the first windows anything may stand where later ones have what is carried: it starts the recursion.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count as count_from
from itertools import groupby, pairwise
from operator import eq
from typing import Any, TypeAlias

from sympy import MatAdd, MatrixSymbol

from symbp.equations import Equation, System
from symbp.ops.elementwise import Elementwise
from symbp.ops.softmax import Softmax
from symbp.ops.structure import Stack
from symbp.roles import Role
from symbp.views.blocks import Call
from symbp.views.skeleton import Parsed, skeleton
from symbp.views.turned import Turned, plain

PARAMETERS = frozenset({Role.WEIGHT, Role.BIAS, Role.SCALE, Role.SHIFT})
"""What is learnt: windows that share one do the same map."""

LEVELS = 4
"""How often an operation may occur in a window of which it shows the length."""

CANDIDATES = 64
"""Lengths of windows that are looked at, those that most equations speak for."""

GIVEN = -1
"""Where a symbol is defined that no equation defines."""

SAME, OUTSIDE = "same", "outside"


@dataclass(frozen=True)
class Run:
    """Windows of ``period`` equations, the first at ``start``, all doing the same."""

    start: int
    period: int
    count: int

    @property
    def size(self) -> tuple[int, int]:
        """How many equations it covers, and of two that cover the same, how short its window is."""
        return self.period * self.count, -self.period

    @property
    def end(self) -> int:
        """The equation after the last window."""
        return self.start + self.period * self.count


@dataclass(frozen=True)
class Motion:
    """How what stands in the windows of a run moves: one kind a slot, and what starts its recursions.

    ``starts`` maps an equation of the window and a window before the first (−1) to the symbol there.
    """

    kinds: tuple[Any, ...]
    starts: dict[tuple[int, int], int]
    varying: frozenset[int]
    fixed: frozenset[int]

    @property
    def carries(self) -> bool:
        """Whether a window takes something from an earlier one."""
        return bool(self.starts) or any(isinstance(kind, tuple) and kind[1] < 0 for kind in self.kinds)


def likeness(key: Any, slots: int) -> Any:
    """Return what an equation does, where any activation is as good as another: the last layer often has its own.

    Which one it is, or that there is none, makes a case of the line, no other line.
    """
    is_activation = isinstance(key, tuple) and _deed(key) in ACTIVATIONS and slots == 1 and len(key) <= LONGEST
    return (Elementwise, False) if is_activation or key is False else key


def _deed(key: tuple[Any, ...]) -> Any:
    """Return the operation of a key, along rows as well."""
    return key[1].kind if key[0] is Turned else key[0]


ACTIVATIONS = frozenset({Elementwise, Softmax})
"""What stands alone in an equation and goes over one matrix."""

LONGEST = 3
"""The parts of such a key: the operation, its function, its operand."""

_NUMBERS = re.compile(r"[0-9_]+")


class List:
    """A list of equations as numbers: what each does, the symbols and numbers it does it to, where they are defined."""

    def __init__(self, system: System, counted: bool = False) -> None:
        self.counted = counted
        self.equations: Sequence[Equation] = system.equations
        self.parsed: list[Parsed] = []
        self.symbols: list[MatrixSymbol] = []
        self.roles: list[Role | None] = []
        self.defined: list[int] = []
        self.keys: list[int] = []
        self.slots: list[tuple[int, ...]] = []
        self.numbers: list[tuple[Any, ...]] = []
        self._ids: dict[str, int] = {}
        known: dict[Any, int] = {}
        for symbol in system.given:
            self._add(symbol, GIVEN)
        for at, equation in enumerate(self.equations):
            parsed = Parsed.of(equation)
            found: list[Any] = parsed.slots[1:]
            self.parsed.append(parsed)
            self.keys.append(known.setdefault(likeness(parsed.key, len(found)), len(known)))
            self.slots.append(tuple([self._ids[s.name] for s in found if isinstance(s, MatrixSymbol)]))
            numbers = [s for s in found if not isinstance(s, MatrixSymbol)]
            self.numbers.append(tuple([s.p if s.is_Integer else s for s in numbers]))
            self._add(equation.lhs, at)
        self.lhs = [self._ids[equation.lhs.name] for equation in self.equations]
        self.last_use = list(self.defined)
        self.uses: list[list[int]] = [[] for _ in self.symbols]
        for at, slots in enumerate(self.slots):
            for symbol in slots:
                self.last_use[symbol] = at
                self.uses[symbol].append(at)

    def __len__(self) -> int:
        return len(self.equations)

    def _add(self, symbol: MatrixSymbol, at: int) -> None:
        self._ids[symbol.name] = len(self.symbols)
        self.symbols.append(symbol)
        self.roles.append(getattr(symbol, "role", None))
        self.defined.append(at)

    def best_runs(self, first: int, end: int, bases: Sequence[int]) -> list[Run]:
        """Return the run that covers most of the equations from ``first`` to ``end``, and others of its size.

        Of runs that cover equally many the one with the shortest window counts. The equations repeat ``bases`` further
        on; a run must be one at each of them.
        """
        best: list[Run] = []
        waiting = deque(self._periods(first, end))
        seen = set(waiting)
        while waiting:
            period = waiting.popleft()
            if best and ((end - first) // period * period, -period) < best[0].size:
                continue
            runs = sorted(self._runs(period, first, end, bases), key=lambda run: run.start)
            best = _largest(best, runs)
            # Runs that begin a period apart are windows of a longer one.
            apart = {b.start - a.start for a, b in pairwise(runs)} - seen
            waiting += sorted(each for each in apart if each <= (end - first) // 2)
            seen |= apart
        return best

    def _periods(self, first: int, end: int) -> list[int]:
        """Return the distances at which most equations find their own operation again."""
        places: dict[int, list[int]] = {}
        for at in range(first, end):
            places.setdefault(self.keys[at], []).append(at)
        votes: Counter[int] = Counter()
        for found in places.values():
            for level in range(1, LEVELS + 1):
                votes.update(map(int.__sub__, found[level:], found))
        half = (end - first) // 2
        return [period for period, _ in votes.most_common(CANDIDATES) if period <= half]

    def _runs(self, period: int, first: int, end: int, bases: Sequence[int]) -> Iterator[Run]:
        for start, matched in self._stretches(period, first, end):
            waiting = [Run(start, period, matched // period + 1)]
            slack = matched % period
            while waiting:
                run = waiting.pop()
                if run.count < 2:
                    continue
                moved = self._at_a_seam(run, slack)
                motion = self.motion(moved, bases[0])
                if isinstance(motion, int):
                    cut = max(motion, 1)
                    waiting += [
                        Run(run.start, period, cut),
                        Run(run.start + cut * period, period, run.count - cut),
                    ]
                    slack = 0
                elif self._is_repetition(moved, motion) and all(
                    self._moves_alike(moved, motion, base) for base in bases[1:]
                ):
                    yield moved

    def _moves_alike(self, run: Run, motion: Motion, base: int) -> bool:
        other = self.motion(run, base)
        return not isinstance(other, int) and other.kinds == motion.kinds

    def _stretches(self, period: int, first: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield where equations do the same as those one period on, and how many in a row."""
        same = map(eq, self.keys[first : end - period], self.keys[first + period : end])
        at = first
        for matches, group in groupby(same):
            length = sum(1 for _ in group)
            if matches and length >= period:
                yield from self._moving(period, at, at + length)
            at += length

    def _moving(self, period: int, first: int, end: int) -> Iterator[tuple[int, int]]:
        """Split a stretch of equal operations where the symbols do not move with the windows."""
        steps: dict[int, list[int]] = {}
        start = first
        for at in range(first, end):
            step = self._step(at, period)
            earliest = self._earliest(at, period, step)
            before = steps.get(at - period) if at - period >= start else None
            if before is not None and not all(map(_goes_on, before, step)):
                earliest = max(earliest, at - period + 1)
            if earliest > start:
                if at - start >= period:
                    yield start, at - start
                start = earliest
            steps[at] = step
        if end - start >= period:
            yield start, end - start

    def _step(self, at: int, period: int) -> list[int]:
        """Return how each symbol of an equation moves to one period on: by how many equations, or one of the codes."""
        defined, found = self.defined, []
        for a, b in zip(self.slots[at], self.slots[at + period], strict=True):
            if a == b:
                found.append(_STAYS)
            elif defined[b] < 0:
                alike = defined[a] < 0 and self.roles[a] is self.roles[b]
                found.append(_ANOTHER if alike else _BREAKS)
            else:
                shifted = defined[a] >= 0 and defined[b] - defined[a] == period
                found.append(period if shifted else _ENTERS)
        return found

    def _earliest(self, at: int, period: int, step: list[int]) -> int:
        """Return the first equation at which a run may start that has this equation and the one a period on."""
        earliest = 0
        for kind, b in zip(step, self.slots[at + period], strict=True):
            if kind == _STAYS:
                earliest = max(earliest, self.defined[b] + 1)
            elif kind == _ENTERS:
                earliest = max(earliest, self.defined[b] - period + 1)
            elif kind == _BREAKS:
                return at + 1
        return earliest

    def _at_a_seam(self, run: Run, slack: int) -> Run:
        """Return the run with its windows cut where fewest symbols are carried over; of equal cuts the first."""
        if not slack:
            return run
        alive = [0] * (slack + 2)
        for at in range(run.start, run.start + slack + run.period):
            # A symbol crosses the cuts behind its own equation, up to its last use.
            first = max(at + 1 - run.period - run.start, 0)
            last = min(self.last_use[self.lhs[at]] - run.period - run.start, slack)
            if first <= last:
                alive[first] += 1
                alive[last + 1] -= 1
        crossing, found = 0, []
        for shift in range(slack + 1):
            crossing += alive[shift]
            found.append(crossing)
        return Run(run.start + found.index(min(found)), run.period, run.count)

    def motion(self, run: Run, base: int) -> Motion | int:
        """Return how everything in the windows moves, or how many windows stand before the first that does not."""
        start, period, count = run.start + base, run.period, run.count
        kinds: list[Any] = []
        starts: dict[tuple[int, int], int] = {}
        family: dict[int, tuple[int, int]] = {}
        members: dict[tuple[int, int], int] = {}
        fixed: set[int] = set()
        for at in range(start, start + period):
            windows = range(at, at + period * count, period)
            for values in zip(*(self.slots[window] for window in windows), strict=True):
                if values.count(values[0]) == count:
                    if self.defined[values[0]] >= start:
                        return 0
                    fixed.add(values[0])
                    kinds.append(SAME)
                    continue
                entered = next((w for w, value in enumerate(values) if self.defined[value] >= start), count)
                found = (
                    self._outside(values, family, members)
                    if entered == count
                    else self._carried(values, entered, start, period, starts)
                )
                if isinstance(found, int):
                    return found
                kinds.append(found)
            for numbers in zip(*(self.numbers[window] for window in windows), strict=True):
                steps = [b - a for a, b in pairwise(numbers)]
                broken = next((w for w, step in enumerate(steps) if step != steps[0]), None)
                if broken is not None:
                    return broken + 1
                kinds.append((steps[0], 0))
        if not fixed.isdisjoint(family) or (count == 2 and not self._is_used_alike(family, start, start + 2 * period)):
            return 0
        if count == 2 and any(self.roles[each] in PARAMETERS for each in starts.values()):
            return 0
        return Motion(tuple(kinds), starts, frozenset(family), frozenset(fixed))

    def _carried(
        self, values: Sequence[int], entered: int, start: int, period: int, starts: dict[tuple[int, int], int]
    ) -> tuple[int, int] | int:
        """Return the equation of the window that defines a slot's symbols, and how many windows before."""
        first = self.defined[values[entered]]
        for window in range(entered, len(values)):
            if self.defined[values[window]] != first + (window - entered) * period:
                return window
        offset, back = (first - start) % period, (first - start) // period - entered
        for window in range(entered):
            if back + window >= 0 or starts.setdefault((offset, back + window), values[window]) != values[window]:
                return 0
        return offset, back

    def _outside(
        self, values: Sequence[int], family: dict[int, tuple[int, int]], members: dict[tuple[int, int], int]
    ) -> str | int:
        """Tell that a slot has another outside symbol in every window, each the same one wherever it stands."""
        steps = [self._apart(a, b) for a, b in pairwise(values)]
        broken = next((w for w, step in enumerate(steps) if step is None or step != steps[0]), None)
        if broken is not None:
            return broken + 1
        head, shift = family.get(values[0], (values[0], 0))
        for window, value in enumerate(values):
            place = head, window + shift
            if family.setdefault(value, place) != place or members.setdefault(place, value) != value:
                return window
        return OUTSIDE

    def _is_used_alike(self, family: Iterable[int], start: int, end: int) -> bool:
        """Tell whether given symbols of a family are used equally often elsewhere: two windows prove little."""
        given = [symbol for symbol in family if self.defined[symbol] == GIVEN]
        return len({sum(not start <= at < end for at in self.uses[symbol]) for symbol in given}) <= 1

    def _apart(self, a: int, b: int) -> int | None:
        """Return how many equations lie between two symbols, 0 where both are given; None where they are no kin."""
        if self.defined[a] == GIVEN == self.defined[b]:
            return 0 if self.roles[a] is self.roles[b] else None
        return self.defined[b] - self.defined[a] if GIVEN not in (self.defined[a], self.defined[b]) else None

    def _is_repetition(self, run: Run, motion: Motion) -> bool:
        """Tell windows that repeat from equations that only look alike, such as queries and keys.

        They carry something on, or are one map of several things, or are collected: their results are the terms of one
        sum or stack and nothing else. Two single equations make no loop, unless each is a whole block. Where names are
        to stay, they count the windows: an anchor and a positive example are no loop, nor are the layers U and V.
        """
        if run.period == 1 and run.count == 2 and not isinstance(self.equations[run.start].rhs, Call):
            return False
        if self.counted and not self._is_counted(run, motion):
            return False
        return motion.carries or self.is_one_map(motion) or self._is_collected(run)

    def _is_counted(self, run: Run, motion: Motion) -> bool:
        """Tell whether names in the same place of the windows differ in numbers alone.

        What starts a recursion may have another name, and what one of three or more repetitions ends in.
        """
        last = run.end - run.period * (motion.carries and run.count > 2)
        for at in range(run.start, run.start + run.period):
            slots = zip(*(self.slots[each] for each in range(at, run.end, run.period)), strict=True)
            given = [column for column in slots if all(self.defined[each] == GIVEN for each in column)]
            for column in ([self.lhs[each] for each in range(at, last, run.period)], *given):
                if len({_NUMBERS.sub("", self.symbols[each].name) for each in column}) > 1:
                    return False
        return True

    def is_one_map(self, motion: Motion) -> bool:
        """Tell whether windows share what is learnt, so that they do the same to something else each."""
        shared, own = (any(self.roles[each] in PARAMETERS for each in some) for some in (motion.fixed, motion.varying))
        return shared and bool(motion.varying) and not own

    def _is_collected(self, run: Run) -> bool:
        collected = False
        for offset in range(run.period):
            members = [self.lhs[run.start + offset + w * run.period] for w in range(run.count)]
            outside = [[at for at in self.uses[member] if at >= run.end] for member in members]
            if any(ats != outside[0] for ats in outside):
                return False
            if any(not self._has_as_terms(at, members) for at in outside[0]):
                return False
            collected = collected or bool(outside[0])
        return collected

    def _has_as_terms(self, at: int, members: Sequence[int]) -> bool:
        """Tell whether an equation has a term for each of these symbols, alike but for the symbol, in their order."""
        rhs = self.equations[at].rhs
        if not isinstance(plain(rhs), MatAdd | Stack):
            return False
        terms = []
        for arg in plain(rhs).args:
            slots: list[Any] = []
            key = skeleton(arg, slots)
            names = [self._ids[slot.name] for slot in slots if isinstance(slot, MatrixSymbol)]
            terms.append((key, names))
        found = [(key, names) for key, names in terms if not set(names).isdisjoint(members)]
        if len(found) != len(members):
            return False
        bare = [(key, [None if name in members else name for name in names]) for key, names in found]
        order = [[name for name in names if name in members] for _, names in found]
        return all(each == bare[0] for each in bare) and order == [[member] for member in members]


_STAYS, _ANOTHER, _ENTERS, _BREAKS = 0, -1, -2, -3


def _goes_on(before: int, now: int) -> bool:
    """Tell whether a symbol that moved one way may move another way from the next window to the one after."""
    return before == now or (before == _ENTERS and now > 0) or (before == _ANOTHER and now == _ENTERS)


@dataclass
class Repeated:
    """A run in a list, with what its window repeats in turn and what starts it at each of its places."""

    number: int
    run: Run
    body: list[int | Repeated]
    motions: list[Motion]


Tree: TypeAlias = list[int | Repeated]
"""Equations by their places, and runs."""


def tree(found: List) -> Tree:
    """Return a list of equations as equations and runs, each run with its window treated alike."""
    return _split(found, 0, len(found), [0], count_from())


def _split(found: List, first: int, end: int, bases: Sequence[int], numbers: Iterator[int]) -> Tree:
    items: Tree = []
    runs = found.best_runs(first, end, bases) if end - first > 1 else []
    if not runs:
        return list(range(first, end))
    for run in runs:
        items += _split(found, first, run.start, bases, numbers)
        motions = [motion for base in bases if isinstance(motion := found.motion(run, base), Motion)]
        inner = [base + window * run.period for base in bases for window in range(run.count)]
        number = next(numbers)
        body = _split(found, run.start, run.start + run.period, inner, numbers)
        items.append(Repeated(number, run, body, motions))
        first = run.end
    return items + _split(found, first, end, bases, numbers)


def _largest(best: list[Run], runs: Sequence[Run]) -> list[Run]:
    """Return the largest of the runs of a period if they are larger than the best so far, none over another."""
    size = max((run.size for run in runs), default=(0, 0))
    if best and size <= best[0].size:
        return best
    found: list[Run] = []
    for run in runs:
        if run.size == size and (not found or run.start >= found[-1].end):
            found.append(run)
    return found
