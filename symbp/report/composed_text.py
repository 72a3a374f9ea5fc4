"""The terminal's view of a composed network: an equation a line, and every gradient as a sum of products."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence

from symbp.derivation import Gradient
from symbp.equations import Equation
from symbp.op import FactorRole
from symbp.ops.elementwise import Slope
from symbp.report.composed import (
    coupling,
    layers_of,
    must_vanish,
    shown_terms,
    trained,
    zeros,
)
from symbp.report.composed_factors import all_factors, is_explained, is_nested
from symbp.report.desk import Desk
from symbp.report.dialects import ASCII
from symbp.report.printer import Printer
from symbp.report.recurrent import BREAK, is_summed, last_errors, summed
from symbp.report.recurrent_parts import Said, counted, forward_parts, step_parts, time_parts
from symbp.report.rich import Rich, math, rich
from symbp.report.steps import Steps
from symbp.report.text import said as plain
from symbp.symbols import Adjoint, Variable

WRAPPED = 4
"""How far what continues a line is set in."""


def forward(desk: Desk, width: int) -> list[str]:
    """Return the forward pass, an equation a line."""
    return _listed(desk, desk.derivation.forward, width, forward_parts)


def backward(desk: Desk, width: int) -> list[str]:
    """Return the errors of the backward list; the gradients of parameters have a part of their own."""
    wanted = set(desk.derivation.wrt)
    errors = [each for each in desk.derivation.backward if each.lhs.of not in wanted]
    return _listed(desk, errors, width, backward_parts)


def backward_parts(desk: Desk, steps: Steps) -> Iterator[Said]:
    """Yield the errors of a recurrent layer and its product over time."""
    latest = steps.inner if last_errors(desk, steps) else steps.last
    yield Said(rich("For {range}:", range=math(counted(latest, 1))), ())
    yield from step_parts(desk, steps)
    yield from time_parts(desk, steps)


Parts = Callable[[Desk, Steps], Iterable[Said]]


def _said(desk: Desk, said: Said, width: int) -> list[str]:
    """Return a few words and the equations they introduce."""
    dots = "..." if desk.printer.dialect is ASCII else "…"
    words = plain(said.words).replace(r"\ldots", dots)
    rows = [row for left, right in said.equations for row in wrapped(f"{left} = {right.replace(BREAK, ' ')}", width)]
    return [*wrapped(words, width), *rows] if words.endswith(":") else rows


def _listed(desk: Desk, equations: Sequence[Equation], width: int, parts: Parts) -> list[str]:
    lines: list[str] = []
    before: int | None = None
    told: set[int] = set()
    for layer, found in layers_of(desk, equations):
        lines += [desk.printer.dialect.dots] * (before is not None and abs(layer - before) > 1)
        if layer in desk.steps and layer not in told:
            lines += [row for said in parts(desk, desk.steps[layer]) for row in _said(desk, said, width)]
        if layer in desk.steps:
            told.add(layer)
            before = layer
            continue
        for equation in found:
            text = desk.printer.dialect.dots if equation is None else " = ".join(desk.printer.equation(equation))
            lines += wrapped(text, width)
        before = layer
    return lines


def wrapped(text: str, width: int) -> list[str]:
    """Break a line at spaces where the terminal is narrower."""
    return textwrap.wrap(text, max(width, 20), subsequent_indent=" " * WRAPPED, break_long_words=False) or [""]


def gradients(desk: Desk, width: int) -> list[str]:
    """Return every gradient in its short form and as products down to the loss."""
    lines: list[str] = []
    for gradient in trained(desk):
        if is_summed(desk, gradient):
            lines += wrapped(" = ".join(summed(desk, gradient)), width)
            continue
        left = desk.printer.symbol(Adjoint(gradient.variable))
        lines += wrapped(f"{left} = {desk.printer.matrix(gradient.recursive)}", width)
        texts = product_texts(desk, gradient)
        for at, text in enumerate(texts):
            lines += [
                f"{' ' * WRAPPED}{each}" for each in wrapped(f"{'=' if at == 0 else '+'} {text}", width - WRAPPED)
            ]
        lines += [f"{' ' * WRAPPED}= {desk.printer.dialect.zero}"] * must_vanish(gradient)
    return lines


def product_texts(desk: Desk, gradient: Gradient) -> list[str]:
    """Return the products of a gradient as texts, one a use."""
    return [
        desk.printer.dialect.dots
        if term is None
        else "".join(desk.products.joined(desk.term(term, nested=is_nested(desk, term))))
        for term in shown_terms(gradient)
    ]


def remarks(desk: Desk) -> list[Rich]:
    """Return the sentences that must not be missing: why a batch is shown, and what is zero."""
    return [each for each in (coupling(desk), *zeros(desk)) if each]


def definitions(desk: Desk) -> list[str]:
    """Return what the letters of derivatives stand for, one a line."""
    p, column = desk.printer, desk.columns.printer
    rows: list[str] = []
    output = desk.derivation.network.output
    if Adjoint(output).name in desk.derivation.backward:
        rows.append(f"{p.loss_gradient()} = {p.partial(output)}")
    errors = [each.lhs for each in desk.derivation.backward if p.is_error(each.lhs.of) and desk.shows(each.lhs.layer)]
    rows += [f"{p.symbol(each)} = {p.partial(each.of)}, and so on" for each in errors[:1]]
    slopes = dict.fromkeys(factor.expr for factor in all_factors(desk) if isinstance(factor.expr, Slope))
    known = [each for each in slopes if isinstance(each.output, Variable)]
    if not desk.batch:
        rows += [f"{column.slope_of(each.output)} = {column.dialect.diagonal} {column.matrix(each)}" for each in known]
    operators: dict[str, list[str]] = {}
    for factor in all_factors(desk):
        if is_explained(factor):
            about = factor.expr.about or "the derivative of an operation"
            operators.setdefault(about, []).append(p.operator(factor.expr))
    if any(f.role is FactorRole.BLOCK or "B[" in desk.products.map_text(f) for f in all_factors(desk)):
        rows.append("B[...]: a whole block, the equations above that lead to the error of what it names")
    return [*rows, *(f"{_few(p, list(dict.fromkeys(labels)))}: {about}" for about, labels in operators.items())]


def _few(p: Printer, symbols: list[str]) -> str:
    return ", ".join(symbols if len(symbols) < WRAPPED else [symbols[0], p.dialect.dots, symbols[-1]])
