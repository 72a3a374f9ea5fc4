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
    layers = len(params) // 2
    A, Z, grads = [X], [X], {}  # noqa: N806
    for i in range(1, layers + 1):
        Z.append(params[f"W{i}"] @ A[-1] + params[f"b{i}"])
        A.append(f(Z[-1]) if i < layers else Z[-1])
    loss, delta = _softmax_loss(Z[-1], Y)
    for i in range(layers, 0, -1):
        grads[f"W{i}"] = delta @ A[i - 1].T
        grads[f"b{i}"] = delta.sum(axis=1, keepdims=True)
        if i > 1:
            delta = (params[f"W{i}"].T @ delta) * slope(Z[i - 1], A[i - 1])
    return loss, grads


def lstm(params: Mapping[str, Array], X: Mapping[str, Array], Y: Array) -> Result:  # noqa: N803
    """Return the loss and every gradient of an LSTM under softmax and cross-entropy.

    The gates are fused: their weights, side by side and one above another, take one product a step.
    """
    order, cell = "ifog", "lstm1."
    W = np.concatenate([np.hstack((params[f"{cell}W{g}"], params[f"{cell}U{g}"])) for g in order])  # noqa: N806
    b = np.concatenate([params[f"{cell}b{g}"] for g in order])
    m, n, inputs = Y.shape[1], len(b) // 4, W.shape[1] - len(b) // 4
    h = c = np.zeros((n, m))
    steps = []
    for x in X.values():
        joined = np.concatenate((x, h))
        z = W @ joined + b
        gates = 1 / (1 + np.exp(-z[: 3 * n]))
        i, f, o, g = gates[:n], gates[n : 2 * n], gates[2 * n :], np.tanh(z[3 * n :])
        before, c = c, f * c + i * g
        squashed = np.tanh(c)
        h = o * squashed
        steps.append((joined, gates, i, f, o, g, before, squashed))
    loss, delta = _softmax_loss(params["W2"] @ h + params["b2"], Y)
    grads = {"W2": delta @ h.T, "b2": delta.sum(axis=1, keepdims=True)}
    dW, db, dh, dc = np.zeros_like(W), np.zeros_like(b), params["W2"].T @ delta, np.zeros((n, m))  # noqa: N806
    U = W[:, inputs:].T  # noqa: N806
    for joined, gates, i, f, o, g, before, squashed in reversed(steps):
        dc = dc + dh * o * (1 - squashed * squashed)
        dz = np.concatenate((dc * g, dc * before, dh * squashed, dc * i))
        dz[: 3 * n] *= gates * (1 - gates)
        dz[3 * n :] *= 1 - g * g
        dW += dz @ joined.T  # noqa: N806
        db += dz.sum(axis=1, keepdims=True)
        dh = U @ dz
        dc = dc * f
    for k, gate in enumerate(order):
        rows = slice(k * n, (k + 1) * n)
        grads |= {f"{cell}W{gate}": dW[rows, :inputs], f"{cell}U{gate}": dW[rows, inputs:], f"{cell}b{gate}": db[rows]}
    return loss, grads


def cnn(params: Mapping[str, Array], X: Array, Y: Array) -> Result:  # noqa: N803
    """Return the loss and every gradient of two 3×3 convolutions, each with ReLU and 2×2 max pooling, and softmax.

    X holds 3×16×16 images, a column each. im2col reads the windows with stride tricks and its result is kept.
    """
    m = X.shape[1]
    image, layers = X.reshape(3, 16, 16, m), []
    for layer in (1, 2):
        patches = _im2col(image)
        z = params[f"W{layer}"] @ patches + params[f"b{layer}"]
        channels, side = len(z), image.shape[1]
        a = np.maximum(z, 0).reshape(channels, side // 2, 2, side // 2, 2, m)
        upper, lower = (np.maximum(a[:, :, i, :, 0], a[:, :, i, :, 1]) for i in (0, 1))
        layers.append((image.shape, patches, a))
        image = np.maximum(upper, lower)
        layers[-1] += (image,)
    flat = image.reshape(-1, m)
    loss, delta = _softmax_loss(params["W3"] @ flat + params["b3"], Y)
    grads = {"W3": delta @ flat.T, "b3": delta.sum(axis=1, keepdims=True)}
    error = params["W3"].T @ delta
    for layer in (2, 1):
        shape, patches, a, largest = layers[layer - 1]
        left, da = error.reshape(largest.shape), np.empty_like(a)
        for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)):  # The first of equal ones takes the error.
            found = a[:, :, i, :, j] == largest
            da[:, :, i, :, j] = left * found
            left = left * ~found
        dz = (da * (a > 0)).reshape(len(a), -1)
        grads[f"W{layer}"] = dz @ patches.T
        grads[f"b{layer}"] = dz.sum(axis=1, keepdims=True)
        if layer > 1:
            error = _col2im(params[f"W{layer}"].T @ dz, shape)
    return loss, grads


def _im2col(image: Array) -> Array:
    """Return what lies under a 3×3 window at every place of images C × H × W × m, zeros around: C·9 × H·W·m."""
    channels, height, width = image.shape[:3]
    around = np.pad(image, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(around, (height, width), axis=(1, 2))
    return windows.transpose(0, 1, 2, 4, 5, 3).reshape(channels * 9, -1)


def _col2im(patches: Array, shape: tuple[int, ...]) -> Array:
    """Add up what the windows of ``_im2col`` hold at every pixel."""
    channels, height, width, m = shape
    parts = patches.reshape(channels, 3, 3, height, width, m)
    around = np.zeros((channels, height + 2, width + 2, m))
    for i in range(3):
        for j in range(3):
            around[:, i : i + height, j : j + width] += parts[:, i, j]
    return around[:, 1:-1, 1:-1]


def _softmax_loss(z: Array, Y: Array) -> tuple[float, Array]:  # noqa: N803
    """Return the cross-entropy of softmax(z) and its error."""
    shifted = z - z.max(axis=0, keepdims=True)
    powers = np.exp(shifted)
    sums = powers.sum(axis=0, keepdims=True)
    m = z.shape[1]
    return float(-np.sum(Y * (shifted - np.log(sums))) / m), (powers / sums - Y) / m


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
