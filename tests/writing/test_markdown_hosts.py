"""The hosts in Markdown of docs/notes.md: each is built with the page that the command before it writes."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from committed import BLOCK, ROOT
from engines import Html, html_of_mdx, pandoc, sphinx
from test_flavours import misread

from symbp.cli.main import main

pytestmark = pytest.mark.long

NOTES = (ROOT / "docs" / "notes.md").read_text(encoding="utf-8")
HOST = re.compile(r"^````markdown\n(.*?)^````$", re.MULTILINE | re.DOTALL)


def section(name: str) -> str:
    return NOTES.partition(f"\n### {name}\n")[2].partition("\n### ")[0].partition("\n## ")[0]


def built_by_pandoc(host: str, page: Path) -> list[str]:
    pages = {"week": host, "page": page.read_text(encoding="utf-8")}
    html, said = pandoc(page.parent, "markdown", "html", pages, "--mathml")
    return [*filter(None, [said]), *([] if Html(html).tags["h1"] == 1 else ["more than one title"])]


def built_by_quarto(host: str, page: Path) -> list[str]:
    whole = host.replace(f"{{{{< include {page.name} >}}}}", page.read_text(encoding="utf-8"))
    return misread(page.parent, "quarto", {"host": whole.partition("---\n\n")[2]})


def built_by_sphinx(host: str, page: Path) -> list[str]:
    conf = next(body for kind, body in BLOCK.findall(section("Sphinx and Jupyter Book")) if kind == "python")
    html, said = sphinx(page.parent, {"week": host}, conf, {page.name: page.read_text(encoding="utf-8")})
    return [*filter(None, [said]), *Html(html["week"]).faults]


def built_by_mdx(host: str, page: Path) -> list[str]:
    imported = host.partition("\n")[2].replace("<Mlp />", page.read_text(encoding="utf-8"))
    found = html_of_mdx({"host": imported})["host"]
    return [found["error"]] if "error" in found else Html(found["html"]).faults


BUILDERS: Mapping[str, Callable[[str, Path], list[str]]] = {
    "pandoc": built_by_pandoc, "Quarto": built_by_quarto, "Sphinx and Jupyter Book": built_by_sphinx,
    "MDX": built_by_mdx,
}  # fmt: skip
"""Who builds the host of each section, and what is wrong with it then."""


@pytest.mark.parametrize("name", BUILDERS)
def test_a_host_is_built_with_its_page(name: str, tmp_path: Path) -> None:
    told = section(name)
    (command,) = (body for kind, body in BLOCK.findall(told) if kind == "sh")
    words = shlex.split(command)[1:]
    (host,) = HOST.findall(told)
    wrong = host.replace("-explicit", "-nowhere")
    for place, text in ((tmp_path / "right", host), *([(tmp_path / "wrong", wrong)] if wrong != host else [])):
        place.mkdir()
        with contextlib.chdir(place), contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())):
            assert main(words) == 0
        assert (BUILDERS[name](text, place / words[-1]) == []) is (text == host)
