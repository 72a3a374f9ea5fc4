"""Formulas in the ways people write them, through the command: those that are read are judged right, none crashes."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from symbp.cli.main import main

DATA = Path(__file__).parents[1] / "checking"
CASES: dict[str, Any] = {each["id"]: each for each in json.loads((DATA / "formulas.json").read_text(encoding="utf-8"))}

JUDGED = ("f01a", "f02a", "f09a", "f10a", "f12a", "f13a", "f19a", "f26a")
"""Those with the right verdict; the others are in notations or about pages that are not read."""


@pytest.mark.parametrize("name", CASES)
def test_a_formula_gets_its_verdict_or_one_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(DATA / "l2.toml", tmp_path)
    case = CASES[name]
    code = main(["check", *case["network"], "--formula", case["formula"]])
    out, err = capsys.readouterr()
    assert "internal error" not in err
    assert code in (0, 1) or len(err.splitlines()) == 1
    if name in JUDGED:
        assert code == (0 if case["expect"] == "right" else 1)
        assert re.search(case["named"], out.splitlines()[0])
