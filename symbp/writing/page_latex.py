"""A page as LaTeX: a fragment for lecture notes, or a document."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from symbp.maths.tree import COMMA, Node, Tag, row
from symbp.pages.page import (
    Aside,
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
    Steps,
    Table,
    Text,
    Verdict,
    images,
)  # fmt: skip
from symbp.writing.breaking import ARTICLE, FRAGMENT, NOTHING, Shown, em_width, shown, sides
from symbp.writing.calls import Call, call, written
from symbp.writing.columns import columns, fitting
from symbp.writing.drawing import Arrow, Mark, Strip
from symbp.writing.graphs import strips_of
from symbp.writing.latex import (
    TEX,
    Hooks,
    inline_latex,
    label_latex,
    math_latex,
    sentence_latex,
    text_latex,
    typed_latex,
    verbatim_latex,
)
from symbp.writing.macros import Symbols
from symbp.writing.setting import DEFAULT, Setting
from symbp.writing.spacing import items_of

FILE = "page-latex.j2"
"""The macros of this format."""

NUMBER, FRAME = 2.8, 1.5
"""What the number of a line takes of a measure, and the frame around a result, in em."""

LEAST_LEFT, MOST_LEFT = 3.0, 11.0
"""The left sides of steps stand under each other in a column at least and at most this wide, in em."""

HOLDS, HOLDS_IN_NARROW = 6, 3
"""Most lines of one equation that stay on one page, and in a column or on a slide."""

SPARE = 0.985
"""How much of a width that is asked for lines fill: letters of other fonts are a little wider."""

DRAWN = 0.85
"""How large the letters of a picture are."""

NUMBERS = 0.875
"""How large the letters of lines with numbers are: small ones are wider than their size says."""

TALL, NARROW, TALL_IN_NARROW = 18, 30.0, 12
"""Rows above which a table may break over pages; in a narrower measure, a slide or a column, fewer."""


def write_macros(page: Page, setting: Setting = DEFAULT) -> str:
    """Return a page as LaTeX in which every symbol is a command."""
    return write_latex(page, setting, Symbols.of(page))


def write_latex(page: Page, setting: Setting = DEFAULT, symbols: Symbols | None = None) -> str:
    """Return a page as LaTeX; no line of equations is wider than the setting's text, in em.

    Without a width a fragment fits any article, a standalone document its own class. Given ``symbols`` are commands.
    """
    width = SPARE * setting.text_width if setting.text_width else (ARTICLE if setting.standalone else FRAGMENT)
    stem = setting.label_prefix or page.stem
    hooks = TEX if symbols is None else replace(TEX, symbol=symbols.spell)
    body = list(_Writer(stem, width, _left(page.blocks), setting.heading_shift, hooks).page(page))
    if symbols is not None:
        body = [call("open_symbols", definitions=symbols.definitions), *body, call("close_symbols")]
    own: dict[str, Any] = {"images": True} if images(page.blocks) else {}  # Somebody's macros may know of none.
    command = page.command if setting.credit else ""
    names = call("names", command=text_latex(" ".join(command.split())), **own)
    if not setting.standalone:
        return written([names, *body], FILE, setting.template_dir)
    own |= {"width": f"{width:g}"} if setting.text_width else {}
    around = call("open_document", **own), call("close_document")
    return written([around[0], names, *body, around[1]], FILE, setting.template_dir)


def display_latex(text: str, symbols: Symbols | None = None, *, standalone: bool = False) -> str:
    """Return a display by itself, its symbols defined before it, or as a document of its own."""
    calls = [call("display", text=text.strip("\n"))]
    if symbols is not None:
        calls = [call("open_symbols", definitions=symbols.definitions), *calls, call("close_symbols")]
    return written([call("open_document"), *calls, call("close_document")] if standalone else calls, FILE)


def _left(blocks: Sequence[Block]) -> float:
    """Return how wide the column of left sides of all steps of a page is."""
    found = [_left_of(line) for line in _steps(blocks)]
    return min(max([LEAST_LEFT, *found]), MOST_LEFT)


def _left_of(line: Line) -> float:
    return em_width(sides(line.parts[0])[0])


def _steps(blocks: Sequence[Block]) -> Iterator[Line]:
    for block in blocks:
        if isinstance(block, Steps):
            yield from block.lines
        elif isinstance(block, Aside):
            yield from _steps(block.blocks)


@dataclass(frozen=True)
class _Writer:
    """Writes blocks of a page at one measure; ``left`` is the width of the left sides of its steps.

    Headings are ``lower`` by so many levels.
    """

    stem: str
    measure: float
    left: float
    lower: int = 0
    hooks: Hooks = TEX

    def page(self, page: Page) -> Iterator[Call]:
        """Yield the calls of a page."""
        own = {"level": self.lower} if self.lower else {}  # Somebody's macro may know of none.
        yield call("open_page", title=self.text(page.title), subtitle=self.text(page.subtitle), **own)
        yield from self.blocks(page.blocks)
        yield call("close_page")

    def blocks(self, blocks: Sequence[Block]) -> Iterator[Call]:
        """Yield the calls of blocks; a table, its sentences and its heading stay on one page."""
        heads = {id(a) for a, b in pairwise(blocks) if isinstance(a, Heading) and isinstance(b, Equations)}
        for group in _groups(blocks, self.measure):
            calls: list[Call] = []
            for block in group:
                calls += [*_WRITERS[type(block)](self, block), *([call("raised")] if id(block) in heads else [])]
            together = len(group) > 1
            yield from [call("open_together"), *calls, call("close_together")] if together else calls

    def text(self, text: Text, *, breaks: bool = False) -> str:
        """Return a sentence; a narrow one ``breaks`` inside of dotted names."""
        return sentence_latex(text, self.stem, self.hooks, breaks=breaks)

    def heading(self, block: Heading) -> Iterator[Call]:
        """Yield the title of a section."""
        yield call("heading", text=self.text(block.text), level=block.level + self.lower)

    def para(self, block: Para) -> Iterator[Call]:
        """Yield a paragraph."""
        yield call("para", title=self.text(block.title), text=self.text(block.text))

    def equations(self, block: Equations) -> Iterator[Call]:
        """Yield displayed lines; with reasons they are set as steps are."""
        if any(line.reason for line in block.lines):
            left = max(map(_left_of, block.lines))
            yield self._as_steps(block.lines, (), min(left, MOST_LEFT))
        else:
            left = max(map(_left_of, block.lines))
            rows = self._side_by_side(block.lines) or [each for line in block.lines for each in self._shown(line, left)]
            yield call("equations", rows=rows, numbered=any(line.label for line in block.lines))

    def _shown(self, line: Line, left: float) -> Iterator[dict[str, Any]]:
        """Yield a line as it is set beside left sides so wide: its number stands at its end."""
        found = shown(line, self._room(line), left, em_width)
        for place, each in enumerate(found):
            is_last = place == len(found) - 1
            label = label_latex(self.stem, line.label) if is_last else ""
            yield {**_strings(each, self.hooks), "label": label, "holds": not is_last and len(found) <= self._holds}

    @property
    def _holds(self) -> int:
        return HOLDS if self.measure >= NARROW else HOLDS_IN_NARROW

    def _room(self, line: Line) -> float:
        return self.measure - (NUMBER if line.label else 0.0)

    def _side_by_side(self, lines: Sequence[Line]) -> list[dict[str, Any]]:
        """Return lines that have as many parts each in as many columns, where they fit; else nothing."""
        count = len(lines[0].parts)
        if count < 2 or len(lines) < 2 or any(len(line.parts) != count or line.where for line in lines):
            return []
        halves = [[sides(part) for part in line.parts] for line in lines]
        wide = sum(
            max(em_width(pair[k][0]) for pair in halves) + max(em_width(pair[k][1]) for pair in halves) + 2.0
            for k in range(count)
        )
        if wide > self.measure - NUMBER:
            return []
        return [self._columns(line, pairs) for line, pairs in zip(lines, halves, strict=True)]

    def _columns(self, line: Line, pairs: Sequence[tuple[Node, Node]]) -> dict[str, Any]:
        (left, right), *more = [
            (math_latex(left, self.hooks), math_latex(row(right, COMMA) if k < len(pairs) - 1 else right, self.hooks))
            for k, (left, right) in enumerate(pairs)
        ]
        label = label_latex(self.stem, line.label)
        return {
            "left": left,
            "right": right,
            "more": more,
            "continues": False,
            "braces": False,
            "label": label,
            "holds": False,
        }

    def steps(self, block: Steps) -> Iterator[Call]:
        """Yield lines with a reason beside each."""
        yield self._as_steps(block.lines, block.group, self.left)

    def _as_steps(self, lines: Sequence[Line], group: Text, left: float) -> Call:
        rows = [each for line in lines for each in self._step(line, left)]
        return call("steps", group=self.text(group), rows=rows, left=f"{left + 0.3:.2f}")

    def _step(self, line: Line, left: float) -> Iterator[dict[str, Any]]:
        for place, each in enumerate(shown(line, self.measure - NUMBER, left, em_width)):
            reason = self.text(line.reason) if place == 0 else ""
            label = label_latex(self.stem, line.label) if place == 0 else ""
            yield {**_strings(each, self.hooks), "reason": reason, "label": label, "first": place == 0}

    def computation(self, block: Computation) -> Iterator[Call]:
        """Yield formulas with their numbers, in small letters."""
        measure = self.measure / NUMBERS
        left = max(em_width(sides(each.line.parts[0])[0]) for each in block.lines)
        found = [shown(each.line, measure, left, em_width) for each in block.lines]
        rows = [
            {**_strings(each, self.hooks), "holds": place < len(group) - 1}
            for group in found
            for place, each in enumerate(group)
        ]
        yield call("computation", rows=rows)

    def table(self, block: Table) -> Iterator[Call]:
        """Yield a table, or several that fit; the column that wraps takes what the others leave."""
        for each in fitting(block, self.measure):
            yield self._table(each)

    def _table(self, block: Table) -> Call:
        size, widths = columns(block, self.measure)
        rows = [
            {
                "rule": place == 0 or place in block.groups,
                "cells": [self.text(cell, breaks=bool(width)) for cell, width in zip(cells, widths, strict=True)],
            }
            for place, cells in enumerate(block.rows)
        ]
        head = [self.text(cell) for cell in block.head]
        kind, align = "tall" if _is_tall(block, self.measure) else "table", block.align or "l" * len(widths)
        return call(kind, size=size, columns=widths, align=align, head=head, rows=rows)

    def figure(self, block: Figure) -> Iterator[Call]:
        """Yield a picture, drawn where tikz is there."""
        found = strips_of(block.picture, self.measure / DRAWN, em_width)
        yield call("figure", strips=[strip_latex(each, self.hooks) for each in found], caption=self.text(block.caption))

    def image(self, block: Image) -> Iterator[Call]:
        """Yield a figure in a file, with its number."""
        label = label_latex(self.stem, block.label)
        yield call("image", file=block.file, caption=self.text(block.caption), label=label)

    def code(self, block: Code) -> Iterator[Call]:
        """Yield program text."""
        if block.text.isascii():
            yield call("code", text=verbatim_latex(block.text), language=block.language)
        else:
            yield call("typed", lines=typed_latex(block.text), language=block.language)

    def verdict(self, block: Verdict) -> Iterator[Call]:
        """Yield what the check found."""
        yield call("verdict", passed=block.passed, title=self.text(block.title), text=self.text(block.text))

    def aside(self, block: Aside) -> Iterator[Call]:
        """Yield blocks in a frame."""
        first, rest = block.blocks[:1], block.blocks[1:]
        title = block.title
        if first and isinstance(first[0], Para) and not first[0].title:
            first, title = (replace(first[0], title=(*title, ".")),), ()
        yield call("open_aside", title=self.text(title))
        yield from replace(self, measure=self.measure - FRAME).blocks((*first, *rest))
        yield call("close_aside")


def strip_latex(strip: Strip, hooks: Hooks, *, roles: bool = False) -> dict[str, Any]:
    """Return what the macros draw a strip of; with ``roles`` those of its parts are marked."""
    marks = [_mark(each, hooks, roles) for each in strip.marks]
    arrows = [_arrow(each, hooks, roles) for each in strip.arrows]
    return {"length": f"{strip.length:.2f}", "marks": marks, "arrows": arrows}


def _mark(mark: Mark, hooks: Hooks, roles: bool) -> dict[str, Any]:
    place = {"x": f"{mark.x:.2f}", "y": f"{mark.y:.2f}", "leg": mark.leg, "role": (roles and mark.role) or ""}
    value = inline_latex(mark.value, hooks)
    return {"name": mark.name, "kind": mark.kind, "value": value, "error": mark.error, **place}


def _arrow(arrow: Arrow, hooks: Hooks, roles: bool) -> dict[str, Any]:
    label = inline_latex(arrow.label.value, hooks) if arrow.label is not None else ""
    sides = ((".west", ".east") if arrow.error else (".east", ".west")) if arrow.slanted else ("", "")
    return {
        "start": arrow.start + sides[0],
        "end": arrow.end + sides[1],
        "path": arrow.path,
        "label": label,
        "error": arrow.error,
        "head": arrow.head,
        "role": (roles and arrow.label is not None and arrow.label.role) or "",
    }


def _strings(each: Shown, hooks: Hooks) -> dict[str, Any]:
    left, right = math_latex(each.left, hooks), math_latex(each.right, hooks)
    *_, last = NOTHING, *items_of(each.right)
    braces = isinstance(last, Tag) and bool(last.label)  # Of which a label behind them would make another space.
    return {"left": left, "right": right, "more": [], "continues": each.continues, "braces": braces}


def _is_tall(table: Table, measure: float) -> bool:
    return len(table.rows) > (TALL if measure >= NARROW else TALL_IN_NARROW)


def _groups(blocks: Sequence[Block], measure: float) -> Iterator[list[Block]]:
    """Yield blocks by themselves, but a table with the paragraphs before it, and their heading, as one."""
    group: list[Block] = []
    for block in blocks:
        if isinstance(block, Table) and not _is_tall(block, measure):
            yield [*group, block]
            group = []
        elif isinstance(block, Heading) or (isinstance(block, Para) and group):
            if isinstance(block, Heading):
                yield from ([each] for each in group)
                group = []
            group.append(block)
        else:
            yield from ([each] for each in group)
            group = []
            yield [block]
    yield from ([each] for each in group)


_WRITERS: dict[type[Block], Callable[[_Writer, Any], Iterator[Call]]] = {
    Heading: _Writer.heading, Para: _Writer.para, Equations: _Writer.equations, Steps: _Writer.steps,
    Computation: _Writer.computation,
    Table: _Writer.table, Figure: _Writer.figure, Image: _Writer.image, Code: _Writer.code, Verdict: _Writer.verdict,
    Aside: _Writer.aside,
}  # fmt: skip
