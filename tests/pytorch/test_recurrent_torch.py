"""Recurrent layers, dropout, penalty and tied weights against PyTorch's own modules and autograd, in float64."""

import numpy as np
import pytest

from symbp import Dense, Network, derive
from symbp.networks.attention import CrossAttention
from symbp.networks.embedding import Embedding
from symbp.networks.layers import Linear
from symbp.networks.recurrent import GRU, LSTM, RNN
from symbp.networks.regularisation import Dropout
from symbp.networks.sequences import SequenceEncoder, Tokens

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch==2.13.0")

INPUTS, UNITS, OUTPUTS, STEPS, EXAMPLES = 3, 5, 2, 4, 7
GATES = {RNN: [""], LSTM: list("ifgo"), GRU: list("rzn")}
MODULES = {RNN: torch.nn.RNN, LSTM: torch.nn.LSTM, GRU: torch.nn.GRU}


def leaf(array):
    return torch.tensor(array, dtype=torch.float64, requires_grad=True)


def drawn(net):
    random = np.random.default_rng(3)
    values = {p.name: random.normal(size=tuple(map(int, p.shape))) for p in net.parameters}
    inputs = {x.name: random.normal(size=(int(x.shape[0]), EXAMPLES)) for x in net.inputs}
    return values, inputs, np.eye(OUTPUTS)[:, random.integers(0, OUTPUTS, EXAMPLES)]


def assert_equal(found, wanted):
    assert set(found) == set(wanted)
    for name, gradient in found.items():
        scale = np.linalg.norm(gradient)
        assert scale > 0, name
        assert np.linalg.norm(gradient - wanted[name].numpy()) <= 1e-10 * scale, name


def module_of(kind, path, values, inputs):
    """Return PyTorch's module with our parameters: gates stacked, our one bias as its first."""
    module = MODULES[kind](inputs, UNITS).double()
    stacked = {stem: np.concatenate([values[f"{path}.{stem}{gate}"] for gate in GATES[kind]]) for stem in "WUb"}
    with torch.no_grad():
        module.weight_ih_l0.copy_(torch.tensor(stacked["W"]))
        module.weight_hh_l0.copy_(torch.tensor(stacked["U"]))
        module.bias_ih_l0.copy_(torch.tensor(stacked["b"][:, 0]))
        module.bias_hh_l0.zero_()
        if kind is GRU:
            module.bias_hh_l0[2 * UNITS :] = torch.tensor(values[f"{path}.bhn"][:, 0])
    return module


def gradients_of(kind, path, module):
    """Return the gradients of a module under our names."""
    found = {}
    for index, gate in enumerate(GATES[kind]):
        rows = slice(index * UNITS, (index + 1) * UNITS)
        found[f"{path}.W{gate}"] = module.weight_ih_l0.grad[rows]
        found[f"{path}.U{gate}"] = module.weight_hh_l0.grad[rows]
        found[f"{path}.b{gate}"] = module.bias_ih_l0.grad[rows, None]
    if kind is GRU:
        found[f"{path}.bhn"] = module.bias_hh_l0.grad[2 * UNITS :, None]
    return found


def entering(kind, inputs):
    """Return H0 (and C0) as PyTorch takes them, None for zeros."""
    states = tuple(torch.tensor(inputs[name].T).unsqueeze(0).contiguous() for name in ("H0", "C0") if name in inputs)
    return None if not states else states if kind is LSTM else states[0]


