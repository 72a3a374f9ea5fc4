"""Networks of every kind with numbers, to run other lists that mean the same on them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from corpus import Case
from displayed import value
from sympy import Integer

from symbp import Network, derive
from symbp.derivation import Derivation
from symbp.equations import Equation
from symbp.networks import attention, layers, recurrent
from symbp.networks.examples import EXAMPLES
from symbp.views.layout import Layout


def _highway() -> Network:
    lines = [
        f"P{k} = V{k} @ A{k - 1} + c{k}; T{k} = sigmoid(P{k}); Z{k} = W{k} @ A{k - 1} + b{k}; H{k} = tanh(Z{k})"
        f"; A{k} = T{k} * H{k} + (1 - T{k}) * A{k - 1}"
        for k in (1, 2)
    ]
    text = [each.strip().replace("A0", "X") for line in lines for each in line.split(";")]
    shapes = {f"{letter}{k}": (4, side) for k in (1, 2) for letter, side in (("W", 4), ("V", 4), ("b", 1), ("c", 1))}
    return Network.equations([*text, "loss = mse(A2, Y)"], {**shapes, "X": (4, "m"), "Y": (4, "m")})


def _swiglu() -> Network:
    lines = ["U = W1 @ X", "V = W2 @ X", "S = silu(U)", "H = S * V", "O = W3 @ H", "R = X + O", "Z = W4 @ R"]
    shapes = {"W1": (6, 4), "W2": (6, 4), "W3": (4, 6), "W4": (2, 4), "X": (4, "m"), "Y": (2, "m")}
    return Network.equations([*lines, "loss = mse(Z, Y)"], shapes)


def _mlp() -> Network:
    return Network.mlp(layers=3, activation="tanh", loss="mse")


def _softmax() -> Network:
    return Network.mlp(layers=3, widths=[3, 5, 4, 2], activation="relu", loss="cross_entropy")


def _attention(**options: Any) -> Network:
    layer = attention.Attention(tokens=3, **options)
    return Network([layer, layers.Dense(3, "softmax")], inputs=4, loss="cross_entropy")


def _lstm() -> Network:
    return Network([recurrent.LSTM(3, steps=5), layers.Dense(2, "softmax")], inputs=2, loss="cross_entropy")


NETWORKS = {
    "mlp": _mlp,
    "mlp-softmax": _softmax,
    "lstm": _lstm,
    "swiglu": _swiglu,
    "highway": _highway,
    "attention": lambda: _attention(heads=1),
    "attention-heads": lambda: _attention(heads=2),
    **{
        name: lambda name=name: Network.load(EXAMPLES[name])
        for name in ("residual-mlp", "transformer-block", "small-cnn", "batchnorm-mlp")
    },
}
"""Networks that the views run over."""


@dataclass(frozen=True)
class Numbers:
    """A derivation as pages have it, and the value of every symbol of its lists by its name."""

    derivation: Derivation
    values: dict[str, Any]
    sizes: dict[Any, Any]
    gradients: dict[str, Any]

    @property
    def equations(self) -> tuple[Equation, ...]:
        """Both lists."""
        return (*self.derivation.forward, *self.derivation.backward)

    def turned(self, layout: Layout) -> dict[str, Any]:
        """Return the values as they are in a layout."""
        symbols = (*self.derivation.forward.given, *(each.lhs for each in self.equations))
        held = {each.name for each in symbols if layout.holds(each)}
        return {name: array.T if name in held else array for name, array in self.values.items()}

    def error(self, equation: Equation, values: dict[str, Any]) -> float:
        """Return how far the right side is from the left one, both from values, relative to the left one."""
        return distance(value(equation.rhs, values, self.sizes, np), values[equation.name])


def distance(found: Any, right: Any) -> float:
    """Return the largest difference, relative to the largest entry; infinite where the shapes differ."""
    found, right = np.asarray(found, float), np.asarray(right, float)
    if found.shape != right.shape:
        return float("inf")
    return float(np.max(np.abs(found - right), initial=0.0) / max(1.0, float(np.max(np.abs(right), initial=0.0))))


@cache
def numbers(name: str, *, batch: int = 3) -> Numbers:
    """Return a network with its values."""
    found = derive(NETWORKS[name]()).readable
    case = Case(name, NETWORKS[name], draws={"Y": "one-hot"})
    given = case.values(found, m=batch)
    numbers_of = {
        size: Integer(length)
        for symbol in found.forward.given
        for size, length in zip(symbol.shape, given[symbol.name].shape, strict=True)
        if not size.is_number
    }
    values = dict(given)
    for each in (*found.forward, *found.backward):
        values[each.name] = value(each.rhs, values, numbers_of, np)
    network = found.network
    parameters, inputs = (
        {each.name: given[each.name] for each in group} for group in (network.parameters, network.inputs)
    )
    targets = {name: array for name, array in given.items() if name not in {*parameters, *inputs}}
    _, gradients = found.compile()(parameters, inputs, targets)
    for parameter, gradient in gradients.items():
        assert distance(values[f"d{parameter}"], gradient) < 1e-12, parameter
    return Numbers(found, values, numbers_of, gradients)
