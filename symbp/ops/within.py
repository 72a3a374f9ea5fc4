"""Products within an example: sequences side by side, each multiplied with its own only.

Columns are ordered (example, token): column e·t + i is token i of example e, so a matrix of t tokens an example is
m blocks of t columns, and block e of a product is made of the blocks e of its operands:

    Gram   Aₑᵀ·Bₑ    d×t_a·m , d×t_b·m    → t_a×t_b·m    scores of keys and queries
    Mix    Aₑ·Bₑ     d×t_a·m , t_a×t_b·m  → d×t_b·m      values mixed by weights
    Outer  Aₑ·Bₑᵀ    d×t_b·m , t_a×t_b·m  → d×t_a·m      what the gradients of the two need

Each is linear in both operands and its adjoints are two of the three again, so a derivative of any order is made of
them. A whole-batch product over T·m columns would be T·m×T·m, of which only the m diagonal blocks belong to an example.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any, ClassVar, cast

from sympy import Basic, Expr, MatMul, MatrixExpr, MatrixSymbol, S, sympify

from symbp.equations import Step, nodes, text
from symbp.errors import ShapeError
from symbp.nodes import matmul, number_and_factors, times, transpose
from symbp.op import Entry, FactorRole, Op, explain, meaning, rule, steps
from symbp.ops.entries import COLUMN, EXAMPLE, OTHER, ROW, Total, base
from symbp.symbols import Adjoint


@lru_cache(maxsize=4096)
def _examples(columns: Expr, tokens: Expr) -> Expr:
    return columns / tokens


class Within(Op):
    """A product within each example. Args: A, B, and t_a, t_b, the tokens an example has on either side.

    Raises:
        ShapeError: the blocks do not fit, or the operands have different numbers of examples.
    """

    affine: ClassVar[bool] = True
    factor_role = FactorRole.ATTENTION

    def __new__(cls, a: MatrixExpr, b: MatrixExpr, ta: Expr | int, tb: Expr | int) -> Within:
        node = cast("Within", Basic.__new__(cls, a, b, sympify(ta), sympify(tb)))
        (inner, outer), (first, second) = node.inner, node.blocks
        if inner != outer:
            raise ShapeError(
                f"{a} is {text(a.shape)} and {b} is {text(b.shape)}: {cls.__name__} needs {inner} = {outer}"
            )
        if _examples(a.shape[1], first) != _examples(b.shape[1], second):
            raise ShapeError(
                f"{a} has {a.shape[1]} columns, {first} an example, and {b} has {b.shape[1]}, {second} an example: "
                "the examples must be equally many"
            )
        return node

    @property
    def inner(self) -> tuple[Expr, Expr]:
        """The two sizes that are summed over, which must be equal."""
        raise NotImplementedError

    @property
    def blocks(self) -> tuple[Expr, Expr]:
        """The columns an example has in A and in B."""
        raise NotImplementedError

    @property
    def acts_on(self) -> int | None:  # type: ignore[override] # of the instance: the operand that holds the adjoint
        """The operand that holds an adjoint; None where none does."""
        holding = (at for at in (0, 1) if any(isinstance(node, Adjoint) for node in nodes(self.args[at])))
        return next(holding, None)

    def of_one(self, a: MatrixExpr, b: MatrixExpr) -> MatMul:
        """Return the plain product that it is for one example."""
        raise NotImplementedError

    summed: ClassVar[tuple[int, int]]
    """Which index of an entry of A and of B is summed over, 0 for its row and 1 for its column."""

    def entry(self) -> Entry:
        """Return the sum of the products of the entries of A and of B, within an example."""
        a, b = base("a"), base("b")
        examples = _examples(self.args[0].shape[1], self.blocks[0])
        left, right = ((each.shape[0], block) for each, block in zip(self.args[:2], self.blocks, strict=True))
        first, second = self.summed
        at_left = (OTHER, ROW) if first == 0 else (ROW, OTHER)
        at_right = (OTHER, COLUMN) if second == 0 else (COLUMN, OTHER)
        value = Total(a[at_left[0], EXAMPLE, at_left[1]] * b[at_right[0], EXAMPLE, at_right[1]], OTHER)
        rows, columns = left[1 - first], right[1 - second]
        return Entry(
            operands=tuple((letter, (size[0], examples, size[1])) for letter, size in ((a, left), (b, right))),
            sizes=(rows, examples, columns),
            parts=(((ROW, EXAMPLE, COLUMN), value),),
            ranges={ROW: rows, COLUMN: columns, OTHER: left[first], EXAMPLE: examples},
            each=(EXAMPLE,),
            applies="example",
        )


class Gram(Within):
    """Aₑᵀ·Bₑ for every example e: d×t_a·m and d×t_b·m give t_a×t_b·m."""

    label: ClassVar[str] = "gram"
    summed = (0, 0)
    shape = property(lambda self: (self.args[2], self.args[1].shape[1]))
    inner = property(lambda self: (self.args[0].shape[0], self.args[1].shape[0]))
    blocks = property(lambda self: (self.args[2], self.args[3]))

    def of_one(self, a: MatrixExpr, b: MatrixExpr) -> MatMul:
        """Return Aᵀ·B."""
        return matmul(transpose(a), b)


class Mix(Within):
    """Aₑ·Bₑ for every example e: d×t_a·m and t_a×t_b·m give d×t_b·m."""

    label: ClassVar[str] = "mix"
    summed = (1, 0)
    shape = property(lambda self: (self.args[0].shape[0], self.args[1].shape[1]))
    inner = property(lambda self: (self.args[2], self.args[1].shape[0]))
    blocks = property(lambda self: (self.args[2], self.args[3]))

    def of_one(self, a: MatrixExpr, b: MatrixExpr) -> MatMul:
        """Return A·B."""
        return matmul(a, b)


class Outer(Within):
    """Aₑ·Bₑᵀ for every example e: d×t_b·m and t_a×t_b·m give d×t_a·m."""

    label: ClassVar[str] = "outer"
    summed = (1, 1)
    shape = property(
        lambda self: (self.args[0].shape[0], self.args[2] * _examples(self.args[0].shape[1], self.args[3]))
    )
    inner = property(lambda self: (self.args[2], self.args[1].shape[0]))
    blocks = property(lambda self: (self.args[3], self.args[3]))

    def of_one(self, a: MatrixExpr, b: MatrixExpr) -> MatMul:
        """Return A·Bᵀ."""
        return matmul(a, transpose(b))


def by_example(a: Any, tokens: int) -> Any:
    """Rows × tokens·m as m matrices of rows × tokens."""
    return a.reshape(*a.shape[:-1], a.shape[-1] // tokens, tokens).swapaxes(-3, -2)


def side_by_side(c: Any) -> Any:
    """m matrices of rows × tokens as rows × tokens·m."""
    return c.swapaxes(-3, -2).reshape(*c.shape[:-3], c.shape[-2], c.shape[-3] * c.shape[-1])


@meaning(Gram)
def gram(xp: Any, a: Any, b: Any, ta: int, tb: int) -> Any:
    """Within every example, a transposed times b."""
    return side_by_side(by_example(a, ta).swapaxes(-2, -1) @ by_example(b, tb))


@meaning(Mix)
def mix(xp: Any, a: Any, b: Any, ta: int, tb: int) -> Any:
    """Within every example, a times b."""
    return side_by_side(by_example(a, ta) @ by_example(b, tb))


@meaning(Outer)
def outer(xp: Any, a: Any, b: Any, ta: int, tb: int) -> Any:
    """Within every example, a times b transposed."""
    return side_by_side(by_example(a, tb) @ by_example(b, tb).swapaxes(-2, -1))


Pair = tuple[MatrixExpr, MatrixExpr]


def _in_front(adjoint: MatrixExpr) -> tuple[Expr, MatrixExpr]:
    """Split the number off an adjoint: it stands in front of the product, whose operands are names."""
    number, factors = number_and_factors(adjoint)
    return (number, factors[0]) if len(factors) == 1 else (S.One, adjoint)


@rule(
    Gram,
    "A score is the inner product of two columns of the same example, so each column gets the other, "
    "weighted by the errors of all scores it takes part in.",
    short="a column meets those it was multiplied by",
)
def gram_vjp(node: Gram, output: MatrixSymbol | None, adjoint: MatrixExpr) -> Pair:
    """Āₑ = Bₑ·C̄ₑᵀ and B̄ₑ = Aₑ·C̄ₑ for Cₑ = Aₑᵀ·Bₑ."""
    a, b, *tokens = node.args
    number, inner = _in_front(adjoint)
    return times(number, Outer(b, inner, *tokens)), times(number, Mix(a, inner, *tokens))


@rule(
    Mix,
    "Within an example every output column is a sum of columns by weights: a column gets the errors of the outputs "
    "by its weights, and a weight the inner product of its column and the error of its output.",
    short="columns meet weights, within each example",
)
def mix_vjp(node: Mix, output: MatrixSymbol | None, adjoint: MatrixExpr) -> Pair:
    """Āₑ = C̄ₑ·Bₑᵀ and B̄ₑ = Aₑᵀ·C̄ₑ for Cₑ = Aₑ·Bₑ."""
    a, b, *tokens = node.args
    number, inner = _in_front(adjoint)
    return times(number, Outer(inner, b, *tokens)), times(number, Gram(a, inner, *tokens))


_GRAM = ("a key meets its queries", "a query meets its keys")
_MIX = ("a value gathers errors by its weights", "a weight meets its value")


@explain.register
def _(node: Gram, operand: int) -> Step:
    return replace(steps[gram_vjp], short=_GRAM[operand])


@explain.register
def _(node: Mix, operand: int) -> Step:
    return replace(steps[mix_vjp], short=_MIX[operand])


@rule(
    Outer, "The product is linear in both factors, within every example.", short="the other factor, within each example"
)
def outer_vjp(node: Outer, output: MatrixSymbol | None, adjoint: MatrixExpr) -> Pair:
    """Āₑ = C̄ₑ·Bₑ and B̄ₑ = C̄ₑᵀ·Aₑ for Cₑ = Aₑ·Bₑᵀ."""
    a, b, *tokens = node.args
    number, inner = _in_front(adjoint)
    return times(number, Mix(inner, b, *tokens)), times(number, Gram(inner, a, *tokens))
