"""What repeats in a network, and what every repetition does to the error: a block or a step is one map with one gain.

Where the layers of a plain stack repeat, factors are measured layer by layer (``flow``). Everything else is cut here
at the borders of its layer tree: into blocks, the steps of a recurrent layer, or parts that do not repeat.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from symbp.analysis.account import LOG_10, finite, worst
from symbp.networks.blocks import Kind

AGREE = 1.2
"""Gains of which the largest is at most this many times the smallest have a rate."""

LEAST = 3
"""Fewer repetitions have no rate."""

TENFOLD = math.log(10)
"""A change by less than this, in natural logarithms, is stable."""


class Unit(StrEnum):
    """What a network is cut into; parts are what does not repeat."""

    LAYER = "layer"
    BLOCK = "block"
    STEP = "step"
    PART = "part"


@dataclass(frozen=True)
class Segment:
    """One factor inside a branch: its kind, the weights that it has, its activation, its gain as a natural log."""

    kind: Kind
    weights: tuple[str, ...]
    function: str
    log: float


@dataclass(frozen=True)
class Skip:
    """Two ways of an error that meet again: the gains of the ``branch`` and of what goes beside it, natural logs.

    ``cosine`` is that of the angle between what the two send: with a and b the gains of both, the gain of their sum is
    √(a² + b² + 2ab·cosine).
    """

    log: float
    branch: float
    cosine: float


@dataclass(frozen=True)
class Bracket:
    """A map inside a stage: one sum I + F with its branch, or what stands between two of them.

    The gain is a natural log. ``parts`` are the kinds of what the branch consists of, or the map where it has no skip,
    as the network computes them; ``segments`` are its factors, from the loss to the input, whose gains multiply to that
    of the branch, or of the map.
    """

    kind: Kind
    name: str
    log: float
    parts: tuple[Kind, ...]
    segments: tuple[Segment, ...] = ()
    skip: Skip | None = None


@dataclass(frozen=True)
class Stage:
    """One repetition, or what stands once before or behind them (its ``number`` is 0).

    ``above`` and ``below`` are natural logs of the norm of the error at its two ends, that of ``below`` as far as it
    comes through the stage; None where nothing is sent on. ``brackets`` stand from the loss to the input. ``enters``
    and ``leaves`` are the root mean squares of the signal at its ends, ``deviation`` is the standard deviation over
    the features of a column of what enters. A step has the gain to each part of its state, the mean of the gate that
    keeps the state (None without one), and the norm of the error that comes straight from the loss.
    """

    kind: Kind
    name: str
    number: int
    above: float
    below: float | None
    brackets: tuple[Bracket, ...] = ()
    weights: tuple[str, ...] = ()
    enters: float | None = None
    leaves: float | None = None
    deviation: float | None = None
    to: Mapping[str, float] = field(default_factory=dict)
    kept: float | None = None
    direct: float = -math.inf

    @property
    def log(self) -> float | None:
        """The natural log of its gain; None where nothing is sent on, or nothing comes in."""
        if self.below is None or self.above == -math.inf:
            return None
        return self.below - self.above


@dataclass(frozen=True)
class Remedied:
    """The same steps with the bias of the gate that keeps their state started at ``value``."""

    parameter: str
    value: float
    run: Run


@dataclass(frozen=True)
class Run:
    """What follows one another, from the loss to the input: the blocks of a network, the steps of a layer.

    ``shares`` are, for every parameter that the steps share, the parts of the steps in its gradient, in the order of
    the stages: ⟨g, G⟩/‖G‖² of the contribution g of a step to the gradient G; they add up to one. ``gate`` is the stem
    of the gate that keeps the state, ``state`` that of what it keeps, ``bias`` the name of the bias of that gate.
    ``errors`` are how far products of gains and sums of parts are from the compiled function, by max(1, |log|).
    """

    unit: Unit
    name: str
    stages: tuple[Stage, ...]
    shares: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    gate: str = ""
    state: str = ""
    bias: str = ""
    errors: tuple[float, ...] = ()
    remedies: tuple[Remedied, ...] = ()

    @cached_property
    def repeated(self) -> tuple[Stage, ...]:
        """The stages that are repetitions and have a gain; of parts all."""
        wanted = (each for each in self.stages if each.number or self.unit is Unit.PART)
        return tuple(each for each in wanted if each.log is not None)

    @property
    def logs(self) -> list[float]:
        """Their gains as natural logs, from the loss to the input."""
        return [each.log for each in self.repeated if each.log is not None]

    @property
    def total(self) -> float:
        """The natural log of what all of them together multiply the error by."""
        return math.fsum(self.logs) if all(map(math.isfinite, self.logs)) else -math.inf

    @cached_property
    def startup(self) -> int | None:
        """How many repetitions next to the loss differ from the others; None where there is no rate."""
        return None if self.unit is Unit.PART else startup(self.logs)

    @property
    def rate(self) -> float | None:
        """What one repetition multiplies the error by: the geometric mean behind the start-up; None without one."""
        if self.startup is None:
            return None
        behind = self.logs[self.startup :]
        return math.exp(math.fsum(behind) / len(behind))

    @property
    def activation(self) -> float | None:
        """The natural log of how much larger the signal leaves the last repetition than it enters the first one."""
        if not self.repeated or self.unit is Unit.STEP:
            return None
        last, first = self.repeated[0], self.repeated[-1]
        if not (last.leaves and first.enters):
            return None
        return math.log(last.leaves / first.enters)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON data; logs to base 10, None for that of zero."""
        return {
            "unit": str(self.unit),
            "name": self.name,
            "rate": self.rate,
            "startup": self.startup,
            "log10_total": finite(self.total / LOG_10),
            "stages": [_stage_data(each) for each in self.stages],
            "shares": {name: list(parts) for name, parts in self.shares.items()},
            "gate": self.gate,
            "state": self.state,
            "remedies": [
                {"parameter": each.parameter, "value": each.value, **each.run.to_dict()} for each in self.remedies
            ],
        }


