"""Displays: rows of equations in ``aligned``, products broken so that they fit the page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from symbp.report.products import TEXT_WIDTH, chunks, latex_width, rows

LEFT_SIDE = 56.0
"""Room for ∂𝓛/∂W = in front of a product, in points."""

INDENT = 14.0
"""How far the rows of a broken product are set in."""

LONGEST = 14
"""Rows of one display; TeX does not break aligned over pages."""


def aligned(lines: Iterable[str]) -> str:
    """Return one display of aligned equations; one alone needs no alignment."""
    lines = list(lines)
    if len(lines) == 1 and lines[0].count("&") == 1:
        return lines[0].replace("&", "")
    ends = [r" \\[4pt]" if r"\frac" in line else r" \\" for line in lines[:-1]]
    body = "\n".join(line + end for line, end in zip(lines, [*ends, ""], strict=True))
    return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"


def displays(equations: Sequence[Sequence[str]], most: int = LONGEST) -> tuple[str, ...]:
    """Return equations of one or more rows as displays that a page can hold; none is torn apart."""
    found: list[list[str]] = [[]]
    for lines in equations:
        if found[-1] and len(found[-1]) + len(lines) > most:
            found.append([])
        found[-1] += lines
    return tuple(aligned(lines) for lines in found)


_PART = r"((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)"
_PARTIAL = re.compile(rf"\\frac\{{(\\partial ){_PART}\}}\{{(\\partial ){_PART}\}}(?: \\Big(?=\|))?")


_LIMITS = re.compile(r"\\sum_\{[^{}]*\}\^\{[^{}]*\}")


def slashed(text: str) -> str:
    """Return mathematics for a running line: a derivative with a slash, so that the lines keep their distance."""
    return _PARTIAL.sub(lambda found: f"{found[1]}{found[2]} / {found[3]}{found[4]}", text)


ROW_GAP = 20.0
"""Space between equations of one kind side by side."""

SHORTEST = 6
"""Fewer equations than this stand one below the other."""


def abreast(lines: Sequence[str]) -> list[str]:
    """Return many short equations three or two a row, where all rows fit; a few stand one a row."""
    whole = all(line.count("&") == 1 and not line.startswith("&") for line in lines)
    for count in (3, 2) if len(lines) >= SHORTEST and whole else ():
        grouped = [lines[start : start + count] for start in range(0, len(lines), count)]
        if all(sum(map(_width, group)) + ROW_GAP * (count - 1) < TEXT_WIDTH for group in grouped):
            return [", & ".join(group) for group in grouped]
    return list(lines)


def _width(line: str) -> float:
    """Return the width of an equation; limits of a sum stand above and below its sign."""
    return latex_width(_LIMITS.sub(r"\\sum", line))


def line(left: str, right: str, sign: str = "=") -> list[str]:
    """Return ``left = right`` as rows of ``aligned`` that fit the text width."""
    room = max(TEXT_WIDTH - latex_width(left) - 20.0, 100.0)
    return _broken(f"{left} &{sign} ", _parts(right, latex_width(right), room), room)


def _parts(text: str, width: float, room: float = TEXT_WIDTH - LEFT_SIDE) -> list[tuple[str, float]]:
    """Return a factor whole, or in parts where it is wider than a row."""
    return [(text, width)] if width <= room else [(part, latex_width(part) + 1.5) for part in chunks(text)]


def _broken(start: str, sized: Sequence[tuple[str, float]], room: float = TEXT_WIDTH - LEFT_SIDE) -> list[str]:
    first, *others = rows(sized, room, room - INDENT)
    return [f"{start}{first}", *(rf"&\quad {other}" for other in others)]
