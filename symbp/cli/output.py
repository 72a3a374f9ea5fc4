"""Where documents go: the output options, read against the table of formats, and the files that were written."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from symbp.cli import console
from symbp.cli.console import document, json_document, plain, say, sentence
from symbp.cli.measure import LETTERS, TextWidth, text_width
from symbp.cli.options import flag, label_prefix, number, one_of, option, refuse
from symbp.errors import SpecError, later, shown
from symbp.writing.formats import FORMAT_ALIASES, FORMATS, SUFFIXES, format_named
from symbp.writing.setting import OPTIONS, Setting

if TYPE_CHECKING:
    from symbp.cli import config
    from symbp.pages.page import Page
    from symbp.writing import files, pdf, render, templates, text, unused
else:
    config = later("symbp.cli.config")
    files = later("symbp.writing.files")
    pdf = later("symbp.writing.pdf")
    render = later("symbp.writing.render")
    templates = later("symbp.writing.templates")
    text = later("symbp.writing.text")
    unused = later("symbp.writing.unused")

FOLDER = "output/"
"""Where reports go unless -o says otherwise."""

DEFAULT = ("gfm", "latex")
"""The formats written unless -t or -o says otherwise: one to read, one to input."""

EQUATION = "latex"
"""The format of one equation alone."""

LEAST_COLUMNS, MOST_COLUMNS = 40, 400
"""Characters in the shortest and the longest line of text."""

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
TEXT_WIDTH = option(
    "Output", "--text-width", "How wide lines are, as in 252pt, 8cm or 32em, or a class: article, ieee.", "WIDTH",
    text_width,
)  # fmt: skip
FONT_SIZE = option(
    "Output", "--font-size", f"Points of the letters that --text-width is for; {LETTERS} unless given.", "N",
    number(8, 20, "the size of letters"),
)  # fmt: skip
SHIFT = option(
    "Output", "--shift-heading-level-by", "Set the title and headings so many levels lower.", "N",
    number(0, 4, "the number of levels"),
)  # fmt: skip
LABEL_PREFIX = option(
    "Output", "--label-prefix", "What labels begin with; the file's name unless given.", "NAME", label_prefix
)
NO_CREDIT = option("Output", "--no-credit", "Leave out the line that says what made the page.")
COLUMNS = option(
    "Output", "--columns", "Characters in a line of text; as many as the terminal has unless given.", "N",
    number(LEAST_COLUMNS, MOST_COLUMNS, "the number of columns"),
)  # fmt: skip
NO_CONFIG = option("Output", "--no-config", "Read no symbp.toml.")


TYPED = {name: name for name in OPTIONS} | {"heading_shift": "shift_heading_level_by", "credit": "no_credit"}
"""Options of a setting, and the fields of what is typed."""


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
    text_width: Annotated[TextWidth | None, TEXT_WIDTH] = None
    font_size: Annotated[int | None, FONT_SIZE] = None
    shift_heading_level_by: Annotated[int | None, SHIFT] = None
    label_prefix: Annotated[str | None, LABEL_PREFIX] = None
    no_credit: Annotated[bool, NO_CREDIT] = False
    columns: Annotated[int | None, COLUMNS] = None
    no_config: Annotated[bool, NO_CONFIG] = False

    SET: ClassVar[tuple[str, ...]] = ("text_width", "label_prefix")
    """What symbp.toml sets of a page."""

    ALWAYS: ClassVar[frozenset[str]] = frozenset()
    """What of it every format has a use for."""

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
        found = [
            replace(each, engine=pdf.engine_named(self.pdf_engine)) if each.format == PDF else each for each in found
        ]
        if is_page:
            self.require_use(found)
        return found

    def page_targets(self, stem: str) -> list[Target]:
        """Return where a page goes that the terminal shows: nowhere else, unless it is asked for."""
        if self.is_given:
            return self.targets(stem, is_page=True)
        self.require_use([])
        return []

    def is_shown(self, wanted: Sequence[Target]) -> bool:
        """Whether the screen shows the page: standard output has no document."""
        return all(each.path is not None for each in wanted)

    def require_use(self, wanted: Sequence[Target]) -> None:
        """Refuse an option of a setting that no document of a page has a use for."""
        asked = replace(self.setting(), columns=None if self.is_shown(wanted) else self.columns)
        for name, why in unused.unused_settings([format_named(each.rendered_as) for each in wanted], asked):
            said = flag(TYPED[name])
            raise SpecError(f"{said}: {why}; leave out {said}")

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

    @property
    def width(self) -> int:
        """How many characters a line on the screen has."""
        return self.columns or console.columns()

    @cached_property
    def config(self) -> config.Config | None:
        """What symbp.toml sets that no option does."""
        open_ = [name for name in (*self.ALWAYS, *self.SET) if getattr(self, name) is None]
        return None if self.no_config else config.read(open_)

    def setting(self) -> Setting:
        """Return how pages are set, by the options that are typed.

        Raises:
            SpecError: a width of text that is none, a size of letters without it.
        """
        if self.font_size is not None and self.text_width is None:
            raise SpecError(f"--font-size {self.font_size}: the letters of which width? give --text-width too")
        return Setting(
            self.standalone, self.template_dir,
            text_width=None if self.text_width is None else self.text_width.em(self.font_size),
            heading_shift=self.shift_heading_level_by or 0, label_prefix=self.label_prefix,
            credit=not self.no_credit, columns=self.columns,
        )  # fmt: skip

    def own(self, target: Target) -> dict[str, Any]:
        """Return the options of a setting that a document has besides those typed, as far as its format uses them.

        What its labels begin with is the name of its file; what symbp.toml gives stands before that.
        """
        set_: Mapping[str, Any] = self.config.values if self.config else {}
        names = [set_.get("label_prefix"), target.path.stem if target.path else None]
        found = {
            "standalone": target.is_pdf or None, "columns": self.columns,
            "text_width": set_["text_width"].em() if "text_width" in set_ else None,
            "label_prefix": None if self.label_prefix else ":".join(filter(None, names)) or None,
        }  # fmt: skip
        uses = format_named(target.rendered_as).uses
        return {name: value for name, value in found.items() if value is not None and name in uses}

    def document(self, page: Page, target: Target, pictures: Mapping[str, bytes] | None = None) -> bytes:
        """Return the bytes of a page in the format of a target."""
        asked = replace(self.setting(), **self.own(target))
        return target.data(render.page_text(page, format_named(target.rendered_as), asked), pictures)

    def settings(self, wanted: Sequence[Target]) -> list[str]:
        """Return the line that names the file whose settings hold."""
        if self.config is None:
            return []
        used = set().union(*(format_named(each.rendered_as).uses for each in wanted), self.ALWAYS)
        keys = ", ".join(each for each in self.config.values if each in used)
        return [f"  {sentence('screen.settings'):<11} {shown(str(self.config.file))}: {keys}"] if keys else []

    def present(self, page: Page, wanted: Sequence[Target], data: Mapping[str, Any] | None) -> None:
        """Write a page where it is wanted; print it, or in its place ``data`` as JSON, and what was written."""
        wrote = self.deliver(wanted, [self.document(page, each) for each in wanted])
        if data is not None:
            json_document({**data, "wrote": [str(path) for path in wrote]})
        elif wrote or not wanted:
            said = text.write_text(page, width=self.width, ascii=plain()).rstrip("\n")
            ends = [written(wrote, self.width), *self.settings(wanted)] if wrote else []
            say("\n\n".join(filter(None, (said, "\n".join(ends)))))


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


def written(wrote: Sequence[Path], width: int) -> str:
    """Return one line a file, with what to do with a LaTeX fragment."""
    lines: list[str] = []
    for path in wrote:
        line = f"  {'' if lines else sentence('screen.wrote'):<11} {path}"
        hint = sentence("screen.input", stem=path.stem) if path.suffix == ".tex" else ""
        fits = len(line) + 5 + len(hint) <= width
        lines += [f"{line}     {hint}".rstrip()] if fits else [line, f"{'':14}{hint}"]
    return "\n".join(lines)
