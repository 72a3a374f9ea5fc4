"""How alike two signals stay: the correlation map of a layer, its fixed point c*, and the depth scales.

With the Hermite coefficients a_n of f at variance q, E[f(u)f(v)] = Σ aₙ²·cⁿ for normal u, v of variance q and
correlation c (Daniely et al. 2016). What is left out after N terms is at most |c|^(N+1) times the rest of E[f²].
For a function of straight pieces there are closed forms instead, in 1 − c (``pairs.py``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sympy import Expr

from symbp.analysis.lengths import SAME, FixedPoint, Kind, MeanField, root
from symbp.analysis.moment import Moment
from symbp.analysis.pairs import Pairs
from symbp.analysis.quadrature import evaluate, rule

TERMS = 160
"""Hermite coefficients that are computed."""

HALVINGS = 60

NEAREST = 1e-30
"""The smallest 1 − c that is told from zero."""


@dataclass(frozen=True)
class Correlations:
    """The correlation map c ↦ (σ_w²·E[f(u)f(v)] + σ_b²)/q at a fixed point q (Poole et al. 2016, equation 5)."""

    field: MeanField
    sigma_w: float
    sigma_b: float
    q: float

    def map(self, c: float) -> Moment:
        """Return the correlation in the next layer, of two signals with correlation c, −1 ≤ c ≤ 1."""
        if self._pairs is not None:
            lost, whole = self._pairs.lost(1 - c), self.field.square(self.q)
            found = Moment(whole.value - lost.value, whole.error + lost.error)
        else:
            found = self._series(self._squares[0], self._moments[0].value, c)
        scale = self.sigma_w**2 / self.q
        return Moment(scale * found.value + self.sigma_b**2 / self.q, scale * found.error)

    def gap(self, before: float) -> Moment:
        """Return the same map for 1 − c, at a fixed point q: for straight pieces to full precision however small."""
        if self._pairs is None:
            found = self.map(1 - before)
            return Moment(1 - found.value, found.error)
        lost, scale = self._pairs.lost(before), self.sigma_w**2 / self.q
        return Moment(scale * lost.value, scale * lost.error)

    def slope(self, c: float) -> float:
        """Return the map's slope χ_c = σ_w²·E[f′(u)f′(v)]; at c = 1 it is χ₁, but infinite where f jumps."""
        if self._pairs is not None:
            return self.sigma_w**2 * self._pairs.slope(1 - c).value
        return self.sigma_w**2 * self._series(self._squares[1], self._moments[1].value, c).value

    @cached_property
    def fixed(self) -> float:
        """The stable fixed point c*: 1 where χ₁ ≤ 1, else the one below."""
        if self.slope(1.0) <= 1 + SAME:
            return 1.0
        if self._pairs is not None:
            # At c = 0 an odd function without biases has 1 − c = 1, but for rounding.
            uncorrelated = self.gap(1.0)
            if uncorrelated.value + uncorrelated.error >= 1:
                return 0.0
            return 1 - root(lambda gap: self.gap(gap).value / gap - 1, NEAREST, 1.0)
        low, high = 0.0, 1.0
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if self.map(middle).value > middle else (low, middle)
        return low

    @cached_property
    def _pairs(self) -> Pairs | None:
        return None if self.field.pieces is None else Pairs(self.field.pieces, self.q)

    def _series(self, squares: Any, whole: float, c: float) -> Moment:
        import numpy as np

        if c == 1:
            return Moment(whole, 0.0)
        rest = max(0.0, whole - float(squares.sum()))
        return Moment(float(squares @ c ** np.arange(squares.size)), rest * abs(c) ** squares.size)

    @cached_property
    def _moments(self) -> tuple[Moment, Moment, Moment]:
        return self.field.moments(self.q)

    @cached_property
    def _squares(self) -> tuple[Any, Any]:
        """The squares of the Hermite coefficients of f and of f′."""
        f, slope = self.field.value, self.field.slope
        x, weights = rule((f**2, slope**2), self.q, self.field.kinks)
        return self._coefficients(f, x, weights) ** 2, self._coefficients(slope, x, weights) ** 2

    def _coefficients(self, expr: Expr, x: Any, weights: Any) -> Any:
        """Return E[g(x)·h_n(x/√q)] with the normalised Hermite polynomials, by their recursion."""
        import numpy as np

        z, values = x / math.sqrt(self.q), weights * evaluate(expr, x)
        before, now = np.zeros_like(z), np.ones_like(z)
        found = np.empty(TERMS)
        for n in range(TERMS):
            found[n] = values @ now
            before, now = now, (z * now - math.sqrt(n) * before) / math.sqrt(n + 1)
        return found


@dataclass(frozen=True)
class Prospect:
    """What mean-field theory foresees at one initialisation. None where lengths grow without end.

    ``chi`` is χ₁, ``length_slope`` V′(q*), ``fixed_correlation`` c*; ``length_depth`` and ``correlation_depth`` are
    the depth scales ξ_q and ξ_c in layers (Schoenholz et al. 2017, equations 7 and 9), infinite at criticality.
    """

    sigma_w: float
    sigma_b: float
    point: FixedPoint
    chi: Moment | None = None
    length_slope: float | None = None
    fixed_correlation: float | None = None
    length_depth: float | None = None
    correlation_depth: float | None = None

    @property
    def phase(self) -> str:
        """Ordered, critical or chaotic: whether gradients shrink, keep their size or grow."""
        if self.chi is None:
            return "lengths diverge"
        if abs(self.chi.value - 1) <= max(SAME, self.chi.error):
            return "critical"
        return "ordered: gradients vanish" if self.chi.value < 1 else "chaotic: gradients explode"


def prospect(field: MeanField, sigma_w: float, sigma_b: float = 0.0) -> Prospect:
    """Return what the theory foresees for an activation and an initialisation.

    Raises:
        SpecError: a σ that is none.
        DivergentError: moments that are infinite.
    """
    point = field.fixed_point(sigma_w, sigma_b)
    if point.kind is Kind.NONE and field.rays is None:
        return Prospect(sigma_w, sigma_b, point)
    q = 1.0 if point.q is None else point.q
    chi, turn = field.chi(q, sigma_w), field.length_slope(q, sigma_w)
    if point.kind is Kind.NONE:
        return Prospect(sigma_w, sigma_b, point, chi, turn)
    if q == 0 or point.kind is Kind.ANY:
        return Prospect(sigma_w, sigma_b, point, chi, turn, 1.0, depth_scale(turn), depth_scale(chi.value))
    map_ = Correlations(field, sigma_w, sigma_b, q)
    along = depth_scale(map_.slope(map_.fixed))
    return Prospect(sigma_w, sigma_b, point, chi, turn, map_.fixed, depth_scale(turn), along)


def depth_scale(rate: float) -> float:
    """Return ξ with rate = e^(−1/ξ): after ξ layers a deviation is e times smaller."""
    if abs(abs(rate) - 1) <= SAME:
        return math.inf
    return math.nan if abs(rate) > 1 else 0.0 if rate == 0 else -1 / math.log(abs(rate))
