"""What a check says, and what it must refuse to say."""

import json
import math

import pytest
from sympy import MatAdd, MatMul, OneMatrix, S, Symbol
from systems import BATCH, LOSS, N0, N1, W1, X, b1, case, derivation, variable, with_rhs

from symbp.checking.check import check
from symbp.checking.report import Outcome, Verdict
from symbp.checking.tolerance import TOLERANCE, Comparison
from symbp.derivation import derive
from symbp.errors import CheckFailedError
from symbp.networks.layers import Dense
from symbp.networks.network import Network
from symbp.ops.activations import ACTIVATIONS
from symbp.ops.elementwise import Elementwise, ScalarFunction
from symbp.ops.functions import activation
from symbp.ops.losses import EntrywiseLoss, entry_loss
from symbp.ops.scalar import relu, step
from symbp.ops.softmax import Softmax


@pytest.mark.parametrize(
    ("error", "scale", "floor", "verdict"),
    [
        (math.nan, 1.0, 1e-12, Verdict.NOT_FINITE),
        (0.0, math.inf, 1e-12, Verdict.NOT_FINITE),
        (1e-3, math.nan, 1e-12, Verdict.NOT_FINITE),
        (0.0, 0.0, 0.0, Verdict.PROVES_NOTHING),
        (1e-8, 1.0, 1e-12, Verdict.WRONG),
        (2.0, 1.0, 1e-12, Verdict.WRONG),
        (1e-15, 1e-13, 1e-12, Verdict.ZERO),
        (1e-15, 1.0, 1e-12, Verdict.AGREES),
        (1e-40, 1e-30, 1e-44, Verdict.AGREES),
        (2e-30, 1e-30, 1e-44, Verdict.WRONG),
    ],
)
def test_verdicts(error: float, scale: float, floor: float, verdict: Verdict) -> None:
    assert Comparison(error, scale, floor, error).verdict(TOLERANCE) is verdict


def test_the_open_network_runs_with_two_rounds_of_standins() -> None:
    report = check(derive(layers=4))
    assert report.passed
    assert [row.name for row in report.rows] == ["W1", "b1", "W2", "b2", "W3", "b3", "W4", "b4"]
    assert report.standins == (
        "f = tanh, sigmoid, softplus, sin in turn, loss = mse",
        "f = sigmoid, softplus, sin, tanh in turn, loss = log_cosh",
    )
    assert report.widths == (3, 5, 4, 2, 3)
    assert report.batch > 1
    assert {row.entries for row in report.rows} == {"every entry"}
    assert report.relative is not None
    assert report.relative < 1e-12
    assert report.digits is not None
    assert report.digits < 1e-20
    assert all(row.central is not None and row.central < 1e-6 for row in report.rows)


def test_a_report_is_data() -> None:
    report = check(derive(layers=2, activation="tanh", loss="mse"), seed=3)
    data = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert data["passed"] is True
    assert data["seed"] == 3
    assert data["rows"][0]["name"] == "W1"
    assert data["rows"][0]["verdict"] == "agrees"
    assert data["runs"][0]["widths"] == [3, 5, 4]
    report.raise_if_failed()


def test_the_same_seed_gives_the_same_report_and_another_one_another() -> None:
    derived = derive(layers=2)
    assert check(derived, seed=5) == check(derived, seed=5)
    assert check(derived, seed=5).rows != check(derived, seed=6).rows


def test_a_failed_check_raises_with_the_gradients_it_found() -> None:
    derived = derive(layers=2, activation="tanh", loss="mse")
    wrong = with_rhs(derived, "dW1", MatMul(-1, *derived.backward["dW1"].rhs.args))
    report = check(wrong)
    assert not report.passed
    with pytest.raises(CheckFailedError, match=r"^1 of 4 gradients disagree with differences: W1 \(wrong, "):
        report.raise_if_failed()


def test_a_gradient_that_is_not_a_number_fails() -> None:
    z, a, y = variable("Z1", N1), variable("A1", N1), variable("Y", N1)
    tanh = activation("tanh")
    bad = ScalarFunction("f", tanh.variables, tanh.expr, (tanh.variables[0] ** -S.Half,))
    derived = derivation(
        [(z, MatMul(W1, X)), (a, Elementwise(bad, z)), (LOSS, EntrywiseLoss(entry_loss("mse"), a, y))],
        [X, y, W1],
    )
    report = check(derived)
    assert [row.verdict for row in report.rows] == [Verdict.NOT_FINITE]
    assert not report.passed
    assert report.to_dict()["rows"][0]["relative"] is None


def test_dead_units_prove_nothing() -> None:
    z, a, out = variable("Z1", N1), variable("A1", N1), variable("O1", N1)
    dead = ScalarFunction("dead", (x := Symbol("x", real=True),), relu(-50 - x**2), (-2 * x * step(-50 - x**2),))
    derived = case((z, MatMul(W1, X)), (a, Elementwise(dead, z)), (out, MatAdd(a, a)), given=[X, W1])
    report = check(derived)
    assert [row.verdict for row in report.rows] == [Verdict.DEAD]
    assert report.outcome is Outcome.INCONCLUSIVE
    assert any("every unit of A1 is dead for all 6 examples" in note for note in report.notes)
    with pytest.raises(CheckFailedError, match="proves nothing: all units are dead"):
        report.raise_if_failed()


