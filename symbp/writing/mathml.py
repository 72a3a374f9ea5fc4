"""Mathematics as MathML Core, which browsers show without a script.

A sign that the operator dictionary of MathML lacks would get space on both sides: such signs are identifiers, or say
what space they want. An operator that begins a line, where a formula was broken, says that it stands between operands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import takewhile

from symbp.maths.tree import (
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
)  # fmt: skip
from symbp.writing.letters import bold_italic_letters, bold_letters, script_letter
from symbp.writing.spacing import (
    bracket_size,
    fixed_size,
    gap,
    is_big,
    is_figure,
    is_small,
    items_of,
    merged,
    scripted,
    slashed,
)  # fmt: skip

_GAPS = {"none": "0", "thin": "0.167em", "braces": "0.167em", "dot": "0.222em"}
_MARKS = {"hat": "ˆ", "bar": "¯", "tilde": "˜", "dot": "˙"}
_UPRIGHT_CAPITALS = "ΓΔΘΛΞΠΣΥΦΨΩ∇"
"""Letters that stand upright in formulas, as in LaTeX, where a letter by itself would be slanted."""


@dataclass(frozen=True)
class Attributes:
    """What a tag is ``of`` whose element has attributes: their names and values."""

    pairs: tuple[tuple[str, str], ...]


def math_mathml(node: Node) -> str:
    """Return a displayed formula as one element."""
    return f'<math displaystyle="true">{_row_of(node, tight=False)}</math>'


def inline_mathml(node: Node) -> str:
    """Return a formula that stands in a line of words: fractions lie down or are small."""
    return f"<math>{_row_of(slashed(node), tight=False)}</math>"


def _row_of(node: Node, tight: bool) -> str:
    """Return what stands beside each other, for elements that hold any number of others."""
    return "".join(_pieces(node.items, tight)) if isinstance(node, Row) else _written(node, tight)


def _written(node: Node, tight: bool) -> str:
    """Return one element; ``tight`` in an index, where signs have no space around them."""
    return _WRITERS[type(node)](node, tight)


def _mo(sign: str, **attributes: str) -> str:
    """Return an operator; what it does not say of its form and space is as in MathML's dictionary."""
    said = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f"<mo{said}>{escape(sign, quote=False)}</mo>"


_CLOSE = {"lspace": "0", "rspace": "0"}


def _form(before: Node | None) -> dict[str, str]:
    """Return what an operator says that begins a line: that it stands between operands all the same."""
    return {} if before is not None else {"form": "infix"}


def _mi(text: str, more: str = "") -> str:
    return f"<mi{more}>{escape(text, quote=False)}</mi>"


def _id(node: Id, tight: bool) -> str:
    if node.style == "script":
        return _mi(script_letter(node.name))
    if node.style == "bold":
        letters = bold_letters(node.name)
        return _mi(letters, "" if letters != node.name else ' class="bold"')
    if node.style == "bold-italic":
        return _mi(bold_italic_letters(node.name))
    if len(node.name) == 1:
        return _mi(node.name, _NORMAL if node.style == "upright" or node.name in _UPRIGHT_CAPITALS else "")
    return _mi(node.name, ' class="italic"' if node.style == "italic" else "")


_NORMAL = ' mathvariant="normal"'


def _num(node: Num, tight: bool) -> str:
    unseen = f"<mphantom><mn>{node.unseen}</mn></mphantom>" if node.unseen else ""
    return f"<mn>{escape(node.digits, quote=False)}</mn>{unseen}"


def _sign(node: Sign, tight: bool) -> str:
    return _beside(node, None, None, tight)


def _row(node: Row, tight: bool) -> str:
    return f"<mrow>{''.join(_pieces(node.items, tight))}</mrow>"


def _pieces(items: Sequence[Node], tight: bool) -> list[str]:
    found: list[str] = []
    items = items if tight else scripted(items)
    for place, item in enumerate(items):
        before = items[place - 1] if place else None
        after = items[place + 1] if place + 1 < len(items) else None
        found.append(_beside(item, before, after, tight) if isinstance(item, Sign) else _written(item, tight))
    return found


def _beside(sign: Sign, before: Node | None, after: Node | None, tight: bool) -> str:
    """Return a sign between its neighbours."""
    return _SIGN_WRITERS[sign.kind](sign, before, after, tight)


def _operator(sign: Sign, before: Node | None, after: Node | None, tight: bool) -> str:
    """Return an operator or a relation between its operands; in an index, and with nothing behind, it has no space."""
    alone = sign.kind == "bin" and (after is None or (isinstance(after, Sign) and after.kind == "comma"))
    spelled = _mo(sign.sign, **_form(before), **(_CLOSE if tight or alone else {}))
    return spelled if sign.below is None else f"<msub>{spelled}{_written(sign.below, True)}</msub>"


def _prefix(sign: Sign, before: Node | None, after: Node | None, tight: bool) -> str:
    if sign.sign in "−+±":
        return _mo(sign.sign, form="prefix", **_CLOSE)
    return _ordinary(sign, before, after, tight)


def _ordinary(sign: Sign, before: Node | None, after: Node | None, tight: bool) -> str:
    if sign.sign in "′/":
        return _mo(sign.sign, **_CLOSE)
    return _mi(sign.sign, _NORMAL if sign.sign == "∇" else "")


def _comma(sign: Sign, before: Node | None, after: Node | None, tight: bool) -> str:
    close = tight or after is None or (isinstance(after, Sign) and after.kind == "quad")
    return _mo(sign.sign, **_form(before), **(_CLOSE if close else {}))


