"""The corpus itself: every network is derived, its gradients are those of plain NumPy, and what is refused says so."""

import warnings

import numpy as np
import pytest
from corpus import CASES, EQUATIONS, HERE, LAYERS, REFUSED, truth

from symbp import Network, derive
from symbp.errors import SymbpError, UnusedParameterWarning
from symbp.pages.tell.derivation import derivation_page
from symbp.writing.formats import format_named
from symbp.writing.render import page_text
from symbp.writing.setting import DEFAULT

SLOW = {"mlp-100", "transformer-12", "lstm-50", "cross-attention"}


def derived(case):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnusedParameterWarning)
        return derive(case.network())


def arguments(of, values):
    network = of.network
    groups = network.inputs, [y for y in of.forward.given if y not in (*network.inputs, *network.parameters)]
    inputs, targets = ({each.name: values[each.name] for each in group} for group in groups)
    return {p.name: values[p.name] for p in network.parameters}, inputs, targets or None


def test_there_are_enough():
    assert len(EQUATIONS) >= 40
    assert len(LAYERS) >= 25
    assert not set(EQUATIONS) & set(LAYERS)


@pytest.mark.parametrize("case", EQUATIONS.values(), ids=str)
def test_gradients_are_those_of_numpy(case):
    of = derived(case)
    values = case.values(of)
    loss, gradients = of.compile()(*arguments(of, values))
    wanted, slopes = truth(case, values, gradients)
    assert loss == pytest.approx(wanted, rel=1e-12)
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, slopes[name], rtol=1e-9, atol=1e-11, err_msg=name)
    assert all(gradient.any() for name, gradient in gradients.items() if of.backward[f"d{name}"].steps)


@pytest.mark.parametrize("case", [each for each in CASES.values() if each.name not in {*EQUATIONS, *SLOW}], ids=str)
def test_layers_compile_and_have_gradients(case):
    of = derived(case)
    loss, gradients = of.compile(case.f, case.loss)(*arguments(of, case.values(of)))
    assert np.isfinite(loss)
    assert all(np.isfinite(gradient).all() for gradient in gradients.values())


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_say_why(name):
    with pytest.raises(SymbpError) as refusal:
        derive(Network.load(HERE / "refused" / f"{name}.eq"))
    assert REFUSED[name] in str(refusal.value)


def test_every_refused_file_has_a_row():
    assert {place.stem for place in (HERE / "refused").glob("*.eq")} == set(REFUSED)


@pytest.mark.parametrize(
    "case",
    [
        each if at % 4 == 0 else pytest.param(each, marks=pytest.mark.long)
        for at, each in enumerate(CASES.values())
        if each.name not in SLOW
    ],
    ids=str,
)
def test_every_network_has_a_page_in_every_format(case):
    page = derivation_page(derived(case))  # As render tells it, once for all formats.
    for form in ("gfm", "latex", "text"):
        text = page_text(page, format_named(form), DEFAULT)
        assert "Written by symbp" in text.splitlines()[0]
