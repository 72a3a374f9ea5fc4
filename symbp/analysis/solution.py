"""The critical initialisation of an activation beside the common ones, at equal widths."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from symbp.analysis.closed import Closed, closed
from symbp.analysis.correlations import Prospect, prospect
from symbp.analysis.critical import Critical, criticals
from symbp.analysis.lengths import MeanField
from symbp.analysis.moment import Moment
from symbp.numeric.data import json_data
from symbp.ops.elementwise import ScalarFunction

COMMON: Mapping[str, float] = {"lecun, xavier": 1.0, "he": math.sqrt(2), "PyTorch's Linear": math.sqrt(1 / 3)}
"""σ_w at equal widths by name. ``torch.nn.Linear`` draws weights from U(−1/√n_in, 1/√n_in) unless told otherwise."""

GAINS: Mapping[str, float] = {"sigmoid": 1.0, "tanh": 5 / 3, "relu": math.sqrt(2), "selu": 3 / 4, "identity": 1.0}
"""``torch.nn.init.calculate_gain`` by activation: σ_w at equal widths of its Xavier initialisation."""


@dataclass(frozen=True)
class Solution:
    """The critical initialisations of one activation at σ_b, and what is foreseen at the common ones by name.

    ``closed`` are its moments in closed form, where one is found.
    """

    function: ScalarFunction
    sigma_b: float
    found: tuple[Critical, ...]
    common: tuple[tuple[str, Prospect], ...]
    closed: Closed | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON data; None stands for what is infinite or does not exist."""
        return {
            "activation": self.function.name,
            "sigma_b": self.sigma_b,
            "closed_form": None
            if self.closed is None
            else {"E[f^2]": str(self.closed.square), "E[f'^2]": str(self.closed.slope_square)},
            "critical": [_critical_data(each) for each in self.found],
            "common": [{"init": name, **prospect_data(each)} for name, each in self.common],
        }


def solve(function: ScalarFunction, sigma_b: float = 0.0) -> Solution:
    """Return the critical initialisations of an activation, and what is foreseen at the common ones.

    Raises:
        SpecError: an activation left open, or a σ_b that is none.
        DivergentError: its moments are infinite.
    """
    field = MeanField(function)
    found = criticals(field, sigma_b)
    rows = dict(COMMON)
    if function.name in GAINS:
        rows["PyTorch's gain"] = GAINS[function.name]
    if found:
        rows["critical"] = found[0].sigma_w
    common = tuple((name, prospect(field, w, sigma_b)) for name, w in rows.items())
    return Solution(function, sigma_b, tuple(found), common, closed(field))


def number(value: float) -> str:
    """Return a number with the digits a reader wants."""
    return f"{value:.10g}"


def prospect_data(each: Prospect) -> dict[str, Any]:
    """Return what is foreseen as JSON data."""
    return {
        "sigma_w": each.sigma_w,
        "fixed_point": str(each.point.kind),
        "q": each.point.q,
        "stable": each.point.stable,
        "chi": None if each.chi is None else moment_data(each.chi),
        "length_slope": each.length_slope,
        "fixed_correlation": each.fixed_correlation,
        "length_depth": json_data(each.length_depth),
        "correlation_depth": json_data(each.correlation_depth),
        "phase": each.phase,
    }


def moment_data(moment: Moment) -> dict[str, float]:
    """Return an expectation and the bound of its error as JSON data."""
    return {"value": moment.value, "error": moment.error}


def _critical_data(each: Critical) -> dict[str, Any]:
    return {
        "sigma_w": each.sigma_w,
        "sigma_b": each.sigma_b,
        "exact": None if each.exact is None else str(each.exact),
        "fixed_point": str(each.point.kind),
        "q": each.point.q,
        "stable": each.point.stable,
        "length_slope": each.length_slope,
        "chi_error": each.error,
    }
