"""The graph of a network: every line is a vertex, in columns and rows that one can follow."""

from functools import cache
from itertools import combinations
from pathlib import Path

import pytest
from architecture_files import ARCHITECTURES, networks

from symbp import Network, derive
from symbp.networks.examples import EXAMPLES
from symbp.pages.layering import layered
from symbp.pages.page import Edge, Figure, Graph, Picture
from symbp.pages.tell.derivation import derivation_page
from symbp.writing.breaking import em_width
from symbp.writing.formula import math_text
from symbp.writing.graphs import strips_of


@cache
def lstm() -> Graph:
    found = figure("lstm-classifier")
    assert isinstance(found, Graph)
    return found


def figure(network: Network | str) -> Picture | Graph:
    (found,) = (each.picture for each in derivation_page(derive(network)).blocks if isinstance(each, Figure))
    return found


def faults(graph: Graph) -> list[str]:
    """What a reader of a graph would stumble over."""
    spots = [(each.column, each.row) for each in graph.vertices]
    passing = [(spots[edge.start][0] + k, row) for edge in graph.edges for k, row in enumerate(edge.rows, 1)]
    found = [
        f"at one spot: {one}"
        for one, other in combinations(spots, 2)
        if one[0] == other[0] and abs(one[1] - other[1]) < 0.99
    ]
    found += [
        f"under a vertex: {one}"
        for one in passing
        for other in spots
        if one[0] == other[0] and abs(one[1] - other[1]) < 0.59
    ]
    found += [f"backwards: {edge}" for edge in graph.edges if spots[edge.start][0] >= spots[edge.end][0]]
    found += [
        f"broken: {edge}" for edge in graph.edges if len(edge.rows) != spots[edge.end][0] - spots[edge.start][0] - 1
    ]
    used = {edge.start for edge in graph.edges} | {edge.end for edge in graph.edges}
    return found + [f"alone: {at}" for at in range(len(spots)) if at not in used and len(spots) > 1]


def test_an_lstm() -> None:
    graph = lstm()
    assert faults(graph) == []
    names = [math_text(each.value) for each in graph.vertices]
    made = {(names[each.start], names[each.end]) for each in graph.edges}
    assert {("cₜ₋₁", "cₜ"), ("fₜ", "cₜ"), ("hₜ₋₁", "zₖₜ"), ("ŷ", "ℒ")} <= made
    assert ("z_cls", "ℒ") not in made  # The fused loss is printed in ŷ.
    vertex = graph.vertices[names.index("zₖₜ")]
    assert [math_text(each) for each in vertex.learnt] == ["Wₖ", "Uₖ", "bₖ"]
    assert (vertex.line, vertex.error_line) == ("lstm1.Zi1-t-k", "dlstm1.Zi1-t-1-3")


def test_faults_are_seen() -> None:
    graph = lstm()
    first, *others = graph.vertices
    assert faults(Graph((graph.vertices[1], *graph.vertices[1:]), graph.edges))
    assert faults(Graph((first, *others), (*graph.edges, Edge(3, 2))))
    assert faults(Graph((first, *others), graph.edges[1:]))


def test_a_long_rail_shows_both_ends() -> None:
    picture = figure(Network.mlp(layers=12))
    assert isinstance(picture, Picture)
    text = [math_text(each.value) for each in picture.forward]
    assert text[:3] == ["x", "W₁", "z₁"]
    assert "⋯" in text
    assert text[-3:] == ["f₁₂", "a₁₂", "ℒ"]


def test_strips_fit_and_bring_what_they_use() -> None:
    graph = lstm()
    strips = strips_of(graph, 12.0, em_width)
    assert len(strips) > 1
    assert all(each.length < 1.2 * 12.0 for each in strips)
    arrows = {(arrow.start, arrow.end) for strip in strips for arrow in strip.arrows}
    assert arrows
    for strip in strips:
        names = {mark.name for mark in strip.marks}
        assert all({each.start, each.end} <= names for each in strip.arrows)


def test_layers_of_a_diamond() -> None:
    found = layered([[], [0], [0], [1, 2], [0, 3]])
    assert found.columns == (0, 1, 1, 2, 3)
    assert set(found.passing) == {(0, 1), (0, 2)}


@pytest.mark.long
@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_has_a_picture(name: str) -> None:
    picture = figure(Network.load(EXAMPLES[name]))
    assert isinstance(picture, Picture) or faults(picture) == []


@pytest.mark.long
@pytest.mark.parametrize("place", ARCHITECTURES, ids=lambda place: place.stem)
def test_every_architecture_has_a_picture(place: Path) -> None:
    for network in networks(place):
        picture = figure(network)
        assert isinstance(picture, Picture) or faults(picture) == []
