"""Moments in closed form, where SymPy finds them: E[f(x)²] and E[f′(x)²] for x ~ N(0, q), as functions of q.

Functions of straight pieces (ReLU, the identity, hard tanh) are integrated piece by piece. For a slope that is a
Gaussian bell (erf) E[f²] follows from Price's theorem: with u, v of variance q and covariance c, d/dc E[f(u)f(v)] =
E[f′(u)f′(v)], a Gaussian integral.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from sympy import (
    Add,
    Expr,
    I,
    Matrix,
    Mul,
    S,
    Symbol,
    erf,
    exp,
    expand,
    eye,
    integrate,
    pi,
    simplify,
    sin,
    sqrt,
)

from symbp.analysis.lengths import MeanField
from symbp.analysis.pieces import Pieces
from symbp.ops.letters import X

MOST_KNOTS = 2
"""A closed form with more is not one that anybody reads."""

Q = Symbol("q", positive=True)
C = Symbol("c", positive=True)


@dataclass(frozen=True)
class Closed:
    """E[f²] and E[f′²] as expressions in ``Q``."""

    square: Expr
    slope_square: Expr


def closed(field: MeanField) -> Closed | None:
    """Return the moments of an activation in closed form; None where no rule here finds one."""
    if field.pieces is not None:
        return _of_pieces(field.pieces) if len(field.pieces.knots) <= MOST_KNOTS else None
    if field.origin == 0 and (bell := _bell(field.slope)) is not None:
        return _of_bell(*bell)
    return _of_sine() if field.value == sin(X) else None


def _of_pieces(found: Pieces) -> Closed:
    """Integrate (a·x + b)² and a² between the knots."""
    square, slope_square = [], []
    ends = pairwise((None, *found.knots, None))
    for (low, high), a, b in zip(ends, found.slopes, found.offsets, strict=True):
        mass = (S.One if high is None else _below(high)) - (S.Zero if low is None else _below(low))
        first = _bell_at(low) - _bell_at(high)
        second = mass * Q + (low or 0) * _bell_at(low) - (high or 0) * _bell_at(high)
        square.append(a**2 * second + 2 * a * b * first + b**2 * mass)
        slope_square.append(a**2 * mass)
    return Closed(expand(Add(*square)), expand(Add(*slope_square)))


def _below(knot: Expr) -> Expr:
    """Return P(x < knot)."""
    return (1 + erf(knot / sqrt(2 * Q))) / 2


def _bell_at(knot: Expr | None) -> Expr:
    """Return q times the density at a knot, zero at none."""
    return S.Zero if knot is None else sqrt(Q / (2 * pi)) * exp(-(knot**2) / (2 * Q))


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
    """sin² = (1 − cos 2x)/2, and E[e^(tx)] = e^(t²q/2) at t = 2i."""
    wave = exp((2 * I) ** 2 * Q / 2)
    return Closed((1 - wave) / 2, (1 + wave) / 2)
