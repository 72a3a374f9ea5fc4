"""Recurrent layers: the error of the state goes back by one matrix a step, and a gradient is a sum of products of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from sympy import Expr, MatMul, MatrixExpr, MatrixSymbol, Symbol, Transpose

from symbp.equations import Equation, symbols_in
from symbp.errors import SpecError
from symbp.maths.build import Builder
from symbp.maths.names import slot_of
from symbp.maths.scalars import Level, call, number, word
from symbp.maths.tree import (
    COMMA,
    DOTS,
    EQUALS,
    HADAMARD,
    PLUS,
    TIMES,
    Id,
    Node,
    Num,
    Script,
    Sign,
    Table,
    Tag,
    joined,
    row,
)
from symbp.nodes import transpose
from symbp.pages.page import Block, Equations, Para, Ref, Text
from symbp.pages.page import Line as PageLine
from symbp.pages.tell.context import AND_SO_ON, Context
from symbp.roles import Role
from symbp.symbols import Adjoint
from symbp.views.lines import Index, Indexed, index_symbol
from symbp.views.skeleton import mapped
from symbp.views.time import Inner, StepBack, Term, Way, step_back, ways

BACK, START, GATES, OVER_TIME, STEP, WAYS, PAIR = (
    "time-back", "time-start", "time-gates", "time-product", "time-step", "time-ways", "time-pair",
)  # fmt: skip
"""The labels of the lines: both passes of the state's error, its ways to the gates, the product, the matrices."""

MATRICES = "JKMPQ"
"""Letters, in script, for the matrix of a step, one for each recurrent layer."""

WITHIN = "RPQS"
"""Letters for what one part of the state hands on to another inside a step, the first that is free."""

MOST_STEPS = 6
"""Longest product between two steps that is written with every factor."""


@dataclass(frozen=True)
class Time:
    """One recurrent layer of a page: its step back, spelled for any step t; of layers that repeat, for any or the top."""

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

    def like(self, letter: Node, symbol: MatrixSymbol, step: Expr | None = None) -> Node:
        """Return a letter with the indices of a symbol."""
        return self.c.names.like(letter, self.at(symbol, step))

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
        return Script(Id(self.c.notation.error), self.state(step))

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
        if alone or not isinstance(name, Script) or name.sub is None:
            return name
        return Script(letter, row(self.c.names.parts[slot_of(spelled)].base, COMMA, name.sub), name.sup)

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


# The result.


def time_result(c: Context, shown: Sequence[PageLine]) -> list[Block]:
    """Return how the error of the last recurrent layer's state goes back, and a gradient as a sum of products.

    ``shown`` are the lines of the errors that start at the loss.
    """
    times = times_of(c)
    if not times:
        return []
    time = replace(times[-1], top=True)
    t, state = time.t, time.error
    others, start = _others(time), _start(time)
    lines = [replace(each, reason=()) for each in shown]
    if start is not None and len(time.step.now) > 1:
        lines.append(PageLine((row(state(time.last), EQUALS, start),), START))
    back = row(state(t - 1), EQUALS, time.matrix(t), TIMES, state(t))
    lines.append(PageLine((back,), BACK, _down(time)))
    if time.step.is_cut:
        of = _shown(time)
        lines.append(PageLine((row(_error(time, of), EQUALS, _any_way(time, of), TIMES, time.error()),), GATES))
    said: Text = c.words("time.result" if len(time.step.now) == 1 else "time.result_stacked", state=_stack(time))
    if others:
        said = c.words("time.joined", first=said, second=c.words("time.others", matrix=time.matrix(t)))
    blocks: list[Block] = [Para(said), Equations(tuple(lines))]
    gradient = None if others else _product(time)
    if gradient is not None:
        blocks += [Equations((PageLine((gradient,), OVER_TIME),))]
    where = c.words(
        "time.where", matrix=time.matrix(), state=time.state(), before=time.state(t - 1), step=Ref(time.label(STEP))
    )
    return [*blocks, Para(where), *_between(time)]


def _stack(time: Time) -> Node:
    """Return s_t = [h_t; c_t]."""
    parts = tuple((time.tree(each),) for each in time.step.now)
    return time.state() if len(parts) == 1 else row(time.state(), EQUALS, Table(parts))


def _down(time: Time) -> Node:
    """Return t = T, …, 2."""
    return row(number(time.t), EQUALS, number(time.last), COMMA, AND_SO_ON, COMMA, Num("2"))


def _errors_of(time: Time) -> dict[MatrixSymbol, Equation]:
    return {each.lhs.of: each for each in time.c.reading.errors}


