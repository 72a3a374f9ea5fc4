"""Recurrent layers: their equations, their factors, their numbers."""

import time

import numpy as np
import pytest
from sympy import ZeroMatrix
from written import forward_of

from symbp import Dense, Network, ShapeError, SpecError, check, derive
from symbp.calculus.factor import Acts
from symbp.networks.embedding import Embedding
from symbp.networks.recurrent import GRU, LSTM, RNN
from symbp.networks.regularisation import Dropout
from symbp.op import FactorRole
from symbp.symbols import Adjoint, Role

T = 4
FEW = 3
"""Steps of a network whose every gradient is checked."""
KINDS = (RNN, LSTM, GRU)
STATE = {RNN: "rnn1.h", LSTM: "lstm1.S", GRU: "gru1.h"}
WEIGHT = {RNN: "rnn1.U", LSTM: "lstm1.Uf", GRU: "gru1.Un"}


def network(*layers, **options):
    options = {"inputs": 3, "loss": "cross_entropy", "batch": True, **options}
    return Network([*layers, Dense(2, "softmax")], **options)


@pytest.mark.parametrize(
    "layers",
    [
        (RNN(5, FEW),),
        (RNN(5, FEW, "softplus", bias=False),),
        (LSTM(5, FEW),),
        (LSTM(5, FEW, bias=False, initial=True),),
        (GRU(5, FEW),),
        (GRU(5, FEW, bias=False, initial=True),),
        (RNN(5, FEW, initial=True),),
        (LSTM(5, FEW, sequence=True), GRU(4, FEW)),
        (Embedding(3, 5), RNN(4, FEW)),
        (RNN(5, 1), Dropout()),
    ],
    ids=["rnn", "softplus", "lstm", "lstm state", "gru", "gru state", "rnn state", "two", "embedded", "one step"],
)
def test_every_gradient_agrees(layers):
    report = check(derive(network(*layers)))
    assert report.passed, report.rows


@pytest.mark.parametrize("kind", KINDS)
def test_every_gradient_agrees_at_sizes_that_are_all_different(kind):
    net = Network([kind(None, T), Dense(None, "tanh")], loss="mse", batch=True)
    report = check(derive(net))
    assert report.passed, report.rows
    run = report.runs[0]
    assert len({run.widths[0], run.widths[1], run.widths[-1], run.examples}) == 4


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def rnn_step(p, x, h, c):
    return np.tanh(p["W"] @ x + p["U"] @ h + p["b"]), c


def lstm_step(p, x, h, c):
    i, f, g, o = (p[f"W{gate}"] @ x + p[f"U{gate}"] @ h + p[f"b{gate}"] for gate in "ifgo")
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def gru_step(p, x, h, c):
    r, z = (sigmoid(p[f"W{gate}"] @ x + p[f"U{gate}"] @ h + p[f"b{gate}"]) for gate in "rz")
    n = np.tanh(p["Wn"] @ x + p["bn"] + r * (p["Un"] @ h + p["bhn"]))
    return (1 - z) * n + z * h, c


