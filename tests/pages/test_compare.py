"""The page of a comparison: what it recommends first, how it groups, which rows it takes together."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from symbp.analysis.account import LOG_10
from symbp.analysis.compare import Comparison, Group, Measured, compare
from symbp.analysis.remedies import AS_IS, Stack
from symbp.pages.page import Table
from symbp.pages.tell.compare import compare_page, merged
from symbp.pages.words import language
from symbp.writing.page_latex import write_latex
from symbp.writing.page_markdown import write_markdown
from symbp.writing.text import words_text, write_text


@cache
def found() -> Comparison:
    return compare(Stack(16, (16,) * 14, "sigmoid", loss="mse"), "normal:1", draws=2, examples=16)


def row(name: str, gradient: float, error: float, activation: float) -> Measured:
    """Return a row with what a layer multiplies each by, as natural logarithms."""
    first = found().as_is
    return replace(first, name=name, slopes=(gradient / LOG_10,), errors=(error,), activations=(activation / LOG_10,))


def test_the_answer_is_the_stable_remedy_nearest_to_one() -> None:
    best = min((each for each in found().rows[1:] if each.holds), key=lambda each: each.distance)
    page = compare_page(found())
    assert words_text(page.title).startswith(f"take {best.name}: gradient ×")
    text = write_text(page)
    assert text.splitlines()[0].startswith("take ")
    assert max(map(len, text.splitlines())) <= 80


def test_rows_stand_in_groups_each_remedy_once() -> None:
    (table,) = (block for block in compare_page(found()).blocks if isinstance(block, Table))
    names = [words_text(cells[0]) for cells in table.rows]
    heads = [words_text(language()(f"compare.group.{group}")) for group in found().groups]
    assert [names[start] for start in table.groups] == heads
    said = [each for name in names if name not in heads for each in name.replace(" and ", ", ").split(", ")]
    expected = {each.name for each in found().rows} - {"critical"}
    assert expected <= set(said)


def test_rows_that_agree_to_a_hundredth_are_one() -> None:
    rows = [row("a", -1.0, -1.0, 0.0), row("b", -1.009, -1.0, 0.0), row(AS_IS, -1.0, -1.001, 0.0)]
    assert [[each.name for each in together] for together in merged(rows)] == [[AS_IS, "a", "b"]]
    assert len(merged([*rows, row("c", -1.011, -1.0, 0.0)])) == 2


@pytest.mark.parametrize(
    ("logs", "group"),
    [
        ((0.0, 0.0, 0.0), Group.STABLE),
        ((0.0, -0.5, -0.5), Group.MASKED),
        ((-0.5, 0.0, 0.0), Group.VANISHING),
        ((0.5, 0.5, 0.0), Group.EXPLODING),
    ],
)
def test_a_group_is_about_all_three(logs: tuple[float, float, float], group: Group) -> None:
    assert row("x", *logs).group is group


def test_every_format_has_the_same_rows() -> None:
    page = compare_page(found())
    for text in (write_text(page, ascii=True), write_latex(page), write_markdown(page, "gfm")):
        assert "relu + he + batchnorm" in text.replace("\n", " ")
    assert write_text(page, ascii=True).isascii()
