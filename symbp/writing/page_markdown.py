"""A page as Markdown, in the flavours that people write notes in: a row of data each, and macros where they differ."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

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
from symbp.resources import MARK
from symbp.writing.breaking import Shown, em_width, shown
from symbp.writing.calls import Call, call, written
from symbp.writing.columns import widest
from symbp.writing.formats import Format, format_named
from symbp.writing.latex import PANDOC, PLAIN, Hooks, inline_latex, math_latex
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
    """How one flavour writes what Markdown has no word for; its macros are in a file of its own where it has one.

    ``inline`` is a formula among words, ``start`` and ``end`` stand around a displayed one, ``reference`` is one
    to a line by its ``number`` or ``anchor``, ``tag`` the number behind a line: pandoc drops tags in MathML, in Word.
    What counts displays itself (``counts``) has no numbers in tables. Dashes may say how wide columns are
    (``proportional``). A frame may have a title of its own (``framed``).
    """

    inline: str = "$%s$"
    start: str = "$$"
    end: str = "$$"
    reference: str = "({number})"
    tag: str = r" \tag{%s}"
    counts: bool = False
    proportional: bool = False
    framed: bool = False
    hooks: Hooks = PLAIN


FLAVOURS = {
    "gfm": Flavour("$`%s`$", "```math", "```"),
    "markdown": Flavour(tag=r" \qquad(%s)", proportional=True, hooks=PANDOC),
    "quarto": Flavour(reference="([-@eq-{anchor}])", counts=True, proportional=True, framed=True, hooks=PANDOC),
    "myst": Flavour("{math}`%s`", "```{math}", "```", "{{eq}}`{anchor}`", counts=True, framed=True),
    "mdx": Flavour(reference="[({number})](#eq-{anchor})"),
}
"""The flavours by the names of their formats."""

NOTEBOOK = Flavour()
"""What cells of notebooks have: a formula in dollars, its number as a tag."""


def write_markdown(
    page: Page,
    flavour: str = "gfm",
    setting: Setting = DEFAULT,
    *,
    picture_text: Callable[[Picture], str] | None = None,
) -> str:
    """Return a page as Markdown; ``picture_text`` draws a picture in characters, without it pictures are left out."""
    row = format_named(flavour)
    calls = [_names(page, row, setting), *_writer(page, FLAVOURS[row.name], setting, picture_text).page(page)]
    return written(calls, FILE, setting.template_dir, own=row.template)


def markdown_parts(
    page: Page, parts: Sequence[Sequence[Block]], setting: Setting, picture_text: Callable[[Picture], str]
) -> list[str]:
    """Return parts of a page as cells of a notebook have them, the title above the first; references are the page's."""
    row = format_named("ipynb")
    writer = _writer(page, NOTEBOOK, setting, picture_text)
    first, *others = parts
    above = [_names(page, row, setting), *writer.page(replace(page, blocks=tuple(first)))]
    calls = [above, *([*writer.blocks(each)] for each in others)]
    return [written(each, FILE, setting.template_dir, own=row.template) for each in calls]


def _writer(page: Page, flavour: Flavour, setting: Setting, picture_text: Callable[[Picture], str] | None) -> _Writer:
    prefix = _slug(setting.label_prefix or page.stem)
    return _Writer(
        flavour, numbers(page), _anchors(page, prefix), _figures(page, prefix), picture_text,
        setting.text_width or MEASURE, setting.heading_shift,
    )  # fmt: skip


def _names(page: Page, row: Format, setting: Setting) -> Call:
    """Return what says who wrote a page, and what made it."""
    command = _comment(page.command) if setting.credit else ""
    return call("names", command=command, mark=row.comment.format(f"{MARK}: {command}" if command else MARK))


def _comment(command: str) -> str:
    """Return a command that ends no comment."""
    return " ".join(command.split()).replace(">", "&gt;").replace("*/", "*&#47;")


def _anchors(page: Page, prefix: str) -> dict[str, str]:
    """Return an anchor for every labelled line, in letters that all engines take: no two are one in small letters."""
    found: dict[str, str] = {}
    for label, number in numbers(page).items():
        anchor = _slug(prefix, label)
        while anchor in found.values():
            anchor = f"{anchor}-{number}"
        found[label] = anchor
    return found


def _figures(page: Page, prefix: str) -> dict[int, tuple[int, str]]:
    """Return the number of every figure in a file, and the anchors of all pictures, by their identity."""
    files = {id(each): number for number, each in enumerate(images(page.blocks), 1)}
    found = filter(lambda block: isinstance(block, Figure | Image), _every(page.blocks))
    return {id(each): (files.get(id(each), 0), _slug(prefix, str(number))) for number, each in enumerate(found, 1)}


