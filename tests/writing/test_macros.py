"""Pages whose symbols are commands: the same page, restyled at one place, beside others in one host."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import tex
from report_cases import PDFLATEX, need

from symbp.derivation import Derivation, derive
from symbp.maths.tree import Accent, Fence, Id, Num, Row, Script, Sign, Tag, row
from symbp.writing.latex import TEX
from symbp.writing.macros import Symbols
from symbp.writing.render import render

NETWORKS = ("transformer-block", "lstm-classifier", "small-cnn")


@pytest.fixture(scope="module")
def mlp() -> Derivation:
    return derive(layers=3)


def body(page: str) -> str:
    return page.partition("\\symbpstart\n\\symbptitle")[2]


def calls(page: str) -> set[str]:
    return set(re.findall(r"\\symbp([A-Za-z]+)", body(page)))


def defined(page: str) -> set[str]:
    return set(re.findall(r"\\providecommand\{\\symbp([A-Za-z]+)\}", page))


def test_every_letter_of_a_formula_is_a_command(mlp: Derivation) -> None:
    page = render(mlp, "macros")
    assert r"\symbpz{\symbpl{}} & = \symbpW{\symbpl{}}\,\symbpa{\symbpl{}-1} + \symbpb{\symbpl{}}" in page
    assert r"\symbpW[\symbpT]{2}" in page
    assert calls(page) <= defined(page)
    formulas = re.findall(r"\$([^$]+)\$", re.sub(r"\\text\{[^}]*\}|\[x=.*|\\setbox.*", "", body(page)))
    assert len(formulas) > 40
    assert [each for each in formulas if re.search(r"[A-Za-z]", re.sub(r"\\[A-Za-z]+", "", each))] == []


def test_a_letter_that_is_no_command_is_seen(mlp: Derivation) -> None:
    assert re.search(r"[A-Za-z]", re.sub(r"\\[A-Za-z]+", "", r"\symbpW{l}"))
    assert "symbpW" not in body(render(mlp, "latex"))


def test_one_equation_brings_its_definitions(mlp: Derivation) -> None:
    page = render(mlp, "macros", only="W1")
    assert page.index("\\providecommand{\\symbpW}") < page.index("\\symbpW{1}")
    assert page.rstrip().endswith("\\endgroup")


def spelled(*items: object) -> list[str | None]:
    symbols = Symbols.of(tuple(items))
    inner = lambda node: symbols.spell(node, inner) or getattr(node, "digits", "") or "x"  # noqa: E731
    return [symbols.spell(each, inner) for each in items]  # type: ignore[arg-type]


def test_letters_words_and_powers() -> None:
    layered = Tag(Script(Id("A"), None, Fence(Num("2"))), of="A2")
    entry = Tag(Script(Id("A"), Num("1"), Fence(Num("2"))), of="A2")
    power = Script(Id("x"), None, Num("2"))
    turned = Tag(Script(Id("X"), Num("1"), Sign("⊤", "postfix")), of="X1")
    assert spelled(layered, entry, power, turned, Id("softmax", "upright"), Accent(Id("Y"), "hat")) == [
        r"\symbpA{2}", r"\symbpentry{\symbpA{2}}{1}", None, r"\symbpX[x]{1}", r"\symbpsoftmax", r"\symbphatY{}",
    ]  # fmt: skip


def test_no_two_letters_have_one_name() -> None:
    letters = (Id("T"), Id("box", "upright"), Id("A"), Id("A", "script"), Id("A", "bold"), Id("conv1", "upright"))
    names = [each.name for each in Symbols.of((row(*letters),)).commands.values()]
    assert names == ["itT", "rmbox", "A", "calA", "boldA", "convone"]  # T and box are our own.
    assert Symbols.of(Row((Id("L", "script"),))).definitions == []
    assert TEX.symbol is None


def pictures(folder: Path, name: str, text: str) -> bytes:
    (folder / f"{name}.tex").write_text(text, encoding="utf-8")
    for _ in range(2):
        log = tex.run(folder, name)
    assert [each[0] for each in tex.COMPLAINT.finditer(log)] == []
    command = ["pdftoppm", "-r", "50", "-gray", f"{name}.pdf"]
    return subprocess.run(command, cwd=folder, capture_output=True, check=True).stdout


@pytest.mark.long
def test_pages_look_as_those_in_latex_and_one_definition_changes_all(mlp: Derivation, tmp_path: Path) -> None:
    need("pdflatex", PDFLATEX)
    of = {"mlp": mlp, **{name: derive(name) for name in NETWORKS}}

    def host(form: str, before: str = "") -> str:
        for name, each in of.items():
            page = render(each, form, label_prefix=name, credit=False)
            (tmp_path / f"{form}-{name}.tex").write_text(page, encoding="utf-8")
        inputs = "\\clearpage".join(f"\\input{{{form}-{name}}}\n" for name in of)
        head = f"\\documentclass{{article}}\\usepackage{{amsmath,tikz}}{before}"
        return f"{head}\\begin{{document}}{inputs}\\end{{document}}"

    plain = pictures(tmp_path, "plain", host("latex"))
    assert pictures(tmp_path, "commands", host("macros")) == plain
    theirs = r"\newcommand{\symbpW}[2][]{\Theta_{#2}\ifx\relax#1\relax\else^{#1}\fi}"
    assert pictures(tmp_path, "changed", host("macros", theirs)) != plain
    said = subprocess.run(["pdftotext", "-l", "2", "changed.pdf", "-"], cwd=tmp_path, capture_output=True, check=True)
    assert re.search(r"\bΘ\d", said.stdout.decode())
    assert not re.search(r"\bW\b", said.stdout.decode())


@pytest.mark.long
def test_two_notations_stand_in_one_host(mlp: Derivation, tmp_path: Path) -> None:
    need("pdflatex", PDFLATEX)
    for name in ("standard", "ng", "goodfellow"):
        page = render(mlp, "macros", notation=name, label_prefix=name)
        (tmp_path / f"{name}.tex").write_text(page, encoding="utf-8")
    inputs = "\\clearpage".join(f"\\input{{{name}}}\n" for name in ("standard", "ng", "goodfellow"))
    head = "\\documentclass{article}\\usepackage{amsmath}\\begin{document}"
    together = pictures(tmp_path, "together", f"{head}{inputs}\\end{{document}}")
    for name in ("standard", "ng", "goodfellow"):
        page = render(mlp, "latex", notation=name, label_prefix=name)
        (tmp_path / f"{name}.tex").write_text(page, encoding="utf-8")
    assert pictures(tmp_path, "apart", f"{head}{inputs}\\end{{document}}") == together
