"""The compiled backward pass against one written by hand in NumPy, on one BLAS thread.

Both are given the same arrays; a row whose gradients differ fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks import by_hand
from benchmarks.measure import interleaved, largest_difference
from benchmarks.table import Row, against, seconds
from symbp import LSTM, Conv2d, Dense, Image, MaxPool2d, Network, derive
from symbp.symbols import BATCH

AGREE = 1e-10
"""How far the gradients may be apart, relative to the largest entry of each."""

SHORTEST = 2e-3
"""Seconds that one timing takes at least: a faster call is made several times."""


@dataclass(frozen=True)
class Case:
    """A network, its examples, the same by hand, and the largest ratio of the two times that passes."""

    name: str
    network: Callable[[], Network]
    examples: int
    hand: Callable[..., by_hand.Result]
    allowed: float


def _mlp(layers: int, width: int, examples: int, allowed: float) -> Iterator[Case]:
    """Yield the cases of plain layers of one width."""
    for activation, loss, hand in (
        ("tanh", "mse", by_hand.tanh_mse),
        ("sigmoid", "cross_entropy", by_hand.sigmoid_cross_entropy),
        ("relu", "cross_entropy", by_hand.relu_cross_entropy),
    ):
        yield Case(
            f"{layers}×{width}, batch {examples}, {activation} + {loss}",
            lambda activation=activation, loss=loss: Network.mlp(layers, width, activation, loss=loss),
            examples,
            hand,
            allowed,
        )


def _lstm(inputs: int, units: int, examples: int, allowed: float) -> Case:
    return Case(
        f"LSTM of 50 steps, {inputs}→{units}, batch {examples}",
        lambda: Network([LSTM(units, 50), Dense(4, "softmax")], inputs, "cross_entropy"),
        examples,
        by_hand.lstm,
        allowed,
    )


def _cnn() -> Network:
    convolved = [(Conv2d(channels, 3, padding=1, activation="relu"), MaxPool2d(2)) for channels in (8, 16)]
    layers = [layer for pair in convolved for layer in pair]
    return Network([*layers, Dense(10, "softmax")], Image(3, 16, 16), "cross_entropy")


CASES = (
    *_mlp(2, 10, 4, 1.5),
    *_mlp(4, 32, 16, 1.5),
    *_mlp(8, 256, 128, 1.1),
    _lstm(16, 32, 16, 1.3),
    _lstm(3, 5, 4, 1.5),
    Case("CNN on 3×16×16, batch 32", _cnn, 32, by_hand.cnn, 1.3),
)


def compiled() -> Iterator[Row]:
    """Compiled programs against NumPy by hand."""
    for case in CASES:
        yield _compared(case)


def _compared(case: Case) -> Row:
    """Time a compiled program and the same by hand, after comparing what they return."""
    program = derive(case.network()).compile()
    given = _drawn(program.program, case.examples)
    apart = largest_difference(program(*given)[1], case.hand(*given)[1])
    if not apart <= AGREE:
        raise ArithmeticError(f"the gradients differ by {apart:.1e}")
    once = interleaved({"": lambda: case.hand(*given)}, 5)[""].best
    calls = range(1 + int(SHORTEST / once))
    runs: Mapping[str, Callable[[], object]] = {
        "ours": lambda: [program(*given) for _ in calls],
        "hand": lambda: [case.hand(*given) for _ in calls],
    }
    times = interleaved(runs, 40)
    ours, hand = times["ours"], times["hand"]
    middle = f"medians {seconds(ours.median / len(calls))} / {seconds(hand.median / len(calls))}"
    name = f"compiled, {case.name}"
    return against(name, ours.best / len(calls), hand.best / len(calls), "by hand", case.allowed, middle)


def _drawn(program: Any, examples: int) -> tuple[dict[str, Any], Any, Any]:
    """Draw every array a program takes, weights scaled by their inputs; targets are one-hot, which suits every loss."""
    random = np.random.default_rng(0)
    arrays = {
        each.name: random.normal(size=(int(each.shape[0]), examples if each.shape[1] == BATCH else int(each.shape[1])))
        for each in (*program.parameters, *program.inputs)
    }
    parameters = {each.name: arrays[each.name] / arrays[each.name].shape[1] ** 0.5 for each in program.parameters}
    inputs = {each.name: arrays[each.name] for each in program.inputs}
    classes = int(program.targets[0].shape[0])
    targets = np.eye(classes)[:, random.integers(classes, size=examples)]
    return parameters, inputs if len(inputs) > 1 else next(iter(inputs.values())), targets


ROWS = (compiled,)
