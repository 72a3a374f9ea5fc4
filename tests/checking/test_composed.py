"""An operation that exists as one node and as readable steps is the same function with the same gradients."""

import re

import numpy as np
import pytest

from symbp import Network, derive
from symbp.networks.attention import Attention
from symbp.networks.layers import Linear
from symbp.ops.losses import LinkedLoss

SHAPES = {"W": (4, 3), "X": (3, 5), "Y": (4, 5), "V": (2, 4), "B": (2, 5), "o": (1, 4), "e": (5, 1)}
CENTRED = "C = Z - o.T @ (o @ Z) / 4"
PAIRS = {
    "cross-entropy of softmax": (
        ["P = softmax(W @ X)", "loss = cross_entropy(P, Y)"],
        ["Z = W @ X", "E = exp(Z)", "S = o.T @ (o @ E)", "P = E * S**-1", "loss = -sum(Y * log(P)) / 5"],
    ),
    "binary cross-entropy of sigmoid": (
        ["P = sigmoid(W @ X)", "loss = bce(P, Y)"],
        ["P = (1 + exp(-(W @ X)))**-1", "loss = -sum(Y * log(P) + (1 - Y) * log(1 - P)) / 5"],
    ),
    "layer normalisation": (
        ["N = layernorm(W @ X, 0.1)", "loss = sum(sin(N) * Y)"],
        ["Z = W @ X", CENTRED, "v = o @ (C * C) / 4", "N = C * (v + 0.1)**-0.5", "loss = sum(sin(N) * Y)"],
    ),
    "root mean square normalisation": (
        ["N = rmsnorm(W @ X, 0.1)", "loss = sum(sin(N) * Y)"],
        ["Z = W @ X", "v = o @ (Z * Z) / 4", "N = Z * (v + 0.1)**-0.5", "loss = sum(sin(N) * Y)"],
    ),
    "batch normalisation": (
        ["N = batchnorm(W @ X, 0.1)", "loss = sum(sin(N) * Y)"],
        ["Z = W @ X", "C = Z - Z @ e / 5", "v = (C * C) @ e / 5", "N = C * (v + 0.1)**-0.5", "loss = sum(sin(N) * Y)"],
    ),
    "squared error": (["loss = mse(W @ X, Y)"], ["loss = sum((W @ X - Y)**2) / 10"]),
    "logarithm of cosh": (
        ["loss = log_cosh(W @ X, Y)"],
        ["R = W @ X - Y", "loss = sum(log((exp(R) + exp(-R)) / 2)) / 5"],
    ),
    "softplus": (["loss = sum(softplus(W @ X) * Y)"], ["loss = sum(log(1 + exp(W @ X)) * Y)"]),
    "tanh": (
        ["loss = sum(tanh(W @ X) * Y)"],
        ["E = exp(2 * W @ X)", "loss = sum((E - 1) * (E + 1)**-1 * Y)"],
    ),
    "silu": (["loss = sum(silu(W @ X) * Y)"], ["Z = W @ X", "loss = sum(Z * sigmoid(Z) * Y)"]),
    "powers": (["loss = sum((W @ X)**3 * Y)"], ["Z = W @ X", "loss = sum(Z * Z * Z * Y)"]),
    "stack": (
        ["loss = sum(sin(vstack(W @ X, V @ Y)))"],
        ["loss = sum(sin(W @ X)) + sum(sin(V @ Y))"],
    ),
}  # fmt: skip
INPUTS, TARGETS = {"X", "B", "o", "e"}, {"Y"}


def network(lines):
    words = {word for line in lines for word in re.findall(r"\w+", line)}
    used = {name: size for name, size in SHAPES.items() if name in words}
    inputs, targets = ([name for name in used if name in kind] for kind in (INPUTS, TARGETS))
    return Network.equations(lines, used, [*(used.keys() - INPUTS - TARGETS)], inputs, targets)


def run(lines):
    net = network(lines)
    random = np.random.default_rng(4)
    values = {name: random.normal(size=size) for name, size in SHAPES.items()}
    values |= {"Y": np.eye(4)[:, [0, 3, 1, 2, 0]], "o": np.ones((1, 4)), "e": np.ones((5, 1))}
    parameters, inputs = ({each.name: values[each.name] for each in group} for group in (net.parameters, net.inputs))
    return derive(net).compile()(parameters, inputs if len(inputs) > 1 else inputs["X"], values["Y"])


@pytest.mark.parametrize("name", PAIRS)
def test_one_node_equals_its_steps(name):
    fused, composed = PAIRS[name]
    (loss, gradients), (same, wanted) = run(fused), run(composed)
    assert loss == pytest.approx(same, rel=1e-13)
    assert gradients.keys() == wanted.keys() != set()
    for key, gradient in gradients.items():
        assert np.linalg.norm(gradient - wanted[key]) <= 1e-12 * np.linalg.norm(wanted[key]) > 0, key


@pytest.mark.parametrize("name", ["cross-entropy of softmax", "binary cross-entropy of sigmoid"])
def test_the_losses_compared_are_one_fused_and_one_not(name):
    fused, composed = (network(lines).loss_node for lines in PAIRS[name])
    assert isinstance(fused, LinkedLoss)
    assert not isinstance(composed, LinkedLoss)


def test_attention_equals_its_steps_for_one_example():
    layered = Network([Attention(tokens=5), Linear(2)], 4, "mse")
    lines = [
        "Q = WQ @ X", "K = WK @ X", "A = softmax(K.T @ Q / sqrt(4))",
        "O = WO @ (WV @ X @ A)", "loss = mse(W @ O + b, Y)",
    ]  # fmt: skip
    names = ["WQ", "WK", "WV", "WO", "W", "b"]
    square = dict.fromkeys(names[:4], (4, 4))
    shapes = {**square, "W": (2, 4), "b": (2, 1), "X": (4, "m"), "Y": (2, "m")}
    composed = Network.equations(lines, shapes)
    random = np.random.default_rng(6)
    values = {name: random.normal(size=shapes[name]) for name in names}
    x, y = random.normal(size=(4, 5)), random.normal(size=(2, 5))
    theirs = dict(zip((each.name for each in layered.parameters), values.values(), strict=True))
    loss, found = derive(layered).compile()(theirs, x, y)
    same, wanted = derive(composed).compile()(values, x, y)
    assert loss == pytest.approx(same, rel=1e-13)
    for own, name in zip(theirs, names, strict=True):
        np.testing.assert_allclose(found[own], wanted[name], rtol=1e-11, atol=1e-13)
