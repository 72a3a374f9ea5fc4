"""The gradient flow of a plain stack, layer by layer: the equations of one layer, a row a layer, theory beside it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from symbp.analysis.account import LOG_10
from symbp.analysis.flow import QUANTITIES, Flow
from symbp.analysis.initialisations import initialisation
from symbp.analysis.lengths import Kind as Lengths
from symbp.analysis.prediction import WEIGHT
from symbp.analysis.stacks import LEAST, Layer, Pace, layers, means, pace
from symbp.analysis.statistics import mean
from symbp.derivation import derive
from symbp.maths.build import primed
from symbp.maths.names import MARKS
from symbp.maths.tree import APPLY, EQUALS, TIMES, Fence, Id, Node, Num, Script, Tag, changed, row, walk
from symbp.op import FactorRole
from symbp.ops.elementwise import Elementwise, GenericFunction, ScalarFunction
from symbp.pages.page import Block, Equations, Line, Para, Table, Text
from symbp.pages.tell.context import PLAIN, Context, Spelled
from symbp.pages.tell.derivation import context
from symbp.pages.tell.flow_parts import (
    ENDS,
    Study,
    data,
    decades,
    ends,
    formula,
    four,
    gain,
    gradient_by,
    inner,
    length,
    loss,
    named,
    norm,
    span,
    times,
    transposed,
    verdict_of,
    weights,
)
from symbp.pages.tell.opening import ranges
from symbp.pages.words import Words
from symbp.roles import Role
from symbp.symbols import Adjoint

GENERIC = 5
"""Layers of the stack whose lines stand for those of any."""

ALONE = 0.05
"""A factor whose part of a rate is within this of one, all others being below it, does it alone."""


@cache
def generic(bias: bool) -> Context:
    """Return the page of a stack of layers f_l, with its lines folded over l."""
    return context(derive(layers=GENERIC, bias=bias))


@dataclass(frozen=True)
class Stack:
    """A stack to tell: its layers from the loss on, and the letters of its lines."""

    study: Study
    words: Words
    shared: bool = False
    """Whether its lines are those of other networks too, with other activations."""

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """Its layers from the loss to the input."""
        return layers(self.study.flow)

    @cached_property
    def pace(self) -> Pace | None:
        """What its layers do to the error."""
        return pace(self.layers)

    @cached_property
    def is_plain(self) -> bool:
        """Whether there are affine maps and activations alone."""
        return all(each.kind in PLAIN for each in self.study.derivation.blocks.children)

    @cached_property
    def c(self) -> Context:
        """What spells its lines; those of a plain stack are the same for any."""
        if not self.is_plain:
            return context(self.study.derivation)
        return generic(any(each.role is Role.BIAS for each in self.study.derivation.network.forward.given))

    @cached_property
    def depth(self) -> int:
        """How many layers it has."""
        return self.layers[0].number

    @cached_property
    def ends_in_slope(self) -> bool:
        """Whether the error of the last layer is the loss gradient times a slope."""
        return self.layers[0].slope is not None

    @cached_property
    def hidden(self) -> tuple[ScalarFunction, ...]:
        """The activations below the last affine map."""
        forward = self.study.derivation.forward
        last = max(at for at, each in enumerate(forward) if each.lhs.role is Role.PREACTIVATION)
        found = [each.rhs.function for each in forward[:last] if isinstance(each.rhs, Elementwise)]
        return tuple(found) or self.study.functions

    @cached_property
    def name(self) -> Node:
        """The name of its activation; f where there are several or it is a formula."""
        return (None if self.shared else named(self.hidden)) or Id("f")

    @property
    def slope(self) -> Node:
        """The slope of its activation: σ′."""
        return primed(self.name)

    @property
    def weight(self) -> Node:
        """A transposed weight."""
        return transposed(Id("W"))

    def line(self, spelled: Spelled) -> Node:
        """Return a line with the name of the activation."""
        if self.shared or not self.is_plain or named(self.hidden) is None:
            return self.c.equation(spelled)
        return changed(self.c.equation(spelled), self._named)

    def _named(self, node: Node) -> Node | None:
        if not (isinstance(node, Tag) and isinstance(node.of, GenericFunction)):
            return None
        is_slope = isinstance(node.body, Script) and node.body.sup is not None
        return Tag(self.slope if is_slope else self.name, of=node.of)

    @cached_property
    def back(self) -> Node:
        """The line of the error of a layer."""
        return self.line(next(each for each in self.c.errors if each.where is not None))

    @cached_property
    def starts(self) -> Node:
        """The line of the error of the last layer."""
        return self.line(next(each for each in self.c.errors if each.where is None))

    @cached_property
    def gradient(self) -> Node:
        """The line of the gradient of a weight."""
        return self.line(next(each for each in self.c.gradients if each.equation.lhs.of.role is Role.WEIGHT))

    def part(self, line: Node, role: Role, at: int = 0) -> Node:
        """Return a matrix as a line has it: its letter with the index."""
        found = [node for node in walk(line) if isinstance(node, Tag) and _role(node.of) is role]
        return found[at]


def _role(of: object) -> object:
    return None if isinstance(of, Adjoint) else getattr(of, "role", None)


def _error(line: Node, at: int = 0) -> Node:
    return [node for node in walk(line) if isinstance(node, Tag) and isinstance(node.of, Adjoint)][at]


# The answer.


def answer(s: Stack) -> Text:
    """Return what happens to the gradient, how fast, and because of which factor."""
    flow = s.study.flow
    if flow.verdict is Flow.DEAD or s.pace is None:
        return _without_rate(s)
    gradient, error, _ = (flow.verdicts[each] for each in QUANTITIES)
    verdict = verdict_of(flow)
    if verdict is not Flow.STABLE and error is gradient is Flow.STABLE:
        rate = times((flow.activation_slope or 0.0) * LOG_10)
        return s.words(f"flow.answer.activation_{verdict}", rate=rate, error=times(s.pace.log))
    return s.words(
        "flow.answer.layers", verdict=s.words(f"flow.verdict.{verdict}"), pace=_pace(s, s.pace), why=_why(s, s.pace)
    )


def _without_rate(s: Stack) -> Text:
    flow = s.study.flow
    if flow.verdict is not Flow.DEAD:
        return s.words("flow.answer.single", rate=norm(s.layers[-1].gradient))
    dead = [each.name for each in flow.rows if each.is_dead]
    names = s.words("flow.from_to", first=dead[0], last=dead[-1]) if len(dead) > 2 else s.words.listed(dead)
    culprit = next((each for each in flow.gains if each.log == -math.inf), None)
    if culprit is None:
        return s.words("flow.answer.dead", names=names)
    letter = {FactorRole.SLOPE: s.slope, FactorRole.WEIGHT: s.weight}.get(culprit.role)
    factor = s.words(f"flow.role.{culprit.role}") if letter is None else (letter,)
    return s.words("flow.answer.dead_by", names=names, factor=factor, layer=culprit.layer)


def _pace(s: Stack, found: Pace) -> Text:
    """Return what a layer does to the error, or all of them where they differ."""
    if found.is_alike:
        return s.words("flow.pace.each", rate=times(found.log))
    if found.is_steady:
        return s.words("flow.pace.mean", rate=times(found.log))
    return s.words("flow.pace.total", n=len(found.steps), total=times(found.total))


def _why(s: Stack, found: Pace) -> Text:
    """Return which factor does it, or what every factor does."""
    names: list[Text] = [(s.weight,), (s.slope,), s.words("flow.other")]
    parts = [(name, log) for name, log in zip(names, means(s.layers), strict=True) if log is not None]
    if not parts or not found.is_steady:
        return ()
    (name, log), *others = sorted(parts, key=lambda part: -abs(part[1]))
    if all(abs(less) <= ALONE * abs(log) for _, less in others):
        return s.words("flow.why.alone", factor=name)
    said = [(*each, " ", *times(less)) for each, less in others]
    return s.words("flow.why.all", first=(*name, " ", *times(log)), others=s.words.listed(said))


def about(s: Stack) -> Text:
    """Return which network this is, with which weights and data."""
    flow = s.study.flow
    widths = flow.widths[1:-1] or flow.widths[1:]
    units = s.words("flow.range", low=str(min(widths)), high=str(max(widths)))
    units = (str(widths[0]),) if min(widths) == max(widths) else units
    kinds = s.words.listed([each.partition("(x) =")[0] for each in flow.activations]) or s.words("flow.linear")
    stack = s.words("flow.layers.about", n=s.depth, units=units, activation=kinds)
    return s.words("flow.about", network=stack, data=data(s.words, flow))


# The sections.


def equations(s: Stack) -> Iterator[Block]:
    """Yield the lines of a layer, forward and back, and what a gain is."""
    if not s.is_plain:
        yield from _own_lines(s)
        return
    index = next(each for each in s.c.reading.indices)
    last = row(Id("L"), EQUALS, Num(str(s.depth)))
    forward = [s.line(each) for each in s.c.forward[:2]]
    w = s.words
    start = s.starts if s.ends_in_slope else row(_error(s.starts), EQUALS, _loss_gradient(s))
    back = next(each for each in s.c.errors if each.where is not None)
    found = [
        Line(tuple(forward), "flow-forward", reason=w("flow.reason.forward")),
        Line((start,), "flow-start", reason=w("flow.reason.start", g=_gradient_of_loss(s))),
        Line((s.back,), "flow-back", back.where, w("flow.reason.back")),
        Line((s.gradient,), "flow-gradient", reason=w("flow.reason.gradient")),
    ]
    yield Para(w("flow.layers.range", range=s.c.ranges(index), last=last))
    yield Equations(tuple(found))
    own = [each for each in map(formula, dict.fromkeys(s.hidden)) if each is not None]
    if own and not s.shared:
        yield Para(w("flow.layers.formula", f=w.listed(own)))
    columns = w("flow.layers.columns", n=s.study.flow.examples, loss=loss(w, s.study.flow))
    yield Para((*w("flow.gain"), " ", *columns), title=w("flow.title.gain"))
    yield Equations(tuple(Line((each,)) for each in products(s)))


def _own_lines(s: Stack) -> Iterator[Block]:
    """Yield the lines of a stack that has more in it than affine maps and activations."""
    yield Para(ranges(s.c))
    weights_ = [each for each in s.c.gradients if each.equation.lhs.of.role is Role.WEIGHT]
    for lines in (s.c.forward[:-1], [*s.c.errors, *weights_]):
        yield Equations(tuple(Line((s.c.equation(each),), f"flow-{each.label}", each.where) for each in lines))
    yield Para(s.words("flow.gain"), title=s.words("flow.title.gain"))


def products(s: Stack) -> Iterator[Node]:
    """Yield what a row of the table multiplies out to."""
    above, here = length(_error(s.back, 1)), length(_error(s.back))
    factors = [_gain_of(s.part(s.back, Role.WEIGHT)), _gain_of(_slope_tag(s))]
    yield row(here, EQUALS, above, TIMES, factors[0], TIMES, factors[1])
    yield row(length(_left(s.gradient)), EQUALS, here, TIMES, _gain_of(s.part(s.gradient, Role.ACTIVATION)))


def _slope_tag(s: Stack) -> Node:
    """Return the slope with what it is of: σ′(z_l)."""
    slope = next(each for each in walk(s.back) if isinstance(each, Tag) and isinstance(each.of, GenericFunction))
    return row(slope, APPLY, Fence(s.part(s.back, Role.PREACTIVATION)))


def _gain_of(node: Node) -> Node:
    return row(Id("gain", "upright"), APPLY, Fence(node))


def _left(line: Node) -> Node:
    return _error(line)


def _loss_gradient(s: Stack) -> Node:
    return Id(s.c.notation.loss_gradient)


def _gradient_of_loss(s: Stack) -> Node:
    """Return g = ∂ℒ/∂a_L, or by z_L where loss and output are one function."""
    of_loss = s.c.equation(s.c.forward[-1])
    last = s.part(of_loss, Role.ACTIVATION) if s.ends_in_slope else s.part(s.starts, Role.PREACTIVATION)
    return row(_loss_gradient(s), EQUALS, gradient_by(last))


def table(s: Stack, every: bool) -> Table:
    """Return a row a layer from the loss to the input, and the largest that every factor could be."""
    cells = [_cells(s, each) for each in s.layers]
    between = _between(s, s.layers[inner(s.layers)])
    found = ends(cells, between, every)
    bounds = _bounds(s)
    rows = [*found, *([bounds] if bounds else [])]
    used = [at for at in range(len(cells[0])) if at in (0, 4, 6) or any(any(each[at]) for each in cells)]
    head = _head(s)
    groups = (len(found),) if bounds else ()
    return Table(
        tuple(head[at] for at in used),
        tuple(tuple(each[at] for at in used) for each in rows),
        groups,
        align="r" * len(used),
        wide=True,
    )


def _head(s: Stack) -> list[Text]:
    if not s.is_plain:
        nodes = (
            Id("l"),
            s.weight,
            s.slope,
            length(row(Id("δ"), Id("Z"))),
            transposed(Id("A")),
            length(gradient_by(Id("W"))),
        )
        layer, weight, slope, error, previous, gradient = nodes
    else:
        layer, weight, slope, error = Id("l"), s.part(s.back, Role.WEIGHT), s.slope, length(_error(s.back))
        previous, gradient = s.part(s.gradient, Role.ACTIVATION), length(_left(s.gradient))
    return [(layer,), (weight,), (slope,), s.words("flow.other"), (error,), (previous,), (gradient,)]


def _cells(s: Stack, each: Layer) -> tuple[Text, ...]:
    start = s.study.flow.gain(FactorRole.LOSS, each.number)
    first = (row(length(_loss_gradient(s)), EQUALS, *_tree(gain(start.log))),) if each is s.layers[0] and start else ()
    return (
        (str(each.number),),
        first or gain(each.weight),
        gain(each.slope),
        gain(each.other),
        norm(each.error),
        gain(each.previous),
        norm(each.gradient),
    )


def _tree(text: Text) -> tuple[Node, ...]:
    return tuple(each if isinstance(each, Node) else Num(str(each)) for each in text)


def _between(s: Stack, found: Sequence[Layer]) -> tuple[Text, ...]:
    if not found:
        return ((),) * 7
    above = s.layers[ENDS - 1]
    changes = [found[-1].error - above.error, found[-1].gradient - above.gradient]
    error, gradient = (s.words("flow.in_all", rate=times(each)) if math.isfinite(each) else () for each in changes)
    if s.pace is not None and s.pace.is_alike:
        error = gradient = s.words("flow.each", rate=times(s.pace.log))
    return (
        s.words("flow.to", first=str(found[0].number), last=str(found[-1].number)),
        span(s.words, [layer.weight for layer in found]),
        span(s.words, [layer.slope for layer in found]),
        span(s.words, [layer.other for layer in found]),
        error,
        span(s.words, [layer.previous for layer in found]),
        gradient,
    )


def _bounds(s: Stack) -> tuple[Text, ...]:
    of_weights = [math.log(each.weight_bound) for each in s.layers if each.weight_bound]
    of_slopes = [math.log(each.slope_bound) for each in s.layers if each.slope_bound]
    if not of_weights and not of_slopes:
        return ()
    return s.words("flow.at_most"), span(s.words, of_weights), gain(max(of_slopes, default=None)), (), (), (), ()


def letters(s: Stack) -> dict[FactorRole, Text]:
    """Return what a factor is called in the account of the first weight."""
    n = len(s.study.flow.gains)
    counts = {role: sum(each.role is role for each in s.study.flow.gains) for role in FactorRole} if n else {}
    return {
        FactorRole.LOSS: s.words("flow.factor.loss", g=_loss_gradient(s)),
        FactorRole.SLOPE: s.words("flow.factor.slopes", n=counts[FactorRole.SLOPE], f=s.slope),
        FactorRole.WEIGHT: s.words("flow.factor.weights", n=counts[FactorRole.WEIGHT], w=s.weight),
        FactorRole.PREVIOUS: s.words("flow.factor.input", x=transposed(Id("x"))),
    }


def account(s: Stack) -> list[Block]:
    """Return where the decades of the first weight's gradient go."""
    return decades(s.words, s.study.flow.rows[0], letters(s), gradient_by(_weight(s, 1)))


