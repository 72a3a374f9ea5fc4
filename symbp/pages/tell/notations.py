"""One network in every notation, side by side: an error sent back, and the gradient of a weight."""

from __future__ import annotations

from collections.abc import Iterator

from symbp.derivation import Derivation, derive
from symbp.maths.notation import NOTATIONS, Notation
from symbp.networks.network import Network
from symbp.pages.dress import dressed
from symbp.pages.page import Page, Table, Text
from symbp.pages.tell.derivation import context
from symbp.pages.words import language
from symbp.roles import Role


def notations_page() -> Page:
    """Return a table with two lines a notation, of a network whose activations and loss are left open."""
    words = language()
    derivation = derive(Network.mlp(layers=3))
    rows = [line for row in NOTATIONS.values() for line in _lines(row.name, *_equations(derivation, row))]
    head = tuple(words(f"head.{each}") for each in ("notation", "equations"))
    return Page((), (), (Table(head, tuple(rows), groups=tuple(range(2, len(rows), 2)), wide=True),))


def _lines(name: str, *equations: Text) -> Iterator[tuple[Text, ...]]:
    for at, equation in enumerate(equations):
        yield ((name,) if at == 0 else (), equation)


def _equations(derivation: Derivation, row: Notation) -> tuple[Text, Text]:
    c = context(derivation, row)
    error = next(each for each in c.errors if each.where is not None)
    gradient = next(each for each in c.gradients if each.equation.lhs.of.role is Role.WEIGHT)
    return dressed(((c.equation(error),), (c.equation(gradient),)), row)
