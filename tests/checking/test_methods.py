"""The methods of a check: the digits their models expect, kinks set aside, and what is no failure told apart."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from sympy import MatMul, Rational
from systems import with_rhs

from symbp.checking.check import check
from symbp.checking.models import central_error, digits_of, long_error, rounding
from symbp.checking.report import CheckReport, Outcome, Verdict
from symbp.derivation import Derivation, derive
from symbp.errors import CheckFailedError, SpecError
from symbp.networks.convolution import Conv2d
from symbp.networks.images import Image
from symbp.networks.layers import Dense
from symbp.networks.network import Network
from symbp.networks.pooling import MaxPool2d
from symbp.numeric.values import Values

ONES = np.ones((1, 1))


def verdicts(report: CheckReport) -> dict[str, Verdict]:
    return {row.name: row.verdict for row in report.rows}


def small(activation: str, loss: str = "mse", **options: Any) -> Derivation:
    return derive(layers=2, widths=[2, 2, 1], activation=activation, output_activation="identity", loss=loss, **options)


def values(w1: Any, b1: Any, w2: Any, b2: Any, x: Any, y: Any) -> Values:
    arrays = {"W1": w1, "b1": b1, "W2": w2, "b2": b2}
    return Values(
        {name: np.array(array, dtype=float) for name, array in arrays.items()},
        {"X": np.array(x, dtype=float)},
        {"Y": np.array(y, dtype=float)},
    )


def test_digits_are_counted_from_relative_errors() -> None:
    assert digits_of(1e-7) == pytest.approx(7)
    assert digits_of(0.0, 15.7) == 15.7
    assert digits_of(float("nan")) == 0
    assert digits_of(3.0) == 0


@pytest.mark.parametrize("step", [1e-2, 1e-3])
def test_two_step_sizes_measure_the_error_of_a_central_difference(step: float) -> None:
    def d(h: float) -> float:
        return float((np.exp(1 + h) - np.exp(1 - h)) / (2 * h))

    truncation, noise = central_error(d(step), d(2 * step), np.e, step, 1)
    assert truncation == pytest.approx(abs(d(step) - np.e), rel=0.01)
    assert noise < truncation
    assert long_error(truncation, np.e, 1e-17, 50, 1, step) == pytest.approx(np.e / 6 * 1e-34, rel=0.05)
    assert rounding(1.0, 4) == 2 * 2.0**-52


NETWORKS: dict[str, dict[str, Any]] = {
    "tanh": {"layers": 2, "activation": "tanh", "loss": "mse"},
    "sigmoid, deep": {"layers": 12, "activation": "sigmoid", "loss": "mse"},
    "relu": {"layers": 4, "activation": "relu", "loss": "hinge", "output_activation": "tanh"},
    "softmax": {"layers": 3, "activation": "silu", "loss": "cross_entropy"},
    "gelu": {"layers": 3, "activation": "gelu", "loss": "mse"},
    "open": {"layers": 4},
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("seed", range(3))
def test_right_gradients_reach_the_digits_expected(name: str, seed: int) -> None:
    report = check(derive(**NETWORKS[name]), seed=seed)
    assert report.passed
    for row in report.rows:
        assert row.measured, row
        for each in row.measured:
            assert each.reached >= each.expected - 1, (row.name, each)


def test_the_expectation_follows_the_method_and_the_depth() -> None:
    def expected(layers: int) -> dict[str, float]:
        row = check(derive(layers=layers, activation="sigmoid", loss="mse")).rows[0]
        return {each.method: each.expected for each in row.measured}

    shallow, deep = expected(1), expected(16)
    assert 14 < shallow["complex step"] < 16
    assert shallow["central differences"] > deep["central differences"] + 2
    assert shallow["50 digits"] > 30
    assert deep["complex step"] > 13


def test_a_wrong_gradient_falls_short_of_every_expectation() -> None:
    derived = derive(layers=2, activation="tanh", loss="mse")
    wrong = with_rhs(derived, "dW1", MatMul(1.001, *derived.backward["dW1"].rhs.args))
    row = check(wrong).rows[0]
    assert row.verdict is Verdict.WRONG
    assert [each.method for each in row.measured] == ["complex step", "50 digits", "central differences"]
    for each in row.measured:
        assert 2 < each.reached < 4.5  # one part in a thousand is wrong
        assert each.expected > 8


AT_ZERO = values([[1, -1], [1, 1]], [[0], [0.5]], [[1, 2]], [[0]], [[2], [2]], [[0]])
"""Z1 = (0, 4.5): the first hidden unit stands on ReLU's kink."""


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "abs(x)", "max(x, 0)", "x*abs(x)"])
def test_entries_on_a_kink_are_set_aside_and_the_rest_judged(activation: str) -> None:
    report = check(small(activation), at=AT_ZERO)
    assert report.passed, report
    rows = {row.name: row for row in report.rows}
    assert [rows[name].aside for name in ("W1", "b1", "W2", "b2")] == [2, 1, 0, 0]
    (note,) = [each for each in report.notes if "kink" in each]
    assert "2 of 4 entries of W1, 1 of 2 entries of b1" in note
    assert "PyTorch's" in note


