"""Whole equations in the layout with tokens as rows: every symbol renamed to its transpose, column vectors kept.

The calculus has examples as columns. A literature that has rows shows Xᵀ under the name X; the equation
O = V·P becomes O = P·V. An operation that works column by column works row by row then: ``Turned`` holds it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from sympy import Basic, HadamardProduct, MatAdd, MatMul, MatrixExpr, MatrixSymbol, OneMatrix, S, Transpose, ZeroMatrix

from symbp.equations import Equation, operands
from symbp.errors import RuleNotFoundError
from symbp.op import Op
from symbp.ops.native import turn
from symbp.symbols import Adjoint, Variable

Turn = Callable[[MatrixSymbol], MatrixSymbol]


class Held(Basic):
    """An operation as it stands in the calculus, kept whole."""


class Turned(Op):
    """An operation with rows and columns exchanged: opᵀ of the transposed operands. Args: Held(op), operands.

    An operand that is the calculus's own (a column vector) enters as it is.
    """

    def __new__(cls, held: Basic, *operands_: MatrixExpr) -> Turned:
        return cast("Turned", Basic.__new__(cls, held, *operands_))

    @property
    def op(self) -> Op:
        """The operation as the calculus has it."""
        return cast("Op", self.args[0].args[0])

    @property
    def shape(self) -> tuple[Basic, Basic]:
        """The shape of the operation, exchanged."""
        rows, columns = self.op.shape
        return columns, rows

    @property
    def exchanged(self) -> tuple[bool, ...]:
        """For each operand whether it is the transpose of what the operation takes."""
        return tuple(not is_kept(original) for original in operands(self.op))


def is_kept(symbol: MatrixExpr) -> bool:
    """Whether a matrix is a column vector, which is one in either layout."""
    return bool(symbol.shape[1] == 1)


def turned_symbol(symbol: MatrixSymbol) -> MatrixSymbol:
    """Return the symbol of the same name that holds the transpose; a column vector is kept."""
    rows, columns = symbol.shape
    if is_kept(symbol):
        return symbol
    if isinstance(symbol, Adjoint):
        return Adjoint(cast("Variable", turned_symbol(symbol.of)))
    name, _, _, *rest = symbol.args
    return Variable(name, columns, rows, *rest)


def turned_equation(equation: Equation) -> Equation:
    """Return the transposed equation; where its left side is a column vector, that vector's own equation."""
    left, right = turned_symbol(equation.lhs), turned(equation.rhs)
    if is_kept(equation.lhs) and right.shape != (1, 1):
        right = turn(right)
    return Equation(left, right, equation.steps, equation.undoes)


def turned(expr: MatrixExpr) -> MatrixExpr:
    """Return the transpose of an expression in terms of the renamed symbols.

    Raises:
        RuleNotFoundError: a node that has no transpose here.
    """
    if isinstance(expr, MatrixSymbol):
        return Transpose(expr) if is_kept(expr) else turned_symbol(expr)
    if isinstance(expr, Transpose):
        return turn(turned(expr.arg))
    if isinstance(expr, MatMul):
        number, factors = expr.as_coeff_matrices()
        return MatMul(*([] if number is S.One else [number]), *(turned(each) for each in reversed(factors)))
    if isinstance(expr, MatAdd | HadamardProduct):
        return expr.func(*map(turned, expr.args))
    if isinstance(expr, OneMatrix | ZeroMatrix):
        return expr.func(expr.shape[1], expr.shape[0])
    if isinstance(expr, Op):
        return Turned(Held(expr), *(turned_symbol(cast("MatrixSymbol", each)) for each in operands(expr)))
    raise RuleNotFoundError(f"no transpose of {type(expr).__name__}: teach symbp.report.transposed.turned")
