"""Networks whose columns are a number: right gradients are right at the sizes that are drawn, wrong ones stay wrong."""

import random

import pytest
from sympy import MatMul, Rational
from systems import with_rhs

from symbp import Network, check, derive
from symbp.derivation import Derivation
from symbp.numeric.sizes import distinct_sizes

ACTIVATIONS = ("tanh", "sigmoid", "sin", "softmax", "relu", "layernorm", "batchnorm")
ENDS = {
    "cross_entropy": ["P = softmax(O)", "loss = cross_entropy(P, Y)"],
    "binary_cross_entropy": ["P = sigmoid(O)", "loss = binary_cross_entropy(P, Y)"],
    "sum": ["loss = sum(O * O) / 2 + 0.01 * sum(W * W) + 0 * mse(O, Y)"],
    "two losses": ["P = softmax(O)", "loss = cross_entropy(P, Y) + 0.3 * mse(O, X)"],
    "columns by columns": ["loss = mse(O.T @ O, X.T @ X) + mse(O, Y)"],
    **{name: [f"loss = {name}(O, Y)"] for name in ("mse", "mae", "huber", "hinge", "log_cosh")},
}


def classifier(columns: int = 6, size: int = 3) -> Derivation:
    """The smallest: two equal sizes, a product, a softmax."""
    shapes = {"X": (size, columns), "W": (size, size), "Y": (size, columns)}
    lines = ["Z = W @ X", "P = softmax(Z)", "loss = cross_entropy(P, Y)"]
    return derive(Network.equations(lines, shapes, inputs=["X"]))


def some_network(seed: int) -> Derivation:
    """One to three square layers, biases of one column and of all, weights used twice, skips, any loss."""
    choose = random.Random(seed)
    size, columns = choose.randint(2, 6), choose.randint(2, 7)
    shapes = {"X": (size, columns), "Y": (size, columns), "W": (size, size)}
    lines: list[str] = []
    last, depth = "X", choose.randint(1, 3)
    for layer in range(1, depth + 1):
        weight = choose.choice(["W", f"W{layer}"]) if layer > 1 else "W"
        shapes[weight] = (size, size)
        sums = [f"{weight}{choose.choice(['', '.T'])} @ {last}"]
        for stem, wide in (("b", 1), ("C", columns)):
            if choose.random() < 0.3:
                shapes[f"{stem}{layer}"] = (size, wide)
                sums.append(f"{stem}{layer}")
        text = " + ".join(sums)
        if layer < depth:
            skip = f" + {last}" if choose.random() < 0.3 else ""
            text = f"{choose.choice(ACTIVATIONS)}({text}){skip}"
        last = "O" if layer == depth else f"H{layer}"
        lines.append(f"{last} = {text}")
    end = choose.choice(list(ENDS))
    return derive(Network.equations([*lines, *ENDS[end]], shapes, inputs=["X"]))


def test_the_columns_of_a_loss_stay_what_they_are() -> None:
    sizes = distinct_sizes(classifier(columns=6).forward).shapes
    assert sizes["X"][1] == sizes["Y"][1] == 6
    assert sizes["W"][0] != sizes["W"][1]


@pytest.mark.parametrize("thorough", [True, False])
def test_equal_sizes_are_redrawn_and_the_columns_are_not(thorough: bool) -> None:
    report = check(classifier(), thorough=thorough)
    assert report.passed
    assert report.runs[0].widths not in ((), (3, 3))


def test_random_networks_with_literal_columns_are_right() -> None:
    wrong = [seed for seed in range(30) if not check(some_network(seed), seed=seed, thorough=False).passed]
    assert not wrong


@pytest.mark.parametrize("factor", [Rational(6, 7), Rational(6, 4), 6, -1])
def test_a_rule_that_divides_by_another_number_of_columns_is_wrong(factor: object) -> None:
    right = classifier()
    name = next(each.name for each in right.backward if each.name == "dZ")
    planted = with_rhs(right, name, MatMul(factor, right.backward[name].rhs))
    assert not check(planted, thorough=False).passed


def test_mistakes_in_networks_with_literal_columns_are_wrong() -> None:
    passed = []
    for seed in range(12):
        right = some_network(seed)
        last = right.backward["dO"] if "dO" in right.backward else right.backward["dW"]
        planted = with_rhs(right, last.name, MatMul(Rational(1001, 1000), last.rhs))
        if check(planted, seed=seed, thorough=False).passed:
            passed.append(seed)
    assert not passed


def test_a_bias_before_the_normalisation_of_two_columns_is_zero_to_rounding() -> None:
    """The projection cancels all but a thousandth of the error; what rounding leaves of it is no gradient."""
    shapes = {"X": (4, 2), "W": (4, 4), "b": (4, 1), "C": (4, 2), "V": (4, 4), "Y": (4, 2)}
    lines = ["A = relu(W @ X)", "N = batchnorm(W @ A + b + C)", "O = V @ N", "loss = mse(O.T @ O, X.T @ X) + mse(O, Y)"]
    derived = derive(Network.equations(lines, shapes, inputs=["X"]))
    assert all(check(derived, seed=seed, thorough=False).passed for seed in range(12))
