"""What a page that is stepped through holds beside its blocks: stops, a graph that they light, every symbol once."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sympy import MatrixExpr, MatrixSymbol

from symbp.maths.maps import Function, Map
from symbp.maths.names import slot_of
from symbp.maths.tree import Node
from symbp.ops.elementwise import GenericFunction, Slope
from symbp.ops.losses import LossGradient
from symbp.pages.page import Line, Text
from symbp.symbols import Adjoint, Named


@dataclass(frozen=True, slots=True)
class Place:
    """A value in the graph, or its error in the mirror image below: in which column, how far from the middle.

    ``strip`` is the row of the graph, ``is_loss`` the one value that both halves share.
    """

    key: str
    value: Node
    strip: int
    column: int
    lane: float
    is_error: bool = False
    is_loss: bool = False


@dataclass(frozen=True, slots=True)
class Arrow:
    """What leads from one place of the graph to another; ``label`` is what it does."""

    key: str
    start: str
    end: str
    label: Node | None = None


@dataclass(frozen=True, slots=True)
class StepGraph:
    """The values to the right above, their errors to the left below."""

    places: tuple[Place, ...]
    arrows: tuple[Arrow, ...]
    names: tuple[Text, ...] = ()
    """What the strips are, the first without a name: the insides of blocks."""


@dataclass(frozen=True, slots=True)
class Stop:
    """One step: what it computes, in words, its line, and what of the graph it lights.

    ``marks`` are the symbols in the line that are a factor of the product, each with its role; ``group`` is the block
    whose inside it belongs to.
    """

    key: str
    name: Text
    line: Line
    is_backward: bool
    lights: tuple[str, ...]
    marks: tuple[tuple[str, str], ...] = ()
    group: Text = ()


@dataclass(frozen=True, slots=True)
class Tour:
    """The stops in the order in which things are computed, what they add to a product, which gradients they tell.

    ``product`` has the key of a stop as what the tags of its factors are ``of``.
    """

    stops: tuple[Stop, ...]
    graph: StepGraph
    product: Node | None
    known: tuple[tuple[Node, str], ...]
    said: tuple[tuple[str, str], ...]
    """The words of its controls, by name."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A symbol: its name in words, its shape, the label of the line that defines it."""

    key: str
    value: Node
    name: Text
    shape: Node | None
    label: str


@dataclass(frozen=True, slots=True)
class At:
    """What a factor of the product of a tour is: what the stop with this key adds."""

    stop: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Which symbol a part of a formula is: ``key`` this one, ``family`` all that have one row among the symbols."""

    key: str
    family: str


def mark_of(of: object) -> Mark | None:
    """Return which symbol a tag is about; None where it is a number, a bound letter, an operation."""
    if isinstance(of, Adjoint):
        inner = mark_of(of.of)
        return None if inner is None else Mark(f"d-{inner.key}", f"d-{inner.family}")
    if isinstance(of, Named):
        variable, count = slot_of(of)
        return Mark(_safe(of.name), _safe(variable.name) + f"-of{count}" * bool(count))
    if isinstance(of, Slope):
        inner = mark_of(of.output)
        return None if inner is None else Mark(f"D-{inner.key}", f"D-{inner.family}")
    if isinstance(of, LossGradient):
        return Mark("g", "g")
    if isinstance(of, GenericFunction):
        return Mark(_safe(f"f-{of}"), "f")
    if isinstance(of, Function):
        return Mark(f"block-{of.kind.value}{of.number}", f"block-{of.kind.value}")
    if isinstance(of, Map):
        to = "" if of.to is None else f"-{of.to.name}"
        return Mark(_safe(f"map-{of.kind.value}{of.number}-{of.output.name}{to}"), _safe(f"map-{of.kind.value}{to}"))
    return None


def symbols_of(of: object) -> frozenset[MatrixSymbol]:
    """Return the matrices that a tag is about."""
    if isinstance(of, MatrixSymbol):
        return frozenset({of})
    if isinstance(of, Map):
        return frozenset({of.output})
    return frozenset(of.atoms(MatrixSymbol)) if isinstance(of, MatrixExpr) else frozenset()


SPELLED = {"[": "--", "]": "", ",": "-and-", "+": "-plus-", "-": "-minus-", ".": "-", " ": ""}


def _safe(name: str) -> str:
    """Return a name in letters, digits, _ and - alone."""
    return re.sub(r"[^A-Za-z0-9_]", lambda found: SPELLED.get(found[0], f"u{ord(found[0])}"), name)
