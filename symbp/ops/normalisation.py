"""Normalisation: BatchNorm over the examples, LayerNorm and RMSNorm over the features of one example.

One node; scale γ and shift β are ordinary affine equations after it. The gradient goes through mean and
variance and is a projection: remove the mean, remove the component along the normalised input.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, cast

from sympy import (
    Basic,
    Expr,
    Integer,
    MatrixExpr,
    MatrixSymbol,
    Rational,
)

from symbp.op import FactorRole, Op, meaning, rule

EPSILON = Rational(1, 100_000)
"""Added to the variance unless given, as in PyTorch's normalisation layers."""


class Over(IntEnum):
    """What the statistics are taken over, as NumPy's axis: features of one example, or examples."""

    FEATURES = 0
    EXAMPLES = 1


class Normalise(Op):
    """N = (Z − mean) / s with s = √(variance + ε), statistics along one axis, the variance biased.

    Args: Z (n×m), ``over`` (the axis), ``centred`` (1, or 0 where no mean is removed), ε as an exact number.
    BatchNorm (Ioffe and Szegedy 2015) is over the examples, LayerNorm (Ba et al. 2016) over the features,
    RMSNorm (Zhang and Sennrich 2019) over the features and not centred.
    """

    def __new__(cls, z: MatrixExpr, over: int | Integer, centred: int | Integer, epsilon: Expr) -> Normalise:
        return cast("Normalise", Basic.__new__(cls, z, Integer(over), Integer(centred), epsilon))

    settings = property(lambda self: self.args[1:])
    shape = property(lambda self: self.args[0].shape)


class NormaliseJacobian(Op):
    """What a normalisation makes of the error G: 1/s · (G − mean(G) − N ⊙ mean(G ⊙ N)), for N = normalise(Z).

    Args: Z, N and G, all n×m, then the settings of the normalisation. Not centred, it has no mean(G).
    Up to 1/s it is a projection, and it is symmetric.
    """

    acts_on = 2
    factor_role = FactorRole.NORMALISATION

    def __new__(cls, z: MatrixExpr, n: MatrixExpr, g: MatrixExpr, *settings: Expr) -> NormaliseJacobian:
        return cast("NormaliseJacobian", Basic.__new__(cls, z, n, g, *settings))

    shape = property(lambda self: self.args[0].shape)


@meaning(Normalise)
def normalise(xp: Any, z: Any, axis: int, centred: int, epsilon: Any) -> Any:
    """(z - mean) / sqrt(variance + epsilon), statistics along one axis; not centred, no mean is removed."""
    mean = centred * xp.sum(z, axis=axis, keepdims=True) / z.shape[axis]
    variance = xp.sum((z - mean) * (z - mean), axis=axis, keepdims=True) / z.shape[axis]
    return (z - mean) / xp.sqrt(variance + epsilon)


@meaning(NormaliseJacobian)
def normalise_jacobian(xp: Any, z: Any, n: Any, g: Any, axis: int, centred: int, epsilon: Any) -> Any:
    """The error g carried back through n = normalise(z): without its mean and its part along n, over s."""
    mean = centred * xp.sum(z, axis=axis, keepdims=True) / z.shape[axis]
    variance = xp.sum((z - mean) * (z - mean), axis=axis, keepdims=True) / z.shape[axis]
    along = n * xp.sum(g * n, axis=axis, keepdims=True) / z.shape[axis]
    error_mean = centred * xp.sum(g, axis=axis, keepdims=True) / z.shape[axis]
    return (g - error_mean - along) / xp.sqrt(variance + epsilon)


@rule(Normalise)
def normalise_vjp(node: Normalise, output: MatrixSymbol, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """Normalising undoes a shift and a scaling, so the error loses its mean and its part along the normalised input."""
    return (NormaliseJacobian(node.args[0], output, adjoint, *node.settings),)
