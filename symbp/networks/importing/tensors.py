"""Tensors as matrices: which axis of a tensor stands where among the rows and columns of a symbol.

Every matrix of the calculus has two axes; a tensor has any number. A ``Tensor`` says of which ``Axis`` the rows of its
matrix are made and of which the columns, outermost first, so that a reshape or a permutation changes names alone and
emits nothing. An axis of a tensor may be made of several of ours, (heads, width) of one that a view splits; an axis
that stands nowhere is a repetition that nobody has written out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sympy import Expr, Integer

from symbp.errors import SpecError
from symbp.networks.importing.message import Examples, Size
from symbp.symbols import BATCH, Role, Variable

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False, slots=True)
class Axis:
    """An axis of a matrix, one of several that its rows or columns are made of; ``examples``: there are m of it."""

    size: int
    examples: bool = False
    label: str = ""
    """What its places are called where they are apart: the heads of attention."""

    @property
    def count(self) -> Expr:
        """Its length, m for the examples."""
        return BATCH if self.examples else Integer(self.size)

    def __repr__(self) -> str:
        return "m" if self.examples else str(self.size)


Axes = tuple[Axis, ...]

EXAMPLES_SIZE = 0
"""The size of the axis of examples, whose length is a letter."""


def count(axes: Iterable[Axis]) -> Expr:
    """Return how many entries axes have together."""
    found: Expr = Integer(1)
    for each in axes:
        found *= each.count
    return found


def axes_of(dims: Sequence[Size]) -> tuple[Axes, ...]:
    """Return axes of their own for the shape of a tensor; an axis of length 1 is none."""
    return tuple(_of_size(each) for each in dims)


def _of_size(size: Size) -> Axes:
    if isinstance(size, Examples):
        letter = Axis(EXAMPLES_SIZE, examples=True)
        return (letter,) if size.each == 1 else (letter, Axis(size.each))
    return () if size == 1 else (Axis(size),)


@dataclass(frozen=True, eq=False)
class Tensor:
    """A tensor: ``symbols`` hold it, one for every place of ``parts``; its ``axes`` in the order of the model.

    ``values`` are numbers that are not laid out yet, of a constant or of what is given; ``hidden`` says where the
    softmax of scores is to be zero. ``made`` are a function and the tensors it made this one of, column by column.
    """

    axes: tuple[Axes, ...]
    symbols: tuple[Variable, ...] = ()
    rows: Axes = ()
    columns: Axes = ()
    parts: Axes = ()
    values: Numbers | None = None
    hidden: Tensor | None = None
    made: tuple[Callable[..., Tensor], tuple[Tensor, ...]] | None = None

    @property
    def shape(self) -> tuple[Expr, ...]:
        """The lengths of its axes."""
        return tuple(map(count, self.axes))

    @property
    def flat(self) -> Axes:
        """All its axes in the order of the model."""
        return tuple(axis for each in self.axes for axis in each)

    @property
    def standing(self) -> Axes:
        """The axes that stand somewhere in the matrix."""
        return (*self.parts, *self.rows, *self.columns)

    @property
    def own(self) -> Axes:
        """The axes that it has entries for, laid out or not."""
        return self.standing if self.values is None else self.values.axes

    @property
    def free(self) -> Axes:
        """The axes along which it is repeated."""
        own = set(self.own)
        return tuple(each for each in self.flat if each not in own)

    @property
    def symbol(self) -> Variable:
        """The matrix of a tensor that has one."""
        (found,) = self.symbols
        return found

    def at(self, axis: int) -> int:
        """Return an axis as people count, −1 for the last, as its place."""
        return axis % max(len(self.axes), 1)

    def with_axes(self, axes: Iterable[Axes]) -> Tensor:
        """Return the tensor with its axes arranged anew."""
        return replace(self, axes=tuple(axes))

    def replaced(self, old: Axis, new: Axes) -> Tensor:
        """Return the tensor with one axis named by several, or several axes joined before."""

        def put(axes: Axes) -> Axes:
            return tuple(inner for each in axes for inner in (new if each is old else (each,)))

        return replace(
            self, axes=tuple(map(put, self.axes)), rows=put(self.rows), columns=put(self.columns),
            parts=put(self.parts), values=self.values and self.values.put(put),
            made=self.made and (self.made[0], tuple(each.replaced(old, new) for each in self.made[1])),
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Numbers:
    """Values of a tensor that are not laid out yet: an array with one axis for each of ``axes``."""

    array: NDArray[Any]
    axes: Axes
    source: Source

    def put(self, put: Callable[[Axes], Axes]) -> Numbers:
        """Return the same numbers with other axes; one that was split is split in the array."""
        axes = put(self.axes)
        examples = next((size for size, axis in zip(self.array.shape, self.axes, strict=True) if axis.examples), 1)
        return replace(self, array=self.array.reshape([examples if a.examples else a.size for a in axes]), axes=axes)


@dataclass(eq=False)
class Source:
    """Where numbers come from. ``own`` is the name of a parameter in its model, ``step`` the one of a sequence.

    What is ``alone`` is one symbol wherever it is used, ``chosen``; a constant may be one in each layout.
    """

    name: str
    role: Role
    stem: str = ""
    own: str | None = None
    step: int | None = None
    alone: bool = True
    logical: bool = False
    """Whether the numbers are true and false."""
    made_of: tuple[str, ...] = ()
    """The inputs that it is made of; a constant is made of none."""
    columns: Source | None = None
    """Where one-hot columns of these numbers come from."""
    chosen: Tensor | None = None
    steps: dict[int | None, Source] = field(default_factory=dict)

    def part(self, step: int | None) -> Source:
        """Return where one step of this comes from, X3 of X, or some of them."""
        if step is None or not self.alone:
            return Source(self.name, self.role, self.stem, alone=False)
        if step not in self.steps:
            self.steps[step] = Source(f"{self.name}{step + 1}", self.role, self.stem or self.name, step=step + 1)
        return self.steps[step]


def reshaped(tensor: Tensor, dims: Sequence[Size]) -> Tensor:
    """Return the tensor with its axes joined and split into another shape.

    Raises:
        SpecError: the new axes do not fall together with the old ones.
    """
    waiting = list(tensor.flat)
    axes: list[Axes] = []
    for size in dims:
        wanted, letter = (size.each, True) if isinstance(size, Examples) else (size, False)
        taken: list[Axis] = []
        while wanted > 1 or letter:
            first = waiting.pop(0)
            if first.examples:
                letter = False
            elif wanted % first.size == 0:
                wanted //= first.size
            elif first.size % wanted == 0:
                outer, inner = Axis(wanted), Axis(first.size // wanted)
                tensor = tensor.replaced(first, (outer, inner))
                waiting.insert(0, inner)
                first, wanted = outer, 1
            else:
                raise SpecError(
                    f"a view puts axes of {first.size} and {wanted} together, which do not divide each other"
                )
            taken.append(first)
        axes.append(tuple(taken))
    return tensor.with_axes(axes)


def fresh(tensor: Tensor) -> Tensor:
    """Return the tensor with axes of its own: a matrix that meets itself has each axis twice."""
    for each in {*tensor.standing, *tensor.flat}:
        tensor = tensor.replaced(each, (Axis(each.size, each.examples, each.label),))
    return tensor


def together(tensors: Sequence[Tensor]) -> tuple[list[Tensor], tuple[Axes, ...]]:
    """Return tensors whose axes are the same where they meet, and the axes of what they make, as NumPy broadcasts.

    Raises:
        SpecError: axes that do not fit.
    """
    rank = max(len(each.axes) for each in tensors)
    found = [each.with_axes((*((),) * (rank - len(each.axes)), *each.axes)) for each in tensors]
    for at in range(rank):
        for _ in found[1:]:  # What is split for one is split for all.
            for place in range(1, len(found)):
                first = next(number for number, each in enumerate(found) if each.axes[at] or number == place)
                found[first], found[place] = same(found[first], found[place], at, at)
    return found, tuple(_widest([each.axes[at] for each in found]) for at in range(rank))


def _widest(axes: Sequence[Axes]) -> Axes:
    return next((each for each in axes if each), ())


def same(left: Tensor, right: Tensor, at: int, other: int) -> tuple[Tensor, Tensor]:
    """Return two tensors with one axis of each made of the same axes: split where one is, joined where it can be.

    Raises:
        SpecError: sizes that do not fit.
    """
    if not left.axes[at] or not right.axes[other]:
        return left, right
    place = 0
    while place < max(len(left.axes[at]), len(right.axes[other])):
        if place >= min(len(left.axes[at]), len(right.axes[other])):
            raise SpecError(f"axes of {left.shape[at]} and {right.shape[other]} do not fit")
        a, b = left.axes[at][place], right.axes[other][place]
        if a is not b and (a.examples != b.examples or a.size != b.size):
            if a.examples or b.examples:
                raise SpecError(f"axes of {left.shape[at]} and {right.shape[other]} do not fit")
            step = math.gcd(a.size, b.size)
            if step not in (a.size, b.size):
                raise SpecError(f"axes of {a.size} and {b.size} do not divide each other")
            if a.size > step:
                left = left.replaced(a, (Axis(step), Axis(a.size // step)))
            else:
                right = right.replaced(b, (Axis(step), Axis(b.size // step)))
            continue
        if a is not b:
            right = right.replaced(b, (a,))
        place += 1
    return left, right
