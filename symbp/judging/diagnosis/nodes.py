"""Operations nobody should write: what a mistake computes, so that it runs and prints like anything else."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from sympy import Basic, Expr, Integer, MatrixExpr, MatrixSymbol, Symbol

from symbp.op import Op, meaning, rule
from symbp.ops.elementwise import Elementwise, ScalarFunction
from symbp.ops.normalisation import NormaliseJacobian


class WrittenNormaliseJacobian(Op):
    """A normalisation's derivative written out, rightly or as people write it when they forget what depends on what.

    Args: Z, N and G (n×m), the settings of the normalisation (axis, centred, ε), then what is written: the axis the
    two means of the error are taken over, 1 or 0 for the mean's and the variance's part, what is subtracted from the
    count in s and in the variance's part, the power of s, and 1 where N is made anew from that s.
    """

    acts_on = 2
    label: ClassVar[str] = "Π̃"

    def __new__(cls, *args: Any) -> WrittenNormaliseJacobian:
        """Whole numbers become SymPy's."""
        return cast(
            "WrittenNormaliseJacobian",
            Basic.__new__(cls, *(arg if isinstance(arg, Basic) else Integer(arg) for arg in args)),
        )

    shape = property(lambda self: self.args[0].shape)

    def _sympystr(self, printer: Any) -> str:
        _, n, g = map(printer.doprint, self.args[:3])
        axis, centred, _, over, mean, along, lost, lost_along, power, _ = self.args[3:]
        where = "" if over == axis else f", axis={over}"
        terms = [g]
        if mean * centred:
            terms.append(f"mean({g}{where})")
        if along:
            mid = f"mean({g} * {n}{where})" if not lost_along else f"sum({g} * {n}{where}) / (N - 1)"
            terms.append(f"{n} * {mid}")
        s = "s(N - 1)" if lost else "s"
        text = " - ".join(terms)
        return (f"({text})" if len(terms) > 1 else text) + {0: "", 1: f" / {s}"}.get(int(power), f" / {s}**{power}")


RIGHT_NORMALISATION = (1, 1, 0, 0, 1, 0)
"""What follows the axis in a derivative that is written rightly."""


def written_out(rhs: MatrixExpr) -> MatrixExpr:
    """Return a right side with a normalisation's derivative written out, so that two versions show their difference."""
    if not isinstance(rhs, NormaliseJacobian):
        return rhs
    return WrittenNormaliseJacobian(*rhs.args, rhs.args[3], *RIGHT_NORMALISATION)


@meaning(WrittenNormaliseJacobian)
def written_normalise_jacobian(
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


class UnbiasedNormalise(Op):
    """A normalisation by the unbiased variance, divided by N − 1: what ``np.var(…, ddof=1)`` makes of it.

    Args: those of ``Normalise``.
    """

    label: ClassVar[str] = "norm"

    def __new__(cls, *args: Any) -> UnbiasedNormalise:
        """Take Z, the axis, whether it is centred, and epsilon."""
        return cast("UnbiasedNormalise", Basic.__new__(cls, *args))

    shape = property(lambda self: self.args[0].shape)
    couples_examples = property(lambda self: self.args[1] == 1)

    def _sympystr(self, printer: Any) -> str:
        return f"norm({printer.doprint(self.args[0])}, ddof=1)"


@meaning(UnbiasedNormalise)
def unbiased_normalise(xp: Any, z: Any, axis: int, centred: int, epsilon: Any) -> Any:
    """(Z − mean) / √(sum of squares / (N − 1) + ε)."""
    count = z.shape[axis]
    deviation = z - centred * xp.sum(z, axis=axis, keepdims=True) / count
    return deviation / xp.sqrt(xp.sum(deviation * deviation, axis=axis, keepdims=True) / (count - 1) + epsilon)


@rule(
    UnbiasedNormalise,
    "The derivative of a normalisation, its variance divided by N − 1.",
    short="a normalisation whose variance has N − 1",
)
def unbiased_normalise_vjp(
    node: UnbiasedNormalise, output: MatrixSymbol | None, adjoint: MatrixExpr
) -> tuple[MatrixExpr | None, ...]:
    """Z̄ = Π(C̄) with N − 1 in the variance."""
    z, axis, centred, epsilon = node.args
    return (WrittenNormaliseJacobian(z, output, adjoint, axis, centred, epsilon, axis, 1, 1, 1, 1, 1, 0),)


class FlippedKernel(Op):
    """Every kernel read backwards, in both directions. Args: K (C_out × C_in·entries) and the entries of a window."""

    label: ClassVar[str] = "flip"

    def __new__(cls, k: MatrixExpr, entries: Expr | int) -> FlippedKernel:
        """Take a kernel and its window's entries."""
        return cast("FlippedKernel", Basic.__new__(cls, k, Integer(entries)))

    shape = property(lambda self: self.args[0].shape)

    def _sympystr(self, printer: Any) -> str:
        return f"flip({printer.doprint(self.args[0])})"


@meaning(FlippedKernel)
def flipped_kernel(xp: Any, k: Any, entries: int) -> Any:
    """The entries of each channel in the opposite order."""
    return k.reshape(k.shape[0], -1, entries)[:, :, ::-1].reshape(k.shape)


class SumOverAll(Op):
    """The sum of all entries, 1×1: ``np.sum`` without an axis."""

    label: ClassVar[str] = "sum"
    shape = (Integer(1), Integer(1))

    def __new__(cls, g: MatrixExpr) -> SumOverAll:
        """Take the matrix to add up."""
        return cast("SumOverAll", Basic.__new__(cls, g))

    def _sympystr(self, printer: Any) -> str:
        return f"sum({printer.doprint(self.args[0])})"


@meaning(SumOverAll)
def sum_over_all(xp: Any, g: Any) -> Any:
    """The sum of all entries."""
    return xp.sum(g).reshape(1, 1)


class SumOverUnits(Op):
    """The sum of each column, 1×m: ``np.sum`` along the other axis."""

    label: ClassVar[str] = "column sums"

    def __new__(cls, g: MatrixExpr) -> SumOverUnits:
        """Take the matrix whose columns to add up."""
        return cast("SumOverUnits", Basic.__new__(cls, g))

    shape = property(lambda self: (Integer(1), self.args[0].shape[1]))

    def _sympystr(self, printer: Any) -> str:
        return f"sum({printer.doprint(self.args[0])}, axis=0)"


@meaning(SumOverUnits)
def sum_over_units(xp: Any, g: Any) -> Any:
    """The columns added up."""
    return xp.sum(g, axis=0, keepdims=True)


class WrittenSlope(Elementwise):
    """A formula applied to every entry of a matrix, as somebody wrote a slope: prints as the formula itself."""

    def _sympystr(self, printer: Any) -> str:
        (variable,) = self.function.variables
        return f"({self.function.expr.xreplace({variable: Symbol(printer.doprint(self.args[1]))})})"


def written_slope(formula: Expr, variable: Symbol, of: MatrixExpr) -> WrittenSlope:
    """Return a formula in one variable, applied to every entry of a matrix."""
    name = str(formula)
    function = ScalarFunction(name, (variable,), formula, (formula.diff(variable),), text="f̃′")
    return cast("WrittenSlope", Basic.__new__(WrittenSlope, function, of))
