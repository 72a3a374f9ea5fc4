"""What theory says of a network that was measured: the predicted rate, the fixed point, and what folklore blurs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from symbp.analysis.correlations import Prospect, prospect
from symbp.analysis.critical import critical
from symbp.analysis.draws import error_log_rate, predicted
from symbp.analysis.flow import Flow, GradientFlow
from symbp.analysis.initialisations import Chosen
from symbp.analysis.lengths import MeanField
from symbp.analysis.phase import Mark, activation_of, marked
from symbp.analysis.prediction import Prediction
from symbp.analysis.quadrature import DivergentError
from symbp.analysis.solution import prospect_data
from symbp.derivation import Derivation
from symbp.errors import SpecError
from symbp.op import FactorRole
from symbp.ops.channel_norm import NormaliseChannels
from symbp.ops.elementwise import ScalarFunction
from symbp.ops.normalisation import Normalise

DEFAULTS = ("xavier", "he", "lecun")
"""Initialisations that people take without asking whether they fit the activation."""

FAR = 0.02
"""χ₁ further from one than this is not critical."""


@dataclass(frozen=True)
class Note:
    """What folklore blurs and is true of a network: its key among the sentences, and the words that differ."""

    key: str
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Outlook:
    """Theory beside one measured flow.

    ``measured`` is the natural log of what a layer multiplies the error by in the draw that was measured, None where
    no single path leads to the first weight; ``why`` says why there is no prediction. ``function`` is the one
    activation of a plain stack of dense layers, ``marks`` where its initialisation stands, ``prospects`` what is
    foreseen there; None and empty for other networks. ``notes`` is what folklore blurs and matters here.
    """

    prediction: Prediction | None
    why: str
    measured: float | None
    function: ScalarFunction | None
    marks: tuple[Mark, ...]
    prospects: tuple[Prospect, ...]
    notes: tuple[Note, ...]

    @property
    def predicted(self) -> float | None:
        """What a layer multiplies the error by, as predicted."""
        known = self.prediction is not None and not self.prediction.doubt
        return self.prediction.rate if known and self.prediction else None

    @property
    def measured_rate(self) -> float | None:
        """What a layer multiplies the error by, as measured."""
        return None if self.measured is None else math.exp(self.measured)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON data."""
        return {
            "predicted_error_rate": self.predicted,
            "measured_error_rate": self.measured_rate,
            "why": self.why or None,
            "prospects": [prospect_data(each) for each in self.prospects],
        }


def outlook(derivation: Derivation, chosen: Chosen, name: str, flow: GradientFlow) -> Outlook:
    """Return what theory says of a network, an initialisation, and what was measured of it."""
    prediction, why = predicted(derivation.network, chosen, flow)
    function = activation_of(derivation.network)
    marks = tuple(marked(name, chosen, flow.widths)) if function is not None else ()
    prospects = _prospects(function, marks)
    measured = None if flow.verdict is Flow.DEAD else error_log_rate(flow)
    notes = tuple(_notes(derivation, chosen, flow, function, prospects))
    return Outlook(prediction, why, measured, function, marks, prospects, notes)


def _prospects(function: ScalarFunction | None, marks: tuple[Mark, ...]) -> tuple[Prospect, ...]:
    if function is None:
        return ()
    field = MeanField(function)
    try:
        return tuple(prospect(field, mark.sigma_w, mark.sigma_b) for mark in marks)
    except DivergentError:
        return ()


def _notes(
    derivation: Derivation,
    chosen: Chosen,
    flow: GradientFlow,
    function: ScalarFunction | None,
    prospects: tuple[Prospect, ...],
) -> Iterator[Note]:
    """Yield what is true of this network and folklore blurs."""
    if function is not None and prospects and chosen.name in DEFAULTS:
        yield from _not_critical(str(chosen), function, prospects[0], chosen.sigma_b)
    weights = [gain for gain in flow.gains if gain.role is FactorRole.WEIGHT and gain.bound is not None]
    if flow.is_stack and flow.verdict is Flow.VANISHING and weights and min(gain.bound or 0.0 for gain in weights) > 1:
        least = min(gain.bound or 0.0 for gain in weights)
        yield Note("norms", (("least", f"{least:.3g}"),))
    steep = [gain.bound for gain in flow.gains if gain.role is FactorRole.SLOPE and (gain.bound or 0.0) > 1.001]
    if steep and flow.is_stack:
        yield Note("steep", (("most", f"{max(each or 0.0 for each in steep):.3g}"),))
    if any(isinstance(each.rhs, Normalise | NormaliseChannels) for each in derivation.coupled):
        yield Note("batch" if flow.is_stack else "batch_any")
    if any(gain.role is FactorRole.GATE for gain in flow.gains):
        yield Note("gates")


def _not_critical(init: str, function: ScalarFunction, found: Prospect, sigma_b: float) -> Iterator[Note]:
    """Say that a default does not fit the activation, and what would."""
    if found.chi is None or abs(found.chi.value - 1) <= FAR:
        return
    said = ("init", init), ("function", function.name), ("chi", f"{found.chi.value:.3g}")
    try:
        exact = critical(MeanField(function), sigma_b)
    except (SpecError, DivergentError):
        yield Note("no_critical", said)
        return
    yield Note("critical", (*said, ("critical", f"normal:{exact.sigma_w:.5g}")))
