"""A tree of mathematics as text: on one line wherever that is possible, a matrix on several."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Literal

from symbp.maths.dress import TRANSPOSES
from symbp.maths.tree import (
    APPLY,
    COMMA,
    PRIME,
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
)
from symbp.writing.boxes import Box, beside, boxed, under
from symbp.writing.letters import ASCII, HALVES, INDICES, MAPS, SUBSCRIPTS, UNICODE, Alphabet, columns, script_letter
from symbp.writing.spacing import gap, is_figure

SPACE = {
    "bin": (" ", " "),
    "rel": (" ", " "),
    "comma": ("", " "),
    "slash": ("", ""),
    "prefix": ("", ""),
    "postfix": ("", ""),
    "big": ("", " "),
    "ord": ("", ""),
    "quad": ("", ""),
}
"""What stands before and behind a sign, by what it does."""

DOT = Sign("·")
"""What stands between two numbers."""

JOINED = frozenset("δ∇Δ")
"""Letters that stand before what they are of: the error of Q is δQ."""


def bare(node: Node) -> Node:
    """Return a node without its tags, and what a row of one item holds."""
    while isinstance(node, Tag) or (isinstance(node, Row) and len(node.items) == 1):
        node = node.body if isinstance(node, Tag) else node.items[0]
    return node


def items_of(node: Node) -> tuple[Node, ...]:
    """Return what stands beside each other in a node; no tag hides a row."""
    inside = bare(node)
    return inside.items if isinstance(inside, Row) else (inside,)


@dataclass(frozen=True)
class Speller:
    """Writes trees in one alphabet.

    An index in brackets that stands above (W⁽ˡ⁾) is written below (Wₗ), unless ``raised``: another symbol of the same
    letter has a number below, which the index might be. ``loss`` is the loss where the alphabet has no script.
    ``flat`` writes a matrix row by row on one line.
    """

    alphabet: Alphabet
    raised: bool = False
    loss: str = "L"
    flat: bool = False
    _written: dict[tuple[int, bool], tuple[Node, Box]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, trees: Iterable[Node], *, ascii: bool = False) -> Speller:
        """Return the writer for trees that are read together: no two of their symbols look alike."""
        alone = cls(ASCII if ascii else UNICODE)
        nodes = [node for tree in trees for node in walk(tree)]
        scripts = [node for node in nodes if isinstance(node, Script)]
        layers = [node for node in scripts if _layer(node) is not None]
        others = [node for node in scripts if node.sub is not None and _layer(node) is None]
        lowered = {alone.line(node) for node in layers} | {alone.line(_merged(node).base) for node in layers}
        below = {alone.line(node.base if isinstance(node.sub, Num) else node) for node in others}
        depth = any(isinstance(node, Id) and node.name == "L" and node.style != "script" for node in nodes)
        clash = bool(lowered & below)
        return cls(alone.alphabet, clash, "Loss" if depth else "L") if clash or depth else alone

    def box(self, node: Node, tight: bool = False) -> Box:
        """Return a node as text; ``tight`` as in an index, without the space around signs.

        A node is written once: it is kept beside its text, so that no other node can have its identity.
        """
        key = (id(node), tight)
        if key not in self._written:
            self._written[key] = (node, _WRITERS[type(node)](self, node, tight))
        return self._written[key][1]

    def text(self, node: Node) -> str:
        """Return a formula as text, a matrix in it on several lines."""
        return str(self.box(node))

    def line(self, node: Node, tight: bool = False) -> str:
        """Return a node on one line, a matrix in it row by row: [a; b]."""
        box = self.box(node, tight)
        if len(box.lines) > 1 and not self.flat:
            return replace(self, flat=True, _written={}).line(node, tight)
        return box.lines[box.base]

    def bracketed(self, node: Node, brackets: bool) -> Box:
        """Return a node, in brackets where it needs them."""
        return self.box(Fence(node) if brackets else node)


def math_text(node: Node, *, ascii: bool = False) -> str:
    """Return a formula as text for people: Unicode, or ASCII alone."""
    return Speller.of((node,), ascii=ascii).text(node)


# Letters, numbers, words


def _id(speller: Speller, node: Id, tight: bool) -> Box:
    if node.style == "script":
        word = _map_word(speller, node)
        return boxed(word + speller.alphabet.transpose if word else _script_letter(speller, node.name))
    return boxed(speller.alphabet.spell(node.name))


def _script_letter(speller: Speller, name: str) -> str:
    if speller.alphabet.ascii:
        return speller.loss if name == "L" else f"cal({name})"
    return script_letter(name)


def _map_word(speller: Speller, node: Node) -> str:
    """Return the part of the network that a letter in script takes an error back through, or nothing."""
    node = bare(node)
    return MAPS.get(node.name, "") if isinstance(node, Id) and node.style == "script" else ""


def _num(speller: Speller, node: Num, tight: bool) -> Box:
    return boxed(speller.alphabet.spell(node.digits) + " " * len(node.unseen))


def _words(speller: Speller, node: Words, tight: bool) -> Box:
    return boxed(speller.alphabet.spell(node.text))


def _lone_sign(speller: Speller, node: Sign, tight: bool) -> Box:
    return boxed(_sign(speller, node, None, None, tight))


def _tag(speller: Speller, node: Tag, tight: bool) -> Box:
    return speller.box(node.body, tight)


def _blank(speller: Speller, node: Blank, tight: bool) -> Box:
    return boxed("_" * node.width)


def _accent(speller: Speller, node: Accent, tight: bool) -> Box:
    base = bare(node.base)
    if isinstance(base, Script):
        return speller.box(replace(base, base=Accent(base.base, node.mark)), tight)
    text, mark = speller.line(base), speller.alphabet.marks[node.mark]
    if columns(text) == 1 or (isinstance(base, Id) and speller.alphabet.ascii):
        return boxed(unicodedata.normalize("NFC", text + mark))
    return boxed(f"{node.mark}({text})")


# Rows


def _row(speller: Speller, node: Row, tight: bool) -> Box:
    boxes: list[Box] = []
    items = node.items
    for at, item in enumerate(items):
        before, after = items[at - 1] if at else None, items[at + 1] if at + 1 < len(items) else None
        sign = bare(item)
        if isinstance(sign, Sign):
            boxes.append(boxed(_sign(speller, sign, before, after, tight)))
            continue
        boxes += [boxed(" ")] * (before is not None and _apart(before, sign))
        loose_ = _ambiguous(before, item) or _divides_beside(before, sign, after)
        boxes.append(speller.bracketed(item, True) if loose_ else speller.box(item, tight))
    return beside(boxes) if boxes else Box()


def _divides_beside(before: Node | None, node: Node, after: Node | None) -> bool:
    """Say whether a quotient of matrices stands beside ⊙, where its line would reach too far: (A/B) ⊙ C."""
    beside_ = (bare(each) for each in (before, after) if each is not None)
    if not isinstance(node, Frac) or all(isinstance(bare(each), Num) for each in (node.over, node.under)):
        return False
    return any(isinstance(each, Sign) and each.sign == "⊙" for each in beside_)


def _sign(speller: Speller, sign: Sign, before: Node | None, after: Node | None, tight: bool) -> str:
    """Return a sign with the space around it; at an end of a row there is none, but the dot between two numbers."""
    if sign.kind == "times" and before is not None and gap(before, after or before) == "dot":
        sign = DOT
    if sign.kind == "times":
        return "" if before is None or after is None or (tight and not _words_meet(before, after)) else " "
    if sign.kind == "apply":
        return "" if after is None or _is_fence(after) else " "
    if sign.kind == "quad":
        return "   "
    text = _postfix(speller, sign) + ("" if sign.below is None else f"[{speller.line(sign.below, tight=True)}]")
    left, right = SPACE[sign.kind]
    if tight and not text.isalpha():
        left = right = ""
    return (left if before is not None else "") + text + (right if after is not None else "")


def _postfix(speller: Speller, sign: Sign) -> str:
    if sign in TRANSPOSES.values():
        return speller.alphabet.transpose
    return (speller.alphabet.prime if sign == PRIME else None) or speller.alphabet.spell(sign.sign)


def _is_fence(node: Node) -> bool:
    node = bare(node)
    return (isinstance(node, Fence) and bool(node.open)) or isinstance(node, Table)


def _is_big(node: Node) -> bool:
    node = bare(node)
    node = bare(node.base) if isinstance(node, Script) else node
    return isinstance(node, Sign) and node.kind == "big"


def _is_word(node: Node) -> bool:
    node = bare(node)
    return isinstance(node, Words) or (isinstance(node, Id) and len(node.name) > 1)


def _words_meet(before: Node, after: Node) -> bool:
    return _is_word(before) or _is_word(after)


def _apart(before: Node, after: Node) -> bool:
    """Say whether two things without a sign between them would run into each other."""
    before = bare(before)
    if isinstance(before, Sign):
        return False
    if isinstance(before, Words) or isinstance(after, Words):
        return _ends_in_letter(before, -1) and _ends_in_letter(after, 0)
    if _is_big(before) or (isinstance(before, Script) and _stem(before) in JOINED):
        return True
    return not _is_fence(after) and _words_meet(before, after)


def _ends_in_letter(node: Node, end: int) -> bool:
    """Say whether a space belongs between a node and a word beside it, whose own space and commas count."""
    node = bare(node)
    return not isinstance(node, Words) or node.text[end:][:1].isalnum()


def _ambiguous(before: Node | None, item: Node) -> bool:
    """Say whether a fraction would lose its numerator to what stands before it."""
    sign = None if before is None else bare(before)
    return isinstance(sign, Sign) and sign.kind in ("apply", "slash") and isinstance(bare(item), Frac)


# Fractions, roots, brackets


def _frac(speller: Speller, node: Frac, tight: bool) -> Box:
    over, under_ = bare(node.over), bare(node.under)
    if isinstance(over, Num) and isinstance(under_, Num) and not speller.alphabet.ascii:
        half = HALVES.get((over.digits, under_.digits))
        if half:
            return boxed(half)
    bottom = speller.box(under_, tight or _multiple(under_))
    if loose(under_, "denominator"):
        bottom = _enclosed(speller, bottom, "(", ")")
    return beside((speller.bracketed(over, loose(over, "numerator")), boxed("/"), bottom))


def in_line(node: Node) -> Node:
    """Return a formula whose fractions stand in its line, which may then break inside what is divided."""
    if isinstance(node, Fence):
        return replace(node, body=in_line(node.body))
    if isinstance(node, Tag) and isinstance(node.body, Fence | Row) and not node.label:
        return replace(node, body=in_line(node.body))
    if isinstance(node, Script) and isinstance(node.base, Fence):
        return replace(node, base=in_line(node.base))
    if not isinstance(node, Row | Frac):
        return node
    items: list[Node] = []
    whole = items_of(node)
    for at, item in enumerate(whole):
        match bare(item):
            case Frac(over, under_) if not (isinstance(over, Num) and isinstance(under_, Num)):
                above = items_of(in_line(Fence(over) if loose(over, "numerator") else over))
                lying = (*above, Sign("/", "slash"), Fence(under_) if loose(under_, "denominator") else under_)
                items += [Fence(row(*lying))] if _is_operand(whole, at) else lying
            case _:
                items.append(in_line(item) if isinstance(item, Fence | Tag | Script) else item)
    return row(*items)


def _is_operand(items: Sequence[Node], at: int) -> bool:
    """Say whether an item stands beside an operator other than those of a sum: a fraction has brackets there."""
    beside = map(bare, (*items[max(0, at - 1) : at], *items[at + 1 : at + 2]))
    return any(isinstance(each, Sign) and each.kind == "bin" and each.sign not in "+−" for each in beside)


def loose(node: Node, place: Literal["numerator", "denominator"]) -> bool:
    """Say whether a part of a fraction needs brackets: a sum does, and a product below the line."""
    if isinstance(node, Frac) or _is_big(node):
        return True
    items = items_of(node)
    if any(_is_big(item) for item in items):
        return True
    if any(_applied_without_brackets(item, after) for item, after in pairwise(items)):
        return True
    kinds: set[str] = {sign.kind for sign in map(bare, items) if isinstance(sign, Sign) and sign.sign != "∂"}
    return bool(kinds & _LOOSE[place]) or (place == "denominator" and any(isinstance(bare(i), Frac) for i in items))


_LOOSE = {
    "numerator": {"bin", "rel", "comma", "slash", "quad"},
    "denominator": {"bin", "rel", "comma", "slash", "quad", "times", "prefix"},
}


def _multiple(node: Node) -> bool:
    """Say whether a node is a number times one letter, which stand together: 2m."""
    match [bare(item) for item in items_of(node)]:
        case [Num(), Sign(kind="times"), Id(name=name)]:
            return len(name) == 1
    return False


def _applied_without_brackets(item: Node, after: Node) -> bool:
    sign = bare(item)
    return isinstance(sign, Sign) and sign.kind == "apply" and not _is_fence(after)


def _root(speller: Speller, node: Root, tight: bool) -> Box:
    body = bare(node.body)
    if speller.alphabet.ascii:
        return beside((boxed("sqrt"), speller.box(Fence(body))))
    atom = isinstance(body, Id | Num | Accent) or (isinstance(body, Script) and body.sup is None)
    return beside((boxed("√"), speller.bracketed(body, not atom)))


def _fence(speller: Speller, node: Fence, tight: bool) -> Box:
    return _enclosed(speller, speller.box(node.body, tight), node.open, node.close)


def _enclosed(speller: Speller, inside: Box, open_: str, close: str) -> Box:
    sides = [speller.alphabet.tall(bracket, inside.height) for bracket in (open_, close)]
    left, right = (Box(tuple(lines), inside.base) for lines in sides)
    return beside((left, inside, right))


def _table(speller: Speller, node: Table, tight: bool) -> Box:
    cells = [[speller.box(cell) for cell in line] for line in node.rows]
    if tight or speller.flat:
        inside = "; ".join(", ".join(box.lines[box.base] for box in line) for line in cells)
        return boxed(speller.alphabet.spell(node.open) + inside + speller.alphabet.spell(node.close))
    across = range(max(map(len, cells)))
    widths = [max(line[at].width for line in cells if at < len(line)) for at in across]
    sides = [_side([line[at] for line in node.rows if at < len(line)]) for at in across]
    gap = boxed("  " if node.close else "   ")
    lines = [
        beside(
            [part for at, box in enumerate(line) for part in ([gap] * (at > 0) + [box.padded(widths[at], sides[at])])]
        )
        for line in cells
    ]
    body = under(lines)
    inside_ = Box(body.lines, (body.height - 1) // 2)
    if not node.close:
        inside_ = beside((Box((" ",) * body.height, inside_.base), inside_))
    return _enclosed(speller, inside_, node.open, node.close)


def _side(cells: list[Node]) -> str:
    """Numbers stand at the right of their column."""
    return "right" if all(map(is_figure, cells)) else "left"


# Indices


def _layer(node: Script) -> Fence | None:
    """Return the index in brackets that is all that stands above, but for a transpose or a prime, or None."""
    merged = _merged(node)
    items = items_of(merged.sup) if merged.sup is not None else ()
    first = bare(items[0]) if items else None
    if merged.sub is not None or not isinstance(first, Fence) or first.open not in ("(", "["):
        return None
    return first


def _merged(node: Script) -> Script:
    """Return a script whose base is no script, where their indices have places of their own."""
    base = bare(node.base)
    if not isinstance(base, Script):
        return replace(node, base=base)
    inner = _merged(base)
    if node.sub is not None and inner.sub is not None:
        return node
    if node.sup is not None and inner.sup is not None and not _first_is_fence(inner.sup):
        return node
    both = inner.sup is not None and node.sup is not None
    sup = row(_open(inner.sup), _open(node.sup)) if both else inner.sup or node.sup
    return Script(inner.base, inner.sub or node.sub, sup)


def _first_is_fence(sup: Node) -> bool:
    items = items_of(sup)
    return len(items) == 1 and isinstance(bare(items[0]), Fence)


def _open(node: Node | None) -> Node:
    assert node is not None
    return bare(node)


def _stem(node: Script) -> str:
    base = _merged(node).base
    return base.name if isinstance(base, Id) else ""


def _script(speller: Speller, node: Script, tight: bool) -> Box:
    merged = _merged(node)
    if _is_big(merged.base):
        return boxed(_big(speller, merged))
    layer, sub = _layer(merged), merged.sub
    above = list(items_of(merged.sup)) if merged.sup is not None else []
    if layer is not None and not speller.raised:
        del above[0]
        return _indexed(speller, merged.base, layer.body, above, joined=False)
    return _indexed(speller, merged.base, sub, above, joined=True)


def _indexed(speller: Speller, base: Node, sub: Node | None, above: list[Node], joined: bool) -> Box:
    word = _map_word(speller, base)
    if word:
        text = word + ("" if sub is None else _below(speller, word, sub))
        return _mapped(speller, text, above)
    if joined and sub is not None and isinstance(base, Id) and base.name in JOINED and not _counts(sub):
        head = boxed(_of_symbol(speller, base, sub))
    else:
        head = speller.bracketed(base, _needs_brackets(base) and not (_is_call(base) and not above))
        lower = "" if sub is None else _below(speller, head.lines[head.base], sub)
        head = beside((head, boxed(lower)))
    return beside((head, boxed(_above(speller, above))))


def _mapped(speller: Speller, text: str, above: list[Node]) -> Box:
    """Return a map of errors: fᵀ, its block's index before the ᵀ."""
    index = [item for item in above if isinstance(bare(item), Fence)]
    rest = [item for item in above if not isinstance(bare(item), Fence)]
    text += _above(speller, index) + speller.alphabet.transpose
    return boxed(f"({text}){_above(speller, rest)}" if rest else text)


