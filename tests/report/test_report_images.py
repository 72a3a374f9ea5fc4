"""Reports of convolutions, pooling, masks and penalties: the notation, and index formulas that are true."""

from __future__ import annotations

import re
from fractions import Fraction

import numpy as np
import pytest

from symbp.derivation import derive
from symbp.networks.concat import DenseBlock
from symbp.networks.convolution import AvgPool2d, Conv1d, Conv2d, MaxPool2d
from symbp.networks.images import Image
from symbp.networks.layers import Dense, Linear
from symbp.networks.network import Network
from symbp.networks.regularisation import Dropout
from symbp.networks.spec_network import network_of
from symbp.op import FactorRole
from symbp.ops.windows import Axis, back_to_pixels, count_places, patches
from symbp.report.render import render
from symbp.report.terminal import derivation_text

AXES = [
    Axis(size, window, stride, padding, count_places(size, window, stride, padding))
    for size, window, stride, padding in ((5, 3, 1, 0), (7, 3, 2, 1), (8, 2, 3, 0), (4, 3, 2, 2), (6, 1, 1, 0))
]
STRIDED = Network(
    [Conv2d(3, (3, 2), 2, 1, activation="relu"), Conv2d(2, 2, activation="tanh"), AvgPool2d(2, 1), Dense(2, "softmax")],
    inputs=Image(2, 8, 7),
    loss="cross_entropy",
    batch=True,
)


def value(formula: str, **letters: int) -> Fraction:
    """What an index of a formula is, such as (u+1-i)/2 or 2p+i-1."""
    above, _, below = formula.partition("/")
    total = 0
    for sign, number, letter in re.findall(r"([+-]?)(\d*)([a-z]?)", above.strip("()")):
        if number or letter:
            total += (-1 if sign == "-" else 1) * int(number or 1) * (letters[letter] if letter else 1)
    return Fraction(total, int(below or 1))


@pytest.mark.parametrize("axis", AXES, ids=str)
def test_the_index_of_the_line_under_the_window_is_what_the_program_reads(axis: Axis) -> None:
    numbered = np.arange(1.0, axis.size + 1)[:, None]
    lines = patches(np, numbered, 1, axis.size, 1, axis.window, 1, axis.stride, 0, axis.padding)[0] - 1
    for p in range(axis.places):
        for i in range(axis.window):
            found = value(axis.under("p", "i"), p=p, i=i)
            assert lines[i][p] == (found if 0 <= found < axis.size else -1)


@pytest.mark.parametrize("axis", AXES, ids=str)
def test_the_index_of_the_place_over_a_line_is_what_the_program_reads(axis: Axis) -> None:
    numbered = np.arange(1.0, axis.places + 1)[:, None]
    places = back_to_pixels(np, numbered, 1, axis.size, 1, axis.window, 1, axis.stride, 0, axis.padding)[0] - 1
    for u in range(axis.size):
        for i in range(axis.window):
            found = value(axis.over("u", "i"), u=u, i=i)
            exists = found.denominator == 1 and 0 <= found < axis.places
            assert places[i][u] == (found if exists else -1)


@pytest.mark.parametrize("axis", AXES, ids=str)
def test_under_the_flipped_kernel_lies_the_dilated_error(axis: Axis) -> None:
    for u in range(axis.size):
        for i in range(axis.window):
            back = axis.window - 1 - i
            assert value(axis.flipped("u", "i"), u=u, i=i) / axis.stride == value(axis.over("u", "i"), u=u, i=back)


def test_lines_that_no_window_reaches_are_told() -> None:
    assert [axis.left_over for axis in AXES] == [0, 0, 0, 1, 0]
    net = Network([Conv1d(2, 3, 2), Dense(2, "softmax")], inputs=Image(1, 1, 8), loss="cross_entropy")
    assert "is never visited: its gradient is 0" in render(derive(net), to="markdown")
    assert "is never visited" not in render(derive(Network([Conv1d(2, 3)], inputs=Image(1, 1, 8))), to="markdown")


def test_a_product_of_convolutions_reads_like_one_of_matrices() -> None:
    text = " ".join(derivation_text(derive(STRIDED)).split())
    assert "C₁ = W₁ ⋆[s=2,p=1] X" in text
    assert "∂ℒ/∂A₁ = W₂ ∗ ∂ℒ/∂C₂" in text
    assert "(ReLU′(Z₁) ⊙ (W₂ ∗ (tanh′(Z₂) ⊙ (spread[2×2] (W₃ᵀ (A₃ − Y)/m))))) ⋆[↑2,p=1] X" in text
    assert "the derivative of an operation" not in text
    plain = " ".join(derivation_text(derive(STRIDED), ascii_only=True).split())
    assert "C1 = W1 star[s=2,p=1] X" in plain
    assert plain.isascii()


def test_the_page_says_what_a_convolution_is() -> None:
    tex = render(derive(STRIDED), to="latex")
    assert r"W^{(1)} \star_{s=2,\,p=1} X" in tex
    assert r"x_{c,\,2p+i-1,\,2q+j-1}" in tex
    assert r"g_{o,\,(u+1-i)/2,\,(v+1-j)/2}" in tex
    assert r"\tilde{w}_{o,c,i,j} = w_{o,c,2-i,1-j}" in tex
    assert r"2 {\cdot} 8 {\cdot} 7 \times m" in tex
    assert "2-D convolution (layer 1)" in tex
    assert "is the identity, and so is its derivative" in tex


def test_a_maximum_pools_by_a_mask() -> None:
    layers = [Conv2d(2, 2), MaxPool2d(2), Dense(2, "softmax")]
    net = Network(layers, inputs=Image(1, 5, 5), loss="ce", batch=True)
    text = render(derive(net), to="markdown")
    assert r"\mathrm{maxpool}_{2{\times}2}(Z^{(1)})" in text
    assert "the first of the largest values, row by row, as in PyTorch" in text


def test_a_dense_block_is_a_bracket_of_rows() -> None:
    net = Network([DenseBlock([[Dense(2, "tanh")], [Dense(2, "tanh")]]), Linear(2)], inputs=3, loss="mse")
    assert "(rows[1:5] + W₂ᵀ D₂ rows[6:7])" in derivation_text(derive(net))


def test_a_penalty_has_a_role_of_its_own_and_is_no_use() -> None:
    net = Network([Dense(5, "relu"), Dropout(), Dense(2, "softmax")], inputs=3, loss="ce", batch=True, l2="0.01")
    d = derive(net)
    roles = [[factor.role for factor in term] for term in d.gradients["W2"].terms]
    assert [FactorRole.PENALTY] in roles
    assert sum(FactorRole.LOSS in term for term in roles) == 1
    text = render(d, to="gfm")
    assert r"\frac{0.01}{2} (\lVert W^{(1)} \rVert^2 + \lVert W^{(2)} \rVert^2)" in text
    assert "dropout and an L2 penalty" in text
    assert "residual block" not in text.split("## Result")[0]
    assert "A parameter that is used several times" not in text
    assert "| previous activation | mask | penalty |" in text
    assert "$`M^{(1)}`$ is given with the data" in text


def test_tied_weights_of_a_file_add_up_their_uses() -> None:
    dense = {"type": "dense", "units": 4, "activation": "tanh"}
    net = network_of(
        {"inputs": 6, "loss": "mse", "layers": [dense, {"type": "linear", "tied_to": "W1", "transposed": True}]}
    )
    text = derivation_text(derive(net))
    assert "∂ℒ/∂W₁ = a₁ δ₂ᵀ + δ₁ xᵀ" in text
