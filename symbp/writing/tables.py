"""Tables as text: columns under each other, one of them wrapped where the table is too wide."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise, zip_longest

from symbp.maths.tree import Node
from symbp.pages.page import Table, Text
from symbp.writing.breaking import relation
from symbp.writing.letters import columns, padded
from symbp.writing.sentences import GLUE, Setting, plain, sentence, wrapped

GAPS = (3, 2)
"""The space between two columns, the first that fits."""

NARROWEST = 12
"""The least columns that a column is wrapped in."""

SIDES = {"l": "left", "c": "centre", "r": "right"}

_NUMBER = re.compile(r"[-+−×]?[\d.]+(e[-+−]?\d+)?%?\Z")


def table_lines(table: Table, setting: Setting, width: int) -> list[str] | None:
    """Return a table on one line a row, or None where it is wider than ``width``."""
    rows, headed, widths = _texts(table, setting)
    for gap in GAPS[-1:] if table.wide else GAPS:
        if sum(widths) + gap * (len(widths) - 1) <= width:
            return _aligned(rows, widths, gap, headed, table.align)
    return None


def wrapped_table(table: Table, setting: Setting, width: int) -> list[str]:
    """Return a table with one column wrapped, or as a list where that is not enough."""
    rows, headed, widths = _texts(table, setting)
    at = table.wraps if table.wraps is not None else max(range(len(widths)), key=lambda index: widths[index])
    left = width - GAPS[-1] * (len(widths) - 1) - sum(widths) + widths[at]
    if left < NARROWEST:
        return [line for row in rows[headed:] for line in _listed(row, rows[0] if headed else (), width)]
    widths[at] = left
    return _aligned(rows, widths, GAPS[-1], headed, table.align)


def _texts(table: Table, setting: Setting) -> tuple[list[list[str]], bool, list[int]]:
    """Return the cells of a table, whether the first row is its head, and the widths of its columns."""
    headed = any(table.head)
    across = len(table.head)
    columns_ = [
        _column([cells[at] if at < len(cells) else () for cells in table.rows], setting) for at in range(across)
    ]
    rows = [[sentence(cell, setting) for cell in table.head]] * headed + [
        list(cells) for cells in zip(*columns_, strict=True)
    ]
    return rows, headed, [max(map(columns, column)) for column in zip(*rows, strict=True)]


def _column(cells: Sequence[Text], setting: Setting) -> list[str]:
    """Return the texts of a column; where all are equations, their relations stand under each other."""
    texts = [sentence(cell, setting) for cell in cells]
    sides = [relation(cell[0]) if len(cell) == 1 and isinstance(cell[0], Node) else None for cell in cells]
    lefts = [setting.speller.line(side[0]).replace(" ", GLUE) for side in sides if side is not None]
    if len(lefts) < len(texts):
        return texts
    wide = max(map(columns, lefts), default=0)
    return [padded(left, wide).replace(" ", GLUE) + text[len(left) :] for left, text in zip(lefts, texts, strict=True)]


def _aligned(rows: Sequence[Sequence[str]], widths: Sequence[int], gap: int, headed: bool, align: str) -> list[str]:
    sides = [SIDES[each] for each in align] or [_side([row[at] for row in rows[headed:]]) for at in range(len(widths))]
    lines: list[str] = []
    for row in rows:
        cells = [wrapped(cell, width) for cell, width in zip(row, widths, strict=False)]
        for parts in zip_longest(*cells, fillvalue=""):
            texts = [padded(plain(part), widths[at], sides[at]) for at, part in enumerate(parts)]
            lines.append((" " * gap).join(texts).rstrip())
    return lines


def _side(cells: Sequence[str]) -> str:
    """Numbers stand at the right, and products of which each is the end of a longer one, as gradients of layers are."""
    told = [cell for cell in cells if cell]
    by_length = sorted(set(told), key=len)
    stairs = len(by_length) > 1 and all(long.endswith(GLUE + short) for short, long in pairwise(by_length))
    return "right" if told and (stairs or all(map(_NUMBER.match, told))) else "left"


def _listed(row: Sequence[str], head: Sequence[str], width: int) -> list[str]:
    """Return a row of a table that is too wide as lines under each other."""
    first, *rest = row
    names = [*head[1:], *[""] * len(rest)]
    said = [f"{name}: {cell}" if name else cell for name, cell in zip(names, rest, strict=False) if cell]
    return [*wrapped(first, width), *(f"  {line}" for text in said for line in wrapped(text, width - 2))]
