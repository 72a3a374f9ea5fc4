"""Displays: rows of equations in ``aligned``, products broken so that they fit the page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from symbp.op import FactorRole
from symbp.report.products import TEXT_WIDTH, Piece, Products, chunks, joined, latex_width, rows

LEFT_SIDE = 56.0
"""Room for ∂𝓛/∂W = in front of a product, in points."""

INDENT = 14.0
"""How far the rows of a broken product are set in."""

PAIR_GAP = 40.0
"""Space between two equations side by side."""

LONGEST = 14
"""Rows of one display; TeX does not break aligned over pages."""

UNBROKEN = 200.0
"""Widest factor with a brace under it: what a brace holds cannot be broken."""

LABELS: dict[FactorRole, tuple[str, ...]] = {
    FactorRole.LOSS: ("loss", "gradient"),
    FactorRole.WEIGHT: ("weight",),
    FactorRole.SLOPE: ("activation", "derivative"),
    FactorRole.PREVIOUS: ("previous", "activation"),
    FactorRole.NORMALISATION: ("normalisation",),
    FactorRole.SUM: ("sum of", "paths"),
    FactorRole.CONSTANT: ("constant",),
    FactorRole.MASK: ("mask",),
    FactorRole.PENALTY: ("penalty",),
}
"""What stands under the brace of each role, a word a line."""


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


def paired(lines: Sequence[str]) -> list[str]:
    """Return equations two a row where all pairs fit side by side, else one a row."""
    pairs = [lines[start : start + 2] for start in range(0, len(lines), 2)]
    if all(sum(map(latex_width, pair)) + PAIR_GAP < TEXT_WIDTH for pair in pairs):
        return [", & ".join(pair) for pair in pairs]
    return list(lines)


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


def under_brace(piece: Piece, macro: str = "") -> str:
    """Return a factor with its role under a brace; TeX gets a macro that a lecturer can restyle."""
    lines = LABELS.get(piece.role)
    if lines is None or latex_width(piece.text) > UNBROKEN:
        return piece.text
    label = r" \\ ".join(rf"\text{{{line}}}" for line in lines)
    if macro:
        return rf"{macro}{{{piece.text}}}{{{label}}}"
    return (
        rf"\underbrace{{{piece.text}}}_{{{label}}}"
        if len(lines) == 1
        else (rf"\underbrace{{{piece.text}}}_{{\substack{{{label}}}}}")
    )


def label_width(piece: Piece, labelled: bool) -> float:
    """Return the width of a factor, or of its label where that is wider."""
    around = latex_width(piece.before) + latex_width(piece.joint) + 2.0
    lines = LABELS.get(piece.role, ()) if labelled else ()
    return around + max([latex_width(piece.text), *(3.9 * len(line) + 3.0 for line in lines)])


def product_lines(
    left: str, pieces: Sequence[Piece], products: Products, *, labelled: bool = False, macro: str = ""
) -> list[str]:
    """Return ``left = product`` as rows of ``aligned`` that fit the text width."""
    closing = products.brackets[1]
    label = (lambda piece: under_brace(piece, macro)) if labelled else None
    texts = joined(pieces, products.dialect.joint, closing, label)
    sized = [(text, label_width(piece, labelled)) for text, piece in zip(texts, pieces, strict=True)]
    brackets = latex_width(closing) * sum(bool(piece.before) for piece in pieces)
    sized = [(text, width + brackets * piece.innermost) for (text, width), piece in zip(sized, pieces, strict=True)]
    return _broken(f"{left} &= ", [part for text, width in sized for part in _parts(text, width)])


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
