"""Folding: both lists of a derivation, linear in depth, also where nothing repeats; CPU seconds."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial
from time import process_time

from benchmarks.measure import interleaved
from benchmarks.table import Row, against, seconds, within
from symbp import Dense, Derivation, LayerNorm, Network, TransformerBlock, derive
from symbp.views.fold import fold, fold_like

LAYERS = 1000
DEEP, SHALLOW = 4000, 100
BLOCKS, HEADS = 48, 12
IRREGULAR = (250, 1000)
"""Layers of networks with an activation drawn for each."""

ACTIVATIONS = ("tanh", "sigmoid", "relu", "softplus")


def both(derivation: Derivation) -> None:
    """Fold the forward list, then the backward list by its places."""
    fold_like(fold(derivation.forward), derivation.backward)


def layers() -> Iterator[Row]:
    """fold, time a layer."""
    found = {number: derive(layers=number) for number in (SHALLOW, LAYERS, DEEP)}
    times = _times({str(number): derivation for number, derivation in found.items()})
    yield within(f"fold, {LAYERS} layers, both lists", times[str(LAYERS)], 0.25)
    of_one = (times[str(number)] / number for number in (DEEP, SHALLOW))
    yield against(f"fold, a layer of {DEEP}", *of_one, f"a layer of {SHALLOW}", 2.0)


def blocks() -> Iterator[Row]:
    """fold, transformer."""
    found = {number: _transformer(number) for number in (BLOCKS // 2, BLOCKS)}
    times = _times({str(number): derivation for number, derivation in found.items()})
    equations = len(found[BLOCKS].forward) + len(found[BLOCKS].backward)
    name = f"fold, {BLOCKS} blocks of {HEADS} heads, {equations:,} equations"
    yield within(name, times[str(BLOCKS)], 5.0)
    ratio = times[str(BLOCKS)] / times[str(BLOCKS // 2)]
    yield Row(f"fold, {BLOCKS} blocks / {BLOCKS // 2} blocks", f"{ratio:.2f}", "<= 2.6", ratio, 2.6)


def irregular() -> Iterator[Row]:
    """fold, nothing repeats for long."""
    times = _times({str(number): _drawn(number) for number in IRREGULAR})
    few, many = IRREGULAR
    yield Row(f"fold, {many} layers with drawn activations", seconds(times[str(many)]))
    of_one = (times[str(number)] / number for number in (many, few))
    yield against(f"fold, a layer of {many} drawn ones", *of_one, f"a layer of {few}", 2.0)


def _times(derivations: dict[str, Derivation]) -> dict[str, float]:
    runs: dict[str, Callable[[], object]] = {name: partial(both, each) for name, each in derivations.items()}
    return {name: times.best for name, times in interleaved(runs, 3, process_time).items()}


def _transformer(number: int) -> Derivation:
    stack = [TransformerBlock(tokens=3, heads=HEADS, hidden=5) for _ in range(number)]
    return derive(Network([*stack, LayerNorm(), Dense(3, "softmax")], 2 * HEADS, "cross_entropy")).readable


def _drawn(number: int) -> Derivation:
    draw = random.Random(0)
    return derive(Network([Dense(4, draw.choice(ACTIVATIONS)) for _ in range(number)], 4, "mse"))


ROWS = (layers, blocks, irregular)
