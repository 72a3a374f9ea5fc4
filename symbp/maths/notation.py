"""Notations: everything people disagree about, as rows of a table.

A notation names roles and places, never symbols: a symbol knows its role, and the row says which letter that is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from symbp.errors import SpecError, nearest
from symbp.maths.tree import Accent, Id, Node
from symbp.roles import Role

LETTERS: Mapping[Role, Node] = MappingProxyType(
    {
        Role.INPUT: Id("X"),
        Role.TARGET: Id("Y"),
        Role.WEIGHT: Id("W"),
        Role.BIAS: Id("b"),
        Role.PREACTIVATION: Id("Z"),
        Role.ACTIVATION: Id("A"),
        Role.SCALE: Id("γ"),
        Role.SHIFT: Id("β"),
        Role.NORMALISED: Accent(Id("Z"), "hat"),
        Role.SHIFTED: Id("U"),
        Role.BLOCK: Id("S"),
    }
)
"""The letters of a batch; one example has the small ones."""


@dataclass(frozen=True)
class Notation:
    """One way to write it all down.

    ``letters`` has the letter of a role for a batch. ``layer`` are the brackets around the number of a layer in a
    superscript, ``error`` is the letter of ∂𝓛/∂z, ``loss_gradient`` that of ∂𝓛/∂a of the last layer, ``slopes`` the
    diagonal matrix of f′, ``kernel`` what slides over an image. ``layout`` is which matrices hold their transpose,
    ``scale`` where the number of examples divides: rows of tables of the views.
    """

    name: str
    about: str
    letters: Mapping[Role, Node] = field(default_factory=lambda: LETTERS)
    layer: tuple[str, str] = ("(", ")")
    error: str = "δ"
    loss_gradient: str = "g"
    slopes: str = "D"
    kernel: str = "K"
    layout: str = "columns"
    scale: str = "loss"


STANDARD = Notation("standard", "layers as upper indices in round brackets, examples as columns")

_ROWS = (
    STANDARD,
    replace(STANDARD, name="ng", about="layers in square brackets, as in Andrew Ng's courses", layer=("[", "]")),
    replace(
        STANDARD,
        name="rows",
        about="examples as rows, weights in × out, as PyTorch and NumPy code has them",
        layout="rows",
    ),
)

NOTATIONS: dict[str, Notation] = {row.name: row for row in _ROWS}
"""Every notation by name."""


def notation_named(name: str) -> Notation:
    """Return a notation by name.

    Raises:
        SpecError: no such notation; the message suggests the nearest.
    """
    try:
        return NOTATIONS[name.lower()]
    except KeyError:
        hint = nearest(name, NOTATIONS) or f"; known: {', '.join(NOTATIONS)}"
        raise SpecError(f"unknown notation {name!r}{hint}") from None
