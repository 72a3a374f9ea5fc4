"""How wide the columns of a table are, in em."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symbp.pages.page import Bar, Ref, Span, Table, Text
from symbp.writing.breaking import em_width, word_width
from symbp.writing.latex import LONGEST
from symbp.writing.spacing import slashed

SIZES = (("small", 0.9, 1.05), ("footnotesize", 0.8, 1.1), ("scriptsize", 0.7, 1.08))
"""Sizes of letters for tables, the first that does: how large each is, how much wider than estimated columns may be.

Small letters are wider than an em of a text font says.
"""

GUTTER, NARROW = 0.82, 8.0
"""The space between columns; below this no column wraps well."""


@dataclass(frozen=True)
class Share:
    """What a column that wraps has of a line: a part of it, the whole where that is empty, less so many em."""

    part: str
    less: str


def columns(table: Table, measure: float) -> tuple[str, list[Share | None]]:
    """Return the size of a table's letters and for each column nothing, or its share where it wraps.

    The column that the table names wraps, else its widest of words; where that is not enough, so do the widest others.
    """
    natural = [max(map(text_width, cells)) for cells in zip(table.head, *table.rows, strict=True)]
    gutters = GUTTER * (len(natural) - 1)
    wraps = table.wraps if table.wraps is not None else _wordiest(table, natural)
    for name, size, spare in SIZES:
        room = measure / size
        others = (sum(natural) - natural[wraps]) * spare + gutters + 0.4
        if sum(natural) * spare + gutters <= room:
            return name, [None] * len(natural)
        if room - others >= NARROW:
            break
    needs = {wraps: max(NARROW, min(natural[wraps], 1.5 * NARROW))}
    for added in sorted(range(len(natural)), key=natural.__getitem__, reverse=True):
        if added in needs or natural[added] <= NARROW or room - others >= sum(needs.values()) - 0.5 * NARROW:
            continue
        others -= natural[added] * spare
        needs[added] = max(NARROW, min(natural[added], room) / 2)
    shares = {at: need / sum(needs.values()) for at, need in needs.items()}
    return name, [_share(shares[at], others) if at in shares else None for at in range(len(natural))]


def _share(share: float, others: float) -> Share:
    return Share("" if share == 1 else f"{share:.3f}", f"{share * others:.2f}")


def _wordiest(table: Table, natural: Sequence[float]) -> int:
    """Return the column that has most words outside of formulas; where there are none, the widest."""
    counts = [sum(map(_words, cells)) for cells in zip(*table.rows, strict=True)]
    return max(range(len(counts)), key=counts.__getitem__) if any(counts) else natural.index(max(natural))


def _words(text: Text) -> int:
    return sum(len(span) for span in text if isinstance(span, str))


def text_width(text: Text) -> float:
    """Return about how wide a sentence on one line is."""
    return sum(map(_span_width, text))


def _span_width(span: Span) -> float:
    if isinstance(span, str):
        return word_width(span)
    if isinstance(span, Bar):
        return LONGEST
    if isinstance(span, Ref):
        return 2.0 if not span.last else 4.5
    return em_width(slashed(span))


def widest(texts: Sequence[Text]) -> float:
    """Return the width of the widest of some sentences."""
    return max(map(text_width, texts), default=0.0)
