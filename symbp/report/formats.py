"""The output formats, one row each: what a file of it ends in, its templates, how its text is escaped."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

from symbp.errors import SpecError, nearest

if TYPE_CHECKING:
    from symbp.report.dialects import Dialect

MARK = "Written by symbp"
"""Stands in the first line of every file we write: what carries it may be overwritten."""


_BEFORE_DISPLAY = re.compile(r"\n\n+(?=\\\[|\\begin\{equation\}|\\begin\{center\})")
_AFTER_DISPLAY = re.compile(r"(?<=\n\\\])\n\n+|(?<=\\end\{equation\})\n\n+|(?<=\\end\{center\})\n\n+")


def without_paragraphs_around_displays(text: str) -> str:
    """Join a display to its sentence: to TeX an empty line begins a paragraph and adds space."""
    return _AFTER_DISPLAY.sub("\n", _BEFORE_DISPLAY.sub("\n", text))


@dataclass(frozen=True)
class Format:
    """One output format. ``template`` is empty for formats that are not documents."""

    name: str
    about: str
    suffix: str
    template: str = ""
    standalone: str = ""
    spelling: str = "LATEX"
    loss: str | None = None
    comment: str = "{}"
    wrap: str = "{}"
    tidy: Callable[[str], str] = str

    @property
    def dialect(self) -> Dialect:
        """How its mathematics is spelled; the dialects need SymPy, ``symbp list formats`` does not."""
        return cast("Dialect", getattr(import_module("symbp.report.dialects"), self.spelling))


_ROWS = (
    Format(
        "gfm", "Markdown for GitHub, mathematics in ```math fences", ".md",
        template="gfm.j2", comment="<!-- {} -->", wrap="```math\n{}\n```",
    ),
    Format(
        "markdown", "Markdown for pandoc, mathematics in dollars", ".md",
        template="markdown.j2", comment="<!-- {} -->", wrap="$$\n{}\n$$",
    ),
    Format(
        "latex", "LaTeX to \\input into lecture notes; standalone, a document", ".tex",
        template="latex.j2", standalone="latex-document.j2", spelling="TEX",
        loss=r"\symbploss",
        comment="% {}", wrap="\\[\n{}\n\\]", tidy=without_paragraphs_around_displays,
    ),
    Format("numpy", "a NumPy program that computes loss and gradients", ".py", comment="# {}"),
    Format("text", "what the terminal shows", ".txt", comment="({})"),
)  # fmt: skip

FORMATS: dict[str, Format] = {row.name: row for row in _ROWS}
"""Every format by name."""

FORMAT_ALIASES: dict[str, str] = {
    "github": "gfm", "md": "gfm", "pandoc": "markdown", "tex": "latex", "python": "numpy", "py": "numpy", "txt": "text",
}  # fmt: skip
"""Other names people type."""

SUFFIXES: dict[str, str] = {".md": "gfm", ".markdown": "markdown", ".tex": "latex", ".py": "numpy", ".txt": "text"}
"""The format that a file's suffix says."""


def format_named(name: str) -> Format:
    """Return a format by name or alias.

    Raises:
        SpecError: no such format; the message suggests the nearest.
    """
    key = name.lower()
    try:
        return FORMATS[FORMAT_ALIASES.get(key, key)]
    except KeyError:
        hint = nearest(key, (*FORMATS, *FORMAT_ALIASES)) or f"; known: {', '.join(FORMATS)}"
        raise SpecError(f"unknown format {name!r}{hint}") from None
