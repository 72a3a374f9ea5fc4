"""SymPy's matrix nodes as rules and layers make them: products, sums, ⊙, transposes, ones and zeros.

SymPy's constructors look at every argument again, which costs more than the rest of a derivation; ``System`` checks
all shapes once, with better words. A node made here equals the one of SymPy's constructor with ``evaluate=False``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from sympy import Basic, Expr, HadamardProduct, MatAdd, MatMul, MatrixExpr, Mul, OneMatrix, S, Transpose, ZeroMatrix

SHAPES = 1024
"""How many matrices of ones and of zeros are kept, one a shape."""


def matmul(*factors: Expr) -> MatMul:
    """Return the product of matrices in this order; numbers among them stay where they stand."""
    return Basic.__new__(MatMul, *factors)


def matadd(*terms: MatrixExpr) -> MatAdd:
    """Return the sum of matrices in this order."""
    return Basic.__new__(MatAdd, *terms)


def hadamard(*factors: MatrixExpr) -> HadamardProduct:
    """Return the entrywise product of matrices in this order."""
    return Basic.__new__(HadamardProduct, *factors)


def transpose(matrix: MatrixExpr) -> Transpose:
    """Return the transpose of a matrix, whatever it is."""
    return Basic.__new__(Transpose, matrix)


BUILDERS: dict[type, Callable[..., MatrixExpr]] = {
    MatMul: matmul, MatAdd: matadd, HadamardProduct: hadamard, Transpose: transpose,
}  # fmt: skip
"""What puts each of these nodes together as it stands."""


@lru_cache(SHAPES)
def ones(rows: Expr | int, columns: Expr | int) -> OneMatrix:
    """Return the matrix of ones of this shape."""
    return OneMatrix(rows, columns)


@lru_cache(SHAPES)
def zeros(rows: Expr | int, columns: Expr | int) -> ZeroMatrix:
    """Return the matrix of zeros of this shape."""
    return ZeroMatrix(rows, columns)


def sum_of(terms: list[MatrixExpr], shape: tuple[Expr, Expr]) -> MatrixExpr:
    """Return the sum of any number of matrices of a shape: of one, the matrix itself; of none, zeros."""
    return matadd(*terms) if len(terms) > 1 else terms[0] if terms else zeros(*shape)


def times(number: Expr, *factors: MatrixExpr) -> MatrixExpr:
    """Return a number times a product: without the number where it is 1, the matrix itself where it is alone."""
    if number != 1:
        return matmul(number, *factors)
    return factors[0] if len(factors) == 1 else matmul(*factors)


def number_and_factors(product: MatrixExpr) -> tuple[Expr, tuple[MatrixExpr, ...]]:
    """Return the number in front of a product and its matrices; any other matrix is its only factor."""
    if not isinstance(product, MatMul):
        return S.One, (product,)
    numbers = [factor for factor in product.args if not factor.is_Matrix]
    if not numbers:
        return S.One, product.args
    return Mul(*numbers), tuple([factor for factor in product.args if factor.is_Matrix])