def _needs_brackets(base: Node) -> bool:
    return isinstance(base, Frac | Root | Script | Blank) or (isinstance(base, Row) and len(base.items) > 1)


def _is_call(base: Node) -> bool:
    """Say whether this is a function applied to something in brackets: softmax(z), which an index may follow."""
    items = items_of(base)
    return len(items) == 3 and items[1] == APPLY and isinstance(items[2], Fence)


def _counts(sub: Node) -> bool:
    """Say whether an index counts (a number, a letter such as l), instead of naming a symbol."""
    return all(
        isinstance(node, Row | Num | Sign | Tag) or (isinstance(node, Id) and node.name in INDICES)
        for node in walk(sub)
    )


def _of_symbol(speller: Speller, base: Id, sub: Node) -> str:
    letter = "d" if speller.alphabet.ascii and base.name == "δ" else speller.alphabet.spell(base.name)
    text = speller.line(sub)
    return letter + text if isinstance(bare(sub), Id | Words | Script | Accent) else f"{letter}_({text})"


def _below(speller: Speller, base: str, sub: Node) -> str:
    """Return a lower index: as characters of its own, or behind a low line."""
    text = speller.line(sub, tight=True)
    if _are_places(sub) and not speller.alphabet.ascii:
        sub, text = Row(()), text.replace(",", "")
    if _simple(sub) and all(character in speller.alphabet.lower for character in text):
        return "".join(speller.alphabet.lower[character] for character in text)
    if isinstance(bare(sub), Num) and speller.alphabet.ascii and not base[-1:].isdigit():
        return text
    return f"_{text}" if _is_atom(sub) else f"_({text})"


