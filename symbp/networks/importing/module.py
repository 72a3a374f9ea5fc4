"""A module of PyTorch, told without importing PyTorch: where nobody has imported it there is none."""

from __future__ import annotations

import sys
from typing import Any, Protocol

from symbp.domain import DOMAINS, Domain


class Module(Protocol):
    """A ``torch.nn.Module``, by what symbp reads of it."""

    def named_parameters(self) -> Any:
        """Yield the parameters by name."""
        ...


def is_module(value: object) -> bool:
    """Tell whether a value is a module of PyTorch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.nn.Module)


def _module(value: object) -> object:
    if not is_module(value):
        raise TypeError
    return value


DOMAINS[Module] = Domain("a torch.nn.Module", "torch.nn.Modules", _module)
