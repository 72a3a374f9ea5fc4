"""Mistakes planted in real pages, in what the builder printed: at least one of closed and worked out finds each.

The kinds: a dropped line, a lost ⊤, an index, a sign, a scale, a term of a sum, a row of the table. ``-s`` shows
the list. Definitions of functions that everybody knows are held by ``test_page_functions``.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from corpus import CASES
from faults import faults
from reader import UnreadableError, closed, executed, gradients_of
from test_pages import env_of, numbers, tiles, told

from symbp.pages.page import Aside, Equations, Steps, Table

KINDS = {
    "mlp-3-tanh-mse": {"dropped line", "wrong index", "wrong sign", "wrong scale", "missing term"},
    "film": {"dropped line", "dropped row", "lost ⊤", "lost square", "wrong sign", "wrong scale", "missing term"},
}
"""What is planted in which page, one of indices and one with a table of all gradients."""

SAID_TWICE = ("dropped line: explicit", "dropped line: stream-back", "dropped line: stream-block")
"""Lines of a box that say what other lines say too: a page without them lacks a remark."""


def planted(page):
    """Yield mistakes in numbered lines, and in rows that are a gradient."""
    labels = {line.label for block in every(page.blocks) for line in block.lines}
    last = max(number for number, block in enumerate(page.blocks) if is_gradients(block))
    for kind, wrong in faults(page):
        what, _, where = kind.partition(": ")
        if (where in labels and where) or (
            (where.startswith("row") or what == "dropped row") and wrong.blocks[last] != page.blocks[last]
        ):
            yield kind, wrong


def every(blocks):
    """Yield all lists of lines, those in frames too."""
    for block in blocks:
        if isinstance(block, Aside):
            yield from every(block.blocks)
        elif isinstance(block, Equations | Steps):
            yield block


def is_gradients(block):
    """Whether a block is the table of all gradients."""
    return isinstance(block, Table) and any("error from" in str(cell) or "input" in str(cell) for cell in block.head)


@pytest.mark.long
@pytest.mark.parametrize("name", KINDS)
def test_a_mistake_of_the_builder_is_found(name):
    found, page, names, _ = told(name)
    case = CASES[name]
    values, sizes, loss, gradients = numbers(name)
    missed, counts = [], Counter()
    for kind, wrong in planted(page):
        counts[kind.partition(":")[0]] += 1
        if closed(wrong, found.readable.forward.given, names=names, tiles=tiles(found)):
            continue
        try:
            result = executed(wrong, env_of(case, values, sizes, names, wrong))
        except (UnreadableError, ValueError):  # NumPy refuses shapes that do not fit.
            continue
        right = {**gradients, "loss": np.atleast_2d(loss)}
        read = {**gradients_of(result, gradients), "loss": result.get("loss", np.nan)}
        if read.keys() == right.keys() and all(np.allclose(read[each], right[each], rtol=1e-9) for each in right):
            missed.append(kind)
    print(f"\n{name}: " + ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items())))
    assert set(counts) >= KINDS[name]
    assert [each for each in missed if each not in SAID_TWICE] == []
