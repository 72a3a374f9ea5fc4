"""Every notation of twelve networks in every format: each cell is read by an engine of that format, or by a reader.

Engines start once for all cells, and read a formula that many pages have once. A format that has no row in ``READERS``
is read by what its files end in; one that nobody reads fails.
"""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import pytest
from corpus import CASES
from engines import refused
from report_cases import PDFLATEX, need
from test_page_html import problems
from test_page_markdown import PATTERNS, formulas
from tex import complaints

from symbp import SpecError, derive
from symbp.maths.notation import NOTATIONS
from symbp.networks.examples import EXAMPLES
from symbp.networks.network import Network
from symbp.pages.tell.derivation import derivation_page
from symbp.writing.formats import FORMATS, Format
from symbp.writing.render import PAGES, PROGRAMS, Report
from symbp.writing.setting import Setting

Cells = Mapping[str, str]
"""The text of each cell, by what it is called."""

NETWORKS: Mapping[str, Callable[[], Network]] = {
    **{name: lambda path=path: Network.load(path) for name, path in EXAMPLES.items()},
    **{name: CASES[name].network for name in ("highway", "swiglu", "rnn-5")},
}
"""The shipped examples, and three networks of other kinds."""

ACCEPTED: set[tuple[str, str, bool]] = set()
"""Formulas that KaTeX has read for another flavour."""

AT_ONCE = 20
"""Documents in one run of TeX."""


def read_markdown(flavour: str) -> Callable[[Cells, Path], dict[str, object]]:
    """Return what reads the formulas of a flavour: KaTeX, strictly."""

    def read(cells: Cells, folder: Path) -> dict[str, object]:
        places = {formula: name for name, text in cells.items() for formula in formulas(text, flavour)}
        assert len(places) > len(cells)
        by_text = {formula[1]: name for formula, name in places.items()}
        fresh = [each for each in places if each not in ACCEPTED]
        found = {by_text.get(each[1], "?"): each for each in refused(fresh)}
        ACCEPTED.update(fresh if not found else ())
        return found

    return read


def read_latex(cells: Cells, folder: Path) -> dict[str, object]:
    need("pdflatex", PDFLATEX)
    names = list(cells)
    parts = [names[at : at + AT_ONCE] for at in range(0, len(names), AT_ONCE)]
    found = [complaints(folder, {name: cells[name] for name in part}) for part in parts]
    return {name: said for part in found for name, said in part.items() if said}


def read_typst(cells: Cells, folder: Path) -> dict[str, object]:
    need("typst", find_spec("typst"))
    import typst

    for name, text in cells.items():
        (folder / f"{name}.typ").write_text(text, encoding="utf-8")
    (folder / "all.typ").write_text("\n".join(f'#include "{name}.typ"' for name in cells), encoding="utf-8")
    try:
        typst.compile(str(folder / "all.typ"), ignore_system_fonts=True)
    except typst.TypstError as error:
        return {"all": str(error)}
    return {}


def read_html(cells: Cells, folder: Path) -> dict[str, object]:
    return {name: found for name, text in cells.items() if (found := problems(text))}


WIDEST = 80
"""Characters in a line of a terminal."""


def read_text(cells: Cells, folder: Path) -> dict[str, object]:
    """Return lines that are no text: too wide, with signs of a syntax, with brackets that do not close."""
    return {name: found for name, text in cells.items() if (found := [*filter(is_no_text, text.splitlines())])}


def is_no_text(line: str) -> bool:
    return len(line) > WIDEST or any(each in line for each in ("\\", "$", "&", "\t"))


def read_python(cells: Cells, folder: Path) -> dict[str, object]:
    for text in cells.values():
        ast.parse(text)
    return {}


def read_back(cells: Cells, folder: Path) -> dict[str, object]:
    """Read networks as symbp does."""
    for name, text in cells.items():
        (folder / f"{name}.eq").write_text(text, encoding="utf-8")
        Network.load(folder / f"{name}.eq")
    return {}


def read_json(cells: Cells, folder: Path) -> dict[str, object]:
    for text in cells.values():
        json.loads(text)
    return {}


def read_xml(cells: Cells, folder: Path) -> dict[str, object]:
    for text in cells.values():
        ElementTree.fromstring(text)
    return {}


