"""Every shipped example against a twin in PyTorch, built here from the file itself: loss and all gradients in float64.

The twin reads the TOML on its own and is made of PyTorch's modules; only the parameters' values are ours.
"""

import tomllib

import numpy as np
import pytest

from symbp import Network, derive
from symbp.networks.examples import EXAMPLES

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch==2.13.0")
F = torch.nn.functional

EXAMPLES_DRAWN = 7
ACTIVATIONS = {"relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid, None: lambda z: z}


class Parameters:
    """The leaves in the order of the network's parameters, taken one by one by what they must be."""

    def __init__(self, leaves):
        self.waiting = list(leaves.items())

    def take(self, stem):
        """Return the next leaf, a column as a vector; its name must be the stem and a number."""
        name, leaf = self.waiting.pop(0)
        assert name.rpartition(".")[2].rstrip("0123456789") == stem, f"{name} stands where {stem} should"
        return leaf[:, 0] if leaf.shape[1] == 1 and stem[0] in "bg" else leaf


def activated(name, z):
    """The functions of an example; softmax over the features."""
    return torch.softmax(z, -1) if name == "softmax" else ACTIVATIONS[name](z)


def linear(table, x, given):
    flat = x.flatten(1) if x.dim() == 4 else x  # An image, examples × channels × height × width.
    return F.linear(flat, given.take("W"), given.take("b") if table.get("bias", True) else None)


def dense(table, x, given):
    return activated(table.get("activation"), linear(table, x, given))


def activation(table, x, given):
    return activated(table["function"], x)


def batch_norm(table, x, given):
    gamma, beta = given.take("gamma"), given.take("beta")
    return F.batch_norm(x, None, None, gamma, beta, training=True, eps=float(table.get("epsilon", 1e-5)))


def residual(table, x, given):
    assert "projection" not in table, "no example has one"
    return x + run(table["layers"], x, given)


def conv2d(table, x, given):
    kernel = table["kernel"] if isinstance(table["kernel"], list) else [table["kernel"]] * 2
    weight, bias = given.take("W"), given.take("b") if table.get("bias", True) else None
    weight = weight.reshape(table["channels"], x.shape[1], *kernel)
    z = F.conv2d(x, weight, bias, table.get("stride", 1), table.get("padding", 0))
    return activated(table.get("activation"), z)


def max_pool2d(table, x, given):
    return F.max_pool2d(x, table["kernel"], table.get("stride"))


def lstm(table, x, given):
    """The last hidden state of torch.nn.LSTM on steps × examples × features; its second bias is zero."""
    gates = [[given.take(f"{stem}{gate}") for stem in "WUb"] for gate in "ifgo"]
    w, u, b = (torch.cat(each) for each in zip(*gates, strict=True))
    module = torch.nn.LSTM(x.shape[2], table["units"], dtype=torch.float64)
    own = {"weight_ih_l0": w, "weight_hh_l0": u, "bias_ih_l0": b, "bias_hh_l0": torch.zeros_like(b)}
    return torch.func.functional_call(module, own, (x,))[0][-1]


def transformer_block(table, x, given):
    """Pre-norm, on examples × tokens × width; gelu with tanh unless the file says otherwise."""
    assert not table.get("bias", False), "no example has one"
    assert "activation" not in table, "no example has another"
    width, heads, tokens = x.shape[2], table.get("heads", 1), table["tokens"]

    def norm(a):
        return F.layer_norm(a, [width], given.take("gamma"), given.take("beta"), float(table.get("epsilon", 1e-5)))

    module = torch.nn.MultiheadAttention(width, heads, bias=False, batch_first=True, dtype=torch.float64)
    hidden = torch.triu(torch.ones(tokens, tokens, dtype=torch.bool), 1) if table.get("causal", False) else None
    a = norm(x)
    own = {"in_proj_weight": torch.cat([given.take(f"W{letter}") for letter in "QKV"])}
    own["out_proj.weight"] = given.take("WO")
    x = x + torch.func.functional_call(module, own, (a, a, a), {"attn_mask": hidden, "need_weights": False})[0]
    return x + linear({}, F.gelu(linear({}, norm(x), given), approximate="tanh"), given)


TWINS = {
    each.__name__: each
    for each in (linear, dense, activation, batch_norm, residual, conv2d, max_pool2d, lstm, transformer_block)
}
"""What a type of layer is in PyTorch. An example with another type fails until it has its line here."""


def run(tables, x, given):
    for table in tables:
        for _ in range(table.get("repeat", 1)):
            x = TWINS[table["type"]](table, x, given)
    return x


def logits(tables):
    """The layers with the last activation left out where PyTorch's loss applies it itself."""
    *before, last = tables
    assert last.pop("activation") == "softmax"
    return [*before, last]


def loss_of(spec, x, y, given):
    """The twin's loss; y has one row an example, or one a token."""
    if spec["loss"] == "cross_entropy":
        out = run(logits(spec["layers"]), x, given)
        return F.cross_entropy(out.flatten(0, -2), y)
    assert spec["loss"] == "mse"
    out = run(spec["layers"], x, given).flatten(0, -2)
    return F.mse_loss(out, y, reduction="sum") / (2 * len(y))


def drawn(spec, random):
    """Return the data as PyTorch has them: examples first, but steps first in a sequence."""
    tables, width = spec["layers"], spec["inputs"]
    tokens = next((table["tokens"] for table in tables if "tokens" in table), None)
    steps = next((table["steps"] for table in tables if "steps" in table), None)
    if isinstance(width, dict):
        return random.normal(size=(EXAMPLES_DRAWN, width["channels"], width.get("height", 1), width["width"]))
    if steps:
        return random.normal(size=(steps, EXAMPLES_DRAWN, width))
    return random.normal(size=(EXAMPLES_DRAWN, tokens, width) if tokens else (EXAMPLES_DRAWN, width))


def columns(spec, x):
    """Return the same data as symbp has them: features × examples; X1, X2 … for a sequence."""
    if any("steps" in table for table in spec["layers"]):
        return {f"X{step}": each.T for step, each in enumerate(x, 1)}
    return x.reshape(EXAMPLES_DRAWN, -1).T if x.ndim == 4 else x.reshape(-1, x.shape[-1]).T


@pytest.mark.parametrize("name", EXAMPLES)
def test_all_gradients_of_an_example_equal_those_of_its_twin(name):
    spec = tomllib.loads(EXAMPLES[name].read_text(encoding="utf-8"))
    net = Network.load(EXAMPLES[name])
    random = np.random.default_rng(5)
    values = {each.name: random.normal(size=tuple(map(int, each.shape))) for each in net.parameters}
    x = drawn(spec, random)
    data = columns(spec, x)
    outputs, count = int(net.y.shape[0]), data.shape[1] if isinstance(data, np.ndarray) else EXAMPLES_DRAWN
    y = random.normal(size=(count, outputs))
    if spec["loss"] == "cross_entropy":
        y = np.eye(outputs)[random.integers(0, outputs, count)]

    leaves = {key: torch.tensor(value, requires_grad=True) for key, value in values.items()}
    given = Parameters(leaves)
    wanted = loss_of(spec, torch.tensor(x), torch.tensor(y), given)
    wanted.backward()
    assert not given.waiting, "the twin left parameters unused"

    loss, gradients = derive(net).compile()(values, data, y.T)
    assert abs(loss - wanted.item()) <= 1e-10 * abs(wanted.item())
    assert gradients.keys() == leaves.keys()
    for key, leaf in leaves.items():
        scale = np.linalg.norm(leaf.grad.numpy())
        assert scale > 0, key
        error = np.linalg.norm(gradients[key] - leaf.grad.numpy()) / scale
        print(f"{name} {key} {error:.1e}")
        assert error <= 1e-10, key
