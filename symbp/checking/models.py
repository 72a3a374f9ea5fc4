"""How many digits a method can reach: each method's own error model, evaluated at the numbers at hand.

Rounding: a gradient comes out of N equations, each with a relative error up to ε, which add up like a random walk;
what the last product loses by cancelling multiplies that. So the complex step and other engines differ from it by
about ε κ √N, with κ = s/‖g‖ of the design's judgement rule (Higham 2002, section 2.8, for the random walk).

Central differences: (𝓛(θ + h v) − 𝓛(θ − h v))/2h is wrong by T = c h², c unknown, and by R = ε |𝓛| √N/h. Two
step sizes tell T: D(2h) − D(h) = 3 T (Richardson). No constant is assumed, and the gradient under test is not used.
"""

from __future__ import annotations

import math
from typing import Any

from symbp.checking.report import Kind, Measured
from symbp.checking.tolerance import EPSILON

FEWEST = 0.0
"""Digits of a method that cannot tell anything."""

MOST_FLOAT = -math.log10(EPSILON)
"""Digits of a float64: 15.7."""

FLOAT, LONG, CENTRAL = 12, 30, 6
"""Digits that a page claims at most: of a right gradient in float64, with 50 digits, of a central difference."""


def rounding(kappa: float, equations: int, epsilon: float = EPSILON) -> float:
    """Return the relative error of a gradient that ``equations`` roundings lead to."""
    return epsilon * max(1.0, kappa) * math.sqrt(max(1, equations))


def central_error(near: Any, far: Any, loss: float, step: Any, equations: int) -> tuple[Any, Any]:
    """Return T and R, absolute, from the central differences with ``step`` (near) and twice it (far), or arrays."""
    truncation = abs(far - near) / 3
    noise = EPSILON * abs(loss) * math.sqrt(max(1, equations)) / step
    return truncation, noise


def long_error(truncation: float, loss: float, step: float, precision: int, equations: int, float_step: float) -> float:
    """Return the absolute error of a central difference in long arithmetic: its T shrinks with the step's square."""
    noise = 10.0**-precision * abs(loss) * math.sqrt(max(1, equations)) / step
    return truncation * (step / float_step) ** 2 + noise


def digits_of(relative: float, most: float = math.inf) -> float:
    """Return how many digits a relative error leaves, between none and ``most``; 0 for what is not a number."""
    if relative != relative or relative >= 1:
        return FEWEST
    return most if relative == 0 else min(most, -math.log10(relative))


def steady_digits(relative: float, most: int) -> int:
    """Return digits that a relative error leaves on any processor: in threes, one to spare, ``most`` at most.

    The last digits of a rounding error belong to the processor that made it: another kernel adds in another order.
    """
    return min(most, 3 * max(0, math.floor((digits_of(relative) - 1) / 3))) if relative else most


def measured(
    kind: Kind, method: str, entries: str, expected: float, error: float, most: float = MOST_FLOAT
) -> Measured:
    """Return what a method reached beside what its model expected, both relative errors turned into digits."""
    return Measured(method, entries, digits_of(expected, most), digits_of(error, most), kind)
