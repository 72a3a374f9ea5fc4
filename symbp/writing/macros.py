r"""A page in LaTeX whose symbols are commands: ``\symbpW{2}``, defined at its top unless the host defines them.

Every letter takes its index, which may be empty, and in brackets what else stands above it: ``\symbpW[\symbpT]{l+1}``.
So one file of definitions restyles all pages, whatever their notations.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import TypeGuard

from symbp.maths.tree import Accent, Fence, Id, Node, Script, Sign, Tag, row
from symbp.writing.environment import templates_folder
from symbp.writing.formula import bare
from symbp.writing.latex import ALPHABET, math_latex
from symbp.writing.spacing import items_of, merged

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
"""Names of commands have no digits."""

STYLES: Mapping[str, str] = {"script": "cal", "upright": "rm", "bold": "bold", "bold-italic": "bold", "italic": "it"}
"""What is put before a letter in script, and before any whose name another one has already."""

LOSS = Id("L", "script")
"""A command of every page in LaTeX."""

Letter = Id | Accent


@dataclass(frozen=True)
class Command:
    """A command: its name, the letter or word that it stands for, and the brackets of an index above it.

    ``above`` is None where an index stands below.
    """

    name: str
    letter: Letter
    above: tuple[str, str] | None = None

    @property
    def is_letter(self) -> bool:
        """Whether it takes an index: a word takes none."""
        return not isinstance(self.letter, Id) or len(self.letter.name) == 1

    @property
    def definition(self) -> str:
        """How it is defined where the host says nothing."""
        start, end = self.above or ("", "")
        index = r"\symbpbelow{#2}{#1}" if self.above is None else rf"\symbpabove{{#2}}{{{start}#2{end}}}{{#1}}"
        takes, index = ("[2][]", index) if self.is_letter else ("", "")
        return rf"\providecommand{{\symbp{self.name}}}{takes}{{{math_latex(self.letter)}{index}}}"

    def call(self, index: str = "", marks: str = "") -> str:
        """Return its call; ``marks`` stand above what it stands for, behind an index."""
        return rf"\symbp{self.name}{f'[{marks}]' * bool(marks)}{{{index}}}"


@dataclass(frozen=True)
class Symbols:
    """The symbols of a page as commands."""

    commands: Mapping[Letter, Command]

    @classmethod
    def of(cls, page: object) -> Symbols:
        """Return the commands of all letters and words of a page, or of lines."""
        above: dict[Letter, tuple[str, str]] = {}
        letters: dict[Letter, None] = {}
        for node in _nodes(page):
            if _is_letter(node) and node != LOSS:
                letters[node] = None
            if isinstance(node, Script) and (found := _split(node, is_tagged=True)) and found.rest:
                above.setdefault(found.letter, found.brackets)
        names: dict[str, Letter] = {}
        for letter in letters:
            names[_free_name(letter, names)] = letter
        return cls({letter: Command(name, letter, above.get(letter)) for name, letter in names.items()})

    @property
    def definitions(self) -> list[str]:
        """How all are defined, in the order in which the page has them."""
        return [each.definition for each in self.commands.values()]

    def spell(self, node: Node, spell: Callable[[Node], str]) -> str | None:
        """Return the call that a node is, or None; ``spell`` spells what stands in an index."""
        if isinstance(node, Id | Accent):
            command = self.commands.get(node)
            return None if command is None else command.call() if command.is_letter else rf"\symbp{command.name}"
        is_tagged = isinstance(node, Tag) and node.of is not None and not node.label
        script = node.body if isinstance(node, Tag) and is_tagged else node
        found = _split(script, is_tagged=is_tagged) if isinstance(script, Script) else None
        command = None if found is None else self.commands.get(found.letter)
        if found is None or command is None or not command.is_letter:
            return None
        marks = spell(row(*found.marks)) if found.marks else ""
        if command.above is None:
            return command.call(spell(found.sub) if found.sub else "", marks)
        if found.rest and found.brackets != command.above:
            return None
        whole = command.call(spell(found.index) if found.rest else "", marks)
        return rf"\symbpentry{{{whole}}}{{{spell(found.sub)}}}" if found.sub else whole


@dataclass(frozen=True)
class _Indexed:
    """A letter, what stands below it, and above it: an index, behind it the marks of a transpose or a derivative."""

    letter: Letter
    sub: Node | None
    rest: tuple[Node, ...]
    marks: tuple[Node, ...]

    @property
    def brackets(self) -> tuple[str, str]:
        only = self.rest[0] if len(self.rest) == 1 else None
        return (only.open, only.close) if isinstance(only, Fence) else ("", "")

    @property
    def index(self) -> Node:
        only = self.rest[0]
        return only.body if len(self.rest) == 1 and isinstance(only, Fence) else row(*self.rest)


def _split(node: Script, *, is_tagged: bool) -> _Indexed | None:
    """Return a letter with its indices; None for a power, which is no index: it has no tag and no brackets."""
    base, sub, sup = merged(node)
    letter = bare(base)
    if not _is_letter(letter):
        return None
    items = items_of(sup) if sup is not None else ()
    count = next((k for k, each in enumerate(reversed(items)) if not _is_mark(each)), len(items))
    rest, marks = tuple(items[: len(items) - count]), tuple(items[len(items) - count :])
    if rest and not is_tagged and not isinstance(rest[0], Fence):
        return None
    return _Indexed(letter, sub, rest, marks)


def _is_mark(node: Node) -> bool:
    return isinstance(node, Sign) and node.kind == "postfix"


def _is_letter(node: Node) -> TypeGuard[Letter]:
    inside = node.base if isinstance(node, Accent) else node
    return isinstance(inside, Id) and inside.name[:1].isalnum()  # And no dot in the place of one.


def _nodes(part: object) -> Iterator[Node]:
    """Yield the nodes of a page; of a letter with its accent the whole alone."""
    if isinstance(part, tuple):
        for each in part:
            yield from _nodes(each)
    elif is_dataclass(part):
        if isinstance(part, Node):
            yield part
        if isinstance(part, Tag):
            yield from _nodes(part.body)
        elif not isinstance(part, Node) or not _is_letter(part):
            yield from _nodes(tuple(getattr(part, field.name) for field in fields(part)))


def _free_name(letter: Letter, taken: Mapping[str, Letter]) -> str:
    """Return the name of a letter, that no other has."""
    id_ = letter if isinstance(letter, Id) else letter.base
    assert isinstance(id_, Id)
    name = ("" if isinstance(letter, Id) else letter.mark) + "".join(map(_character, id_.name))
    style = STYLES[id_.style]
    tried = style + name if id_.style == "script" else name
    while tried in taken or tried in _hooks():
        tried = style + tried
    return tried


def _character(char: str) -> str:
    if char.isascii() and char.isalpha():
        return char
    command = ALPHABET.get(char, "").removeprefix("\\")
    if command.isalpha():
        return command
    return DIGITS[int(char)] if char in "0123456789" else "".join(DIGITS[int(each)] for each in str(ord(char)))


@cache
def _hooks() -> frozenset[str]:
    """Return the names of our own commands, which no letter takes."""
    text = (templates_folder() / "page-latex.j2").read_text(encoding="utf-8")
    return frozenset(re.findall(r"\\symbp([A-Za-z]+)", text))
