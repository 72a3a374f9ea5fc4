"""The layer tree of a network of equations, found from structure: what depends on what, and by which operation.

A forward list is cut where one matrix alone is still to be read: all ways from the data go through it. Between two
cuts stands one operation, or branches that meet again: a skip connection, attention, a gate. Names say nothing here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import cached_property
from itertools import groupby

from sympy import HadamardProduct, MatAdd, MatMul, MatrixExpr, MatrixSymbol, OneMatrix, Transpose

from symbp.equations import System, nodes, operands, symbols_in
from symbp.networks.blocks import Block, Kind, block_of, last_uses, moving
from symbp.ops.attention import MaskedSoftmax
from symbp.ops.channel_norm import NormaliseChannels
from symbp.ops.convolution import Convolve, TransposedConvolve
from symbp.ops.elementwise import Elementwise
from symbp.ops.losses import Loss
from symbp.ops.normalisation import Normalise
from symbp.ops.pooling import AveragePool, MaxPool
from symbp.ops.softmax import Softmax
from symbp.ops.within import Within
from symbp.symbols import Role


class Nature(Enum):
    """What an equation does to what comes from the data."""

    CONSTANT = auto()
    LINEAR = auto()
    ENTRYWISE = auto()
    FUNCTION = auto()
    SOFTMAX = auto()
    BILINEAR = auto()
    NORM = auto()
    CONVOLUTION = auto()
    POOLING = auto()
    OTHER = auto()


_OPERATIONS: dict[type, Nature] = {
    Elementwise: Nature.FUNCTION,
    Softmax: Nature.SOFTMAX,
    MaskedSoftmax: Nature.SOFTMAX,
    Normalise: Nature.NORM,
    NormaliseChannels: Nature.NORM,
    Convolve: Nature.CONVOLUTION,
    TransposedConvolve: Nature.CONVOLUTION,
    MaxPool: Nature.POOLING,
    AveragePool: Nature.POOLING,
}
"""The operations that stand alone in their equations."""

_ACTIVATIONS = (Nature.FUNCTION, Nature.SOFTMAX)


def recognised(forward: System) -> Block:
    """Return the layer tree of a forward list; what has no known shape belongs to the block around it."""
    return _Search(forward).whole()


@dataclass(frozen=True)
class _Search:
    """A forward list and what its equations read."""

    forward: System

    @cached_property
    def _moving(self) -> set[str]:
        return moving(self.forward)

    @cached_property
    def _source(self) -> str:
        return next((each.name for each in self.forward.given if getattr(each, "role", None) is Role.INPUT), "")

    @cached_property
    def _reads(self) -> list[tuple[str, ...]]:
        """What of the data each equation reads; further inputs count where nothing else stands beside them."""
        found = []
        for symbols in self.forward.symbols:
            names = [each.name for each in symbols if each.name in self._moving]
            streams = [name for name in names if name in self.forward or name == self._source]
            found.append(tuple(dict.fromkeys(streams or names)))
        return found

    @cached_property
    def _last_use(self) -> dict[str, int]:
        return last_uses(self.forward)

    @cached_property
    def _natures(self) -> list[Nature]:
        return [
            _nature(equation.rhs, frozenset(read)) for equation, read in zip(self.forward, self._reads, strict=True)
        ]

    def whole(self) -> Block:
        """Return the whole list as a block."""
        stop = self._loss_begins()
        loss = block_of(Kind.LOSS, stop, len(self.forward))
        children = [*self._parts(0, stop, self._source), loss]
        return block_of(Kind.NETWORK, 0, len(self.forward), children, Kind.NETWORK)

    def _loss_begins(self) -> int:
        """Return where the loss begins: the numbers at the end of the list, and what compares with a target before."""
        targets = {each.name for each in self.forward.given if getattr(each, "role", None) is Role.TARGET}
        first = len(self.forward) - 1
        for place in range(first - 1, -1, -1):
            equation = self.forward[place]
            is_number = equation.lhs.shape == (1, 1)
            compares = any(symbol.name in targets for symbol in self.forward.symbols[place])
            if not (is_number or compares or isinstance(equation.rhs, Loss)):
                break
            first = place
        return first

    def _parts(self, first: int, stop: int, source: str) -> list[Block]:
        """Return the blocks of a range that reads ``source``, one behind the other."""
        found: list[Block] = []
        pieces = list(self._pieces(first, stop, source))
        for is_single, group in groupby(pieces, key=lambda piece: piece[2]):
            run = list(group)
            if is_single:
                found += self._simple(run[0][0], run[-1][1])
            else:
                found += [self._composite(begin, end, self._source_of(begin, source)) for begin, end, _ in run]
        return _transformers(_with_projections(found))

    def _source_of(self, begin: int, source: str) -> str:
        """Return what a piece reads: the last matrix before it that moves."""
        before = (self.forward[place].name for place in range(begin - 1, -1, -1) if self._moves(place))
        return next(before, source) if self._own_source(begin, source) else source

    def _own_source(self, begin: int, source: str) -> bool:
        return begin > 0 and source not in self._reads[self._first_moving(begin)]

    def _first_moving(self, begin: int) -> int:
        return next(place for place in range(begin, len(self.forward)) if self._moves(place))

    def _moves(self, place: int) -> bool:
        return self._natures[place] is not Nature.CONSTANT

    def _pieces(self, first: int, stop: int, source: str) -> Iterator[tuple[int, int, bool]]:
        """Cut a range behind every matrix that alone is still to be read; tell which pieces are one operation.

        What stands behind the last cut is taken equation by equation.
        """
        last = {name: place for place in range(first, stop) for name in self._reads[place]}
        begin, until = first, last.get(source, first)
        for place in range(first, stop):
            if not self._moves(place):
                continue
            if until <= place:
                yield begin, place + 1, sum(map(self._moves, range(begin, place + 1))) == 1
                begin = place + 1
            until = max(until, last.get(self.forward[place].name, self._read_behind(place, stop)))
        if begin < stop:
            yield begin, stop, True

    def _read_behind(self, place: int, stop: int) -> int:
        """Return how long a matrix counts that its range does not read: to the end where somebody else does."""
        return stop if self._last_use.get(self.forward[place].name, place) >= stop > place + 1 else place

    def _simple(self, first: int, stop: int) -> list[Block]:
        """Return the blocks of a chain of single operations: an affine map with its activation is one."""
        found, place = [], first
        while place < stop:
            kind, end = self._layer(place, stop)
            if kind is not None:
                found.append(block_of(kind, place, end))
            place = end
        return found

    def _layer(self, place: int, stop: int) -> tuple[Kind | None, int]:
        """Return the kind of the layer that begins at an equation, and where it ends."""
        match self._natures[place]:
            case Nature.LINEAR:
                after = self._follows(place, stop, _ACTIVATIONS)
                return (Kind.LINEAR, place + 1) if after is None else (Kind.DENSE, after)
            case Nature.FUNCTION | Nature.SOFTMAX:
                return Kind.ACTIVATION, place + 1
            case Nature.NORM:
                return Kind.NORM, self._follows(place, stop, (Nature.ENTRYWISE,)) or place + 1
            case Nature.CONVOLUTION:
                shifted = self._follows(place, stop, (Nature.ENTRYWISE,)) or place + 1
                return Kind.CONVOLUTION, self._follows(shifted - 1, stop, _ACTIVATIONS) or shifted
            case Nature.POOLING:
                return Kind.POOLING, place + 1
        return None, place + 1

    def _follows(self, place: int, stop: int, natures: Sequence[Nature]) -> int | None:
        """Return the end of the next moving equation if it does one of these things to this one alone."""
        after = next((each for each in range(place + 1, stop) if self._moves(each)), None)
        if after is None or self._natures[after] not in natures or self._reads[after] != (self.forward[place].name,):
            return None
        return after + 1

    def _composite(self, first: int, stop: int, source: str) -> Block:
        """Return branches that leave ``source`` and meet in the last equation as one block."""
        if self._skips(first, stop - 1, source):
            branch = block_of(Kind.BRANCH, first, stop - 1, self._parts(first, stop - 1, source))
            return block_of(Kind.RESIDUAL, first, stop, [branch])
        projection = self._projection(first, stop, source)
        if projection is not None:
            inside = self._parts(first, projection, source)
            branch = block_of(Kind.BRANCH, first, projection, inside)
            affine = block_of(Kind.PROJECTION, projection, stop - 1, self._simple(projection, stop - 1))
            return block_of(Kind.RESIDUAL, first, stop, [branch, affine])
        cores = list(self._cores(first, stop))
        if cores:
            return block_of(Kind.ATTENTION, first, stop, self._heads(first, cores) if len(cores) > 1 else ())
        kind = Kind.GATE if any(map(self._gates, range(first, stop))) else Kind.LAYER
        return block_of(kind, first, stop, self._simple(first, stop))

    def _skips(self, first: int, place: int, source: str) -> bool:
        """Tell whether an equation is S = A + F with A the source itself, and F made of it, not one row for all."""
        rhs, read = self.forward[place].rhs, frozenset(self._reads[place])
        is_sum = isinstance(rhs, MatAdd) and any(getattr(term, "name", None) == source for term in rhs.args)
        if not is_sum or any(term.has(OneMatrix) and _holds(term, read) for term in rhs.args):
            return False
        return any(source in self._reads[each] for each in range(first, place))

    def _projection(self, first: int, stop: int, source: str) -> int | None:
        """Return the place of P where the last equation is S = P + F, P an affine map of the source behind F."""
        rhs, place = self.forward[stop - 1].rhs, stop - 2
        while place > first and not self._moves(place):
            place -= 1
        is_sum = isinstance(rhs, MatAdd) and all(isinstance(term, MatrixSymbol) for term in rhs.args)
        is_affine = self._natures[place] is Nature.LINEAR and self._reads[place] == (source,)
        return place if is_sum and is_affine and place > first and self.forward[place].lhs in rhs.args else None

    def _cores(self, first: int, stop: int) -> Iterator[int]:
        """Yield the places of A = V·P, P the softmax of a product of two matrices that both move."""
        for place in range(first, stop):
            if self._natures[place] is Nature.SOFTMAX and self._is_score(self._reads[place][0]):
                yield from self._mixed(place, stop)

    def _mixed(self, place: int, stop: int) -> Iterator[int]:
        """Yield the place where a matrix of weights, or what is made of it entry by entry, multiplies another one."""
        weights = {self.forward[place].name}
        for at in range(place + 1, stop):
            if self._natures[at] is Nature.BILINEAR and weights & set(self._reads[at]):
                yield at
                return
            if self._natures[at] is Nature.ENTRYWISE and weights.issuperset(self._reads[at]):
                weights.add(self.forward[at].name)

    def _is_score(self, name: str) -> bool:
        """Tell whether a matrix is a product of two that move, or such a one scaled, masked or shifted."""
        while name in self._place:
            place = self._place[name]
            if self._natures[place] is Nature.BILINEAR:
                return True
            if self._natures[place] is not Nature.ENTRYWISE or len(self._reads[place]) != 1:
                return False
            (name,) = self._reads[place]
        return False

    @cached_property
    def _place(self) -> dict[str, int]:
        return {equation.name: place for place, equation in enumerate(self.forward)}

    def _heads(self, first: int, cores: Sequence[int]) -> list[Block]:
        """Return a block for every head: what leads to its values and to no other head's."""
        ways = [self._ways(core, first) for core in cores]
        found = []
        for core, way in zip(cores, ways, strict=True):
            own = way.difference(*(other for other in ways if other is not way))
            begin = min(own, default=core + 1)
            if own and all(place in own for place in range(begin, core + 1) if self._moves(place)):
                found.append(block_of(Kind.HEAD, begin, core + 1))
        return found

    def _ways(self, place: int, first: int) -> set[int]:
        """Return the equations from ``first`` on that lead to one."""
        found, waiting = set[int](), [place]
        while waiting:
            at = waiting.pop()
            found.add(at)
            before = (self._place[name] for name in self._reads[at] if name in self._place)
            waiting += [each for each in before if each >= first and each not in found]
        return found

    def _gates(self, place: int) -> bool:
        """Tell whether an equation multiplies two matrices that move entry by entry."""
        read = frozenset(self._reads[place])
        products = (node for node in nodes(self.forward[place].rhs) if isinstance(node, HadamardProduct))
        return any(sum(_holds(factor, read) for factor in product.args) > 1 for product in products)


