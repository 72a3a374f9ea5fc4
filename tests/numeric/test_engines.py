"""Number systems: the functions mean the same on each, and the drawn values are fit to check with."""

import math
import subprocess
import sys
from dataclasses import FrozenInstanceError
from itertools import pairwise

import mpmath
import numpy as np
import pytest
from sympy import Rational, pi, sqrt

from symbp.checking.bench import Bench
from symbp.checking.plans import plans
from symbp.derivation import derive
from symbp.numeric import engines
from symbp.numeric.sizes import distinct_sizes, given_sizes

POINTS = np.array([[-1.5, -0.25, 0.5], [0.0, 0.75, 2.5]])


@pytest.mark.parametrize("name", ["abs", "arctan", "cos", "cosh", "exp", "expm1", "sign", "sin", "sinh", "tan", "tanh"])
def test_functions_mean_the_same_on_every_engine(name: str) -> None:
    check_function(name, POINTS)


@pytest.mark.parametrize("name", ["log", "log1p", "sqrt"])
def test_functions_of_positive_numbers(name: str) -> None:
    check_function(name, POINTS**2 + 1)


def check_function(name: str, points: np.ndarray) -> None:
    expected = getattr(np, name)(points)
    stepped, long = engines.complex_(), engines.digits()
    np.testing.assert_allclose(getattr(stepped.np, name)(stepped.array(points) + 0j), expected, rtol=1e-15)
    np.testing.assert_allclose(getattr(stepped.np, name)(stepped.array(points)), expected, rtol=1e-15)
    np.testing.assert_allclose(getattr(long.np, name)(long.array(points)).floats(), expected, rtol=1e-15)


def test_comparisons_of_complex_numbers_look_at_the_real_part() -> None:
    space = engines.complex_().np
    z = np.array([[-2 + 5j, 3 - 1j], [1 + 1j, 2 + 9j]])
    assert (space.abs(z) == np.array([[2 - 5j, 3 - 1j], [1 + 1j, 2 + 9j]])).all()
    assert (space.max(z, axis=0, keepdims=True) == np.array([[1 + 1j, 3 - 1j]])).all()
    assert space.max(z, axis=0).shape == (2,)
    assert (space.maximum(z, 0) == np.array([[0, 3 - 1j], [1 + 1j, 2 + 9j]])).all()
    assert (space.minimum(z, 0)[0] == np.array([-2 + 5j, 0])).all()
    assert (space.sign(z) == np.array([[-1, 1], [1, 1]])).all()


def test_long_arithmetic_leaves_the_global_context_alone() -> None:
    before = mpmath.mp.dps
    engine = engines.digits()
    third = engine.number(Rational(1, 3))
    assert abs(float(3 * third - 1)) < 1e-49
    assert abs(float(engine.number(sqrt(2)) ** 2 - 2)) < 1e-48
    assert abs(float(engine.number(pi) - engine.np.pi)) < 1e-49
    assert mpmath.mp.dps == before


def test_a_namespace_is_frozen_and_complete() -> None:
    space = engines.complex_().np
    with pytest.raises(FrozenInstanceError):
        space.exp = None
    for engine in (engines.complex_(), engines.digits()):
        assert all(getattr(engine.np, name) is not None for name in engines.NAMES)


def test_importing_a_derivation_does_not_import_numpy() -> None:
    code = "import sys, symbp.derivation, symbp.numeric.compiled; assert 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_drawn_sizes_have_distinct_neighbours() -> None:
    for options in ({}, {"widths": 7}, {"widths": [4, 4, 4, 4, 4, 4]}):
        sizes = distinct_sizes(derive(layers=5, **options).forward)
        shapes = [shape for name, shape in sizes.shapes.items() if name.startswith("W")]
        assert all(rows != columns for rows, columns in shapes)
        assert all(first[0] == second[1] for first, second in pairwise(shapes))
        assert sizes.examples not in {size for shape in shapes for size in shape}


def test_given_sizes_are_kept() -> None:
    sizes = given_sizes(derive(layers=2, widths=[2, 7, 7]).forward)
    assert sizes.shapes["W2"] == (7, 7)


def bench(seed: int = 0, **options: object) -> Bench:
    derived = derive(**options)
    plan = plans(derived, thorough=False)[0]
    return Bench.of(derived, plan.standins, plan.sizes, seed)


def test_draws_are_reproducible() -> None:
    first, second, other = bench(0, layers=2), bench(0, layers=2), bench(1, layers=2)
    assert (first.values.parameters["W1"] == second.values.parameters["W1"]).all()
    assert (first.values.parameters["W1"] != other.values.parameters["W1"]).all()


@pytest.mark.parametrize("activation", [None, "sigmoid", "relu", "tanh", "softplus", "hardswish"])
def test_gradients_of_deep_networks_neither_vanish_nor_explode(activation: str | None) -> None:
    with np.errstate(all="ignore"):
        gradients = bench(layers=300, activation=activation, loss=None if activation is None else "mse").gradients
    norms = [float(np.linalg.norm(gradient)) for gradient in gradients.values()]
    assert min(norms) > 1e-100
    assert max(norms) < 1e100


@pytest.mark.parametrize(
    ("loss", "holds"),
    [
        ("cross_entropy", lambda y: (y.sum(axis=0) == 1).all() and set(np.unique(y)) == {0, 1}),
        ("binary_cross_entropy", lambda y: set(np.unique(y)) <= {0, 1}),
        ("hinge", lambda y: set(np.unique(y)) <= {-1, 1}),
        ("mse", lambda y: len(np.unique(y)) == y.size),
    ],
)
def test_targets_are_of_the_kind_the_loss_asks_for(loss: str, holds: object) -> None:
    assert holds(bench(layers=2, activation="tanh", loss=loss).values.targets["Y"])  # type: ignore[operator]


def test_values_stay_away_from_kinks() -> None:
    found = bench(layers=3, activation="relu", loss="mse")
    assert found.values.decades < math.inf
    operands = [found.local[name] for name in ("Z1", "Z2", "Z3")]
    assert min(float(np.abs(z).min()) for z in operands) > 1e-4
