"""Slopes as diagonal matrices, one unit in each layer: what the lists look like then."""

from __future__ import annotations

import pytest
from layouts import NETWORKS
from sympy import DiagMatrix, HadamardProduct, Transpose

from symbp import SpecError, derive
from symbp.equations import nodes, symbols_in
from symbp.ops.elementwise import Slope
from symbp.views.diagonal import diagonal
from symbp.views.one_example import one_example
from symbp.views.units import one_unit, require_stack


def test_every_slope_of_one_example_stands_on_a_diagonal():
    derivation = derive(NETWORKS["mlp"]()).readable
    _, backward, _ = one_example(derivation.forward, derivation.backward)
    shown = [diagonal(each) for each in backward]
    found = [node for each in shown for node in nodes(each.rhs)]
    assert any(isinstance(node, DiagMatrix) for node in found)
    assert not any(isinstance(arg, Slope) for node in found if isinstance(node, HadamardProduct) for arg in node.args)


def test_one_unit_leaves_numbers_alone():
    found = derive(NETWORKS["mlp"]())
    for each in one_unit((*found.forward, *found.backward)):
        assert {symbol.shape for symbol in (each.lhs, *symbols_in(each.rhs))} == {(1, 1)}
        assert not any(isinstance(node, Transpose) for node in nodes(each.rhs))


@pytest.mark.parametrize("name", ["mlp-softmax", "swiglu"])
def test_one_unit_is_of_plain_stacks_alone(name):
    require_stack(derive(NETWORKS["mlp"]()))
    with pytest.raises(SpecError, match="one unit a layer is of a plain stack of layers alone, without softmax"):
        require_stack(derive(NETWORKS[name]()))
