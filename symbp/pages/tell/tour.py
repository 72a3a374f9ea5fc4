"""The steps of a page in the order in which things are computed: forward, then backward, each with what it adds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby

from sympy import MatrixExpr, MatrixSymbol

from symbp.equations import Equation, symbols_in
from symbp.maths.maps import Map
from symbp.maths.names import slot_of
from symbp.maths.tree import Node, Tag, changed, walk
from symbp.op import FactorRole
from symbp.pages.page import Block, Line, Text, lines
from symbp.pages.tell import inside, result
from symbp.pages.tell.backward import reason
from symbp.pages.tell.context import Context, Spelled
from symbp.pages.tell.levels import Deep
from symbp.pages.tell.step_graph import graph_of, left_of, told_of
from symbp.pages.tell.stream import EXPLICIT
from symbp.pages.tour import At, Stop, Tour, mark_of, symbols_of
from symbp.pages.words import merged
from symbp.roles import Role
from symbp.symbols import Adjoint
from symbp.views.blocks import Call, Pull
from symbp.views.lines import Body, lines_of, run
from symbp.views.shared import Once, Shared

MOST_UNFOLDED = 100
"""Most equations of layers that are steps one by one; of more, each line is one step for all layers."""


@dataclass(frozen=True)
class Told:
    """What is computed at once: equations beside each other, in which strip of the graph."""

    spelled: tuple[Spelled, ...]
    strip: int = 0
    is_gradient: bool = False

    @property
    def equations(self) -> Iterator[Equation]:
        """The equations, as they are spelled here."""
        return (each.equation for each in self.spelled)

    @property
    def is_backward(self) -> bool:
        """Whether it is an error or a gradient."""
        return isinstance(self.spelled[0].equation.lhs, Adjoint)


def tour(c: Context, blocks: Sequence[Block]) -> Tour | None:
    """Return the steps of a page, which has these blocks; None where nothing is sent back."""
    shown = tuple(lines(tuple(blocks)))
    labels = {each.label for each in shown if each.label}
    told = [*_forward(c), *_backward(c)]
    if not told or not told[-1].is_backward:
        return None
    graph, lights = graph_of(c, told, is_exact=_is_unfolded(c))
    graph = replace(graph, names=((), *_strip_names(c)) if isinstance(c, Deep) else ((),))
    keys = [f"{at}" for at in range(1, len(told) + 1)]
    product, marks = _product(c, shown, dict(zip(keys, told, strict=True)))
    said: set[str] = set()
    stops = tuple(
        Stop(
            key,
            _name(c, each),
            _line(c, each, labels, said),
            each.is_backward,
            lit,
            tuple(marks.get(key, ())),
            graph.names[each.strip],
        )
        for key, each, lit in zip(keys, told, lights, strict=True)
    )
    known = tuple(
        (c.names.symbol(equation.lhs.of), key)
        for key, each in zip(keys, told, strict=True)
        if each.is_gradient
        for equation in each.equations
    )
    return Tour(stops, graph, product, known, tuple((name, c.words.template(f"tour.{name}")) for name in SAID))


SAID = (
    "title", "back", "next", "step", "forward", "backward", "start", "of", "factor", "no_factor", "gradients", "known",
    "values", "errors", "graph", "keys", "scrolls", "uses", "used_once", "defined", "symbols",
)  # fmt: skip
"""What the controls of the steps say."""


# What is computed, in order


def _forward(c: Context) -> Iterator[Told]:
    """Yield what is computed from the input to the loss."""
    if isinstance(c, Deep):
        strips = _strip_of(c)
        yield from _inside_first(c, (Told(pair, strips.get(id(pair[0].line), 0)) for pair in c.pairs))
    elif _is_unfolded(c):
        row_of = {id(each.line): at for at, pair in enumerate(c.pairs) for each in pair}
        equations = _unfolded(c, c.reading.forward_lines, c.forward)
        groups = groupby(equations, key=lambda each: (row_of.get(id(each[0].line)), each[1]))
        yield from (Told(tuple(spelled for spelled, _ in group)) for _, group in groups)
    else:
        yield from map(Told, c.pairs)


def _strips(c: Deep) -> list[Once]:
    """Return what has a strip of the graph of its own: a block that repeats, the insides of blocks."""
    return [*([c.stacked] if c.stacked is not None else []), *(each.inside for each in c.groups)]


def _strip_names(c: Deep) -> Iterator[Text]:
    if c.stacked is not None:
        yield c.words("tour.repeated")
    yield from (inside.name_of(c, each) for each in c.groups)


def _strip_of(c: Deep) -> dict[int, int]:
    """Return the strip of every line that is not of the network as a whole, by the line."""
    return {
        id(line): at
        for at, each in enumerate(_strips(c), 1)
        for body in (each.reading.forward_lines, each.reading.error_lines, each.reading.gradient_lines)
        for line in lines_of(body)
    }


def _inside_first(c: Deep, told: Iterable[Told]) -> Iterator[Told]:
    """Yield lines, before each the insides of the blocks that it calls or sends errors through, those once."""
    waiting: dict[int, list[Told]] = {}
    for each in told:
        waiting.setdefault(each.strip, []).append(each)

    def out(line: Told) -> Iterator[Told]:
        for node in (each for equation in line.equations for each in _of_blocks(equation.rhs)):
            for at in [at for at, part in enumerate(_strips(c), 1) if at in waiting and _is_of(node, part)]:
                for inner in waiting.pop(at):
                    yield from out(inner)
        yield line

    while waiting:
        for line in waiting.pop(min(waiting)):
            yield from out(line)


def _is_of(node: Call | Pull, block: Once) -> bool:
    """Whether an operation is a block, or its map; a block that repeats is told behind the errors between blocks."""
    part = block.part
    if block.has_calls and isinstance(node, Pull):
        return False
    return node.kind == part.kind and (isinstance(block, Shared) or node.number == part.number)


def _of_blocks(expr: MatrixExpr) -> Iterator[Call | Pull]:
    """Yield the blocks that an expression calls or sends an error through, what comes first in front."""
    for arg in expr.args:
        if isinstance(arg, MatrixExpr) and not isinstance(arg, MatrixSymbol):
            yield from _of_blocks(arg)
    if isinstance(expr, Call | Pull):
        yield expr


def _backward(c: Context) -> Iterator[Told]:
    """Yield the errors from the loss back, behind each the gradients that it makes known."""
    if _is_unfolded(c):
        errors = [Told((each,)) for each, _ in _unfolded(c, c.reading.error_lines, c.errors)]
        gradients = [each for each, _ in _unfolded(c, c.reading.gradient_lines, c.gradients)]
    else:
        errors, gradients = [Told((each,)) for each in c.errors], list(c.gradients)
    strips = _strip_of(c) if isinstance(c, Deep) else {}
    if isinstance(c, Deep):
        shown = (*c.top, *(each for group in c.groups for each in group.errors))
        errors = list(_inside_first(c, (Told((each,), strips.get(id(each.line), 0)) for each in shown)))

    def name(symbol: Adjoint) -> object:
        return symbol.of if _is_unfolded(c) else slot_of(symbol.of)

    tiled = {} if _is_unfolded(c) else c.tiled
    left = {name(equation.lhs): at for at, each in enumerate(errors) for equation in each.equations}

    def known_at(equation: Equation) -> int:
        names = [part for a in _errors_of(equation) for part in (tiled.get(slot_of(a.of), ()) or (name(a),))]
        return max((left.get(each, -1) for each in names), default=-1)

    for at, told in enumerate(errors):
        yield told
        known = [each for each in gradients if known_at(each.equation) <= at]
        gradients = [each for each in gradients if each not in known]
        yield from _gradients(known, strips)
    yield from _gradients(gradients, strips)


def _gradients(known: Sequence[Spelled], strips: dict[int, int]) -> Iterator[Told]:
    """Yield gradients, those of one line's parameters at once: a weight and what is added behind it."""
    for _, group in groupby(known, key=lambda each: tuple(sorted(a.name for a in _errors_of(each.equation)))):
        same = tuple(group)
        for at in range(0, len(same), MOST_AT_ONCE):
            part = same[at : at + MOST_AT_ONCE]
            yield Told(part, strips.get(id(part[0].line), 0), is_gradient=True)


