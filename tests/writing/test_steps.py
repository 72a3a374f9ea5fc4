"""Pages that are stepped through: what each step lights and adds, and what a reader sees of them in Chromium."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from engines import CHROMIUM, NODE, SCRIPTS, node_modules
from report_cases import need

from symbp import Dense, Network, derive
from symbp.derivation import Derivation
from symbp.maths.tree import Tag, walk
from symbp.networks.normalisation import LayerNorm
from symbp.networks.operations import OPERATIONS
from symbp.networks.transformer import TransformerBlock
from symbp.pages.page import Page
from symbp.pages.tour import At, Tour
from symbp.writing.page_html import write_html
from symbp.writing.render import Report

ARCHITECTURES = Path(__file__).parents[2] / "examples" / "architectures"


def blocks(count: int) -> Derivation:
    inside = [TransformerBlock(tokens=3, heads=2, hidden=5) for _ in range(count)]
    return derive(Network([*inside, LayerNorm(), Dense(3, "softmax")], inputs=4, loss="cross_entropy"))


NETWORKS: dict[str, Callable[[], Derivation]] = {
    "mlp-3": lambda: derive(layers=3),
    "transformer-block": lambda: derive("transformer-block"),
    "mlp-1": lambda: derive(layers=1),
    "twelve-blocks": lambda: blocks(12),
    "lstm": lambda: derive("lstm-classifier"),
    "residual": lambda: derive("residual-mlp"),
    "cnn": lambda: derive("small-cnn"),
    "batchnorm": lambda: derive("batchnorm-mlp"),
    "gan": lambda: derive(Network.load(ARCHITECTURES / "gan.eq", loss="loss_d")),
}

WHOLE = 1
"""Of so many pages everything is looked at, of the others what differs."""


@cache
def page(name: str) -> Page:
    return Report(NETWORKS[name]()).page(steps=True)


def tour(name: str) -> Tour:
    found = page(name).tour
    assert found is not None
    return found


def unlit(found: Tour) -> list[str]:
    """Return the steps that light no value or error, and the arrows that none lights."""
    lit, places = {key for stop in found.stops for key in stop.lights}, {each.key for each in found.graph.places}
    dark = [each.key for each in found.stops if not places & {*each.lights}]
    return dark + [each.key for each in found.graph.arrows if each.key not in lit]


@pytest.mark.parametrize("name", ["mlp-3", "gan"])
def test_every_step_lights_something_and_every_arrow_is_lit(name: str) -> None:
    found = tour(name)
    assert unlit(found) == []
    order = [each.is_backward for each in found.stops]
    assert order == sorted(order)


def test_each_layer_adds_its_slope_and_its_weight() -> None:
    found = tour("mlp-3")
    assert found.product is not None
    adds = [node.of.stop for node in walk(found.product) if isinstance(node, Tag) and isinstance(node.of, At)]
    assert adds == ["9", "9", "7", "7", "5", "5", "10"]


@pytest.mark.parametrize("name", ["mlp-3", "gan"])
def test_the_steps_tell_every_gradient(name: str) -> None:
    told = [value for value, _ in tour(name).known]
    assert len(told) == len(set(told)) == len(NETWORKS[name]().wrt)


def test_other_formats_have_no_steps() -> None:
    assert Report(derive(layers=1)).page().tour is None


# In Chromium.


def looked_at(files: dict[str, str], folder: Path, whole: int = WHOLE) -> tuple[bool, str]:
    """Return whether the checker finds nothing wrong with pages, and what it says."""
    modules = node_modules("puppeteer-core", "axe-core") if NODE else None
    need("Chromium", CHROMIUM)
    need("puppeteer-core and axe-core (set NODE_MODULES)", modules)
    paths = [folder / f"{name}.html" for name in files]
    for path, text in zip(paths, files.values(), strict=True):
        path.write_text(text, encoding="utf-8")
    command = [
        str(NODE),
        str(SCRIPTS / "check_html.cjs"),
        *map(str, paths[:whole]),
        "--brief",
        *map(str, paths[whole:]),
    ]
    known = {**os.environ, "NODE_PATH": str(modules), "CHROMIUM": str(CHROMIUM)}
    ran = subprocess.run(list(map(str, command)), env=known, capture_output=True, text=True, check=False, timeout=1500)
    return ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.long
def test_a_reader_steps_through_every_kind_of_network(tmp_path: Path) -> None:
    files = {name: write_html(page(name)) for name in NETWORKS}
    files["operation"] = write_html(Report(derive(OPERATIONS["softmax"].build())).page(steps=True))
    passed, said = looked_at(files, tmp_path)
    assert passed, said


FAULTS = {
    "a symbol missing among the symbols": (r' id="sym-W1"', "", "symbol among the symbols: W1"),
    "a step that lights nothing": (r'(id="step-3" data-lights=")[^"]*', r"\1", "a step lights something"),
    "an id twice": (r'id="step-3"', 'id="step-2"', "ids are unique"),
    "words that are hard to read": (r"--muted:#aaa79f", "--muted:#55554f", "contrast, dark"),
    "an address": (r"</main>", '<a href="https://example.org/">elsewhere</a></main>', "no address"),
}


@pytest.mark.long
def test_what_is_wrong_with_a_page_is_seen(tmp_path: Path) -> None:
    right = write_html(page("mlp-1"))
    files = {name.replace(" ", "-"): re.sub(old, new, right, count=1) for name, (old, new, _) in FAULTS.items()}
    assert right not in files.values()
    passed, said = looked_at(files, tmp_path, whole=0)
    assert not passed
    for name, (_, _, complaint) in FAULTS.items():
        part = said.partition(f"{name.replace(' ', '-')}.html")[2].partition(".html")[0]
        assert complaint in part, (name, said)
