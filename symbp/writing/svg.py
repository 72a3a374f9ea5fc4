"""The figure of a page as SVG: one file that needs nothing else, its formulas text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from symbp.maths.tree import Accent, Fence, Id, Node, Num, Row, Script, Sign, Tag
from symbp.pages.page import Page
from symbp.writing.breaking import em_width
from symbp.writing.calls import Call, call, written
from symbp.writing.figure import GAP, entries, the_figure
from symbp.writing.formula import Speller
from symbp.writing.graphs import described, strips_of
from symbp.writing.letters import bold_letters, script_letter
from symbp.writing.setting import DEFAULT, Setting
from symbp.writing.shapes import Point, Shape, Shapes, shapes
from symbp.writing.text import words_text

FILE = "page-svg.j2"
"""The macros of this format."""

UNIT = 16
"""Of an em in the coordinates, whose letters have that size."""

MEASURE, BETWEEN, MARGIN = 44.0, 1.2, 0.6
"""How wide a strip may be, how far two are apart, and what is around all, in em."""

LEAST, LINE = 12.0, 1.5
"""How wide a picture is at least, and how tall a line of the key."""

INDEX, NOTE = 0.7, 0.875
"""How large the letters of indices and of notes are."""

LOWER, UPPER = 0.25, -0.38
"""How far below and above the line an index stands."""


def write_svg(page: Page, setting: Setting = DEFAULT) -> str:
    """Return the figure of a page.

    Raises:
        SpecError: the page has none.
    """
    figure = the_figure(page, "svg")
    drawn = [shapes(each, em_width) for each in strips_of(figure.picture, setting.text_width or MEASURE, em_width)]
    width = max([each.width for each in drawn] + [LEAST])
    calls: list[Call] = []
    top = MARGIN
    for strip in drawn:
        calls.append(call("strip", top=_number(top), left=_number(MARGIN), **_strip(strip)))
        top += strip.height + BETWEEN
    for entry in entries(figure, width):
        y, words = top + LINE * (entry.line + 0.5), words_text(entry.words)
        left, right, text = (_number(MARGIN + x) for x in (entry.left, entry.right, entry.right + GAP))
        calls.append(call("entry", role=entry.role, words=words, y=_number(y), left=left, right=right, text=text))
    height = top + LINE * (1 + max((each.line for each in entries(figure, width)), default=-1))
    size = {"width": _number(width + 2 * MARGIN), "height": _number(height + MARGIN)}
    opened = call("open_figure", title=words_text(page.title), about=described(figure.picture), **size)
    return written([opened, *calls, call("close_figure")], FILE, setting.template_dir)


def _strip(strip: Shapes) -> dict[str, Any]:
    ways = [{"points": _points(way.points), "head": _points(way.head), "error": way.error} for way in strip.ways]
    return {"ways": ways, "marks": list(map(_mark, strip.shapes))}


def _mark(shape: Shape) -> dict[str, Any]:
    size = UNIT * (NOTE if shape.kind == "note" else 1.0)
    is_note, bottom = shape.kind == "note", shape.y + shape.height / 2
    return {
        "kind": shape.kind, "error": shape.error, "role": shape.role or "",
        "x": _number(shape.x - shape.width / 2), "y": _number(shape.y - shape.height / 2),
        "width": _number(shape.width), "height": _number(shape.height),
        "middle": _number(shape.x), "base": _number(shape.y + 0.32 * size / UNIT - 0.1 * is_note), "size": f"{size:g}",
        "bar": _number(bottom - 0.05 * is_note), "bar_left": _number(shape.x - shape.width / 2 + 0.15),
        "bar_right": _number(shape.x + shape.width / 2 - 0.15),
        "pieces": list(_pieces(shape.value, size)),
    }  # fmt: skip


def _points(points: tuple[Point, ...]) -> str:
    return " ".join(f"{_number(x)},{_number(y)}" for x, y in points)


def _number(size: float) -> str:
    return f"{UNIT * size:.1f}"


@dataclass(frozen=True)
class _Piece:
    """Letters on one line: how far below that of the formula, and how large; fonts of mathematics lack ``accent``."""

    text: str
    style: str = ""
    below: float = 0.0
    size: float = 1.0


def _pieces(node: Node, size: float) -> Iterator[dict[str, Any]]:
    """Yield what a formula is made of, each with how far its line is from that of the piece before."""
    below = 0.0
    for each in _spelled(node):
        shift = each.below - below
        below = each.below
        yield {
            "text": each.text, "style": each.style, "size": f"{size * each.size:g}" if each.size != 1.0 else "",
            "shift": f"{size * shift:.1f}" if shift else "",
        }  # fmt: skip


def _spelled(node: Node, below: float = 0.0, size: float = 1.0) -> Iterator[_Piece]:
    """Yield the letters of a formula: scripts as scripts; what is no row of letters as in text."""
    if isinstance(node, Tag):
        yield from _spelled(node.body, below, size)
    elif isinstance(node, Id):
        text = {"script": script_letter, "bold": bold_letters}.get(node.style, str)(node.name)
        yield _Piece(text, "italic" if node.style == "italic" and len(node.name) == 1 else "", below, size)
    elif isinstance(node, Num):
        yield _Piece(node.digits, "", below, size)
    elif isinstance(node, Sign) and node.kind in ("postfix", "ord", "times", "apply", "comma", "bin", "rel", "prefix"):
        yield _Piece(_SIGNS.get(node.kind, "{}").format(node.sign), "", below, size)
    elif isinstance(node, Row):
        for item in node.items:
            yield from _spelled(item, below, size)
    elif isinstance(node, Fence):
        yield _Piece(node.open, "", below, size)
        yield from _spelled(node.body, below, size)
        yield _Piece(node.close, "", below, size)
    elif isinstance(node, Script):
        yield from _spelled(node.base, below, size)
        for script, shift in ((node.sub, LOWER), (node.sup, UPPER)):
            if script is not None:
                yield from _spelled(script, below + shift * size, size * INDEX)
    else:
        style = "accent" if isinstance(node, Accent) else ""
        yield _Piece(Speller.of((node,)).line(node), style, below, size)


_SIGNS = {"times": "\u2009", "apply": "", "comma": "{} ", "bin": " {} ", "rel": " {} "}
"""How a sign stands between letters."""
