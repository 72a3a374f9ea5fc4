"""What a derivation costs, counted in calls of Python functions: the same on any machine, whatever else it does."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType

import pytest

from symbp import Dense, Network, derive
from symbp.networks.recurrent import LSTM
from symbp.networks.transformer import TransformerBlock
from symbp.pages.tell.derivation import derivation_page

MOST_CALLS = {"layer": 500, "step": 7500, "block": 6000}
"""A little more than it takes; through SymPy's constructors it was three times as much."""


def plain(layers: int) -> Network:
    return Network.mlp(layers=layers, widths=4, activation="tanh", loss="mse")


def recurrent(steps: int) -> Network:
    return Network([LSTM(3, steps), Dense(2, "tanh")], 2, "mse")


def transformer(blocks: int) -> Network:
    return Network([*[TransformerBlock(tokens=4, heads=2)] * blocks, Dense(5, "softmax")], 8, "cross_entropy")


def calls(run: Callable[[], object]) -> int:
    """Return how many Python functions a run calls; what is kept for the whole process is made before."""
    run()
    before, found = sys.getprofile(), 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal found
        found += event == "call"

    sys.setprofile(count)
    try:
        run()
    finally:
        sys.setprofile(before)
    return found


def of_one(make: Callable[[int], Network], first: int, more: int) -> float:
    """Return the calls that each of ``more`` layers takes behind the first ones."""

    def derived(count: int) -> Callable[[], object]:
        return lambda: [gradient.recursive for gradient in derive(make(count)).gradients.values()]

    return (calls(derived(first + more)) - calls(derived(first))) / more


@pytest.mark.parametrize(
    ("make", "what", "few", "many"),
    [(plain, "layer", 10, 60), (recurrent, "step", 4, 12), (transformer, "block", 1, 3)],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_layer_takes_few_calls_and_as_many_at_any_depth(
    make: Callable[[int], Network], what: str, few: int, many: int
) -> None:
    early, late = of_one(make, few, 2), of_one(make, many, 2)
    assert late <= MOST_CALLS[what]
    assert late == pytest.approx(early, rel=0.03)


def page(count: int) -> Callable[[], object]:
    return lambda: derivation_page(derive(Network.mlp(count)))


def test_a_page_takes_as_many_calls_for_a_layer_at_any_depth() -> None:
    early, middle, late = (calls(page(layers)) for layers in (30, 60, 120))
    assert (late - middle) / 60 == pytest.approx((middle - early) / 30, rel=0.1)
