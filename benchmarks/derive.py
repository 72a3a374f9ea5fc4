"""Deriving: linear in depth, and fast enough that nobody waits."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measure import best_probe, probe
from benchmarks.table import Row, seconds, within

DEPTHS = {4: 5, 64: 5, 1000: 5, 4000: 3}
"""Layers, and fresh processes to take the best of."""

STEPS = (50, 100, 200)

BLOCKS = (12, 24, 48)
"""Transformer blocks: the depth that is promised, half of it and twice of it."""

PROMISED = 1000
"""The depth that has a target: the first call of a process, after the imports."""


def depths() -> Iterator[Row]:
    """derive, time a layer."""
    found = {layers: best_probe(repeats, "derive", layers) for layers, repeats in DEPTHS.items()}
    for layers, times in found.items():
        first, again = (seconds(times[name]) for name in ("cold", "warm"))
        each = f"{seconds(times['warm'] / layers)} a layer"
        if layers == PROMISED:
            yield within(
                f"derive, {layers} layers, symbolic", times["cold"], 0.3, note=f"first call; again {again}, {each}"
            )
        else:
            yield Row(f"derive, {layers} layers, symbolic", again, note=f"{each}; first call {first}")
    per_layer = [times["warm"] / layers for layers, times in found.items()]
    spread = max(per_layer) / min(per_layer)
    yield Row("derive, slowest layer / fastest, 4 to 4000", f"{spread:.2f}", "<= 2", spread, 2.0)


def small() -> Iterator[Row]:
    """derive, 8 layers."""
    yield within("derive, 8 layers", best_probe(5, "derive", 8)["warm"], 5e-3)


def recurrent() -> Iterator[Row]:
    """derive, LSTM, time a step."""
    found = {steps: probe("lstm", steps)["best"] / steps for steps in STEPS}
    for steps, each in found.items():
        yield Row(f"derive, LSTM of {steps} steps, symbolic", seconds(each * steps), note=f"{seconds(each)} a step")
    spread = max(found.values()) / min(found.values())
    yield Row("derive, slowest step / fastest, LSTM of 50 to 200 steps", f"{spread:.2f}", "<= 2", spread, 2.0)
    yield _doubled("LSTM, 200 steps / 100 steps", found[200] * 200 / (found[100] * 100))


def transformers() -> Iterator[Row]:
    """derive, transformer, time a block."""
    found = {blocks: probe("transformer", blocks)["best"] for blocks in BLOCKS}
    for blocks, took in found.items():
        yield Row(f"derive, transformer of {blocks} blocks", seconds(took), note=f"{seconds(took / blocks)} a block")
    half, whole, double = (found[blocks] for blocks in BLOCKS)
    yield _doubled("transformer, 24 blocks / 12 blocks", whole / half)
    yield _doubled("transformer, 48 blocks / 24 blocks", double / whole)


def _doubled(what: str, ratio: float) -> Row:
    """Return the row of a ratio of times at n and 2n: 2 where time is linear."""
    return Row(f"derive, {what}", f"{ratio:.2f}", "<= 2.6", ratio, 2.6)


ROWS = (depths, small, recurrent, transformers)
