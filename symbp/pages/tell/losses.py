"""The losses of a page: ℓ and its slopes, or how a loss and the activation before it collapse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sympy import Expr, MatrixExpr, Rational, S, Symbol

from symbp.maths.build import slope_name
from symbp.maths.scalars import Scalars, call, number
from symbp.maths.tree import EQUALS, MINUS, Node, Num, row
from symbp.ops.elementwise import ScalarFunction, Slope
from symbp.ops.entries import Total
from symbp.ops.loss_table import LOSSES, rows
from symbp.ops.losses import EntrywiseLoss, LinkedLoss, Loss
from symbp.pages.page import Block, Equations, Para, Text
from symbp.pages.page import Line as PageLine
from symbp.pages.tell.context import Context
from symbp.pages.tell.formulas import cases
from symbp.pages.tell.letters import Letters, number_line, sentences
from symbp.roles import Role
from symbp.views.layout import COLUMNS


def losses(c: Context) -> list[Block]:
    """Return ℓ and its slopes for every loss, or how it and its link collapse; targets, and what PyTorch calls it."""
    nodes = [each for each in dict.fromkeys(c.nodes) if isinstance(each, Loss)]
    blocks: list[Block] = []
    for node in nodes:
        notes = [torch(c, node.name, node.args[1])]
        if isinstance(node, LinkedLoss):
            notes.insert(0, collapse(c, node))
        elif isinstance(node, EntrywiseLoss) and node.name != "mse":
            blocks.append(Equations(tuple(loss_lines(c, node.function))))
            notes = [*loss_notes(c, node), *notes]
        if any(notes):
            blocks.append(Para(sentences(notes)))
    written = dict(c.reading.derivation.network.written)
    for name, outputs in written.items():
        title = c.words("torch.title", name=name.replace("_", " ")) if len(written) + len(nodes) > 1 else ()
        blocks.append(Para(torch(c, name, outputs), title=title))
    return blocks


def loss_lines(c: Context, function: ScalarFunction) -> Iterator[PageLine]:
    """Yield ℓ(a, y) = … and the slopes that the page has."""
    letters = Letters(c.taken)
    a, y = function.variables
    numbers = [pair for pair in function.parameters if function.expr.has(pair[0])]
    chosen = {a: Symbol("p", real=True), y: Symbol("t", real=True)} if {"a", "y"} & c.taken else {}
    letters.parameters(numbers, c.parameters)
    names = letters.choose([chosen.get(a, a), chosen.get(y, y)])
    names = {**names, **{each: names[other] for each, other in chosen.items()}}
    w, name = Scalars(names), c.builder.function(function)
    value = row(call(name, names[a], names[y]), EQUALS, w.tree(function.expr))
    yield PageLine((value, *(number_line(names[symbol], number) for symbol, number in numbers)))
    for printed, slope in loss_slopes(c, function):
        yield PageLine((row(call(printed, names[a], names[y]), EQUALS, w.tree(cases(slope))),))


def loss_slopes(c: Context, function: ScalarFunction) -> list[tuple[Node, Expr]]:
    """Return the slopes that the page has, by their printed names."""
    name = c.builder.function(function)
    used = [each for each in c.nodes if isinstance(each, Slope) and each.function == function]
    used.sort(key=lambda each: each.index)
    return list({slope_name(name, each): function.slopes[each.index] for each in used}.items())


def loss_notes(c: Context, node: EntrywiseLoss) -> list[Text]:
    """Return where the slope of a loss jumps, and what its targets must be."""
    found: list[Text] = []
    if node.function.kinks and loss_slopes(c, node.function):
        found.append(c.words("functions.loss_kink"))
    is_target = getattr(node.args[2], "role", None) is Role.TARGET
    if is_target and c.words.has(f"targets.{node.targets}") and node.name in LOSSES:
        found.append(c.words(f"targets.{node.targets}"))
    return found


def torch(c: Context, name: str, outputs: MatrixExpr) -> Text:
    """Return what PyTorch calls a loss of the tables, and by what its value differs."""
    row = rows().get(name)
    if row is None or not row.torch:
        return () if row is None else c.words("torch.none")
    factor = Rational(row.share) * (c.size(outputs) if row.per_output else S.One)
    if factor == 1:
        return c.words("torch.same", name=row.torch)
    return c.words("torch.times", name=row.torch, factor=number(factor))


def collapse(c: Context, node: LinkedLoss) -> Text:
    """Return how a loss and its link become prediction minus target."""
    z, p, y = node.args
    at = c.places[:1] if p.shape[1] == 1 else c.places
    i, zi, yi = Symbol(at[0], integer=True), Symbol("z", real=True), Symbol("y", real=True)
    places = at if c.reading.layout is COLUMNS else at[::-1]
    names = {zi: c.names.entry(z, *places), yi: c.names.entry(y, *places)}
    w = Scalars(names)
    fields: dict[str, Any] = {
        "loss": w.tree(node.by_logits(zi, yi, i)),
        "z": names[zi],
        "result": row(c.names.entry(p, *places), MINUS, names[yi]),
        "sum": row(w.tree(Total(yi, i)), EQUALS, Num("1")),
    }
    columns = "_columns" if len(at) > 1 and node.name == "cross_entropy" else ""
    return c.words(f"collapse.{node.name}{columns}", **fields)