@pytest.mark.parametrize(("kind", "step"), [(RNN, rnn_step), (LSTM, lstm_step), (GRU, gru_step)])
def test_every_state_is_that_of_the_documentation_of_pytorch(kind, step):
    derived = derive(network(kind(5, T)))
    random = np.random.default_rng(0)
    values = {p.name: random.normal(size=tuple(map(int, p.shape))) for p in derived.network.parameters}
    inputs = {x.name: random.normal(size=(3, 6)) for x in derived.network.inputs}
    _, found = forward_of(derived.forward)[1](values, inputs, np.eye(2)[:, [0, 1] * 3])
    own = {name.removeprefix(f"{kind.kind}1."): value for name, value in values.items()}
    h = c = np.zeros((5, 6))
    for number, x in enumerate(inputs.values(), 1):
        h, c = step(own, x, h, c)
        np.testing.assert_allclose(found[f"{kind.kind}1_h{number}"], h, rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_a_shared_weight_has_one_term_a_step(kind):
    gradient = derive(network(kind(5, T))).gradients[WEIGHT[kind]]
    assert len(gradient.terms) == T
    assert all(term[-1].acts is Acts.RIGHT for term in gradient.terms)


def through_time(kind, term):
    """What stands between the last state and a use: by its end, the state it leads to."""
    names = [f.expr.of.name for f in term if isinstance(f.expr, Adjoint)]
    return [name for name in names if name.startswith(STATE[kind])]


@pytest.mark.parametrize("kind", [LSTM, GRU])
def test_a_use_has_one_recurrent_factor_for_each_later_step_in_order(kind):
    terms = derive(network(kind(5, T))).gradients[WEIGHT[kind]].terms
    found = sorted((through_time(kind, term) for term in terms), key=len)
    states = [f"{STATE[kind]}{step}" for step in range(T - 1, 0, -1)]
    assert found == [states[:later] for later in range(T)]


def test_the_factors_of_an_rnn_are_its_weight_and_its_slope_once_a_later_step():
    for later, term in enumerate(derive(network(RNN(5, T))).gradients["rnn1.U"].terms):
        names = [str(f.expr) for f in term]
        steps = [part for step in range(T - 1, T - 1 - later, -1) for part in ("rnn1.U.T", f"tanh'(rnn1.Z{step})")]
        assert names[1:] == ["W2.T", f"tanh'(rnn1.Z{T})", *steps, f"rnn1.h{T - 1 - later}.T"]


def test_the_recurrent_jacobian_of_a_gru_adds_up_its_four_ways():
    last = derive(network(GRU(5, 2))).gradients["gru1.Un"].terms[-1]
    (total,) = [factor for factor in last if factor.acts is Acts.SUM]
    assert [factor.role for factor in total.branches[0]] == [FactorRole.GATE]
    assert len(total.branches) == 4


def test_a_minus_is_part_of_the_factor_behind_it():
    last = derive(network(GRU(5, 2))).gradients["gru1.Uz"].terms[-1]
    two_ways = [factor for factor in last if factor.acts is Acts.SUM][-1]
    assert {str(factor.expr) for branch in two_ways.branches for factor in branch} == {"gru1.h0", "-gru1.n1"}


def test_a_step_of_an_lstm():
    forward = derive(network(LSTM(5, T))).forward
    names = [e.name for e in forward if getattr(e.lhs, "step", None) == 2]
    gates = [f"lstm1.{name}2" for gate in "ifgo" for name in (f"Z{gate}", gate)]
    assert names == ["lstm1.hin2", "lstm1.cin2", *gates, "lstm1.c2", "lstm1.T2", "lstm1.h2", "lstm1.S2"]
    assert str(forward["lstm1.Zf2"].rhs) == "lstm1.Uf*lstm1.hin2 + lstm1.Wf*X2 + lstm1.bf*1"
    assert str(forward["lstm1.c2"].rhs) == "HadamardProduct(lstm1.f2, lstm1.cin2) + HadamardProduct(lstm1.i2, lstm1.g2)"
    assert isinstance(forward["lstm1.S0"].rhs, ZeroMatrix)


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (RNN, "W U b"),
        (LSTM, "Wi Ui bi Wf Uf bf Wg Ug bg Wo Uo bo"),
        (GRU, "Wr Ur br Wz Uz bz Wn Un bn bhn"),
    ],
)
def test_names_and_inputs(kind, names):
    net = network(kind(5, T, initial=True))
    assert [p.name for p in net.parameters] == [*(f"{kind.kind}1.{name}" for name in names.split()), "W2", "b2"]
    assert [x.name for x in net.inputs] == ["X1", "X2", "X3", "X4", "H0", *["C0"] * (kind is LSTM)]
    assert [x.step for x in net.inputs[:T]] == [1, 2, 3, 4]
    assert all(x.role is Role.INPUT for x in net.inputs)


