"""What an analysis found: the gradient of every weight as a budget of its factors, the trend, the verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from symbp.analysis.account import LOG_10, Row, finite, named, row_data, worst
from symbp.analysis.initialisations import Chosen
from symbp.analysis.repetitions import Repetitions
from symbp.analysis.walk import Gain
from symbp.derivation import Derivation
from symbp.op import FactorRole
from symbp.representation import Represented

AGREEMENT = 1e-12
"""How far a budget may be from the compiled gradient: this times max(1, |log|), in natural logarithms."""

TENFOLD = 1.0
"""Decades from which a change over the whole depth, from the last layer to the first, counts."""

FLOAT32 = (math.log10(2.0**-126), math.log10((2 - 2.0**-23) * 2.0**127))
"""log10 of the smallest normal and the largest number of float32."""


class Flow(StrEnum):
    """What happens to the gradient on its way from the last layer to the first."""

    VANISHING = "vanishing"
    STABLE = "stable"
    EXPLODING = "exploding"
    DEAD = "dead"


QUANTITIES = ("gradient", "error", "activation")
"""What a verdict looks at: the gradients of the weights, which are the error δ times the activation."""


@dataclass(frozen=True)
class GradientFlow(Represented):
    """How the gradient changes from the loss to the first layer, and which factors change it.

    ``rows`` are the weights from the first layer on, ``gains`` every factor measured on the gradient that flows
    through it. ``activations`` and ``loss`` are their names, ``assumed`` is what stands for what was left open,
    ``silent`` the first matrix of the forward pass that is zero for every example. ``squares`` are the mean squares of
    the signal behind every block, or of every hidden Z where there are no blocks. ``repetitions`` say what the
    network is cut into; None where only the walk was made.
    """

    rows: tuple[Row, ...]
    gains: tuple[Gain, ...]
    chosen: Chosen
    seed: int
    widths: tuple[int, ...]
    examples: int
    activations: tuple[str, ...]
    loss: str
    assumed: tuple[tuple[str, str], ...] = ()
    silent: tuple[str, ...] = ()
    squares: tuple[float, ...] = ()
    repetitions: Repetitions | None = None
    of: Derivation | None = field(default=None, compare=False, repr=False)
    """The derivation that was measured."""

    @property
    def layers(self) -> int:
        """The number of the last layer with a weight."""
        return max((row.layer for row in self.rows), default=0)

    @property
    def compared(self) -> int:
        """How many gradients were compared with the compiled function."""
        return sum(row.error is not None for row in self.rows)

    @property
    def error(self) -> float:
        """The largest error of a budget or a repetition, in natural logs by max(1, |log|); NaN where one failed."""
        repetitions = [] if self.repetitions is None else [self.repetitions.error]
        return worst([*(row.error for row in self.rows if row.error is not None), *repetitions])

    @property
    def agrees(self) -> bool:
        """Whether every budget adds up to its compiled gradient to 1e-12, shares to one, and one is compared."""
        shares = worst(row.shares_error for row in self.rows)
        return self.compared > 0 and self.error <= AGREEMENT and shares <= AGREEMENT

    @property
    def is_stack(self) -> bool:
        """Whether a rate a layer means something: no other network is cut into layers."""
        return self.repetitions is None or self.repetitions.is_stack

    @cached_property
    def slope(self) -> float | None:
        """Decades the gradient gains a layer towards the input, by least squares; None for one layer, or no stack."""
        return _slope([(row.layer, row.log10) for row in self._alive]) if self.is_stack else None

    @cached_property
    def slopes(self) -> dict[FactorRole, float]:
        """The same by role; they add up to ``slope``."""
        if not self.is_stack:
            return {}
        roles = dict.fromkeys(role for row in self._alive for role in row.logs)
        found = {role: _slope([(row.layer, row.roles.get(role, 0.0)) for row in self._alive]) for role in roles}
        return {role: slope for role, slope in found.items() if slope is not None}

    @property
    def rate(self) -> float | None:
        """What a layer multiplies the gradient by on its way to the input; None where one layer has no trend."""
        return None if self.slope is None else _power(self.slope)

    @property
    def error_slope(self) -> float | None:
        """Decades the error δ gains a layer: the slope without the activations that enter a weight's gradient.

        An additional layer changes the gradient of the first layer by this much.
        """
        return None if self.slope is None else self.slope - self.slopes.get(FactorRole.PREVIOUS, 0.0)

    @property
    def error_rate(self) -> float | None:
        """What a layer multiplies the error δ by."""
        return None if self.error_slope is None else _power(self.error_slope)

    @property
    def shares(self) -> dict[FactorRole, float]:
        """The part of each role in the rate (of its logarithm); they add up to one, negative ones oppose.

        Empty unless the gradient vanishes or explodes: a rate of one has no parts, see ``slopes``.
        """
        if not self.slope or self.verdict not in (Flow.VANISHING, Flow.EXPLODING):
            return {}
        return {role: slope / self.slope for role, slope in self.slopes.items()}

    @property
    def verdict(self) -> Flow:
        """Vanishing or exploding: tenfold over the whole depth.

        What is no stack is judged by error, gradient and activation, in this order.
        """
        if any(row.is_dead for row in self.rows):
            return Flow.DEAD
        if self.is_stack:
            return self._trend(self.slope)
        return next((each for each in self._by_total.values() if each is not Flow.STABLE), Flow.STABLE)

    @property
    def _by_total(self) -> dict[str, Flow]:
        """The verdict of what the whole depth changes, as far as it is known."""
        changes = self.repetitions.changes if self.repetitions else {}
        return {name: by_total(log / LOG_10) for name, log in changes.items()}

    @property
    def activation_slope(self) -> float | None:
        """Decades the activation gains a layer on its way from the input, as it enters the gradients."""
        return None if self.slope is None else -self.slopes.get(FactorRole.PREVIOUS, 0.0)

    @property
    def verdicts(self) -> dict[str, Flow]:
        """The verdict by quantity; gradient and error on their way to the input, the activation on its way from it."""
        if self.verdict is Flow.DEAD:
            return dict.fromkeys(QUANTITIES, Flow.DEAD)
        if not self.is_stack:
            return self._by_total
        return judged(self.layers, self.slope, self.error_slope, self.activation_slope)

    def _trend(self, slope: float | None) -> Flow:
        return trend(self.layers, slope)

    @cached_property
    def float32_depth(self) -> int | None:
        """The depth from which a typical entry of the first layer's gradient leaves the normal numbers of float32.

        By the fitted trend of the root mean square of the entries, and the rate of δ for more or fewer layers; None
        where δ is stable or the gradient dead.
        """
        if self.verdict is Flow.DEAD or self.slope is None or not self.error_slope:
            return None
        if self._trend(self.error_slope) is Flow.STABLE:
            return None
        levels = [row.log10 - 0.5 * math.log10(row.size) + self.slope * (row.layer - 1) for row in self._alive]
        first = math.fsum(levels) / len(levels)
        limit = FLOAT32[self.error_slope > 0]
        return max(1, self.layers + math.ceil((limit - first) / self.error_slope))

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON data; logarithms to base 10, None for that of zero."""
        return {
            "verdict": str(self.verdict),
            "stable": set(self.verdicts.values()) == {Flow.STABLE},
            "verdicts": {name: str(verdict) for name, verdict in self.verdicts.items()},
            "rate": self.rate,
            "error_rate": self.error_rate,
            "shares": named(self.shares),
            "slopes": named(self.slopes),
            "float32_depth": self.float32_depth,
            "agrees": self.agrees,
            "compared": self.compared,
            "error": self.error,
            "init": self.chosen.about,
            "seed": self.seed,
            "widths": list(self.widths),
            "examples": self.examples,
            "activations": list(self.activations),
            "loss": self.loss,
            "notes": [
                *(f"{what} left open: {value}" for what, value in self.assumed),
                *(f"{name} is zero for every example" for name in self.silent),
            ],
            "rows": [row_data(row) for row in self.rows],
            "gains": [_gain_data(gain) for gain in self.gains],
            "repetitions": None if self.repetitions is None else self.repetitions.to_dict(),
        }

    def gain(self, role: FactorRole, layer: int) -> Gain | None:
        """Return the factor of a role in a layer; None where there is none or several."""
        found = self._gains.get((role, layer), ())
        return found[0] if len(found) == 1 else None

    @cached_property
    def _gains(self) -> dict[tuple[FactorRole, int], list[Gain]]:
        found: dict[tuple[FactorRole, int], list[Gain]] = {}
        for gain in self.gains:
            found.setdefault((gain.role, gain.layer), []).append(gain)
        return found

    @property
    def _alive(self) -> list[Row]:
        return [row for row in self.rows if not row.is_dead]


