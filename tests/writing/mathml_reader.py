"""Reads MathML without knowing its writer: what is wrong with an element, and what a reader sees of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

from plain_trees import Seen, raised, script

ARITY = {
    "mfrac": 2, "msub": 2, "msup": 2, "msubsup": 3, "munder": 2, "mover": 2, "munderover": 3, "mspace": 0,
}  # fmt: skip
"""How many children an element has; the others have any number of elements, or text."""

ROWS, TEXTS = {"math", "mrow", "mstyle", "msqrt", "mtd", "mphantom"}, {"mi", "mo", "mn", "mtext"}
INSIDE = {"mtable": {"mtr"}, "mtr": {"mtd"}}
ATTRIBUTES = {
    "class",
    "displaystyle",
    "mathvariant",
    "lspace",
    "rspace",
    "stretchy",
    "form",
    "width",
    "accent",
    "minsize",
    "maxsize",
}
"""Attributes of MathML Core, and a class."""

MARKS = {"ˆ": "hat", "¯": "bar", "˜": "tilde", "˙": "dot"}


def wrong(element: Element) -> Iterator[str]:
    """Yield what MathML Core does not allow in an element."""
    for each in element.iter():
        children, name = [child.tag for child in each], each.tag
        if name in ARITY and len(children) != ARITY[name]:
            yield f"{name} with {len(children)} children"
        if name not in {*ARITY, *ROWS, *TEXTS, *INSIDE}:
            yield f"{name} is not of MathML Core"
        if name in INSIDE and set(children) != INSIDE[name]:
            yield f"{name} with {children}"
        if (name in TEXTS) != bool((each.text or "").strip()) or (name in TEXTS and children):
            yield f"{name} with text {each.text!r} and {len(children)} children"
        yield from (
            f"attribute {key} of {name}" for key in each.attrib if key not in ATTRIBUTES and not key.startswith("data-")
        )
        if each.get("mathvariant", "normal") != "normal" or ((each.tail or "").strip() and each is not element):
            yield f"{name} with mathvariant or text behind it"


def read(element: Element) -> Seen:
    """Return what is seen of an element, as ``seen`` says it of a tree."""
    name, children = element.tag, list(element)
    if name in ("math", "mrow", "mstyle", "mtd"):
        return _row(children)
    if name == "msqrt":
        return (("root", _row(children)),)
    if name in ("mspace", "mphantom"):
        return ()
    if name == "mtext":
        return (("words", (element.text or "").replace("\u00a0", " ").strip()),)
    if name == "mo":
        return tuple(map(_token, element.text or ""))
    if name in TEXTS:
        return (_token(element.text or ""),)
    if name == "mtable":
        return (("table", tuple(tuple(read(cell) for cell in row) for row in children)),)
    return (_nested(name, [read(child) for child in children]),)


def _row(children: list[Element]) -> Seen:
    """Return what stands beside each other; a prime behind something is its upper index."""
    found: list[Any] = []
    for child in children:
        parts = read(child)
        if parts == ("′",) and found:
            found[-1] = raised(found[-1], parts)
        else:
            found += parts
    return tuple(found)


def _nested(name: str, parts: list[Seen]) -> Any:
    if name == "mfrac":
        return ("frac", *parts)
    if name == "mover" and parts[1][0] in MARKS:
        return ("accent", parts[0], MARKS[parts[1][0]])
    if name == "munder" and parts[1] == ("⏟",):
        return ("braced", parts[0])
    if name == "munder" and parts[0][0][0] == "braced":
        return ("labelled", parts[0][0][1], parts[1][0][1])
    base, *indices = parts
    below = indices.pop(0) if name in ("msub", "msubsup", "munder", "munderover") else None
    return script(base, below, indices[0] if indices else None)


BOLD = {chr(0x1D7CE + digit): str(digit) for digit in range(10)}


def _token(text: str) -> str:
    text = re.sub(r"\s+", " ", text)
    return f"bold {BOLD[text]}" if text in BOLD else {"⋅": "\u2062"}.get(text, text)
