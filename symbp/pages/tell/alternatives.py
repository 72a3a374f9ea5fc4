"""The page of a comparison of a network that is no stack: what to take, a row a remedy with its totals."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from symbp.analysis.alternatives import Alternative, Alternatives
from symbp.analysis.repetitions import Unit
from symbp.maths.tree import EQUALS, Num, row
from symbp.pages.page import Block, Page, Para, Table, Text
from symbp.pages.tell.compare import ARROWS
from symbp.pages.tell.context import network_name
from symbp.pages.tell.flow_parts import short, weights
from symbp.pages.tell.flow_steps import parameter
from symbp.pages.words import Words, language

COLUMNS = ("error", "gradient", "activation")
"""What a remedy is judged by, as far as it is known."""


def alternatives_page(
    found: Alternatives,
    files: Mapping[str, str] | None = None,
    *,
    words: Words | None = None,
    command: str = "",
    stem: str = "remedies",
) -> Page:
    """Return the page of a comparison; it has no figures."""
    w = words or language()
    network = network_name(w, found.derivation.network, len(found.derivation.forward))
    draws = w("compare.draws", n=max(len(each.drawn) for each in found.rows))
    about = w("alternatives.about", network=network, draws=draws)
    return Page(answer(w, found), about, tuple(_blocks(w, found)), stem, command)


def answer(w: Words, found: Alternatives) -> Text:
    """Return what to take, with what becomes of the error."""
    best = found.recommended
    if best is None:
        return w("alternatives.none")
    key = "alternatives.keep" if best is found.rows[0] else "alternatives.take"
    return w(key, name=name(w, found, best), error=_pace(w, found, best))


def name(w: Words, found: Alternatives, of: Alternative) -> Text:
    """Return the name of a remedy: how the weights are drawn, or where biases start."""
    if of is found.rows[0]:
        return w("alternatives.as_is", weights=weights(w, of.chosen))
    if not of.biases:
        return weights(w, of.chosen)
    letters = dict.fromkeys(parameter(each) for each in of.biases)
    return w.listed([row(letter, EQUALS, Num(f"{max(of.biases.values()):g}")) for letter in letters])


def _pace(w: Words, found: Alternatives, of: Alternative) -> Text:
    total = short(of.changes.get("error"))
    if of.rate is None:
        return w("alternatives.total", total=total)
    return w(f"alternatives.rate.{found.unit}", rate=short(math.log(of.rate)), total=total)


def _blocks(w: Words, found: Alternatives) -> Iterator[Block]:
    used = [each for each in COLUMNS if each == COLUMNS[0] or any(each in of.changes for of in found.rows)]
    rates = found.unit is not Unit.PART and any(of.rate is not None for of in found.rows)
    yield Para(w("alternatives.caption"))
    head = (w("compare.head.remedy"), *(w(f"alternatives.head.{each}") for each in used),
            *([w(f"alternatives.head.rate.{found.unit}")] if rates else []))  # fmt: skip
    rows = []
    for of in found.rows:
        cells: list[Text] = [_cell(of, each) for each in used]
        if of.problem:
            cells[0] = w("alternatives.overflows")
        last = [short(math.log(of.rate)) if of.rate is not None else ()] if rates else []
        rows.append((name(w, found, of), *cells, *last))
    yield Table(head, tuple(rows), align="l" + "r" * (len(head) - 1), wide=True)
    yield Para(w("alternatives.same"))


def _cell(of: Alternative, what: str) -> Text:
    if what not in of.changes:
        return ()
    return (*short(of.changes[what]), ARROWS.get(of.verdicts[what], ""))
