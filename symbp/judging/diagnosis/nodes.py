"""Operations nobody should write: what a mistake computes, so that it runs and prints like anything else."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from sympy import Basic, Expr, Integer, MatrixExpr, MatrixSymbol, Rational, Symbol

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


class WeighedNormaliseJacobian(Op):
    """A normalisation's derivative with its three parts weighed: what slips in one of its elementary steps make of it.

    Args: Z, N and G (n×m), axis, centred, ε; then the number before the mean's part and its power of the count, the
    number before the variance's part, its power of the count and its power of s.
    """

    acts_on = 2
    label: ClassVar[str] = "Π̃"

    def __new__(cls, *args: Any) -> WeighedNormaliseJacobian:
        """Numbers become SymPy's."""
        return cast("WeighedNormaliseJacobian", Basic.__new__(cls, *map(sympify_number, args)))

    shape = property(lambda self: self.args[0].shape)

    def _sympystr(self, printer: Any) -> str:
        _, n, g = map(printer.doprint, self.args[:3])
        mean, counted, along, along_counted, power = self.args[6:]
        parts = [g, f"{_weight(mean)}{_power('N', counted)}mean({g})"] if mean else [g]
        parts.append(f"{_weight(along)}{_power('N', along_counted)}{_power('s', power)}{n} * mean({g} * {n})")
        return f"({' - '.join(parts)}) / s"


def sympify_number(value: Any) -> Basic:
    """Return a number as SymPy's, exactly; what is SymPy's already as it is."""
    return value if isinstance(value, Basic) else Rational(value)


def _weight(number: Any) -> str:
    return "" if number == 1 else f"({number}) * "


def _power(letter: str, power: Any) -> str:
    return "" if power == 0 else f"{letter} * " if power == 1 else f"{letter}**({power}) * "


@meaning(WeighedNormaliseJacobian)
def weighed_normalise_jacobian(
    xp: Any, z: Any, n: Any, g: Any, axis: int, centred: int, epsilon: Any,
    mean: Any, counted: int, along: Any, along_counted: int, power: int,
) -> Any:  # fmt: skip
    """The error carried back through n = normalise(z), its parts weighed."""
    count = z.shape[axis]
    deviation = z - centred * xp.sum(z, axis=axis, keepdims=True) / count
    s = xp.sqrt(xp.sum(deviation * deviation, axis=axis, keepdims=True) / count + epsilon)
    part = along * n * xp.sum(g * n, axis=axis, keepdims=True) / count * s**power
    part = part * count**along_counted if along_counted >= 0 else part / count**-along_counted
    middle = mean * centred * xp.sum(g, axis=axis, keepdims=True) / count
    middle = middle * count**counted if counted >= 0 else middle / count**-counted
    return (g - middle - part) / s


class PartOfSum(Op):
    """One term of the sums that a product A·B consists of: the last, or the first. Args: A, B, -1 or 0."""

    label: ClassVar[str] = "term"

    def __new__(cls, a: MatrixExpr, b: MatrixExpr, at: int | Basic) -> PartOfSum:
        """Take both factors and which term is meant."""
        return cast("PartOfSum", Basic.__new__(cls, a, b, sympify_number(at)))

    shape = property(lambda self: (self.args[0].shape[0], self.args[1].shape[1]))

    def _sympystr(self, printer: Any) -> str:
        a, b, at = map(printer.doprint, self.args)
        return f"{a}[:, {at}] @ {b}[{at}]"


@meaning(PartOfSum)
def part_of_sum(xp: Any, a: Any, b: Any, at: int) -> Any:
    """The last or first column of A times the row of B."""
    part = slice(-1, None) if at == -1 else slice(0, 1)
    return a[:, part] @ b[part]


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
