"""Equations of one's own in plain NumPy: what they mean to a person, for the complex step. Nothing here is symbp's."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

Array = Any


def erf(z: Array) -> Array:
    """The error function at a point with an imaginary part so small that its square is nothing."""
    real = np.vectorize(math.erf, otypes=[float])(np.real(z))
    return real + 1j * np.imag(z) * 2 / np.sqrt(np.pi) * np.exp(-(np.real(z) ** 2))


def _absolute(z: Array) -> Array:
    return z * np.sign(np.real(z))


def _relu(z: Array) -> Array:
    return z * (np.real(z) > 0)


def _sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def _softmax(z: Array) -> Array:
    shifted = np.exp(z - np.max(np.real(z), axis=0))
    return shifted / shifted.sum(axis=0)


def _normalised(axis: int, centred: bool = True) -> Callable[..., Array]:
    def of(z: Array, epsilon: float = 1e-5) -> Array:
        centre = z - z.mean(axis=axis, keepdims=True) if centred else z
        return centre / np.sqrt((centre * centre).mean(axis=axis, keepdims=True) + epsilon)

    return of


def _huber(a: Array, y: Array, delta: float = 1.0) -> Array:
    size = _absolute(a - y)
    return _per_column(np.where(np.real(size) <= delta, (a - y) ** 2 / 2, delta * (size - delta / 2)))


def _per_column(entries: Array) -> Array:
    """Summed over the outputs, averaged over the columns."""
    return entries.sum(keepdims=True) / entries.shape[1]


FUNCTIONS: dict[str, Callable[..., Array]] = {
    "exp": np.exp, "log": np.log, "sin": np.sin, "cos": np.cos, "tanh": np.tanh, "sqrt": np.sqrt,
    "relu": _relu, "sigmoid": _sigmoid, "softmax": _softmax,
    "softplus": lambda z: np.log(1 + np.exp(z)),
    "silu": lambda z: z * _sigmoid(z),
    "gelu": lambda z: z * (1 + erf(z / np.sqrt(2))) / 2,
    "elu": lambda z: np.where(np.real(z) > 0, z, np.exp(z) - 1),
    "sum": lambda a: np.sum(a, keepdims=True),
    "mean": lambda a: np.mean(a, keepdims=True),
    "vstack": lambda a, b: np.vstack((a, b)),
    "layernorm": _normalised(0), "rmsnorm": _normalised(0, centred=False), "batchnorm": _normalised(1),
    "mse": lambda a, y: _per_column((a - y) ** 2) / 2,
    "mae": lambda a, y: _per_column(_absolute(a - y)),
    "huber": _huber,
    "log_cosh": lambda a, y: _per_column(np.log(np.cosh(a - y))),
    "hinge": lambda a, y: _per_column(_relu(1 - y * a)),
    "bce": lambda a, y: _per_column(-y * np.log(a) - (1 - y) * np.log(1 - a)),
    "cross_entropy": lambda a, y: _per_column(-y * np.log(a)),
}  # fmt: skip
"""What an equation of the corpus may call."""


def called(lines: Sequence[str], arrays: Mapping[str, Any]) -> Array:
    """Return what the last of the equations is worth; the files are ours, so Python itself reads them."""
    scope: dict[str, Any] = {**FUNCTIONS, **arrays}
    value: Array = None
    for line in lines:
        name, _, right = line.partition("=")
        value = eval(re.sub(r"\s+", " ", right.strip()), {"__builtins__": {}}, scope)
        scope[name.strip()] = value
    return value
