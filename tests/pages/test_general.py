"""Pages of networks of any depth: their lines, with any number put in, give the gradients of a network that deep."""

from __future__ import annotations

import tomllib
from dataclasses import fields, is_dataclass, replace
from functools import cache, partial
from pathlib import Path

import pytest
from spelling import UnreadableError
from sympy import Basic, Symbol
from test_notations import OPEN, counted_on, differences_of, problems_of, told_of

import symbp
from symbp import derive
from symbp.maths.notation import AS_Z, NOTATIONS, STANDARD
from symbp.maths.scalars import number
from symbp.maths.tree import EQUALS, Fence, Node, Num, Row, Script, Sign, Tag, changed, row
from symbp.networks import general as networks_general
from symbp.networks.general import CHECKED, SHOWN
from symbp.networks.spec_network import network_of
from symbp.pages.page import Aside, Equations, Para, Table
from symbp.pages.tell.context import LESS
from symbp.pages.tell.derivation import context, derivation_page
from symbp.pages.tell.stream import EXPLICIT
from symbp.symbols import Adjoint
from symbp.writing.formula import math_text

EXAMPLES = Path(symbp.__file__).parent.parent / "examples"

OPTIONS = {
    "mlp-3-tanh-mse": {"activation": "tanh", "loss": "mse"},
    "mlp-3-sigmoid-bce-batch": {"activation": "sigmoid", "loss": "bce", "batch": True},
    "mlp-4": {},
}
"""By the case of the corpus that says what stands for what is left open."""

FILES = {"softmax-classifier": 0, "residual-mlp": 1}
"""Examples, and which of their layers is there any number of times."""


@cache
def general(name, one_unit=False):
    """Return a derivation of any depth; with one unit in each layer there is one example."""
    if name in FILES:
        data = tomllib.loads((EXAMPLES / f"{name}.toml").read_text(encoding="utf-8"))
        data["layers"][FILES[name]]["repeat"] = "N"
        return derive(network_of(data))
    return derive(layers="L", **(OPTIONS[name] | ({"widths": 1, "batch": False} if one_unit else {})))


def at(told_, count, notation):
    """Return what was told of networks of any depth as that of one with ``count`` layers."""
    found, page, names, first = told_
    ((shown, letter),) = first.open_ends.values()
    last = count + shown - SHOWN + notation.first - 1
    says = Para((row(number(letter), EQUALS, Num(str(last))),))
    page = replace(page, blocks=(says, *_general(page.blocks)))
    if notation.error_number != AS_Z:
        page = counted_on(page, lambda symbol: symbol, {str(letter): last})
    own = found.repeated(count)
    listed = context(own, notation).reading.listed
    spelled = {symbol.name: spelling for symbol, spelling in names.items()}
    new = {each.name: each for equation in listed for each in (equation.lhs, *equation.symbols)}
    page = in_all(page, partial(_moved, behind=_behind(first.listed, listed, spelled)))
    return own, page, {each: spelled[name] for name, each in new.items() if name in spelled}, first


def _behind(shown, own, spelled):
    """Return what stands behind the layers of any number, in the network that is shown and in one of them."""
    found = {}
    for one, other in zip(reversed(shown), reversed(own), strict=False):
        pairs = zip((one.lhs, *one.symbols), (other.lhs, *other.symbols), strict=True)
        if one.lhs.name in spelled:
            return found
        found |= {symbol: new for symbol, new in pairs if symbol.name not in spelled}
    return found


def _moved(node, behind):
    if not isinstance(node, Tag) or not isinstance(node.of, Basic):
        return None
    of = node.of
    moved = type(of)(behind.get(of.of, of.of)) if isinstance(of, Adjoint) else of.xreplace(behind)
    return replace(node, body=changed(node.body, partial(_moved, behind=behind)), of=moved)


def in_all(part, change):
    """Return a part of a page with a change of all its trees."""
    if isinstance(part, Node):
        return changed(part, change)
    if isinstance(part, tuple):
        return tuple(in_all(each, change) for each in part)
    if is_dataclass(part):
        return replace(part, **{each.name: in_all(getattr(part, each.name), change) for each in fields(part)})
    return part


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

