"""Rearrangements as a person reads them: indices below the word, how far each counts from a sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from spelling import UnreadableError, text

from symbp.maths.tree import Node, Row, Script, Tag
from symbp.pages.page import Page, Para

PIECE = re.compile(r"\((?P<inner>[^)]*)\)|(?P<letter>[a-z])|(?P<span>\d+(:\d+)?)")

Bounds = Mapping[str, Mapping[str, int]]
"""The last line of every index, by what stands below the word."""


def bounds_of(page: Page, sizes: Mapping[str, float]) -> Bounds:
    """Return what the page says of indices."""
    found: dict[str, dict[str, int]] = {}
    for block in page.blocks:
        below = ""
        for span in block.text if isinstance(block, Para) else ():
            if isinstance(span, Tag) and span.of == "Rearrange" and isinstance(span.body, Script):
                below = text(span.body.sub)
                found.setdefault(below, {})
            elif below and isinstance(span, Row):
                letter, _, size = text(span).partition("≤")
                found[below][letter] = int(sizes.get(size, 0) or size)
    return found


def rearranged(bounds: Bounds, below: Node, array: Any) -> Any:
    """Return a matrix whose entries stand elsewhere, by the indices of both sides."""
    name = text(below)
    left, right = ([_pieces(group) for group in side.split(",")] for side in name.split("→"))
    ends = dict(bounds.get(name, {}))
    if len(left) == 1 and array.shape[1] != 1:
        raise UnreadableError(f"{name} of {array.shape}: rows or columns?")
    axes, cuts, letters = [], [], []
    for side, group in zip(array.shape, [*left, []][:2], strict=True):
        known = prod(ends.get(each, 1) for each in group if each.isalpha())
        for each in group:
            is_part = not each.isalpha()
            first, _, last = each.partition(":")
            axes.append(side // known if is_part else ends.get(each, 1))
            cuts.append(slice(int(first) - 1, int(last or first)) if is_part else slice(None))
            letters.append(each)
    found = array.reshape(axes)[tuple(cuts)]
    return _placed(found, letters, right, ends, name)


def _placed(found: Any, letters: list[str], right: list[list[str]], ends: dict[str, int], name: str) -> Any:
    """Return an array with its axes where the right side has them: parts in order, others by their letters."""
    wanted = [each for group in right for each in group]
    if not all(map(str.isalpha, wanted)):
        raise UnreadableError(f"{name}: how many lines are zero is not said")
    fresh = [each for each in wanted if each not in letters]
    for at in [at for at, each in enumerate(letters) if not each.isalpha()]:  # A part is the next of the right.
        if found.shape[at] > 1:
            letters[at] = fresh.pop(0)
    summed = tuple(at for at, each in enumerate(letters) if each not in wanted)
    kept = [each for each in letters if each in wanted]
    found = found.sum(axis=summed)
    for each in fresh:
        found, kept = np.repeat(found[..., None], ends[each], axis=-1), [*kept, each]
    found = found.transpose([kept.index(each) for each in wanted])
    count = prod(found.shape[: len(right[0])])
    return found.reshape(count, -1)


def _pieces(group: str) -> list[str]:
    return [match["inner"] or match["letter"] or match["span"] for match in PIECE.finditer(group)]
