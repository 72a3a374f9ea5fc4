"""A page of blocks: headings, sentences, displays, tables and figures, in any format that is a document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from symbp.errors import SpecError
from symbp.report.rich import Rich
from symbp.report.templates import TEMPLATES, document_text
from symbp.writing.formats import format_named


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
class Step:
    """A paragraph with a label in front of it, such as a number."""

    label: str
    spans: Rich
    kind: ClassVar[str] = "step"


@dataclass(frozen=True, slots=True)
class Checked:
    """The verdict of the numeric check in a sentence, which leads to the numbers further down."""

    passed: bool
    verdict: Rich
    kind: ClassVar[str] = "checked"


@dataclass(frozen=True, slots=True)
class Display:
    """A formula on lines of its own, in LaTeX."""

    formula: str
    kind: ClassVar[str] = "display"


@dataclass(frozen=True, slots=True)
class Table:
    """A table; ``columns`` are LaTeX's letters for how they are set; ``p``, ``q`` and ``z`` wrap, wide to narrow."""

    head: Sequence[str]
    rows: Sequence[Sequence[Rich]]
    columns: str
    kind: ClassVar[str] = "table"


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture in a file beside the page; ``file`` is its name."""

    file: str
    caption: str
    kind: ClassVar[str] = "figure"


Block = Heading | Say | Step | Checked | Display | Table | Figure


@dataclass(frozen=True)
class Page:
    """A document made of blocks; ``command`` is what made it."""

    title: str
    blocks: tuple[Block, ...]
    command: str | None = None
    body: str = "page.j2"

    @property
    def figures(self) -> bool:
        """Whether it has any, for which TeX loads a package."""
        return any(isinstance(block, Figure) for block in self.blocks)


def page_text(page: Page, to: str = "gfm", *, standalone: bool = False, template_dir: str | Path | None = None) -> str:
    """Return a page in one format.

    Raises:
        SpecError: an unknown format, or one that is no document.
    """
    row = format_named(to)
    if row.name not in TEMPLATES:
        raise SpecError(f"--to {row.name}: this report is a document; give gfm, markdown or latex")
    return document_text(page, row, standalone=standalone, template_dir=template_dir)