def test_a_wrong_entry_beside_a_kink_is_still_found() -> None:
    derived = small("relu")
    wrong = with_rhs(derived, "dW1", MatMul(2, *derived.backward["dW1"].rhs.args))
    assert verdicts(check(wrong, at=AT_ZERO))["W1"] is Verdict.WRONG


def test_where_every_entry_stands_on_a_kink_nothing_is_claimed() -> None:
    at = values([[1, -1], [-1, 1]], [[0], [0]], [[1, 2]], [[0.5]], [[2], [2]], [[0]])
    report = check(small("relu"), at=at)
    assert verdicts(report)["W1"] is Verdict.AT_KINK
    assert verdicts(report)["b1"] is Verdict.AT_KINK
    assert verdicts(report)["b2"] is Verdict.AGREES


@pytest.mark.parametrize(("loss", "y"), [("mae", 11.5), ("hinge", 1.0)])
def test_the_kink_of_a_loss_is_seen(loss: str, y: float) -> None:
    """Z1 = (2.5, 4.5): the output 11.5 meets its target exactly, or stands at y a = 1."""
    w2, b2 = ([[1, 2]], [[0]]) if loss == "mae" else ([[1, -0.5]], [[0.75]])
    at = values([[1, 0], [1, 1]], [[0.5], [0.5]], w2, b2, [[2], [2]], [[y]])
    report = check(small("relu", loss), at=at)
    assert set(verdicts(report).values()) == {Verdict.AT_KINK}
    assert report.outcome is Outcome.INCONCLUSIVE
    assert any(f"the loss {loss}" in note for note in report.notes)


def test_the_join_of_huber_is_set_aside_too() -> None:
    at = values([[1, 0], [1, 1]], [[0.5], [0.5]], [[1, 2]], [[0]], [[2], [2]], [[10.5]])
    report = check(small("relu", "huber"), at=at)
    assert set(verdicts(report).values()) == {Verdict.AT_KINK}


def test_a_tie_for_the_maximum_is_set_aside() -> None:
    """A kernel of one number moves tied values alike, which breaks no tie; an input of its own does."""
    layers = [Conv2d(1, 1), MaxPool2d(2), Dense(1, "identity")]
    derived = derive(Network(layers, inputs=Image(1, 2, 2), loss="mse"))
    names = [parameter.name for parameter in derived.network.parameters]
    arrays = {p.name: np.full(tuple(map(int, p.shape)), 0.5) for p in derived.network.parameters}
    for image in ([[1], [3], [3], [2]], [[1], [-1], [-1], [1]]):
        at = Values(arrays, {"X": np.array(image, dtype=float)}, {"Y": np.zeros((1, 1))})
        report = check(derived, at=at)
        assert report.passed
        assert [row.name for row in report.rows] == names
    free = derive(Network([MaxPool2d(2)], inputs=Image(1, 2, 2), loss="mse"), wrt=["X"])
    tie = check(free, at=Values({}, {"X": np.array([[1.0], [3.0], [3.0], [2.0]])}, {"Y": np.zeros((1, 1))}))
    assert tie.rows[0].aside == 2
    assert any("a tie for the maximum" in note for note in tie.notes)
    assert tie.passed


