"""RNN, LSTM and GRU alone: one step, symbolically the closed forms of the literature, the same as the layers' steps."""

import numpy as np
import pytest
import sympy
from displayed import EXACT, run, symbols

from symbp import Dense, Network, check, derive
from symbp.networks.operations import OPERATIONS
from symbp.networks.recurrent import GRU, LSTM, RNN
from symbp.symbols import BATCH, width

N0, N, M = 3, 2, 1
SIZES = {width(0): N0, width(1): N, BATCH: M}
ELEMENTWISE = np.frompyfunc(lambda at: sympy.tanh(at), 1, 1)
SIGMOID = np.frompyfunc(lambda at: 1 / (1 + sympy.exp(-at)), 1, 1)
tanh, sigmoid = ELEMENTWISE, SIGMOID


def derived_step(name):
    """The derived step with a symbol in the place of every given entry, and those symbols by the matrix's name."""
    step = derive(OPERATIONS[name].build())
    shapes = {each.name: [int(size.xreplace(SIZES)) for size in each.shape] for each in step.forward.given}
    given = {name: symbols(name, *shape) for name, shape in shapes.items()}
    values = run(step.forward.equations[:-1], given, SIZES, EXACT)
    return given, values, run(step.backward, values, SIZES, EXACT)


def assert_same(found, expected):
    """Equal as functions: their difference is zero to 25 digits at two rational points."""
    assert found.shape == expected.shape
    for one, other in zip(found.ravel(), expected.ravel(), strict=True):
        difference = sympy.sympify(one - other)
        free = sorted(difference.free_symbols, key=str)
        for seed in (1, 2):
            at = {symbol: sympy.Rational((7 * k + 3 * seed) % 11 - 5, 7) for k, symbol in enumerate(free)}
            assert abs(sympy.N(difference.xreplace(at), 30)) < sympy.Float("1e-25"), difference


def test_the_four_gates_of_an_lstm():
    """Backpropagation through time as Greff et al. 2017 write it, without peepholes."""
    a, v, d = derived_step("lstm")
    z = {g: a[f"W{g}"] @ a["X"] + a[f"U{g}"] @ a["h0"] + a[f"b{g}"] for g in "ifgo"}
    i, f, g, o = sigmoid(z["i"]), sigmoid(z["f"]), tanh(z["g"]), sigmoid(z["o"])
    c = f * a["c0"] + i * g
    dh, later = a["dh"], a["c_bar"]
    dc = later + dh * o * (1 - tanh(c) ** 2)
    delta = {"o": dh * tanh(c) * o * (1 - o), "f": dc * a["c0"] * f * (1 - f), "i": dc * g * i * (1 - i),
             "g": dc * i * (1 - g**2)}  # fmt: skip
    assert_same(v["h"], o * tanh(c))
    assert_same(d["dc"], dc)
    assert_same(d["dc0"], dc * f)
    assert_same(d["dh0"], sum(a[f"U{gate}"].T @ delta[gate] for gate in "ifgo"))
    assert_same(d["dX"], sum(a[f"W{gate}"].T @ delta[gate] for gate in "ifgo"))
    for gate in "ifgo":
        assert_same(d[f"dZ{gate}"], delta[gate])
        assert_same(d[f"dW{gate}"], delta[gate] @ a["X"].T)
        assert_same(d[f"dU{gate}"], delta[gate] @ a["h0"].T)
        assert_same(d[f"db{gate}"], delta[gate])


def test_the_gates_of_a_gru():
    a, v, d = derived_step("gru")
    r, z = (sigmoid(a[f"W{g}"] @ a["X"] + a[f"U{g}"] @ a["h0"] + a[f"b{g}"]) for g in "rz")
    q = a["Un"] @ a["h0"] + a["bhn"]
    n = tanh(a["Wn"] @ a["X"] + a["bn"] + r * q)
    dh = a["dh"]
    dn, dz = dh * (1 - z) * (1 - n**2), dh * (a["h0"] - n) * z * (1 - z)
    dr = dn * q * r * (1 - r)
    assert_same(v["h"], (1 - z) * n + z * a["h0"])
    for name, delta in (("n", dn), ("z", dz), ("r", dr)):
        assert_same(d[f"dA{name}"], delta)
    assert_same(d["dh0"], dh * z + a["Ur"].T @ dr + a["Uz"].T @ dz + a["Un"].T @ (dn * r))
    assert_same(d["dUn"], (dn * r) @ a["h0"].T)


