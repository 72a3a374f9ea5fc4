"""The critical initialisation of any activation: the σ_w at which the error keeps its size from layer to layer.

Criticality is χ₁ = σ_w²·E[f′²] = 1 at a fixed point q = σ_w²·E[f²] + σ_b² of the lengths (Schoenholz et al. 2017;
Hayou et al. 2019, definition 3). Both conditions give h(q) = (q − σ_b²)·E[f′²]/E[f²] = 1, one equation in q alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from sympy import Expr, simplify, sqrt

from symbp.analysis.lengths import STEP, FixedPoint, Kind, MeanField, require_sigmas, root
from symbp.analysis.quadrature import DivergentError
from symbp.errors import SpecError

SMALL, LARGE = 1e-6, 1e6
"""Variances that are searched; what happens at q → 0 is a limit of its own."""

UNSURE = 1e-11
"""An excess below this may be zero."""

LONGEST = 40
"""A closed form of more characters is no answer: SELU's constants have 31 digits."""


@dataclass(frozen=True)
class Critical:
    """A critical initialisation: σ_w and σ_b, its fixed point, V′ there, and σ_w in closed form where there is one.

    ``error`` bounds how far σ_w² may be off because E[f′²] is known within a bound only.
    """

    sigma_w: float
    sigma_b: float
    point: FixedPoint
    length_slope: float
    exact: Expr | None = None
    error: float = 0.0

    @property
    def init(self) -> str:
        """The initialisation as ``--init`` takes it."""
        return f"normal:{self.sigma_w!r}"


def criticals(field: MeanField, sigma_b: float = 0.0) -> list[Critical]:
    """Return the critical initialisations at σ_b: those whose lengths settle come first, then by q.

    Raises:
        SpecError: σ_b is no number from 0 on.
        DivergentError: the moments of f are infinite for every length.
    """
    require_sigmas(1.0, sigma_b)
    if field.rays is not None:
        return _of_rays(field, sigma_b)
    found = _at_zero(field) if sigma_b == 0 and field.origin == 0 else []
    found += [_at(field, q, sigma_b) for q in _roots(field, sigma_b)]
    return sorted(found, key=lambda each: not each.point.stable)


def critical(field: MeanField, sigma_b: float = 0.0) -> Critical:
    """Return the critical initialisation at σ_b.

    Raises:
        SpecError: there is none; one line says so.
    """
    found = criticals(field, sigma_b)
    if not found:
        raise SpecError(none(field, sigma_b))
    return found[0]


def none(field: MeanField, sigma_b: float) -> str:
    """Return the line that says that there is no critical initialisation."""
    name = field.function.name
    if field.rays is not None and any(field.sides):
        return (
            f"{name} has no critical initialisation with σ_b = {sigma_b:g}: V(q) = q + σ_b² has no finite fixed point"
        )
    return f"{name} has no critical initialisation with σ_b = {sigma_b:g}: χ₁ is not 1 at the fixed point of any σ_w"


def _of_rays(field: MeanField, sigma_b: float) -> list[Critical]:
    """Two rays from the origin: V and χ have the same slope σ_w²(a² + b²)/2, which is one at any length."""
    assert field.rays is not None
    mean = _mean_square(*field.rays)
    if mean == 0 or sigma_b > 0:
        return []
    exact = _inverse_root(mean)
    return [Critical(float(exact), 0.0, FixedPoint(Kind.ANY), 1.0, exact)]


def _at_zero(field: MeanField) -> list[Critical]:
    """f(0) = 0 and σ_b = 0: lengths may settle at zero, where f is its slope."""
    mean = _mean_square(*field.exact_sides)
    if not (mean.is_finite and mean > 0):
        return []
    exact = _inverse_root(mean)
    sigma_w = float(exact)
    shown = exact if len(str(exact)) <= LONGEST else None
    return [Critical(sigma_w, 0.0, FixedPoint(Kind.POINT, 0.0, field.attracts(sigma_w)), 1.0, shown)]


def _mean_square(left: Expr, right: Expr) -> Expr:
    mean = (left**2 + right**2) / 2
    return mean if mean.is_Rational else simplify(mean)


def _inverse_root(mean: Expr) -> Expr:
    found = 1 / sqrt(mean)
    return found if mean.is_Rational else simplify(found)


def _at(field: MeanField, q: float, sigma_b: float) -> Critical:
    slope = field.slope_square(q)
    sigma_w = 1 / math.sqrt(slope.value)
    turn = field.length_slope(q, sigma_w)
    point = FixedPoint(Kind.POINT, q, abs(turn) < 1)
    return Critical(sigma_w, sigma_b, point, turn, None, sigma_w**2 * slope.error / slope.value)


def excess(field: MeanField, q: float, sigma_b: float) -> float:
    """Return h(q) − 1, whose zeros are the critical fixed points."""
    square, slope, _ = field.moments(q)
    return (q - sigma_b**2) * slope.value / square.value - 1 if square.value > 0 else -1.0


def _roots(field: MeanField, sigma_b: float) -> list[float]:
    """Return where h(q) = 1, from a search by half decades of q − σ_b²."""
    found: list[float] = []
    before: tuple[float, float] | None = None
    above = SMALL
    while above < LARGE:
        try:
            now = excess(field, sigma_b**2 + above, sigma_b)
        except DivergentError:
            if before is None:
                raise
            break
        if before is not None and before[1] * now < 0 and abs(now) > UNSURE:
            inner = root(lambda d: excess(field, sigma_b**2 + d, sigma_b), before[0], above)
            found.append(sigma_b**2 + inner)
        if abs(now) > UNSURE:
            before = (above, now)
        above *= STEP
    return found


@dataclass(frozen=True)
class EdgePoint:
    """A point of the edge of chaos: σ_w, σ_b, its fixed point q, and V′ there; lengths nearby return where |V′| < 1."""

    q: float
    sigma_b: float
    sigma_w: float
    length_slope: float


def edge(field: MeanField, variances: Iterable[float]) -> list[EdgePoint]:
    """Return the edge of chaos by the fixed point q: no equation is solved.

    At q criticality means σ_w² = 1/E[f′²], and the fixed point σ_b² = q − σ_w²·E[f²]; where that is negative
    there is none.
    """
    found = []
    for q in variances:
        square, slope, both = field.moments(q)
        rest = q - square.value / slope.value if slope.value > 0 else -1.0
        if rest >= 0:
            turn = both.value / slope.value / q
            found.append(EdgePoint(q, math.sqrt(rest), 1 / math.sqrt(slope.value), turn))
    return found
