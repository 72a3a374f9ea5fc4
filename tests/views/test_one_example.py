"""The lists of one example."""

from __future__ import annotations

from sympy import Symbol
from sympy.core.cache import clear_cache

from symbp import Network, derive
from symbp.symbols import BATCH
from symbp.views.one_example import one_example


def test_the_number_of_examples_is_known_by_what_it_is_and_not_by_which_object() -> None:
    """SymPy forgets symbols that it has not seen for long: an equal m may be another object."""
    clear_cache()
    network = Network.equations(["loss = mse(W @ X + b, Y)"], {"W": (2, 3), "b": (2, 1), "X": (3, "m"), "Y": (2, "m")})
    x = network.inputs[0]
    assert x.shape[1] == BATCH == Symbol("m", integer=True, positive=True)
    assert x.shape[1] is not BATCH
    derived = derive(network)
    equations, _, given = one_example(derived.forward, derived.backward)
    assert str(equations[0]) == "loss_1 = W*X + b*1"
    assert all(each.shape[1] == 1 for each in given if each.name in "XY")
