"""A formula too long for its line, in rows: broken at relations first, then at sums, then between factors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from symbp.maths.dress import ENTRYWISE
from symbp.maths.tree import Fence, Frac, Node, Row, Script, Sign, Tag, row
from symbp.writing.formula import bare, items_of, loose

Measure = Callable[[Node], int]
"""How wide a tree is, in columns or in em."""

Items = tuple[Node, ...]

NARROWEST = 8
"""The least width in which the inside of a bracket is broken."""

_LOOSEST, _TIGHTEST = 0, 3
_CLOSER = frozenset(each.sign for each in ENTRYWISE.values())
_LEVELS = {"quad": 0, "rel": 0, "comma": 1, "bin": 1, "times": 3}
"""Where a row may break, the loosest place first; a product entry by entry (⊙) binds closer than a sum."""


def broken(tree: Node, width: int, measure: Measure) -> list[Node]:
    """Return a formula as rows of at most ``width``, in its order; what cannot be broken keeps its width.

    A row begins with the sign it was broken at, but for a product and a comma, which stand at the end.
    """
    return [row(*items) for items in _Breaker(width, measure).rows(items_of(tree), _LOOSEST)]


@dataclass(frozen=True)
class _Breaker:
    width: int
    measure: Measure

    def rows(self, items: Items, level: int) -> list[Items]:
        if self._size(items) <= self.width:
            return [items]
        if level > _TIGHTEST:
            return self._opened(items)
        pieces = list(_pieces(items, level))
        if len(pieces) == 1:
            return self.rows(items, level + 1)
        return self._packed(pieces, level)

    def _packed(self, pieces: list[Items], level: int) -> list[Items]:
        """Return as many pieces a row as fit; what is too long for one is broken at the next level."""
        rows: list[Items] = []
        filled = self.width + 1
        for piece in pieces:
            size = self._size(piece)
            if filled + 1 + size <= self.width:
                rows[-1] += piece
                filled += 1 + size
                continue
            rows += self.rows(piece, level + 1)
            filled = self._size(rows[-1])
        return rows

    def _size(self, items: Items) -> int:
        return self.measure(row(*items))

    def _opened(self, items: Items) -> list[Items]:
        """Return rows that break inside the widest bracket, whose sides then stand on two rows."""
        at = max(range(len(items)), key=lambda index: self.measure(items[index]))
        beside = self._size(items) - self.measure(items[at])
        inside = replace(self, width=max(self.width - beside, NARROWEST))._bracket_rows(items[at])
        if len(inside) == 1:
            return [items]
        first, last = (*items[:at], inside[0]), (inside[-1], *items[at + 1 :])
        return [first, *((each,) for each in inside[1:-1]), last]

    def _bracket_rows(self, node: Node) -> list[Node]:
        match bare(node):
            case Fence(body, open_, close):
                rows = broken(body, self.width - len(open_) - len(close), self.measure)
                return rows if len(rows) == 1 else _between(rows, open_, close)
            case Script(base) as script:
                *rest, last = self._bracket_rows(base)
                return [*rest, replace(script, base=last)] if rest else [node]
            case Frac(over, under):
                *rest, last = self._bracket_rows(Fence(over) if loose(over, "numerator") else over)
                return [*rest, Frac(last, under)] if rest else [node]
            case Row(items):
                return [row(*each) for each in self.rows(items, _LOOSEST)]
        return [node]


def _between(rows: list[Node], open_: str, close: str) -> list[Node]:
    return [Fence(rows[0], open_, ""), *rows[1:-1], Fence(rows[-1], "", close)]


def _pieces(items: Items, level: int) -> Iterator[Items]:
    """Yield the parts of a row between the places where it may break at a level."""
    start = 0
    for at, item in enumerate(items):
        sign = bare(item)
        if not isinstance(sign, Sign) or _level(sign) != level:
            continue
        cut = at + 1 if sign.kind in ("times", "comma", "quad") else at
        if cut > start:
            yield items[start:cut]
            start = cut
    if start < len(items):
        yield items[start:]


def _level(sign: Sign) -> int | None:
    return 2 if sign.sign in _CLOSER else _LEVELS.get(sign.kind)


def relation(tree: Node) -> tuple[Node, Node] | None:
    """Return the left side of a formula, and the rest from its first relation on; None where there is none."""
    items = items_of(tree)
    for at, item in enumerate(items):
        sign = bare(item)
        if at and isinstance(sign, Sign) and sign.kind == "rel":
            return row(*items[:at]), row(*items[at:])
    return None


def labelled(node: Node) -> Tag | None:
    """Return the tag with words for a brace that stands outermost around a node, or None."""
    while isinstance(node, Tag):
        if node.label:
            return node
        node = node.body
    return None
