"""The terminal's view of a derivation."""

from __future__ import annotations

from typing import Any

from symbp.derivation import Derivation


def derivation_text(derivation: Derivation, check: Any = None, **options: Any) -> str:
    """Return the derivation for a terminal."""
    raise NotImplementedError
