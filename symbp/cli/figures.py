"""A page with its figures: the files that belong together, or one figure alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from symbp.cli.analyze import PageOptions
from symbp.cli.console import note, plain, say, sentence
from symbp.cli.options import one_of, refuse
from symbp.cli.output import FOLDER, Target, is_folder, written
from symbp.pages.page import Page
from symbp.writing import figures
from symbp.writing.files import write_bytes
from symbp.writing.formats import FIGURES, FORMATS
from symbp.writing.text import write_text

Pictures = Mapping[str, Callable[[], Any]]
"""What draws each figure, by its name."""

HTML = "html"
"""The format that holds its pictures: it is one file."""

SHARED = "png"
"""The kind that every format can show: drawn once where several pages are written."""


def deliver(
    options: PageOptions,
    wanted: Sequence[Target],
    stem: str,
    page: Callable[[Mapping[str, str]], Page],
    pictures: Pictures,
) -> None:
    """Print the page, or write it with its figures where it is wanted, and say so.

    ``page`` is called with the figures' files by their names, of which there are none where none can be drawn.
    """
    is_written = all(each.path is not None for each in wanted)
    if is_written:
        say(write_text(page({}), width=options.width, ascii=plain()))
    if pictures and not figures.available():
        note(f"symbp: {sentence('screen.no_figures')}")
    drawn: dict[str, bytes] = {}
    documents: list[tuple[Target, bytes]] = []
    beside: dict[Path, bytes] = {}
    for target in wanted:
        kind = SHARED if len(wanted) > 1 else FORMATS[target.rendered_as].figure
        name = target.path.stem if target.path is not None else stem
        files = {each: f"{name}-{each}.{kind}" for each in pictures if kind and is_written and figures.available()}
        drawn |= {file: figures.saved(pictures[each](), kind) for each, file in files.items() if file not in drawn}
        if target.format == HTML:
            files = {each: figures.address(drawn[file]) for each, file in files.items()}
        elif target.path is not None and not target.is_pdf:
            beside |= {target.path.with_name(file): drawn[file] for file in files.values()}
        documents.append((target, options.document(page(files), target, drawn)))
    for path, data in beside.items():
        write_bytes(path, data, force=options.force)
    wrote = options.deliver(*zip(*documents, strict=True))
    if wrote:
        pictured = [path for path in wrote if path.suffix == ".pdf"]
        found = written([*(path for path in wrote if path not in pictured), *beside, *pictured], options.width)
        say("\n".join(["", found, *options.settings(wanted)]))


def figure_alone(options: PageOptions, stem: str, pictures: Pictures) -> None:
    """Write one figure; its suffix, or --to, says the kind."""
    name = one_of(options.only or "", pictures, "--only")
    options.require_use([])
    place = options.output
    if place == "-":
        refuse(place, "a figure is a file; give one that ends in .pdf, .svg or .png", "--output")
    kind = options.to or (Path(place).suffix.lower().lstrip(".") if place else "") or FIGURES[0]
    one_of(kind, FIGURES, "--to" if options.to else "--output")
    path = Path(place) if place and not is_folder(place) else Path(place or FOLDER, f"{stem}-{name}.{kind}")
    write_bytes(path, figures.saved(pictures[name](), kind), force=options.force)
    say(written([path], options.width))
