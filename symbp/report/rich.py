"""Words with mathematics and code in them, before a format decides how each is marked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from string import Formatter


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a sentence: ``kind`` is text, math or code; text is plain and not yet escaped."""

    kind: str
    value: str


Rich = tuple[Span, ...]


def math(value: str) -> Span:
    """Return mathematics inside a line."""
    return Span("math", value)


def code(value: str) -> Span:
    """Return something a reader types; it may come from a user and is escaped by the format."""
    return Span("code", value)


def rich(sentence: str, **spans: Span | Rich | str) -> Rich:
    """Return a sentence with its ``{names}`` filled in; a plain string is text, whatever it contains."""
    found: list[Span] = []
    for words, name, _, _ in Formatter().parse(sentence):
        if words:
            found.append(Span("text", words))
        if name:
            value = spans[name]
            if isinstance(value, str):
                value = Span("text", value)
            found.extend((value,) if isinstance(value, Span) else value)
    return tuple(found)


def listed(items: Sequence[Span | Rich], gap: str = ", ", last: str = " and ") -> Rich:
    """Return items as people list them: a, b and c."""
    found: list[Span] = []
    for index, item in enumerate(items):
        if index:
            found.append(Span("text", last if index == len(items) - 1 else gap))
        found.extend((item,) if isinstance(item, Span) else item)
    return tuple(found)


def dollars(sentence: str) -> Rich:
    """Return a sentence with what stands between dollars as mathematics, in LaTeX."""
    parts = sentence.split("$")
    return tuple(math(part) if at % 2 else Span("text", part) for at, part in enumerate(parts) if part)


def sentences(parts: Iterable[Rich]) -> Rich:
    """Return sentences as one paragraph, a space between them."""
    found: list[Span] = []
    for part in parts:
        found += [*([Span("text", " ")] if found else []), *part]
    return tuple(found)


def capital(sentence: Rich) -> Rich:
    """Return a sentence with a capital at its beginning, unless it begins with a formula or a function's f(x)."""
    first, *rest = sentence
    if first.kind != "text" or first.value[1:2] == "(":
        return sentence
    return (Span("text", first.value[:1].upper() + first.value[1:]), *rest)


_MATH_IN_WORDS = re.compile(r"diag p − p pᵀ|\bn_L\b|(?<=row )i\b|(?<=column )j\b|(?<=nput )j\b|(?<=output )i\b"
                            r"|(?<=error )i\b|(?<=index )[ij]\b")  # fmt: skip
_SPELLED = {"diag p − p pᵀ": r"J = \mathrm{diag}\,a - a\,a^{\top}", "n_L": "n_L"}
_CODE_IN_WORDS = re.compile(r"\b[A-Za-z]+\d?Loss\b|clamp\([^)]*\)")


def words(sentence: str) -> Rich:
    """Return one of our own plain sentences with its indices and formulas set as mathematics."""
    found: list[Span] = []
    marked = [(m.start(), m.end(), math(_SPELLED.get(m[0], m[0]))) for m in _MATH_IN_WORDS.finditer(sentence)]
    marked += [(m.start(), m.end(), code(m[0])) for m in _CODE_IN_WORDS.finditer(sentence)]
    at = 0
    for start, end, span in sorted(marked, key=lambda mark: mark[0]):
        found += [Span("text", sentence[at:start]), span]
        at = end
    found.append(Span("text", sentence[at:]))
    return tuple(span for span in found if span.value)
