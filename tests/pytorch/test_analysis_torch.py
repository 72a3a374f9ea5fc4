"""Rates and verdicts of ``analyze`` against PyTorch's autograd, in float64, with the same weights and data."""

import math

import numpy as np
import pytest

from symbp import Dense, Network, analyze
from symbp.analysis.flow import Flow
from symbp.analysis.initialisations import initialisation
from symbp.networks.layers import Activation, Linear
from symbp.networks.normalisation import BatchNorm
from symbp.networks.residual import Residual
from symbp.op import FactorRole
from symbp.symbols import Role

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch==2.13.0")

WIDTH, INPUTS, OUTPUTS, EXAMPLES, SEED = 24, 10, 4, 16, 3
FUNCTIONS = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid, "gelu": torch.nn.functional.gelu}


def hidden(kind, name):
    """Return the layers of one block, and PyTorch's: a function of x, and of the weights and biases by turns."""
    f = FUNCTIONS[name]
    if kind == "plain":
        return [Dense(WIDTH, name)], lambda x, take: f(take(x))
    if kind == "batch_norm":
        return [Linear(WIDTH), BatchNorm(), Activation(name)], lambda x, take: f(normal(take(x)))
    return [Residual([Activation(name), Linear(WIDTH)])], lambda x, take: x + take(f(x))


def normal(z):
    return torch.nn.functional.batch_norm(z, None, None, training=True, eps=1e-5)


def slope_and_verdict(norms, layers):
    """Return the least-squares slope of log10 of the norms towards the input, and the verdict, from the definition."""
    slope = -np.polyfit(np.arange(1, len(norms) + 1), np.log10(norms), 1)[0]
    change = slope * max(layers - 1, 10)
    return slope, Flow.STABLE if abs(change) < 1 else Flow.VANISHING if change < 0 else Flow.EXPLODING


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("kind", ["plain", "batch_norm", "residual"])
@pytest.mark.parametrize(("init", "layers"), [("xavier", 8), ("normal:2.2", 12), ("orthogonal", 8)])
def test_rates_verdicts_and_norms(name, kind, init, layers):
    ours, theirs = hidden(kind, name)
    stack = [Linear(WIDTH), *ours * layers, Dense(OUTPUTS, "softmax")]
    network = Network(stack, INPUTS, "cross_entropy", batch=True)
    random = np.random.default_rng(0)
    x = random.normal(size=(INPUTS, EXAMPLES))
    labels = random.integers(0, OUTPUTS, EXAMPLES)
    flow = analyze(network, init=init, seed=SEED, X=x, Y=np.eye(OUTPUTS)[:, labels], bounds=False)

    chosen, given = initialisation(init), network.forward.given
    leaves = {
        each.name: torch.tensor(chosen.parameter(each, tuple(map(int, each.shape)), [SEED, place]), requires_grad=True)
        for place, each in enumerate(given)
        if each in network.parameters
    }
    roles = (Role.WEIGHT, Role.BIAS)
    weights, biases = ([leaves[p.name] for p in network.parameters if p.role is role] for role in roles)
    turns = iter(zip(weights, biases, strict=True))

    def take(inputs):
        weight, bias = next(turns)
        return inputs @ weight.T + bias.T

    signal = take(torch.tensor(x.T))
    for _ in range(layers):
        signal = theirs(signal, take)
    torch.nn.functional.cross_entropy(take(signal), torch.tensor(labels)).backward()

    norms = [float(torch.linalg.norm(weight.grad)) for weight in weights]
    assert [math.exp(row.log) for row in flow.rows] == pytest.approx(norms, rel=1e-8)
    if kind == "residual":  # Blocks have a rate of their own, and no slope over their weights.
        assert (flow.slope, flow.rate) == (None, None)
        return
    slope, verdict = slope_and_verdict(norms, flow.layers)
    assert flow.slope == pytest.approx(slope, abs=1e-8)
    assert flow.rate == pytest.approx(10**slope, rel=1e-8)
    assert flow.verdict is verdict
    assert sum(flow.slopes.values()) == pytest.approx(slope, abs=1e-8)
    assert FactorRole.PREVIOUS in flow.slopes
