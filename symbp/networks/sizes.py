"""Sizes as letters with values: where each number of rows and columns comes from.

Layers say which size they bring in; two sizes are one where an equation makes them equal, where a layer says so, or
where the same layer, repeated, brings both in. That numbers happen to agree says nothing. Letters are for display: the
calculus and its shapes keep their numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from string import ascii_letters

from sympy import Expr, HadamardProduct, Integer, MatAdd, MatMul, MatrixExpr, MatrixSymbol, Symbol, Transpose

from symbp.equations import System, operands
from symbp.networks.blocks import Block, Kind
from symbp.networks.origins import Axis, Origin, Origins, Source
from symbp.ops.attention import MaskedSoftmax
from symbp.ops.channel_norm import NormaliseChannels
from symbp.ops.elementwise import Elementwise
from symbp.ops.losses import Loss
from symbp.ops.normalisation import Normalise
from symbp.ops.positions import Rotate, Tile
from symbp.ops.softmax import Softmax
from symbp.ops.structure import Rows, Stack
from symbp.symbols import Variable, width

LETTERS: dict[Origin, tuple[str, ...]] = {
    Origin.INPUTS: ("d", "e", "u"),
    Origin.WIDTH: ("d", "e", "u"),
    Origin.TOKENS: ("T", "L", "N"),
    Origin.OTHER_WIDTH: ("e", "d", "u"),
    Origin.OTHER_TOKENS: ("L", "M", "J"),
    Origin.VOCABULARY: ("v", "V", "w"),
    Origin.UNITS: ("n", "p", "q"),
    Origin.HIDDEN: ("k", "r", "s"),
    Origin.HEADS: ("H", "G", "J"),
    Origin.HEAD_WIDTH: ("d_h", "e_h", "u_h"),
    Origin.CHANNELS: ("c", "q", "u"),
    Origin.CLASSES: ("C", "K", "c"),
    Origin.OUTPUTS: ("q", "p", "u"),
}
"""The letters of each origin, the first one first; the next where that is the letter of a matrix."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A size: its letter, its value (None where it is left open) and what it is."""

    symbol: Symbol
    value: int | None
    origin: Origin | None


class Sizes(Mapping[Axis, Expr]):
    """The size of every axis of a list, as a letter where it has one, else as it stands in the shape."""

    def __init__(self, sizes: Mapping[Axis, Expr], letters: tuple[Letter, ...]) -> None:
        self._sizes = sizes
        self.letters = letters

    def __getitem__(self, axis: Axis) -> Expr:
        return self._sizes[axis]

    def __iter__(self) -> Iterator[Axis]:
        return iter(self._sizes)

    def __len__(self) -> int:
        return len(self._sizes)

    def shape(self, symbol: MatrixSymbol) -> tuple[Expr, Expr]:
        """Return the shape of a symbol in letters."""
        return self[symbol.name, 0], self[symbol.name, 1]

    @property
    def values(self) -> Mapping[Symbol, int]:  # type: ignore[override] # of the letters, as a page says them
        """The value of each letter that has one."""
        return {each.symbol: each.value for each in self.letters if each.value is not None}


def sizes_of(system: System, origins: Origins, tree: Block, output: str) -> Sizes:
    """Return the sizes of a forward list; ``output`` names the matrix that the loss reads."""
    return _Sizing(system, origins, tree, output).result()


class _Equal:
    """Which axes have the same size: a union-find over all axes of a list."""

    def __init__(self) -> None:
        self._above: dict[Axis, Axis] = {}
        self._fresh = 0

    def root(self, axis: Axis) -> Axis:
        """Return the axis that stands for all that are equal to this one."""
        path = []
        while (above := self._above.get(axis, axis)) != axis:
            path.append(axis)
            axis = above
        for each in path:
            self._above[each] = axis
        return axis

    def join(self, first: Axis, second: Axis) -> None:
        """Make two axes equal; the first one's stands for both."""
        one, other = self.root(first), self.root(second)
        if one != other:
            self._above[other] = one

    def fresh(self) -> Axis:
        """Return an axis that nothing is known of."""
        self._fresh += 1
        return ("", self._fresh)

    def read(self, expr: MatrixExpr) -> tuple[Axis, Axis]:
        """Return the axes of an expression, having joined all that it makes equal."""
        if isinstance(expr, MatrixSymbol):
            return (expr.name, 0), (expr.name, 1)
        inside = [self.read(operand) for operand in operands(expr)]
        if isinstance(expr, Transpose):
            return inside[0][1], inside[0][0]
        if isinstance(expr, MatMul):
            for (_, right), (left, _) in pairwise(inside):
                self.join(right, left)
            return inside[0][0], inside[-1][1]
        if isinstance(expr, _OF_ONE_SHAPE):
            return self._one_shape(inside)
        if isinstance(expr, _OF_FIRST_SHAPE):
            return inside[0]
        if isinstance(expr, Loss):
            self._one_shape(inside)
        if isinstance(expr, Rows | Stack):
            for one, other in pairwise(inside):
                self.join(one[1], other[1])
            return self.fresh(), inside[0][1]
        if isinstance(expr, Tile):
            return inside[0][0], inside[0][1] if expr.shape == operands(expr)[0].shape else self.fresh()
        return self.fresh(), self.fresh()

    def _one_shape(self, inside: list[tuple[Axis, Axis]]) -> tuple[Axis, Axis]:
        for one, other in pairwise(inside):
            for first, second in zip(one, other, strict=True):
                self.join(first, second)
        return inside[0]


