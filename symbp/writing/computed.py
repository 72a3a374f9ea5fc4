"""Formulas with their numbers as text, a line an entry: formula at the left, arithmetic, the value under all others."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, zip_longest

from symbp.maths.tree import EQUALS, NEGATIVE
from symbp.pages.page import Computed
from symbp.writing.breaking import rows_of
from symbp.writing.displays import display
from symbp.writing.letters import columns, padded
from symbp.writing.sentences import Setting

GAP, HANG = 2, 4
"""The space behind a formula, and how far arithmetic is set in below it."""


def computed_lines(lines: Sequence[Computed], setting: Setting, width: int) -> list[str]:
    """Return formulas with their numbers at a width."""
    found: list[str] = []
    for is_by_entry, group in groupby(lines, key=lambda line: bool(line.arithmetic)):
        listed = list(group)
        found += by_entry(listed, setting, width) if is_by_entry else matrices(listed, setting, width)
    return found


def matrices(lines: Sequence[Computed], setting: Setting, width: int) -> list[str]:
    """Return formulas and what they come to, in brackets."""
    return display([line.line for line in lines], setting, width)


def by_entry(lines: Sequence[Computed], setting: Setting, width: int) -> list[str]:
    """Return a line an entry; where there is no room beside a formula, it stands above its entries."""
    speller = setting.speller
    formulas = [speller.line(line.formula) for line in lines]
    values = [[speller.line(each) for each in line.values] for line in lines]
    sign, wide = f" {speller.line(EQUALS)} ", max(columns(each) for value in values for each in value)
    left, right = max(map(columns, formulas)) + GAP, len(sign) + wide
    entries = [_entries(line, setting, width - HANG - right) for line in lines]
    is_beside = [left + _widest(each) + right <= width for each in entries]
    starts = [left if each else HANG for each in is_beside]
    end = max(start + _widest(each) for start, each in zip(starts, entries, strict=True))
    found: list[str] = []
    for formula, start, rows, value in zip(formulas, starts, entries, values, strict=True):
        found += [] if start == left else [formula]
        texts = [
            padded(row, end - start) + f"{sign}{padded(number, wide, 'right')}" if row is last else row
            for (*more, last), number in zip(rows, value, strict=True)
            for row in (*more, last)
        ]
        heads = [formula] if start == left else []
        found += [padded(head, start) + text for head, text in zip_longest(heads, texts, fillvalue="")]
    return found


def _entries(line: Computed, setting: Setting, room: int) -> list[list[str]]:
    """Return the arithmetic of every entry in rows; what begins with a sign stands out by that."""
    speller = setting.speller
    size = lambda part: columns(speller.line(part))  # noqa: E731
    found = [[speller.line(each) for each in rows_of(tree, room, size)] for tree in line.arithmetic]
    minus = speller.line(NEGATIVE)
    signed = [rows[0].startswith(minus) for rows in found]
    hang = " " * (any(signed) and columns(minus))
    return [[("" if each else hang) + rows[0], *(hang + row for row in rows[1:])]
            for each, rows in zip(signed, found, strict=True)]  # fmt: skip


def _widest(entries: Sequence[Sequence[str]]) -> int:
    return max(columns(row) for rows in entries for row in rows)
