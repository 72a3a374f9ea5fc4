"""Writing a page with its figures: the files that belong together, or one figure alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from symbp.cli.analyze import PageOptions
from symbp.cli.console import document, note, say
from symbp.cli.options import one_of, refuse
from symbp.cli.output import FOLDER, Target, is_folder, written
from symbp.errors import SpecError
from symbp.pages.page import Page
from symbp.writing import figures
from symbp.writing.files import write_bytes
from symbp.writing.formats import FIGURES, format_named
from symbp.writing.render import page_text

Pictures = Mapping[str, Callable[[], Any]]
"""What draws each figure, by its name."""

FIGURE_OF = {"latex": "pdf", "gfm": "png", "markdown": "png", "html": "svg", "typst": "svg", "text": ""}
"""The kind of picture each format shows; text shows none."""

HTML = "html"
"""The format that holds its pictures: it is one file."""

SHARED = "png"
"""The kind that every format can show: drawn once where several pages are written."""

Files = Mapping[str, str]
"""The file of each figure, by its name."""


def deliver(options: PageOptions, stem: str, page: Callable[[Files], Page], pictures: Pictures) -> None:
    """Write the page and its figures where the options want them, and say so.

    ``page`` is called with the figures' files, of which there are none where none can be drawn.
    """
    if options.only is not None:
        return _alone(options, stem, pictures)
    wanted = wanted_pages(options, stem)
    can_draw = figures.available() and all(each.path is not None for each in wanted)
    if pictures and not figures.available():
        note("symbp: no figures; for them: pip install 'symbp[plots]'")
    drawn: dict[str, bytes] = {}
    wrote: list[Path] = []
    for target in wanted:
        kind = SHARED if len(wanted) > 1 else _kind(target)
        name = target.path.stem if target.path is not None else stem
        files = {each: f"{name}-{each}.{kind}" for each in pictures} if can_draw and kind else {}
        drawn |= {file: figures.saved(pictures[each](), kind) for each, file in files.items() if file not in drawn}
        inside = (
            {each: figures.address(drawn[file]) for each, file in files.items()} if target.format == HTML else files
        )
        text = _text(options, target, page(inside))
        if target.path is None:
            document(text)
            continue
        if inside is files and not target.is_pdf:
            wrote += [_written(target.path.with_name(file), drawn[file], options.force) for file in files.values()]
        wrote.append(_written(target.path, target.data(text, drawn), options.force))
    if wrote:
        say("\n" + written(sorted(wrote, key=lambda path: path.suffix in (".png", ".pdf"))))
    return None


def wanted_pages(options: PageOptions, stem: str) -> list[Target]:
    """Return what to write; call it before long work, so that a mistake is said at once.

    Raises:
        SpecError: a format that is no page.
    """
    wanted = options.targets(stem)
    for target in wanted:
        _kind(target)
    return wanted


def _kind(target: Target) -> str:
    if target.rendered_as not in FIGURE_OF:
        raise SpecError(f"--to {target.format}: an analysis is a page; give {', '.join(FIGURE_OF)} or pdf")
    return FIGURE_OF[target.rendered_as]


def _text(options: PageOptions, target: Target, page: Page) -> str:
    standalone = options.standalone or target.is_pdf
    row = format_named(target.rendered_as)
    return page_text(page, row, standalone=standalone, template_dir=options.template_dir)


def _written(path: Path, data: bytes, force: bool) -> Path:
    write_bytes(path, data, force=force)
    return path


def _alone(options: PageOptions, stem: str, pictures: Pictures) -> None:
    """Write one figure; its suffix, or --to, says the kind."""
    name = one_of(options.only or "", pictures, "--only")
    place = options.output
    if place == "-":
        refuse(place, "a figure is a file; give one that ends in .pdf, .svg or .png", "--output")
    kind = options.to or (Path(place).suffix.lower().lstrip(".") if place and Path(place).suffix else FIGURES[0])
    one_of(kind, FIGURES, "--to" if options.to else "--output")
    path = Path(place) if place and not is_folder(place) else Path(place or FOLDER, f"{stem}-{name}.{kind}")
    say(written([_written(path, figures.saved(pictures[name](), kind), options.force)]))
