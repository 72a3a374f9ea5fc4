"""The steps of a page as HTML: a graph, a product that grows, and the lines, which a script lights in their order."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Protocol

from markupsafe import Markup

from symbp.maths.tree import Node, Row, Tag, changed, walk
from symbp.pages.page import Span, Text
from symbp.pages.tour import At, Entry, StepGraph, Stop, Tour, mark_of
from symbp.writing.breaking import broken, em_width
from symbp.writing.calls import Call, call
from symbp.writing.formula import Speller
from symbp.writing.mathml import Attributes, inline_mathml
from symbp.writing.step_graph import Label, drawn

MEASURE = 34.0
"""How wide a formula of a step may be in one piece, in em."""


class Formulas(Protocol):
    """What writes the formulas and sentences of a page."""

    @property
    def numbers(self) -> Mapping[str, int]:
        """The numbers of lines, by their labels."""

    def text(self, text: Text) -> Markup:
        """Return a sentence."""

    def inline(self, node: Node) -> Markup:
        """Return a formula in a line of words."""

    def math(self, node: Node | None, change: Any = None) -> Markup:
        """Return a displayed formula."""

    def marked(self, node: Node) -> Node | None:
        """Return a symbol with what it is."""

    def pieces(self, node: Node) -> Iterator[dict[str, Any]]:
        """Yield the pieces of a product."""


@dataclass(frozen=True)
class Steppable:
    """Writes the steps; ``labels`` are those of lines that the page shows elsewhere."""

    formulas: Formulas
    labels: Collection[str]

    def calls(self, tour: Tour) -> Iterator[Call]:
        """Yield the section."""
        said = dict(tour.said)
        yield call(
            "tour",
            said=said,
            graph=self._graph(tour.graph, {key for stop in tour.stops for key in stop.lights}),
            product=self._product(tour.product),
            known=[{"math": self.formulas.inline(value), "at": at} for value, at in tour.known],
            passes=list(self._passes(tour.stops, said)),
        )

    def _passes(self, stops: Sequence[Stop], said: dict[str, str]) -> Iterator[dict[str, Any]]:
        """Yield both passes, each with the groups of its steps; a line that stands only here has its number here."""
        shown = set(self.labels)
        for is_backward, same in groupby(stops, key=lambda each: each.is_backward):
            groups = []
            for group, inside in groupby(same, key=lambda each: each.group):
                steps = []
                for stop in inside:
                    steps.append(self._step(stop, is_new=stop.line.label not in shown))
                    shown.add(stop.line.label)
                groups.append({"name": self.formulas.text(group), "steps": steps})
            name = "backward" if is_backward else "forward"
            yield {"kind": "bwd" if is_backward else "fwd", "name": said[name], "groups": groups}

    def _step(self, stop: Stop, *, is_new: bool) -> dict[str, Any]:
        number = str(self.formulas.numbers.get(stop.line.label, ""))
        roles = dict(stop.marks)

        def marked(node: Node) -> Node | None:
            new, mark = self.formulas.marked(node), mark_of(node.of) if isinstance(node, Tag) else None
            role = "" if mark is None else roles.get(mark.key, "")
            if not role or not isinstance(new, Tag) or not isinstance(new.of, Attributes):
                return new
            return replace(new, of=Attributes((*new.of.pairs, ("data-r", _slug(role)))))

        parts = [piece for part in stop.line.parts for piece in broken(part, MEASURE, MEASURE, em_width)]
        return {
            "key": stop.key, "lights": " ".join(stop.lights), "number": number, "is_new": bool(number) and is_new,
            "name": self.formulas.text(stop.name), "parts": [self.formulas.math(each, marked) for each in parts],
            "where": self.formulas.math(stop.line.where), "reason": self.formulas.text(stop.line.reason),
        }  # fmt: skip

    def _product(self, product: Node | None) -> list[dict[str, Any]]:
        """Return the pieces of the product; factors inside of others are marked where they are."""
        if product is None:
            return []
        items = product.items if isinstance(product, Row) else (product,)
        flat = sum(isinstance(each, Tag) and isinstance(each.of, At) for each in items)
        inside = sum(1 for each in _factors(product)) - flat
        return list(self.formulas.pieces(changed(product, _placed) if inside else product))

    def _graph(self, graph: StepGraph, lit: set[str]) -> dict[str, Any]:
        found = drawn(graph)
        ways = [{"key": each.key, "path": each.path, "head": each.head, "error": each.is_error} for each in found.ways]
        return {
            "width": f"{found.width:.2f}", "height": f"{found.height:.2f}", "ways": ways,
            "labels": [self._label(each, lit) for each in found.labels],
        }  # fmt: skip

    def _label(self, label: Label, lit: set[str]) -> dict[str, Any]:
        body = self.formulas.inline(label.value) if isinstance(label.value, Node) else self.formulas.text(label.value)
        return {
            "key": label.key if label.key in lit else "", "body": body, "kind": label.kind, "error": label.is_error,
            "x": f"{label.x:.2f}", "y": f"{label.y:.2f}", "height": f"{label.height:.2f}",
        }  # fmt: skip


def glossary_call(formulas: Formulas, tour: Tour, entries: Sequence[Entry]) -> Call:
    """Return the list of all symbols."""
    rows = [
        {
            "key": each.key, "math": formulas.inline(each.value), "name": plain(each.name),
            "shape": "" if each.shape is None else plain((each.shape,)),
            "words": formulas.text(each.name), "size": "" if each.shape is None else Markup(inline_mathml(each.shape)),
            "number": str(formulas.numbers.get(each.label, "")) if each.label else "",
        }
        for each in entries
    ]  # fmt: skip
    return call("glossary", title=dict(tour.said)["symbols"], rows=rows)


def plain(text: Sequence[Span]) -> str:
    """Return a sentence without markup."""
    speller = Speller.of(each for each in text if isinstance(each, Node))
    return "".join(speller.line(each) if isinstance(each, Node) else str(each) for each in text)


def _factors(node: Node) -> Iterator[Tag]:
    return (each for each in walk(node) if isinstance(each, Tag) and isinstance(each.of, At))


def _placed(node: Node) -> Node | None:
    """Return a factor inside of others with the step that adds it and its role in words."""
    if not isinstance(node, Tag) or not isinstance(node.of, At):
        return None
    pairs = (("data-at", node.of.stop), ("data-r", _slug(node.role)), ("data-w", " ".join(node.label)))
    return Tag(changed(node.body, _placed), Attributes(pairs))


def _slug(role: str) -> str:
    return str(role).replace(" ", "-")
