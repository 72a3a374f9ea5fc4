"""A step back in time as small matrices: against derivation.jacobian, and as the product of a gradient."""

import numpy as np
import pytest
from matrix_values import run, value

from symbp import Dense, Network, derive
from symbp.networks.recurrent import GRU, LSTM, RNN
from symbp.symbols import BATCH
from symbp.views.reading import reading
from symbp.views.time import step_back

T = 5
NETWORKS = {
    "rnn": (RNN(5, T),),
    "softplus": (RNN(5, T, "softplus", bias=False),),
    "gru": (GRU(5, T),),
    "lstm": (LSTM(5, T),),
    "lstm with peepholes": (LSTM(5, T, peephole=True),),
    "lstm with a state": (LSTM(5, T, bias=False, initial=True),),
    "two": (LSTM(4, T, sequence=True), LSTM(5, T)),
    "unlike": (GRU(4, T, sequence=True), LSTM(5, T)),
}


def case(name):
    """Return a derivation, how its page reads it, and numbers for everything in it, the target too."""
    derived = derive(Network([*NETWORKS[name], Dense(2, "tanh")], 3, "mse"))
    random = np.random.default_rng(7)
    given = {
        each.name: random.normal(size=[int(n.xreplace({BATCH: 1})) for n in each.shape])
        for each in derived.forward.given
    }
    return derived, reading(derived), given, run(derived, given, {})


def step(read, states, at):
    """Return the step back at a step, in the symbols of the page."""
    own = {each.lhs.name: each.lhs for each in read.listed}
    now, before = (tuple(own[part.name] for part in states.get(each, ())) for each in (at, at - 1))
    return step_back(read.errors, now, before)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_step_is_the_transposed_jacobian(name):
    derived, read, _, known = case(name)
    for path, states in derived.states.items():
        for at in range(2, T + 1):
            found = value(step(read, states, at).matrix, known)
            expected = value(derived.jacobian(f"{path}.s{at}", f"{path}.s{at - 1}").expression, known).T
            assert np.linalg.norm(expected) > 1e-6
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", [name for name in NETWORKS if name not in ("two", "unlike")])
def test_a_gradient_is_a_sum_of_products(name):
    derived, read, given, known = case(name)
    (states,) = derived.states.values()
    steps = {at: step(read, states, at) for at in range(1, T + 1)}
    parameters = {each.name: given[each.name] for each in derived.network.parameters}
    inputs = {each.name: given[each.name] for each in derived.network.inputs}
    _, gradients = derived.compile()(parameters, inputs, given["Y"])
    output = np.tanh(known["Z2"])
    start = known["W2"].T @ ((output - given["Y"]) * (1 - output**2))
    back = np.vstack([start, *[np.zeros_like(start)] * (len(steps[T].now) - 1)])
    found = {}
    for at in range(T, 0, -1):
        for inner in steps[at].inner.values():
            error = value(steps[at].way_to(inner), known) @ back
            stem = inner.of.name.removeprefix(f"{inner.of.path}.").rstrip("0123456789").removeprefix("Z")
            key = f"{inner.of.path}.W{stem}"
            found[key] = found.get(key, 0) + error @ given[f"X{at}"].T
        back = value(steps[at].matrix, known) @ back if at > 1 else back
    weights = [name for name in gradients if ".W" in name]
    assert weights
    for weight in weights:
        np.testing.assert_allclose(found[weight], gradients[weight], rtol=1e-11, atol=1e-14, err_msg=weight)


def test_a_wrong_error_is_seen():
    derived, read, _, known = case("lstm")
    (states,) = derived.states.values()
    own = {each.lhs.name: each.lhs for each in read.listed}
    now, before = (tuple(own[part.name] for part in states[at]) for at in (3, 2))
    without = [each for each in read.errors if each.lhs.of.name != "lstm1.Zf3"]
    found = value(step_back(without, now, before).matrix, known)
    expected = value(derived.jacobian("s3", "s2").expression, known).T
    assert not np.allclose(found, expected)
