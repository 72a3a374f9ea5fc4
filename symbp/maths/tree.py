"""Mathematics before it has a format: thirteen kinds of frozen nodes over one alphabet, Unicode.

A writer turns a tree into strings; nothing else knows how a format spells anything. What is not seen is
written all the same: ``TIMES`` stands between the factors of a product and ``APPLY`` between a function and
its argument, as in MathML, so that no writer has to guess where a space or a break may stand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Literal

Style = Literal["italic", "upright", "bold", "bold-italic", "script"]
"""How an identifier is set: a letter italic, a word upright, ones bold, maps of errors and the loss in script."""

Kind = Literal["bin", "rel", "prefix", "postfix", "comma", "slash", "times", "apply", "big", "ord", "quad"]
"""What a sign does, which decides the space around it: ``ord`` stands as a letter does, ``quad`` is wide space."""


@dataclass(frozen=True, slots=True)
class Node:
    """Any kind of node."""


@dataclass(frozen=True, slots=True)
class Id(Node):
    """A letter or a word: ``W``, ``δ``, ``softmax`` (upright), ``1`` (bold: ones), ``L`` (script: the loss)."""

    name: str
    style: Style = "italic"


@dataclass(frozen=True, slots=True)
class Num(Node):
    """A number without a sign, as it is printed: ``2``, ``0.044715``.

    ``unseen`` are digits that take their room behind it, so that the points of numbers stand under each other.
    """

    digits: str
    unseen: str = ""


@dataclass(frozen=True, slots=True)
class Sign(Node):
    """An operator, a relation or a separator: ``+ − ⊙ = ∂ ∑ ∏ ⊤ ′ , / ⋯ ∞``; ``below`` it settings, as for ⋆."""

    sign: str
    kind: Kind = "bin"
    below: Node | None = None


@dataclass(frozen=True, slots=True)
class Row(Node):
    """Nodes beside each other."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Frac(Node):
    """One above the other."""

    over: Node
    under: Node


@dataclass(frozen=True, slots=True)
class Root(Node):
    """A square root."""

    body: Node


@dataclass(frozen=True, slots=True)
class Script(Node):
    """Lower and upper indices of a base; under and over it where the base is a ``big`` sign."""

    base: Node
    sub: Node | None = None
    sup: Node | None = None


@dataclass(frozen=True, slots=True)
class Accent(Node):
    """A mark over a letter: hat, bar, tilde, dot."""

    base: Node
    mark: Literal["hat", "bar", "tilde", "dot"]


@dataclass(frozen=True, slots=True)
class Fence(Node):
    """Something between brackets, which grow with it: ``( ) [ ] | | ‖ ‖``; an empty side is not seen."""

    body: Node
    open: str = "("
    close: str = ")"


@dataclass(frozen=True, slots=True)
class Table(Node):
    """Rows and columns between brackets: a matrix, or cases (``{`` and nothing)."""

    rows: tuple[tuple[Node, ...], ...]
    open: str = "["
    close: str = "]"


@dataclass(frozen=True, slots=True)
class Words(Node):
    """A word or two of text inside a formula."""

    text: str


@dataclass(frozen=True, slots=True)
class Tag(Node):
    """What a part of a formula is, for braces, colour, links, reading back.

    ``of`` is what it stands for: the matrix symbol that a letter spells, the function that a word names. ``role`` is
    its role as a factor, ``label`` the words under a brace (nothing: no brace).
    """

    body: Node
    of: object = None
    role: str = ""
    label: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Blank(Node):
    """A factor that the reader is to fill in, this many em wide."""

    width: int = 4


TIMES, APPLY = Sign("\u2062", "times"), Sign("\u2061", "apply")
"""The sign between factors, and between a function and its argument: both unseen."""

TRANSPOSE, PRIME, MINUS, PLUS, HADAMARD, EQUALS, BECOMES, COMMA, SLASH, DOTS = (
    Sign("⊤", "postfix"),
    Sign("′", "postfix"),
    Sign("−"),
    Sign("+"),
    Sign("⊙"),
    Sign("=", "rel"),
    Sign("←", "rel"),
    Sign(",", "comma"),
    Sign("/", "slash"),
    Sign("⋯", "ord"),
)
NEGATIVE, QUAD = Sign("−", "prefix"), Sign("\u2003", "quad")


def row(*items: Node) -> Node:
    """Return nodes beside each other, rows among them opened; one node is itself."""
    flat: list[Node] = []
    for item in items:
        flat.extend(item.items if isinstance(item, Row) else (item,))
    return flat[0] if len(flat) == 1 else Row(tuple(flat))


def joined(items: Iterable[Node], between: Node) -> Node:
    """Return nodes with a sign between each two."""
    found: list[Node] = []
    for item in items:
        found.extend((between, item) if found else (item,))
    return row(*found)


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and everything in it, from left to right."""
    yield node
    for field in fields(node):
        value = getattr(node, field.name)
        for part in _flat(value):
            yield from walk(part)


def changed(node: Node, change: Callable[[Node], Node | None]) -> Node:
    """Return a node with what ``change`` gives for a part of it in the place of that part; None leaves it."""
    new = change(node)
    if new is not None:
        return new
    values = {field.name: getattr(node, field.name) for field in fields(node)}
    return type(node)(**{name: _changed(value, change) for name, value in values.items()})


def _changed(value: object, change: Callable[[Node], Node | None]) -> object:
    if isinstance(value, Node):
        return changed(value, change)
    return tuple(_changed(each, change) for each in value) if isinstance(value, tuple) else value


def _flat(value: object) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from _flat(each)
