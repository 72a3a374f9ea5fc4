"""Another processor's arithmetic: the products, sums and elementary functions of every array, rounded otherwise.

A BLAS kernel adds in an order of its own, a mathematical library is right to the last digit or the one before. Here
sums are taken in blocks from the end, and elementary functions are an ulp too small. The arrays that random numbers,
grids and programs begin with are of a class that computes so, and NumPy hands the class on to whatever becomes of
them; nothing in symbp knows of it.
"""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pytest

from symbp.numeric.engines import Engine

BLOCK = 3
"""How many terms are added before the sum goes on."""

ULP = 1 - 2.0**-53
"""Takes the last digit of about half of all numbers one down, and makes none larger."""

ELEMENTARY = {
    np.exp, np.expm1, np.log, np.log1p, np.sin, np.cos, np.tan, np.sinh, np.cosh, np.tanh, np.arctan, np.power,
}  # fmt: skip

SOURCES = ("linspace", "arange", "eye", "ones", "full", "zeros")
"""Functions of NumPy that make arrays out of nothing."""


class Otherwise(np.ndarray):
    """An array whose products and sums add from the end, in blocks."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **options: Any) -> Any:
        plain = [_plain(each) for each in inputs]
        floats = all(np.asarray(each).dtype.kind in "biufc" for each in plain)
        if ufunc is np.matmul and floats:
            found = product(*plain)
        elif ufunc is np.add and method == "reduce" and floats:
            found = total(*plain, **options)
        else:
            found = getattr(ufunc, method)(*plain, **options)
            if ufunc in ELEMENTARY and floats:
                found = found * ULP
        if out is not None:
            _plain(out[0])[...] = found
            return out[0]
        return otherwise(found)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        if function is np.linalg.norm and len(args) == 1 and not options:
            return np.sqrt(total(np.abs(_plain(args[0])).ravel() ** 2))
        if function in (np.dot, np.vdot, np.inner):
            return otherwise(product(*map(_plain, args)))
        if getattr(function, "__module__", "") == "numpy.linalg":
            found = function(*map(_plain, args), **options)
            return type(found)(*(each * ULP for each in found)) if isinstance(found, tuple) else found * ULP
        return otherwise(super().__array_function__(function, types, args, options))

    def dot(self, other: Any) -> Any:  # type: ignore[override]
        return self @ other


def otherwise(value: Any) -> Any:
    """Return arrays of floats, in whatever holds them, as arrays of the class."""
    if isinstance(value, Mapping):
        return {name: otherwise(each) for name, each in value.items()}
    if isinstance(value, list | tuple) and any(isinstance(each, np.ndarray) for each in value):
        return type(value)(otherwise(each) for each in value)
    return value.view(Otherwise) if isinstance(value, np.ndarray) and value.dtype.kind in "fc" else value


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return type(value)(map(_plain, value))
    return value.view(np.ndarray) if isinstance(value, Otherwise) else value


def total(array: Any, axis: Any = 0, dtype: Any = None, keepdims: bool = False, **_: Any) -> Any:
    """The sum over axes, from the end, in blocks."""
    axes = tuple(range(array.ndim)) if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
    axes = tuple(each % array.ndim for each in axes)
    kept = tuple(each for each in range(array.ndim) if each not in axes)
    terms = array.transpose(*kept, *axes).reshape(*(array.shape[each] for each in kept), -1)[..., ::-1]
    blocks = [np.add.reduce(terms[..., at : at + BLOCK], axis=-1) for at in range(0, terms.shape[-1], BLOCK)]
    found = functools.reduce(np.add, blocks) if blocks else np.add.reduce(terms, axis=-1)
    if keepdims:
        found = np.reshape(found, [1 if each in axes else array.shape[each] for each in range(array.ndim)])
    return found if dtype is None else np.asarray(found, dtype)[()]


def product(left: Any, right: Any) -> Any:
    """The matrix product, its inner index from the end, in blocks."""
    left, right = np.asarray(left), np.asarray(right)
    inner = left.shape[-1]
    rows = right if right.ndim == 1 else np.swapaxes(right, -1, -2)
    found: Any = 0.0
    for end in range(inner, 0, -BLOCK):
        part = slice(max(0, end - BLOCK), end)
        block = rows[..., part][..., ::-1]
        found = found + np.matmul(left[..., part][..., ::-1], block if right.ndim == 1 else np.swapaxes(block, -1, -2))
    return found if inner else np.matmul(left, right)


class _Random:
    def __init__(self, generator: np.random.Generator) -> None:
        self._generator = generator

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._generator, name)
        return _handed_on(found) if callable(found) else found


def _handed_on(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args, **options: otherwise(function(*args, **options))


@contextlib.contextmanager
def another_kernel() -> Iterator[None]:
    """Let everything that symbp computes inside be rounded otherwise."""
    with pytest.MonkeyPatch.context() as patch:
        _patch(patch)
        forget()
        yield
    forget()


def _patch(patch: pytest.MonkeyPatch) -> None:
    generator, run = np.random.default_rng, Engine.run
    patch.setattr(np.random, "default_rng", lambda *seed: _Random(generator(*seed)))
    for name in SOURCES:
        patch.setattr(np, name, _handed_on(getattr(np, name)))

    def other_run(self: Engine, *args: Any, **options: Any) -> Callable[..., Any]:
        function = run(self, *args, **options)
        return lambda *arrays: function(*map(otherwise, arrays))

    patch.setattr(Engine, "run", other_run)


def forget() -> None:
    """Empty the caches of symbp, which hold what another kernel has computed."""
    for name, module in list(sys.modules.items()):
        if name.startswith("symbp."):
            for value in vars(module).values():
                if hasattr(value, "cache_clear"):
                    value.cache_clear()
