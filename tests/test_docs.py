"""docs/operations.md and docs/networks.md tell the truth: their Python runs, their commands do."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest

from symbp.cli.main import main

DOCS = Path(__file__).parents[1] / "docs"
PAGES = ("operations.md", "networks.md")
PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)
FENCED = re.compile(r"```(?:text|bash)?\n((?:symbp .*\n)+)```")


def blocks(page):
    return PYTHON.findall((DOCS / page).read_text(encoding="utf-8"))


def commands(page):
    found = FENCED.findall((DOCS / page).read_text(encoding="utf-8"))
    lines = [line for block in found for line in block.splitlines()]
    return [line.partition("#")[0].strip() for line in lines]


@pytest.mark.parametrize("page", PAGES)
def test_the_python_runs(page, capsys):
    found = blocks(page)
    assert found
    names: dict[str, object] = {}
    for code in found:
        exec(compile(code, page, "exec"), names)


def test_the_commands_of_operations_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    found = commands("operations.md")
    assert len(found) >= 4
    for command in found:
        assert main(shlex.split(command)[1:]) == 0, command
        assert capsys.readouterr().out
    assert os.listdir("output")
