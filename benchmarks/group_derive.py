"""Deriving: linear in depth, and fast enough that nobody waits."""

from __future__ import annotations

from collections.abc import Iterator

from measure import best_probe, probe
from table import Row, seconds, within

DEPTHS = {4: 5, 64: 5, 1000: 5, 4000: 3}
"""Layers, and fresh processes to take the best of."""

STEPS = (50, 100, 200)

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


ROWS = (depths, small, recurrent)
