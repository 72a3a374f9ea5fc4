"""Arithmetic on the values of a formula: arrays, numbers, ones and operators; misfits are told in its words."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from symbp.errors import ShapeError, SpecError
from symbp.judging.cases import Case
from symbp.judging.meanings import IDENTITY, Named, Operator, Place, softmax_value
from symbp.judging.written import TypedSide
from symbp.networks.reading import quote

MAX_EXPONENT = 100


class Ones:
    """1, the column of ones: A 1 sums over the columns, b 1ᵀ repeats one."""


class OnesRow:
    """1ᵀ."""


ONES, ONES_ROW = Ones(), OnesRow()


def from_numpy(name: str) -> Callable[..., Any]:
    """Return a function of NumPy, imported when it is called."""

    def call(*arguments: Any, **keywords: Any) -> Any:
        import numpy as np

        return attrgetter(name)(np)(*arguments, **keywords)

    return call


def softmax_along(array: Any, axis: int, keepdims: bool) -> Any:
    """Return the softmax along an axis."""
    import numpy as np

    shifted = np.exp(array - array.max(axis=axis, keepdims=True))
    return shifted / shifted.sum(axis=axis, keepdims=True)


@dataclass(frozen=True)
class Arithmetic:
    """Joins values at one place; ``node`` is the piece of the formula that an error quotes.

    Raises:
        SpecError: something that is no matrix, or an exponent that is no number.
        ShapeError: two shapes that do not fit.
    """

    written: TypedSide
    place: Place

    def array(self, found: Any, node: ast.expr) -> Any:
        """Return a value as numbers; a formula's piece that is none is refused."""
        import numpy as np

        if isinstance(found, float | int | np.ndarray | np.generic):
            return np.asarray(found, dtype=float)
        if found is ONES:
            return np.asarray(1.0)
        raise SpecError(f"{quote(self.written.text(node))} in {quote(self.written.source)} is no matrix")

    def entrywise(self, function: Callable[..., Any], left: Any, right: Any, node: ast.expr) -> Any:
        """Return a function of two arrays entry by entry; 1 stretches."""
        first, second = (self.array(each, node) for each in (left, right))
        fits = all(a == b or 1 in (a, b) for a, b in zip(first.shape[::-1], second.shape[::-1], strict=False))
        if not fits:
            raise self._clash(first, second, node, "entry by entry needs equal shapes")
        return function(first, second)

    def times(self, left: Any, right: Any, node: ast.expr) -> Any:
        """A * B."""
        if isinstance(left, Operator) or isinstance(right, Operator):
            return self._composed(left, right, node)
        return self.entrywise(from_numpy("multiply"), left, right, node)

    def _composed(self, left: Any, right: Any, node: ast.expr) -> Any:
        """A product with an operator in it: entry by entry, or by a number."""
        operator, other = (left, right) if isinstance(left, Operator) else (right, left)
        factor = self.array(other, node)
        return Operator(lambda error: factor * operator.apply(error), operator.hole)

    def joined(self, left: Any, right: Any, node: ast.expr) -> Any:
        """A @ B, and what stands side by side: numbers scale, operators act."""
        if left is ONES_ROW:
            return self.array(right, node).sum(axis=0, keepdims=True)
        if right is ONES:
            matrix = self.array(left, node)
            if matrix.ndim == 2 and matrix.shape[1] == 1 and self.repeats() > 1:
                text = quote(self.written.text(node))
                raise ShapeError(f"{text} in {quote(self.written.source)}: a column by the column 1; 1ᵀ repeats it")
            return matrix.sum(axis=1, keepdims=True)
        if right is ONES_ROW:
            column = self.array(left, node)
            # Where rows are examples, columns are repeated over features as well: what it meets says how often.
            return column if self.place.case.in_rows else column @ from_numpy("ones")((1, self.repeats()))
        if isinstance(left, Operator) or isinstance(right, Operator):
            return self.operated([left, right], node)
        first, second = self.array(left, node), self.array(right, node)
        if first.ndim == 0 or second.ndim == 0:
            return first * second
        is_summed = self.place.example is not None and not self.place.alone
        if is_summed and first.shape == second.shape and first.shape[1] == 1:  # Σᵢ δyᵢ x̂ᵢ, of every feature.
            return first * second
        if first.shape[-1] != second.shape[0]:
            raise self._clash(first, second, node, "a product needs columns on the left as many as rows on the right")
        return first @ second

    def repeats(self) -> int:
        """Return the number of columns of ones: the examples, or one."""
        return max((array.shape[1] for array in self.place.case.values.inputs.values()), default=1) if (
            self.place.example is None
        ) else 1  # fmt: skip

    def operated(self, factors: Sequence[Any], node: ast.expr) -> Any:
        """A product with operators: what stands left of the error acts on it, what stands right multiplies it."""
        at = next((index for index, each in enumerate(factors) if self._is_error(each)), len(factors))
        error = factors[at] if at < len(factors) else IDENTITY
        for factor in reversed(factors[:at]):
            error = self.acted(factor, error, node)
        for factor in factors[at + 1 :]:
            error = self._multiplied(error, factor, node)
        return error

    def _is_error(self, value: Any) -> bool:
        """Whether it is what operators act on: a hole, or a matrix with a column for every column of the data.

        A weight may have as many columns by chance; it is no error.
        """
        if isinstance(value, Operator):
            return value.hole
        shape: Any = getattr(value, "shape", ())
        if len(shape) != 2 or shape[1] != self.repeats():
            return False
        shares = from_numpy("may_share_memory")
        return not any(shares(value, each) for each in self.place.case.values.parameters.values())

    def acted(self, factor: Any, error: Any, node: ast.expr) -> Any:
        """A matrix or operator on the error behind it."""
        apply = factor.apply if isinstance(factor, Operator) else _multiplier(self.array(factor, node))
        if isinstance(error, Operator):
            return Operator(lambda value: apply(error.apply(value)), error.hole)
        return apply(error)

    def _multiplied(self, error: Any, factor: Any, node: ast.expr) -> Any:
        if isinstance(factor, Operator):
            text = quote(self.written.text(node))
            raise SpecError(f"an operator stands behind what it acts on in {text}: write it in front")
        if isinstance(error, Operator):
            matrix = self.array(factor, node)
            return Operator(lambda value: error.apply(value) @ matrix, error.hole)
        return self.joined(error, factor, node)

    def added(self, left: Any, right: Any, node: ast.expr, sign: float = 1.0) -> Any:
        """A + B, or A − B."""
        if not isinstance(left, Operator) and not isinstance(right, Operator):
            return self.entrywise(lambda a, b: a + sign * b, left, right, node)
        first, second = self._as_operator(left, node), self._as_operator(right, node)
        return Operator(lambda error: first.apply(error) + sign * second.apply(error))

    def _as_operator(self, found: Any, node: ast.expr) -> Operator:
        if isinstance(found, Operator):
            return found
        matrix = self.array(found, node)
        return Operator(lambda error: matrix @ error)

    def subtracted(self, left: Any, right: Any, node: ast.expr) -> Any:
        """A − B."""
        return self.added(left, right, node, -1.0)

    def over(self, left: Any, right: Any, node: ast.expr) -> Any:
        """A / B."""
        if isinstance(left, Operator):
            return self._composed(left, 1.0 / self.array(right, node), node)
        return self.entrywise(from_numpy("divide"), left, right, node)

    def power(self, left: Any, right: Any, node: ast.expr) -> Any:
        """A ** B, and diag f′(z) without brackets, which binds as tightly."""
        if isinstance(left, Named) and left.name == "diag":
            return from_numpy("diagflat")(self.array(right, node))
        exponent = self.array(right, node)
        if exponent.ndim or not abs(float(exponent)) <= MAX_EXPONENT:
            raise SpecError(f"the exponent of {quote(self.written.text(node))} must be a number up to {MAX_EXPONENT}")
        return self.array(left, node) ** float(exponent)

    def inverse(self, found: Any, node: ast.expr) -> Any:
        """A⁻¹: the inverse of a square matrix; of a number, or of a column entry by entry, one over it."""
        array = self.array(found, node)
        if array.ndim < 2 or 1 in array.shape:
            return 1.0 / array
        if array.shape[0] != array.shape[1]:
            text = quote(self.written.text(node))
            raise ShapeError(
                f"{text} is {self.size(array)} in {quote(self.written.source)}: only a square matrix has an inverse; "
                "a gradient takes the transpose"
            )
        return from_numpy("linalg.inv")(array)

    def softmax(self, found: Any, node: ast.expr) -> Any:
        """The softmax of every example."""
        return softmax_value(self.array(found, node), self.place)

    def _clash(self, first: Any, second: Any, node: ast.expr, why: str) -> ShapeError:
        sides = (node.left, node.right) if isinstance(node, ast.BinOp) else (node, node)
        left, right = (self.written.text(each) for each in sides)
        hint = _meant(first.shape, second.shape, left, right, isinstance(node, ast.BinOp) and node.op)
        return ShapeError(
            f"{quote(left)} is {self.size(first)} and {quote(right)} is {self.size(second)} in "
            f"{quote(self.written.source)}: {why}{hint}"
        )

    def size(self, array: Any) -> str:
        """Return a shape in the network's own letters."""
        return size_text(array.shape, self.place.case)