def _others(time: Time) -> bool:
    """Whether the state of a step that is not the last receives errors from elsewhere too."""
    errors, path = _errors_of(time), time.step.now[0].path
    return any(
        isinstance(each, Adjoint) and each.of.path != path
        for part in time.step.before
        for each in symbols_in(errors[part].rhs)
    )


def _entry(time: Time) -> tuple[MatrixSymbol, Way] | None:
    """Return from which error that of the last state comes, and on which way; None where it is more than one."""
    errors = _errors_of(time)
    found = ways(errors[time.step.now[0]].rhs)
    if len(found) != 1 or any(each.of.path != time.step.now[0].path for part in time.step.now[1:]
                              for each in symbols_in(errors[part].rhs) if isinstance(each, Adjoint)):  # fmt: skip
        return None
    ((source, own),) = found.items()
    return (source, own[0]) if len(own) == 1 and own[0].slopes is None else None


def _start(time: Time) -> Node | None:
    """Return where the error of the last state comes from: [W₂ᵀ; 0] δ_y."""
    entry = _entry(time)
    if entry is None:
        return None
    source, way = entry
    return row(_entrance(time, way), TIMES, time.tree(Adjoint(source), time.last))


def _entrance(time: Time, way: Way) -> Node:
    """Return the matrix by which the last state receives its error: other parts than the first get none."""
    front = joined([time.builder.within(time.at(each, time.last), Level.PRODUCT) for each in way.weights], TIMES)
    if len(time.step.now) == 1:
        return front if way.weights else Id("I")
    return Table(((front if way.weights else Id("I"),), *((Num("0"),) for _ in time.step.now[1:])))


def _shown(time: Time) -> MatrixSymbol:
    """Return what stands for all errors inside the step: that whose weight multiplies the input."""
    found = next(_parameters(time), None)
    return next(iter(time.step.inner)) if found is None else found[1]


def _any(time: Time, of: MatrixSymbol) -> MatrixSymbol:
    return time.c.of_any(time.at(of))


def _error(time: Time, of: MatrixSymbol) -> Node:
    return time.c.names.symbol(Adjoint(_any(time, of)))


def _parameters(time: Time) -> Iterator[tuple[MatrixSymbol, MatrixSymbol, MatrixExpr]]:
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


def _product(time: Time) -> Node | None:
    """Return ∂ℒ/∂W_k = Σ_t 𝒢_{k,t} 𝒥_{t+1} ⋯ 𝒥_T [W₂ᵀ; 0] (ŷ − y) x_tᵀ; None where a factor is missing."""
    c, found, entry = time.c, next(_parameters(time), None), _entry(time)
    if found is None or entry is None:
        return None
    weight, of, source = found
    error, way = entry
    start = _errors_of(time).get(error)
    is_loss = start is not None and not any(isinstance(each, Adjoint) for each in symbols_in(start.rhs))
    several = len(time.step.inner) > 1
    first, last = time.matrix(time.t + 1), time.matrix(time.last)
    factors = [
        _labelled(c, _any_way(time, of), "gate" if several else "activation derivative"),
        _labelled(c, row(first, TIMES, DOTS, TIMES, last), "steps", t=time.index.letter),
        _labelled(c, _entrance(time, way), "weight"),
        _labelled(c, c.builder.within(start.rhs, Level.PRODUCT), "loss gradient")
        if is_loss and start is not None
        else time.tree(Adjoint(error), time.last),
        _labelled(c, time.tree(transpose(source)), "input" if source.role is Role.INPUT else "previous activation"),
    ]
    below = row(number(time.t), EQUALS, Num("1"))
    total = Script(Sign("∑", "big"), below, number(time.last))
    left = c.names.derivative(_any(time, weight))
    return row(left, EQUALS, total, TIMES, joined(factors, TIMES))


def _any_way(time: Time, of: MatrixSymbol) -> Node:
    """Return 𝒢_{k,t} for any k."""
    letter = Id("G", "script") if time.step.is_cut else Id(time.c.notation.slopes)
    spelled = _any(time, of)
    return time.c.names.like(letter, spelled) if spelled != time.at(of) else time.way(of)


def _labelled(c: Context, node: Node, role: str, **fields: str) -> Node:
    if not c.roles:
        return node
    (text,) = c.words(f"role.{role}", **fields)
    return Tag(node, role=role, label=(str(text),) if fields else tuple(str(text).split(" ")))


