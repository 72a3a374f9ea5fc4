"""How wide a formula is, and where it breaks: one breaker for every measure, in em or in characters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from symbp.maths.tree import (
    COMMA,
    QUAD,
    Accent,
    Blank,
    Fence,
    Frac,
    Id,
    Node,
    Num,
    Root,
    Row,
    Script,
    Sign,
    Table,
    Tag,
    Words,
    row,
    walk,
)  # fmt: skip
from symbp.pages.page import Line
from symbp.writing.formula import bare, in_line
from symbp.writing.spacing import bracket_size, gap, has_limits, is_big, is_small, items_of, slashed

Width = Callable[[Node], float]
"""How wide a tree is in the unit of a writer."""

FRAGMENT, ARTICLE = 32.0, 34.5
"""Measures in em: of a fragment, which fits any article; of LaTeX's own article, 345 pt at 10 pt."""

_ADDING = frozenset("+−±")
"""Operators that a line breaks at before it breaks at others."""


NOTHING = Row(())


# Breaking.


def sides(node: Node) -> tuple[Node, Node]:
    """Return what stands before the first relation, and the rest, which begins with it."""
    items = items_of(node)
    place = next((k for k, item in enumerate(items) if isinstance(item, Sign) and item.kind == "rel"), 0)
    return row(*items[:place]) if place else NOTHING, row(*items[place:])


def relation(tree: Node) -> tuple[Node, Node] | None:
    """Return the left side of a formula, and the rest from its first relation on; None where there is none."""
    items = items_of(tree)
    for at, item in enumerate(items):
        sign = bare(item)
        if at and isinstance(sign, Sign) and sign.kind == "rel":
            return row(*items[:at]), row(*items[at:])
    return None


def broken(node: Node, first: float, later: float, width: Width) -> list[Node]:
    """Return a formula in lines: the first at most ``first`` wide, the others ``later``.

    It breaks behind wide space, before a relation, a sum's sign, another operator, a factor, else inside its widest
    brackets; what has none of these stays whole. The signs stay as they are, in their order.
    """
    if width(node) <= first:
        return [node]
    return [row(*items) for items in _packed(items_of(node), first, later, width, 0)]


def rows_of(node: Node, room: int, width: Width) -> list[Node]:
    """Return a formula in rows; the sign of a product, which a dot may stand for, ends its row."""
    found = broken(in_line(node), room, room, width)
    for at, each in enumerate(found[1:], 1):
        first, *rest = items_of(each)
        if isinstance(first, Sign) and first.kind == "times":
            found[at - 1 : at + 1] = row(found[at - 1], first), row(*rest)
    return found


def _is_before(kind: str, signs: frozenset[str] = frozenset()) -> Callable[[Node], bool]:
    return lambda item: isinstance(item, Sign) and item.kind == kind and (not signs or item.sign in signs)


_LEVELS = (_is_before("rel"), _is_before("bin", _ADDING), _is_before("bin"), _is_before("times"))
"""Signs that begin a new line, the best first."""

_SHARES = (0.55, 0.65, 0.75, 0.85, 0.95)
"""Of the room for a line of factors, how much is tried."""


def _packed(items: Sequence[Node], first: float, later: float, width: Width, level: int) -> list[tuple[Node, ...]]:
    """Return items in lines, as much in each as fits."""
    if width(Row(tuple(items))) <= first:
        return [tuple(items)]
    if level > len(_LEVELS):
        return _opened(items, first, later, width)
    pieces = list(_after_space(items) if level == 0 else _before(items, _LEVELS[level - 1]))
    if len(pieces) == 1:
        return _packed(items, first, later, width, level + 1)
    lines = _filled(pieces, first, later, width, level)
    return _evened(lines, pieces, first, later, width) if level == len(_LEVELS) else lines


def _evened(
    lines: list[tuple[Node, ...]], pieces: Sequence[tuple[Node, ...]], first: float, later: float, width: Width
) -> list[tuple[Node, ...]]:
    """Return a product in as many lines, about as long as each other: none holds a last factor alone."""
    if any(width(Row(piece)) > _WORTH * later for piece in pieces):
        return lines
    for share in _SHARES:
        tried = _filled(pieces, share * first, share * later, width, len(_LEVELS))
        if len(tried) == len(lines) and all(width(Row(line)) <= later for line in tried[1:]):
            return tried if width(Row(tried[0])) <= first else lines
    return lines


