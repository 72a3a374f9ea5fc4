"""A number and how far it may be off."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Moment:
    """An expectation and a bound of its error."""

    value: float
    error: float
