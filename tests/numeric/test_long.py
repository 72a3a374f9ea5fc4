"""Long arithmetic on integers: fifty digits whatever is done with them, against mpmath with eighty."""

import math
from collections.abc import Callable

import mpmath
import numpy as np
import pytest
from sympy import Rational, pi, sqrt

from symbp.numeric import engines
from symbp.numeric.long import Long

FUNCTIONS = ("exp", "expm1", "log", "log1p", "sin", "cos", "tan", "sinh", "cosh", "tanh", "sqrt")
POSITIVE = {"log", "sqrt"}
RANDOM = np.random.default_rng(5)


def exact(array: Long) -> np.ndarray:
    """The numbers as mpmath has them, without rounding."""
    return np.vectorize(lambda n: mpmath.ldexp(mpmath.mpf(n), array.exponent), otypes=[object])(array.integers)


def assert_right(found: Long, wanted: Callable[[], np.ndarray], digits: int) -> None:
    with mpmath.workdps(digits + 30):
        errors = [abs(a - b) / abs(b) for a, b in zip(exact(found).flat, np.asarray(wanted()).flat, strict=True) if b]
        assert max(errors) < mpmath.mpf(10) ** -digits


@pytest.mark.parametrize("name", [*FUNCTIONS, "arctan", "erf"])
@pytest.mark.parametrize("digits", [50, 110])
def test_functions_have_all_their_digits(name: str, digits: int) -> None:
    engine = engines.digits(digits)
    own = engine.erf if name == "erf" else getattr(engine.np, name)
    theirs = getattr(mpmath, {"arctan": "atan"}.get(name, name))
    for scale in (1e-25, 1e-8, 1e-3, 0.4, 3.0, 60.0):
        x = scale * RANDOM.normal(size=5)
        x = abs(x) if name in POSITIVE else np.maximum(x, -0.9) if name == "log1p" else x
        with mpmath.workdps(digits + 60):  # Enough for a difference from 1 at 1e-25.
            wanted = np.array([theirs(mpmath.mpf(float(each))) for each in x])
        assert_right(own(engine.array(x)), lambda wanted=wanted: wanted, digits)


def test_small_entries_beside_large_ones_keep_their_digits() -> None:
    """An array has one power of two; its entries have digits of their own all the same."""
    engine = engines.digits(50)
    x = np.array([1e150, 1.0, 1e-150, -3e-160])
    for found, wanted in (
        (engine.array(x) * engine.array(x), lambda: [mpmath.mpf(float(v)) ** 2 for v in x]),
        (1 / engine.array(x), lambda: [1 / mpmath.mpf(float(v)) for v in x]),
        (
            engine.np.exp(engine.array(np.array([0.0, -300.0, -700.0]))),
            lambda: [mpmath.exp(v) for v in (0, -300, -700)],
        ),
        (engine.array(x) / 3 + 0 * engine.array(x), lambda: [mpmath.mpf(float(v)) / 3 for v in x]),
    ):
        assert_right(found, wanted, 50)


def test_products_and_sums_are_right() -> None:
    engine = engines.digits(50)
    a, b = RANDOM.normal(size=(4, 5)), RANDOM.normal(size=(5, 3))
    found = engine.array(a) @ engine.array(b)
    with mpmath.workdps(80):
        wanted = np.vectorize(mpmath.mpf, otypes=[object])(a) @ np.vectorize(mpmath.mpf, otypes=[object])(b)
    assert_right(found, lambda: wanted, 49)
    total = engine.np.sum(found, axis=0, keepdims=True) - engine.np.max(found, axis=1, keepdims=True)
    np.testing.assert_allclose(
        total.floats(), (a @ b).sum(0, keepdims=True) - (a @ b).max(1, keepdims=True), rtol=1e-12
    )


def test_powers_and_constants_are_right() -> None:
    engine = engines.digits(50)
    x = engine.array(np.array([0.3, 2.5]))
    for power in (3, -2, 0.5, 1.25):
        assert_right(x**power, lambda power=power: [mpmath.mpf(v) ** mpmath.mpf(power) for v in (0.3, 2.5)], 50)
    for value, wanted in (
        (Rational(1, 3), lambda: mpmath.mpf(1) / 3),
        (sqrt(2), lambda: mpmath.sqrt(2)),
        (pi, lambda: +mpmath.pi),
    ):
        assert_right(engine.number(value), lambda wanted=wanted: [wanted()], 50)
    assert_right(engine.np.pi, lambda: [+mpmath.pi], 50)


def test_what_is_no_number_is_lost_and_takes_others_along() -> None:
    engine = engines.digits(50)
    x = engine.array(np.array([[-1.0, 4.0], [0.0, 9.0]]))
    roots, inverse = engine.np.sqrt(x), 1 / x
    assert np.isnan(roots.floats()).tolist() == [[True, False], [False, False]]
    assert np.isnan(inverse.floats()).tolist() == [[False, False], [True, False]]
    assert math.isnan(float(engine.np.sum(roots)))
    assert np.isnan((roots @ x).floats()).tolist() == [[True, True], [False, False]]
    assert np.isnan(engine.np.log(x).floats()).tolist() == [[True, False], [True, False]]
    chosen = engine.np.where(x > 0, engine.np.log(x), 0)
    assert np.isfinite(chosen.floats()).all()
    assert not (roots == roots)[0, 0]
    assert np.isnan(engine.array(np.array([np.inf, np.nan])).floats()).all()


def test_comparisons_and_cases_mean_the_same() -> None:
    engine = engines.digits(50)
    x = np.array([[-1.5, 0.0, 2.0], [1e-40, -1e-40, 3.0]])
    long = engine.array(x)
    for name in ("abs", "sign"):
        np.testing.assert_array_equal(getattr(engine.np, name)(long).floats(), getattr(np, name)(x))
    np.testing.assert_array_equal((long > 0), x > 0)
    np.testing.assert_array_equal(engine.np.maximum(long, 0).floats(), np.maximum(x, 0))
    np.testing.assert_array_equal(engine.np.minimum(0, long).floats(), np.minimum(x, 0))
    np.testing.assert_array_equal(engine.np.concatenate((long, engine.np.ones((1, 3)))).floats()[-1], np.ones(3))
    np.testing.assert_array_equal(long.T.reshape(2, 3).swapaxes(0, 1).floats(), x.T.reshape(2, 3).swapaxes(0, 1))
