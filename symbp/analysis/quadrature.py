"""Expectations over a normal variable, with a bound of their error.

Gauss–Hermite rules are silently wrong at kinks and where the function varies faster than the variable spreads. Here
the axis is cut into panels, at kinks first, with a Gauss–Legendre rule on each. Its error is bounded, not
estimated: at most (64/15)·h·M·ρ^−2(N−1)/(1 − ρ^−2) for N nodes on a panel of half-length h, where M bounds the
integrand on the ellipse ρ around it (Trefethen, Approximation Theory and Approximation Practice, theorem 19.3),
or the panel's length times the spread of the values. Panels are halved until the bound is small. What lies
beyond the last panel is bounded by the function's envelope. Rounding is allowed for by 64ε times the integral of
the absolute value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any

from sympy import Abs, Expr, Mul, Piecewise, exp

from symbp.analysis.enclosure import RULES, Enclosure, enclose, square
from symbp.analysis.growth import Envelope, envelope
from symbp.errors import SpecError
from symbp.ops.letters import X
from symbp.ops.scalar import absolute, maximum, minimum, relu, signum, step

NODES = 24

ELLIPSES = (1.4, 2.2, 4.0)
"""Sizes ρ of the ellipses a bound is tried on: large ones for entire functions, small ones near poles."""

TOLERANCE = 1e-13
"""The bound aimed at, relative to the integral of the absolute value."""

ROUNDING = 64 * 2.0**-52

MOST_LOG = 600.0
"""Natural log of the largest moment that is computed."""

MOST_PANELS = 6000
MOST_ROUNDS = 60
FAR = 60.0
"""No tail is looked for beyond this many standard deviations."""


@dataclass(frozen=True, slots=True)
class Moment:
    """An expectation and a bound of its error."""

    value: float
    error: float


class DivergentError(SpecError):
    """The expectation is infinite, or no bound of it is found."""


@lru_cache(maxsize=4096)
def expectations(integrands: tuple[Expr, ...], q: float, kinks: tuple[float, ...] = ()) -> tuple[Moment, ...]:
    """Return E[g(x)] for x ~ N(0, q) of several functions of ``X``, which share their panels.

    ``kinks`` are points to cut at besides those that are found in the functions.

    Raises:
        DivergentError: a function that grows too fast for a finite expectation, or by no bound that is known.
    """
    import numpy as np

    if not 0 < q < math.inf:
        raise SpecError(f"the variance of a normal variable is {q!r}: give a positive number")
    envelopes = [_required(each, q) for each in integrands]
    with np.errstate(all="ignore"):
        reach, tails = _reach(envelopes, q)
        table, _ = _integrated(integrands, q, _edges(integrands, q, reach, kinks))
    return tuple(
        Moment(float(value), float(error + tail + ROUNDING * size))
        for (value, error, size), tail in zip(table.sum(axis=2).T, tails, strict=True)
    )


@lru_cache(maxsize=64)
def rule(integrands: tuple[Expr, ...], q: float, kinks: tuple[float, ...] = ()) -> tuple[Any, Any]:
    """Return nodes x and weights w, density included, that resolve the functions: E[g(x)] ≈ Σ w·g(x).

    Raises:
        DivergentError: as ``expectations``.
    """
    import numpy as np

    with np.errstate(all="ignore"):
        reach, _ = _reach([_required(each, q) for each in integrands], q)
        _, (low, high) = _integrated(integrands, q, _edges(integrands, q, reach, kinks))
        nodes, weights = _rule()
        x = ((low + high) / 2 + (high - low) / 2 * nodes[:, None]).ravel()
        spread = ((high - low) / 2 * weights[:, None]).ravel()
        return x, spread * np.exp(-(x**2) / (2 * q)) / math.sqrt(2 * math.pi * q)


def evaluate(expr: Expr, x: Any) -> Any:
    """Return the values of a function of ``X`` at an array of points."""
    import numpy as np

    with np.errstate(all="ignore"):
        return np.broadcast_to(enclose(expr, X, Enclosure.points(x)).low, np.shape(x))


def expectation(integrand: Expr, q: float) -> Moment:
    """Return E[g(x)] for x ~ N(0, q) of one function of ``X``; see ``expectations``."""
    return expectations((integrand,), q)[0]


@cache
def _envelope(integrand: Expr) -> Envelope | None:
    return envelope(integrand, X)


def _required(integrand: Expr, q: float) -> Envelope:
    found = _envelope(integrand)
    if found is None:
        raise DivergentError("no bound is known of how fast it grows, so that its moments may be infinite")
    if found.square * q >= 0.5:
        raise DivergentError(f"its moments are infinite from q = {0.5 / found.square:.4g} on: it grows like exp(x²)")
    if _log_scale(found, q) > MOST_LOG:
        raise DivergentError(f"its moments at q = {q:.4g} are larger than floating point holds")
    return found


def _reach(envelopes: Sequence[Envelope], q: float) -> tuple[float, list[float]]:
    """Return how many standard deviations to integrate over, and bounds of what lies beyond."""
    z = 9.0
    while z < FAR and any(each.log_tail(q, z) > _log_scale(each, q) - 44 for each in envelopes):
        z *= 1.1
    logs = [each.log_tail(q, z) for each in envelopes]
    return z, [math.exp(log) if log < 700 else math.inf for log in logs]


def _log_scale(bound: Envelope, q: float) -> float:
    """Return the log of about how large an expectation under the envelope is: 1 at least in its units."""
    scale = math.sqrt(q)
    peak = bound.linear * scale / (1 - 2 * bound.square * q)
    return bound.log + 0.5 * bound.linear * scale * peak + bound.degree * min(0.0, math.log(scale))


def _edges(integrands: Sequence[Expr], q: float, z: float, kinks: Sequence[float]) -> Any:
    """Return the ends of the first panels: a standard deviation each, cut at zero and at kinks."""
    import numpy as np

    width = math.sqrt(q)
    reach = z * width
    points = {*kinks, *(point for each in integrands for point in corners(each))}
    cuts = sorted({-reach, 0.0, reach, *(point for point in points if abs(point) < reach)})
    parts = [np.linspace(low, high, max(2, 1 + math.ceil((high - low) / width))) for low, high in pairwise(cuts)]
    return np.unique(np.concatenate(parts))


def _integrated(integrands: Sequence[Expr], q: float, edges: Any) -> tuple[Any, tuple[Any, Any]]:
    """Return the table of ``_panels`` and its panels, after halving those that need it."""
    import numpy as np

    low, high = edges[:-1], edges[1:]
    table = _panels(integrands, q, low, high)
    for _ in range(MOST_ROUNDS):
        sizes = table[2].sum(axis=1, keepdims=True)
        target = TOLERANCE * np.where(np.isfinite(sizes), sizes, 0.0)
        worst = (table[1] > target / (2 * low.size)).any(axis=0)
        middle = (low + high) / 2
        worst &= (low < middle) & (middle < high)
        if (table[1].sum(axis=1, keepdims=True) <= target).all() or not worst.any() or low.size > MOST_PANELS:
            break
        new_low = np.concatenate([low[worst], middle[worst]])
        new_high = np.concatenate([middle[worst], high[worst]])
        fresh = _panels(integrands, q, new_low, new_high)
        low, high = np.concatenate([low[~worst], new_low]), np.concatenate([high[~worst], new_high])
        table = np.concatenate([table[:, :, ~worst], fresh], axis=2)
    return table, (low, high)


def _panels(integrands: Sequence[Expr], q: float, low: Any, high: Any) -> Any:
    """Return integral, error bound and integral of the absolute value, by integrand and panel."""
    import numpy as np

    nodes, weights = _rule()
    middle, half = (low + high) / 2, (high - low) / 2
    at = Enclosure.points(middle + half * nodes[:, None])
    rho = np.array(ELLIPSES)[:, None]
    wide, tall = half * (rho + 1 / rho) / 2, half * (rho - 1 / rho) / 2
    around = Enclosure(low, high, middle - wide, middle + wide, tall)
    factor = 64 / 15 * rho ** (-2.0 * (NODES - 1)) / (1 - rho**-2.0)
    known_at: dict[Expr, Enclosure] = {}
    known: dict[Expr, Enclosure] = {}
    density_at, density = _density(at, q), _density(around, q)
    found = np.empty((3, len(integrands), low.size))
    for place, integrand in enumerate(integrands):
        values = _times(enclose(integrand, X, at, known_at), density_at).low
        bound = _times(enclose(integrand, X, around, known), density)
        analytic = (factor * bound.size).min(axis=0) * half
        terms = weights[:, None] * values * half
        found[0, place] = terms.sum(axis=0)
        found[1, place] = np.minimum(analytic, bound.spread * 2 * half)
        found[2, place] = np.abs(terms).sum(axis=0)
    return np.where(np.isnan(found), np.inf, found)


_times = RULES[Mul]


def _density(x: Enclosure, q: float) -> Enclosure:
    """Return the enclosure of the density of N(0, q)."""
    scaled = _times(Enclosure.constant(-0.5 / q), square(x))
    return _times(Enclosure.constant(1 / math.sqrt(2 * math.pi * q)), RULES[exp](scaled))


@cache
def _rule() -> tuple[Any, Any]:
    import numpy as np

    return np.polynomial.legendre.leggauss(NODES)


@cache
def corners(expr: Expr) -> tuple[float, ...]:
    """Return the points where a case begins or a kink lies, where that is a linear function's zero."""
    found = []
    for node in expr.atoms(relu, step, absolute, Abs, signum, maximum, minimum, Piecewise):
        found += [point for edge in _edges_of(node) if (point := _zero(edge)) is not None]
    return tuple(sorted(set(found)))


def _edges_of(node: Expr) -> list[Expr]:
    if isinstance(node, Piecewise):
        return [condition.lhs - condition.rhs for _, condition in node.args if condition.is_Relational]
    return [node.args[0] - node.args[1]] if len(node.args) == 2 else [node.args[0]]


def _zero(edge: Expr) -> float | None:
    slope = edge.diff(X)
    if not slope or slope.free_symbols:
        return None
    return float(-edge.subs(X, 0) / slope)
