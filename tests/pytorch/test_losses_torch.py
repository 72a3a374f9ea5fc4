"""Losses by name against PyTorch's, value and gradient, in float64."""

from __future__ import annotations

import numpy as np
import pytest

from symbp import Network, derive

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch==2.13.0")
F = torch.nn.functional

CLASSES, EXAMPLES = 4, 6
RANDOM = np.random.default_rng(17)
GIVEN = {
    "A": RANDOM.normal(size=(CLASSES, EXAMPLES)),
    "B": RANDOM.normal(size=(CLASSES, EXAMPLES)),
    "C": RANDOM.normal(size=(CLASSES, EXAMPLES)),
    "w": RANDOM.uniform(0.5, 2, size=(CLASSES, 1)),
    "n": np.array([[1.0, 0.0, 1.0, 1.0, 0.0, 1.0]]),
}
LABELS = np.array([0, 3, 2, 1, 1, 0])
IGNORED = torch.tensor(np.where(GIVEN["n"][0] == 1, LABELS, -100))
WEIGHTS = torch.tensor(GIVEN["w"][:, 0])
TARGETS = {
    "one-hot": np.eye(CLASSES)[:, LABELS],
    "count": RANDOM.poisson(2, size=(CLASSES, EXAMPLES)).astype(float),
    "binary": RANDOM.integers(0, 2, size=(CLASSES, EXAMPLES)).astype(float),
    "real": RANDOM.normal(size=(CLASSES, EXAMPLES)),
}

CASES = {
    "multi_class_hinge(A, Y)": ("one-hot", lambda a, y: CLASSES * F.multi_margin_loss(a.T, torch.tensor(LABELS))),
    "multi_class_hinge(A, Y, 0.3)": (
        "one-hot", lambda a, y: CLASSES * F.multi_margin_loss(a.T, torch.tensor(LABELS), margin=0.3)),
    "poisson(A, Y)": ("count", lambda a, y: CLASSES * F.poisson_nll_loss(a, y)),
    "kl(softmax(A), Y)": (
        "one-hot", lambda a, y: F.kl_div(F.log_softmax(a, 0).T, y.T, reduction="batchmean")),
    "gaussian_nll(A, Y, exp(B))": (
        "real", lambda a, y: CLASSES * F.gaussian_nll_loss(a, y, torch.exp(torch.tensor(GIVEN["B"])), eps=0)),
    "cosine(A, Y)": ("real", lambda a, y: F.cosine_embedding_loss(a.T, y.T, torch.ones(EXAMPLES))),
    "triplet_margin(A, B, C)": (
        "", lambda a, y: F.triplet_margin_loss(*(each.T for each in (a, *map(torch.tensor, (GIVEN["B"], GIVEN["C"])))),
                                               eps=0)),
    "info_nce(A, Y, 0.5)": ("real", lambda a, y: F.cross_entropy(a.T @ y / 0.5, torch.arange(EXAMPLES))),
    "cross_entropy(softmax(A), Y, label_smoothing=0.1)": (
        "one-hot", lambda a, y: F.cross_entropy(a.T, torch.tensor(LABELS), label_smoothing=0.1)),
    "cross_entropy(softmax(A), Y, weight=w)": (
        "one-hot", lambda a, y: F.cross_entropy(a.T, torch.tensor(LABELS), weight=WEIGHTS)),
    "cross_entropy(softmax(A), Y, mask=n)": ("one-hot", lambda a, y: F.cross_entropy(a.T, IGNORED)),
    "cross_entropy(softmax(A), Y, label_smoothing=0.1, weight=w, mask=n)": (
        "one-hot", lambda a, y: F.cross_entropy(a.T, IGNORED, weight=WEIGHTS, label_smoothing=0.1)),
    "mse(A, Y)": ("real", lambda a, y: CLASSES / 2 * F.mse_loss(a, y)),
    "mae(A, Y)": ("real", lambda a, y: CLASSES * F.l1_loss(a, y)),
    "huber(A, Y, 0.7)": ("real", lambda a, y: CLASSES * F.huber_loss(a, y, delta=0.7)),
    "bce(sigmoid(A), Y)": ("binary", lambda a, y: CLASSES * F.binary_cross_entropy(torch.sigmoid(a), y)),
}  # fmt: skip


@pytest.mark.parametrize("call", CASES)
def test_a_loss_and_its_gradient_are_those_of_pytorch(call: str) -> None:
    kind, theirs = CASES[call]
    names = [name for name in "BCwn" if f" {name}" in call or f"={name}" in call or f"({name})" in call]
    y = TARGETS.get(kind)
    shapes = {name: GIVEN[name].shape for name in ["A", *names]} | ({} if y is None else {"Y": y.shape})
    made = Network.equations([f"loss = {call}"], shapes, ["A"], [], ["Y"] * (y is not None), constants=names)
    given = {name: GIVEN[name] for name in names}
    loss, gradients = derive(made).compile()({"A": GIVEN["A"]}, given or None, y)
    a = torch.tensor(GIVEN["A"], requires_grad=True)
    wanted = theirs(a, None if y is None else torch.tensor(y))
    wanted.backward()
    assert loss == pytest.approx(wanted.item(), rel=1e-12)
    np.testing.assert_allclose(gradients["A"], a.grad.numpy(), rtol=1e-10, atol=1e-13)
