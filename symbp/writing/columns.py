"""How wide the columns of a table are, in em."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from symbp.maths.tree import Node, Sign, row
from symbp.pages.page import Bar, Ref, Span, Table, Text
from symbp.writing.breaking import em_width, inline_width, word_width
from symbp.writing.latex import LONG, LONGEST
from symbp.writing.spacing import items_of, slashed

SIZES = (("small", 0.925), ("footnotesize", 0.85), ("scriptsize", 0.797))
"""Sizes of letters for tables, the first that does: how wide an em is, of which small letters take as many as large."""

SPARE, GUTTER, NARROW = 1.04, 0.82, 8.0
"""How much wider than estimated columns may be; the space between them; below the last no column wraps well."""


@dataclass(frozen=True)
class Share:
    """What a column that wraps has of a line: a part of it, the whole where that is empty, less so many em."""

    part: str
    less: str


def fitting(table: Table, measure: float) -> list[Table]:
    """Return a table, or where its columns have no room beside each other, several: each has the first column."""
    across = len(table.head)
    if across < 3 or _fit(table, measure).is_enough:
        return [table]
    half = (across + 2) // 2
    last = next((at for at in range(half, 2, -1) if _fit(_part(table, range(at)), measure).is_enough), 2)
    return [_part(table, range(last)), *fitting(_part(table, [0, *range(last, across)]), measure)]


def _part(table: Table, kept: Sequence[int]) -> Table:
    """Return some columns of a table."""
    rows = [tuple(cells[at] for at in kept) for cells in (table.head, *table.rows)]
    wraps = list(kept).index(table.wraps) if table.wraps is not None and table.wraps in kept else None
    align = "".join(table.align[at] for at in kept) if table.align else ""
    return replace(table, head=rows[0], rows=tuple(rows[1:]), wraps=wraps, align=align)


def columns(table: Table, measure: float) -> tuple[str, list[Share | None]]:
    """Return the size of a table's letters and for each column nothing, or its share where it wraps.

    The column that the table names wraps, else its widest of words; where that is not enough, so do the widest others.
    """
    found = _fit(table, measure)
    return found.size, found.shares


@dataclass(frozen=True)
class _Fit:
    """How a table fits: the size of its letters, the columns that wrap, and whether there is room enough."""

    size: str
    shares: list[Share | None]
    is_enough: bool = True


def _fit(table: Table, measure: float) -> _Fit:
    cells = list(zip(table.head, *table.rows, strict=True))
    natural, least = ([max(map(width, each)) for each in cells] for width in (text_width, piece_width))
    gutters = GUTTER * (len(natural) - 1)
    wraps = table.wraps if table.wraps is not None else _wordiest(table, natural)
    for name, size in SIZES:
        room = measure / size
        others = (sum(natural) - natural[wraps]) * SPARE + gutters + 0.4
        if sum(natural) * SPARE + gutters <= room:
            return _Fit(name, [None] * len(natural))
        if room - others >= max(NARROW, least[wraps]):
            break
    needs = {wraps: max(NARROW, least[wraps], min(natural[wraps], 1.5 * NARROW))}
    for added in sorted(range(len(natural)), key=natural.__getitem__, reverse=True):
        enough = max(sum(needs.values()) - 0.5 * NARROW, sum(least[at] for at in needs))
        if added in needs or natural[added] <= max(NARROW, least[added]) or room - others >= enough:
            continue
        others -= natural[added] * SPARE
        needs[added] = max(NARROW, least[added], min(natural[added], room) / 2)
    shares = {at: need / sum(needs.values()) for at, need in needs.items()}
    is_enough = all(shares[at] * (room - others) >= least[at] for at in needs)
    return _Fit(name, [_share(shares[at], others) if at in shares else None for at in range(len(natural))], is_enough)


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
    return inline_width(span)


def piece_width(text: Text) -> float:
    """Return about how wide the widest part of a sentence is that no line breaks in."""
    pieces = [each for span in text for each in _pieces(span)]
    return SPARE * max(pieces, default=0.0)


def _pieces(span: Span) -> Iterator[float]:
    if isinstance(span, str):
        yield from map(word_width, re.split(r"[ \n]|(?<=\w\.)(?=\w)", span))
    elif isinstance(span, Node):
        whole = slashed(span)
        yield from map(inline_width, _parts(whole, breaks=em_width(whole) > LONG))
    else:
        yield _span_width(span)


def _parts(node: Node, *, breaks: bool) -> Iterator[Node]:
    """Yield the parts of a formula in a sentence between which a line may break: behind what relates or adds."""
    part: list[Node] = []
    for item in items_of(node):
        part.append(item)
        if isinstance(item, Sign) and item.kind in ("rel", "bin", "times")[: 2 + breaks]:
            yield row(*part)
            part = []
    yield row(*part)


def widest(texts: Sequence[Text]) -> float:
    """Return the width of the widest of some sentences."""
    return max(map(text_width, texts), default=0.0)
