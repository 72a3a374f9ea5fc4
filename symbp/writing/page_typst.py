"""A page as Typst: a fragment to include into lecture notes, or a document."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from symbp.maths.tree import Node
from symbp.pages.page import (
    Aside,
    Bar,
    Block,
    Code,
    Computation,
    Equations,
    Figure,
    Heading,
    Image,
    Line,
    Page,
    Para,
    Ref,
    Span,
    Steps,
    Table,
    Text,
    Verdict,
)  # fmt: skip
from symbp.writing.breaking import FRAGMENT, NOTHING, em_width, shown, sides
from symbp.writing.calls import Call, call, written
from symbp.writing.columns import columns
from symbp.writing.graphs import strips_of
from symbp.writing.latex import LONGEST
from symbp.writing.setting import DEFAULT, Setting
from symbp.writing.shapes import Point, Shapes, shapes
from symbp.writing.typst import formula_typst, inline_typst, math_typst, string_typst, text_typst

FILE = "page-typst.j2"
"""The macros of this format."""

DOCUMENT = 40.0
"""How wide a line of our own documents is, in em."""

INDENT, NUMBER, REASON, FRAME = 2.0, 2.8, 0.31, 2.0
"""What indent, number and frame take of a measure, in em; the share of it that reasons take."""

LEAST_LEFT, MOST_LEFT, SPARE = 3.0, 11.0, 0.5
"""The left sides of steps stand under each other in a column at least and at most this wide, in em; what is added."""

DRAWN = 0.85
"""How large the letters of a picture are, at most."""


def write_typst(page: Page, setting: Setting = DEFAULT) -> str:
    """Return a page as Typst: a fragment, whose lines fit any page, or a standalone document."""
    names = call("names", command=" ".join(page.command.split()) if setting.credit else "")
    writer = _Writer(setting.label_prefix or page.stem, _measure(setting), setting.heading_shift)
    return _written([names, *writer.page(page)], setting)


def _measure(setting: Setting) -> float:
    return setting.text_width or (DOCUMENT if setting.standalone else FRAGMENT)


def _written(body: list[Call], setting: Setting) -> str:
    """Return a fragment, or a document; a wider or narrower text has other margins."""
    own = {"width": f"{setting.text_width:g}"} if setting.text_width else {}  # Somebody's macros may know of none.
    whole = [call("open_document", **own), *body] if setting.standalone else body
    return written(whole, FILE, setting.template_dir)


def single_typst(lines: Sequence[Line], setting: Setting = DEFAULT) -> str:
    """Return lines of equations as one display, aligned at their relation."""
    measure = _measure(setting)
    left = max(em_width(sides(line.parts[0])[0]) for line in lines)
    rows = [each for line in lines for each in shown(line, measure, left, em_width)]
    display = call("display", rows=[(formula_typst(each.left), formula_typst(each.right)) for each in rows])
    return _written([display], setting)


@dataclass(frozen=True)
class _Writer:
    """Writes blocks of a page at one measure, headings ``lower`` by so many levels."""

    stem: str
    measure: float
    lower: int = 0

    def page(self, page: Page) -> Iterator[Call]:
        """Yield the calls of a page."""
        own = {"level": self.lower} if self.lower else {}  # Somebody's macro may know of none.
        yield call("open_page", title=self.text(page.title), subtitle=self.text(page.subtitle), **own)
        yield from self.blocks(page.blocks)
        yield call("close_page")

    def blocks(self, blocks: Sequence[Block]) -> Iterator[Call]:
        """Yield the calls of blocks."""
        for block in blocks:
            yield from _WRITERS[type(block)](self, block)

    def text(self, text: Text) -> str:
        """Return a sentence, of which nothing is code."""
        return "".join(map(self._span, text))

    def _span(self, span: Span) -> str:
        if isinstance(span, str):
            return text_typst(span)
        if isinstance(span, Bar):
            return f"#box(width: {LONGEST * span.share:.2f}em, height: 0.6em, fill: black);"
        if isinstance(span, Ref):
            labels = (self._label(each) for each in (span.label, span.last) if each)
            return "–".join(f"#symbp-ref({label});" for label in labels)
        return inline_typst(span)

    def _label(self, label: str) -> str:
        """Return the label of a line as a string; nothing for no label."""
        return string_typst(f"{self.stem}:{label}") if label else ""

    def heading(self, block: Heading) -> Iterator[Call]:
        """Yield the title of a section."""
        yield call("heading", text=self.text(block.text), level=block.level + self.lower)

    def para(self, block: Para) -> Iterator[Call]:
        """Yield a paragraph."""
        yield call("para", title=self.text(block.title), text=self.text(block.text))

    def equations(self, block: Equations) -> Iterator[Call]:
        """Yield displayed lines; with reasons they are set as steps are."""
        if any(line.reason for line in block.lines):
            yield self._steps(block.lines, ())
        else:
            yield self._lines("equations", block.lines, self.measure - INDENT - NUMBER)

    def computation(self, block: Computation) -> Iterator[Call]:
        """Yield formulas with their numbers, columns in brackets."""
        yield self._lines("equations", [each.line for each in block.lines], self.measure - INDENT)

    def steps(self, block: Steps) -> Iterator[Call]:
        """Yield lines with a reason beside each."""
        yield self._steps(block.lines, block.group)

    def _steps(self, lines: Sequence[Line], group: Text) -> Call:
        room = self.measure * (1 - REASON) - NUMBER
        return self._lines("steps", lines, room, group=self.text(group), reason=f"{self.measure * REASON:.2f}")

    def _lines(self, macro: str, lines: Sequence[Line], room: float, **fields: str) -> Call:
        left = min(max(em_width(sides(line.parts[0])[0]) for line in lines), MOST_LEFT)
        left = max(left, LEAST_LEFT) if macro == "steps" else left
        rows = [self._line(line, room, left) for line in lines]
        return call(macro, rows=rows, left=f"{left + SPARE:.2f}", **fields)

    def _line(self, line: Line, room: float, left: float) -> dict[str, Any]:
        found = [
            {"left": _math(each.left), "right": _math(each.right), "continues": each.continues}
            for each in shown(line, room, left + SPARE, em_width)
        ]
        return {"lines": found, "reason": self.text(line.reason), "label": self._label(line.label)}

    def table(self, block: Table) -> Iterator[Call]:
        """Yield a table; the column that wraps takes what the others leave."""
        size, widths = columns(block, self.measure)
        rows = [
            {"rule": place in block.groups, "cells": [self.text(cell) for cell in cells]}
            for place, cells in enumerate(block.rows)
        ]
        align = [_SIDES[letter] for letter in block.align or "l" * len(widths)]
        head = [self.text(cell) for cell in block.head]
        shares = ["1fr" if width else "auto" for width in widths]
        yield call("table", size=_SIZES[size], columns=shares, align=align, head=head, rows=rows)

    def figure(self, block: Figure) -> Iterator[Call]:
        """Yield a picture, drawn."""
        strips = [shapes(each, em_width) for each in strips_of(block.picture, self.measure / DRAWN, em_width)]
        yield call("figure", strips=[self._strip(each) for each in strips], caption=self.text(block.caption))

    def _strip(self, strip: Shapes) -> dict[str, Any]:
        size = f"{min(DRAWN, self.measure / strip.width):.2f}"
        ways = [
            {"points": list(map(_point, way.points)), "head": list(map(_point, way.head)), "error": way.error}
            for way in strip.ways
        ]
        marks = [
            {
                "kind": each.kind, "error": each.error, "math": inline_typst(each.value),
                "place": _point((each.x - each.width / 2, each.y - each.height / 2)),
                "width": f"{each.width:.2f}em", "height": f"{each.height:.2f}em",
            }
            for each in strip.shapes
        ]  # fmt: skip
        return {"size": size, "width": f"{strip.width:.2f}em", "height": f"{strip.height:.2f}em", "ways": ways,
                "marks": marks}  # fmt: skip

    def image(self, block: Image) -> Iterator[Call]:
        """Yield a figure in a file, with its number."""
        yield call("image", file=string_typst(block.file), caption=self.text(block.caption))

    def code(self, block: Code) -> Iterator[Call]:
        """Yield program text."""
        yield call("code", text=string_typst(block.text.strip("\n")), language=string_typst(block.language))

    def verdict(self, block: Verdict) -> Iterator[Call]:
        """Yield what the check found."""
        yield call("verdict", passed=block.passed, title=self.text(block.title), text=self.text(block.text))

    def aside(self, block: Aside) -> Iterator[Call]:
        """Yield blocks in a frame."""
        yield call("open_aside", title=self.text(block.title))
        yield from replace(self, measure=self.measure - FRAME).blocks(block.blocks)
        yield call("close_aside")


_SIDES = {"l": "left", "c": "center", "r": "right"}
_SIZES = {"small": "0.9", "footnotesize": "0.8", "scriptsize": "0.7"}


def _math(node: Node) -> str:
    return math_typst(node) if node != NOTHING else ""


def _point(point: Point) -> str:
    return f"({point[0]:.2f}em, {point[1]:.2f}em)"


_WRITERS: dict[type[Block], Callable[[_Writer, Any], Iterator[Call]]] = {
    Heading: _Writer.heading, Para: _Writer.para, Equations: _Writer.equations, Steps: _Writer.steps,
    Computation: _Writer.computation, Table: _Writer.table,
    Figure: _Writer.figure, Image: _Writer.image, Code: _Writer.code, Verdict: _Writer.verdict,
    Aside: _Writer.aside,
}  # fmt: skip
