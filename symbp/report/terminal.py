"""The terminal's view: equations in columns, and the factors of all gradients in one grid."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sympy import Symbol

from symbp.calculus.factor import Acts, Factor
from symbp.derivation import Derivation, Gradient
from symbp.op import FactorRole
from symbp.ops.elementwise import OUTPUT, ScalarFunction
from symbp.ops.losses import LinkedLoss
from symbp.report import composed_text, facts
from symbp.report.checked import sizes, verdict
from symbp.report.desk import Desk
from symbp.report.dialects import ASCII, UNICODE, Dialect
from symbp.report.document import FIRST, LAST, shown_layers, subject, title
from symbp.report.notation import STANDARD, Notation
from symbp.report.products import Products
from symbp.report.rich import Rich
from symbp.report.text import INDENT, columns, said, shown
from symbp.symbols import Adjoint, Role

MARGIN = 14
"""Where the text begins behind a section's name."""

ENDS = ((FIRST, LAST), (2, 2), (1, 2), (1, 1))
"""Layers shown at both ends of a deep network, until a row fits."""


@dataclass(frozen=True)
class _Row:
    """One gradient in the grid: its name, its short form, its factors by column, what enters the layer."""

    left: str
    short: str
    cells: dict[tuple[int, int], str]
    source: str
    previous: str
    summed: bool


def derivation_text(
    derivation: Derivation,
    check: Any = None,
    wrote: Sequence[str] = (),
    *,
    ascii_only: bool = False,
    width: int = 80,
    show: Sequence[int] | None = None,
    notation: Notation = STANDARD,
    pair: tuple[int, int] | None = None,
) -> str:
    """Return the derivation for a terminal: both passes, the factored gradients, the check.

    ``width`` is that of the terminal: a network too deep for it shows its first and last layers. ``pair`` are the
    two steps between which a recurrent layer's product over time is shown.

    Raises:
        SpecError: ``show`` names a layer the network does not have.
    """
    dialect = ASCII if ascii_only else UNICODE
    derivation = derivation.readable
    shown = shown_layers(derivation.network.depth, show)
    while True:
        desk = replace(Desk.open(derivation, notation, dialect, shown, False, "", None), pair=pair)
        grid = _grid(desk) if desk.plain else composed_text.gradients(desk, width - len(INDENT))
        fitting = _narrower(derivation.network.depth, shown) if show is None and desk.plain else None
        if fitting is None or max(map(len, grid), default=0) <= width:
            break
        shown = fitting
    room = width - MARGIN
    blocks = [
        _opening(desk, width),
        _named("forward", _forward(desk, room) if desk.plain else _composed_forward(desk, room)),
        _named("backward", _backward_block(desk, room) if desk.plain else _composed_backward(desk, room)),
        grid if desk.plain else [f"{INDENT}{line}" for line in grid],
        *(_remark(desk, each, width) for each in ([] if desk.plain else composed_text.remarks(desk))),
    ]
    if check is not None:
        blocks.append(check_text(check, ascii_only=ascii_only).splitlines())
    if wrote:
        blocks.append(_named("wrote", wrote))
    return "\n\n".join("\n".join(line.rstrip() for line in block) for block in blocks if block) + "\n"


def _narrower(depth: int, shown: frozenset[int] | None) -> frozenset[int] | None:
    """Return fewer layers at both ends than are shown, or None where these are the fewest."""
    now = depth if shown is None else len(shown)
    for first, last in ENDS:
        fewer = frozenset({*range(1, first + 1), *range(depth - last + 1, depth + 1)})
        if len(fewer) < min(now, depth):
            return fewer
    return None


_WORDS = {r"\mathcal{L}": "ℒ", r"\ell": "ℓ", r"\alpha": "α", r"\lambda": "λ", r"\beta": "β"}


