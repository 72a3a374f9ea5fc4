"""Where documents go: the output options, read against the table of formats, and the files that were written."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from symbp.cli.console import columns, document, json_document, plain, say, sentence
from symbp.cli.options import one_of, option, refuse
from symbp.errors import later
from symbp.writing.formats import FORMAT_ALIASES, FORMATS, SUFFIXES, format_named

if TYPE_CHECKING:
    from symbp.pages.page import Page
    from symbp.writing import files, pdf, render, setting, templates, text
else:
    files = later("symbp.writing.files")
    pdf = later("symbp.writing.pdf")
    render = later("symbp.writing.render")
    setting = later("symbp.writing.setting")
    templates = later("symbp.writing.templates")
    text = later("symbp.writing.text")

FOLDER = "output/"
"""Where reports go unless -o says otherwise."""

DEFAULT = ("gfm", "latex")
"""The formats written unless -t or -o says otherwise: one to read, one to input."""

EQUATION = "latex"
"""The format of one equation alone."""

PDF, SUFFIX_OF_PDF = "pdf", ".pdf"
"""A file only: a document, compiled."""


def format_of(typed: str) -> str:
    """Return the format of a name or of another name people type for it."""
    key = typed.lower()
    return one_of(FORMAT_ALIASES.get(key, key), (*FORMATS, PDF))


def engine_of(typed: str) -> str:
    """Return the name of what makes a PDF."""
    return one_of(typed, pdf.ENGINES)


def folder_of_templates(typed: str) -> str:
    """Return a folder that replaces a template of ours."""
    why = templates.fault(typed)
    return refuse(typed, why) if why else typed


def place_of(typed: str) -> str:
    """Return a file, a folder or -."""
    return typed if typed.strip() else refuse(typed, "give a file, a folder that ends in /, or - for standard output")


TO = option(
    "Output", "-t --to --format", "Format, from 'symbp list formats'; .md and .tex unless given.", "FORMAT", format_of
)
OUTPUT = option(
    "Output", "-o --output",
    "File (its suffix says the format), folder, or - for standard output; output/ unless given.",
    "FILE|DIR/|-", place_of,
)  # fmt: skip
PDF_ENGINE = option(
    "Output", "--pdf-engine", "What makes a PDF; pdflatex where it is installed, else typst.", "pdflatex|typst",
    engine_of,
)  # fmt: skip
TEMPLATE_DIR = option(
    "Output", "--template-dir", "Folder whose templates replace ours, one by one.", "DIR", folder_of_templates
)


@dataclass(frozen=True)
class Target:
    """One document: its format, its file, or None for standard output, and what compiles it to a PDF."""

    format: str
    path: Path | None
    engine: pdf.Engine | None = None

    @property
    def is_pdf(self) -> bool:
        """Whether it is compiled."""
        return self.engine is not None

    @property
    def rendered_as(self) -> str:
        """The format of its text: that of its engine for what is compiled."""
        return self.format if self.engine is None else self.engine.format

    def data(self, text: str, pictures: Mapping[str, bytes] | None = None) -> bytes:
        """Return the bytes of its file; what is compiled holds its pictures."""
        return text.encode() if self.engine is None else pdf.pdf(text, pictures, self.engine)


@dataclass(frozen=True)
class OutputOptions:
    """What to write, where and how."""

    to: Annotated[str | None, TO] = None
    output: Annotated[str | None, OUTPUT] = None
    standalone: Annotated[bool, option("Output", "-s --standalone", "A complete document instead of a fragment.")] = (
        False
    )
    template_dir: Annotated[str | None, TEMPLATE_DIR] = None
    pdf_engine: Annotated[str | None, PDF_ENGINE] = None
    force: Annotated[bool, option("Output", "--force", "Overwrite a file that symbp did not write.")] = False

    @property
    def is_given(self) -> bool:
        """Whether a format, a place or an engine is."""
        return not (self.to is self.output is self.pdf_engine is None)

    def targets(self, stem: str, *, alone: bool = False, is_page: bool = False) -> list[Target]:
        """Return what to write; ``stem`` is the name without suffix in a folder.

        One equation ``alone`` is printed unless a file is named; what is a page is written as one.

        Raises:
            SpecError: an option that is wrong.
            OutputError: a file that may not be written: it is said before the work.
        """
        found = self._targets(stem, alone)
        if self.pdf_engine is not None and all(each.format != PDF for each in found):
            refuse(self.pdf_engine, "no PDF is written; leave out --pdf-engine", "--pdf-engine")
        pages = [name for name, row in FORMATS.items() if row.is_page]
        for each in found:
            if is_page and each.format not in (*pages, PDF):
                refuse(each.format, f"this is a page; give {', '.join(pages)} or {PDF}", "--to")
            if each.path is not None:
                files.require_replaceable(each.path, self.force)
        return [
            replace(each, engine=pdf.engine_named(self.pdf_engine)) if each.format == PDF else each for each in found
        ]

    def page_targets(self, stem: str) -> list[Target]:
        """Return where a page goes that the terminal shows: nowhere else, unless it is asked for."""
        return self.targets(stem, is_page=True) if self.is_given else []

    def _targets(self, stem: str, alone: bool) -> list[Target]:
        place = self.output
        if place == "-" or (place is None and alone):
            return [Target(self.to or (EQUATION if alone else DEFAULT[0]), None)]
        if place is None or is_folder(place):
            chosen = [self.to] if self.to else DEFAULT
            return [Target(each, Path(place or FOLDER, f"{stem}{suffix_of(each)}")) for each in chosen]
        return [Target(self.to or format_by_suffix(place), Path(place))]

    def deliver(self, wanted: Sequence[Target], documents: Sequence[bytes]) -> list[Path]:
        """Print or write every document, all of them rendered by now, and return the files."""
        for target, data in zip(wanted, documents, strict=True):
            if target.path is None:
                document(data)
            else:
                files.write_bytes(target.path, data, force=self.force)
        return [target.path for target in wanted if target.path is not None]

    def document(self, page: Page, target: Target, pictures: Mapping[str, bytes] | None = None) -> bytes:
        """Return the bytes of a page in the format of a target."""
        row = format_named(target.rendered_as)
        asked = replace(self.setting(), standalone=self.standalone or target.is_pdf)
        return target.data(render.page_text(page, row, asked), pictures)

    def setting(self) -> setting.Setting:
        """Return how pages are set."""
        return setting.Setting(self.standalone, self.template_dir)

    def present(self, page: Page, wanted: Sequence[Target], data: Mapping[str, Any] | None) -> None:
        """Write a page where it is wanted; print it, or in its place ``data`` as JSON, and what was written."""
        wrote = self.deliver(wanted, [self.document(page, each) for each in wanted])
        if data is not None:
            json_document({**data, "wrote": [str(path) for path in wrote]})
        elif wrote or not wanted:
            shown = text.write_text(page, width=columns(), ascii=plain()).rstrip("\n")
            say("\n\n".join(filter(None, (shown, written(wrote)))))


def is_folder(place: str) -> bool:
    """Whether a name is that of a folder: one there is, or one that ends as this system's folders do."""
    try:
        return place.endswith(("/", os.sep)) or Path(place).is_dir()
    except OSError:  # A name too long for the system: writing says so.
        return False


def format_by_suffix(place: str) -> str:
    """Return the format that a file's suffix says."""
    known = {**SUFFIXES, SUFFIX_OF_PDF: PDF}
    suffix = Path(place).suffix.lower()
    if suffix in known:
        return known[suffix]
    return refuse(place, f"its suffix is no format ({', '.join(known)}); say it with --to", "--output")


def suffix_of(format_name: str) -> str:
    """Return what a file of a format ends in."""
    return SUFFIX_OF_PDF if format_name == PDF else FORMATS[format_name].suffix


def written(wrote: Sequence[Path]) -> str:
    """Return one line a file, with what to do with a LaTeX fragment."""
    lines: list[str] = []
    for path in wrote:
        line = f"  {'' if lines else sentence('screen.wrote'):<11} {path}"
        hint = sentence("screen.input", stem=path.stem) if path.suffix == ".tex" else ""
        fits = len(line) + 5 + len(hint) <= columns()
        lines += [f"{line}     {hint}".rstrip()] if fits else [line, f"{'':14}{hint}"]
    return "\n".join(lines)
