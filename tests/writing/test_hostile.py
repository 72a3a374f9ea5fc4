"""Whatever a name, a title or a caption holds is text in every format: those who read the formats say so."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from engines import Html, html_of_mdx, pandoc
from hostile import HOSTILE, PAGE, PLACES, block_kinds, loose, lost, strict
from report_cases import PDFLATEX, need

from symbp.writing.pdf import engine_named, pdf
from symbp.writing.render import PAGES
from symbp.writing.setting import Setting

MARKUP = {
    "a",
    "b",
    "blockquote",
    "dl",
    "em",
    "img",
    "input",
    "li",
    "script",
    "strike",
    "del",
    "sub",
    "sup",
    "math-inline",
}
"""Elements that no word of a page makes."""

Reader = Callable[[str, Path], str]
"""Returns what somebody who reads a document sees; the folder is theirs."""


def of_html(text: str) -> str:
    found = Html(text.partition("<body")[2] or text)
    assert not MARKUP & {*found.tags}, MARKUP & {*found.tags}
    return "".join(found.texts)


def by_pandoc(source: str) -> Reader:
    def read(document: str, folder: Path) -> str:
        html, said = pandoc(folder, source, "html", {"page": document}, "--wrap=none", "--no-highlight")
        assert said == ""
        return of_html(html)

    return read


def by_docutils(document: str, folder: Path) -> str:
    need("myst-parser", find_spec("myst_parser"))
    from docutils.core import publish_string
    from myst_parser.docutils_ import Parser

    settings = {"halt_level": 2, "embed_stylesheet": False, "output_encoding": "unicode"}
    return of_html(publish_string(document, parser=Parser(), writer="html5", settings_overrides=settings))


def by_mdx(document: str, folder: Path) -> str:
    found = html_of_mdx({"page": document})["page"]
    assert "error" not in found, found["error"]
    return of_html(found["html"])


def by_jupyter(document: str, folder: Path) -> str:
    cells = [(each["cell_type"], "".join(each["source"])) for each in json.loads(document)["cells"]]
    read = by_pandoc("markdown")("\n\n".join(text for kind, text in cells if kind == "markdown"), folder)
    return "".join([read, *(text for kind, text in cells if kind == "code")])


def strings(value: Any) -> str:
    """Return all words of data."""
    if isinstance(value, str):
        return value
    return "".join(
        map(strings, value.values() if isinstance(value, dict) else value if isinstance(value, list) else ())
    )


def on_paper(engine: str) -> Reader:
    def read(document: str, folder: Path) -> str:
        need(engine, PDFLATEX if engine == "pdflatex" else find_spec("typst"))
        (folder / "page.pdf").write_bytes(pdf(document, engine=engine_named(engine)))
        command = ["pdftotext", "-raw", "page.pdf", "-"]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout

    return read


PAPER = Setting(standalone=True)
READERS: Mapping[str, tuple[Reader, Callable[[str], str], Setting]] = {
    "gfm": (by_pandoc("gfm"), strict, Setting()),
    "markdown": (by_pandoc("markdown"), strict, Setting()),
    "quarto": (by_pandoc("markdown"), strict, Setting()),
    "myst": (by_docutils, strict, Setting()),
    "mdx": (by_mdx, strict, Setting()),
    **dict.fromkeys(("latex", "macros", "beamer"), (on_paper("pdflatex"), loose, PAPER)),
    "html": (lambda document, _: of_html(document), strict, Setting()),
    "ipynb": (by_jupyter, strict, Setting()),
    "json": (lambda document, _: strings(json.loads(document)), strict, Setting()),
    "typst": (on_paper("typst"), loose, PAPER),
    "text": (lambda document, _: document, strict, Setting(columns=400)),
}
"""Who reads each format, which signs they keep, and how the page is set for them."""


FEWER = {"text": 1, "beamer": 1}
"""How many places for words a format leaves out: captions in characters, programs on slides."""

PICTURES = {"svg", "tikz"}
"""Formats that show the figure alone: tests/writing/test_network_pictures.py."""


def test_every_format_has_a_reader() -> None:
    assert {*READERS} == {*PAGES} - PICTURES


@pytest.mark.parametrize(
    "to", [each if each in ("html", "json", "text") else pytest.param(each, marks=pytest.mark.long) for each in READERS]
)
def test_what_is_hostile_is_text(to: str, tmp_path: Path) -> None:
    reader, signs, setting = READERS[to]
    assert lost(reader(PAGES[to](PAGE, setting), tmp_path), signs, PLACES - FEWER.get(to, 0)) == {}


def test_what_gets_lost_is_seen() -> None:
    whole = PAGES["text"](PAGE, Setting(columns=400))
    assert lost(whole, places=PLACES - 1) == {}
    assert {*lost(whole.replace("<script>", "", 3), places=PLACES - 1)} == {HOSTILE[6]}
    assert {*lost(whole.replace("$$y$$", "y", 1), places=PLACES - 1)} == {HOSTILE[2]}
    with pytest.raises(AssertionError, match="script"):
        of_html("<body><p><script>alert(1)</script></p>")
    assert len(HOSTILE) == 30
    assert sum(repr(each).count("'@x'") for each in block_kinds("@x")) == PLACES