def _plain(sentence: Rich, ascii_only: bool) -> str:
    """Return a sentence with its few formulas as text."""
    text = "".join(_formula(span.value) if span.kind == "math" else span.value for span in sentence)
    return shown(text[:1].lower() + text[1:].rstrip("."), ascii_only)


def _formula(latex: str) -> str:
    if latex.startswith("f_"):
        return "f"
    for command, letter in _WORDS.items():
        latex = latex.replace(command, letter)
    return latex


def _opening(desk: Desk, width: int) -> list[str]:
    """Return title and network, on one line where they fit."""
    heading = title(desk.depth)
    network = _plain(subject(desk.derivation), desk.printer.dialect is ASCII)
    line = f"{heading}: {network}"
    if len(line) <= width:
        return [line]
    return [f"{heading}:", *textwrap.wrap(network, width, initial_indent=INDENT, subsequent_indent=INDENT)]


def _named(name: str, lines: Iterable[str]) -> list[str]:
    """Put a section's name in front of its first line."""
    return [f"{INDENT}{name if number == 0 else '':<{MARGIN - 2}}{line}" for number, line in enumerate(lines)]


def _beside(left: Sequence[str], right: Sequence[str], gap: int = 8) -> list[str]:
    height = max(len(left), len(right))
    pad = [*left, *[""] * (height - len(left))]
    notes = [*right, *[""] * (height - len(right))]
    return columns(list(zip(pad, notes, strict=True)), gap)


def _backward_block(desk: Desk, width: int) -> list[str]:
    """Return the errors with what their letters mean: beside them where there is room, else below."""
    errors, definitions = _backward(desk), _definitions(desk)
    beside = _beside(errors, definitions)
    return beside if max(map(len, beside)) <= width else [*errors, "", *definitions]


def _remark(desk: Desk, sentence: Rich, width: int) -> list[str]:
    """Return a sentence; its formulas are symbols already."""
    text = shown(said(sentence), desk.printer.dialect is ASCII)
    return textwrap.wrap(text, width, initial_indent=INDENT, subsequent_indent=INDENT)


def _composed_forward(desk: Desk, width: int) -> list[str]:
    lines = composed_text.forward(desk, width)
    function = facts.loss_function(desk.derivation.network.loss_node)
    return lines if function is None else [*lines, *_loss_lines(desk, width)[1:]]


def _composed_backward(desk: Desk, width: int) -> list[str]:
    lines = composed_text.backward(desk, width)
    definitions = [line for each in composed_text.definitions(desk) for line in composed_text.wrapped(each, width)]
    return [*lines, "", *definitions] if definitions else lines


def _forward(desk: Desk, width: int) -> list[str]:
    """Return the forward pass, the steps of a layer beside each other, and the loss."""
    rows: list[list[str]] = []
    before = 0
    for equation in desk.derivation.forward.equations[:-1]:
        layer = equation.lhs.layer
        if not desk.shows(layer):
            continue
        text = " = ".join(desk.printer.equation(equation))
        if layer == before:
            rows[-1].append(text)
            continue
        rows += [[desk.printer.dialect.dots]] * (layer > before + 1)
        rows.append([text])
        before = layer
    lines = columns(rows, gap=6)
    if desk.derivation.network.loss_node.name != "generic":
        lines += _loss_lines(desk, width)
    return lines


def _loss_lines(desk: Desk, width: int) -> list[str]:
    """Return the loss and its formula for one output, beside it where there is room."""
    text = " = ".join(desk.printer.equation(desk.derivation.forward.equations[-1]))
    function = facts.loss_function(desk.derivation.network.loss_node)
    if function is None:
        return [text]
    ell = "l" if desk.printer.dialect is ASCII else "ℓ"
    formula = f"{ell}(a, y) = {_scalar(desk.printer.dialect, facts.with_numbers(function.expr, function), {})}"
    beside = f"{text}      {formula}"
    if len(beside) <= width and desk.plain:
        return [beside]
    return [text, *textwrap.wrap(formula, width, subsequent_indent=" " * 10)]


