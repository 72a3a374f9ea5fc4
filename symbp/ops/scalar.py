"""Scalar functions that SymPy lacks or spells unstably, each with its slope in its own family.

``sympy.diff`` of ``x*sigmoid(beta*x)`` therefore stays in sigmoids. Those that NumPy has no name for carry a
meaning in ``PRIMITIVES``: functional code against an array namespace ``xp``, which neither overflows nor
cancels. Each takes the larger exponent out through ``m``; both values ``m`` may take at a tie give the same
function, so the complex step and automatic differentiation pass through zero unharmed.
"""

# ruff: noqa: N801 - SymPy's functions are classes with lower case names.

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mpmath.libmp import prec_to_dps
from sympy import Abs, Expr, Function, Integer, Max, Min, Ne, Piecewise, exp, log
from sympy import sign as sympy_sign

__all__ = [
    "PRIMITIVES",
    "Primitive",
    "absolute",
    "expm1",
    "log_sigmoid",
    "maximum",
    "minimum",
    "nonzero",
    "reciprocal",
    "relu",
    "sigmoid",
    "signum",
    "softplus",
    "step",
]


GUARD_DIGITS, MOST_DIGITS = 5, 5000
"""Digits asked for beyond the precision, and how many SymPy may work with to get them."""


class Primitive(Function):
    """A real function of real arguments, defined through SymPy's own by ``definition``."""

    nargs = 1

    def definition(self) -> Expr:
        """Return the textbook formula, exact but not for floating point."""
        raise NotImplementedError

    def _eval_is_real(self) -> bool | None:
        return True if all(arg.is_real for arg in self.args) else None

    def _eval_evalf(self, prec: int) -> Expr | None:
        # SymPy's evalf raises the working precision where a formula cancels, up to maxn digits.
        return self.definition().evalf(prec_to_dps(prec) + GUARD_DIGITS, maxn=MOST_DIGITS)


class sigmoid(Primitive):
    """1/(1 + e^−x)."""

    def definition(self) -> Expr:
        """Return 1/(1 + e^−x)."""
        return 1 / (1 + exp(-self.args[0]))

    def fdiff(self, argindex: int = 1) -> Expr:
        """σ′ = σ(1 − σ)."""
        return self * (1 - self)


class softplus(Primitive):
    """log(1 + e^x)."""

    def definition(self) -> Expr:
        """Return log(1 + e^x)."""
        return log(1 + exp(self.args[0]))

    def fdiff(self, argindex: int = 1) -> Expr:
        """softplus′ = σ."""
        return sigmoid(self.args[0])


class log_sigmoid(Primitive):
    """log σ(x) = −softplus(−x)."""

    def definition(self) -> Expr:
        """Return −log(1 + e^−x)."""
        return -log(1 + exp(-self.args[0]))

    def fdiff(self, argindex: int = 1) -> Expr:
        """(log σ)′(x) = σ(−x)."""
        return sigmoid(-self.args[0])


class expm1(Primitive):
    """e^x − 1 without cancellation; importing SymPy's own takes 6 ms."""

    def definition(self) -> Expr:
        """Return e^x − 1."""
        return exp(self.args[0]) - 1

    def fdiff(self, argindex: int = 1) -> Expr:
        """expm1′ = exp."""
        return exp(self.args[0])


class step(Primitive):
    """1 where x > 0, else 0: the derivative of ReLU as PyTorch has it."""

    def definition(self) -> Expr:
        """Return the two cases."""
        return Piecewise((1, self.args[0] > 0), (0, True))

    def fdiff(self, argindex: int = 1) -> Expr:
        """Return 0, its slope everywhere but at the jump."""
        return Integer(0)


class nonzero(Primitive):
    """1 where x is not 0, else 0: which of two a condition takes."""

    def definition(self) -> Expr:
        """Return the two cases."""
        return Piecewise((1, Ne(self.args[0], 0)), (0, True))

    def fdiff(self, argindex: int = 1) -> Expr:
        """Return 0, its slope everywhere but at the jump."""
        return Integer(0)


