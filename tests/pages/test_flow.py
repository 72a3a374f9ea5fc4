"""The page of gradient flow of a stack: rows that multiply out, folded and whole, rates, every format."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from symbp import Dense, Network, derive
from symbp.analysis.account import LOG_10
from symbp.analysis.budget import Prepared
from symbp.analysis.flow import Flow
from symbp.analysis.initialisations import initialisation
from symbp.analysis.outlook import outlook
from symbp.analysis.stacks import Layer, Pace, layers, pace
from symbp.analysis.suggestion import suggestion
from symbp.networks.layers import Linear
from symbp.pages.page import Bar, Image, Page, Table
from symbp.pages.tell.flow import flow_page, headline
from symbp.pages.tell.flow_parts import Study, scientific
from symbp.pages.words import language
from symbp.writing.formula import math_text
from symbp.writing.page_html import write_html
from symbp.writing.page_latex import write_latex
from symbp.writing.page_markdown import write_markdown
from symbp.writing.text import words_text, write_text


def study(network: Network, init: str = "xavier") -> Study:
    derivation, chosen = derive(network), initialisation(init)
    flow = Prepared.of(derivation, 8).account(chosen, 0, bounds=None)
    beside = outlook(derivation, chosen, init, flow)
    return Study("it", derivation, flow, beside, suggestion=suggestion(derivation, chosen, flow))


@cache
def deep() -> Study:
    return study(Network.mlp(layers=14, widths=128, activation="sigmoid", loss="mse"))


def first_line(found: Study) -> str:
    return words_text(headline(language(), found))


def tables(page: Page) -> list[Table]:
    return [block for block in page.blocks if isinstance(block, Table)]


def product(above: Layer, each: Layer) -> float:
    """Return the norm of an error that a row multiplies out to: that of the row above, times its gains."""
    return above.error + sum(gain for gain in (each.weight, each.slope, each.other) if gain is not None)


NETWORKS = {
    "sigmoid": Network.mlp(layers=5, widths=6, activation="sigmoid", loss="mse"),
    "softmax": Network([Dense(6, "tanh")] * 4 + [Dense(3, "softmax")], 5, "cross_entropy"),
    "linear": Network([Linear(4), Linear(4), Linear(4, bias=False)], 4, "mse"),
    "batchnorm": Network.load("batchnorm-mlp"),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_row_multiplies_out(name: str) -> None:
    found = layers(study(NETWORKS[name]).flow)
    for above, each in pairwise(found):
        assert product(above, each) == pytest.approx(each.error, abs=1e-12)
        assert each.error + (each.previous or 0.0) == pytest.approx(each.gradient, abs=1e-12)
        assert (each.other is None) is (name != "batchnorm")


def test_a_gain_that_is_wrong_does_not_multiply_out() -> None:
    above, each = layers(deep().flow)[:2]
    assert each.slope is not None
    assert product(above, replace(each, slope=each.slope + 1e-9)) != pytest.approx(each.error, abs=1e-12)


def test_the_decades_add_up_and_the_longest_bar_is_the_longest() -> None:
    (table,) = (each for each in tables(flow_page([deep()])) if any(isinstance(part, Bar) for part in each.rows[0][-1]))
    *parts, total = [float(words_text(cells[1]).replace("−", "-")) for cells in table.rows]
    assert sum(parts) == pytest.approx(total, abs=0.02)
    assert total == pytest.approx(deep().flow.rows[0].log / LOG_10, abs=0.005)
    shares = [part.share for cells in table.rows for part in cells[-1] if isinstance(part, Bar)]
    assert [abs(part) / max(map(abs, parts)) for part in parts] == pytest.approx(shares, abs=0.01)


def test_a_folded_table_keeps_its_ends_and_says_what_is_between() -> None:
    folded, whole = (tables(flow_page([deep()], every=every))[0] for every in (False, True))
    numbers = [words_text(cells[0]) for cells in folded.rows]
    assert numbers == ["14", "13", "12", "11 … 4", "3", "2", "1", "at most"]
    assert [words_text(cells[0]) for cells in whole.rows] == [*map(str, range(14, 0, -1)), "at most"]
    assert set(folded.rows) - set(whole.rows) == {folded.rows[3]}


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ((-1.0,) * 9, (True, True)),
        ((-1.0,) * 8 + (-1.3,), (True, True)),
        ((-1.0, -0.7, -1.1) * 4, (False, True)),
        ((-1.0,) * 6 + (-0.1,) * 6, (False, False)),
        ((-1.0,), (False, False)),
    ],
)
def test_a_rate_is_said_where_there_is_one(steps: tuple[float, ...], said: tuple[bool, bool]) -> None:
    found = Pace(steps)
    assert (found.is_alike, found.is_steady) == said


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (Network.mlp(layers=14, widths=128, activation="sigmoid", loss="mse"), "vanishing: each layer back takes the"),
        (Network.mlp(layers=14, widths=24, activation="relu(-x**2 - 1)", loss="mse"), "dead: the gradient is exactly"),
        (Network([Dense(3, "tanh")], 2, "mse"), "one layer has no rate"),
        (Network.mlp(layers=4, widths=3, activation="relu", loss="mse"), "there is no rate"),
    ],
)
def test_the_first_line_is_the_answer(network: Network, said: str) -> None:
    assert said in first_line(study(network))


def test_one_rate_is_that_of_the_table() -> None:
    found = pace(layers(deep().flow))
    assert found is not None
    rate = f"×{math.exp(found.log):.3f}"
    assert first_line(deep()) == f"vanishing: each layer back takes the error {rate}, and σ′ alone does it"


def test_a_stable_gradient_of_an_error_that_is_not_is_no_success() -> None:
    found = study(Network.mlp(layers=20, widths=24, activation="relu", loss="mse"))
    assert found.flow.verdict is Flow.STABLE
    assert first_line(found).startswith("vanishing: ")
    assert "an error times an activation" in write_text(flow_page([found]))


def test_a_remedy_goes_by_the_factor_to_blame() -> None:
    assert deep().suggestion is not None
    assert deep().suggestion.activation == "relu"
    relu = study(Network.mlp(layers=20, widths=24, activation="relu", loss="mse")).suggestion
    assert relu is not None
    assert (relu.init, relu.activation) == ("he", None)
    assert abs(relu.log) < 0.1 < relu.needed
    assert study(Network.mlp(layers=12, widths=24, activation="relu", loss="mse"), "he").suggestion is None


@pytest.mark.parametrize(("log10", "said"), [(-412.3, "5.0·10⁻⁴¹³"), (0.0, "1.0·10⁰"), (0.9999, "1.0·10¹")])
def test_powers_of_ten(log10: float, said: str) -> None:
    assert math_text(scientific(log10)) == said


def test_every_format_says_the_same_and_no_line_is_too_wide() -> None:
    files = {"norms": "flow-norms.pdf"}
    page = flow_page([deep()], files)
    (image,) = (block for block in page.blocks if isinstance(block, Image))
    assert image.label == "fig-norms"
    text = write_text(page)
    assert max(map(len, text.splitlines())) <= 80
    assert "flow-norms" not in text
    assert write_text(page, ascii=True).isascii()
    written: dict[str, Any] = {"latex": write_latex(page), "gfm": write_markdown(page), "html": write_html(page)}
    assert all("Figure" in each and "flow-norms.pdf" in each for each in written.values())
    assert r"\label{flow:fig-norms}" in written["latex"]
    assert r"\rule{" in written["latex"]
    assert "█" in written["gfm"]


def test_several_networks_have_the_lines_of_a_layer_once() -> None:
    others = study(Network.mlp(layers=14, widths=24, activation="relu", loss="mse"))
    text = write_text(flow_page([replace(deep(), name="one"), replace(others, name="two")]))
    assert text.splitlines()[0] == "vanishing: one and two"
    assert text.count("gain(Wₗ₊₁ᵀ)") == 1
