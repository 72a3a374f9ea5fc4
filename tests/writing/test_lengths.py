"""How long a page is: lines on a terminal of 80 columns, pages in the default article, nothing over the margin.

The numbers are those of pages made by hand. A page that grows has lost a fold, or says something twice.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from report_cases import PDFLATEX, need
from test_page_latex import compiled

from symbp import Network, derive, render
from symbp.writing.letters import columns

BLOCK = '[[layers]]\ntype = "transformer_block"\ntokens = 3\nheads = 2\nhidden = 5\ncausal = true\n'
FILES = {
    "blocks.toml": f'inputs = 4\nloss = "cross_entropy"\n{BLOCK * 12}'
    '[[layers]]\ntype = "dense"\nunits = 3\nactivation = "softmax"\n',
    "steps.toml": 'inputs = 3\nloss = "cross_entropy"\n[[layers]]\ntype = "lstm"\nunits = 4\nsteps = 50\n'
    '[[layers]]\ntype = "dense"\nunits = 2\nactivation = "softmax"\n',
}


@dataclass(frozen=True)
class Length:
    """What ``symbp derive`` is given, how many lines its whole stdout may have, and pages its fragment."""

    words: tuple[str, ...]
    lines: int
    pages: int


LENGTHS = {
    "mlp-4": Length(("--layers", "4"), 45, 2),
    "mlp-12": Length(("--layers", "12"), 60, 3),
    "transformer-block": Length(("transformer-block",), 60, 4),
    "transformer-12": Length(("blocks.toml",), 62, 5),  # Four are wanted: a table does not break.
    "lstm": Length(("lstm-classifier",), 60, 3),
    "lstm-50": Length(("steps.toml",), 60, 3),
    "residual": Length(("residual-mlp",), 60, 3),
    "cnn": Length(("small-cnn",), 60, 3),
    "batchnorm-mlp": Length(("batchnorm-mlp",), 60, 3),
}


@pytest.mark.long
@pytest.mark.parametrize("length", LENGTHS.values(), ids=LENGTHS)
def test_a_terminal_shows_all_of_it(length: Length, tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "symbp", "derive", *length.words, "-o", "out/"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=True)
    lines = done.stdout.splitlines()
    assert max(map(columns, lines)) <= 80
    assert all(any(line.split()[:1] == [word] for line in lines) for word in ("result", "checked", "wrote", "next"))
    assert len(lines) <= length.lines


@pytest.mark.long
@pytest.mark.parametrize("size", ["10pt", "11pt"])
@pytest.mark.parametrize("length", LENGTHS.values(), ids=LENGTHS)
def test_a_page_is_as_long_as_one_made_by_hand(length: Length, size: str, tmp_path: Path) -> None:
    need("pdflatex", PDFLATEX)
    *options, last = length.words
    if options:
        found = derive(layers=int(last))
    else:
        for name, text in FILES.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        found = derive(Network.load(tmp_path / last if last in FILES else last))
    head = f"\\documentclass[{size}]{{article}}\n\\usepackage{{amsmath,tikz}}\n"
    text = f"{head}\\begin{{document}}\n{render(found, to='latex')}\\end{{document}}\n"
    wrong, pages = compiled(tmp_path, "page", text)
    assert wrong == []
    assert pages <= length.pages + (size == "11pt")
