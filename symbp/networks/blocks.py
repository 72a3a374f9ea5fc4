"""The layer tree: which equations of the forward list belong together, from the whole network down to one head.

A block is a range of the list. Layers record theirs while they build (``Builder.block``); in a network of equations
``recognition`` finds them from structure. Blocks are for display alone: no name and no key of a parameter has them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import takewhile

from sympy import MatrixSymbol

from symbp.equations import System
from symbp.roles import DATA
from symbp.symbols import Role


class Kind(StrEnum):
    """What a block is, in the field's own words."""

    NETWORK = "network"
    LINEAR = "linear"
    DENSE = "dense"
    ACTIVATION = "activation"
    NORM = "norm"
    CONVOLUTION = "convolution"
    POOLING = "pooling"
    EMBEDDING = "embedding"
    POSITIONS = "positions"
    DROPOUT = "dropout"
    RESIDUAL = "residual"
    BRANCH = "branch"
    PROJECTION = "projection"
    FEED_FORWARD = "feed-forward"
    ATTENTION = "attention"
    HEAD = "head"
    TRANSFORMER = "transformer"
    ENCODER = "encoder"
    CONCATENATION = "concatenation"
    DENSE_BLOCK = "dense-block"
    RECURRENT = "recurrent"
    STEP = "step"
    GATE = "gate"
    LAYER = "layer"
    LOSS = "loss"


@dataclass(frozen=True, slots=True)
class Block:
    """The equations [first, stop) of a forward list, and the blocks inside, in their order.

    ``name`` is that of the scope its layer has (``hidden``, ``block1``); without one it is its kind, counted among
    the blocks of that kind beside it. Equations in no child, such as a residual sum, are the block's own.
    """

    kind: Kind
    name: str
    first: int
    stop: int
    children: tuple[Block, ...] = ()

    def __iter__(self) -> Iterator[Block]:
        """Yield the block and all blocks inside it, each before those inside it."""
        yield self
        for child in self.children:
            yield from child

    def __str__(self) -> str:
        return "\n".join(self._lines(""))

    def _lines(self, indent: str) -> Iterator[str]:
        kind = "" if self.name.rstrip("0123456789") == self.kind else f" ({self.kind})"
        yield f"{indent}{self.name}{kind} [{self.first}, {self.stop})"
        for child in self.children:
            yield from child._lines(indent + "  ")

    def moved(self, places: Sequence[int]) -> Block:
        """Return the block over another list: what began at equation i begins at ``places[i]`` there.

        ``places`` has one entry more than the list had equations; blocks that have none left are gone.
        """
        inside = (child.moved(places) for child in self.children)
        children = tuple(child for child in inside if child.first < child.stop)
        return replace(self, first=places[self.first], stop=places[self.stop], children=children)


@dataclass(frozen=True, slots=True)
class Boundary:
    """What crosses the border of a block: the matrices that enter it and those that leave it."""

    inputs: tuple[MatrixSymbol, ...]
    outputs: tuple[MatrixSymbol, ...]


class Boundaries:
    """The boundaries of all blocks of one list, which is read once.

    Only what moves with the data crosses a border; parameters and what is made of parameters alone do not. A
    constant that a sequence starts from moves: from the second step on the state does.
    """

    def __init__(self, system: System) -> None:
        self._system = system
        self._moving = moving(system)
        self._last_use = last_uses(system)

    def of(self, block: Block) -> Boundary:
        """Return what enters a block, in the order of use, and what leaves it, in the order of definition."""
        own = {each.name for each in self._system[block.first : block.stop]}
        read = (symbol for symbols in self._system.symbols[block.first : block.stop] for symbol in symbols)
        inputs = dict.fromkeys(each for each in read if each.name in self._moving and each.name not in own)
        defined = (each.lhs for each in self._system[block.first : block.stop])
        outputs = (each for each in defined if self._last_use.get(each.name, len(self._system)) >= block.stop)
        return Boundary(tuple(inputs), tuple(each for each in outputs if each.name in self._moving))


def boundary(system: System, block: Block) -> Boundary:
    """Return the moving symbols that enter a block of a forward list and those that leave it."""
    return Boundaries(system).of(block)


_GIVEN = frozenset({*DATA, Role.TARGET, Role.UPSTREAM})
"""What is given with every example."""


def moving(system: System) -> set[str]:
    """Return the names of what depends on the data, given or computed, and of constants that a sequence starts from."""
    found = {each.name for each in system.given if getattr(each, "role", None) in _GIVEN}
    for equation, symbols in zip(system, system.symbols, strict=True):
        if not symbols or any(symbol.name in found for symbol in symbols):
            found.add(equation.name)
    return found


def last_uses(system: System) -> dict[str, int]:
    """Return by name the last equation that reads a symbol; what nobody reads has none."""
    return {symbol.name: place for place, symbols in enumerate(system.symbols) for symbol in symbols}


def named(children: Sequence[Block]) -> tuple[Block, ...]:
    """Return blocks that stand beside each other, each with a name: its own, else its kind and its place in it."""
    if not children:
        return ()
    counts, seen = Counter(child.kind for child in children), Counter[Kind]()
    found = []
    for child in children:
        seen[child.kind] += 1
        name = child.name or f"{child.kind}{seen[child.kind] if counts[child.kind] > 1 else ''}"
        found.append(Block(child.kind, name, child.first, child.stop, child.children))
    return tuple(found)


def block_of(kind: Kind, first: int, stop: int, children: Sequence[Block] = (), name: str = "") -> Block:
    """Return a block with names for its children; a branch has its feed-forward part as a block of its own."""
    inside = with_feed_forward(children) if kind is Kind.BRANCH else children
    return Block(kind, name, first, stop, named(inside))


_FEED_FORWARD = frozenset(
    {
        (Kind.DENSE, Kind.LINEAR),
        (Kind.LINEAR, Kind.ACTIVATION, Kind.LINEAR),
        (Kind.GATE, Kind.LINEAR),
    }
)
"""The parts of a feed-forward part: into the hidden units, something entry by entry, out of them."""


def with_feed_forward(children: Sequence[Block]) -> Sequence[Block]:
    """Return the parts of a residual branch with what its norms enclose as one block where it is feed-forward."""
    before = list(takewhile(_is_norm, children))
    after = list(takewhile(_is_norm, reversed(children[len(before) :])))[::-1]
    inner = children[len(before) : len(children) - len(after)]
    if tuple(child.kind for child in inner) not in _FEED_FORWARD:
        return children
    return [*before, block_of(Kind.FEED_FORWARD, inner[0].first, inner[-1].stop, inner), *after]


def _is_norm(block: Block) -> bool:
    return block.kind is Kind.NORM


_HEAD = re.compile(r"\.?head\d+\Z")


def module_of(paths: Sequence[str]) -> str:
    """Return the module that all these paths lie in; a head of attention is none."""
    parts = [_HEAD.sub("", each).split(".") for each in paths]
    found = takewhile(lambda column: len(set(column)) == 1, zip(*parts, strict=False))
    return ".".join(column[0] for column in found)


def relative(path: str, outer: str) -> str:
    """Return a path as it continues another one; empty where it is that path."""
    return path[len(outer) :].removeprefix(".")