def test_a_parameter_without_effect_proves_nothing_but_the_others_pass() -> None:
    unused = variable("W4", N1, N0)
    z = variable("Z1", N1)
    report = check(case((z, MatMul(W1, X)), given=[X, W1, unused]))
    verdicts = {row.name: row.verdict for row in report.rows}
    assert verdicts == {"W1": Verdict.AGREES, "W4": Verdict.UNUSED}
    assert report.passed
    assert "W4: the loss does not depend on it" in report.notes


def test_a_gradient_that_cancels_is_zero_to_rounding() -> None:
    """Softmax does not change when all its inputs do: a bias shared by all rows has no gradient."""
    shared, z, p = variable("b2", 1, 1), variable("Z1", N1), variable("A1", N1)
    everywhere = MatMul(OneMatrix(N1, 1), shared, OneMatrix(1, BATCH))
    report = check(case((z, MatAdd(MatMul(W1, X), everywhere)), (p, Softmax(z)), given=[X, W1, shared]))
    assert {row.name: row.verdict for row in report.rows} == {"W1": Verdict.AGREES, "b2": Verdict.ZERO}
    assert report.passed


@pytest.mark.parametrize("name", ["gelu", "erf"])
def test_fifty_digits_judge_networks_with_erf(name: str) -> None:
    report = check(derive(layers=3, activation=name, loss="mse"))
    assert report.passed
    assert {row.method for row in report.rows} == {"50 digits"}
    assert all(row.digits is not None and row.digits < 1e-20 for row in report.rows)
    assert all(row.relative < 1e-12 for row in report.rows)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_passes_thoroughly(name: str) -> None:
    report = check(derive(layers=2, activation=name, loss="log_cosh"))
    assert report.passed, report.rows
    assert {row.verdict for row in report.rows} == {Verdict.AGREES}


def test_given_equal_widths_are_checked_at_distinct_ones_too() -> None:
    report = check(derive(layers=2, widths=[4, 4, 4], activation="tanh", loss="mse"))
    assert [run.widths for run in report.runs] == [(3, 5, 4), (4, 4, 4)]
    assert report.rows[0].shape == "5×3"


def test_given_small_distinct_widths_are_used_as_they_are() -> None:
    report = check(derive(layers=2, widths=[2, 4, 3], activation="tanh", loss="cross_entropy"))
    assert [run.widths for run in report.runs] == [(2, 4, 3)]


def test_wide_networks_are_compared_along_random_directions() -> None:
    report = check(derive(layers=2, widths=128, activation="tanh", loss="mse"), thorough=False)
    assert report.passed
    assert report.runs[1].method == "complex step, random directions"


def test_a_deep_network_is_compared_within_bounds_and_says_so() -> None:
    report = check(derive(layers=400), thorough=False)
    assert report.passed
    assert len(report.rows) == 800
    entries = [row.entries for row in report.rows]
    assert set(entries) == {"with all others", "random directions"}
    assert entries[0] == "random directions"
    assert report.relative is not None
    assert report.relative < 1e-9


def test_one_wrong_gradient_of_a_deep_network_is_named() -> None:
    derived = derive(layers=300, activation="tanh", loss="mse")
    wrong = with_rhs(derived, "dW77", MatMul(2, *derived.backward["dW77"].rhs.args))
    report = check(wrong, thorough=False)
    assert [row.name for row in report.rows if row.failed] == ["W77"]


def test_progress_is_reported() -> None:
    lines: list[str] = []
    check(derive(layers=8), progress=lines.append)
    assert lines[0].startswith("check, run 1 of 2: widths 3-5-4-2-")
    assert any("of 16 gradients" in line for line in lines)


def test_an_output_that_must_lie_between_0_and_1_gets_a_sigmoid() -> None:
    report = check(derive(Network([Dense(), Dense()], loss="binary_cross_entropy")))
    assert report.passed
    assert "sigmoid" in report.runs[0].activations


def test_a_bias_alone_is_checked() -> None:
    z = variable("Z1", N1)
    report = check(case((z, MatAdd(MatMul(b1, OneMatrix(1, BATCH)), MatMul(W1, X))), given=[X, W1, b1]))
    assert report.passed


def test_gradients_of_inputs_are_checked_too() -> None:
    report = check(derive(layers=2, activation="tanh", loss="mse", wrt=["X", "W2"]))
    assert report.passed
    assert [row.name for row in report.rows] == ["X", "W2"]
    wrong = derive(layers=2, activation="tanh", loss="mse", wrt=["X"])
    assert not check(with_rhs(wrong, "dX", -wrong.backward["dX"].rhs)).passed
