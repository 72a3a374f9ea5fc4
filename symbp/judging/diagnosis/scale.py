"""Right up to a scale: a convention, told apart from a mistake, with a name for the number."""

from __future__ import annotations

from collections.abc import Sequence

from sympy import Expr, S, Symbol

from symbp.checking.tolerance import TOLERANCE
from symbp.judging.diagnosis.bench import Bench
from symbp.judging.diagnosis.diagnosis import Scale
from symbp.judging.diagnosis.matching import Given
from symbp.judging.diagnosis.sites import Surroundings
from symbp.symbols import BATCH

OUTPUTS = Symbol("n_L", positive=True)
TOKENS = Symbol("T", positive=True)

CONVENTIONS: tuple[tuple[Expr, str], ...] = (
    (BATCH, "you forgot 1/m, or your loss is the sum over the examples, not their mean (--reduction sum)"),
    (S(2), "your loss has no ½: its derivative is 2(a − y), not a − y"),
    (S.Half, "your loss has a ½ that ours has not, or ½ is there twice"),
    (
        2 / OUTPUTS,
        "your loss is the mean of squares over examples and outputs without ½: PyTorch's MSELoss (--reduction torch)",
    ),
    (
        1 / OUTPUTS,
        "your loss is the mean over the outputs as well, as most of PyTorch's losses are (--reduction torch)",
    ),
    (OUTPUTS, "your loss is the sum over the outputs where ours is their mean"),
    (OUTPUTS / 2, "your loss sums over the outputs, with ½"),
    (2 * BATCH, "your loss is the sum of squares over examples and outputs, without 1/m and without ½"),
    (BATCH / 2, "1/m is missing, and ½ is there twice"),
    (1 / BATCH, "1/m is there twice"),
    (BATCH / OUTPUTS, "your loss is the mean over the outputs and the sum over the examples"),
    (2 * BATCH / OUTPUTS, "your loss is the mean over the outputs and the sum over the examples, without ½"),
    (
        TOKENS,
        "your loss is the mean over the examples and the sum over their T tokens; ours is the mean over all tokens",
    ),
    (BATCH * TOKENS, "you forgot the mean over all tokens, or your loss is their sum (--reduction sum)"),
    (S.NegativeOne, "its sign is the other one: minus the gradient, as an update that is added, not subtracted"),
    (-BATCH, "its sign is the other one, and 1/m is missing: minus the gradient of the sum over the examples"),
    (1 / (BATCH * OUTPUTS), "the mean over examples and outputs is taken twice"),
)
"""The numbers by which right gradients differ, in the order in which they are tried, and what each says of the loss."""


def scale_of(given: Given) -> Scale | None:
    """Return the number by which every given gradient of a parameter differs alike; None where there is none.

    A gradient that is zero in both says nothing about it.
    """
    names = [name for name in given.names if given.is_parameter(name)]
    telling = [name for name in names if any(ours.any() for ours in given.right[name])]
    columns = [given.ratios(name) for name in telling if not given.vanishes(name)]
    found = [given.shared(values) for values in zip(*columns, strict=True)]
    numbers = [each for each in found if each is not None]
    if not numbers or len(numbers) < len(found) or len({each > 0 for each in numbers}) > 1:
        return None
    if numbers[0] < 0 and (len(telling) < 2 or any(given.vanishes(name) for name in telling)):
        return None  # One gradient of the other sign is a mistake in it.
    return named(numbers, given.bench, given.slack)


def named(values: Sequence[float], bench: Bench, slack: float = TOLERANCE) -> Scale | None:
    """Return a number, one value a sample, with the name it has in every sample; None where it is one."""
    if all(abs(value - 1) <= slack for value in values):
        return None
    place = Surroundings(bench)
    meant = {OUTPUTS: place.outputs, TOKENS: place.tokens}
    for number, why in CONVENTIONS:
        sizes = [bench.dimension(number.xreplace(meant), each) for each in range(len(values))]
        if all(abs(a - b) <= slack * abs(b) for a, b in zip(values, sizes, strict=True)):
            return Scale(values[0], str(number), why)
    text = f"{values[0]:.6g}"
    return Scale(values[0], text, f"every gradient is {text} times ours: a constant factor of the loss")
