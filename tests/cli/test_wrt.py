"""``--wrt``: parameters and inputs to differentiate by, the same in derive and check."""

import json

import numpy as np
import pytest
from commands import outputs


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*argv):
    return outputs([argv])[0]


def gradients(*argv):
    code, out, err = run("derive", *argv, "--json", "--no-check")
    assert (code, err) == (0, "")
    return list(json.loads(out)["gradients"])


@pytest.mark.parametrize(
    ("argv", "names"),
    [
        (["--layers", "2", "--wrt", "X,W1"], ["X", "W1"]),
        (["--layers", "2", "--wrt", "b2"], ["b2"]),
        (["residual-mlp", "--wrt", "X"], ["X"]),
        (["transformer-block", "--wrt", "block1.attention.WQ,X"], ["block1.attention.WQ", "X"]),
        (["lstm-classifier", "--unroll", "2", "--wrt", "X1,lstm1.Wi"], ["X1", "lstm1.Wi"]),
        (["attention", "--wrt", "K"], ["K"]),
    ],
)
def test_only_what_is_asked_for_is_derived(argv, names):
    assert gradients(*argv) == names


@pytest.mark.parametrize("what", ["sigmoid-mlp", "small-cnn"])
def test_gradients_by_inputs_are_checked(what):
    code, out, _ = run("check", what, "--wrt", "X,b2")
    assert code == 0
    assert "all 2 gradients agree" in out


def test_the_page_says_how_it_was_made():
    code, out, _ = run("derive", "--layers", "2", "--activation", "tanh", "--loss", "mse", "--wrt", "X,W1")
    assert code == 0
    assert "∂ℒ/∂x = W₁ᵀ δ₁" in " ".join(out.split())
    assert "∂ℒ/∂W₂" not in out
    again = "--layers 2 --activation tanh --loss mse --wrt X,W1"
    assert f"symbp derive {again} --only X" in out
    assert f"symbp check {again}" in out
    (code, page, _), name = run("derive", "two-two-two", "--wrt", "X", "-o", "-"), "symbp derive two-two-two --wrt X"
    assert code == 0
    assert f"{name} -->" in page.splitlines()[0]


def test_a_gradient_of_ones_own_is_held_against_what_is_asked_for(folder):
    import symbp

    derivation = symbp.derive("two-two-two", wrt=["W1"])
    parameters = {each.name: np.ones(tuple(map(int, each.shape))) for each in derivation.network.parameters}
    x, y = np.full((2, 3), 0.5), np.full((2, 3), 0.25)
    _, found = derivation.compile()(parameters, x, y)
    np.savez(folder / "mine.npz", X=x, Y=y, **parameters, dW1=found["W1"])
    assert run("check", "two-two-two", "mine.npz", "--wrt", "W1")[0] == 0
    np.savez(folder / "mine.npz", X=x, Y=y, **parameters, dW1=2 * found["W1"])
    assert run("check", "two-two-two", "mine.npz", "--wrt", "W1")[0] == 1


def test_numbers_take_a_step_by_what_is_asked_for():
    values = ["derive", "two-two-two", "--values", "two-two-two", "--no-check", "-t", "text", "-o", "-"]
    assert "after the step" in run(*values)[1]
    assert "W₁ − η ∂ℒ/∂W₁ =" in run(*values, "--wrt", "W1,X")[1]
    assert "step" not in run(*values, "--wrt", "X")[1]


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["derive", "--wrt", "W9"], "--wrt W9: the network has no parameter or input 'W9'; it has W1, b1, W2, "),
        (["check", "--wrt", "W1,Z1"], "--wrt W1,Z1: the network has no parameter or input 'Z1'; it has "),
        (
            ["check", "transformer-block", "--wrt", "attention.WQ"],
            "no parameter or input 'attention.WQ'; did you mean 'block1.attention.WQ'?",
        ),
        (["derive", "two-two-two", "--wrt", "Y"], "--wrt Y: the network has no parameter or input 'Y'"),
        (["derive", "--wrt", "X,,W1"], "--wrt X,,W1: an empty place; give names with commas between them, as in "),
        (["derive", "--wrt", ""], "--wrt '': an empty place"),
        (["derive", "--wrt", "X;W1"], "X;W1 is not a name"),
        (["derive", "--wrt", "W1,W1"], "--wrt W1,W1: W1 is given twice"),
        (["derive", "--wrt", "W" * 90], "is not a name"),
        (
            ["derive", "two-two-two", "--values", "two-two-two", "--wrt", "X", "--train", "3"],
            "--wrt names no parameter",
        ),
    ],
)
def test_what_is_wrong_is_one_line(argv, said):
    code, out, err = run(*argv)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
