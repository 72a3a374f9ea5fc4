"""A page in the signs of a notation: the same blocks, every tree of them dressed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

from symbp.maths.dress import dress
from symbp.maths.notation import Notation
from symbp.maths.tree import Node

T = TypeVar("T")


def dressed(part: T, notation: Notation) -> T:
    """Return a page, a block, lines or a tree with the signs of a notation."""
    own = dress(notation, lambda: list(trees_of(part)))
    found: T = part if own is None else _mapped(part, own)
    return found


def trees_of(part: Any) -> Iterator[Node]:
    """Yield every tree of a page, a block, a line."""
    if isinstance(part, Node):
        yield part
    elif isinstance(part, tuple | list):
        for each in part:
            yield from trees_of(each)
    elif is_dataclass(part):
        for field in fields(part):
            yield from trees_of(getattr(part, field.name))


def _mapped(part: Any, change: Callable[[Node], Node]) -> Any:
    if isinstance(part, Node):
        return change(part)
    if isinstance(part, tuple | list):
        return type(part)(_mapped(each, change) for each in part)
    if is_dataclass(part) and not isinstance(part, type):
        values = {field.name: getattr(part, field.name) for field in fields(part)}
        return type(part)(**{name: _mapped(value, change) for name, value in values.items()})
    return part
