"""Files in the styles that people use, as they are: do they run, is the verdict true, is the mistake named?

The files and their truth, ``cases.json``, stand in ``anybody/``; what is planted in a file is undone by its ``fix``.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import styles
from renaming import renamed

from symbp.cli.main import main
from symbp.derivation import derive
from symbp.errors import SymbpError
from symbp.judging.judging import judge_file

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


RUN_WITHOUT_NAMES = 1 / 3
"""The share of files that still have to run when all names in them are gone."""


@pytest.mark.long
def test_without_their_names_no_verdict_is_false_and_a_third_still_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran, false = 0, []
    for case in CASES.values():
        code = verdict(case, tmp_path, monkeypatch, renamed((FOLDER / case["file"]).read_text()))
        said = capsys.readouterr().out
        ran += code in (0, 1)
        is_false = code == 0 if case["expect"] == "wrong" else said.startswith("wrong")
        false += [f"{case['id']}: {said.splitlines()[0]}"] if code in (0, 1) and is_false else []
    assert not false
    assert ran >= RUN_WITHOUT_NAMES * len(CASES), ran


@pytest.mark.usefixtures("same_process")
@pytest.mark.parametrize("seeds", [range(2), pytest.param(range(2, 100), marks=pytest.mark.long)], ids=["few", "all"])
def test_files_of_these_styles_over_other_networks_get_no_false_verdict(seeds: range, tmp_path: Path) -> None:
    false, refused = [], []
    for seed in seeds:
        file = styles.written(seed)
        (tmp_path / "mine.py").write_text(file.text)
        try:
            found = judge_file(derive(**file.options), tmp_path / "mine.py", file.function)
        except SymbpError as error:
            if file.plant != "own activation":  # It has another shape.
                refused.append((seed, file.plant, str(error)))
            continue
        if found.right != (not file.plant):
            false.append((seed, file.plant, str(found.diagnosis.verdict)))
    assert not false
    assert len(refused) <= len(seeds) / 20, refused
