"""First contact and start-up: bare symbp, help, aliases, and what none of them may import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from symbp.cli.app import BY_NAME, COMMANDS, FIRST_STEPS
from symbp.cli.main import THREADS, main

HEAVY = {"sympy", "mpmath", "numpy", "pydantic", "rich", "jinja2"}

PROBE = """
import json, sys
from symbp.cli.main import main
code = main(sys.argv[1:])
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""


def test_bare_symbp_shows_five_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    out = capsys.readouterr().out
    assert len(FIRST_STEPS) == 5
    assert all(command in out for command, _ in FIRST_STEPS)


def test_help_shows_the_network_first_in_titled_groups(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", "--help"]) == 0
    out = capsys.readouterr().out
    titles = [line.rstrip(":") for line in out.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert titles == ["Network", "Numbers", "Output", "Check", "Other"]
    assert out.index("--layers") < out.index("--widths") < out.index("--to") < out.index("--seed")


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("name", [command.name for command in COMMANDS])
def test_every_command_has_help(name: str, flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, flag]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: symbp {name}")


def test_every_command_is_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-h"]) == 0
    out = capsys.readouterr().out
    assert all(f"  {command.name} " in out and command.summary in out for command in COMMANDS)


def test_names_and_aliases_are_unique() -> None:
    assert len(BY_NAME) == sum(1 + len(command.aliases) for command in COMMANDS)


def test_aliases_reach_their_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derivation", "--layers", "0"]) == 2
    assert "--layers 0" in capsys.readouterr().err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("symbp ")


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["--help"],
        ["list"],
        ["derive", "--help"],
        ["derive", "--layers", "0"],
        ["check", "--widths", "3,,2"],
        ["nope"],
    ],
    ids=" ".join,
)
def test_help_and_refusals_import_nothing_heavy(argv: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *argv],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment(),
        check=True,
    )
    _, modules = json.loads(done.stderr.splitlines()[-1])
    assert HEAVY.isdisjoint(modules)


def test_checks_get_one_thread_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in THREADS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert main([]) == 0
    assert [os.environ[name] for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")] == ["7", "1"]
    for name in THREADS:
        os.environ.pop(name, None)


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
