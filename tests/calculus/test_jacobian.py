"""The product of recurrent Jacobians: its factors, and its numbers against differences of the forward list."""

import numpy as np
import pytest
from matrix_values import run, value

from symbp import Dense, Network, SpecError, derive
from symbp.checking.check import check
from symbp.derivation import Derivation
from symbp.networks.embedding import Embedding
from symbp.networks.recurrent import GRU, LSTM, RNN
from symbp.symbols import BATCH

N0, N, T = 3, 5, 6


def network(kind, *rest, **options):
    return Network([kind(N, T, **options), *rest, Dense(2, "tanh")], N0, "mse")


def numbers(derived):
    random = np.random.default_rng(3)
    given = [each for each in derived.forward.given if each.name != "Y"]
    return {each.name: random.normal(size=[int(n.xreplace({BATCH: 1})) for n in each.shape]) for each in given}


CELLS = [(RNN, {}), (RNN, {"activation": "softplus"}), (GRU, {}), (LSTM, {}), (LSTM, {"initial": True, "bias": False})]
IDS = ["rnn", "softplus", "gru", "lstm", "lstm with a state"]


@pytest.mark.parametrize(("kind", "options"), CELLS, ids=IDS)
@pytest.mark.parametrize("of", [2, 5])
def test_the_product_is_what_differences_of_the_forward_list_say(kind, options, of):
    derived = derive(network(kind, **options))
    found = derived.jacobian(to="s6", of=f"s{of}")
    given = numbers(derived)
    known = run(derived, given, {})
    (path, states), step = next(iter(derived.states.items())), 1e-30j
    before, after = ([part.name for part in states[each]] for each in (of, T))
    columns = []
    for name in before:
        for row in range(N):
            moved = {each: known[each].astype(complex) for each in before}
            moved[name][row] += step
            end = run(derived, given, moved)
            columns.append(np.concatenate([end[each] for each in after]).imag / step.imag)
    expected = np.hstack(columns)
    assert path == f"{kind.kind}1"
    assert np.linalg.norm(expected) > 1e-6
    np.testing.assert_allclose(value(found.expression, known), expected, rtol=1e-12, atol=1e-14)
    assert [each.to.step for each in found.steps] == list(range(T, of, -1))


def test_the_factors_of_a_step_of_an_rnn():
    (entry,) = derive(network(RNN)).jacobian("s6", "s2").steps[0].entries[0]
    assert [(str(f.role), str(f.expr)) for f in entry.factors] == [
        ("activation derivative", "tanh'(rnn1.Z6)"),
        ("weight", "rnn1.U.T"),
    ]
    assert str(entry.expression) == "DiagMatrix(tanh'(rnn1.Z6))*rnn1.U"


def test_the_blocks_of_a_step_of_an_lstm():
    (hh, hc), (ch, cc) = derive(network(LSTM)).jacobian("s3", "s2").steps[0].entries
    assert [str(each.to.stem + each.of.stem) for each in (hh, hc, ch, cc)] == ["hh", "hc", "ch", "cc"]
    assert str(cc.expression) == "DiagMatrix(lstm1.f3)"
    assert str(hc.expression) == "DiagMatrix(lstm1.o3)*DiagMatrix(tanh'(lstm1.c3))*DiagMatrix(lstm1.f3)"
    assert len(ch.expression.args) == 3
    through_c = hh.expression.args[1]
    assert through_c.args[-1] == ch.expression


def test_two_layers_have_states_of_their_own():
    derived = derive(network(LSTM, GRU(4, T), sequence=True))
    assert list(derived.states) == ["lstm1", "gru2"]
    assert derived.jacobian("gru2.s3", "gru2.s1").expression.shape == (4, 4)
    assert derived.jacobian("lstm1.s3", "lstm1.s1").expression.shape == (2 * N, 2 * N)


