"""Attention: the derived program against batched NumPy by hand, at growing batches; the memory of its scores."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.measure import interleaved, largest_difference
from benchmarks.table import Row, against
from symbp import Attention, Network, derive
from symbp.numeric.compiled import Compiled

WIDTH, TOKENS, HEADS = 64, 16, 4
LIMITS = {1: 1.5, 8: 1.3, 64: 1.3}
"""Batch, and how many times the hand-written program it may take."""

REPEATS = 30

SMALL, LARGE, GROWTH = 32, 256, 1.05
"""Two batches, and how many times the memory an example of the small one has the large one may take."""

Arrays = dict[str, Any]


def attention() -> Iterator[Row]:
    """Causal attention, forward and backward, against batched NumPy by hand."""
    program, weights, random = compiled()
    for batch, limit in LIMITS.items():
        x, y = random.normal(size=(2, WIDTH, TOKENS * batch))
        rows = [np.ascontiguousarray(each.T.reshape(batch, TOKENS, WIDTH)) for each in (x, y)]
        theirs = by_hand(weights, *rows)
        worst = largest_difference(program(weights, x, y)[1], theirs)
        if not worst < 1e-10:
            raise ValueError(f"gradients differ by {worst:.1e}")
        times = interleaved(
            {"ours": lambda x=x, y=y: program(weights, x, y), "theirs": lambda rows=rows: by_hand(weights, *rows)},
            REPEATS,
        )
        title = f"attention {WIDTH} wide, {TOKENS} tokens, {HEADS} heads, batch {batch}"
        yield against(title, times["ours"].best, times["theirs"].best, "batched NumPy by hand", limit, f"{worst:.0e}")


def memory() -> Iterator[Row]:
    """The most memory attention has at any time: an example takes no more of it in a larger batch."""
    program, weights, random = compiled()
    peaks = {}
    for batch in (SMALL, LARGE):
        x, y = random.normal(size=(2, WIDTH, TOKENS * batch))
        program(weights, x, y)
        tracemalloc.start()
        program(weights, x, y)
        peaks[batch] = tracemalloc.get_traced_memory()[1] / batch
        tracemalloc.stop()
    small, large = (f"{peaks[batch] / 1000:.0f} kB" for batch in (SMALL, LARGE))
    title = f"attention, memory an example, batch {LARGE}"
    yield Row(title, large, f"<= {GROWTH} x {small} at batch {SMALL}", peaks[LARGE] / peaks[SMALL], GROWTH)


def compiled() -> tuple[Compiled, Arrays, np.random.Generator]:
    """Return the program of causal attention, weights for it, and what draws the data."""
    network = Network([Attention(tokens=TOKENS, heads=HEADS, causal=True)], inputs=WIDTH, loss="mse", batch=True)
    random = np.random.default_rng(0)
    weights = {v.name: random.normal(size=(WIDTH, WIDTH)) / math.sqrt(WIDTH) for v in network.parameters}
    return derive(network).compile(), weights, random


def by_hand(weights: Arrays, x: Any, y: Any) -> Arrays:
    """Return the gradients as somebody writes them who keeps a batch axis: x and y are batch × tokens × width."""
    wq, wk, wv, wo = (weights[f"attention.W{letter}"].T for letter in "QKVO")
    batch, tokens, width = x.shape
    size = width // HEADS
    scale = 1 / math.sqrt(size)

    def heads(a: Any) -> Any:
        return a.reshape(batch, tokens, HEADS, size).transpose(0, 2, 1, 3)

    def joined(a: Any) -> Any:
        return a.transpose(0, 2, 1, 3).reshape(batch, tokens, width)

    def weight(a: Any, error: Any) -> Any:
        return error.reshape(-1, width).T @ a.reshape(-1, width)

    q, k, v = heads(x @ wq), heads(x @ wk), heads(x @ wv)
    s = q @ k.transpose(0, 1, 3, 2) * scale
    s = np.where(np.tril(np.ones((tokens, tokens), bool)), s, -np.inf)
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    p = e / e.sum(axis=-1, keepdims=True)
    a = joined(p @ v)
    out = a @ wo
    d_out = (out - y) / (batch * tokens)
    d_a = heads(d_out @ wo.T)
    d_p = d_a @ v.transpose(0, 1, 3, 2)
    d_s = p * (d_p - (d_p * p).sum(axis=-1, keepdims=True)) * scale
    d_q, d_k, d_v = joined(d_s @ k), joined(d_s.transpose(0, 1, 3, 2) @ q), joined(p.transpose(0, 1, 3, 2) @ d_a)
    found = {"Q": weight(x, d_q), "K": weight(x, d_k), "V": weight(x, d_v), "O": weight(a, d_out)}
    return {f"attention.W{letter}": gradient for letter, gradient in found.items()}


ROWS = (attention, memory)
