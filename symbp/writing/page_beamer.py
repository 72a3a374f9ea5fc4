"""A page as slides for beamer: one step a slide, the factor that it adds to the product marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Any

from sympy import Expr

from symbp.maths.maps import Map
from symbp.maths.names import slot_of
from symbp.maths.tree import Node, Tag, walk
from symbp.ops.elementwise import Slope
from symbp.pages.page import (
    Aside,
    Block,
    Computation,
    Equations,
    Figure,
    Heading,
    Line,
    Page,
    Para,
    Steps,
    Table,
    Text,
    Verdict,
    lines,
)  # fmt: skip
from symbp.roles import Role
from symbp.symbols import Adjoint, Variable
from symbp.views.lines import Indexed
from symbp.writing.breaking import em_width, shown, sides
from symbp.writing.calls import Call, call, written
from symbp.writing.columns import columns
from symbp.writing.drawing import Strip
from symbp.writing.graphs import strips_of
from symbp.writing.heights import (
    HEAD,
    LINE,
    SMALL,
    formula_height,
    picture_height,
    rows_heights,
    words_height,
)
from symbp.writing.latex import TEX, factor_at, label_latex, math_latex, sentence_latex, text_latex
from symbp.writing.page_latex import strip_latex
from symbp.writing.setting import DEFAULT, Setting
from symbp.writing.shapes import shapes

FILE, SHARED = "page-beamer.j2", "page-latex.j2"
"""The macros of this format, and those of LaTeX for all else."""

WIDTH, HEIGHT = 28.5, 19.0
"""What of a slide a page may use, in em of its small letters: in 4:3 and 16:9, under the headline of a theme."""

FRAME = 1.2
"""What the frame around a result takes of both."""

NUMBER, DETAIL = 2.4, 2
"""What the number of a line takes, and the level of detail that slides have."""

DRAWN = 0.9
"""How large the letters of a picture are."""

SHARES = (1.0, 1.4, 1.9, 2.5, 3.5)
"""How much wider than a slide a picture may be drawn that is then made smaller."""

LEAST_PRODUCT = 5.5
"""What a product over the steps leaves them at least; one that is taller stands by itself."""

LEAST_LEFT, MOST_LEFT = 2.5, 9.0

INPUTS = ("input", "previous activation")
"""The roles of the factor that closes a gradient."""


def write_beamer(page: Page, setting: Setting = DEFAULT) -> str:
    """Return a page as frames; standalone, a document."""
    writer = _Writer(setting.label_prefix or page.stem, setting.text_width or WIDTH)
    command = page.command if setting.credit else ""
    frames = [call("title", title=writer.text(page.title), subtitle=writer.text(page.subtitle)), *writer.frames(page)]
    names = call("names", command=text_latex(" ".join(command.split())))
    body = [names, *frames]
    document = [call("open_document"), *body, call("close_document")]
    return written(document if setting.standalone else body, SHARED, setting.template_dir, own=FILE)


@dataclass(frozen=True)
class _Section:
    """What stands under one title: its blocks, in a frame or not."""

    title: Text
    blocks: list[Block] = field(default_factory=list)
    is_framed: bool = False


@dataclass(frozen=True)
class _Item:
    """Something on a slide: how tall it is, the line that it adds, what it is written with."""

    macro: str
    height: float
    fields: dict[str, Any]
    line: Line | None = None
    holds: bool = False
    """Whether what follows is to stand on the same slide."""


def _sections(page: Page) -> Iterator[_Section]:
    """Yield what is told on slides under each title."""
    section = _Section(page.title)
    hidden = False
    for block in page.blocks:
        if isinstance(block, Heading):
            hidden = block.detail > DETAIL
            if not hidden:
                yield section
                section = _Section(block.text)
        elif block.detail > DETAIL or (hidden and not isinstance(block, Verdict | Aside)):
            continue
        elif isinstance(block, Aside):
            yield section
            yield _Section(block.title, [each for each in block.blocks if each.detail <= DETAIL], is_framed=True)
            section = _Section(page.title)
        elif isinstance(block, Figure | Verdict):
            yield section
            yield _Section(page.title if isinstance(block, Figure) else block.title or page.title, [block])
            section = _Section(section.title)
        else:
            section.blocks.append(block)
    yield section


@dataclass(frozen=True)
class _Writer:
    stem: str
    measure: float

    def text(self, text: Text) -> str:
        """Return a sentence."""
        return sentence_latex(text, self.stem)

    def frames(self, page: Page) -> Iterator[Call]:
        """Yield the frames of a page; the product stands over the lines that add its factors."""
        product = next((line for line in lines(page.blocks) if _factors(line)), None)
        for section in _sections(page):
            own = replace(self, measure=self.measure - FRAME) if section.is_framed else self
            yield from own.section(section, product)

    def section(self, section: _Section, product: Line | None) -> Iterator[Call]:
        """Yield the frames of a section."""
        there = list(self._told(section.blocks))
        items = [item for item in there if item.line is None or item.line is not product]
        above = None if product is None else self._product(product)
        is_own = len(items) < len(there)
        steps = [item.line for item in items if item.line is not None]
        adds = is_own or (bool(steps) and 2 * sum(bool(_marks(product, [each])) for each in steps) >= len(steps))
        over = above if adds and above is not None and above.height <= HEIGHT - LEAST_PRODUCT else None
        if is_own and over is None:
            items = there
        groups = list(_packed(items, HEIGHT - FRAME * section.is_framed - (over.height if over else 0.0)))
        for number, group in enumerate(groups, 1):
            title = f" ({number}/{len(groups)})" if len(groups) > 1 else ""
            shown_product = product if over is not None else None
            yield self._frame(section, title, group, shown_product, with_label=is_own and number == 1)

    def _frame(
        self, section: _Section, count: str, items: Sequence[_Item], product: Line | None, *, with_label: bool
    ) -> Call:
        marks = _marks(product, [item.line for item in items if item.line is not None])
        roles = {tag: factor_at(spec) for tag, spec in marks.items()}
        made: list[dict[str, Any]] = []
        if product is not None:
            made.append({"macro": "product", "spec": "1-", **self._rows(product, 0.0, roles, with_label=with_label)})
        step = 0
        for item in items:
            step += item.line is not None
            at = str(step) if item.line is not None else ""
            made.append({"macro": item.macro, "spec": f"{max(step + item.holds, 1)}-", "at": at, **item.fields})
        left = max([LEAST_LEFT, *(each["width"] for each in made if each["macro"] == "line")]) + 0.3
        title = self.text(section.title) + count
        return call("frame", title=title, items=made, left=f"{left:.2f}", framed=section.is_framed)

    def _product(self, line: Line) -> _Item:
        heights = [formula_height(each.right) for each in self._shown(line, 0.0)]
        return _Item("product", sum(heights) + 0.6, {}, line)

    # Blocks

    def _told(self, blocks: Sequence[Block]) -> Iterator[_Item]:
        """Yield what is on the slides of blocks; a sentence stays with the lines that it leads to."""
        for block, after in zip_longest(blocks, blocks[1:]):
            leads = isinstance(block, Para) and isinstance(after, Equations | Steps | Table)
            yield from (replace(item, holds=True) if leads else item for item in self._items(block))

    def _items(self, block: Block) -> Iterator[_Item]:
        if isinstance(block, Para):
            title = (*block.title, " ") if block.title else ()
            yield self._para(title, block.text)
        elif isinstance(block, Equations | Steps):
            if isinstance(block, Steps) and block.group:
                yield _Item("group", LINE + 0.3, {"text": self.text(block.group)}, holds=True)
            left = min(max([LEAST_LEFT, *(_left(line) for line in block.lines)]), MOST_LEFT)
            yield from (self._line(line, left) for line in block.lines)
        elif isinstance(block, Computation):
            yield from (self._line(each.line, LEAST_LEFT) for each in block.lines)
        elif isinstance(block, Table):
            yield from self._tables(block)
        elif isinstance(block, Figure):
            yield self._figure(block)
        elif isinstance(block, Verdict):
            yield self._para((), block.text)

    def _para(self, title: Text, text: Text) -> _Item:
        height = words_height((*title, *text), self.measure) + 0.5
        return _Item("para", height, {"title": self.text(title), "text": self.text(text)})

    def _line(self, line: Line, left: float) -> _Item:
        rows = self._shown(line, left)
        height = sum(formula_height(_whole(each.left, each.right)) for each in rows)
        if line.reason:
            height += words_height(line.reason, self.measure - left - 0.6, SMALL) + 0.25
        return _Item("line", height, self._rows(line, left, {}), line)

    def _shown(self, line: Line, left: float) -> list[Any]:
        return shown(line, self.measure - NUMBER, left, em_width)

    def _rows(self, line: Line, left: float, roles: dict[Tag, str], *, with_label: bool = True) -> dict[str, Any]:
        hooks = replace(TEX, roles=roles)
        rows = [
            {"left": math_latex(each.left, hooks), "right": math_latex(each.right, hooks), "continues": each.continues}
            for each in self._shown(line, left)
        ]
        label = label_latex(self.stem, line.label) if with_label else ""
        return {
            "rows": rows,
            "label": label,
            "reason": self.text(line.reason),
            "width": max(left, min(_left(line), MOST_LEFT)),
        }

    def _tables(self, block: Table) -> Iterator[_Item]:
        """Yield a table in pieces that a slide holds each."""
        size, widths = columns(block, self.measure)
        heights = rows_heights(block, self.measure)
        head = [self.text(cell) for cell in block.head]
        fields = {"size": size, "columns": widths, "align": block.align or "l" * len(widths), "head": head}
        rows: list[dict[str, Any]] = []
        used = HEAD
        for at, cells in enumerate(block.rows):
            if rows and used + heights[at] > HEIGHT - 1.0:
                yield _Item("table", used, {**fields, "table_rows": rows})
                rows, used = [], HEAD
            rows.append({"rule": not rows or at in block.groups, "cells": [self.text(cell) for cell in cells]})
            used += heights[at]
        yield _Item("table", used, {**fields, "table_rows": rows})

    def _figure(self, block: Figure) -> _Item:
        """Return a picture in as many strips as make it largest."""
        caption = words_height(block.caption, self.measure, SMALL) + 0.5
        found = [
            (self._scale(each, HEIGHT - caption), each)
            for share in SHARES
            for each in [strips_of(block.picture, share * self.measure / DRAWN, em_width)]
        ]
        scale, strips = max(found, key=lambda pair: pair[0])
        fields = {
            "strips": [strip_latex(each, TEX) for each in strips], "scale": f"{scale:.3f}",
            "length": f"{max(each.length for each in strips) + 1.5:.2f}", "caption": self.text(block.caption),
        }  # fmt: skip
        return _Item("figure", HEIGHT, fields)

    def _scale(self, strips: list[Strip], room: float) -> float:
        """Return by how much a picture is smaller than its letters would have it."""
        length = max(each.length for each in strips) + 1.5
        height = picture_height([shapes(each, em_width) for each in strips])
        return min(1.0, self.measure / (DRAWN * length), room / (DRAWN * height))


def _whole(left: Node, right: Node) -> Node:
    return left if formula_height(left) > formula_height(right) else right


def _left(line: Line) -> float:
    return em_width(sides(line.parts[0])[0])


def _packed(items: Sequence[_Item], room: float) -> Iterator[list[_Item]]:
    """Yield items in groups that a slide holds each; what holds to the next is never the last."""
    group: list[_Item] = []
    for item in items:
        if group and sum(each.height for each in group) + item.height > room:
            held: list[_Item] = []
            while len(group) > 1 and group[-1].holds:
                held.insert(0, group.pop())
            yield group
            group = held
        group.append(item)
    if group:
        yield group


# The factor that a step adds


def _factors(line: Line) -> list[Tag]:
    """Return the factors of a product that have words under them."""
    return [each for part in line.parts for each in walk(part) if isinstance(each, Tag) and each.label]


def _marks(product: Line | None, lines: Sequence[Line]) -> dict[Tag, str]:
    """Return for each factor of a product on which slides of a frame a line adds it."""
    if product is None:
        return {}
    factors = _factors(product)
    count = max((number for each in factors for number in _numbers(each)), default=0)
    found: dict[Tag, list[str]] = {}
    for at, line in enumerate(lines, 1):
        for factor in factors:
            if _adds(line, factor, count):
                found.setdefault(factor, []).append(str(at))
    return {factor: ",".join(at) for factor, at in found.items()}


def _adds(line: Line, factor: Tag, last: int) -> bool:
    left, right = sides(line.parts[0])
    of = next((each.of for each in walk(left) if isinstance(each, Tag) and isinstance(each.of, Adjoint)), None)
    if of is None:
        return False
    is_gradient = isinstance(of.of, Variable | Indexed) and of.of.role in (Role.WEIGHT, Role.BIAS)
    if is_gradient or factor.role in INPUTS:
        return is_gradient and of.of.role is Role.WEIGHT and factor.role in INPUTS
    there = [key for each in walk(right) if isinstance(each, Tag) for key in _keys(each.of)]
    for key, index in (pair for each in walk(factor) if isinstance(each, Tag) for pair in _keys(each.of)):
        if any(key == other and _meets(index, at, line.where is not None, last) for other, at in there):
            return True
    return False


def _keys(of: object) -> list[tuple[object, Expr | None]]:
    """Return what a part of a formula stands for, and its index where it has one."""
    if isinstance(of, Slope):
        return [pair for each in (of.output, *of.inputs) for pair in _keys(each)]
    if isinstance(of, Map):
        return [((of.kind, of.number), None)]
    if isinstance(of, Indexed):
        return [(slot_of(of), of.indices[0])]
    return [(slot_of(of), None)] if isinstance(of, Variable) else []


def _numbers(factor: Tag) -> Iterator[int]:
    for each in walk(factor):
        if isinstance(each, Tag):
            yield from (int(at) for _, at in _keys(each.of) if at is not None and at.is_Integer)


def _meets(number: Expr | None, index: Expr | None, runs: bool, last: int) -> bool:
    """Whether a line with an index, which runs to the last but one or is the last, is about a number."""
    if number is None or index is None or not number.is_Integer:
        return True
    if index.is_Integer:
        return bool(number == index)
    (letter, *_) = map(str, index.free_symbols)
    offset = index.subs(dict.fromkeys(index.free_symbols, 0))
    return bool(number == last + offset) if letter.isupper() else not runs or bool(number < last + offset)
