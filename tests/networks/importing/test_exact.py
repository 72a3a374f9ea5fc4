"""Numbers of a model are those that somebody meant."""

import math

import pytest
from sympy import Integer, Rational, S, sqrt

from symbp.networks.importing.exact import exact


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        (1 / math.sqrt(32), 1 / sqrt(32)),
        (math.sqrt(2), sqrt(2)),
        (2**-0.5, 1 / sqrt(2)),
        (-1 / math.sqrt(3), -1 / sqrt(3)),
        (1 / 3, Rational(1, 3)),
        (0.1, Rational(1, 10)),
        (1e-5, Rational(1, 100_000)),
        (-0.25, Rational(-1, 4)),
        (6.0, Integer(6)),
        (float("-inf"), S.NegativeInfinity),
        (0.7071, Rational(7071, 10_000)),
        (0.123456789012345, Rational("0.123456789012345")),
    ],
)
def test_a_number_is_the_one_that_was_meant(value: float, meant: object) -> None:
    assert exact(value) == meant
