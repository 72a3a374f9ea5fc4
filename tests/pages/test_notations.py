"""Pages in every notation hang together, and their equations as displayed give the gradients."""

from __future__ import annotations

import contextlib
import re
from dataclasses import fields, is_dataclass, replace
from itertools import zip_longest
from pathlib import Path

import numpy as np
import pytest
from corpus import CASES
from notated import network_of, numbers
from operators import in_rows
from reader import closed, executed, gradients_of
from selection import short
from spelling import UnreadableError, name_of
from statements import said, texts
from sympy import Basic, Integer, Symbol
from test_pages import env_of, tiles

import symbp
from symbp import Network, SpecError, derive, render
from symbp.maths import notation as table_of_notations
from symbp.maths.axes import axes
from symbp.maths.notation import AS_Z, NOTATIONS, STANDARD
from symbp.maths.tree import Id, Node, Num, Sign, Tag, changed, walk
from symbp.ops.losses import LossGradient
from symbp.pages.page import lines
from symbp.pages.tell.derivation import context, derivation_page
from symbp.symbols import Adjoint
from symbp.views.layout import LAYOUTS
from symbp.views.levels import levels
from symbp.views.lines import Indexed
from symbp.views.shared import block_groups

OPEN = ("mlp-4", "mlp-1")
"""Networks whose loss is left open: the reader knows no gradient of it that is written as a derivative."""

SHORT = ("mlp-3-tanh-mse", "mlp-3-sigmoid-bce-batch")


def counted_on(part, count, last):
    """Return a part of a page whose symbols have the numbers that the notation counts.

    ``last`` has the number that stands for a letter, for a notation that counts errors from the last layer.
    """
    ends = {Symbol(name, integer=True): Integer(number) for name, number in last.items()}

    def change(node):
        if not isinstance(node, Tag) or not isinstance(node.of, Basic):
            return None
        own = {each: count(each) for each in node.of.atoms(Indexed)}
        of = node.of.xreplace(ends) if isinstance(node.of, Adjoint) else node.of
        return replace(node, body=changed(node.body, change), of=of.xreplace(own))

    if isinstance(part, Node):
        return changed(part, change)
    if isinstance(part, tuple | list):
        return type(part)(counted_on(each, count, last) for each in part)
    if is_dataclass(part) and not isinstance(part, type):
        values = {each.name: getattr(part, each.name) for each in fields(part)}
        return type(part)(**{key: counted_on(value, count, last) for key, value in values.items()})
    return part


def told(name, notation):
    """Return a derivation, its page in a notation, what its symbols with indices spell, and its reading."""
    return told_of(derive(network_of(name, notation)), notation)


def told_of(found, notation):
    """Return the same of a derivation."""
    notation = replace(notation, errors_in="names")  # This reader runs no program; that of what is printed does.
    c = context(found, notation)
    deep = levels(found, LAYOUTS[notation.layout])
    readings = (c.reading, *(deep or ()), *(each.reading for each in (block_groups(deep) if deep else ())))
    layers = {index.letter: index.last for index in c.reading.indices if index.kind == "layer"}

    def count(symbol):
        loops = (c.names.loops(symbol) or tuple(layers)[:1]) if deep is None else ()
        indices = [
            index + notation.first - 1 if index.is_Integer and letter in layers else index
            for letter, index in zip_longest(loops, symbol.indices)
        ]
        return Indexed(symbol.of, *indices)

    names = {}
    for reading in readings:
        for spellings in (reading.folded.names, reading.folded.starts):
            for symbol, spelled in spellings.items():
                names.setdefault(symbol, count(spelled))
    page = derivation_page(found, notation=notation)
    ends = (
        {}
        if notation.error_number == AS_Z or found.network.general
        else dict.fromkeys([notation.last], next(iter(layers.values()), 0))
    )
    return found, counted_on(page, count, ends), names, c.reading


def loss_gradients(page, notation):
    """Return how a page writes the gradient of an open loss, where it writes the derivative that it is."""
    if notation.named_loss_gradient:
        return set()
    numbers, _ = said(page, {})
    spans = [span for sentence in texts(page.blocks) for span in sentence if isinstance(span, Node)]
    trees = [*spans, *(part for line in lines(page.blocks) for part in line.parts)]
    tags = [
        node for tree in trees for node in walk(tree) if isinstance(node, Tag) and isinstance(node.of, LossGradient)
    ]
    return {name_of(each, numbers) for each in tags}


def problems(name, notation):
    """Return what is wrong with a page as a text."""
    return problems_of(told(name, notation), notation)


