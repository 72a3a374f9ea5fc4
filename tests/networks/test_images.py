"""BatchNorm per channel and concatenation: meaning, names, factors, files, refusals."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from symbp import (
    BatchNorm,
    BatchNorm2d,
    Concat,
    Conv2d,
    Dense,
    DenseBlock,
    Image,
    MaxPool2d,
    Network,
    ShapeError,
    SpecError,
    check,
    derive,
)
from symbp.calculus.factor import Acts
from symbp.networks.layers import Activation
from symbp.networks.spec_network import network_of
from symbp.op import FactorRole
from symbp.ops.channel_norm import NormaliseChannels, normalise_channels
from symbp.writing.render import render

IMAGE = Image(2, 5, 4)
NORMED = (Conv2d(3, 3, padding=1), BatchNorm(), Activation("tanh"), MaxPool2d(2), Dense(2, "softmax"))
GROWING = (
    DenseBlock([[Conv2d(3, 3, padding=1, activation="tanh")], [BatchNorm2d(), Conv2d(1, 1, activation="tanh")]]),
    Dense(2, "softmax"),
)


def network(*layers, inputs=IMAGE, batch=True):
    return Network(layers, inputs=inputs, loss="cross_entropy", batch=batch)


def test_a_channel_has_mean_0_and_variance_1_over_its_pixels_and_the_examples():
    z = np.random.default_rng(3).normal(2, 3, size=(6, 5))
    found = normalise_channels(np, z, 3, 0).reshape(2, 15)
    np.testing.assert_allclose(found.mean(axis=1), 0, atol=1e-15)
    np.testing.assert_allclose(found.var(axis=1), 1, rtol=1e-14)
    assert not np.allclose(normalise_channels(np, z, 1, 0).reshape(2, 15), found)


def test_one_gamma_and_beta_a_channel_of_an_image_and_a_feature_of_a_column():
    sizes = {p.name: int(p.shape[0]) for p in network(*NORMED).parameters}
    assert (sizes["gamma1"], sizes["beta1"]) == (3, 3)
    plain = network(Dense(4, None), BatchNorm(), Dense(2, "softmax"), inputs=3)
    assert {p.name: int(p.shape[0]) for p in plain.parameters}["gamma1"] == 4


@pytest.mark.parametrize("layers", [NORMED, GROWING], ids=["batch norm", "dense block"])
def test_every_gradient_agrees(layers):
    report = check(derive(network(*layers)))
    assert report.passed, report.rows
    assert {row.name for row in report.rows if row.verdict != "agrees"} == ({"b1"} if layers is NORMED else set())


def test_the_bias_before_it_has_a_zero_gradient_that_the_report_proves():
    text = render(derive(network(*NORMED)), to="gfm")
    assert "The gradient of $`b_1`$ is zero whatever the data are: the same number added to a channel" in text
    pooled = render(derive(network(Conv2d(3, 2), MaxPool2d(2), BatchNorm(), Dense(2, "softmax"))), to="gfm")
    assert "is zero whatever the data are" not in pooled


def test_the_derivative_is_a_projection_with_its_own_role():
    roles = [factor.role for factor in derive(network(*NORMED)).gradients["W1"].factors]
    assert FactorRole.NORMALISATION in roles
    assert any(isinstance(each.rhs, NormaliseChannels) for each in derive(network(*NORMED)).forward)


def test_a_dense_block_sums_the_ways_through_all_later_stages():
    block = DenseBlock([[Dense(2, "tanh")], [Dense(3, "tanh")]])
    net = Network([block, Dense(2)], inputs=4, loss="mse")
    assert [int(each.lhs.shape[0]) for each in net.forward if each.name.startswith("K")] == [6, 9]
    (total,) = [f for f in derive(net).gradients["W1"].factors if f.acts is Acts.SUM]
    assert [[f.role for f in branch] for branch in total.branches] == [
        [FactorRole.CONSTANT],
        [FactorRole.CONSTANT, FactorRole.SLOPE, FactorRole.WEIGHT],
    ]


def test_in_a_file_a_repeated_concat_is_a_dense_block():
    inner = {"type": "dense", "units": 2, "activation": "tanh"}
    found = network_of(
        {"inputs": 3, "loss": "mse", "layers": [{"type": "concat", "repeat": 2, "layers": [inner]}, inner]}
    )
    same = Network([DenseBlock([[Dense(2, "tanh")], [Dense(2, "tanh")]]), Dense(2, "tanh")], inputs=3, loss="mse")
    assert found.forward.equations == same.forward.equations


def test_a_custom_activation_of_a_convolution_takes_its_values_from_let():
    layer = {"type": "conv2d", "channels": 2, "kernel": 2, "activation": "x*sigmoid(beta*x)"}
    found = network_of(
        {
            "inputs": {"channels": 1, "height": 3, "width": 4},
            "loss": "mse", "let": {"beta": 1.5}, "layers": [layer],
        }
    )  # fmt: skip
    assert check(derive(found)).passed


def test_the_example_of_the_docs_derives():
    text = (Path(__file__).parents[2] / "docs" / "networks.md").read_text(encoding="utf-8")
    example = text.partition("### Images")[2].partition("```toml")[2].partition("```")[0]
    net = network_of(tomllib.loads(example))
    assert {p.name: int(p.shape[0]) for p in net.parameters if p.stem == "gamma"} == {"gamma3": 4}
    assert check(derive(net), thorough=False).passed


def test_refused():
    with pytest.raises(SpecError, match="BatchNorm2d needs an image and A1 is a plain column of 4 values"):
        network(Dense(4), BatchNorm2d(), inputs=3)
    with pytest.raises(ShapeError, match=r"puts Z1, 3×4×3, below the image X, 2×5×4: .* keep them with padding"):
        network(Concat([Conv2d(3, 2)]))
    with pytest.raises(ShapeError, match=r"puts A1, 3×m, below the image X, 2×5×4"):
        network(Concat([Dense(3)]))
    with pytest.raises(SpecError, match="at least one layer"):
        Concat([])
    with pytest.raises(SpecError, match="at least one stage"):
        DenseBlock([[]])
    with pytest.raises(SpecError, match=r"layers\[0\].layers\[0\].kernel is missing"):
        network_of({"layers": [{"type": "concat", "layers": [{"type": "conv2d"}]}]})
