"""The end-to-end Jacobian against differences of the forward pass."""

from __future__ import annotations

import numpy as np
import pytest

import symbp
from symbp.analysis.budget import drawing
from symbp.analysis.initialisations import initialisation
from symbp.analysis.spectrum import spectrum
from symbp.errors import SpecError
from symbp.networks.network import Network
from symbp.numeric.sizes import given_sizes


def test_singular_values_are_those_of_differences() -> None:
    network = Network.mlp(3, [3, 4, 5, 2], "tanh", loss="mse", output_activation="identity", bias=False)
    derivation = symbp.derive(network)
    draw = drawing(derivation.forward, given_sizes(derivation.forward, 2, (64,)), initialisation("normal:1"), 3)
    value = {symbol.name: draw(symbol) for symbol in derivation.forward.given}
    z1 = (value["W1"] @ value["X"])[:, :1]

    def output(z):  # type: ignore[no-untyped-def]
        return value["W3"] @ np.tanh(value["W2"] @ np.tanh(z))

    step = 1e-5 * np.eye(4)
    jacobian = np.hstack([(output(z1 + step[:, [k]]) - output(z1 - step[:, [k]])) / 2e-5 for k in range(4)])
    expected = np.linalg.svd(jacobian, compute_uv=False)
    found = spectrum(derivation, "normal:1", 3)
    assert 10 ** np.array(found.values) == pytest.approx(expected, rel=1e-8)
    assert 10**found.mean_square == pytest.approx((expected**2).mean(), rel=1e-8)
    assert found.lost == 0


def test_a_residual_block_is_followed_with_both_its_paths() -> None:
    network = Network(
        [symbp.Linear(4), symbp.Residual([symbp.Dense(4, "tanh"), symbp.Linear(4)]), symbp.Linear(2)], 3, "mse"
    )
    derivation = symbp.derive(network)
    draw = drawing(derivation.forward, given_sizes(derivation.forward, 2, (64,)), initialisation("he"), 1)
    value = {symbol.name: draw(symbol) for symbol in derivation.forward.given}
    z1 = (value["W1"] @ value["X"])[:, :1]

    def output(z):  # type: ignore[no-untyped-def]
        return value["W4"] @ (z + value["W3"] @ np.tanh(value["W2"] @ z))

    step = 1e-5 * np.eye(4)
    jacobian = np.hstack([(output(z1 + step[:, [k]]) - output(z1 - step[:, [k]])) / 2e-5 for k in range(4)])
    found = spectrum(derivation, "he", 1)
    assert 10 ** np.array(found.values) == pytest.approx(np.linalg.svd(jacobian, compute_uv=False), rel=1e-8)


def test_orthogonal_linear_networks_are_isometries() -> None:
    found = spectrum(symbp.derive(Network.mlp(30, 16, "identity", loss="mse")), "orthogonal")
    assert found.spread < 1e-12
    assert abs(found.mean_square) < 1e-12


def test_a_mean_gain_of_one_is_no_isometry() -> None:
    found = spectrum(symbp.derive(Network.mlp(60, 16, "identity", loss="mse")), "normal:1")
    assert found.spread + found.lost > 3
    assert all(value > found.values[0] - 16 for value in found.values)


def test_examples_that_meet_have_no_jacobian_of_one() -> None:
    network = Network([symbp.Linear(4), symbp.BatchNorm(), symbp.Activation("tanh"), symbp.Linear(2)], 3, "mse")
    with pytest.raises(SpecError, match="examples meet in N1"):
        spectrum(symbp.derive(network))