def _are_places(sub: Node) -> bool:
    """Say whether an index is a row and a column, which need no comma between them: no two numbers meet."""
    items = [bare(item) for item in items_of(sub)]
    letters = [isinstance(item, Id) and item.name in SUBSCRIPTS for item in items[::2]]
    return (
        len(items) > 1
        and all(item == COMMA for item in items[1::2])
        and all(letter or isinstance(item, Num) for letter, item in zip(letters, items[::2], strict=True))
        and all(before or after for before, after in pairwise(letters))
    )


def _above(speller: Speller, items: list[Node]) -> str:
    """Return what stands above: an index in brackets, a power, then marks."""
    power = [item for item in items if bare(item) not in (*TRANSPOSES.values(), PRIME) and not _is_mark(item)]
    marks = "".join(_postfix(speller, sign) for sign in map(bare, items) if isinstance(sign, Sign) and _is_mark(sign))
    if not power:
        return marks
    body = row(*power)
    text = speller.line(body, tight=True)
    if _simple(body, brackets=True) and all(character in speller.alphabet.upper for character in text):
        return "".join(speller.alphabet.upper[character] for character in text) + marks
    if isinstance(bare(body), Fence):
        return f"^{text}{marks}"
    atom = _is_atom(body) and not (speller.alphabet.ascii and text == "T")
    return (f"^{text}" if atom else f"^({text})") + marks


