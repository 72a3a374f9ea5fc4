"""Systems whose examples are rows: the mean is over them, and the page shows them as they are written."""

from __future__ import annotations

import re

import numpy as np
import pytest

from symbp import SpecError, check, derive
from symbp.networks.files import equations_of
from symbp.symbols import Role
from symbp.writing.render import render

SHAPES = "X: m x 3\nY: m x 4\nW: 3 x 4\nb: 1 x 4\n"
RANDOM = np.random.default_rng(29)
X, W, B = RANDOM.normal(size=(5, 3)), RANDOM.normal(size=(3, 4)), RANDOM.normal(size=(1, 4))
Y = np.eye(4)[[0, 3, 1, 1, 2]]
Z = X @ W + B
P = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
LENGTHS = np.sqrt((Z * Z).sum(axis=1))

LOSSES = {
    "mse(X @ W + b, Y)": ((Z - Y) ** 2).sum() / 10,
    "cross_entropy(softmax(X @ W + b, axis=1), Y)": -(Y * np.log(P)).sum() / 5,
    "bce(sigmoid(X @ W + b), Y)": (np.log(1 + np.exp(Z)) - Y * Z).sum() / 5,
    "cosine(X @ W + b, Y)": np.mean(1 - (Z * Y).sum(axis=1) / LENGTHS),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_a_loss_is_the_mean_over_the_rows(loss: str) -> None:
    derived = derive(equations_of(f"{SHAPES}loss = {loss}"))
    value, _ = derived.compile()({"W": W, "b": B}, X, Y)
    assert value == pytest.approx(LOSSES[loss], rel=1e-12)
    assert check(derived).passed


def test_the_page_shows_rows_and_a_bias() -> None:
    derived = derive(equations_of(f"{SHAPES}H = tanh(X @ W + b)\nloss = mse(H, Y)"))
    assert derived.forward["H_1"].rhs.args[1].args[1].role is Role.BIAS
    page = render(derived, to="text")
    assert "H₁ = X W + 1 b" in page
    assert "ℒ  = 1/(2m) ‖H − Y‖²" in page
    assert re.search(r"∂ℒ/∂b = 1ᵀ δ₁ +a bias: the errors added up", page)


def test_targets_must_be_one_hot_rows() -> None:
    derived = derive(equations_of(f"{SHAPES}loss = cross_entropy(softmax(X @ W + b, axis=1), Y)"))
    with pytest.raises(SpecError, match="must sum to 1"):
        derived.compile()({"W": W, "b": B}, X, 2 * Y)
