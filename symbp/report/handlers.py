"""How each operation is written: one function a node, found by its class; an operation's subclasses are like it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sympy import (
    DiagMatrix,
    Expr,
    HadamardProduct,
    Identity,
    MatAdd,
    MatMul,
    MatrixExpr,
    MatrixSymbol,
    Mul,
    OneMatrix,
    Rational,
    Transpose,
    ZeroMatrix,
)

from symbp.equations import operands
from symbp.errors import RuleNotFoundError
from symbp.op import Op
from symbp.ops.attention import MaskedSoftmax
from symbp.ops.elementwise import OUTPUT, Elementwise, Formula, Slope
from symbp.ops.losses import EntrywiseLoss, GenericLoss, LinkedLoss, Loss, LossGradient
from symbp.ops.penalty import Penalty
from symbp.report.written import Level, Written
from symbp.symbols import Variable
from symbp.views.turned import Turned

if TYPE_CHECKING:
    from symbp.report.printer import Printer

MASK = "M"
"""The mask of attention: 0 where a token may look, minus infinity elsewhere."""

Handler = Callable[["Printer", Any, list[Written]], Written]


def _symbol(p: Printer, node: MatrixSymbol, parts: list[Written]) -> Written:
    return parts[0] if parts else Written(p.symbol(node))


def _transpose(p: Printer, node: Transpose, parts: list[Written]) -> Written:
    if isinstance(node.arg, MatrixSymbol) and not p.children(node.arg):
        return Written(p.symbol(node.arg, transposed=True))
    if isinstance(node.arg, Transpose):
        return Written(p.dialect.transposed(p.dialect.bracket(p.signed(parts[0]))))
    return Written(p.dialect.transposed(p.inside(parts[0], Level.ATOM)))


def _product(p: Printer, node: MatMul, parts: list[Written]) -> Written:
    number = p.at_one(Mul(*(arg for arg in node.args if not isinstance(arg, MatrixExpr))))
    kept = [part for part, arg in zip(parts, operands(node), strict=True) if not p.vanishes(arg)]
    negative = bool(number.could_extract_minus_sign())
    if negative:
        number = -number
    front = [] if number == 1 else [p.scalar(number)]
    if len(kept) == 1 and not front:
        (only,) = kept
        if not negative or only.level is not Level.SUM:
            return only._replace(negative=only.negative != negative)
    if len(kept) == 1 and number.is_Pow and number.exp == -1:
        (above,) = kept
        text = p.dialect.over(p.signed(above), p.inside(above, Level.PRODUCT), p.scalar(1 / number))
        return Written(text, Level.ATOM, negative)
    if number.is_Pow and number.exp == Rational(-1, 2) and all(part.level >= Level.PRODUCT for part in kept):
        product = p.dialect.factors.join(p.inside(part, Level.PRODUCT) for part in kept)
        return Written(p.dialect.over(product, product, p.scalar(1 / number)), Level.PRODUCT, negative)
    texts = front + [p.inside(part, Level.PRODUCT) for part in kept]
    return Written(p.dialect.factors.join(texts) or "1", Level.PRODUCT if len(texts) > 1 else Level.ATOM, negative)


def _sum(p: Printer, node: MatAdd, parts: list[Written]) -> Written:
    first, *rest = parts
    text = p.signed(first)
    for part in rest:
        inner = p.dialect.bracket(part.text) if part.negative and part.level is Level.SUM else part.text
        text += f" {p.dialect.minus if part.negative else '+'} {inner}"
    return Written(text, Level.SUM)


def _hadamard(p: Printer, node: HadamardProduct, parts: list[Written]) -> Written:
    slopes_first = sorted(zip(node.args, parts, strict=True), key=lambda pair: not isinstance(pair[0], Slope))
    return Written(p.dialect.hadamard.join(p.inside(part, Level.HADAMARD) for _, part in slopes_first), Level.HADAMARD)


def _call(p: Printer, label: str, parts: list[Written]) -> Written:
    return Written(label + p.dialect.argument(", ".join(map(p.signed, parts))))


def _elementwise(p: Printer, node: Elementwise, parts: list[Written]) -> Written:
    if isinstance(node.function, Formula):
        return _formula(p, node.function.expr, dict(zip(node.function.variables, parts, strict=True)))
    return _call(p, p.function(node.function), parts)


def _formula(p: Printer, expr: Expr, names: Mapping[Any, Written]) -> Written:
    spelled = {symbol: part.text for symbol, part in names.items()}
    constants = {symbol: r"\varepsilon" for symbol in expr.free_symbols if str(symbol) == "epsilon"}
    if p.dialect.column == 0 and constants:
        text = p.dialect.entrywise(expr, {**spelled, **constants}, frozenset(spelled))
    else:
        text = p.dialect.entrywise(expr, spelled)
    return Written(text, Level.SUM if expr.is_Add else Level.HADAMARD if expr.is_Mul else Level.ATOM)


def _slope(p: Printer, node: Slope, parts: list[Written]) -> Written:
    if isinstance(node.function, Formula) and node.function.slope_by_output is not None:
        return _formula(p, node.function.slope_by_output, {OUTPUT: parts[0]})
    if node.function.name == "ell" or len(node.inputs) > 1:
        return _call(p, p.dialect.function((r"\ell", "ℓ", "l")[p.dialect.column], None, True), parts[1:])
    if not p.by_output or node.function.slope_by_output is None:
        return _call(p, p.function(node.function, slope=True), parts[1:])
    expr = node.function.slope_by_output.xreplace(dict(node.function.parameters))
    return _formula(p, expr, {OUTPUT: parts[0]})


def belongs_to(node: Op) -> Variable | None:
    """Return the variable an operator of the backward list belongs to: of several the last, the operation's output."""
    others = [arg for at, arg in enumerate(node.args) if at != node.acts_on and isinstance(arg, Variable)]
    return others[-1] if others else None


