"""A page of blocks: headings, sentences, displays, tables and figures, in any format that is a document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from symbp.errors import SpecError
from symbp.report.formats import MARK, format_named
from symbp.report.rich import Rich
from symbp.report.templates import fill


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of what follows."""

    words: str
    kind: ClassVar[str] = "heading"


@dataclass(frozen=True, slots=True)
class Say:
    """A paragraph."""

    spans: Rich
    kind: ClassVar[str] = "say"


@dataclass(frozen=True, slots=True)
class Display:
    """A formula on lines of its own, in LaTeX."""

    formula: str
    kind: ClassVar[str] = "display"


@dataclass(frozen=True, slots=True)
class Table:
    """A table; ``columns`` are LaTeX's letters for how they are set, ``p`` and ``q`` for wide ones."""

    head: Sequence[str]
    rows: Sequence[Sequence[Rich]]
    columns: str
    kind: ClassVar[str] = "table"


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture in a file beside the page; ``file`` is its name without suffix."""

    file: str
    caption: str
    kind: ClassVar[str] = "figure"


Block = Heading | Say | Display | Table | Figure


@dataclass(frozen=True)
class Page:
    """A document made of blocks; ``command`` is what made it."""

    title: str
    blocks: tuple[Block, ...]
    command: str | None = None


def page_text(page: Page, to: str = "gfm", *, standalone: bool = False, template_dir: str | Path | None = None) -> str:
    """Return a page in one format.

    Raises:
        SpecError: an unknown format, or one that is no document.
    """
    row = format_named(to)
    if not row.template:
        raise SpecError(f"--to {row.name}: this report is a document; give gfm, markdown or latex")
    template = row.standalone if standalone and row.standalone else row.template
    figures = any(isinstance(block, Figure) for block in page.blocks)
    values = {"doc": page, "mark": row.comment.format(MARK), "body": "page.j2", "figures": figures}
    return fill(template, template_dir, row, values)
