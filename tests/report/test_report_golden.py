"""Whole reports against kept ones; SYMBP_REGENERATE=1 writes them anew, and git shows what changed."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from report_cases import CASES, GOLDEN, NODE, derivation, fixed_check, katex_folder, need

from symbp.checking.report import Verdict
from symbp.report.render import render
from symbp.report.terminal import check_text, derivation_text

COMMAND = "symbp derive --layers {}"
DOCUMENTS = [(name, "gfm", f"{name}.md") for name in CASES] + [
    ("layers-4", "latex", "layers-4.tex"),
    ("batch", "latex", "batch.tex"),
    ("batchnorm", "latex", "batchnorm.tex"),
    ("residual", "markdown", "residual.pandoc.md"),
    ("layers-2", "markdown", "layers-2.pandoc.md"),
    ("custom", "markdown", "custom.pandoc.md"),
]
TERMINAL = ["layers-1", "layers-4", "layers-8", "layers-100", "batch", "tanh-softmax-ce", "leaky-huber-batch",
            "residual", "residual-batch", "batchnorm", "layernorm"]  # fmt: skip


def report(name: str, to: str) -> str:
    of = derivation(name)
    command = COMMAND.format(of.network.depth) if "layers" in CASES[name] else None
    return render(of, to=to, check=fixed_check(of), command=command)


def compare(file: Path, text: str) -> None:
    if os.environ.get("SYMBP_REGENERATE"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8"), f"{file.name} changed: look at it, then SYMBP_REGENERATE=1 pytest"


@pytest.mark.parametrize(("name", "to", "file"), DOCUMENTS, ids=[file for _, _, file in DOCUMENTS])
def test_report(name: str, to: str, file: str) -> None:
    compare(GOLDEN / file, report(name, to))


@pytest.mark.parametrize("name", TERMINAL)
def test_terminal(name: str) -> None:
    of = derivation(name)
    text = derivation_text(of, fixed_check(of))
    compare(GOLDEN / f"{name}.txt", text)
    assert max(map(len, text.splitlines())) <= 80


def test_terminal_in_ascii() -> None:
    for name in CASES:
        of = derivation(name)
        text = derivation_text(of, fixed_check(of), ascii_only=True) + check_text(fixed_check(of), ascii_only=True)
        assert text.isascii(), [char for char in text if not char.isascii()]
    compare(GOLDEN / "layers-4.ascii.txt", derivation_text(derivation("layers-4"), ascii_only=True))


def test_two_runs_are_the_same_bytes() -> None:
    assert report("batch", "latex") == report("batch", "latex")


FORBIDDEN = (r"\bvjp\b", r"\badjoint", r"\bnode", r"VAR\{", r"BLOCK\{", "Undefined", r"(?-i:\bNone\b)")


@pytest.mark.parametrize("name", CASES)
def test_words_for_students(name: str) -> None:
    for to in ("gfm", "latex"):
        found = [word for word in FORBIDDEN if re.search(word, report(name, to), re.IGNORECASE)]
        assert found == []


def formulas(name: str, text: str) -> list[tuple[str, str, bool]]:
    """The mathematics of a Markdown document: fences and spans of GitHub, dollars of pandoc."""
    if ".pandoc" in name:
        shown = re.findall(r"^\$\$\n(.*?)\n\$\$$", text, re.DOTALL | re.MULTILINE)
        inline = re.findall(r"(?<!\$)\$(?!\$)([^$\n]+)\$", text)
    else:
        shown = re.findall(r"^```math\n(.*?)\n```$", text, re.DOTALL | re.MULTILINE)
        inline = re.findall(r"\$`([^`]*)`\$", text)
    return [(name, each, True) for each in shown] + [(name, each, False) for each in inline]


def test_katex_reads_every_formula() -> None:
    need("node", NODE)
    katex = katex_folder()
    need("KaTeX (set KATEX_DIR)", katex)
    found = [each for file in sorted(GOLDEN.glob("*.md")) for each in formulas(file.name, file.read_text("utf-8"))]
    assert len(found) > 300
    script = Path(__file__).parents[1] / "katex" / "parse.cjs"
    done = subprocess.run(
        [str(NODE), str(script), str(katex)], input=json.dumps(found), capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == []


def test_github_markdown_holds_only_what_github_shows() -> None:
    for file in GOLDEN.glob("*.md"):
        text = file.read_text("utf-8")
        assert not re.search(r"\\(operatorname|newcommand|providecommand|label|eqref|tag|symbp)", text)
        if ".pandoc" not in file.name:
            assert not re.search(r"\$\$|\$(?!`)(?<!`\$)", text), file.name


def test_a_failed_check_says_so() -> None:
    of = derivation("layers-1")
    failed = fixed_check(of, Verdict.WRONG)
    assert "**Check failed:** 2 of 2 gradients disagree with differences of the loss: W1, b1" in render(
        of, check=failed
    )
    assert "check ✗" in derivation_text(of, failed)
    zero = fixed_check(of, Verdict.PROVES_NOTHING)
    assert "**Check failed:** every gradient and every difference is zero" in render(of, check=zero)
