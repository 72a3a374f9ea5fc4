"""The documents of reports, from their templates."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symbp.report.dialects import LATEX, TEX, Dialect
from symbp.writing.formats import MARK, Format
from symbp.writing.templates import fill

_BEFORE_DISPLAY = re.compile(r"\n\n+(?=\\\[|\\begin\{equation\}|\\begin\{center\})")
_AFTER_DISPLAY = re.compile(r"(?<=\n\\\])\n\n+|(?<=\\end\{equation\})\n\n+|(?<=\\end\{center\})\n\n+")


def without_paragraphs_around_displays(text: str) -> str:
    """Join a display to its sentence: to TeX an empty line begins a paragraph and adds space."""
    return _AFTER_DISPLAY.sub("\n", _BEFORE_DISPLAY.sub("\n", text))


@dataclass(frozen=True)
class Template:
    """How the documents of a format are made: its template, that of a whole document, how mathematics is spelled."""

    template: str
    standalone: str = ""
    dialect: Dialect = LATEX
    loss: str | None = None
    tidy: Callable[[str], str] = str


TEMPLATES = {
    "gfm": Template("gfm.j2"),
    "markdown": Template("markdown.j2"),
    "latex": Template("latex.j2", "latex-document.j2", TEX, r"\symbploss", without_paragraphs_around_displays),
}
"""The formats that are documents."""


def document_text(content: Any, row: Format, *, standalone: bool, template_dir: str | Path | None = None) -> str:
    """Return a document in one format; ``content.body`` is the template of what stands in it."""
    made = TEMPLATES[row.name]
    template = made.standalone if standalone and made.standalone else made.template
    return fill(template, template_dir, {"doc": content, "mark": row.comment.format(MARK)}, made.tidy)
