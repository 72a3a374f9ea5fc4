"""Pages of recurrent networks: what they say, in how many lines, and the product between two steps."""

import re

import pytest

from symbp import Dense, Network, SpecError, derive
from symbp.networks.recurrent import GRU, LSTM, RNN
from symbp.pages.page import lines
from symbp.pages.tell.derivation import derivation_page
from symbp.writing.text import write_text


def network(*layers):
    return derive(Network([*layers, Dense(2, "softmax")], 3, "cross_entropy"))


@pytest.mark.parametrize("steps", [4, 50])
@pytest.mark.parametrize("kind", [LSTM, GRU, RNN])
def test_a_page_is_short_over_any_number_of_steps(kind, steps):
    text = write_text(derivation_page(network(kind(5, steps)))).splitlines()
    assert len(text) <= 60
    assert max(map(len, text)) <= 80


def test_the_gates_of_an_lstm_are_one_line():
    text = write_text(derivation_page(network(LSTM(5, 4))))
    assert re.search("h₀ += c₀ = 0", text)
    assert "= Wₖ xₜ + Uₖ hₜ₋₁ + bₖ" in text
    assert re.search("∂ℒ/∂Wₖ += Σₜ₌₁⁴ δzₖₜ xₜᵀ", text)
    assert "gate" in text
    assert "steps after t" in text


def labels(page):
    return [each.label for each in lines(page.blocks)]


def test_the_product_between_two_steps_is_written_out():
    derived = network(LSTM(5, 6))
    assert "time-pair" not in labels(derivation_page(derived))
    page = derivation_page(derived, pair=(2, 5))
    assert "time-pair" in labels(page)
    assert "δs₂ = step₃ᵀ step₄ᵀ step₅ᵀ δs₅" in write_text(page)


@pytest.mark.parametrize("pair", [(0, 2), (3, 3), (4, 2), (1, 7)])
def test_steps_that_are_none_are_refused(pair):
    with pytest.raises(SpecError, match="the steps are 1 to 6"):
        derivation_page(network(LSTM(5, 6)), pair=pair)


def test_a_network_without_steps_has_no_product():
    with pytest.raises(SpecError, match="no recurrent layer"):
        derivation_page(derive(Network.load("sigmoid-mlp")), pair=(1, 2))
