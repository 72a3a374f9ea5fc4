"""Several draws of one initialisation: the measured rates with their standard errors, beside the predicted ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from symbp.analysis.budget import EXAMPLES, InitName, Prepared
from symbp.analysis.flow import Flow, GradientFlow
from symbp.analysis.initialisations import Chosen, initialisation
from symbp.analysis.prediction import NoTheoryError, Prediction, predict
from symbp.analysis.statistics import mean, standard_error
from symbp.derivation import Derivation, derive
from symbp.domain import From, Seed, takes
from symbp.errors import SpecError
from symbp.networks.network import Network
from symbp.op import FactorRole

LEAST = 2

WIDE = 10
"""A network is wide compared with its outputs where it has this many times as many units."""


def many_outputs(widths: Sequence[int]) -> tuple[str, ...]:
    """Return what to say of a network, n_0 to n_L wide, whose outputs are not few beside its units."""
    if WIDE * widths[-1] < min(widths[:-1]):
        return ()
    return (
        f"{widths[-1]} outputs of a network {min(widths[:-1])} wide: the loss gradient depends on the weights, "
        "which the theory leaves out; the error may grow faster",
    )


@dataclass(frozen=True)
class Measured:
    """A mean over draws of a natural logarithm, with its standard error."""

    log: float
    error: float

    @classmethod
    def of(cls, logs: Sequence[float]) -> Measured:
        """Return the mean of at least two numbers and its standard error."""
        error = standard_error(logs)
        assert error is not None
        return cls(mean(logs), error)

    @property
    def rate(self) -> float:
        """e to the mean."""
        return math.exp(self.log)

    @property
    def rate_error(self) -> float:
        """The standard error of the rate."""
        return self.rate * self.error


@dataclass(frozen=True)
class Compared:
    """A predicted rate beside the measured one.

    The prediction is for infinite width; the network's own may take ``below`` from its logarithm or add ``above``.
    """

    what: str
    measured: Measured
    predicted_log: float | None = None
    below: float = 0.0
    above: float = 0.0

    @property
    def predicted(self) -> float | None:
        """The predicted rate."""
        return None if self.predicted_log is None else math.exp(self.predicted_log)

    @property
    def distance(self) -> float | None:
        """How many standard errors the measured rate lies from the predicted one, or its finite-width range."""
        if self.predicted_log is None:
            return None
        low, high = self.predicted_log - self.below, self.predicted_log + self.above
        beyond = max(self.measured.log - high, low - self.measured.log, 0.0)
        rounding = 1e-13 * max(1.0, abs(self.predicted_log))
        return 0.0 if beyond <= rounding else beyond / max(self.measured.error, rounding)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            "what": self.what,
            "predicted": self.predicted,
            "measured": self.measured.rate,
            "standard_error": self.measured.rate_error,
            "finite_width": [-self.below, self.above],
            "standard_errors_apart": self.distance,
        }


@dataclass(frozen=True)
class Draws:
    """Several flows of one network and initialisation; ``why`` says why there is no prediction."""

    flows: tuple[GradientFlow, ...]
    rates: tuple[Compared, ...]
    prediction: Prediction | None
    why: str = ""

    @property
    def has_many_outputs(self) -> bool:
        """Whether the theory leaves out what matters here."""
        return self.prediction is not None and bool(many_outputs(self.flows[0].widths))

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON data."""
        return {
            "draws": len(self.flows),
            "seeds": [flow.seed for flow in self.flows],
            "rates": [each.to_dict() for each in self.rates if self.flows[0].is_stack],
            "why": self.why or None,
            "notes": list(many_outputs(self.flows[0].widths)) if self.has_many_outputs else [],
            "flows": [flow.to_dict() for flow in self.flows],
        }


@takes
def measure(
    what: Network | Derivation | Prepared,
    init: InitName | Chosen = "xavier",
    seed: Seed = 0,
    draws: int = 20,
    examples: Annotated[int, From(1, 1_000_000)] = EXAMPLES,
) -> Draws:
    """Measure the rates of ``draws`` draws, seeds from ``seed`` on, beside what mean-field theory predicts.

    Raises:
        SpecError: fewer than two draws, and what ``analyze`` refuses.
    """
    if isinstance(draws, bool) or not isinstance(draws, int) or draws < LEAST:
        raise SpecError(f"draws is {draws!r}: a standard error needs at least {LEAST}")
    chosen = initialisation(init) if isinstance(init, str) else init
    derivation = derive(what) if isinstance(what, Network) else what
    ready = derivation if isinstance(derivation, Prepared) else Prepared.of(derivation, examples)
    flows = tuple(ready.account(chosen, seed + each) for each in range(draws))
    prediction, why = predicted(ready.bench.derivation.network, chosen, flows[0])
    if any(flow.verdict is Flow.DEAD for flow in flows):
        return Draws(flows, (), prediction, "the gradient of a draw is exactly zero, it has no rate")
    logs = [log for flow in flows if (log := error_log_rate(flow)) is not None]
    if len(logs) < draws:
        return Draws(flows, (), prediction, why or "no single path leads from the loss to the first weight")
    rates = [Compared("error", Measured.of(logs), *_of(prediction))]
    lengths = [_log_rate(flow.squares) for flow in flows]
    if all(map(math.isfinite, lengths)):
        rates.append(Compared("signal", Measured.of(lengths), *_of_signal(prediction, len(flows[0].squares))))
    return Draws(flows, tuple(rates), prediction, why)


def _of_signal(prediction: Prediction | None, places: int) -> tuple[float | None, float, float]:
    if prediction is None or len(prediction.squares) != places:
        return None, 0.0, 0.0
    log = _log_rate(prediction.squares)
    return (log if math.isfinite(log) else None), prediction.below, prediction.above


def _of(prediction: Prediction | None) -> tuple[float | None, float, float]:
    if prediction is None or prediction.doubt:
        return None, 0.0, 0.0
    return prediction.log_rate, prediction.below, prediction.above


def predicted(network: Network, chosen: Chosen, flow: GradientFlow) -> tuple[Prediction | None, str]:
    """Return what the theory predicts for a network that was measured, or why it predicts nothing."""
    try:
        found = predict(network, chosen, flow.widths, flow.examples)
        return found, found.doubt
    except NoTheoryError as error:
        return None, str(error)


def error_log_rate(flow: GradientFlow) -> float | None:
    """Return the natural log of what a layer multiplies the norm of the error by, from the last weight to the first Z.

    None where the first weight is used more than once, or the network has one layer. The activation of the output
    is left out: its input and the loss gradient depend on the same numbers, which no theory here follows.
    """
    first = flow.rows[0]
    if len(first.uses) != 1 or flow.layers < 2 or first.is_dead:
        return None
    output = flow.gain(FactorRole.SLOPE, flow.layers)
    known = (first.logs.get(FactorRole.LOSS, 0.0), first.logs.get(FactorRole.PREVIOUS, 0.0))
    rest = first.log - math.fsum(known) - (output.log if output is not None else 0.0)
    return rest / (flow.layers - 1)


def _log_rate(squares: Sequence[float]) -> float:
    """Return the mean of the logs of the root mean square's growth from one place to the next."""
    if len(squares) < 2 or not all(each > 0 for each in squares):
        return math.nan
    return (math.log(squares[-1]) - math.log(squares[0])) / 2 / (len(squares) - 1)