def _between(time: Time) -> list[Block]:
    """Return the product between the two steps that are asked for."""
    if time.c.pair is None:
        return []
    first, last = time.c.pair
    steps = [time.matrix(index_symbol(time.index.letter) * 0 + at) for at in range(first + 1, last + 1)]
    shown = steps if len(steps) <= MOST_STEPS else [*steps[:2], DOTS, *steps[-2:]]
    ends = [time.error(time.t * 0 + at) for at in (first, last)]
    product = row(ends[0], EQUALS, joined([*shown, ends[1]], TIMES))
    said = time.c.words("time.pair", first=Num(str(first)), last=Num(str(last)))
    return [Para(said), Equations((PageLine((product,), PAIR),))]


# The matrices.


def time_matrices(c: Context) -> list[Block]:
    """Return the matrix of a step with its entries, for each recurrent layer."""
    return [block for time in times_of(c) for block in _matrices(time)]


def _matrices(time: Time) -> list[Block]:
    c = time.c
    diagonals = [PageLine(tuple(pair)) for pair in _pairs([*_diagonals(time), *_handed(time)])]
    step = PageLine((row(time.matrix(), EQUALS, joined(_step(time), TIMES)),), time.label(STEP))
    own = [PageLine(tuple(_ways(time)), time.label(WAYS))] if time.step.is_cut else []
    return [
        Para(c.words("time.matrices", state=time.state()), title=c.words("time.title")),
        Equations((*diagonals, step, *own)),
        Para(_direct(time)),
    ]


def _pairs(nodes: Sequence[Node]) -> Iterator[Sequence[Node]]:
    return (nodes[at : at + 2] for at in range(0, len(nodes), 2))


def _diagonals(time: Time) -> list[Node]:
    """Return D_{k,t} = diag(…) for every error inside the step."""
    return [
        row(time.slopes(of), EQUALS, call(word("diag"), time.tree(inner.slopes)))
        for of, inner in time.step.inner.items()
    ]


def _handed(time: Time) -> list[Node]:
    return [
        row(_hands(time, to), EQUALS, call(word("diag"), time.tree(slopes))) for to, _, slopes in time.handed
    ]  # fmt: skip


def _hands(time: Time, to: int) -> Node:
    return time.like(Id(time.within), time.step.now[to])


def _step(time: Time) -> list[Node]:
    """Return the factors of 𝒥_t: what the parts send back, and what they hand on inside the step before."""
    rows = [[_sum(time, terms) for terms in line] for line in time.step.back]
    if len(rows) == 1:
        return [rows[0][0]]
    back = Table(tuple(map(tuple, rows)))
    return [back, Table(tuple(map(tuple, _within(time))))] if time.step.is_cut else [back]


def _within(time: Time) -> list[list[Node]]:
    """Return [I 0; R_t I]."""
    size = range(len(time.step.now))
    hands = {(to, of): _hands(time, to) for to, of, _ in time.handed}
    return [[Id("I") if to == of else hands.get((to, of), Num("0")) for of in size] for to in size]


def _ways(time: Time) -> Iterator[Node]:
    """Yield 𝒢_{k,t} = D_{k,t} [R_t I], those of one part of the state together."""
    lines = _within(time)
    for part, line in enumerate(lines):
        own = [each for each in time.step.inner.values() if each.part == part]
        for group in _families(time, own):
            end = Table((tuple(line),))
            if len(group) == 1:
                yield row(time.way(group[0].of), EQUALS, time.slopes(group[0].of), TIMES, end)
                continue
            of = _any(time, group[0].of)
            letters = [time.c.names.like(each, of) for each in (Id("G", "script"), Id(time.c.notation.slopes))]
            yield row(letters[0], EQUALS, letters[1], TIMES, end, Sign("\u2003", "quad"), _values(time, group))


def _families(time: Time, found: Sequence[Inner]) -> list[list[Inner]]:
    """Return errors, those of one family together."""
    groups: dict[object, list[Inner]] = {}
    for each in found:
        groups.setdefault(_any(time, each.of), []).append(each)
    return list(groups.values())


def _family_index(time: Time, of: MatrixSymbol) -> tuple[Index, int]:
    spelled = time.at(of)
    letters = zip(time.c.names.loops(spelled), spelled.indices, strict=True)
    letter, value = next((letter, int(value)) for letter, value in letters if letter in time.c.names.words)
    return next(each for each in time.c.reading.indices if each.letter == letter), value


def _values(time: Time, group: Sequence[Inner]) -> Node:
    """Return k = i, f, g."""
    found = sorted(_family_index(time, each.of)[1] for each in group)
    index = _family_index(time, group[0].of)[0]
    words = [time.c.names.value(index.letter, number_) for number_ in map(_integer, found)]
    return row(number(index.symbol), EQUALS, joined(words, COMMA))


