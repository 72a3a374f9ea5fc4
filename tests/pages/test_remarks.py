"""What pages say beside their equations: what is zero, what is given how, which examples meet."""

from dataclasses import replace

import pytest

from symbp import Activation, Attention, BatchNorm, Dense, Dropout, Linear, Network, check, derive, render
from symbp.checking.report import Verdict
from symbp.errors import UnusedParameterWarning

NORMED = [Linear(5), BatchNorm(), Activation("relu"), Dense(2, "softmax")]


def said(network, *, checked=None, wrt=None):
    """Return a page as one line."""
    return " ".join(render(derive(network, wrt=wrt), check=checked).split())


def test_a_bias_before_a_normalisation_over_the_batch_has_no_gradient():
    page = said(Network(NORMED, inputs=3, loss="cross_entropy"))
    assert "The gradient of $`b_1`$ is zero whatever the data are: the same number added to a feature" in page
    assert "In $`\\hat{Z}_1`$ the columns of the batch enter each other's results" in page
    plain = said(Network([Linear(5), Activation("relu"), Dense(2, "softmax")], inputs=3, loss="cross_entropy"))
    assert "whatever the data are" not in plain
    assert "enter each other's" not in plain


def test_what_the_loss_does_not_depend_on_is_said():
    lines = ["Z = W @ X", "V = U @ X", "loss = mse(Z, Y)"]
    shapes = {"W": (2, 3), "U": (2, 3), "X": (3, "m"), "Y": (2, "m")}
    network = Network.equations(lines, shapes=shapes, parameters=["W", "U"], inputs=["X"])
    with pytest.warns(UnusedParameterWarning):
        page = said(network)
    assert "The loss does not depend on $`U`$: the gradient is exactly zero." in page


def test_a_zero_of_the_check_is_said():
    network = Network.mlp(layers=2, activation="tanh", loss="mse")
    report = check(derive(network), thorough=False)
    assert "zero up to rounding" not in said(network, checked=report)
    rows = tuple(replace(row, verdict=Verdict.ZERO) if row.name in ("W1", "b2") else row for row in report.rows)
    page = said(network, checked=replace(report, rows=rows))
    assert "In the check the gradients of $`W^{(1)}`$ and $`b^{(2)}`$ are zero up to rounding." in page


def test_masks_are_given():
    page = said(Network([Dense(5, "tanh"), Dropout(), Dense(2, "softmax")], inputs=3, loss="cross_entropy"))
    assert "given with the data: 0 where dropout takes a value away, 1/(1 − p) where it stays" in page


def test_sequences_and_images():
    tokens = said(Network([Attention(tokens=3), Dense(2, "softmax")], inputs=4, loss="cross_entropy"))
    assert "Over a batch of sequences the loss is the mean of theirs" in tokens
    assert "An image is a column, channel by channel and row by row" in said(Network.load("small-cnn"))


@pytest.mark.parametrize(("cell", "words"), [("lstm", "Hochreiter"), ("gru", "Cho et al."), ("rnn", "Elman")])
def test_which_cell_it_is(cell, words, tmp_path):
    place = tmp_path / "net.toml"
    place.write_text(
        f'inputs = 3\nloss = "mse"\nlayers = [{{ type = "{cell}", units = 4, steps = 3 }}, '
        '{ type = "dense", units = 2, activation = "identity" }]'
    )
    assert words in said(Network.load(place))


def test_error_times_input_is_said_of_such_products_alone():
    shapes = {"A": (3, 3), "y": (3, "m"), "W": (2, 3), "Y": (2, "m")}
    page = " ".join(said(Network.equations(["loss = mse(W @ inv(A) @ y, Y)"], shapes)).split())
    assert page.count("a weight: error times input") == 1  # of W, and not of A
    assert "a parameter" in page
