"""What each architecture of ``examples/architectures`` is in PyTorch, written from its paper and not from the file.

A twin gets the same numbers as the file, one tensor a name, columns for examples as there; ``v.every("W")`` are W1, W2,
… in order. It returns the loss, or the losses by their names where the paper has several.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any


class Given(SimpleNamespace):
    """The tensors by their names."""

    def every(self, stem: str) -> list[Any]:
        """Return the members of a family in the order of their numbers."""
        found = {int(name.removeprefix(stem)): each for name, each in vars(self).items() if self._counts(name, stem)}
        return [found[number] for number in sorted(found)]

    @staticmethod
    def _counts(name: str, stem: str) -> bool:
        return re.fullmatch(rf"{stem}\d+", name) is not None


@dataclass(frozen=True)
class Twin:
    """An architecture in PyTorch, and as what its data are drawn where that is not normal."""

    loss: Callable[[Given], Any]
    draws: Mapping[str, str]


TWINS: dict[str, Twin] = {}
"""By the name of the file."""


def twin(**draws: str) -> Callable[[Callable[[Given], Any]], Callable[[Given], Any]]:
    """Register a function under its name; ``draws`` are names of the file and keys of ``corpus.DRAWS``."""

    def register(loss: Callable[[Given], Any]) -> Callable[[Given], Any]:
        name = loss.__name__.replace("_", "-")
        assert name not in TWINS, f"{name} has two twins"
        TWINS[name] = Twin(loss, draws)
        return loss

    return register


for module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{module.name}")
