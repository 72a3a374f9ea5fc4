"""One equation for many: symbols and numbers that move with the indices, each an affine expression of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from typing import Any, TypeAlias, cast

from sympy import Add, Basic, Expr, Integer, MatAdd, MatrixExpr, MatrixSymbol, sympify

from symbp.equations import Equation
from symbp.ops.structure import Stack
from symbp.symbols import Adjoint, Variable
from symbp.views.lines import Case, Indexed, Place, Places, Values, at, index_symbol
from symbp.views.over import BesideOver, Over, StackOver, SumOver
from symbp.views.places import SPARE
from symbp.views.skeleton import Parsed, Slot, refilled, skeleton
from symbp.views.turned import Turned, plain

Member: TypeAlias = tuple[Values, Parsed]
"""An equation, and the values of the indices around it."""

Fit: TypeAlias = tuple[tuple[int, ...], list[int]]
"""How a number moves with each index, and what remains in every member."""


def cases(members: Sequence[Member], around: tuple[int, ...], places: Places) -> tuple[Case, ...]:
    """Return the ways in which the equations of one line are written, each with the values it holds for.

    ``around`` are the loops around the line, by number; the widest case comes last.
    """
    alike: dict[Hashable, list[Member]] = {}
    for member in members:
        alike.setdefault(member[1].key, []).append(member)
    found = [case for group in alike.values() for case in _of_one_key(group, around, places)]
    return tuple(sorted(found, key=lambda case: len(case.values)))


def _of_one_key(members: list[Member], around: tuple[int, ...], places: Places) -> Iterator[Case]:
    """Yield the cases of equations that do the same, told apart by the symbols they do it to and by how these move."""
    lhs, *operands = zip(*(parsed.slots for _, parsed in members), strict=True)
    columns = [_read(lhs, (), places), *(_read(column, around, places) for column in operands)]
    families: dict[tuple[Any, ...], list[int]] = {}
    for number, row in enumerate(zip(*columns, strict=True)):
        key = tuple([each.of.name if isinstance(each, Place) else None for each in row])
        families.setdefault(key, []).append(number)
    for numbers in families.values():
        yield from _of_one_family(
            [members[n] for n in numbers], [[c[n] for n in numbers] for c in columns], around, places
        )


def _of_one_family(
    members: list[Member], columns: list[list[Any]], around: tuple[int, ...], places: Places
) -> Iterator[Case]:
    values = [each for each, _ in members]
    moving = [_moving(column) for column in columns]
    fits = [[_fit(loop, numbers, values, around) for loop, numbers in parts] for parts in moving]
    groups: dict[tuple[int, ...], list[int]] = {}
    for number in range(len(members)):
        rest = tuple([rest[number] for parts in fits for _, rest in parts])
        groups.setdefault(rest, []).append(number)
    for numbers in groups.values():
        own = [values[n] for n in numbers]
        letters = _letters(own, around, places)
        first = members[numbers[0]][1]
        slots = []
        for original, column, parts in zip(first.slots, columns, fits, strict=True):
            indices = [_affine(moves, rest[numbers[0]], letters) for moves, rest in parts]
            slots.append(_slot(original, column[numbers[0]], indices))
        filled = iter(slots)
        lhs, rhs = next(filled), refilled(first.equation.rhs, filled)
        equation = Equation(cast("MatrixSymbol", lhs), gathered(rhs, around, places), first.equation.steps)
        yield Case(equation, frozenset(own))


def _letters(values: list[Values], around: tuple[int, ...], places: Places) -> list[Expr]:
    """Return what stands for each index where these are its values: its letter, or its only value."""
    return [
        at(column[0]) if len(set(column)) == 1 else places.loops[loop].symbol
        for loop, column in zip(around, zip(*values, strict=True), strict=True)
    ]


def _read(column: Sequence[Slot], around: tuple[int, ...], places: Places) -> list[Any]:
    """Return what a slot holds in every member: a number, or which of its like a symbol is.

    A symbol that starts a recursion is read as the one it stands for, or as itself, like the other members' symbols.
    """
    if not isinstance(column[0], MatrixSymbol):
        return [number.p if number.is_Integer else number for number in column]
    spelled = places.spelled
    own: list[Any] = [_own(symbol, places) for symbol in column]
    names = [each.name for each in own]
    if not any(isinstance(each, Indexed) for each in own) and places.starts.keys().isdisjoint(names):
        return [spelled.get(name) or Place(of) for name, of in zip(names, own, strict=True)]
    readings = [readings_of(symbol, around, places) for symbol in column]
    if all(len(each) == 1 for each in readings):
        return [each[0] for each in readings]
    votes = Counter(place.of.name for each in readings for place in each)
    return [max(each, key=lambda place: votes[place.of.name]) for each in readings]


def readings_of(symbol: Any, around: tuple[int, ...], places: Places) -> list[Place]:
    """Return which of its like a symbol is, inside these loops; what it stands for as a start comes first."""
    of = _own(symbol, places)
    if isinstance(of, Indexed):
        return [Place(of.of, places.spelled[of.of.name].loops, cast("Values", of.indices))]
    found = [place for loop, place in places.starts.get(of.name, ()) if loop in around and of is symbol]
    return [*found, places.spelled.get(of.name) or Place(of)]


def _own(symbol: Any, places: Places) -> Any:
    """Return the symbol whose place counts: of an error, the one it is the gradient of, if it has no place itself."""
    return symbol.of if isinstance(symbol, Adjoint) and symbol.name not in places.spelled else symbol


def _moving(column: list[Any]) -> list[tuple[int | None, list[int]]]:
    """Return the numbers of a slot, member by member: those of a place with their loops, or the number itself."""
    if not isinstance(column[0], Place):
        return [(None, column)]
    return [(loop, [place.values[number] for place in column]) for number, loop in enumerate(column[0].loops)]


def _fit(loop: int | None, numbers: list[Any], values: list[Values], around: tuple[int, ...]) -> Fit:
    """Return how numbers move with the indices around: as few different remainders as possible."""
    best: Fit | None = None
    for moves in _models(loop, numbers, values, around):
        rest = _remainders(moves, numbers, values)
        if best is None or len(set(rest)) < len(set(best[1])):
            best = moves, rest
        if len(set(best[1])) == 1:
            break
    assert best is not None
    return best


def _remainders(moves: tuple[Any, ...], numbers: list[Any], values: list[Values]) -> list[Any]:
    for depth, move in enumerate(moves):
        if move == 1:
            numbers = [number - each[depth] for number, each in zip(numbers, values, strict=True)]
        elif move:
            numbers = [number - move * each[depth] for number, each in zip(numbers, values, strict=True)]
    return numbers


def _models(
    loop: int | None, numbers: list[Any], values: list[Values], around: tuple[int, ...]
) -> Iterator[tuple[int, ...]]:
    """Yield the ways in which a number may move: with its own index, not at all, with another one, against one."""
    none = (0,) * len(around)
    units = {each: tuple([int(other == each) for other in around]) for each in around}
    if loop is None:
        yield _slopes(numbers, values)
        yield none
        return
    if loop in units:
        yield units[loop]
    yield none
    yield from (unit for each, unit in units.items() if each != loop)
    yield from (tuple([-each for each in unit]) for unit in units.values())


def _slopes(numbers: list[Any], values: list[Values]) -> tuple[int, ...]:
    """Return by how much a number grows with each index, as two members say that differ in nothing else."""
    by_values = dict(zip(values, numbers, strict=True))
    first = min(by_values)
    found = []
    for depth in range(len(first)):
        others = [each for each in by_values if _only_differs(each, first, depth)]
        slope = 0
        if others:
            other = min(others)
            grown, over = by_values[other] - by_values[first], other[depth] - first[depth]
            slope = grown if over == 1 else grown // over if isinstance(grown, int) and grown % over == 0 else 0
        found.append(slope)
    return tuple(found)


def _only_differs(one: Values, other: Values, depth: int) -> bool:
    return one[depth] != other[depth] and one[:depth] == other[:depth] and one[depth + 1 :] == other[depth + 1 :]


def _affine(moves: Sequence[Any], rest: Any, letters: Sequence[Expr]) -> Expr:
    terms = [move * letter for move, letter in zip(moves, letters, strict=True) if move]
    return Add(*terms, sympify(rest)) if terms else cast("Expr", sympify(rest))


def _slot(original: Slot, read: Any, indices: list[Expr]) -> Slot:
    """Return what stands in the place of a slot: a number, or a symbol or its error with these indices."""
    if not isinstance(read, Place):
        return indices[0]
    symbol: Any = Indexed(cast("Variable", read.of), *indices) if indices else read.of
    return type(original)(symbol) if isinstance(original, Adjoint) and not isinstance(read.of, Adjoint) else symbol


def gathered(expr: MatrixExpr, around: tuple[int, ...], places: Places) -> MatrixExpr:
    """Return an expression with one node for terms of a sum or a stack that are one term over an index.

    ``around`` are the loops whose letters are taken.
    """
    if isinstance(expr, MatrixSymbol) or not any(isinstance(arg, MatrixExpr) for arg in expr.args):
        return expr
    args = [gathered(arg, around, places) if isinstance(arg, MatrixExpr) else arg for arg in expr.args]
    if isinstance(expr, MatAdd | Stack):
        return _Terms(type(expr), args, around, places).together()
    if isinstance(plain(expr), Stack):
        found = _Terms(Stack, args[1:], around, places).together()
        return BesideOver(*found.args) if isinstance(found, StackOver) else Turned(expr.form, *found.args)
    if all(map(_is, args, expr.args)):
        return expr
    return cast("MatrixExpr", Basic.__new__(type(expr), *args))


def _is(one: object, other: object) -> bool:
    return one is other


class _Terms:
    """The terms of a sum or of a stack, and what they have in common."""

    def __init__(self, kind: type, terms: list[Any], around: tuple[int, ...], places: Places) -> None:
        self.kind, self.terms, self.around, self.places = kind, terms, around, places

    def together(self) -> MatrixExpr:
        """Return them with one node for each group of terms over an index, until there is none."""
        while (group := self._group()) is not None:
            numbers, node = group
            kept = [term for number, term in enumerate(self.terms) if number not in numbers]
            kept.insert(min(numbers), node)
            self.terms = kept
        if len(self.terms) == 1:
            return cast("MatrixExpr", self.terms[0])
        return cast("MatrixExpr", Basic.__new__(self.kind, *self.terms))

    def _group(self) -> tuple[set[int], Over] | None:
        alike: dict[Hashable, list[int]] = {}
        slots: list[list[Slot]] = []
        for number, term in enumerate(self.terms):
            slots.append([])
            alike.setdefault(skeleton(term, slots[-1]), []).append(number)
        for numbers in alike.values():
            if len(numbers) > 1 and (found := self._over(numbers, [slots[n] for n in numbers])) is not None:
                return found
        return None

    def _over(self, numbers: list[int], slots: list[list[Slot]]) -> tuple[set[int], Over] | None:
        """Return which of the terms that do the same are one term over an index, and that as one node."""
        loops = tuple(range(len(self.places.loops)))
        outside = tuple([loop for loop in loops if loop not in self.around])
        columns = [_read(column, outside, self.places) for column in zip(*slots, strict=True)]
        if not columns:
            return None
        families = [
            tuple([each.of.name if isinstance(each, Place) else None for each in row])
            for row in zip(*columns, strict=True)
        ]
        common = Counter(families).most_common(1)[0][0]
        rows = [n for n, family in enumerate(families) if family == common]
        columns = [[column[n] for n in rows] for column in columns]
        moving = [_moving(column) for column in columns]
        key = self._key(moving, [isinstance(slot, Adjoint) for slot in slots[0]])
        if key is None:
            return None
        loop, values = key
        fits = [[self._fit(own, loop, found, values) for own, found in parts] for parts in moving]
        groups: dict[tuple[Any, ...], list[int]] = {}
        for number in range(len(rows)):
            groups.setdefault(tuple([rest[number] for parts in fits for _, rest in parts]), []).append(number)
        group = max(groups.values(), key=len)
        own = [values[n] for n in group]
        terms = [numbers[rows[n]] for n in group]
        if len(own) < 2 or sorted(own) != list(range(min(own), max(own) + 1)):
            return None
        if self.kind is Stack and (own != sorted(own) or terms != list(range(terms[0], terms[-1] + 1))):
            return None
        symbol = index_symbol(self._letter(loop, terms))
        filled = []
        for original, column, parts in zip(slots[rows[group[0]]], columns, fits, strict=True):
            indices = [_affine([move], rest[group[0]], [symbol]) for move, rest in parts]
            filled.append(_slot(original, column[group[0]], indices))
        term = refilled(self.terms[terms[0]], iter(filled))
        over = SumOver if self.kind is MatAdd else StackOver
        return set(terms), over(symbol, min(own), max(own), term)

    def _key(self, moving: list[Any], errors: list[bool]) -> tuple[int, list[int]] | None:
        """Return the loop over whose index the terms run and its value in each: an error's innermost, if any."""
        for wanted in (True, False):
            for parts, is_error in zip(moving, errors, strict=True):
                for loop, values in reversed(parts) if is_error is wanted else ():
                    if loop is not None and loop not in self.around and len(set(values)) > 1:
                        return (loop, values) if all(isinstance(each, int | Integer) for each in values) else None
        return None

    def _fit(self, loop: int | None, over: int, numbers: list[Any], values: list[Any]) -> tuple[Any, list[Any]]:
        if loop is None:
            slope = _slopes(numbers, [(int(value),) for value in values])[0]
        else:
            slope = min((1, 0, -1), key=lambda move: len(set(_remainders((move,), numbers, [(v,) for v in values]))))
        return slope, [number - slope * value for number, value in zip(numbers, values, strict=True)]

    def _letter(self, loop: int, terms: Sequence[int]) -> str:
        """Return a letter for an index that neither the loops around nor the terms have."""
        taken = {self.places.loops[each].letter for each in self.around}
        taken |= {node.index.name for number in terms for node in _overs(self.terms[number])}
        return next(each for each in self.places.loops[loop].letter + SPARE if each not in taken)


def _overs(term: MatrixExpr) -> Iterator[Over]:
    """Yield the sums and stacks over an index inside a term."""
    waiting = [term]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Over):
            yield node
        waiting += [arg for arg in node.args if isinstance(arg, MatrixExpr) and not isinstance(node, MatrixSymbol)]
