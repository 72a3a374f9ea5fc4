"""When two numbers agree: relative to one gradient's own scale, with a floor for what rounding leaves.

The floor is 64·ε·s, where s is the norm of the gradient's last product taken in absolute values, behind a
normalisation with what its projection cancels: below it a gradient cannot be told from zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

from sympy import (
    Expr,
    HadamardProduct,
    Identity,
    MatAdd,
    MatMul,
    MatrixExpr,
    MatrixSymbol,
    OneMatrix,
    Transpose,
    ZeroMatrix,
)

from symbp.checking.report import Verdict
from symbp.op import Op, meaning_of
from symbp.ops.channel_norm import NormaliseChannelsJacobian
from symbp.ops.convolution import ChannelSums, KernelCorrelation
from symbp.ops.elementwise import Elementwise, Slope
from symbp.ops.normalisation import NormaliseJacobian, inverse_deviation
from symbp.ops.rearrange import Rearrange

TOLERANCE = 1e-9
"""Largest relative error of a right gradient in float64, against the complex step."""

DIGITS_TOLERANCE = 1e-20
"""Largest relative error of a right gradient in 50 digits, against central differences."""

ROUNDINGS = 64
"""How many roundings of s the floor allows."""

EPSILON = 2.0**-52


@dataclass(frozen=True)
class Comparison:
    """A gradient against a difference: their distance, the larger of the two, and the floor of rounding.

    ``absolute`` is the error that is shown; ``error`` and ``scale`` are what is judged. ``expected`` is the relative
    error of the method's own model, ``method_left`` whether the difference itself is no finite number.
    """

    error: float
    scale: float
    floor: float
    absolute: float
    expected: float = 0.0
    method_left: bool = False

    @property
    def relative(self) -> float:
        """The error by the scale; 0 where both are 0."""
        return self.error / self.scale if self.scale else self.error

    def verdict(self, tolerance: float) -> Verdict:
        """Judge so that a number that is not finite fails."""
        if not (math.isfinite(self.error) and math.isfinite(self.scale)):
            return Verdict.OVERFLOW if self.method_left else Verdict.NOT_FINITE
        if self.scale == 0:
            return Verdict.PROVES_NOTHING
        if not self.error <= tolerance * self.scale + self.floor:
            return Verdict.WRONG
        return Verdict.ZERO if self.scale <= self.floor else Verdict.AGREES


Lookup = Callable[[MatrixSymbol], Any]

PROJECTIONS = (NormaliseJacobian, NormaliseChannelsJacobian)
"""Operators that cancel nearly all of an error: of two examples' error a BatchNorm may leave a thousandth."""


@singledispatch
def magnitude(node: MatrixExpr, value_of: Lookup, own: Any, sizes: Mapping[Any, int]) -> Any:
    """Return the node with every number in it made positive, so that nothing cancels.

    ``own`` is the value of the whole right side: the best there is for an operation not known here. One that stands
    inside a product, and so has another shape, has its own value.
    """
    if isinstance(node, Op) and own.shape != tuple(int(size.xreplace(sizes)) for size in node.shape):
        import numpy as np

        operands = [value_of(each) if isinstance(each, MatrixSymbol) else _setting(each, sizes) for each in node.args]
        return abs(meaning_of(node)(np, *operands))
    return abs(own)


@magnitude.register(Elementwise)
@magnitude.register(Slope)
def _(node: Op, value_of: Lookup, own: Any, sizes: Mapping[Any, int]) -> Any:
    # Entry by entry and in no product, so of the shape of the whole, also where other sizes are drawn than it says.
    return abs(own)


@magnitude.register
def _(node: Identity, value_of: Lookup, own: Any, sizes: Mapping[Any, int]) -> Any:
    import numpy as np

    return np.eye(int(node.shape[0].xreplace(sizes)))


