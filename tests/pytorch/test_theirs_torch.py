"""A backward pass in PyTorch: its tensors are read, and one that is handed NumPy arrays is told how to begin."""

from __future__ import annotations

from pathlib import Path

import pytest

from symbp.derivation import derive
from symbp.errors import SpecError
from symbp.judging.judging import judge_file

pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch==2.13.0")

AUTOGRAD = """
import torch

def backward(parameters, X, Y):
    p = {name: torch.tensor(array, requires_grad=True) for name, array in parameters.items()}
    X, Y = torch.from_numpy(X), torch.from_numpy(Y)
    a = torch.tanh(p["W2"] @ torch.tanh(p["W1"] @ X + p["b1"]) + p["b2"])
    loss = LOSS
    loss.backward()
    return loss, {name: each.grad for name, each in p.items()}
"""

OURS = "((a - Y) ** 2).sum() / (2 * X.shape[1])"


def test_tensors_are_read_and_mse_loss_is_told_apart(tmp_path: Path) -> None:
    derivation, place = derive(layers=2, activation="tanh", loss="mse"), tmp_path / "mine.py"
    place.write_text(AUTOGRAD.replace("LOSS", OURS))
    judged = judge_file(derivation, place, timeout=60)
    assert str(judged.diagnosis.verdict) == "right"
    assert any("torch tensors" in note for note in judged.notes)
    place.write_text(AUTOGRAD.replace("LOSS", "torch.nn.MSELoss()(a, Y)"))
    judged = judge_file(derivation, place, timeout=60)
    assert str(judged.diagnosis.verdict) == "right"
    assert any("the loss that it returns is 0.181818 times ours as well" in note for note in judged.notes)


def test_arrays_where_tensors_are_needed(tmp_path: Path) -> None:
    place = tmp_path / "mine.py"
    place.write_text("import torch\ndef backward(X):\n    return torch.tanh(X)\n")
    with pytest.raises(SpecError, match=r"begin with X = torch\.from_numpy"):
        judge_file(derive(layers=1, activation="tanh", loss="mse"), place, timeout=60)
