"""The report of an operation alone, in any format that is no program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from symbp.derivation import Derivation
from symbp.errors import SpecError
from symbp.report.lone import lone_page
from symbp.report.lone_document import lone_document
from symbp.report.lone_text import lone_text, only_displayed
from symbp.report.templates import TEMPLATES, document_text
from symbp.writing.formats import MARK, Format


def render_lone(
    derivation: Derivation,
    row: Format,
    check: Any,
    standalone: bool,
    only: str | None,
    template_dir: str | Path | None,
    command: str | None,
) -> str:
    """Return the page of an operation alone, or one equation of it."""
    if row.name not in (*TEMPLATES, "text"):
        raise SpecError(f"an operation alone is no {row.name} page: choose from {', '.join(TEMPLATES)}, text")
    if only is not None:
        return only_displayed(derivation, only, row)
    if row.name == "text":
        return f"{row.comment.format(MARK)}\n\n{lone_text(derivation, check)}"
    made = TEMPLATES[row.name]
    page = lone_page(derivation, made.dialect, check, command=command, loss_letter=made.loss)
    return document_text(lone_document(page), row, standalone=standalone, template_dir=template_dir)
