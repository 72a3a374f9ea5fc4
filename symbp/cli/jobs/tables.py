"""Where the page of a check or of a verdict goes, and its bytes."""

from __future__ import annotations

from symbp.cli import values
from symbp.cli.jobs.targets import PDF, Target, targets
from symbp.cli.options import MethodOptions, OutputOptions
from symbp.cli.what import Described, FileSpec
from symbp.pages.page import Page
from symbp.writing.formats import format_named
from symbp.writing.render import PAGES, page_text


def tables(spec: Described, methods: MethodOptions, kind: str) -> list[Target]:
    """Return where a table goes; nowhere but to the terminal unless it is asked for. ``kind`` ends the file's name."""
    if methods.to is None and methods.output is None:
        return []
    stem = f"{spec.stem if isinstance(spec, FileSpec) else f'backprop-{spec.layers}'}-{kind}"
    options = OutputOptions(to=methods.to, output=methods.output, standalone=methods.standalone, force=methods.force)
    wanted = targets(options, stem)
    for each in wanted:
        values.choice("--to", each.format, (*PAGES, PDF))
    return wanted


def document(page: Page, target: Target, standalone: bool) -> bytes:
    """Return the bytes of a page in the format of a target."""
    row = format_named(target.rendered_as)
    return target.data(page_text(page, row, standalone=standalone or target.is_pdf, template_dir=None))
