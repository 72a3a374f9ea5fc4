"""Which of many cases run in the short suite."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any

import pytest


def short(cases: Iterable[Any], keep: Container[Any]) -> list[Any]:
    """Return the cases as parameters; those that are not kept stand behind ``-m long``."""
    return [case if case in keep else pytest.param(case, marks=pytest.mark.long, id=str(case)) for case in cases]
