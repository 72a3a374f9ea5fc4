"""Multiplying factors out again: one flat matrix product for one example, nested ⊙ for a batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sympy import (
    DiagMatrix,
    Expr,
    Identity,
    MatMul,
    MatrixExpr,
    S,
    Transpose,
)

from symbp.calculus.factor import Acts, Factor
from symbp.errors import SpecError
from symbp.nodes import hadamard, matadd, matmul, ones, transpose
from symbp.symbols import BATCH


def flat_product(factors: Sequence[Factor]) -> MatrixExpr:
    """Return the gradient of one example as one flat product: D = diag f′(z), m = 1.

    Raises:
        SpecError: a factor couples examples or has no matrix for one example.
    """
    first, *rest = factors
    left, right = _sides(rest)
    return _for_one_example(matmul(*left, *_column(first), *right))


def _column(factor: Factor) -> tuple[MatrixExpr | Expr, ...]:
    """Return what a product starts from: the parts of the loss gradient, or a sum of whole products."""
    if factor.acts is Acts.SUM:
        return (matadd(*(flat_product(branch) for branch in factor.branches)),)
    return factor.expr.args if isinstance(factor.expr, MatMul) else (factor.expr,)


def _sides(factors: Iterable[Factor]) -> tuple[list[MatrixExpr | Expr], list[MatrixExpr]]:
    """Split factors into what stands left of the loss gradient (outermost first) and right of it."""
    left: list[MatrixExpr | Expr] = []
    right: list[MatrixExpr] = []
    for factor in factors:
        if factor.acts is Acts.RIGHT:
            right.append(factor.expr)
        else:
            left.append(_matrix(factor))
    return left[::-1], right


def _matrix(factor: Factor) -> MatrixExpr | Expr:
    """Return the matrix a factor multiplies one column by from the left."""
    if factor.acts is Acts.LEFT:
        return factor.expr
    if factor.acts is Acts.HADAMARD:
        return DiagMatrix(factor.expr)
    if factor.acts is Acts.SUM:
        return matadd(*(_branch(branch, factor) for branch in factor.branches))
    if isinstance(factor.expr, Transpose) or not hasattr(factor.expr, "as_matrix"):
        raise SpecError(f"{factor.expr} has no matrix for one example: show it as a batch")
    return factor.expr.as_matrix()


def _branch(branch: tuple[Factor, ...], total: Factor) -> MatrixExpr:
    left, right = _sides(branch)
    if right:
        raise SpecError(f"the paths into {total.expr} act from both sides: show it as a batch")
    if not left:
        return Identity(total.expr.shape[0])
    return left[0] if len(left) == 1 else matmul(*left)


def _for_one_example(product: MatMul) -> MatrixExpr:
    """Set m = 1: the ones that add up examples disappear."""
    scalar, matrices = product.xreplace({BATCH: S.One}).as_coeff_matrices()
    kept = [matrix for matrix in matrices if matrix != ones(1, 1)]
    number = [] if scalar == 1 else [scalar]
    return kept[0] if len(kept) == 1 and not number else matmul(*number, *kept)


def nested_product(factors: Sequence[Factor]) -> MatrixExpr:
    """Return the gradient over a batch: ⊙ and products nested in the order they act."""
    first, *rest = factors
    expr = _start(first)
    for factor in rest:
        expr = _apply(factor, expr)
    return expr


def _start(factor: Factor) -> MatrixExpr:
    if factor.acts is Acts.SUM:
        return matadd(*(nested_product(branch) for branch in factor.branches))
    return factor.expr


def _apply(factor: Factor, inner: MatrixExpr) -> MatrixExpr:
    parts = inner.args if isinstance(inner, MatMul) else (inner,)
    if factor.acts is Acts.LEFT:
        return matmul(factor.expr, *parts)
    if factor.acts is Acts.RIGHT:
        return matmul(*parts, factor.expr)
    if factor.acts is Acts.HADAMARD:
        return hadamard(factor.expr, inner)
    if factor.acts is Acts.SUM:
        return matadd(*(_applied(branch, inner) for branch in factor.branches))
    if isinstance(factor.expr, Transpose):
        return transpose(inner)
    if getattr(factor.expr, "acts_on", None) is None:
        raise SpecError(f"the paths into {factor.expr} are too entangled to multiply out: see the backward list")
    args = list(factor.expr.args)
    args[factor.expr.acts_on] = inner
    return factor.expr.func(*args)


def _applied(branch: Sequence[Factor], inner: MatrixExpr) -> MatrixExpr:
    for factor in branch:
        inner = _apply(factor, inner)
    return inner
