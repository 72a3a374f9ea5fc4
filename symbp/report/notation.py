"""Notations: which letter stands for what, as rows of a table.

A notation names roles, never symbols: the printer asks for the letter of a role, and the symbol knows its
role and layer. A new notation is ``replace(STANDARD, …)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from symbp.errors import SpecError, nearest
from symbp.roles import Role


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter in LaTeX, in Unicode and in ASCII."""

    latex: str
    text: str
    ascii: str

    def __getitem__(self, column: int) -> str:
        """Return the spelling of a dialect: 0 LaTeX, 1 Unicode, 2 ASCII."""
        return (self.latex, self.text, self.ascii)[column]


def plain(letter: str) -> Letter:
    """Return a letter that every dialect spells alike."""
    return Letter(letter, letter, letter)


@dataclass(frozen=True)
class Notation:
    """What each thing is called: (letter for one example, letter for a batch).

    ``layer`` places the layer number in a superscript; terminals have subscripts only.
    """

    name: str
    about: str
    letters: Mapping[Role, tuple[Letter, Letter]]
    error: Letter
    loss_gradient: tuple[Letter, Letter]
    slope_matrix: Letter
    jacobian: Letter
    loss: Letter
    layer: str = "({})"


def _pair(letter: str) -> tuple[Letter, Letter]:
    return (plain(letter.lower()), plain(letter.upper()))


_GAMMA, _BETA = Letter(r"\gamma", "γ", "gamma"), Letter(r"\beta", "β", "beta")

STANDARD = Notation(
    name="standard",
    about="layers as upper indices in round brackets, examples as columns",
    letters=MappingProxyType(
        {
            Role.INPUT: _pair("x"),
            Role.TARGET: _pair("y"),
            Role.WEIGHT: (plain("W"), plain("W")),
            Role.BIAS: (plain("b"), plain("b")),
            Role.PREACTIVATION: _pair("z"),
            Role.ACTIVATION: _pair("a"),
            Role.SCALE: (_GAMMA, _GAMMA),
            Role.SHIFT: (_BETA, _BETA),
            Role.NORMALISED: (Letter(r"\hat{z}", "ẑ", "zhat"), Letter(r"\hat{Z}", "Ẑ", "Zhat")),
            Role.SHIFTED: _pair("u"),
            Role.BLOCK: _pair("s"),
        }
    ),
    error=Letter(r"\delta", "δ", "delta"),
    loss_gradient=_pair("g"),
    slope_matrix=plain("D"),
    jacobian=plain("J"),
    loss=Letter(r"\mathcal{L}", "ℒ", "L"),
)

_ROWS = (
    STANDARD,
    replace(STANDARD, name="ng", about="layers in square brackets, as in Andrew Ng's courses", layer="[{}]"),
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
