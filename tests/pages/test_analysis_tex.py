"""The pages of ``symbp analyze`` compile: the flow, the remedies, the derivations; no line leaves the page."""

from __future__ import annotations

from pathlib import Path

import pytest
import tex
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
    "solve": ["--solve-init", "--activation", "x*sigmoid(1.702*x)", "--sigma-b", "0.3"],
    "residual": ["residual-mlp"],
    "block": ["transformer-block", "--only", "block1"],
    "step": ["lstm-classifier", "--only", "step3"],
    "starts": ["lstm-classifier", "--compare", "--draws", "2"],
    "compare": [*MLP, "--activation", "x*sigmoid(1.702*x)", "--compare"],
} | {f"derive-{name}": ["--derive", name] for name in DERIVATIONS}


@pytest.mark.long
def test_every_page_compiles_and_fits(tmp_path: Path) -> None:
    need("pdflatex", PDFLATEX)
    documents = {}
    for name, options in PAGES.items():
        place = tmp_path / f"{name}.tex"
        assert main(["analyze", *options, "-t", "latex", "-s", "-o", str(place)]) == 0
        text = place.read_text(encoding="utf-8")
        documents |= {name: text, f"{name}-11": text.replace(r"\documentclass{", r"\documentclass[11pt]{", 1)}
    found = tex.complaints(tmp_path, documents)
    assert {name: wrong for name, wrong in found.items() if wrong} == {}
    assert set(found) == set(documents)
