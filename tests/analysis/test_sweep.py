"""Sweeps: the cells, the table, what is resumed, and the trend of several draws."""

from __future__ import annotations

import math

import pytest

from symbp.analysis import sweep
from symbp.analysis.budget import analyze
from symbp.analysis.sweep import COLUMNS, OVERFLOW, Cell
from symbp.errors import SpecError
from symbp.networks.network import Network

CELLS = sweep.cells([3, 6], [4, 5], ["tanh", "relu"], ["he"], 8, 2, 2)


def test_one_cell_a_combination_and_draw() -> None:
    assert len(CELLS) == len(set(CELLS)) == 16
    assert {cell.seed for cell in CELLS} == {2, 3}
    with pytest.raises(SpecError, match="at most 1,000,000"):
        sweep.cells([3], [4], ["tanh"], ["he"], 8, 0, 1_000_001)


def test_a_cell_is_the_analysis_of_its_network() -> None:
    found = sweep.measure(Cell("tanh", "he", 6, 5, 8, 3))
    flow = analyze(Network.mlp(6, 5, "tanh", loss="mse"), "he", 3, 8)
    assert found["rate"] == flow.rate
    assert found["log10_first"] == flow.rows[0].log10
    assert found["verdict"] == str(flow.verdict)
    assert sum(found[f"slope_{role}"] for role in ("weight", "activation_derivative", "previous_activation")) == (
        pytest.approx(math.log10(found["rate"]))
    )


def test_an_overflow_is_a_result() -> None:
    found = sweep.measure(Cell("identity", "normal:40", 300, 4, 8, 0))
    assert found["verdict"] == OVERFLOW
    assert found["rate"] is None


@pytest.mark.long
def test_processes_share_the_cells() -> None:
    alone = {tuple(row[name] for name in COLUMNS) for row in sweep.measured(CELLS[:4], 1)}
    shared = {tuple(row[name] for name in COLUMNS) for row in sweep.measured(CELLS[:4], 2)}
    assert alone == shared


def test_a_table_is_read_as_it_was_written() -> None:
    rows = [*sweep.measured(CELLS[:3], 1), sweep.measure(Cell("identity", "normal:40", 300, 4, 8, 0))]
    text = sweep.table(rows)
    assert list(sweep.finished(text, "t.csv").values()) == rows
    assert len(sweep.finished(text[:-5], "t.csv")) == 3  # a line that was not written to its end


@pytest.mark.parametrize("text", ["", "name,age\n", ",".join(COLUMNS) + "\n" + "x," * (len(COLUMNS) - 1) + "y\n"])
def test_another_table_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="give another file"):
        sweep.finished(text or "\n", "t.csv")


def test_the_trend_of_draws() -> None:
    keys = {"activation": "tanh", "init": "he", "layers": 3, "width": 4}
    (trend,) = sweep.trends([keys | {"rate": rate} for rate in (0.1, 0.001, None)])
    assert (trend.draws, trend.failed, trend.slope) == (3, 1, pytest.approx(-2))
    assert trend.standard_error == pytest.approx(1.0)  # deviation √2 of two, over √2
    assert trend.rate == pytest.approx(0.01)
