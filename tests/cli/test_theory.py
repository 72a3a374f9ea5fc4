"""``symbp analyze --solve-init``, ``--derive`` and ``--draws``: text, JSON, documents, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sympy import Float

from symbp.analysis.derivations import ALPHA, DERIVATIONS, LAMBDA, N_IN, N_OUT, derivation_of
from symbp.cli.main import main
from symbp.ops.activations import SELU_ALPHA, SELU_LAMBDA

NETWORK = ["--layers", "4", "--widths", "32", "--activation", "tanh", "--loss", "mse"]


def test_the_critical_initialisation_is_said_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", "--solve-init", "--activation", "relu"]) == 0
    out = capsys.readouterr().out
    assert " ".join(out.split()).startswith(
        "relu is critical at σ_w = 1.414213562, σ_b = 0: --init normal:1.4142135623730951 "
    )
    assert "σ_w = 1.414213562 = √2" in out
    assert "= q/2" in out


def test_what_it_says_is_an_initialisation(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", "--solve-init", "--activation", "tanh(2*x)", "--sigma-b", "0.3"]) == 0
    said = " ".join(capsys.readouterr().out.partition("\n\n")[0].split()).split(": ")[1].split()
    assert said[0] == "--init"
    assert said[2:] == ["--sigma-b", "0.3"]
    assert main(["analyze", *NETWORK, *said]) == 0
    assert "biases with σ_b = 0.3" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("options", [["--solve-init", "--activation", "erf"], ["--draws", "2", *NETWORK]])
def test_json(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", *options, "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert json.loads(out)


def test_draws_stand_beside_the_prediction(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", *NETWORK, "--draws", "3", "--seed", "5"]) == 0
    out = capsys.readouterr().out
    assert "over 3 draws" in out
    assert "predicted" in out
    assert "±" in out


@pytest.mark.parametrize("name", DERIVATIONS)
def test_derivations_print_everywhere(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", "--derive", name]) == 0
    assert "\n  result  " in capsys.readouterr().out
    assert main(["analyze", "--derive", name, "-t", "gfm", "-o", "-"]) == 0
    assert "```math" in capsys.readouterr().out
    assert main(["analyze", "--derive", name, "-o", str(tmp_path / "notes.tex"), "-s"]) == 0
    assert r"\begin{document}" in (tmp_path / "notes.tex").read_text(encoding="utf-8")


def test_derivations_arrive() -> None:
    variance = derivation_of("xavier").result[0].rhs
    assert (variance - 2 / (N_IN + N_OUT)).equals(0)
    relu, leaky = (each.rhs for each in derivation_of("he").result)
    assert (relu - 2 / N_IN).equals(0)
    assert (leaky - 2 / (N_IN * (1 + ALPHA**2))).equals(0)
    values = {each.lhs: each.rhs for each in derivation_of("selu").result}
    assert float(values[ALPHA]) == 1.6732632423543772
    assert float(values[LAMBDA]) == 1.0507009873554805
    assert abs(values[ALPHA] - Float(SELU_ALPHA, 40)) < 1e-30
    assert abs(values[LAMBDA] - Float(SELU_LAMBDA, 40)) < 1e-30
    assert float(derivation_of("batchnorm").result[0].rhs) == pytest.approx(1.466942206924, rel=1e-11)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--solve-init"], "--solve-init needs an activation"),
        (["--solve-init", "--activation", "tnh"], "--activation tnh: "),
        (["--solve-init", "--activation", "x*exp(x**4)"], "--activation x*exp(x**4): no bound is known"),
        (["--solve-init", "--activation", "exp(x**2)", "--sigma-b", "3"], "--activation exp(x**2): "),
        (["--solve-init", "--activation", "tanh", "--sigma-b", "-1"], "--sigma-b -1: "),
        (["--solve-init", "--activation", "tanh", "--sigma-b", "nan"], "--sigma-b nan: "),
        (["--solve-init", "--activation", "tanh", "--sigma-b", "1e9"], "--sigma-b 1e9: "),
        (["--solve-init", "--derive", "he"], "--solve-init and --derive: give one"),
        (["--derive", "xaver"], "--derive xaver: unknown; did you mean 'xavier'?"),
        (["--derive", "he", "-o", "notes.docx"], "--output notes.docx: "),
        (["--draws", "1", *NETWORK], "--draws 1: "),
        (["--draws", "many", *NETWORK], "--draws many: "),
        (["--draws", "2", *NETWORK, "--init", "he:-1"], "--init he:-1: "),
        (["no-such-file.toml"], "no-such-file"),
    ],
)
def test_refusals(options: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", *options]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1


def test_an_example_is_analyzed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", "residual-mlp", "--draws", "2"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "±" in out
    assert not any(words in out for words in ("a layer", "per layer"))
