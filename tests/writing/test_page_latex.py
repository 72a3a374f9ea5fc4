"""Pages as LaTeX: a fragment that any class takes, a document, and every block kind in it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import tex
from pages import FACTORS, MLP, PAGES
from report_cases import PDFLATEX, need

from symbp.errors import TemplateError
from symbp.maths.tree import EQUALS, PLUS, TIMES, Id, Num, Script, joined, row
from symbp.pages.page import (
    Aside,
    Block,
    Box,
    Branch,
    Code,
    Equations,
    Figure,
    Heading,
    Line,
    Page,
    Para,
    Picture,
    Ref,
    Steps,
    Table,
    Verdict,
)  # fmt: skip
from symbp.writing.columns import columns
from symbp.writing.page_latex import write_latex
from symbp.writing.setting import Setting

HOSTILE = r"a_b # % & $x$ ~ ^ { } \input{x} \write18{id} `"
LONG = row(Id("y"), EQUALS, joined([Script(Id("W"), Num(str(k))) for k in range(60)], PLUS))
TALL_LINE = row(Id("y"), EQUALS, joined([Script(Id("W"), Num(str(k))) for k in range(900)], TIMES))


def page(*blocks: Block) -> Page:
    return Page(("Title",), ("Subtitle",), blocks, "t", "symbp derive t")


EVERYTHING = page(
    Heading(("Section",)), Para(("Text ", Ref("a", "b"), "."), ("Title.",)), Heading(("Part",), 2),
    Equations((Line((LONG,), "a"), Line((LONG,), "b", where=row(Id("l"), EQUALS, Num("1"))))),
    Equations((Line((TALL_LINE,)),)),
    Steps((Line((LONG,), "c", reason=("a long reason " * 5,)), Line((row(Id("x"), EQUALS, Num("1")),))), ("Group.",)),
    Aside((Equations((Line((LONG,), "d", reason=("why",)),)),), ("Frame.",)),
    Aside((Equations((Line((TALL_LINE,), "e"),)),)),
    Table((("a",), ("b",)), tuple(((str(k),), ("words " * 30,)) for k in range(12)), (3,), 1),
    Table((("a",), ("b",)), tuple(((str(k),), ("words " * 30,)) for k in range(80)), (3,), 1),
    Table((("a",), ("b",)), tuple(((str(k),), ("words",)) for k in range(80))),
    Code("def f():\n    return '#%&_\\\\end{verbatim}'\n"), Verdict(True, ("good",)), Verdict(False, ("bad",)),
    Para((HOSTILE,)), Figure(Picture((Box(Id("x")), Branch((Box(Id("f"), "op"),)), Box(Id("y"))),
                                     (Box(Id("u")), Branch((Box(Id("g"), "op"),)), Box(Id("v")))), ("Caption.",)),
    Figure(Picture(tuple(Box(Id("x"), kind) for _ in range(40) for kind in ("value", "op")),
                   tuple(Box(Id("d"), kind) for _ in range(40) for kind in ("value", "op")))),
)  # fmt: skip


def compiled(folder: Path, name: str, text: str) -> tuple[list[str], int]:
    """Return what TeX complains of, and the number of pages."""
    (folder / f"{name}.tex").write_text(text, encoding="utf-8")
    tex.run(folder, name)
    log = tex.run(folder, name)
    wrong = re.findall(r"^(?:! .*|Overfull .*|.*[Rr]eference .* undefined.*|.*multiply defined.*)$", log, re.MULTILINE)
    made = re.search(r"Output written on .* \((\d+) page", log)
    return wrong, int(made[1]) if made else 0


@pytest.mark.long
@pytest.mark.parametrize(("stem", "most"), [("mlp", 2), ("transformer-block", 4)])
def test_a_page_is_as_long_as_one_made_by_hand(stem: str, most: int, tmp_path: Path) -> None:
    need("pdflatex", PDFLATEX)
    text = f"{tex.ARTICLE}\\begin{{document}}\n{write_latex(PAGES[stem])}\\end{{document}}\n"
    assert compiled(tmp_path, "page", text) == ([], most)


@pytest.mark.long
@pytest.mark.parametrize("measure", [24.0, None])
def test_every_block_compiles_and_what_is_tall_breaks(measure: float | None, tmp_path: Path) -> None:
    need("pdflatex", PDFLATEX)
    text = (
        f"{tex.ARTICLE}\\begin{{document}}\n{write_latex(EVERYTHING, Setting(text_width=measure))}\\end{{document}}\n"
    )
    wrong, pages = compiled(tmp_path, "page", text)
    assert wrong == []
    assert pages > 4


@pytest.mark.long
def test_a_line_that_is_not_broken_is_seen(tmp_path: Path) -> None:
    need("pdflatex", PDFLATEX)
    text = f"{tex.ARTICLE}\\begin{{document}}\n{write_latex(EVERYTHING, Setting(text_width=60))}\\end{{document}}\n"
    assert any("Overfull" in each for each in compiled(tmp_path, "page", text)[0])


def test_a_table_wider_than_a_line_wraps_its_wide_columns_too() -> None:
    formula = joined([Script(Id("W"), Num(str(k))) for k in range(40)], PLUS)
    words = ("a sum hands its error on to each of its terms, and so on",)
    head = (("gradient",), ("shape",), ("shift",), ("error from",))
    _, widths = columns(Table(head, (((formula,), ("5",), (formula,), words),), wraps=3), 34.5)
    assert [each is None for each in widths] == [False, True, False, False]
    left = [float(each.part or 1) * 34.5 / 0.7 - float(each.less) for each in widths if each]
    assert min(left) > 6
    assert sum(left) < 34.5 / 0.7
    _, fitting = columns(Table(head, ((("a",), ("5",), ("b",), ("c",)),), wraps=3), 34.5)
    assert fitting == [None] * 4


def test_a_document_says_what_it_loads_and_a_fragment_loads_nothing() -> None:
    fragment, document = write_latex(MLP), write_latex(MLP, Setting(standalone=True))
    assert fragment.startswith("% Written by symbp. Needs amsmath")
    assert "\\usepackage" not in fragment
    assert "\\usepackage{tikz}" in document
    assert document.rstrip().endswith("\\end{document}")
    commands = set(re.findall(r"\\(begin\{\w+\*?\}|toprule|newcommand|paragraph|section|newlength)", fragment))
    assert commands <= {f"begin{{{each}}}" for each in ("equation", "align", "tabular", "tikzpicture")}


def test_labels_begin_with_the_stem_and_are_all_defined() -> None:
    for stem, each in PAGES.items():
        text = write_latex(each)
        labels = re.findall(r"\\label\{([^#}]+)\}|\\symbpstep\{.*\{([^{}]+)\}$", text, re.MULTILINE)
        named = {first or second for first, second in labels}
        assert set(re.findall(r"\\eqref\{([^}]+)\}", text)) <= named
        assert all(name.startswith(f"{stem}:") for name in named)


def test_two_pages_of_one_network_have_their_own_labels() -> None:
    assert "other:start" in write_latex(replace(MLP, stem="other"))


def test_every_symbol_of_a_broken_line_is_there() -> None:
    text = write_latex(page(Equations((Line((row(Id("y"), EQUALS, joined(FACTORS * 4, TIMES)),), "a"),))))
    assert text.count("\\symbpfactor{") == 4 * len(FACTORS)
    assert text.count("\\notag") > 2
    assert text.count("\\label{t:a}") == 1


def test_no_text_is_a_command() -> None:
    text = write_latex(replace(page(Para((HOSTILE,)), Code(HOSTILE)), command=HOSTILE, title=(HOSTILE,)))
    before, _, code = text.partition("\\begin{verbatim}")
    assert not re.search(r"\\(input\{x|write18)", before)
    assert HOSTILE in code


def test_somebody_may_replace_one_macro(tmp_path: Path) -> None:
    (tmp_path / "page-latex.j2").write_text(
        "\\BLOCK{macro heading(text, level)}\n\\mysection{\\VAR{text}}\n\\BLOCK{endmacro}", encoding="utf-8"
    )
    text = write_latex(MLP, Setting(template_dir=tmp_path))
    assert "\\mysection{Proof}" in text
    assert text.replace("\\mysection", "\\symbpheading").count("\\symbpheading{Proof}") == 1
    assert "\\symbpbox" in text


def test_a_macro_that_fails_is_named(tmp_path: Path) -> None:
    (tmp_path / "page-latex.j2").write_text("\\BLOCK{macro heading(text)}\\VAR{nobody}\\BLOCK{endmacro}")
    with pytest.raises(TemplateError, match=r"level|nobody"):
        write_latex(MLP, Setting(template_dir=tmp_path))