def _integer(value: int) -> Expr:
    return Symbol("k") * 0 + value


def _sum(time: Time, terms: Sequence[Term]) -> Node:
    """Return what one part sends to another: Σ_k U_kᵀ D_{k,t} + diag f_t."""
    if not terms:
        return Num("0")
    own = [_plain(time, each.way) for each in terms if each.inner is None]
    inner = [each.inner for each in terms if each.inner is not None]
    fronts = {each.inner.of: each.way for each in terms if each.inner is not None}
    return joined([*own, *(_term(time, group, fronts) for group in _families(time, inner))], PLUS)


def _plain(time: Time, way: Way) -> Node:
    """Return a way without an error inside the step."""
    weights = [time.builder.within(time.at(each), Level.PRODUCT) for each in way.weights]
    diagonal = [] if way.slopes is None else [call(word("diag"), time.tree(way.slopes))]
    return joined([*weights, *diagonal], TIMES) if weights or diagonal else Id("I")


def _term(time: Time, group: Sequence[Inner], fronts: dict[MatrixSymbol, Way]) -> Node:
    """Return U_oᵀ D_{o,t}, or Σ_k U_kᵀ D_{k,t} for the members of a family."""
    if len(group) == 1:
        (only,) = group
        return joined([_plain(time, fronts[only.of]), time.slopes(only.of)], TIMES)
    names = time.c.names
    index = _family_index(time, group[0].of)[0]
    below = number(index.symbol) if len(group) == len(index.words) else _values(time, group)
    (front,) = fronts[group[0].of].weights
    general = mapped(time.at(front), lambda slot: time.c.of_any(slot) if isinstance(slot, MatrixSymbol) else slot)
    slopes = names.like(Id(time.c.notation.slopes), _any(time, group[0].of))
    return row(Script(Sign("∑", "big"), below), TIMES, time.builder.within(general, Level.PRODUCT), TIMES, slopes)


def _direct(time: Time) -> Text:
    """Return what the direct way over many steps is: the part of a state that goes on without weights."""
    c, step = time.c, time.step
    direct = next(
        ((part, term.way.slopes) for part, line in enumerate(step.back) for term in line[part]
         if term.inner is None and term.way.slopes is not None), None,
    )  # fmt: skip
    if direct is None:
        weights = dict.fromkeys(w for line in step.back for terms in line for each in terms for w in each.way.weights)
        names = [time.tree(w.arg if isinstance(w, Transpose) else w) for w in weights]
        return c.words("time.powers", matrix=time.matrix(), weights=c.words.listed([(each,) for each in names]))
    part, slopes = direct
    ends = joined([time.tree(slopes, time.t + 1), DOTS, time.tree(slopes, time.last)], HADAMARD)
    key = "time.direct" if len(step.now) > 1 else "time.direct_term"
    return c.words(
        key,
        part=time.tree(step.now[part]),
        before=time.tree(step.now[part], time.t - 1),
        matrix=time.matrix(),
        slopes=call(word("diag"), time.tree(slopes)),
        product=call(word("diag"), ends),
    )


# The table of notation.


def time_rows(c: Context) -> list[tuple[Text, ...]]:
    """Return the rows of what these matrices are."""
    found: list[tuple[Text, ...]] = []
    for time in times_of(c):
        of, size = _shown(time), sum(part.shape[0] for part in time.step.now)
        rows = part_rows = time.step.now[0].shape[0]
        if len(time.step.now) > 1:
            found.append(((_stack(time),), c.words("time.state"), (_shape(size, 1),)))
        found.append(((_general(time, of),), c.words("notation.slopes"), (_shape(rows, rows),)))
        if time.step.is_cut:
            letters = [_hands(time, to) for to, _, _ in time.handed]
            found.append(((joined(letters, COMMA),), c.words("time.handed"), (_shape(rows, part_rows),)))
            found.append(((_any_way(time, of),), c.words("time.way"), (_shape(rows, size),)))
        found.append(((time.matrix(),), c.words("time.matrix"), (_shape(size, size),)))
    return found


def _general(time: Time, of: MatrixSymbol) -> Node:
    spelled = _any(time, of)
    return time.c.names.like(Id(time.c.notation.slopes), spelled) if spelled != time.at(of) else time.slopes(of)


def _shape(rows: Expr | int, columns: Expr | int) -> Node:
    return row(number(_integer(0) + rows), Sign("×"), number(_integer(0) + columns))