MOST_AT_ONCE = 3
"""Most gradients in one step."""


def _errors_of(equation: Equation) -> list[Adjoint]:
    return [each for each in symbols_in(equation.rhs) if isinstance(each, Adjoint)]


def _is_unfolded(c: Context) -> bool:
    """Whether every layer is a step of its own: what repeats is layers, and they are few, not any number."""
    indices = c.reading.indices
    if c.any_number is not None:
        return False
    size = len(c.reading.forward) + len(c.reading.errors) + len(c.reading.gradients)
    return not isinstance(c, Deep) and size <= MOST_UNFOLDED and all(each.kind == "layer" for each in indices)


def _unfolded(c: Context, body: Body, spelled: Iterable[Spelled]) -> Iterator[tuple[Spelled, tuple[int, ...]]]:
    """Yield every equation by itself, as its line is labelled, with the values of the indices."""
    of = {(id(each.line), values): each for each in spelled for values in each.case.values}
    for line, values, equation in run(body):
        if (id(line), values) in of:
            yield replace(of[id(line), values], equation=c.reading.alone(equation), where=None), values


# What is said of it


def _line(c: Context, told: Told, labels: set[str], said: set[str]) -> Line:
    """Return the line of a step, with its reason; it points at the line of the page that says the same."""
    trees = tuple(map(c.equation, told.spelled))
    first = told.spelled[0]
    label = next((each.label for each in told.spelled if each.label in labels), "")
    if told.is_gradient:
        weights = (each for each in told.spelled if each.equation.lhs.of.role is Role.WEIGHT)
        why: Text = result.reason(c, next(weights, first))
    else:
        why = reason(c, first, said) if told.is_backward else _meanings(c, told)
    return Line(trees, label, first.where, why)


