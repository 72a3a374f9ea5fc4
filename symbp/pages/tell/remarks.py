"""What a reader must know of a network beside its equations: what is given how, what belongs together, what is zero."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sympy import MatMul, MatrixSymbol

from symbp.calculus.factor import Factor, is_ones
from symbp.checking.report import CheckReport, Verdict
from symbp.derivation import Gradient
from symbp.equations import nodes
from symbp.maths.tree import Id, Node
from symbp.op import Op
from symbp.ops.convolution import ChannelSums
from symbp.pages.page import Block, Para, Text
from symbp.pages.tell import model
from symbp.pages.tell.context import Context
from symbp.roles import Role
from symbp.symbols import Variable

MOST_NAMES = 6
"""Longest list of symbols written out."""


def remarks(c: Context, check: CheckReport | None = None) -> list[Block]:
    """Return a paragraph for every fact that the equations do not show."""
    return [Para(each, detail=3) for each in (*_given(c), *_seen(c), *zeros(c, check))]


def _given(c: Context) -> Iterator[Text]:
    """Yield what columns, images and masks are, and which variant a recurrent layer is."""
    derivation = c.reading.derivation
    network = derivation.network
    if derivation.tokens:
        yield c.words("remarks.tokens", n=int(derivation.tokens))
    columns = network.x.shape[1] if network.inputs else None
    met = next(
        (each.lhs for each in derivation.coupled if isinstance(each.rhs, Op) and each.lhs.shape[1] == columns), None
    )
    if met is not None and not derivation.tokens:
        yield c.words("remarks.coupled", symbol=_symbol(c, met))
    flat = dict.fromkeys(
        node.args[-1]
        for equation in derivation.forward
        for node in nodes(equation.rhs)
        if isinstance(node, MatMul) and node.args[-1] in network.images
    )
    if flat:
        yield c.words("remarks.flat")
    masks = [each for each in network.inputs if each.role is Role.MASK]
    if masks:
        yield c.words("remarks.masks", n=len(masks), masks=_listed(c, masks))
    cells = dict.fromkeys(path.rpartition(".")[2].rstrip("0123456789_") for path in derivation.states)
    letters: dict[str, Any] = {each: Id(each) for each in "fginorz"}
    yield from (c.words(f"remarks.cell.{each}", **letters) for each in cells if c.words.has(f"remarks.cell.{each}"))


def _seen(c: Context) -> Iterator[Text]:
    """Yield what was seen of the model; unused parameters are said of any network."""
    yield from model.remarks(c.words, c.reading.derivation.network)


def zeros(c: Context, check: CheckReport | None = None) -> Iterator[Text]:
    """Yield which gradients are zero: the loss does not depend, rows that sum to zero are added up, by the check."""
    derivation = c.reading.derivation
    unused = [each for each in derivation.wrt if each in derivation.unused]
    if unused:
        yield c.words("remarks.unused", n=len(unused), symbols=_listed(c, unused))
    sums = (getattr(node, name, 0) for each in derivation.backward for node in nodes(each.rhs) for name in SUMS)
    gone: list[Variable] = []
    if any(sums):
        found = derivation.gradients
        gone = [each for each in derivation.wrt if each not in unused and must_vanish(found[each.name])]
    if gone:
        kind = "channel" if derivation.network.images else "feature"
        yield c.words(f"remarks.vanish_{kind}", n=len(gone), symbols=_listed(c, gone))
    rows = () if check is None else check.rows
    names = {each.name for each in rows if each.verdict is Verdict.ZERO} - {each.name for each in (*unused, *gone)}
    rounded = [each for each in derivation.wrt if each.name in names]
    if rounded:
        yield c.words("remarks.rounded", n=len(rounded), symbols=_listed(c, rounded))


SUMS = ("rows_sum_to_zero", "places_sum_to_zero")
"""What an operation of the backward pass says of its value: its rows, or its channels, sum to zero."""


def must_vanish(gradient: Gradient) -> bool:
    """Whether a gradient is zero as it must be: it adds up what sums to zero, rows or whole channels."""
    ends = [product.last(3) for product in gradient.products]
    return bool(ends) and all(map(_adds_to_zero, ends))


def _adds_to_zero(end: Sequence[Factor]) -> bool:
    *before, last = end
    places = int(last.expr.args[1]) if isinstance(last.expr, ChannelSums) else 0
    if places and before:
        *before, last = before
    node = before[-1].expr if before and is_ones(last) else None
    if not isinstance(node, Op):
        return False
    return node.places_sum_to_zero == places if places else node.rows_sum_to_zero


def _symbol(c: Context, symbol: MatrixSymbol) -> Node:
    """Return a symbol of the derivation as the page has it: for one example, or what its equation is written into."""
    shown = {each.name: each for each in (*c.reading.all_symbols, *c.reading.folded.names)}
    name = symbol.name
    while name in c.reading.holders:
        name = c.reading.holders[name]
    return c.names.symbol(c.reading.spelled(shown.get(name, symbol)))


def _listed(c: Context, symbols: Iterable[MatrixSymbol]) -> Text:
    trees = [_symbol(c, each) for each in symbols]
    shown = trees if len(trees) <= MOST_NAMES else [*trees[: MOST_NAMES - 1], Id("…"), trees[-1]]
    return c.words.listed([(each,) for each in shown])
