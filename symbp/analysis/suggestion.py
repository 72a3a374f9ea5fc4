"""One remedy for a stack whose error vanishes or explodes, chosen by the factor to blame, and measured."""

from __future__ import annotations

import math
from dataclasses import dataclass

from symbp.analysis.critical import critical
from symbp.analysis.draws import error_log_rate
from symbp.analysis.flow import Flow, GradientFlow
from symbp.analysis.initialisations import Chosen, initialisation
from symbp.analysis.lengths import MeanField
from symbp.analysis.phase import activation_of
from symbp.analysis.quadrature import DivergentError
from symbp.analysis.remedies import Remedy, Stack, remedied
from symbp.analysis.stacks import LEAST, layers, means
from symbp.analysis.streamed import Streamed
from symbp.derivation import Derivation, derive
from symbp.errors import SpecError
from symbp.op import FactorRole
from symbp.ops.elementwise import ScalarFunction

MOST = 2.0
"""A critical σ_w above this makes up for small slopes by driving units far out: another activation is better."""

HE = "he"


@dataclass(frozen=True)
class Suggestion:
    """A remedy and what it makes of the network: the initialisation, and the activation where that changes.

    ``needed`` is what the weights would have to gain a layer as it is, ``log`` what a layer does to the error with the
    remedy, both natural logarithms. ``bound`` is the largest slope there can be, as far as it was measured.
    """

    init: str
    activation: str | None
    needed: float
    log: float
    bound: float | None


def suggestion(derivation: Derivation, chosen: Chosen, flow: GradientFlow) -> Suggestion | None:
    """Return the remedy for a plain stack, measured with its widths, data and seed.

    None where none is needed, or none is known.
    """
    function = activation_of(derivation.network)
    slope = means(layers(flow))[1] if flow.is_stack and flow.layers >= LEAST else None
    if function is None or slope is None or flow.verdicts["error"] in (Flow.STABLE, Flow.DEAD):
        return None
    found = _choice(function, chosen)
    if found is None:
        return None
    init, activation = found
    stack = Stack(flow.widths[0], flow.widths[1:], function.name, None, flow.loss)
    try:
        network = remedied(stack, Remedy("", init, activation))
        log = error_log_rate(Streamed.of(derive(network), flow.examples).flow(initialisation(init), flow.seed))
    except SpecError:
        return None
    bounds = [gain.bound for gain in flow.gains if gain.bound is not None and gain.role is FactorRole.SLOPE]
    return None if log is None else Suggestion(init, activation, -slope, log, max(bounds, default=None))


def _choice(function: ScalarFunction, chosen: Chosen) -> tuple[str, str | None] | None:
    """Return an initialisation that is critical for the activation, else one with ReLU."""
    try:
        exact = critical(MeanField(function))
    except (SpecError, DivergentError):
        exact = None
    if exact is not None and exact.sigma_w <= MOST:
        is_he = math.isclose(exact.sigma_w, math.sqrt(2))
        init = HE if is_he else f"normal:{exact.sigma_w:.5g}"
        return None if init == str(chosen) else (init, None)
    return None if function.name == "relu" else (HE, "relu")