@dataclass(frozen=True)
class OfEntries(Arithmetic):
    """Arithmetic of entries: each of ``letters`` is an axis, and every product is one of numbers."""

    letters: str = ""

    def entry(self, array: Any, letters: str) -> Any:
        """Return a matrix with its axes at those of its letters."""
        import numpy as np

        matrix = np.asarray(array).reshape(-1) if len(letters) == 1 else np.asarray(array)
        if len(letters) == 2 and letters[0] > letters[1]:
            matrix = matrix.T
        wanted = [1] * len(self.letters)
        for letter, size in zip(sorted(letters), matrix.shape, strict=True):
            wanted[self.letters.index(letter)] = size
        return matrix.reshape(wanted)

    def added_over(self, array: Any, letters: str) -> Any:
        """Return the sum over letters."""
        return self.array(array, self.written.tree).sum(axis=tuple(map(self.letters.index, letters)), keepdims=True)

    def joined(self, left: Any, right: Any, node: ast.expr) -> Any:
        """Two numbers side by side."""
        return self.times(left, right, node)

    def matrix(self, found: Any, left: str) -> Any:
        """Return the entries as the matrix of those on the left, a column for one letter."""
        import numpy as np

        array = np.asarray(found, dtype=float)
        if array.ndim != len(self.letters):
            return array
        free = [
            letter for letter, size in zip(self.letters, array.shape, strict=True) if size > 1 and letter not in left
        ]
        if free:
            raise SpecError(
                f"{quote(self.written.source)}: {', '.join(free)} is no entry on the left, and not summed over"
            )
        order = sorted(left)
        flat = array.reshape([array.shape[self.letters.index(letter)] for letter in order])
        return flat.reshape(-1, 1) if len(left) < 2 else np.moveaxis(flat, [order.index(each) for each in left], [0, 1])