def _weight(s: Stack, number: int) -> Node:
    """Return the weight of a layer by its number."""
    return Script(Id("W"), None, Fence(Num(str(number)), *MARKS[s.c.notation.layer]))


def what_to_see(s: Stack) -> Iterator[Block]:
    """Yield what the table shows: layers that differ, a gradient alone that would mislead, how far it falls."""
    for at, text in enumerate(_seen(s)):
        yield Para(text, title=() if at else s.words("flow.title.see"))


def _seen(s: Stack) -> Iterator[Text]:
    flow = s.study.flow
    if s.pace is None or flow.verdict is Flow.DEAD or s.depth < LEAST:
        return
    gradient, error, activation = (flow.verdicts[each] for each in QUANTITIES)
    if not s.pace.is_steady and len(s.pace.steps) > 1:
        each = s.words("flow.range", low=times(min(s.pace.steps)), high=gain(max(s.pace.steps)))
        yield s.words("flow.see.differ", each=each)
    if gradient is Flow.STABLE and not error is activation is Flow.STABLE:
        yield s.words(
            "flow.see.masked",
            gradient=times((flow.slope or 0.0) * LOG_10),
            error=times(s.pace.log),
            activation=times((flow.activation_slope or 0.0) * LOG_10),
        )
    elif error is not Flow.STABLE:
        last, first = s.layers[0], s.layers[-1]
        a, b = norm(last.gradient), norm(first.gradient)
        lowest, highest = _weight(s, first.number), _weight(s, last.number)
        yield s.words("flow.see.falls", first=lowest, last=highest, a=a, b=b)


