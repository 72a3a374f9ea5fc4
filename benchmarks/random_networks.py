"""Random networks, all of them right: what a strict check must let pass."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from symbp import Dense, Network
from symbp.networks.layers import Activation, Linear
from symbp.networks.normalisation import BatchNorm, LayerNorm, RMSNorm
from symbp.networks.recurrent import GRU, LSTM, RNN
from symbp.networks.residual import Residual
from symbp.ops.activations import ACTIVATIONS
from symbp.ops.loss_table import LOSSES

PLAIN = 0.6
"""The share of plain multilayer perceptrons."""

MOST_LAYERS, MOST_UNITS = 6, 7


def random_networks(count: int, seed: int = 0) -> Iterator[tuple[str, Network]]:
    """Yield networks with a line that says what each is: depth, widths, activations, loss, blocks, norms, cells."""
    random = np.random.default_rng(seed)
    for _ in range(count):
        yield _plain(random) if random.random() < PLAIN else _composed(random)


def _pick(random: Any, names: Any) -> str:
    return str(random.choice(list(names)))


def _plain(random: Any) -> tuple[str, Network]:
    layers = int(random.integers(1, MOST_LAYERS + 1))
    options = {
        "widths": [int(each) for each in random.integers(2, MOST_UNITS + 1, layers + 1)],
        "activation": _pick(random, ACTIVATIONS), "loss": _pick(random, LOSSES), "bias": bool(random.random() < 0.8),
        "batch": bool(random.random() < 0.5),
    }  # fmt: skip
    return f"mlp {options}", Network.mlp(layers=layers, **options)


def _composed(random: Any) -> tuple[str, Network]:
    units, outputs, inputs = (int(each) for each in random.integers(2, MOST_UNITS + 1, 3))
    activation, loss = _pick(random, ACTIVATIONS), _pick(random, ("mse", "huber", "log_cosh", "cross_entropy"))
    last = Dense(outputs, "softmax") if loss == "cross_entropy" else Dense(outputs, "tanh")
    middles = {
        "residual": [Dense(units, activation), Residual([Dense(4, activation), Linear(units)])],
        "batch norm": [Linear(units, bias=False), BatchNorm(), Activation(activation)],
        "layer norm": [Dense(units, activation), LayerNorm()],
        "rms norm": [Dense(units, activation), RMSNorm()],
        "rnn": [RNN(units, steps=2)], "lstm": [LSTM(units, steps=2)], "gru": [GRU(units, steps=2)],
    }  # fmt: skip
    kind = _pick(random, middles)
    said = f"{kind}, {inputs}-{units}-{outputs}, {activation}, {loss}"
    return said, Network([*middles[kind], last], inputs=inputs, loss=loss, batch=kind == "batch norm")