class relu(Primitive):
    """max(x, 0)."""

    def definition(self) -> Expr:
        """Return max(x, 0)."""
        return Max(self.args[0], 0)

    def fdiff(self, argindex: int = 1) -> Expr:
        """ReLU′ = step, 0 at the kink."""
        return step(self.args[0])


class signum(Primitive):
    """−1, 0 or 1; SymPy's own has a Dirac delta for a slope."""

    @classmethod
    def eval(cls, arg: Expr) -> Expr | None:
        """Take numbers out, so that signs of u and −2u are of one u."""
        content, rest = arg.as_content_primitive()
        if rest.could_extract_minus_sign():
            return -cls(-rest)
        if rest.is_Number:
            return sympy_sign(arg)
        return None if content == 1 else cls(rest)

    def definition(self) -> Expr:
        """Return SymPy's sign."""
        return sympy_sign(self.args[0])

    def fdiff(self, argindex: int = 1) -> Expr:
        """Return 0, its slope everywhere but at the jump."""
        return Integer(0)


class absolute(Primitive):
    """|x|; SymPy's own has no slope where it cannot prove its argument real."""

    def definition(self) -> Expr:
        """Return SymPy's Abs."""
        return Abs(self.args[0])

    def fdiff(self, argindex: int = 1) -> Expr:
        """|x|′ = sign(x), 0 at the kink."""
        return signum(self.args[0])


class maximum(Primitive):
    """The larger of two numbers; at a tie each argument gets half the slope (torch.maximum)."""

    nargs = 2

    def definition(self) -> Expr:
        """Return SymPy's Max."""
        return Max(*self.args)

    def fdiff(self, argindex: int = 1) -> Expr:
        """Return 1, 1/2 or 0: whether the argument is the larger one."""
        mine, other = self.args if argindex == 1 else self.args[::-1]
        return (1 + signum(mine - other)) / 2


class minimum(Primitive):
    """The smaller of two numbers; at a tie each argument gets half the slope (torch.minimum)."""

    nargs = 2

    def definition(self) -> Expr:
        """Return SymPy's Min."""
        return Min(*self.args)

    def fdiff(self, argindex: int = 1) -> Expr:
        """Return 1, 1/2 or 0: whether the argument is the smaller one."""
        mine, other = self.args if argindex == 1 else self.args[::-1]
        return (1 + signum(other - mine)) / 2


class reciprocal(Primitive):
    """1/x, and 0 at 0: the slope of a length where all is zero (torch.norm)."""

    def definition(self) -> Expr:
        """Return the two cases."""
        return Piecewise((1 / self.args[0], Ne(self.args[0], 0)), (0, True))

    def fdiff(self, argindex: int = 1) -> Expr:
        """Return −1/x², 0 at 0."""
        return -(self**2)


def sigmoid_value(xp: Any, x: Any) -> Any:
    """1/(1 + e^-x), written so that no exponent is positive."""
    m = xp.minimum(x, 0)
    return xp.exp(m) / (1 + xp.exp(2 * m - x))


def softplus_value(xp: Any, x: Any) -> Any:
    """log(1 + e^x), written so that no exponent is positive."""
    m = xp.maximum(x, 0)
    return m + xp.log1p(xp.exp(x - 2 * m))


def log_sigmoid_value(xp: Any, x: Any) -> Any:
    """log(1/(1 + e^-x)), written so that no exponent is positive."""
    m = xp.minimum(x, 0)
    return m - xp.log1p(xp.exp(2 * m - x))


def reciprocal_value(xp: Any, x: Any) -> Any:
    """1/x, and 0 at 0."""
    zero = x == 0
    return xp.where(zero, 0, 1 / xp.where(zero, 1, x))


PRIMITIVES: dict[type[Function], Callable[..., Any]] = {
    sigmoid: sigmoid_value,
    softplus: softplus_value,
    log_sigmoid: log_sigmoid_value,
    reciprocal: reciprocal_value,
}
"""What the functions compute that a NumPy program has to define for itself."""
