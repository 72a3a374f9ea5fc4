"""What an argument of somebody's function may take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Plan = list[Any]
"""JSON data for ``runner``: ``["array", name]``, ``["dict", {…}]``, ``["result", 0, [1]]`` …"""


@dataclass(frozen=True)
class Choice:
    """A plan, what it costs to believe it, what it takes away from others, what is said of it.

    ``ahead`` says that the file's own forward pass has to be called before.
    """

    plan: Plan
    cost: float = 0.0
    takes: frozenset[str] = frozenset()
    said: str = ""
    ahead: bool = False
