"""A page as Markdown: for GitHub, and for what reads mathematics between dollars as pandoc does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Literal

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
    Picture,
    Ref,
    Span,
    Steps,
    Table,
    Text,
    Verdict,
    images,
    numbers,
)  # fmt: skip
from symbp.writing.breaking import Shown, em_width, shown
from symbp.writing.calls import Call, call, written
from symbp.writing.columns import widest
from symbp.writing.latex import PLAIN, inline_latex, math_latex
from symbp.writing.letters import bar_text
from symbp.writing.setting import DEFAULT, Setting
from symbp.writing.text import words_text

FILE = "page-markdown.j2"
"""The macros of this format."""

MEASURE = 45.0
"""How wide a line of equations may be where pages are wide, in em."""

NUMBER = 2.8
"""What the number of a line takes of it."""

ROWS = 16
"""Most rows of one display: what reads mathematics on a page bounds how much it reads at once."""

SHARES = (0.15, 0.45, 0.33, 0.07)
"""What the columns of steps take of a row: what they belong to, equation, reason, number."""

DASHES = 60
"""How many dashes a row of them has that says how wide the columns are."""


@dataclass(frozen=True)
class Flavour:
    """How mathematics stands among words, and whether dashes say how wide columns are."""

    inline: str
    start: str
    end: str
    proportional: bool


FLAVOURS = {
    "gfm": Flavour("$`%s`$", "```math", "```", proportional=False),
    "pandoc": Flavour("$%s$", "$$", "$$", proportional=True),
}
"""The flavours by name."""


def write_markdown(
    page: Page,
    flavour: Literal["gfm", "pandoc"] = "gfm",
    setting: Setting = DEFAULT,
    *,
    picture_text: Callable[[Picture], str] | None = None,
) -> str:
    """Return a page as Markdown; ``picture_text`` draws a picture in characters, without it pictures are left out."""
    figures = {each.file: number for number, each in enumerate(images(page.blocks), 1)}
    writer = _Writer(FLAVOURS[flavour], numbers(page), figures, picture_text)
    return written(list(writer.page(page)), FILE, setting.template_dir)


@dataclass(frozen=True)
class _Writer:
    """Writes the blocks of a page in one flavour."""

    flavour: Flavour
    numbers: dict[str, int]
    figures: dict[str, int]
    picture_text: Callable[[Picture], str] | None

    def page(self, page: Page) -> Iterator[Call]:
        """Yield the calls of a page."""
        yield call("names", command=" ".join(page.command.split()).replace(">", "&gt;"))
        yield call("open_page", title=self.text(page.title), subtitle=self.text(page.subtitle))
        yield from self.blocks(page.blocks)
        yield call("close_page")

    def blocks(self, blocks: Sequence[Block]) -> Iterator[Call]:
        """Yield the calls of blocks; steps that follow each other make one table."""
        for is_steps, group in groupby(blocks, key=lambda block: isinstance(block, Steps)):
            if is_steps:
                yield self._table_of_steps([each for each in group if isinstance(each, Steps)])
            else:
                for block in group:
                    yield from _WRITERS[type(block)](self, block)

    def text(self, text: Text) -> str:
        """Return a sentence, of which nothing is markup."""
        return "".join(map(self._span, text))

    def _span(self, span: Span) -> str:
        if isinstance(span, str):
            return text_markdown(span)
        if isinstance(span, Bar):
            return bar_text(span)
        if isinstance(span, Ref):
            return "–".join(f"({self.numbers[each]})" for each in (span.label, span.last) if each)
        return self.flavour.inline % inline_latex(span)

    def heading(self, block: Heading) -> Iterator[Call]:
        """Yield the title of a section."""
        yield call("heading", text=self.text(block.text), level=block.level)

    def para(self, block: Para) -> Iterator[Call]:
        """Yield a paragraph."""
        yield call("para", title=self.text(block.title), text=_started(self.text(block.text)))

    def equations(self, block: Equations) -> Iterator[Call]:
        """Yield displays, one for each numbered line; with reasons they are a table as steps are."""
        if any(line.reason for line in block.lines):
            yield self._table_of_steps([Steps(block.lines)])
            return
        displays = [{"rows": rows, "number": number} for number, rows in self._displays(block.lines)]
        yield call("equations", displays=displays, start=self.flavour.start, end=self.flavour.end)

    def _displays(self, lines: Sequence[Line]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        for label, group in groupby(lines, key=lambda line: line.label):
            rows = [each for line in group for each in map(_strings, self._shown(line))]
            *pieces, last = [rows[place : place + ROWS] for place in range(0, len(rows), ROWS)]
            yield from (("", piece) for piece in pieces)
            yield self._number(label), last

    def _shown(self, line: Line) -> list[Shown]:
        return shown(line, MEASURE - NUMBER, 0.0, em_width)

    def computation(self, block: Computation) -> Iterator[Call]:
        """Yield a display for each formula with its numbers."""
        displays = [{"rows": list(map(_strings, self._shown(each.line))), "number": ""} for each in block.lines]
        yield call("equations", displays=displays, start=self.flavour.start, end=self.flavour.end)

    def _number(self, label: str) -> str:
        return str(self.numbers[label]) if label else ""

    def _table_of_steps(self, blocks: Sequence[Steps]) -> Call:
        """Return lines with their reasons as a table: group, equation, reason, number, as far as any is there."""
        rows = [each for block in blocks for each in self._rows(block)]
        used = [place for place in range(len(SHARES)) if any(cells[place] for cells in rows)]
        kept = [[cells[place] for place in used] for cells in rows]
        dashes = self._dashes([SHARES[place] for place in used])
        return call("table", head=[""] * len(used), dashes=dashes, rows=kept)

    def _rows(self, block: Steps) -> Iterator[list[str]]:
        group = self.text(block.group)
        for line in block.lines:
            number = f"({self._number(line.label)})" if line.label else ""
            reason = self.text(line.reason)
            for each in self._shown(line):
                parts = [inline_latex(part) for part in (each.left, each.right)]
                yield [group, self.flavour.inline % " ".join(filter(None, parts)), reason, number]
                group = reason = number = ""

    def _dashes(self, widths: Sequence[float]) -> list[str]:
        shares = [max(3, round(DASHES * width / (sum(widths) or 1))) for width in widths]
        return ["-" * (share if self.flavour.proportional else 3) for share in shares]

    def table(self, block: Table) -> Iterator[Call]:
        """Yield a table."""
        rows = [[self.text(cell) for cell in cells] for cells in block.rows]
        head = [self.text(cell) for cell in block.head]
        dashes = self._dashes([widest(cells) + 1.0 for cells in zip(block.head, *block.rows, strict=True)])
        yield call("table", head=head, dashes=dashes, rows=rows)

    def figure(self, block: Figure) -> Iterator[Call]:
        """Yield a picture in characters."""
        if self.picture_text is not None:
            text = self.picture_text(block.picture).strip("\n")
            yield call("figure", fence=_fence(text), text=text, caption=self.text(block.caption))

    def image(self, block: Image) -> Iterator[Call]:
        """Yield a figure in a file, with its number."""
        alt = words_text(block.caption).replace("]", ")").replace("[", "(")
        number = self.figures[block.file]
        yield call("image", file=block.file, alt=text_markdown(alt), number=number, caption=self.text(block.caption))

    def code(self, block: Code) -> Iterator[Call]:
        """Yield program text."""
        yield call("code", fence=_fence(block.text), text=block.text.strip("\n"), language=block.language)

    def verdict(self, block: Verdict) -> Iterator[Call]:
        """Yield what the check found."""
        yield call("verdict", passed=block.passed, title=self.text(block.title), text=self.text(block.text))

    def aside(self, block: Aside) -> Iterator[Call]:
        """Yield blocks between rules; the title begins the first paragraph."""
        first, title = block.blocks[:1], block.title
        if first and isinstance(first[0], Para) and not first[0].title:
            first, title = (replace(first[0], title=title),), ()
        yield call("open_aside", title=self.text(title))
        yield from self.blocks((*first, *block.blocks[1:]))
        yield call("close_aside")


def _strings(each: Shown) -> dict[str, Any]:
    left, right = math_latex(each.left, PLAIN), math_latex(each.right, PLAIN)
    return {"left": left, "right": right, "continues": each.continues}


_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~$^])")


def text_markdown(text: str) -> str:
    """Return text of which none is markup or HTML."""
    return _MARKUP.sub(r"\\\1", text.replace("\n", " ")).replace("&", "&amp;")


_STARTS = re.compile(r"^(\d+)([.)])|^([-+])")


def _started(text: str) -> str:
    """Return a paragraph that begins no list."""
    return _STARTS.sub(lambda found: rf"{found[1]}\{found[2]}" if found[1] else rf"\{found[3]}", text)


def _fence(text: str) -> str:
    """Return a fence longer than any in the text."""
    return "`" * max(3, *(len(run) + 1 for run in re.findall(r"`+", text) or [""]))


_WRITERS: dict[type[Block], Callable[[_Writer, Any], Iterator[Call]]] = {
    Heading: _Writer.heading, Para: _Writer.para, Equations: _Writer.equations, Computation: _Writer.computation,
    Table: _Writer.table,
    Figure: _Writer.figure, Image: _Writer.image, Code: _Writer.code, Verdict: _Writer.verdict, Aside: _Writer.aside,
}  # fmt: skip
