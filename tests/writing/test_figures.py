"""Pictures: drawn without a display, the same bytes each time, marked as ours; they need the extra ``plots``."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from symbp.analysis.budget import analyze
from symbp.analysis.flow import GradientFlow
from symbp.analysis.phase import Mark, Phases, phases
from symbp.analysis.repetitions import Run
from symbp.analysis.spectrum import Spectrum
from symbp.errors import SpecError
from symbp.networks.layers import Linear, activation_of
from symbp.networks.network import Network
from symbp.networks.recurrent import RNN
from symbp.networks.transformer import TransformerBlock
from symbp.writing import figures
from symbp.writing.figures import Curve
from symbp.writing.files import carries_mark
from symbp.writing.formats import FIGURES

HERE = find_spec("matplotlib") is not None
needs_matplotlib = pytest.mark.skipif(not HERE, reason="needs matplotlib: pip install 'symbp[plots]'")


@cache
def flow() -> GradientFlow:
    return analyze(Network.mlp(6, 5, "sigmoid", loss="mse"), "he")


@cache
def repeated(*layers: Any) -> Run:
    found = analyze(Network([*layers, Linear(2)], 3, "mse", batch=True)).repetitions
    assert found is not None
    return found.runs[0]


@cache
def panels() -> tuple[Phases, ...]:
    return tuple(phases(activation_of(name, {}), [Mark("he", 2**0.5, 0.0)]) for name in ("tanh", "relu"))


def curves() -> list[Curve]:
    return [Curve.of("sigmoid", flow()), Curve("deep", (1, 2, 3), (-400.0, -200.0, -float("inf")))]


DRAWN = {
    "phase": lambda: figures.phase(panels()),
    "norms": lambda: figures.norms(curves()),
    "many": lambda: figures.norms([Curve(f"network {n}", (1, 2), (float(n // 3), 0.0)) for n in range(14)]),
    "budget": lambda: figures.budget(flow()),
    "branches": lambda: figures.branches(repeated(TransformerBlock(tokens=2), TransformerBlock(tokens=2))),
    "parts": lambda: figures.parts((0.7, 0.2, 0.1), repeated(RNN(3, 3)).shares["rnn1.W"]),
    "spectrum": lambda: figures.spectra(
        [("a", Spectrum("W1", (0.0, -1.0), 1, 3)), ("b", Spectrum("W1", (2.0,), 0, 1))]
    ),
}


@needs_matplotlib
@pytest.mark.parametrize(
    "kind", [each if each == "svg" else pytest.param(each, marks=pytest.mark.long) for each in FIGURES]
)
@pytest.mark.parametrize("name", DRAWN)
def test_the_same_bytes_each_time_with_our_mark(name: str, kind: str, tmp_path: Path) -> None:
    data = figures.saved(DRAWN[name](), kind)
    assert data == figures.saved(DRAWN[name](), kind)
    file = tmp_path / f"figure.{kind}"
    file.write_bytes(data)
    assert carries_mark(file)
    assert b"<date>" not in data.lower()


@needs_matplotlib
def test_a_dead_gradient_is_no_point() -> None:
    lines = figures.norms(curves()).axes[0].get_lines()
    assert list(lines[1].get_xdata()) == [1, 2]
    assert list(lines[1].get_ydata()) == [-400.0, -200.0]


@needs_matplotlib
def test_the_phases_are_named_where_there_is_room_and_the_marks_are_where_they_belong() -> None:
    figure = figures.phase(panels())
    names = [{text.get_text() for text in axes.texts} for axes in figure.axes]
    assert names == [
        {"gradients\nvanish", "gradients\nexplode"},
        {"gradients\nvanish", "gradients\nexplode,\nlengths grow\nwithout end"},
    ]
    for axes in figure.axes:
        edge, mark = axes.get_lines()
        assert list(edge.get_xdata()) != []
        assert (mark.get_xdata()[0], mark.get_ydata()[0]) == (2**0.5, 0.0)


def test_the_deepest_place_of_a_region() -> None:
    region = [[c == "#" for c in line] for line in ("......", ".###..", ".####.", ".###..", "......")]
    assert figures.deepest(region) == (2, 3, 2)
    assert figures.deepest([[False]]) == (0, 0, 0)


@needs_matplotlib
def test_the_bars_of_a_budget_end_at_the_norm() -> None:
    axes = figures.budget(flow()).axes[0]
    heights: dict[float, float] = {}
    for (x, start), (_, end) in (path.vertices[[0, 2]] for bars in axes.collections for path in bars.get_paths()):
        heights[round(x)] = heights.get(round(x), 0.0) + end - start
    norms = {place: row.log10 for place, row in enumerate(flow().rows[::-1])}
    assert heights == pytest.approx(norms)


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([0.2, 0.8], [0.2, 0.8]),
        ([0.5, 0.5, 0.5], [0.4, 0.5, 0.6]),
        ([0.0, 0.0], [0.0, 0.1]),
        ([1.0, 1.0], [0.9, 1.0]),
        ([0.3, 0.35, 0.9], [0.275, 0.375, 0.9]),
    ],
)
def test_names_are_moved_apart_around_where_they_were(places: list[float], expected: list[float]) -> None:
    assert figures.spread(places, 0.1) == pytest.approx(expected)


def test_without_matplotlib_one_line_says_how(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "available", lambda: False)
    with pytest.raises(SpecError, match="pip install"):
        figures.budget(flow())


@needs_matplotlib
def test_a_kind_that_is_none_is_refused() -> None:
    with pytest.raises(SpecError, match="pdf, svg, png"):
        figures.saved(figures.budget(flow()), "gif")


@pytest.mark.long
def test_nothing_is_imported_for_the_question() -> None:
    code = "import sys; from symbp.writing import figures; figures.available(); assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
