"""Attention and transformer blocks against PyTorch's autograd in float64, tokens as rows there and as columns here."""

import numpy as np
import pytest
from sympy import Integer

from symbp import Dense, Network, derive
from symbp.networks.attention import Attention
from symbp.networks.layers import Linear
from symbp.networks.transformer import TransformerBlock
from symbp.symbols import BATCH

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch==2.13.0")
F = torch.nn.functional

TOKENS, EXAMPLES, WIDTH = 5, 3, 6


def drawn(net, seed=0):
    random = np.random.default_rng(seed)
    sizes = {each.name: [int(n.xreplace({BATCH: Integer(EXAMPLES)})) for n in each.shape] for each in net.forward.given}
    values = {name: random.normal(size=size) for name, size in sizes.items()}
    if net.output.stem == "A":  # softmax
        labels = random.integers(0, sizes["Y"][0], sizes["Y"][1])
        values["Y"] = np.eye(sizes["Y"][0])[:, labels]
    return values


def tokens_as_rows(array):
    """n × T·m -> m × T × n."""
    return torch.tensor(array.T.reshape(EXAMPLES, TOKENS, -1))


def attention(p, x, heads, causal, path="attention."):
    def project(letter, a):
        return F.linear(a, p[f"{path}W{letter}"], p[f"{path}b{letter}"].flatten() if f"{path}b{letter}" in p else None)

    def split(a):
        return a.reshape(EXAMPLES, TOKENS, heads, -1).transpose(1, 2)

    q, k, v = (split(project(letter, x)) for letter in "QKV")
    mixed = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
    return project("O", mixed.transpose(1, 2).reshape(EXAMPLES, TOKENS, -1))


def block(p, x, heads, causal, activation, path):
    def norm(a, name):
        return F.layer_norm(a, a.shape[-1:], p[f"{path}{name}.gamma"].flatten(), p[f"{path}{name}.beta"].flatten())

    def linear(a, name):
        return F.linear(a, p[f"{path}{name}.W"], p[f"{path}{name}.b"].flatten())

    x = x + attention(p, norm(x, "norm1"), heads, causal, f"{path}attention.")
    return x + linear(activation(linear(norm(x, "norm2"), "hidden")), "output")


def gelu(a):
    return F.gelu(a, approximate="tanh")


def mse(out, y):
    return ((out - y) ** 2).sum() / (2 * EXAMPLES * TOKENS)


def compare(net, forward, loss):
    """Assert that loss and all gradients agree to 1e-10 relative, X included; return the largest deviation."""
    values = drawn(net)
    x, y = tokens_as_rows(values.pop("X")).requires_grad_(), tokens_as_rows(values.pop("Y"))
    p = {name: torch.tensor(value, requires_grad=True) for name, value in values.items()}
    expected = loss(forward(p, x), y)
    expected.backward()
    compiled = derive(net, wrt=[*values, "X"]).compile()
    columns = [each.detach().numpy().reshape(EXAMPLES * TOKENS, -1).T for each in (x, y)]
    found, gradients = compiled(values, *columns)
    grads = {name: each.grad.numpy() for name, each in p.items()}
    grads["X"] = x.grad.numpy().reshape(EXAMPLES * TOKENS, -1).T
    deviations = [abs(found - expected.item()) / abs(expected.item())]
    scale = max(np.linalg.norm(each) for each in grads.values())
    for name, grad in grads.items():
        size = np.linalg.norm(grad) if not name.endswith("bK") else scale  # A key's bias has the gradient zero.
        deviations.append(np.linalg.norm(gradients[name] - grad) / size)
        assert deviations[-1] <= 1e-10, name
    print("largest deviation:", max(deviations))
    return max(deviations)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("heads", [1, 2, 3])
@pytest.mark.parametrize("bias", [False, True])
def test_attention(heads, causal, bias):
    net = Network([Attention(heads=heads, tokens=TOKENS, causal=causal, bias=bias)], inputs=WIDTH, loss="mse")
    assert compare(net, lambda p, x: attention(p, x, heads, causal), mse) <= 1e-10


@pytest.mark.parametrize("causal", [False, True])
def test_the_module_of_pytorch(causal):
    heads = 3
    net = Network([Attention(heads=heads, tokens=TOKENS, causal=causal, bias=True)], inputs=WIDTH, loss="mse")

    def forward(p, x):
        module = torch.nn.MultiheadAttention(WIDTH, heads, batch_first=True, dtype=torch.float64)
        own = {
            "in_proj_weight": torch.cat([p[f"attention.W{letter}"] for letter in "QKV"]),
            "in_proj_bias": torch.cat([p[f"attention.b{letter}"].flatten() for letter in "QKV"]),
            "out_proj.weight": p["attention.WO"],
            "out_proj.bias": p["attention.bO"].flatten(),
        }
        hidden = torch.triu(torch.ones(TOKENS, TOKENS, dtype=torch.bool), 1) if causal else None
        return torch.func.functional_call(module, own, (x, x, x), {"attn_mask": hidden, "need_weights": False})[0]

    assert compare(net, forward, mse) <= 1e-10


@pytest.mark.parametrize(("name", "activation"), [("gelu_tanh", gelu), ("relu", F.relu)])
@pytest.mark.parametrize("causal", [False, True])
def test_transformer(causal, name, activation):
    options = {"tokens": TOKENS, "heads": 2, "activation": name, "causal": causal, "hidden": 7, "bias": True}
    layers = [Linear(WIDTH), TransformerBlock(**options), TransformerBlock(**options), Dense(3, "softmax")]
    net = Network(layers, inputs=4, loss="cross_entropy")

    def forward(p, x):
        h = F.linear(x, p["W1"], p["b1"].flatten())
        for number in (1, 2):
            h = block(p, h, 2, causal, activation, f"block{number}.")
        last = net.parameters[-2].name, net.parameters[-1].name
        return F.linear(h, p[last[0]], p[last[1]].flatten())

    def cross_entropy(out, y):
        return F.cross_entropy(out.reshape(EXAMPLES * TOKENS, -1), y.reshape(EXAMPLES * TOKENS, -1))

    assert compare(net, forward, cross_entropy) <= 1e-10
