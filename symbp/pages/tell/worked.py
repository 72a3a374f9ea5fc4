"""A derivation with numbers: what is given, both passes, gradients and a step of gradient descent, training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from math import isfinite
from typing import Any

from sympy import MatMul, MatrixExpr, MatrixSymbol, Transpose

from symbp.checking.report import CheckReport
from symbp.equations import Equation
from symbp.errors import SpecError, nearest
from symbp.maths.arithmetic import is_leaf
from symbp.maths.factors import Factors, in_order
from symbp.maths.figures import Figures, largest
from symbp.maths.notation import STANDARD, Notation
from symbp.maths.tree import EQUALS, MINUS, TIMES, Id, Node, Num, joined, row
from symbp.nodes import number_and_factors
from symbp.pages.page import Aside, Block, Computation, Computed, Equations, Heading, Line, Page, Para, Table, Text
from symbp.pages.tell import opening
from symbp.pages.tell.checked import checked
from symbp.pages.tell.context import Context
from symbp.pages.tell.derivation import context
from symbp.pages.tell.functions import functions
from symbp.pages.tell.letters import sentences
from symbp.pages.tell.model import with_agreement
from symbp.pages.tell.numeric import Numeric, places_of
from symbp.pages.words import commas
from symbp.views.product import is_flat
from symbp.worked.run import Training, Worked

MOST_ROWS = 24
"""Longest table of gradients; beyond it they are matrices."""

RATE = Id("η")


def worked_page(
    worked: Worked,
    check: CheckReport | None = None,
    notation: Notation = STANDARD,
    *,
    training: Training | None = None,
    digits: int | None = None,
    stem: str = "symbp",
    command: str = "",
    show: Sequence[int] | None = None,
) -> Page:
    """Return the page of a worked example; ``digits`` are those behind the point, ``show`` the layers of gradients."""
    found = Numeric(
        context(worked.derivation, notation, show=show, named=True), worked, digits or worked.given.digits or 0
    )
    blocks = [
        *_given(found),
        _result(found),
        *_pass(found, "forward", found.forward),
        *_pass(found, "backward", found.backward),
        *_gradients(found),
        *(replace(each, detail=3) for each in functions(found.c)),
        *([] if training is None else _training(found, training)),
    ]
    c = found.c
    about = with_agreement(c.words, commas([opening.network_words(c), _columns(found)]), worked.derivation)
    subtitle = c.words("worked.about", about=about, places=str(found.places))
    if check is not None:
        blocks.append(checked(c.words, check))
    return Page(c.words("worked.title"), subtitle, tuple(blocks), stem, command)


def lines_with_numbers(c: Context, worked: Worked, name: str, digits: int | None = None) -> tuple[Line, ...]:
    """Return the gradient of a parameter as a product, with the numbers of each factor, and what it comes to.

    Raises:
        SpecError: no parameter of this name that is differentiated by.
    """
    n = Numeric(c, worked, digits or worked.given.digits or 0)
    by_name = {each.lhs.of.name: each for each in c.reading.gradients}
    if name not in by_name:
        raise SpecError(f"with numbers a gradient stands alone: no parameter {name[:40]!r}{nearest(name, by_name)}")
    equation = by_name[name]
    left, value = n.c.builder.left_side(c.reading.spelled(equation.lhs)), n.matrix(equation.lhs)
    terms = c.products[equation.lhs.of]
    if not c.reading.is_one or len(terms) != 1 or not is_flat(terms[0]):
        return (Line((row(n.equation(equation), EQUALS, value),)),)
    writer, factors = Factors(c.builder), in_order(terms[0])
    product = joined([writer.one(c.alone(each)) for each in factors], TIMES)
    numbers = joined([n.factor(each) for each in factors], TIMES)
    return (Line((row(left, EQUALS, product, EQUALS, numbers, EQUALS, value),)),)


def _columns(n: Numeric) -> Text:
    """Return what the columns are, with how many there are."""
    c, derivation = n.c, n.c.reading.derivation
    if c.reading.is_one or derivation.tokens or derivation.network.x.shape[1].is_Integer:
        return opening.columns(c)
    return c.words("columns.batch", m=row(c.letter("m"), EQUALS, Num(str(n.worked.given.columns))))


def _given(n: Numeric) -> Iterator[Block]:
    """Yield what is given."""
    c, given = n.c, n.worked.given
    yield Heading(c.words("worked.section.given"))
    seed = [] if given.seed is None else [c.words("worked.drawn", seed=str(given.seed))]
    shown = [n.given, [each.lhs for each in (*c.reading.forward, *c.reading.errors, *c.reading.gradients)]]
    is_cut = any(n.figures(each).is_cut(n.value(each)) for symbols in shown for each in symbols)
    yield Para(sentences([c.words("worked.rounding"), *seed, *([c.words("worked.cut")] if is_cut else [])]))
    yield Equations((Line(tuple(row(n.tree(each), EQUALS, n.matrix(each)) for each in n.given)),))


def _result(n: Numeric) -> Block:
    """Return what comes out: the loss, and each gradient in a line where it is one error times one input."""
    c, w = n.c, n.worked
    loss = n.number(w.loss)
    text = c.words("worked.loss", loss=loss)
    if w.given.learning_rate is not None and w.trained:
        text = c.words("worked.stepped", loss=loss, rate=_rate(n), after=n.number(w.loss_after))
    blocks: list[Block] = [Para(text)]
    if _is_table(n):
        blocks.append(Equations(tuple(Line((n.equation(each),)) for each in _shown(n) if not is_leaf(each.rhs))))
    return Aside(tuple(blocks), c.words("section.result"))


def _rate(n: Numeric) -> Node:
    rate = Decimal(repr(n.worked.given.learning_rate))
    return row(RATE, EQUALS, Figures(places_of(rate)).tree(rate))


def _pass(n: Numeric, which: str, lines: tuple[Computed, ...]) -> Iterator[Block]:
    """Yield one of the passes, with what an error is."""
    c = n.c
    yield Heading(c.words(f"worked.section.{which}"), short=c.words(f"worked.short.{which}"))
    if which == "backward" and c.errors:
        yield Para(c.words("opening.error", error=opening.error_is(c, c.shown_error)))
    elif which == "forward":
        yield Para(c.words("worked.forward"))
    yield Computation(lines)


def _shown(n: Numeric) -> list[Equation]:
    """Return the gradients of the layers that are asked for."""
    gradients = n.c.reading.gradients
    return [each for each in gradients if n.c.show is None or each.lhs.of.layer in n.c.show]


def _factors(equation: Equation) -> tuple[MatrixSymbol, MatrixSymbol | None] | None:
    """Return the error and the input whose product a gradient is, or the error that it is; else None."""
    if isinstance(equation.rhs, MatrixSymbol):
        return equation.rhs, None
    if not isinstance(equation.rhs, MatMul):
        return None
    number, factors = number_and_factors(equation.rhs)
    if number != 1 or len(factors) != 2 or not isinstance(factors[1], Transpose):
        return None
    error, entering = factors[0], factors[1].arg
    both = isinstance(error, MatrixSymbol) and isinstance(entering, MatrixSymbol)
    return (error, entering) if both and error.shape[1] == 1 else None


def _is_table(n: Numeric) -> bool:
    """Whether every gradient is one error times one input, and all their entries make a table."""
    shown = _shown(n)
    entries = sum(n.value(each.lhs).size for each in shown if not isinstance(each.rhs, MatrixSymbol))
    return n.c.reading.is_one and all(map(_factors, shown)) and entries <= MOST_ROWS


def _gradients(n: Numeric) -> Iterator[Block]:
    """Yield the gradients, and what a step makes of the parameters."""
    c, w = n.c, n.worked
    steps = w.given.learning_rate is not None and bool(w.trained)
    key = "step" if steps else "gradients"
    yield Heading(c.words(f"worked.section.{key}"), short=c.words(f"worked.short.{key}"))
    shown = _shown(n)
    in_table = _is_table(n)
    told = [c.words("worked.table")] if in_table else []
    told += [c.words("worked.step", rate=RATE)] if steps else []
    if told:
        yield Para(sentences(told))
    if in_table:
        rows = [each for each in shown if not (is_leaf(each.rhs) and not (steps and each.lhs.of.name in w.trained))]
        yield _table(n, rows, steps)
        said = _kept(n, [each for each in shown if each not in rows])
    else:
        yield Computation(tuple(n.computed(n.equation(each), each.rhs, each.lhs) for each in shown))
        if steps:
            yield Computation(tuple(_updated(n, each.lhs.of) for each in shown if each.lhs.of.name in w.trained))
        said = _kept(n, [])
    if any(said):
        yield Para(said)
    if in_table:
        yield from _see(n, [each for each in shown if not is_leaf(each.rhs)])


def _updated(n: Numeric, symbol: MatrixSymbol) -> Computed:
    """Return W − η ∂ℒ/∂W with its numbers."""
    after = n.as_read(symbol, n.worked.updated[symbol.name])
    alone = n.c.reading.spelled(symbol)
    formula = row(n.c.names.symbol(alone), MINUS, RATE, TIMES, n.c.names.derivative(alone))
    return Computed(formula, (), (Figures.of(after.flat, n.places).matrix(after),))


def _table(n: Numeric, shown: Sequence[Equation], steps: bool) -> Block:
    """Return a row an entry: the parameter, error and input, their product, what a step makes of it."""
    c = n.c
    columns = [*(["value"] if steps else []), "error", "input", "gradient", *(["after"] if steps else [])]
    head = ((), (), *(c.words(f"worked.head.{each}") for each in columns))
    rows: list[tuple[Text, ...]] = []
    groups = []
    rooms = _room(n, [each.lhs.of for each in shown]), _room(n, [each for each in map(_entering, shown) if each])
    for equation in shown:
        groups.append(len(rows))
        rows += _rows(n, equation, steps, *rooms)
    return Table(head, tuple(rows), tuple(groups[1:]), align="ll" + "r" * (len(head) - 2), wide=True)


def _entering(equation: Equation) -> MatrixSymbol | None:
    return (_factors(equation) or (None, None))[1]


def _room(n: Numeric, symbols: Sequence[MatrixSymbol]) -> int:
    """Return the most digits behind the point in a column."""
    return max((n.figures(each).places for each in symbols), default=0)


def _rows(n: Numeric, equation: Equation, steps: bool, of_value: int, of_input: int) -> Iterator[tuple[Text, ...]]:
    symbol = equation.lhs.of
    found = _factors(equation)
    assert found is not None
    error, entering = found
    after = n.worked.updated[symbol.name] if steps and symbol.name in n.worked.trained else None
    for (i, j), number in _entries_of(n.value(equation.lhs)):
        who: Text = (n.c.names.symbol(n.c.reading.spelled(symbol)),) if i == j == 0 else ()
        before = [(n.under(symbol, i, j, of_value),)] if steps else []
        input_: Text = () if entering is None else (n.under(entering, j, 0, of_input),)
        gradient = (n.figures(equation.lhs).aligned.tree(number),)
        last: list[Text] = [] if not steps else [()] if after is None else [(n.number(after[i, j]),)]
        yield (who, (f"{i + 1},{j + 1}",), *before, (n.under(error, i, 0, n.places),), input_, gradient, *last)


def _entries_of(array: Any) -> Iterator[tuple[tuple[int, int], Decimal]]:
    return (((i, j), array[i, j]) for i in range(array.shape[0]) for j in range(array.shape[1]))


def _kept(n: Numeric, equal: Sequence[Equation]) -> Text:
    """Return the gradients that are errors, and the parameters that a step leaves as they are."""
    c, w = n.c, n.worked
    said = []
    if equal:
        ordered = sorted(equal, key=lambda each: [s.name for s in n.given].index(each.lhs.of.name))
        names, errors = ([(n.tree(side),) for side in sides] for sides in zip(*_sides(ordered), strict=True))
        said.append(c.words("worked.errors", len(equal), names=c.words.listed(names), errors=c.words.listed(errors)))
    frozen = [(n.tree(each),) for each in n.given if each.name in w.given.frozen]
    if frozen and w.trained and w.given.learning_rate is not None:
        said.append(c.words("worked.frozen", names=c.words.listed(frozen)))
    return sentences(said)


def _sides(equations: Sequence[Equation]) -> Iterator[tuple[MatrixExpr, MatrixExpr]]:
    return ((each.lhs.of, each.rhs) for each in equations)


def _see(n: Numeric, weights: Sequence[Equation]) -> Iterator[Block]:
    """Yield by how much the gradients of the first weight and the last differ."""
    if len(weights) < 2:
        return
    large = {each.lhs.of: largest(n.value(each.lhs).flat) for each in weights}
    last, first = sorted((weights[0].lhs.of, weights[-1].lhs.of), key=lambda each: large[each])
    if large[first] < 2 * large[last] or not large[last]:
        return
    times = f"{large[first] / large[last]:.2g}"
    names = [n.c.names.derivative(n.c.reading.spelled(each)) for each in (first, last)]
    text = n.c.words("worked.see", first=names[0], last=names[1], times=times)
    yield Para(text, title=(*n.c.words("worked.section.see"), "."))


def _training(n: Numeric, training: Training) -> Iterator[Block]:
    """Yield the loss over the steps, and where they lead."""
    c = n.c
    yield Heading(c.words("worked.section.training"))
    told = [c.words("worked.training")]
    if not isfinite(training.losses[-1]):
        told.append(c.words("worked.diverged", training.steps))
    yield Para(sentences(told))
    losses = {step: Decimal(repr(training.losses[step])) for step in training.shown}
    rows = tuple(((str(step),), (n.number(loss),)) for step, loss in losses.items())
    yield Table((c.words("worked.head.step"), c.words("worked.head.loss")), rows, align="rr")
    yield Para(c.words("worked.trained", training.steps))
    after = {each: _decimals(training.parameters[each.name]) for each in n.given if each.name in n.worked.trained}
    sides = [row(n.tree(each), EQUALS, Figures.of(array.flat, n.places).matrix(array)) for each, array in after.items()]
    yield Equations((Line(tuple(sides)),))


def _decimals(array: Any) -> Any:
    import numpy as np

    return np.vectorize(lambda each: Decimal(repr(float(each))), otypes=[object])(array)
