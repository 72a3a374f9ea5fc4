"""What goes down each column: the logarithm of a sum of exponentials, the largest entry, running sums.

Along the rows they are taken of the transpose.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, cast

from sympy import Basic, Expr, Integer, MatrixExpr, MatrixSymbol, S, Sum, exp, log

from symbp.nodes import hadamard, matmul, ones
from symbp.op import Entry, FactorRole, Op, meaning, rule
from symbp.ops.entries import COLUMN, OTHER, ROW, Largest, Total, base, by_columns
from symbp.ops.softmax import Softmax


class _OfColumns(Op):
    """Takes a matrix n×m to a row 1×m."""

    shape = property(lambda self: (S.One, self.args[0].shape[1]))

    def _form(self, value: Expr) -> Entry:
        z = self.args[0]
        found = by_columns({base("z"): z}, z.shape, value)
        return replace(found, sizes=self.shape[1:], parts=(((COLUMN,), value),))


class LogSumExp(_OfColumns):
    """log Σ_i exp(z_ij) of every column. Args: Z (n × m). The result is 1 × m."""

    label: ClassVar[str] = "lse"

    def __new__(cls, z: MatrixExpr) -> LogSumExp:
        return cast("LogSumExp", Basic.__new__(cls, z))

    def entry(self) -> Entry:
        """Return log Σ_i exp(z_ij)."""
        return self._form(log(Total(exp(base("z")[ROW, COLUMN]), ROW)))


class Maximum(_OfColumns):
    """The largest entry of every column. Args: Z (n × m). The result is 1 × m."""

    label: ClassVar[str] = "max"

    def __new__(cls, z: MatrixExpr) -> Maximum:
        return cast("Maximum", Basic.__new__(cls, z))

    def entry(self) -> Entry:
        """Return max_i z_ij."""
        return self._form(Largest(base("z")[ROW, COLUMN], ROW))


class Argmax(Op):
    """1 at the largest entry of every column, of equals the first, and 0 elsewhere. Args: Z. The shape is that of Z.

    It jumps where another entry becomes the largest and changes nowhere else: its derivative is zero.
    """

    flat: ClassVar[bool] = True
    factor_role = FactorRole.MASK
    label: ClassVar[str] = "mark"
    about = "1 at the largest entry of every column, of equals the first, 0 elsewhere"

    def __new__(cls, z: MatrixExpr) -> Argmax:
        return cast("Argmax", Basic.__new__(cls, z))

    shape = property(lambda self: self.args[0].shape)

    def entry(self) -> Entry:
        """Say it in words: of equal entries the first is marked."""
        return Entry(says="mark")


class CumulativeSum(Op):
    """Sums down the columns: entry i is the sum of the entries 1 to i, ``back`` of those from i to the last.

    Args: A, back (0 or 1). The shape is that of A.
    """

    affine: ClassVar[bool] = True
    acts_on = 0
    factor_role = FactorRole.CONSTANT
    label: ClassVar[str] = "cumsum"
    about = "sums down the columns, from the top or up from the bottom"

    def __new__(cls, a: MatrixExpr, back: int | Integer = 0) -> CumulativeSum:
        return cast("CumulativeSum", Basic.__new__(cls, a, Integer(back)))

    shape = property(lambda self: self.args[0].shape)
    mark = property(lambda self: "up" if self.args[1] == 1 else "")

    def entry(self) -> Entry:
        """Return Σ_{k ≤ i} a_kj, of those from the bottom up Σ_{k ≥ i} a_kj."""
        a, rows = base("a"), self.shape[0]
        ends = (ROW, rows) if self.args[1] == 1 else (1, ROW)
        value = Sum(a[OTHER, COLUMN], (OTHER, *ends))
        return by_columns({a: self.args[0]}, self.shape, value, {OTHER: rows})


@meaning(LogSumExp)
def log_sum_exp(xp: Any, z: Any) -> Any:
    """The largest entry is subtracted first: no exponential overflows."""
    top = xp.max(z, axis=-2, keepdims=True)
    return top + xp.log(xp.sum(xp.exp(z - top), axis=-2, keepdims=True))


@meaning(Maximum)
def maximum_of_columns(xp: Any, z: Any) -> Any:
    """The largest entry of every column."""
    return xp.max(z, axis=-2, keepdims=True)


@meaning(Argmax)
def mark(xp: Any, z: Any) -> Any:
    """1 at the first of the largest entries of every column."""
    top, marks = xp.max(z, axis=-2, keepdims=True), []
    left = xp.ones_like(top)
    for row in range(z.shape[-2]):
        found = z[row : row + 1] == top
        marks.append(xp.where(found, left, 0))
        left = xp.where(found, 0, left)
    return xp.concatenate(marks, axis=-2)


@meaning(CumulativeSum)
def cumulative_sum(xp: Any, a: Any, back: int) -> Any:
    """A triangle of ones times a."""
    rows = xp.arange(a.shape[0]).reshape(-1, 1)
    columns = xp.arange(a.shape[0]).reshape(1, -1)
    return xp.where(rows <= columns if back else rows >= columns, xp.ones((a.shape[0], a.shape[0])), 0) @ a


@rule(
    LogSumExp,
    "The slope of log Σ exp by an entry is that entry's share of the sum, its softmax.",
    short="each entry gets its softmax share",
)
def log_sum_exp_vjp(node: LogSumExp, output: MatrixSymbol, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """Z̄ = softmax(Z) ⊙ 1·s̄."""
    (z,) = node.args
    return (hadamard(matmul(ones(z.shape[0], 1), adjoint), Softmax(z)),)


@rule(
    Maximum,
    "Only the largest entry of a column moves the maximum, so it takes the whole error; of equals the first does.",
    short="a column's largest entry takes the error",
)
def maximum_vjp(node: Maximum, output: MatrixSymbol, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """Z̄ = mark(Z) ⊙ 1·s̄."""
    (z,) = node.args
    return (hadamard(matmul(ones(z.shape[0], 1), adjoint), Argmax(z)),)


@rule(Argmax, "Which entry is the largest changes in jumps only, so the derivative is zero.", short="no slope")
def mark_vjp(node: Argmax, output: MatrixSymbol, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """Z̄ = 0."""
    return (None,)


@rule(
    CumulativeSum,
    "An entry stands in its own running sum and in all after it, so it collects their errors from the other end.",
    short="the sums run back",
)
def cumulative_sum_vjp(
    node: CumulativeSum, output: MatrixSymbol | None, adjoint: MatrixExpr
) -> tuple[MatrixExpr | None, ...]:
    """Ā = the sums of C̄ the other way."""
    return (CumulativeSum(adjoint, 1 - node.args[1]),)