def _nature(rhs: MatrixExpr, read: frozenset[str]) -> Nature:
    """Return what a right side does to the matrices it reads."""
    if not read:
        return Nature.CONSTANT
    known = _OPERATIONS.get(type(rhs))
    if known is not None:
        return known
    products = [node for node in nodes(rhs) if isinstance(node, MatMul | Within) and _holds(node, read)]
    if any(sum(_holds(factor, read) for factor in operands(product)) > 1 for product in products):
        return Nature.BILINEAR
    mixing = [product for product in products if any(_mixes(factor, read) for factor in operands(product))]
    if not mixing:
        affine = all(isinstance(node, _AFFINE) for node in nodes(rhs))
        return Nature.ENTRYWISE if affine else Nature.OTHER
    multiplied = any(isinstance(node, HadamardProduct) and _holds(node, read) for node in nodes(rhs))
    return Nature.OTHER if multiplied or len(read) > 1 else Nature.LINEAR


_AFFINE = (MatAdd, MatMul, HadamardProduct, Transpose, MatrixSymbol, OneMatrix)


def _holds(expr: MatrixExpr, read: frozenset[str]) -> bool:
    return any(symbol.name in read for symbol in symbols_in(expr))


def _mixes(factor: MatrixExpr, read: frozenset[str]) -> bool:
    """Tell whether a factor of a product is a matrix that mixes what it is multiplied by."""
    return not isinstance(factor, OneMatrix) and factor.shape != (1, 1) and not _holds(factor, read)


