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
from functools import cache, cached_property, lru_cache
from itertools import pairwise
from typing import Any

from sympy import Abs, Expr, Mul, Piecewise, exp

from symbp.analysis.enclosure import ONE, RULES, Enclosure, enclose, square
from symbp.analysis.growth import Envelope, envelope
from symbp.analysis.moment import Moment
from symbp.analysis.pieces import pieces
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

OCTAVES = 16.0
"""Variances within this factor share panels."""

MOST_PANELS = 6000
MOST_ROUNDS = 60
FAR = 60.0
"""No tail is looked for beyond this many standard deviations."""


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
    panels = _panels(integrands, kinks, *_level(envelopes, q))
    tails = (each.log_tail(q, panels.reach / math.sqrt(q)) for each in envelopes)
    with np.errstate(all="ignore"):
        found = panels.table(q).sum(axis=2).T.tolist()
    return tuple(
        Moment(value, error + (math.exp(tail) if tail < 700 else math.inf) + ROUNDING * size)
        for (value, error, size), tail in zip(found, tails, strict=True)
    )


@lru_cache(maxsize=64)
def rule(integrands: tuple[Expr, ...], q: float, kinks: tuple[float, ...] = ()) -> tuple[Any, Any]:
    """Return nodes x and weights w, density included, that resolve the functions: E[g(x)] ≈ Σ w·g(x).

    Raises:
        DivergentError: as ``expectations``.
    """
    import numpy as np

    panels = _panels(integrands, kinks, *_level([_required(each, q) for each in integrands], q))
    _, weights = legendre()
    with np.errstate(all="ignore"):
        spread = panels.half * weights[:, None] * _bell(panels.x, q)
        return panels.x.ravel(), spread.ravel()


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


def _level(envelopes: Sequence[Envelope], q: float) -> tuple[float, float]:
    """Return the smallest and the largest variance that share their panels with q: itself where f grows like exp(x²).

    What panels are made for depends on nothing but q, so that a result does not depend on those before it.
    """
    high = OCTAVES ** math.ceil(math.log(q, OCTAVES))
    grows = any(each.square > 0 or _log_scale(each, high) > MOST_LOG for each in envelopes)
    return (q, q) if grows else (high / OCTAVES, high)


def _reach(envelopes: Sequence[Envelope], q: float) -> float:
    """Return how many standard deviations to integrate over."""
    z = 9.0
    while z < FAR and any(each.log_tail(q, z) > _log_scale(each, q) - 44 for each in envelopes):
        z *= 1.1
    return z


def _log_scale(bound: Envelope, q: float) -> float:
    """Return the log of about how large an expectation under the envelope is: 1 at least in its units."""
    scale = math.sqrt(q)
    peak = bound.linear * scale / (1 - 2 * bound.square * q)
    return bound.log + 0.5 * bound.linear * scale * peak + bound.degree * min(0.0, math.log(scale))


def _edges(integrands: Sequence[Expr], reach: float, width: float, kinks: Sequence[float]) -> Any:
    """Return the ends of the first panels: at most ``width`` each, cut at zero and at kinks."""
    import numpy as np

    points = {*kinks, *(point for each in integrands for point in corners(each))}
    cuts = sorted({-reach, 0.0, reach, *(point for point in points if abs(point) < reach)})
    parts = [np.linspace(low, high, max(2, 1 + math.ceil((high - low) / width))) for low, high in pairwise(cuts)]
    return np.array(sorted({*np.concatenate(parts).tolist()}))


