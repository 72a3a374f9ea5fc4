"""Operations nobody should write: what a mistake computes, so that it can be executed and printed like anything else."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from sympy import Basic, Expr, Integer, MatrixExpr

from symbp.op import Op, meaning


class WrongNormaliseJacobian(Op):
    """A normalisation's derivative as people write it when they forget what depends on what.

    Args: Z, N and G (n×m), the settings of the normalisation (axis, centred, ε), then how it differs: the axis the
    two means of the error are taken over, 1 or 0 for the mean's and the variance's part, what is subtracted from the
    count in s and in the variance's part, the power of s, and 1 where N is made anew from that s.
    """

    acts_on = 2
    label: ClassVar[tuple[str, str, str]] = (r"\tilde{\Pi}", "Π̃", "Pi*")

    def __new__(cls, *args: Any) -> WrongNormaliseJacobian:
        return cast(
            "WrongNormaliseJacobian",
            Basic.__new__(cls, *(arg if isinstance(arg, Basic) else Integer(arg) for arg in args)),
        )

    shape = property(lambda self: self.args[0].shape)


@meaning(WrongNormaliseJacobian)
def wrong_normalise_jacobian(
    xp: Any,
    z: Any,
    n: Any,
    g: Any,
    axis: int,
    centred: int,
    epsilon: Any,
    over: int,
    mean: int,
    along: int,
    lost: int,
    lost_along: int,
    power: int,
    anew: int,
) -> Any:
    """The error carried back through n = normalise(z), with parts of it missing or counted wrongly."""
    count = z.shape[axis]
    deviation = z - centred * xp.sum(z, axis=axis, keepdims=True) / count
    s = xp.sqrt(xp.sum(deviation * deviation, axis=axis, keepdims=True) / (count - lost) + epsilon)
    n = anew * deviation / s + (1 - anew) * n
    part = along * n * xp.sum(g * n, axis=over, keepdims=True) / (z.shape[over] - lost_along)
    error_mean = mean * centred * xp.sum(g, axis=over, keepdims=True) / z.shape[over]
    return (g - error_mean - part) / s**power


class FlippedKernel(Op):
    """Every kernel read backwards, in both directions. Args: K (C_out × C_in·entries) and the entries of a window."""

    label: ClassVar[tuple[str, str, str]] = (r"\mathrm{flip}", "flip", "flip")

    def __new__(cls, k: MatrixExpr, entries: Expr | int) -> FlippedKernel:
        return cast("FlippedKernel", Basic.__new__(cls, k, Integer(entries)))

    shape = property(lambda self: self.args[0].shape)


@meaning(FlippedKernel)
def flipped_kernel(xp: Any, k: Any, entries: int) -> Any:
    """The entries of each channel in the opposite order."""
    return k.reshape(k.shape[0], -1, entries)[:, :, ::-1].reshape(k.shape)


class SumOverAll(Op):
    """The sum of all entries, 1×1: ``np.sum`` without an axis."""

    label: ClassVar[tuple[str, str, str]] = (r"\mathrm{sum}", "sum", "sum")
    shape = (Integer(1), Integer(1))

    def __new__(cls, g: MatrixExpr) -> SumOverAll:
        return cast("SumOverAll", Basic.__new__(cls, g))


@meaning(SumOverAll)
def sum_over_all(xp: Any, g: Any) -> Any:
    """The sum of all entries."""
    return xp.sum(g).reshape(1, 1)


class SumOverUnits(Op):
    """The sum of each column, 1×m: ``np.sum`` along the other axis."""

    label: ClassVar[tuple[str, str, str]] = (r"\mathrm{columnsums}", "column sums", "column sums")

    def __new__(cls, g: MatrixExpr) -> SumOverUnits:
        return cast("SumOverUnits", Basic.__new__(cls, g))

    shape = property(lambda self: (Integer(1), self.args[0].shape[1]))


@meaning(SumOverUnits)
def sum_over_units(xp: Any, g: Any) -> Any:
    """The columns added up."""
    return xp.sum(g, axis=0, keepdims=True)
