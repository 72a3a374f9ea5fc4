"""Products and sums of matrices with one number in front: what the operators of an equation's text build."""

from __future__ import annotations

from typing import TypeAlias

from sympy import Expr, MatAdd, MatrixExpr

from symbp.nodes import matadd, number_and_factors, ones, times

Parts: TypeAlias = MatrixExpr | Expr
"""What a piece of an equation stands for: a matrix, or a number, which may be made of dimensions: 1/(2m)."""


def parts_of(value: Parts) -> tuple[Expr, tuple[MatrixExpr, ...]]:
    """Return the number in front and the matrices of a product."""
    if not isinstance(value, MatrixExpr):
        return value, ()
    return number_and_factors(value)


def product(left: Parts, right: MatrixExpr) -> MatrixExpr:
    """Return one flat product with its number in front."""
    first, before = parts_of(left)
    second, after = parts_of(right)
    return times(first * second, *before, *after)


def product_of(left: MatrixExpr, right: MatrixExpr) -> MatrixExpr:
    """Return A·B as one flat product with its number in front."""
    return product(left, right)


def total(left: MatrixExpr, right: MatrixExpr) -> MatrixExpr:
    """Return one flat sum."""
    terms = [term for side in (left, right) for term in (side.args if isinstance(side, MatAdd) else (side,))]
    return matadd(*terms)


def plus_number(value: Parts, number: Expr) -> Parts:
    """Return a number plus a number, or plus every entry of a matrix."""
    if not isinstance(value, MatrixExpr):
        return value + number
    if number == 0:
        return value
    return total(value, times(number, ones(*value.shape)))
