"""What a notebook shows of our values: pages and equations, as HTML, LaTeX and Markdown."""

from html import unescape

import pytest

import symbp
from symbp import representation
from symbp.checking.report import CheckReport

DERIVATION = symbp.derive(layers=2, activation="tanh", loss="mse")


def test_a_derivation_shows_itself_with_its_verdict():
    shown = DERIVATION._repr_markdown_()
    assert "# Backpropagation through a two-layer network" in shown
    assert "**Checked** All 4 gradients agree" in shown
    assert "$l = 1, \\ldots, L$" in shown
    assert "```math" not in shown
    assert DERIVATION._repr_latex_().startswith("% Written by symbp")
    assert unescape(DERIVATION._repr_html_()).startswith('<iframe srcdoc="<!DOCTYPE html>')


def test_a_gradient_shows_its_equations():
    gradient = DERIVATION.gradients["W1"]
    shown = gradient._repr_latex_()
    assert shown.startswith("$$\n\\begin{aligned}")
    assert shown == gradient._repr_markdown_()
    assert "\\partial\\mathcal{L}" in shown.replace(" ", "")
    assert gradient._repr_html_().count("<math") == 2


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (lambda: symbp.check(DERIVATION, thorough=False), "all 4 gradients agree"),
        (lambda: symbp.analyze(symbp.Network.mlp(layers=3, activation="tanh", loss="mse")), "# stable: "),
    ],
)
def test_a_check_and_an_analysis_show_their_pages(value, said):
    shown = value()
    assert said in shown._repr_markdown_()
    assert shown._repr_html_().startswith("<iframe")
    assert shown._repr_latex_().startswith("% Written by symbp")


def test_what_was_made_by_hand_is_left_to_its_repr():
    assert CheckReport((), (), 0, thorough=False)._repr_html_() is None


def test_the_table_is_open(monkeypatch):
    class Mine(representation.Represented):
        pass

    class Writer:
        def representation(self, value, kind):
            return f"{kind} of mine" if isinstance(value, Mine) else None

    assert Mine()._repr_latex_() is None
    monkeypatch.setattr(representation, "WRITERS", [*representation.WRITERS, Writer()])
    assert Mine()._repr_latex_() == "latex of mine"