def _times(sign: Sign, before: Node | None, after: Node | None, tight: bool) -> str:
    """Return the sign between two factors, unseen but for a dot between numbers; it may begin a line."""
    between = gap(before, after) if before is not None and after is not None else "thin"
    space = "0" if tight else _GAPS[between]
    return _mo("⋅" if between == "dot" else sign.sign, lspace=space, rspace=space if between == "dot" else "0")


def _apply(sign: Sign, before: Node | None, after: Node | None, tight: bool) -> str:
    close = tight or after is None or isinstance(after, Fence | Table)
    return _mo(sign.sign) + ("" if close else '<mspace width="0.167em"/>')


def _big(sign: Sign, before: Node | None, after: Node | None, tight: bool) -> str:
    return _mo(sign.sign, form="prefix", lspace="0", rspace="0" if tight else "0.167em")


def _quad(sign: Sign, before: Node | None, after: Node | None, tight: bool) -> str:
    return '<mspace width="1em"/>'


_SIGN_WRITERS: dict[str, Callable[[Sign, Node | None, Node | None, bool], str]] = {
    "bin": _operator, "rel": _operator, "prefix": _prefix, "postfix": _ordinary, "comma": _comma, "slash": _ordinary,
    "times": _times, "apply": _apply, "big": _big, "ord": _ordinary, "quad": _quad,
}  # fmt: skip


def _frac(node: Frac, tight: bool) -> str:
    fraction = f"<mfrac>{_written(node.over, tight)}{_written(node.under, tight)}</mfrac>"
    return _small(fraction) if is_small(node) else fraction


def _small(element: str) -> str:
    return f'<mstyle displaystyle="false">{element}</mstyle>'


def _root(node: Root, tight: bool) -> str:
    return f"<msqrt>{_row_of(node.body, tight)}</msqrt>"


def _script(node: Script, tight: bool) -> str:
    """Return a base with its indices; primes stand behind it as they are, since fonts draw them raised."""
    base, sub, sup = merged(node)
    above = list(items_of(sup))
    primes = list(takewhile(lambda each: each == PRIME, above))
    rest = row(*above[len(primes) :]) if len(above) > len(primes) else None
    if primes:
        body = _with_indices(base, sub, None, tight) + "".join(_written(each, tight) for each in primes)
        return _indexed(f"<mrow>{body}</mrow>", None, rest, "sub", "sup")
    return _with_indices(base, sub, rest, tight)


def _with_indices(base: Node, sub: Node | None, sup: Node | None, tight: bool) -> str:
    big = is_big(base)
    if big and sub is not None and sup is not None:
        return _indexed(_written(base, tight), sub, sup, "under", "over")
    element = _indexed(_written(base, tight), sub, sup, "sub", "sup")
    return _small(element) if big else element


def _indexed(base: str, sub: Node | None, sup: Node | None, below: str, above: str) -> str:
    name = below * (sub is not None) + above * (sup is not None)
    indices = "".join(_written(each, True) for each in (sub, sup) if each is not None)
    return f"<m{name}>{base}{indices}</m{name}>" if name else base


def _accent(node: Accent, tight: bool) -> str:
    mark = _mo(_MARKS[node.mark], stretchy="false")
    return f'<mover accent="true">{_written(node.base, tight)}{mark}</mover>'


def _fence(node: Fence, tight: bool) -> str:
    return _brackets(node, node, tight)


def _brackets(node: Fence, whole: Fence, tight: bool) -> str:
    """Return brackets, or one line of what was broken inside of them, as large as around the whole."""
    inside = _row_of(node.body, tight)
    if tight or not bracket_size(whole):
        return _fenced(node, inside, stretchy="false")
    size = fixed_size(whole)
    return _fenced(node, inside, minsize=size, maxsize=size) if size else _fenced(node, inside)


def _fenced(node: Fence | Table, inside: str, **size: str) -> str:
    """Return something between brackets, as tall as it is unless they say their size; an unseen one is not there."""
    sides = (_mo(bracket, **size) if bracket else "" for bracket in (node.open, node.close))
    return f"<mrow>{inside.join(sides)}</mrow>"


def _table(node: Table, tight: bool) -> str:
    rows = "".join(
        f"<mtr>{''.join(f'<mtd>{_row_of(cell, tight)}</mtd>' for cell in cells)}</mtr>" for cells in node.rows
    )
    numbers = all(is_figure(cell) for cells in node.rows for cell in cells)
    kind = ' class="cases"' if not node.close else ' class="numbers"' if numbers else ""
    return _fenced(node, f"<mtable{kind}>{rows}</mtable>")


def _words(node: Words, tight: bool) -> str:
    return f"<mtext>{escape(node.text.replace(' ', chr(0xA0)), quote=False)}</mtext>"


def _tag(node: Tag, tight: bool) -> str:
    if isinstance(node.body, Fence) and isinstance(node.of, Fence):
        return _brackets(node.body, node.of, tight)
    body = _written(node.body, tight)
    if isinstance(node.of, Attributes):
        said = "".join(f' {name}="{escape(value)}"' for name, value in node.of.pairs)
        return _ELEMENT.sub(rf"\g<0>{said}", body, count=1)
    if not node.label:
        return body
    brace = _mo("⏟")
    return f"<munder><munder>{body}{brace}</munder>{_words(Words(' '.join(node.label)), tight)}</munder>"


_ELEMENT = re.compile("<[a-z]+")


def _blank(node: Blank, tight: bool) -> str:
    return f"<mtext>{'__' * max(1, node.width)}</mtext>"


_WRITERS: dict[type[Node], Callable[..., str]] = {
    Id: _id, Num: _num, Sign: _sign, Row: _row, Frac: _frac, Root: _root, Script: _script, Accent: _accent,
    Fence: _fence, Table: _table, Words: _words, Tag: _tag, Blank: _blank,
}  # fmt: skip