FULLY = ("standard", "ng", "cs224n")
"""Notations that are read at all depths; the others at two of them."""

EACH = [
    pytest.param(
        name, row, count, id=f"{name}-{row.name}-{count}",
        marks=() if (name, row.name) == QUICK[:2] and count in QUICK[2] else pytest.mark.long,
    )
    for name in (*OPTIONS, *FILES)
    for row in NOTATIONS.values()
    if not (name in FILES and row.units == "one")
    for count in (CHECKED if row.name in FULLY else CHECKED[::2])
]  # fmt: skip


UNUSED = "is defined and never used"


@pytest.mark.parametrize(("name", "notation", "count"), EACH)
def test_a_page_holds_for_any_depth(name, notation, count):
    found = at(told(name, notation), count, notation)
    # The slopes of what comes before the blocks stand only in the product with dots.
    assert [each for each in problems_of(found, notation) if name not in FILES or UNUSED not in each] == []
    if name in OPEN and not (notation.named_loss_gradient and notation.form == "matrix" and found[-1].is_one):
        return
    if name in FILES and not (notation.form == "matrix" and notation.layout == "columns"):
        return  # What is drawn for the targets is no distribution in rows.
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


@pytest.mark.parametrize("change", [longer, reversed_, shorter])
def test_a_mistake_is_seen(change):
    found, page, *rest = at(told("mlp-3-tanh-mse", STANDARD), 3, STANDARD)
    wrong = in_all(page, change)
    assert wrong != page
    with pytest.raises(UnreadableError):
        differences_of("mlp-3-tanh-mse", (found, wrong, *rest), STANDARD)


FORMS = ("html", "latex", "text")

CONCRETE = {"activation": "relu", "loss": "cross_entropy"}
"""Where the last layer has no slope of its own: a product of blocks begins with another kind of factor."""


@pytest.mark.parametrize("options", [pytest.param({}, marks=pytest.mark.long), CONCRETE])
def test_products_show_their_ends_from_four_layers_on(options):
    shown = products(derive(layers="L", **options))
    for count in (4, 5, 6):
        whole = dict(products(derive(layers=count, **options)))
        for name, (head, tail) in ((at_count(name, count), ends(text, count)) for name, text in shown):
            factors = whole[name].split()
            assert len(head) + len(tail) <= len(factors)
            assert (factors[: len(head)], factors[len(factors) - len(tail) :]) == (head, tail)


def products(found):
    """Return what stands in the table of products, a gradient and its factors a row."""
    (table,) = (each for each in derivation_page(found).blocks if isinstance(each, Table) and each.align == "lrlll")
    return [tuple(math_text(cell[0]) for cell in row_[:2]) for row_ in table.rows]


def at_count(text, count):
    """Return a text with numbers in the place of L, L − 1 and L − 2, written as a text writes indices."""
    for by in (2, 1, 0):
        number_ = "".join("₀₁₂₃₄₅₆₇₈₉"[int(each)] for each in str(count - by))
        text = text.replace(f"_(L−{by})" if by else "_L", number_)
    return text


def ends(text, count):
    """Return the factors before the dots and those behind them; without dots all are behind them."""
    head, _, tail = at_count(text, count).rpartition("⋯")
    return (head.split(), tail.split())


@pytest.mark.parametrize(
    ("notation", "forms"),
    [("standard", FORMS[-1:]), *(pytest.param(each, FORMS, marks=pytest.mark.long) for each in NOTATIONS)],
)
def test_the_page_does_not_depend_on_which_network_stands_for_all(notation, forms, monkeypatch):
    options = {"widths": 1} if NOTATIONS[notation].units == "one" else {}
    pages = []
    for shown in (12, 13):
        monkeypatch.setattr(networks_general, "SHOWN", shown)
        found = derive(layers="L", **options)
        pages.append([symbp.render(found, form, notation) for form in forms])
    assert pages[0] == pages[1]
