"""What a page says of the maps of its blocks: a letter, and the errors between which it carries.

"So F is (19)–(20), from δ_{X₂} to δ_{U₂}" and "A_Q is the part of A from δ_A to δ_Q (26)" are sentences; a line
"N_j δ_{U_j} = …" says what the map makes of any error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from reading import Between
from spelling import Letters, letters_in, text
from statements import said, texts
from sympy import MatrixSymbol

from symbp.maths.maps import Map
from symbp.maths.tree import Node, Row, Sign, Tag
from symbp.pages.page import Page
from symbp.symbols import Adjoint

FROM, TO, PART_OF = " from ", " to ", " is the part of "
"""The words before the error that a map begins with, before the one that it ends with, and before a whole map."""


def blocks_said(page: Page, numbers: Letters) -> dict[str, Between]:
    """Return the maps that sentences of a page name, by their letters with the numbers of their indices."""
    ranges = said(page, numbers)[1]
    found: dict[str, Between] = {}
    for sentence in texts(page.blocks):
        name = above = None
        for word, piece in zip(("", *sentence), sentence, strict=False):
            before = word if isinstance(word, str) else ""
            if _is(piece, Map) and not before.endswith(PART_OF):
                name = piece
            elif _is(piece, Adjoint) and before.endswith(FROM):
                above = piece
            elif _is(piece, Adjoint) and before.endswith(TO) and name is not None and above is not None:
                for letters in letters_of(name, ranges):
                    found[text(name, letters)] = Between(above.of, piece.of, letters)
                name = above = None
    return found


def acts(left: Node, letters: Letters) -> tuple[str, MatrixSymbol] | None:
    """Return the letter of a map and the error that it acts on, where a left side is that."""
    parts = left.items if isinstance(left, Row) else ()
    if len(parts) != 3 or not (isinstance(parts[1], Sign) and parts[1].kind == "times"):
        return None
    return (text(parts[0], letters), parts[2].of) if _is(parts[0], Map) and _is(parts[2], Adjoint) else None


def _is(piece: Any, kind: type) -> bool:
    return isinstance(piece, Tag) and isinstance(piece.of, kind)


def letters_of(name: Node, ranges: Mapping[str, Sequence[int]]) -> Iterator[Letters]:
    """Yield the numbers of the indices of a letter."""
    letters = sorted(letters_in(name) & set(ranges))
    for values in product(*(ranges[letter] for letter in letters)):
        yield dict(zip(letters, values, strict=True))
