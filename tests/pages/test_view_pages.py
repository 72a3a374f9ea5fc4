"""Pages in other layouts and scales hang together, and their equations alone give the gradients, turned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from corpus import EQUATIONS
from layouts import NETWORKS, numbers
from reader import Env, closed, executed, gradients_of
from test_pages import tiles

from symbp import SpecError, derive, render
from symbp.maths.notation import NOTATIONS, STANDARD
from symbp.pages.tell.derivation import context, derivation_page
from symbp.views.layout import LAYOUTS, ROWS
from symbp.views.levels import levels
from symbp.views.shared import block_groups

BATCH_ROWS = replace(STANDARD, name="rows-at-gradients", layout="rows", scale="gradients")
SUMS = replace(STANDARD, name="sums", layout="rows", scale="sum")


def page_of(name, notation):
    """Return a page with what its indexed symbols spell, and the layout."""
    found = numbers(name).derivation
    layout = LAYOUTS[notation.layout]
    deep = levels(found, layout)
    first = context(found, notation).reading if deep is None else deep.top
    readings = (first, *(deep or ()), *(each.reading for each in (block_groups(deep) if deep else ())))
    names = {}
    for reading in readings:
        for spellings in (reading.folded.names, reading.folded.starts):
            for symbol, spelled in spellings.items():
                names.setdefault(symbol, spelled)
    return derivation_page(found, notation=notation), names


@pytest.mark.parametrize("name", NETWORKS)
def test_a_page_of_rows_is_closed(name):
    found = numbers(name).derivation
    page, names = page_of(name, NOTATIONS["rows"])
    given = tuple(map(ROWS.symbol, found.forward.given))
    assert closed(page, given, names=names, tiles=tiles(found)) == []


@pytest.mark.parametrize("notation", [NOTATIONS["rows"], BATCH_ROWS, SUMS], ids=lambda each: each.name)
@pytest.mark.parametrize("name", ["mlp", "swiglu", "highway"])
def test_the_equations_of_a_page_of_rows_give_the_gradients(name, notation):
    given = numbers(name)
    page, names = page_of(name, notation)
    values = given.turned(ROWS)
    known = {each.name: values[each.name] for each in given.derivation.forward.given}
    sizes = {str(size): int(length) for size, length in given.sizes.items()}
    right = {each.name: values[f"d{each.name}"] for each in given.derivation.wrt}
    result = gradients_of(executed(page, Env(known, sizes, names=names)), right)
    assert set(result) == set(right)
    m = sizes["m"] if notation.scale == "sum" else 1
    for parameter, gradient in right.items():
        np.testing.assert_allclose(result[parameter], m * gradient, rtol=1e-9, atol=1e-12, err_msg=parameter)


def test_an_error_says_how_large_it_is():
    page, _ = page_of("mlp", BATCH_ROWS)
    assert any("sum of the losses" in str(piece) for block in page.blocks for piece in getattr(block, "text", ()))


@pytest.mark.parametrize("only", [None, "W1"])
def test_examples_that_are_rows_already_are_not_turned(only):
    found = derive(EQUATIONS["rows-classifier"].network())
    with pytest.raises(SpecError, match="notation: the examples of this network are rows already; leave out notation"):
        render(found, notation="rows", only=only)
