"""Deriving: linear in depth, and fast enough that nobody waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from benchmarks import by_hand
from benchmarks.measure import best_probe, interleaved, largest_difference, probe, require
from benchmarks.peer_networks import casadi_reverse
from benchmarks.table import Row, against, seconds, within
from symbp import Network, derive

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


WIDTH, EXAMPLES = 5, 4
"""The layers that casadi, which has no open sizes, derives as well, and its examples."""

REPEATS = {8: 60, 1000: 10}
"""Layers derived in turns with casadi, and how often."""

DEEP, SHALLOW = 10_000, 100
"""Layers of the network that shows whether time is linear, and of those it is compared with."""


def all_gradients(layers: int, width: int | None = WIDTH) -> list[object]:
    """Build a network and derive it; return every gradient."""
    derived = derive(Network.mlp(layers, width, "tanh", loss="mse"))
    return [gradient.recursive for gradient in derived.gradients.values()]


def casadi() -> Iterator[Row]:
    """casadi MX, network and reverse pass built anew."""
    require("casadi")
    note = f"casadi's gradients differ by {_apart_from_casadi(3):.0e}"
    for layers, repeats in REPEATS.items():
        runs: dict[str, Callable[[], object]] = {
            "casadi": partial(casadi_reverse, [WIDTH] * (layers + 1), EXAMPLES),
            "ours": partial(all_gradients, layers),
            "open": partial(all_gradients, layers, None),
        }
        times = interleaved(runs, repeats)
        for name, what in (("ours", f"of {WIDTH}"), ("open", "symbolic")):
            row = f"build, derive, every gradient, {layers} layers {what}"
            yield against(row, times[name].best, times["casadi"].best, "casadi MX", 1.0, note)


def _apart_from_casadi(layers: int) -> float:
    """Return the largest difference between casadi's gradients and ours, relative to each parameter's largest."""
    widths = [WIDTH] * (layers + 1)
    params, (x, y) = by_hand.parameters(widths), by_hand.examples(WIDTH, WIDTH, EXAMPLES)
    theirs = casadi_reverse(widths, EXAMPLES)(x, y, *params.values(), 0, 1)[2:]
    ours = derive(Network.mlp(layers, WIDTH, "tanh", loss="mse")).compile()(params, x, y)[1]
    return largest_difference(ours, dict(zip(params, map(np.array, theirs), strict=True)))


def deep() -> Iterator[Row]:
    """derive, a layer of 10,000 against a layer of 100."""
    for width, what in ((WIDTH, f"of {WIDTH}"), (None, "symbolic")):
        runs: dict[str, Callable[[], object]] = {
            "deep": partial(all_gradients, DEEP, width),
            "shallow": partial(_one_by_one, DEEP // SHALLOW, SHALLOW, width),
        }
        times = interleaved(runs, 3)
        of_one = (times[name].best / DEEP for name in ("deep", "shallow"))
        yield against(f"a layer of {DEEP:,}, {what}", *of_one, f"a layer of {SHALLOW}", 1.3)


def _one_by_one(networks: int, layers: int, width: int | None) -> None:
    """Derive as many layers in networks that are dropped one after the other."""
    for _ in range(networks):
        all_gradients(layers, width)


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


ROWS = (casadi, deep, depths, small, recurrent, transformers)
