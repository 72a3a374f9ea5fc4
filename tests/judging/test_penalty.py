"""A penalty's strength: λ/2·‖W‖² or λ·‖W‖² by the file's own loss, and its own factor under a reduction of the data."""

from __future__ import annotations

from pathlib import Path

import pytest

from symbp.derivation import Derivation, derive
from symbp.judging.judging import Judged, judge_file
from symbp.networks.layers import Dense
from symbp.networks.network import Network

PASS = """
import numpy as np

def backward(W1, b1, W2, b2, X, Y, reg):
    m = X.shape[1]
    A1 = np.tanh(W1 @ X + b1)
    Z2 = W2 @ A1 + b2
    dZ2 = (Z2 - Y){mean}
    dZ1 = W2.T @ dZ2 * (1 - A1**2)
    dW2, dW1 = dZ2 @ A1.T + {decay} * W2, dZ1 @ X.T + {decay} * W1
    db2, db1 = dZ2.sum(axis=1, keepdims=True), dZ1.sum(axis=1, keepdims=True)
    loss = np.sum((Z2 - Y)**2) / 2{mean}
    squares = np.sum(W1 * W1) + np.sum(W2 * W2)
    loss = loss + {share} * {squares}
    return {loss}{{"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}}
"""
NAMED, WRITTEN = "squares", "(np.sum(W1**2) + np.sum(W2**2))"
"""The squares behind a name, so that only the loss as a number tells, and where the text tells."""


LONG = pytest.mark.long
"""What is wrong is looked at for mistakes, which takes its time."""


@pytest.fixture(scope="module")
def decayed() -> Derivation:
    return derive(Network([Dense(5, "tanh"), Dense(2, "identity")], 3, "mse", l2="0.3"))


def judged(
    derivation: Derivation, folder: Path, decay: str, share: str = "0 * reg", squares: str = NAMED,
    loss: str = "loss, ", mean: str = " / m", reduction: str = "mean",
) -> Judged:  # fmt: skip
    place = folder / "mine.py"
    place.write_text(PASS.format(decay=decay, share=share, squares=squares, loss=loss, mean=mean))
    return judge_file(derivation, place, reduction=reduction)


@pytest.mark.usefixtures("same_process")
@pytest.mark.parametrize(
    ("decay", "share", "squares", "loss", "right"),
    [
        ("2 * reg", "reg", NAMED, "loss, ", True),
        ("2 * reg", "reg", WRITTEN, "", True),
        pytest.param("reg", "0.5 * reg", NAMED, "loss, ", True, marks=LONG),
        pytest.param("2 * reg", "0.5 * reg", NAMED, "loss, ", False, marks=LONG),
        pytest.param("reg", "reg", NAMED, "loss, ", False, marks=LONG),
        pytest.param("2 * reg", "reg / 2", WRITTEN, "", False, marks=LONG),
        pytest.param("reg", "reg", WRITTEN, "", False, marks=LONG),
        pytest.param("3 * reg", "reg", NAMED, "", False, marks=LONG),
    ],
)
def test_the_files_own_loss_says_which_strength_is_meant(
    decayed: Derivation, tmp_path: Path, decay: str, share: str, squares: str, loss: str, right: bool
) -> None:
    assert judged(decayed, tmp_path, decay, share, squares, loss).right == right


@pytest.mark.usefixtures("same_process")
@pytest.mark.parametrize(("decay", "said"), [("reg", "reg read as the λ of λ/2·‖W‖²"), ("2 * reg", "the λ of λ·‖W‖²")])
def test_where_no_loss_says_it_both_are_right_and_it_is_said(
    decayed: Derivation, tmp_path: Path, decay: str, said: str
) -> None:
    found = judged(decayed, tmp_path, decay, loss="")
    assert found.right
    assert said in " ".join(found.notes)


LINES = ("Z1 = W1 @ X + b1", "A1 = tanh(Z1)", "Z2 = W2 @ A1 + b2", "loss = mse(Z2, Y) + {} * (sum(W1**2) + sum(W2**2))")
SHAPES = {"X": (3, "m"), "Y": (2, "m"), "W1": (5, 3), "b1": (5, 1), "W2": (2, 5), "b2": (2, 1)}


@pytest.mark.long
@pytest.mark.usefixtures("same_process")
@pytest.mark.parametrize(
    "last", [LINES[-1:], ("pen = sum(W1**2) + sum(W2**2)", "loss = mse(Z2, Y) + {} * pen")], ids=["one", "two"]
)
def test_a_loss_of_equations_has_the_strength_that_stands_in_it(tmp_path: Path, last: tuple[str, ...]) -> None:
    net = Network.equations([*LINES[:-1], *(each.format("0.3") for each in last)], shapes=SHAPES)
    assert judged(derive(net), tmp_path, "2 * reg", "reg").right
    assert not judged(derive(net), tmp_path, "reg", "reg").right


@pytest.mark.usefixtures("same_process")
@pytest.mark.parametrize(
    ("decay", "right"),
    [("reg", True), *(pytest.param(each, False, marks=LONG) for each in ("m * reg", "reg / m", "0"))],
)
def test_a_sum_over_the_examples_leaves_the_penalty_its_own_factor(
    decayed: Derivation, tmp_path: Path, decay: str, right: bool
) -> None:
    assert judged(decayed, tmp_path, decay, loss="", mean="", reduction="sum").right == right


@pytest.mark.long
@pytest.mark.usefixtures("same_process")
@pytest.mark.parametrize(("decay", "right"), [("reg", True), ("reg / m", False)])
def test_a_penalty_divided_by_m_goes_with_the_data(tmp_path: Path, decay: str, right: bool) -> None:
    net = Network.equations([*LINES[:-1], LINES[-1].format("0.3 / (2 * m)")], shapes=SHAPES)
    assert judged(derive(net), tmp_path, decay, loss="", mean="", reduction="sum").right == right
