"""Every symbol of a page once: its name in words, its shape, the line that defines it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sympy import MatrixSymbol

from symbp.maths.maps import Function, Map
from symbp.maths.names import PARAMETERS, slot_of
from symbp.maths.tree import Node, Tag, walk
from symbp.ops.elementwise import Slope
from symbp.ops.losses import LossGradient
from symbp.pages.page import Text
from symbp.pages.tell.context import Context
from symbp.pages.tell.levels import Deep, call_label
from symbp.pages.tell.notation import meaning_of
from symbp.pages.tour import Entry, mark_of
from symbp.symbols import Adjoint, Named


def glossary(c: Context, trees: Iterable[Node], labels: Mapping[str, object]) -> tuple[Entry, ...]:
    """Return an entry for every symbol in trees; a definition stands in a line with one of the labels."""
    found: dict[str, Tag] = {}
    for node in (each for tree in trees for each in _symbols(tree)):
        mark = mark_of(node.of)
        if mark is not None and (mark.family not in found or _is_more_general(node, found[mark.family])):
            found[mark.family] = node
    lines = {**_lines(c), **_blocks(c)}
    entries = []
    for family, node in found.items():
        label = lines.get(family, "")
        entries.append(
            Entry(family, Tag(node.body, node.of), _name(c, node), _shape(c, node.of), label if label in labels else "")
        )
    return tuple(entries)


def _symbols(tree: Node) -> Iterator[Tag]:
    """Yield the tags of symbols, none inside of another."""
    if isinstance(tree, Tag) and mark_of(tree.of) is not None:
        yield tree
        return
    yield from _inside(tree)


def _inside(tree: Node) -> Iterator[Tag]:
    return (each for each in walk(tree) if isinstance(each, Tag) and mark_of(each.of) is not None)


def _is_more_general(node: Tag, other: Tag) -> bool:
    """Whether a symbol shows more plainly than another what all of its family are: a⁽ˡ⁾, not a⁽ˡ⁻¹⁾ or a⁽³⁾."""
    return _generality(node) > _generality(other)


def _generality(node: Tag) -> tuple[bool, bool]:
    of = getattr(node.of, "output", node.of)
    indices = getattr(getattr(of, "of", of) if isinstance(of, Adjoint) else of, "indices", ())
    return node.role != "entry", bool(indices) and all(each.is_Symbol for each in indices)


def _name(c: Context, node: Tag) -> Text:
    of = node.of
    if isinstance(of, Adjoint) and of.of.role in PARAMETERS:
        return c.words("tour.gradient", n=1, of=c.names.symbol(of.of))
    if isinstance(of, Adjoint):
        return (
            c.words("tour.error", of=c.names.symbol(of.of)) if slot_of(of.of) in c.names.parts else c.words("tour.sent")
        )
    if isinstance(of, Named):
        variable, _ = slot_of(of)
        return meaning_of(c, variable) if c.words.has(f"notation.{variable.role.value}") else c.words("tour.matrix")
    keys = {Slope: "notation.slopes", LossGradient: "notation.loss_gradient", Function: "tour.block", Map: "tour.map"}
    return c.words(next((key for kind, key in keys.items() if isinstance(of, kind)), "tour.activation"))


def _shape(c: Context, of: object) -> Node | None:
    own = of.output if isinstance(of, Slope) else of.args[0] if isinstance(of, LossGradient) else of
    if isinstance(of, Slope) and c.reading.is_product:
        return None
    return c.shape(own) if isinstance(own, MatrixSymbol) else None


def _lines(c: Context) -> dict[str, str]:
    """Return the label of the line that defines each family of symbols."""
    found: dict[str, str] = {}
    for pair in (*c.pairs, *((each,) for each in c.errors)):
        for spelled in pair:
            mark = mark_of(spelled.equation.lhs)
            if mark is not None:
                found.setdefault(mark.family, pair[0].label)
    return found


def _blocks(c: Context) -> dict[str, str]:
    """Return the labels of the lines that say what a block makes of its input, and what its map is."""
    found: dict[str, str] = {}
    for group in c.groups if isinstance(c, Deep) else ():
        kind = group.inside.part.kind.value
        found |= {f"block-{kind}": call_label(group.inside), f"map-{kind}": group.errors[-1].label}
    return found
