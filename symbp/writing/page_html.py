"""A page as HTML: one file with mathematics in MathML, readable without a script, on a phone and on paper."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup, escape

from symbp.maths.tree import COMMA, TIMES, Node, Row, Tag, changed, row
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
    lines,
    numbers,
)  # fmt: skip
from symbp.pages.tour import At, mark_of
from symbp.writing.breaking import broken, em_width, sides
from symbp.writing.calls import Call, call, written
from symbp.writing.columns import text_width
from symbp.writing.graphs import described, strips_of
from symbp.writing.latex import LONGEST
from symbp.writing.mathml import Attributes, inline_mathml, math_mathml
from symbp.writing.setting import DEFAULT, Setting
from symbp.writing.shapes import Point, Shapes, shapes
from symbp.writing.spacing import items_of, slashed
from symbp.writing.steps_html import Steppable, glossary_call, plain

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
    writer = _Writer(
        numbers(page),
        {each.file: at for at, each in enumerate(images(page.blocks), 1)},
        frozenset(each.key for each in page.glossary),
        frozenset() if page.tour is None else frozenset(each.line.parts for each in page.tour.stops),
    )
    document = _document(plain(page.title), page.command, writer.page(page), has_steps=page.tour is not None)
    return written(document, FILE, setting.template_dir)


def single_html(lines: Sequence[Line], title: str) -> str:
    """Return lines of equations as a document of their own."""
    shown = call("equations", lines=[_Writer({}).line(line) for line in lines], has_reasons=False)
    return written(_document(title, "", [shown]), FILE)


def _document(title: str, command: str, body: Iterable[Call], *, has_steps: bool = False) -> list[Call]:
    """Return the calls of a document around those of its body."""
    names = call("names", command=" ".join(command.split()))
    head = call("head", title=title, has_script=has_steps)
    styles, scripts = ([call("steps_style")], [call("steps_script")]) if has_steps else ([], [])
    front = [call("open_document"), names, head, call("style"), *styles, call("open_body")]
    return [*front, *body, *scripts, call("close_document")]


@dataclass(frozen=True)
class _Writer:
    """Writes the blocks of a page; ``numbers`` are those of its lines, ``figures`` those of its files.

    ``symbols`` have an entry in its glossary, ``stepped`` are the lines that its steps show.
    """

    numbers: dict[str, int]
    figures: dict[str, int] = field(default_factory=dict)
    symbols: frozenset[str] = frozenset()
    stepped: frozenset[tuple[Node, ...]] = frozenset()

    def page(self, page: Page) -> Iterator[Call]:
        """Yield the calls of a page; the steps stand behind its result, and what they show is not there twice."""
        yield call("open_page", title=self.text(page.title), subtitle=self.text(page.subtitle))
        blocks = page.blocks
        if page.tour is not None:
            blocks = tuple(_titled(each for each in blocks if not self._is_stepped(each)))
            end = next((at for at, each in enumerate(blocks, 1) if isinstance(each, Aside)), len(blocks))
            yield from self.blocks(blocks[:end])
            yield from Steppable(self, {each.label for each in lines(blocks)}).calls(page.tour)
            blocks = blocks[end:]
        yield from self.blocks(blocks)
        if page.tour is not None:
            yield glossary_call(self, page.tour, page.glossary)
        yield call("close_page")

    def _is_stepped(self, block: Block) -> bool:
        """Whether the steps show a block: the picture, or lines that are all theirs."""
        is_lines = isinstance(block, Steps) and all(line.parts in self.stepped for line in block.lines)
        return is_lines or isinstance(block, Figure)

    def math(self, node: Node | None, change: Callable[[Node], Node | None] | None = None) -> Markup:
        """Return a displayed formula, its symbols marked."""
        if node is None or node == Row(()):
            return Markup("")
        return Markup(math_mathml(changed(node, change or self.marked)))

    def inline(self, node: Node) -> Markup:
        """Return a formula in a line of words, its symbols marked."""
        return Markup(inline_mathml(changed(node, self.marked)))

    def marked(self, node: Node) -> Node | None:
        """Return a symbol that is in the glossary with attributes that say which it is; None leaves a node."""
        mark = mark_of(node.of) if isinstance(node, Tag) and self.symbols else None
        if mark is None or mark.family not in self.symbols or not isinstance(node, Tag):
            return None
        family = (("data-f", mark.family),) if mark.family != mark.key else ()
        return Tag(node.body, Attributes((("data-s", mark.key), *family)))

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
        return Markup("<wbr/>").join(map(self.inline, pieces))

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
            "left": self.math(left),
            "parts": [list(self.pieces(part)) for part in parts],
            "where": self.math(line.where),
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
        yield call("image", file=block.file, alt=plain(block.caption), number=number, caption=caption)

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

    def pieces(self, node: Node) -> Iterator[dict[str, Any]]:
        """Yield the pieces of a formula between which a line may end: factors with their roles, and what else is."""
        before: list[Node] = []
        for item in items_of(node):
            if isinstance(item, Tag) and item.label:
                between = before[-1:] if before and before[-1] == TIMES else []
                yield from self._broken(row(*before[: len(before) - len(between)]))
                math = self.math(row(*between, Tag(item.body)))
                yield {
                    "math": math, "role": item.role.replace(" ", "-"), "label": list(item.label),
                    "at": item.of.stop if isinstance(item.of, At) else "",
                }  # fmt: skip
                before = []
            else:
                before.append(item)
        yield from self._broken(row(*before))

    def _broken(self, node: Node) -> Iterator[dict[str, Any]]:
        for each in broken(node, PIECE, PIECE, em_width) if node != Row(()) else ():
            yield {"math": self.math(each), "role": "", "label": [], "at": ""}


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


def _titled(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield blocks without the titles of sections that have none."""
    listed = list(blocks)
    for at, block in enumerate(listed):
        after = listed[at + 1 : at + 2]
        if not (isinstance(block, Heading) and (not after or isinstance(after[0], Heading))):
            yield block


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
