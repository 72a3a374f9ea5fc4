"""Backpropagation as a careful person writes it in NumPy: what compiled code is measured against."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Result = tuple[float, dict[str, Array]]


def tanh_mse(params: Mapping[str, Array], X: Array, Y: Array) -> Result:  # noqa: N803
    """Return the loss and every gradient of a network of tanh layers with MSE."""
    layers, m = len(params) // 2, X.shape[1]
    A, grads = [X], {}  # noqa: N806
    for i in range(1, layers + 1):
        A.append(np.tanh(params[f"W{i}"] @ A[-1] + params[f"b{i}"]))
    error = A[-1] - Y
    loss = float(np.sum(error * error) / (2 * m))
    delta = error / m * (1 - A[-1] * A[-1])
    for i in range(layers, 0, -1):
        grads[f"W{i}"] = delta @ A[i - 1].T
        grads[f"b{i}"] = delta.sum(axis=1, keepdims=True)
        if i > 1:
            delta = (params[f"W{i}"].T @ delta) * (1 - A[i - 1] * A[i - 1])
    return loss, grads


def sigmoid_cross_entropy(params: Mapping[str, Array], X: Array, Y: Array) -> Result:  # noqa: N803
    """Return the loss and every gradient of sigmoid layers under softmax and cross-entropy."""
    return _cross_entropy(params, X, Y, lambda z: 1 / (1 + np.exp(-z)), lambda z, a: a * (1 - a))


def relu_cross_entropy(params: Mapping[str, Array], X: Array, Y: Array) -> Result:  # noqa: N803
    """Return the loss and every gradient of ReLU layers under softmax and cross-entropy."""
    return _cross_entropy(params, X, Y, lambda z: np.maximum(z, 0), lambda z, a: z > 0)


def _cross_entropy(params: Mapping[str, Array], X: Array, Y: Array, f: Any, slope: Any) -> Result:  # noqa: N803
    layers, m = len(params) // 2, X.shape[1]
    A, Z, grads = [X], [X], {}  # noqa: N806
    for i in range(1, layers + 1):
        Z.append(params[f"W{i}"] @ A[-1] + params[f"b{i}"])
        A.append(f(Z[-1]) if i < layers else Z[-1])
    shifted = Z[-1] - Z[-1].max(axis=0, keepdims=True)
    powers = np.exp(shifted)
    sums = powers.sum(axis=0, keepdims=True)
    loss = float(-np.sum(Y * (shifted - np.log(sums))) / m)
    delta = (powers / sums - Y) / m
    for i in range(layers, 0, -1):
        grads[f"W{i}"] = delta @ A[i - 1].T
        grads[f"b{i}"] = delta.sum(axis=1, keepdims=True)
        if i > 1:
            delta = (params[f"W{i}"].T @ delta) * slope(Z[i - 1], A[i - 1])
    return loss, grads


def parameters(widths: list[int], seed: int = 0) -> dict[str, Array]:
    """Return drawn weights and biases of a network, in float64."""
    rng = np.random.default_rng(seed)
    found = {}
    for i, (before, after) in enumerate(pairwise(widths), 1):
        found[f"W{i}"] = rng.normal(size=(after, before)) / before**0.5
        found[f"b{i}"] = rng.normal(size=(after, 1)) / 10
    return found


def examples(inputs: int, outputs: int, m: int, one_hot: bool = False, seed: int = 1) -> tuple[Array, Array]:
    """Return drawn inputs and targets, one column an example."""
    rng = np.random.default_rng(seed)
    targets = np.eye(outputs)[:, rng.integers(outputs, size=m)] if one_hot else rng.normal(size=(outputs, m)) / 2
    return rng.normal(size=(inputs, m)), targets


def bare_flow(layers: int, width: int, examples: int, seed: int, kept: int) -> None:
    """Draw tanh layers and make the three products of each, forth and back; no norm is taken, nothing is recorded.

    Weights behind the last ``kept`` bytes are drawn again on the way back, as they must be where memory is bounded.
    """
    scale = width**-0.5
    held = range(max(0, layers - kept // (8 * width * width)), layers)
    weights: dict[int, np.ndarray] = {}

    def weight(layer: int) -> np.ndarray:
        return (
            weights[layer]
            if layer in weights
            else np.random.default_rng([seed, layer]).normal(size=(width, width)) * scale
        )

    activations = [np.random.default_rng(seed).normal(size=(width, examples))]
    for layer in range(layers):
        matrix = weight(layer)
        if layer in held:
            weights[layer] = matrix
        activations.append(np.tanh(matrix @ activations[-1]))
    error = activations[-1]
    for layer in reversed(range(layers)):
        error = error * (1 - activations[layer + 1] ** 2)
        error @ activations[layer].T
        error = weight(layer).T @ error
