"""What a gradient does from layer to layer of a plain stack: one row a layer, and whether one rate says it all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from symbp.analysis.flow import GradientFlow
from symbp.analysis.statistics import mean, standard_error
from symbp.op import FactorRole

LEAST = 3
"""Fewest repetitions that have a rate."""

ALIKE = math.log(1.2)
"""How far the gains of repetitions may be apart, largest to smallest, that one rate says them all."""

STRAYS = 4.0
"""How many standard errors means of parts of the way may be apart that have one rate."""

LITTLE = 1e-9
"""A factor that changes the logarithm of a norm by less is none."""

START = 3
"""At most this part of the layers, next to the input, may be a start that differs from the rest."""


@dataclass(frozen=True)
class Layer:
    """What is measured of one layer of a stack; gains and norms are natural logarithms, None where there is no factor.

    ``weight`` is the gain of the transposed weight of the layer above, which the error meets first, ``slope`` that of
    the activation derivative, ``other`` that of what else stands between the two, a normalisation or a mask. ``error``
    is log‖δ‖, ``step`` what it changes by from the layer above: the sum of the three. ``previous`` is the gain of the
    transposed input of the layer, which makes the error the gradient of the weight.
    """

    number: int
    name: str
    weight: float | None
    slope: float | None
    other: float | None
    error: float
    step: float | None
    previous: float | None
    gradient: float
    weight_bound: float | None
    slope_bound: float | None


def layers(flow: GradientFlow) -> tuple[Layer, ...]:
    """Return the layers of a stack from the loss to the input."""
    found: list[Layer] = []
    for row in reversed(flow.rows):
        weight, slope = flow.gain(FactorRole.WEIGHT, row.layer + 1), flow.gain(FactorRole.SLOPE, row.layer)
        previous = flow.gain(FactorRole.PREVIOUS, row.layer - 1)
        error = row.log - (0.0 if previous is None else previous.log) if not row.is_dead else -math.inf
        above = found[-1].error if found else None
        step = None if above is None or math.isinf(above) or math.isinf(error) else error - above
        known = math.fsum(each.log for each in (weight, slope) if each is not None)
        other = None if step is None or abs(step - known) <= LITTLE else step - known
        found.append(
            Layer(
                row.layer,
                row.name,
                None if weight is None else weight.log,
                None if slope is None else slope.log,
                other,
                error,
                step,
                None if previous is None else previous.log,
                row.log,
                None if weight is None else weight.bound,
                None if slope is None else slope.bound,
            )
        )
    return tuple(found)


@dataclass(frozen=True)
class Pace:
    """What repetitions multiply an error by on its way back, as natural logarithms, from the loss on.

    ``start`` of them, next to the input, differ from the rest: a signal takes some layers to settle.
    """

    steps: tuple[float, ...]

    @property
    def log(self) -> float:
        """The mean of all."""
        return mean(self.steps)

    @property
    def total(self) -> float:
        """What all of them make together."""
        return math.fsum(self.steps)

    @property
    def start(self) -> int:
        """How many next to the input differ from the rest; 0 where leaving them out does not make the rest alike."""
        most = len(self.steps) // START
        return next((left_out for left_out in range(most + 1) if self._is_alike(left_out)), 0)

    @property
    def is_alike(self) -> bool:
        """Whether one rate says each of them, behind the start."""
        return self._is_alike(self.start)

    @property
    def is_steady(self) -> bool:
        """Whether one rate says them on average: three parts of the way differ by no more than chance explains."""
        if self.is_alike or len(self.steps) < LEAST * LEAST:
            return self.is_alike
        ends = [round(part * len(self.steps) / LEAST) for part in range(LEAST + 1)]
        parts = [self.steps[start:end] for start, end in pairwise(ends)]
        middles = [mean(part) for part in parts]
        chance = sorted(standard_error(part) or 0.0 for part in parts)[1]
        return max(middles) - min(middles) <= max(ALIKE, STRAYS * chance)

    def _is_alike(self, left_out: int) -> bool:
        rest = self.steps[: len(self.steps) - left_out]
        return len(self.steps) + 1 >= LEAST and len(rest) > 1 and max(rest) - min(rest) <= ALIKE


def pace(found: Sequence[Layer]) -> Pace | None:
    """Return how an error changes from layer to layer; None where it is zero or there is one layer alone."""
    steps = [each.step for each in found[1:]]
    return Pace(tuple(each for each in steps if each is not None)) if steps and None not in steps else None


def means(found: Sequence[Layer]) -> tuple[float | None, float | None, float | None]:
    """Return the mean gains of weights, slopes and what else there is over the steps back; None without any."""
    steps = found[1:]
    parts = [each.weight for each in steps], [each.slope for each in steps], [each.other for each in steps]
    weight, slope, other = map(_mean, parts)
    return weight, slope, other


def _mean(logs: Sequence[float | None]) -> float | None:
    known = [each for each in logs if each is not None]
    return math.fsum(known) / len(logs) if known else None
