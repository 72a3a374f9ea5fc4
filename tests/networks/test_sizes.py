"""Sizes as letters: where a number comes from decides its letter, never that two numbers agree."""

import pytest
from layer_kinds import NETWORKS
from sympy import Integer, Symbol

from symbp import Dense, Network, derive
from symbp.networks.layers import Linear
from symbp.networks.residual import Residual


def letters(name):
    sizes = derive(NETWORKS[name]() if name in NETWORKS else name).sizes
    return {str(letter): value for letter, value in sizes.values.items()}


def shapes(derivation, *names):
    sizes = derivation.sizes
    return " ".join(f"{sizes[name, 0]}×{sizes[name, 1]}" for name in names)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("transformer-block", {"d": 4, "T": 3, "H": 2, "d_h": 2, "k": 5, "C": 3}),
        ("transformer", {"d": 4, "T": 3, "H": 2, "d_h": 2, "k": 5, "C": 2}),
        ("lstm-classifier", {"d": 3, "n": 4, "C": 2}),
        ("residual-mlp", {"d": 3, "n": 5, "k": 4, "C": 2}),
        ("sigmoid-mlp", {"n0": 3, "n1": 5, "n2": 4, "n3": 2}),
        ("blackboard", {"n0": 1, "n1": 1, "n2": 1, "n3": 1}),
        ("tied", {"n0": 4, "n1": 3}),
        ("lstm", {"v": 5, "d": 3, "n1": 3, "n2": 2, "K": 2}),
        ("decoder", {"d": 4, "T": 3, "e": 3, "L": 2, "k1": 12, "k2": 16, "c": 2}),
        ("cross", {"d": 4, "T": 3, "e": 3, "L": 2, "H": 2, "d_h": 2, "c": 2}),
    ],
)
def test_the_letters_of_a_network(name, known):
    assert letters(name) == known


@pytest.mark.parametrize("name", NETWORKS)
def test_every_letter_has_the_value_of_its_axes_and_is_no_matrix(name):
    derivation = derive(NETWORKS[name]())
    sizes, read = derivation.sizes, derivation.readable
    symbols = [*read.forward.given, *(equation.lhs for equation in read.forward)]
    assert {(symbol.name, axis) for symbol in symbols for axis in (0, 1)} == set(sizes)
    for symbol in symbols:
        assert tuple(size.subs(sizes.values) for size in sizes.shape(symbol)) == symbol.shape
    names = {str(letter.symbol) for letter in sizes.letters}
    assert len(names) == len(sizes.letters)
    assert not names & {word for symbol in symbols for word in (symbol.name, symbol.stem)}


def test_the_shapes_of_a_transformer_are_in_letters():
    block = "block1.attention."
    derivation = derive("transformer-block")
    assert shapes(derivation, "X", f"{block}WQ", f"{block}Q", f"{block}head1.Q", f"{block}head2.P") == (
        "d×T d×d d×T d_h×T T×T"
    )
    assert shapes(derivation, "block1.hidden.W", "block1.output.b", "W4", "Y", "loss") == "k×d d×1 C×d C×T 1×1"


def test_numbers_that_agree_are_not_one_size():
    network = Network([Residual([Dense(2, "tanh"), Linear(2)]), Dense(2, "softmax")], 2, "cross_entropy")
    assert letters_of(network) == {"d": 2, "k": 2, "C": 2}
    other = Network([Linear(2), Residual([Dense(2, "tanh"), Linear(2)]), Dense(2, "softmax")], 2, "cross_entropy")
    assert letters_of(other) == {"d": 2, "n": 2, "k": 2, "C": 2}


def letters_of(network):
    return {str(letter): value for letter, value in derive(network).sizes.values.items()}


def test_a_layer_that_is_repeated_brings_in_the_same_sizes():
    def block():
        return Residual([Dense(2, "tanh"), Linear(3)])

    one, last = block(), Dense(2, "softmax")
    assert letters_of(Network([one, one, last], 3, "cross_entropy")) == {"d": 3, "k": 2, "C": 2}
    assert letters_of(Network([block(), block(), last], 3, "cross_entropy")) == {"d": 3, "k1": 2, "k2": 2, "C": 2}


def test_open_widths_are_their_own_letters():
    derivation = derive(layers=2)
    assert shapes(derivation, "X", "W1", "W2") == "n0×m n1×n0 n2×n1"
    assert derivation.sizes.values == {}


def test_equations_have_the_dimensions_that_they_name():
    shapes_ = {"W": ("k", "d"), "X": ("d", "m"), "V": (3, "k"), "Y": (3, "m")}
    derivation = derive(Network.equations(["H = tanh(W @ X)", "Z = V @ H", "loss = mse(Z, Y)"], shapes_))
    assert shapes(derivation, "W", "V", "Z") == "k×d 3×k 3×m"
    assert derivation.sizes["V", 0] == Integer(3)
    assert {str(letter.symbol) for letter in derivation.sizes.letters} == {"k", "d", "m"}


def test_the_calculus_keeps_its_numbers():
    assert derive("transformer-block").forward["Z4"].lhs.shape[0] == Integer(3)
    assert derive("lstm-classifier").sizes["lstm1.Wi", 1] == Symbol("d", integer=True, positive=True)
