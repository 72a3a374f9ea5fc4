"""Reads Typst by asking Typst itself what it took the formulas of a document for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from plain_trees import Seen, script

UNSEEN = ("\u2062", "\u2061")
"""What Typst has no sign for."""

MARKS = {"\u0302": "hat", "\u0304": "bar", "\u0303": "tilde", "\u0307": "dot"}
BOLD = {chr(0x1D7CE + digit): str(digit) for digit in range(10)}
NOTHING = {"space", "h", "linebreak", "align-point"}


def formulas(source: str, folder: Path) -> list[Seen]:
    """Return what is seen of every formula of a document."""
    import typst

    path = folder / "formulas.typ"
    path.write_text(source, encoding="utf-8")
    found = json.loads(typst.query(str(path), "math.equation", ignore_system_fonts=True))
    return [read(each["body"]) for each in found]


def comparable(seen: Any) -> Any:
    """Return what is seen of a tree, as far as Typst can see it: products close up, words are words."""
    if isinstance(seen, tuple):
        if seen and seen[0] == "words":
            return seen[1]
        return tuple(comparable(each) for each in seen if each not in UNSEEN)
    return seen


def read(node: dict[str, Any]) -> Seen:
    """Return what is seen of a node of Typst."""
    kind = node["func"]
    if kind in NOTHING:
        return ()
    if kind == "sequence":
        return tuple(part for child in node["children"] for part in read(child))
    if kind in ("symbol", "text"):
        text = node["text"].strip()
        if text == "⋅":  # between two numbers, for a product
            return ()
        return (f"bold {BOLD[text]}" if text in BOLD else text,) if text else ()
    if kind == "styled":
        return read(node["child"])
    if kind in ("class", "lr", "equation"):
        return read(node["body"])
    return _nested(kind, node)


def _nested(kind: str, node: dict[str, Any]) -> Seen:
    if kind == "mat":
        opening, closing = node["delim"]
        rows = tuple(tuple(read(cell) for cell in row) for row in node["rows"])
        return (*([opening] if opening else []), ("table", rows), *([closing] if closing else []))
    if kind == "frac":
        return (("frac", read(node["num"]), read(node["denom"])),)
    if kind == "root":
        return (("root", read(node["radicand"])),)
    if kind == "accent":
        return (("accent", read(node["base"]), MARKS[node["accent"]]),)
    if kind == "attach":
        below, above = (read(node[side]) if node.get(side) else None for side in ("b", "t"))
        return (script(read(node["base"]), below, above),)
    if kind == "underbrace":
        return (("labelled", read(node["body"]), " ".join(read(node["annotation"]))),)
    raise ValueError(node)
