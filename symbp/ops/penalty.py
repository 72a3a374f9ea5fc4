"""The L2 penalty: λ/2 times the sum of the squares of all weights, added to the loss."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from sympy import Basic, Expr, MatrixExpr, MatrixSymbol, S

from symbp.nodes import matmul
from symbp.op import Op, meaning, rule
from symbp.ops.losses import scale


class Penalty(Op):
    """λ/2 Σ ‖W‖² over the given weights (Krogh and Hertz 1991), a number. Args: λ exact, then the weights."""

    label: ClassVar[str] = "penalty"
    shape = (S.One, S.One)

    def __new__(cls, factor: Expr, *weights: MatrixExpr) -> Penalty:
        return cast("Penalty", Basic.__new__(cls, factor, *weights))


@meaning(Penalty)
def half_squares(xp: Any, factor: Any, *weights: Any) -> Any:
    """Half the factor times the sum of all squared entries."""
    return factor * sum(xp.sum(w * w) for w in weights) / 2


@rule(
    Penalty,
    "The penalty grows with the square of each weight, so it adds a multiple of the weight itself: weight decay.",
    short="weight decay: a multiple of the weight",
)
def penalty_vjp(node: Penalty, output: MatrixSymbol, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """W̄ = c·W for c/2·‖W‖²."""
    factor, *weights = node.args
    return tuple(matmul(factor * scale(adjoint), weight) for weight in weights)
