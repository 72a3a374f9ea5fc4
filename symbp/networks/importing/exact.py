"""Numbers of a model as exact ones: 0.1767766952966369 is 1/√32, 1/3 is a third, all others are their decimals."""

from __future__ import annotations

import math
from fractions import Fraction

from sympy import Expr, Integer, Rational, S, sqrt

MOST_DIGITS = 12
"""A number of at most so many digits was written like that."""

LARGEST_DENOMINATOR = 1000
LARGEST_ROOT = 10**6


def exact(value: float) -> Expr:
    """Return the number that somebody meant: a decimal as written, a root or a fraction to the last digit."""
    if math.isinf(value):
        return S.Infinity if value > 0 else S.NegativeInfinity
    if value == int(value):
        return Integer(int(value))
    if value < 0:
        return -exact(-value)
    if len(repr(value).partition("e")[0].replace(".", "").strip("0")) > MOST_DIGITS:
        found = _root(value) or _fraction(value)
        if found is not None:
            return found
    return Rational(repr(value))


def _root(value: float) -> Expr | None:
    """Return √n or 1/√n."""
    for of, power in ((value * value, 1), (1 / (value * value), -1)):
        n = round(of)
        if 1 < n <= LARGEST_ROOT and _is_near(math.sqrt(n) ** power, value):
            return sqrt(n) if power == 1 else 1 / sqrt(n)
    return None


def _fraction(value: float) -> Expr | None:
    found = Fraction(value).limit_denominator(LARGEST_DENOMINATOR)
    is_it = found and _is_near(found.numerator / found.denominator, value)
    return Rational(found.numerator, found.denominator) if is_it else None


def _is_near(found: float, value: float) -> bool:
    return abs(found - value) <= 2 * math.ulp(value)
