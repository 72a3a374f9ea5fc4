"""Mistakes planted in printed trees: what a wrong builder or view would print. Every one is to be caught."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace

from spelling import text
from sympy import Symbol

from symbp.maths.tree import Fence, Frac, Id, Node, Num, Row, Script, Sign, Tag
from symbp.pages.page import Aside, Block, Equations, Page, Steps, Table, Text
from symbp.symbols import Adjoint
from symbp.views.lines import Indexed

Fault = tuple[str, Page]
"""What was done, and the page with it."""


def faults(page: Page) -> Iterator[Fault]:
    """Yield the page with one mistake each: in every place of every line, and with every line left out."""
    for kind, blocks in _in_blocks(page.blocks):
        yield kind, replace(page, blocks=blocks)


def _in_blocks(blocks: Sequence[Block]) -> Iterator[tuple[str, tuple[Block, ...]]]:
    """Yield blocks with one mistake each, in those of boxes too."""
    for place, block in enumerate(blocks):
        for kind, changed in _in_block(block):
            yield kind, (*blocks[:place], changed, *blocks[place + 1 :])


def _in_block(block: Block) -> Iterator[tuple[str, Block]]:
    if isinstance(block, Aside):
        for kind, inside in _in_blocks(block.blocks):
            yield kind, replace(block, blocks=inside)
    elif isinstance(block, Equations | Steps):
        for number, line in enumerate(block.lines):
            before, behind = block.lines[:number], block.lines[number + 1 :]
            yield f"dropped line: {line.label}", replace(block, lines=(*before, *behind))
            for place, part in enumerate(line.parts):
                for kind, changed in mistakes(part):
                    parts = (*line.parts[:place], changed, *line.parts[place + 1 :])
                    wrong = replace(line, parts=parts)
                    yield f"{kind}: {line.label}", replace(block, lines=(*before, wrong, *behind))
    elif isinstance(block, Table):
        for number, cells in enumerate(block.rows):
            before, behind = block.rows[:number], block.rows[number + 1 :]
            if not _is_relation(cells[0]):
                continue
            yield f"dropped row: {number}", replace(block, rows=(*before, *behind))
            for place, cell in enumerate(cells):
                for kind, changed in mistakes(cell[0]) if _is_relation(cell) else ():  # type: ignore[arg-type]
                    wrong_row = (*cells[:place], (changed,), *cells[place + 1 :])
                    yield f"{kind}: row {number}", replace(block, rows=(*before, wrong_row, *behind))


def _is_relation(cell: Text) -> bool:
    """Tell whether a cell of a table is an equation."""
    only = cell[0] if len(cell) == 1 else None
    return isinstance(only, Row) and any(isinstance(item, Sign) and item.sign == "=" for item in only.items)


def mistakes(node: Node) -> Iterator[tuple[str, Node]]:
    """Yield a relation with one mistake on its right side each."""
    assert isinstance(node, Row)
    cut = next(i for i, item in enumerate(node.items) if isinstance(item, Sign) and item.kind == "rel")
    left, right = node.items[: cut + 1], node.items[cut + 1 :]
    for kind, changed in _inside(right[0] if len(right) == 1 else Row(right)):
        yield kind, Row((*left, *(changed.items if isinstance(changed, Row) else (changed,))))


def _inside(node: Node) -> Iterator[tuple[str, Node]]:
    for kind, act in KINDS.items():
        changed = act(node)
        yield from ((kind, each) for each in changed)
    if isinstance(node, Tag) and node.of is not None:
        return  # A symbol is one thing: its letters are for another fault.
    for name in (field.name for field in fields(node)):
        value = getattr(node, name)
        if isinstance(value, Node):
            for kind, changed in _inside(value):
                yield kind, replace(node, **{name: changed})  # type: ignore[arg-type]
        elif name == "items":
            for place, item in enumerate(value):
                for kind, changed in _inside(item):
                    inner = changed.items if isinstance(changed, Row) else (changed,)
                    yield kind, replace(node, items=(*value[:place], *inner, *value[place + 1 :]))  # type: ignore[call-arg]


def lost_transpose(node: Node) -> list[Node]:
    """W instead of Wᵀ."""
    is_one = isinstance(node, Script) and isinstance(node.sup, Sign) and node.sup.sign == "⊤"
    return [node.base] if is_one else []  # type: ignore[attr-defined]


def superfluous_transpose(node: Node) -> list[Node]:
    """Wᵀ instead of W."""
    if isinstance(node, Tag) and node.role == "entry":
        return []  # It is a number.
    is_symbol = isinstance(node, Tag) and getattr(node.of, "shape", (1, 1)) != (1, 1) and node.of is not None
    return [Script(node, None, Sign("⊤", "postfix"))] if is_symbol and not isinstance(node.of, str) else []  # type: ignore[attr-defined]


def wrong_sign(node: Node) -> list[Node]:
    """− instead of +, and the other way round."""
    if isinstance(node, Sign) and node.kind == "bin" and node.sign in "+−":
        return [Sign("−" if node.sign == "+" else "+")]
    return []


def lost_minus(node: Node) -> list[Node]:
    """A term without the − before it."""
    first = node.items[0] if isinstance(node, Row) and node.items else None
    return [Row(node.items[1:])] if isinstance(first, Sign) and first.kind == "prefix" and first.sign == "−" else []  # type: ignore[attr-defined]


def wrong_scale(node: Node) -> list[Node]:
    """1/(3m) instead of 1/m."""
    return [Frac(node.over, Row((Num("3"), Sign("\u2062", "times"), node.under)))] if isinstance(node, Frac) else []


def missing_term(node: Node) -> list[Node]:
    """A sum without one of its terms."""
    if not isinstance(node, Row):
        return []
    cuts = [
        i for i, item in enumerate(node.items) if isinstance(item, Sign) and item.kind == "bin" and item.sign in "+−"
    ]
    ends = [*cuts[1:], len(node.items)] if cuts else []
    return [Row((*node.items[:begin], *node.items[end:])) for begin, end in zip(cuts, ends, strict=True)]


def matrix_for_entries(node: Node) -> list[Node]:
    """A product of matrices where one entry by entry is meant."""
    return [Sign("\u2062", "times")] if isinstance(node, Sign) and node.sign == "⊙" else []


def lost_prime(node: Node) -> list[Node]:
    """f instead of f′."""
    is_one = isinstance(node, Script) and isinstance(node.sup, Sign) and node.sup.sign == "′"
    if is_one and text(node.base) == "exp":  # type: ignore[attr-defined]
        return []  # It is its own slope.
    return [node.base] if is_one else []  # type: ignore[attr-defined]


def lost_square(node: Node) -> list[Node]:
    """A instead of A²."""
    return [node.base] if isinstance(node, Script) and node.sup == Num("2") else []


def _is_number(node: Node) -> bool:
    """Tell whether a factor is 1×1, which commutes with everything."""
    tag = node.base if isinstance(node, Script) else node
    return isinstance(tag, Tag) and getattr(tag.of, "shape", None) == (1, 1)


def swapped(node: Node) -> list[Node]:
    """B·A instead of A·B."""
    if not isinstance(node, Row):
        return []
    found: list[Node] = []
    for place, item in enumerate(node.items[1:-1], 1):
        near = node.items[place - 1], node.items[place + 1]
        factors = all(isinstance(each, Tag | Script | Fence) and not _is_number(each) for each in near)
        if factors and isinstance(item, Sign) and item.kind == "times":
            found.append(Row((*node.items[: place - 1], near[1], item, near[0], *node.items[place + 2 :])))
    return found


def wrong_index(node: Node) -> list[Node]:
    """l + 1 instead of l, in what is printed and in what is meant."""
    of = node.of if isinstance(node, Tag) else None
    symbol = of.of if isinstance(of, Adjoint) else of
    if not isinstance(symbol, Indexed) or not any(isinstance(each, Symbol) for each in symbol.indices):
        return []
    at = next(place for place, each in enumerate(symbol.indices) if isinstance(each, Symbol))
    letter = Id(symbol.indices[at].name)
    moved = Indexed(symbol.of, *(each + int(place == at) for place, each in enumerate(symbol.indices)))
    body = _replaced(node.body, letter, Row((letter, Sign("+"), Num("1"))))  # type: ignore[attr-defined]
    return [replace(node, body=body, of=type(of)(moved) if isinstance(of, Adjoint) else moved)]  # type: ignore[call-arg]


def _replaced(node: Node, old: Node, new: Node) -> Node:
    """Return a tree with another one in the place of one."""
    if node == old:
        return new
    changed = {}
    for field in fields(node):
        value = getattr(node, field.name)
        if isinstance(value, Node):
            changed[field.name] = _replaced(value, old, new)
        elif isinstance(value, tuple) and all(isinstance(each, Node) for each in value):
            changed[field.name] = tuple(_replaced(each, old, new) for each in value)
    return replace(node, **changed)  # type: ignore[arg-type]


KINDS: dict[str, Callable[[Node], list[Node]]] = {
    "wrong index": wrong_index,
    "lost ⊤": lost_transpose,
    "superfluous ⊤": superfluous_transpose,
    "wrong sign": wrong_sign,
    "lost −": lost_minus,
    "wrong scale": wrong_scale,
    "missing term": missing_term,
    "· for ⊙": matrix_for_entries,
    "lost ′": lost_prime,
    "lost square": lost_square,
    "swapped factors": swapped,
}
"""Every kind of mistake; a line left out is one more."""
