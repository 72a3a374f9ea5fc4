"""docs/gradients.md tells the truth: its code is executed, its commands run, and what stands below is what they print.

``SYMBP_UPDATE=1 pytest tests/test_gradients_doc.py`` writes the outputs anew.
"""

import contextlib
import io
import os
import re
import shlex
from pathlib import Path

import pytest

from symbp.cli.main import main

PAGE = Path(__file__).parents[1] / "docs" / "gradients.md"
PYTHON = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)
COMMANDS = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("symbp ")]


def test_the_examples_print_what_they_say():
    names: dict[str, object] = {}
    text = PAGE.read_text(encoding="utf-8")
    blocks = PYTHON.findall(text)
    assert len(blocks) == text.count("```python") == 8
    for code, shown in blocks:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(code, PAGE.name, "exec"), names)
        if os.environ.get("SYMBP_UPDATE") == "1":
            text = text.replace(f"{code}```\n\n```text\n{shown}", f"{code}```\n\n```text\n{out.getvalue()}")
            PAGE.write_text(text, encoding="utf-8")
            shown = out.getvalue()
        assert shown == out.getvalue()


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_run(command, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(command)[1:]) == 0
    assert capsys.readouterr().out
