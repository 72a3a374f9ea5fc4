"""Which formats go where: the output options, read against the table of formats."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from symbp.cli import values
from symbp.cli.options import OutputOptions
from symbp.maths.notation import NOTATIONS
from symbp.writing.files import require_replaceable
from symbp.writing.formats import FORMAT_ALIASES, FORMATS, SUFFIXES
from symbp.writing.pdf import pdf
from symbp.writing.templates import fault

FOLDER = "output/"
"""Where reports go unless -o says otherwise."""

DEFAULT = ("gfm", "latex")
"""The formats written unless -t or -o says otherwise: one to read, one to input."""

EQUATION = "latex"
"""The format of one equation alone."""


PDF, SUFFIX_OF_PDF = "pdf", ".pdf"
"""A file only: the LaTeX document, compiled."""


@dataclass(frozen=True)
class Target:
    """One document: its format, and its file, or None for standard output."""

    format: str
    path: Path | None

    @property
    def is_pdf(self) -> bool:
        """Whether it is compiled."""
        return self.format == PDF

    @property
    def rendered_as(self) -> str:
        """The format of its text: LaTeX for what is compiled."""
        return "latex" if self.is_pdf else self.format

    def data(self, text: str, pictures: Mapping[str, bytes] | None = None) -> bytes:
        """Return the bytes of its file; what is compiled holds its pictures."""
        return pdf(text, pictures) if self.is_pdf else text.encode()


def targets(options: OutputOptions, stem: str) -> list[Target]:
    """Return what to write; ``stem`` is the file name without suffix for a folder.

    Raises:
        SpecError: an option that is wrong.
        OutputError: a file that may not be written: it is said before the work.
    """
    if options.notation is not None:
        values.choice("--notation", options.notation, NOTATIONS)
    if options.template_dir is not None and (why := fault(options.template_dir)):
        values.refuse("--template-dir", options.template_dir, why)
    found = list(_targets(options, stem))
    for each in found:
        if each.path is not None:
            require_replaceable(each.path, options.force)
    return found


def _targets(options: OutputOptions, stem: str) -> Iterator[Target]:
    chosen = None if options.to is None else format_of(options.to)
    place = options.output
    if place == "-" or (place is None and options.only is not None):
        yield Target(chosen or (EQUATION if options.only else DEFAULT[0]), None)
    elif place is not None and not place.strip():
        values.refuse("--output", place, "give a file, a folder that ends in /, or - for standard output")
    elif place is None or is_folder(place):
        for each in [chosen] if chosen else DEFAULT:
            yield Target(each, Path(place or FOLDER, f"{stem}{suffix_of(each)}"))
    else:
        yield Target(chosen or format_by_suffix(place), Path(place))


def is_folder(place: str) -> bool:
    """Whether a name is that of a folder: one there is, or one that ends as this system's folders do."""
    try:
        return place.endswith(("/", os.sep)) or Path(place).is_dir()
    except OSError:  # A name too long for the system: writing says so.
        return False


def format_of(name: str) -> str:
    """Return the format of a name or of another name people type for it."""
    key = name.lower()
    return values.choice("--to", FORMAT_ALIASES.get(key, key), (*FORMATS, PDF))


def format_by_suffix(place: str) -> str:
    """Return the format that a file's suffix says."""
    known = {**SUFFIXES, SUFFIX_OF_PDF: PDF}
    suffix = Path(place).suffix.lower()
    if suffix in known:
        return known[suffix]
    return values.refuse("--output", place, f"its suffix is no format ({', '.join(known)}); say it with --to")


def suffix_of(format_name: str) -> str:
    """Return what a file of a format ends in."""
    return SUFFIX_OF_PDF if format_name == PDF else FORMATS[format_name].suffix
