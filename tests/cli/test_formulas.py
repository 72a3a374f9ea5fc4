"""Formulas in the ways people write them, through the command: all are judged rightly, and mistakes are named."""

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


@pytest.mark.parametrize(("notation", "code"), [((), 1), (("--notation", "ng"), 0)], ids=["plain", "ng"])
def test_a_formula_is_read_in_its_notation(
    notation: tuple[str, ...], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    network = ["--layers", "2", "--activation", "tanh", "--loss", "mse", "--batch"]
    assert main(["check", *network, "--formula", "dA2 = A2 - Y", *notation]) == code
    assert capsys.readouterr().out.startswith("right up to a scale" if code else "right:")


SHORT = ("f02a", "f05a", "f07a", "f12a", "f16a", "f22a", "f24a", "f28a", "f31a", "f32a")
"""One of each way to write, and of each kind of mistake."""


@pytest.mark.parametrize(
    "name", [each if each in SHORT else pytest.param(each, marks=pytest.mark.long) for each in CASES]
)
def test_a_formula_gets_its_verdict(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(DATA / "l2.toml", tmp_path)
    case = CASES[name]
    code = main(["check", *case["network"], "--formula", case["formula"]])
    out, err = capsys.readouterr()
    assert err == ""
    assert code == (0 if case["expect"] == "right" else 1)
    assert re.search(case["named"], out.splitlines()[0], re.IGNORECASE)
