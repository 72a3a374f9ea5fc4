"""0·log 0 is 0 in the cross-entropies of given probabilities, and log 0 under a positive target is not."""

import warnings

import numpy as np
import pytest

from symbp import Network, derive
from symbp.equations import System
from symbp.numeric import engines
from symbp.numeric.autodiff import autodiff
from symbp.numeric.definitions import Standins
from symbp.numeric.source import program
from symbp.numeric.values import Values

PROBABILITIES = np.array([[0.05, 0.95, 0.0], [0.1, 0.8, 0.1]]).T
LABELS = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]).T

SHAPES = {"W": (3, 3), "X": (3, "m"), "Y": (3, "m")}
WEIGHTS = {"W": np.eye(3)}


def given(loss):
    return derive(Network.equations(["A = W @ X", f"loss = {loss}(A, Y)"], shapes=SHAPES))


def by_hand(loss):
    """Add up the terms whose weight is not zero."""
    total, slope = 0.0, np.zeros((3, 2))
    for place in np.ndindex(3, 2):
        y, p = LABELS[place], PROBABILITIES[place]
        if y:
            total, slope[place] = total - y * np.log(p), slope[place] - y / p
        if loss == "bce" and y != 1:
            total, slope[place] = total - (1 - y) * np.log(1 - p), slope[place] + (1 - y) / (1 - p)
    return total / 2, slope / 2 @ PROBABILITIES.T


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_the_example_that_keras_documents():
    assert given("cross_entropy").compile()(WEIGHTS, PROBABILITIES, LABELS)[0] == pytest.approx(1.177, abs=5e-4)


@pytest.mark.parametrize("loss", ["cross_entropy", "bce"])
def test_loss_and_gradient(loss):
    found, gradients = given(loss).compile()(WEIGHTS, PROBABILITIES, LABELS)
    total, slope = by_hand(loss)
    assert found == pytest.approx(total, rel=1e-14)
    np.testing.assert_allclose(gradients["W"], slope, rtol=1e-14)


@pytest.mark.parametrize("loss", ["cross_entropy", "bce"])
@pytest.mark.parametrize("name", engines.ENGINES)
def test_every_number_system(loss, name):
    engine = engines.ENGINES[name]()
    arguments = {"W": engine.array(np.eye(3))}, engine.array(PROBABILITIES), engine.array(LABELS)
    found, gradients = engine.run(given(loss).compile().program)(*arguments)
    total, slope = by_hand(loss)
    assert float(found.real if name == "complex" else found) == pytest.approx(total, rel=1e-14)
    gradient = gradients["W"].floats() if name == "digits" else gradients["W"].real
    np.testing.assert_allclose(gradient, slope, rtol=1e-14)


def test_the_complex_step_through_a_zero():
    engine = engines.complex_()
    weights = np.eye(3) + 0j
    weights[2, 0] += 1e-30j  # moves a probability that is 0 under a target of 0, and one of 0.1 under 1
    found, _ = engine.run(given("cross_entropy").compile().program)({"W": weights}, PROBABILITIES, LABELS)
    assert found.imag / 1e-30 == pytest.approx(by_hand("cross_entropy")[1][2, 0], rel=1e-14)


@pytest.mark.parametrize("loss", ["cross_entropy", "bce"])
def test_a_loss_that_stands_for_an_open_one(loss):
    opened = derive(layers=1).compile(f="x", loss=loss)
    parameters = {"W1": np.eye(3), "b1": np.zeros((3, 1))}
    assert opened(parameters, PROBABILITIES, LABELS)[0] == pytest.approx(by_hand(loss)[0], rel=1e-14)


@pytest.mark.long
@pytest.mark.parametrize("name", ["torch", "jax", "autograd"])
@pytest.mark.parametrize("loss", ["cross_entropy", "bce"])
def test_other_libraries_differentiate_it(loss, name):
    pytest.importorskip(name)
    forward = given(loss).forward
    alone = program(forward, System((), forward.given), (), Standins())
    with warnings.catch_warnings():
        warnings.simplefilter("default")  # those that a library gives when it is imported
        found = autodiff(name).gradients(alone, Values(WEIGHTS, {"X": PROBABILITIES}, {"Y": LABELS}), ("W",))
    np.testing.assert_allclose(found["W"], by_hand(loss)[1], rtol=1e-14)


@pytest.mark.parametrize("loss", ["cross_entropy", "bce"])
def test_nothing_is_clipped(loss):
    compiled = given(loss).compile()
    with np.errstate(all="ignore"):
        assert compiled(WEIGHTS, 0 * PROBABILITIES, LABELS)[0] == np.inf
        assert np.isnan(compiled(WEIGHTS, np.nan * PROBABILITIES, LABELS)[0])
        assert np.isnan(compiled(WEIGHTS, -PROBABILITIES, LABELS)[0])


def test_a_loss_of_ones_own_is_what_was_typed():
    source = derive(layers=1, activation="sigmoid", loss="-y*log(a)").compile().source
    assert "loss = -np.sum(Y*np.log(A1)) / m" in source
