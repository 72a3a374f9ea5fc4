"""Arithmetic entry by entry: quotients, powers, roots, the larger and the smaller of two, bounds, choices.

Conventions are PyTorch's: each of two equal numbers gets half the slope of their maximum, ``clip`` has slope 1 at its
ends, the root of a sum of squares has slope 0 at 0, and ``max(0, z)`` is ReLU.
"""

from __future__ import annotations

from functools import cache

from sympy import Expr, Ne, Piecewise, Rational, S, Symbol, exp, log, sqrt

from symbp.ops.elementwise import OUTPUT, Formula, ScalarFunction
from symbp.ops.letters import X
from symbp.ops.scalar import maximum, minimum, nonzero, reciprocal, step

__all__ = ["CHOICE", "EXPONENTIAL", "INVERSE", "LARGER", "LENGTH", "POWER", "QUOTIENT", "SMALLER", "bounded", "clip"]

A, B, M = (Symbol(name, real=True) for name in "abm")

EXPONENTIAL = ScalarFunction("exp", (X,), exp(X), (exp(X),), OUTPUT)
"""eˣ, which is its own slope."""

INVERSE = Formula("inverse", (X,), 1 / X, (-1 / X**2,))
"""1/x."""

QUOTIENT = Formula("quotient", (A, B), A / B, (1 / B, -A / B**2))
"""a/b."""

POWER = Formula("power", (A, B), A**B, (B * A ** (B - 1), A**B * log(A)))
"""aᵇ, where a is positive or b a whole number."""

LENGTH = Formula("length", (X,), sqrt(X), (reciprocal(2 * sqrt(X)),), reciprocal(2 * OUTPUT), kinks=(S.Zero,))
"""√x of a sum of squares: its slope at 0 is 0, as that of torch.norm."""


def _of_two(name: str, value: Expr) -> Formula:
    return Formula(name, (A, B), value, [value.fdiff(at) for at in (1, 2)], None, "", (), (A - B,))


LARGER = _of_two("larger", maximum(A, B))
"""The larger of two numbers (torch.maximum)."""

SMALLER = _of_two("smaller", minimum(A, B))
"""The smaller of two numbers (torch.minimum)."""


CHOICE = Formula("choice", (M, A, B), Piecewise((A, Ne(M, 0)), (B, True)), (S.Zero, nonzero(M), 1 - nonzero(M)))
"""a where m is not 0, else b (torch.where); m has no slope."""


@cache
def power(exponent: Rational) -> Formula:
    """Return xⁿ for a number n."""
    return Formula("power", (X,), X**exponent, (exponent * X ** (exponent - 1),))


@cache
def bounded(of_two: Formula, bound: Rational) -> Formula:
    """Return the larger or the smaller of x and a number."""
    put = {A: X, B: bound}
    return Formula(of_two.name, (X,), of_two.expr.xreplace(put), (of_two.slopes[0].xreplace(put),), kinks=(bound,))


@cache
def clip(least: Rational, most: Rational) -> Formula:
    """Return x kept between two numbers (torch.clamp)."""
    inside = (1 - step(least - X)) * (1 - step(X - most))
    return Formula("clip", (X,), minimum(maximum(X, least), most), (inside,), kinks=(least, most))
