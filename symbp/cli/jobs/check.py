"""The work of the command, once the lower floors stand."""

from __future__ import annotations

from typing import Any

from symbp.errors import SpecError


def run(*request: Any) -> int:
    """Refuse for now."""
    raise SpecError("not wired yet")
