"""Normalisation: BatchNorm over the examples, LayerNorm and RMSNorm over the features of one example.

One node; scale γ and shift β are ordinary affine equations after it. The gradient goes through mean and
variance and is a projection: remove the mean, remove the component along the normalised input.
"""

from __future__ import annotations

from dataclasses import replace
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
    Symbol,
    sqrt,
)

from symbp.equations import Step, text
from symbp.errors import ShapeError
from symbp.nodes import hadamard, matadd, matmul, ones
from symbp.op import Entry, FactorRole, Naming, Op, Sizes, explain, meaning, rule, steps
from symbp.ops.entries import COLUMN, OTHER, ROW, Total, base

EPSILON = Rational(1, 100_000)
"""Added to the variance unless given, as in PyTorch's normalisation layers."""


class Over(IntEnum):
    """What the statistics are taken over, as NumPy's axis: features of one example, or examples."""

    FEATURES = 0
    EXAMPLES = 1


MEAN, DEVIATION, COUNT, ADDED = Symbol("mu"), Symbol("s", positive=True), Symbol("n"), Symbol("epsilon")
"""The letters of an entry form: mean, deviation, how many values, what is added to the variance."""

MARKS = {(0, 1): "", (0, 0): "rms", (1, 1): "batch", (1, 0): "rms,batch"}
"""The word below the label for each axis and whether the mean is removed: LayerNorm has none."""


def normalised(
    kind: str, operands: tuple[MatrixExpr, ...], sizes: Sizes, places: tuple[Expr, ...], centred: bool, epsilon: Expr
) -> Entry:
    """Return the entry form of a normalisation, of its Jacobian or of 1/s.

    ``places`` are the indices of a value, ``OTHER`` in each sum in place of those that the statistics run over:
    the places that are no spectator, ``COLUMN``.
    """
    z, normal, g = base("z"), base("z_hat"), base("g")
    own = tuple(each for each in places if each != COLUMN)
    others = tuple(Symbol(f"{each}_0", integer=True) for each in own) if len(own) > 1 else (OTHER,)
    ranges = dict(zip(places, sizes, strict=True))
    ranges |= {other: ranges[each] for each, other in zip(own, others, strict=True)}
    there = tuple(dict(zip(own, others, strict=True)).get(each, each) for each in places)
    count = S.One
    for each in own:
        count *= ranges[each]

    def mean_of(term: Expr) -> Expr:
        return Total(term, *others) / COUNT

    mean = mean_of(z[there])
    deviation = sqrt(mean_of((z[there] - (MEAN if centred else 0)) ** 2) + ADDED)
    taken = mean_of(g[there]) if centred else S.Zero
    value = {
        "norm": (z[places] - (MEAN if centred else 0)) / DEVIATION,
        "jacobian": (g[places] - taken - normal[places] * mean_of(g[there] * normal[there])) / DEVIATION,
        "inverse": 1 / DEVIATION,
    }[kind]
    at, shape = (places, sizes) if kind != "inverse" else _of_statistics(places, own, sizes)
    return Entry(
        operands=tuple((letter, sizes) for letter, _ in zip((z, normal, g), operands, strict=False)),
        sizes=shape,
        parts=((at, value),),
        ranges=ranges | {each: S.One for each in at if each not in places},
        where=(*([(MEAN, mean)] if centred else []), (DEVIATION, deviation)),
        counts=((COUNT, count),),
        numbers=((ADDED, epsilon),),
        each=(COLUMN, *(each for each in at if each not in places)),
    )


def _of_statistics(
    places: tuple[Expr, ...], own: tuple[Expr, ...], sizes: Sizes
) -> tuple[tuple[Expr, ...], tuple[Expr, ...]]:
    """Return the place of what there is one of for all values that the statistics run over."""
    one = Symbol("one", integer=True)
    pairs = [(one, S.One) if each in own else (each, size) for each, size in zip(places, sizes, strict=True)]
    return tuple(at for at, _ in pairs), tuple(size for _, size in pairs)


def _along(kind: str, operands: tuple[MatrixExpr, ...], settings: tuple[Expr, ...]) -> Entry:
    """Return the entry form along one axis of a matrix."""
    over, centred, epsilon = settings
    places = (ROW, COLUMN) if over == Over.FEATURES else (COLUMN, ROW)
    found = normalised(kind, operands, operands[0].shape, places, centred == 1, epsilon)
    return replace(found, applies="column" if over == Over.FEATURES else "row")


