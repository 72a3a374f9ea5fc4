"""Constants with values, rearrangements, and products within each example, in the language of equations."""

from __future__ import annotations

import numpy as np
import pytest

from symbp import Network, ShapeError, SpecError, check, derive
from symbp.networks.files import equations_of
from symbp.symbols import Role
from symbp.writing.render import render

RANDOM = np.random.default_rng(23)
TEXT = """
X: 3 x m
Y: 2 x m
W: 2 x 3
M: 3 x 3 constant = [[1, 0, 0],
                     [0, 0.5, 0],   # a comment
                     [0, 0, -2]]
loss = mse(W @ M @ X, Y)
"""


def test_a_constant_has_its_value_and_is_not_asked_for() -> None:
    made = equations_of(TEXT)
    assert [each.name for each in made.inputs] == ["X"]
    assert made.forward["M"].lhs.role is Role.CONSTANT
    w, x, y = RANDOM.normal(size=(2, 3)), RANDOM.normal(size=(3, 4)), RANDOM.normal(size=(2, 4))
    m = np.diag([1, 0.5, -2])
    loss, gradients = derive(made).compile()({"W": w}, x, y)
    assert loss == pytest.approx(((w @ m @ x - y) ** 2).sum() / 8, rel=1e-14)
    np.testing.assert_allclose(gradients["W"], (w @ m @ x - y) @ x.T @ m.T / 4, rtol=1e-13)


def test_the_same_in_python_is_an_equation() -> None:
    lines = ["M = [[1, 0, 0], [0, 0.5, 0], [0, 0, -2]]", "loss = mse(W @ M @ X, Y)"]
    shapes = {"X": (3, "m"), "Y": (2, "m"), "W": (2, 3)}
    plain = equations_of(TEXT).forward
    assert list(Network.equations(lines, shapes).forward) == list(plain)
    named = Network.equations(lines, {**shapes, "M": (3, 3)}, constants=["M"])
    assert list(named.forward) == list(plain)


def test_its_numbers_stand_on_the_page() -> None:
    page = render(derive(equations_of(TEXT)), to="latex")
    assert r"\begin{bmatrix} 1 & 0 & \phantom{-}0" in page
    large = equations_of("X: 12 x m\nY: 12 x m\nW: 12 x 12\nloss = mse((W * causal(12)) @ X, Y)")
    assert "⋱" in render(derive(large), to="text")


def side_by_side(blocks):
    return np.hstack(list(blocks))


TOKENS, EXAMPLES = 5, 3
ATTENTION = """
X: 4 x (5 m)
Y: 3 x (5 m)
WQ, WK: 2 x 4
WV: 3 x 4
C: 5 x 5 constant = causal(5)
S = per_example((WK @ X).T @ (WQ @ X)) / sqrt(2)
P = softmax(where(per_example(C), S, -1e9))
O = per_example((WV @ X) @ P)
loss = mse(O, Y) + sum(per_example(O @ X.T)) / m
"""


def test_products_within_each_example_are_those_of_each_alone() -> None:
    made = equations_of(ATTENTION)
    sizes = {"WQ": (2, 4), "WK": (2, 4), "WV": (3, 4)}
    weights = {name: RANDOM.normal(size=size) for name, size in sizes.items()}
    x, y = RANDOM.normal(size=(4, 15)), RANDOM.normal(size=(3, 15))
    total = 0.0
    for e in range(EXAMPLES):
        xe, ye = (each[:, TOKENS * e : TOKENS * (e + 1)] for each in (x, y))
        s = (weights["WK"] @ xe).T @ (weights["WQ"] @ xe) / np.sqrt(2)
        s = np.where(np.triu(np.ones((5, 5))) > 0, s, -np.inf)
        p = np.exp(s) / np.exp(s).sum(axis=0)
        o = weights["WV"] @ xe @ p
        total += ((o - ye) ** 2).sum() / (2 * TOKENS * EXAMPLES) + (o @ xe.T).sum() / EXAMPLES
    derived = derive(made)
    assert derived.compile()(weights, x, y)[0] == pytest.approx(total, rel=1e-12)
    assert check(derived).passed
    assert "K₁ᵀ" in render(derived, to="text") or "ᵀ S" in render(derived, to="text")


def test_reshape_is_that_of_numpy_and_of_every_example() -> None:
    lines = ["A = reshape(W, 3, 4)", "B = reshape(X, 2, 3 * m)", "loss = sum(A * A * R) + sum(B * T) / m"]
    shapes = {"W": (6, 2), "X": (6, "m"), "R": (3, 4), "T": (2, 1)}
    made = Network.equations(lines, shapes, parameters=["W", "T"], inputs=["X"], constants=["R"])
    w, x, r, t = (RANDOM.normal(size=size) for size in ((6, 2), (6, 4), (3, 4), (2, 1)))
    loss, gradients = derive(made).compile()({"W": w, "T": t}, {"X": x, "R": r})
    examples = side_by_side(x[:, e].reshape(2, 3) for e in range(4))
    assert loss == pytest.approx((w.reshape(3, 4) ** 2 * r).sum() + (examples * t).sum() / 4, rel=1e-13)
    np.testing.assert_allclose(gradients["W"], (2 * w.reshape(3, 4) * r).reshape(6, 2), rtol=1e-13)
    assert check(derive(made)).passed


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("M: 2 x 2 constant = [[1, 2, 3], [4, 5, 6]]", "M is declared 2×2, but"),
        ("M: 2 x 2 constant = [[1, 2], [3]]", "the rows of a matrix are equally long"),
        ("M: 2 x 2 constant = [1, 2]", "write a matrix row by row, such as [[1, 2]] or [[1], [2]]"),
        ("M: 2 x 2 constant = []", "write a matrix row by row"),
        ("M: 2 x 2 constant = [[W, 1], [1, 1]]", "holds plain numbers"),
        ("M: 2 x 2 = [[1, 0], [0, 1]]", "only a constant has a value: write M: 2 x 2 constant = [[1, 0], [0, 1]]"),
        ("M = causal(n)", "causal takes a number of tokens from 1 to 32"),
        ("M = causal(100)", "causal takes a number of tokens from 1 to 32"),
        ("M = reshape(W, 3, 5)", "reshape keeps the number of entries"),
        ("M = reshape(X, 2, 3)", "columns of examples stay a multiple of m"),
        ("M = reshape(V, 4, 3)", "one number of rows must be a multiple of the other"),
        ("M = per_example(W, X)", "per_example takes a product, as in S = per_example(K.T @ Q)"),
        ("M = per_example(W @ X)", "W is 2×3: per_example takes columns of tokens, such as X: 8 x (5 m)"),
        ("M = per_example(S.T @ X)", "Gram needs 4 = 3"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_line(line: str, message: str) -> None:
    shapes = "X: 3 x m\nS: 4 x (5 m) input\nW: 2 x 3\nV: 6 x 2\nU: n x n"
    text = f"{shapes}\n{line}\nloss = sum(W @ X) + sum(M) + sum(S) + sum(V)"
    with pytest.raises((SpecError, ShapeError)) as caught:
        equations_of(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
