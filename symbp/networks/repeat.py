"""Families of matrices and repeated lines: ``X[1..5]: 3 x m`` and ``repeat t = 1..5:`` become lines of single names.

A family is a name with an index, ``H[t]``; its members are H0, H1, … Only what is declared or defined with an index
is one: any other ``Z[1]`` is a row. The letter of a repeat is a number, as in ``Z[t]`` or ``0.9**t``. Text goes in and
text comes out, bounded before it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from symbp.errors import SpecError
from symbp.limits import MAX_EQUATIONS
from symbp.networks.reading import quote

MOST_DIGITS = 6
"""Digits of a bound or an index; there are at most so many equations."""

_HEAD = re.compile(r"\s*repeat\s+([A-Za-z]\w*)\s*=\s*(.+?)\s*\.\.\s*(.+?)\s*:\s*", re.ASCII)
_SPAN = re.compile(r"\s*([A-Za-z]\w*)\s*\[\s*(-?\d+)\s*\.\.\s*(-?\d+)\s*\]\s*", re.ASCII)
_LEFT = re.compile(r"\s*([A-Za-z]\w*)\s*\[([^\]=]*)\]\s*=(?!=)", re.ASCII)
_MEMBER = re.compile(r"\b([A-Za-z]\w*)\s*\[([^\[\]:,]*)\]", re.ASCII)
_INDEX = re.compile(r"\s*(?:([A-Za-z]\w*)|(\d+))\s*((?:[-+]\s*(?:\d+|[A-Za-z]\w*)\s*)*)", re.ASCII)
_WORD = re.compile(r"(?<![.\w])[A-Za-z]\w*", re.ASCII)
_STEP = re.compile(r"([-+])\s*(\d+|[A-Za-z]\w*)", re.ASCII)


def members(name: str) -> list[str]:
    """Return the names that a declared name stands for: X1 to X5 for ``X[1..5]``, itself for any other.

    Raises:
        SpecError: bounds out of order or too far apart, or a name that ends in a digit, as its members do.
    """
    found = _SPAN.fullmatch(name)
    if not found:
        return [name]
    first, last = (_number(each, name) for each in found.groups()[1:])
    if not 0 <= first <= last < first + MAX_EQUATIONS:
        raise SpecError(f"{quote(name.strip())}: write the first and the last of them, such as X[1..5]")
    return [member(found[1], at) for at in range(first, last + 1)]


def member(family: str, at: int) -> str:
    """Return the name of one of a family.

    Raises:
        SpecError: an index below 0, or a family whose name ends in a digit.
    """
    if family[-1].isdigit():
        raise SpecError(f"{family}[…]: a name with an index may not end in a digit; write {family}_")
    if at < 0:
        raise SpecError(f"{family}[{at}]: an index counts from 0")
    return f"{family}{at}"


def unrolled(lines: Sequence[str], shapes: Mapping[str, object]) -> tuple[list[str], dict[str, object]]:
    """Return the lines with every repeat written out and every member by its name, and so the shapes.

    Raises:
        SpecError: a repeat without bounds or without lines, an index that is no number, too many lines.
    """
    if not any("[" in each or "repeat" in each for each in (*lines, *shapes)):
        return list(lines), dict(shapes)
    families = {found[1] for each in shapes if (found := _SPAN.fullmatch(each))}
    families |= {found[1] for each in lines if (found := _LEFT.match(each))}
    written = {own: size for name, size in shapes.items() for own in members(name)}
    names = {*written, *(line.partition("=")[0].strip() for line in lines)}
    repeated: list[str] = []
    for line in _lines(list(lines), {}, families, names):
        repeated.append(line)
        if len(repeated) > MAX_EQUATIONS:
            raise SpecError(f"the repeats make more than {MAX_EQUATIONS:,} equations")
    return repeated, written


def _lines(lines: Sequence[str], values: Mapping[str, int], families: set[str], names: set[str]) -> Iterator[str]:
    """Yield lines for the values of the letters around them, which are numbers where they are no ``names``."""
    at = 0
    while at < len(lines):
        line = lines[at]
        head = _HEAD.fullmatch(line)
        if head is None:
            if line.split()[:1] == ["repeat"]:
                what = "write repeat t = 1..5:, and the lines to repeat indented below"
                raise SpecError(f"{quote(line.strip())}: {what}")
            single = _MEMBER.sub(partial(_named, values=values, families=families, line=line), line).strip()
            yield _WORD.sub(partial(_counted, values={each: values[each] for each in values.keys() - names}), single)
            at += 1
            continue
        end = at + 1
        while end < len(lines) and _indent(lines[end]) > _indent(line):
            end += 1
        if end == at + 1:
            raise SpecError(f"{quote(line.strip())} repeats nothing: indent the lines below it")
        if head[1] in values:
            raise SpecError(f"{quote(line.strip())}: {head[1]} counts the repeat around it already")
        first, last = (_index(each, values, line) for each in (head[2], head[3]))
        if abs(last - first) >= MAX_EQUATIONS:
            raise SpecError(f"{quote(line.strip())} makes more than {MAX_EQUATIONS:,} equations")
        for value in range(first, last + 1) if first <= last else range(first, last - 1, -1):
            yield from _lines(lines[at + 1 : end], {**values, head[1]: value}, families, names)
        at = end


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _named(found: re.Match[str], *, values: Mapping[str, int], families: set[str], line: str) -> str:
    return member(found[1], _index(found[2], values, line)) if found[1] in families else found[0]


def _counted(found: re.Match[str], *, values: Mapping[str, int]) -> str:
    return str(values[found[0]]) if found[0] in values else found[0]


def _index(text: str, values: Mapping[str, int], line: str) -> int:
    """Return the value of t, 5 or t-1."""
    found = _INDEX.fullmatch(text)
    if not found:
        raise SpecError(f"{quote(text)} in {quote(line.strip())} is no index: write a number, t or t-1")
    total = _value(found[1] or found[2], values, line)
    for sign, piece in _STEP.findall(found[3]):
        total += _value(piece, values, line) * (1 if sign == "+" else -1)
    return total


def _value(piece: str, values: Mapping[str, int], line: str) -> int:
    if piece.isdigit():
        return _number(piece, line)
    if piece not in values:
        around = f"; the repeats around it count {', '.join(values)}" if values else "; no repeat is around it"
        raise SpecError(f"{piece} in {quote(line.strip())} has no value{around}")
    return values[piece]


def _number(digits: str, line: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise SpecError(f"the index {digits[:20]}… in {quote(line.strip())} is too large")
    return int(digits)
