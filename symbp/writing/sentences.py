"""Sentences as text: words, formulas that stay in one piece, numbers of the lines they point at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from symbp.maths.tree import Node
from symbp.pages.page import Bar, Ref, Text
from symbp.writing.formula import Speller
from symbp.writing.letters import bar_text, columns

GLUE = "\u00a0"
"""The space inside a formula, at which a sentence is broken only where nothing else helps."""


@dataclass(frozen=True)
class Setting:
    """What all lines of a page have in common.

    ``numbers`` are those of the whole page, ``numbered`` the labels of the lines that show theirs.
    """

    speller: Speller
    numbers: Mapping[str, int]
    numbered: frozenset[str]
    detail: int = 2

    def number(self, label: str) -> str:
        """Return the number of a line as it is printed beside it; nothing where no sentence points at it."""
        return f"({self.numbers[label]})" if label in self.numbered else ""


def sentence(text: Text, setting: Setting) -> str:
    """Return a sentence; it does not begin with the number of a line that is not shown."""
    found = ""
    for at, part in enumerate(text):
        if isinstance(part, Ref):
            shown = part.label in setting.numbered or at
            found += _reference(part, setting) if shown else ""
        elif isinstance(part, Bar):
            found += bar_text(part, ascii=setting.speller.alphabet.ascii)
        elif isinstance(part, Node):
            found += setting.speller.line(part, tight=setting.speller.box(part).height > 1).replace(" ", GLUE)
        else:
            found += setting.speller.alphabet.spell(part if found or not at else part.lstrip(" :,;"))
    return found


def _reference(ref: Ref, setting: Setting) -> str:
    first = f"({setting.numbers[ref.label]})"
    dash = setting.speller.alphabet.spell("–")
    return f"{first}{dash}({setting.numbers[ref.last]})" if ref.last else first


def plain(text: str) -> str:
    """Return a sentence on one line."""
    return text.replace(GLUE, " ")


def wrapped(text: str, width: int) -> list[str]:
    """Return a sentence on lines of at most ``width`` columns."""
    lines = [""]
    for word in _words(text, width):
        if not lines[-1]:
            lines[-1] = word
        elif columns(lines[-1]) + 1 + columns(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return [plain(line) for line in lines]


def _words(text: str, width: int) -> list[str]:
    """Return what a line is not broken in: words, and formulas that are not wider than a line."""
    words = [part for word in text.split(" ") for part in (word.split(GLUE) if columns(word) > width else [word])]
    return [word[at : at + width] for word in words for at in range(0, len(word), max(width, 1))]
