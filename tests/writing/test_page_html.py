"""Pages as HTML with MathML: elements of MathML Core alone that read back to the tree; links, ids, names as text."""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import get_args
from xml.etree import ElementTree

import pytest
from corpus import CASES
from formulas import equations
from mathml_reader import read, wrong
from page_commands import COMMANDS, written
from pages import PAGES
from plain_trees import seen
from test_page_latex import EVERYTHING, HOSTILE, TALL_LINE, page

from symbp import derive, render, write
from symbp.checking.check import check
from symbp.errors import SpecError, UnusedParameterWarning
from symbp.maths.tree import (
    EQUALS,
    HADAMARD,
    MINUS,
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
from symbp.pages import page as blocks
from symbp.pages.page import Block, Code, Equations, Line, Page, Para, Ref
from symbp.pages.tell.check import check_page
from symbp.pages.tell.derivation import derivation_page
from symbp.writing import page_html, page_typst
from symbp.writing.mathml import inline_mathml, math_mathml
from symbp.writing.page_html import write_html

W, X, L = Id("W"), Id("X"), Id("L", "script")

SPELLED = [
    (W, "<mi>W</mi>"),
    (Id("softmax", "upright"), "<mi>softmax</mi>"),
    (Id("T", "upright"), '<mi mathvariant="normal">T</mi>'),
    (Id("Out"), '<mi class="italic">Out</mi>'),
    (Id("1", "bold"), "<mi>𝟏</mi>"),
    (Id("F", "script"), "<mi>ℱ</mi>"),
    (Num("0.5"), "<mn>0.5</mn>"),
    (Sign("⋯", "ord"), "<mi>⋯</mi>"),
    (Script(W, None, TRANSPOSE), "<msup><mi>W</mi><mi>⊤</mi></msup>"),
    (row(Id("f"), PRIME), '<mrow><mi>f</mi><mo lspace="0" rspace="0">′</mo></mrow>'),
    (Script(Id("f"), Id("l"), row(PRIME, TRANSPOSE)), '<msup><mrow><msub><mi>f</mi><mi>l</mi></msub><mo lspace="0" '
     'rspace="0">′</mo></mrow><mi>⊤</mi></msup>'),
    (Script(Script(X, Num("1")), None, Num("2")), "<msubsup><mi>X</mi><mn>1</mn><mn>2</mn></msubsup>"),
    (row(W, TIMES, X), '<mi>W</mi><mo lspace="0" rspace="0">\u2062</mo><mi>X</mi>'),
    (row(Num("2"), TIMES, Num("3")), '<mn>2</mn><mo lspace="0.222em" rspace="0.222em">⋅</mo><mn>3</mn>'),
    (row(EQUALS, W), '<mo form="infix">=</mo><mi>W</mi>'),
    (row(Id("x"), EQUALS, NEGATIVE, W), '<mi>x</mi><mo>=</mo><mo form="prefix" lspace="0" rspace="0">−</mo><mi>W</mi>'),
    (HADAMARD, '<mo form="infix" lspace="0" rspace="0">⊙</mo>'),
    (Fence(W), '<mrow><mo stretchy="false">(</mo><mi>W</mi><mo stretchy="false">)</mo></mrow>'),
    (Fence(Frac(Root(X), Id("one"))), "<mrow><mo>(</mo><mfrac><msqrt><mi>X</mi></msqrt>"
     '<mi class="italic">one</mi></mfrac><mo>)</mo></mrow>'),
    (Frac(Num("1"), X), '<mstyle displaystyle="false"><mfrac><mn>1</mn><mi>X</mi></mfrac></mstyle>'),
    (Fence(row(Fence(X), Tag(W, None, "weight", ("w",)))), '<mrow><mo minsize="1.2em" maxsize="1.2em">(</mo><mrow>'
     '<mo stretchy="false">(</mo><mi>X</mi><mo stretchy="false">)</mo></mrow><munder><munder><mi>W</mi>'
     '<mo>⏟</mo></munder><mtext>w</mtext></munder><mo minsize="1.2em" maxsize="1.2em">)</mo></mrow>'),
    (Accent(Id("Y"), "hat"), '<mover accent="true"><mi>Y</mi><mo stretchy="false">ˆ</mo></mover>'),
    (Script(Sign("∑", "big"), Id("i")), '<mstyle displaystyle="false"><msub><mo form="prefix" lspace="0" '
     'rspace="0.167em">∑</mo><mi>i</mi></msub></mstyle>'),
    (row(Id("a"), QUAD, Words("for all l")), '<mi>a</mi><mspace width="1em"/><mtext>for\u00a0all\u00a0l</mtext>'),
    (Table(((Num("0"), X),), "{", ""), '<mrow><mo>{</mo><mtable class="cases"><mtr><mtd><mn>0</mn></mtd><mtd><mi>X</mi>'
     "</mtd></mtr></mtable></mrow>"),
    (Blank(2), "<mtext>____</mtext>"),
    (Tag(W, None, "weight", ("a", "weight")),
     "<munder><munder><mi>W</mi><mo>⏟</mo></munder><mtext>a\u00a0weight</mtext></munder>"),
    (Id("<&>", "upright"), "<mi>&lt;&amp;&gt;</mi>"),
]  # fmt: skip


@pytest.mark.parametrize(("tree", "expected"), SPELLED, ids=[expected for _, expected in SPELLED])
def test_trees_are_spelled(tree: Node, expected: str) -> None:
    assert math_mathml(tree) == f'<math displaystyle="true">{expected}</math>'


def test_a_table_of_spellings_has_every_kind_of_node() -> None:
    kinds = {type(each).__name__ for tree, _ in SPELLED for each in walk(tree)}
    assert kinds == {kind.__name__ for kind in Node.__subclasses__()}


def test_a_fraction_lies_down_in_a_line_of_words() -> None:
    gradient = Frac(row(Sign("∂", "prefix"), L), row(Sign("∂", "prefix"), W))
    assert "mfrac" in math_mathml(gradient)
    assert "mfrac" not in inline_mathml(gradient)


def formula(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)


def test_formulas_by_chance_are_mathml_and_read_back() -> None:
    for tree in equations(60):
        for text in (math_mathml(tree), inline_mathml(tree)):
            assert list(wrong(formula(text))) == [], text
        assert read(formula(math_mathml(tree))) == seen(tree)


FAULTS = [
    ("<msub><mi>W</mi></msub>", "msub with 1 children"),
    ("<msub><mi>W</mi><mi>l</mi><mi>t</mi></msub>", "msub with 3 children"),
    ("<mfenced><mi>W</mi></mfenced>", "mfenced is not of MathML Core"),
    ('<mi href="x">W</mi>', "attribute href of mi"),
    ('<mi mathvariant="bold">W</mi>', "mi with mathvariant or text behind it"),
    ("<mtable><mi>W</mi></mtable>", "mtable with ['mi']"),
    ("<mo></mo>", "mo with text None and 0 children"),
]


@pytest.mark.parametrize(("text", "complaint"), FAULTS, ids=[each for _, each in FAULTS])
def test_what_is_no_mathml_is_seen(text: str, complaint: str) -> None:
    assert list(wrong(formula(f"<math>{text}</math>"))) == [complaint]


MISREAD = [
    (Script(W, Id("l"), TRANSPOSE), Script(W, TRANSPOSE, Id("l"))),
    (row(W, MINUS, X), row(W, PLUS, X)),
    (Frac(W, X), Frac(X, W)),
    (row(Fence(row(W, PLUS, X)), HADAMARD, L), row(W, PLUS, X, HADAMARD, L)),
    (row(W, TIMES, X, TRANSPOSE), row(W, TRANSPOSE, TIMES, X)),
]


@pytest.mark.parametrize(("one", "other"), MISREAD, ids=str)
def test_another_formula_reads_as_another(one: Node, other: Node) -> None:
    assert read(formula(math_mathml(one))) != seen(other)


# Pages.


def document(text: str) -> ElementTree.Element:
    """Return a document whose tags close, as HTML's parser and XML's read it alike."""
    assert text.startswith("<!DOCTYPE html>\n")
    return ElementTree.fromstring(text)


def problems(text: str) -> list[str]:
    """Return what is wrong with a document: its formulas, ids that are there twice, links to nowhere, rows, scripts."""
    root = document(text)
    found = [each for math in root.iter("math") for each in wrong(math)]
    ids = Counter(each.get("id") for each in root.iter() if each.get("id"))
    links = [each.get("href", "") for each in root.iter("a")]
    found += [f"id {name} {times} times" for name, times in ids.items() if times > 1]
    found += [f"a link to {link}" for link in links if link[:1] != "#" or link[1:] not in ids]
    for table in root.iter("table"):
        if len({len(row) for row in table.iter("tr")}) > 1:
            found.append("a table with rows of several lengths")
    found += [
        "a picture without a description" for svg in root.findall(".//figure/svg[1]") if not svg.get("aria-label")
    ]
    found += [f"{each.tag} in the page" for each in root.iter() if each.tag in ("img", "iframe", "mfenced")]
    has_steps = any(each.get("id") == "steps" for each in root.iter("section"))
    found += ["a script in the page"] * (len(list(root.iter("script"))) - has_steps)
    levels = [int(each.tag[1]) for each in root.iter() if each.tag in ("h1", "h2", "h3")]
    found += [f"h{b} behind h{a}" for a, b in pairwise(levels) if b > a + 1]
    return found


def trees_of(*of: Block) -> list[Node]:
    return [part for line in blocks.lines(of) for part in line.parts]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_a_document(name: str) -> None:
    assert problems(write_html(PAGES[name])) == []


BRIEF = replace(EVERYTHING, blocks=tuple(each for each in EVERYTHING.blocks if TALL_LINE not in trees_of(each)))
"""Every kind of block, without the lines of 900 factors, of which breaking takes a second."""


def test_every_kind_of_block_is_written() -> None:
    text = write_html(BRIEF)
    assert problems(text) == []
    for part in (
        "<h2>Section</h2>",
        "<h3>Part</h3>",
        "<strong>Title.</strong>",
        "Caption.",
        "<svg",
        "</table>",
        "<pre",
    ):
        assert part in text


@pytest.mark.parametrize("writer", [page_html, page_typst])
def test_every_kind_of_block_has_its_writer(writer: ModuleType) -> None:
    assert set(writer._WRITERS) == set(get_args(blocks.Block))


def test_lines_read_back_whatever_pieces_they_are_in() -> None:
    """A line is one formula in pieces: together they are what was told."""
    for each in PAGES.values():
        root = document(write_html(each))
        lines = [line for line in root.iter("div") if line.get("class") == "line"]
        told = list(blocks.lines(each.blocks))
        assert len(lines) == len(told)
        for line, said in zip(lines, told, strict=True):
            where = seen(said.where) or ()
            expected = tuple(
                part for at, tree in enumerate(said.parts) for part in ((",",) if at else ()) + unlabelled(tree)
            )
            reasons = {id(math) for why in line.iter("span") if why.get("class") == "why" for math in why.iter("math")}
            maths = [math for math in line.iter("math") if id(math) not in reasons]
            assert tuple(part for math in maths for part in read(math)) == expected + where


def unlabelled(tree: Node) -> tuple[object, ...]:
    """Return what is seen of a formula whose factors have their roles beside it."""
    items = [Tag(item.body) if isinstance(item, Tag) else item for item in getattr(tree, "items", (tree,))]
    return seen(row(*items)) or ()


def test_a_reference_is_a_link_to_its_line() -> None:
    line = Line((row(Id("x"), EQUALS, Num("1")),), "a")
    text = write_html(page(Equations((line, Line(line.parts, "b"))), Para(("see ", Ref("a", "b"), "."))))
    assert '<div class="line" id="eq-2">' in text
    assert '<a href="#eq-1">(1)</a>–<a href="#eq-2">(2)</a>' in text
    assert '<a class="no" href="#eq-2">(2)</a>' in text


def test_what_a_page_lacks_is_seen() -> None:
    text = write_html(PAGES["mlp"])
    assert problems(text.replace('id="eq-1"', 'id="eq-2"'))
    assert problems(text.replace("</tr></thead>", "<th>x</th></tr></thead>"))
    assert problems(text.replace("<h2>", "<h3>").replace("</h2>", "</h3>"))
    assert problems(text.replace("<main>", "<main><script>x</script>"))


MARKUP = '<script>alert(1)</script> & "quoted" </title> --> {{ x }}'


def test_no_text_is_markup() -> None:
    every = Page((MARKUP,), (HOSTILE,), (Para((MARKUP,), (HOSTILE,)), Code(MARKUP)), command=MARKUP)
    root = document(write_html(every))
    assert [each.text for each in (root.find(".//h1"), root.find(".//code"))] == [MARKUP, MARKUP]
    assert root.findtext("head/title") == MARKUP
    assert "script" not in {each.tag for each in root.iter()}


def test_the_mark_stands_in_the_first_lines(tmp_path: Path) -> None:
    found = derive(layers=2)
    assert write(found, tmp_path / "notes.html")
    assert not write(found, tmp_path / "notes.html")
    assert "Written by symbp: symbp derive" in write_html(PAGES["mlp"]).splitlines()[2]


def test_one_equation_alone_is_a_document() -> None:
    text = render(derive(layers=2), "html", only="W1")
    assert problems(text) == []
    assert document(text).findtext("head/title") == "W1"
    with pytest.raises(SpecError, match="html has no standalone form"):
        render(derive(layers=2), "html", standalone=True)


def test_somebodys_style_replaces_ours(tmp_path: Path) -> None:
    (tmp_path / "page-html.j2").write_text("\\BLOCK{macro style()}<style>p{color:red}</style>\\BLOCK{endmacro}")
    text = render(derive(layers=2), "html", template_dir=tmp_path)
    assert "p{color:red}" in text
    assert "--ink:" not in text
    assert problems(text) == []


FEW = ("mlp-4", "small-cnn", "lstm-1")


def told(name: str) -> tuple[Page, Page]:
    """Return the page of a network and that of its check."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnusedParameterWarning)
        found = derive(CASES[name].network())
    report = check(found, thorough=False)
    return derivation_page(found, report), check_page(report, found)


@pytest.mark.parametrize("name", [*FEW, *(pytest.param(n, marks=pytest.mark.long) for n in CASES if n not in FEW)])
def test_every_page_is_a_document_that_reads_back(name: str) -> None:
    for each in told(name):
        assert problems(write_html(each)) == []
        for tree in trees_of(*each.blocks):
            assert read(formula(math_mathml(tree))) == seen(tree)


@pytest.mark.long
@pytest.mark.parametrize("name", COMMANDS)
def test_every_kind_of_page_is_a_document(name: str) -> None:
    assert problems(written(name, "html")) == []
