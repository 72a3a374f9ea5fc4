"""The remedies: each changes what it says and nothing else, and what it moved is found."""

from __future__ import annotations

import pytest

from symbp.analysis.compare import Group, compare
from symbp.analysis.flow import Flow, failing, judged
from symbp.analysis.remedies import AS_IS, REMEDIES, Stack, applicable, remedied
from symbp.errors import SpecError
from symbp.op import FactorRole
from symbp.symbols import Role

STACK = Stack(6, (6,) * 12, "sigmoid", loss="mse")


@pytest.mark.parametrize("name", REMEDIES)
def test_depth_and_widths_stay(name: str) -> None:
    network = remedied(STACK, REMEDIES[name])
    weights = [variable.shape for variable in network.parameters if variable.role is Role.WEIGHT]
    assert weights == [(6, 6)] * 12


def test_what_does_not_apply_is_left_out() -> None:
    names = applicable(Stack(3, (9, 8, 7, 2), "relu", loss="mse"), "he")
    assert "residual" not in names
    assert "he" not in names
    assert "relu" not in names
    assert "batchnorm" in names
    with pytest.raises(SpecError, match="give at least 3"):
        applicable(Stack(3, (4, 2), "tanh"), "xavier")


def test_each_remedy_moves_its_factor() -> None:
    found = compare(STACK, "normal:1", draws=2, examples=16)
    by_name = {row.name: row for row in found.rows}
    furthest = {name: row.moved(found.as_is)[0][0] for name, row in by_name.items() if row.moved(found.as_is)}
    assert furthest["he"] is FactorRole.WEIGHT
    assert furthest["critical"] is FactorRole.WEIGHT
    assert furthest["relu"] is FactorRole.SLOPE
    assert furthest["batchnorm"] is FactorRole.NORMALISATION
    assert by_name[AS_IS].moved(found.as_is) == []
    assert all(row.flow is not None and row.flow.agrees for row in found.rows)
    assert all(len(row.slopes) == 2 and row.standard_error is not None for row in found.rows)


def test_an_overflow_is_said_and_the_others_go_on() -> None:
    found = compare(Stack(4, (4,) * 14, "identity", loss="mse"), "normal:1e30", draws=1, examples=4)
    assert "overflows" in found.as_is.problem
    assert any(row.flow is not None for row in found.rows)
    assert found.as_is in found.groups[Group.OVERFLOWS]


def test_a_gradient_that_is_stable_because_two_failures_cancel_is_no_success() -> None:
    """The error dies as fast as the activation explodes: their product stays, and nothing is learned."""
    verdicts = judged(20, 0.0, -0.5, 0.5)
    assert [str(each) for each in verdicts.values()] == ["stable", "vanishing", "exploding"]
    assert failing(verdicts) == "error vanishing, activation exploding"
    assert failing(judged(20, 0.0, 0.01, -0.01)) == "stable"


def test_only_what_keeps_all_three_stable_is_recommended() -> None:
    found = compare(Stack(6, (6,) * 8, "tanh", loss="mse"), "normal:2", draws=1, examples=8)
    kept = {row.name for row in found.recommended}
    assert kept == {row.name for row in found.rows[1:] if set(row.verdicts.values()) == {Flow.STABLE}}
    assert kept == {row.name for row in found.groups.get(Group.STABLE, []) if row is not found.as_is}


@pytest.mark.parametrize("draws", [0, -1, True])
def test_draws_are_counted(draws: int) -> None:
    with pytest.raises(SpecError, match="draws is"):
        compare(STACK, draws=draws)


@pytest.mark.long
def test_many_outputs_are_said_where_the_theory_misses() -> None:
    """As --draws does; a network with few outputs has no such note, nor one whose rates are as predicted."""
    many = compare(Stack(16, (16,) * 12, "x*sigmoid(1.702*x)", loss="mse"))
    assert any(row.differs for row in many.rows)
    assert many.has_many_outputs
    assert many.to_dict()["notes"][0].startswith("16 outputs of a network 16 wide: ")
    few = compare(Stack(32, (*(32,) * 11, 2), "relu", loss="mse"), "he")
    assert not few.has_many_outputs