@dataclass(frozen=True)
class Repetitions:
    """What a network is cut into, and its runs: one, or one a recurrent layer; none for a stack of layers.

    ``gradient`` is the natural log of how much larger the gradients of the first repetition are than those of the last,
    that of the weight for which it differs most; None where their weights do not correspond.
    """

    unit: Unit
    runs: tuple[Run, ...] = ()
    gradient: float | None = None

    @property
    def is_stack(self) -> bool:
        """Whether it is a stack of layers, whose factors are told layer by layer."""
        return self.unit is Unit.LAYER

    @property
    def changes(self) -> dict[str, float]:
        """What the whole depth multiplies error, gradient and activation by, as natural logs, as far as it is known."""
        errors = [run.total for run in self.runs]
        activations = [run.activation for run in self.runs if run.activation is not None]
        found = {
            "error": max(errors, key=abs, default=None),
            "gradient": self.gradient,
            "activation": max(activations, key=abs, default=None),
        }
        return {name: log for name, log in found.items() if log is not None}

    @property
    def compared(self) -> int:
        """How many norms and gradients were compared with the compiled function."""
        return sum(len(run.errors) for run in self.runs)

    @property
    def error(self) -> float:
        """The largest error of them, in natural logs by max(1, |log|)."""
        return worst(error for run in self.runs for error in run.errors)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON data."""
        return {
            "unit": str(self.unit),
            "log10_changes": {name: finite(log / LOG_10) for name, log in self.changes.items()},
            "compared": self.compared,
            "error": self.error,
            "runs": [run.to_dict() for run in self.runs],
        }


def startup(logs: Sequence[float]) -> int | None:
    """Return how many gains at the beginning to leave out so that the others agree; None where they do not.

    At least three, and half of them all, have to be left.
    """
    for first in range(len(logs)):
        rest = logs[first:]
        if len(rest) < max(LEAST, (len(logs) + 1) // 2):
            return None
        if max(rest) - min(rest) <= math.log(AGREE):
            return first
    return None


def _stage_data(stage: Stage) -> dict[str, Any]:
    return {
        "kind": str(stage.kind),
        "name": stage.name,
        "number": stage.number,
        "log10_above": finite(stage.above / LOG_10),
        "log10_below": None if stage.below is None else finite(stage.below / LOG_10),
        "log10_gain": None if stage.log is None else finite(stage.log / LOG_10),
        "brackets": [_bracket_data(each) for each in stage.brackets],
        "weights": list(stage.weights),
        "enters": stage.enters,
        "leaves": stage.leaves,
        "deviation": stage.deviation,
        "log10_to": {stem: finite(log / LOG_10) for stem, log in stage.to.items()},
        "kept": stage.kept,
        "log10_direct": finite(stage.direct / LOG_10),
    }


def _bracket_data(bracket: Bracket) -> dict[str, Any]:
    skip = bracket.skip
    return {
        "kind": str(bracket.kind),
        "name": bracket.name,
        "log10_gain": finite(bracket.log / LOG_10),
        "log10_skip": None if skip is None else finite(skip.log / LOG_10),
        "log10_branch": None if skip is None else finite(skip.branch / LOG_10),
        "cosine": None if skip is None else skip.cosine,
        "factors": [
            {"kind": str(each.kind), "weights": list(each.weights), "function": each.function,
             "log10_gain": finite(each.log / LOG_10)}
            for each in bracket.segments
        ],
    }  # fmt: skip
