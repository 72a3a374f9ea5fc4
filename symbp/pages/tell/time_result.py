"""The result of a recurrent network: the error of the state goes back by one matrix a step, a gradient is a sum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sympy import MatrixSymbol

from symbp.equations import Equation, symbols_in
from symbp.maths.names import slot_of
from symbp.maths.scalars import Level, number
from symbp.maths.tree import (
    COMMA,
    DOTS,
    EQUALS,
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
from symbp.op import FactorRole
from symbp.pages.page import Block, Equations, Para, Ref, Text
from symbp.pages.page import Line as PageLine
from symbp.pages.tell.context import AND_SO_ON, Context
from symbp.pages.tell.time import (
    STEP,
    Time,
    any_way,
    diagonals_labels,
    of_any,
    parameters,
    shown_error,
    stack,
    times_of,
    ways_labels,
    zero,
)
from symbp.roles import Role
from symbp.symbols import Adjoint
from symbp.views.lines import index_symbol
from symbp.views.time import Way, ways

BACK, START, GATES, OVER_TIME, PAIR = "time-back", "time-start", "time-gates", "time-product", "time-pair"
"""The labels of the lines: the error of the state, its ways to the gates, the product, that between two steps."""

MOST_STEPS = 6
"""Longest product between two steps that is written with every factor."""


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
        of = shown_error(time)
        lines.append(PageLine((row(_error(time, of), EQUALS, any_way(time, of), TIMES, time.error()),), GATES))
    said: Text = c.words("time.result" if len(time.step.now) == 1 else "time.result_stacked", state=stack(time))
    if others:
        said = c.words("time.joined", first=said, second=c.words("time.others", matrix=time.matrix(t)))
    blocks: list[Block] = [Para(said), Equations(tuple(lines))]
    gradient = None if others else _product(time)
    if gradient is not None:
        blocks += [Equations((PageLine((gradient,), OVER_TIME),))]
    where = c.words(
        "time.where", matrix=time.matrix(), state=time.state(), before=time.state(t - 1), step=Ref(time.label(STEP))
    )
    if time.step.is_cut:
        of, labels = shown_error(time), ways_labels(time)
        ref = Ref.to(labels)
        leads = c.words("time.ways", way=any_way(time, of), ways=ref, error=_error(time, of))
        where = c.words("time.joined", first=where, second=leads)
    else:
        last = diagonals_labels(time)
        ref = Ref.to(last)
        slopes = c.words("time.slopes", slopes=any_way(time, shown_error(time)), lines=ref)
        where = c.words("time.joined", first=where, second=slopes)
    return [*blocks, Para((*where, *_begins(time))), *_between(time)]


def _begins(time: Time) -> Text:
    """Return where the line is that the recursion of a state of one part begins with."""
    if len(time.step.now) > 1:
        return ()
    slot = slot_of(time.c.reading.spelled(time.step.now[0]))
    label = next((each.label for each in time.c.errors if slot_of(each.equation.lhs.of) == slot), "")
    return (" ", *time.c.words("time.begins", error=time.error(time.last), line=Ref(label))) if label else ()


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
    source = _errors_of(time)[time.step.now[0]].rhs
    columns = way.weights[-1].shape[1] if way.weights else source.shape[0]
    return Table(
        ((front if way.weights else Id("I"),), *((zero(each.shape[0], columns),) for each in time.step.now[1:]))
    )


def _error(time: Time, of: MatrixSymbol) -> Node:
    return time.c.names.symbol(Adjoint(of_any(time, of)))


def _product(time: Time) -> Node | None:
    """Return ∂ℒ/∂W_k = Σ_t 𝒢_{k,t} 𝒥_{t+1} ⋯ 𝒥_T [W₂ᵀ; 0] (ŷ − y) x_tᵀ; None where a factor is missing."""
    c, found, entry = time.c, next(parameters(time), None), _entry(time)
    if found is None or entry is None:
        return None
    weight, of, source = found
    error, way = entry
    start = _errors_of(time).get(error)
    is_loss = start is not None and not any(isinstance(each, Adjoint) for each in symbols_in(start.rhs))
    several = len(time.step.inner) > 1
    first, last = time.matrix(time.t + 1), time.matrix(time.last)
    factors = [
        _labelled(c, any_way(time, of), FactorRole.GATE if several else FactorRole.SLOPE),
        _labelled(c, row(first, TIMES, DOTS, TIMES, last), "steps", t=time.index.letter),
        _labelled(c, _entrance(time, way), FactorRole.WEIGHT),
        _labelled(c, c.builder.within(start.rhs, Level.PRODUCT), FactorRole.LOSS)
        if is_loss and start is not None
        else time.tree(Adjoint(error), time.last),
        _labelled(c, time.tree(transpose(source)), "input" if source.role is Role.INPUT else FactorRole.PREVIOUS),
    ]
    below = row(number(time.t), EQUALS, Num("1"))
    total = Script(Sign("∑", "big"), below, number(time.last))
    left = c.names.derivative(of_any(time, weight))
    return row(left, EQUALS, total, TIMES, joined(factors, TIMES))


def _labelled(c: Context, node: Node, role: str, t: str = "") -> Node:
    if not c.roles:
        return node
    (text,) = c.words(f"role.{role}", t=t)
    return Tag(node, role=role, label=(str(text),) if t else tuple(str(text).split(" ")))


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
