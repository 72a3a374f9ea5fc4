"""Printed LaTeX in every notation is read back: what it says gives the gradients of compile()."""

from __future__ import annotations

import contextlib
import re

import numpy as np
import pytest
from notated import ONE_UNIT, network_of, numbers
from printed import UnreadableError, given, worked_out
from selection import short

from symbp import derive, render
from symbp.maths.notation import NOTATIONS
from symbp.pages.tell.derivation import context


def by_row(key, row, is_one):
    """Return how what a plain stack is given is printed, by the axes of the row alone."""
    role = {"W": row.weight, "b": row.bias, "X": row.input, "Y": row.target}[key[0]]
    if not key[1:]:
        return (role.lower() if is_one else role), (), ()
    number = int(key[1:]) + row.first - 1 + int(row.parameter_number.replace(" ", "").removeprefix("l") or 0)
    letter, _, below = role.partition("_")
    words = (int(below),) if below else ()
    return (letter, (*words, number), ()) if row.layer == "below" else (letter, words, (number,))


DERIVATIVE = {"d": "d", "update": "Δ"}
"""What stands before the gradient by a parameter, where it is not ∂."""


def misses(name, row, change=lambda text: text):
    """Return how far the gradients that a page states are from those of compile(), relative to the largest entry."""
    found = derive(network_of(name, row))
    reading = context(found, row).reading
    right = numbers(name, row, found, reading)
    text = render(found, "latex", row)
    names = given(text, row)
    if name in STACKS:
        assert names == {key: by_row(key, row, reading.is_one) for key in right.given}
    leaves = {names[key]: value for key, value in right.given.items()} | {("η", (), ()): right.sizes["η"]}
    values = worked_out(change(text), row, leaves, int(right.sizes["m"]))
    result = {key: values[DERIVATIVE.get(row.gradient, "∂"), names[key]] for key in right.gradients}
    return {key: distance(result[key], gradient) for key, gradient in right.gradients.items()}


def distance(found, right):
    return float(np.max(np.abs(found - right)) / np.max(np.abs(right))) if found.shape == right.shape else np.inf


STACKS = ("mlp-3-tanh-mse", "mlp-3-sigmoid-bce-batch", "softmax-classifier")
"""Networks whose letters are those of the row alone."""

BEYOND = ("residual-mlp", "highway")
"""Networks with names of their own: the table of notation of the page says which is which in code."""

QUICK = ("ng", "mml", "zhou", "scalar", "goodfellow")
"""Notations that the short suite reads: one for each view that changes equations."""

EACH = [
    pytest.param(row, id=row.name, marks=() if row.name in QUICK else pytest.mark.long) for row in NOTATIONS.values()
]


@pytest.mark.parametrize("row", EACH)
def test_what_is_printed_of_a_stack_gives_the_gradients(row):
    name = "mlp-3-tanh-mse" if row.slope == "diagonal" else "mlp-3-sigmoid-bce-batch"
    assert max(misses(name, row).values()) <= 1e-9


CELLS = [
    (name, row) for row in NOTATIONS for name in (*STACKS, *BEYOND) if NOTATIONS[row].units == "all" or name in ONE_UNIT
]
"""Networks and notations that have them: one unit a layer is of plain stacks alone."""


@pytest.mark.long
@pytest.mark.parametrize(("name", "row"), CELLS)
def test_what_is_printed_gives_the_gradients(name, row):
    row = NOTATIONS[row]
    assert max(misses(name, row).values()) <= 1e-9


MISTAKES = {
    "a lost transpose": (r"\\symbpT(?=\})|\^T|(?<=[\])])T(?=\})|\\mathrm\{T\}", ""),
    "a wrong sign": (r" - (?=\\\w+\{[A-Z]\}|[A-Z])", " + "),
    "another number": (r"\\tfrac\{1\}\{([mN])\}|(?<=\}\{)(m)(?=\})", r"\\tfrac{1}{7}"),
    "another layer": (r"([lki]) ?\+ ?1", r"\1"),
    "other entries": (r"(?<=\\delta_)\{?([jk])([ki])", r"{\2\1"),
}
"""Mistakes planted in the result that a page shows: what is looked for, and what stands there then."""


def planted(text, mistake):
    """Return a page with a mistake at its first place in a step, the page itself where there is none."""
    old, new = MISTAKES[mistake]
    return re.sub(
        r"^\\symbpstep.*$", lambda step: re.sub(old, new, step[0], count=1), text, flags=re.MULTILINE, count=0
    )


@pytest.mark.parametrize("row", short(NOTATIONS, {"ng"}))
def test_a_planted_mistake_is_seen(row):
    """All of them where they have a place: a sign and a number in any notation of more than one unit."""
    row = NOTATIONS[row]
    page = render(derive(network_of("mlp-3-sigmoid-bce-batch", row)), "latex", row)
    places = [each for each in MISTAKES if planted(page, each) != page]
    is_matrix = row.form != "entries" and row.layout != "in-out"
    wanted = ["a lost transpose"] * is_matrix + ["a wrong sign", "another number"]
    assert {*places} >= {*(wanted if row.units == "all" else ["another layer"])}
    for mistake in places:
        with contextlib.suppress(UnreadableError, KeyError):
            found = misses("mlp-3-sigmoid-bce-batch", row, lambda text, mistake=mistake: planted(text, mistake))
            assert max(found.values()) > 1e-9, mistake
