"""What the writers decide alike: the space in a product, the size of brackets, small fractions, whose an index is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from symbp.maths.tree import Accent, Fence, Frac, Id, Node, Num, Root, Row, Script, Sign, Table, Tag, walk

Gap = Literal["none", "thin", "braces", "dot"]
"""What stands between two factors: nothing, a thin space, what braces bring along, a dot between numbers."""

SMALL_PART = 3
"""Most characters above or under the line of a small fraction."""

_TIGHT = {
    ("number", "letter"), ("number", "scripted"), ("number", "fence"), ("number", "ones"), ("number", "root"),
    ("number", "frac"), ("frac", "fence"), ("frac", "big"), ("number", "big"), ("fence", "fence"),
    ("letter", "letter"), ("letter", "ones"), ("scripted", "ones"), ("ones", "ones"), ("map", "map"),
    ("letter", "turned"), ("turned", "ones"), ("accent", "accent"), ("letter", "accent"), ("accent", "letter"),
    ("accent", "ones"), ("accent", "turned"), ("number", "accent"), ("number", "turned"), ("number", "map"),
}  # fmt: skip
"""The kinds of neighbours that stand close; all others have a thin space between them."""


def gap(left: Node, right: Node) -> Gap:
    """Return what stands between two factors of a product."""
    kinds = _kind(left, at_end=True), _kind(right, at_end=False)
    if "braces" in kinds:
        return "braces"
    if kinds[1] == "number" and kinds[0] in ("number", "decimal"):
        return "dot"
    return "none" if kinds in _TIGHT else "thin"


def _kind(node: Node, *, at_end: bool) -> str:
    """Return what a factor looks like to its neighbour on the right (``at_end``) or on the left."""
    match node:
        case Tag(label=label) if label:
            return "braces"
        case Tag(body=body):
            return _kind(body, at_end=at_end)
        case Row(items=items) if items:
            return _kind(items[-1 if at_end else 0], at_end=at_end)
        case Num(digits=digits):
            return "decimal" if "." in digits and at_end else "number"
        case Id(name=name, style=style):
            return _of_name(name, style)
        case Script():
            return _of_script(node, at_end=at_end)
        case Sign(kind="big"):
            return "big"
        case _:
            return _KINDS.get(type(node), "other")


_KINDS: dict[type[Node], str] = {Frac: "frac", Fence: "fence", Table: "fence", Root: "root", Accent: "accent"}


def _of_name(name: str, style: str) -> str:
    if style == "bold" and name == "1":
        return "ones"
    if style == "script":
        return "map"
    return "letter" if len(name) == 1 else "word"


def _of_script(node: Script, *, at_end: bool) -> str:
    """Return the kind of a factor with scripts: ones, maps and what is only transposed stand closer."""
    base = _kind(node.base, at_end=at_end)
    if base in ("big", "ones", "map", "number"):
        return base
    turned = node.sub is None and isinstance(node.sup, Sign)
    return "turned" if turned and not at_end else "scripted"


def is_small(fraction: Frac) -> bool:
    """Say whether a fraction is set small: a few letters and numbers above and under it."""
    return all(_is_short(part) for part in (fraction.over, fraction.under))


def _is_short(node: Node) -> bool:
    match node:
        case Id(name=name):
            return len(name) == 1
        case Num(digits=digits):
            return len(digits) <= SMALL_PART
        case Script(base=base, sub=sub, sup=sup):
            return _is_short(base) and all(each is None or _is_short(each) for each in (sub, sup))
        case Root(body=body) | Tag(body=body, label=()) | Accent(base=body):
            return _is_short(body)
        case Row(items=items):
            return len(items) <= SMALL_PART and all(_is_short(each) for each in items)
        case Sign(sign=sign):
            return sign not in ("∂", "∑", "∏")
        case _:
            return False


def bracket_size(fence: Fence) -> int:
    """Return how large brackets are: 0 as written, 1 and 2 in steps, 3 as tall as what they hold."""
    return _height(fence.body)


FIXED = ("1em", "1.2em", "1.8em", "2.4em")
"""How tall brackets of each size are, where the words under braces inside of them would make them grow."""


def fixed_size(fence: Fence) -> str:
    """Return how tall brackets are that hold braces with words, which hang below them; nothing: as what they hold."""
    has_braces = any(isinstance(each, Tag) and each.label for each in walk(fence.body))
    return FIXED[bracket_size(fence)] if has_braces else ""


def _height(node: Node) -> int:
    """Return how tall a node is, in sizes of the brackets around it."""
    match node:
        case Frac():
            return 1 if is_small(node) else 3
        case Table():
            return 3
        case Fence():
            return min(bracket_size(node) + 1, 3) if node.open in ("(", "[") else bracket_size(node)
        case Tag(body=body):  # What a label says hangs below the brackets.
            return _height(body)
        case Script(base=Sign(kind="big"), sub=sub, sup=sup):
            return 2 if sub is not None and sup is not None else 0
        case Script(base=body) | Root(body=body) | Accent(base=body):
            return _height(body)
        case Row(items=items):
            return max((_height(each) for each in items), default=0)
        case _:
            return 0


def is_figure(node: Node) -> bool:
    """Return whether a node is a number, with a sign or a power of ten, or dots in the place of some."""
    return all(
        isinstance(each, Num | Row | Script) or (isinstance(each, Sign) and each.kind in _OF_NUMBERS)
        for each in walk(node)
    )


_OF_NUMBERS = ("prefix", "times", "ord")
"""Signs that a number may have, dots among them."""


def has_limits(script: Script) -> bool:
    """Say whether a big sign has something under and over it; with a lower index alone it is set small."""
    return script.sub is not None and script.sup is not None


def items_of(node: Node | None) -> tuple[Node, ...]:
    """Return what stands beside each other in a node."""
    if node is None:
        return ()
    return node.items if isinstance(node, Row) else (node,)


def scripted(items: Sequence[Node]) -> list[Node]:
    """Return nodes with the signs that stand behind one, ⊤ and ′, raised to its upper index."""
    found: list[Node] = []
    for item in items:
        if isinstance(item, Sign) and item.kind == "postfix" and found and not isinstance(found[-1], Sign):
            found[-1] = _raised(found[-1], item)
        else:
            found.append(item)
    return found


def _raised(base: Node, sign: Sign) -> Script:
    if isinstance(base, Script):
        above = (*items_of(base.sup), sign) if base.sup is not None else (sign,)
        return Script(base.base, base.sub, above[0] if len(above) == 1 else Row(above))
    return Script(base, None, sign)


def merged(node: Script) -> tuple[Node, Node | None, Node | None]:
    """Return base and indices; those of a base that has the other index alone are taken along."""
    inner = node.base
    if isinstance(inner, Script) and not is_big(inner.base):
        below, above = (
            [each for each in (inner.sub, node.sub) if each],
            [each for each in (inner.sup, node.sup) if each],
        )
        if len(below) < 2 and len(above) < 2:
            return inner.base, below[0] if below else None, above[0] if above else None
    return node.base, node.sub, node.sup


def is_big(node: Node) -> bool:
    """Say whether a node is a sign that indices stand under and over."""
    return isinstance(node, Sign) and node.kind == "big"


def slashed(node: Node) -> Node:
    """Return a formula for a line of words: a fraction that stands alone, or beside a relation, lies down."""
    if isinstance(node, Tag) and not node.label:
        return Tag(slashed(node.body), node.of, node.role)
    items = items_of(node)
    lying = [
        _lying(item) if isinstance(item, Frac) and _is_alone(items, place) else item for place, item in enumerate(items)
    ]
    return lying[0] if len(lying) == 1 else Row(tuple(lying))


def _is_alone(items: Sequence[Node], place: int) -> bool:
    beside = (*items[max(0, place - 1) : place], *items[place + 1 : place + 2])
    return all(isinstance(each, Sign) and each.kind in ("rel", "comma", "quad") for each in beside)


def _lying(fraction: Frac) -> Node:
    """Return ``∂L/∂W`` where neither part needs brackets, else the fraction."""
    over, under = items_of(fraction.over), items_of(fraction.under)
    if _is_one(over) and _is_one(under) and not is_small(fraction):
        return Row((*over, Sign("/", "slash"), *under))
    return fraction


def _is_one(items: Sequence[Node]) -> bool:
    """Say whether a part of a fraction is one thing, or one with ∂ before it."""
    rest = items[1:] if isinstance(items[0], Sign) and items[0].kind == "prefix" else items
    return len(rest) == 1 and isinstance(rest[0], Id | Num | Script | Accent | Tag)
