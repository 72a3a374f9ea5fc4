"""Displays: rows of equations in ``aligned``, products broken so that they fit the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from symbp.op import FactorRole
from symbp.report.products import TEXT_WIDTH, Piece, joined, latex_width, rows

LEFT_SIDE = 50.0
"""Room for ∂𝓛/∂W = in front of a product, in points."""

INDENT = 14.0
"""How far the rows of a broken product are set in."""

LONGEST = 10
"""Rows of one display; TeX does not break aligned over pages."""

LABELS: dict[FactorRole, tuple[str, ...]] = {
    FactorRole.LOSS: ("loss", "gradient"),
    FactorRole.WEIGHT: ("weight",),
    FactorRole.SLOPE: ("activation", "derivative"),
    FactorRole.PREVIOUS: ("previous", "activation"),
    FactorRole.SUM: ("sum of", "paths"),
    FactorRole.CONSTANT: ("constant",),
}
"""What stands under the brace of each role, a word a line."""


def aligned(lines: Iterable[str]) -> str:
    """Return one display of aligned equations."""
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"


def displays(lines: Sequence[str], most: int = LONGEST) -> tuple[str, ...]:
    """Return equations as displays that a page can hold."""
    return tuple(aligned(lines[start : start + most]) for start in range(0, len(lines), most))


def under_brace(piece: Piece, macro: str = "") -> str:
    """Return a factor with its role under a brace; TeX gets a macro that a lecturer can restyle."""
    lines = LABELS.get(piece.role)
    if lines is None:
        return piece.text
    label = r" \\ ".join(rf"\text{{{line}}}" for line in lines)
    if macro:
        return rf"{macro}{{{piece.text}}}{{{label}}}"
    return rf"\underbrace{{{piece.text}}}_{{{label}}}" if len(lines) == 1 else (
        rf"\underbrace{{{piece.text}}}_{{\substack{{{label}}}}}"
    )


def label_width(piece: Piece, labelled: bool) -> float:
    """Return the width of a factor, or of its label where that is wider."""
    width = latex_width(piece.text) + latex_width(piece.after) + 2.0
    lines = LABELS.get(piece.role, ()) if labelled else ()
    return max([width, *(3.9 * len(line) + 3.0 + latex_width(piece.after) for line in lines)])


def product_lines(
    left: str, pieces: Sequence[Piece], joint: str, *, labelled: bool = False, macro: str = "", sign: str = "="
) -> list[str]:
    """Return ``left = product`` as rows of ``aligned`` that fit the text width."""
    texts = joined(pieces, joint, (lambda piece: under_brace(piece, macro)) if labelled else None)
    sized = [(text, label_width(piece, labelled)) for text, piece in zip(texts, pieces, strict=True)]
    first, *others = rows(sized, TEXT_WIDTH - LEFT_SIDE, TEXT_WIDTH - LEFT_SIDE - INDENT)
    return [f"{left} &{sign} {first}", *(rf"&\quad {other}" for other in others)]
