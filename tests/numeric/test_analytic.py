"""Complex functions by real ones: against 40 digits, in both parts, whatever the size of the imaginary one."""

import mpmath
import numpy as np
import pytest

from symbp.numeric.analytic import functions

POSITIVE = {"log"}


@pytest.mark.parametrize("name", functions())
@pytest.mark.parametrize("size", [1e-30, 0.5])
def test_both_parts_are_right_to_rounding(name: str, size: float) -> None:
    random = np.random.default_rng(3)
    for scale in (1e-3, 0.3, 2.0, 20.0):
        x = scale * random.normal(size=8)
        x = abs(x) if name in POSITIVE else np.maximum(x, -0.9) if name == "log1p" else x
        z = x + 1j * size * random.normal(size=8)
        with mpmath.workdps(40):
            exact = [getattr(mpmath, name)(mpmath.mpc(each)) for each in z]
        found = functions()[name](z)
        wanted = np.array([complex(each) for each in exact])
        if size < 1e-20:  # A derivative must not hide behind its value.
            np.testing.assert_allclose(found.imag, wanted.imag, rtol=1e-14)
            np.testing.assert_allclose(found.real, wanted.real, rtol=1e-14)
        np.testing.assert_allclose(found, wanted, rtol=1e-14)


def test_real_arrays_stay_real() -> None:
    assert functions()["tanh"](np.ones(3)).dtype == float
