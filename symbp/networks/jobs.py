"""What layers are for, in a word: into and out of the hidden units of a feed-forward part, the classifier at the end.

Where a layer has a job its word tells its matrices apart better than its number: W_in, W_out, W_cls. Jobs are read off
the layer tree and the loss; names say nothing here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from symbp.equations import System
from symbp.networks.blocks import Block, Kind, block_of
from symbp.ops.losses import Loss
from symbp.roles import Role

INTO, OUT_OF, CLASSIFIER = "in", "out", "cls"

_AFFINE = (Kind.DENSE, Kind.LINEAR)

_LEARNT = frozenset({Role.WEIGHT, Role.BIAS})


@dataclass(frozen=True)
class Jobs:
    """The word of everything that belongs to a layer with a job, by name; ``prediction`` is what a classifier says."""

    words: Mapping[str, str] = field(default_factory=dict)
    prediction: str = ""


def jobs(forward: System, tree: Block) -> Jobs:
    """Return the jobs of a network; none in a plain stack of layers, where numbers say more."""
    children = tree.children
    if all(each.kind in (*_AFFINE, Kind.ACTIVATION, Kind.LOSS) for each in children):
        return Jobs()
    words = {
        name: word
        for block in tree
        if block.kind is Kind.FEED_FORWARD
        for word, part in ((INTO, block.children[0]), (OUT_OF, block.children[-1]))
        if part.kind in _AFFINE
        for name in _names(forward, part)
    }
    head = _head(forward, children)
    if head is None:
        return Jobs(words)
    words |= dict.fromkeys(_names(forward, head), CLASSIFIER)
    return Jobs(words, forward[head.stop - 1].name if head.kind is Kind.DENSE else "")


def _head(forward: System, children: tuple[Block, ...]) -> Block | None:
    """Return the layer whose output a loss compares with classes: the last one before it."""
    loss = forward[-1].rhs
    if not isinstance(loss, Loss) or loss.targets in ("real", "any"):
        return None
    match children:
        case (*_, Block(kind=Kind.LINEAR) as affine, Block(kind=Kind.ACTIVATION) as function, Block(kind=Kind.LOSS)):
            return block_of(Kind.DENSE, affine.first, function.stop)
        case (*_, Block(kind=Kind.DENSE | Kind.LINEAR) as head, Block(kind=Kind.LOSS)):
            return head
    return None


def _names(forward: System, block: Block) -> Iterator[str]:
    """Yield what a layer computes, and the weights that it alone has."""
    own = range(block.first, block.stop)
    elsewhere = {each.name for place, symbols in enumerate(forward.symbols) if place not in own for each in symbols}
    for place in own:
        yield forward[place].name
        yield from (each.name for each in forward.symbols[place] if each.role in _LEARNT and each.name not in elsewhere)
