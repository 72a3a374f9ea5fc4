"""Any network of blocks, steps or parts as it is and with the remedies that apply to it: initialisations, gate biases.

What a network is made of stays. A remedy draws the weights in another way, or starts the bias of the gate that keeps a
state higher; a network without such a gate has none of those.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from symbp.analysis.account import LOG_10, finite
from symbp.analysis.budget import BIASES, EXAMPLES, Prepared
from symbp.analysis.compare import DRAWS
from symbp.analysis.flow import Flow, by_total
from symbp.analysis.initialisations import Chosen, initialisation
from symbp.analysis.repetitions import Repetitions, Unit
from symbp.analysis.statistics import mean
from symbp.derivation import Derivation
from symbp.errors import SpecError

INITS = ("xavier", "he", "orthogonal")
"""Initialisations that are tried."""


@dataclass(frozen=True)
class Alternative:
    """One way to start a network: how its weights are drawn, biases by name, and what was measured draw by draw.

    ``problem`` stands in the place of the draws where the forward pass overflowed.
    """

    chosen: Chosen
    biases: Mapping[str, float] = field(default_factory=dict)
    drawn: tuple[Repetitions, ...] = ()
    problem: str = ""

    @property
    def changes(self) -> dict[str, float]:
        """What the whole depth changes error, gradient and activation by: the mean of the natural logs of the draws."""
        names = dict.fromkeys(name for each in self.drawn for name in each.changes)
        return {name: mean([each.changes[name] for each in self.drawn if name in each.changes]) for name in names}

    @property
    def verdicts(self) -> dict[str, Flow]:
        """The verdict of each of them."""
        return {name: by_total(log / LOG_10) for name, log in self.changes.items()}

    @property
    def verdict(self) -> Flow | None:
        """The first that is not stable; None where the forward pass overflowed."""
        if self.problem:
            return None
        return next((each for each in self.verdicts.values() if each is not Flow.STABLE), Flow.STABLE)

    @property
    def rate(self) -> float | None:
        """What a repetition multiplies the error by in the mean; None where a draw has no rate, or runs differ."""
        rates = [run.rate for each in self.drawn for run in each.runs]
        known = [rate for rate in rates if rate is not None]
        return mean(known) if known and len(known) == len(rates) == len(self.drawn) else None

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON data; logs to base 10."""
        return {
            "init": str(self.chosen),
            "biases": dict(self.biases),
            "verdict": None if self.verdict is None else str(self.verdict),
            "verdicts": {name: str(verdict) for name, verdict in self.verdicts.items()},
            "log10_changes": {name: finite(log / LOG_10) for name, log in self.changes.items()},
            "rate": self.rate,
            "problem": self.problem,
        }


@dataclass(frozen=True)
class Alternatives:
    """A network as it is, first, and with every remedy that applies to it."""

    derivation: Derivation
    unit: Unit
    seed: int
    rows: tuple[Alternative, ...]

    @property
    def recommended(self) -> Alternative | None:
        """The network as it is where that is stable, else what is and changes least; None where nothing is stable."""
        stable = [each for each in self.rows if each.verdict is Flow.STABLE]
        if not stable or stable[0] is self.rows[0]:
            return stable[0] if stable else None
        return min(stable, key=lambda each: max(map(abs, each.changes.values())))

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON data."""
        best = self.recommended
        return {
            "unit": str(self.unit),
            "seed": self.seed,
            "recommended": None if best is None else self.rows.index(best),
            "remedies": [each.to_dict() for each in self.rows],
        }


def alternatives(
    derivation: Derivation,
    init: str = "xavier",
    seed: int = 0,
    draws: int = DRAWS,
    examples: int = EXAMPLES,
    progress: Callable[[str], None] | None = None,
) -> Alternatives:
    """Measure a network as it is and with every remedy that applies to it, the same data in each draw.

    Raises:
        SpecError: a stack of layers, which ``compare`` is for; a number of draws below one.
    """
    if draws < 1:
        raise SpecError(f"draws is {draws!r}: give a whole number from 1")
    ready = Prepared.of(derivation, examples)
    chosen = initialisation(init)
    first = _measured(ready, Alternative(chosen), seed, draws)
    if first.drawn and first.drawn[0].is_stack:
        raise SpecError("a stack of layers: compare(stack) has its remedies")
    rows = [first]
    others = list(_applicable(first, chosen))
    for number, each in enumerate(others, 1):
        if progress is not None:
            progress(f"compare, {number} of {len(others)}: {each.chosen}")
        rows.append(_measured(ready, each, seed, draws))
    unit = first.drawn[0].unit if first.drawn else Unit.PART
    return Alternatives(derivation, unit, seed, tuple(rows))


def _applicable(first: Alternative, chosen: Chosen) -> Iterator[Alternative]:
    """Yield the remedies that change the network: none that it has already, none for gates that are not there."""
    yield from (Alternative(other) for other in map(initialisation, INITS) if other != chosen)
    gates = [run.bias for run in (first.drawn[0].runs if first.drawn else ()) if run.bias]
    for value in BIASES:
        if gates:
            yield Alternative(chosen, dict.fromkeys(gates, value))


def _measured(ready: Prepared, of: Alternative, seed: int, draws: int) -> Alternative:
    try:
        drawn = tuple(ready.started(of.chosen, seed + each, of.biases) for each in range(draws))
    except SpecError as error:
        return Alternative(of.chosen, of.biases, problem=str(error))
    return Alternative(of.chosen, of.biases, drawn)
