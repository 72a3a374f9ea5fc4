"""How fast a function may grow: an envelope C·(1 + |x|)^k·exp(b|x| + d·x²), which says what tails of integrals are."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sympy import (
    Abs,
    Add,
    Expr,
    Mul,
    Piecewise,
    Poly,
    PolynomialError,
    Pow,
    Symbol,
    atan,
    cos,
    cosh,
    erf,
    exp,
    log,
    sign,
    sin,
    sinh,
    tanh,
)

from symbp.ops.scalar import absolute, expm1, log_sigmoid, maximum, minimum, relu, sigmoid, signum, softplus, step


@dataclass(frozen=True, slots=True)
class Envelope:
    """|f(x)| ≤ e^``log``·(1 + |x|)^``degree``·exp(``linear``·|x| + ``square``·x²) for every real x."""

    log: float
    degree: float = 0.0
    linear: float = 0.0
    square: float = 0.0

    def __mul__(self, other: Envelope) -> Envelope:
        return Envelope(
            self.log + other.log, self.degree + other.degree, self.linear + other.linear, self.square + other.square
        )

    def __add__(self, other: Envelope) -> Envelope:
        high, low = max(self.log, other.log), min(self.log, other.log)
        log_sum = high if low == -math.inf else high + math.log1p(math.exp(low - high))
        return Envelope(
            log_sum,
            max(self.degree, other.degree),
            max(self.linear, other.linear),
            max(self.square, other.square),
        )

    def power(self, exponent: float) -> Envelope:
        """Return the envelope of |f| to a positive power."""
        return Envelope(*(exponent * each for each in (self.log, self.degree, self.linear, self.square)))

    @property
    def is_polynomial(self) -> bool:
        """Whether nothing in it is exponential."""
        return self.linear <= 0 and self.square <= 0

    def log_tail(self, q: float, z: float) -> float:
        """Return the log of a bound of E[|f(x)|; |x| > z√q] for x ~ N(0, q); ∞ where z is too small for one.

        The logarithm of the integrand is concave, so beyond z it falls at least as fast as there.
        """
        scale = math.sqrt(q)
        alpha = 0.5 - self.square * q
        fall = 2 * alpha * z - self.linear * scale - self.degree * scale / (1 + scale * z)
        if alpha <= 0 or fall <= 0:
            return math.inf
        at = self.log + self.degree * math.log1p(scale * z) + self.linear * scale * z - alpha * z * z
        return at + math.log(2 / fall) - 0.5 * math.log(2 * math.pi)


UNIT = Envelope(0.0)


def envelope(expr: Expr, x: Symbol) -> Envelope | None:
    """Return an envelope of an expression in x; None where none is found, as for 1/x or exp(x³)."""
    return _both([_side(expr, x, 1), _side(expr, x, -1)])


def _side(expr: Expr, x: Symbol, side: int) -> Envelope | None:
    """Return an envelope for the x of one sign."""
    if not expr.free_symbols:
        size = abs(float(expr))
        return Envelope(math.log(size) if size else -math.inf)
    if expr == x:
        return Envelope(0.0, 1.0)
    if isinstance(expr, Piecewise):
        return _both([_side(value, x, side) for value in _values(expr, x, side)])
    if isinstance(expr, Pow):
        return _power(expr, x, side)
    if isinstance(expr, exp):
        return _exponential(expr.args[0], x, side)
    if expr.func in BOUNDS:
        return Envelope(math.log(BOUNDS[expr.func]))
    rule = RULES.get(expr.func)
    return rule(expr, x, side) if rule else None


def _values(expr: Piecewise, x: Symbol, side: int) -> list[Expr]:
    """Return the cases that x of one sign may take: one where the cases are by that sign."""
    (first, condition), *rest = expr.args
    if len(rest) == 1 and condition.is_Relational and (condition.lhs, condition.rhs) == (x, 0):
        return [first if (side > 0) == (condition.rel_op in (">", ">=")) else rest[0][0]]
    return [value for value, _ in expr.args]


def _joined(parts: list[Envelope | None], join: Callable[[Envelope, Envelope], Envelope]) -> Envelope | None:
    whole = parts[0]
    for each in parts[1:]:
        if whole is None or each is None:
            return None
        whole = join(whole, each)
    return whole


def _both(parts: list[Envelope | None]) -> Envelope | None:
    return _joined(parts, Envelope.__add__)


def _power(expr: Pow, x: Symbol, side: int) -> Envelope | None:
    if expr.exp.free_symbols:
        return _exponential(expr.exp * log(expr.base), x, side)
    exponent = float(expr.exp)
    if exponent > 0:
        base = _side(expr.base, x, side)
        return None if base is None else base.power(exponent)
    least = max(lower(expr.base, x), lower(-expr.base, x))
    return Envelope(exponent * math.log(least)) if least > 0 else None


def _exponential(exponent: Expr, x: Symbol, side: int) -> Envelope | None:
    """Return an envelope of exp(u) from an upper bound a + b|x| + d·x² of u."""
    try:
        terms = Poly(exponent, x).terms()
    except PolynomialError:
        return _of_bound(_side(exponent, x, side))
    found = [0.0, 0.0, 0.0]
    for (degree,), coefficient in terms:
        size = float(coefficient) * side**degree
        if degree <= 2:
            found[degree] = size
        elif size > 0:
            return None
    return Envelope(found[0], 0.0, found[1], found[2])


def _of_bound(bound: Envelope | None) -> Envelope | None:
    if bound is None or not bound.is_polynomial or bound.degree > 2:
        return None
    size = math.exp(bound.log)
    if bound.degree <= 0:
        return Envelope(size)
    return Envelope(size, 0.0, size) if bound.degree <= 1 else Envelope(2 * size, 0.0, 0.0, 2 * size)


def _growing(expr: Expr, x: Symbol, side: int) -> Envelope | None:
    """|sinh u|, cosh u ≤ e^u + e^−u."""
    return _both([_exponential(expr.args[0], x, side), _exponential(-expr.args[0], x, side)])


def _at_most_argument(expr: Expr, x: Symbol, side: int) -> Envelope | None:
    return _both([UNIT, *(_side(argument, x, side) for argument in expr.args)])


def _inside(expr: Expr, x: Symbol, side: int) -> Envelope | None:
    return _side(expr.args[0], x, side)


def _logarithm(expr: Expr, x: Symbol, side: int) -> Envelope | None:
    """|log u| ≤ |log l| + u for u ≥ l > 0."""
    least = lower(expr.args[0], x)
    if least <= 0:
        return None
    return _both([Envelope(math.log(abs(math.log(least)) + 1.0)), _side(expr.args[0], x, side)])


BOUNDS: Mapping[Any, float] = {
    sin: 1.0, cos: 1.0, tanh: 1.0, erf: 1.0, sigmoid: 1.0, step: 1.0, sign: 1.0, signum: 1.0, atan: math.pi / 2,
}  # fmt: skip

RULES: Mapping[Any, Callable[[Any, Symbol, int], Envelope | None]] = {
    Add: lambda expr, x, side: _both([_side(each, x, side) for each in expr.args]),
    Mul: lambda expr, x, side: _joined([_side(each, x, side) for each in expr.args], Envelope.__mul__),
    expm1: lambda expr, x, side: _both([_exponential(expr.args[0], x, side), UNIT]),
    sinh: _growing,
    cosh: _growing,
    relu: _inside,
    absolute: _inside,
    Abs: _inside,
    softplus: _at_most_argument,
    log_sigmoid: _at_most_argument,
    maximum: _at_most_argument,
    minimum: _at_most_argument,
    log: _logarithm,
}
"""Envelopes of functions that have no bound; softplus(u) ≤ log 2 + |u| ≤ 1 + |u|."""

_NOT_NEGATIVE = (exp, Abs, absolute, relu, softplus, sigmoid, step)


def lower(expr: Expr, x: Symbol) -> float:
    """Return a lower bound of an expression for every real x; −∞ where none is found."""
    if not expr.free_symbols:
        return float(expr)
    if isinstance(expr, Add):
        return (
            math.fsum(found) if all(map(math.isfinite, found := [lower(each, x) for each in expr.args])) else -math.inf
        )
    if isinstance(expr, cosh):
        return 1.0
    even = isinstance(expr, Pow) and expr.exp.is_Integer and int(expr.exp) % 2 == 0
    if even or isinstance(expr, _NOT_NEGATIVE) or (isinstance(expr, Pow) and isinstance(expr.base, _NOT_NEGATIVE)):
        return 0.0
    if isinstance(expr, Mul):
        coefficient, rest = expr.as_coeff_Mul()
        if coefficient > 0 and rest is not expr:
            return float(coefficient) * lower(rest, x)
    bound = envelope(expr, x)
    flat = bound is not None and bound.is_polynomial and bound.degree <= 0
    return -math.exp(bound.log) if bound is not None and flat else -math.inf