def _scalar(dialect: Dialect, expr: Any, names: dict[Symbol, str]) -> str:
    return str(dialect.scalar(expr, names))


def _backward(desk: Desk) -> list[str]:
    """Return the error of each shown layer."""
    p = desk.printer
    lines: list[str] = []
    before = desk.depth + 1
    for layer in desk.layers():
        error, activation = desk.step(f"dZ{layer}"), desk.step(f"dA{layer}")
        if error is None:
            continue
        lines += [p.dialect.dots] * (layer < before - 1)
        before = layer
        inline = {activation.lhs: activation.rhs} if activation is not None and layer < desk.depth else {}
        lines.append(" = ".join(p.equation(error, inline)))
    return lines


def _definitions(desk: Desk) -> list[str]:
    """Return what the letters of the backward pass stand for."""
    p, network = desk.printer, desk.derivation.network
    rows: list[tuple[str, str]] = []
    start = desk.step(f"dA{desk.depth}")
    if start is not None:
        right = p.matrix(start.rhs)
        of = p.partial(start.lhs.of)
        rows.append((p.loss_gradient(), of if right == p.loss_gradient() else f"{of} = {right}"))
    rows.append((p.error("l"), p.dialect.partial(p.loss, p.role(Role.PREACTIVATION, "l"))))
    columns = desk.columns.printer
    uses = facts.uses(desk.derivation)
    if any(use.function is not None for use in uses):
        f = _slope_name(desk, uses)
        rows.append((columns.slope_matrix("l"), f"{p.dialect.diagonal} {f}({columns.role(Role.PREACTIVATION, 'l')})"))
    for use in uses:
        rows += _slope_row(desk, use.function)
    if any(use.function is None for use in uses) and not isinstance(network.loss_node, LinkedLoss):
        a = columns.role(Role.ACTIVATION, desk.depth)
        transposed = columns.role(Role.ACTIVATION, desk.depth, True)
        rows.append((columns.jacobian(desk.depth), f"{p.dialect.diagonal} {a} {p.dialect.minus} {a} {transposed}"))
    widest = max(len(left) for left, _ in rows)
    return [f"{left:<{widest}} = {right}" for left, right in rows]


def _slope_name(desk: Desk, uses: Sequence[facts.Use]) -> str:
    named = [use.function for use in uses if use.function is not None]
    if len(named) == 1 and not facts.is_generic(named[0]):
        return desk.printer.function(named[0], slope=True)
    return desk.printer.dialect.function("f", "l", True)


def _slope_row(desk: Desk, function: ScalarFunction | None) -> list[tuple[str, str]]:
    """Return a known activation's slope as a formula, through its output where that is short."""
    if function is None or facts.is_generic(function):
        return []
    by_output = function.slope_by_output
    expr = function.slopes[0] if by_output is None else by_output
    names = {OUTPUT: "a", function.variables[0]: "z"}
    label = desk.printer.function(function, slope=True)
    argument = "" if by_output is not None else "(z)"
    return [(f"{label}{argument}", _scalar(desk.printer.dialect, expr, names))]


