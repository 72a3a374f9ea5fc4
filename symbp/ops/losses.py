"""Losses: one row each, a node for sums over entries, and two nodes fused with their link.

Every loss sums over the outputs and averages over the batch; the row states how that compares with
PyTorch's default reduction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, ClassVar, cast

from sympy import (
    Abs,
    Basic,
    Expr,
    MatrixExpr,
    MatrixSymbol,
    Piecewise,
    S,
    Symbol,
    log,
    sign,
    tanh,
)

from symbp.equations import text
from symbp.errors import ShapeError, SpecError, nearest
from symbp.nodes import matadd, matmul, ones, times
from symbp.op import FactorRole, Op, meaning, rule
from symbp.ops.elementwise import ScalarFunction, Slope
from symbp.ops.scalar import relu, softplus, step

OUT = Symbol("a", real=True)
"""One output of the network."""
TARGET = Symbol("y", real=True)
"""The target of that output."""
DELTA = Symbol("delta", positive=True)


@dataclass(frozen=True)
class LossRow:
    """One loss: ℓ(a, y) of one output and what it asks of the targets.

    ``make`` returns ℓ and ∂ℓ/∂a in ``OUT`` and ``TARGET``; ``targets`` is real, binary (0 or 1), sign (−1 or 1)
    or one_hot; ``torch`` says how the value compares with PyTorch's default reduction; ``link`` names the output
    activation that belongs to it; ``unit_outputs`` says that outputs must lie between 0 and 1.
    """

    name: str
    make: Callable[[], tuple[Expr, Expr]]
    targets: str
    torch: str
    link: str | None = None
    unit_outputs: bool = False
    aliases: tuple[str, ...] = ()
    parameters: tuple[tuple[Symbol, Expr], ...] = ()
    kinks: tuple[Expr, ...] = ()

    @cached_property
    def formula(self) -> tuple[Expr, Expr]:
        """ℓ(a, y) and its slope in a, built when first used."""
        return self.make()

    @property
    def expr(self) -> Expr:
        """ℓ(a, y) in ``OUT`` and ``TARGET``."""
        return self.formula[0]

    def function(self, *values: Expr) -> ScalarFunction:
        """Return ℓ with its parameters set, defaults where none are given."""
        if len(values) > len(self.parameters):
            raise SpecError(f"loss {self.name} takes {len(self.parameters)} parameters, not {len(values)}")
        chosen = [*values, *(default for _, default in self.parameters[len(values) :])]
        if not all(value.is_positive and value.is_finite for value in chosen):
            raise SpecError(f"loss {self.name}: its parameter must be a positive number")
        pairs = [(symbol, value) for (symbol, _), value in zip(self.parameters, chosen, strict=True)]
        latex = rf"\ell_{{\text{{{self.name.replace('_', ' ')}}}}}"
        return ScalarFunction(
            self.name,
            (OUT, TARGET),
            self.expr,
            (self.formula[1], self.expr.diff(TARGET)),
            None,
            latex,
            "ℓ",
            pairs,
            self.kinks,
        )


_E = OUT - TARGET

_ROWS = (
    LossRow("mse", lambda: (_E**2 / 2, _E), "real", "n_L/2 times MSELoss", aliases=("squared_error", "l2")),
    LossRow(
        "mae", lambda: (Abs(_E), sign(_E)), "real", "n_L times L1Loss", aliases=("l1", "absolute_error"), kinks=(_E,)
    ),
    LossRow(
        "huber",
        lambda: (
            Piecewise((_E**2 / 2, Abs(_E) <= DELTA), (DELTA * (Abs(_E) - DELTA / 2), True)),
            Piecewise((_E, Abs(_E) <= DELTA), (DELTA * sign(_E), True)),
        ),
        "real",
        "n_L times HuberLoss",
        parameters=((DELTA, S.One),),
        aliases=("smooth_l1",),
    ),
    LossRow(
        "log_cosh", lambda: (softplus(2 * _E) - _E - log(2), tanh(_E)), "real", "not in PyTorch", aliases=("logcosh",)
    ),
    LossRow(
        "binary_cross_entropy",
        lambda: (
            -TARGET * log(OUT) - (1 - TARGET) * log(1 - OUT),
            (1 - TARGET) / (1 - OUT) - TARGET / OUT,
        ),
        "binary",
        "n_L times BCELoss",
        link="sigmoid",
        unit_outputs=True,
        aliases=("bce", "logistic_loss"),
    ),
    LossRow(
        "cross_entropy",
        lambda: (-TARGET * log(OUT), -TARGET / OUT),
        "one_hot",
        "CrossEntropyLoss",
        link="softmax",
        unit_outputs=True,
        aliases=("ce", "categorical_cross_entropy", "crossentropy", "xent"),
    ),
    LossRow(
        "hinge",
        lambda: (relu(1 - TARGET * OUT), -TARGET * step(1 - TARGET * OUT)),
        "sign",
        "n_L times relu(1 - y a).mean()",
        kinks=(1 - TARGET * OUT,),
    ),
)

LOSSES: dict[str, LossRow] = {row.name: row for row in _ROWS}
"""Every loss by name."""

LOSS_ALIASES: dict[str, str] = {alias: row.name for row in _ROWS for alias in row.aliases}
"""Other names people type."""


def loss_row(name: str) -> LossRow:
    """Return the row of a loss by its name or an alias.

    Raises:
        SpecError: no such loss; the message suggests the nearest name.
    """
    key = name.lower().replace("-", "_")
    try:
        return LOSSES[LOSS_ALIASES.get(key, key)]
    except KeyError:
        known = [*LOSSES, *LOSS_ALIASES]
        raise SpecError(
            f"unknown loss {name!r}{nearest(name, known)} (symbp list losses shows all; or an expression in a and y)"
        ) from None


class Loss(Op):
    """A scalar (1×1) that compares outputs with targets; ``targets`` says what the targets must be."""

    name: ClassVar[str]
    shape = (S.One, S.One)

    @property
    def targets(self) -> str:
        """What Y holds: real, binary, sign, one_hot, or any."""
        return LOSSES[self.name].targets if self.name in LOSSES else "real"


class EntrywiseLoss(Loss):
    """1/m Σ ℓ(a, y) over all entries of A and Y, both n×m."""

    def __new__(cls, function: ScalarFunction, a: MatrixExpr, y: MatrixExpr) -> EntrywiseLoss:
        _same_shape(a, y)
        return cast("EntrywiseLoss", Basic.__new__(cls, function, a, y))

    function = property(lambda self: cast("ScalarFunction", self.args[0]))
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


class SoftmaxCrossEntropy(LinkedLoss):
    """−1/m Σ y log softmax(z), for targets whose columns sum to one."""

    name = "cross_entropy"


class SigmoidBinaryCrossEntropy(LinkedLoss):
    """−1/m Σ (y log σ(z) + (1 − y) log(1 − σ(z)))."""

    name = "binary_cross_entropy"


LINKED: dict[str, Callable[[MatrixExpr, MatrixExpr, MatrixExpr], LinkedLoss]] = {
    "cross_entropy": SoftmaxCrossEntropy,
    "binary_cross_entropy": SigmoidBinaryCrossEntropy,
}
"""The losses that have a fused form with their link."""


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
)
def entrywise_loss_vjp(node: EntrywiseLoss, output: MatrixSymbol, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """Ā = ∂₁ℓ(A, Y)/m and Ȳ = ∂₂ℓ(A, Y)/m."""
    _, a, y = node.args
    weight = scale(adjoint) / a.shape[1]
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


@rule(GenericLoss, "Whatever the loss is, its slope at the output is where the error starts.")
def generic_loss_vjp(node: GenericLoss, output: MatrixSymbol, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """Ā = ∂𝓛/∂A, which stays a name."""
    if adjoint != ones(1, 1):
        raise SpecError("a loss left open must be the whole loss: choose one with loss=")
    return (LossGradient(*node.args), None)


@rule(
    SoftmaxCrossEntropy,
    "Softmax and cross-entropy collapse: what is left of their product is prediction minus target.",
)
def softmax_cross_entropy_vjp(
    node: SoftmaxCrossEntropy, output: MatrixSymbol, adjoint: MatrixExpr
) -> tuple[MatrixExpr | None, ...]:
    """Z̄ = (P − Y)/m for P = softmax(Z) (Bridle 1990)."""
    return (_prediction_minus_target(node, adjoint), None, None)


@rule(
    SigmoidBinaryCrossEntropy,
    "Sigmoid and binary cross-entropy collapse: what is left of their product is prediction minus target.",
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
