"""The state of a recurrent layer as one matrix: parts stacked on top of each other, and taken out again.

An LSTM carries two matrices from step to step. Stacked into S = [H; C] they are one, so that the error goes
back through one matrix a step and the gradient is a product over time.
"""

from __future__ import annotations

from typing import Any, ClassVar, cast

from sympy import Basic, Expr, MatrixExpr, MatrixSymbol, S, sympify

from symbp.equations import text
from symbp.errors import ShapeError
from symbp.op import FactorRole, Op, meaning, rule


class Join(Op):
    """[A; B]: A (p×m) on top of B (q×m), together (p+q)×m."""

    label: ClassVar[tuple[str, str, str]] = (r"\mathrm{stack}", "stack", "stack")

    def __new__(cls, top: MatrixExpr, bottom: MatrixExpr) -> Join:
        if top.shape[1] != bottom.shape[1]:
            raise ShapeError(
                f"{top} is {text(top.shape)} and {bottom} is {text(bottom.shape)}: stacked, they need equal columns"
            )
        return cast("Join", Basic.__new__(cls, top, bottom))

    shape = property(lambda self: (self.args[0].shape[0] + self.args[1].shape[0], self.args[0].shape[1]))


class Part(Op):
    """``rows`` rows of S from row ``start`` on, counted from 0.

    Args: S (n×m), start, rows. It is linear, so it also carries the error back through a ``Join``.
    """

    label: ClassVar[tuple[str, str, str]] = (r"\mathrm{rows}", "rows", "rows")
    acts_on = 0
    factor_role = FactorRole.CONSTANT

    def __new__(cls, s: MatrixExpr, start: Expr | int, rows: Expr | int) -> Part:
        return cast("Part", Basic.__new__(cls, s, sympify(start), sympify(rows)))

    shape = property(lambda self: (self.args[2], self.args[0].shape[1]))


class Placed(Op):
    """G among zeros: ``above`` rows of zeros, G (p×m), ``below`` rows of zeros; the transpose of ``Part``."""

    label: ClassVar[tuple[str, str, str]] = (r"\mathrm{pad}", "pad", "pad")
    acts_on = 0
    factor_role = FactorRole.CONSTANT

    def __new__(cls, g: MatrixExpr, above: Expr | int, below: Expr | int) -> Placed:
        return cast("Placed", Basic.__new__(cls, g, sympify(above), sympify(below)))

    shape = property(lambda self: (self.args[1] + self.args[0].shape[0] + self.args[2], self.args[0].shape[1]))


@meaning(Join)
def join(xp: Any, top: Any, bottom: Any) -> Any:
    """The first matrix on top of the second."""
    return xp.concatenate([top, bottom], axis=0)


@meaning(Part)
def part(xp: Any, s: Any, start: int, rows: int) -> Any:
    """The given number of rows from ``start`` on."""
    return s[start : start + rows]


@meaning(Placed)
def placed(xp: Any, g: Any, above: int, below: int) -> Any:
    """The matrix between rows of zeros."""
    return xp.concatenate([xp.zeros((above, g.shape[1])), g, xp.zeros((below, g.shape[1]))], axis=0)


@rule(Join)
def join_vjp(node: Join, output: MatrixSymbol, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """Each part of a stack gets the rows of the error that stand where it stands."""
    above, below = (operand.shape[0] for operand in node.args)
    return (Part(adjoint, S.Zero, above), Part(adjoint, above, below))


@rule(Part)
def part_vjp(node: Part, output: MatrixSymbol, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """Only the rows that were taken out matter: the error goes back to their place, zero everywhere else."""
    s, start, rows = node.args
    return (Placed(adjoint, start, s.shape[0] - start - rows),)
