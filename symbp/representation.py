"""How a notebook shows our values: an open table, which the writers fill; a value knows that there is one, no more."""

from __future__ import annotations

from typing import Literal, Protocol

Kind = Literal["html", "latex", "markdown"]


class Writer(Protocol):
    """What can show values; nothing for one that it does not know."""

    def representation(self, value: object, kind: Kind) -> str | None:
        """Return a value as text of a kind."""


WRITERS: list[Writer] = []
"""Who shows values; the first that knows one does."""


class Represented:
    """A value that notebooks show as HTML, LaTeX and Markdown."""

    def _repr_html_(self) -> str | None:
        return _represented(self, "html")

    def _repr_latex_(self) -> str | None:
        return _represented(self, "latex")

    def _repr_markdown_(self) -> str | None:
        return _represented(self, "markdown")


def _represented(value: object, kind: Kind) -> str | None:
    return next(filter(None, (each.representation(value, kind) for each in WRITERS)), None)