def _with_projections(blocks: Sequence[Block]) -> list[Block]:
    """Return blocks with the affine map behind an attention as a part of it: what its heads return, mixed."""
    found: list[Block] = []
    for block in blocks:
        before = found[-1] if found else None
        if before is not None and before.kind is Kind.ATTENTION and block.kind is Kind.LINEAR:
            found[-1] = replace(before, stop=block.stop)
        else:
            found.append(block)
    return found


def _transformers(blocks: Sequence[Block]) -> list[Block]:
    """Return blocks with each run of a residual attention and a residual feed-forward part as one.

    The norms behind the two sums belong to it where the first sum has one: that is post-norm.
    """
    found: list[Block] = []
    place = 0
    while place < len(blocks):
        taken = _transformer(blocks, place) - place
        if taken > 0:
            inside = blocks[place : place + taken]
            found.append(block_of(Kind.TRANSFORMER, inside[0].first, inside[-1].stop, inside))
        else:
            found.append(blocks[place])
        place += max(taken, 1)
    return found


def _transformer(blocks: Sequence[Block], place: int) -> int:
    """Return where a transformer block that begins at a place ends; 0 where none does."""
    if not _has(blocks[place], Kind.ATTENTION):
        return 0
    step = 2 if place + 1 < len(blocks) and blocks[place + 1].kind is Kind.NORM else 1
    while place < len(blocks) and _has(blocks[place], Kind.ATTENTION):
        place += step
    if place >= len(blocks) or not _has(blocks[place], Kind.FEED_FORWARD):
        return 0
    return min(place + step, len(blocks))


def _has(block: Block, kind: Kind) -> bool:
    """Tell whether a residual block has a part of this kind in its branch."""
    return block.kind is Kind.RESIDUAL and any(each.kind is kind for each in block.children[0].children)