def _every(blocks: Sequence[Block]) -> Iterator[Block]:
    for block in blocks:
        yield block
        yield from _every(block.blocks) if isinstance(block, Aside) else ()


def _slug(*names: str) -> str:
    return "-".join(filter(None, re.split(r"[^a-z0-9]+", " ".join(names).lower())))


@dataclass(frozen=True)
class _Writer:
    """Writes the blocks of a page in one flavour."""

    flavour: Flavour
    numbers: dict[str, int]
    anchors: dict[str, str]
    figures: dict[int, tuple[int, str]]
    picture_text: Callable[[Picture], str] | None
    measure: float
    shift: int

    def page(self, page: Page) -> Iterator[Call]:
        """Yield the calls of a page."""
        title = {"title": self.text(page.title), "subtitle": self.text(page.subtitle)}
        yield call("open_page", **title, marks=self._marks(0))
        yield from self.blocks(page.blocks)
        yield call("close_page")

    def _marks(self, level: int) -> str:
        """Return the hashes of a heading: Markdown has six levels."""
        return "#" * min(max(1 + level + self.shift, 1), 6)

    def blocks(self, blocks: Sequence[Block]) -> Iterator[Call]:
        """Yield the calls of blocks; steps that follow each other make one table."""
        for is_steps, group in groupby(blocks, key=lambda block: isinstance(block, Steps)):
            if is_steps:
                yield from self._steps([each for each in group if isinstance(each, Steps)])
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
            return "–".join(map(self._reference, filter(None, (span.label, span.last))))
        return self.flavour.inline % inline_latex(span, self.flavour.hooks)

    def _reference(self, label: str) -> str:
        return self.flavour.reference.format(number=self.numbers[label], anchor=self.anchors[label])

    def heading(self, block: Heading) -> Iterator[Call]:
        """Yield the title of a section."""
        yield call("heading", text=self.text(block.text), level=block.level, marks=self._marks(block.level))

    def para(self, block: Para) -> Iterator[Call]:
        """Yield a paragraph."""
        yield call("para", title=self.text(block.title), text=_started(self.text(block.text)))

    def equations(self, block: Equations) -> Iterator[Call]:
        """Yield displays, one for each numbered line; those with reasons as steps are."""
        if any(line.reason for line in block.lines):
            yield from self._steps([Steps(block.lines)])
        else:
            yield self._displays(list(self._labelled(block.lines)))

    def _displays(self, pieces: Sequence[tuple[str, list[dict[str, Any]]]]) -> Call:
        """Return rows, each piece with the label of the line that it ends, as displays."""
        displays = [
            {
                "rows": rows,
                "number": self._number(label),
                "tag": self._tag(label),
                "anchor": self.anchors.get(label, ""),
            }
            for label, rows in pieces
        ]
        return call("equations", displays=displays, start=self.flavour.start, end=self.flavour.end)

    def _tag(self, label: str) -> str:
        return self.flavour.tag % self.numbers[label] if label and not self.flavour.counts else ""

    def _labelled(self, lines: Sequence[Line]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        for label, group in groupby(lines, key=lambda line: line.label):
            rows = [each for line in group for each in map(self._strings, self._shown(line))]
            *pieces, last = [rows[place : place + ROWS] for place in range(0, len(rows), ROWS)]
            yield from (("", piece) for piece in pieces)
            yield label, last

    def _shown(self, line: Line) -> list[Shown]:
        return shown(line, self.measure - NUMBER, 0.0, em_width)

    def _strings(self, each: Shown) -> dict[str, Any]:
        left, right = (math_latex(side, self.flavour.hooks) for side in (each.left, each.right))
        return {"left": left, "right": right, "continues": each.continues}

    def computation(self, block: Computation) -> Iterator[Call]:
        """Yield a display for each formula with its numbers."""
        yield self._displays([("", list(map(self._strings, self._shown(each.line)))) for each in block.lines])

    def _number(self, label: str) -> str:
        return str(self.numbers[label]) if label else ""

    def _steps(self, blocks: Sequence[Steps]) -> Iterator[Call]:
        """Yield lines with their reasons: in a table, or each below its reason where only displays are counted."""
        if not self.flavour.counts:
            yield self._table_of_steps(blocks)
            return
        for block in blocks:
            title = self.text(block.group)
            for line in block.lines:
                if title or line.reason:
                    yield call("para", title=title, text=_started(self.text(line.reason)))
                yield self._displays(list(self._labelled([line])))
                title = ""

    def _table_of_steps(self, blocks: Sequence[Steps]) -> Call:
        """Return lines with their reasons as a table: group, equation, reason, number, as far as any is there."""
        anchors, rows = zip(*(each for block in blocks for each in self._rows(block)), strict=True)
        used = [place for place in range(len(SHARES)) if any(cells[place] for cells in rows)]
        kept = [[cells[place] for place in used] for cells in rows]
        dashes = self._dashes([SHARES[place] for place in used])
        return call("table", head=[""] * len(used), dashes=dashes, rows=kept, anchors=anchors)

    def _rows(self, block: Steps) -> Iterator[tuple[str, list[str]]]:
        """Yield anchor and cells of each row."""
        group = self.text(block.group)
        for line in block.lines:
            anchor = self.anchors.get(line.label, "")
            number = f"({self._number(line.label)})" if line.label else ""
            reason = self.text(line.reason)
            for each in self._shown(line):
                parts = [inline_latex(part, self.flavour.hooks) for part in (each.left, each.right)]
                yield anchor, [group, self.flavour.inline % " ".join(filter(None, parts)), reason, number]
                anchor = group = reason = number = ""

    def _dashes(self, widths: Sequence[float]) -> list[str]:
        shares = [max(3, round(DASHES * width / (sum(widths) or 1))) for width in widths]
        return ["-" * (share if self.flavour.proportional else 3) for share in shares]

    def table(self, block: Table) -> Iterator[Call]:
        """Yield a table."""
        rows = [[self.text(cell) for cell in cells] for cells in block.rows]
        head = [self.text(cell) for cell in block.head]
        dashes = self._dashes([widest(cells) + 1.0 for cells in zip(block.head, *block.rows, strict=True)])
        yield call("table", head=head, dashes=dashes, rows=rows, anchors=[""] * len(rows))

    def figure(self, block: Figure) -> Iterator[Call]:
        """Yield a picture in characters; a graph has none."""
        if self.picture_text is not None and isinstance(block.picture, Picture):
            text = self.picture_text(block.picture).strip("\n")
            caption, (_, anchor) = _started(self.text(block.caption)), self.figures[id(block)]
            yield call("figure", fence=_fence(text), text=text, caption=caption, anchor=anchor)

    def image(self, block: Image) -> Iterator[Call]:
        """Yield a figure in a file, with its number."""
        words, (number, anchor) = words_text(block.caption), self.figures[id(block)]
        alt = text_markdown(words.replace("]", ")").replace("[", "("))
        named = {"file": block.file, "alt": alt, "words": words, "anchor": anchor}
        yield call("image", **named, number=number, caption=_started(self.text(block.caption)))

    def code(self, block: Code) -> Iterator[Call]:
        """Yield program text."""
        yield call("code", fence=_fence(block.text), text=block.text.strip("\n"), language=block.language)

    def verdict(self, block: Verdict) -> Iterator[Call]:
        """Yield what the check found."""
        yield call("verdict", passed=block.passed, title=self.text(block.title), text=self.text(block.text))

    def aside(self, block: Aside) -> Iterator[Call]:
        """Yield blocks between rules; the title begins the first paragraph."""
        first, title = block.blocks[:1], block.title
        if not self.flavour.framed and first and isinstance(first[0], Para) and not first[0].title:
            first, title = (replace(first[0], title=title),), ()
        yield call("open_aside", title=self.text(title))
        yield from self.blocks((*first, *block.blocks[1:]))
        yield call("close_aside")


_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~$^@])")


