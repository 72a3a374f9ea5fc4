"""Slides: one step a slide, none too full, the factor of a step marked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import tex
from report_cases import PDFLATEX, need

from symbp import Derivation, Network, derive, render
from symbp.networks.examples import EXAMPLES
from symbp.writing import page_beamer

HOSTS = {
    "4:3": "\\documentclass[11pt]{beamer}",
    "16:9": "\\documentclass[11pt,aspectratio=169]{beamer}",
    "handout": "\\documentclass[11pt,handout]{beamer}",
    "theme": "\\documentclass[11pt]{beamer}\n\\usetheme{Madrid}",
}
NAMES = [*EXAMPLES, "layers-1", "layers-12", "blocks-12"]


def made(name: str, folder: Path) -> Derivation:
    if name.startswith("layers"):
        return derive(layers=int(name.removeprefix("layers-")))
    if name == "blocks-12":
        place = folder / "blocks.toml"
        text = EXAMPLES["transformer-block"].read_text(encoding="utf-8")
        place.write_text(text.replace("tokens = 3", "tokens = 3\nrepeat = 12"), encoding="utf-8")
        return derive(Network.load(place))
    return derive(Network.load(EXAMPLES[name]))


def frames(text: str) -> list[str]:
    return re.findall(r"\\begin\{frame\}.*?\\end\{frame\}", text, re.DOTALL)


def hosted(host: str, fragment: str) -> str:
    return f"{HOSTS[host]}\n\\usepackage{{tikz}}\n\\begin{{document}}\n{fragment}\n\\end{{document}}\n"


def test_a_step_a_slide_and_its_factor_is_marked() -> None:
    text = render(derive("lstm-classifier"), "beamer")
    result = next(each for each in frames(text) if "symbpbox" in each)
    assert "\\symbpfactorat{1}{(\\hat{y} - y)}" in result
    assert "\\uncover<2->" in result
    steps = [int(each) for each in re.findall(r"\\alert<(\d+)\|handout:0>\{\\symbprow", result)]
    assert steps == list(range(1, len(steps) + 1))


def test_every_label_is_there_once() -> None:
    text = render(derive("residual-mlp"), "beamer")
    labels = re.findall(r"(?<!ref)\{(symbp:[^{}]+)\}", text)
    assert labels
    assert len(set(labels)) == len(labels)


def test_a_fragment_has_no_class_and_a_document_has_one() -> None:
    fragment, document = (render(derive("blackboard"), "beamer", standalone=each) for each in (False, True))
    assert "documentclass" not in fragment
    assert "\\documentclass[11pt]{beamer}" in document
    assert len(frames(fragment)) == len(frames(document)) >= 5


LOTS = [(host, NAMES[k::3]) for host in ("4:3", "handout") for k in range(3)]
LOTS += [(host, ["lstm-classifier", "transformer-block", "layers-12"]) for host in ("16:9", "theme")]


@pytest.mark.long
@pytest.mark.parametrize(("host", "names"), LOTS, ids=lambda part: part if isinstance(part, str) else part[0])
def test_no_slide_is_too_full(host: str, names: list[str], tmp_path: Path) -> None:
    need("pdflatex", PDFLATEX)
    texts = {name: hosted(host, render(made(name, tmp_path), "beamer", label_prefix=name)) for name in names}
    found = tex.complaints(tmp_path, texts)
    assert {name: said for name, said in found.items() if said} == {}
    assert all(4 <= len(frames(text)) <= 45 for text in texts.values())


@pytest.mark.long
def test_a_slide_that_is_too_full_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need("pdflatex", PDFLATEX)
    monkeypatch.setattr(page_beamer, "HEIGHT", 60.0)
    text = hosted("4:3", render(derive("transformer-block"), "beamer"))
    assert any("Overfull \\vbox" in each for each in tex.complaints(tmp_path, {"tall": text})["tall"])
