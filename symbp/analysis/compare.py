"""compare(stack): every remedy measured on the same widths, data and seeds, and which factor it moved."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from symbp.analysis.account import LOG_10
from symbp.analysis.budget import EXAMPLES
from symbp.analysis.critical import critical
from symbp.analysis.draws import error_log_rate, many_outputs, predicted
from symbp.analysis.flow import Flow, GradientFlow, failing, growth, judged
from symbp.analysis.initialisations import Kept, initialisation
from symbp.analysis.lengths import MeanField
from symbp.analysis.remedies import CRITICAL, REMEDIES, Remedy, Stack, applicable, remedied
from symbp.analysis.spectrum import spectrum
from symbp.analysis.statistics import mean, standard_error
from symbp.analysis.streamed import Streamed
from symbp.derivation import derive
from symbp.errors import SpecError
from symbp.networks.layers import activation_of
from symbp.op import FactorRole

DRAWS = 3
"""How often the weights are drawn unless it is said."""

NUMBERS = 2**23
"""Normal numbers of one draw that are kept for the networks that share them: 64 MB."""

OVERFLOWS = "overflows"
"""The verdict of a network whose forward pass overflows."""


class Group(StrEnum):
    """What a remedy does, by gradient, error and activation: what to recommend first."""

    STABLE = "stable"
    MASKED = "masked"
    VANISHING = "vanishing"
    EXPLODING = "exploding"
    DEAD = "dead"
    OVERFLOWS = "overflows"


LEAST_MOVE = 0.02
"""Decades a layer from which a factor counts as moved."""


LEAST_ERROR, STRAYS = 0.02, 3.0
"""A measured rate differs from the predicted one by more than this, in its log, and this many standard errors."""


@dataclass(frozen=True)
class Measured:
    """One network of the comparison: the exact account of the first draw, the slopes of all draws.

    ``slopes`` are decades a layer towards the input, one a draw; a draw that died has none. ``errors`` are natural
    logs of what a layer multiplies the error by, ``predicted`` the same by theory, None where there is none;
    ``activations`` are decades a layer that the signal gains on its way from the input: the root mean square of every
    hidden Z, with skips of the stream.
    ``directions`` is the effective number of directions of an error that come through, where it was asked for.
    ``problem`` stands in the place of a flow where the forward pass overflowed.
    """

    name: str
    remedy: Remedy
    init: str
    flow: GradientFlow | None
    slopes: tuple[float, ...] = ()
    errors: tuple[float, ...] = ()
    activations: tuple[float, ...] = ()
    predicted: float | None = None
    problem: str = ""
    directions: float | None = None

    @property
    def slope(self) -> float | None:
        """The mean over the draws."""
        return mean(self.slopes) if self.slopes else None

    @property
    def standard_error(self) -> float | None:
        """The standard error of that mean; None for a single draw."""
        return standard_error(self.slopes)

    @property
    def error(self) -> float | None:
        """The mean of ``errors``; None where there are none."""
        return mean(self.errors) if self.errors else None

    @property
    def activation(self) -> float | None:
        """The mean of ``activations``; None where there are none."""
        return mean(self.activations) if self.activations else None

    @property
    def verdicts(self) -> dict[str, Flow]:
        """What happens to the gradient, the error and the activation; empty where the forward pass overflowed."""
        if self.flow is None:
            return {}
        if self.flow.verdict is Flow.DEAD:
            return self.flow.verdicts
        error = self.flow.error_slope if self.error is None else self.error / LOG_10
        return judged(self.flow.layers, self.slope, error, self.activation)

    @property
    def holds(self) -> bool:
        """Whether gradient, error and activation are stable, all three: then the remedy can be recommended."""
        return bool(self.verdicts) and set(self.verdicts.values()) == {Flow.STABLE}

    @property
    def group(self) -> Group:
        """What it does: stable in all three, stable in the gradient alone, or what the gradient does."""
        if self.flow is None:
            return Group.OVERFLOWS
        gradient = self.verdicts["gradient"]
        if gradient is not Flow.STABLE:
            return Group(str(gradient))
        return Group.STABLE if self.holds else Group.MASKED

    @property
    def distance(self) -> float:
        """How far what a layer does is from one, as a natural logarithm: of gradient, error and activation the most."""
        decades = [abs(each) * LOG_10 for each in (self.slope, self.activation) if each is not None]
        return max([*decades, abs(self.error or 0.0)])

    @property
    def verdict(self) -> str:
        """What of them is not stable, in words."""
        return failing(self.verdicts) if self.flow is not None else OVERFLOWS

    @property
    def differs(self) -> bool:
        """Whether the measured error is further from the predicted one than its draws explain."""
        if self.error is None or self.predicted is None:
            return False
        return abs(self.error - self.predicted) > max(LEAST_ERROR, STRAYS * (standard_error(self.errors) or 0.0))

    def moved(self, before: Measured) -> list[tuple[FactorRole, float, float]]:
        """Return the factors a remedy moved, the furthest first: role, decades a layer before and after."""
        old = {} if before.flow is None else before.flow.slopes
        new = {} if self.flow is None else self.flow.slopes
        pairs = [(role, old.get(role, 0.0), new.get(role, 0.0)) for role in dict.fromkeys([*old, *new])]
        found = [each for each in pairs if abs(each[2] - each[1]) >= LEAST_MOVE]
        return sorted(found, key=lambda each: -abs(each[2] - each[1]))

    def to_dict(self, before: Measured) -> dict[str, Any]:
        """Return everything as JSON data; slopes in decades a layer towards the input."""
        return {
            "remedy": self.name,
            "about": self.remedy.about,
            "init": self.init,
            "verdict": self.verdict,
            "verdicts": {name: str(verdict) for name, verdict in self.verdicts.items()},
            "stable": self.holds,
            "slope": self.slope,
            "standard_error": self.standard_error,
            "draws": list(self.slopes),
            "activation_slope": self.activation,
            "error_rate": None if self.error is None else math.exp(self.error),
            "predicted_error_rate": None if self.predicted is None else math.exp(self.predicted),
            "moved": [{"role": str(role), "before": old, "after": new} for role, old, new in self.moved(before)],
            "directions": self.directions,
            "problem": self.problem,
            "flow": None if self.flow is None else self.flow.to_dict(),
        }


@dataclass(frozen=True)
class Comparison:
    """The network as it is, first, and with every remedy; ``left_out`` are others, each with what excludes it."""

    stack: Stack
    init: str
    seed: int
    rows: tuple[Measured, ...]
    left_out: tuple[tuple[str, str], ...] = ()

    @property
    def as_is(self) -> Measured:
        """The network as it is."""
        return self.rows[0]

    @property
    def recommended(self) -> list[Measured]:
        """The remedies under which gradient, error and activation are stable, those nearest to keeping both first."""
        return sorted((row for row in self.rows[1:] if row.holds), key=lambda row: row.distance)

    @property
    def groups(self) -> dict[Group, list[Measured]]:
        """All rows by what they do, in the order of the groups; those nearest to keeping all three first."""
        found = {group: [row for row in self.rows if row.group is group] for group in Group}
        return {group: sorted(rows, key=lambda row: row.distance) for group, rows in found.items() if rows}

    @property
    def has_many_outputs(self) -> bool:
        """Whether the theory leaves out what matters, so that measured and predicted differ."""
        return bool(many_outputs(self.stack.shape)) and any(row.differs for row in self.rows)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON data."""
        return {
            "widths": list(self.stack.shape),
            "activation": self.stack.activation,
            "init": self.init,
            "seed": self.seed,
            "left_out": [name for name, _ in self.left_out],
            "notes": list(many_outputs(self.stack.shape)) if self.has_many_outputs else [],
            "recommended": [row.name for row in self.recommended],
            "remedies": [row.to_dict(self.as_is) for row in self.rows],
        }


