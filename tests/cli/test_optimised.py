"""``python -OO`` strips docstrings and assertions: every command says the same without them."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import commands
import pytest

COMMANDS = (
    "derive --layers 3 --activation tanh --loss mse",
    "derive residual-mlp -t gfm -o -",
    "derive attention -t text -o -",
    "derive two-two-two --values two-two-two -t text -o -",
    "derive --layers 2 --activation tanh --loss mse -t numpy -o -",
    "check --layers 2",
    "check blackboard --formula dW₁=dLoss·W₃·f′₂·a₂·W₂·f′₁·a₁",
    "check blackboard --formula dW₁=",
    "analyze --layers 3 --widths 8 --activation tanh --json",
    "analyze --derive he",
    "list",
    "schema",
    "--help",
    "derive --help",
)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("chosen", [COMMANDS[:1], pytest.param(COMMANDS, marks=pytest.mark.long)], ids=len)
def test_every_command_says_the_same(
    chosen: Sequence[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [command.split() for command in chosen]
    folders = [tmp_path / "plain", tmp_path / "optimised"]
    for folder in folders:
        folder.mkdir()
    child = subprocess.run(
        [sys.executable, commands.__file__], env={**os.environ, "PYTHONOPTIMIZE": "2"},
        input=json.dumps(asked), cwd=folders[1], capture_output=True, text=True, encoding="utf-8", check=True,
    )  # fmt: skip
    monkeypatch.chdir(folders[0])
    plain = commands.outputs(asked)
    for command, here, there in zip(chosen, plain, json.loads(child.stdout), strict=True):
        assert list(here) == there, command
    assert [code for code, _, _ in plain].count(0) == len(chosen) - 2 * (len(chosen) > 1)
    assert files(folders[0]) == files(folders[1]) != {}


def test_the_option_does_what_the_variable_does() -> None:
    asked = [sys.executable, "-OO", "-m", "symbp", "list", "operations"]
    done = subprocess.run(asked, capture_output=True, check=True)
    assert b"attention" in done.stdout
