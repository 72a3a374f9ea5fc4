"""Losses by name: what they are worth, in equations and behind layers, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from symbp import Dense, Network, ShapeError, SpecError, check, derive
from symbp.ops.loss_table import LOSSES, WRITTEN
from symbp.writing.render import render

RANDOM = np.random.default_rng(11)
A, Y = RANDOM.normal(size=(3, 5)), RANDOM.normal(size=(3, 5))
ONE_HOT = np.eye(3)[:, [0, 2, 1, 1, 0]]
P = np.exp(A) / np.exp(A).sum(axis=0)
W, N = np.array([[1.0], [2.0], [0.5]]), np.array([[1.0, 0.0, 1.0, 1.0, 0.0]])


def worth(call: str, inputs: dict[str, np.ndarray], y: np.ndarray = Y) -> float:
    """What a loss of a parameter A is worth."""
    given = {name: array for name, array in inputs.items() if name in call}
    shapes = {name: array.shape for name, array in {"A": A, "Y": y, **given}.items()}
    made = Network.equations([f"loss = {call}"], shapes, ["A"], [], ["Y"], constants=list(given))
    return float(derive(made).compile()({"A": A}, given or None, y)[0])


def lengths(a: np.ndarray) -> np.ndarray:
    return np.sqrt((a * a).sum(axis=0))


SCORES = Y.T @ A / 0.5
SMOOTH = 0.8 * ONE_HOT + 0.2 / 3
VALUES = {
    "multi_class_hinge(A, Y, 2)": (
        ((1 - ONE_HOT) * np.maximum(0, 2 + A - (ONE_HOT * A).sum(axis=0))).sum() / 5,
        ONE_HOT,
    ),
    "gaussian_nll(A, Y, exp(Y))": ((Y + (A - Y) ** 2 / np.exp(Y)).sum() / 10, Y),
    "cosine(A, Y)": (np.mean(1 - (A * Y).sum(axis=0) / lengths(A) / lengths(Y)), Y),
    "triplet_margin(A, Y, 2 * Y, margin=0.5)": (
        np.mean(np.maximum(0, lengths(A - Y) - lengths(A - 2 * Y) + 0.5)),
        Y,
    ),
    "info_nce(A, Y, temperature=0.5)": (np.mean(np.log(np.exp(SCORES).sum(axis=0)) - np.diag(SCORES)), Y),
    "pinball(A, Y, tau=0.9)": (np.maximum(0.9 * (Y - A), -0.1 * (Y - A)).sum() / 5, Y),
    "focal(softmax(A), Y, 3)": (-(ONE_HOT * (1 - P) ** 3 * np.log(P)).sum() / 5, ONE_HOT),
    "poisson(A, Y)": ((np.exp(A) - ONE_HOT * A).sum() / 5, ONE_HOT),
    "kl(softmax(A), Y)": (-(ONE_HOT * np.log(P)).sum() / 5, ONE_HOT),
    "cross_entropy(softmax(A), Y, label_smoothing=0.2)": (-(SMOOTH * np.log(P)).sum() / 5, ONE_HOT),
    "cross_entropy(softmax(A), Y, weight=W)": (
        -(W * ONE_HOT * np.log(P)).sum() / (W * ONE_HOT).sum(),
        ONE_HOT,
    ),
    "cross_entropy(softmax(A), Y, mask=N)": (-(N * ONE_HOT * np.log(P)).sum() / 3, ONE_HOT),
}


@pytest.mark.parametrize("call", VALUES)
def test_a_loss_is_worth_what_its_formula_says(call: str) -> None:
    wanted, y = VALUES[call]
    assert worth(call, {"W": W, "N": N}, y) == pytest.approx(float(wanted), rel=1e-13)


NAMES = {"info_nce(2)", "pinball(0.9)", "cross_entropy(label_smoothing=0.1)", *LOSSES, *WRITTEN}
BEHIND_LAYERS = sorted(name for name in NAMES if len(getattr(WRITTEN.get(name), "operands", "AY")) == 2)


SHORT = ("cosine",)
"""Those that run in the short suite."""


@pytest.mark.parametrize(
    "loss", [each if each in SHORT else pytest.param(each, marks=pytest.mark.long) for each in BEHIND_LAYERS]
)
def test_a_loss_behind_layers_has_a_page_and_right_gradients(loss: str) -> None:
    made = derive(Network([Dense(4, "tanh"), Dense(3)], 2, loss))
    assert check(made).passed
    assert "∂ℒ/∂W" in render(made, to="text")


def test_a_page_says_what_pytorch_calls_a_loss_that_is_written_out() -> None:
    page = render(derive(Network([Dense(3)], 2, "multi_class_hinge")), to="markdown")
    assert "multi class hinge loss" in page
    assert "With PyTorch's defaults this loss is 3 times MultiMarginLoss." in page.replace("$", "").replace("`", "")


def test_smoothed_targets_are_fused_with_softmax_and_still_one_hot() -> None:
    shapes = {"W": (3, 2), "X": (2, "m"), "Y": (3, "m")}
    made = derive(Network.equations(["loss = cross_entropy(softmax(W @ X), Y, label_smoothing=0.1)"], shapes))
    assert made.network.loss_node.name == "cross_entropy"
    assert check(made).passed
    with pytest.raises(SpecError, match="columns of Y must sum to 1"):
        made.compile()({"W": np.ones((3, 2))}, np.ones((2, 4)), np.ones((3, 4)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("cosine(A, X)", "cosine compares matrices of one shape, but A is 3×5 and X 2×5"),
        ("pinball(A, Y, tau=1.5)", "its parameter must be a positive number below 1"),
        ("info_nce(A, Y, temperature=-1)", "temperature of info_nce must be a positive number"),
        ("info_nce(A, Y, margin=1)", "info_nce has no margin, as in loss = info_nce(A, Y, temperature=1)"),
        ("triplet_margin(A, Y)", "triplet_margin takes 3 matrices and at most 1 number"),
        ("cross_entropy(softmax(A), Y, label_smoothing=1)", "from 0 to below 1"),
        ("cross_entropy(softmax(A), Y, weight=2)", "weight is 2: it must be a matrix, 3×1"),
        ("cross_entropy(softmax(A), Y, mask=X)", "mask is X, 2×5: it must be a matrix, 1×5"),
        ("mse(A, Y, mask=N)", "mse has no mask"),
    ],
)
def test_an_argument_that_does_not_fit_is_refused_in_a_line(call: str, message: str) -> None:
    shapes = {"A": (3, 5), "X": (2, 5), "Y": (3, 5), "N": (1, 5)}
    with pytest.raises((SpecError, ShapeError)) as caught:
        Network.equations([f"loss = {call} + 0 * sum(X) + 0 * sum(Y) + 0 * sum(N)"], shapes)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_layers_refuse_a_loss_of_three_matrices() -> None:
    with pytest.raises(SpecError, match="triplet_margin takes 3 matrices"):
        Network([Dense(3)], 2, "triplet_margin")
