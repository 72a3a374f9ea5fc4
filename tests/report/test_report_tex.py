"""Every LaTeX report compiles: no error, no overfull line, on the page of LaTeX's own article."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import tex
from report_cases import CASES, PDFLATEX, derivation, fixed_check, need

from symbp.derivation import derive
from symbp.errors import OutputError
from symbp.networks.network import Network
from symbp.networks.operations import OPERATIONS
from symbp.report import pdf
from symbp.report.expanded import expanded
from symbp.report.render import render

DOCUMENTS = ("layers-1", "layers-2", "layers-4", "layers-8", "residual", "batchnorm", "layernorm")
HOSTILE = r"x \input{x} $x^2$ %& #1 _a_ ~ \write18{id} ⊙ ℒ é 😀 " + "a*b+" * 40

EXAMPLES = Path(__file__).parents[2] / "examples"

WRAPPER = r"""\documentclass{article}
\usepackage{amsmath}
\begin{document}
%s
\end{document}
"""


@cache
def fragments() -> dict[str, str]:
    found = {name: render(derivation(name), "latex", check=fixed_check(derivation(name))) for name in CASES}
    for name in ("transformer-block", "lstm-classifier", "small-cnn"):
        found[name] = render(derive(Network.load(EXAMPLES / f"{name}.toml")), "latex")
    for name, operation in OPERATIONS.items():
        alone = derive(operation.build())
        found[f"alone-{name}"] = render(alone, "latex", check=fixed_check(alone))
    found["expanded"] = "".join(expanded(derive(layers=12)))
    found["shown"] = render(derivation("layers-100"), "latex", show=(1, 2, 50), command=HOSTILE, roles=False)
    found["by-output"] = render(derivation("sigmoid-bce"), "latex", by_output=True, notation="ng")
    return found


def clean(found: dict[str, list[str]]) -> bool:
    assert {name: wrong for name, wrong in found.items() if wrong} == {}
    return bool(found)


@pytest.mark.long
def test_every_fragment_compiles_and_fits_the_page(tmp_path: Path) -> None:
    need("pdflatex", PDFLATEX)
    assert clean(tex.complaints(tmp_path, fragments(), margin=0.0))


def test_documents_compile_and_fit_the_page(tmp_path: Path) -> None:
    need("pdflatex", PDFLATEX)
    documents = {
        name: render(derivation(name), "latex", standalone=True, check=fixed_check(derivation(name)))
        for name in DOCUMENTS
    }
    assert clean(tex.complaints(tmp_path, documents, margin=0.0))


def test_a_complaint_is_laid_at_its_document(tmp_path: Path) -> None:
    need("pdflatex", PDFLATEX)
    wide, wrong = r"\noindent\hbox{\kern 400pt}", r"\nothing"
    found = tex.complaints(tmp_path, {"good": "text", "wide": wide, "wrong": wrong, "own": WRAPPER % wide})
    assert found["good"] == []
    assert [len(found[name]) for name in ("wide", "wrong", "own")] == [1, 1, 1]
    assert "Overfull" in found["wide"][0]
    assert "Undefined control sequence" in found["wrong"][0]


def test_fragments_load_nothing() -> None:
    for name, text in fragments().items():
        assert text.startswith("% Written by symbp")
        assert "\\usepackage" not in text, name
        assert "\\documentclass" not in text, name


def test_a_lecturer_can_restyle_before_input(tmp_path: Path) -> None:
    need("pdflatex", PDFLATEX)
    text = render(derivation("layers-2"), "latex")
    restyled = r"\newcommand{\symbpT}{\mathsf{T}}\newcommand{\symbpheading}[1]{\par\textbf{#1}}" + "\n" + text
    assert clean(tex.complaints(tmp_path, {"own": restyled}))


def test_pdf_is_the_same_on_each_run() -> None:
    need("pdflatex", PDFLATEX)
    source = render(derivation("layers-1"), "latex", standalone=True)
    assert pdf.pdf(source) == pdf.pdf(source)


def test_pdf_names_the_first_error_and_never_runs_a_shell() -> None:
    need("pdflatex", PDFLATEX)
    with pytest.raises(OutputError, match="Undefined control sequence"):
        pdf.pdf(r"\documentclass{article}\begin{document}\nothing\end{document}")


def test_no_pdflatex_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(OutputError, match="pdflatex, which is not installed"):
        pdf.pdf("")
