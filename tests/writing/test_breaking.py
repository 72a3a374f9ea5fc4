"""A line that is too long breaks where a reader would, and loses nothing."""

from __future__ import annotations

import re
import statistics
import subprocess
from pathlib import Path

import pytest
from formulas import equations
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import FACTORS
from report_cases import PDFLATEX, need

from symbp.maths.tree import EQUALS, HADAMARD, PLUS, TIMES, Fence, Id, Node, Num, Row, Script, Tag, joined, row
from symbp.pages.page import Line
from symbp.writing.breaking import NOTHING, broken, em_width, shown, sides
from symbp.writing.latex import math_latex

SLACK = 1.0
"""Brackets around a part that was broken may pass the measure by this much, in em."""


def tokens(node: Node) -> list[str]:
    """What is seen of a tree, from left to right."""
    if isinstance(node, Fence):
        return [each for each in (node.open, *tokens(node.body), node.close) if each]
    if isinstance(node, Row):
        return [each for item in node.items for each in tokens(item)]
    if isinstance(node, Tag) and not node.label:
        return tokens(node.body)
    if isinstance(node, Script) and isinstance(node.base, Fence | Tag):
        return [*tokens(node.base), repr((node.sub, node.sup))]
    return [repr(node)]


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 5000), st.integers(1, 6), st.floats(4, 40))
def test_breaking_keeps_every_sign_in_its_place(seed: int, terms: int, measure: float) -> None:
    (formula,) = equations(1, seed, terms)
    lines = broken(formula, measure, measure - 1, em_width)
    assert [each for line in lines for each in tokens(line)] == tokens(formula)
    assert len(lines) == 1 or all(lines)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 5000), st.integers(1, 6))
def test_lines_fit_where_they_can(seed: int, terms: int) -> None:
    (formula,) = equations(1, seed, terms)
    for line in broken(formula, 32, 31, em_width):
        assert em_width(line) <= 32 + SLACK, math_latex(line)


def letters(count: int) -> list[Node]:
    return [Script(Id("W"), Num(str(k))) for k in range(count)]


def test_a_planted_long_line_is_broken_at_its_signs() -> None:
    chain = row(Id("y"), EQUALS, joined(letters(40), PLUS))
    lines = broken(chain, 32, 31, em_width)
    assert len(lines) > 1
    assert all(line.items[0] == PLUS for line in lines[1:] if isinstance(line, Row))
    assert all(em_width(line) <= 32 for line in lines)


def test_a_sum_breaks_before_a_product_does() -> None:
    products = [joined(letters(9), TIMES) for _ in range(3)]
    lines = broken(row(Id("y"), EQUALS, joined(products, PLUS)), 24, 23, em_width)
    assert [tokens(line)[0] for line in lines[1:]] == [repr(PLUS), repr(PLUS)]
    lines = broken(row(Id("y"), EQUALS, joined([joined([*letters(4)], HADAMARD)] * 3, PLUS)), 15, 14, em_width)
    assert [tokens(line)[0] for line in lines[1:]] == [repr(PLUS), repr(PLUS)]


def test_a_product_breaks_in_lines_of_like_length() -> None:
    first, second = broken(joined(FACTORS, TIMES), 28, 27, em_width)
    assert abs(em_width(first) - em_width(second)) < 8


def test_brackets_open_where_nothing_else_breaks() -> None:
    lines = broken(Fence(joined(letters(30), PLUS)), 20, 19, em_width)
    assert len(lines) > 2
    assert math_latex(lines[0]).startswith("(")
    assert math_latex(lines[-1]).endswith(")")
    assert not math_latex(lines[0]).endswith(")")


def test_the_halves_of_brackets_are_of_one_size() -> None:
    inside = row(joined(letters(8), PLUS), PLUS, Fence(joined(letters(3), PLUS)), PLUS, joined(letters(8), PLUS))
    lines = [math_latex(line) for line in broken(Fence(inside), 16, 15, em_width)]
    assert lines[0].startswith(r"\bigl(")
    assert lines[-1].endswith(r"\bigr)")


def test_parts_of_a_line_stand_beside_each_other_as_far_as_they_fit() -> None:
    parts = tuple(row(letter, EQUALS, joined(letters(3), TIMES)) for letter in (Id("Q"), Id("K"), Id("V")))
    assert len(shown(Line(parts), 40, 0, em_width)) == 1
    lines = shown(Line(parts), 11, 0, em_width)
    assert [line.continues for line in lines] == [False] * len(lines)
    assert len(lines) == 3
    where = shown(Line(parts, where=row(Id("l"), EQUALS, Num("1"))), 11, 0, em_width)
    assert where[-1].left == NOTHING or tokens(where[-1].right)[-1] == ")"


def test_another_unit_gives_other_lines() -> None:
    chain = joined(letters(40), PLUS)
    characters = broken(chain, 79, 75, lambda node: len(tokens(node)) * 3.0)
    assert len(characters) == 4
    assert sides(row(Id("a"), EQUALS, Id("b"))) == (Id("a"), row(EQUALS, Id("b")))


MOST_UNDER, MOST_SPREAD = 0.05, 0.02


@pytest.mark.long
def test_widths_are_those_that_pdflatex_finds(tmp_path: Path) -> None:
    need("pdflatex", PDFLATEX)
    formulas = equations(200, 1)
    boxes = "\n".join(
        rf"\setbox0=\hbox{{$\displaystyle {math_latex(each)}$}}\typeout{{W \the\wd0}}" for each in formulas
    )
    head = "\\documentclass{article}\n\\usepackage{amsmath}\n\\begin{document}\n"
    (tmp_path / "w.tex").write_text(f"{head}{boxes}\n\\end{{document}}\n", encoding="utf-8")
    subprocess.run(
        ["pdflatex", "-no-shell-escape", "-interaction=nonstopmode", "w.tex"], cwd=tmp_path, capture_output=True,
        check=False, timeout=100,
    )  # fmt: skip
    log = (tmp_path / "w.log").read_text(errors="replace")
    assert re.search(r"^!", log, re.MULTILINE) is None
    real = [float(each) / 10 for each in re.findall(r"^W ([\d.]+)pt", log, re.MULTILINE)]
    off = [em_width(each) / width - 1 for each, width in zip(formulas, real, strict=True)]
    assert min(off) > -MOST_UNDER
    assert statistics.pstdev(off) < MOST_SPREAD