def _filled(
    pieces: Sequence[tuple[Node, ...]], first: float, later: float, width: Width, level: int
) -> list[tuple[Node, ...]]:
    lines: list[tuple[Node, ...]] = []
    line: tuple[Node, ...] = ()
    for piece in pieces:
        room = later if lines else first
        if width(Row(line + piece)) <= room:
            line += piece
            continue
        left = room - width(Row(line))
        if line and (width(Row(piece)) <= later or left < _WORTH * later) and not _is_left(line, piece):
            lines.append(line)
            line, left = (), later
        *done, last = _packed(piece, left, later, width, level + 1)
        start = done[0] if done else last
        if line and width(Row(line + start)) > room and width(Row(start)) <= later:  # Too wide beside its left side.
            lines.append(line)
            line = ()
        if done:
            lines += [line + done[0], *done[1:]]
            line = last
        else:
            line += last
    return [*lines, line]


_WORTH = 0.35
"""The share of a line that must be free for something to begin there that is to be broken anyway."""


def _is_left(line: tuple[Node, ...], piece: tuple[Node, ...]) -> bool:
    """Say whether a line is the left side of what comes: it does not stand alone."""
    return _is_relation(piece[0]) and not any(map(_is_relation, line))


def _is_relation(item: Node) -> bool:
    return isinstance(item, Sign) and item.kind == "rel"


def _before(items: Sequence[Node], is_start: Callable[[Node], bool]) -> Iterator[tuple[Node, ...]]:
    """Yield items in pieces that begin at certain signs; a relation stays with what it relates."""
    start = 0
    for place, item in enumerate(items):
        if place > start and is_start(item) and not _only_signs(items[start:place]):
            yield tuple(items[start:place])
            start = place
    yield tuple(items[start:])


def _only_signs(items: Sequence[Node]) -> bool:
    return all(isinstance(item, Sign) and item.kind != "ord" for item in items)


def _after_space(items: Sequence[Node]) -> Iterator[tuple[Node, ...]]:
    start = 0
    for place, item in enumerate(items):
        if isinstance(item, Sign) and item.kind == "quad" and place + 1 < len(items):
            yield tuple(items[start : place + 1])
            start = place + 1
    yield tuple(items[start:])


def _opened(items: Sequence[Node], first: float, later: float, width: Width) -> list[tuple[Node, ...]]:
    """Return items broken inside the widest of them that has brackets or stands for something; else whole."""
    able = [place for place, item in enumerate(items) if _inside(item) is not None]
    if not able:
        return [tuple(items)]
    place = max(able, key=lambda each: width(items[each]))
    item, before, after = items[place], tuple(items[:place]), tuple(items[place + 1 :])
    inside = _inside(item)
    assert inside is not None
    spare = width(Row((*before, item))) - width(inside)
    parts = _packed(items_of(inside), first - spare, later - width(Row((item, *after))) + width(inside), width, 0)
    if len(parts) == 1:
        return [tuple(items)]
    halves = [_half(item, row(*part), k, len(parts)) for k, part in enumerate(parts)]
    return [(*before, halves[0]), *((each,) for each in halves[1:-1]), (halves[-1], *after)]


def _inside(item: Node) -> Node | None:
    """Return what stands in brackets, with or without an index, or in a part that has no words under it."""
    if isinstance(item, Fence):
        return item.body
    if isinstance(item, Script) and isinstance(item.base, Fence):
        return item.base.body
    return item.body if isinstance(item, Tag) and not item.label and isinstance(item.body, Row | Fence) else None


def _half(item: Node, part: Node, place: int, count: int) -> Node:
    """Return one line of what was broken: of brackets, the one that stands there, as large as around the whole."""
    is_last = place == count - 1
    if isinstance(item, Tag):
        return Tag(part, item.of, item.role)
    if isinstance(item, Script):
        half = _half(item.base, part, place, count)
        return Script(half, item.sub, item.sup) if is_last else half
    assert isinstance(item, Fence)
    opening, closing = item.open if place == 0 else "", item.close if is_last else ""
    return Tag(Fence(part, opening, closing), item) if opening or closing else part


# Lines of equations.