# Theory.


def theory(s: Stack) -> Iterator[Block]:
    """Yield what mean-field theory predicts beside what was measured."""
    outlook = s.study.outlook
    if outlook is None or outlook.measured is None or s.depth < LEAST:
        return
    if outlook.prediction is None or outlook.predicted is None:
        yield Para(s.words("flow.theory.none", why=outlook.why), title=s.words("flow.title.theory"))
        return
    steps = outlook.prediction.steps
    gains = [[math.log(each.gain) / 2 for each in steps if (each.name == WEIGHT) is of] for of in (True, False)]
    rows: list[tuple[Text, ...]] = [
        (s.words("flow.theory.error"), four(outlook.prediction.log_rate), four(outlook.measured),
         s.words("flow.theory.mean", n=s.depth - 1)),
    ]  # fmt: skip
    names: list[Text] = [(s.weight,), (s.slope,)]
    for name, foreseen, found in zip(names, gains, means(s.layers)[:2], strict=True):
        if foreseen and found is not None:
            rows.append((name, four(mean(foreseen)), four(found), ()))
    first, at_input = next((each for each in steps if each.name != WEIGHT), None), s.layers[-1].slope
    if first is not None and at_input is not None:
        rows.append((s.words("flow.theory.first", f=s.slope), four(math.log(first.gain) / 2), four(at_input), ()))
    yield Para(s.words("flow.theory.caption"), title=s.words("flow.title.theory"))
    head = ((), s.words("flow.theory.predicted"), s.words("flow.theory.measured"), ())
    yield Table(head, tuple(rows), align="lrrl", wide=True)
    yield from settled(s)


