"""Products and sums of matrices with one number in front: what the operators of an equation's text build."""

from __future__ import annotations

from typing import TypeAlias

from sympy import Expr, MatAdd, MatMul, MatrixExpr, OneMatrix, S

Parts: TypeAlias = MatrixExpr | Expr
"""What a piece of an equation stands for: a matrix, or a number, which may be made of dimensions: 1/(2m)."""


def parts_of(value: Parts) -> tuple[Expr, tuple[MatrixExpr, ...]]:
    """Return the number in front and the matrices of a product."""
    if not isinstance(value, MatrixExpr):
        return value, ()
    if not isinstance(value, MatMul):
        return S.One, (value,)
    front, matrices = value.as_coeff_matrices()
    return front, tuple(matrices)


def product(left: Parts, right: MatrixExpr) -> MatrixExpr:
    """Return one flat product with its number in front."""
    first, before = parts_of(left)
    second, after = parts_of(right)
    front, matrices = first * second, (*before, *after)
    if front != 1:
        return MatMul(front, *matrices)
    return matrices[0] if len(matrices) == 1 else MatMul(*matrices)


def total(left: MatrixExpr, right: MatrixExpr) -> MatrixExpr:
    """Return one flat sum."""
    terms = [term for side in (left, right) for term in (side.args if isinstance(side, MatAdd) else (side,))]
    return MatAdd(*terms)


def plus_number(value: Parts, number: Expr) -> Parts:
    """Return a number plus a number, or plus every entry of a matrix."""
    if not isinstance(value, MatrixExpr):
        return value + number
    if number == 0:
        return value
    ones = OneMatrix(*value.shape)
    return total(value, ones if number == 1 else MatMul(number, ones))
