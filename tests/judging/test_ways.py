"""Formulas in the styles people use, over other networks: each is judged rightly, and a mistake is named."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from symbp.cli.main import main

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "ways.json").read_text(encoding="utf-8"))


@pytest.mark.long
@pytest.mark.parametrize("case", CASES, ids=[each["formula"][:50] for each in CASES])
def test_a_formula_is_judged_as_it_was_written(case: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    network = case["network"]
    words = shlex.split(network) if isinstance(network, str) else network
    code = main(["check", *words, "--formula", case["formula"]])
    out, err = capsys.readouterr()
    assert err == ""
    assert code == (0 if case["expect"] == "right" else 1)
    assert re.search(case["named"], out, re.IGNORECASE)
