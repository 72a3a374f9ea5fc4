"""A loss of somebody's own on probabilities: its targets are distributions, one-hot and class labels among them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from symbp.derivation import Derivation, derive
from symbp.judging.data import judge_data, load
from symbp.judging.judging import judge_file
from symbp.networks.network import Network

PASS = """
import numpy as np

def softmax(z):
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=0)

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def backward(W1, b1, W2, b2, X, y):
    m = X.shape[1]
    A1 = np.tanh(W1 @ X + b1)
    A2 = {output}(W2 @ A1 + b2)
    dZ2 = A2.copy()
    {error}
    dZ1 = W2.T @ dZ2 * (1 - A1**2)
    return {{"dW1": dZ1 @ X.T, "db1": dZ1.sum(axis=1, keepdims=True),
            "dW2": dZ2 @ A1.T, "db2": dZ2.sum(axis=1, keepdims=True)}}
"""
ERRORS = {
    "one-hot": "dZ2 = (A2 - y) / m",
    "labels": "dZ2[y, np.arange(m)] -= 1; dZ2 /= m",
    "labels from 1": "dZ2[y - 1, np.arange(m)] -= 1; dZ2 /= m",
    "smooth": "dZ2 = (A2 - (0.9 * y + 0.1 / 3)) / m",
    "smooth labels": "dZ2 = (A2 - (0.9 * np.eye(3)[:, y] + 0.1 / 3)) / m",
    "sure": "dZ2 = np.where(y == 1, A2 - 1, A2) / m",
    "wrong": "dZ2 = (A2 + y) / m",
    "wrong labels": "dZ2[y, np.arange(m)] -= 2; dZ2 /= m",
}
LOSSES = {
    "cross": ("-y*log(a)", "-sum(Y * log(A2)) / m", "softmax", 3),
    "smoothed": ("-(0.9*y + 0.1/3)*log(a)", "-sum((0.9*Y + 0.1/3) * log(A2)) / m", "softmax", 3),
    "divergence": ("y*log(y/a)", "", "softmax", 3),
    "binary": ("-(y*log(a) + (1-y)*log(1-a))", "-mean(Y*log(A2) + (1-Y)*log(1-A2))", "sigmoid", 1),
}
"""Each as a function of an entry, as an equation, behind which output, of how many classes."""


@cache
def network(loss: str, is_equation: bool) -> Derivation:
    entry, line, output, classes = LOSSES[loss]
    if not is_equation:
        widths = [4, 6, classes]
        return derive(layers=2, activation="tanh", output_activation=output, loss=entry, widths=widths)
    lines = ["Z1 = W1 @ X + b1", "A1 = tanh(Z1)", "Z2 = W2 @ A1 + b2", f"A2 = {output}(Z2)", f"loss = {line}"]
    shapes = {"X": (4, "m"), "Y": (classes, "m"), "W1": (6, 4), "b1": (6, 1), "W2": (classes, 6), "b2": (classes, 1)}
    return derive(Network.equations(lines, shapes=shapes))


CASES = [
    ("cross", "labels", False), ("cross", "one-hot", True), ("binary", "sure", True),
    *((loss, error, way) for loss, errors in {
        "cross": ("one-hot", "labels from 1", "wrong", "wrong labels"),
        "smoothed": ("smooth", "smooth labels", "wrong"), "divergence": ("one-hot", "labels", "wrong"),
        "binary": ("one-hot", "wrong"),
    }.items() for error in errors for way in (False, True) if LOSSES[loss][way]),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
@pytest.mark.usefixtures("same_process")
@pytest.mark.parametrize(
    ("loss", "error", "is_equation"),
    [each if at < 3 else pytest.param(*each, marks=pytest.mark.long) for at, each in enumerate(CASES)],
)
def test_targets_of_a_loss_of_ones_own_are_probabilities(
    loss: str, error: str, is_equation: bool, tmp_path: Path
) -> None:
    place = tmp_path / "mine.py"
    place.write_text(PASS.format(output=LOSSES[loss][2], error=ERRORS[error]))
    found = judge_file(network(loss, is_equation), place)
    assert found.right == (not error.startswith("wrong")), found.diagnosis
    assert ("labels" in " ".join(found.notes)) == ("labels" in error)


@pytest.mark.parametrize(("first", "note"), [(0, ""), (1, "y holds class labels from 1")])
def test_labels_of_a_file_of_arrays_count_from_0_or_1(first: int, note: str, tmp_path: Path) -> None:
    derivation = network("cross", is_equation=True)
    random = np.random.default_rng(0)
    own = {each.name: random.normal(size=tuple(map(int, each.shape))) for each in derivation.network.parameters}
    x, labels = random.normal(size=(4, 7)), np.array([0, 1, 2, 0, 2, 1, 1])
    _, slopes = derivation.compile()(own, x, np.eye(3)[:, labels])
    place = tmp_path / "theirs.npz"
    np.savez(place, X=x, y=labels + first, **own, **{f"d{name}": each for name, each in slopes.items()})
    found = judge_data(derivation, load(place), "theirs.npz")
    assert found.right
    assert note in " ".join(found.notes)
