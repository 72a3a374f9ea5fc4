"""Equations alone, without a page around them: one display, in any syntax."""

from __future__ import annotations

from collections.abc import Sequence

from symbp.maths.tree import COMMA, QUAD, Fence, Node, row
from symbp.pages.page import Line
from symbp.writing.breaking import FRAGMENT, em_width, shown
from symbp.writing.formula import Speller
from symbp.writing.latex import PLAIN, Hooks, math_latex


def single_latex(lines: Sequence[Line], hooks: Hooks = PLAIN, measure: float = FRAGMENT) -> str:
    """Return lines aligned at their relation, none wider than ``measure`` in em."""
    left = max(em_width(each.left) for line in lines for each in shown(line, measure, 0.0, em_width))
    rows = [each for line in lines for each in shown(line, measure, left, em_width)]
    if len(rows) == 1:
        return math_latex(row(rows[0].left, rows[0].right), hooks)
    texts = [f"{math_latex(each.left, hooks)} & {math_latex(each.right, hooks)}" for each in rows]
    return "\n".join((BEGIN, " \\\\\n".join(texts), END))


BEGIN, END = r"\begin{aligned}", r"\end{aligned}"


def single_text(lines: Sequence[Line], beside: Sequence[Node] = (), *, ascii: bool = False) -> str:
    """Return lines under each other, whole; no symbol looks like another of them or of those ``beside`` them."""
    rows = [_with_where(line) for line in lines]
    speller = Speller.of((*rows, *beside), ascii=ascii)
    return "\n".join(map(speller.text, rows))


def _with_where(line: Line) -> Node:
    parts = [part for at, each in enumerate(line.parts) for part in ((COMMA, each) if at else (each,))]
    return row(*parts, *((QUAD, Fence(line.where)) if line.where is not None else ()))