def test_a_difference_that_straddles_a_kink_is_set_aside() -> None:
    """Z1 is 1e-6 from ReLU's kink: the complex step sees one side, the central difference both."""
    at = values([[1, -1], [1, 1]], [[1e-6], [0.5]], [[1, 2]], [[0]], [[2], [2]], [[0]])
    report = check(small("relu"), at=at)
    assert report.passed
    assert any("straddle a kink" in note for note in report.notes)
    rows = {row.name: row for row in report.rows}
    assert rows["W1"].aside == 0
    assert all(each.reached > each.expected - 1 for each in rows["W1"].measured if each.method != "50 digits")


def test_overflow_is_no_failure_and_no_proof() -> None:
    at = values([[800, 0], [0, 1]], [[0], [0]], [[1, 2]], [[0]], [[2], [2]], [[0]])
    report = check(small("exp(x)"), at=at)
    assert set(verdicts(report).values()) == {Verdict.OVERFLOW}
    assert report.outcome is Outcome.INCONCLUSIVE
    assert any("overflows: first in A1" in note for note in report.notes)
    with pytest.raises(CheckFailedError, match="proves nothing: the forward pass overflows"):
        report.raise_if_failed()
    json.dumps(report.to_dict(), allow_nan=False)


def test_a_forward_pass_that_is_not_a_number_is_told_apart() -> None:
    at = values([[99, 0], [0, 1]], [[0], [0]], [[1, 2]], [[0]], [[2], [2]], [[0]])
    report = check(small("exp(9*x) - exp(8*x)"), at=at)
    assert set(verdicts(report).values()) == {Verdict.UNDEFINED}
    assert any("is not a number: first in A1" in note for note in report.notes)


def test_dead_units_are_named() -> None:
    at = values([[1, 0], [0, 1]], [[-9], [-9]], [[1, 2]], [[0]], [[2], [2]], [[1]])
    report = check(small("relu"), at=at)
    assert verdicts(report) == {"W1": Verdict.DEAD, "b1": Verdict.DEAD, "W2": Verdict.DEAD, "b2": Verdict.AGREES}
    assert any("every unit of A1 is dead for this example" in note for note in report.notes)


def test_data_has_every_method() -> None:
    data = json.loads(json.dumps(check(small("tanh")).to_dict(), allow_nan=False))
    assert data["outcome"] == "passed"
    assert {each["method"] for each in data["rows"][0]["measured"]} == {
        "complex step",
        "50 digits",
        "central differences",
    }
    assert data["rows"][0]["aside"] == 0


def test_unknown_engines_are_refused() -> None:
    with pytest.raises(SpecError, match="--engine tensorflow: unknown; choose from torch, jax, autograd"):
        check(small("tanh"), engines=["tensorflow"])


def vanishing(layers: int, weight: float) -> tuple[Derivation, Values]:
    """A deep network whose first gradients are many powers of ten below its last ones, at given numbers."""
    derived = derive(layers=layers, widths=[2] * (layers + 1), activation="tanh", output_activation="identity",
                     loss="mse", bias=False)  # fmt: skip
    random = np.random.default_rng(1)
    parameters = {f"W{at}": weight * (np.eye(2) + 0.1 * random.normal(size=(2, 2))) for at in range(1, layers + 1)}
    x, y = random.normal(size=(2, 3)), random.normal(size=(2, 3))
    return derived, Values(parameters, {"X": x}, {"Y": y})


def test_right_gradients_of_a_deep_network_agree_however_small_the_first_are() -> None:
    derived, at = vanishing(400, 0.7)
    _, gradients = derived.compile()(*at.arguments())
    assert np.abs(gradients["W1"]).max() < 1e-55
    report = check(derived, thorough=False, at=at)
    assert {row.entries for row in report.rows} >= {"with all others"}
    assert set(verdicts(report).values()) == {Verdict.AGREES}


def test_a_wrong_gradient_of_such_a_network_is_still_found() -> None:
    derived, at = vanishing(400, 0.7)
    wrong = with_rhs(derived, "dW200", MatMul(Rational(1001, 1000), derived.backward["dW200"].rhs))
    report = check(wrong, thorough=False, at=at)
    assert not report.passed
    assert verdicts(report)["W200"] is Verdict.WRONG
