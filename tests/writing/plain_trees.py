"""Trees as what is seen: tokens and nests of them, to hold what a reader of a format finds against what was written.

``seen`` knows the trees alone, no writer. A sequence of tokens is what stands beside each other; brackets are tokens;
⊤ and ′ behind something stand in its upper index; an index of what has the other index alone joins it.
"""

from __future__ import annotations

from typing import Any

from symbp.maths.tree import Accent, Blank, Fence, Frac, Id, Node, Num, Root, Row, Script, Sign, Table, Tag, Words

Seen = tuple[Any, ...]

SCRIPTS = {"B": "ℬ", "E": "ℰ", "F": "ℱ", "H": "ℋ", "I": "ℐ", "L": "ℒ", "M": "ℳ", "R": "ℛ"}


def seen(node: Node | None) -> Seen | None:
    """Return what is seen of a tree, None of none."""
    if node is None:
        return None
    match node:
        case Row(items=items):
            found: list[Any] = []
            for item in items:
                if isinstance(item, Sign) and item.kind == "postfix" and found and _carries(found[-1], items):
                    found[-1] = raised(found[-1], seen(item))
                else:
                    found += seen(item) or ()
            return tuple(found)
        case Tag(body=body, label=()):
            return seen(body)
        case Tag(body=body, label=label):
            return (("labelled", seen(body), " ".join(label)),)
        case Fence(body=body, open=opening, close=closing):
            return (*_bracket(opening), *(seen(body) or ()), *_bracket(closing))
        case Table(rows=rows, open=opening, close=closing):
            cells = tuple(tuple(seen(cell) for cell in row) for row in rows)
            return (*_bracket(opening), ("table", cells), *_bracket(closing))
        case Script(base=base, sub=sub, sup=sup):
            return (script(seen(base) or (), _index(sub), _index(sup)),)
        case Frac(over=over, under=under):
            return (("frac", seen(over), seen(under)),)
        case Root(body=body):
            return (("root", seen(body)),)
        case Accent(base=base, mark=mark):
            return (("accent", seen(base), mark),)
        case Words(text=text):
            return (("words", text.strip()),)
        case Blank(width=width):
            return (("words", "__" * width),)
        case Sign(sign=sign, below=below) if below is not None:
            return (("script", tuple(sign), _index(below), None),)
        case Sign(sign=sign, kind=kind):
            return () if kind == "quad" else tuple(sign)
        case Num(digits=digits):
            return (digits,)
        case Id(name=name, style=style):
            return (_letter(name, style),)
    raise TypeError(node)


def _letter(name: str, style: str) -> str:
    if style == "script":
        return SCRIPTS.get(name) or chr(0x1D49C + ord(name) - ord("A"))
    return f"bold {name}" if style == "bold" else name


def _bracket(sign: str) -> Seen:
    return (sign,) if sign else ()


def _carries(last: Any, items: tuple[Node, ...]) -> bool:
    """Say whether a sign behind something is its index: not behind another sign."""
    return not (isinstance(last, str) and any(isinstance(each, Sign) and each.sign == last for each in items))


def _index(node: Node | None) -> Seen | None:
    """Return an index, in which nothing is raised further."""
    if isinstance(node, Row):
        return tuple(part for item in node.items for part in seen(item) or ())
    return seen(node)


def raised(base: Any, sign: Seen | None) -> Any:
    """Return a token with one more sign in its upper index."""
    if isinstance(base, tuple) and base[0] == "script":
        return (*base[:3], (*(base[3] or ()), *(sign or ())))
    return ("script", (base,), None, sign)


def script(base: Seen, sub: Seen | None, sup: Seen | None) -> Any:
    """Return a base with its indices; those of a base that has the other one alone are taken along."""
    inner = base[0] if len(base) == 1 else None
    if isinstance(inner, tuple) and inner[0] == "script":
        _, deepest, below, above = inner
        if (below is None or sub is None) and (above is None or sup is None):
            return ("script", deepest, below or sub, above or sup)
        if sub is None and above is not None and set(above) == {"′"}:
            return ("script", deepest, below, (*above, *(sup or ())))
    return ("script", base, sub, sup)
