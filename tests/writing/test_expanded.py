"""Gradients multiplied out: the products of a page, one after the other, at any depth."""

import re

import pytest

from symbp import Dense, Network, derive
from symbp.errors import SpecError
from symbp.maths.factors import Factors
from symbp.networks.residual import Residual
from symbp.pages.tell.derivation import context
from symbp.roles import Role
from symbp.writing.expanded import expanded
from symbp.writing.latex import math_latex

DISPLAY = re.compile(r"\\begin\{align\*\}\n(.*?) &= (.*?)\n\\end\{align\*\}", re.DOTALL)


def products(derivation):
    """Return the products of a page by their left sides, as the page writes them."""
    c = context(derivation)
    write = Factors(c.builder).product
    return {
        math_latex(c.names.derivative(c.reading.spelled(variable))): math_latex(write(map(c.alone, product)))
        for variable, (product,) in c.products.items()
        if variable.role is Role.WEIGHT
    }


def displays(text):
    """Return the displays by their left sides, each on one line; where a line breaks, the space is not seen."""
    return {left: right.replace(" \\\\\n&\\quad ", "") for left, right in DISPLAY.findall(text)}


@pytest.mark.parametrize(
    "options", [{}, {"activation": "tanh", "loss": "mse"}, {"activation": "relu", "loss": "cross_entropy"}], ids=str
)
@pytest.mark.parametrize("layers", [1, 3, 12])
def test_they_are_the_products_of_the_page(layers, options):
    derivation = derive(layers=layers, **options)
    found = displays("".join(expanded(derivation)))
    assert len(found) == layers
    assert found == products(derivation)


def test_what_the_letters_are_is_said():
    text = "".join(expanded(derive(layers=3)))
    assert r"= \mathrm{diag}\bigl(f" in text


def test_bytes_grow_with_the_factors_alone():
    sizes = [len("".join(expanded(derive(layers=layers)))) for layers in (20, 40, 80)]
    assert 3.4 < sizes[1] / sizes[0] < 4.2
    assert 3.6 < sizes[2] / sizes[1] < 4.2


def test_what_is_no_flat_product_is_refused():
    branch = Residual([Dense(4, "tanh"), Dense(4)])
    residual = Network([branch, branch, Dense(4)], 4, "mse")
    with pytest.raises(SpecError, match="flat product"):
        list(expanded(derive(residual)))


def test_a_batch_is_refused():
    with pytest.raises(SpecError, match="batch"):
        list(expanded(derive(layers=3, batch=True)))
