"""Words for layers with a job, and the keys of parameters whose letters do not say them."""

from __future__ import annotations

from functools import cache

import pytest
from corpus import CASES

from symbp import Activation, Dense, Linear, Network, derive
from symbp.networks.jobs import jobs
from symbp.networks.normalisation import BatchNorm
from symbp.pages.page import Table
from symbp.pages.tell.derivation import derivation_page
from symbp.writing.text import words_text


@cache
def notation(name):
    """Return the rows of the table of notation of a page: letters, meaning."""
    tables = [each for each in derivation_page(derive(CASES[name].network())).blocks if isinstance(each, Table)]
    return [tuple(map(words_text, row[:2])) for row in tables[-1].rows]


KEYS = {
    "transformer-block": [
        ("W_cls, b_cls", "weights, bias (W4, b4 in code)"),
        ("W_Q, W_K, W_V, W_O", "weights (block1.attention.{WQ, WK, WV, WO} in code)"),
        ("W_in, b_in", "weights, bias (block1.hidden.{W, b} in code)"),
        ("Z_cls, Ŷ, Y", "before the activation, prediction, target"),
    ],
    "lstm-classifier": [("Wₖ", "weights (lstm1.{Wi, …, Wo} in code)"), ("W_cls", "weights (W2 in code)")],
    "lstm-stacked": [("Uₖ⁽ˡ⁾", "weights (lstm1.Ui, …, lstm2.Uo in code)")],
    "residual-mlp": [("Vₗ", "weights (W3, W5 in code)"), ("W₁", "weights")],
    "small-cnn": [("K₁", "kernel (W1 in code)")],
    "letters-collide": [],
    "mlp-4": [("Wₗ", "weights"), ("bₗ", "bias")],
    "words-as-names": [],
}


@pytest.mark.parametrize("name", KEYS)
def test_a_letter_that_is_no_key_stands_with_its_key(name):
    rows = notation(name)
    assert [each for each in KEYS[name] if each not in rows] == []
    if not KEYS[name]:
        assert not any("in code" in words for _, words in rows)


def words_of(*layers, **options):
    found = derive(Network(list(layers), **{"inputs": 3, "loss": "cross_entropy", **options}))
    return jobs(found.readable.forward, found.readable.blocks)


def test_jobs_are_read_off_the_network_and_its_loss():
    head = Dense(2, "softmax")
    batchnorm = words_of(Linear(5), BatchNorm(), Activation("relu"), head)
    assert batchnorm.words == dict.fromkeys(("Z2", "W2", "b2", "A2"), "cls")
    assert batchnorm.prediction == "A2"
    assert words_of(Dense(5, "tanh"), head).words == {}  # A plain stack: numbers say more.
    assert words_of(Linear(5), BatchNorm(), Linear(2), loss="mse").words == {}  # No classes.
    assert words_of(Linear(3), BatchNorm(), Linear(3, tied_to="W1"), Activation("softmax")).words.keys() == {
        "Z2",
        "b2",
        "A2",
    }