READERS: Mapping[str, Callable[[Cells, Path], dict[str, object]]] = {
    **{name: read_markdown(name) for name in PATTERNS},
    ".tex": read_latex, ".html": read_html, ".typ": read_typst, ".txt": read_text, ".py": read_python,
    ".eq": read_back, ".json": read_json, ".ipynb": read_json, ".svg": read_xml,
}  # fmt: skip
"""Who reads a format, by its name or what its files end in: of cells by name, what is wrong with each."""


ELSEWHERE: Mapping[str, str] = {
    "macros": "latex with a command for each symbol: test_macros.py holds the two side by side",
    "beamer": "slides are compiled by test_page_beamer.py; all of them here cost minutes",
    "tikz": "a picture, compiled by test_network_pictures.py",
}
"""Formats that are no text of a page, and who reads them."""


KNOWN: Mapping[tuple[str, str], str] = {
    **{("latex", f"transformer-block-in-{row}"): "bold letters: the table of notation is up to 17 pt too wide"
       for row in ("d2l", "goodfellow", "prince", "murphy", "lmu", "cs224n", "parr-howard", "mml", "qiu")},
    ("html", "transformer-block-in-cs224n"): "two lines have one number",
    ("typst", "transformer-block-in-cs224n"): "the same two lines",
    ("text", "transformer-block-in-zhou"): "a sum beside a sum is wider than a terminal",
    ("text", "batchnorm-mlp-in-mml"): "a projection turned is wider than a terminal",
    ("text", "batchnorm-mlp-in-parr-howard"): "a projection turned is wider than a terminal",
}  # fmt: skip
"""What is wrong with a page in a format and a notation, and is not mended yet."""


def reader(form: Format) -> Callable[[Cells, Path], dict[str, object]]:
    return READERS[form.name] if form.name in READERS else READERS[form.suffix]


def cpu() -> float:
    """Return the seconds of this process and of all engines that it started."""
    return sum(os.times()[:4])


PLAIN = ("blackboard", "sigmoid-mlp", "two-two-two")
"""The examples that are plain stacks of layers."""

WHOLE = ("ng", "goodfellow", "bishop", "rows")
"""Notations that every network has."""


def test_every_format_has_a_reader():
    assert all(name in ELSEWHERE or reader(form) for name, form in FORMATS.items())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("gfm", "$`\\frac{1}`$ and $`x`$ and $`y`$"),
        (".txt", "  \\alpha"),
        (".html", "<!DOCTYPE html>\n<p><math><b/></math></p>"),
    ],
)
def test_a_reader_sees_what_is_broken(name, text, tmp_path):
    assert READERS[name]({"cell": text}, tmp_path)


@pytest.mark.long
def test_every_cell_is_read(tmp_path):
    """At most twelve cells are holes, each refused with a reason, none of a plain stack."""
    derived = {name: derive(build()) for name, build in NETWORKS.items()}
    pages, holes, spent = {}, {}, {"pages": -cpu()}
    for name, found in derived.items():
        for row in NOTATIONS.values():
            cell = f"{name}-in-{row.name}"
            try:
                pages[cell] = derivation_page(found, notation=row, stem=cell)
            except SpecError as error:
                holes[name, row.name] = str(error)
    spent["pages"] += cpu()
    print("pages", round(spent["pages"], 1), flush=True)
    assert len(holes) <= 12
    assert not [each for each in holes if each[0] in PLAIN or each[1] in WHOLE]
    assert set(holes.values()) <= {"notation: one unit a layer is of a plain stack of layers alone, without softmax"}
    wrong = {}
    for name, form in FORMATS.items():
        if name in ELSEWHERE:
            continue
        start = cpu()
        if form.is_page:
            setting = Setting(standalone="standalone" in form.uses)
            cells = {cell: PAGES[name](page, setting) for cell, page in pages.items()}
        else:
            cells = {each: PROGRAMS[name](Report(found), Setting(), {}) for each, found in derived.items()}
        cells = {cell: text for cell, text in cells.items() if (name, cell) not in KNOWN}
        folder = tmp_path / name
        folder.mkdir()
        wrong |= {(name, cell): said for cell, said in reader(form)(cells, folder).items()}
        spent[name] = cpu() - start
        print(name, round(spent[name], 1), flush=True)
    print("all", round(sum(spent.values())))
    assert wrong == {}