def problems_of(told_, notation):
    """Return the same of what was told."""
    found, page, names, first = told_
    given = tuple(map(first.layout.symbol, found.readable.forward.given))
    own = {*given, *loss_gradients(page, notation)}
    letters = {"m": 3} if notation.sums == "columns" else {}
    return closed(page, own, names=names, tiles=tiles(found), words=[notation.loss], numbers_of=letters)


def differences(name, notation):
    """Return how far the gradients of a page are from those of compile(), relative to the largest entry."""
    return differences_of(name, told(name, notation), notation)


def differences_of(name, told_, notation):
    """Return the same of what was told, as a case of the corpus."""
    found, page, names, first = told_
    given = numbers(name, notation, found, first)
    env = env_of(CASES[name], given.given, given.sizes, names, page)
    env = replace(env, broadcasts=notation.sums == "columns", rows=not first.layout.keeps_columns)
    env = replace(env, operators=in_rows(env.operators)) if env.rows else env
    result, right = gradients_of(executed(page, env), given.gradients), given.gradients
    assert set(result) == set(right)
    return {each: float(np.max(np.abs(result[each] - right[each])) / np.max(np.abs(right[each]))) for each in right}


QUICK = ("ng", "prince")
"""Notations that the short suite runs; the long one runs all."""

EACH = [
    pytest.param(row, id=row.name, marks=() if row.name in QUICK else pytest.mark.long) for row in NOTATIONS.values()
]


@pytest.mark.long
@pytest.mark.parametrize("notation", NOTATIONS.values(), ids=lambda each: each.name)
@pytest.mark.parametrize("name", OPEN)
def test_a_page_of_what_is_left_open_is_closed(name, notation):
    assert problems(name, notation) == []


@pytest.mark.parametrize("notation", EACH)
@pytest.mark.parametrize("name", SHORT)
def test_a_page_is_closed_and_gives_the_gradients(name, notation):
    assert problems(name, notation) == []
    assert max(differences(name, notation).values()) <= 1e-9


BEYOND = (
    "residual-mlp",
    "softmax-classifier",
    "small-cnn",
    "batchnorm-mlp",
    "lstm-classifier",
    "rnn-5",
    "highway",
    "swiglu",
)
"""Networks beyond a plain stack of layers."""


def is_read(name, notation):
    """Whether the reader knows all operations of a page.

    It knows none of a batch whose errors alone are rows, and no bias of channels that is a row.
    """
    if notation.layout == "code-rows":
        return name != "small-cnn"
    return notation.layout not in ("row-gradients", "shape") or name not in ("small-cnn", "batchnorm-mlp")


@pytest.mark.long
@pytest.mark.parametrize("notation", NOTATIONS.values(), ids=lambda each: each.name)
@pytest.mark.parametrize("name", BEYOND)
def test_networks_beyond_a_stack_are_written_in_every_notation(name, notation):
    if notation.units == "one":
        with pytest.raises(SpecError, match="one unit a layer is of a plain stack of layers alone"):
            told(name, notation)
        return
    assert problems(name, notation) == []
    if is_read(name, notation):
        assert max(differences(name, notation).values()) <= 1e-9


def test_a_layer_of_one_unit_among_others_keeps_its_line_in_matrices():
    network = Network.mlp(layers=3, widths=[3, 1, 4, 2], activation="tanh", loss="mse")
    page = render(derive(network), "text", "index")
    assert "zₗ = wₗ aₗ₋₁ + bₗ" in page or "z⁽ˡ⁾ = w⁽ˡ⁾ a⁽ˡ⁻¹⁾ + b⁽ˡ⁾" in page


PLANTED = [
    ("mlp-3-tanh-mse", "prince", "⊤", "′"),
    ("mlp-3-tanh-mse", "bishop", "+", "−"),
    ("mlp-3-sigmoid-bce-batch", "ng", "m", "7"),
]


@pytest.mark.parametrize(("network", "name", "old", "new"), PLANTED)
def test_a_planted_mistake_is_seen(network, name, old, new, monkeypatch):
    """A lost transpose, a wrong sign, another number: the equations as displayed are worked out."""
    whole = derivation_page

    def mistaken(*args, **options):
        return planted(whole(*args, **options), old, new)

    monkeypatch.setitem(globals(), "derivation_page", mistaken)
    with contextlib.suppress(UnreadableError):
        assert max(differences(network, NOTATIONS[name]).values()) > 1e-9


