"""Flavours of Markdown, each judged by who reads it: KaTeX, MathJax, pandoc, Sphinx, MDX; Quarto by pandoc's reader."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from engines import Html, elements, html_of_mdx, pandoc, parsed, refused, refused_by_mathjax, sphinx
from pages import PAGES as BY_HAND
from test_page_latex import EVERYTHING, HOSTILE
from test_page_markdown import formulas

from symbp import Network, derive
from symbp.networks.examples import EXAMPLES
from symbp.networks.operations import OPERATIONS
from symbp.pages.page import Aside, Block, Page, Para, Table, numbers
from symbp.writing.page_markdown import FLAVOURS
from symbp.writing.render import PAGES, Report
from symbp.writing.setting import DEFAULT

pytestmark = pytest.mark.long

NOTATIONS = ("ng", "goodfellow", "nielsen", "index", "rows", "zhou", "cs231n")
SOME_OPERATIONS = ("attention", "batchnorm", "conv2d", "gru", "max-pool")
QUARTO = "markdown"
"""What Quarto reads is pandoc's Markdown: its labels and references are found in what pandoc read."""


KINDS = replace(EVERYTHING, blocks=tuple(
    each for each in EVERYTHING.blocks if each != Para((HOSTILE,)) and len(repr(each)) < 40_000
))  # fmt: skip
"""A page of all kinds of blocks, but for text that looks like markup, and what is very long."""


@cache
def corpus() -> dict[str, Page]:
    """Return every example, some operations, a network in several notations, and a page of all kinds of blocks."""
    examples = {
        name: Report(derive(Network.load(file)), None, f"symbp derive {name}") for name, file in EXAMPLES.items()
    }
    operations = {
        name: Report(derive(OPERATIONS[name].build()), None, f"symbp derive {name}") for name in SOME_OPERATIONS
    }
    mlp = derive(layers=4, activation="tanh", loss="mse")
    notated = {f"in-{each}": Report(mlp, None, f"symbp derive in-{each}").page(notation=each) for each in NOTATIONS}
    return {
        **{name: each.page() for name, each in (examples | operations).items()},
        **notated,
        **BY_HAND,
        "everything": KINDS,
    }


@cache
def written(flavour: str) -> dict[str, str]:
    return {name: PAGES[flavour](each, DEFAULT) for name, each in corpus().items()}


def test_katex_and_mathjax_read_every_formula() -> None:
    found = {(each, is_display): (name, flavour) for flavour in FLAVOURS for name, text in written(flavour).items()
             for _, each, is_display in formulas(text, flavour)}  # fmt: skip
    assert len(found) > 800
    asked = [(str(where), each, is_display) for (each, is_display), where in found.items()]
    assert refused(asked) == []
    assert refused_by_mathjax(asked) == []


WRONG = [("brace", r"\frac{1}{2", True), ("command", r"\nocommand x", False), ("indices", "x_1_2", False)]


def test_a_wrong_formula_is_refused() -> None:
    assert [where for where, *_ in refused(WRONG)] == [where for where, *_ in WRONG]
    assert [where for where, *_ in refused_by_mathjax(WRONG)] == [where for where, *_ in WRONG]


# pandoc, and Quarto as pandoc reads it.


def misread(folder: Path, flavour: str, pages: dict[str, str]) -> list[str]:
    """Return what pandoc does not read as it is meant: formulas, labels, tables, frames."""
    blocks = parsed(folder, QUARTO, pages)
    found = list(elements(blocks))
    kinds = Counter(each["t"] for each in found)
    meant = sum(len(formulas(text, flavour)) for text in pages.values())
    faults = [f"{meant} formulas, {kinds['Math']} read"] if meant != kinds["Math"] else []
    faults += [each for each in kinds if each in ("RawInline", "Note", "Image")]
    words = [each["c"] for each in found if each["t"] == "Str"]
    faults += [word for word in words if re.search(r"\$|^:::|\\\w", word)]
    lines = [line for text in pages.values() for line in outside_fences(text)]
    rows = [line for line in lines if re.match(r"\|-+", line)]
    columns = [len(each["c"][2]) for each in found if each["t"] == "Table"]
    if columns != [line.count("|") - 1 for line in rows]:
        faults.append(f"tables of {columns} columns")
    return faults + unresolved(blocks)


