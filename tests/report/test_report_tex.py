"""Every LaTeX report compiles: no error, no overfull line, on the page of LaTeX's own article."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
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


@pytest.fixture(scope="session")
def logs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The logs of one run a document, and of one document that takes in all fragments."""
    need("pdflatex", PDFLATEX)
    folder = tmp_path_factory.mktemp("tex")
    for name, text in fragments().items():
        (folder / f"part-{name}.tex").write_text(text, encoding="utf-8")
    inputs = "\n".join(rf"\input{{part-{name}}}\clearpage" for name in fragments())
    (folder / "all.tex").write_text(WRAPPER % inputs, encoding="utf-8")
    for name in DOCUMENTS:
        text = render(derivation(name), "latex", standalone=True, check=fixed_check(derivation(name)))
        (folder / f"{name}.tex").write_text(text, encoding="utf-8")
    names = ["all", *DOCUMENTS]
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(names, pool.map(lambda name: compiled(folder, name), names), strict=True))


def compiled(folder: Path, name: str) -> str:
    command = ["pdflatex", "-no-shell-escape", "-interaction=nonstopmode", f"{name}.tex"]
    subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=100)
    return (folder / f"{name}.log").read_text(errors="replace")


@pytest.mark.parametrize("name", ["all", *DOCUMENTS])
def test_it_compiles_and_fits_the_page(logs: dict[str, str], name: str) -> None:
    lines = logs[name].splitlines()
    assert [line for line in lines if line.startswith(("!", "Overfull \\hbox"))] == []
    assert "Output written" in logs[name]


def test_fragments_load_nothing() -> None:
    for name, text in fragments().items():
        assert text.startswith("% Written by symbp")
        assert "\\usepackage" not in text, name
        assert "\\documentclass" not in text, name


def test_a_lecturer_can_restyle_before_input(tmp_path: Path) -> None:
    need("pdflatex", PDFLATEX)
    text = render(derivation("layers-2"), "latex")
    restyled = r"\newcommand{\symbpT}{\mathsf{T}}\newcommand{\symbpheading}[1]{\par\textbf{#1}}" + "\n" + text
    (tmp_path / "own.tex").write_text(WRAPPER % restyled, encoding="utf-8")
    assert "\n!" not in compiled(tmp_path, "own")


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
