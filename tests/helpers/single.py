"""Gradients in float32 by three libraries: the derived NumPy program, PyTorch's and JAX's own differentiation."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np

from symbp import Conv2d, Dense, Image, LayerNorm, MaxPool2d, Network
from symbp.derivation import Derivation, derive
from symbp.equations import System
from symbp.networks.recurrent import LSTM
from symbp.numeric.definitions import Standins
from symbp.numeric.engines import Engine
from symbp.numeric.source import program
from symbp.numeric.values import TARGETS, Values, target_kinds
from symbp.sample import Sample
from symbp.symbols import Role

Arrays = dict[str, Any]

ACTIVATIONS, LOSSES = ("relu", "tanh", "sigmoid", "gelu"), ("cross_entropy", "mse")


def perceptron(widths: list[int], activation: str = "relu", loss: str = "cross_entropy") -> Derivation:
    return derive(layers=len(widths) - 1, widths=widths, activation=activation, loss=loss)


COMPOSED: Mapping[str, Callable[[], Network]] = {
    "layer norm": lambda: Network([Dense(8, "tanh"), LayerNorm(), Dense(3, "softmax")], 5, loss="cross_entropy"),
    "convolution": lambda: Network(
        [Conv2d(3, 3, padding=1, activation="relu"), MaxPool2d(2), Dense(3, "softmax")],
        Image(2, 6, 6),
        loss="cross_entropy",
    ),
    "lstm": lambda: Network([LSTM(5, steps=6), Dense(3, "softmax")], 4, loss="cross_entropy"),
}


def drawn(derived: Derivation, seed: int, examples: int, spread: float = 1.0) -> Sample:
    """Return float32 parameters and data, no gradients yet; ``spread`` multiplies the usual size of the weights."""
    random = np.random.default_rng(seed)
    kinds = target_kinds(derived.forward)
    parameters: Arrays = {}
    inputs: Arrays = {}
    y = None
    for symbol in derived.forward.given:
        rows, columns = (int(size.subs(dict.fromkeys(size.free_symbols, examples))) for size in symbol.shape)
        if symbol.role is Role.TARGET:
            y = TARGETS[kinds.get(symbol, "real")](random, (rows, columns)).astype(np.float32)
        elif symbol.role is Role.INPUT:
            inputs[symbol.name] = random.normal(size=(rows, columns)).astype(np.float32)
        else:
            size = spread / math.sqrt(columns) if columns > 1 else 0.1
            parameters[symbol.name] = (size * random.normal(size=(rows, columns))).astype(np.float32)
    return Sample(parameters, inputs, y, {})


def _values(sample: Sample, derived: Derivation) -> Values:
    target = {each.name: sample.y for each in derived.forward.given if each.role is Role.TARGET}
    return Values(dict(sample.parameters), dict(sample.x), target)


def by_numpy(derived: Derivation, sample: Sample) -> Arrays:
    """Our program, run in float32."""
    inputs = dict(sample.x)
    _, found = derived.compile()(
        sample.parameters, inputs if len(inputs) > 1 else next(iter(inputs.values())), sample.y
    )
    return found


def _forward(derived: Derivation) -> Any:
    """The forward pass alone, as a program that any library runs and differentiates."""
    forward = derived.forward
    return program(forward, System((), (*forward.given, *(each.lhs for each in forward))), (), Standins())


def by_jax(derived: Derivation, sample: Sample) -> Arrays:
    jax, jnp = import_module("jax"), import_module("jax.numpy")
    engine = Engine("JAX", jnp, float, jnp.asarray, import_module("jax.scipy.special").erf)
    run, held = engine.run(_forward(derived)), _values(sample, derived).converted(engine.array)
    names = [each.name for each in derived.wrt]
    chosen = {name: held.parameters[name] for name in names}
    found = jax.grad(lambda leaves: run(*held.changed(leaves).arguments())[0])(chosen)
    return {name: np.asarray(each) for name, each in found.items()}


def by_torch(derived: Derivation, sample: Sample) -> Arrays:
    """PyTorch's own layers and losses: nothing of ours but the order of the layers."""
    torch = import_module("torch")
    leaves = {name: torch.tensor(array, requires_grad=True) for name, array in sample.parameters.items()}
    inputs = {name: torch.tensor(array.T) for name, array in sample.x.items()}
    out = _torch_output(torch, derived.network, leaves, inputs)
    y = torch.tensor(sample.y.T)
    loss = torch.nn.functional
    total = (
        loss.cross_entropy(out, y)
        if derived.network.loss_node.name == "cross_entropy"
        else loss.mse_loss(out, y) * (y.shape[1] / 2)
    )
    total.backward()
    return {name: each.grad.numpy() for name, each in leaves.items()}


def _torch_output(torch: Any, network: Network, leaves: Arrays, inputs: Arrays) -> Any:
    functional = torch.nn.functional
    functions = {"softmax": lambda z: z, "identity": lambda z: z, **{n: getattr(torch, n) for n in ("tanh", "sigmoid")}}
    functions |= {"relu": functional.relu, "gelu": functional.gelu}
    if any(isinstance(each, LSTM) for each in network.layers):
        x = _lstm(torch, "lstm1", leaves, list(inputs.values()))
        return functional.linear(x, leaves["W2"], leaves["b2"][:, 0])
    (x,) = inputs.values()
    weights, biases = (
        iter([array for name, array in leaves.items() if name[0] == stem and name[1:].isdigit()]) for stem in "Wb"
    )
    for layer in network.layers:
        if isinstance(layer, LayerNorm):
            x = functional.layer_norm(x, x.shape[1:], leaves["gamma1"][:, 0], leaves["beta1"][:, 0], 1e-5)
        elif isinstance(layer, Conv2d):
            image, kernels = x.reshape(-1, 2, 6, 6), next(weights).reshape(3, 2, 3, 3)
            x = functional.relu(functional.conv2d(image, kernels, next(biases)[:, 0], padding=1))
        elif isinstance(layer, MaxPool2d):
            x = functional.max_pool2d(x, 2).flatten(1)
        else:
            name = getattr(layer.activation, "name", layer.activation)
            x = functions[name](functional.linear(x, next(weights), next(biases)[:, 0]))
    return x


def _lstm(torch: Any, path: str, leaves: Arrays, steps: list[Any]) -> Any:
    """PyTorch's fused cell, its gates stacked from ours."""
    w, u, b = (torch.cat([leaves[f"{path}.{stem}{gate}"] for gate in "ifgo"]) for stem in "WUb")
    h = c = torch.zeros(steps[0].shape[0], u.shape[1])
    for x in steps:
        h, c = torch.lstm_cell(x, (h, c), w, u, b[:, 0], torch.zeros_like(b[:, 0]))
    return h


LIBRARIES: Mapping[str, Callable[[Derivation, Sample], Arrays]] = {
    "numpy": by_numpy,
    "torch": by_torch,
    "jax": by_jax,
}


def given(derived: Derivation, sample: Sample, library: str = "numpy") -> Sample:
    """Return the sample with the gradients a library computes for it in float32."""
    found = LIBRARIES[library](derived, sample)
    assert all(each.dtype == np.float32 for each in found.values()), {name: each.dtype for name, each in found.items()}
    return replace(sample, given=found)