def settled(s: Stack) -> Iterator[Block]:
    """Yield where the lengths of signals settle, and what a layer does to the error there."""
    outlook = s.study.outlook
    if outlook is None or len(outlook.prospects) != 1 or outlook.prospects[0].chi is None:
        return
    found = outlook.prospects[0]
    chi = row(Script(Id("χ"), Num("1")), EQUALS, Num(f"{outlook.prospects[0].chi.value:.4g}"))
    phase = s.words(f"flow.phase.{found.phase.partition(':')[0].replace(' ', '_')}")
    if found.point.kind in (Lengths.ANY, Lengths.NONE):
        yield Para(s.words(f"flow.theory.{found.point.kind.name.lower()}", z=Id("z"), chi=chi, phase=phase))
        return
    q = row(Id("q"), EQUALS, Num(f"{found.point.q or 0.0:.4g}"))
    yield Para(s.words("flow.theory.settled", z=Id("z"), q=q, chi=chi, phase=phase))


# What else there is to say.


def remedy(s: Stack) -> Iterator[Block]:
    """Yield one remedy, by the factor to blame, with what was measured of it."""
    found = s.study.suggestion
    if found is None:
        return
    given: dict[str, Any] = {
        "slope": s.slope,
        "weight": s.weight,
        "needed": times(found.needed),
        "rate": times(found.log),
    }
    if found.activation is not None:
        bound = gain(math.log(found.bound)) if found.bound else ()
        text = s.words("flow.remedy.relu", None, **given, bound=bound)
    else:
        text = s.words("flow.remedy.init", None, **given, weights=weights(s.words, initialisation(found.init)))
    yield Para(text, title=s.words("flow.title.remedy"))


def limits(s: Stack) -> Iterator[Block]:
    """Yield from how many layers on single precision ends."""
    flow = s.study.flow
    if flow.float32_depth is not None and s.pace is not None and s.pace.is_steady:
        key = "under" if (flow.error_slope or 0.0) < 0 else "over"
        text = s.words(f"flow.float32.{key}", depth=f"{flow.float32_depth:,}")
        yield Para(text, title=s.words("flow.title.limits"))
