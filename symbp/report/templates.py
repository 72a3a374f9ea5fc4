"""The documents of reports, from their templates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from symbp.report.formats import MARK, Format
from symbp.writing.templates import fill


def document_text(content: Any, row: Format, *, standalone: bool, template_dir: str | Path | None = None) -> str:
    """Return a document in one format; ``content.body`` is the template of what stands in it."""
    template = row.standalone if standalone and row.standalone else row.template
    return fill(template, template_dir, {"doc": content, "mark": row.comment.format(MARK)}, row.tidy)
