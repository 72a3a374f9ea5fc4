"""``symbp list``: every name of the tables, and no table that was not asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from symbp.analysis.initialisations import INITIALISATIONS
from symbp.cli.main import main
from symbp.networks.operations import OPERATIONS
from symbp.ops.activations import ACTIVATIONS
from symbp.ops.loss_table import LOSSES

TABLES = [("activations", ACTIVATIONS), ("losses", LOSSES), ("initialisations", INITIALISATIONS),
          ("operations", OPERATIONS)]  # fmt: skip


@pytest.mark.parametrize(("title", "table"), TABLES)
def test_a_table_is_listed_whole(title: str, table: Mapping[str, object], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", title]) == 0
    out = capsys.readouterr().out
    assert out.startswith(title)
    assert all(f"  {name} " in out or f"  {name}\n" in out for name in table)
    assert all(len(line) <= 120 for line in out.splitlines())


def test_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "activations", "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert json.loads(out)["activations"]["silu"]["aliases"] == ["swish"]
    assert set(ACTIVATIONS) | {"softmax"} == set(json.loads(out)["activations"])