@pytest.mark.parametrize(
    "layers",
    [
        [LSTM(N, 3)],
        [LSTM(N, 1)],
        [LSTM(N, 3, initial=True)],
        [LSTM(N, 3, sequence=True), LSTM(4, 3)],
        [Embedding(N0, 4), LSTM(N, 3)],
    ],
    ids=["lstm", "one step", "initial", "two", "embedding"],
)
def test_the_lists_without_stacks_say_the_same(layers):
    derived = derive(Network([*layers, Dense(2, "tanh")], N0, "mse", batch=True))
    read = derived.unstacked
    assert not any(type(e.rhs).__name__ in ("Stack", "Rows", "Pad") for e in (*read.forward, *read.backward))
    report = check(read)
    assert report.passed, report.rows


def test_a_planted_mistake_in_the_lists_without_stacks_is_caught():
    derived = derive(Network([LSTM(N, 3), Dense(2, "tanh")], N0, "mse", batch=True))
    forward, backward = derived.unstacked.forward, derived.unstacked.backward
    swapped = {forward["lstm1.i2"].lhs: forward["lstm1.f2"].lhs}
    wrong = [e if e.name != "dlstm1.g2" else type(e)(e.lhs, e.rhs.xreplace(swapped), e.steps) for e in backward]
    report = check(Derivation(derived.network, forward, type(backward)(wrong, backward.given), derived.wrt))
    assert not report.passed


@pytest.mark.parametrize(
    ("to", "of", "message"),
    [
        ("s2", "s6", "s2 does not come after s6"),
        ("s2", "s2", "does not come after"),
        ("s7", "s2", r"'s7' is no state of the network; there are rnn1\.s1 to rnn1\.s6"),
        ("h6", "s2", "'h6' is no state"),
        ("s6", "s0", "'s0' is no state"),
        ("rnn2.s6", "s2", "'rnn2.s6' is no state"),
    ],
)
def test_refused(to, of, message):
    with pytest.raises(SpecError, match=message):
        derive(network(RNN)).jacobian(to, of)


def test_refused_without_a_recurrent_layer_and_without_its_errors():
    with pytest.raises(SpecError, match="no recurrent layer of two or more steps"):
        derive(layers=2).jacobian("s6", "s2")
    with pytest.raises(SpecError, match="derive by the weights of its layer"):
        derive(network(RNN), wrt=["W2"]).jacobian("s6", "s2")
    derived = derive(network(LSTM, GRU(4, T), sequence=True))
    with pytest.raises(SpecError, match="'s6' is no state"):
        derived.jacobian("s6", "s2")
    with pytest.raises(SpecError, match="states of two layers"):
        derived.jacobian("lstm1.s6", "gru2.s2")


@pytest.mark.parametrize("steps", [1, 2])
def test_one_and_two_steps_of_an_lstm_are_multiplied_out(steps):
    derived = derive(Network([LSTM(N, steps), Dense(2, "tanh")], N0, "mse"))
    given = numbers(derived) | {"Y": np.array([[0.3], [-0.2]])}
    known = run(derived, given, {})
    for equation in derived.unstacked.forward.equations[-2:-1]:
        known[equation.name] = value(equation.rhs, known)
    parameters = {each.name: given[each.name] for each in derived.network.parameters}
    _, gradients = derived.compile()(parameters, {x.name: given[x.name] for x in derived.network.inputs}, given["Y"])
    for name, gradient in gradients.items():
        found = value(derived.gradients[name].expression, known)
        np.testing.assert_allclose(found, gradient, rtol=1e-12, atol=1e-15)


def test_more_steps_of_an_lstm_are_not_multiplied_out():
    derived = derive(Network([LSTM(N, 3), Dense(2, "tanh")], N0, "mse"))
    with pytest.raises(SpecError, match=r"lstm1\.Wi multiplied out over 3 steps is unreadable.*\(the limit is 2\)"):
        _ = derived.gradients["lstm1.Wi"].expression
