"""The values a user gives to the names in expressions (``--let beta=1.702``), shared out to those that use them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from symbp.errors import SpecError, nearest

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def used_in(text: str, let: Mapping[str, str]) -> dict[str, str]:
    """Return the values of the names that stand in an expression."""
    words = set(_WORD.findall(text))
    return {name: value for name, value in let.items() if name in words}


def require_used(let: Mapping[str, str], texts: list[str]) -> None:
    """Refuse a value for a name that stands in none of the expressions.

    Raises:
        SpecError: naming the value that nothing uses.
    """
    words = {word for text in texts for word in _WORD.findall(text)}
    for name in let:
        if name not in words:
            raise SpecError(f"let {name}={let[name]}: no activation or loss has {name} in it{nearest(name, words)}")