@dataclass(frozen=True)
class Shown:
    """What stands on one line: a left side and the rest, or, where it ``continues`` one, the rest alone."""

    left: Node
    right: Node
    continues: bool = False


def shown(line: Line, measure: float, left: float, width: Width, hanging: float = 1.0) -> list[Shown]:
    """Return a line of equations as it is set: its parts beside each other as far as they fit, long ones broken.

    ``left`` is how much the left sides beside it take, ``hanging`` how far a continuation is set in.
    """
    room = measure - max(left, *(width(sides(part)[0]) for part in line.parts))
    room -= width(COMMA) if len(line.parts) > 1 else 0.0
    found: list[Shown] = []
    for part in line.parts:
        start, rest = sides(part)
        wider = row(found[-1].right, COMMA, QUAD, part) if found else NOTHING
        if found and width(wider) <= room - hanging * found[-1].continues:
            found[-1] = replace(found[-1], right=wider)
            continue
        if found:
            found[-1] = replace(found[-1], right=row(found[-1].right, COMMA))
        found += _continued(start, broken(rest, room, room - hanging, width))
    return _with_where(found, line.where, room - hanging, width)


def _continued(left: Node, lines: Sequence[Node]) -> list[Shown]:
    return [Shown(left if place == 0 else NOTHING, each, place > 0) for place, each in enumerate(lines)]


def _with_where(found: list[Shown], where: Node | None, room: float, width: Width) -> list[Shown]:
    """Return lines with the indices for which they hold behind the last, or under it."""
    if where is None:
        return found
    for_these = Fence(where)
    wider = row(found[-1].right, QUAD, for_these)
    if width(wider) <= room:
        return [*found[:-1], replace(found[-1], right=wider)]
    return [*found, Shown(NOTHING, for_these, continues=True)]


# Width in em.

_ITALIC = {
    0.33: "lιit", 0.42: "ℓbc", 0.47: "ejsεoqrδξ", 0.51: "pθgzζdvIρ", 0.54: "ayηkτνuxγ", 0.59: "hκλυfnμπσ",
    0.63: "βχΓαJφω", 0.68: "SΞLψΛ", 0.73: "TΣΦΩwAZΠ", 0.78: "RFPΘΨCGOQU", 0.82: "EYBVΔD", 0.9: "mHNXK", 1.08: "MW",
}  # fmt: skip
_UPRIGHT = {
    0.28: "!',.:;<[]`il|", 0.32: "fj -", 0.39: "()rstI", 0.44: "cez", 0.5: "*/0123456789agoJ", 0.53: "kqvxy",
    0.56: "Sbdhnpu", 0.64: "ZLF", 0.71: "EPBCTw", 0.75: "RAHNUVXYD", 0.78: "+=@GKOQ×±−≤≥", 0.83: "m",
    0.96: "MW", 1.0: "→↗↘",
}  # fmt: skip


def _each(table: Mapping[float, str]) -> dict[str, float]:
    return {char: width for width, chars in table.items() for char in chars}


_LETTERS, _WORD_WIDTHS = _each(_ITALIC), _each(_UPRIGHT)
_SIGNS = {
    "∑": 1.44, "∏": 1.28, "∂": 0.59, "∇": 0.83, "⊤": 0.78, "′": 0.28, "…": 1.17, "⋯": 1.17, "∞": 1.0, "·": 0.28,
    "∘": 0.5, "←": 1.0, "→": 1.0, "∈": 0.67,
}  # fmt: skip
_AROUND = {"bin": 0.44, "rel": 0.56, "comma": 0.17}
_SIGN_WIDTH = {"bin": 0.78, "rel": 0.78, "comma": 0.28, "slash": 0.5, "times": 0.0, "apply": 0.0, "quad": 1.0}
_GAPS = {"none": 0.0, "thin": 0.167, "braces": 0.167, "dot": 0.72}
_BRACKETS = (0.39, 0.46, 0.6, 0.86)
_UNSEEN = 0.12
"""The width of a bracket that grows and is not seen."""

_INDEX, _BOLD, _SCRIPT = 0.79, 0.575, 0.75


def em_width(node: Node) -> float:
    """Return about how wide a formula is in a display, in em."""
    return _WIDTHS[type(node)](node)


def word_width(text: str) -> float:
    """Return about how wide words are, in em."""
    return sum(_WORD_WIDTHS.get(char, 0.5) for char in text)


