"""``symbp check``: its table in every format, its exit codes, numbers of one's own, engines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from symbp.cli.main import main
from symbp.errors import SpecError
from symbp.numeric import autodiff


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


NETWORK = ["--layers", "2", "--widths", "2,2,1", "--activation", "relu", "--output-activation", "identity"]
DEAD = "X = [2, 2]\nY = [1]\n[parameters]\nW1 = [[1, 0], [0, 1]]\nb1 = -9\nW2 = [[1, 2]]\nb2 = 0\n"
KINK = "X = [2, 2]\nY = [1]\n[parameters]\nW1 = [[1, -1], [1, 1]]\nb1 = 0\nW2 = [[1, 2]]\nb2 = 0\n"


def test_the_terminal_shows_digits_and_conventions(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", *NETWORK, "--loss", "mse"]) == 0
    out = capsys.readouterr().out
    for said in (
        "right: all 4 gradients",
        "expected",
        "complex step",
        "central",
        "50 digits",
        "ReLU′(0) = 0",
        "seed 0",
    ):
        assert said in out


@pytest.mark.parametrize("to", ["gfm", "markdown", "latex", "text"])
def test_the_table_is_written(to: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", *NETWORK, "--loss", "mse", "-t", to, "-o", "-"]) == 0
    out = capsys.readouterr().out
    assert "Written by symbp" in out.splitlines()[0]
    for said in ("right: all 4 gradients agree", "complex step", "central", "50 digits", "expected"):
        assert said in out
    assert r"\begin{tabular}" in out or to != "latex"


def test_the_table_goes_to_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", *NETWORK, "--loss", "mse", "-o", "table.tex"]) == 0
    assert "wrote       table.tex" in capsys.readouterr().out
    first = Path("table.tex").read_text(encoding="utf-8")
    assert main(["check", *NETWORK, "--loss", "mse", "-o", "table.tex"]) == 0
    assert Path("table.tex").read_text(encoding="utf-8") == first
    assert main(["check", *NETWORK, "--loss", "mse", "-t", "gfm"]) == 0
    assert Path("output/backprop-2-check.md").is_file()


def test_what_cannot_be_told_has_an_exit_code_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    text = "X = [2, 2]\nY = [1]\n[parameters]\nW1 = [[800, 0], [0, 1]]\nb1 = 0\nW2 = [[1, 2]]\nb2 = 0\n"
    Path("big.toml").write_text(text, encoding="utf-8")
    network = ["exp(x)" if each == "relu" else each for each in NETWORK]
    assert main(["check", *network, "--loss", "mse", "--values", "big.toml"]) == 3
    out = capsys.readouterr().out
    assert out.startswith("incomplete: the forward pass overflows in a₁, so nothing is proved\n")


def test_checking_at_numbers_of_ones_own(capsys: pytest.CaptureFixture[str]) -> None:
    Path("dead.toml").write_text(DEAD, encoding="utf-8")
    assert main(["check", *NETWORK, "--loss", "mse", "--values", "dead.toml"]) == 0
    assert "every unit of A1 is dead for this example" in capsys.readouterr().out
    Path("kink.toml").write_text(KINK, encoding="utf-8")
    assert main(["check", *NETWORK, "--loss", "mse", "--values", "kink.toml", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["rows"][0]["aside"] == 2
    assert any("set aside at a kink (ReLU at 0 in A1)" in note for note in data["notes"])
    assert data["conventions"]


def test_json_is_complete_and_the_same_for_the_same_seed(capsys: pytest.CaptureFixture[str]) -> None:
    outs = []
    for seed in ("3", "3", "4"):
        assert main(["check", *NETWORK, "--loss", "mse", "--seed", seed, "--json"]) == 0
        outs.append(capsys.readouterr().out)
    assert outs[0] == outs[1] != outs[2]
    data = json.loads(outs[0])
    assert data["outcome"] == "passed"
    assert {"method", "entries", "expected", "reached", "kind"} == set(data["rows"][0]["measured"][0])


def test_a_missing_engine_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autodiff, "find_spec", lambda name: None)
    assert main(["check", *NETWORK, "--loss", "mse", "--engine", "jax"]) == 2
    assert "--engine jax: jax is not installed; pip install 'symbp[jax]'" in capsys.readouterr().err
    with pytest.raises(SpecError, match="did you mean 'torch'"):
        autodiff.autodiff("tourch")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-t", "numpy"], "--to numpy: this is a page; give gfm, markdown"),
        (["-t", "gmf"], "did you mean 'gfm'?"),
        (["--values", "no.toml"], "no.toml"),
    ],
)
def test_bad_options_are_one_line(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", *NETWORK, "--loss", "mse", *arguments]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


SMALL = "sigmoid"
"""An activation that makes the gradients of a deep network small beside the loss."""


def test_the_column_is_headed_by_the_digits_that_were_used(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["check", "--layers", "12", "--widths", "3", "--activation", SMALL, "--loss", "mse"]
    assert main([*arguments, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    used = {run["precision"] for run in data["runs"]}
    assert max(used) > 50
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert f"{data['precision']} digits" in out
    assert " 50 digits" not in out


def test_what_is_unusual_stands_in_the_row_and_in_the_first_line(capsys: pytest.CaptureFixture[str]) -> None:
    layers = '[[layers]]\ntype = "dense"\nunits = 5\nactivation = "identity"\n[[layers]]\ntype = "batch_norm"\n'
    end = '[[layers]]\ntype = "dense"\nunits = 2\nactivation = "identity"\n'
    Path("bnb.toml").write_text(f'inputs = 3\nloss = "mse"\n{layers}{end}', encoding="utf-8")
    assert main(["check", "bnb.toml"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "right: 5 of 6 gradients agree; b1 is zero to rounding"
    assert any(line.split()[:2] == ["b₁", "b1"] and "zero: " in line for line in lines)
    assert all(len(line) <= 80 for line in lines)
