"""No two things of a page print alike, in any notation: where letters meet, a rule says which gives way."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from helpers.selection import short

from symbp import Network, derive
from symbp.maths import names
from symbp.maths.names import slot_of
from symbp.maths.notation import NOTATIONS, STANDARD
from symbp.networks.examples import EXAMPLES
from symbp.pages.tell.derivation import context
from symbp.writing.formula import math_text


def alike(c):
    """Return what stands for two things: symbols by where they are named, and the letters of notation for none."""
    slots = {slot_of(each): math_text(c.names.symbol(each)) for each in c.reading.symbols}
    found = Counter(slots.values())
    own = {c.names.error.name} if c.notation.named_error else set()
    return {text for text, times in found.items() if times > 1} | own & set(found)


@pytest.mark.parametrize("row", short(NOTATIONS, {"mml", "zhou"}))
@pytest.mark.parametrize("name", short(EXAMPLES, {"sigmoid-mlp"}))
def test_no_two_things_print_alike(name, row):
    row = NOTATIONS[row]
    if row.units == "one":
        return
    assert alike(context(derive(Network.load(EXAMPLES[name])), row)) == set()


def test_rows_that_nobody_checked_are_told_apart_too():
    c = context(derive(layers=2), replace(STANDARD, activation="Z", error="z"))
    assert alike(c) == set()


def test_without_the_rule_two_things_would_print_alike(monkeypatch):
    monkeypatch.setattr(names, "_told_apart", lambda twins, found, reserved: {})
    assert alike(context(derive(Network.load(EXAMPLES["residual-mlp"]))))