def growth(squares: Sequence[float]) -> float | None:
    """Return how many decades a root mean square gains from each place to the next, by least squares."""
    points = [(place, math.log10(each) / 2) for place, each in enumerate(squares) if each > 0]
    slope = _slope(points)
    return None if slope is None else -slope


def trend(layers: int, slope: float | None) -> Flow:
    """Return the verdict of decades a layer: tenfold over the network."""
    return by_total((slope or 0.0) * (layers - 1))


def by_total(change: float) -> Flow:
    """Return the verdict of the decades that the whole depth changes something by."""
    if abs(change) < TENFOLD:
        return Flow.STABLE
    return Flow.VANISHING if change < 0 else Flow.EXPLODING


def judged(layers: int, *slopes: float | None) -> dict[str, Flow]:
    """Return the verdict of every quantity from its slope."""
    return {name: trend(layers, slope) for name, slope in zip(QUANTITIES, slopes, strict=True)}


def grouped(verdicts: Mapping[str, Flow]) -> str:
    """Say what happens to every quantity: ``gradient and error vanishing, activation stable``."""
    groups: dict[Flow, list[str]] = {}
    for name, verdict in verdicts.items():
        groups.setdefault(verdict, []).append(name)
    return ", ".join(f"{_and(names)} {verdict}" for verdict, names in groups.items())


def failing(verdicts: Mapping[str, Flow]) -> str:
    """Say the same of those that are not stable; ``stable`` where all are, ``dead`` where the gradient is."""
    found = {name: verdict for name, verdict in verdicts.items() if verdict is not Flow.STABLE}
    if Flow.DEAD in found.values():
        return str(Flow.DEAD)
    return grouped(found) or str(Flow.STABLE)


def _and(names: Sequence[str]) -> str:
    *before, last = names
    return f"{', '.join(before)} and {last}" if before else last


def _gain_data(gain: Gain) -> dict[str, Any]:
    log10 = finite(gain.log / LOG_10)
    return {"role": str(gain.role), "layer": gain.layer, "log10": log10, "bound": finite(gain.bound)}


def _slope(points: Sequence[tuple[int, float]]) -> float | None:
    """Return the least-squares slope of y over x towards smaller x."""
    if len({x for x, _ in points}) < 2:
        return None
    middle = math.fsum(x for x, _ in points) / len(points)
    over = math.fsum((x - middle) * y for x, y in points)
    return -over / math.fsum((x - middle) ** 2 for x, _ in points)


def _power(decades: float) -> float:
    """Return 10 to a power, held inside the range of floats."""
    return float(10.0 ** max(-300.0, min(300.0, decades)))
