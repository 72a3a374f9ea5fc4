"""Faults that pages once had, a test for each kind."""

from __future__ import annotations

import re
import warnings

import pytest
from corpus import CASES, EQUATIONS
from reader import closed
from test_pages import tiles, told

from symbp import Network, check, derive, render
from symbp.errors import UnusedParameterWarning


@pytest.fixture
def page(tmp_path):
    """Return what writes the page of a network of equations."""

    def write(lines: str, form: str = "latex") -> str:
        place = tmp_path / "network.eq"
        place.write_text(lines, encoding="utf-8")
        return render(derive(Network.load(place)), form)

    return write


def text(name: str) -> str:
    """Return the page of a network of the corpus for a terminal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnusedParameterWarning)
        return render(derive(CASES[name].network()), "text")


TWO_LAYERS = """
X: 3 x m
Y: 2 x m
W1: 4 x 3
W2: 2 x 4
{first} = {function}(W1 @ X)
{second} = W2 @ {first}
loss = mse({second}, Y)
"""


def two_layers(first: str, second: str, function: str = "tanh") -> str:
    return TWO_LAYERS.format(first=first, second=second, function=function)


def test_every_error_is_defined_and_used():
    found, shown, names, _ = told("regression")
    assert closed(shown, found.readable.forward.given, names=names, tiles=tiles(found)) == []


@pytest.mark.parametrize(("first", "second"), [("A1", "Z2"), ("h1", "h2"), ("H_1", "Out"), ("Q7", "R0")])
def test_no_index_stands_on_an_index(page, first, second):
    lines = two_layers(first, second).replace("mse", "cross_entropy").replace(f"{second} = ", f"{second} = softmax(")
    latex = page(lines.replace(f"W2 @ {first}", f"W2 @ {first})"))
    names = r"(?m)(?<=^\\draw).*$|(?<=^\\node)\S* \S*|\\(label|eqref)\{.*?\}|(?<=\{)[\w:]+\}$"
    shown = re.sub(names, "", latex.split("\\symbpstart", 1)[1])  # Names of lines and places are not seen.
    assert not re.search(r"_(\{[^{}]*\}|\w)_|\^(\{[^{}]*\}|\w)\^", shown)


@pytest.mark.parametrize("word", ["Out", "Emb", "Key", "Pred", "Hidden"])
def test_words_stay_words(page, word):
    shown = page(two_layers(word, "Z2"), "latex")
    assert rf"\mathrm{{{word}}}" in shown
    assert rf"\mathrm{{{word.lower()}}}" not in shown
    assert f"{word[0]}_{{{word[1:]}}}" not in shown


def test_accents_and_words_below(page):
    shown = page(two_layers("u_dot", "x_hat").replace("W1", "W_hidden"))
    assert all(each in shown for each in (r"\dot{u}", r"\hat{x}", r"W_{\mathrm{hidden}}"))


def test_a_diagonal_of_slopes_is_said_of_the_layers_that_have_it():
    assert "Dₗ = diag(1 − (aₗ)²) for l = 1, …, L − 1" in " ".join(text("mlp-4-tanh-softmax").split())


def test_two_diagonals_have_two_names():
    shown = " ".join(text("lstm-1").split())
    assert "D_(t₁) = diag(1 − t₁²)" in shown
    assert "D_(i₁) = diag(i₁ ⊙ (1 − i₁))" in shown


@pytest.mark.parametrize("name", ["huber-of-two", "mae-of-two", "log-cosh-of-two"])
def test_two_operands_have_two_slopes(name):
    shown = text(name)
    assert "∂₁ℓ(" in shown
    assert "∂₂ℓ(" in shown


WEIGHED = {
    "mse-over-3": "ℒ  = 1/(6m) ‖",
    "twice-mse": "ℒ = 1/m ‖",
    "weighted-losses": "−7/(10m) Σ",
    "heteroscedastic": "ℒ  = z₂ ℒ₃ + ½ s",
}


@pytest.mark.parametrize("name", WEIGHED)
def test_what_weighs_a_loss_is_a_number(name):
    shown = text(name)
    assert WEIGHED[name] in shown
    assert "loss₁" not in shown


def test_literal_columns_are_no_example():
    shown = text("literal-columns")
    assert "one example" not in shown
    assert "6 examples" in shown


@pytest.mark.parametrize("name", [name for name in EQUATIONS if len(CASES[name].lines) < 6])
def test_nothing_is_left_over(name):
    shown = text(name)
    assert "id′" not in shown
    assert "\\" not in shown
    assert not re.search(r"½ 1( |$)", shown, re.MULTILINE)
    assert not re.search(r"\b(\w+) ⊙ \1\b(?!′)", shown)


def test_the_loss_is_one_macro(page):
    latex = page(two_layers("A1", "Z2"))
    assert r"\mathcal{L}" not in latex.split(r"\symbpstart", 1)[1]


def test_names_that_would_print_alike_get_letters(page):
    lines = two_layers("R0", "R_0")
    assert "R_{R0}" not in page(lines)
    shown = " ".join(page(lines, "text").split())
    assert "R₀" in shown
    assert "R_(R0" not in shown


def test_a_value_of_an_index_spells_nothing_else():
    shown = text("rnn-5")
    assert "z₂" not in shown


def test_a_turned_error_is_turned_in_a_product():
    assert "∂ℒ/∂K = (1/t (A − Y) Xᵀ Qᵀ)ᵀ V X Xᵀ" in " ".join(text("linear-attention").split())


def test_a_convolution_in_a_product_is_one():
    shown = " ".join(text("cnn").split())
    assert "K₂ ∗" in shown
    assert "x D₁" not in shown


def test_every_parameter_has_its_line():
    shown = text("residual-projected")
    assert all(f"∂ℒ/∂{letter}" in shown for letter in ("W_in", "b_in", "W_out", "b_out", "W₃", "b₃", "W₄", "b₄"))


def test_what_leads_nowhere_is_said():
    assert "Nothing leads from Side to the loss." in " ".join(text("unused-parameter").split())


def test_sizes_that_differ_are_right():
    gfm = render(derive(CASES["mlp-4-tanh-softmax"].network()), "gfm")
    assert "n_l \\times n_{l-1}" in gfm
    assert "3, 6, 5, 4, 2" in gfm


def test_a_target_of_two_losses_is_drawn_for_both():
    assert check(derive(CASES["weighted-losses"].network())).passed


def test_a_product_of_one_factor_keeps_its_sign(page):
    lines = "x: 3 x 1 input\nA: 3 x 3\nb: 3 x 1\nloss = 0.5 * x.T @ A @ x - b.T @ x\n"
    shown = " ".join(page(lines, "text").split())
    assert "∂ℒ/∂b = −x" in shown
    assert "∂ℒ/∂b = x" not in shown


@pytest.mark.parametrize(("batch", "loss"), [(False, "½ ‖a_L − y‖²"), (True, "1/(2m) ‖A_L − Y‖²")])
def test_a_squared_error_has_its_half(batch, loss):
    shown = render(derive(layers=2, activation="tanh", loss="mse", batch=batch), to="text")
    assert f"ℒ  = {loss}" in shown


def test_many_parameters_behind_one_error():
    terms = " + ".join(f"W{at} @ X{at}" for at in range(1, 8))
    weights = {f"W{at}": (2, at + 2) for at in range(1, 8)}
    inputs = {f"X{at}": (at + 2, "m") for at in range(1, 8)}
    net = Network.equations([f"Z = {terms}", "loss = mse(Z, Y)"], shapes={**weights, **inputs, "Y": (2, "m")})
    shown = render(derive(net), to="text")
    assert "The error starts at the loss:\n" in shown
    assert "∂ℒ/∂W₁  =" in shown  # All are equally far from the loss: the first stands for them.
    assert "\n  mse loss, a batch of m examples: all 7 gradients\n" in shown  # No activation, no comma for it.


def test_many_parameters_and_no_error():
    names = "WVUBACD"
    loss = " + ".join(f"sum({name} * {name})" for name in names)
    shapes = {**dict.fromkeys(names, (2, 3)), "X": (2, "m")}
    net = Network.equations([f"loss = {loss} + sum(X)"], shapes=shapes, parameters=list(names))
    shown = render(derive(net), to="text")
    assert "Backpropagation is seven equations:" in shown
    assert "error" not in shown


PARTS = {
    "a symbol written into another": ("batchnorm", ["W2"], {}),
    "what a loop starts with": ("embedding", ["b2"], {}),
    "a product that no error meets": ("squeeze-excite", ["W2"], {}),
    "a function of numbers alone": ("beta-vae", ["W_enc"], {"by_output": True}),
    "a slope in rows": ("pinn", ["b"], {"notation": "rows"}),
}


@pytest.mark.parametrize("part", PARTS)
def test_a_page_of_a_part_of_the_gradients(part):
    name, wrt, options = PARTS[part]
    shown = render(derive(CASES[name].network(), wrt=wrt), to="text", **options)
    assert "its gradient" in " ".join(shown.split())


def test_a_symbol_that_is_called_delta_is_that_symbol():
    assert render(derive(CASES["letters-collide"].network()), to="text", only="delta") == "δ = J L\n"
