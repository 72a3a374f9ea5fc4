"""The compiled backward pass against one written by hand: 8 layers of width 256, a batch of 128, one BLAS thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from benchmarks import by_hand
from benchmarks.measure import interleaved, largest_difference
from benchmarks.table import Row, against, seconds
from symbp import Network, derive

LAYERS, WIDTH, BATCH = 8, 256, 128
ALLOWED = 1.1
AGREE = 1e-10


def tanh_mse() -> Iterator[Row]:
    """compiled backward, tanh + mse."""
    yield _compared("tanh", "mse", by_hand.tanh_mse)


def sigmoid_cross_entropy() -> Iterator[Row]:
    """compiled backward, sigmoid + cross_entropy."""
    yield _compared("sigmoid", "cross_entropy", by_hand.sigmoid_cross_entropy)


def relu_cross_entropy() -> Iterator[Row]:
    """compiled backward, relu + cross_entropy."""
    yield _compared("relu", "cross_entropy", by_hand.relu_cross_entropy)


def _compared(activation: str, loss: str, hand: Callable[..., by_hand.Result]) -> Row:
    compiled = derive(Network.mlp(LAYERS, WIDTH, activation, loss=loss)).compile()
    given = (by_hand.parameters([WIDTH] * (LAYERS + 1)), *by_hand.examples(WIDTH, WIDTH, BATCH, loss != "mse"))
    apart = largest_difference(compiled(*given)[1], hand(*given)[1])
    if not apart <= AGREE:
        raise ArithmeticError(f"the gradients differ by {apart:.1e}")
    times = interleaved({"ours": lambda: compiled(*given), "hand": lambda: hand(*given)}, 40)
    middle = f"medians {seconds(times['ours'].median)} / {seconds(times['hand'].median)}"
    name = f"compiled backward, {activation} + {loss}"
    return against(name, times["ours"].best, times["hand"].best, "by hand", ALLOWED, middle)


ROWS = (tanh_mse, sigmoid_cross_entropy, relu_cross_entropy)
