"""The phase diagram: what its regions say is what the theory of a single point says."""

from __future__ import annotations

import math

import numpy as np
import pytest

from symbp.analysis.correlations import prospect
from symbp.analysis.initialisations import initialisation
from symbp.analysis.lengths import Kind, MeanField
from symbp.analysis.phase import Mark, activation_of, marked, phases, settled
from symbp.networks.layers import Activation, Dense, Linear
from symbp.networks.layers import activation_of as activation
from symbp.networks.network import Network
from symbp.networks.normalisation import BatchNorm


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "relu", "gelu", "softplus", "sin"])
def test_a_region_is_what_a_point_of_it_is(name: str) -> None:
    function = activation(name, {})
    found = phases(function)
    field = MeanField(function)
    for row, column in [(4, 20), (4, 140), (40, 70), (40, 110), (70, 20), (70, 150)]:
        exact = prospect(field, float(found.sigma_w[column]), float(found.sigma_b[row]))
        assert bool(found.diverges[row, column]) == (exact.point.kind is Kind.NONE)
        if not found.diverges[row, column] and exact.chi is not None:
            assert found.chi[row, column] == pytest.approx(exact.chi.value, rel=0.03)
            assert (found.chi[row, column] > 1) == (exact.chi.value > 1)


def test_the_edge_starts_where_the_critical_initialisation_is() -> None:
    expected = {"tanh": 1.0, "relu": math.sqrt(2), "erf": math.sqrt(math.pi) / 2}
    for name, sigma_w in expected.items():
        assert phases(activation(name, {})).edge[0] == pytest.approx((sigma_w, 0.0), abs=1e-12)
    assert phases(activation("softplus", {})).edge == ()


def test_the_edge_parts_the_regions() -> None:
    found = phases(activation("tanh", {}))
    columns = np.abs(found.chi - 1).argmin(1)
    for sigma_w, sigma_b in found.edge:
        if 0.1 < sigma_b < found.sigma_b[-1] and sigma_w < found.sigma_w[-1]:
            row = int(np.abs(found.sigma_b - sigma_b).argmin())
            assert found.sigma_w[columns[row]] == pytest.approx(sigma_w, abs=0.04)


def test_lengths_settle_where_the_map_says() -> None:
    lengths = np.logspace(-4, 4, 33)
    half = lengths / 2  # V(q) = w·q/2 + b
    weight, bias = np.array([1.0, 1.0, 3.0, 1.0]), np.array([1.0, 0.0, 1.0, 1e-2])
    q, diverges = settled(lengths, half, weight, bias)
    assert diverges.tolist() == [False, False, True, False]
    assert q[[0, 3]] == pytest.approx([2.0, 0.02], rel=0.02)
    assert q[1] == lengths[0]


def test_marks_are_those_of_the_hidden_layers() -> None:
    assert marked("he", initialisation("he"), [3, 5, 5, 2]) == [Mark("he", math.sqrt(2), 0.0)]
    xavier = marked("xavier", initialisation("xavier"), [9, 4, 12, 12, 3])
    assert [mark.sigma_w for mark in xavier] == pytest.approx([math.sqrt(0.5), 1.0])


def test_only_plain_stacks_of_one_activation_have_phases() -> None:
    plain = Network.mlp(3, 4, "tanh", loss="mse")
    apart = [Linear(4), Activation("tanh"), Linear(4)]
    assert activation_of(plain) == activation_of(Network(apart, 4, "mse")) == activation("tanh", {})
    mixed = Network([Dense(4, "tanh"), Dense(4, "relu"), Dense(4, "tanh")], 4, "mse")
    normed = Network([Linear(4), BatchNorm(), Activation("tanh"), Linear(4)], 4, "mse", batch=True)
    for network in (mixed, normed, Network([Linear(4), Linear(4)], 4, "mse")):
        assert activation_of(network) is None


def test_a_function_that_is_zero_everywhere_has_one_phase() -> None:
    """Lengths of zero have no logarithm; warnings are errors here."""
    found = phases(activation("relu(-x**2 - 1)", {}))
    assert (found.chi < 1).all()
    assert found.edge == ()
