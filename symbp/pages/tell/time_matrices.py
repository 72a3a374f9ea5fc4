"""The matrices of a recurrent step: their entries, the direct way over many steps, their rows of notation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sympy import Expr, MatrixSymbol, Symbol, Transpose

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
    joined,
    row,
)
from symbp.pages.page import Block, Equations, Para, Ref, Text
from symbp.pages.page import Line as PageLine
from symbp.pages.tell.context import AND_SO_ON, Context
from symbp.pages.tell.notation import Meaning
from symbp.pages.tell.time import (
    STEP,
    Time,
    any_way,
    diagonals_labels,
    families,
    led,
    of_any,
    one,
    shown_error,
    stack,
    times_of,
    ways_labels,
    zero,
)
from symbp.views.lines import Index
from symbp.views.skeleton import mapped
from symbp.views.time import Inner, Term, Way


def time_matrices(c: Context) -> list[Block]:
    """Return the matrix of a step with its entries, for each recurrent layer."""
    return [block for time in times_of(c) for block in _matrices(time)]


def _matrices(time: Time) -> list[Block]:
    c = time.c
    slopes, handed = _diagonals(time), _handed(time)
    known = _told(time) if time.step.is_cut else ()
    apart = slopes if known else []
    pairs = [*_pairs(apart), *_pairs([*(() if known else slopes), *handed])]
    diagonals = [PageLine(tuple(pair), label) for pair, label in zip(pairs, diagonals_labels(time), strict=True)]
    step = PageLine((row(time.matrix(), EQUALS, joined(_step(time), TIMES)),), time.label(STEP), _from_second(time))
    found = list(_ways(time)) if time.step.is_cut else []
    labels = ways_labels(time, len(found))
    own = [PageLine((node,), label, where) for (node, where), label in zip(found, labels, strict=True)]
    count = (len(apart) + 1) // 2
    return [
        Para((*c.words("time.matrices", state=time.state()), *known), title=c.words("time.title")),
        *([Equations(tuple(diagonals[:count]), detail=3)] if apart else []),
        Equations((*diagonals[count:], step, *own)),
        Para(_direct(time), detail=3),
    ]


def _told(time: Time) -> Text:
    """Return in which lines stands already what the diagonals hold: where it multiplies the error of the state."""
    c, slots = time.c, [slot_of(time.c.reading.spelled(of)) for of in time.step.inner]
    lines = [each.label for each in c.errors if slot_of(each.equation.lhs.of) in slots]
    if not lines:
        return ()
    return (" ", *c.words("time.diagonals", slopes=_general(time, shown_error(time)), lines=Ref.to(lines)))


def _from_second(time: Time) -> Node:
    """Return t = 2, …, T: the first step leads to no step before it."""
    return row(number(time.t), EQUALS, Num("2"), COMMA, AND_SO_ON, COMMA, number(time.last))


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
    sizes = [each.shape[0] for each in time.step.now]
    rows = [
        [_sum(time, terms) if terms else zero(size, of) for terms, of in zip(line, sizes, strict=True)]
        for line, size in zip(time.step.back, sizes, strict=True)
    ]
    if len(rows) == 1:
        return [rows[0][0]]
    back = Table(tuple(map(tuple, rows)))
    return [back, Table(tuple(map(tuple, _within(time))))] if time.step.is_cut else [back]


def _within(time: Time) -> list[list[Node]]:
    """Return [I 0; R_t I]."""
    size = range(len(time.step.now))
    hands = {(to, of): _hands(time, to) for to, of, _ in time.handed}
    sizes = [each.shape[0] for each in time.step.now]
    return [
        [one(sizes[to]) if to == of else hands.get((to, of), zero(sizes[to], sizes[of])) for of in size] for to in size
    ]


def _ways(time: Time) -> Iterator[tuple[Node, Node | None]]:
    """Yield 𝒢_{k,t} = D_{k,t} [R_t I] and for which k, those of one part of the state together."""
    lines = _within(time)
    for line, own in zip(lines, led(time), strict=True):
        for group in families(time, own):
            end = Table((tuple(line),))
            if len(group) == 1:
                yield row(time.way(group[0].of), EQUALS, time.slopes(group[0].of), TIMES, end), None
                continue
            of = of_any(time, group[0].of)
            letters = [time.letter_of(each, of) for each in (Id("G", "script"), Id(time.c.notation.slopes))]
            yield row(letters[0], EQUALS, letters[1], TIMES, end), _values(time, group)


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
    own = [_plain(time, each.way) for each in terms if each.inner is None]
    inner = [each.inner for each in terms if each.inner is not None]
    fronts = {each.inner.of: each.way for each in terms if each.inner is not None}
    return joined([*own, *(_term(time, group, fronts) for group in families(time, inner))], PLUS)


def _plain(time: Time, way: Way) -> Node:
    """Return a way without an error inside the step."""
    weights = [time.builder.within(time.at(each), Level.PRODUCT) for each in way.weights]
    diagonal = [] if way.slopes is None else [call(word("diag"), time.tree(way.slopes))]
    return joined([*weights, *diagonal], TIMES) if weights or diagonal else Id("I")


def _term(time: Time, group: Sequence[Inner], fronts: dict[MatrixSymbol, Way]) -> Node:
    """Return U_oᵀ D_{o,t}, or Σ_k U_kᵀ D_{k,t} for a family; where diagonals stand in front, one by one."""
    weights = fronts[group[0].of].weights
    if len(group) == 1 or len(weights) != 1:
        return joined([joined([_plain(time, fronts[each.of]), time.slopes(each.of)], TIMES) for each in group], PLUS)
    index = _family_index(time, group[0].of)[0]
    below = number(index.symbol) if len(group) == len(index.words) else _values(time, group)
    general = mapped(time.at(weights[0]), lambda slot: time.c.of_any(slot) if isinstance(slot, MatrixSymbol) else slot)
    slopes = time.letter_of(Id(time.c.notation.slopes), of_any(time, group[0].of))
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


def time_rows(c: Context) -> list[Meaning]:
    """Return the rows of what these matrices are."""
    found: list[Meaning] = []
    for time in times_of(c):
        of, size = shown_error(time), sum(part.shape[0] for part in time.step.now)
        rows = part_rows = time.step.now[0].shape[0]
        if len(time.step.now) > 1:
            found.append(Meaning((stack(time),), c.words("time.state"), (_shape(size, 1),)))
        found.append(Meaning((_general(time, of),), c.words("notation.slopes"), (_shape(rows, rows),)))
        if time.step.is_cut:
            letters = [_hands(time, to) for to, _, _ in time.handed]
            found.append(Meaning((joined(letters, COMMA),), c.words("time.handed"), (_shape(rows, part_rows),)))
            found.append(Meaning((any_way(time, of),), c.words("time.way"), (_shape(rows, size),)))
        found.append(Meaning((time.matrix(),), c.words("time.matrix"), (_shape(size, size),)))
    return found


def _general(time: Time, of: MatrixSymbol) -> Node:
    spelled = of_any(time, of)
    return time.letter_of(Id(time.c.notation.slopes), spelled) if spelled != time.at(of) else time.slopes(of)


def _shape(rows: Expr | int, columns: Expr | int) -> Node:
    return row(number(_integer(0) + rows), Sign("×"), number(_integer(0) + columns))