def outside_fences(text: str) -> list[str]:
    return re.sub(r"^(`{3,}).*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL).splitlines()


def unresolved(blocks: Any) -> list[str]:
    """Return labels that are there twice and references that lead nowhere, as Quarto reads {#eq-…} and @eq-…."""
    labels = [each[1:-1] for inlines in runs(blocks) for each in labels_of(inlines)]
    labels += [f"#{each['c'][0][0]}" for each in elements(blocks) if each["t"] == "Div" and each["c"][0][0]]
    cited = [f"#{one['citationId']}" for each in elements(blocks) if each["t"] == "Cite" for one in each["c"][0]]
    twice = [label for label, count in Counter(labels).items() if count > 1]
    return twice + [each for each in cited if each not in labels]


def runs(node: Any) -> list[Any]:
    return [each["c"] for each in elements(node) if each["t"] in ("Para", "Plain")]


def labels_of(inlines: Any) -> list[str]:
    """Return what stands behind displayed formulas."""
    kinds = [each["t"] for each in inlines]
    pairs = [
        inlines[at + 2]
        for at, kind in enumerate(kinds)
        if kind == "Math" and kinds[at + 1 : at + 3] == ["Space", "Str"]
    ]
    return [each["c"] for each in pairs if each["c"].startswith("{#eq-")]


@pytest.mark.parametrize("flavour", ["markdown", "quarto"])
def test_pandoc_reads_what_is_meant(flavour: str, tmp_path: Path) -> None:
    assert misread(tmp_path, flavour, written(flavour)) == []
    assert pandoc(tmp_path, QUARTO, "html", written(flavour), "--mathml")[1] == ""


def test_quarto_counts_every_line_that_has_a_number(tmp_path: Path) -> None:
    for name, text in written("quarto").items():
        labelled = re.findall(r"^\$\$ \{#eq-([a-z0-9-]+)\}$", text, re.MULTILINE)
        assert len(labelled) == len(numbers(corpus()[name]))


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        (r"a $x$ b $\frac{1}{2}", "$"), ("$$\nx\n$$ {#eq-a}\n\n$$\nx\n$$ {#eq-a}", "{#eq-a"), ("see [-@eq-b]", "#eq-b"),
        ("::: {.callout-note}\n\nx", ":::"), ("| a | b |\n|---|---|\n\n|---|", "columns"),
    ],
)  # fmt: skip
def test_what_pandoc_would_misread_is_seen(spoilt: str, said: str, tmp_path: Path) -> None:
    assert any(said[1:] in fault for fault in misread(tmp_path, "quarto", {"spoilt": spoilt}))


def test_github_reads_tables_and_code_in_dollars(tmp_path: Path) -> None:
    pages = written("gfm")
    found = list(elements(parsed(tmp_path, "gfm", pages)))
    lines = [line for text in pages.values() for line in outside_fences(text)]
    assert sum(each["t"] == "Table" for each in found) == sum(bool(re.match(r"\|-", line)) for line in lines)
    assert sum(each["t"] == "Code" for each in found) == sum(line.count("$`") for line in lines)
    assert not [each for each in found if each["t"] in ("RawInline", "Image", "Link", "Emph")]


# MyST.


def test_sphinx_builds_without_a_warning(tmp_path: Path) -> None:
    html, said = sphinx(tmp_path, written("myst"))
    assert said == ""
    for name, text in html.items():
        assert Html(text).faults == []
        assert text.count('class="eqno"') == len(numbers(corpus()[name]))
        assert text.count("<table") == sum(isinstance(each, Table) for each in every(corpus()[name].blocks))


def every(blocks: tuple[Block, ...]) -> list[Block]:
    return [one for each in blocks for one in ([each, *every(each.blocks)] if isinstance(each, Aside) else [each])]


def test_what_sphinx_does_not_find_is_seen(tmp_path: Path) -> None:
    text = written("myst")["everything"].replace(":label: t-a\n", ":label: t-z\n")
    _, said = sphinx(tmp_path, {"spoilt": text})
    assert "equation not found: t-a" in said


# MDX.


def test_mdx_compiles_and_its_links_lead_somewhere() -> None:
    spoilt = {"brace": "a {b", "tag": "a <b", "formula": r"$\frac{1}{2$", "comment": "<!-- a -->"}
    found = html_of_mdx({**written("mdx"), **spoilt})
    assert {name for name, each in found.items() if "error" in each} == {*spoilt}
    for name, each in corpus().items():
        html = Html(found[name]["html"])
        assert html.faults == []
        assert len([one for one in html.ids if one.startswith("eq-")]) == len(numbers(each))
        tables = sum(isinstance(one, Table) for one in every(each.blocks))
        assert html.tags["table"] >= tables
        assert html.tags["math"] == len(formulas(written("mdx")[name], "mdx"))
