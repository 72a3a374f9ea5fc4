"""Normalisation: BatchNorm over the examples, LayerNorm and RMSNorm over the features of one example.

One node; scale γ and shift β are ordinary affine equations after it. The gradient goes through mean and
variance and is a projection: remove the mean, remove the component along the normalised input.
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Any, cast

from sympy import (
    Basic,
    Expr,
    Integer,
    MatrixExpr,
    MatrixSymbol,
    Rational,
    S,
)

from symbp.equations import Step, text
from symbp.errors import ShapeError
from symbp.nodes import hadamard, matadd, matmul, ones
from symbp.op import Explanation, FactorRole, Naming, Op, ShownStep, explain, meaning, rule, steps

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

    label = (r"\mathrm{norm}", "norm", "norm")

    def __new__(cls, z: MatrixExpr, over: int | Integer, centred: int | Integer, epsilon: Expr) -> Normalise:
        if over == Over.EXAMPLES and z.shape[1] == 1:
            raise ShapeError(
                f"statistics over the batch need at least two examples, and {z} is {text(z.shape)}: "
                "give it m columns, or normalise over its features"
            )
        return cast("Normalise", Basic.__new__(cls, z, Integer(over), Integer(centred), epsilon))

    settings = property(lambda self: self.args[1:])
    shape = property(lambda self: self.args[0].shape)
    couples_examples = property(lambda self: self.args[1] == Over.EXAMPLES)

    def explanation(self) -> Explanation:
        """Return the definition, the gradient in the steps learned first, and that they are a projection."""
        return _explained(Over(int(self.args[1])), bool(self.args[2]))


class NormaliseJacobian(Op):
    """What a normalisation makes of the error G: 1/s · (G − mean(G) − N ⊙ mean(G ⊙ N)), for N = normalise(Z).

    Args: Z, N and G, all n×m, then the settings of the normalisation. Not centred, it has no mean(G).
    Up to 1/s it is a projection, and it is symmetric.
    """

    acts_on = 2
    factor_role = FactorRole.NORMALISATION
    label = (r"\Pi", "Π", "Pi")
    about = "the derivative of the normalisation, a projection"

    def __new__(cls, z: MatrixExpr, n: MatrixExpr, g: MatrixExpr, *settings: Expr) -> NormaliseJacobian:
        return cast("NormaliseJacobian", Basic.__new__(cls, z, n, g, *settings))

    shape = property(lambda self: self.args[0].shape)
    couples_examples = property(lambda self: self.args[3] == Over.EXAMPLES)
    rows_sum_to_zero = property(lambda self: self.args[3] == Over.EXAMPLES and self.args[4] == 1)

    def spelled_out(self, name: Naming) -> MatrixExpr:
        """Return r ⊙ (G − g − N ⊙ c): g is the mean of G, c that of G ⊙ N, r is 1/s, each spread along the axis."""
        z, n, g, axis, centred, epsilon = self.args
        over = Over(int(axis))
        inverse = name("r", InverseDeviation(z, axis, centred, epsilon))
        taken = [matmul(S.NegativeOne, spread(name("g", mean(g, over)), over, z))] if centred == 1 else []
        component = name("c", mean(hadamard(g, n), over))
        along = matmul(S.NegativeOne, hadamard(n, spread(component, over, z)))
        return hadamard(spread(inverse, over, z), matadd(g, *taken, along))


class InverseDeviation(Op):
    """1/s of a normalisation: n×1 over the examples, 1×m over the features. Args: Z, then the settings."""

    label = ("r", "r", "r")

    def __new__(cls, z: MatrixExpr, *settings: Expr) -> InverseDeviation:
        return cast("InverseDeviation", Basic.__new__(cls, z, *settings))

    @property
    def shape(self) -> tuple[Expr, Expr]:
        """One number a feature or an example."""
        rows, columns = self.args[0].shape
        return (rows, S.One) if self.args[1] == Over.EXAMPLES else (S.One, columns)


def mean(matrix: MatrixExpr, over: Over) -> MatrixExpr:
    """Return the mean of every row (over the examples) or of every column (over the features), as a product."""
    rows, columns = matrix.shape
    if over is Over.EXAMPLES:
        return matmul(1 / columns, matrix, ones(columns, 1))
    return matmul(1 / rows, ones(1, rows), matrix)


def spread(vector: MatrixExpr, over: Over, like: MatrixExpr) -> MatrixExpr:
    """Return one number a row, or one a column, repeated to the shape of ``like``."""
    rows, columns = like.shape
    return matmul(vector, ones(1, columns)) if over is Over.EXAMPLES else matmul(ones(rows, 1), vector)


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


@meaning(InverseDeviation)
def inverse_deviation(xp: Any, z: Any, axis: int, centred: int, epsilon: Any) -> Any:
    """1 / sqrt(variance + epsilon) along one axis; not centred, of the mean square."""
    mean = centred * xp.sum(z, axis=axis, keepdims=True) / z.shape[axis]
    return 1 / xp.sqrt(xp.sum((z - mean) * (z - mean), axis=axis, keepdims=True) / z.shape[axis] + epsilon)


_CENTRED_WHY = (
    "Normalising undoes a shift and a scaling, so the error loses its mean and its part along the normalised input."
)
_RMS_STEP = Step(
    "rms_vjp",
    "Normalising undoes a scaling, so the error loses its part along the normalised input.",
    "the error without its normalised part",
)


@rule(Normalise, _CENTRED_WHY, short="the error without mean and normalised part")
def normalise_vjp(node: Normalise, output: MatrixSymbol, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """Z̄ = Π(C̄), the projection of NormaliseJacobian (Ioffe and Szegedy 2015, §3)."""
    return (NormaliseJacobian(node.args[0], output, adjoint, *node.settings),)


@explain.register
def _(node: Normalise, operand: int) -> Step:
    if node.args[2] == 1:
        return steps[normalise_vjp]
    return _RMS_STEP


_NAMES = {
    (Over.EXAMPLES, True): "BatchNorm",
    (Over.FEATURES, True): "LayerNorm",
    (Over.FEATURES, False): "RMSNorm",
    (Over.EXAMPLES, False): "RMS normalisation over the examples",
}
CHANNEL = ("one channel, with its $n$ values: all pixels of all $m$ examples", "n")

_ALONG = {
    Over.EXAMPLES: ("one feature, with its values in the $m$ examples", "m"),
    Over.FEATURES: ("one example, with its $n$ features", "n"),
}
_CENTRED = (
    r"\mu &= \frac{1}{N} \sum_{k=1}^{N} z_k, \qquad \sigma^2 = \frac{1}{N} \sum_{k=1}^{N} (z_k - \mu)^2",
    r"s &= \sqrt{\sigma^2 + \varepsilon}, \qquad \hat{z}_i = \frac{z_i - \mu}{s}",
)
_CENTRED_SUMS = (
    r"\frac{\partial \mathcal{L}}{\partial \sigma^2} &= -\frac{1}{2 s^3} \sum_{k=1}^{N} g_k (z_k - \mu)",
    r"\frac{\partial \mathcal{L}}{\partial \mu} &= -\frac{1}{s} \sum_{k=1}^{N} g_k",
    r"\frac{\partial \mathcal{L}}{\partial z_i} &= \frac{1}{s} g_i"
    r" + \frac{2 (z_i - \mu)}{N} \frac{\partial \mathcal{L}}{\partial \sigma^2}"
    r" + \frac{1}{N} \frac{\partial \mathcal{L}}{\partial \mu}",
)
_CENTRED_PROJECTION = (
    r"\frac{\partial \mathcal{L}}{\partial z_i} &= \frac{1}{s} \Bigl( g_i"
    r" - \hat{z}_i \, \frac{1}{N} \sum_{k=1}^{N} g_k \hat{z}_k - \frac{1}{N} \sum_{k=1}^{N} g_k \Bigr)",
    r"\Pi(G) &= \frac{1}{s} \bigl( G - \mathrm{mean}(G) - \hat{Z} \odot \mathrm{mean}(G \odot \hat{Z}) \bigr)",
)
_RMS = (r"q &= \frac{1}{N} \sum_{k=1}^{N} z_k^2, \qquad s = \sqrt{q + \varepsilon}, \qquad \hat{z}_i = \frac{z_i}{s}",)
_RMS_SUMS = (
    r"\frac{\partial \mathcal{L}}{\partial q} &= -\frac{1}{2 s^3} \sum_{k=1}^{N} g_k z_k",
    r"\frac{\partial \mathcal{L}}{\partial z_i} &= \frac{1}{s} g_i"
    r" + \frac{2 z_i}{N} \frac{\partial \mathcal{L}}{\partial q}",
)
_RMS_PROJECTION = (
    r"\frac{\partial \mathcal{L}}{\partial z_i} &= \frac{1}{s} \Bigl( g_i"
    r" - \hat{z}_i \, \frac{1}{N} \sum_{k=1}^{N} g_k \hat{z}_k \Bigr)",
    r"\Pi(G) &= \frac{1}{s} \bigl( G - \hat{Z} \odot \mathrm{mean}(G \odot \hat{Z}) \bigr)",
)


def _explained(over: Over, centred: bool) -> Explanation:
    return explained(_NAMES[over, centred], centred, *_ALONG[over])


def explained(name: str, centred: bool, along: str, count: str) -> Explanation:
    """Return what a report shows of a normalisation along ``along``, which has ``count`` values."""
    start, sums, projection = (
        (_CENTRED, _CENTRED_SUMS, _CENTRED_PROJECTION) if centred else (_RMS, _RMS_SUMS, _RMS_PROJECTION)
    )
    value = r"$z_k - \mu = s \hat{z}_k$" if centred else r"$z_k = s \hat{z}_k$"
    three = (
        r"The error $g$ of the normalised values reaches $z$ on three ways, through the variance, through the mean and "
        "directly. The mean moves the variance too, but that part is zero because the deviations sum to zero."
        if centred
        else r"The error $g$ of the normalised values reaches $z$ on two ways, through the mean square and directly."
    )
    taken = "its mean and its part along the normalised values are" if centred else "its part along them is"
    steps = (
        ShownStep(f"For {along}:", start),
        ShownStep(three, sums),
        ShownStep(
            f"With {value} the sums are the same as one projection (exactly one for $\\varepsilon = 0$): from the "
            f"error {taken} taken away, and the rest is divided by $s$.",
            projection,
        ),
    )
    return Explanation(
        name,
        tuple(ShownStep(s.words, tuple(re.sub(r"(?<=[{^])N(?=})", count, line) for line in s.lines)) for s in steps),
    )
