"""The hosts of docs/notes.md: each is compiled with the pages that the commands before it write."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest
import tex
from committed import BLOCK, ROOT
from report_cases import PDFLATEX, need

from symbp.cli.main import main

pytestmark = pytest.mark.long

WRONG = re.compile(f"{tex.COMPLAINT.pattern}|^LaTeX Warning: .*(?:undefined|multiply).*", re.MULTILINE)


def complaints(folder: Path, host: str) -> list[str]:
    (folder / "host.tex").write_text(host, encoding="utf-8")
    for _ in range(2):
        log = tex.run(folder, "host")
    return [each[0] for each in WRONG.finditer(log)]


def test_every_host_compiles_with_its_pages(tmp_path: Path) -> None:
    need("pdflatex", PDFLATEX)
    found: dict[str, list[str]] = {}
    for kind, body in BLOCK.findall((ROOT / "docs" / "notes.md").read_text(encoding="utf-8")):
        for line in body.splitlines() if kind == "sh" else ():
            with contextlib.chdir(tmp_path), contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())):
                assert main(shlex.split(line)[1:]) == 0, line
        if kind == "latex":
            found[body] = complaints(tmp_path, body)
    assert len(found) == 6
    assert {host: wrong for host, wrong in found.items() if wrong} == {}
    host = next(iter(found)).replace("mlp:explicit", "mlp:nowhere")
    assert any("undefined" in each for each in complaints(tmp_path, host))
