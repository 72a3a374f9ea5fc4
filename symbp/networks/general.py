"""Networks of any depth: the number of layers is a letter. One network of them stands for all others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from symbp.errors import SpecError

if TYPE_CHECKING:
    from symbp.networks.network import Network

ANY = "L"
"""What somebody writes for any number of layers."""

SHOWN = 12
"""How often the network repeats that stands for all: both ends and what is between them are told apart."""

CHECKED = (1, 2, 3, 5)
"""How often the networks repeat by which a page that holds for any number is checked."""


@dataclass(frozen=True)
class General:
    """How the networks are built that one stands for: ``letter`` is what somebody wrote for the number."""

    letter: str
    build: Callable[[int], Network]

    @property
    def shown(self) -> Network:
        """The network that stands for all."""
        network = self.build(SHOWN)
        network.general = self
        return network


class Depth(int):
    """The number of layers of the network that is shown, written as the letter that stands for any number."""

    def __new__(cls, letter: str) -> Depth:
        """Return it with its letter."""
        found = super().__new__(cls, SHOWN)
        found.letter = letter
        return found

    letter: str

    def __str__(self) -> str:
        return self.letter


def require_number(network: Network | None, what: str) -> None:
    """Refuse a network of any depth where a single one is needed; ``what`` says for what.

    Raises:
        SpecError: with the letter to replace.
    """
    if network is not None and network.general is not None:
        letter = network.general.letter
        raise SpecError(f"{what} needs a number in the place of {letter}: give one, such as 4")