def _meanings(c: Context, told: Told) -> Text:
    """Return what the values of a step are, each once."""
    keys = (f"notation.{getattr(each.lhs.role, 'value', '')}" for each in told.equations)
    return (", ".join(dict.fromkeys(c.words.template(key) for key in keys if c.words.has(key))),)


def _name(c: Context, told: Told) -> Text:
    """Return what a step computes: z⁽²⁾ and a⁽²⁾, the error of z⁽²⁾, the gradients of W⁽²⁾ and b⁽²⁾."""
    of = [c.names.symbol(told_of(c, e).of) if told.is_backward else left_of(c.equation(e)) for e in told.spelled]
    symbols = c.words.listed([(each,) for each in of])
    kind = "gradient" if told.is_gradient else "error" if told.is_backward else "value"
    return merged(c.words(f"tour.{kind}", n=len(of), of=symbols))


# What it adds to the product


def _product(
    c: Context, shown: Sequence[Line], told: dict[str, Told]
) -> tuple[Node | None, dict[str, list[tuple[str, str]]]]:
    """Return the product of the page, each factor with the step that adds it, and the factors in the lines of steps."""
    tree = next((part for each in shown for part in each.parts if _has_factors(part)), None)
    tree = tree or next((part for each in shown if each.label == EXPLICIT for part in each.parts), None)
    if tree is None:
        return None, {}
    factors = [each for each in walk(tree) if isinstance(each, Tag) and each.label]
    adds = _added(tree, factors, told)
    marks: dict[str, list[tuple[str, str]]] = {}
    for factor, key in zip(factors, adds, strict=True):
        marks.setdefault(key, []).extend(
            (mark.key, factor.role) for symbol in _symbols(factor) if (mark := mark_of(symbol))
        )
    places = iter(adds)

    def placed(node: Node) -> Node | None:
        if not isinstance(node, Tag) or not node.label:
            return None
        at = At(next(places))  # Before those of the factors inside.
        return replace(node, body=changed(node.body, placed), of=at)

    return changed(tree, placed), marks


