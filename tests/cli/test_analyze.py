"""``symbp analyze``: the sentence first, aliases, JSON, exit codes."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

import symbp.cli.jobs.analyze as job
from symbp.analysis.flow import GradientFlow
from symbp.cli.main import main
from symbp.networks.examples import EXAMPLES
from symbp.networks.operations import OPERATIONS


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports are written to the folder one works in, figures only where they are asked for: they take a second."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("symbp.report.plots.available", lambda: False)


SMALL = ["--layers", "4", "--widths", "6", "--activation", "sigmoid", "--loss", "mse"]


@pytest.mark.parametrize("name", ["analyze", "analyse", "flow"])
def test_the_sentence_comes_first(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, *SMALL]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0].startswith("sigmoid shrinks the gradient ×0.")
    assert " a layer: gradient and error vanishing, activation stable\n" in out
    assert err == "symbp: no figures; for them: pip install 'symbp[plots]'\n"
    table = out.split("\n\n")[2].splitlines()
    assert [line.split()[0] for line in table[1:]] == ["W4", "W3", "W2", "W1"]
    assert Path("output/flow-4.md").is_file()
    assert Path("output/flow-4.tex").is_file()


def test_without_an_activation_two_are_contrasted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", "--layers", "30"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("sigmoid shrinks")
    assert lines[1].startswith("relu ")
    assert lines.count("sigmoid") == lines.count("relu") == 1
    assert len(lines) < 45


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
    assert "…" in out
    assert all(f"\n  {name} " in out for name in ("W40", "W36", "W5", "W1"))
    assert "\n  W20 " not in out


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
    assert "DOES NOT ADD UP" in capsys.readouterr().out
    assert job.CONTRASTED == ("sigmoid", "relu")


def test_moments_that_grow_without_bound_are_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    """E[exp(x)²] is finite at every length, but lengths leave the fixed point at which it is critical."""
    assert main(["analyze", "--solve-init", "--activation", "exp(x)"]) == 0
    out, err = capsys.readouterr()
    assert "lengths leave its fixed point" in out.splitlines()[0]
    assert "lengths diverge" in out
    assert err == ""


@pytest.mark.parametrize("more", [[], ["--draws", "2"], ["--compare"]])
def test_dead_units_are_a_verdict(more: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", "--layers", "4", "--widths", "6", "--activation", "relu(-x**2 - 1)", *more]) == 0
    out, _ = capsys.readouterr()
    assert "exactly zero" in out.splitlines()[0]
    assert "dead" in out


@pytest.mark.parametrize("more", [[], ["--draws", "3"], ["--compare"]])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_widths_of_one(activation: str, more: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", "--layers", "5", "--widths", "1", "--activation", activation, *more]) == 0
    assert capsys.readouterr().out.startswith(activation)


def test_a_remedy_that_keeps_an_exploding_network_finite_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """The network as it is overflows: that is its line of the table, and the layer is named."""
    options = ["--layers", "14", "--widths", "8", "--activation", "relu", "--init", "normal:1e30"]
    assert main(["analyze", *options, "--compare"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("the forward pass overflows in layer 1")
    assert "nearest to ×1 a layer, with gradient, error and activation stable: " in " ".join(out.split())


@pytest.mark.parametrize("name", [*EXAMPLES, *OPERATIONS])
def test_everything_that_has_a_name_has_a_flow_or_a_reason(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["analyze", name, "-o", "-", "-t", "gfm"])
    out, err = capsys.readouterr()
    if code == 0:
        assert "gradient norm" in out
        assert "| adds up" in out
    else:
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert "no weights here" in err
        assert name in OPERATIONS


def test_activations_beyond_the_panels_of_the_phases_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    several = [word for each in ("tanh", "relu", "gelu", "erf", "x*sigmoid(2*x)") for word in ("--activation", each)]
    monkeypatch.setattr("symbp.report.plots.available", lambda: True)
    # The page is the subject: matplotlib need not be here.
    for drawn in ("norms", "budget", "spectra", "phase", "saved"):
        monkeypatch.setattr(f"symbp.report.plots.{drawn}", lambda *_: b"")
    assert main(["analyze", "--layers", "4", "--widths", "6", *several, "-o", "page.md"]) == 0
    page = Path("page.md").read_text(encoding="utf-8")
    assert "The first 4 activations are drawn; left out: f(x) = x" in page
    assert "\nF(x)" not in page
