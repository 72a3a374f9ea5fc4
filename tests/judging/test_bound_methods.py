"""A bound method in a test suite: it is called on a copy of its object that has the parameters drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from symbp.derivation import derive
from symbp.errors import CheckFailedError, SpecError
from symbp.testing import assert_gradients_match


class TwoLayers:
    """A network that holds its own parameters."""

    def __init__(self, slope: float) -> None:
        random = np.random.default_rng(0)
        self.W1, self.b1 = random.normal(size=(5, 3)), random.normal(size=(5, 1))
        self.W2, self.b2 = random.normal(size=(2, 5)), random.normal(size=(2, 1))
        self.slope = slope

    def backward(self, x: Any, y: Any) -> dict[str, Any]:
        a = np.tanh(self.W1 @ x + self.b1)
        second = (self.W2 @ a + self.b2 - y) / x.shape[1]
        first = self.W2.T @ second * (1 - self.slope * a**2)
        sums = {f"db{at}": each.sum(axis=1, keepdims=True) for at, each in ((1, first), (2, second))}
        return {"dW1": first @ x.T, "dW2": second @ a.T, **sums}


def test_a_bound_method_is_called_on_a_copy_with_other_parameters() -> None:
    derived = derive(layers=2, widths=[3, 5, 2], activation="tanh", output_activation="identity", loss="mse")
    network = TwoLayers(1.0)
    before = network.W1.copy()
    assert_gradients_match(network.backward, derived)
    assert (before == network.W1).all()
    with pytest.raises(CheckFailedError, match="wrong"):
        assert_gradients_match(TwoLayers(0.9).backward, derived)


def affine_forward(x, w, b):
    return x @ w + b, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, dout.sum(axis=0)


def doubled_backward(dout, cache):
    dx, dw, db = affine_backward(dout, cache)
    return dx, 2 * dw, db


def test_a_pair_of_passes_is_a_layer_by_itself() -> None:
    assert_gradients_match((affine_forward, affine_backward))
    with pytest.raises(CheckFailedError, match="wrong: dw disagrees with differences of affine_forward"):
        assert_gradients_match((affine_forward, doubled_backward))
    with pytest.raises(SpecError, match="leave out the network"):
        assert_gradients_match((affine_forward, affine_backward), layers=2)
