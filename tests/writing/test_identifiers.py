"""A program has the letters of a notation as names; keys and numbers are those of every other one."""

import numpy as np
import pytest

import symbp
from symbp.errors import SpecError
from symbp.maths.notation import NOTATIONS, notation_named
from symbp.networks.examples import EXAMPLES
from symbp.writing.identifiers import identifiers
from tests.helpers.programs import arguments, largest_difference

CASES = (("sigmoid-mlp", "standard"), ("batchnorm-mlp", "bishop"), ("two-two-two", "cs231n"))


def gradients(source, given):
    scope = {}
    exec(source, scope)
    return scope["loss_and_gradients"](*given)


def judge(name, notation):
    derived = symbp.derive(name)
    given = arguments(derived)
    right = derived.compile()(*given)[1]
    loss, found = gradients(symbp.render(derived, "numpy", notation), given)
    assert np.isfinite(loss)
    assert list(found) == list(right)
    assert largest_difference(found, right) < 1e-12


@pytest.mark.parametrize(("name", "notation"), CASES)
def test_a_program_in_a_notation_computes_the_same(name, notation):
    judge(name, notation)


@pytest.mark.parametrize(
    ("notation", "names"),
    [
        ("standard", {"A2": "A2", "dZ2": "delta2", "dA2": "delta_A2", "dW1": "dW1", "loss": "loss"}),
        ("ng", {"A2": "A2", "dZ2": "dZ2", "dW1": "dW1", "loss": "J"}),
        ("bishop", {"A2": "Z2", "Z2": "A2", "b2": "w0_2", "dZ2": "delta2", "Y": "T"}),
        ("zhou", {"dZ1": "g1", "b1": "theta1"}),
    ],
)
def test_names_are_the_letters_of_the_notation(notation, names):
    found = identifiers(symbp.derive("two-two-two"), notation_named(notation))
    assert {key: found[key] for key in names} == names


def test_words_and_accents_stand_behind_a_low_line():
    found = identifiers(symbp.derive("transformer-block"), NOTATIONS["standard"])
    assert (found["block1.norm1.N"], found["block1.attention.WQ"]) == ("Z_hat1", "W_Q")
    assert found["dblock1.attention.WQ"] == "dW_Q"


def test_of_two_with_one_name_the_later_gives_way_with_its_error():
    found = identifiers(symbp.derive("residual-mlp"), NOTATIONS["standard"])
    assert len({*found.values()}) == len(found)
    late = {key: name for key, name in found.items() if name.endswith("_") and f"d{key}" in found}
    assert late
    assert all(found[f"d{key}"].endswith("_") for key in late)


def test_equations_have_the_names_that_symbp_reads():
    with pytest.raises(SpecError, match="notation: equations have the names"):
        symbp.render(symbp.derive("two-two-two"), "equations", "ng")


@pytest.mark.long
@pytest.mark.parametrize("notation", NOTATIONS)
def test_every_notation_names_every_example(notation):
    for name in [*EXAMPLES] if notation != "scalar" else ["two-two-two"]:
        judge(name, notation)
