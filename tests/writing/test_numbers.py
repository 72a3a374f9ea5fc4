"""Numbers in every syntax: a dot between two, room for digits that others have, columns at the right, chains of =."""

from __future__ import annotations

import pytest

from symbp.maths.tree import EQUALS, MINUS, NEGATIVE, TIMES, Id, Node, Num, Sign, Table, row
from symbp.pages.page import Computation, Computed, Line, Page
from symbp.writing.breaking import em_width, shown
from symbp.writing.formula import math_text
from symbp.writing.latex import math_latex
from symbp.writing.mathml import math_mathml
from symbp.writing.page_html import write_html
from symbp.writing.page_latex import write_latex
from symbp.writing.page_markdown import write_markdown
from symbp.writing.page_typst import write_typst
from symbp.writing.spacing import is_figure
from symbp.writing.text import write_text
from symbp.writing.typst import math_typst

PRODUCT = row(Num("0.15"), TIMES, Num("0.05"))
SMALL = row(NEGATIVE, Num("0.25"))
COLUMN = Table(((Num("10"),), (SMALL,), (Num("3", ".00"),)))


def test_a_dot_stands_between_two_numbers() -> None:
    assert math_text(PRODUCT) == "0.15 · 0.05"
    assert math_text(PRODUCT, ascii=True) == "0.15 * 0.05"
    assert math_latex(PRODUCT) == r"0.15 \cdot 0.05"


def test_points_stand_under_each_other() -> None:
    assert math_text(COLUMN) == "⎡   10⎤\n⎢−0.25⎥\n⎣3.00 ⎦".replace("3.00 ", " 3   ")
    assert math_latex(COLUMN) == (
        r"\begin{bmatrix} \phantom{-}10 \\ \phantom{0}-0.25 \\ \phantom{-}\phantom{0}3\phantom{.00} \end{bmatrix}"
    )
    assert '<mtable class="numbers">' in math_mathml(COLUMN)
    assert "<mphantom><mn>.00</mn></mphantom>" in math_mathml(COLUMN)
    assert "align: #right" in math_typst(COLUMN)
    assert '#hide($".00"$) ""' in math_typst(COLUMN)  # What follows a semicolon must stay in the row below.


@pytest.mark.parametrize(
    ("node", "is_one"),
    [
        (Num("1"), True),
        (SMALL, True),
        (Sign("⋮", "ord"), True),
        (Id("x"), False),
        (row(Num("1"), MINUS, Num("2")), False),
    ],
)
def test_a_figure_is_a_number_and_no_sum(node: Node, is_one: bool) -> None:
    assert is_figure(node) is is_one


def test_a_chain_breaks_before_each_relation() -> None:
    long = Num("1" * 40)
    found = shown(Line((row(Id("x"), EQUALS, long, EQUALS, long, EQUALS, Num("2")),)), 25.0, 0.0, em_width)
    assert [math_latex(each.right) for each in found] == [f"= {'1' * 40}", f"= {'1' * 40} = 2"]


WIDE = Computed(Id("z"), (row(NEGATIVE, *PRODUCT.items), PRODUCT), (SMALL, Num("0.25")))
PLAIN = Computed(Id("Z"), (), (COLUMN,))


def page(*lines: Computed) -> Page:
    return Page(("Title",), (), (Computation(lines),))


def test_text_has_a_line_an_entry() -> None:
    assert write_text(page(WIDE)).splitlines()[2:] == ["  z  −0.15 · 0.05 = −0.25", "      0.15 · 0.05 =  0.25"]
    narrow = ["  z  −0.15 ·", "      0.05   = −0.25", "      0.15 ·", "      0.05   =  0.25"]
    assert write_text(page(WIDE), width=22).splitlines()[2:] == narrow
    assert write_text(page(PLAIN)).splitlines()[3] == "  Z = ⎢−0.25⎥"


def test_other_formats_have_columns_in_brackets() -> None:
    for text in (write_latex(page(WIDE)), write_markdown(page(WIDE))):
        assert r"\begin{bmatrix} -0.15 \cdot 0.05 \\ \phantom{-}0.15 \cdot 0.05 \end{bmatrix} = " in text
    assert "mat(delim" in write_typst(page(WIDE))
    assert write_html(page(WIDE)).count("<mtable") == 2
