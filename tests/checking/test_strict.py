"""Stricter than the checkers people trust: the faults they pass, and right networks that must pass here."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks import faults
from benchmarks.random_networks import random_networks
from symbp.checking.check import check
from symbp.checking.report import Outcome
from symbp.derivation import derive

COUNT = int(os.environ.get("SYMBP_RIGHT_NETWORKS", "60"))
"""How many random right networks a long run checks; the benchmark takes 1000."""


@pytest.mark.parametrize(("layers", "number"), [(10, -1), (6, 2), (6, 0)])
def test_a_wrong_first_gradient_of_deep_sigmoid_networks_is_refused(layers: int, number: int) -> None:
    assert faults.symbp_refuses_first_layer(layers, number)
    assert not faults.symbp_refuses_first_layer(layers, 1)


def test_a_rule_twice_too_big_in_front_of_600_outputs_is_refused() -> None:
    assert faults.symbp_refuses_wide_rule(600)


def test_one_entry_of_65536_off_by_a_thousandth_is_refused() -> None:
    assert faults.symbp_refuses_one_entry(256)


@pytest.mark.parametrize("count", [20, pytest.param(COUNT, marks=pytest.mark.long)])
def test_right_networks_pass(count: int, capsys: pytest.CaptureFixture[str]) -> None:
    missed = [said for said, network in random_networks(count, seed=1) if _outcome(network) is not Outcome.PASSED]
    with capsys.disabled():
        print(f"\n{count - len(missed)} of {count} random right networks pass")
    assert missed == []


def _outcome(network: object) -> Outcome:
    return check(derive(network), thorough=False).outcome  # type: ignore[arg-type]
