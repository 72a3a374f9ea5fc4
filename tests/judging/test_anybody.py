"""Files in the styles that people use, as they are: do they run, is the verdict true, is the mistake named?

The files and their truth, ``cases.json``, stand in ``anybody/``; what is planted in a file is undone by its ``fix``.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from symbp.cli.main import main

FOLDER = Path(__file__).parent / "anybody"
CASES: dict[str, dict[str, Any]] = {each["id"]: each for each in json.loads((FOLDER / "cases.json").read_text())}


def verdict(case: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> int:
    """Judge a text in the place of a case's file; return the exit code."""
    for name in case["network"]:
        if (FOLDER / name).is_file():
            (folder / name).write_text((FOLDER / name).read_text())
    (folder / case["file"]).write_text(text)
    monkeypatch.chdir(folder)
    function = f":{case['function']}" if case["function"] else ""
    return main(["check", *case["network"], case["file"] + function])


def is_accepted(case: dict[str, Any], code: int, said: str) -> bool:
    return any(code == each["exit"] and re.search(each["regex"], said, re.IGNORECASE) for each in case["accept"])


@pytest.mark.long
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_file_runs_as_it_is_and_the_verdict_is_true(
    case: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (FOLDER / case["file"]).read_text()
    code = verdict(case, tmp_path, monkeypatch, text)
    said = capsys.readouterr().out
    if case["expect"] == "right":
        assert code == 0 or is_accepted(case, code, said), said
        return
    assert code == 1, said
    assert re.match("wrong|right up to a scale", said), said
    assert re.search(case["named"], said.partition("gradient  digits")[0], re.IGNORECASE), said


@pytest.mark.long
@pytest.mark.parametrize("case", [each for each in CASES.values() if "fix" in each], ids=lambda each: each["id"])
def test_a_planted_mistake_undone_is_right(
    case: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (FOLDER / case["file"]).read_text()
    assert case["fix"]["old"] in text
    code = verdict(case, tmp_path, monkeypatch, text.replace(case["fix"]["old"], case["fix"]["new"], 1))
    assert code == 0, capsys.readouterr().out
