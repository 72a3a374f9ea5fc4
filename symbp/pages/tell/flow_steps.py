"""The gradient flow of a recurrent layer, a row a step: how its error goes back, and whose gradient it is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property

from symbp.analysis.flow import Flow
from symbp.analysis.repetitions import LEAST, Remedied, Run, Stage
from symbp.derivation import derive
from symbp.maths.tree import (
    COMMA,
    EQUALS,
    MINUS,
    PLUS,
    SLASH,
    TIMES,
    Fence,
    Id,
    Node,
    Num,
    Script,
    Sign,
    row,
)
from symbp.networks.layers import Dense
from symbp.networks.network import Network
from symbp.networks.recurrent import CELLS, RNN
from symbp.ops.elementwise import Elementwise
from symbp.pages.page import Block, Equations, Heading, Line, Para, Table, Text
from symbp.pages.tell.context import Context
from symbp.pages.tell.derivation import context
from symbp.pages.tell.flow_parts import (
    Study,
    data,
    ends,
    gain,
    gradient_by,
    inner,
    length,
    norm,
    sentences,
    short,
    span,
    times,
    total_theory,
)
from symbp.pages.words import Words
from symbp.roles import Role
from symbp.views.lines import Indexed

GENERIC = 5
"""Steps of the layer whose lines stand for those of any."""

MOST_PARTS = 7
"""The parts of this many steps are shown one by one, of more the last five and the others in two groups."""

LAST = 5


@cache
def generic(cell: str, bias: bool, activation: str) -> Context:
    """Return the page of a recurrent layer, with its lines folded over the steps."""
    layer = CELLS[cell](3, GENERIC, bias=bias) if not activation else RNN(3, GENERIC, activation, bias=bias)
    return context(derive(Network([layer, Dense(2)], 4, "mse")))


@dataclass(frozen=True)
class Steps:
    """A recurrent layer to tell."""

    study: Study
    words: Words
    run: Run

    @property
    def cell(self) -> str:
        """What kind of cell it is."""
        return self.run.name.rstrip("0123456789")

    @property
    def count(self) -> int:
        """How many steps it has."""
        return len(self.run.stages)

    @cached_property
    def c(self) -> Context:
        """What spells its lines."""
        derivation = self.study.derivation
        is_biased = any(each.path == self.run.name and each.role is Role.BIAS for each in derivation.network.parameters)
        own = [each.rhs.function.name for each in derivation.forward
               if isinstance(each.rhs, Elementwise) and each.lhs.path == self.run.name]  # fmt: skip
        return generic(self.cell, is_biased, own[0] if self.cell == "rnn" else "")

    @cached_property
    def lines(self) -> list[tuple[Node, ...]]:
        """The lines of a step, what belongs together beside each other."""
        letters = {index.letter for index in self.c.reading.indices}
        return [
            tuple(self.c.equation(each) for each in pair)
            for pair in self.c.pairs
            if any(index.letter in letters for each in pair for index in each.line.indices)
        ]

    def letter(self, stem: str, offset: int = 0) -> Node:
        """Return a matrix of a step as the lines have it: f_t, or c_{t−1} of the step before."""
        looped = (each for each in self.c.forward if each.line.indices)
        lines = (each for each in looped if any(own.lhs.stem == stem for own in each.line.instances.values()))
        symbol = next(lines).equation.lhs
        return self.c.names.symbol(Indexed(symbol.of, *(index + offset for index in symbol.indices)))

    @cached_property
    def states(self) -> list[str]:
        """The stems of the parts of the state, what a gate keeps first."""
        found = dict.fromkeys(stem for stage in self.run.stages for stem in stage.to)
        return sorted(found, key=lambda stem: (stem != self.run.state, stem))

    @cached_property
    def kept(self) -> float | None:
        """The mean of the gate that keeps the state, over all steps."""
        found = [each.kept for each in self.run.stages if each.kept is not None]
        return math.fsum(found) / len(found) if found else None

    @cached_property
    def candidate(self) -> str:
        """The weight by which an input enters the state: that of what no gate is."""
        derivation = self.study.derivation
        names = [each for each in self.run.shares if each.split(".")[-1].startswith("W")]
        weights = {each.name: each for each in derivation.network.parameters}
        for equation in derivation.forward:
            rhs = equation.rhs
            if isinstance(rhs, Elementwise) and rhs.function.name != "sigmoid" and equation.lhs.path == self.run.name:
                read = derivation.forward[str(rhs.args[1].name)].rhs.free_symbols if len(rhs.args) > 1 else set()
                found = [name for name in names if weights[name] in read]
                if found:
                    return found[0]
        return names[0] if names else ""


def parameter(name: str) -> Node:
    """Return the letter of a parameter of a cell: W_g of lstm1.Wg."""
    stem = name.split(".")[-1]
    return Script(Id(stem[0]), Id(stem[1:])) if stem[1:] else Id(stem)


ERROR = Id("e")


def _at(node: Node, offset: int = 0) -> Node:
    t: Node = Id("t") if not offset else row(Id("t"), MINUS, Num(str(-offset)))
    return Script(node, t)


# The answer.


def answer(studied: Sequence[Steps]) -> Text:
    """Return what happens to the error from step to step, and what gate does it."""
    s = studied[0] if len(studied) == 1 else max(studied, key=lambda each: abs(each.run.total))
    flow, w = s.study.flow, s.words
    if flow.verdict is Flow.DEAD:
        return w("flow.answer.dead", names=w.listed([each.name for each in flow.rows if each.is_dead]))
    verdict = w(f"flow.verdict.{flow.verdict}")
    found = w("flow.blocks.answer", verdict=verdict, error=error_words(s))
    if len(studied) > 1:
        found = w("flow.steps.of", answer=found, name=s.run.name)
    if s.kept is None or s.run.rate is None or flow.verdict is Flow.STABLE:
        return found
    return (*found, *w(f"flow.steps.gate.{s.cell}", mean=f"{s.kept:.2f}"))


def error_words(s: Steps) -> Text:
    """Return what the steps do to the error: each of them, or all in all."""
    run, w = s.run, s.words
    if run.rate is not None:
        return w("flow.steps.each", rate=short(math.log(run.rate)))
    if not run.logs:
        return w("flow.steps.single")
    return w("flow.steps.total", n=len(run.logs), number=w.number(len(run.logs)), total=short(run.total))


def about(s: Steps) -> Text:
    """Return which network this is, with which weights and data."""
    symbol = next(each.lhs for each in s.study.derivation.unstacked.forward if each.lhs.path == s.run.name
                  and each.lhs.role is Role.STATE)  # fmt: skip
    network = s.words(f"flow.steps.about.{s.cell}", units=str(symbol.shape[0]), n=s.count)
    return s.words("flow.about", network=network, data=data(s.words, s.study.flow))


# The lines.


def equations(s: Steps) -> Iterator[Block]:
    """Yield a step forward, its error back, and what a gain is."""
    w = s.words
    yield Para(
        w("flow.steps.lines", t=row(Id("t"), EQUALS, Num("1"), COMMA, Sign("…", "ord"), COMMA, Num(str(s.count))))
    )
    step = Script(Id("J", "script"), Id("t"))
    back = row(_at(ERROR, -1), EQUALS, step, TIMES, _at(ERROR))
    forward = tuple(Line(parts) for parts in s.lines)
    yield Equations((*forward, Line((back,))))
    states = w.listed([(s.letter(stem),) for stem in s.states])
    meaning = w("flow.steps.error", e=_at(ERROR), states=states, step=step)
    if len(s.states) > 1:
        meaning = (*meaning, " ", *_ways(s))
    yield Para(meaning)
    squares = _squares(s)
    yield Para(w("flow.steps.gain") + ((" ", *squares) if squares else ()), title=w("flow.title.gain"))


def _ways(s: Steps) -> Text:
    return s.words("flow.steps.ways", kept=s.letter(s.run.state, -1), gate=s.letter(s.run.gate)) if s.run.gate else ()


def _squares(s: Steps) -> Text:
    """Return the gain of one step as the root of a sum of squares, in numbers."""
    inside = [each for each in s.run.stages if len(each.to) > 1]
    if not inside:
        return ()
    stage = inside[len(inside) // 2]
    parts = [_square(stage.to[stem]) for stem in s.states]
    formula = row(_square(stage.log or 0.0), EQUALS, parts[0], *(each for part in parts[1:] for each in (PLUS, part)))
    return s.words("flow.steps.squares", t=str(stage.number), formula=formula)


def _square(log: float) -> Node:
    (text,) = gain(log)
    return Script(text if isinstance(text, Node) else Num(str(text)), None, Num("2"))


# The table.


def table(s: Steps, every: bool) -> Table:
    """Return a row a step, from the last to the first."""
    w, run = s.words, s.run
    stages = list(run.stages)
    parts = s.states if len(s.states) > 1 else []
    has_direct = sum(math.isfinite(each.direct) for each in stages) > 1
    head: list[Text] = [
        w("flow.head.step"),
        (length(_at(ERROR)),),
        w("flow.head.gain"),
        *(w("flow.steps.to", state=s.letter(stem, -1)) for stem in parts),
        *([w("flow.steps.mean", gate=s.letter(run.gate))] if run.gate else []),
        *([w("flow.steps.direct")] if has_direct else []),
    ]
    rows = [_row(s, each, parts, has_direct) for each in stages]
    between = stages[inner(stages)]
    middle: list[Text] = [()]
    if between:
        middle = [
            w("flow.to", first=str(between[0].number), last=str(between[-1].number)),
            (),
            span(w, [each.log for each in between]),
            *(span(w, [each.to.get(stem) for each in between]) for stem in parts),
            *([_means(w, between)] if run.gate else []),
            *([()] if has_direct else []),
        ]
    return Table(tuple(head), tuple(ends(rows, tuple(middle), every)), align="l" + "r" * (len(head) - 1), wide=True)


def _row(s: Steps, stage: Stage, parts: Sequence[str], has_direct: bool) -> tuple[Text, ...]:
    return (
        (str(stage.number),),
        norm(stage.above),
        gain(stage.log),
        *(gain(stage.to.get(stem)) for stem in parts),
        *([(f"{stage.kept:.3f}",) if stage.kept is not None else ()] if s.run.gate else []),
        *([norm(stage.direct) if math.isfinite(stage.direct) else ()] if has_direct else []),
    )


def _means(w: Words, between: Sequence[Stage]) -> Text:
    low, high = (f"{f(each.kept for each in between if each.kept is not None):.3f}" for f in (min, max))
    return (low,) if low == high else w("flow.range", low=low, high=high)


def what_to_see(s: Steps) -> Iterator[Block]:
    """Yield what the table shows."""
    w, run = s.words, s.run
    said: list[Text] = []
    if run.startup is not None and run.rate is not None:
        rate = times(math.log(run.rate))
        but = w("flow.steps.but", n=run.startup, number=w.number(run.startup)) if run.startup else w("flow.steps.all")
        said.append(w("flow.steps.alike", which=but, rate=rate))
    elif len(run.logs) < LEAST:
        said.append(w("flow.steps.few"))
    else:
        low, high = times(min(run.logs)), times(max(run.logs))
        said.append(w("flow.steps.differ", low=low, high=high, total=times(run.total)))
    kept = [(each.to[run.state], other) for each in run.stages if len(each.to) > 1 and run.state in each.to
            for stem, other in each.to.items() if stem != run.state]  # fmt: skip
    if kept and all(mine > other for mine, other in kept):
        said.append(w("flow.steps.most", kept=s.letter(run.state), gate=s.letter(run.gate)))
    yield Para(sentences(said), title=w("flow.title.see"))


# Whose gradient it is.


def shares(s: Steps) -> Iterator[Block]:
    """Yield the parts of the steps in one gradient, as it is and with the best remedy."""
    w, run, name = s.words, s.run, s.candidate
    if not name or s.count < 2:
        return
    weight = gradient_by(parameter(name))
    groups = _groups(s.count)
    rows: list[tuple[Text, ...]] = [(w("flow.steps.as_is"), *_parts(run, name, groups))]
    best = remedy_of(s)
    if best is not None:
        bias = row(parameter(best.parameter), EQUALS, Num(f"{best.value:g}"))
        rows.append(((bias,), *_parts(best.run, name, groups)))
    inner_product = Fence(row(_own(), COMMA, Id("G")), "⟨", "⟩")
    part = row(Script(Id("p"), Id("t")), EQUALS, inner_product, SLASH, _norm_square())
    yield Para(
        w("flow.steps.shares", weight=weight, part=part, g=_own(), whole=Id("G"), one=Num("1")),
        title=w("flow.title.shares"),
    )
    head: tuple[Text, ...] = (w("flow.head.step"), *((_ends(each),) for each in groups))
    yield Table(head, tuple(rows), align="l" + "r" * len(groups), wide=True)
    yield Para(_learnt(s, name))


def _own() -> Node:
    return Script(Id("G"), Id("t"))


def _norm_square() -> Node:
    return Script(length(Id("G")), None, Num("2"))


def _groups(count: int) -> list[range]:
    """Return the steps in groups: one by one, or the first half, the others before the last five, and these."""
    if count <= MOST_PARTS:
        return [range(step, step + 1) for step in range(1, count + 1)]
    last = count - LAST + 1
    half = min(count // 2, last - 1)
    groups = [range(1, half + 1), range(half + 1, last)]
    return [each for each in groups if each] + [range(step, step + 1) for step in range(last, count + 1)]


def _ends(steps: range) -> str:
    return str(steps[0]) if len(steps) == 1 else f"{steps[0]}–{steps[-1]}"


def _part(run: Run, name: str, steps: range) -> float:
    """Return the part of some steps; the parts are in the order of the stages, the last step first."""
    parts = run.shares[name]
    return math.fsum(parts[len(parts) - step] for step in steps)


def _parts(run: Run, name: str, groups: Sequence[range]) -> list[Text]:
    return [(_decimals(_part(run, name, each)),) for each in groups]


def _decimals(value: float) -> str:
    return f"{value:.4f}".replace("-", "−") if abs(value) < 0.1 else f"{value:.3f}".replace("-", "−")


def percent(value: float) -> str:
    """Return a part in percent, small ones in two digits."""
    return f"{100 * value:.3g} %".replace("-", "−")


def _learnt(s: Steps, name: str) -> Text:
    """Return how much of the gradient the first half of the steps makes, and how much the last ones."""
    last = min(LAST, s.count // 2)
    first = range(1, s.count // 2 + 1)
    late = _part(s.run, name, range(s.count - last + 1, s.count + 1))
    return s.words(
        "flow.steps.learnt", n=last, number=s.words.number(last), late=percent(late),
        count=s.words.number(len(first)), early=percent(_part(s.run, name, first)),
    )  # fmt: skip


# The remedy.


def remedy_of(s: Steps) -> Remedied | None:
    """Return the bias with which the error changes least; None where none of them helps."""
    best = min(s.run.remedies, key=lambda each: abs(each.run.total), default=None)
    return best if best is not None and abs(best.run.total) < abs(s.run.total) else None


def remedy(s: Steps) -> Iterator[Block]:
    """Yield where the bias of the gate that keeps the state is better started, with what was measured."""
    best = remedy_of(s)
    if best is None:
        return
    w = s.words
    means = [each.kept for each in best.run.stages if each.kept is not None]
    text = w(
        "flow.steps.remedy", bias=parameter(best.parameter), value=f"{best.value:g}", gate=s.letter(s.run.gate),
        mean=f"{math.fsum(means) / len(means):.2f}", effect=_effect(s, best.run),
    )  # fmt: skip
    if s.candidate:
        first = range(1, s.count // 2 + 1)
        early = percent(_part(best.run, s.candidate, first))
        text += (" ", *w("flow.steps.then", count=w.number(len(first)), early=early,
                         weight=gradient_by(parameter(s.candidate))))  # fmt: skip
    for other in s.run.remedies:
        if other is not best:
            text += (" ", *w("flow.steps.other", value=f"{other.value:g}", effect=_effect(s, other.run)))
    yield Para(text, title=w("flow.title.remedy"))


def _effect(s: Steps, run: Run) -> Text:
    if run.rate is not None:
        return s.words("flow.steps.pace", rate=times(math.log(run.rate)))
    return s.words("flow.steps.in_all", total=times(run.total))


def sections(studied: Sequence[Steps], every: bool) -> Iterator[Block]:
    """Yield the sections of the page, of several recurrent layers one after the other."""
    for s in studied:
        if len(studied) > 1:
            yield Heading((s.run.name,))
        yield from equations(s)
        yield table(s, every)
        yield from what_to_see(s)
        yield from shares(s)
        yield from remedy(s)
    yield from total_theory(studied[0].words, studied[0].study)


def steps_of(study: Study, words: Words) -> list[Steps]:
    """Return the recurrent layers of a network."""
    repetitions = study.flow.repetitions
    assert repetitions is not None
    return [Steps(study, words, run) for run in repetitions.runs]


def names(studied: Sequence[Steps]) -> tuple[str, ...]:
    """Return the names of the steps, with that of their layer where there are several."""
    return tuple(_key(studied, s, each) for s in studied for each in s.run.stages[::-1])


def _key(studied: Sequence[Steps], s: Steps, stage: Stage) -> str:
    return stage.name if len(studied) == 1 else f"{s.run.name}.{stage.name}"


def alone(studied: Sequence[Steps], name: str) -> tuple[Text, tuple[Block, ...]]:
    """Return title and blocks of the page of one step: its gains, and its part in every gradient."""
    s, stage = next((s, each) for s in studied for each in s.run.stages if _key(studied, s, each) == name)
    w, place = s.words, s.run.stages.index(stage)
    title = w("flow.steps.alone", t=str(stage.number), gain=times(stage.log) or w("flow.steps.nothing"))
    own = Steps(s.study, w, replace(s.run, stages=(stage,)))
    parts = tuple(((gradient_by(parameter(key)),), (_decimals(found[place]),)) for key, found in s.run.shares.items())
    of_gradients = Table((w("head.gradient"), w("flow.steps.part")), parts, align="lr")
    return title, (*equations(s), table(own, every=True), Para(w("flow.steps.every")), of_gradients)
