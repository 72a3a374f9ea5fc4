"""What steps repeat is one product in the program: the same numbers as the lists as they were derived."""

import re

import numpy as np
import pytest
from programs import arguments, largest_difference, plain

from symbp import GRU, LSTM, RNN, Dense, Network, TransformerBlock, derive
from symbp.equations import Equation
from symbp.networks.unstacked import unstacked
from symbp.numeric import engines, fusion
from symbp.numeric.definitions import Standins
from symbp.numeric.fusion import fused
from symbp.numeric.schedule import Schedule
from symbp.numeric.source import program

STEPS = fusion.FEWEST_STEPS
NETWORKS = {
    "lstm": lambda: Network([LSTM(5, STEPS + 1), Dense(2, "softmax")], 3, "cross_entropy"),
    "lstm, no biases": lambda: Network([LSTM(4, STEPS, bias=False), Dense(2, "identity")], 3, "mse"),
    "lstm, widths open": lambda: Network([LSTM(None, STEPS), Dense(None, "tanh")], loss="mse"),
    "lstm, a given state": lambda: Network([LSTM(4, STEPS, initial=True), Dense(2, "identity")], 3, "mse"),
    "two lstms": lambda: Network([LSTM(4, STEPS, sequence=True), LSTM(3, STEPS), Dense(2, "identity")], 5, "mse"),
    "gru": lambda: Network([GRU(4, STEPS), Dense(2, "softmax")], 3, "cross_entropy"),
    "rnn": lambda: Network([RNN(4, STEPS), Dense(2, "identity")], 3, "mse"),
    "penalty": lambda: Network([LSTM(4, STEPS), Dense(2, "identity")], 3, "mse", l2=0.1),
    "few steps": lambda: Network([LSTM(4, STEPS - 1), Dense(2, "identity")], 3, "mse"),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_numbers_are_those_of_the_lists(name):
    derived = derive(NETWORKS[name]())
    given = arguments(derived)
    loss, gradients = derived.compile()(*given)
    right, expected = engines.real().run(plain(derived))(*given)
    assert loss == pytest.approx(float(right), rel=1e-13)
    assert list(gradients) == list(expected)
    assert largest_difference(gradients, expected) < 1e-13


@pytest.mark.parametrize("name", ["lstm", "gru"])
@pytest.mark.parametrize(("number", "bound"), [("complex", 1e-13), ("digits", 1e-48)])
def test_other_number_systems_run_it(name, number, bound):
    derived = derive(NETWORKS[name]())
    engine = engines.ENGINES[number]()
    parameters, inputs, targets = arguments(derived, examples=1)
    given = [{key: engine.array(value) for key, value in each.items()} for each in (parameters, inputs)]
    compiled, full = (
        engine.run(each)(*given, engine.array(targets)) for each in (derived.compile().program, plain(derived))
    )
    apart = [compiled[0] - full[0], *(compiled[1][key] - full[1][key] for key in full[1])]
    assert max(np.max(np.abs(each.floats() if number == "digits" else each)) for each in apart) < bound


@pytest.mark.long
def test_jax_runs_the_source():
    module = pytest.importorskip("jax.numpy")
    derived = derive(NETWORKS["lstm"]())
    parameters, inputs, targets = arguments(derived)
    scope = {}
    exec(derived.compile().source, scope)
    scope["np"] = module
    given = [{key: module.asarray(value) for key, value in each.items()} for each in (parameters, inputs)]
    loss, found = scope["loss_and_gradients"](*given, module.asarray(targets))
    right, expected = derived.compile()(parameters, inputs, targets)
    assert float(loss) == pytest.approx(right, rel=1e-5)  # single precision is what it has by itself
    assert all(np.allclose(np.asarray(found[key]), expected[key], atol=1e-5) for key in expected)


def test_a_step_of_an_lstm_is_one_product_with_every_parameter():
    source = derive(NETWORKS["lstm"]()).compile().source
    assert "lstm1_Wifog = np.concatenate((lstm1_Wi, lstm1_Wf, lstm1_Wo, lstm1_Wg))" in source
    step = "lstm1_Zifog2 = lstm1_Wifog @ X2 + lstm1_Uifog @ lstm1_h1 + lstm1_bifog"
    assert step in source
    assert "dlstm1_h1 = lstm1_Uifog.T @ dlstm1_Zifog2" in source
    assert "dlstm1_Uifog = dlstm1_Zifog_all @ lstm1_h_all.T" in source
    products = re.findall(r"^    (\w+) = .*@", source, re.MULTILINE)
    steps = STEPS + 1
    assert len(products) == len(set(products)) == steps + (steps - 1) + 2 + 3  # ahead, back, dW and dU, the last layer
    assert "pad(" not in source
    assert max(map(len, source.splitlines())) <= 120


def test_the_printed_lists_keep_four_gates():
    derived = derive(NETWORKS["lstm"]())
    before = str(derived.forward), str(derived.backward)
    derived.compile()
    assert (str(derived.forward), str(derived.backward)) == before
    assert "lstm1.Zi1" in before[0]


@pytest.mark.parametrize(
    "network",
    [
        Network.mlp(3, 4, "tanh", loss="mse"),
        Network([TransformerBlock(tokens=2), Dense(3, "softmax")], 4, "cross_entropy"),
        NETWORKS["few steps"](),
    ],
)
def test_lists_in_which_no_steps_repeat_stay_as_they_are(network):
    derived = derive(network)
    without = unstacked(derived.forward, derived.backward)
    assert fused(without.forward, without.backward, derived.wrt) == (without.forward, without.backward)


def test_memory_is_freed_behind_every_step():
    source = derive(NETWORKS["lstm"]()).compile().source
    lines = source.splitlines()
    freed = [name for line in lines if line.startswith("    del ") for name in line[8:].split("  #")[0].split(", ")]
    assert len(freed) == len(set(freed))
    assert {"lstm1_Zifog1", "dlstm1_Zifo4", "dlstm1_h3"} <= set(freed)
    assert not {"W2", "dW2", "dlstm1_Wi", "X1", "loss"} & set(freed)


def test_gradients_share_no_entries():
    derived = derive(NETWORKS["lstm"]())
    gradients = list(derived.compile()(*arguments(derived))[1].values())
    for index, gradient in enumerate(gradients):
        assert not any(np.shares_memory(gradient, other) for other in gradients[:index])


def test_names_that_a_block_would_have_may_be_taken():
    """A parameter of one's own with the name of a block: the block gets another."""
    shapes = {"X": (2, "m"), "Y": (3, "m"), "Wab": (3, 3)}
    lines = ["H0 = Wa @ X"]
    shapes |= dict.fromkeys(("Ua", "Ub"), (3, 3)) | dict.fromkeys(("Wa", "Wb"), (3, 2))
    for step in range(1, STEPS + 1):
        for gate in "ab":
            lines.append(f"Z{gate}{step} = U{gate} @ H{step - 1} + W{gate} @ X")
            lines.append(f"{gate}{step} = {'tanh' if gate == 'a' else 'sigmoid'}(Z{gate}{step})")
        lines.append(f"H{step} = a{step} * b{step}")
    lines.append(f"loss = mse(Wab @ H{STEPS}, Y)")
    derived = derive(Network.equations(lines, shapes))
    given = arguments(derived)
    assert "Wab_ = " in derived.compile().source
    _, expected = engines.real().run(plain(derived))(*given)
    assert largest_difference(derived.compile()(*given)[1], expected) < 1e-13


def swapped(expr):
    """Turn two parts of the first stack around."""
    return expr.func(*expr.args[1::-1], *expr.args[2:])


@pytest.mark.parametrize("stem", ["lstm1.Wifog", "lstm1.Uifog", "lstm1.bifog", "dlstm1.ifo3", "dlstm1.Zifog_all"])
def test_a_block_with_two_parts_exchanged_is_seen(stem):
    derived = derive(NETWORKS["lstm"]())
    without = unstacked(derived.forward, derived.backward)
    ahead, back = fused(without.forward, without.backward, derived.wrt)
    planted = [
        Schedule(
            tuple(Equation(each.lhs, swapped(each.rhs)) if each.name == stem else each for each in schedule),
            schedule.given,
        )
        for schedule in (ahead, back)
    ]
    assert sum(each not in (*ahead, *back) for schedule in planted for each in schedule) == 1
    given = arguments(derived)
    wrong = engines.real().run(program(*planted, derived.wrt, Standins()))(*given)[1]
    right = engines.real().run(plain(derived))(*given)[1]
    assert largest_difference(wrong, right) > 1e-3
