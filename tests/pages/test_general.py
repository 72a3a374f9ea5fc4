"""Pages of networks of any depth: their lines, with any number put in, give the gradients of a network that deep."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from spelling import UnreadableError
from sympy import Symbol
from test_notations import OPEN, counted_on, differences_of, problems_of, told_of

import symbp
from symbp import derive
from symbp.maths.notation import AS_Z, NOTATIONS, STANDARD
from symbp.maths.scalars import number
from symbp.maths.tree import EQUALS, Fence, Num, Row, Script, Sign, changed, row
from symbp.networks import general as networks_general
from symbp.networks.general import CHECKED
from symbp.pages.page import Aside, Equations, Para, Table
from symbp.pages.tell.context import LESS
from symbp.pages.tell.stream import EXPLICIT

NETWORKS = {
    "mlp-3-tanh-mse": {"activation": "tanh", "loss": "mse"},
    "mlp-3-sigmoid-bce-batch": {"activation": "sigmoid", "loss": "bce", "batch": True},
    "mlp-4": {},
}
"""By the case of the corpus that says what stands for what is left open."""


@cache
def general(name, one_unit=False):
    """Return a derivation of any depth; with one unit in each layer there is one example."""
    options = NETWORKS[name]
    if one_unit:
        options = {**options, "widths": 1, "batch": False}
    return derive(layers="L", **options)


def at(told_, count, notation):
    """Return what was told of networks of any depth as that of one with ``count`` layers."""
    found, page, names, first = told_
    (letter,) = {last for _, last in first.open_ends.values()}
    last = count + notation.first - 1
    says = Para((row(number(letter), EQUALS, Num(str(last))),))
    page = replace(page, blocks=(says, *_general(page.blocks)))
    if notation.error_number != AS_Z:
        page = counted_on(page, lambda symbol: symbol, {str(letter): last})
    return found.repeated(count), page, names, first


def _general(blocks):
    """Yield what holds for any depth: no products of which the first and the last factors are shown."""
    for block in blocks:
        if isinstance(block, Aside):
            yield replace(block, blocks=tuple(_general(block.blocks)))
        elif not _has_ends(block):
            yield block


def _has_ends(block):
    is_stairs = isinstance(block, Table) and block.align == "lrlll"
    return is_stairs or (isinstance(block, Equations) and block.lines[0].label == EXPLICIT)


@cache
def told(name, notation):
    """Return what is told of a case of any depth in a notation."""
    return told_of(general(name, notation.units == "one"), notation)


QUICK = ("mlp-3-tanh-mse", "standard", (1, 3))
"""What the short suite runs; the long one runs all."""

EACH = [
    pytest.param(
        name, row, count, id=f"{name}-{row.name}-{count}",
        marks=() if (name, row.name) == QUICK[:2] and count in QUICK[2] else pytest.mark.long,
    )
    for name in NETWORKS
    for row in NOTATIONS.values()
    for count in CHECKED
]  # fmt: skip


@pytest.mark.parametrize(("name", "notation", "count"), EACH)
def test_a_page_holds_for_any_depth(name, notation, count):
    found = at(told(name, notation), count, notation)
    assert problems_of(found, notation) == []
    if name in OPEN and not (notation.named_loss_gradient and notation.form == "matrix" and found[-1].is_one):
        return
    assert max(differences_of(name, found, notation).values()) <= 1e-9


def longer(node):
    """Return a product that has one factor too many: up to L."""
    if isinstance(node, Script) and isinstance(node.base, Sign) and node.base.sign == "∏":
        return replace(node, sup=node.sup.items[0])
    return None


def reversed_(node):
    """Return a product with its two factors in the other order."""
    if isinstance(node, Fence) and isinstance(node.body, Row) and isinstance(node.body.items[0], Script):
        sign, times, first, between, second = node.body.items
        return replace(node, body=row(sign, times, second, between, first))
    return None


def shorter(node):
    """Return a range that leaves out the last hidden layer: 1 ≤ l < L − 1."""
    if isinstance(node, Row) and LESS in node.items:
        return row(*node.items[:-1], number(Symbol("L", integer=True) - 1))
    return None


def with_mistake(blocks, change):
    """Return blocks with a change of the trees of their lines."""
    found = []
    for block in blocks:
        if isinstance(block, Aside):
            block = replace(block, blocks=with_mistake(block.blocks, change))
        elif isinstance(block, Equations):
            lines = [
                replace(
                    line,
                    parts=tuple(changed(part, change) for part in line.parts),
                    where=line.where and changed(line.where, change),
                )
                for line in block.lines
            ]
            block = replace(block, lines=tuple(lines))
        found.append(block)
    return tuple(found)


@pytest.mark.parametrize("change", [longer, reversed_, shorter])
def test_a_mistake_is_seen(change):
    found, page, *rest = at(told("mlp-3-tanh-mse", STANDARD), 3, STANDARD)
    wrong = replace(page, blocks=with_mistake(page.blocks, change))
    assert wrong != page
    with pytest.raises(UnreadableError):
        differences_of("mlp-3-tanh-mse", (found, wrong, *rest), STANDARD)


@pytest.mark.parametrize("notation", ["standard", "zhou"])
def test_the_page_does_not_depend_on_which_network_stands_for_all(notation, monkeypatch):
    first = symbp.render(derive(layers="L"), "text", notation)
    monkeypatch.setattr(networks_general, "SHOWN", 13)
    assert symbp.render(derive(layers="L"), "text", notation) == first
