"""The title, the line under it, the network in a few lines."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from sympy import MatrixSymbol, S

from symbp.maths.names import slot_of
from symbp.maths.scalars import number
from symbp.maths.tree import EQUALS, NEGATIVE, TIMES, Node, joined, row
from symbp.ops.elementwise import Elementwise, Formula, GenericFunction
from symbp.ops.losses import GenericLoss, Loss
from symbp.ops.softmax import Softmax
from symbp.pages.page import Block, Equations, Para, Steps, Text
from symbp.pages.page import Line as PageLine
from symbp.pages.tell.beside import is_start
from symbp.pages.tell.context import Context, Spelled, starts
from symbp.pages.tell.second import second
from symbp.pages.words import commas
from symbp.roles import Role
from symbp.symbols import BATCH, Adjoint
from symbp.views.images import biases
from symbp.views.lines import Index
from symbp.views.scale import SumGradient
from symbp.views.turned import operation, plain
from symbp.views.updates import RATE


def title(c: Context) -> Text:
    """Return what the page is about."""
    own = c.reading.derivation.network.title
    return (own,) if own else c.words("title.page", name=c.name)


def subtitle(c: Context) -> Text:
    """Return activations, loss and columns in a line, and how many gradients there are."""
    loss = _loss(c) if c.reading.derivation.network.loss_name else ()
    about = commas([_activations(c), loss, columns(c)])
    count = len(c.reading.derivation.wrt)
    return c.words("subtitle.all", n=count, about=about) if about else c.words("subtitle.alone", n=count)


def network_words(c: Context) -> Text:
    """Return which network this is, in a line: what it is, activations and loss."""
    activations, loss = _activations(c), c.reading.derivation.network.loss_name
    key = ("network" if loss else "equations") if any(activations) else "bare"
    return c.words(f"subtitle.{key}", name=c.name, activations=activations, loss=_loss(c))


def _activations(c: Context) -> Text:
    applied = [rhs for each in c.reading.forward if isinstance(rhs := plain(each.rhs), Elementwise | Softmax)]
    functions = [node for node in applied if not (isinstance(node, Elementwise) and isinstance(node.function, Formula))]
    if any(isinstance(node, Elementwise) and isinstance(node.function, GenericFunction) for node in functions):
        return c.words("activation.any")
    return c.words.listed(list(dict.fromkeys(_function_name(c, node) for node in functions))) or ("",)


def _function_name(c: Context, node: Elementwise | Softmax) -> Node | str:
    """Return an activation in a sentence: a letter or a word of mathematics as it stands in the lines."""
    return "softmax" if isinstance(node, Softmax) else c.builder.function(node.function)


def _loss(c: Context) -> Text:
    network = c.reading.derivation.network
    if isinstance(network.loss_node, GenericLoss):
        return c.words("loss.any")
    return c.words("loss.named", name=(network.loss_name or "").replace("_", " "))


def columns(c: Context) -> Text:
    """Return what the columns are: one example, a batch, the tokens of a sequence; nothing where none is counted."""
    derivation = c.reading.derivation
    if c.reading.is_one:
        return c.words("columns.one")
    if derivation.tokens:
        return c.words("columns.tokens")
    loss = operation(derivation.network.loss_node)
    if any(size.has(BATCH) for each in derivation.forward.given for size in each.shape):
        return c.words("columns.batch", m=c.letter("m"))
    count = loss.args[-1].shape[1] if isinstance(loss, Loss) else S.One
    return c.words("columns.literal", n=int(count)) if count.is_Integer and count > 1 else ()


def network(c: Context) -> list[Block]:
    """Return the forward list, and what the letters of the result are."""
    runs = [(module, list(run)) for module, run in groupby(c.pairs, key=_module)]
    if not c.reading.derivation.network.from_model or 2 * len(runs) > len(c.pairs):
        runs = [("", list(c.pairs))]
    blocks: list[Block] = [Para(ranges(c))]
    for module, run in runs:
        lines = tuple(PageLine(parts(c, pair), pair[0].label, pair[0].where) for pair in run)
        blocks.append(Steps(lines, group=(module,)) if module else Equations(lines))
    blocks += [Para(each) for each in tiles(c)]
    blocks.append(Para(definitions(c)))
    return blocks


def _module(pair: Sequence[Spelled]) -> str:
    """Return the module that a line stands in: the outermost, with its place where it is one of a list."""
    symbol, indices = slot_of(pair[0].equation.lhs)
    words = symbol.path.split(".")
    count = next((at for at, each in enumerate(words[1:], 1) if not each.isdigit()), len(words))
    return words[0] if indices else ".".join(words[:count])


def parts(c: Context, pair: Sequence[Spelled]) -> tuple[Node, ...]:
    """Return the equations of a line; what starts at zero is one equation: h₀ = c₀ = 0."""
    if not all(map(is_start, pair)):
        return tuple(map(c.equation, pair))
    sides = [c.tree(each.equation.lhs) for each in pair]
    return (joined([*sides, c.tree(pair[0].equation.rhs)], EQUALS),)


def ranges(c: Context) -> Text:
    """Return the sentence before the network: for which values of its indices, and of those of families."""
    tiled = {index for indices in c.tiles.values() for index in indices}
    running = [index for index in c.reading.indices if not index.words and index not in tiled]
    families = [c.ranges(index) for index in c.reading.indices if index.words]
    if not running:
        return c.words("opening.network")
    run, last = (c.words.listed([(say(index),) for index in running]) for say in (c.ranges, c.here))
    if families:
        return c.words("opening.families", range=run, last=last, families=c.words.listed(families))
    return c.words("opening.range", range=run, last=last)


def tiles(c: Context) -> list[Text]:
    """Return which matrices the heads have blocks of rows of; nothing where there are no heads."""
    by_index: dict[tuple[Index, ...], list[Text]] = {}
    for matrix, indices in c.tiles.items():
        by_index.setdefault(indices, []).append((c.names.symbol(matrix),))
    said: list[Text] = []
    for indices, matrices in by_index.items():
        kind = "" if len(by_index) == 1 else "_group" if len(indices) == 1 else "_in"
        index, outer = indices[-1], indices[0]
        h, group = number(index.symbol), number(outer.symbol)
        names = c.words.listed(matrices)
        said.append(c.words(f"opening.tiles{kind}", range=c.ranges(index), h=h, group=group, matrices=names))
    return said


def definitions(c: Context) -> Text:
    """Return what δ, g and the rest stand for, in sentences."""
    begins = [
        (row(c.value(at), EQUALS, c.value(symbol, at)),)
        for symbol, at in starts(c).items()
        if slot_of(symbol) not in c.names.streams  # X₀ is what any block reads.
    ]
    found: list[Text] = [c.words("opening.starts", starts=c.words.listed(begins))] if begins else []
    loss = next((each for each in c.forward if isinstance(plain(each.equation.rhs), GenericLoss)), None)
    if loss is not None:
        a, y = plain(loss.equation.rhs).args
        found.append(c.words("opening.loss_open", loss=c.tree(loss.equation.lhs), a=c.tree(a), y=c.tree(y)))
    if c.open_activation is not None:
        found.append(c.words("opening.activation", f=c.open_activation))
    node = c.loss_gradient
    if node is not None and (c.notation.named_loss_gradient or c.notation.gradient == "d"):
        factor = [number(node.count), TIMES] if isinstance(node, SumGradient) else []
        g = row(c.loss_gradient_of(node), EQUALS, *factor, c.quotient(node.args[0]))
        found.append(c.words("opening.gradient", g=g))
    added = dict.fromkeys(bias for each in c.forward for bias in biases(each.equation.rhs))
    if added:
        names = c.words.listed([(c.tree(each),) for each in added])
        found.append(c.words("opening.channels", names=names))
    found += second(c)
    idle = [(c.names.symbol(each),) for each in _idle(c)]
    if idle:
        found.append(c.words("opening.idle", n=len(idle), names=c.words.listed(idle)))
    found += _derivatives(c)
    return tuple(span for at, text in enumerate(found) for span in ((" ", *text) if at else text))


PREFIXES = {"d": "opening.prefix", "update": "opening.update"}
"""The sentence for a sign in front of what something is differentiated by."""


def _derivatives(c: Context) -> list[Text]:
    """Return what errors are, unless they are written as the derivatives that they are."""
    scaled = bool(c.errors) and c.reading.scale.is_larger(c.shown_error)
    found: list[Text] = []
    if c.errors and (c.notation.named_error or scaled):
        found.append(c.words("opening.error", error=error_is(c, c.shown_error)))
    if c.errors and c.notation.has_one_error and not c.reading.is_in_place:
        found.append(c.words("opening.several"))
    if c.notation.gradient in PREFIXES and c.gradients:
        of = c.of_any(c.gradients[0].equation.lhs.of)
        factor = [NEGATIVE, number(RATE), TIMES] if c.notation.gradient == "update" else []
        d = row(c.names.derivative(of), EQUALS, *factor, c.names.quotient(of))
        found.append(c.words(PREFIXES[c.notation.gradient], d=d))
    return found


def _idle(c: Context) -> list[MatrixSymbol]:
    """Return what the network computes and nothing on the way to the loss uses."""
    used = {slot_of(each) for line in c.reading.forward for each in map(c.reading.spelled, line.symbols)}
    ends = [c.reading.spelled(each.lhs) for each in c.reading.forward if each.lhs.role is not Role.LOSS]
    used |= {slot_of(c.reading.spelled(each)) for each in c.handed_on}
    inner_ = {each.of.name for each in c.reading.derivation.network.inner}
    return [each for each in ends if slot_of(each) not in used and each.name not in inner_]


def error_is(c: Context, error: Adjoint) -> Node:
    """Return δ⁽ˡ⁾ = ∂𝓛/∂z⁽ˡ⁾; m times that where the number of examples divides later."""
    factor = [number(BATCH), TIMES] if c.reading.scale.is_larger(error) else []
    factor = [NEGATIVE] if c.notation.gradient == "update" else factor
    return row(c.value(error), EQUALS, *factor, c.quotient(error.of))