@pytest.mark.parametrize("initial", [False, True], ids=["from zero", "from H0"])
@pytest.mark.parametrize("kind", [RNN, LSTM, GRU])
def test_all_gradients_equal_those_of_the_module(kind, initial):
    net = Network([kind(UNITS, STEPS, initial=initial), Dense(OUTPUTS, "softmax")], INPUTS, "cross_entropy")
    values, inputs, y = drawn(net)
    loss, gradients = derive(net).compile()(values, inputs, y)
    path = f"{kind.kind}1"
    module = module_of(kind, path, values, INPUTS)
    weight, bias = leaf(values["W2"]), leaf(values["b2"])
    xs = torch.tensor(np.stack([inputs[f"X{step}"].T for step in range(1, STEPS + 1)]))
    states, _ = module(xs, entering(kind, inputs))
    wanted = torch.nn.functional.cross_entropy(states[-1] @ weight.T + bias.T, torch.tensor(y.argmax(0)))
    wanted.backward()
    assert abs(loss - wanted.item()) <= 1e-10 * abs(loss)
    assert_equal(gradients, {"W2": weight.grad, "b2": bias.grad, **gradients_of(kind, path, module)})


def test_an_embedding_before_an_lstm_equals_the_modules():
    net = Network([Embedding(6, INPUTS), LSTM(UNITS, STEPS), Dense(OUTPUTS, "softmax")], 6, "cross_entropy")
    values, _, y = drawn(net)
    tokens = np.random.default_rng(1).integers(0, 6, (STEPS, EXAMPLES))
    inputs = {f"X{step}": np.eye(6)[:, row] for step, row in enumerate(tokens, 1)}
    _, gradients = derive(net).compile()(values, inputs, y)
    table, weight, bias = (leaf(values[name]) for name in ("E1", "W3", "b3"))
    module = module_of(LSTM, "lstm2", values, INPUTS)
    states, _ = module(torch.nn.functional.embedding(torch.tensor(tokens), table.T))
    torch.nn.functional.cross_entropy(states[-1] @ weight.T + bias.T, torch.tensor(y.argmax(0))).backward()
    own = {"E1": table.grad, "W3": weight.grad, "b3": bias.grad}
    assert_equal(gradients, {**own, **gradients_of(LSTM, "lstm2", module)})


def test_dropout_penalty_and_a_tied_weight_equal_autograd():
    layers = [Dense(UNITS, "tanh"), Dropout(), Linear(tied_to="W1", transposed=True), Dense(OUTPUTS, "softmax")]
    net = Network(layers, INPUTS, "cross_entropy", l2="0.3")
    values, inputs, y = drawn(net)
    inputs["M1"] = 2.0 * (inputs["M1"] > 0)
    loss, gradients = derive(net).compile()(values, inputs, y)
    given = {name: leaf(array) for name, array in values.items()}
    x, mask = (torch.tensor(inputs[name]) for name in ("X", "M1"))
    hidden = torch.tanh(given["W1"] @ x + given["b1"]) * mask
    z = given["W3"] @ (given["W1"].T @ hidden + given["b2"]) + given["b3"]
    data = torch.nn.functional.cross_entropy(z.T, torch.tensor(y.argmax(0)))
    wanted = data + 0.15 * ((given["W1"] ** 2).sum() + (given["W3"] ** 2).sum())
    wanted.backward()
    assert abs(loss - wanted.item()) <= 1e-10 * abs(loss)
    assert_equal(gradients, {name: tensor.grad for name, tensor in given.items()})