def compare(
    stack: Stack,
    init: str = "normal:1",
    seed: int = 0,
    draws: int = DRAWS,
    examples: int = EXAMPLES,
    progress: Callable[[str], None] | None = None,
) -> Comparison:
    """Measure the network as it is and with every remedy that applies to it.

    ``init`` is the initialisation where a remedy does not bring its own. The first draw, with ``seed``, is accounted
    for exactly; the others, with the seeds behind it, say how much the rate varies.

    Raises:
        SpecError: fewer than three layers, a number of draws below one, or a network that symbp cannot accept.
    """
    if isinstance(draws, bool) or not isinstance(draws, int) or draws < 1:
        raise SpecError(f"draws is {draws!r}: give a whole number from 1")
    initialisation(init)
    chosen = dict(applicable(stack, init))
    critical = critical_init(stack)
    if critical is None:
        del chosen[CRITICAL]
    benches: dict[tuple[object, ...], Streamed] = {}
    runs = []
    for name, remedy in chosen.items():
        key = remedy.activation or stack.activation, remedy.hidden, remedy.keeps_width
        if key not in benches:
            derivation = derive(remedied(stack, remedy))
            benches[key] = Streamed.of(derivation, examples)
        runs.append(_Run(name, remedy, _init(remedy, init, critical), benches[key]))
    for number, each in enumerate(range(seed, seed + draws), 1):
        source = Kept(NUMBERS)
        for place, run in enumerate(runs, 1):
            if progress is not None:
                progress(f"compare, draw {number} of {draws}, {place} of {len(runs)}: {run.name}")
            run.measure(each, source)
    rows = [run.found() for run in runs]
    left_out = [(name, "widths") for name in REMEDIES if _is_excluded(name, chosen)]
    left_out += [(CRITICAL, "critical")] * (critical is None)
    return Comparison(stack, init, seed, tuple(rows), tuple(left_out))


