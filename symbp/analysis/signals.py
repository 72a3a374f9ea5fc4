"""How the entries of a signal are distributed in an infinitely wide network: normal, or as weighted points.

Sums of independent weights times anything are normal. What leaves an activation is not; where a residual block
adds to it, the sum is neither, and its distribution is followed on a grid.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from sympy import Expr

from symbp.analysis.lengths import MeanField
from symbp.analysis.quadrature import evaluate, expectations

GRID = 1601
"""Points of a grid; the error of an expectation on it is below 1e-4 of its value."""

SPREAD = 8.0
"""Standard deviations a normal variable is followed to."""


@dataclass(frozen=True)
class Normal:
    """Entries N(0, q)."""

    q: float

    @property
    def square(self) -> float:
        """E[x²]."""
        return self.q

    def expectations(self, *exprs: Expr) -> list[float]:
        """Return E[g(x)] of several functions."""
        return [found.value for found in expectations(exprs, self.q)]

    def plus(self, q: float) -> Normal:
        """Return the distribution of the sum with an independent N(0, q)."""
        return Normal(self.q + q)

    def through(self, field: MeanField) -> Points:
        """Return the distribution of f(x)."""
        return self.points().through(field)

    def points(self) -> Points:
        """Return the same as points."""
        return Points.of_density([0.0], [1.0], self.q)


@dataclass(frozen=True)
class Points:
    """Entries at points ``x`` with weights ``mass`` that add up to one."""

    x: Any
    mass: Any

    @classmethod
    def of_density(cls, x: Any, mass: Any, q: float) -> Points:
        """Return weighted points, each spread by an independent N(0, q), on a grid."""
        import numpy as np

        x, mass, scale = np.asarray(x, float), np.asarray(mass, float), math.sqrt(q)
        reach = SPREAD * scale
        grid = np.linspace(x.min() - reach, x.max() + reach, GRID)
        density = np.exp(-((grid[:, None] - x) ** 2) / (2 * q)) @ mass
        return cls(grid, density / density.sum())

    @property
    def square(self) -> float:
        """E[x²]."""
        return float(self.mass @ self.x**2)

    def expectations(self, *exprs: Expr) -> list[float]:
        """Return E[g(x)] of several functions."""
        return [float(self.mass @ evaluate(each, self.x)) for each in exprs]

    def plus(self, q: float) -> Points:
        """Return the distribution of the sum with an independent N(0, q)."""
        return Points.of_density(self.x, self.mass, q) if q > 0 else self

    def through(self, field: MeanField) -> Points:
        """Return the distribution of f(x), equal values joined where they are many."""
        import numpy as np

        x, where = np.unique(evaluate(field.value, self.x), return_inverse=True)
        return Points(x, np.bincount(where.ravel(), weights=self.mass))


Law = Normal | Points