def text_markdown(text: str) -> str:
    """Return text of which none is markup or HTML."""
    return _MARKUP.sub(r"\\\1", re.sub(r"[\t\n\v\f\r]", " ", text)).replace("&", "&amp;")


_STARTS = tuple(
    (re.compile(pattern), by)
    for pattern, by in (
        (r"^(\(?(?:\d+|[A-Za-z]|[ivxlcdmIVXLCDM]+))([.)])(?=\s|$)", r"\1\\\2"),  # a list
        (r"^([-+%:=])", r"\\\1"),  # a list, a rule, a comment, a division, a definition
        (r"^(\([^()]*\))=", r"\1\\="),  # the target of a link
        (r"^i(?=mport\b)", "&#105;"),  # a program
        (r"^e(?=xport\b)", "&#101;"),
    )
)
"""What begins a block other than a paragraph in one of the flavours, and how it is kept from it."""


def _started(text: str) -> str:
    """Return a paragraph that begins nothing else."""
    text = text.lstrip()
    for pattern, by in _STARTS:
        text = pattern.sub(by, text)
    return text


def _fence(text: str) -> str:
    """Return a fence longer than any in the text."""
    return "`" * max(3, *(len(run) + 1 for run in re.findall(r"`+", text) or [""]))


_WRITERS: dict[type[Block], Callable[[_Writer, Any], Iterator[Call]]] = {
    Heading: _Writer.heading, Para: _Writer.para, Equations: _Writer.equations, Computation: _Writer.computation,
    Table: _Writer.table,
    Figure: _Writer.figure, Image: _Writer.image, Code: _Writer.code, Verdict: _Writer.verdict, Aside: _Writer.aside,
}  # fmt: skip
