"""The forward pass of somebody's: the first value that differs, and the mistake that makes it differ."""

from __future__ import annotations

from pathlib import Path

import pytest
from selection import short
from verdicts import headline, verdict_text

from symbp.derivation import Derivation, derive
from symbp.judging.judging import Judged, judge_file
from symbp.networks.network import Network

DENSE = """
import numpy as np

def backward(W1, b1, W2, b2, X, Y):
    m = X.shape[1]
    Z1 = W1 @ X + b1
    A1 = np.tanh(Z1)
    A2 = np.tanh(W2 @ A1 + b2)
    loss = ((A2 - Y) ** 2).sum() / (2 * m)
    dZ2 = (A2 - Y) / m * (1 - A2**2)
    dZ1 = W2.T @ dZ2 * (1 - A1**2)
    db1, db2 = (each.sum(axis=1, keepdims=True) for each in (dZ1, dZ2))
    grads = {"dW1": dZ1 @ X.T, "db1": db1, "dW2": dZ2 @ A1.T, "db2": db2}
    return grads
"""

MISTAKES = {
    "activation": ("A1 = np.tanh(Z1)", "A1 = Z1", "the activation tanh is forgotten in A1"),
    "another": ("A1 = np.tanh(Z1)", "A1 = np.maximum(Z1, 0)", "relu in place of tanh in A1"),
    "bias": ("Z1 = W1 @ X + b1", "Z1 = W1 @ X", "b1 is forgotten in Z1"),
}

pytestmark = pytest.mark.usefixtures("same_process")

RETURNS = ("grads", "loss, grads", 'grads, {"Z1": Z1, "A1": A1, "A2": A2}', '{**grads, "loss": loss, "A1": A1}')


@pytest.fixture(scope="module")
def dense() -> Derivation:
    return derive(layers=2, activation="tanh", loss="mse")


def judged(derivation: Derivation, folder: Path, source: str) -> Judged:
    place = folder / "mine.py"
    place.write_text(source)
    return judge_file(derivation, place)


@pytest.mark.parametrize("returned", short(RETURNS, {"grads"}))
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_of_the_forward_pass_is_named(dense: Derivation, tmp_path: Path, mistake: str, returned: str) -> None:
    right, wrong, said = MISTAKES[mistake]
    found = judged(dense, tmp_path, DENSE.replace(right, wrong).replace("return grads", f"return {returned}"))
    assert str(found.diagnosis.verdict) == "wrong"
    assert f"your forward pass: {said}; your gradients are right for it" in headline(found)


@pytest.mark.parametrize("returned", short(RETURNS, {"loss, grads"}))
def test_a_right_forward_pass_is_not_blamed(dense: Derivation, tmp_path: Path, returned: str) -> None:
    assert judged(dense, tmp_path, DENSE.replace("return grads", f"return {returned}")).right
    found = judged(dense, tmp_path, DENSE.replace("1 - A1**2", "1 - A1").replace("return grads", f"return {returned}"))
    assert "in dZ1" in headline(found)
    assert "forward" not in verdict_text(found)


def test_mistakes_of_both_passes_are_told(dense: Derivation, tmp_path: Path) -> None:
    source = DENSE.replace("Z1 = W1 @ X + b1", "Z1 = W1 @ X").replace("dZ2 @ A1.T", "2 * dZ2 @ A1.T")
    found = judged(dense, tmp_path, source.replace("return grads", "return loss, grads"))
    assert "b1 is forgotten in Z1" in headline(found)
    assert "dW2" in headline(found)


def test_an_unknown_forward_pass_has_its_first_value_named(dense: Derivation, tmp_path: Path) -> None:
    source = DENSE.replace("A1 = np.tanh(Z1)", "A1 = np.cos(3 * Z1)")
    found = judged(dense, tmp_path, source.replace("return grads", 'return grads, {"Z1": Z1, "A1": A1, "A2": A2}'))
    assert "your forward pass departs at A1" in verdict_text(found)


@pytest.mark.long
def test_the_first_value_is_said_to_be_another_one(dense: Derivation, tmp_path: Path) -> None:
    source = DENSE.replace("A1 = np.tanh(Z1)", "A1 = Z1").replace("A2 = np.tanh(", "A2 = np.cos(")
    found = judged(dense, tmp_path, source.replace("return grads", 'return grads, {"Z1": Z1, "A1": A1, "A2": A2}'))
    assert "departs at A1" in verdict_text(found)
    assert "it equals our Z1" in verdict_text(found)


def test_a_loss_that_is_a_convention_is_named(dense: Derivation, tmp_path: Path) -> None:
    source = DENSE.replace(".sum() / (2 * m)", ".mean()").replace("return grads", "return loss, grads")
    found = judged(dense, tmp_path, source)
    assert found.right
    assert "your loss is 2/n_L times ours" in verdict_text(found)


BATCHNORM = """
inputs = 3
loss = "mse"
layers = [{ type = "linear", units = 4 }, { type = "batch_norm" }, { type = "dense", units = 2, activation = "tanh" }]
"""

NORMALISED = """
import numpy as np

def backward(W1, b1, gamma1, beta1, W2, b2, X, Y):
    m = X.shape[1]
    Z1 = W1 @ X + b1
    d = Z1 - Z1.mean(axis=1, keepdims=True)
    s = np.sqrt(np.var(Z1, axis=1, DDOF keepdims=True) + EPSILON)
    N1 = d / s
    B1 = gamma1 * N1 + beta1
    A2 = np.tanh(W2 @ B1 + b2)
    dZ2 = (A2 - Y) / m * (1 - A2**2)
    dB1 = W2.T @ dZ2
    dN1 = dB1 * gamma1
    dZ1 = (dN1 - dN1.mean(axis=1, keepdims=True) - N1 * MEAN) / s
    grads = {"dW1": dZ1 @ X.T, "dW2": dZ2 @ B1.T, "dgamma1": (dB1 * N1).sum(axis=1, keepdims=True)}
    grads |= {f"d{n}": e.sum(axis=1, keepdims=True) for n, e in (("b1", dZ1), ("b2", dZ2), ("beta1", dB1))}
    return grads
"""

MEANS = "(dN1 * N1).mean(axis=1, keepdims=True)", "(dN1 * N1).sum(axis=1, keepdims=True) / (m - 1)"

VARIANCES = {
    "unbiased": ("ddof=1,", "1e-5", MEANS[1], "N - 1 in place of N; your gradients are right for it"),
    "half": ("ddof=1,", "1e-5", MEANS[0], "N - 1 in place of N; the backward pass takes means over N"),
    "epsilon": ("", "1e-8", MEANS[0], "epsilon is 1e-08 in N1, not 1e-05"),
}


@pytest.mark.parametrize("case", short(VARIANCES, {"half"}))
def test_a_variance_of_another_kind_is_named(tmp_path: Path, case: str) -> None:
    (tmp_path / "network.toml").write_text(BATCHNORM)
    derivation = derive(Network.load(tmp_path / "network.toml"))
    ddof, epsilon, mean, said = VARIANCES[case]
    source = NORMALISED.replace("DDOF", ddof).replace("EPSILON", epsilon).replace("MEAN", mean)
    assert said in headline(judged(derivation, tmp_path, source))
    right = NORMALISED.replace("DDOF", "").replace("EPSILON", "1e-5").replace("MEAN", MEANS[0])
    found = judged(derivation, tmp_path, right)
    assert found.right
    assert "zero to rounding" in verdict_text(found)
