"""Peers: the same small network derived and printed elsewhere, and whether their gradients agree with ours.

Deriving and printing means every gradient in LaTeX: symbp its forms, SymPy every entry, PyTensor its own notation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
from sympy import MatrixSymbol, exp, lambdify
from sympy.core.cache import clear_cache

import symbp
from benchmarks import by_hand
from benchmarks import peer_networks as peers
from benchmarks.measure import interleaved, largest_difference, require
from benchmarks.table import Row, against
from symbp import Network, derive

LAYERS = 3
WIDTHS = [3, 4, 3, 2]
BATCH = 5
LOST_BRACKETS = r"\cdot \left(\sigma\left(z_{3}\right)\right)-\left(y\right)"
"""How symgrad4t 0.2.1 prints 2·σ′·(σ(z) − y)."""

Gradients = dict[str, Any]


def pytensor() -> Iterator[Row]:
    """PyTensor, 3 layers, derive + print."""
    require("pytensor")
    inputs, gradients = peers.pytensor_gradients(LAYERS)
    mode = import_module("pytensor.compile.mode").Mode("py", None)
    compiled = import_module("pytensor").function(inputs, list(gradients.values()), mode=mode)
    params, x, y = _given(WIDTHS, BATCH)
    theirs = dict(zip(gradients, compiled(x, y, *params.values()), strict=True))
    note = _agreement(theirs, WIDTHS, BATCH)
    yield _printing("PyTensor", partial(peers.pytensor_printed, LAYERS), "tanh", None, 5, note)


def sympy_elementwise() -> Iterator[Row]:
    """SymPy entry by entry, 3 layers, derive + print."""
    for width in (2, 3):
        widths = [width] * (LAYERS + 1)
        note = _agreement(_elementwise_values(width), widths, 1)
        name = f"SymPy diff, entry by entry, width {width}"
        yield _printing(name, partial(peers.elementwise_printed, LAYERS, width), "tanh", width, 2, note)


def sympy_matrix() -> Iterator[Row]:
    """SymPy's own matrix derivative."""
    a, m, x = MatrixSymbol("a", 3, 1), MatrixSymbol("M", 3, 4), MatrixSymbol("x", 4, 1)
    answer = (a.T * (m * x).applyfunc(exp))[0, 0].diff(m)
    right = "right" if answer.has(x) and answer.has(a) else "wrong, without a word"
    name = "SymPy (a.T*(M*x).applyfunc(exp))[0,0].diff(M)"
    yield Row(name, f"answers {answer}", "(a * exp(M x)) x.T", note=right)


def symgrad4t() -> Iterator[Row]:
    """symgrad4t, 3 layers, derive + print."""
    require("symgrad4t")
    printed = peers.symgrad4t_printed(LAYERS, 3)
    note = "prints a - y without its brackets" if any(LOST_BRACKETS in text for text in printed) else ""
    yield _printing("symgrad4t", partial(peers.symgrad4t_printed, LAYERS, 3), "sigmoid", None, 3, note)


def autograd() -> Iterator[Row]:
    """autograd, numeric gradient."""
    require("autograd")
    theirs = peers.autograd_gradients(LAYERS)(*_given(WIDTHS, BATCH))[1]
    note = _agreement(theirs, WIDTHS, BATCH)
    for layers, width, batch, repeats in ((LAYERS, 3, 5, 200), (8, 256, 128, 20)):
        given = _given([width] * (layers + 1), batch)
        ours = derive(Network.mlp(layers, width, "tanh", loss="mse")).compile()
        runs = {"ours": partial(ours, *given), "theirs": partial(peers.autograd_gradients(layers), *given)}
        times = interleaved(runs, repeats)
        name = f"compiled, {layers} layers of {width}, batch {batch}, tanh + mse"
        yield against(name, times["ours"].best, times["theirs"].best, "autograd", note=note)


def _printing(
    name: str, theirs: Callable[[], object], activation: str, width: int | None, repeats: int, note: str
) -> Row:
    """Compare deriving and printing; SymPy's cache is emptied before every run, as in a fresh process."""

    def ours() -> list[str]:
        derivation = derive(Network.mlp(LAYERS, width, activation, loss="mse"))
        return [symbp.render(derivation, to="latex", only=name) for name in derivation.gradients]

    def fresh(run: Callable[[], object]) -> Callable[[], object]:
        return lambda: (clear_cache(), run())

    times = interleaved({"ours": fresh(ours), "theirs": fresh(theirs)}, repeats)
    return against(f"derive + print, {LAYERS} layers", times["ours"].best, times["theirs"].best, name, note=note)


def _given(widths: list[int], batch: int) -> tuple[Gradients, Any, Any]:
    return by_hand.parameters(widths), *by_hand.examples(widths[0], widths[-1], batch)


def _agreement(theirs: Gradients, widths: list[int], batch: int) -> str:
    """Say how far a peer's gradients are from ours, the worst entry relative to its parameter's largest."""
    compiled = derive(Network.mlp(len(widths) - 1, widths, "tanh", loss="mse")).compile()
    return f"gradients differ by {largest_difference(compiled(*_given(widths, batch))[1], theirs):.0e}"


def _elementwise_values(width: int) -> Gradients:
    """Evaluate SymPy's entries at the drawn parameters."""
    inputs, gradients = peers.elementwise_gradients(LAYERS, width)
    params, x, y = _given([width] * (LAYERS + 1), 1)
    function = lambdify([list(matrix) for matrix in inputs], list(gradients.values()), "numpy", cse=True)
    values = function(*(array.ravel() for array in (x, y, *params.values())))
    return {key: np.reshape(value, params[key].shape) for key, value in zip(gradients, values, strict=True)}


ROWS = (pytensor, sympy_elementwise, sympy_matrix, symgrad4t, autograd)
