"""TeX: gradients multiplied out, fragments of both kinds of page in one document, PDFs and what keeps them away."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
import tex
from report_cases import CASES, PDFLATEX, derivation, fixed_check, need

from symbp import Network, derive, render
from symbp.errors import OutputError, SpecError
from symbp.writing import pdf
from symbp.writing.expanded import expanded


def test_every_weight_multiplied_out() -> None:
    found = "".join(expanded(derive(layers=3)))
    assert found.startswith("% Written by symbp")
    (deepest,) = re.findall(r"W\^\{\(1\)\} &= (.+)\n", found)
    assert re.findall(r"[DW]\^\{\(\d\)(?:\\top)?\}|g|x\^\{\\top\}", deepest) == [
        "D^{(1)}", r"W^{(2)\top}", "D^{(2)}", r"W^{(3)\top}", "D^{(3)}", "g", r"x^{\top}",
    ]  # fmt: skip
    assert found.count(r"\begin{align*}") == 3


def test_what_is_no_flat_product_is_refused() -> None:
    with pytest.raises(SpecError, match="a batch has no flat products"):
        list(expanded(derive(layers=3, batch=True)))
    with pytest.raises(SpecError, match="no"):
        list(expanded(derive(Network.load("lstm-classifier"))))


@pytest.mark.long
def test_what_is_written_grows_with_the_square_of_the_depth_and_so_does_the_time() -> None:
    times, sizes = [], []
    for layers in (100, 200):
        of = derive(layers=layers)
        taken = []
        for _ in range(3):
            start = time.process_time()
            size = sum(map(len, expanded(of)))
            taken.append(time.process_time() - start)
        sizes.append(size)
        times.append(min(taken))
    assert 3.5 < sizes[1] / sizes[0] < 4.6
    assert times[1] < 8 * times[0]


def fragments() -> dict[str, str]:
    found = {name: render(derivation(name), "latex", check=fixed_check(derivation(name))) for name in CASES}
    found["attention"] = render(derive("attention"), "latex")
    found["expanded"] = "".join(expanded(derive(layers=12)))
    return found


@pytest.mark.long
def test_all_fragments_stand_in_one_document_and_fit(tmp_path: Path) -> None:
    need("pdflatex", PDFLATEX)
    found = tex.complaints(tmp_path, fragments())
    assert {name: said for name, said in found.items() if said} == {}


@pytest.mark.long
def test_documents_compile_without_pictures_where_tikz_is_missing(tmp_path: Path) -> None:
    need("pdflatex", PDFLATEX)
    of = derivation("layers-4")
    documents = {
        "page": render(of, "latex", standalone=True),
        "single": render(of, "latex", only="W1", standalone=True),
        "alone": render(derive("attention"), "latex", only="dQ", standalone=True),
    }
    for name, text in documents.items():
        assert "Written by symbp" in text.splitlines()[0]
        assert pdf.pdf(text.replace("{tikz.sty}", "{no-such-file.sty}")).startswith(b"%PDF"), name


def test_fragments_load_nothing() -> None:
    for name in ("layers-2", "batch", "residual"):
        text = render(derivation(name), "latex")
        assert text.startswith("% Written by symbp")
        assert "\\usepackage" not in text
        assert "\\documentclass" not in text


@pytest.mark.long
def test_a_complaint_is_laid_at_its_document(tmp_path: Path) -> None:
    need("pdflatex", PDFLATEX)
    wide, wrong = r"\noindent\hbox{\kern 400pt}", r"\nothing"
    found = tex.complaints(tmp_path, {"good": "text", "wide": wide, "wrong": wrong})
    assert found["good"] == []
    assert [len(found[name]) for name in ("wide", "wrong")] == [1, 1]
    assert "Overfull" in found["wide"][0]
    assert "Undefined control sequence" in found["wrong"][0]


@pytest.mark.long
def test_a_pdf_is_the_same_on_each_run() -> None:
    need("pdflatex", PDFLATEX)
    source = render(derivation("layers-1"), "latex", standalone=True)
    assert pdf.pdf(source) == pdf.pdf(source)


def test_a_pdf_names_the_first_error() -> None:
    need("pdflatex", PDFLATEX)
    with pytest.raises(OutputError, match="Undefined control sequence"):
        pdf.pdf(r"\documentclass{article}\begin{document}\nothing\end{document}")


def test_no_engine_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(OutputError, match="PDF needs pdflatex, which is not installed: install TeX Live"):
        pdf.engine_named("pdflatex")
    monkeypatch.setattr(pdf.util, "find_spec", lambda _: None)
    with pytest.raises(OutputError, match=r"PDF needs pdflatex or typst, .*pip install 'symbp\[pdf\]'"):
        pdf.pdf("")
    with pytest.raises(SpecError, match=r"no PDF engine 'tipst'; did you mean 'typst'\?"):
        pdf.engine_named("tipst")
