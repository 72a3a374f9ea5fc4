"""Every page of a network hangs together, and its equations alone give the gradients of compile().

The tables say which do not today, and why. A row leaves them when its page is right; none comes back.
"""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
import pytest
from axes import bounds_of
from corpus import CASES
from images import Images
from operators import Activation, open_loss, operators
from reader import Env, closed, executed, gradients_of
from reading import WORDS

from symbp import derive
from symbp.errors import UnusedParameterWarning
from symbp.ops.structure import Rows, Stack
from symbp.pages.tell.derivation import context, derivation_page
from symbp.views.levels import levels
from symbp.views.shared import block_groups

LONG = {"vision-transformer", "lstm-peephole", "rnn-both-ways", "weight-norm"}
"""Pages that only the long suite reads."""

SLOW = {"mlp-100", "transformer-12", "lstm-50", "lstm-stacked"}

NOT_EXECUTED = {
    **dict.fromkeys(
        ("slices", "determinants", "vision-transformer"), "how many rows a padded block has is said by its shape alone"
    ),
    "mlp-12": "the reader does not know what a product leaves out in its middle",
}
"""Pages whose equations are not worked out, and why."""

EXECUTED = [name for name in CASES if name not in {*SLOW, *NOT_EXECUTED}]
"""Pages whose equations give the gradients."""


@cache
def told(name):
    """Return the derivation, its page, and what its symbols with indices spell."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnusedParameterWarning)
        found = derive(CASES[name].network())
    deep = levels(found)
    readings = (context(found).reading, *(deep or ()), *(each.reading for each in (block_groups(deep) if deep else ())))
    names = {}
    for reading in readings:
        for spellings in (reading.folded.names, reading.folded.starts):
            for symbol, spelled in spellings.items():
                names.setdefault(symbol, spelled)
    return found, derivation_page(found), names, readings[0].is_one


def tiles(found):
    """Return matrices and their blocks of rows, which a page says in words."""
    rows = {}
    for equation in found.readable.forward:
        if isinstance(equation.rhs, Rows):
            rows.setdefault(equation.rhs.args[0].name, []).append(equation.lhs.name)
        elif isinstance(equation.rhs, Stack):
            rows[equation.lhs.name] = [each.name for each in equation.rhs.args]
    return rows


def heads(found):
    """Return those matrices whose blocks of rows are alike and follow one another to the end."""
    sizes = {each.lhs.name: each.lhs.shape[0] for each in found.readable.forward}
    sizes |= {each.name: each.shape[0] for each in found.readable.forward.given}
    return {
        whole: parts
        for whole, parts in tiles(found).items()
        if len({sizes[part] for part in parts}) == 1 and sizes[parts[0]] * len(parts) == sizes[whole]
    }


def marked(names):
    return [pytest.param(name, marks=pytest.mark.long) if name in LONG else name for name in names]


@pytest.mark.parametrize("name", marked(name for name in CASES if name not in SLOW))
def test_page_is_closed(name):
    found, page, names, _ = told(name)
    problems = closed(page, found.readable.forward.given, names=names, tiles=tiles(found))
    assert problems == []


def env_of(case, values, sizes, names, page):
    """Return what a reader has at hand: an open activation and an open loss are those of the case."""
    functions, images = Activation(WORDS[case.f]) if case.f else {}, Images.of(page)
    known = operators(images, bounds_of(page, sizes)) | (open_loss(case.loss) if case.loss else {})
    return Env(values, sizes, functions, known, names, images)


def numbers(name):
    """Return numbers for all that a page is given, its sizes, the loss and the gradients of compile()."""
    found, _, _, is_one = told(name)
    case = CASES[name]
    batch = any("m" in map(str, side.free_symbols) for each in found.readable.forward for side in each.lhs.shape)
    sizes = {**case.sizes, "m": 1 if is_one or found.tokens or not batch else case.sizes.get("m", 3)}
    values = case.values(found, **sizes)
    for symbol in found.forward.given:
        sizes |= {str(side): length for side, length in zip(symbol.shape, values[symbol.name].shape, strict=True)}
    network = found.network
    groups = network.parameters, network.inputs
    known = {each for group in groups for each in group}
    targets = {each.name: values[each.name] for each in found.forward.given if each not in known}
    parameters, inputs = ({each.name: values[each.name] for each in group} for group in groups)
    return values, sizes, *found.compile(case.f, case.loss)(parameters, inputs, targets or None)


@pytest.mark.parametrize("name", marked(EXECUTED))
def test_equations_of_the_page_give_the_gradients(name):
    found, page, names, _ = told(name)
    values, sizes, _, gradients = numbers(name)
    env = env_of(CASES[name], values, sizes, names, page)
    result = gradients_of(executed(page, env, tiles=heads(found)), gradients)
    assert set(result) == set(gradients)
    for parameter, gradient in gradients.items():
        np.testing.assert_allclose(result[parameter], gradient, rtol=1e-9, atol=1e-12, err_msg=parameter)
