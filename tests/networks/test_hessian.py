"""Hessians times vectors: against differences of gradients, as matrices where they are small, on the command line."""

from __future__ import annotations

import importlib
import pkgutil
import warnings

import numpy as np
import pytest
from layer_kinds import NETWORKS

import symbp.ops
from symbp import Dense, Network, SpecError, check, derive
from symbp.cli.main import main
from symbp.errors import UnusedParameterWarning
from symbp.op import Op, vjp
from symbp.ops.elementwise import Slope
from symbp.ops.losses import LossGradient
from symbp.writing.render import render

LOGITS = ["loss = cross_entropy(softmax(z), Y)"]
SHAPES = {"z": (2, 1), "Y": (2, 1)}


def drawn(variables, seed=3):
    random = np.random.default_rng(seed)
    sizes = {"m": 4, "n_0": 3, "n_1": 5, "n_2": 2}
    return {
        each.name: random.normal(size=[int(size.xreplace({s: sizes[s.name] for s in size.free_symbols})) if not
                                       size.is_Integer else int(size) for size in each.shape])
        for each in variables
    }  # fmt: skip


def test_it_is_the_difference_of_gradients_in_the_direction() -> None:
    network = Network([Dense(5, "tanh"), Dense(2, "identity")], 3, "mse")
    run = derive(network, hessian_vector="W1").compile()
    plain = derive(network).compile()
    parameters, x, y = drawn(network.parameters), drawn(network.inputs)["X"], np.ones((2, 4))
    direction, step = np.random.default_rng(5).normal(size=(5, 3)), 1e-6
    ends = [plain({**parameters, "W1": parameters["W1"] + sign * step * direction}, x, y)[1]["W1"] for sign in (1, -1)]
    _, found = run(parameters, {"X": x, "R_W1": direction}, y)
    np.testing.assert_allclose(found["W1"], (ends[0] - ends[1]) / (2 * step), rtol=1e-7, atol=1e-9)


def test_a_mixed_derivative_is_asked_for_by_both_names() -> None:
    mixed = derive(Network([Dense(5, "tanh"), Dense(2, "identity")], 3, "mse"), hessian_vector="W1", wrt=["W2"])
    assert list(mixed.gradients) == ["W2"]
    assert check(mixed).passed


@pytest.mark.parametrize(
    "name", [name if name == "plain" else pytest.param(name, marks=pytest.mark.long) for name in NETWORKS]
)
def test_every_layer_is_differentiated_twice_and_has_a_page(name: str) -> None:
    network = NETWORKS[name]()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnusedParameterWarning)
        curved = derive(network, hessian_vector=network.parameters[0].name)
    assert check(curved).passed
    assert "Hessian" in render(curved, to="text")


def test_the_hessian_of_softmax_and_cross_entropy_is_a_matrix_on_the_page() -> None:
    curved = derive(Network.equations(LOGITS, SHAPES), hessian_vector="z")
    page = render(curved, to="gfm")
    assert r"This Hessian is $`\mathrm{diag}(u_1) - u_1\,u_1^{\top}`$." in page
    run, y = curved.compile(), np.array([[1.0], [0.0]])
    columns = [run({"z": np.zeros((2, 1))}, np.eye(2)[:, [at]], y)[1]["z"] for at in range(2)]
    np.testing.assert_allclose(np.hstack(columns), [[0.25, -0.25], [-0.25, 0.25]], rtol=1e-15)


def test_the_hessian_of_a_regression_is_that_of_its_inputs() -> None:
    shapes = {"w": (1, 3), "X": (3, "m"), "Y": (1, "m")}
    page = render(derive(Network.equations(["loss = mse(w @ X, Y)"], shapes), hessian_vector="w"), to="text")
    assert "This Hessian is 1/m X Xᵀ." in page


def test_it_may_be_taken_of_a_hessian_and_of_no_operation_alone() -> None:
    once = derive(Network([Dense(3, "tanh"), Dense(2, "identity")], 2, "mse"), hessian_vector="W1")
    twice = derive(once.network, hessian_vector="W2")
    assert check(twice).passed
    with pytest.raises(SpecError, match="an operation alone has no loss"):
        derive("softmax", hessian_vector="Z")


def test_the_page_says_that_relu_has_no_second_derivative() -> None:
    network = Network([Dense(3, "relu"), Dense(2, "identity")], 2, "mse")
    page = render(derive(network, hessian_vector="W1"), to="text")
    assert "ReLU′′ = 0" in page
    assert "⊙ 1)" not in page
    assert "′′ = 0" not in render(derive(network), to="text")


def kinds(of):
    for kind in of.__subclasses__():
        yield kind
        yield from kinds(kind)


def test_every_operator_of_a_backward_pass_can_be_differentiated_itself() -> None:
    """A slope becomes a formula, the gradient of a loss left open has none: all others have a rule or are spelled."""
    for module in pkgutil.iter_modules(symbp.ops.__path__):
        importlib.import_module(f"symbp.ops.{module.name}")
    own = {kind for kind in kinds(Op) if kind.__module__.startswith("symbp.ops.")}
    leaves = own - {base for kind in own for base in kind.__bases__}
    without = {kind for kind in leaves if kind not in vjp.registry and kind.spelled_out is Op.spelled_out}
    assert without == {Slope, LossGradient}


@pytest.mark.parametrize(
    ("options", "name", "message"),
    [
        ({"activation": "tanh", "loss": "mse"}, "W9", "no parameter or input 'W9'"),
        ({"loss": "mse"}, "W1", "hessian_vector: needs activations with formulas: choose one, such as tanh"),
        ({"activation": "tanh"}, "W1", "hessian_vector: needs a loss with a formula: choose one, such as mse"),
    ],
)
def test_what_has_no_second_derivative_is_refused_in_a_line(options: dict[str, str], name: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        derive(layers=2, hessian_vector=name, **options)
    assert message in str(caught.value)


def test_the_command_line_asks_for_it_by_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    typed = ["--layers", "2", "--activation", "tanh", "--loss", "mse", "--hessian-vector"]
    assert main(["check", *typed, "W1"]) == 0
    assert capsys.readouterr().out.startswith("right")
    assert main(["check", *typed, "W7"]) == 2
    assert "--hessian-vector: the network has no parameter or input 'W7'" in capsys.readouterr().err
    assert main(["derive", "softmax", "--hessian-vector", "X"]) == 2
    assert "--hessian-vector: softmax alone has no loss" in capsys.readouterr().err
