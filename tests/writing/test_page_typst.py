"""Pages as Typst: formulas that Typst reads as the trees, pages that it compiles, names as text, steady bytes."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from corpus import CASES
from formulas import equations
from page_commands import COMMANDS, written
from pages import PAGES
from plain_trees import seen
from report_cases import need
from test_page_html import BRIEF, told, trees_of
from test_page_latex import HOSTILE, page
from typst_reader import comparable, formulas

from symbp import derive, render, write
from symbp.errors import OutputError, SpecError
from symbp.maths.tree import (
    DOTS,
    EQUALS,
    HADAMARD,
    NEGATIVE,
    PLUS,
    PRIME,
    QUAD,
    TIMES,
    TRANSPOSE,
    Accent,
    Blank,
    Fence,
    Frac,
    Id,
    Node,
    Num,
    Root,
    Script,
    Sign,
    Table,
    Tag,
    Words,
    row,
    walk,
)  # fmt: skip
from symbp.pages.page import Code, Equations, Line, Page, Para, Ref
from symbp.writing.page_typst import write_typst
from symbp.writing.pdf import engine_named, pdf
from symbp.writing.setting import Setting
from symbp.writing.typst import formula_typst, inline_typst, math_typst, text_typst

TYPST = find_spec("typst")
W, X, L = Id("W"), Id("X"), Id("L", "script")

SPELLED = [
    (W, "W"),
    (Id("softmax", "upright"), '"softmax"'),
    (Id("T", "upright"), "upright(T)"),
    (Id("Out"), 'italic("Out")'),
    (Id("1", "bold"), "𝟏"),
    (Id("F", "script"), "ℱ"),
    (Num("0.5"), "0.5"),
    (DOTS, "⋯"),
    (Script(W, None, TRANSPOSE), "W^(⊤)"),
    (row(Id("f"), PRIME), "f^(′)"),
    (Script(Script(X, Num("1")), None, Num("2")), "X_(1)^(2)"),
    (row(W, TIMES, X), "W X"),
    (row(Num("2"), TIMES, Num("3")), "2⋅3"),
    (row(EQUALS, W), '""=W'),
    (row(Id("x"), TIMES, NEGATIVE, W), 'x thin class("normal", −)W'),
    (HADAMARD, 'class("normal", ⊙)'),
    (Fence(W), "\\(W\\)"),
    (Script(Fence(W), None, TRANSPOSE), "attach(\\(W\\), t: ⊤)"),
    (Fence(Frac(Root(X), Id("one"))), 'lr(\\(frac(sqrt(X), italic("one"))\\))'),
    (Fence(row(Fence(X), Tag(W, None, "weight", ("w",)))),
     'lr(size: #1.2em, \\(\\(X\\)underbrace(W, "w")\\))'),
    (Frac(Num("1"), X), "inline(frac(1, X))"),
    (Fence(X, "|", "|"), 'class("opening", \\|)X class("closing", \\|)'),
    (Accent(Id("Y"), "bar"), "macron(Y)"),
    (Script(Sign("∑", "big"), Id("i")), "inline(∑_(i))thin"),
    (row(Id("a"), Sign(",", "comma"), QUAD, Words('for "l"')), 'a\\,quad"for \\\\"l\\\\""'.replace("\\\\", "\\")),
    (Table(((Num("0"), X),), "{", ""), 'mat(delim: #("{", none), align: #left, 0, X)'),
    (Blank(2), '"____"'),
    (Tag(W, None, "weight", ("a", "weight")), 'underbrace(W, "a" \\ "weight")'),
    (Id("#"), "\\#"),
]  # fmt: skip


@pytest.mark.parametrize(("tree", "expected"), SPELLED, ids=[expected for _, expected in SPELLED])
def test_trees_are_spelled(tree: Node, expected: str) -> None:
    assert formula_typst(tree) == expected


def test_a_table_of_spellings_has_every_kind_of_node() -> None:
    kinds = {type(each).__name__ for tree, _ in SPELLED for each in walk(tree)}
    assert kinds == {kind.__name__ for kind in Node.__subclasses__()}


def test_typst_reads_formulas_as_the_trees(tmp_path: Path) -> None:
    need("typst", TYPST)
    trees = [*equations(150), *(tree for tree, _ in SPELLED)]
    found = formulas("\n\n".join(map(math_typst, trees)), tmp_path)
    assert found == [comparable(seen(tree)) for tree in trees]


def test_typst_reads_another_formula_as_another(tmp_path: Path) -> None:
    need("typst", TYPST)
    pairs = [
        (Script(W, Id("l"), TRANSPOSE), Script(W, TRANSPOSE, Id("l"))),
        (Frac(W, X), Frac(X, W)),
        (row(Fence(row(W, PLUS, X)), HADAMARD, L), row(W, PLUS, X, HADAMARD, L)),
        (row(W, TIMES, X, TRANSPOSE), row(W, TRANSPOSE, TIMES, X)),
    ]
    found = formulas("\n\n".join(math_typst(one) for one, _ in pairs), tmp_path)
    assert all(each != comparable(seen(other)) for each, (_, other) in zip(found, pairs, strict=True))


def test_a_fraction_lies_down_in_a_line_of_words() -> None:
    gradient = Frac(row(Sign("∂", "prefix"), L), row(Sign("∂", "prefix"), W))
    assert "frac" in math_typst(gradient)
    assert "frac" not in inline_typst(gradient)


# Pages.


def labels(text: str) -> tuple[list[str], set[str]]:
    """Return the labels that a page defines, and those that it refers to."""
    return re.findall(r'#symbp-numbered\("(.+?)"\)', text), set(re.findall(r'#symbp-ref\("(.+?)"\)', text))


@pytest.mark.parametrize("name", PAGES)
def test_every_reference_has_its_line(name: str) -> None:
    defined, asked = labels(write_typst(PAGES[name]))
    assert len(set(defined)) == len(defined)
    assert asked <= set(defined)
    assert all(each.startswith(f"{PAGES[name].stem}:") for each in defined)


@pytest.mark.parametrize("standalone", [False, True])
def test_typst_compiles_every_kind_of_block(standalone: bool) -> None:
    need("typst", TYPST)
    text = write_typst(BRIEF, Setting(standalone=standalone))
    assert ("#set page" in text) == standalone
    data = pdf(text, engine=engine_named("typst"))
    assert data == pdf(text, engine=engine_named("typst"))
    assert (b"CreationDate" in data) != standalone


def test_no_text_is_code(tmp_path: Path) -> None:
    """Typst sees every sign of a text, and takes none of them for markup."""
    need("typst", TYPST)
    hostile = f"{HOSTILE} = x // y /* z */ #set page() @ref <l> - -- ... ~ https://a.b 'q' \"q\" [x] 1. + *b* {{"
    text = write_typst(Page((hostile,), (hostile,), (Para((hostile,), (hostile,)), Code(hostile)), command=hostile))
    pdf(text, engine=engine_named("typst"))
    found = formulas(f"${formula_typst(Words(hostile))}$ ${formula_typst(Id(hostile, 'upright'))}$", tmp_path)
    assert found == [(hostile.strip(),), (hostile.strip(),)]
    assert re.sub(r"\\(?=[^a-z0-9])", "", text_typst(hostile).replace("\\\\", "\0")).replace("\0", "\\") == hostile
    with pytest.raises(OutputError, match="typst could not compile the report"):
        pdf("#nothing", engine=engine_named("typst"))


def test_a_file_includes_into_lecture_notes(tmp_path: Path) -> None:
    need("typst", TYPST)
    import typst

    line = Line((row(Id("x"), EQUALS, Num("1")),), "a")
    (tmp_path / "page.typ").write_text(
        write_typst(
            page(
                Equations((line,)),
                Para(
                    ("see ", Ref("a"), "."),
                ),
            )
        )
    )
    (tmp_path / "notes.typ").write_text('#set math.equation(numbering: "(1)")\n$ y = 2 $\n#include "page.typ"')
    assert typst.compile(str(tmp_path / "notes.typ")).startswith(b"%PDF")


def test_one_equation_alone_is_a_display_or_a_document() -> None:
    text = render(derive(layers=2), "typst", only="delta1")
    assert text == '$ δ^(\\(1\\)) & ""=δ_(a)^(\\(1\\))⊙f_(1)^(′)\\(z^(\\(1\\))\\) $\n'
    assert "#set page" in render(derive(layers=2), "typst", only="W2", standalone=True)


def test_pdf_by_typst_is_written_once(tmp_path: Path) -> None:
    need("typst", TYPST)
    found = derive(layers=2)
    assert write(found, tmp_path / "notes.pdf", pdf_engine="typst")
    assert not write(found, tmp_path / "notes.pdf", pdf_engine="typst")
    with pytest.raises(SpecError, match=r"notes\.md is no PDF; leave out pdf_engine"):
        write(found, tmp_path / "notes.md", pdf_engine="typst")


def test_the_mark_stands_in_the_first_line() -> None:
    for standalone in (False, True):
        assert "Written by symbp" in write_typst(PAGES["mlp"], Setting(standalone=standalone)).splitlines()[0]


@pytest.mark.long
@pytest.mark.parametrize("name", CASES)
def test_typst_compiles_every_page_and_reads_its_formulas(name: str, tmp_path: Path) -> None:
    need("typst", TYPST)
    for each in told(name):
        pdf(write_typst(each, Setting(standalone=True)), engine=engine_named("typst"))
        trees = trees_of(*each.blocks)
        found = formulas("\n\n".join(map(math_typst, trees)), tmp_path) if trees else []
        assert found == [comparable(seen(tree)) for tree in trees]


@pytest.mark.long
@pytest.mark.parametrize("name", COMMANDS)
def test_typst_compiles_every_kind_of_page(name: str) -> None:
    need("typst", TYPST)
    assert pdf(written(name, "typst"), engine=engine_named("typst")).startswith(b"%PDF")


def test_a_document_is_as_wide_as_asked_for() -> None:
    text = write_typst(PAGES["mlp"], Setting(standalone=True, text_width=22.91))
    assert "margin: (x: (21cm - 22.91 * 10pt) / 2" in text
    assert "margin: (x: 97pt" in write_typst(PAGES["mlp"], Setting(standalone=True))
