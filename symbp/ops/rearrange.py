"""Rearrangement: reshape, permutation, part, padding, repeat and sum of named axes, one linear operation.

Rows and columns of a matrix are each read as axes in C order, the last one fastest: 6 rows as 2 × 3, T·m columns as
m × T. A result is made of the same axes in any order, so that between layers nothing has more than two indices:

    "h i | e t -> i | e h t"      the h·i × e·t matrix with entry (h i, e t) at (i, e h t)

An axis of both sides may be a part of what it was, or lie among zeros; one of the left alone is summed over, one of the
right alone repeats. Turned round, each is another of these: the adjoint is the same node, read from right to left.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, TypeAlias, cast

from sympy import Basic, Expr, MatrixExpr, MatrixSymbol, Mul, S, Symbol, expand, sympify

from symbp.equations import text
from symbp.errors import ShapeError, SpecError
from symbp.nodes import number_and_factors, times
from symbp.op import Entry, FactorRole, Op, meaning, rule
from symbp.ops.entries import EXAMPLE, Total, base, index
from symbp.ops.windows import extended
from symbp.symbols import counts_examples

Piece: TypeAlias = Expr | tuple[Expr, Expr]
"""An index, or the first and the last line of a part."""


class Axis(NamedTuple):
    """One axis: how long it is in the argument and in the result, and which line of the argument comes first there.

    ``taken`` 0 repeats, ``made`` 0 is summed over. A line of the result that is none of the argument is zero.
    """

    taken: Expr
    made: Expr
    first: Expr

    @property
    def is_line(self) -> bool:
        """Whether it is no more than one line on either side."""
        return {self.taken, self.made} <= {S.Zero, S.One}

    def piece(self, letter: Symbol, is_left: bool) -> Piece | None:
        """Return what stands for it on a side: its letter, or the part it is of the other side; of a line nothing."""
        if S.Zero in (self.taken, self.made) or self.taken == self.made:
            return letter + self.first if is_left else letter
        own, first = (self.taken, self.first) if is_left else (self.made, -self.first)
        other = self.made if is_left else self.taken
        if first.is_nonnegative and (own - first - other).is_nonnegative:
            return (first + 1, first + other)
        return None if own == 1 else letter


LETTERS = "ijklpquvwxyz"
"""The indices of axes, in their order, beside that of the examples."""


class Rearrange(Op):
    """A matrix whose entries stand elsewhere: ``rearranged`` makes it of named axes.

    Args: A; the numbers of all axes, of those that make the rows of A and of those that make the rows of the result;
    the three numbers of every ``Axis``, those of A in front and in their order; the places in this list of the axes of
    the result, in its order.

    Raises:
        ShapeError: the axes are not the rows and columns of A, or nothing of an axis is left.
    """

    affine: ClassVar[bool] = True
    factor_role = FactorRole.CONSTANT
    label: ClassVar[str] = "axes"
    about = "the same entries elsewhere: an index for every axis, left in the operand, right in the result"
    acts_on = 0

    def __new__(cls, a: MatrixExpr, *numbers: Expr | int) -> Rearrange:
        node = cast("Rearrange", Basic.__new__(cls, a, *map(sympify, numbers)))
        taken = [axis.taken for axis in node.axes if axis.taken != 0]
        rows = int(node.args[2])
        for size, axes, what in ((a.shape[0], taken[:rows], "rows"), (a.shape[1], taken[rows:], "columns")):
            if size != Mul(*axes) and expand(size - Mul(*axes)) != 0:
                sizes = "·".join(map(str, axes)) or "1"
                raise ShapeError(f"{a} is {text(a.shape)}: its {size} {what} are no axes of {sizes}")
        for axis in node.axes:
            outside = (axis.made + axis.first).is_nonpositive or (axis.taken - axis.first).is_nonpositive
            if outside and 0 not in (axis.taken, axis.made):
                raise ShapeError(f"nothing is left of an axis of {axis.taken} from {axis.first} on, {axis.made} long")
        return node

    @property
    def axes(self) -> tuple[Axis, ...]:
        """Every axis, those of the argument first."""
        numbers = self.args[4 : 4 + 3 * int(self.args[1])]
        return tuple(Axis(*numbers[at : at + 3]) for at in range(0, len(numbers), 3))

    @property
    def order(self) -> tuple[int, ...]:
        """The axes of the result by their places in ``axes``."""
        return tuple(map(int, self.args[4 + 3 * int(self.args[1]) :]))

    @property
    def shape(self) -> tuple[Expr, Expr]:
        """The products of the axes of the result."""
        axes, rows = [self.axes[at].made for at in self.order], int(self.args[3])
        return (Mul(*axes[:rows]), Mul(*axes[rows:]))

    @property
    def inverted(self) -> tuple[Expr | int, ...]:
        """The numbers of the adjoint, which takes what this one makes: every axis read from right to left."""
        summed = [at for at, axis in enumerate(self.axes) if axis.made == 0]
        there = {at: place for place, at in enumerate((*self.order, *summed))}
        axes = [Axis(self.axes[at].made, self.axes[at].taken, -self.axes[at].first) for at in there]
        back = [there[at] for at, axis in enumerate(self.axes) if axis.taken != 0]
        return (len(axes), self.args[3], self.args[2], *(number for axis in axes for number in axis), *back)

    def turned(self, a: MatrixExpr, before: bool, behind: bool) -> Rearrange:
        """Return the same of a matrix that may be the transpose of the argument, or with its own result transposed."""
        taken = [at for at, axis in enumerate(self.axes) if axis.taken != 0]
        rows, made = int(self.args[2]), int(self.args[3])
        listed = [*(taken[rows:] + taken[:rows] if before else taken)]
        listed += [at for at in range(len(self.axes)) if at not in taken]
        order = self.order[made:] + self.order[:made] if behind else self.order
        counts = len(taken) - rows if before else rows, len(self.order) - made if behind else made
        numbers = (number for at in listed for number in self.axes[at])
        return Rearrange(a, len(listed), *counts, *numbers, *(listed.index(at) for at in order))

    @property
    def couples_examples(self) -> bool:
        """Whether examples are added up."""
        return any(counts_examples(axis.taken) and axis.made == 0 for axis in self.axes)

    @property
    def mark(self) -> str:
        """What tells two of them apart: the places of the axes and their lengths."""
        return " ".join(map(str, self.args[1:]))

    @property
    def indices(self) -> tuple[Symbol, ...]:
        """A letter for every axis; that of the examples has its own."""
        letters, axes = map(index, LETTERS), self.axes
        known = {at: EXAMPLE for at, axis in enumerate(axes) if any(map(counts_examples, axis[:2]))}
        for at in sorted(set(range(len(axes))) - set(known), key=lambda at: (axes[at].is_line, at)):
            known[at] = next(letters)
        return tuple(known[at] for at in range(len(axes)))

    def sides(self) -> tuple[tuple[tuple[Piece, ...], tuple[Piece, ...]], ...]:
        """Return what stands for the axes of rows and columns, of the argument and of the result.

        A piece is an index, or the first and the last line of a part, counted from 1; an axis of one line has none.
        """
        axes, letters = self.axes, self.indices
        taken = [at for at, axis in enumerate(axes) if axis.taken != 0]
        (left, rows), (right, made) = (taken, int(self.args[2])), (self.order, int(self.args[3]))

        def written(places: Sequence[int], is_left: bool) -> tuple[Piece, ...]:
            shown = (at for at in places if not axes[at].is_line)
            pieces = (axes[at].piece(letters[at], is_left) for at in shown)
            return tuple(each for each in pieces if each is not None)

        return tuple(
            (written(side[:count], is_left), written(side[count:], is_left))
            for side, count, is_left in ((left, rows, True), (right, made, False))
        )

    def entry(self) -> Entry:
        """Return a with the index of every axis where it comes from, summed over those that are in it alone."""
        a, axes, letters = base("a"), self.axes, self.indices
        taken = [at for at, axis in enumerate(axes) if axis.taken != 0]
        summed = [letters[at] for at in taken if axes[at].made == 0]
        value = a[tuple(letters[at] + axes[at].first for at in taken)]
        plain = [
            at for at in taken if letters[at] == EXAMPLE and axes[at] == Axis(axes[at].made, axes[at].taken, S.Zero)
        ]
        return Entry(
            operands=((a, tuple(axes[at].taken for at in taken)),),
            sizes=tuple(axes[at].made for at in self.order),
            parts=((tuple(letters[at] for at in self.order), Total(value, *summed)),),
            ranges={letters[at]: axis.made if axis.made != 0 else axis.taken for at, axis in enumerate(axes)},
            each=(EXAMPLE,) if plain else (),
            applies="example" if plain else "",
            says="axes",
        )

    @property
    def bounds(self) -> tuple[tuple[Symbol, Expr], ...]:
        """The letters that stand below it, each with the last line that it counts to, where that is not the first."""
        found = []
        for letter, axis in zip(self.indices, self.axes, strict=True):
            if axis.made != 0 and axis.piece(letter, False) == letter:
                found.append((letter, axis.made))
            elif axis.taken != 0 and axis.piece(letter, True) == letter:
                found.append((letter, axis.taken))
        return tuple((letter, size) for letter, size in found if size != 1)


Sizes = Mapping[Any, Expr | int]
"""The axes of rows or of columns by name, in their order."""


def rearranged(
    a: MatrixExpr,
    rows: Sizes,
    columns: Sizes,
    to_rows: Sequence[Hashable],
    to_columns: Sequence[Hashable],
    *,
    parts: Mapping[Any, tuple[Expr | int, Expr | int]] | None = None,
    repeats: Sizes | None = None,
) -> MatrixExpr:
    """Return a matrix made of the axes of another; the matrix itself where nothing moves.

    ``rows`` and ``columns`` name the axes of A with their sizes, the last one fastest; sizes are numbers or made of
    dimensions, m among them. ``to_rows`` and ``to_columns`` are the axes of the result by their names. An axis in
    ``parts`` is (first line, number of lines) of what it was, zero where it was nothing: (2, 3) of 7 lines is the
    third to the fifth, (−2, 7) of 3 lines puts them behind two zeros. A name in ``repeats`` is a new axis, of that
    size, along which all is the same. An axis of A that stands in neither is summed over.

        rearranged(A, {"h": 2, "d": 4}, {"e": m, "t": 5}, ("d",), ("e", "h", "t"))     heads behind one another
        rearranged(A, {"c": 3, "y": 8, "x": 8}, {"e": m}, ("c",), ("e", "y", "x"))     pixels as tokens
        rearranged(A, {"i": 7}, {"e": m}, ("i",), ("e",), parts={"i": (0, 3)})         the first three rows
        rearranged(P, {"i": 4}, {"t": 5}, ("i",), ("e", "t"), repeats={"e": m})        one matrix for every example

    Raises:
        SpecError: a name that stands twice, or is no axis.
        ShapeError: the axes are not the rows and columns of A, or a part has no line of its axis.
    """
    parts, repeats = parts or {}, repeats or {}
    names, result = [*rows, *columns, *repeats], [*to_rows, *to_columns]
    for given, what in ((names, "axes"), (result, "axes of the result")):
        if len(set(given)) < len(given):
            raise SpecError(f"{', '.join(map(str, given))}: the {what} have names that differ")
    for name in (*result, *parts):
        if name not in names:
            raise SpecError(f"{name} is no axis: there are {', '.join(map(str, names))}")
    axes = []
    for name, size in (*rows.items(), *columns.items()):
        first, length = parts.get(name, (0, size))
        axes.append((size, length if name in result else 0, first if name in result else 0))
    axes += [(0, size, 0) for size in repeats.values()]
    order = [names.index(name) for name in result]
    numbers = (number for axis in axes for number in axis)
    node = Rearrange(a, len(axes), len(rows), len(to_rows), *numbers, *order)
    is_same = order == [*range(len(names))] and len(rows) == len(to_rows) and all(one == two for one, two, _ in axes)
    return a if is_same else node


@meaning(Rearrange)
def rearrange(xp: Any, a: Any, count: int, rows: int, made_rows: int, *numbers: Any) -> Any:
    """The entries of a elsewhere: (taken, made, first) for every axis, then the axes of the result in order."""
    axes = [numbers[3 * at : 3 * at + 3] for at in range(count)]
    order = numbers[3 * count :]
    array = a.reshape(tuple(taken or 1 for taken, _, _ in axes))
    for place, (taken, made, first) in enumerate(axes):
        if not made:
            array = xp.sum(array, axis=place, keepdims=True)
        elif taken:
            array = extended(xp, array, place, -first, made)
    array = permuted(array, (*order, *(at for at in range(count) if at not in order)))
    sizes = [axes[at][1] for at in order]
    repeats = tuple(made if axes[at][0] == 0 else 1 for at, made in zip(order, sizes, strict=True))
    array = array.reshape(tuple(made if axes[at][0] else 1 for at, made in zip(order, sizes, strict=True)))
    array = array * xp.ones(repeats) if any(each > 1 for each in repeats) else array
    return array.reshape(length(sizes[:made_rows]), length(sizes[made_rows:]))


def length(sizes: Any) -> int:
    """How many lines axes make together."""
    found = 1
    for size in sizes:
        found = found * size
    return found


def permuted(array: Any, order: tuple[int, ...]) -> Any:
    """The axes of an array in another order."""
    left = tuple(range(len(order)))
    for at, axis in enumerate(order):
        there = left.index(axis)
        array = array.swapaxes(at, there)
        left = tuple(left[{at: there, there: at}.get(each, each)] for each in range(len(order)))
    return array


@rule(
    Rearrange,
    "Every entry only moved, so its error stands where it went: what was left out gets none, "
    "what repeats adds up its errors, and what was added up gets its sum's error.",
    short="each error back where its entry was",
)
def rearrange_vjp(node: Rearrange, output: MatrixSymbol | None, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """Ā: the same axes read from the result to the argument, a number in front."""
    number, factors = number_and_factors(adjoint)
    error, number = (factors[0], number) if len(factors) == 1 else (adjoint, S.One)
    return (times(number, Rearrange(error, *node.inverted)),)
