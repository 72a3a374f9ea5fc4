"""Pages as Markdown: mathematics as GitHub and pandoc read it, steps as tables, numbers as in every other format."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from engines import refused
from pages import MLP, PAGES
from test_page_latex import EVERYTHING, HOSTILE, page

from symbp import derive
from symbp.maths.tree import EQUALS, Fence, Id, Num, row
from symbp.networks.operations import OPERATIONS
from symbp.pages.page import Code, Equations, Heading, Line, Para, Ref, Steps, Table
from symbp.pages.tell.operation import operation_page
from symbp.writing.page_markdown import FLAVOURS, write_markdown
from symbp.writing.setting import Setting

PATTERNS = {
    "gfm": (r"^```math\n(.*?)^```$", r"\$`(.+?)`\$"),
    "myst": (r"^```\{math\}\n(?::label:.*?\n\n)?(.*?)^```$", r"\{math\}`(.+?)`"),
    **dict.fromkeys(("markdown", "quarto", "mdx"), (r"^\$\$\n(.*?)^\$\$", r"(?<!\\)\$(.+?)(?<!\\)\$")),
}
X_IS_1 = row(Id("x"), EQUALS, Num("1"))


def formulas(text: str, flavour: str) -> list[tuple[str, str, bool]]:
    """Every formula of a page: where, what, whether displayed."""
    display, inline = PATTERNS[flavour]
    shown = re.findall(display, text, re.MULTILINE | re.DOTALL)
    rest = re.sub(display, "", text, flags=re.MULTILINE | re.DOTALL)
    rest = re.sub(r"^```.*?^```$", "", rest, flags=re.MULTILINE | re.DOTALL)
    return [("display", each, True) for each in shown] + [("inline", each, False) for each in re.findall(inline, rest)]


def test_katex_reads_every_formula_of_a_page() -> None:
    found = [each for one in PAGES.values() for each in formulas(write_markdown(one), "gfm")]
    assert len(found) > 100
    assert refused(found) == []


@pytest.mark.long
def test_katex_reads_every_formula_of_operations() -> None:
    found = [each for name in OPERATIONS for each in formulas(write_markdown(operation_page(derive(name))), "gfm")]
    assert len(found) > 500
    assert refused(found) == []


def test_github_sees_no_dollars_but_its_own() -> None:
    text = write_markdown(MLP, "gfm")
    assert "$$" not in text
    assert text.count("$`") == text.count("`$") == len(re.findall(r"\$`[^`]+`\$", text))


def test_a_number_stands_in_a_display_of_its_own() -> None:
    text = write_markdown(page(*EVERYTHING.blocks[:4]), "gfm")
    assert "aligned" in text
    for block in re.findall(r"```math\n(.*?)```", text, re.DOTALL):
        assert block.count("\\tag") <= 1
        assert "\\tag" not in block.partition("\\begin{aligned}")[2].partition("\\end{aligned}")[0]


def test_references_are_the_numbers_of_lines() -> None:
    lines = Equations((Line((X_IS_1,), "a"), Line((X_IS_1,), "b")))
    text = write_markdown(page(lines, Para(("see ", Ref("b"), " and ", Ref("a", "b")))), "markdown")
    assert "see (2) and (1)–(2)" in text
    assert "x = 1 \\qquad(2)\n$$" in text
    with pytest.raises(KeyError):
        write_markdown(page(Para((Ref("nowhere"),))), "gfm")


def test_steps_are_a_table_and_empty_columns_are_left_out() -> None:
    steps = Steps((Line((X_IS_1,), "a", reason=("given",)), Line((X_IS_1,), "b")), ("start",))
    text = write_markdown(page(steps, Steps((Line((X_IS_1,), "c"),), ("end",))), "gfm")
    assert "| start | $`x = 1`$ | given | (1) |\n|  | $`x = 1`$ |  | (2) |\n| end | $`x = 1`$ |  | (3) |" in text
    assert "| $`x = 1`$ |\n" in write_markdown(page(Steps((Line((X_IS_1,)),))), "gfm")


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_no_text_is_markup(flavour: str) -> None:
    table = Table(((HOSTILE,), ("b",)), (((HOSTILE,), ("<b>|</b>",)),))
    bars = row(Fence(Id("x"), "|", "|"), EQUALS, Fence(Id("x"), "‖", "‖"))
    text = write_markdown(page(Para(("1. *no* list <b> $y$ `z`",)), table, Para((bars,)), Code("a ``` b")), flavour)
    assert "1\\. \\*no\\* list \\<b\\> \\$y\\$ \\`z\\`" in text
    assert "````python\na ``` b\n````" in text
    assert r"\lvert x\rvert = \lVert x\rVert" in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in rows} <= {3}


def test_pandoc_learns_how_wide_columns_are() -> None:
    text = write_markdown(page(Table((("a",), ("b",)), ((("x",), ("many words here",)),))), "markdown")
    narrow, wide = re.findall(r"-+", next(line for line in text.splitlines() if line.startswith("|--")))
    assert len(wide) > 2 * len(narrow)


def test_a_picture_is_drawn_by_whoever_is_given() -> None:
    assert "```text\ntwo rails\n```" in write_markdown(MLP, "gfm", picture_text=lambda _: "two rails\n")
    assert "Dashed" not in write_markdown(MLP, "gfm")


def test_the_mark_stands_in_the_first_line() -> None:
    assert write_markdown(MLP, "gfm").startswith("<!-- Written by symbp: symbp derive --layers 4 -->\n\n# ")


def test_levels_width_labels_and_credit_are_those_of_the_setting() -> None:
    setting = Setting(text_width=30.0, heading_shift=2, label_prefix="Week_3:mlp", credit=False)
    for flavour, each in FLAVOURS.items():
        text = write_markdown(MLP, flavour, setting)
        levels = [len(line.split()[0]) for line in text.splitlines() if line.startswith("#")]
        assert levels[0] == 3
        assert 4 in levels
        assert text.splitlines()[0].strip("<!-/*{}%> ") == "Written by symbp"
        assert ("week-3-mlp-product" in text) is (each.reference != "({number})")
        assert len(write_markdown(MLP, flavour).splitlines()) < len(text.splitlines())


def test_no_two_labels_are_one_in_small_letters() -> None:
    lines = tuple(Line((X_IS_1,), label) for label in ("dZ1", "dz1", "a.b", "a-b", "δ", "dz1-2"))
    text = write_markdown(page(Equations(lines)), "quarto")
    found = re.findall(r"\{#eq-(.*)\}", text)
    assert found == ["t-dz1", "t-dz1-2", "t-a-b", "t-a-b-4", "t", "t-dz1-2-6"]


def test_a_macro_gets_what_it_names_and_that_of_a_flavour_comes_first(tmp_path: Path) -> None:
    theirs = r"\BLOCK{macro %s(text)}" "\n\n" r"%s: \VAR{text}" "\n" r"\BLOCK{endmacro}" "\n"
    (tmp_path / "page-markdown.j2").write_text(theirs % ("para", "shared") + theirs % ("heading", "shared"))
    (tmp_path / "page-mdx.j2").write_text(theirs % ("para", "own"))
    blocks = Para(("x",), ("title",)), Heading(("y",)), Table((("a",),), ((("b",),),))
    text = write_markdown(page(*blocks), "mdx", Setting(template_dir=tmp_path))
    assert "\nown: x\n\nshared: y\n\n<table>\n" in text


@pytest.mark.parametrize(
    ("typed", "there"),
    [
        ("1. a", "1\\. a"), ("(2) a", "(2\\) a"), ("iv. a", "iv\\. a"), ("Mixed. a", "Mixed. a"), ("% a", "\\% a"),
        (": a", "\\: a"), ("(a)= b", "(a)\\= b"), ("import a", "&#105;mport a"), ("importance", "importance"),
        ("  - a", "\\- a"),
    ],
)  # fmt: skip
def test_a_paragraph_begins_nothing_else(typed: str, there: str) -> None:
    assert f"\n{there}\n" in write_markdown(page(Para((typed,))), "mdx")


def test_pandoc_gets_brackets_that_it_knows() -> None:
    line = Equations(
        (Line((row(Id("x"), EQUALS, Fence(row(Fence(row(Fence(Id("a")), EQUALS, Id("b"))), EQUALS, Id("c")))),)),)
    )
    assert r"\Bigl(\bigl((a)" in write_markdown(page(line), "gfm")
    assert r"\left(\bigl((a)" in write_markdown(page(line), "markdown")
