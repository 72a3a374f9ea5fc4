"""A matrix whose numbers are written out: a constant that an equation itself gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, cast

from sympy import Basic, Expr, Integer, MatrixExpr, MatrixSymbol, S

from symbp.op import FactorRole, Op, meaning, rule


class Literal(Op):
    """Numbers in rows and columns. Args: how many rows, how many columns, the exact entries row by row."""

    affine: ClassVar[bool] = True
    flat: ClassVar[bool] = True
    factor_role = FactorRole.CONSTANT

    def __new__(cls, rows: int | Integer, columns: int | Integer, *entries: Expr) -> Literal:
        return cast("Literal", Basic.__new__(cls, Integer(rows), Integer(columns), *entries))

    @classmethod
    def of(cls, rows: Sequence[Sequence[Expr]]) -> Literal:
        """Return the matrix of some rows, all of one length."""
        return cls(len(rows), len(rows[0]), *(entry for row in rows for entry in row))

    @property
    def rows(self) -> list[tuple[Expr, ...]]:
        """The entries, row by row."""
        width = int(self.args[1])
        return [self.args[at : at + width] for at in range(2, len(self.args), width)]

    shape = property(lambda self: self.args[:2])

    def turned(self) -> Literal:
        """Return the transpose."""
        return Literal.of(list(zip(*self.rows, strict=True)))


def causal(size: int) -> Literal:
    """Return the mask of a causal attention: 1 where a key, its row, is not behind the query, its column."""
    return Literal.of([[S.One if key <= query else S.Zero for query in range(size)] for key in range(size)])


@meaning(Literal)
def literal(xp: Any, rows: int, columns: int, *entries: Any) -> Any:
    """The numbers in their places."""
    return xp.concatenate([xp.full((1, 1), entry) for entry in entries], axis=0).reshape(rows, columns)


@rule(Literal, "Numbers that are written out do not depend on anything.", short="numbers depend on nothing")
def literal_vjp(node: Literal, output: MatrixSymbol | None, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """Nothing goes back."""
    return ()
