"""Gradients inside a network: against differences of what they are gradients of, and against networks without them."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from symbp import Network, SpecError, check, derive
from symbp.errors import UnusedParameterWarning

RANDOM = np.random.default_rng(5)


def drawn(**shapes):
    return {name: RANDOM.normal(size=shape) for name, shape in shapes.items()}


def value_of(lines, shapes, last, arrays):
    """The entries of a matrix of a network, one at a time, as the loss of a network that ends in it."""
    rows, columns = last[1]
    found = np.zeros(last[1])
    for row in range(rows):
        for column in range(columns):
            picked = [*lines, f"loss = sum({last[0]}[{row}][:, {column}:{column + 1}])"]
            made = Network.equations(picked, shapes, inputs=["X"] if "X" in shapes else None)
            parameters = {each.name: arrays[each.name] for each in made.parameters}
            inputs = {each.name: arrays[each.name] for each in made.inputs}
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UnusedParameterWarning)
                found[row, column] = derive(made).compile()(parameters, inputs or None)[0]
    return found


PINN = ["u = v @ tanh(W @ X + b)", "s = sum(u)", "ux = grad(s, X)", "t = sum(ux)", "uxx = grad(t, X)"]
PINN_SHAPES = {"X": (1, 3), "W": (4, 1), "b": (4, 1), "v": (1, 4)}


def test_a_second_derivative_is_that_of_the_function() -> None:
    arrays = drawn(**PINN_SHAPES)
    w, b, v, x = (arrays[name] for name in "WbvX")
    a = np.tanh(w @ x + b)
    np.testing.assert_allclose(value_of(PINN, PINN_SHAPES, ("ux", (1, 3)), arrays), v @ ((1 - a**2) * w), rtol=1e-12)
    second = v @ (-2 * a * (1 - a**2) * w**2)
    np.testing.assert_allclose(value_of(PINN, PINN_SHAPES, ("uxx", (1, 3)), arrays), second, rtol=1e-12)


def test_a_physics_informed_loss_has_right_gradients() -> None:
    lines = [*PINN, "loss = mean((uxx + u - sin(X))**2)"]
    derived = derive(Network.equations(lines, {**PINN_SHAPES, "X": (1, "m")}))
    assert check(derived).passed
    by_hand = [
        "A = tanh(W @ X + b)", "u = v @ A", "uxx = v @ (-2 * A * (1 - A**2) * W**2)",
        "loss = mean((uxx + u - sin(X))**2)",
    ]  # fmt: skip
    plain = derive(Network.equations(by_hand, {**PINN_SHAPES, "X": (1, "m")}))
    arrays = drawn(**PINN_SHAPES)
    parameters = {name: arrays[name] for name in "Wbv"}
    loss, gradients = derived.compile()(parameters, arrays["X"])
    wanted, slopes = plain.compile()(parameters, arrays["X"])
    assert loss == pytest.approx(wanted, rel=1e-13)
    for name in "Wbv":
        np.testing.assert_allclose(gradients[name], slopes[name], rtol=1e-10)


def test_a_gradient_penalty_is_differentiated_through() -> None:
    lines = [
        "D = v @ leaky_relu(W @ X + b, 0.2)", "s = sum(D)", "G = grad(s, X)",
        "loss = mean((norm(G, axis=0) - 1)**2) - mean(D)",
    ]  # fmt: skip
    assert check(derive(Network.equations(lines, {"X": (3, "m"), "W": (4, 3), "b": (4, 1), "v": (1, 4)}))).passed


def test_a_step_of_gradient_descent_is_differentiated_through() -> None:
    """The outer loss of MAML (Finn et al. 2017) for a linear model: its gradient by hand."""
    lines = ["inner = mse(W @ X, Y)", "W_new = W - 0.1 * grad(inner, W)", "loss = mse(W_new @ X2, Y2)"]
    shapes = {"W": (2, 3), "X": (3, 4), "X2": (3, 5), "Y": (2, 4), "Y2": (2, 5)}
    made = Network.equations(lines, shapes, inputs=["X", "X2"])
    arrays = drawn(**shapes)
    w, x, x2, y, y2 = (arrays[name] for name in ("W", "X", "X2", "Y", "Y2"))
    moved = w - 0.1 * (w @ x - y) @ x.T / 4
    outer = (moved @ x2 - y2) @ x2.T / 5
    loss, gradients = derive(made).compile()({"W": w}, {"X": x, "X2": x2}, {"Y": y, "Y2": y2})
    assert loss == pytest.approx(np.sum((moved @ x2 - y2) ** 2) / 10, rel=1e-13)
    np.testing.assert_allclose(gradients["W"], outer - 0.1 * outer @ x @ x.T / 4, rtol=1e-12)
    assert check(derive(made)).passed


ACTIVATIONS = ["tanh", "sigmoid", "softplus", "gelu", "silu", "exp", "relu", "elu"]
OPERATIONS = ["softmax", "layernorm", "rmsnorm", "batchnorm"]


@pytest.mark.parametrize("activation", [*ACTIVATIONS, *OPERATIONS])
def test_hessian_times_vector_is_the_difference_of_gradients(activation: str) -> None:
    forward = [f"A = {activation}(W @ X)", "L = mse(V @ A, Y)"]
    shapes = {"W": (4, 3), "V": (2, 4), "X": (3, 5), "Y": (2, 5), "R": (4, 3)}
    lines = [*forward, "g = grad(L, W)", "loss = sum(g * R)"]
    made = Network.equations(lines, shapes, inputs=["X"], constants=["R"])
    arrays = drawn(**shapes)
    given = {name: arrays[name] for name in "WV"}
    _, product = derive(made).compile()(given, {"X": arrays["X"], "R": arrays["R"]}, arrays["Y"])
    plain = derive(
        Network.equations([*forward[:1], "loss = mse(V @ A, Y)"], {k: shapes[k] for k in "WVXY"}, inputs=["X"])
    )
    step, run = 1e-6, plain.compile()
    ends = [
        run({**given, "W": arrays["W"] + sign * step * arrays["R"]}, arrays["X"], arrays["Y"])[1] for sign in (1, -1)
    ]
    for name in "WV":
        difference = (ends[0][name] - ends[1][name]) / (2 * step)
        np.testing.assert_allclose(product[name], difference, rtol=1e-6, atol=1e-7)
    assert check(derive(made)).passed


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["G = grad(X, X)", "loss = sum(G)"], "grad takes a number, 1×1"),
        (["s = sum(W @ X)", "G = grad(s)", "loss = sum(G)"], "as in G = grad(L, X)"),
        (["s = sum(W @ X)", "G = grad(s, W @ X)", "loss = sum(G)"], "differentiate by a name"),
        (["s = sum(W @ X)", "G = grad(s, 2)", "loss = sum(G)"], "is a number: a matrix must stand here"),
    ],
)
def test_what_has_no_gradient_is_refused(lines: list[str], message: str) -> None:
    with pytest.raises(SpecError) as caught:
        derive(Network.equations(lines, {"X": (3, "m"), "W": (4, 3)}))
    assert message in str(caught.value)


def test_the_hessian_of_softmax_and_cross_entropy_by_the_logits() -> None:
    """diag p − p pᵀ, a column at a time (Bishop 2006, equation 4.110)."""
    lines = ["P = softmax(z)", "L = cross_entropy(P, Y)", "g = grad(L, z)", "loss = sum(g * R)"]
    made = Network.equations(lines, {"z": (3, 1), "Y": (3, 1), "R": (3, 1)}, constants=["R"])
    z, y = RANDOM.normal(size=(3, 1)), np.array([[0.0], [1.0], [0.0]])
    p = np.exp(z) / np.exp(z).sum()
    run = derive(made).compile()
    rows = [run({"z": z}, np.eye(3)[:, at : at + 1], y)[1]["z"] for at in range(3)]
    np.testing.assert_allclose(np.hstack(rows), np.diagflat(p) - p @ p.T, rtol=1e-12, atol=1e-15)
