"""What can go wrong, as a tree that says whose input it is about.

Every message is one line: what was given, where, and what would be right.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from importlib import import_module
from types import ModuleType
from typing import Any


class SymbpError(Exception):
    """Base of every error symbp raises on purpose."""


class SpecError(SymbpError, ValueError):
    """A network, option, name or expression that symbp cannot accept as given."""


class NoModelError(SpecError):
    """What a name in somebody's file stands for is no model."""


class ShapeError(SymbpError, ValueError):
    """Two matrices whose shapes do not fit the operation that joins them."""


class RuleNotFoundError(SymbpError, NotImplementedError):
    """An operation that has no backward rule, meaning or print."""


class CheckFailedError(SymbpError, AssertionError):
    """A derived gradient that disagrees with differences of its own forward pass."""


class OutputError(SymbpError, OSError):
    """A file that cannot be written where it was asked for."""


class TemplateError(SymbpError, ValueError):
    """A report template that does not parse or names something unknown."""


class UnusedParameterWarning(UserWarning):
    """A parameter the loss does not depend on: its gradient is an explicit zero."""


MAX_SHOWN = 60
"""Longest piece of somebody's input that a message repeats."""


def shown(text: str) -> str:
    """Return input as a message can repeat it: one line, printable, not too long, '' where empty."""
    short = text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
    plain = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in short)
    return repr(plain) if not plain or plain != plain.strip() else plain


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that ``name`` may have been meant to be."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    close = difflib.get_close_matches(name[:MAX_SHOWN].lower(), list(by_lower), n=1, cutoff=0.6)
    return by_lower[close[0]] if close else None


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'tanh'?"`` for the known name closest to ``name``, or an empty string."""
    near = closest(name, known)
    return f"; did you mean {near!r}?" if near else ""


class _Later(ModuleType):
    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self.__name__), name)


def later(module: str) -> ModuleType:
    """Return a module of ours that is imported when the first of its names is used.

    For what most runs do not need and nobody shall wait for. Stands beside the import that gives it its types:

        if TYPE_CHECKING:
            from symbp.networks import files
        else:
            files = later("symbp.networks.files")
    """
    return _Later(module)