@magnitude.register
def _(node: ZeroMatrix, value_of: Lookup, own: Any, sizes: Mapping[Any, int]) -> Any:
    import numpy as np

    return np.zeros([int(size.xreplace(sizes)) for size in node.shape])


@magnitude.register
def _(node: MatrixSymbol, value_of: Lookup, own: Any, sizes: Mapping[Any, int]) -> Any:
    return abs(value_of(node))


@magnitude.register
def _(node: Transpose, value_of: Lookup, own: Any, sizes: Mapping[Any, int]) -> Any:
    return magnitude(node.arg, value_of, own.T, sizes).T


@magnitude.register
def _(node: OneMatrix, value_of: Lookup, own: Any, sizes: Mapping[Any, int]) -> Any:
    import numpy as np

    return np.ones([int(size.xreplace(sizes)) for size in node.shape])


@magnitude.register
def _(node: MatMul, value_of: Lookup, own: Any, sizes: Mapping[Any, int]) -> Any:
    number, factors = node.as_coeff_matrices()
    first, *others = [magnitude(factor, value_of, own, sizes) for factor in factors]
    for other in others:
        first = first @ other
    return _number(number, sizes) * first


@magnitude.register
def _(node: MatAdd, value_of: Lookup, own: Any, sizes: Mapping[Any, int]) -> Any:
    return sum(magnitude(term, value_of, own, sizes) for term in node.args)


@magnitude.register
def _(node: HadamardProduct, value_of: Lookup, own: Any, sizes: Mapping[Any, int]) -> Any:
    return math.prod(magnitude(factor, value_of, own, sizes) for factor in node.args)


@magnitude.register
def _(node: NormaliseJacobian, value_of: Lookup, own: Any, sizes: Mapping[Any, int]) -> Any:
    z, n, g = map(value_of, node.args[:3])
    axis, centred, epsilon = node.args[3:]
    return _projected(z, n, g, int(axis), int(centred), float(epsilon))


@magnitude.register
def _(node: NormaliseChannelsJacobian, value_of: Lookup, own: Any, sizes: Mapping[Any, int]) -> Any:
    places, epsilon = node.args[3:]
    z, n, g = (value_of(each).reshape(-1, int(places) * own.shape[1]) for each in node.args[:3])
    return _projected(z, n, g, 1, 1, float(epsilon)).reshape(own.shape)


def _projected(z: Any, n: Any, g: Any, axis: int, centred: int, epsilon: float) -> Any:
    """Return |r| ⊙ (|G| + mean |G| + |N| ⊙ mean |G ⊙ N|): what a normalisation's projection takes away counts too."""
    import numpy as np

    g, along = abs(g), abs(n * g)
    means = centred * g.mean(axis, keepdims=True) + abs(n) * along.mean(axis, keepdims=True)
    return (g + means) * inverse_deviation(np, z, axis, centred, epsilon)


@magnitude.register(ChannelSums)
@magnitude.register(KernelCorrelation)
@magnitude.register(Rearrange)
def _(node: Op, value_of: Lookup, own: Any, sizes: Mapping[Any, int]) -> Any:
    # Sums of products without a minus sign: of positive operands nothing in them cancels.
    import numpy as np

    matrices = [magnitude(arg, value_of, own, sizes) for arg in node.args if isinstance(arg, MatrixExpr)]
    return meaning_of(node)(
        np, *matrices, *(_setting(arg, sizes) for arg in node.args if not isinstance(arg, MatrixExpr))
    )


def _setting(value: Expr, sizes: Mapping[Any, int]) -> int | float:
    found = value.xreplace(sizes)
    return int(found) if found.is_Integer else float(found)


def _number(value: Expr, sizes: Mapping[Any, int]) -> float:
    found = value if value.is_number else value.xreplace(sizes)
    return abs(float(found)) if found.is_number else 1.0


def norm(array: Any) -> float:
    """Return the Frobenius norm of real numbers; NumPy's function takes longer than a small array."""
    entries = array.ravel()
    return math.sqrt(entries @ entries)
