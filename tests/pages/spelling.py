"""What is printed, as text: names of symbols with their indices, and the values of an index that a line is said for."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sympy import Integer, MatrixSymbol

from symbp.maths.tree import Accent, Fence, Frac, Id, Node, Num, Root, Row, Script, Sign, Table, Tag, Words, walk
from symbp.symbols import Adjoint
from symbp.views.lines import Indexed

Letters = Mapping[str, int]
"""Letters of indices and the numbers they have: l is 3."""


class Said(int):
    """The value of an index that has a word, such as the gate i, by its number."""

    word: str

    @classmethod
    def of(cls, number: int, word: str) -> Said:
        """Return a number with its word."""
        found = cls(number)
        found.word = word
        return found


def words_of(letter: str, numbers: Letters) -> dict[str, int]:
    """Return the words that an index stands for, with their numbers."""
    start = f"{letter}="
    return {name.removeprefix(start): value for name, value in numbers.items() if name.startswith(start)}


def words_below(below: Sequence[Node], numbers: Mapping[str, float]) -> list[dict[str, int]]:
    """Return the values of an index with words below a big sign: all of them, or those behind an =; else nothing."""
    first = below[0] if below else None
    words = words_of(first.name, numbers) if isinstance(first, Id) else {}  # type: ignore[arg-type]
    if not words or not isinstance(first, Id):
        return []
    if len(below) == 1:
        return [{first.name: value} for value in words.values()]
    said = ["".join(map(text, piece)) for piece in split(Row(tuple(below[2:])), ",")]
    return [{first.name: words[each]} for each in said] if all(each in words for each in said) else []


class UnreadableError(ValueError):
    """What a person could not read, or could read in two ways."""


class LackingError(UnreadableError):
    """What a person cannot work out yet: a value or a function that another line says."""


def text(node: Node | None, letters: Letters | None = None) -> str:
    """Return a tree as one line of text; indices are worked out where their letters have numbers."""
    letters = letters or {}
    match node:
        case None:
            return ""
        case Id(name, style):
            return name if style in ("italic", "upright") else f"{style}:{name}"
        case Num(digits):
            return digits
        case Sign(sign, kind):
            return {"times": " ", "apply": "", "quad": "  "}.get(kind, sign)
        case Row(items):
            return "".join(text(item, letters) for item in items)
        case Frac(over, under):
            return f"({text(over, letters)})/({text(under, letters)})"
        case Root(body):
            return f"√({text(body, letters)})"
        case Script(base, sub, sup):
            lower = f"_{{{index_text(sub, letters)}}}" if sub is not None else ""
            upper = f"^{{{index_text(sup, letters)}}}" if sup is not None else ""
            return f"{text(base, letters)}{lower}{upper}"
        case Accent(base, mark):
            return f"{mark}:{text(base, letters)}"
        case Fence(body, left, right):
            return f"{left}{text(body, letters)}{right}"
        case Table(rows, left, right):
            inside = "; ".join(", ".join(text(cell, letters) for cell in line) for line in rows)
            return f"{left}{inside}{right}"
        case Words(words):
            return words
        case Tag(body):
            return text(body, letters)
    return "□"


def index_text(node: Node | None, letters: Letters) -> str:
    """Return an index as text, sums of letters and numbers worked out piece by piece: l+1 is 4 where l is 3."""
    if isinstance(node, Fence):
        return f"{node.open}{index_text(node.body, letters)}{node.close}"
    pieces: list[str] = []
    for piece in split(node, ","):
        if len(piece) == 1 and isinstance(piece[0], Fence):
            pieces.append(index_text(piece[0], letters))
            continue
        number = whole(piece, letters)
        if len(piece) == 1 and isinstance(piece[0], Id) and isinstance(letters.get(piece[0].name), Said):
            pieces.append(letters[piece[0].name].word)  # type: ignore[attr-defined]
            continue
        pieces.append(_mixed(piece, letters) if number is None else str(number))
    return ",".join(pieces)


def _mixed(piece: Sequence[Node], letters: Letters) -> str:
    """Return an index that is no number: (l)⊤, hidden, …"""
    return "".join(index_text(item, letters) if isinstance(item, Fence) else text(item, letters) for item in piece)


def split(node: Node | None, sign: str) -> list[list[Node]]:
    """Return the nodes of a row between the signs; one node is a row of itself."""
    items = node.items if isinstance(node, Row) else () if node is None else (node,)
    found: list[list[Node]] = [[]]
    for item in items:
        if isinstance(item, Sign) and item.sign == sign:
            found.append([])
        elif not (isinstance(item, Sign) and item.kind == "quad"):
            found[-1].append(item)
    return found


def whole(items: Sequence[Node], letters: Letters) -> int | None:
    """Return the whole number that letters and digits with + and − make, 3l + 2 too; None where they make none."""
    total, term, sign = 0, 0, 1
    begun = times = False
    for item in items:
        item = item.body if isinstance(item, Tag) else item
        if isinstance(item, Sign) and item.kind == "times" and begun and not times:
            times = True
            continue
        if isinstance(item, Sign) and item.sign in "+−" and item.sign:
            if times or (not begun and item.sign == "+"):
                return None
            turn = -1 if item.sign == "−" else 1
            total, term, sign, begun = total + sign * term, 0, turn if begun else sign * turn, False
            continue
        if isinstance(item, Num) and item.digits.isdigit():
            value = int(item.digits)
        elif isinstance(item, Id) and item.name in letters:
            value = int(letters[item.name])
        else:
            return None
        if begun and not times:
            return None
        term, begun, times = term * value if times else value, True, False
    return total + sign * term if begun and not times else None


def run_between(left: Node, right: Node, letters: Letters) -> list[dict[str, int]] | None:
    """Return the values of the letter of ``left`` for which it stands on the way to ``right``; None where it does not.

    Of J_{t+1} ⋯ J_T there is nothing where t is T.
    """
    last = text(right, letters)
    for letter in sorted(letters_in(left) & set(letters)):
        for more in range(-1, MOST_STEPS):
            if text(left, {**letters, letter: letters[letter] + more}) == last:
                return [{letter: letters[letter] + at_} for at_ in range(more + 1)]
    return None


MOST_STEPS = 200
"""The longest product with dots that is read."""

DOTS = "⋯…"


def is_dots(items: Sequence[Node]) -> bool:
    """Tell whether nothing but dots stands there."""
    return len(items) == 1 and isinstance(items[0], Sign) and items[0].sign in DOTS


def letters_in(node: Node | None) -> set[str]:
    """Return the letters that stand in a tree."""
    return set() if node is None else {each.name for each in walk(node) if isinstance(each, Id)}


def bare(tag: Tag) -> Node:
    """Return what a tag prints without a ⊤ or ′ at its end, which are no part of the name."""
    return without_postfixes(tag.body)[0]


def without_postfixes(node: Node) -> tuple[Node, tuple[str, ...]]:
    """Return a node without the postfix signs at the end of its upper index, and those signs."""
    if not isinstance(node, Script) or node.sup is None:
        return node, ()
    items = list(node.sup.items) if isinstance(node.sup, Row) else [node.sup]
    signs: list[str] = []
    while items and isinstance(items[-1], Sign) and items[-1].kind == "postfix":
        signs.insert(0, items.pop().sign)
    if not signs:
        return node, ()
    rest = None if not items else items[0] if len(items) == 1 else Row(tuple(items))
    return (node.base if rest is None and node.sub is None else Script(node.base, node.sub, rest)), tuple(signs)


def name_of(tag: Tag, letters: Letters) -> str:
    """Return the name that a tag prints, its indices worked out."""
    return text(bare(tag), letters)


def at(symbol: MatrixSymbol, letters: Letters) -> MatrixSymbol:
    """Return a symbol with the letters of its indices replaced by their numbers."""
    if isinstance(symbol, Adjoint):
        return type(symbol)(at(symbol.of, letters))
    if isinstance(symbol, Indexed):
        values = {each: Integer(letters[each.name]) for each in index_letters(symbol) if each.name in letters}
        return Indexed(symbol.of, *(index.xreplace(values) for index in symbol.indices))
    return symbol


def index_letters(symbol: Any) -> set[Any]:
    """Return the letters in the indices of a symbol."""
    if isinstance(symbol, Adjoint):
        return index_letters(symbol.of)
    if isinstance(symbol, Indexed):
        return set().union(*(index.free_symbols for index in symbol.indices), set())
    return set()


def indices_of(where: Node, numbers: Letters | None = None) -> list[dict[str, int]] | None:
    """Read for which values of its indices a line holds: ``l = 3, …, 1``, ``h = 1, 2``, ``1 ≤ l < L``; None for words.

    ``numbers`` are letters that stand for one number on the whole page, such as L. Several conditions stand behind
    each other, each with a letter of its own: the line holds for all pairs, the first letter outermost.
    """
    numbers = numbers or {}
    items = [item for item in (where.items if isinstance(where, Row) else (where,)) if not isinstance(item, Words)]
    items = [item.body if isinstance(item, Tag) else item for item in items]
    relations = [place for place, item in enumerate(items) if isinstance(item, Sign) and item.kind == "rel"]
    if not relations:
        return None
    ranges: dict[str, list[int]] = {}
    for part in _conditions(items):
        letter, values = _range(part, numbers)
        if letter in ranges:
            ranges[letter] = [value for value in ranges[letter] if value in values]
        else:
            ranges[letter] = values
    return [dict(zip(ranges, each, strict=True)) for each in itertools.product(*ranges.values())]


def _conditions(items: Sequence[Node]) -> Iterator[list[Node]]:
    """Yield the conditions of a row: a comma followed by ``letter relation`` begins the next one."""
    begin = 0
    for place, item in enumerate(items):
        after = items[place + 1 : place + 3]
        starts = isinstance(item, Sign) and item.kind in ("comma", "quad") and len(after) == 2
        if starts and isinstance(after[0], Id) and isinstance(after[1], Sign) and after[1].kind == "rel":
            yield list(items[begin:place])
            begin = place + 1
    yield list(items[begin:])


def _range(part: Sequence[Node], numbers: Letters) -> tuple[str, list[int]]:
    relations = [place for place, item in enumerate(part) if isinstance(item, Sign) and item.kind == "rel"]
    shown = "".join(map(text, part))
    if not relations:
        raise UnreadableError(f"no relation in {shown!r}")
    sides = [part[a:b] for a, b in itertools.pairwise((0, *(p + 1 for p in relations), len(part) + 1))]
    sides = [[*side[:-1]] if number < len(relations) else [*side] for number, side in enumerate(sides)]
    signs = [part[place].sign for place in relations]  # type: ignore[attr-defined]
    if signs == ["="]:
        (letter,) = sides[0]
        if not isinstance(letter, Id):
            raise UnreadableError(f"no letter before = in {shown!r}")
        pieces, words = split(Row(tuple(sides[1])), ","), words_of(letter.name, numbers)
        said = ["".join(map(text, piece)) for piece in pieces]
        if words and all(each in words for each in said):
            return letter.name, [words[each] for each in said]
        return letter.name, _listed(pieces, numbers, shown)
    return _between(sides, signs, numbers, shown)


def _between(sides: list[list[Node]], signs: list[str], numbers: Letters, shown: str) -> tuple[str, list[int]]:
    middle = next(
        (side for side in sides if len(side) == 1 and isinstance(side[0], Id) and side[0].name not in numbers), None
    )
    if middle is None:
        raise UnreadableError(f"no index in {shown!r}")
    place = sides.index(middle)
    least, most = 1, None
    for number, sign in enumerate(signs):
        other = sides[number] if number < place else sides[number + 1]
        bound = whole(other, numbers)
        if bound is None:
            raise UnreadableError(f"no number beside {sign} in {shown!r}")
        upward = (sign in "<≤") == (number < place)
        strict = sign in "<>"
        if upward:
            least = bound + strict
        else:
            most = bound - strict
    if most is None:
        raise UnreadableError(f"no end in {shown!r}")
    return middle[0].name, list(range(least, most + 1))  # type: ignore[attr-defined]


def _listed(pieces: list[list[Node]], numbers: Letters, shown: str) -> list[int]:
    """Read ``1, 2, …, 5`` or ``4, …, 1`` or ``1, 2`` or ``2``."""
    dots = [place for place, piece in enumerate(pieces) if is_dots(piece)]
    values = [whole(piece, numbers) for place, piece in enumerate(pieces) if place not in dots]
    if any(value is None for value in values) or not values:
        raise UnreadableError(f"not a list of numbers: {shown!r}")
    found = [value for value in values if value is not None]
    if not dots:
        return found
    if len(dots) > 1 or dots[0] in (0, len(pieces) - 1):
        raise UnreadableError(f"dots without both ends: {shown!r}")
    before, last = found[: dots[0]], found[dots[0]]
    step = before[-1] - before[-2] if len(before) > 1 else 1 if last >= before[-1] else -1
    if not step or (last - before[-1]) % step or (last - before[-1]) * step < 0:
        raise UnreadableError(f"a list that does not reach its end: {shown!r}")
    return [*before[:-1], *range(before[-1], last + (1 if step > 0 else -1), step)]
