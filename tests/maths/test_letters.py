"""No two things of a page print alike, in any notation: where letters meet, a rule says which gives way."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import pytest
from selection import short
from sympy import MatrixSymbol

from symbp import Network, derive
from symbp.maths import names
from symbp.maths.names import slot_of
from symbp.maths.notation import NOTATIONS, STANDARD
from symbp.maths.tree import Tag, walk
from symbp.networks.examples import EXAMPLES
from symbp.pages.page import lines
from symbp.pages.tell.derivation import derivation_page
from symbp.symbols import Adjoint
from symbp.writing.latex import math_latex

BOUND = "operand"
"""How a letter is called that a definition alone uses."""


def alike(derivation, row):
    """Return what stands for two things in the lines of a page."""
    found = defaultdict(set)
    page = derivation_page(derivation, notation=replace(row, errors_in="names"))
    for tag in (node for line in lines(page.blocks) for part in line.parts for node in walk(part)):
        if isinstance(tag, Tag) and isinstance(tag.of, MatrixSymbol) and not tag.role:
            is_error = isinstance(tag.of, Adjoint)
            of, indices = slot_of(tag.of.of if is_error else tag.of)
            found[math_latex(tag.body)] |= {(is_error, of.name, indices)} if not of.name.startswith(BOUND) else set()
    assert found
    return {text for text, things in found.items() if len(things) > 1}


CELLS = [
    f"{name} {row}" for name in EXAMPLES for row in NOTATIONS if NOTATIONS[row].units == "all" or "two-two" in name
]


@pytest.mark.parametrize("cell", short(CELLS, {"sigmoid-mlp mml", "softmax-classifier zhou"}))
def test_no_two_things_print_alike(cell):
    name, row = cell.split()
    assert alike(derive(Network.load(EXAMPLES[name])), NOTATIONS[row]) == set()


def test_rows_that_nobody_checked_are_told_apart_too():
    assert alike(derive(layers=2), replace(STANDARD, activation="Z", error="z")) == set()


def test_without_the_rule_two_things_would_print_alike(monkeypatch):
    monkeypatch.setattr(names, "_told_apart", lambda twins, found, reserved: {})
    assert alike(derive(Network.load(EXAMPLES["residual-mlp"])), STANDARD)
