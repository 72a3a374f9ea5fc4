"""An expression as text, how tightly it binds, and what may stand inside what without brackets."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class Level(IntEnum):
    """How tightly a written expression binds; a context brackets what binds too loosely."""

    SUM = 0
    HADAMARD = 1
    PRODUCT = 2
    SIGN = 3
    ATOM = 4
    CALL = 5


class Written(NamedTuple):
    """An expression as text without its sign, how tightly it binds, and its sign."""

    text: str
    level: Level = Level.ATOM
    negative: bool = False


INSIDE = {
    Level.SUM: frozenset({Level.SUM, Level.HADAMARD, Level.PRODUCT, Level.SIGN, Level.ATOM}),
    Level.HADAMARD: frozenset({Level.HADAMARD, Level.ATOM}),
    Level.PRODUCT: frozenset({Level.PRODUCT, Level.ATOM}),
    Level.SIGN: frozenset({Level.ATOM}),
    Level.ATOM: frozenset({Level.ATOM}),
    Level.CALL: frozenset(),
}
"""What may stand without brackets inside what: ⊙ and the matrix product do not mix."""
