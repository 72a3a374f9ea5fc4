"""The words of a language: sentences by key, with fields for what differs.

A sentence is one entry of ``words/<language>.toml``: ``{field}`` stands for a word, a formula or a reference. Where a
number decides the form, the entry has the forms ``one`` and ``other``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from symbp.errors import SymbpError
from symbp.maths.tree import Node
from symbp.pages.page import Ref, Span, Text
from symbp.resources import folder

_FIELD = re.compile(r"\{(\w+)\}")

Field = str | int | Node | Ref | Text
"""What a field of a sentence may hold."""


@dataclass(frozen=True)
class Words:
    """The sentences of one language."""

    entries: Mapping[str, Any]

    def __call__(self, key: str, n: int | None = None, **fields: Field) -> Text:
        """Return a sentence with its fields put in; ``n`` chooses the form and is a field too.

        Raises:
            SymbpError: no such sentence, or a field that it needs is missing: a mistake of ours.
        """
        template = self.template(key, n)
        values = fields if n is None else {"n": n, **fields}
        found: list[Span] = []
        for at, piece in enumerate(_FIELD.split(template)):
            if at % 2 == 0:
                found.extend([piece] if piece else [])
            elif piece in values:
                found.extend(_spans(values[piece]))
            else:
                raise SymbpError(f"the sentence {key!r} needs {piece!r}")
        return merged(found)

    def variant(self, name: str) -> Words:
        """Return the words of a view, which has sentences of its own in the place of some."""
        return Words(_overlaid(self.entries, self.entries.get("view", {}).get(name, {})))

    def template(self, key: str, n: int | None = None) -> str:
        """Return a sentence as it stands in the file."""
        entry: Any = self.entries
        for part in key.split("."):
            entry = entry.get(part) if isinstance(entry, Mapping) else None
        if isinstance(entry, Mapping) and n is not None:
            entry = entry.get("one" if n == 1 else "other")
        if not isinstance(entry, str):
            raise SymbpError(f"no sentence {key!r}")
        return entry

    def fields(self, key: str) -> list[str]:
        """Return what the fields of a sentence are called."""
        return _FIELD.findall(self.template(key))

    def has(self, key: str) -> bool:
        """Whether there is such a sentence."""
        try:
            return bool(self.template(key))
        except SymbpError:
            return False

    def number(self, n: int) -> str:
        """Return a small number as a word, a large one in digits."""
        words = cast("list[str]", self.entries["numbers"])
        return words[n] if 0 <= n < len(words) else str(n)

    def listed(self, items: Sequence[Field]) -> Text:
        """Return things in a sentence: a, b and c."""
        if len(items) < 2:
            return merged([each for item in items for each in _spans(item)])
        first = merged([span for at, item in enumerate(items[:-1]) for span in (*_between(at), *_spans(item))])
        return self("list.last", first=first, last=items[-1])


def commas(texts: Sequence[Text]) -> Text:
    """Return what there is of some texts, with commas between: a, b, c."""
    shown = [text for text in texts if any(text)]
    return merged([span for at, text in enumerate(shown) for span in (*_between(at), *text)])


def _overlaid(entries: Mapping[str, Any], own: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return entries with others in the place of some."""
    nested = {key: _overlaid(entries.get(key, {}), each) for key, each in own.items() if isinstance(each, Mapping)}
    return {**entries, **own, **nested}


def _between(at: int) -> tuple[str, ...]:
    return (", ",) if at else ()


def _spans(value: Field) -> tuple[Span, ...]:
    if isinstance(value, tuple):
        return value
    return (str(value),) if isinstance(value, int) else (value,)


def merged(spans: Sequence[Span]) -> Text:
    """Return spans with words that follow one another joined."""
    found: list[Span] = []
    for span in spans:
        if isinstance(span, str) and found and isinstance(found[-1], str):
            found[-1] += span
        else:
            found.append(span)
    return tuple(found)


@cache
def language(name: str = "en") -> Words:
    """Return the words of a language.

    Raises:
        SymbpError: the installation has no such file.
    """
    place = folder("words")
    file = None if place is None else place / f"{name}.toml"
    if file is None or not file.is_file():
        raise SymbpError(f"the installation has no words in {name!r}")
    return Words(tomllib.loads(file.read_text(encoding="utf-8")))
