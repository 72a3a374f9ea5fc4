"""Models by name on the command line and in Python: the file runs in a process of its own."""

import shutil

import numpy as np
import pytest

import symbp
from symbp.cli.main import main

pytest.importorskip("torch")

SMALL = """
import torch
from torch import nn

def make():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)), torch.randn(5, 3), torch.randn(5, 2), "mse_loss"

def bare():
    return make()[0]

model = bare()

def hooked():
    model, *rest = make()
    model[0].weight.register_hook(lambda g: 2 * g)
    return model, *rest

def backward(parameters, cache, X, Y):
    return {}

def hangs():
    while True:
        pass

def prints():
    while True:
        print("x" * 10000)

def leaves():
    import os
    os._exit(5)

def forks():
    import os
    os.fork()
    return make()

def raises():
    raise ValueError("no data")
"""


@pytest.fixture
def small(tmp_path, monkeypatch):
    (tmp_path / "small.py").write_text(SMALL)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_sample_is_the_model_at_its_numbers(small):
    d = symbp.derive("small.py:make")
    sample = d.network.sample
    loss, gradients = d.compile()(sample.parameters, sample.x, sample.y)
    assert loss == pytest.approx(sample.loss, rel=1e-12)
    assert gradients.keys() == sample.given.keys()
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, sample.given[name], atol=1e-12)
    assert {name: each.shape for name, each in sample.to_torch(gradients).items()} == {
        "0.weight": (4, 3),
        "0.bias": (4,),
        "2.weight": (2, 4),
        "2.bias": (2,),
    }


def test_checked_against_pytorch_and_then_proved(small, capsys):
    assert main(["check", "small.py:make"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert out.startswith("right: all 4 gradients agree")
    assert "agrees with PyTorch on your model: 4 of 4, worst" in out


def test_what_the_file_does_not_give(small, capsys):
    assert main(["check", "small.py:model", "--input", "5x3", "--loss", "mse_loss"]) == 0
    assert main(["check", "small.py:bare", "--input", "5x3"]) == 2
    assert "--loss" in capsys.readouterr().err


def test_other_gradients_are_not_derived(small, capsys):
    assert main(["derive", "small.py:hooked", "-o", "-"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "1 of 4 parameters" in captured.err
    assert "0.weight: a hook on" in captured.err


MINE = """
import numpy as np

def backward(parameters, X, Y):
    W0, b0, W2, b2 = (parameters[f"model.{name}"] for name in ("0.weight", "0.bias", "2.weight", "2.bias"))
    A = np.tanh(W0 @ X + b0)
    dZ2 = 2 * (W2 @ A + b2 - Y) / Y.size
    dZ0 = (W2.T @ dZ2) * (1 - A * A)
    grads = {"2.weight": dZ2 @ A.T, "2.bias": dZ2.sum(1, keepdims=True), "0.weight": dZ0 @ X.T}
    return {f"model.{name}": g for name, g in {**grads, "0.bias": dZ0.sum(1, keepdims=True)}.items()}
"""


@pytest.mark.parametrize(("old", "new", "code", "verdict"), [("", "", 0, "right"), ("W2.T @", "-W2.T @", 1, "wrong")])
def test_a_gradient_for_the_network_of_a_model(small, capsys, old, new, code, verdict):
    (small / "mine.py").write_text(MINE.replace(old, new) if old else MINE)
    assert main(["check", "small.py:make", "mine.py"]) == code
    assert capsys.readouterr().out.startswith(verdict)


def test_what_is_no_model_is_refused_with_both_ways(small, capsys):
    assert main(["check", "small.py:backward"]) == 2
    said = capsys.readouterr().err
    assert "return a module" in said
    assert "symbp check NETWORK small.py:backward" in said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("leaves", "exit code 5"),
        ("raises", "small.py, line 40: raises() raised ValueError: no data"),
        ("forks", None),
        ("nothing", "nothing that the file has"),
    ],
)
def test_a_file_that_misbehaves(small, capsys, name, said):
    assert main(["check", f"small.py:{name}"]) == (0 if said is None else 2)
    if said:
        err = capsys.readouterr().err.strip()
        assert said in err.splitlines()[-1]


@pytest.mark.parametrize("name", ["hangs", "prints"])
def test_a_file_that_does_not_end(small, capsys, monkeypatch, name):
    monkeypatch.setattr("symbp.networks.importing.process.SECONDS", 8.0)
    assert main(["check", f"small.py:{name}"]) == 2
    assert "not done within 8 s" in capsys.readouterr().err


def test_pytorch_is_missing(small, capsys):
    program = small / "python"
    program.write_text(f'#!/bin/sh\nexec {shutil.which("python3")} -S "$@"\n')
    program.chmod(0o755)
    assert main(["check", "small.py:make", "--python", str(program)]) == 2
    assert "has no PyTorch: pip install torch, or name a Python that has it with --python" in capsys.readouterr().err


@pytest.mark.parametrize("options", [["--batch"], ["--unroll", "3"], ["--layers", "3"], ["--no-bias"]])
def test_options_that_change_nothing(small, capsys, options):
    assert main(["derive", "small.py:make", *options]) == 2
    assert options[0] in capsys.readouterr().err
