"""Moments in closed form, where SymPy finds them: E[f(x)²] and E[f′(x)²] for x ~ N(0, q), as functions of q.

Rays (ReLU, leaky ReLU, the identity) are integrated half by half. For a slope that is a Gaussian bell (erf)
E[f²] follows from Price's theorem: with u, v of variance q and covariance c, d/dc E[f(u)f(v)] = E[f′(u)f′(v)],
a Gaussian integral.
"""

from __future__ import annotations

from dataclasses import dataclass

from sympy import (
    Expr,
    Integral,
    Matrix,
    Mul,
    Symbol,
    cos,
    exp,
    eye,
    integrate,
    oo,
    pi,
    simplify,
    sin,
    sqrt,
)

from symbp.analysis.lengths import MeanField
from symbp.ops.letters import X

Q = Symbol("q", positive=True)
C = Symbol("c", positive=True)


@dataclass(frozen=True)
class Closed:
    """E[f²] and E[f′²] as expressions in ``Q``."""

    square: Expr
    slope_square: Expr


def closed(field: MeanField) -> Closed | None:
    """Return the moments of an activation in closed form; None where no rule here finds one."""
    if field.rays is not None:
        return _rays(*field.rays)
    if field.origin == 0 and (bell := _bell(field.slope)) is not None:
        return _of_bell(*bell)
    return _of_sine() if field.value == sin(X) else None


def _rays(left: Expr, right: Expr) -> Closed:
    density = exp(-(X**2) / (2 * Q)) / sqrt(2 * pi * Q)
    half = Integral(X**2 * density, (X, 0, oo)).doit()
    part = Integral(density, (X, 0, oo)).doit()
    return Closed(simplify((left**2 + right**2) * half), simplify((left**2 + right**2) * part))


def _bell(slope: Expr) -> tuple[Expr, Expr] | None:
    """Return k and a of a slope k·exp(−a·x²); None for any other."""
    factors = Mul.make_args(slope)
    bells = [each for each in factors if isinstance(each, exp)]
    rest = Mul(*(each for each in factors if not isinstance(each, exp)))
    if len(bells) != 1 or rest.free_symbols:
        return None
    rate = simplify(-bells[0].args[0] / X**2)
    return None if rate.free_symbols or not rate.is_positive else (rest, rate)


def _of_bell(k: Expr, a: Expr) -> Closed:
    """E[exp(−a(u² + v²))] = 1/√det(1 + 2aΣ) for normal (u, v) with covariance Σ; f is odd: E[f(u)f(v)] = 0 at c = 0."""
    along = k**2 / sqrt(simplify((eye(2) + 2 * a * Matrix([[Q, C], [C, Q]])).det()))
    square = integrate(along, (C, 0, Q))
    return Closed(simplify(square), simplify(along.subs(C, Q)))


def _of_sine() -> Closed:
    """sin² = (1 − cos 2x)/2, and E[cos 2x] is an integral SymPy knows."""
    density = exp(-(X**2) / (2 * Q)) / sqrt(2 * pi * Q)
    wave = simplify(integrate(cos(2 * X) * density, (X, -oo, oo)))
    return Closed(simplify((1 - wave) / 2), simplify((1 + wave) / 2))
