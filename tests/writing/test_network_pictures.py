"""The network as a picture by itself: SVG and TikZ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from xml.etree import ElementTree

import pytest
import tex
from architecture_files import ARCHITECTURES, networks
from hostile import HOSTILE, PAGE
from report_cases import PDFLATEX, need

from symbp import Network, derive, render
from symbp.errors import SpecError
from symbp.networks.examples import EXAMPLES
from symbp.pages.page import Figure
from symbp.pages.tell.derivation import derivation_page
from symbp.writing.render import PAGES
from symbp.writing.setting import Setting


def batched(names: Iterable[str], size: int) -> Iterator[tuple[str, ...]]:
    there = iter(names)
    while lot := tuple(islice(there, size)):
        yield lot


SVG = "{http://www.w3.org/2000/svg}"


def faults(text: str) -> list[str]:
    """What a reader, a screen reader, or a program without a network would stumble over in an SVG."""
    root = ElementTree.fromstring(text)
    found = [name for name in ("title", "desc") if not (root.findtext(f"{SVG}{name}") or "").strip()]
    found += [
        f"reaches out: {each}" for each in ("http", "url(", "@import", "<image") if each in text.split("2000/svg", 1)[1]
    ]
    width = float(root.get("width", 0))
    height = float(root.get("height", 0))
    for group in root.findall(f"{SVG}g"):
        top = float(group.get("transform", "").split()[-1].rstrip(")"))
        for each in group.iter(f"{SVG}text"):
            x, y = float(each.get("x", -1)), float(each.get("y", -1)) + top
            if not (0 <= x <= width and 0 <= y <= height):
                found.append(f"outside: {''.join(each.itertext())}")
    bars = {each.get("class", "") for each in root.iter(f"{SVG}path")}
    named = {f"bar {role}" for role in ("weight", "learnt", "activation", "slope", "part")} & bars
    samples = {each.get("class", "") for each in root.findall(f"{SVG}path")}
    return found + [f"no key: {each}" for each in sorted(named - samples)]


def test_svg() -> None:
    found = derive("sigmoid-mlp")
    text = render(found, "svg")
    assert faults(text) == []
    assert text.startswith("<!-- Written by symbp -->")
    assert text == render(found, "svg")
    letters = ["".join(each.itertext()) for each in ElementTree.fromstring(text).iter(f"{SVG}text")]
    assert {"W(1)", "W(1)⊤", "D(1)", "δ(1)", "ℒ", "weight", "activation derivative"} <= set(letters)


def test_faults_of_svg_are_seen() -> None:
    text = render(derive("blackboard"), "svg")
    assert faults(text) == []
    assert faults(text.replace('<desc id="symbp-about">', '<desc id="symbp-about"> </desc><desc>'))
    assert faults(text.replace("<style>", "<style>@import 'x';"))
    assert faults(
        text.replace('<path class="bar slope" d="M0', '<path d="M0').replace("</g>", "").replace("</svg>", "</g></svg>")
    )
    assert faults(text.replace('text x="', 'text x="9'))


def test_tikz_is_one_picture_and_says_roles() -> None:
    found = derive("lstm-classifier")
    text = render(found, "tikz")
    assert text.count("\\begin{tikzpicture}") == 1
    assert "\\usepackage" not in text
    assert "role learnt" in text
    assert "{what is learnt}" in text
    assert "\\documentclass{article}" in render(found, "tikz", standalone=True)


@pytest.mark.parametrize("to", ["svg", "tikz"])
def test_what_has_no_picture_is_refused(to: str) -> None:
    with pytest.raises(SpecError, match="no equation; leave out only"):
        render(derive("blackboard"), to, only="W1")


def test_hostile_titles_are_text() -> None:
    figure = next(each for each in derivation_page(derive("blackboard")).blocks if isinstance(each, Figure))
    key = tuple((role, (text,)) for (role, _), text in zip(figure.key, HOSTILE[6:], strict=False))
    page = replace(PAGE, blocks=(replace(figure, key=key),))
    text = PAGES["svg"](page, Setting())
    assert faults(text) == []
    words = {"".join(each.itertext()) for each in ElementTree.fromstring(text).iter()}
    assert {text for _, (text,) in key} <= words
    assert r"\write18" not in PAGES["tikz"](replace(page, command=HOSTILE[0]), Setting())


MADE = {
    **{name: lambda name=name: Network.load(EXAMPLES[name]) for name in EXAMPLES},
    **{f"layers-{layers}": lambda layers=layers: Network.mlp(layers=layers) for layers in range(1, 13)},
    **{place.stem: lambda place=place: networks(place)[0] for place in ARCHITECTURES},
}
"""Every example, plain networks of one to twelve layers, every architecture."""

LOT = 20
"""How many pictures are one run of TeX."""


@pytest.mark.long
@pytest.mark.parametrize("names", list(batched(MADE, LOT)), ids=lambda names: names[0])
def test_pictures_of_every_network(names: tuple[str, ...], tmp_path: Path) -> None:
    need("pdflatex", PDFLATEX)
    made = {name: derive(MADE[name]()) for name in names}
    found = tex.complaints(tmp_path, {name: render(each, "tikz", standalone=True) for name, each in made.items()})
    found |= {f"{name}.svg": faults(render(each, "svg")) for name, each in made.items()}
    assert {name: said for name, said in found.items() if said} == {}