def _is_mark(node: Node) -> bool:
    sign = bare(node)
    return isinstance(sign, Sign) and sign.kind == "postfix"


def _simple(node: Node, brackets: bool = False) -> bool:
    """Say whether every part is a letter, a digit or a sign, so that characters for indices say it all."""
    kinds = (Row, Num, Tag, Fence) if brackets else (Row, Num, Tag)
    return all(
        isinstance(part, kinds)
        or (isinstance(part, Id) and len(part.name) == 1 and part.style != "script")
        or (isinstance(part, Sign) and part.sign in "+−=")
        for part in walk(node)
    )


def _is_atom(node: Node) -> bool:
    """Say whether an index reads as one thing without brackets: a word, a number, letters beside each other."""
    inside = bare(node)
    if isinstance(inside, Row):
        return all(isinstance(item, Id) and len(item.name) == 1 for item in map(bare, inside.items))
    return isinstance(inside, Id | Num) or (isinstance(inside, Words) and inside.text.isalnum())


def _big(speller: Speller, node: Script) -> str:
    """Return a sum or a product with its limits behind it."""
    sign = speller.line(node.base)
    if node.sub is None:
        return sign
    lower = _below(speller, sign, node.sub)
    if node.sup is None:
        return sign + lower
    upper = _above(speller, list(items_of(node.sup)))
    if not lower.startswith("_") and not upper.startswith("^") and upper.isnumeric():
        return sign + lower + upper
    return f"{sign}_({speller.line(node.sub, tight=True)}..{speller.line(node.sup, tight=True)})"


_WRITERS: dict[type[Node], Callable[[Speller, Any, bool], Box]] = {
    Id: _id,
    Num: _num,
    Sign: _lone_sign,
    Row: _row,
    Frac: _frac,
    Root: _root,
    Script: _script,
    Accent: _accent,
    Fence: _fence,
    Table: _table,
    Words: _words,
    Tag: _tag,
    Blank: _blank,
}
