"""The README tells the truth: its commands run, and what it prints is what they print.

``SYMBP_UPDATE=1 pytest tests/test_readme.py`` writes the outputs anew.
"""

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
UPDATE = os.environ.get("SYMBP_UPDATE") == "1"
CONSOLE = re.compile(r"(```console\n\$ (symbp[^\n]*)\n)(.*?)(```)", re.DOTALL)
PYTHON = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)
SHELL = re.compile(r"```sh\n(.*?)```", re.DOTALL)


def symbp(command, folder):
    words = [sys.executable, "-m", "symbp.cli.main", *shlex.split(command, comments=True)[1:]]
    env = {**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(ROOT)}
    return subprocess.run(words, cwd=folder, capture_output=True, encoding="utf-8", env=env, check=False)


def steady(text):
    """Rounding errors differ between processors in their digits, never in being tiny."""
    return re.sub(r"\d\.\de-1[56]", "1e-16", text)


def replace(old, new):
    README.write_text(README.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def test_the_output_on_the_first_screen_is_real(tmp_path):
    codes = []
    for head, command, shown, end in CONSOLE.findall(README.read_text(encoding="utf-8")):
        done = symbp(command, tmp_path)
        codes.append(done.returncode)
        if UPDATE:
            replace(head + shown + end, head + done.stdout + end)
            shown = done.stdout
        assert steady(shown) == steady(done.stdout), done.stderr
    assert codes == [0, 1]


def test_the_first_line_of_an_analysis_is_real(tmp_path):
    command, shown = re.search(r"\n\$ (symbp analyze[^\n]*)\n([^\n]*)\n", README.read_text(encoding="utf-8")).groups()
    assert symbp(f"{command} --json", tmp_path).stdout.split('"sentence": "')[1].startswith(shown)


def test_the_python_examples_print_what_they_say():
    names: dict[str, object] = {}
    blocks = PYTHON.findall(README.read_text(encoding="utf-8"))
    assert len(blocks) == 2
    for code, shown in blocks:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(code, "README.md", "exec"), names)
        if UPDATE:
            replace(f"{code}```\n\n```text\n{shown}", f"{code}```\n\n```text\n{out.getvalue()}")
            shown = out.getvalue()
        assert shown == out.getvalue()


COMMANDS = [
    line
    for block in SHELL.findall(README.read_text(encoding="utf-8"))
    for line in block.splitlines()
    if line.startswith("symbp")
]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_run(command, tmp_path):
    done = symbp(command, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout
