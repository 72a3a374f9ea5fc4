"""README.md and docs/ tell the truth: code and commands run, and what stands below them is what they print.

``SYMBP_UPDATE=1 pytest tests/test_documents.py`` writes the outputs anew. In an output a line ⋮ stands for lines left
out. A Python block whose first line is ``# NAME.py`` is a file for the commands that follow.
"""

import contextlib
import io
import os
import re
import shlex
from pathlib import Path

import pytest

from symbp.cli.main import main

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
UPDATE = os.environ.get("SYMBP_UPDATE") == "1"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
CUT = "⋮\n"


def shortened(shown, whole):
    """Leave out of the whole output what is left out of the one shown: the lines between its beginning and its end."""
    if CUT not in shown:
        return whole
    head, tail = (part.count("\n") for part in shown.split(CUT))
    lines = whole.splitlines(keepends=True)
    return "".join([*lines[:head], CUT, *lines[len(lines) - tail :]])


class Reader:
    """Reads a page as somebody would who tries everything on it."""

    def __init__(self, page, folder, capsys):
        self.page, self.folder, self.capsys = page, folder, capsys
        self.names, self.printed, self.end = {}, None, 0

    def command(self, line):
        self.capsys.readouterr()
        code = main(shlex.split(line, comments=True)[1:])
        out, err = self.capsys.readouterr()
        return code, out or err

    def block(self, match):
        kind, body = match.groups()
        behind_code = self.printed is not None and match.start() <= self.end + 2
        self.end, printed, self.printed = match.end(), self.printed, None
        if kind == "python":
            self.code(body)
        elif kind == "text" and behind_code:
            body = printed
        elif kind == "console":
            body = self.console(body)
        elif kind == "sh":
            for line in body.splitlines():
                assert not line.startswith("symbp") or self.command(line)[0] == 0, line
        return f"```{kind}\n{body}```"

    def code(self, body):
        if name := re.match(r"# (\w+\.py)\n", body):
            (self.folder / name[1]).write_text(body, encoding="utf-8")
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(body, self.page.name, "exec"), self.names)
        self.printed = out.getvalue()

    def console(self, body):
        command, _, shown = body.partition("\n")
        code, printed = self.command(command.removeprefix("$ "))
        assert code in (0, 1) or "symbp: " in shown, printed
        return f"{command}\n{shortened(shown, printed) if shown else ''}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_stands_there_is_what_happens(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = page.read_text(encoding="utf-8")
    fresh = BLOCK.sub(Reader(page, tmp_path, capsys).block, text)
    if UPDATE:
        page.write_text(fresh, encoding="utf-8")
    else:
        assert text == fresh


def test_a_wrong_output_is_seen(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    wrong = "```python\nprint(1 + 1)\n```\n\n```text\n3\n```\n\n```console\n$ symbp --version\n0.0.0\n⋮\n```"
    fresh = BLOCK.sub(Reader(ROOT / "README.md", tmp_path, capsys).block, wrong)
    assert "```text\n2\n```" in fresh
    assert "0.0.0" not in fresh


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page):
    targets = [target for target in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_index_names_every_page():
    linked = set(LINK.findall((ROOT / "docs" / "README.md").read_text(encoding="utf-8")))
    assert {page.name for page in PAGES[1:]} - {"README.md"} <= linked