def test_the_gradient_by_an_input_of_one_step():
    derived = derive(network(RNN(5, T)), wrt=["X2", "rnn1.W"])
    assert str(derived.gradients["X2"].recursive) == "rnn1.W.T*drnn1.Z2"


def test_an_embedding_is_one_table_at_every_step():
    derived = derive(network(Embedding(3, 5), RNN(4, T)))
    assert derived.forward["A1_3"].rhs == derived.network.by_name["E1"] * derived.network.by_name["X3"]
    assert len(derived.gradients["E1"].terms) == T


def test_an_embedding_looks_up_columns():
    net = Network([Embedding(4, 3)], inputs=4, loss="mse")
    table, tokens = np.arange(12.0).reshape(3, 4), [2, 0, 2]
    _, gradients = derive(net).compile()({"E1": table}, np.eye(4)[:, tokens], np.zeros((3, 3)))
    assert np.allclose(gradients["E1"], table * [1 / 3, 0, 2 / 3, 0])


def test_compiled_takes_the_steps_by_name():
    derived = derive(network(RNN(5, 2)))
    values = {p.name: np.ones(tuple(map(int, p.shape))) for p in derived.network.parameters}
    with pytest.raises(SpecError, match="X must be a dict of the arrays X1, X2"):
        derived.compile()(values, np.ones((3, 4)), np.eye(2))
    with pytest.raises(ShapeError, match="X2 has shape"):
        derived.compile()(values, {"X1": np.ones((3, 2)), "X2": np.ones((4, 2))}, np.eye(2))


@pytest.mark.parametrize("kind", KINDS)
def test_the_program_stands_alone_and_its_lines_are_short(kind):
    derived = derive(network(kind(5, T), l2="0.1"))
    scope = {}
    exec(compile(derived.compile().source, "alone", "exec", dont_inherit=True), scope)
    random = np.random.default_rng(0)
    values = {p.name: random.normal(size=tuple(map(int, p.shape))) for p in derived.network.parameters}
    inputs = {x.name: random.normal(size=(3, 6)) for x in derived.network.inputs}
    loss, gradients = scope["loss_and_gradients"](values, inputs, np.eye(2)[:, [0, 1] * 3])
    assert loss > 0
    assert gradients.keys() == values.keys()
    unpacked = [line for line in derived.compile().source.splitlines() if "parameters[" in line]
    assert max(map(len, unpacked)) <= 104


def seconds(steps):
    net = network(LSTM(5, steps))
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        derive(net)
        best = min(best, time.process_time() - start)
    return best


def test_an_lstm_derives_in_time_linear_in_its_steps():
    assert len(derive(network(LSTM(5, 100))).forward) == 100 * 14 + 5
    assert seconds(100) < 4 * 2.5 * seconds(25)


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: RNN(5, 0), SpecError, "steps is 0: give a whole number from 1"),
        (lambda: GRU(5, 10**9), SpecError, "steps is 1000000000"),
        (lambda: LSTM(5, True), SpecError, "steps is True"),
        (lambda: LSTM(0, 2), SpecError, "cannot have 0 units"),
        (lambda: network(RNN(5, 2, "tanhh")), SpecError, "tanhh"),
        (lambda: network(Dense(5), RNN(5, T)), SpecError, "Dense reads one matrix and gets a sequence of 4"),
        (lambda: network(RNN(5, T, sequence=True)), SpecError, "Dense reads one matrix and gets a sequence of 4"),
        (lambda: network(RNN(5, T), RNN(5, T)), SpecError, r"RNN reads a sequence and rnn1\.h4 is one matrix"),
        (lambda: network(RNN(5, T, sequence=True), GRU(5, 3)), SpecError, "GRU has 3 steps"),
        (lambda: Network([RNN(5, T, sequence=True)], loss="mse"), SpecError, "ends in a sequence of 4 matrices"),
        (lambda: network(Embedding(7, 5)), ShapeError, "has 7 tokens and X is 3×m"),
        (lambda: Embedding(0), SpecError, "cannot have 0 units"),
    ],
)
def test_refused(build, error, message):
    with pytest.raises(error, match=message):
        build()
