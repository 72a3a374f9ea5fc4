"""A course: a network and submissions, right and wrong ones among them."""

from __future__ import annotations

from pathlib import Path

import pytest

from symbp.networks.layers import Dense
from symbp.networks.network import Network

RIGHT = """\
import numpy as np


def backward(X, Y, W1, b1, W2, b2):
    m = X.shape[1]
    A1 = np.tanh(W1 @ X + b1)
    A2 = W2 @ A1 + b2
    dZ2 = (A2 - Y) / m
    dW2 = dZ2 @ A1.T
    db2 = dZ2.sum(axis=1, keepdims=True)
    dZ1 = (W2.T @ dZ2) * (1 - A1**2)
    dW1 = dZ1 @ X.T
    db1 = dZ1.sum(axis=1, keepdims=True)
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""

CHANGES = {
    "s01": ("", ""),
    "s02": ("(1 - A1**2)", "(1 - A1)"),
    "s03": ("(A2 - Y) / m", "(A2 - Y)"),
    "s04": ("dW2 = dZ2", "dW2 = -dZ2"),
    "s05": ("def backward(", "def backward(("),
    "s07": ('"dW1": dW1, "db1": db1, ', ""),
    "s08": ("W2.T @ dZ2", "W2 @ dZ2"),
    "s09": ("import numpy as np", "import os, numpy as np\nos._exit(3)"),
}
"""What each changes in the right one, and into what."""


@pytest.fixture
def network() -> Network:
    return Network([Dense(5, "tanh"), Dense(2, "identity")], 3, "mse", batch=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "submissions"
    found.mkdir()
    for name, (old, new) in CHANGES.items():
        (found / f"{name}.py").write_text(RIGHT.replace(old, new) if old else RIGHT)
    return found
