"""Images: their lists are exact, their sizes are those of their matrices, their page has K ⋆ x."""

from __future__ import annotations

from math import prod

import pytest
from layouts import numbers

from symbp import render
from symbp.ops.convolution import Channels
from symbp.views.images import arrays, kernels, with_biases
from symbp.views.layout import ROWS


def test_lists_without_the_names_of_repeated_biases_are_exact():
    given = numbers("small-cnn")
    found = with_biases(given.derivation.forward, given.derivation.backward)
    assert not any(isinstance(each.rhs, Channels) for each in found[0])
    for equation in (*found[0], *found[1]):
        assert given.error(equation, given.values) <= 1e-12, equation


def test_a_network_without_images_is_as_it_was():
    found = numbers("mlp").derivation
    forward, backward = with_biases(found.forward, found.backward)
    assert forward == list(found.forward)
    assert backward == list(found.backward)
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
    assert r"$`K_1`$ | kernel | $`2 \times 1 \times 3 \times 3`$" in page
    assert r"\partial\mathcal{L}/\partial K_1 = \delta_{Z_1} \star X" in page
