"""The figure of a page in TikZ: one picture that needs amsmath and tikz, or a document."""

from __future__ import annotations

from symbp.pages.page import Page
from symbp.writing.breaking import ARTICLE, em_width
from symbp.writing.calls import call, written
from symbp.writing.figure import GAP, entries, the_figure
from symbp.writing.graphs import strips_of
from symbp.writing.latex import TEX, sentence_latex, text_latex
from symbp.writing.page_latex import DRAWN, strip_latex
from symbp.writing.setting import DEFAULT, Setting
from symbp.writing.shapes import shapes

FILE, SHARED = "page-tikz.j2", "page-latex.j2"
"""The macros of this format, and those of LaTeX that it draws by."""

BETWEEN, LINE = 1.2, 1.6
"""How far two strips are apart, and how tall a line of the key is, in em."""


def write_tikz(page: Page, setting: Setting = DEFAULT) -> str:
    """Return the figure of a page; without a width it fits an article.

    Raises:
        SpecError: the page has none.
    """
    figure = the_figure(page, "tikz")
    measure = (setting.text_width or ARTICLE) / DRAWN
    found = strips_of(figure.picture, measure, em_width)
    scopes, top = [], 0.0
    for strip in found:
        size = shapes(strip, em_width)
        scopes.append({**strip_latex(strip, TEX, roles=True), "y": f"{top - size.above:.2f}"})
        top -= size.height + BETWEEN
    key = [
        {
            "role": each.role, "words": sentence_latex(each.words, ""), "y": f"{top - LINE * (each.line + 0.5):.2f}",
            "left": f"{each.left:.2f}", "right": f"{each.right:.2f}", "text": f"{each.right + GAP:.2f}",
        }
        for each in entries(figure, measure)
    ]  # fmt: skip
    command = text_latex(" ".join(page.command.split()))
    drawn = call("picture", strips=scopes, key=key, command=command)
    document = [call("open_document"), drawn, call("close_document")]
    return written(document if setting.standalone else [drawn], SHARED, setting.template_dir, own=FILE)
