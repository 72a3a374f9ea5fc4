"""Errors in one matrix: where that is enough, the lists run with it give the gradients; elsewhere there is no order."""

from __future__ import annotations

import numpy as np
import pytest
from displayed import value
from layouts import distance, numbers
from sympy import MatrixSymbol

from symbp.symbols import Adjoint
from symbp.views.in_place import in_place
from symbp.views.layout import COLUMNS, LAYOUTS
from symbp.views.reading import reading

ENOUGH = ("mlp", "mlp-softmax")
SEVERAL = ("swiglu", "highway")


def run(order, given, wanted, sizes):
    """Run equations one after another with one matrix for all errors, and return the gradients."""
    known, found, one = dict(given), {}, None
    for each in order:
        errors = {symbol: MatrixSymbol("one", *symbol.shape) for symbol in each.symbols if isinstance(symbol, Adjoint)}
        result = value(each.rhs.xreplace(errors), known | {"one": one}, sizes, np)
        if each.lhs.of.name in wanted:
            found[each.lhs.of.name] = result
        else:
            one = result
    return found


def gradients(name, layout, change=lambda order: order):
    """Return how far gradients with one matrix for all errors are from those of compile()."""
    of = numbers(name)
    shown = reading(of.derivation, layout, batch=True, one_error=True)
    order = change(in_place(shown.errors, shown.gradients))
    values, wanted = of.turned(layout), {each.name for each in of.derivation.wrt}
    given = {each: array for each, array in values.items() if each in wanted or not each.startswith("d")}
    found = run(order, given, wanted, of.sizes)
    assert set(found) == wanted
    return max(distance(found[each], values[f"d{each}"]) for each in wanted)


@pytest.mark.parametrize("layout", [COLUMNS, LAYOUTS["rows"]], ids=lambda each: each.name)
@pytest.mark.parametrize("name", ENOUGH)
def test_one_matrix_gives_the_gradients(name, layout):
    assert gradients(name, layout) < 1e-12


def test_a_gradient_taken_too_late_is_seen():
    """Of the error of the next layer, where shapes agree, it would be another."""

    def late(order):
        last = [each for each in order if each.lhs.of.name == "b3"]
        return (*(each for each in order if each not in last), *last)

    assert gradients("mlp", COLUMNS, late) > 1e-3


@pytest.mark.parametrize("name", SEVERAL)
def test_where_several_errors_are_in_use_at_a_time_all_keep_their_names(name):
    shown = reading(numbers(name).derivation, one_error=True)
    assert in_place(shown.errors, shown.gradients) == ()
    assert not shown.is_in_place
