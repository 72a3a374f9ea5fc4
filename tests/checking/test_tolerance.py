"""What counts as equal is what the documentation promises: just inside agrees, just outside is wrong."""

from __future__ import annotations

import math

import pytest

from symbp.checking.report import Verdict
from symbp.checking.tolerance import DIGITS_TOLERANCE, EPSILON, ROUNDINGS, TOLERANCE, Comparison


def verdict(relative: float, tolerance: float, floor: float = 0.0) -> Verdict:
    scale = 3.0
    return Comparison(relative * scale, scale, floor, relative * scale).verdict(tolerance)


@pytest.mark.parametrize(("tolerance", "promised"), [(TOLERANCE, 1e-9), (DIGITS_TOLERANCE, 1e-20)])
def test_a_relative_error_at_the_tolerance(tolerance: float, promised: float) -> None:
    assert verdict(0.99 * promised, tolerance) is Verdict.AGREES
    assert verdict(1.01 * promised, tolerance) is Verdict.WRONG
    assert verdict(1.01 * promised, tolerance, floor=3 * promised) is Verdict.AGREES


def test_the_floor_is_64_roundings() -> None:
    assert ROUNDINGS * EPSILON == 2.0**-46


@pytest.mark.parametrize("error", [math.nan, math.inf])
def test_what_is_not_finite_never_agrees(error: float) -> None:
    assert verdict(error, TOLERANCE) is Verdict.NOT_FINITE
