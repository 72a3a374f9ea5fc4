"""The title, the line under it, the network in a few lines."""

from __future__ import annotations

from itertools import groupby

from symbp.maths.scalars import number
from symbp.maths.tree import EQUALS, Node, row
from symbp.ops.elementwise import Elementwise, GenericFunction
from symbp.ops.losses import GenericLoss, Loss
from symbp.ops.softmax import Softmax
from symbp.pages.page import Block, Equations, Para, Text
from symbp.pages.page import Line as PageLine
from symbp.pages.tell.context import Context, Spelled
from symbp.symbols import Adjoint

MOST_PARTS = 2
"""Most equations beside each other on one line."""


def title(c: Context) -> Text:
    """Return what the page is about."""
    return c.words("title.page", name=c.name)


def subtitle(c: Context) -> Text:
    """Return activations, loss and columns in a line, and how many gradients there are."""
    network = c.reading.derivation.network
    about = c.words("subtitle.stack", activations=_activations(c), loss=_loss(c), columns=columns(c))
    if not isinstance(network.loss_node, Loss):
        about = c.words.listed([_activations(c), columns(c)])
    return c.words("subtitle.all", n=len(c.reading.gradients), about=about)


def _activations(c: Context) -> Text:
    functions = [each.rhs for each in c.reading.forward if isinstance(each.rhs, Elementwise | Softmax)]
    if any(isinstance(node, Elementwise) and isinstance(node.function, GenericFunction) for node in functions):
        return c.words("activation.any")
    names = [name for name, _ in groupby(_function_name(node) for node in functions)]
    return c.words.listed(list(dict.fromkeys(names))) or ("",)


def _function_name(node: Elementwise | Softmax) -> str:
    return "softmax" if isinstance(node, Softmax) else str(node.function.text)


def _loss(c: Context) -> Text:
    node = c.reading.derivation.network.loss_node
    if isinstance(node, GenericLoss):
        return c.words("loss.any")
    return c.words("loss.named", name=str(getattr(node, "name", "")).replace("_", " "))


def columns(c: Context) -> Text:
    """Return what the columns are: one example, a batch, the tokens of a sequence."""
    derivation = c.reading.derivation
    if c.reading.is_one:
        return c.words("columns.one")
    if derivation.tokens:
        return c.words("columns.tokens")
    size = derivation.network.x.shape[1]
    return c.words("columns.literal", n=int(size)) if size.is_Integer else c.words("columns.batch", m=c.letter("m"))


def network(c: Context) -> list[Block]:
    """Return the forward list, and what the letters of the result are."""
    lines = paired(c, c.forward)
    ranges = [c.ranges(index) for index in c.reading.indices]
    first: Text = c.words("opening.network")
    if len(ranges) == 1 and c.reading.indices[0].kind != "head":
        first = c.words("opening.range", range=ranges[0], last=c.here(c.reading.indices[0]))
    blocks: list[Block] = [Para(first), Equations(tuple(lines))]
    if c.tiles:
        index = next(each for each in c.reading.indices if each.kind == "head")
        matrices = c.words.listed([(c.names.symbol(each),) for each in dict.fromkeys(c.tiles)])
        blocks.append(Para(c.words("opening.tiles", range=c.ranges(index), h=number(index.symbol), matrices=matrices)))
    blocks.append(Para(definitions(c)))
    return blocks


def paired(c: Context, lines: list[Spelled]) -> list[PageLine]:
    """Return lines of the page: an equation and the activation of what it defines stand beside each other."""
    found: list[PageLine] = []
    for spelled in lines:
        tree = c.builder.equation(spelled.equation.lhs, spelled.equation.rhs)
        before = found[-1] if found else None
        if before is not None and len(before.parts) < MOST_PARTS and _goes_with(spelled, c.forward):
            found[-1] = PageLine((*before.parts, tree), before.label, before.where)
        else:
            found.append(PageLine((tree,), spelled.label, spelled.where))
    return found


def _goes_with(spelled: Spelled, lines: list[Spelled]) -> bool:
    """Whether a line is the activation of the line before, for the same values of the indices."""
    at = lines.index(spelled)
    before = lines[at - 1] if at else None
    if before is None or before.where != spelled.where or before.line.indices != spelled.line.indices:
        return False
    rhs = spelled.equation.rhs
    return isinstance(rhs, Elementwise | Softmax) and rhs.args[-1] == before.equation.lhs


def definitions(c: Context) -> Text:
    """Return what δ, g and the rest stand for, in sentences."""
    found: list[Text] = []
    loss = next((each for each in c.forward if isinstance(each.equation.rhs, GenericLoss)), None)
    if loss is not None:
        a, y = loss.equation.rhs.args
        found.append(c.words("opening.loss_open", loss=c.tree(loss.equation.lhs), a=c.tree(a), y=c.tree(y)))
    if c.loss_gradient is not None:
        g = row(c.tree(c.loss_gradient), EQUALS, c.names.derivative(c.loss_gradient.args[0]))
        found.append(c.words("opening.gradient", g=g))
    if c.errors:
        found.append(c.words("opening.error", error=error_is(c, c.errors[-1].equation.lhs)))
    return tuple(span for at, text in enumerate(found) for span in ((" ", *text) if at else text))


def error_is(c: Context, error: Adjoint) -> Node:
    """Return δ⁽ˡ⁾ = ∂𝓛/∂z⁽ˡ⁾."""
    return row(c.names.symbol(error), EQUALS, c.names.derivative(error.of))
