"""What two correlated normal variables have in common under a function of straight pieces, exact near correlation one.

With u, v ~ N(0, q) of correlation c = cos θ, d/dc E[g(u)h(v)] = q·E[g′(u)h′(v)] (Price 1958). For f′ that changes by
Δ_k at the knots t_k, and a jump of f by J_k there, this gives everything by integrals of one kernel, the bivariate
density at pairs of knots (Plackett 1954; for the ray of ReLU alone, Cho and Saul 2009). In w = tan(θ/2) it is

    exp(−(t + t′)²w²/8q − (t − t′)²/8qw² − (t² + t′²)/4q) · 2 dw/(1 + w²)

which nowhere cancels, and 1 − c = 2w²/(1 + w²) is known to full precision however small. Gauss–Legendre rules on
the panels [a, 2a], which halve towards w = 0: on the ellipse ρ = 4 around a panel w² and 1/w² have positive real
parts, so that the kernel is below 2 there and a rule of 24 nodes is off by less than a·10⁻²⁶. What is left is
rounding, which is bounded by the sizes of all terms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from symbp.analysis.moment import Moment
from symbp.analysis.pieces import Pieces, density
from symbp.analysis.quadrature import legendre

HALVINGS = 56
"""Panels below min(w, 1): what lies below the last is 2⁻⁵⁶ of it."""

LARGEST_W = 2.0**60
"""Stands for the w of correlation −1, which is infinite."""

ROUNDING = 64 * 2.0**-52


@dataclass(frozen=True)
class Pairs:
    """A function of straight pieces under pairs of variance ``q``; correlations are given by ``gap`` = 1 − c."""

    pieces: Pieces
    q: float

    @property
    def jumps(self) -> bool:
        """Whether the function itself jumps, so that its slope has infinite square."""
        return bool(self._jumps.any())

    def lost(self, gap: float) -> Moment:
        """Return E[f(u)²] − E[f(u)f(v)] = E[(f(u) − f(v))²]/2, 0 ≤ gap ≤ 2."""
        import numpy as np

        if gap <= 0:
            return Moment(0.0, 0.0)
        top, w, weights = _points(gap)
        fall = 2 * (top - w) * (top + w) / ((1 + w * w) * (1 + top * top))  # cos θ − c
        first = self.q * gap * np.array([self._slope_square, 2 * self._mixed.sum()])
        second = self._jumps[:, None] * self._jumps - self.q * self._integral_weights(w) * fall[:, None, None]
        terms = np.tensordot(weights, second * self._kernel(w), 1) / (2 * math.pi)
        return _summed(first, terms)

    def slope(self, gap: float) -> Moment:
        """Return E[f′(u)f′(v)], a jump's slope counted as a delta function: infinite at gap 0 where f jumps."""
        import numpy as np

        first = np.array([self._slope_square, 2 * self._mixed.sum()])
        if gap <= 0:
            return Moment(math.inf, 0.0) if self.jumps else Moment(self._slope_square, ROUNDING * self._slope_square)
        top, w, weights = _points(gap)
        terms = np.tensordot(weights, self._integral_weights(w) * self._kernel(w), 1) / (-2 * math.pi)
        end = np.array([top])
        both = self._jumps[:, None] * self._jumps * self._kernel(end)[0] / (2 * math.pi * self.q)
        return _summed(first, terms, both * (1 + top * top) / (2 * top))

    def _integral_weights(self, w: Any) -> Any:
        """Return ΔΔ′ + 2Δ·J′·h by place and pair of knots, where −p·h is the density's slope by t′."""
        t, turns, jumps = self._knots, self._turns, self._jumps
        smooth = turns[:, None] * turns
        if not self.jumps:
            return smooth
        square = (w * w)[:, None, None]
        apart = (t[None, :] - t[:, None]) * (1 + square) + 2 * t[:, None] * square
        return smooth + 2 * turns[:, None] * jumps * apart * (1 + square) / (4 * self.q * square)

    def _kernel(self, w: Any) -> Any:
        """Return the kernel by place and pair of knots, without 2/(1 + w²) dw."""
        import numpy as np

        t, square = self._knots, (w * w)[:, None, None]
        together, apart = (t[:, None] + t) ** 2, (t[:, None] - t) ** 2
        constant = (t[:, None] ** 2 + t**2) / (4 * self.q)
        return np.exp(-(together * square + apart / square) / (8 * self.q) - constant)

    @cached_property
    def _knots(self) -> Any:
        import numpy as np

        return np.array(self.pieces.ends[1:-1])

    @cached_property
    def _turns(self) -> Any:
        """By how much the slope changes at every knot."""
        import numpy as np

        return np.diff(np.array(self.pieces.lines)[:, 0])

    @cached_property
    def _jumps(self) -> Any:
        """By how much the function jumps at every knot, exactly zero where it does not."""
        import numpy as np

        found = self.pieces
        steps = zip(found.knots, found.slopes, found.offsets, found.slopes[1:], found.offsets[1:], strict=False)
        return np.array([float((c - a) * knot + d - b) for knot, a, b, c, d in steps])

    @cached_property
    def _slope_square(self) -> float:
        return self.pieces.moments(self.q)[1].value

    @cached_property
    def _mixed(self) -> Any:
        """E[δ(u − t)f′(v)]·J by knot at correlation one: half of the slopes on either side."""
        import numpy as np

        slopes, scale = np.array(self.pieces.lines)[:, 0], math.sqrt(self.q)
        at = np.array([density(knot / scale) / scale for knot in self._knots])
        return self._jumps * at * (slopes[1:] + slopes[:-1]) / 2


def _points(gap: float) -> tuple[float, Any, Any]:
    """Return w of a correlation, the nodes below it, and their weights, 2/(1 + w²) included."""
    import numpy as np

    top = min(math.sqrt(gap / (2 - gap)), LARGEST_W) if gap < 2 else LARGEST_W
    count = HALVINGS + max(0, math.ceil(math.log2(top)))
    high = top * 2.0 ** -np.arange(count)
    nodes, weights = legendre()
    w = (high * (3 + nodes[:, None]) / 4).ravel()
    return top, w, (high / 4 * weights[:, None]).ravel() * 2 / (1 + w * w)


def _summed(*terms: Any) -> Moment:
    import numpy as np

    found = np.concatenate([np.ravel(each) for each in terms])
    return Moment(math.fsum(found), ROUNDING * math.fsum(np.abs(found)))