def _grid(desk: Desk) -> list[str]:
    """Return every weight's gradient, its factors in columns that all gradients share."""
    found = [g for g in desk.gradients if g.factors]
    rows = [_grid_row(desk, g) for g in found if g.variable.role is not Role.BIAS] or [
        _grid_row(desk, g) for g in found
    ]
    if not rows:
        return []
    keys = sorted({key for row in rows for key in row.cells})
    widths = {key: max(len(row.cells.get(key, "")) for row in rows) for key in keys}
    left = max(len(_bias_name(desk)), *(len(row.left) for row in rows))
    short = max(len(row.short) for row in rows)
    source = max(len(row.source) for row in rows)
    middle = sum(widths.values()) + len(keys)
    batch = desk.batch
    sign = ("sum " if desk.printer.dialect is ASCII else "Σ ") * batch
    middle_head = max(middle, len("activation derivatives"))
    source = max(source, len("gradient"))
    lines = _heads(left + short + 6 + len(sign), middle_head, source)
    for row in rows:
        cells = " ".join(f"{row.cells.get(key, ''):<{widths[key]}}" for key in keys)
        total = sign if row.summed else " " * len(sign)
        lines.append(
            f"{INDENT}{row.left:<{left}} = {row.short:<{short}} = {total}{cells:>{middle_head}}   "
            f"{row.source:<{source}}   {row.previous}"
        )
    lines += _bias_line(desk, left, short)
    if batch:
        example = "lower case is one example, a column; the sum is over the examples"
        lines.append(f"{INDENT}{'':<{left}}   {example}")
    return lines


def _heads(start: int, middle: int, source: int) -> list[str]:
    upper = (f"{'activation derivatives':<{middle}}", f"{'loss':<{source}}", "previous")
    lower = (f"{'and weights':<{middle}}", f"{'gradient':<{source}}", "activation")
    margin = " " * (start + 2)
    return [margin + "   ".join(upper), margin + "   ".join(lower)]


def _grid_row(desk: Desk, gradient: Gradient) -> _Row:
    columns: Products = desk.columns
    cells: dict[tuple[int, int], str] = {}
    source = previous = ""
    for factor in gradient.factors:
        if factor.acts is Acts.SOURCE:
            source = columns.source(factor)
        elif factor.acts is Acts.RIGHT:
            previous = columns.printer.matrix(factor.expr)
        else:
            key, text = _cell(desk, factor)
            cells[key] = text
    adjoint = Adjoint(gradient.variable)
    summed = any(factor.acts is Acts.RIGHT for factor in gradient.factors)
    return _Row(desk.printer.symbol(adjoint), desk.printer.matrix(gradient.recursive), cells, source, previous, summed)


def _cell(desk: Desk, factor: Factor) -> tuple[tuple[int, int], str]:
    """Return a factor's column: W of a layer stands left of its D; layers left out share one column of dots."""
    layer = factor.layer or next(iter(factor.expr.args)).layer
    if not desk.shows(layer):
        gap = max(shown for shown in (desk.shown or ()) if shown < layer) if desk.shown else 0
        return (gap, 2), desk.printer.dialect.dots
    return (layer, int(factor.role is not FactorRole.WEIGHT)), desk.columns.factor_matrix(factor)


def _bias_name(desk: Desk) -> str:
    return desk.printer.dialect.partial(desk.printer.loss, desk.printer.role(Role.BIAS, "l"))


def _bias_line(desk: Desk, left: int, short: int) -> list[str]:
    if not any(v.role is Role.BIAS for v in desk.derivation.wrt):
        return []
    ones = f" {desk.printer.dialect.ones}" if desk.batch else ""
    recursive = desk.printer.error("l") + ones
    return [f"{INDENT}{_bias_name(desk):<{left}} = {recursive:<{short}}   the same product without its last factor"]


def check_text(report: Any, *, ascii_only: bool = False) -> str:
    """Return the verdict of a check for a terminal: what agrees, how well, with which stand-ins."""
    mark = ("ok" if ascii_only else "✓") if report.passed else ("FAILED" if ascii_only else "✗")
    first, *digits = verdict(report)
    lines = [first, *([", ".join(digits)] if digits else [])]
    lines += [f"with {standin}" for standin in report.standins]
    lines += report.notes
    if report.runs:
        run = report.runs[0]
        lines.append("; ".join([*sizes(run), f"seed {report.seed}"]))
    name = f"check {mark}"
    text = "\n".join(f"{INDENT}{name if at == 0 else '':<{MARGIN - 2}}{line}" for at, line in enumerate(lines))
    return shown(text, ascii_only)