def size_text(shape: tuple[int, ...], case: Case) -> str:
    """Return a shape in the network's own dimensions: sizes are distinct, so each says which it is."""
    names: dict[int, str] = {}
    for symbol in case.given:
        letters = symbol.shape[::-1] if case.turns(symbol) else symbol.shape
        for letter, size in zip(letters, case.known[symbol.name].shape, strict=True):
            names.setdefault(size, str(letter))
    return "×".join(names.get(size, str(size)) for size in shape) or "a number"


def _multiplier(matrix: Any) -> Callable[[Any], Any]:
    """Return the operator of a matrix, or of a number."""
    return lambda value: matrix @ value if matrix.ndim else matrix * value


def _meant(first: tuple[int, ...], second: tuple[int, ...], left: str, right: str, sign: Any) -> str:
    """Return what probably was meant by two shapes that do not fit."""
    if len(first) != 2 or len(second) != 2:
        return ""
    if isinstance(sign, ast.MatMult):
        if first == second:
            return "; * multiplies entry by entry"
        if first[0] == second[0]:
            return f"; {left}.T fits"
        if first[1] == second[1]:
            return f"; {right}.T fits"
        return "; the order may be turned round" if second[1] == first[0] else ""
    if first[1] == second[0]:
        return "; @ is the matrix product"
    return f"; {right}.T fits" if first == second[::-1] else ""
