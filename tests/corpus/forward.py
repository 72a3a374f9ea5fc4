"""Equations of one's own in plain NumPy: what they mean to a person, for the complex step. Nothing here is symbp's."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
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


def _softmax(z: Array, axis: int = 0) -> Array:
    shifted = np.exp(z - np.max(np.real(z), axis=axis, keepdims=True))
    return shifted / shifted.sum(axis=axis, keepdims=True)


def _variance(a: Array, axis: int | None = None) -> Array:
    centred = a - np.mean(a, axis=axis, keepdims=True)
    return np.mean(centred * centred, axis=axis, keepdims=True)


def _larger(a: Array, b: Array | None = None, axis: int | None = None) -> Array:
    """The larger of two, of equals half of each, or the largest along an axis, by the real part."""
    if b is not None:
        return np.where(np.real(a) == np.real(b), (a + b) / 2, np.where(np.real(a) > np.real(b), a, b))
    if axis is None:
        return a.ravel()[np.argmax(np.real(a))].reshape(1, 1)
    return np.take_along_axis(a, np.expand_dims(np.argmax(np.real(a), axis=axis), axis), axis)


def _normalised(axis: int, centred: bool = True) -> Callable[..., Array]:
    def of(z: Array, epsilon: float = 1e-5) -> Array:
        centre = z - z.mean(axis=axis, keepdims=True) if centred else z
        return centre / np.sqrt((centre * centre).mean(axis=axis, keepdims=True) + epsilon)

    return of


def _huber(a: Array, y: Array, delta: float = 1.0) -> Array:
    size = _absolute(a - y)
    return _per_column(np.where(np.real(size) <= delta, (a - y) ** 2 / 2, delta * (size - delta / 2)))


def _cross_entropy(a: Array, y: Array, label_smoothing: float = 0.0, weight: Array = 1.0, mask: Array = 1.0) -> Array:
    q = (1 - label_smoothing) * y + label_smoothing / a.shape[0]
    return -np.sum(weight * mask * q * np.log(a), keepdims=True) / np.sum(weight * mask * y)


def _cosine(a: Array, y: Array) -> Array:
    lengths = [np.sqrt(np.sum(each * each, axis=0, keepdims=True)) for each in (a, y)]
    return np.mean(1 - np.sum(a * y, axis=0, keepdims=True) / (lengths[0] * lengths[1]), keepdims=True)


def _per_column(entries: Array) -> Array:
    """Summed over the outputs, averaged over the columns."""
    return entries.sum(keepdims=True) / entries.shape[1]


FUNCTIONS: dict[str, Callable[..., Array]] = {
    "exp": np.exp, "log": np.log, "sin": np.sin, "cos": np.cos, "tanh": np.tanh, "sqrt": np.sqrt,
    "relu": _relu, "sigmoid": _sigmoid, "softmax": _softmax, "abs": _absolute,
    "softplus": lambda z: np.log(1 + np.exp(z)),
    "silu": lambda z: z * _sigmoid(z),
    "gelu": lambda z: z * (1 + erf(z / np.sqrt(2))) / 2,
    "elu": lambda z: np.where(np.real(z) > 0, z, np.exp(z) - 1),
    "sum": lambda a, axis=None: np.sum(a, axis=axis, keepdims=True),
    "mean": lambda a, axis=None: np.mean(a, axis=axis, keepdims=True),
    "var": _variance, "std": lambda a, axis=None: np.sqrt(_variance(a, axis)),
    "norm": lambda a, axis=None: np.sqrt(np.sum(a * a, axis=axis, keepdims=True)),
    "logsumexp": lambda a, axis=None: np.log(np.sum(np.exp(a), axis=axis, keepdims=True)),
    "log_softmax": lambda a, axis=0: a - np.log(np.sum(np.exp(a), axis=axis, keepdims=True)),
    "cumsum": lambda a, axis=0: np.cumsum(a, axis=axis),
    "max": _larger, "min": lambda a, b=None, axis=None: -_larger(-a, None if b is None else -b, axis),
    "clip": lambda a, least, most: np.where(np.real(a) < least, least, np.where(np.real(a) > most, most, a)),
    "where": lambda m, a, b: np.where(m != 0, a, b),
    "vstack": lambda *parts: np.vstack(parts), "hstack": lambda *parts: np.hstack(parts),
    "diag": lambda a: np.diag(a[:, 0]) if a.shape[1] == 1 else np.diag(a)[:, None],
    "trace": lambda a: np.trace(a).reshape(1, 1), "inv": np.linalg.inv,
    "det": lambda a: np.linalg.det(a).reshape(1, 1),
    "logdet": lambda a: np.log(_absolute(np.linalg.det(a))).reshape(1, 1),
    "solve": np.linalg.solve, "ones": lambda *shape: np.ones(shape), "zeros": lambda *shape: np.zeros(shape),
    "eye": np.eye,
    "layernorm": _normalised(0), "rmsnorm": _normalised(0, centred=False), "batchnorm": _normalised(1),
    "mse": lambda a, y: _per_column((a - y) ** 2) / 2,
    "mae": lambda a, y: _per_column(_absolute(a - y)),
    "huber": _huber,
    "log_cosh": lambda a, y: _per_column(np.log(np.cosh(a - y))),
    "hinge": lambda a, y: _per_column(_relu(1 - y * a)),
    "bce": lambda a, y: _per_column(-y * np.log(a) - (1 - y) * np.log(1 - a)),
    "cross_entropy": _cross_entropy,
    "matrix": lambda numbers: np.array(numbers, dtype=float), "causal": lambda n: np.triu(np.ones((n, n))),
    "reshape": lambda a, rows, columns: a.reshape(rows, columns),
    "kl": lambda a, y: _per_column(y * (np.log(y) - np.log(a))),
    "cosine": _cosine,
}  # fmt: skip
"""What an equation of the corpus may call."""


class _Members(dict[int, Array]):
    """What a name with an index stands for."""


def _span(first: int, last: int) -> range:
    return range(first, last + 1) if first <= last else range(first, last - 1, -1)


WEIGHTS = {1: 4 / 5, 2: -1 / 5, 3: 4 / 105, 4: -1 / 280}
"""The weights of central differences of order eight: at a step of 1e-4 all that is left is rounding, about 1e-12."""


def _slopes(value: Callable[[Mapping[str, Array]], Array], arrays: Mapping[str, Array], by: str) -> Array:
    """Return the differences of a number by the entries of an array, which may be complex."""
    step, array = 1e-4, np.asarray(arrays[by])
    found = np.zeros(array.shape, dtype=complex)
    for place in np.ndindex(array.shape):
        for count, weight in WEIGHTS.items():
            for side in (1, -1):
                moved = array.copy()
                moved[place] += side * count * step
                found[place] += side * weight * np.squeeze(value({**arrays, by: moved})) / step
    return found


@lru_cache(maxsize=1000)
def _code(lines: tuple[str, ...], given: frozenset[str]) -> tuple[Any, frozenset[str]]:
    """Return what Python runs for lines, and the names with an index in them that are no given ones."""
    lines = tuple(re.sub(r"^(\w+): .* constant = (.*)", r"\1 = matrix(\2)", line) for line in lines)
    families = {found[1] for line in lines for found in re.finditer(r"\b([A-Z]\w*)\[[^\]:,]*\]", line)} - given
    code = [re.sub(r"repeat (\w+) = (.+?)\.\.(.+?):", r"for \1 in _span(\2, \3):", line) for line in lines]
    code = [re.sub(r"\bgrad\((\w+), (\w+)\)", rf"grad('\1', '\2', {at})", line) for at, line in enumerate(code)]
    return compile("\n".join(code), "lines", "exec"), frozenset(families)


def called(lines: Sequence[str], arrays: Mapping[str, Any], held: Sequence[Array] = ()) -> Array:
    """Return what the last of the equations is worth; the files are ours, so Python itself runs them.

    A repeat is a loop of Python, a name with an index a dictionary, and grad(L, X) are differences of what L is worth,
    while what stands behind a stop is ``held``.
    """
    first = arrays.get("X", arrays.get("X1", [[]]))
    scope: dict[str, Any] = {**FUNCTIONS, "m": np.shape(first)[1], **arrays, "_span": _span}
    code, families = _code(tuple(lines), frozenset(arrays))
    for family in families:
        numbered = {name: re.fullmatch(rf"{family}(\d+)", name) for name in arrays}
        scope[family] = _Members({int(found[1]): arrays[name] for name, found in numbered.items() if found})
    stopped: list[Array] = []

    def stop(a: Array) -> Array:
        stopped.append(held[len(stopped)] if held else np.real(a))
        return stopped[-1]

    def grad(of: str, by: str, at: int) -> Array:
        return _slopes(lambda own: called([*lines[:at], f"_ = {of}"], own, tuple(stopped)), arrays, by)

    scope |= {"stop": stop, "grad": grad}
    exec(code, {"__builtins__": {}}, scope)
    return scope[lines[-1].partition("=")[0].strip()]
