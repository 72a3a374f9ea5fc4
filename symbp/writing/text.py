"""A page as text for people: a column of labels, formulas under each other, one width for all.

Sections and groups have their names in the column at the left; what needs the whole width (a picture, the product with
its roles, a wide table) stands between two blank lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from itertools import groupby, pairwise
from typing import Any

from symbp.maths.tree import Node
from symbp.pages.page import (
    Aside,
    Block,
    Code,
    Computation,
    Equations,
    Figure,
    Graph,
    Heading,
    Image,
    Line,
    Page,
    Para,
    Picture,
    Ref,
    Steps,
    Table,
    Text,
    Verdict,
    lines,
    numbers,
)
from symbp.writing.computed import computed_lines
from symbp.writing.displays import display
from symbp.writing.formula import Speller, math_text
from symbp.writing.grids import grid, has_names
from symbp.writing.letters import columns, padded
from symbp.writing.picture import drawn, picture_text
from symbp.writing.sentences import Setting, plain, sentence, wrapped
from symbp.writing.tables import table_lines, wrapped_table

__all__ = ["math_text", "picture_text", "write_text"]

INDENT = 2
"""How far everything below the title is set in."""

LABEL = 12
"""The width of the column of labels."""

MARKS = {(True, False): " ✓", (False, False): " ✗", (True, True): " ok", (False, True): " FAIL"}
"""What stands behind the label of a verdict: whether it passed, whether it is ASCII."""

CHECK = "check"
"""The label of a verdict without a title: the command that gives the same."""


def write_text(page: Page, *, width: int = 80, ascii: bool = False, detail: int = 2) -> str:
    """Return a page as text: its blocks up to a level of detail, no line wider than ``width``."""
    shown = tuple(visible(page.blocks, detail))
    writer = _Writer(_setting(page, shown, ascii, detail), width)
    opening = [writer.opening(page)] if page.title else []
    parts = [*opening, *writer.sections(shown)]
    found = [line for part in parts[:1] for line in part.lines]
    for before, part in pairwise(parts):
        found += [""] * (before.loose or part.loose or part.begins) + part.lines
    return "\n".join(line.rstrip() for line in found) + "\n"


def words_text(text: Text, *, ascii: bool = False) -> str:
    """Return a sentence alone, on one line."""
    speller = Speller.of((part for part in text if isinstance(part, Node)), ascii=ascii)
    return plain(sentence(text, Setting(speller, {}, frozenset())))


def visible(found: Iterable[Block], detail: int) -> Iterator[Block]:
    """Yield the blocks up to a level of detail that characters show; a heading goes with the last block below it."""
    waiting: list[Heading] = []
    hidden = False
    for block in found:
        if isinstance(block, Image) or (isinstance(block, Figure) and isinstance(block.picture, Graph)):
            continue
        if block.detail > detail:
            hidden = True
        elif isinstance(block, Heading):
            waiting = [*(each for each in waiting if each.level < block.level), block]
            hidden = False
        else:
            if not (isinstance(block, Verdict) and hidden):
                yield from waiting
            waiting = []
            yield replace(block, blocks=tuple(visible(block.blocks, detail))) if isinstance(block, Aside) else block


def _setting(page: Page, shown: tuple[Block, ...], ascii: bool, detail: int) -> Setting:
    """Return what all lines have in common.

    A line has its number where a sentence that is shown points at it, or where all reasons stand beside their lines.
    """
    found = list(_leaves((page.title, page.subtitle, shown)))
    speller = Speller.of((part for part in found if isinstance(part, Node)), ascii=ascii)
    every = numbers(page)
    there = {line.label for line in lines(shown)}
    pointed = {label for part in found if isinstance(part, Ref) for label in _labels(part, every)}
    pointed |= {line.label for line in lines(tuple(_explained(shown))) if line.label}
    return Setting(speller, every, frozenset(there & pointed), detail)


def _explained(found: Iterable[Block]) -> Iterator[Steps]:
    for block in found:
        if isinstance(block, Aside):
            yield from _explained(block.blocks)
        elif isinstance(block, Steps) and block.explained:
            yield block


def _leaves(value: object) -> Iterator[Node | Ref]:
    """Yield every formula and every reference in blocks."""
    if isinstance(value, Node | Ref):
        yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from _leaves(each)
    elif is_dataclass(value) and not isinstance(value, type):
        for entry in fields(value):
            yield from _leaves(getattr(value, entry.name))


def _labels(ref: Ref, every: dict[str, int]) -> list[str]:
    first = every.get(ref.label, 0)
    last = every.get(ref.last, first)
    return [label for label, number in every.items() if first <= number <= last]


@dataclass(frozen=True)
class _Part:
    """Lines of the page: ``begins`` a section, ``loose`` between blank lines, ``open`` to a sentence below them."""

    lines: list[str]
    loose: bool = False
    begins: bool = False
    open: bool = False


@dataclass(frozen=True)
class _Writer:
    """Writes blocks at a width."""

    setting: Setting
    width: int

    @property
    def room(self) -> int:
        """The columns beside the labels."""
        return self.width - INDENT - LABEL

    def opening(self, page: Page) -> _Part:
        """Return the title and the line below it, and a blank line."""
        title = wrapped(self.words(page.title), self.width)
        below = wrapped(self.words(page.subtitle), self.width - INDENT) if page.subtitle else []
        return _Part([*title, *map(_indented, below)], loose=True)

    def sections(self, found: Sequence[Block], labels: Sequence[str] = ()) -> list[_Part]:
        """Return the parts of blocks; a section begins with a heading, the verdict is one of its own."""
        parts: list[_Part] = []
        names = list(labels)
        begins = False
        for block in found:
            if isinstance(block, Heading):
                names.append(self.label(block.short or block.text))
                begins = True
                continue
            if isinstance(block, Para) and not names and not block.title and (not parts or parts[-1].loose):
                below = self.across(wrapped(self.words(block.text), self.width - INDENT), [])
                above = parts.pop().lines if parts and parts[-1].open else []
                parts.append(replace(below, lines=above + below.lines, open=True))
                continue
            if isinstance(block, Table) and block.wide:
                parts.append(self.wide_table(block, names))
                names, begins = [], False
                continue
            made = _WRITERS[type(block)](self, block, names)
            parts += [replace(made[0], begins=begins or isinstance(block, Verdict)), *made[1:]]
            names, begins = [], False
        return parts

    def words(self, text: Text) -> str:
        """Return a sentence."""
        return sentence(text, self.setting)

    def label(self, text: Text) -> str:
        """Return a heading as a label: it begins with a small letter, but for a word all in capitals; no full stop."""
        words = plain(self.words(text)).rstrip(".:")
        return words[:1].lower() + words[1:] if words[1:2].islower() else words

    def beside(self, found: Sequence[str], labels: list[str]) -> _Part:
        """Return lines with the last label before the first; one too long for the column has a line of its own."""
        above, label = (labels[:-1], labels[-1]) if labels and columns(labels[-1]) < LABEL else (labels, "")
        names = [label, *[""] * (len(found) - 1)]
        body = [padded(name, LABEL) + line for name, line in zip(names, found, strict=True)]
        return _Part([*map(_indented, above), *map(_indented, body)])

    def across(self, found: Sequence[str], labels: list[str]) -> _Part:
        """Return lines that may take the whole width, their labels above them."""
        return _Part([_indented(line) for line in (*labels, *found)], loose=True)

    def wide_table(self, block: Table, labels: list[str]) -> _Part:
        """Return a table that takes the whole width."""
        room = self.width - INDENT
        found = table_lines(block, self.setting, room) or wrapped_table(block, self.setting, room)
        return self.across(found, labels)


def _indented(line: str) -> str:
    return " " * INDENT + line


def _para(writer: _Writer, block: Para, labels: list[str]) -> list[_Part]:
    title = writer.label(block.title) if block.title else ""
    if title and columns(title) < LABEL:
        return [writer.beside(wrapped(writer.words(block.text), writer.room), [*labels, title])]
    text = writer.words((*block.title, *((" ",) if block.title else ()), *block.text))
    return [writer.beside(wrapped(text, writer.room), labels)]


def _equations(writer: _Writer, block: Equations | Steps, labels: list[str]) -> list[_Part]:
    """Return lines; those whose factors have names take the whole width."""
    names = [*labels, *([writer.label(block.group)] if block.group else [])]
    parts: list[_Part] = []
    for named, found in groupby(block.lines, key=has_names):
        parts.append(_lines(writer, tuple(found), names, named, isinstance(block, Steps) and block.explained))
        names = []
    return parts


def _lines(writer: _Writer, found: tuple[Line, ...], labels: list[str], named: bool, explained: bool) -> _Part:
    room = writer.width - INDENT
    wide = grid(found, writer.setting, room) if named else None
    if wide is not None:
        reasons = [line.reason for line in found if line.reason and writer.setting.detail > 2]
        below = [line for reason in reasons for line in wrapped(writer.words(reason), room)]
        return replace(writer.across([*wide, *below], labels), open=True)
    return writer.beside(display(found, writer.setting, writer.room, explained=explained), labels)


def _computation(writer: _Writer, block: Computation, labels: list[str]) -> list[_Part]:
    return [writer.across(computed_lines(block.lines, writer.setting, writer.width - INDENT), labels)]


def _table(writer: _Writer, block: Table, labels: list[str]) -> list[_Part]:
    found = table_lines(block, writer.setting, writer.room)
    if found is not None:
        return [writer.beside(found, labels)]
    return [replace(writer.wide_table(block, labels), open=True)]


def _figure(writer: _Writer, block: Figure, labels: list[str]) -> list[_Part]:
    assert isinstance(block.picture, Picture)
    detailed = writer.setting.detail > 2
    picture = drawn(block.picture, writer.setting.speller, writer.width - INDENT, errors=detailed)
    caption = wrapped(writer.words(block.caption), writer.width - INDENT) if block.caption and detailed else []
    return [writer.across([*picture, *caption], labels)]


def _code(writer: _Writer, block: Code, labels: list[str]) -> list[_Part]:
    spell = writer.setting.speller.alphabet.spell
    return [writer.across([spell(line) for line in block.text.rstrip("\n").split("\n")], labels)]


def _verdict(writer: _Writer, block: Verdict, labels: list[str]) -> list[_Part]:
    mark = MARKS[block.passed, writer.setting.speller.alphabet.ascii]
    names = [*labels, *([writer.label(block.title)] if block.title else [])] or [CHECK]
    return [writer.beside(wrapped(writer.words(block.text), writer.room), [*names[:-1], names[-1] + mark])]


def _aside(writer: _Writer, block: Aside, labels: list[str]) -> list[_Part]:
    return writer.sections(block.blocks, [*labels, *([writer.label(block.title)] if block.title else [])])


_WRITERS: dict[type[Block], Callable[[_Writer, Any, list[str]], list[_Part]]] = {
    Para: _para,
    Equations: _equations,
    Steps: _equations,
    Computation: _computation,
    Table: _table,
    Figure: _figure,
    Code: _code,
    Verdict: _verdict,
    Aside: _aside,
}
