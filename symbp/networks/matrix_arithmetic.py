"""Products and sums of matrices with one number in front: what the operators of an equation's text build."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from sympy import Expr, MatAdd, MatrixExpr, S

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


def common_shape(shapes: Iterable[tuple[Expr, Expr]]) -> tuple[Expr, Expr] | None:
    """Return the shape that NumPy's broadcasting gives matrices, None where two do not fit."""
    found: list[Expr] = [S.One, S.One]
    for shape in shapes:
        for at, size in enumerate(shape):
            if found[at] != size and 1 not in (found[at], size):
                return None
            found[at] = size if found[at] == 1 else found[at]
    return found[0], found[1]


def repeated(value: MatrixExpr, shape: tuple[Expr, Expr]) -> MatrixExpr:
    """Return a column, a row or a 1×1 repeated to a shape: v·1ᵀ, 1·v; anything else as it is."""
    rows, columns = value.shape
    value = product(value, ones(1, shape[1])) if columns == 1 != shape[1] else value
    return product(ones(shape[0], 1), value) if rows == 1 != shape[0] else value


def total(left: MatrixExpr, right: MatrixExpr) -> MatrixExpr:
    """Return one flat sum."""
    terms = [term for side in (left, right) for term in (side.args if isinstance(side, MatAdd) else (side,))]
    return matadd(*terms)


def plus(left: Parts, right: Parts) -> Parts:
    """Return the sum of two numbers, of two matrices of one shape, or of a number and every entry of a matrix."""
    if not isinstance(left, MatrixExpr) and not isinstance(right, MatrixExpr):
        return left + right
    sides: list[MatrixExpr] = []
    for value, other in ((left, right), (right, left)):
        if isinstance(value, MatrixExpr):
            sides.append(value)
        elif value != 0:
            sides.append(times(value, ones(*other.shape)))
    return total(*sides) if len(sides) == 2 else sides[0]
