"""Losses as nodes: sums over entries, one left open, and two fused with their link."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar, cast

from sympy import (
    Basic,
    Expr,
    MatAdd,
    MatrixExpr,
    MatrixSymbol,
    Rational,
    S,
    Symbol,
    Transpose,
    exp,
    log,
    oo,
)

from symbp.equations import System, symbols_in, text
from symbp.errors import ShapeError, SpecError
from symbp.nodes import matadd, matmul, ones, times
from symbp.op import FactorRole, Op, meaning, rule
from symbp.ops.elementwise import ScalarFunction, Slope
from symbp.ops.entries import Total
from symbp.ops.letters import OUT, TARGET
from symbp.ops.loss_table import LOSSES, loss_row
from symbp.symbols import Role, Variable, examples_are_rows


@cache
def entry_loss(name: str, *values: Expr) -> ScalarFunction:
    """Return ℓ(a, y) of a row of the table with its parameters set, defaults where none are given.

    Raises:
        SpecError: no such loss, too many parameters, or one that is not a positive number.
    """
    row = loss_row(name)
    if len(values) > len(row.parameters):
        raise SpecError(f"loss {row.name} takes {len(row.parameters)} parameters, not {len(values)}")
    chosen = [*values, *(default for _, default in row.parameters[len(values) :])]
    most = Rational(row.below) if row.below else oo
    if not all(value.is_positive and value < most for value in chosen):
        bound = f" below {row.below}" if row.below else ""
        raise SpecError(f"loss {row.name}: its parameter must be a positive number{bound}")
    pairs = [(symbol, value) for (symbol, _), value in zip(row.parameters, chosen, strict=True)]
    expr, slope = row.formula.expr, row.formula.slope
    slopes = (slope, expr.diff(TARGET))
    return ScalarFunction(row.name, (OUT, TARGET), expr, slopes, None, "ℓ", pairs, row.formula.kinks)


class Loss(Op):
    """A scalar (1×1) that compares outputs with targets; ``targets`` says what the targets must be."""

    name: ClassVar[str]
    shape = (S.One, S.One)

    @property
    def targets(self) -> str:
        """What Y holds: real, binary, sign, one_hot, or any."""
        return LOSSES[self.name].targets if self.name in LOSSES else "real"


class EntrywiseLoss(Loss):
    """1/m Σ ℓ(a, y) over all entries of A and Y, both n×m, or m×n where the rows are the examples."""

    def __new__(cls, function: ScalarFunction, a: MatrixExpr, y: MatrixExpr) -> EntrywiseLoss:
        _same_shape(a, y)
        return cast("EntrywiseLoss", Basic.__new__(cls, function, a, y))

    function = property(lambda self: cast("ScalarFunction", self.args[0]))
    examples = property(lambda self: self.args[1].shape[0 if examples_are_rows(self.args[1]) else 1])
    name = property(lambda self: cast("str", self.args[0].name))


class GenericLoss(Loss):
    """𝓛(A, Y): a loss left open."""

    name = "generic"

    def __new__(cls, a: MatrixExpr, y: MatrixExpr) -> GenericLoss:
        _same_shape(a, y)
        return cast("GenericLoss", Basic.__new__(cls, a, y))


class LossGradient(Op):
    """∂𝓛/∂A of a loss left open, of the shape of A."""

    factor_role = FactorRole.LOSS

    def __new__(cls, a: MatrixExpr, y: MatrixExpr) -> LossGradient:
        return cast("LossGradient", Basic.__new__(cls, a, y))

    shape = property(lambda self: self.args[0].shape)


class LinkedLoss(Loss):
    """A loss fused with the output activation that belongs to it, as a function of Z: stable when saturated.

    Args: Z, P = link(Z) (named in the forward list; the backward rule uses it, the meaning does not), Y.
    """

    def __new__(cls, z: MatrixExpr, p: MatrixExpr, y: MatrixExpr) -> LinkedLoss:
        _same_shape(p, y)
        return cast("LinkedLoss", Basic.__new__(cls, z, p, y))

    def by_logits(self, z: Expr, y: Expr, index: Symbol) -> Expr:
        """Return the loss as it is in z: of one column with the entries z and y at an index, or of one output."""
        raise NotImplementedError


class SoftmaxCrossEntropy(LinkedLoss):
    """−1/m Σ y log softmax(z), for targets whose columns sum to one."""

    name = "cross_entropy"

    def by_logits(self, z: Expr, y: Expr, index: Symbol) -> Expr:
        """Return log Σ eᶻ − Σ y z of a column."""
        return log(Total(exp(z), index)) - Total(y * z, index)


class SigmoidBinaryCrossEntropy(LinkedLoss):
    """−1/m Σ (y log σ(z) + (1 − y) log(1 − σ(z)))."""

    name = "binary_cross_entropy"

    def by_logits(self, z: Expr, y: Expr, index: Symbol) -> Expr:
        """Return log(1 + eᶻ) − y z of an output."""
        return log(1 + exp(z)) - y * z


LINKED: dict[str, Callable[[MatrixExpr, MatrixExpr, MatrixExpr], LinkedLoss]] = {
    "cross_entropy": SoftmaxCrossEntropy,
    "binary_cross_entropy": SigmoidBinaryCrossEntropy,
}
"""The losses that have a fused form with their link."""


def compared(loss: Loss, forward: System) -> tuple[MatrixExpr, ...]:
    """Return what a loss compares: its operands, and the targets behind those that are smoothed."""
    found = [each for each in loss.args if isinstance(each, Variable)]
    smooth = [forward[each.name].rhs for each in found if each.name in forward]
    behind = (symbols_in(each) for each in smooth if isinstance(each, MatAdd | Transpose))
    return (*found, *(symbol for symbols in behind for symbol in symbols if symbol.role is Role.TARGET))


def _same_shape(a: MatrixExpr, y: MatrixExpr) -> None:
    if a.shape != y.shape:
        raise ShapeError(f"the loss compares {a}, {text(a.shape)}, with {y}, {text(y.shape)}: they must be equal")


@meaning(SoftmaxCrossEntropy)
def softmax_cross_entropy(xp: Any, z: Any, y: Any) -> Any:
    """Cross-entropy of softmax(z), averaged over the columns; finite for any logits."""
    shifted = z - xp.max(z, axis=0, keepdims=True)
    log_sum = xp.log(xp.sum(xp.exp(shifted), axis=0, keepdims=True))
    return xp.sum(y * (log_sum - shifted)) / z.shape[1]


@meaning(SigmoidBinaryCrossEntropy)
def sigmoid_binary_cross_entropy(xp: Any, z: Any, y: Any) -> Any:
    """Binary cross-entropy of sigmoid(z), summed over rows, averaged over columns; finite for any logits."""
    return xp.sum(xp.maximum(z, 0) - z * y + xp.log1p(xp.exp(-xp.abs(z)))) / z.shape[1]


@rule(
    EntrywiseLoss,
    "The loss is a mean over the examples of a sum over the outputs, so each output brings its own slope.",
    short="the slope of the loss at each output",
)
def entrywise_loss_vjp(node: EntrywiseLoss, output: MatrixSymbol, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """Ā = ∂₁ℓ(A, Y)/m and Ȳ = ∂₂ℓ(A, Y)/m."""
    _, a, y = node.args
    weight = scale(adjoint) / node.examples
    return tuple(_loss_slope(node.function, index, a, y, weight) for index in range(2))


def _loss_slope(function: ScalarFunction, index: int, a: MatrixExpr, y: MatrixExpr, weight: Expr) -> MatrixExpr:
    linear = _linear_coefficients(function, index)
    if linear is None:
        return matmul(weight, Slope(function, index, a, a, y))
    terms = [times(c, operand) for c, operand in zip(linear, (a, y), strict=True)]
    return matmul(weight, matadd(*terms))


@cache
def _linear_coefficients(function: ScalarFunction, index: int) -> tuple[Expr, Expr] | None:
    """Return (α, β) where the slope is αa + βy with both non-zero, as for the squared error."""
    first, second = (function.slopes[index].coeff(v) for v in function.variables)
    a, y = function.variables
    exact = first.is_number and second.is_number and function.slopes[index] == first * a + second * y
    return (first, second) if exact and first and second else None


@rule(
    GenericLoss,
    "Whatever the loss is, its slope at the output is where the error starts.",
    short="the slope of the loss, left open",
)
def generic_loss_vjp(node: GenericLoss, output: MatrixSymbol, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """Ā = ∂𝓛/∂A, which stays a name."""
    if adjoint != ones(1, 1):
        raise SpecError("a loss left open must be the whole loss: choose one with loss=")
    return (LossGradient(*node.args), None)


@rule(
    SoftmaxCrossEntropy,
    "Softmax and cross-entropy collapse: what is left of their product is prediction minus target.",
    short="softmax and cross-entropy: prediction minus target",
)
def softmax_cross_entropy_vjp(
    node: SoftmaxCrossEntropy, output: MatrixSymbol, adjoint: MatrixExpr
) -> tuple[MatrixExpr | None, ...]:
    """Z̄ = (P − Y)/m for P = softmax(Z) (Bridle 1990)."""
    return (_prediction_minus_target(node, adjoint), None, None)


@rule(
    SigmoidBinaryCrossEntropy,
    "Sigmoid and binary cross-entropy collapse: what is left of their product is prediction minus target.",
    short="sigmoid and cross-entropy: prediction minus target",
)
def sigmoid_binary_cross_entropy_vjp(
    node: SigmoidBinaryCrossEntropy, output: MatrixSymbol, adjoint: MatrixExpr
) -> tuple[MatrixExpr | None, ...]:
    """Z̄ = (P − Y)/m for P = σ(Z)."""
    return (_prediction_minus_target(node, adjoint), None, None)


def _prediction_minus_target(node: LinkedLoss, adjoint: MatrixExpr) -> MatrixExpr:
    _, p, y = node.args
    return matmul(scale(adjoint) / p.shape[1], matadd(p, matmul(S.NegativeOne, y)))


def scale(adjoint: MatrixExpr) -> Expr:
    """Return the 1×1 adjoint of a loss as a number: 1 where the loss is the whole loss."""
    return S.One if adjoint == ones(1, 1) else adjoint[0, 0]
