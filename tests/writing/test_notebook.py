"""A notebook shows what the command line writes."""

from symbp import derive


def test_a_derivation_shows_itself_with_its_verdict():
    shown = derive(layers=2, activation="tanh", loss="mse")._repr_markdown_()
    assert "# Backpropagation through a two-layer network" in shown
    assert "**Checked** All 4 gradients agree" in shown
    assert "$l = 1, \\ldots, L$" in shown
    assert "```math" not in shown
