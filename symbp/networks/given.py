"""The values a user gives to the names in expressions (``--let beta=1.702``), shared out to those that use them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, TypeAlias, TypeVar

from sympy import Rational

from symbp.domain import Called
from symbp.errors import SpecError, nearest

Value: TypeAlias = str | int | Rational | float
"""An exact number: text and floats are read from their decimal digits."""
Let = Annotated[Mapping[str, Value], Called("a mapping from names to numbers")]
"""What the names in expressions stand for, as in ``{"beta": "1.702"}``."""
FunctionName = Annotated[str, Called("a name such as 'tanh', or an expression in x")]
LossName = Annotated[str, Called("a name such as 'mse', or an expression in a and y")]

V = TypeVar("V")

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def used_in(text: str, let: Mapping[str, V]) -> dict[str, V]:
    """Return the values of the names that stand in an expression."""
    words = set(_WORD.findall(text))
    return {name: value for name, value in let.items() if name in words}


def require_used(let: Let, texts: list[str]) -> None:
    """Refuse a value for a name that stands in none of the expressions.

    Raises:
        SpecError: naming the value that nothing uses.
    """
    words = {word for text in texts for word in _WORD.findall(text)}
    for name in let:
        if name not in words:
            raise SpecError(f"let {name}={let[name]}: no activation or loss has {name} in it{nearest(name, words)}")
