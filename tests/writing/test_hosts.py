"""LaTeX in notes of other people: classes, sizes, languages, packages; nothing wrong, nothing wider than its column."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import tex
from pages import PAGES
from report_cases import PDFLATEX, need

from symbp.checking.check import check
from symbp.cli.main import main
from symbp.cli.measure import text_width
from symbp.derivation import derive
from symbp.pages.page import Page
from symbp.pages.tell.check import check_page
from symbp.writing.page_latex import write_latex
from symbp.writing.render import Report
from symbp.writing.setting import Setting

pytestmark = pytest.mark.long


@dataclass(frozen=True)
class Host:
    """Somebody's document: how it begins, how wide its lines are (as --text-width and --font-size), its engine.

    ``inside`` is what stands around a fragment, ``needs`` the files that not every TeX has, ``passes`` how many runs.
    """

    start: str
    width: str | None = None
    letters: int | None = None
    inside: str = "%s"
    needs: str = ""
    engine: str = "pdflatex"
    passes: int = 1


PACKAGES = r"\usepackage{amsmath,graphicx,tikz,natbib,hyperref,cleveref}"
FRAMES = "\\begin{frame}[allowframebreaks]{Backpropagation}\n%s\n\\end{frame}"
LONG_NAMES = r"\usepackage[T1]{fontenc}\usepackage[%s]{babel}"

HOSTS = {
    "article": Host(r"\documentclass{article}\usepackage{amsmath,graphicx}"),
    "article-11": Host(rf"\documentclass[11pt]{{article}}{PACKAGES}"),
    "article-12": Host(rf"\documentclass[12pt]{{article}}{PACKAGES}"),
    "amsart": Host(rf"\documentclass{{amsart}}{PACKAGES}"),
    "memoir": Host(rf"\documentclass[a5paper]{{memoir}}{PACKAGES}", "276pt", 10, needs="memoir.cls"),
    "german": Host(
        rf"\documentclass[fleqn,leqno]{{scrbook}}{LONG_NAMES % 'ngerman'}{PACKAGES}", needs="scrbook.cls ngermanb.ldf",
        passes=2,
    ),
    "french": Host(
        rf"\documentclass{{scrbook}}{LONG_NAMES % 'french'}{PACKAGES}", needs="scrbook.cls french.ldf", passes=2
    ),
    "ieee": Host(
        r"\documentclass{IEEEtran}\usepackage{amsmath,graphicx,tikz,hyperref,cleveref}", "ieee",
        needs="IEEEtran.cls ptmr7t.tfm",
    ),
    "columns": Host(rf"\documentclass[twocolumn]{{article}}{PACKAGES}", "229.5pt", 10),
    "tufte": Host(
        r"\documentclass{tufte-handout}\usepackage{amsmath,graphicx,tikz,cleveref}", "tufte", 10,
        needs="tufte-handout.cls",
    ),
    "beamer": Host(r"\documentclass{beamer}\usepackage{tikz}", "beamer", inside=FRAMES, needs="beamer.cls"),
    "lualatex": Host(
        r"\documentclass{article}\usepackage{amsmath,unicode-math,graphicx,tikz,hyperref,cleveref}",
        needs="unicode-math.sty latinmodern-math.otf", engine="lualatex",
    ),
}  # fmt: skip

NETWORKS = ("transformer-block", "lstm-classifier", "small-cnn", "batchnorm-mlp")


@pytest.fixture(scope="module")
def pages() -> dict[str, Page]:
    """Pages of networks, by hand and derived, and of a check."""
    found = {name: Report(derive(name), None, f"symbp derive {name}").page() for name in NETWORKS}
    found["mlp-3"] = Report(derive(layers=3)).page()
    batch = derive(layers=4, activation="tanh", loss="cross_entropy", batch=True)
    found["mlp-batch"] = Report(batch).page()
    of = derive("transformer-block")
    found["check"] = check_page(check(of, thorough=False), of, command="symbp check transformer-block")
    found |= {f"hand-{name}": each for name, each in PAGES.items()}
    return {name: replace(each, stem=name) for name, each in found.items()}


@pytest.fixture(scope="module")
def flow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a flow of gradients, with its figures, as narrow as the narrowest host."""
    folder = tmp_path_factory.mktemp("flow")
    options = ["--layers", "20", "--activation", "sigmoid", "--text-width", "ieee"]
    with contextlib.chdir(folder), contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())):
        assert main(["analyze", *options, "-o", "flow.tex"]) == 0
    return folder


def complaints(folder: Path, host: Host, inputs: list[str]) -> list[str]:
    """Return what TeX complains of, labels that are there twice, and references to none."""
    body = "\n\\clearpage\n".join(host.inside % f"\\input{{{name}}}" for name in inputs)
    (folder / "host.tex").write_text(f"{host.start}\n\\begin{{document}}\n{body}\n\\end{{document}}\n", "utf-8")
    for _ in range(host.passes):
        log = tex.run(folder, "host", host.engine)
    assert "Output written" in log, log[-2000:]
    labels = Counter(re.findall(r"^\\newlabel\{([^}@]+)\}", (folder / "host.aux").read_text("utf-8"), re.MULTILINE))
    texts = [(folder / f"{name}.tex").read_text("utf-8") for name in inputs]
    pointed = {label for text in texts for label in re.findall(r"\\eqref\{([^}]+)\}", text)}
    twice = [f"twice: {label}" for label, count in labels.items() if count > 1]
    nowhere = [f"nowhere: {label}" for label in pointed - labels.keys()]
    return [*(each[0] for each in tex.COMPLAINT.finditer(log)), *twice, *nowhere]


@pytest.mark.parametrize("name", HOSTS)
def test_fragments_fit(name: str, pages: dict[str, Page], flow: Path, tmp_path: Path) -> None:
    need("pdflatex", PDFLATEX)
    host = HOSTS[name]
    need(host.engine, shutil.which(host.engine) is not None)
    for each in host.needs.split():
        need(each, bool(subprocess.run(["kpsewhich", each], capture_output=True, check=False).stdout))
    width = None if host.width is None else text_width(host.width).em(host.letters)
    for stem, page in pages.items():
        (tmp_path / f"{stem}.tex").write_text(write_latex(page, Setting(text_width=width)), "utf-8")
    shutil.copytree(flow, tmp_path, dirs_exist_ok=True)
    assert complaints(tmp_path, host, [*pages, "flow"]) == []


def test_what_is_too_wide_or_there_twice_is_seen(pages: dict[str, Page], tmp_path: Path) -> None:
    need("pdflatex", PDFLATEX)
    (tmp_path / "wide.tex").write_text(write_latex(pages["mlp-batch"], Setting(text_width=60)), "utf-8")
    found = complaints(tmp_path, HOSTS["columns"], ["wide", "wide"])
    assert any(each.startswith("Overfull") for each in found)
    assert any(each.startswith("twice: mlp-batch:") for each in found)
