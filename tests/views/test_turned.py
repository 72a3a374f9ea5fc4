"""Layouts: every list as displayed is a system, and equals the values of the calculus, in the layout's shapes."""

from __future__ import annotations

import numpy as np
import pytest
from folding import faults_of
from layouts import NETWORKS, numbers
from sympy import Transpose

from symbp.calculus.factor import Acts
from symbp.equations import System, symbols_in
from symbp.nodes import matmul, ones, transpose
from symbp.op import Op
from symbp.symbols import BATCH
from symbp.views.fold import fold, fold_like
from symbp.views.layout import BIAS_ROWS, CODE_IN_ROWS, COLUMNS, IN_OUT, NUMERATOR, ROW_GRADIENTS, ROWS, SHAPE, TOKENS
from symbp.views.lines import lines_of
from symbp.views.product import products
from symbp.views.reading import reading
from symbp.views.turned import Turned


def symbol(system, name):
    return next(each for each in system.given if each.name == name)


LAYOUTS = (ROWS, NUMERATOR, IN_OUT)
MORE = (CODE_IN_ROWS, ROW_GRADIENTS, SHAPE, BIAS_ROWS)
"""Rows with biases as rows as well; layouts that turn some of the gradients."""


@pytest.mark.parametrize("layout", [*LAYOUTS, *(pytest.param(each, marks=pytest.mark.long) for each in MORE)])
@pytest.mark.parametrize("name", NETWORKS)
def test_every_equation_as_displayed_is_what_the_calculus_finds(name, layout):
    given = numbers(name)
    values = given.turned(layout)
    for system in (given.derivation.forward, given.derivation.backward):
        found = layout.system(system)
        assert isinstance(found, System)
        for equation in found:
            assert given.error(equation, values) <= 1e-12, equation


def test_rows_turn_every_product_and_keep_parameters_that_are_columns():
    found = numbers("mlp").derivation
    forward, backward = ROWS.system(found.forward), ROWS.system(found.backward)
    one = ones(BATCH, 1)
    assert forward["Z1"].rhs.args == (
        matmul(symbol(forward, "X"), symbol(forward, "W1")),
        matmul(one, transpose(symbol(forward, "b1"))),
    )
    assert str(forward["A1"]) == "A1 = tanh(Z1)"
    assert str(backward["dW2"]) == "dW2 = A1.T*dZ2"
    assert str(backward["dA1"]) == "dA1 = dZ2*W2.T"
    assert backward["db1"].rhs == matmul(transpose(backward["dZ1"].lhs), one)


def test_numerator_layout_turns_errors_alone():
    found = numbers("mlp").derivation
    backward = NUMERATOR.system(found.backward)
    assert NUMERATOR.system(found.forward).equations == found.forward.equations
    assert str(backward["dW2"]) == "dW2 = A1*dZ2"
    assert str(backward["dA1"]) == "dA1 = dZ2*W2"
    assert backward["dW2"].lhs.shape == tuple(reversed(backward["dW2"].lhs.of.shape))


def test_weights_in_times_out_with_columns():
    found = numbers("mlp").derivation
    forward = IN_OUT.system(found.forward)
    assert forward["Z1"].rhs.args[0] == matmul(transpose(symbol(forward, "W1")), symbol(forward, "X"))
    assert str(IN_OUT.system(found.backward)["dW1"]) == "dW1 = X*dZ1.T"


@pytest.mark.parametrize("name", NETWORKS)
def test_an_operation_says_that_it_goes_along_rows(name):
    """Every operation is entrywise, or holds the operation of the calculus with its symbols in their own shapes."""
    found = numbers(name).derivation
    for system in (found.forward, found.backward):
        for own, turned in zip(system, ROWS.system(system), strict=True):
            if isinstance(turned.rhs, Turned):
                assert turned.rhs.op == own.rhs
                assert [each.name for each in symbols_in(turned.rhs)] == [each.name for each in symbols_in(own.rhs)]
            elif isinstance(turned.rhs, Op):
                assert type(turned.rhs) is type(own.rhs)


def test_a_lost_transpose_is_seen():
    given = numbers("mlp-softmax")
    values = given.turned(ROWS)
    system = ROWS.system(given.derivation.backward)
    wrong = [each.lhs for each in system if given.error(each, {**values, each.name: values[each.name].T}) > 1e-12]
    assert len(wrong) == sum(np.shape(values[each.name]) != (1, 1) for each in system)


def test_tokens_keep_every_column_vector():
    found = numbers("attention").derivation
    for equation in TOKENS.system(found.forward):
        assert equation.lhs.shape[1] != 1 or found.forward[equation.name].lhs.shape[1] == 1


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda each: each.name)
@pytest.mark.parametrize("name", NETWORKS)
def test_turned_lists_fold_like_the_calculus_s_own(name, layout):
    found = numbers(name).derivation
    forward, backward = layout.system(found.forward), layout.system(found.backward)
    known = {symbol.name for symbol in forward.given}
    folded = fold(forward)
    back = fold_like(folded, backward)
    assert faults_of(folded, folded.body, forward, known) == []
    assert faults_of(folded, back, backward, known | {each.name for each in forward}) == []
    own = fold(found.forward)
    for body, other in ((folded.body, own.body), (back, fold_like(own, found.backward))):
        assert len(list(lines_of(body))) == len(list(lines_of(other)))


def _length(factors):
    """How many factors there are; a gradient that is held transposed has a transpose more."""
    return sum(not (each.acts is Acts.OPERATOR and isinstance(each.expr, Transpose)) for each in factors)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda each: each.name)
@pytest.mark.parametrize("name", NETWORKS)
def test_a_reading_keeps_the_same_names_in_every_layout(name, layout):
    """Tidied and with fewer names, the lists say what the calculus finds, and gradients are the same products."""
    given = numbers(name)
    own, found = reading(given.derivation, COLUMNS), reading(given.derivation, layout, batch=layout is not COLUMNS)
    values = given.turned(found.layout)
    for equation in (*found.forward, *found.errors, *found.gradients):
        assert given.error(equation, values) <= 1e-12, equation
    assert [each.name for each in found.gradients] == [each.name for each in own.gradients]
    if not own.is_one:
        assert [each.name for each in found.errors] == [each.name for each in own.errors]
        terms = [products(each.backward, each.wanted) for each in (own, found)]
        lengths = [{v.name: [_length(t) for t in uses] for v, uses in each.items()} for each in terms]
        assert lengths[0] == lengths[1]
