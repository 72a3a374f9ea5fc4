"""The pages of ``symbp analyze`` compile: the flow, the remedies, the derivations; no line leaves the page."""

from __future__ import annotations

import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from report_cases import PDFLATEX, need

from symbp.analysis.derivations import DERIVATIONS
from symbp.cli.main import main

MLP = ["--layers", "12", "--widths", "16"]
MANY = ["tanh", "relu", "gelu", "sigmoid", "erf", "x*sigmoid(1.702*x)"]

PAGES = {
    "flow": MLP,
    "dead": [*MLP, "--activation", "relu(-x**2 - 1)"],
    "draws": [*MLP, "--activation", "tanh", "--init", "he", "--draws", "3"],
    "many": [*MLP, *(word for activation in MANY for word in ("--activation", activation))],
    "transformer": ["transformer-block"],
    "lstm": ["lstm-classifier"],
    "cnn": ["small-cnn"],
    "compare": [*MLP, "--activation", "x*sigmoid(1.702*x)", "--compare"],
} | {f"derive-{name}": ["--derive", name] for name in DERIVATIONS}

POINTS = re.compile(r"^Overfull \\hbox \(([\d.]+)pt", re.MULTILINE)

MARGIN = 5.0
"""Points by which a line may pass the margin: nobody sees them."""

SECONDS = 60


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    need("pdflatex", PDFLATEX)
    folder = tmp_path_factory.mktemp("analysis")
    for name, options in PAGES.items():
        assert main(["analyze", *options, "-t", "latex", "-s", "-o", str(folder / f"{name}.tex")]) == 0
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(PAGES, pool.map(lambda name: compiled(folder, name), PAGES), strict=True))


def compiled(folder: Path, name: str) -> str:
    """Return the log, and the source behind it."""
    command = ["pdflatex", "-no-shell-escape", "-interaction=nonstopmode", f"{name}.tex"]
    environment = {**os.environ, "max_print_line": "1000"}
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False, timeout=SECONDS)
    return (folder / f"{name}.log").read_text(errors="replace") + (folder / f"{name}.tex").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_it_compiles_and_fits_the_page(logs: dict[str, str], name: str) -> None:
    log = logs[name]
    assert [line for line in log.splitlines() if line.startswith("!")] == []
    assert "Output written" in log
    assert "[U+" not in log, "a sign that TeX does not know"
    assert [points for points in POINTS.findall(log) if float(points) > MARGIN] == []


def test_a_line_that_leaves_the_page_is_seen(tmp_path: Path) -> None:
    need("pdflatex", PDFLATEX)
    text = r"\documentclass{article}\begin{document}\noindent\hbox{\kern 400pt}\end{document}"
    (tmp_path / "wide.tex").write_text(text, encoding="utf-8")
    assert any(float(points) > MARGIN for points in POINTS.findall(compiled(tmp_path, "wide")))