class Normalise(Op):
    """N = (Z − mean) / s with s = √(variance + ε), statistics along one axis, the variance biased.

    Args: Z (n×m), ``over`` (the axis), ``centred`` (1, or 0 where no mean is removed), ε as an exact number.
    BatchNorm (Ioffe and Szegedy 2015) is over the examples, LayerNorm (Ba et al. 2016) over the features,
    RMSNorm (Zhang and Sennrich 2019) over the features and not centred.
    """

    label = "norm"

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
    mark = property(lambda self: MARKS[int(self.args[1]), int(self.args[2])])

    def entry(self) -> Entry:
        """Return (z − μ)/s."""
        return _along("norm", self.args[:1], self.settings)


class NormaliseJacobian(Op):
    """What a normalisation makes of the error G: 1/s · (G − mean(G) − N ⊙ mean(G ⊙ N)), for N = normalise(Z).

    Args: Z, N and G, all n×m, then the settings of the normalisation. Not centred, it has no mean(G).
    Up to 1/s it is a projection, and it is symmetric.
    """

    acts_on = 2
    factor_role = FactorRole.NORMALISATION
    label = "Π"
    about = "the derivative of the normalisation, a projection"

    def __new__(cls, z: MatrixExpr, n: MatrixExpr, g: MatrixExpr, *settings: Expr) -> NormaliseJacobian:
        return cast("NormaliseJacobian", Basic.__new__(cls, z, n, g, *settings))

    shape = property(lambda self: self.args[0].shape)
    couples_examples = property(lambda self: self.args[3] == Over.EXAMPLES)
    rows_sum_to_zero = property(lambda self: self.args[3] == Over.EXAMPLES and self.args[4] == 1)
    mark = property(lambda self: MARKS[int(self.args[3]), int(self.args[4])])

    def entry(self) -> Entry:
        """Return (g_i − mean g − ẑ_i mean(g ẑ))/s."""
        return _along("jacobian", self.args[:3], self.args[3:])

    def spelled_out(self, name: Naming) -> MatrixExpr:
        """Return (G − p − N ⊙ q) ⊙ r: p is the mean of G, q that of G ⊙ N, r is 1/s, each spread along the axis."""
        z, n, g, axis, centred, epsilon = self.args
        over = Over(int(axis))
        inverse = name("r", InverseDeviation(z, axis, centred, epsilon))
        taken = [matmul(S.NegativeOne, spread(name("p", mean(g, over)), over, z))] if centred == 1 else []
        component = name("q", mean(hadamard(g, n), over))
        along = matmul(S.NegativeOne, hadamard(n, spread(component, over, z)))
        return hadamard(matadd(g, *taken, along), spread(inverse, over, z))


class InverseDeviation(Op):
    """1/s of a normalisation: n×1 over the examples, 1×m over the features. Args: Z, then the settings."""

    label = "r"
    mark = property(lambda self: MARKS[int(self.args[1]), int(self.args[2])])

    def __new__(cls, z: MatrixExpr, *settings: Expr) -> InverseDeviation:
        return cast("InverseDeviation", Basic.__new__(cls, z, *settings))

    def entry(self) -> Entry:
        """Return 1/s."""
        return _along("inverse", self.args[:1], self.args[1:])

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


@rule(
    InverseDeviation,
    "One over the deviation is a power of the mean square around the mean, and the mean itself adds nothing.",
    short="the slope of a mean square's power",
)
def inverse_deviation_vjp(
    node: InverseDeviation, output: MatrixSymbol, adjoint: MatrixExpr
) -> tuple[MatrixExpr | None, ...]:
    """Z̄ = −1/n (r̄ ⊙ r³) ⊙ (Z − its mean), for r = (mean of (Z − its mean)² + ε)^(−1/2) over n entries."""
    z, axis, centred, _ = node.args
    over = Over(int(axis))
    left = matadd(z, matmul(S.NegativeOne, spread(mean(z, over), over, z))) if centred == 1 else z
    count = z.shape[1] if over is Over.EXAMPLES else z.shape[0]
    slope = matmul(S.NegativeOne / count, spread(hadamard(adjoint, output, output, output), over, z))
    return (hadamard(slope, left),)


@explain.register
def _(node: Normalise, operand: int) -> Step:
    if node.args[2] == 1:
        return steps[normalise_vjp]
    return _RMS_STEP
