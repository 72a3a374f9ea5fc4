"""How tall things are on a slide, in em: formulas, sentences, tables."""

from __future__ import annotations

from math import ceil

from symbp.maths.tree import Frac, Node, Script, Sign, Table, Tag, walk
from symbp.pages.page import Table as PageTable
from symbp.pages.page import Text
from symbp.writing.columns import columns, text_width
from symbp.writing.shapes import Shapes

LINE = 1.3
"""A line of letters with the space below it."""

SMALL, BRACE, WORD = 0.8, 0.7, 0.75
"""How large the letters of a reason are; what a brace takes under a factor, and each word under that."""

HEAD, ROW = 2.2, 1.3
"""What a table takes besides its rows, and a row of letters of their full size."""

SIZES = {"small": 0.95, "footnotesize": 0.85, "scriptsize": 0.75}


def formula_height(node: Node) -> float:
    """Return how tall a displayed formula is with the space around it."""
    return 0.35 + _height(node)


def _height(node: Node) -> float:
    if isinstance(node, Frac):
        return _height(node.over) + _height(node.under) - 0.1
    if isinstance(node, Table):
        return 0.5 + sum(max(map(_height, cells), default=LINE) for cells in node.rows)
    if isinstance(node, Script) and isinstance(node.base, Sign) and node.base.kind == "big":
        return 2.0 + 0.8 * sum(each is not None for each in (node.sub, node.sup))
    if isinstance(node, Tag) and node.label:
        return _height(node.body) + BRACE + WORD * len(node.label)
    parts = [each for each in walk(node) if each is not node and isinstance(each, Frac | Table | Script | Tag)]
    script = 0.2 if isinstance(node, Script) else 0.0
    return max([LINE + script, *map(_height, parts)])


def words_height(text: Text, measure: float, size: float = 1.0) -> float:
    """Return how tall a sentence is that breaks at a measure."""
    tall = max([LINE, *(_height(each) for each in text if isinstance(each, Node))])
    return size * (LINE * (ceil(1.08 * size * text_width(text) / measure) - 1) + tall)


def rows_heights(table: PageTable, measure: float) -> list[float]:
    """Return how tall each row of a table is."""
    size, widths = columns(table, measure)
    letters = SIZES[size]
    wrapped = [k for k, width in enumerate(widths) if width is not None]
    room = max(measure / letters - sum(_widest(table, k) for k in range(len(widths)) if k not in wrapped), 8.0)
    found = []
    for cells in table.rows:
        lines = max([1, *(ceil(1.15 * text_width(cells[k]) * len(wrapped) / room) for k in wrapped)])
        tall = max([LINE, *(_height(each) for cell in cells for each in cell if isinstance(each, Node))])
        found.append(letters * ROW * (lines - 1) + letters * tall * 1.06)
    return found


def _widest(table: PageTable, at: int) -> float:
    return max(text_width(cells[at]) for cells in (table.head, *table.rows))


def picture_height(strips: list[Shapes]) -> float:
    """Return how tall strips are under each other, in letters of a picture."""
    return sum(each.height + 0.6 for each in strips)
