"""compile(): values, dtypes, and one clear line for every wrong argument."""

from typing import Any

import numpy as np
import pytest

from symbp.derivation import derive
from symbp.errors import ShapeError, SpecError, SymbpError
from symbp.numeric.arguments import REMEMBERED, Arguments

RANDOM = np.random.default_rng(0)
PARAMETERS = {
    "W1": RANDOM.normal(size=(5, 3)),
    "b1": RANDOM.normal(size=(5, 1)),
    "W2": RANDOM.normal(size=(2, 5)),
    "b2": RANDOM.normal(size=(2, 1)),
}
X = RANDOM.normal(size=(3, 4))
Y = np.eye(2)[:, [0, 1, 1, 0]]


def compiled(loss: str = "cross_entropy", **options: Any) -> Any:
    return derive(layers=2, activation="tanh", loss=loss, **options).compile()


def test_it_returns_a_float_and_a_gradient_for_every_parameter() -> None:
    loss, gradients = compiled()(PARAMETERS, X, Y)
    assert type(loss) is float
    assert list(gradients) == list(PARAMETERS)
    assert all(gradients[name].shape == array.shape for name, array in PARAMETERS.items())
    assert all(gradient.dtype == np.float64 for gradient in gradients.values())


def test_the_numbers_are_those_of_the_formula_worked_by_hand() -> None:
    z1 = PARAMETERS["W1"] @ X + PARAMETERS["b1"]
    z2 = PARAMETERS["W2"] @ np.tanh(z1) + PARAMETERS["b2"]
    p = np.exp(z2) / np.exp(z2).sum(axis=0)
    d2 = (p - Y) / 4
    d1 = (PARAMETERS["W2"].T @ d2) / np.cosh(z1) ** 2
    loss, gradients = compiled()(PARAMETERS, X, Y)
    assert loss == pytest.approx(-(Y * np.log(p)).sum() / 4)
    np.testing.assert_allclose(gradients["W1"], d1 @ X.T)
    np.testing.assert_allclose(gradients["b2"], d2.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("examples", [1, 2, 7])
def test_any_number_of_examples(examples: int) -> None:
    x, y = RANDOM.normal(size=(3, examples)), np.eye(2)[:, RANDOM.integers(0, 2, examples)]
    loss, gradients = compiled()(PARAMETERS, x, y)
    singles = [compiled()(PARAMETERS, x[:, [k]], y[:, [k]]) for k in range(examples)]
    assert loss == pytest.approx(np.mean([each[0] for each in singles]))
    np.testing.assert_allclose(gradients["W1"], np.mean([each[1]["W1"] for each in singles], axis=0))


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu", "leaky_relu", "selu", "silu", "hardswish"])
def test_float32_stays_float32(activation: str) -> None:
    small = {name: array.astype(np.float32) for name, array in PARAMETERS.items()}
    function = derive(layers=2, activation=activation, loss="mse").compile()
    _, gradients = function(small, X.astype(np.float32), Y.astype(np.float32))
    assert all(gradient.dtype == np.float32 for gradient in gradients.values())


def test_integers_and_lists_become_floats() -> None:
    lists = {name: array.tolist() for name, array in PARAMETERS.items()}
    assert compiled()(lists, X.tolist(), Y.astype(int))[0] == compiled()(PARAMETERS, X, Y)[0]


def test_arrays_may_come_by_name() -> None:
    assert compiled()(PARAMETERS, {"X": X}, {"Y": Y})[0] == compiled()(PARAMETERS, X, Y)[0]


@pytest.mark.parametrize("scale", [800.0, -800.0])
@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy"])
def test_saturated_logits_stay_finite(loss: str, scale: float) -> None:
    far = {**PARAMETERS, "W2": np.zeros((2, 5)), "b2": np.array([[scale], [-scale]])}
    value, gradients = compiled(loss)(far, X, Y)
    assert np.isfinite(value)
    assert all(np.isfinite(gradient).all() for gradient in gradients.values())


def without(name: str) -> dict[str, Any]:
    return {key: array for key, array in PARAMETERS.items() if key != name}


@pytest.mark.parametrize(
    ("parameters", "x", "y", "error", "message"),
    [
        ({**without("W1"), "w1": 0}, X, Y, SpecError, "no array is called 'w1'; did you mean 'W1'?"),
        (without("b2"), X, Y, SpecError, "parameters: b2 is missing"),
        ({**PARAMETERS, "W3": 0}, X, Y, SpecError, "no array is called 'W3'"),
        ([1, 2], X, Y, SpecError, "parameters must be a dict of arrays by name, not list"),
        ({**PARAMETERS, "b1": np.ones(5)}, X, Y, ShapeError, "write b1.reshape(-1, 1)"),
        ({**PARAMETERS, "W2": np.ones((5, 2))}, X, Y, ShapeError, "W2 has shape (5, 2) but must be n2×n1"),
        ({**PARAMETERS, "W1": [[1, 2], [3]]}, X, Y, ShapeError, "W1 is not an array"),
        (PARAMETERS, X[:2], Y, ShapeError, "W1 has shape (5, 3) but must be n1×n0: 3 columns where the rows of X"),
        (PARAMETERS, X[:, 0], Y, ShapeError, "X has shape (3,) but must be a matrix"),
        (PARAMETERS, X, Y[:, :3], ShapeError, "Y has shape (2, 3) but must be n2×m: 3 columns where"),
        (PARAMETERS, X * 1j, Y, SpecError, "X must hold real numbers, not complex128"),
        (PARAMETERS, X, None, SpecError, "give Y, n2×m"),
        (PARAMETERS, X, np.array([0, 1, 1, 0]), SpecError, "give one-hot columns, not class labels"),
        (PARAMETERS, X, np.array([[0, 1, 1, 0]]), SpecError, "give one-hot columns, not class labels"),
        (PARAMETERS, X, 2 * Y, SpecError, "the columns of Y must sum to 1, as one-hot columns do; column 0 sums to 2"),
        (PARAMETERS, X, np.nan * Y, SpecError, "the columns of Y must sum to 1"),
        (PARAMETERS, {"x": X}, Y, SpecError, "X: no array is called 'x'; did you mean 'X'?"),
    ],
)
def test_a_wrong_argument_is_refused_in_one_line(
    parameters: Any, x: Any, y: Any, error: type[SymbpError], message: str
) -> None:
    with pytest.raises(error) as raised:
        compiled()(parameters, x, y)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(("loss", "bad", "message"), [("bce", 2.0, "from 0 to 1"), ("hinge", 0.0, "only -1 and 1")])
def test_targets_of_the_wrong_kind_are_refused(loss: str, bad: float, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        compiled(loss)(PARAMETERS, X, np.full((2, 4), bad))


def test_what_is_left_open_needs_standins() -> None:
    derived = derive(layers=2)
    with pytest.raises(SpecError, match=r'compile\(f="tanh"\).*compile\(loss="mse"\)'):
        derived.compile()
    with pytest.raises(SpecError, match="f names 3 activations for 2"):
        derived.compile(f=["tanh", "sin", "relu"], loss="mse")
    with pytest.raises(SpecError, match="did you mean 'tanh'"):
        derived.compile(f="tahn", loss="mse")
    with pytest.raises(SpecError, match=r"leave out f; .*leave out loss"):
        derive(layers=2, activation="tanh", loss="mse").compile(f="tanh", loss="mse")


def test_standins_give_the_numbers_of_the_concrete_network() -> None:
    opened = derive(layers=2).compile(f=["tanh", "sigmoid"], loss="mse")
    chosen = derive(layers=2, activation="tanh", output_activation="sigmoid", loss="mse").compile()
    first, second = opened(PARAMETERS, X, Y), chosen(PARAMETERS, X, Y)
    assert first[0] == pytest.approx(second[0])
    for name in PARAMETERS:
        np.testing.assert_allclose(first[1][name], second[1][name], rtol=1e-12)
    assert "dZ1 = dA1 * f1_slope(Z1)" in opened.source


@pytest.mark.parametrize(
    ("parameters", "x", "y", "message"),
    [
        (PARAMETERS, X[:, :0], Y[:, :0], "X has shape (3, 0), which holds no examples: give at least one"),
        (
            {**PARAMETERS, "W1": np.zeros((0, 3)), "b1": np.zeros((0, 1))},
            X,
            Y,
            "W1 has shape (0, 3), which holds no rows",
        ),
    ],
)
def test_arrays_that_hold_nothing_are_refused(parameters: Any, x: Any, y: Any, message: str) -> None:
    with pytest.raises(ShapeError) as raised:
        compiled()(parameters, x, y)
    assert message in str(raised.value)


def test_a_shape_that_was_right_once_excuses_no_later_array() -> None:
    function = compiled()
    function(PARAMETERS, X, Y)
    function(PARAMETERS, X[:, :2], Y[:, :2])
    for parameters, x, y in (
        (PARAMETERS, X, Y[:, :2]),
        (PARAMETERS, X, 2 * Y),
        (PARAMETERS, X, Y * [[1], [np.nan]]),
        (PARAMETERS, X, Y - np.array([[1], [-1]])),
        (PARAMETERS, X * 1j, Y),
        ({**PARAMETERS, "W2": PARAMETERS["W1"]}, X, Y),
        ({**without("b1"), "B1": PARAMETERS["b1"]}, X, Y),
    ):
        with pytest.raises(SymbpError):
            function(parameters, x, y)
    assert function(PARAMETERS, X, Y)[0] == compiled()(PARAMETERS, X, Y)[0]


def test_a_matrix_class_multiplies_entry_by_entry_as_an_array_does() -> None:
    function = compiled("mse")
    function(PARAMETERS, X, Y)
    matrices = {name: array.view(np.matrix) for name, array in PARAMETERS.items()}
    assert function(matrices, X.view(np.matrix), Y)[0] == function(PARAMETERS, X, Y)[0]


def test_shapes_are_judged_once_and_few_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    judged = []
    original = Arguments._judged
    monkeypatch.setattr(Arguments, "_judged", lambda self, *key: judged.append(key) or original(self, *key))
    function = compiled("mse")
    for examples in (4, 3, 4, 3):
        function(PARAMETERS, X[:, :examples], Y[:, :examples])
    assert len(judged) == 2
    for examples in range(1, 3 * REMEMBERED):
        function(PARAMETERS, np.ones((3, examples)), np.ones((2, examples)))
    assert function.arguments._precision.cache_info().currsize == REMEMBERED


@pytest.mark.parametrize("number", [np.float64, np.float32, np.int64, np.int8, np.uint16, np.bool_, float, int])
def test_numbers_of_numpy_and_of_python_are_numbers(number: type) -> None:
    rows = [[number(value) for value in row] for row in Y.tolist()]
    assert compiled()(PARAMETERS, X, rows)[0] == compiled()(PARAMETERS, X, Y)[0]