def _has_factors(tree: Node) -> bool:
    return any(isinstance(each, Tag) and each.label for each in walk(tree))


def _added(tree: Node, factors: Sequence[Tag], told: dict[str, Told]) -> list[str]:
    """Return the step that adds each factor: from the loss on, the next step whose line has its symbols.

    What stands behind the loss gradient is the input of the parameter, which its own gradient adds.
    """
    back = [(key, each) for key, each in told.items() if each.is_backward and not each.is_gradient]
    last = _own(tree, told)
    before = max((at for at, (key, _) in enumerate(back) if int(key) < int(last or 0)), default=0)
    source = next((at for at, each in enumerate(factors) if each.role == FactorRole.LOSS), -1)
    found, at_step = {}, 0
    for at in (*range(source, -1, -1), *range(source + 1, len(factors))):
        if not back or (at > source and factors[at].role in INPUTS):
            found[at] = last
            continue
        at_step = before if _is_part(factors[at]) else _next(factors[at], back, at_step if at <= source else 0)
        found[at] = back[at_step][0]
    return [found[at] for at in range(len(factors))]


INPUTS = ("input", FactorRole.PREVIOUS)
"""The roles of what stands behind the loss gradient: the input of the parameter."""


def _own(tree: Node, told: dict[str, Told]) -> str:
    """Return the step that tells the gradient that a product is, its own or that of its like."""
    left = next((each for each in _symbols(tree) if isinstance(each, Adjoint)), None)
    ends = [(key, equation.lhs) for key, each in told.items() if each.is_gradient for equation in each.equations]
    exact = (key for key, lhs in ends if lhs == left)
    alike = (key for key, lhs in ends if left is not None and slot_of(lhs.of) == slot_of(left.of))
    return next(chain(exact, alike, (key for key, _ in reversed(ends))), "")


def _is_part(factor: Node) -> bool:
    """Whether a factor is the part of a block's map that ends at the error that a gradient is a product with."""
    return any(isinstance(each, Tag) and isinstance(each.of, Map) and each.of.to for each in walk(factor))


def _next(factor: Node, back: Sequence[tuple[str, Told]], start: int) -> int:
    """Return the first step from one on whose line has the symbols of a factor; the same where none has.

    What is defined beside the lines, such as the matrix of a block or of a step, is complete with the last of the
    errors that it leads to.
    """
    wanted = {each for each in _symbols(factor) if not isinstance(each, Adjoint)}
    names = {slot_of(each)[0].name for each in wanted}
    ends = {each.partition(".")[2] for each in names}
    steps, here = range(start, len(back)), [list(told.equations) for _, told in back]
    exact = (at for at in steps if wanted and any(wanted <= {*symbols_in(each.rhs)} for each in here[at]))
    alike = (at for at in steps if names and any(names <= {*_names(each.rhs)} for each in here[at]))
    last = (at for at in reversed(steps) if any(slot_of(each.lhs.of)[0].name in ends for each in here[at]))
    return next(chain(exact, alike, last), start)


def _names(expr: MatrixExpr) -> Iterator[str]:
    return (slot_of(each)[0].name for each in symbols_in(expr))


def _symbols(node: Node) -> dict[MatrixSymbol, None]:
    """Return the matrices that a formula is about."""
    return {symbol: None for each in walk(node) if isinstance(each, Tag) for symbol in symbols_of(each.of)}
