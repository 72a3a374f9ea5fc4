"""``symbp analyze``: the sentence first, aliases, JSON, exit codes."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

import symbp.cli.flow as job
from symbp.analysis.flow import GradientFlow
from symbp.cli.main import main
from symbp.networks.examples import EXAMPLES
from symbp.networks.operations import OPERATIONS


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports are written to the folder one works in, figures only where they are asked for: they take a second."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("symbp.writing.figures.available", lambda: False)


SMALL = ["--layers", "4", "--widths", "6", "--activation", "sigmoid", "--loss", "mse"]


@pytest.mark.parametrize("name", ["analyze", "analyse", "flow"])
def test_the_sentence_comes_first(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, *SMALL]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0].startswith("vanishing: ")
    assert out.splitlines()[1] == "  4 layers of 6 sigmoid units, Xavier weights, mse loss, 32 examples"
    assert err == "symbp: no figures; for them: pip install 'symbp[plots]'\n"
    table = next(part for part in out.split("\n\n") if part.lstrip().startswith("l "))
    assert [line.split()[0] for line in table.splitlines()] == ["l", "4", "3", "2", "1", "at"]
    assert Path("output/flow-4.md").is_file()
    assert Path("output/flow-4.tex").is_file()


def test_without_an_activation_two_are_contrasted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", "--layers", "30"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "vanishing: sigmoid and relu"
    starts = [line.split()[0] for line in lines if line.startswith("  ") and line[2:3] != " "]
    assert starts.count("sigmoid") == starts.count("relu") == 1
    assert sum("error on its way back" in line or "δₗ  =" in line for line in lines) == 1


def test_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", *SMALL, "--init", "normal:1.0", "--seed", "3", "--json"]) == 0
    out, err = capsys.readouterr()
    (flow,) = json.loads(out)["flows"]
    assert err == ""
    assert flow["verdict"] == "vanishing"
    assert flow["seed"] == 3
    assert [row["parameter"] for row in flow["rows"]] == ["W1", "W2", "W3", "W4"]
    for row in flow["rows"]:
        assert sum(row["roles"].values()) == pytest.approx(row["log10_norm"])


def test_ascii_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    assert main(["analyze", *SMALL, "--init", "normal:1"]) == 0
    out = stream.buffer.getvalue().decode("ascii")  # type: ignore[attr-defined]
    assert "####" in out
    assert "\\x" not in out
    assert "\\u" not in out


def test_deep_networks_show_both_ends(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", "--layers", "40", "--widths", "4", "--activation", "tanh", "--loss", "mse"]) == 0
    out = capsys.readouterr().out
    assert _layers(out) == [40, 39, 38, 37, 3, 2, 1]
    assert "37 … 4" in out
    assert main(["analyze", "--layers", "40", "--widths", "4", "--activation", "tanh", "--loss", "mse", "--rows"]) == 0
    assert _layers(capsys.readouterr().out) == list(range(40, 0, -1))


def _layers(out: str) -> list[int]:
    """Return the layers that the table has rows of; one that stands for several has its first."""
    table = next(part for part in out.split("\n\n") if part.lstrip().startswith("l "))
    return [int(line.split()[0]) for line in table.splitlines() if line.split()[0].isdigit()]


def test_rows_that_are_shown_already_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", *SMALL, "--rows"]) == 2
    assert "--rows: every row is shown without it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--init", "xavir"], "--init xavir: unknown; did you mean 'xavier'?"),
        (["--init", "normal:-1"], "--init normal:-1: σ is a positive number"),
        (["--init", "normal:nan"], "--init normal:nan: "),
        (["--init", "xavier:2"], "--init xavier:2: xavier takes no number"),
        (["--sigma-b", "-1"], "--sigma-b -1: a standard deviation is a number from 0 on"),
        (["--init", ""], "--init '': unknown; choose from"),
        (["--seed", "-1"], "--seed -1: "),
        (["--activation", "sigmid"], "--activation sigmid: "),
        (["--layers", "30", "--activation", "relu", "--init", "normal:1e30"], "overflows in layer 1"),
        (["--layers", "30", "--activation", "relu", "--init", "normal:1e30", "--draws", "3"], "overflows in layer 1"),
        ([*SMALL[:4], "--activation", "exp(x**2)"], "overflows in layer "),
        ([*SMALL[:4], "--activation", "exp(x)"], "overflows in layer "),
        (["--solve-init", "--activation", "exp(x**2)"], "its moments are infinite from q = 0.25 on"),
        (["--solve-init", "--activation", "exp(exp(x))"], "--activation exp(exp(x)): no bound is known"),
        (["--solve-init", "--layers", "3"], "--solve-init needs an activation: name one with --activation"),
        (["attention"], "no weights here"),
    ],
)
def test_refusals(options: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", *options]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1


def test_a_budget_that_does_not_add_up_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(GradientFlow, "error", property(lambda self: 1e-6))
    monkeypatch.setattr(GradientFlow, "agrees", property(lambda self: False))
    assert main(["analyze", *SMALL]) == 1
    assert "gradients do not multiply to their norms" in " ".join(capsys.readouterr().out.split())
    assert job.CONTRASTED == ("sigmoid", "relu")


def test_moments_that_grow_without_bound_are_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    """E[exp(x)²] is finite at every length, but lengths leave the fixed point at which it is critical."""
    assert main(["analyze", "--solve-init", "--activation", "exp(x)"]) == 0
    out, err = capsys.readouterr()
    assert "variances leave its fixed point" in " ".join(out.split())
    assert "lengths diverge" in out
    assert err == ""


@pytest.mark.parametrize("more", [[], ["--draws", "2"], ["--compare"]])
def test_dead_units_are_a_verdict(more: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", "--layers", "4", "--widths", "6", "--activation", "relu(-x**2 - 1)", *more]) == 0
    out, _ = capsys.readouterr()
    assert "dead" in out
    assert more == ["--compare"] or "exactly zero" in out.splitlines()[0]


@pytest.mark.parametrize("more", [[], ["--draws", "3"], ["--compare"]])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_widths_of_one(activation: str, more: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", "--layers", "5", "--widths", "1", "--activation", activation, *more]) == 0
    assert activation in capsys.readouterr().out


def test_a_remedy_that_keeps_an_exploding_network_finite_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """The network as it is overflows: that is its line of the table, and the layer is named."""
    options = ["--layers", "14", "--widths", "8", "--activation", "relu", "--init", "normal:1e30"]
    assert main(["analyze", *options, "--compare"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("take ")
    assert "the forward pass overflows in layer 1" in " ".join(out.split())


@pytest.mark.parametrize("name", [*EXAMPLES, *OPERATIONS])
def test_everything_that_has_a_name_has_a_flow_or_a_reason(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["analyze", name, "-o", "-", "-t", "gfm"])
    out, err = capsys.readouterr()
    if code == 0:
        assert "**Checked** The gains" in out
    else:
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert "no weights here" in err
        assert name in OPERATIONS


def test_activations_beyond_the_panels_of_the_phases_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    several = [word for each in ("tanh", "relu", "gelu", "erf", "x*sigmoid(2*x)") for word in ("--activation", each)]
    monkeypatch.setattr("symbp.writing.figures.available", lambda: True)
    # The page is the subject: matplotlib need not be here.
    for drawn in ("norms", "budget", "spectra", "phase", "saved"):
        monkeypatch.setattr(f"symbp.writing.figures.{drawn}", lambda *_: b"")
    assert main(["analyze", "--layers", "4", "--widths", "6", *several, "-o", "page.md"]) == 0
    page = Path("page.md").read_text(encoding="utf-8")
    assert "4 activations are drawn; left out: $`f(x) = " in page
