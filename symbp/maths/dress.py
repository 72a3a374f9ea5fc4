"""The signs of a notation in a tree: what ⊤, ⊙ and m are written as. The builder knows one sign for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from symbp.maths.notation import Notation
from symbp.maths.tree import COMMA, HADAMARD, TRANSPOSE, Id, Node, Row, Script, Sign, Tag, changed, row, walk

TRANSPOSES: Mapping[str, Sign] = {"top": TRANSPOSE, "T": Sign("ᵀ", "postfix"), "roman": Sign("⊺", "postfix")}
"""The signs of a transpose: ⊤, an italic T, an upright one."""

ENTRYWISE: Mapping[str, Sign] = {
    "odot": HADAMARD,
    "star": Sign("*"),
    "circ": Sign("∘"),
    "bullet": Sign("∙"),
    "otimes": Sign("⊗"),
}
"""The signs of a product entry by entry."""

COUNT = Id("m")
"""The number of examples, which no other letter of a page is."""

TAKEN = frozenset("∗⋆")
"""Signs of convolutions: beside one of them a product entry by entry is no star."""


def dress(notation: Notation, trees: Callable[[], list[Node]]) -> Callable[[Node], Node] | None:
    """Return what gives a tree the signs of a notation, None where they are its own already.

    ``trees`` are all of the page, asked for where it matters.
    """
    entrywise = ENTRYWISE[notation.entrywise]
    if entrywise.sign == "*" and any(map(_is_taken, trees())):
        entrywise = HADAMARD
    found: Mapping[Node, Node] = {
        TRANSPOSE: TRANSPOSES[notation.transpose],
        HADAMARD: entrywise,
        COUNT: Id(notation.count),
    }
    if all(old == new for old, new in found.items()) and notation.entry_commas:
        return None

    def change(node: Node) -> Node | None:
        if isinstance(node, Tag) and node.role == "entry" and not notation.entry_commas:
            return replace(node, body=changed(_without_commas(node.body), change))
        return found.get(node) if isinstance(node, Sign | Id) else None

    return lambda tree: changed(tree, change)


def _without_commas(node: Node) -> Node:
    """Return an entry whose indices, each one letter, stand without commas: w_{jk}."""
    if not isinstance(node, Script) or not isinstance(node.sub, Row):
        return node
    *indices, last = [each for each in node.sub.items if each != COMMA]
    are_short = all(isinstance(each, Id) and len(each.name) == 1 for each in indices)
    return replace(node, sub=row(*indices, last)) if are_short else node


def _is_taken(tree: Node) -> bool:
    return any(isinstance(node, Sign) and node.sign in TAKEN for node in walk(tree))
