"""Reports of recurrent layers: one step stands for all, and says what it says of each."""

from __future__ import annotations

import pytest

from symbp import Dense, Network, check, derive, render
from symbp.networks.embedding import Embedding
from symbp.networks.recurrent import GRU, LSTM, RNN
from symbp.report.desk import Desk
from symbp.report.dialects import LATEX, UNICODE
from symbp.report.notation import STANDARD
from symbp.report.recurrent import at_step, errors, forward, hidden, hidden_errors, last_errors

CELLS = (RNN, LSTM, GRU)


def network(cell, steps=5, **options):
    return Network([cell(4, steps), Dense(2, "softmax")], 3, "cross_entropy", **options)


def opened(net, dialect=UNICODE):
    return Desk.open(derive(net).unstacked, STANDARD, dialect, None, False, "", None)


@pytest.mark.parametrize("cell", CELLS)
def test_the_generic_step_is_what_every_step_says(cell):
    """Spelled with t in the place of its number, every step reads alike: the shown one stands for all."""
    desk = opened(network(cell))
    (steps,) = desk.steps.values()
    shown = forward(desk, steps)
    for step in range(1, steps.last + 1):
        generic, inside = at_step(desk, step).printer, hidden(steps, step)
        equations = [each for each in steps.at(step) if each.lhs not in inside]
        assert [(generic.left_side(e.lhs), generic.matrix(e.rhs, inside)) for e in equations] == shown
    back = [text for _, text in errors(desk, steps, steps.inner)]
    for step in range(1, steps.last):
        assert [text for _, text in errors(desk, steps, step)] == back
    assert [text for _, text in errors(desk, steps, steps.last)] != back
    assert bool(hidden_errors(steps, 2)) == (cell is not RNN)


def test_a_step_that_differs_is_seen():
    """The same comparison where the last step does differ: nothing comes back to it from a later one."""
    desk = opened(Network([RNN(4, 3, sequence=True), GRU(4, 3), Dense(2, "softmax")], 3, "cross_entropy"))
    steps = desk.steps[1]
    texts = [[text for _, text in errors(desk, steps, step)] for step in (1, 2, 3)]
    assert texts[0] == texts[1] != texts[2]


def test_an_lstm_reads_as_its_literature():
    text = render(derive(network(LSTM)), "text")
    lines = [line.strip() for line in text.splitlines()]
    for wanted in ("c_t = f_t ⊙ c_(t-1) + i_t ⊙ g_t", "h_t = o_t ⊙ tanh(c_t)",
                   "δ_f_t = f_t ⊙ (1 − f_t) ⊙ ∂ℒ/∂c_t ⊙ c_(t-1)",
                   "∂ℒ/∂U_f = Σ_t δ_f_t h_(t-1)ᵀ", "∂c_t/∂c_(t-1) = diag(f_t)", "∂ℒ/∂h_5 = W₂ᵀ δ₂"):  # fmt: skip
        assert wanted in lines
    assert not any(word in text for word in ("rows[", "pad[", "stack(", "hin_", "cin_", "B["))


@pytest.mark.parametrize("cell", CELLS)
def test_the_variant_and_its_papers_are_said(cell):
    words = {RNN: "Elman", LSTM: "Gers, Schmidhuber and Cummins (2000), without peepholes", GRU: "Cho et al. (2014)"}
    assert words[cell] in render(derive(network(cell)))


def test_the_length_of_a_report_does_not_grow_with_the_steps():
    texts = [render(derive(network(LSTM, steps))) for steps in (10, 90)]
    assert abs(len(texts[0]) - len(texts[1])) < 100


def test_the_product_between_two_chosen_steps():
    derived = derive(network(LSTM, 8))
    assert r"\frac{\partial s_{8}}{\partial s_{1}}" in render(derived)
    text = render(derived, "text", pair=(2, 6))
    assert "∂s_6/∂s_2 = ∂s_6/∂s_5 ∂s_5/∂s_4 ∂s_4/∂s_3 ∂s_3/∂s_2" in text


@pytest.mark.parametrize("batch", [False, True])
def test_two_layers_an_embedding_and_a_given_state(batch):
    layers = [Embedding(3, 4), LSTM(5, 4, sequence=True, initial=True), GRU(4, 4), Dense(2, "tanh")]
    derived = derive(Network(layers, 3, "mse", l2="0.1", batch=batch))
    for to in ("gfm", "latex", "text"):
        assert render(derived, to, check=check(derived, thorough=False))
    assert "an LSTM of 4 steps and a GRU of 4 steps" in render(derived, "text")


def test_one_step_has_no_sum_and_no_product_over_time():
    text = render(derive(network(LSTM, 1)), "text")
    assert "Σ_t" not in text
    assert "an LSTM of 1 step," in text
    assert "∂s_" not in text


def test_last_errors_are_those_without_a_later_step():
    desk = opened(network(LSTM), LATEX)
    (steps,) = desk.steps.values()
    assert [left for left, _ in last_errors(desk, steps)] == [
        r"\frac{\partial \mathcal{L}}{\partial h_{5}}",
        r"\frac{\partial \mathcal{L}}{\partial c_{5}}",
    ]


def test_a_gate_is_called_after_its_letter() -> None:
    """i, f and o are the input, forget and output gate (Gers, Schmidhuber and Cummins 2000)."""
    for letter, name in (("i", "input"), ("f", "forget"), ("o", "output")):
        assert LSTM.meanings[letter] == f"{name} gate"