@dataclass(frozen=True)
class Panels:
    """Panels of the axis with what several functions are on them; only the density differs from variance to variance.

    ``values`` are those at the nodes ``x``, by function, node and panel; ``around`` encloses the functions on every
    panel (by function and panel) and on the ellipses around it (by function, ellipse and panel).
    """

    reach: float
    low: Any
    high: Any
    values: Any
    around: Enclosure

    @classmethod
    def of(cls, integrands: Sequence[Expr], reach: float, low: Any, high: Any) -> Panels:
        """Return the functions on given panels."""

        empty = cls(reach, low, high, None, ONE)
        nodes, around = Enclosure.points(empty.x), empty.ellipses
        known_at: dict[Expr, Enclosure] = {}
        known: dict[Expr, Enclosure] = {}
        values = [enclose(each, X, nodes, known_at).low for each in integrands]
        found = [enclose(each, X, around, known) for each in integrands]
        narrow, wide = low.shape, (len(ELLIPSES), low.size)
        shapes = {"low": narrow, "high": narrow, "left": wide, "right": wide, "side": wide}
        stacked = (_stacked([getattr(each, name) for each in found], shape) for name, shape in shapes.items())
        return cls(reach, low, high, _stacked(values, empty.x.shape), Enclosure(*stacked))

    @property
    def half(self) -> Any:
        """Half of the lengths."""
        return (self.high - self.low) / 2

    @cached_property
    def x(self) -> Any:
        """The nodes by node and panel."""
        nodes, _ = legendre()
        return (self.low + self.high) / 2 + self.half * nodes[:, None]

    @cached_property
    def ellipses(self) -> Enclosure:
        """The variable itself on every panel and on the ellipses around it."""
        rho, middle = _rho(), (self.low + self.high) / 2
        wide, tall = self.half * (rho + 1 / rho) / 2, self.half * (rho - 1 / rho) / 2
        return Enclosure(self.low, self.high, middle - wide, middle + wide, tall)

    def table(self, q: float) -> Any:
        """Return integral, error bound and integral of the absolute value for N(0, q), by function and panel."""
        import numpy as np

        _, weights = legendre()
        bound = _times(self.around, _density(self.ellipses, q))
        factor = 64 / 15 * _rho() ** (-2.0 * (NODES - 1)) / (1 - _rho() ** -2.0)
        analytic = (factor * bound.size).min(axis=1) * self.half
        terms = self.values * (weights[:, None] * self.half * _bell(self.x, q))
        error = np.minimum(analytic, bound.spread * 2 * self.half)
        found = np.stack([terms.sum(axis=1), error, np.abs(terms).sum(axis=1)])
        return np.where(np.isnan(found), np.inf, found)

    def halved(self, integrands: Sequence[Expr], worst: Any) -> Panels:
        """Return the panels with some of them cut into halves."""
        import numpy as np

        middle = (self.low + self.high) / 2
        low = np.concatenate([self.low[worst], middle[worst]])
        fresh = Panels.of(integrands, self.reach, low, np.concatenate([middle[worst], self.high[worst]]))
        join = lambda name: np.concatenate(  # noqa: E731 - the same of five arrays
            [getattr(self.around, name)[..., ~worst], getattr(fresh.around, name)], axis=-1
        )
        return Panels(
            self.reach,
            np.concatenate([self.low[~worst], fresh.low]),
            np.concatenate([self.high[~worst], fresh.high]),
            np.concatenate([self.values[..., ~worst], fresh.values], axis=-1),
            Enclosure(*map(join, ("low", "high", "left", "right", "side"))),
        )


def _stacked(arrays: Sequence[Any], shape: tuple[int, ...]) -> Any:
    import numpy as np

    return np.stack([np.broadcast_to(each, shape) for each in arrays])


@lru_cache(maxsize=256)
def _panels(integrands: tuple[Expr, ...], kinks: tuple[float, ...], least: float, most: float) -> Panels:
    """Return panels on which the functions are integrated to the tolerance for every variance between two."""
    import numpy as np

    variances = dict.fromkeys((least, math.sqrt(least * most), most))
    with np.errstate(all="ignore"):
        reach = _reach([_required(each, most) for each in integrands], most) * math.sqrt(most)
        edges = _edges(integrands, reach, math.sqrt(least), kinks)
        panels = Panels.of(integrands, reach, edges[:-1], edges[1:])
        for _ in range(MOST_ROUNDS):
            worst = np.zeros(panels.low.size, bool)
            for q in variances:
                table = panels.table(q)
                sizes = table[2].sum(axis=1, keepdims=True)
                target = TOLERANCE * np.where(np.isfinite(sizes), sizes, 0.0)
                if (table[1].sum(axis=1, keepdims=True) > target).any():
                    worst |= (table[1] > target / (2 * panels.low.size)).any(axis=0)
            middle = (panels.low + panels.high) / 2
            worst &= (panels.low < middle) & (middle < panels.high)
            if not worst.any() or panels.low.size > MOST_PANELS:
                break
            panels = panels.halved(integrands, worst)
    return panels


_times = RULES[Mul]


def _bell(x: Any, q: float) -> Any:
    """Return the density of N(0, q)."""
    import numpy as np

    return np.exp(-(x**2) / (2 * q)) / math.sqrt(2 * math.pi * q)


def _rho() -> Any:
    import numpy as np

    return np.array(ELLIPSES)[:, None]


def _density(x: Enclosure, q: float) -> Enclosure:
    """Return the enclosure of the density of N(0, q)."""
    scaled = _times(Enclosure.constant(-0.5 / q), square(x))
    return _times(Enclosure.constant(1 / math.sqrt(2 * math.pi * q)), RULES[exp](scaled))


@cache
def legendre() -> tuple[Any, Any]:
    """Return nodes and weights of Gauss and Legendre's rule on [−1, 1]."""
    import numpy as np

    return np.polynomial.legendre.leggauss(NODES)


@cache
def corners(expr: Expr) -> tuple[float, ...]:
    """Return the points where a case begins or a kink lies, where that is a zero of straight pieces."""
    found = []
    for node in expr.atoms(relu, step, absolute, Abs, signum, maximum, minimum, Piecewise):
        found += [point for edge in _edges_of(node) for point in _zeros(edge)]
    return tuple(sorted(set(found)))


def _edges_of(node: Expr) -> list[Expr]:
    if isinstance(node, Piecewise):
        return [condition.lhs - condition.rhs for _, condition in node.args if condition.is_Relational]
    return [node.args[0] - node.args[1]] if len(node.args) == 2 else [node.args[0]]


def _zeros(edge: Expr) -> Sequence[float]:
    found = pieces(edge, X)
    return () if found is None else [float(each) for each in found.crossings]
