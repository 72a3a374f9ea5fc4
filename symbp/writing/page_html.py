"""A page as HTML: one file with mathematics in MathML, readable without a script, on a phone and on paper."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup, escape

from symbp.maths.tree import COMMA, TIMES, Node, Row, Tag, row
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
    images,
    numbers,
)  # fmt: skip
from symbp.writing.breaking import broken, em_width, sides
from symbp.writing.calls import Call, call, written
from symbp.writing.columns import text_width
from symbp.writing.formula import Speller
from symbp.writing.graphs import described, strips_of
from symbp.writing.latex import LONGEST
from symbp.writing.mathml import inline_mathml, math_mathml
from symbp.writing.setting import DEFAULT, Setting
from symbp.writing.shapes import Point, Shapes, shapes
from symbp.writing.spacing import items_of, slashed

FILE = "page-html.j2"
"""The macros of this format."""

PIECE = 14.0
"""How wide a piece of a formula may be, in em: one fills a line of a phone, a wide page shows several in a line."""

MEASURE = 40.0
"""How wide a picture may be on a wide page, in em."""

UNIT = 16
"""Of an em in the coordinates of a picture, whose letters have that size."""


def write_html(page: Page, setting: Setting = DEFAULT) -> str:
    """Return a page as a document."""
    writer = _Writer(numbers(page), {each.file: at for at, each in enumerate(images(page.blocks), 1)})
    return written(_document(_plain(page.title), page.command, writer.page(page)), FILE, setting.template_dir)


def single_html(lines: Sequence[Line], title: str) -> str:
    """Return lines of equations as a document of their own."""
    shown = call("equations", lines=[_Writer({}).line(line) for line in lines], has_reasons=False)
    return written(_document(title, "", [shown]), FILE)


def _document(title: str, command: str, body: Iterable[Call]) -> list[Call]:
    """Return the calls of a document around those of its body."""
    names, head = call("names", command=" ".join(command.split())), call("head", title=title)
    return [call("open_document"), names, head, call("style"), call("open_body"), *body, call("close_document")]


def _plain(text: Text) -> str:
    """Return a sentence without markup, for the title of a window."""
    speller = Speller.of(each for each in text if isinstance(each, Node))
    return "".join(speller.line(each) if isinstance(each, Node) else str(each) for each in text)


@dataclass(frozen=True)
class _Writer:
    """Writes the blocks of a page; ``numbers`` are those of its lines, ``figures`` those of its files."""

    numbers: dict[str, int]
    figures: dict[str, int] = field(default_factory=dict)

    def page(self, page: Page) -> Iterator[Call]:
        """Yield the calls of a page."""
        yield call("open_page", title=self.text(page.title), subtitle=self.text(page.subtitle))
        yield from self.blocks(page.blocks)
        yield call("close_page")

    def blocks(self, blocks: Sequence[Block]) -> Iterator[Call]:
        """Yield the calls of blocks."""
        for block in blocks:
            yield from _WRITERS[type(block)](self, block)

    def text(self, text: Text) -> Markup:
        """Return a sentence; what stands close to a formula stays with it."""
        return Markup("").join(map(self._word, _words(text)))

    def _word(self, word: Text) -> Markup:
        found = Markup("").join(map(self._span, word))
        close = len(word) > 1 and text_width(word) <= PIECE
        return Markup('<span class="nb">{}</span>').format(found) if close else found

    def _span(self, span: Span) -> Markup:
        if isinstance(span, str):
            return escape(span)
        if isinstance(span, Bar):
            return Markup('<span class="bar" style="width:{:.2f}em"></span>').format(LONGEST * span.share)
        if isinstance(span, Ref):
            return Markup("–").join(map(self._link, filter(None, (span.label, span.last))))
        pieces = broken(slashed(span), PIECE, PIECE, em_width)
        return Markup("<wbr/>").join(Markup(inline_mathml(piece)) for piece in pieces)

    def _link(self, label: str) -> Markup:
        return Markup('<a href="#eq-{0}">({0})</a>').format(self.numbers[label])

    def heading(self, block: Heading) -> Iterator[Call]:
        """Yield the title of a section."""
        yield call("heading", text=self.text(block.text), level=block.level)

    def para(self, block: Para) -> Iterator[Call]:
        """Yield a paragraph."""
        yield call("para", title=self.text(block.title), text=self.text(block.text))

    def equations(self, block: Equations) -> Iterator[Call]:
        """Yield displayed lines."""
        has_reasons = any(line.reason for line in block.lines)
        yield call("equations", lines=list(map(self.line, block.lines)), has_reasons=has_reasons)

    def steps(self, block: Steps) -> Iterator[Call]:
        """Yield lines with a reason beside each."""
        yield call("steps", group=self.text(block.group), lines=list(map(self.line, block.lines)))

    def computation(self, block: Computation) -> Iterator[Call]:
        """Yield formulas with their numbers, columns in brackets."""
        yield call("equations", lines=[self.line(each.line) for each in block.lines], has_reasons=False)

    def line(self, line: Line) -> dict[str, Any]:
        """Return a line: what stands left of its relation, the rest in pieces, further parts, reason and number."""
        first, *more = line.parts
        left, right = sides(first)
        parts = [right, *more]
        parts = [row(part, COMMA) if part is not parts[-1] else part for part in parts]
        return {
            "number": str(self.numbers[line.label]) if line.label else "",
            "left": _math(left),
            "parts": [list(_pieces(part)) for part in parts],
            "where": _math(line.where),
            "reason": self.text(line.reason),
        }

    def table(self, block: Table) -> Iterator[Call]:
        """Yield a table."""
        align = block.align or "l" * len(block.head)
        rows = [
            {"rule": place in block.groups, "cells": [self.text(cell) for cell in cells]}
            for place, cells in enumerate(block.rows)
        ]
        head = [self.text(cell) for cell in block.head]
        yield call("table", align=align, head=head if any(head) else [], rows=rows, wraps=block.wraps)

    def figure(self, block: Figure) -> Iterator[Call]:
        """Yield a picture, drawn."""
        strips = [_strip(shapes(each, em_width)) for each in strips_of(block.picture, MEASURE, em_width)]
        yield call("figure", strips=strips, alt=described(block.picture), caption=self.text(block.caption))

    def image(self, block: Image) -> Iterator[Call]:
        """Yield a figure in a file, with its number."""
        number, caption = self.figures[block.file], self.text(block.caption)
        yield call("image", file=block.file, alt=_plain(block.caption), number=number, caption=caption)

    def code(self, block: Code) -> Iterator[Call]:
        """Yield program text."""
        yield call("code", text=block.text.strip("\n"), language=block.language)

    def verdict(self, block: Verdict) -> Iterator[Call]:
        """Yield what the check found."""
        yield call("verdict", passed=block.passed, title=self.text(block.title), text=self.text(block.text))

    def aside(self, block: Aside) -> Iterator[Call]:
        """Yield blocks in a frame."""
        yield call("open_aside", title=self.text(block.title))
        yield from self.blocks(block.blocks)
        yield call("close_aside")


def _words(text: Text) -> Iterator[Text]:
    """Yield the parts of a sentence: words and formulas with what stands close to them, and the space between."""
    word: list[Span] = []
    for span in text:
        for part in _SPACE.split(span) if isinstance(span, str) else (span,):
            if isinstance(part, str) and not part.strip():
                yield tuple(word)
                yield (part,)
                word = []
            else:
                word.append(part)
    yield tuple(word)


_SPACE = re.compile(r"(\s+)")


def _math(node: Node | None) -> Markup:
    return Markup(math_mathml(node)) if node is not None and node != Row(()) else Markup("")


def _pieces(node: Node) -> Iterator[dict[str, Any]]:
    """Yield the pieces of a formula between which a line may end: factors with their roles, and what else there is."""
    plain: list[Node] = []
    for item in items_of(node):
        if isinstance(item, Tag) and item.label:
            between = plain[-1:] if plain and plain[-1] == TIMES else []
            yield from _broken(row(*plain[: len(plain) - len(between)]))
            factor = row(*between, Tag(item.body, item.of, item.role))
            yield {"math": _math(factor), "role": item.role.replace(" ", "-"), "label": list(item.label)}
            plain = []
        else:
            plain.append(item)
    yield from _broken(row(*plain))


def _broken(node: Node) -> Iterator[dict[str, Any]]:
    if node != Row(()):
        yield from ({"math": _math(each), "role": "", "label": []} for each in broken(node, PIECE, PIECE, em_width))


# Pictures


def _strip(strip: Shapes) -> dict[str, Any]:
    ways = [
        {"points": _coordinates(way.points), "head": _coordinates(way.head), "error": way.error} for way in strip.ways
    ]
    marks = [
        {
            "kind": each.kind, "error": each.error, "math": Markup(inline_mathml(each.value)),
            "x": _number(each.x - each.width / 2), "y": _number(each.y - each.height / 2),
            "width": _number(each.width), "height": _number(each.height),
        }
        for each in strip.shapes
    ]  # fmt: skip
    size = {"width": _number(strip.width), "height": _number(strip.height)}
    return {**size, "em": f"{strip.width:.2f}", "ways": ways, "marks": marks}


def _coordinates(points: Sequence[Point]) -> str:
    return " ".join(f"{_number(x)},{_number(y)}" for x, y in points)


def _number(size: float) -> str:
    return f"{UNIT * size:.1f}"


_WRITERS: dict[type[Block], Callable[[_Writer, Any], Iterator[Call]]] = {
    Heading: _Writer.heading, Para: _Writer.para, Equations: _Writer.equations, Steps: _Writer.steps,
    Computation: _Writer.computation, Table: _Writer.table,
    Figure: _Writer.figure, Image: _Writer.image, Code: _Writer.code, Verdict: _Writer.verdict,
    Aside: _Writer.aside,
}  # fmt: skip