def _id_width(node: Id) -> float:
    if node.style in ("bold", "bold-italic"):
        return _BOLD * len(node.name)
    if node.style == "script":
        return _SCRIPT * len(node.name)
    if len(node.name) > 1:
        return word_width(node.name)
    return _LETTERS.get(node.name, 0.6)


def _row_width(node: Row) -> float:
    items = node.items
    return sum(_beside(items, place) for place in range(len(items)))


def _beside(items: Sequence[Node], place: int) -> float:
    """Return the width of an item with the space that it makes between its neighbours."""
    item = items[place]
    if not isinstance(item, Sign):
        return em_width(item)
    inner = 0 < place < len(items) - 1
    if item.kind == "times":
        return _GAPS[gap(items[place - 1], items[place + 1])] if inner else 0.0
    if item.kind == "apply":
        return 0.167 if inner and not isinstance(items[place + 1], Fence | Table) else 0.0
    if item.kind == "postfix":
        return _INDEX * em_width(item)
    return em_width(item) + _AROUND.get(item.kind, 0.0)


def _sign_width(node: Sign) -> float:
    if node.below is not None:
        return _sign_width(replace(node, below=None)) + _INDEX * em_width(node.below)
    return _SIGNS.get(node.sign) or _SIGN_WIDTH.get(node.kind) or (0.78 if node.sign in "+−" else 0.5)


def _index_width(node: Node | None) -> float:
    """Return the width of an index: smaller, and no space around its signs."""
    if node is None:
        return 0.0
    if isinstance(node, Row):
        return sum(_index_width(item) for item in node.items)
    if isinstance(node, Fence):
        return _index_width(node.body) + _INDEX * _BRACKETS[0] * sum(map(bool, (node.open, node.close)))
    return _INDEX * em_width(node)


def _script_width(node: Script) -> float:
    indices = (_index_width(node.sub), _index_width(node.sup))
    if is_big(node.base):
        return max(em_width(node.base), *indices) + 0.17 if has_limits(node) else _beside_big(node)
    return em_width(node.base) + max(indices) + 0.05


def _beside_big(node: Script) -> float:
    """Return the width of a sum whose limits stand beside its sign, as in a line of words."""
    return 1.4 + max(_index_width(node.sub), _index_width(node.sup))


def inline_width(node: Node) -> float:
    """Return about how wide a formula is in a line of words, in em."""
    whole = slashed(node)
    sums = (each for each in walk(whole) if isinstance(each, Script) and is_big(each.base))
    return em_width(whole) + sum(_beside_big(each) - em_width(each) for each in sums)


def _frac_width(node: Frac) -> float:
    widest = max(em_width(node.over), em_width(node.under))
    return (_INDEX if is_small(node) else 1.0) * widest + 0.24


def _fence_width(node: Fence, whole: Fence | None = None) -> float:
    size = _BRACKETS[bracket_size(whole or node)]
    unseen = _UNSEEN if size == _BRACKETS[-1] else 0.0
    return em_width(node.body) + sum(size if each else unseen for each in (node.open, node.close))


def _table_width(node: Table) -> float:
    columns = zip(*node.rows, strict=True)
    inside = [max(em_width(cell) for cell in column) for column in columns]
    return sum(inside) + 1.0 * (len(inside) - 1) + 0.9 * sum(map(bool, (node.open, node.close)))


def _tag_width(node: Tag) -> float:
    if isinstance(node.body, Fence) and isinstance(node.of, Fence):  # One half of brackets.
        return _fence_width(node.body, node.of)
    words = max((_INDEX * word_width(each) for each in node.label), default=0.0)
    return max(em_width(node.body), words)


_WIDTHS: dict[type[Node], Callable[..., float]] = {
    Id: _id_width,
    Num: lambda node: sum(0.28 if char == "." else 0.5 for char in node.digits + node.unseen),
    Sign: _sign_width, Row: _row_width, Frac: _frac_width,
    Root: lambda node: em_width(node.body) + 0.85,
    Script: _script_width,
    Accent: lambda node: em_width(node.base),
    Fence: _fence_width, Table: _table_width,
    Words: lambda node: word_width(node.text),
    Tag: _tag_width,
    Blank: lambda node: max(1, node.width) + 0.7,
}  # fmt: skip
