"""Remedies of networks that are no stack: those that apply, measured on the same data."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from symbp import GRU, LSTM, RNN, Dense, Linear, Network, Residual, SpecError, analyze, derive
from symbp.analysis.alternatives import Alternatives, alternatives
from symbp.analysis.flow import Flow
from symbp.cli.main import main
from symbp.maths.tree import Node
from symbp.pages.page import Table
from symbp.pages.tell.alternatives import alternatives_page
from symbp.writing.formula import math_text

OUT = Dense(2, "softmax")


def compared(*layers: Any, init: str = "xavier", draws: int = 2) -> Alternatives:
    return alternatives(derive(Network([*layers, OUT], 3, "cross_entropy", batch=True)), init, draws=draws)


def text(cells: Any) -> str:
    return "".join(math_text(each) if isinstance(each, Node) else str(each) for each in cells)


def names(found: Alternatives) -> list[str]:
    (table,) = [block for block in alternatives_page(found).blocks if isinstance(block, Table)]
    return [text(row[0]) for row in table.rows]


@pytest.mark.parametrize(
    ("layers", "own"),
    [
        ((LSTM(4, 5),), ["b_f = 1", "b_f = 2"]),
        ((GRU(4, 5),), ["b_z = 1", "b_z = 2"]),
        ((LSTM(4, 3, sequence=True), GRU(4, 3)), ["b_f = 1 and b_z = 1", "b_f = 2 and b_z = 2"]),
        ((LSTM(4, 5, bias=False),), []),
        ((RNN(4, 5),), []),
        ((Linear(4), Residual([Dense(4, "tanh")])), []),
    ],
)
def test_remedies_are_of_what_the_network_has(layers: Any, own: list[str]) -> None:
    found = names(compared(*layers, draws=1))
    assert found == ["as is, Xavier weights", "He weights", "orthogonal weights", *own]


def test_numbers_are_those_of_the_analysis() -> None:
    net = Network([LSTM(4, 5), OUT], 3, "cross_entropy", batch=True)
    found = alternatives(derive(net), draws=2)
    flows = [analyze(net, seed=seed) for seed in (0, 1)]
    totals = [flow.repetitions.changes["error"] for flow in flows if flow.repetitions]
    assert found.rows[0].changes["error"] == pytest.approx(math.fsum(totals) / 2, rel=1e-12)
    raised = [flow.repetitions.runs[0].remedies[1].run.total for flow in flows if flow.repetitions]
    assert found.rows[-1].biases == {"lstm1.bf": 2.0}
    assert found.rows[-1].changes["error"] == pytest.approx(math.fsum(raised) / 2, rel=1e-12)


def test_what_is_stable_is_kept_and_what_is_not_is_remedied() -> None:
    stable = compared(Linear(4), Residual([Dense(4, "tanh")]))
    assert stable.recommended is stable.rows[0]
    assert text(alternatives_page(stable).title).startswith("keep as is, Xavier weights: the error changes ×")
    lost = compared(LSTM(4, 8))
    assert lost.rows[0].verdict is Flow.VANISHING
    assert lost.recommended is not None
    assert lost.recommended.verdict is Flow.STABLE
    assert text(alternatives_page(lost).title).startswith("take b_f = ")
    none = compared(Linear(4), *[Residual([Dense(4, "relu"), Linear(4)])] * 3, init="normal:1e8")
    assert none.rows[0].verdict is Flow.EXPLODING


def test_an_overflow_is_a_row() -> None:
    found = compared(Linear(4), *[Residual([Dense(4, "x**2")])] * 12, init="normal:50", draws=1)
    assert found.rows[0].verdict is None
    assert "overflows" in text(next(b for b in alternatives_page(found).blocks if isinstance(b, Table)).rows[0][1])


def test_a_stack_is_refused() -> None:
    with pytest.raises(SpecError, match="a stack of layers"):
        compared(Dense(4, "tanh"), Dense(4, "tanh"))


def test_the_command_compares_what_is_no_stack(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", "lstm-classifier", "--compare", "--draws", "2", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [each["biases"] for each in data["remedies"]][3:] == [{"lstm1.bf": 1.0}, {"lstm1.bf": 2.0}]
    assert data["recommended"] == 4
    assert main(["analyze", "transformer-block", "--compare", "--draws", "1", "-t", "text", "-o", "-"]) == 0
    out = capsys.readouterr().out
    assert "keep as is" in out
    assert not any(word in out for word in ("forget", "batchnorm", "relu", "a layer"))