def test_an_rnn():
    a, _, d = derived_step("rnn")
    delta = a["dh"] * (1 - tanh(a["W"] @ a["X"] + a["U"] @ a["h0"] + a["b"]) ** 2)
    assert_same(d["dZ"], delta)
    assert_same(d["dh0"], a["U"].T @ delta)
    assert_same(d["dW"], delta @ a["X"].T)


def test_a_wrong_closed_form_is_seen():
    a, _, d = derived_step("rnn")
    with pytest.raises(AssertionError):
        assert_same(d["dh0"], a["U"].T @ a["dh"])


@pytest.mark.parametrize(("name", "cell"), [("rnn", RNN), ("lstm", LSTM), ("gru", GRU)])
def test_a_step_alone_is_a_step_of_the_layer(name, cell):
    """The step alone, run step by step with what each hands to the next, gives the gradients of the unrolled layer."""
    steps, random = 3, np.random.default_rng(5)
    net = Network([cell(4, steps), Dense(2, "tanh")], 3, "mse", batch=True)
    unrolled, step = derive(net), derive(OPERATIONS[name].build())
    parameters = {p.name: random.normal(size=tuple(map(int, p.shape))) for p in net.parameters}
    inputs = {x.name: random.normal(size=(3, 5)) for x in net.inputs}
    y = random.normal(size=(2, 5))
    _, expected = unrolled.compile()(parameters, inputs, y)
    sizes = {width(0): 3, width(1): 4, BATCH: 5}
    xp = np
    own = {key.rpartition(".")[2]: value for key, value in parameters.items() if "." in key}
    state = {each: np.zeros((4, 5)) for each in ("h0", "c0")[: 1 + (name == "lstm")]}
    lists = []
    for t in range(1, steps + 1):
        values = run(step.forward.equations[:-1], {**own, **state, "X": inputs[f"X{t}"]}, sizes, xp)
        lists.append(values)
        state = {"h0": values["h"], **({"c0": values["c"]} if name == "lstm" else {})}
    a = np.tanh(parameters["W2"] @ state["h0"] + parameters["b2"])
    back = {"dh": parameters["W2"].T @ ((a - y) / 5 * (1 - a**2)), "c_bar": np.zeros((4, 5))}
    total = dict.fromkeys(own, 0)
    for values in reversed(lists):
        found = run(step.backward, {**values, **back}, sizes, xp)
        total = {key: total[key] + found[f"d{key}"] for key in own}
        back = {"dh": found["dh0"], "c_bar": found.get("dc0")}
    for key, gradient in total.items():
        np.testing.assert_allclose(gradient, expected[f"{name}1.{key}"], rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("name", ["rnn", "lstm", "gru"])
def test_checked(name):
    report = check(derive(OPERATIONS[name].build()))
    assert report.passed, report.rows


@pytest.mark.parametrize(("name", "layer"), [("rnn", RNN), ("lstm", LSTM), ("gru", GRU)])
def test_what_the_steps_give_the_parameters_adds_up(name, layer):
    """The step alone, run at every step t from the last with the errors it hands back: the sum is the layer's."""
    steps, n0, n, m = 3, 2, 4, 5
    random = np.random.default_rng(6)
    whole = derive(Network([layer(n, steps)], n0, loss="mse", batch=True))
    parameters = {p.name: random.normal(size=[int(size) for size in p.shape]) for p in whole.network.parameters}
    xs, y = [random.normal(size=(n0, m)) for _ in range(steps)], random.normal(size=(n, m))
    _, expected = whole.compile()(parameters, {f"X{t}": x for t, x in enumerate(xs, 1)}, y)
    own = {key.rpartition(".")[2]: array for key, array in parameters.items()}
    alone = derive(OPERATIONS[name].build())
    run_it, forward = alone.compile(), [each for each in alone.forward if each.name in ("h", "c")]
    sizes = {width(0): n0, width(1): n, BATCH: m}
    zero = np.zeros((n, m))
    states = [{"h0": zero} | ({"c0": zero} if name == "lstm" else {})]
    for x in xs:
        numeric = run(alone.forward.equations[:-1], own | states[-1] | {"X": x}, sizes, np)
        states.append({f"{each.name}0": numeric[each.name] for each in forward})
    error, later = (states[-1]["h0"] - y) / m, zero
    total = dict.fromkeys(own, 0.0)
    for x, state in zip(reversed(xs), reversed(states[:-1]), strict=True):
        above = {"dh": error, "c_bar": later} if name == "lstm" else error
        _, found = run_it(own, {"X": x} | state, above)
        total = {key: total[key] + found[key] for key in own}
        error, later = found["h0"], found.get("c0", zero)
    for key, array in expected.items():
        np.testing.assert_allclose(total[key.rpartition(".")[2]], array, rtol=1e-10, atol=1e-14)