_OF_ONE_SHAPE = (MatAdd, HadamardProduct, Elementwise)
"""What has operands of one shape, which is that of the result."""

_OF_FIRST_SHAPE = (Softmax, MaskedSoftmax, Normalise, NormaliseChannels, Rotate)
"""What has the shape of its first operand."""


class _Sizing:
    """The sizes of one list: axes that are equal, what brings the size of each such group in, a letter for it."""

    def __init__(self, system: System, origins: Origins, tree: Block, output: str) -> None:
        self._system, self._origins, self._tree, self._output = system, origins, tree, output
        self._symbols = {each.name: each for each in (*system.given, *(equation.lhs for equation in system))}
        self._size = {(name, axis): each.shape[axis] for name, each in self._symbols.items() for axis in (0, 1)}
        self._known = [(axis, source) for axis, source in origins.sources if axis in self._size]
        self._equal = self._joined()

    @cached_property
    def _is_plain(self) -> bool:
        """Whether it is a stack of plain layers: each has a width of its own, even where one object is several."""
        return all(block.kind in _PLAIN for block in self._tree.children)

    def _joined(self) -> _Equal:
        equal = _Equal()
        for equation in self._system:
            for axis, found in zip(((equation.name, 0), (equation.name, 1)), equal.read(equation.rhs), strict=True):
                equal.join(axis, found)
        for first, second in self._origins.equal:
            if first in self._size and second in self._size:
                equal.join(second, first)
        if self._is_plain:
            return equal
        first_of: dict[tuple[Source, Expr], Axis] = {}
        for axis, source in self._known:
            equal.join(first_of.setdefault((source, self._size[axis]), axis), axis)
        return equal

    def result(self) -> Sizes:
        """Return the letter or number of every axis, and the letters."""
        letters = dict(self._letters())
        roots = {axis: self._equal.root(axis) for axis in self._size}
        found = {axis: letters[roots[axis]].symbol if roots[axis] in letters else self._size[axis] for axis in roots}
        own = dict.fromkeys(letters.values())
        symbols = {each.symbol for each in own}
        is_open = dict.fromkeys(size for size in self._size.values() if isinstance(size, Symbol))
        return Sizes(found, (*own, *(Letter(size, None, None) for size in is_open if size not in symbols)))

    def _letters(self) -> Iterator[tuple[Axis | Source, Letter]]:
        """Yield a letter for every group of axes that has a source, and for the numbers of heads."""
        groups = self._groups()
        counts, seen = Counter(origin for origin, _ in groups.values()), Counter[Origin]()
        taken = self._taken()
        for root, (origin, axis) in groups.items():
            value = int(self._size[axis])
            if self._is_plain and origin in _OF_A_STACK:
                yield root, Letter(width(int(self._symbols[axis[0]].layer)), value, origin)
            else:
                yield root, Letter(_letter(origin, seen[origin], counts[origin], taken), value, origin)
            seen[origin] += 1
        for place, (source, value) in enumerate(self._origins.heads.items()):
            letter = _letter(Origin.HEADS, place, len(self._origins.heads), taken)
            yield source, Letter(letter, value, Origin.HEADS)

    def _groups(self) -> dict[Axis, tuple[Origin, Axis]]:
        """Return, for each group of equal axes, what brings its size in, and where; sizes left open have none."""
        found: dict[Axis, tuple[Origin, Axis]] = {}
        for axis, (origin, _, _) in self._known:
            if isinstance(self._size[axis], Integer):
                found.setdefault(self._equal.root(axis), (origin, axis))
        for axis, origin in self._jobs():
            root = self._equal.root(axis)
            if root in found and found[root][0] in _JOBLESS:
                found[root] = origin, found[root][1]
        return found

    def _jobs(self) -> Iterator[tuple[Axis, Origin]]:
        """Yield what sizes are for: inputs that are words, hidden units, classes or outputs at the end."""
        yield from ((axis, source[0]) for axis, source in self._known if source[0] is Origin.VOCABULARY)
        for block in self._tree:
            if block.kind is Kind.FEED_FORWARD:
                into = next(child for child in block.children if child.kind is not Kind.NORM)
                yield (self._system[into.stop - 1].name, 0), Origin.HIDDEN
        made_by = next((each.rhs for each in self._system if each.name == self._output), None)
        yield (self._output, 0), Origin.CLASSES if isinstance(made_by, Softmax) else Origin.OUTPUTS

    def _taken(self) -> set[str]:
        """Return the letters that matrices and open sizes have."""
        stems = {each.stem for each in self._symbols.values() if isinstance(each, Variable)}
        return {*self._symbols, *stems, *(each.name for size in self._size.values() for each in size.free_symbols)}


_PLAIN = frozenset({Kind.DENSE, Kind.LINEAR, Kind.ACTIVATION, Kind.NORM, Kind.DROPOUT, Kind.LOSS})
"""The layers of a plain stack, whose widths are n_0 … n_L."""

_JOBLESS = frozenset({Origin.INPUTS, Origin.UNITS})
"""What a size is where nothing more is known of it."""

_OF_A_STACK = frozenset({Origin.INPUTS, Origin.UNITS, Origin.CLASSES, Origin.OUTPUTS})


def _letter(origin: Origin, place: int, count: int, taken: set[str]) -> Symbol:
    """Return a letter that is still free, with a number where several sizes have this origin."""
    number = str(place + 1) if count > 1 else ""
    letters = (f"{letter}{number}" for letter in (*LETTERS[origin], *ascii_letters))
    name = next(letter for letter in letters if letter not in taken)
    taken.add(name)
    return Symbol(name, integer=True, positive=True)
