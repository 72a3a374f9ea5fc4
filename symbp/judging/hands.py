"""The ways in which people write a formula: code, MATLAB, signs, LaTeX. Each is read as one plain text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from symbp.judging import latex
from symbp.judging.lexicon import spelled

Spelled = tuple[str, list[int]]
"""A plain text, and for each of its characters, and its end, where it stands in what was typed."""


@dataclass(frozen=True)
class Hand:
    """How a way to write has what a repair puts in: a transpose, the sign of a product and of one entry by entry."""

    name: str
    transposed: str
    product: str
    entrywise: str


CODE = Hand("code", "{}.T", " @ ", " * ")
MATLAB = Hand("matlab", "{}'", " * ", " .* ")
SIGNS = Hand("signs", "{}ᵀ", " ", " ⊙ ")
LATEX = Hand("latex", r"{}^{{\top}}", " ", r" \odot ")

_LATEX = re.compile(r"\\[A-Za-z]|[\^_]\{")
_SIGNS = re.compile(r"[ᵀ⊙·′₀-₉δ∂]")
_DOTTED = re.compile(r"\.[*/^]")
_QUOTE = r"(?<=[\w)])'(?=\s*(?:[-+*/),;.]|$))"
_FUNCTION = re.compile(r"(?:f|g|sigma|sigmoid|tanh|relu|phi)\d*'$")
_PLAIN = {".*": "⊙", "./": "/", ".^": "**", "*": "·"}


def hand_of(text: str) -> Hand:
    """Return the way in which a formula is written."""
    if _LATEX.search(text):
        return LATEX
    if "einsum" not in text and "np." not in text and (_DOTTED.search(text) or _quotes(text)):
        return MATLAB
    return SIGNS if _SIGNS.search(text) else CODE


def plain(text: str) -> Spelled:
    """Return a formula in plain text with the places where its characters were typed."""
    hand = hand_of(text)
    if hand is LATEX:
        return latex.plain(text)
    return _of_matlab(text) if hand is MATLAB else spelled(text)


def _quotes(text: str) -> list[int]:
    """Return where a quote transposes what stands before it."""
    return [found.start() for found in re.finditer(_QUOTE, text) if not _FUNCTION.search(text[: found.end()])]


def _of_matlab(text: str) -> Spelled:
    quotes = set(_quotes(text))
    pieces: list[str] = []
    places: list[int] = []
    at = 0
    while at < len(text):
        sign = text[at : at + 2] if text[at : at + 2] in _PLAIN else text[at]
        piece = "ᵀ" if at in quotes else _PLAIN.get(sign) or spelled(sign)[0]
        pieces.append(piece)
        places += [at] * len(piece)
        at += len(sign)
    return "".join(pieces), [*places, len(text)]
