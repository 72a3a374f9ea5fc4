"""Recurrent layers of a page: the step back of each, and how its matrices are spelled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from sympy import Expr, Identity, MatMul, MatrixExpr, MatrixSymbol, Symbol, Transpose, ZeroMatrix

from symbp.errors import SpecError
from symbp.maths.build import Builder
from symbp.maths.names import derivative_of, slot_of
from symbp.maths.tree import (
    COMMA,
    EQUALS,
    Id,
    Node,
    Num,
    Script,
    Table,
    Tag,
    row,
)
from symbp.pages.tell.context import Context
from symbp.roles import Role
from symbp.symbols import Adjoint, Variable
from symbp.views.lines import Index, Indexed, index_symbol
from symbp.views.skeleton import mapped
from symbp.views.time import Inner, StepBack, step_back

STEP, WAYS, DIAGONALS = "time-step", "time-ways", "time-diagonals"
"""The labels of the matrices of a step."""

MATRICES = "JKMPQ"
"""Letters, in script, for the matrix of a step, one for each recurrent layer."""

WITHIN = "RPQS"
"""Letters for what one part of the state hands on to another inside a step, the first that is free."""


@dataclass(frozen=True)
class Time:
    """One recurrent layer of a page: its step back, spelled for any step t.

    Of layers that repeat it is that of any layer, or of the ``top`` one.
    """

    c: Context
    step: StepBack
    index: Index
    letter: str
    top: bool = False

    @cached_property
    def builder(self) -> Builder:
        """What writes expressions."""
        return self.c.builder

    @cached_property
    def own(self) -> dict[str, int]:
        """The values of the indices at the step that stands for all."""
        spelled = self.c.reading.spelled(self.step.now[0])
        assert isinstance(spelled, Indexed)
        return dict(zip(self.c.names.loops(spelled), map(int, spelled.indices), strict=True))

    def label(self, name: str) -> str:
        """Return the label of a line of this layer."""
        return name if self.letter == MATRICES[0] else f"{name}-{self.letter}"

    @property
    def t(self) -> Symbol:
        """The letter of the step."""
        return self.index.symbol

    @property
    def last(self) -> Symbol:
        """The letter of the last step."""
        return self.c.last[self.index.letter]

    def at(self, expr: MatrixExpr, step: Expr | None = None) -> MatrixExpr:
        """Return an expression of the step as it is at another one; without one, at step t."""
        layer = self.c.last if self.top else {letter: index_symbol(letter) for letter in self.own}
        values = {**layer, self.index.letter: self.t if step is None else step}
        moved = {letter: values[letter] - value for letter, value in self.own.items()}

        def read(slot: object) -> object:
            return self._moved(slot, moved) if isinstance(slot, MatrixSymbol) else slot

        return mapped(expr, read)

    def _moved(self, symbol: MatrixSymbol, moved: dict[str, Expr]) -> MatrixSymbol:
        spelled = self.c.reading.spelled(symbol)
        if isinstance(spelled, Adjoint):
            return Adjoint(self._moved(spelled.of, moved))
        if not isinstance(spelled, Indexed):
            return spelled
        indices = zip(self.c.names.loops(spelled), spelled.indices, strict=True)
        return Indexed(spelled.of, *(each + moved.get(letter, 0) for letter, each in indices))

    def tree(self, expr: MatrixExpr, step: Expr | None = None) -> Node:
        """Return an expression at a step."""
        return self.builder.tree(self.at(expr, step))

    def like(self, letter: Id, symbol: MatrixSymbol, step: Expr | None = None) -> Node:
        """Return a letter with the indices of a symbol."""
        return self.letter_of(letter, self.at(symbol, step))

    def letter_of(self, letter: Id, spelled: MatrixSymbol) -> Node:
        """Return a letter with the indices of a symbol that is spelled already."""
        return Tag(self.c.names.like(letter, spelled), of=self.meant(letter, spelled))

    def meant(self, letter: Id, spelled: MatrixSymbol) -> MatrixSymbol:
        """Return the matrix that a letter with the indices of a symbol stands for."""
        of = spelled.of if isinstance(spelled, Indexed) else spelled
        rows = self.size if letter.name in (self.letter, "s") else of.shape[0]
        columns = {self.letter: self.size, "G": self.size, "s": 1}.get(letter.name, of.shape[0])
        own = Variable(f"{letter.name}.{of.name}", rows, columns, Role.STATE, letter.name, of.layer, of.path)
        return Indexed(own, *spelled.indices) if isinstance(spelled, Indexed) else own

    @property
    def size(self) -> Expr:
        """How many rows the whole state has."""
        return sum((part.shape[0] for part in self.step.now[1:]), self.step.now[0].shape[0])

    def matrix(self, step: Expr | None = None) -> Node:
        """Return 𝒥_t."""
        return self.like(Id(self.letter, "script"), self.step.now[0], step)

    def state(self, step: Expr | None = None) -> Node:
        """Return the state: s_t for a stacked one, h_t for one of a single part."""
        parts = self.step.now
        return self.like(Id("s"), parts[0], step) if len(parts) > 1 else self.tree(parts[0], step)

    def error(self, step: Expr | None = None) -> Node:
        """Return the error of the state."""
        if len(self.step.now) == 1:
            return self.tree(Adjoint(self.step.now[0]), step)
        state = self.state(step)
        assert isinstance(state, Tag)
        named = self.c.notation.named_error
        return Tag(
            Script(self.c.names.error, state) if named else derivative_of(self.c.notation, state), of=Adjoint(state.of)
        )

    def slopes(self, of: MatrixSymbol) -> Node:
        """Return D for an error inside the step: D_{k,t}."""
        return self._named(Id(self.c.notation.slopes), of)

    def way(self, of: MatrixSymbol) -> Node:
        """Return 𝒢_{k,t}, from the error of the state to one inside the step; of a single part it is D_{k,t}."""
        return self._named(Id("G", "script"), of) if self.step.is_cut else self.slopes(of)

    def _named(self, letter: Id, of: MatrixSymbol) -> Node:
        spelled = self.at(of)
        alone = len(self.step.inner) == 1 or self._is_told_apart(spelled)
        name = self.c.names.like(letter, spelled)
        if not alone and isinstance(name, Script) and name.sub is not None:
            name = Script(letter, row(self.c.names.parts[slot_of(spelled)].base, COMMA, name.sub), name.sup)
        return Tag(name, of=self.meant(letter, spelled))

    def _is_told_apart(self, spelled: MatrixSymbol) -> bool:
        """Whether a name has a word below that says which of several it is."""
        loops = self.c.names.loops(spelled)
        return bool(self.c.names.parts[slot_of(spelled)].below) or any(each in self.c.names.words for each in loops)

    @cached_property
    def within(self) -> str:
        """The letter of what one part hands on to another."""
        return next(each for each in WITHIN if each not in self.c.taken)

    @cached_property
    def handed(self) -> list[tuple[int, int, MatrixExpr]]:
        """What one part of the state hands on to another inside the step: to which, from which, its diagonal."""
        return [
            (to, of, term.way.slopes)
            for to, line in enumerate(self.step.within)
            for of, terms in enumerate(line)
            for term in terms
            if to != of and term.way.slopes is not None
        ]


def times_of(c: Context) -> list[Time]:
    """Return the recurrent layers of a page whose step is a matrix, from the first on; what repeats once, its last one.

    Raises:
        SpecError: a product between two steps is asked for, and there is none, or not between these.
    """
    found: dict[object, Time] = {}
    if c.reading.is_one:
        known = {each.lhs.name: each.lhs for each in c.reading.listed}
        for steps in c.reading.derivation.states.values():
            last = max(steps)
            now, before = (tuple(known.get(part.name) for part in steps.get(at, ())) for at in (last, last - 1))
            slot = None if None in now else slot_of(c.reading.spelled(now[0]))
            letter = MATRICES[list({**found, slot: None}).index(slot) % len(MATRICES)]
            time = None if slot is None or None in before or not before else _time(c, now, before, letter)
            if time is not None:
                found[slot] = time
    times = list(found.values())
    _require(c, times)
    return times


def _time(c: Context, now: tuple[MatrixSymbol, ...], before: tuple[MatrixSymbol, ...], letter: str) -> Time | None:
    spelled = c.reading.spelled(now[0])
    loops = c.names.loops(spelled) if isinstance(spelled, Indexed) else ()
    index = next((each for each in c.reading.indices if each.kind == "step" and each.letter in loops), None)
    step = None if index is None else step_back(c.reading.errors, now, before)
    return None if step is None or index is None else Time(c, step, index, letter)


def _require(c: Context, times: Sequence[Time]) -> None:
    if c.pair is None:
        return
    if not times:
        raise SpecError("no recurrent layer of two or more steps: there is no product between two steps")
    first, last = c.pair
    steps = times[-1].index.last
    if not 1 <= first < last <= steps:
        raise SpecError(f"the steps are 1 to {steps}: give two, the earlier first, such as 1,{steps}")


def zero(rows: Expr, columns: Expr) -> Node:
    """Return a block of zeros."""
    return Tag(Num("0"), of=ZeroMatrix(rows, columns))


def one(size: Expr) -> Node:
    """Return a block that is the identity."""
    return Tag(Id("I"), of=Identity(size))


def stack(time: Time) -> Node:
    """Return s_t = [h_t; c_t]."""
    parts = tuple((time.tree(each),) for each in time.step.now)
    return time.state() if len(parts) == 1 else row(time.state(), EQUALS, Table(parts))


def of_any(time: Time, of: MatrixSymbol) -> MatrixSymbol:
    """Return how a value of one step stands where any step is meant."""
    return time.c.of_any(time.at(of))


def any_way(time: Time, of: MatrixSymbol) -> Node:
    """Return 𝒢_{k,t} for any k."""
    letter = Id("G", "script") if time.step.is_cut else Id(time.c.notation.slopes)
    spelled = of_any(time, of)
    return time.letter_of(letter, spelled) if spelled != time.at(of) else time.way(of)


def shown_error(time: Time) -> MatrixSymbol:
    """Return what stands for all errors inside the step: that whose weight multiplies the input."""
    found = next(parameters(time), None)
    return next(iter(time.step.inner)) if found is None else found[1]


def parameters(time: Time) -> Iterator[tuple[MatrixSymbol, MatrixSymbol, MatrixExpr]]:
    """Yield weights of the layer, the error inside the last step that each meets, and what it multiplies there.

    Those of a family come first.
    """
    spelled = time.c.reading.spelled
    for equation in sorted(time.c.reading.gradients, key=lambda each: not isinstance(spelled(each.lhs.of), Indexed)):
        terms = equation.rhs.args if not isinstance(equation.rhs, MatMul) else (equation.rhs,)
        for term in terms:
            match term:
                case MatMul(args=(Adjoint() as error, Transpose() as right)) if error.of in time.step.inner:
                    if equation.lhs.of.role is Role.WEIGHT and right.arg not in time.step.before:
                        yield equation.lhs.of, error.of, right.arg


def families(time: Time, found: Sequence[Inner]) -> list[list[Inner]]:
    """Return errors, those of one family together."""
    groups: dict[object, list[Inner]] = {}
    for each in found:
        groups.setdefault(of_any(time, each.of), []).append(each)
    return list(groups.values())


def led(time: Time) -> list[list[Inner]]:
    """Return the errors inside the step that the state leads to in the product, by the part that they come from."""
    family = of_any(time, shown_error(time))
    own = [each for each in time.step.inner.values() if of_any(time, each.of) == family]
    return [[each for each in own if each.part == part] for part in range(len(time.step.now))]


def diagonals_labels(time: Time) -> list[str]:
    """Return the labels of the lines of what stands on diagonals: two on a line, what is handed on apart."""
    inner, handed = len(time.step.inner), len(time.handed)
    count = (inner + 1) // 2 + (handed + 1) // 2 if time.step.is_cut else (inner + handed + 1) // 2
    return [time.label(f"{DIAGONALS}-{at}") for at in range(1, count + 1)]


def ways_labels(time: Time, count: int | None = None) -> list[str]:
    """Return the labels of the lines of 𝒢: one for those of each family that come from one part of the state."""
    total = sum(len(families(time, own)) for own in led(time)) if count is None else count
    return [time.label(f"{WAYS}-{at}") for at in range(1, total + 1)]