def planted(part, old, new):
    """Return a part of a page with a sign or a letter in its equations changed."""
    if isinstance(part, Node):
        return changed(part, lambda node: _other(node, old, new))
    if isinstance(part, tuple):
        return tuple(planted(each, old, new) for each in part)
    if is_dataclass(part) and not isinstance(part, type):
        values = {each.name: getattr(part, each.name) for each in fields(part)}
        return type(part)(**{key: planted(value, old, new) for key, value in values.items()})
    return part


def _other(node, old, new):
    if isinstance(node, Sign) and node.sign == old:
        return replace(node, sign=new)
    return Num(new) if isinstance(node, Id) and node.name == old else None


OWN = sorted(set(NOTATIONS) - {"standard", "rows", "index", "scalar"})
"""Names that mean nothing but the notation."""


def test_no_name_of_a_notation_stands_in_code():
    table = Path(table_of_notations.__file__)
    files = [file for file in Path(symbp.__file__).parent.rglob("*.py") if file != table]
    names = re.compile(rf"""["']({"|".join(map(re.escape, OWN))})["']""")
    assert [file.name for file in files if names.search(file.read_text(encoding="utf-8"))] == []


@pytest.mark.long
def test_pages_differ_in_the_axes_of_their_rows_and_in_nothing_else():
    derivation = derive(CASES["mlp-3-tanh-mse"].network())
    rows = list(NOTATIONS.values())
    for own, other in zip(rows, [*rows[1:], rows[0]], strict=True):
        values = {axis: getattr(other, axis) for axis in axes()}
        assert render(derivation, "text", replace(own, **values)) == render(derivation, "text", other)


LETTERS = {
    "weight": "Q", "bias": "q", "preactivation": "P", "activation": "G", "target": "R", "function": "h",
    "error": "ε", "slopes": "Σ", "loss": "C",
}  # fmt: skip
"""Letters that no page of ours has."""


def lettered(part, letters):
    """Return a part of a page with other letters, whatever they stand for."""
    if isinstance(part, Node):
        return changed(part, lambda node: letters.get(node) if isinstance(node, Id) else None)
    if isinstance(part, tuple):
        return tuple(lettered(each, letters) for each in part)
    if is_dataclass(part) and not isinstance(part, type):
        values = {each.name: getattr(part, each.name) for each in fields(part)}
        return replace(part, **{key: lettered(value, letters) for key, value in values.items()})
    return part


@pytest.mark.parametrize("axis", short(LETTERS, {"weight", "error"}))
@pytest.mark.parametrize("name", short(("mlp-4", "mlp-3-sigmoid-bce-batch"), {"mlp-3-sigmoid-bce-batch"}))
def test_a_letter_changes_where_it_stands_and_nowhere_else(name, axis):
    """All equations of a page are those of another row with the letter in the place of its own."""
    found, old, new = derive(network_of(name, STANDARD)), getattr(STANDARD, axis), LETTERS[axis]
    ours, theirs = (
        [line.parts for line in lines(derivation_page(found, notation=row).blocks)]
        for row in (STANDARD, replace(STANDARD, **{axis: new}))
    )
    letters = {Id("L", "script") if axis == "loss" else Id(old): Id(new)}
    if axis in ("preactivation", "activation", "target"):  # One example has the small ones.
        letters[Id(old.lower())] = Id(new.lower())
    assert lettered(tuple(ours), letters) == tuple(theirs)
    assert ours != theirs or axis in ("function", "slopes")


UNLIKE = {"kernel": "κ", "slopes": "Δ", "input": "U"}
"""Axes of which every row has our value, and another one."""

SHOWN = {"kernel": "small-cnn", "relu_slope": "softmax-classifier"}
"""Networks that show an axis which a plain stack does not."""


@pytest.mark.long
@pytest.mark.parametrize("axis", axes())
def test_every_axis_changes_a_page(axis):
    """Some row has another value than ours, and its page is another with ours."""
    rows = [row for row in NOTATIONS.values() if getattr(row, axis) != getattr(STANDARD, axis)]
    rows = rows or [replace(STANDARD, **{axis: UNLIKE[axis]})]
    names = [SHOWN[axis]] if axis in SHOWN else ["mlp-4", "mlp-3-sigmoid-bce-batch"]
    pages = (
        (render(found, "latex", row), render(found, "latex", replace(row, **{axis: getattr(STANDARD, axis)})))
        for found in (derive(CASES[name].network()) for name in names)
        for row in rows
    )
    assert any(own != ours for own, ours in pages)
