"""The place of 1/m: each is exact, and an error is what the page says."""

from __future__ import annotations

import pytest
from layouts import NETWORKS, numbers
from sympy import MatMul

from symbp.equations import System, nodes
from symbp.nodes import number_and_factors
from symbp.symbols import BATCH
from symbp.views.layout import ROWS
from symbp.views.scale import AT_GRADIENTS, AT_LOSS, NOWHERE

SCALES = (AT_LOSS, AT_GRADIENTS, NOWHERE)


def lists(given, scale):
    """Return both lists in a scale, and the values that go with it: m times as large where it says so."""
    found = given.derivation
    wanted = frozenset(each.name for each in found.wrt)
    backward = System(scale.backward(found.backward, wanted), known(found))
    m = int(given.sizes.get(BATCH, 1))
    large = {each.name for each in found.backward if scale.gradients or is_larger(scale, each.lhs, wanted)}
    values = {name: m * value if name in large else value for name, value in given.values.items()}
    if scale.gradients:
        values[found.network.loss.name] = m * values[found.network.loss.name]
    return System(scale.forward(found.forward), found.forward.given), backward, values


def is_larger(scale, error, wanted):
    return scale.errors and any(size.has(BATCH) for size in error.shape) and error.of.name not in wanted


def known(found):
    return (*found.forward.given, *(each.lhs for each in found.forward))


WITH_EXAMPLES = [name for name in NETWORKS if name not in ("attention", "attention-heads", "transformer-block")]
"""Networks of examples; of a sequence one is shown."""


@pytest.mark.parametrize("scale", SCALES, ids=lambda each: each.name)
@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_every_equation_is_exact(name, scale):
    given = numbers(name)
    forward, backward, values = lists(given, scale)
    losses = [each for each in forward if each.lhs == given.derivation.network.loss]
    for equation in (*losses, *backward):
        assert given.error(equation, values) <= 1e-12, equation


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_number_of_examples_stands_where_it_is_said(name):
    found = numbers(name).derivation
    wanted = frozenset(each.name for each in found.wrt)
    for scale in SCALES:
        has = {each.name for each in scale.backward(found.backward, wanted) if counts(each.rhs)}
        gradients = {f"d{name}" for name in wanted}
        alone = {each.name for each in found.backward if not any(size.has(BATCH) for size in each.lhs.shape)}
        assert scale is AT_LOSS or not has - gradients - alone
        assert scale is not NOWHERE or not has


def counts(expr):
    """Whether m stands in a number, not in a size."""
    return any(number_and_factors(node)[0].has(BATCH) for node in walk(expr))


def walk(expr):
    return (node for node in nodes(expr) if isinstance(node, MatMul))


def test_scales_and_layouts_go_together():
    given = numbers("mlp")
    _, backward, values = lists(given, AT_GRADIENTS)
    found = ROWS.system(backward)
    held = {each.name for each in (*known(given.derivation), *(e.lhs for e in backward)) if ROWS.holds(each)}
    turned = {name: value.T if name in held else value for name, value in values.items()}
    for equation in found:
        assert given.error(equation, turned) <= 1e-12
    assert number_and_factors(found["dW2"].rhs)[0] == 1 / BATCH


def test_a_wrong_place_is_seen():
    given = numbers("mlp")
    _, backward, _ = lists(given, AT_GRADIENTS)
    assert any(given.error(equation, given.values) > 1e-12 for equation in backward)
