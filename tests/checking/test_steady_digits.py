"""Digits that a page shows: the same whatever a kernel makes of the last ones."""

import math

import pytest

from symbp.checking.models import CENTRAL, FLOAT, LONG, steady_digits


@pytest.mark.parametrize("most", [FLOAT, LONG, CENTRAL])
def test_a_rounding_error_may_grow_tenfold_or_vanish(most):
    for factor in (0.0, 1e-3, 1.0, 9.9):
        assert steady_digits(factor * 10.0 ** -(most + 2), most) == most


@pytest.mark.parametrize("error", [3e-2, 4e-5, 1e-8, 7e-11, 2e-20, 1e-60])
def test_the_digits_that_are_shown_are_there(error):
    shown = steady_digits(error, LONG)
    assert error <= 10.0**-shown / 10
    assert shown == LONG or error > 10.0 ** -(shown + 4)


@pytest.mark.parametrize("error", [1.0, 12.0, 0.3, math.inf, math.nan])
def test_what_is_wrong_or_no_number_has_none(error):
    assert steady_digits(error, FLOAT) == 0
