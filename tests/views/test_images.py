"""Images: their lists are exact, their sizes are those of their matrices, their page has K ⋆ x."""

from __future__ import annotations

from math import prod

import pytest
from layouts import numbers

from symbp import render
from symbp.ops.convolution import Channels
from symbp.views.images import arrays, kernels, repeated
from symbp.views.layout import COLUMNS, ROWS
from symbp.views.reading import reading
from symbp.views.turned import plain


@pytest.mark.parametrize("layout", [COLUMNS, ROWS], ids=lambda each: each.name)
def test_a_repeated_bias_stands_where_it_is_added(layout):
    given = numbers("small-cnn")
    values = given.turned(layout)
    found = reading(given.derivation, layout)
    assert "R1" in {each.name for each in found.listed}
    assert not any(isinstance(plain(each.rhs), Channels) for each in found.forward)
    for equation in (*found.forward, *found.errors, *found.gradients):
        assert given.error(equation, values) <= 1e-12, equation


def test_a_network_without_images_is_as_it_was():
    found = numbers("mlp").derivation
    assert repeated(found.forward, found.backward) == frozenset()
    assert arrays(found.forward) == {}
    assert kernels(found.forward) == frozenset()


@pytest.mark.parametrize("turned", [False, True])
def test_sizes_of_arrays_hold_the_values_of_one_example(turned):
    given = numbers("small-cnn")
    forward = ROWS.system(given.derivation.forward) if turned else given.derivation.forward
    found = arrays(forward)
    assert found["X"] == (1, 6, 6)
    assert found["W1"] == (2, 1, 3, 3)
    assert kernels(forward) == {"W1"}
    for name, sizes in found.items():
        array = given.values[name]
        assert prod(sizes) == (array.size if name in kernels(forward) else array.shape[0])


def test_the_page_slides_a_kernel():
    page = render(numbers("small-cnn").derivation, "gfm")
    assert r"K_1 \star X" in page
    assert r"$`K_1`$ | kernel (W1 in code) | $`2 \times 1 \times 3 \times 3`$" in page
    assert r"\partial\mathcal{L}/\partial K_1 = \delta_{Z_1} \star X" in page
