"""The account of one weight's gradient: the logs of its uses by role, which add up, and how they are compared."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from symbp.op import FactorRole

LOG_10 = math.log(10)


@dataclass(frozen=True)
class Use:
    """One use of a weight: the natural log of the norm of its contribution, by role, and its share of the whole.

    ``measured`` is the log of that norm at the end of the walk, which the roles must add up to. ``share`` is
    ⟨g, G⟩/‖G‖² for the contribution g to the gradient G; the shares of a weight add up to one.
    """

    logs: Mapping[FactorRole, float]
    measured: float
    share: float

    @property
    def log(self) -> float:
        """The natural log of the norm of the contribution: the sum of its factors' logs."""
        return _sum(self.logs.values())

    @property
    def error(self) -> float:
        """|log − measured|/max(1, |measured|)."""
        return distance(self.log, self.measured)


@dataclass(frozen=True)
class Row:
    """The gradient G of one weight. Logarithms are natural; ``log10`` and ``roles`` are to base 10.

    ``size`` is the number of its entries. ``compiled`` is log‖G‖ from the compiled function, None where that
    under- or overflowed on its way. ``rounding`` says that G is zero but for rounding, which proves nothing.
    """

    name: str
    layer: int
    size: int
    log: float
    uses: tuple[Use, ...]
    compiled: float | None = None
    rounding: bool = False

    @property
    def log10(self) -> float:
        """log10‖G‖; −∞ for zero."""
        return self.log / LOG_10

    @cached_property
    def logs(self) -> dict[FactorRole, float]:
        """log‖G‖ by role: the logs of the uses weighted by their shares.

        What remains where several uses reinforce or cancel each other counts as the sum of paths.
        """
        if self.is_dead:
            return {}
        alive = [use for use in self.uses if use.log > -math.inf]
        roles = dict.fromkeys(role for use in alive for role in use.logs)
        found = {role: _sum(use.share * use.logs.get(role, 0.0) for use in alive) for role in roles}
        if len(self.uses) > 1:
            rest = math.fsum((self.log, *(-value for value in found.values())))
            found[FactorRole.SUM] = found.get(FactorRole.SUM, 0.0) + rest
        return found

    @property
    def roles(self) -> dict[FactorRole, float]:
        """log10‖G‖ by role; they add up to ``log10``."""
        return {role: value / LOG_10 for role, value in self.logs.items()}

    @property
    def is_dead(self) -> bool:
        """Whether G is exactly zero."""
        return self.log == -math.inf

    @property
    def budget(self) -> float:
        """The sum of the logs of all factors, which must be log‖G‖."""
        return -math.inf if self.is_dead else _sum(self.logs.values())

    @property
    def error(self) -> float | None:
        """|budget − compiled|/max(1, |compiled|) in natural logs, or the largest such error of a use.

        None where there is nothing to compare with.
        """
        if self.compiled is None or self.rounding:
            return None
        return worst([distance(self.budget, self.compiled), *(use.error for use in self.uses)])

    @property
    def shares_error(self) -> float:
        """How far the shares of the uses are from adding up to one, by the sum of their sizes."""
        shares = [use.share for use in self.uses]
        return 0.0 if self.is_dead else abs(math.fsum(shares) - 1) / max(1.0, math.fsum(map(abs, shares)))


def _sum(terms: Iterable[float]) -> float:
    values = list(terms)
    return math.fsum(values) if all(map(math.isfinite, values)) else sum(values)


def distance(log: float, reference: float) -> float:
    """Return how far two logs are apart, by the size of the reference where that is above 1."""
    return 0.0 if log == reference else abs(log - reference) / max(1.0, abs(reference))


def worst(errors: Iterable[float]) -> float:
    """Return the largest, NaN where one is not a number, 0 where there is none."""
    found = list(errors)
    return math.nan if any(map(math.isnan, found)) else max(found, default=0.0)


def named(by_role: Mapping[FactorRole, float]) -> dict[str, float]:
    """Return numbers by the name of their role."""
    return {str(role): value for role, value in by_role.items()}


def finite(number: float | None) -> float | None:
    """Return a number JSON knows, None for any other."""
    return number if number is not None and math.isfinite(number) else None


def row_data(row: Row) -> dict[str, Any]:
    """Return the account of a weight as JSON data; logs to base 10."""
    return {
        "parameter": row.name,
        "layer": row.layer,
        "log10_norm": finite(row.log10),
        "roles": named(row.roles),
        "shares": [use.share for use in row.uses],
        "log10_compiled": None if row.compiled is None else finite(row.compiled / LOG_10),
        "dead": row.is_dead,
        "zero_to_rounding": row.rounding,
    }