def _is_excluded(name: str, chosen: Mapping[str, Remedy]) -> bool:
    return name not in chosen and REMEDIES[name].keeps_width


def critical_init(stack: Stack) -> str | None:
    """Return the initialisation at which the activation is critical without biases; None where there is none."""
    function = activation_of(stack.activation, stack.let)
    try:
        return critical(MeanField(function)).init
    except SpecError:
        return None


def _init(remedy: Remedy, init: str, at_criticality: str | None) -> str:
    """Return the initialisation that a remedy brings, else the network's own."""
    return (at_criticality or init) if remedy.init == CRITICAL else remedy.init or init


@dataclass
class _Run:
    """A network of the comparison while it is measured, draw by draw."""

    name: str
    remedy: Remedy
    init: str
    streamed: Streamed
    flows: list[GradientFlow] = field(default_factory=list)
    problem: str = ""

    def measure(self, seed: int, source: Kept) -> None:
        """Measure one draw, the first exactly; a network that overflowed is left alone."""
        chosen = initialisation(self.init)
        try:
            if self.problem:
                return
            if self.flows:
                self.flows.append(self.streamed.flow(chosen, seed, source))
            else:
                self.flows.append(self.streamed.account(chosen, seed, source))
        except SpecError as error:
            self.problem = str(error)

    def found(self) -> Measured:
        """Return the row of the comparison."""
        if self.problem:
            return Measured(self.name, self.remedy, self.init, None, problem=self.problem)
        slopes = [flow.slope for flow in self.flows if flow.slope is not None]
        errors = [log for flow in self.flows if (log := error_log_rate(flow)) is not None]
        activations = [gain for flow in self.flows if (gain := growth(flow.squares)) is not None]
        network = self.streamed.bench.derivation.network
        theory, _ = predicted(network, initialisation(self.init), self.flows[0])
        foreseen = None if theory is None or theory.doubt else theory.log_rate
        rates = tuple(slopes), tuple(errors), tuple(activations)
        found = Measured(self.name, self.remedy, self.init, self.flows[0], *rates, foreseen)
        return replace(found, directions=self._directions()) if found.holds else found

    def _directions(self) -> float | None:
        """Return how many directions of an error come through; None where examples meet."""
        try:
            return spectrum(self.streamed.bench, self.init, self.flows[0].seed).effective
        except SpecError:
            return None