def _operation(p: Printer, node: Op, parts: list[Written]) -> Written:
    """An operation is its label and its operands; an operator of the backward list acts on the error alone."""
    if node.sign is not None:
        left, right = (p.inside(part, Level.SIGN) for part in parts)
        return Written(f"{left} {node.sign[p.dialect.column]} {right}", Level.SIGN)
    if node.acts_on is None or belongs_to(node) is None:
        return _call(p, p.label(node), parts)
    acted = parts[operands(node).index(node.args[node.acts_on])]
    if p.one_example:
        return Written(f"{p.operator(node)} {p.inside(acted, Level.PRODUCT)}", Level.PRODUCT)
    return Written(p.operator(node) + p.dialect.bracket(p.signed(acted)))


def _masked(p: Printer, node: MaskedSoftmax, parts: list[Written]) -> Written:
    return Written(p.label(node) + p.dialect.argument(f"{p.signed(parts[0])}{f' + {MASK}' * node.is_masked}"))


def _turned(p: Printer, node: Turned, parts: list[Written]) -> Written:
    return handler_of(node.op)(p, node.op, parts)


def _diagonal(p: Printer, node: DiagMatrix, parts: list[Written]) -> Written:
    if isinstance(node.args[0], Slope) and isinstance(node.args[0].output, Variable):
        return Written(p.slope_of(node.args[0].output))
    return _call(p, p.dialect.diagonal, parts)


def _ones(p: Printer, node: OneMatrix, parts: list[Written]) -> Written:
    if p.vanishes(node) or node.shape == (1, 1):
        return Written("1")
    return Written(p.letter(p.dialect.ones, None, transposed=node.shape[0] == 1))


def _generic_loss(p: Printer, node: GenericLoss, parts: list[Written]) -> Written:
    return _call(p, p.loss, parts)


def _loss_sum(p: Printer, node: Loss, output: Written, target: Written) -> Written:
    columns = "" if p.one_example else p.scalar(node.args[-1].shape[1])
    return Written(p.dialect.loss_sum(columns, p.signed(output), p.signed(target)), Level.PRODUCT)


def _entrywise_loss(p: Printer, node: EntrywiseLoss, parts: list[Written]) -> Written:
    return _loss_sum(p, node, *parts)


def _linked_loss(p: Printer, node: LinkedLoss, parts: list[Written]) -> Written:
    return _loss_sum(p, node, *parts[1:])


def _loss_gradient(p: Printer, node: LossGradient, parts: list[Written]) -> Written:
    return Written(p.loss_gradient())


def _penalty(p: Printer, node: Penalty, parts: list[Written]) -> Written:
    """λ/2 times the squares of all weights; of many the first and the last."""
    column = p.dialect.column
    opening, closing = ((r"\lVert ", r" \rVert^2"), ("‖", "‖²"), ("|", "|^2"))[column]
    squares = [f"{opening}{p.signed(part)}{closing}" for part in parts]
    shown = squares if len(squares) <= MOST_SQUARES else [squares[0], p.dialect.dots, squares[-1]]
    total = " + ".join(shown)
    factor = p.scalar(node.args[0])
    bracketed = p.dialect.bracket(total) if len(shown) > 1 else total
    return Written(f"{p.dialect.over(factor, factor, '2')} {bracketed}", Level.PRODUCT)


MOST_SQUARES = 3
"""Longest sum of squared weights written out."""

HANDLERS: dict[type, Handler] = {
    MatrixSymbol: _symbol,
    Transpose: _transpose,
    MatMul: _product,
    MatAdd: _sum,
    HadamardProduct: _hadamard,
    Elementwise: _elementwise,
    Slope: _slope,
    DiagMatrix: _diagonal,
    Identity: lambda p, node, parts: Written(p.dialect.identity),
    OneMatrix: _ones,
    ZeroMatrix: lambda p, node, parts: Written(p.dialect.zero),
    GenericLoss: _generic_loss,
    EntrywiseLoss: _entrywise_loss,
    LinkedLoss: _linked_loss,
    LossGradient: _loss_gradient,
    Penalty: _penalty,
    MaskedSoftmax: _masked,
    Turned: _turned,
    Op: _operation,
}
"""How each operation is written; an operation's subclasses are written like it."""


def handler_of(node: MatrixExpr) -> Handler:
    """Return what writes a node.

    Raises:
        RuleNotFoundError: an operation nobody taught this table.
    """
    for kind in type(node).__mro__:
        if kind in HANDLERS:
            return HANDLERS[kind]
    name = type(node).__name__
    raise RuleNotFoundError(f"no print for {name}: add a row to symbp.report.handlers.HANDLERS")