@pytest.mark.parametrize("kind", [RNN, LSTM, GRU])
@pytest.mark.parametrize("sequence", [False, True])
def test_two_layers_in_both_directions_with_two_biases_equal_the_module(kind, sequence):
    """Four layers of ours are two of PyTorch's: what it calls l0, l0_reverse, l1 and l1_reverse."""
    cell = kind(UNITS, STEPS, bidirectional=True, depth=2, two_biases=True, sequence=sequence)
    last = [kind(UNITS, STEPS)] if sequence else []
    net = Network([cell, *last, Dense(OUTPUTS, "softmax")], INPUTS, "cross_entropy", batch=True)
    parameters, inputs, y = drawn(net)
    loss, gradients = derive(net).compile()(parameters, inputs, y)

    module = MODULES[kind](INPUTS, UNITS, num_layers=2, bidirectional=True).double()
    ends = ("l0", "l0_reverse", "l1", "l1_reverse")
    stems = (("W", "weight_ih"), ("U", "weight_hh"), ("b", "bias_ih"), ("bh", "bias_hh"))
    with torch.no_grad():
        for number, end in enumerate(ends, 1):
            for stem, theirs in stems:
                ours = [parameters[f"{cell.kind}{number}.{stem}{gate}"] for gate in GATES[kind]]
                theirs_ = getattr(module, f"{theirs}_{end}")
                theirs_.copy_(torch.tensor(np.concatenate(ours)).reshape(theirs_.shape))
    x = torch.tensor(np.stack([inputs[f"X{step}"].T for step in range(1, STEPS + 1)]))
    states, final = module(x)
    final = final[0] if kind is LSTM else final
    own = {}
    if sequence:
        behind = module_of(kind, f"{cell.kind}5", parameters, 2 * UNITS)
        states, _ = behind(states)
        out = states[-1]
        own = behind
    else:
        out = torch.cat([final[-2], final[-1]], dim=1)
    names = [each for each in parameters if "." not in each]
    w, b = (leaf(parameters[name]) for name in names)
    wanted = torch.nn.functional.cross_entropy(out @ w.T + b.T, torch.tensor(y.argmax(axis=0)))
    wanted.backward()
    assert loss == pytest.approx(wanted.item(), rel=1e-12)
    found = dict(zip(names, (w.grad, b.grad), strict=True))
    for number, end in enumerate(ends, 1):
        for index, gate in enumerate(GATES[kind]):
            rows = slice(index * UNITS, (index + 1) * UNITS)
            for stem, theirs in stems:
                gradient = getattr(module, f"{theirs}_{end}").grad[rows]
                found[f"{cell.kind}{number}.{stem}{gate}"] = gradient[:, None] if stem in ("b", "bh") else gradient
    if own:
        found |= gradients_of(kind, f"{cell.kind}5", own)
    assert_equal(gradients, found)


@pytest.mark.parametrize("kind", [RNN, LSTM, GRU])
def test_a_decoder_that_attends_to_its_encoder_equals_the_modules(kind):
    """Four steps of a decoder from the last state of three of an encoder; an output at every step."""
    layers = [
        SequenceEncoder([kind(UNITS, 3, sequence=True)], 3, INPUTS),
        kind(UNITS, STEPS, sequence=True, carried=True),
        Tokens(),
        CrossAttention(tokens=STEPS),
        Dense(OUTPUTS, "softmax"),
    ]
    net = Network(layers, INPUTS, "cross_entropy")
    parameters, inputs, _ = drawn(net)
    labels = np.random.default_rng(4).integers(0, OUTPUTS, EXAMPLES * STEPS)
    loss, gradients = derive(net).compile()(parameters, inputs, np.eye(OUTPUTS)[:, labels])

    paths = f"{kind.kind}1", f"{kind.kind}2"
    encoder, decoder = (module_of(kind, path, parameters, INPUTS) for path in paths)
    read, written = (
        torch.tensor(np.stack([inputs[f"{letter}{step}"].T for step in range(1, steps + 1)]))
        for letter, steps in (("C", 3), ("X", STEPS))
    )
    memory, last = encoder(read)
    states, _ = decoder(written, last)
    rest = {name: leaf(value) for name, value in parameters.items() if not name.startswith(paths)}
    q, k, v = (
        torch.nn.functional.linear(each.transpose(0, 1), rest[f"cross.W{letter}"])
        for letter, each in (("Q", states), ("K", memory), ("V", memory))
    )
    out = torch.nn.functional.scaled_dot_product_attention(q, k, v) @ rest["cross.WO"].T
    w, b = (rest[name] for name in rest if name[0] in "Wb")
    wanted = torch.nn.functional.cross_entropy((out @ w.T + b.T).flatten(0, 1), torch.tensor(labels))
    wanted.backward()
    assert loss == pytest.approx(wanted.item(), rel=1e-12)
    found = {name: each.grad for name, each in rest.items()}
    for path, module in zip(paths, (encoder, decoder), strict=True):
        found |= gradients_of(kind, path, module)
    assert_equal(gradients, found)
