"""--unroll and --jacobian: the steps of recurrent layers from the command line, and from Network.load."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from symbp import Network, SpecError
from symbp.cli.main import main
from symbp.networks.examples import EXAMPLES

EQUATIONS = "W: 5 x 3\nX: 3 x m\nY: 5 x m\nH = tanh(W @ X)\nloss = mse(H, Y)\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.txt").write_text(EQUATIONS, encoding="utf-8")
    return tmp_path


def test_unroll_says_how_many_steps(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", "lstm-classifier", "--unroll", "7", "-t", "text", "-o", "-"]) == 0
    out = capsys.readouterr().out
    assert "through an LSTM" in out
    assert "T = 7" in out
    assert main(["check", "lstm-classifier", "--unroll", "2"]) == 0
    capsys.readouterr()
    assert main(["derive", "lstm-classifier", "--unroll", "3", "-t", "gfm", "-o", "-"]) == 0
    assert "symbp derive lstm-classifier --unroll 3 -->" in capsys.readouterr().out.splitlines()[0]


def test_jacobian_says_between_which_steps(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["derive", "lstm-classifier", "--unroll", "8", "--jacobian", "2,6", "-t", "text", "-o", "-"]
    assert main(words) == 0
    (line,) = [each.strip() for each in capsys.readouterr().out.splitlines() if each.strip().startswith("δs₂ = ")]
    assert re.findall("[₀-₉]", line) == ["₂", "₃", "₄", "₅", "₆", "₆"]


@pytest.mark.parametrize("name", ["rnn", "lstm", "gru", "LSTM"])
def test_a_cell_alone_is_one_step(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", name, "-t", "text", "-o", "-"]) == 0
    assert "through one step of a" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["derive", "lstm-classifier", "--unroll", "0"], "--unroll 0: the number of steps is a whole number from 1"),
        (["derive", "lstm-classifier", "--unroll", "1_0"], "--unroll 1_0: the number of steps"),
        (["check", "lstm-classifier", "--unroll", "10001"], "--unroll 10001: the number of steps"),
        (
            ["derive", "small-cnn", "--unroll", "3"],
            "there is no recurrent layer (sequence_encoder, rnn, lstm, gru) to unroll",
        ),
        (["derive", "own.txt", "--unroll", "3"], "equations have no recurrent layer"),
        (["derive", "--layers", "3", "--unroll", "3"], "--unroll 3: the options describe no recurrent layer"),
        (["derive", "lstm", "--unroll", "3"], "--unroll 3: lstm alone is one step"),
        (["derive", "lstm-classifier", "--jacobian", "2"], "--jacobian 2: give two steps from 1"),
        (["derive", "lstm-classifier", "--jacobian", "3,2"], "--jacobian 3,2: the earlier step comes first"),
        (["derive", "lstm-classifier", "--jacobian", "2,2"], "--jacobian 2,2: the earlier step comes first"),
        (["derive", "lstm-classifier", "--jacobian", "2,6"], "has steps 1 to 4; --unroll T gives it more"),
        (["derive", "small-cnn", "--jacobian", "1,2"], "--jacobian 1,2: the network has no recurrent layer"),
    ],
)
def test_refused(words: list[str], said: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert [path.name for path in folder.iterdir()] == ["own.txt"]


def test_loaded_with_steps() -> None:
    network = Network.load(EXAMPLES["lstm-classifier"], unroll=2)
    assert [x.name for x in network.inputs] == ["X1", "X2"]
    with pytest.raises(SpecError, match="no recurrent layer"):
        Network.load(EXAMPLES["small-cnn"], unroll=2)
    with pytest.raises(SpecError, match="steps is 0"):
        Network.load(EXAMPLES["lstm-classifier"], unroll=0)
