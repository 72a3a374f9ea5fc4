"""A product entry by entry with slopes as a product with a diagonal matrix, of one example: δ diag f′ for δ ⊙ f′."""

from __future__ import annotations

from dataclasses import replace

from sympy import DiagMatrix, HadamardProduct, MatrixExpr, Transpose

from symbp.equations import Equation
from symbp.nodes import BUILDERS, hadamard, matmul
from symbp.ops.elementwise import Slope
from symbp.views.turned import plain


def diagonal(equation: Equation) -> Equation:
    """Return an equation with every product with slopes as one with a diagonal matrix, on the side of the error."""
    return replace(equation, rhs=_read(equation.rhs))


def _read(expr: MatrixExpr) -> MatrixExpr:
    if isinstance(expr, HadamardProduct):
        return _product(expr)
    if type(expr) not in BUILDERS:
        return expr
    args = [_read(each) if isinstance(each, MatrixExpr) else each for each in expr.args]
    return BUILDERS[type(expr)](*args)


def _product(expr: HadamardProduct) -> MatrixExpr:
    slopes = [each for each in expr.args if _slope(each) is not None]
    others = [each for each in expr.args if _slope(each) is None]
    if not slopes or not others or expr.shape == (1, 1) or 1 not in expr.shape:
        return expr
    error = _read(others[0]) if len(others) == 1 else hadamard(*map(_read, others))
    matrices = [DiagMatrix(_slope(each)) for each in slopes]
    return matmul(*matrices, error) if expr.shape[1] == 1 else matmul(error, *reversed(matrices))


def _slope(expr: MatrixExpr) -> MatrixExpr | None:
    """Return the column of slopes that a factor is, turned or not; None for anything else."""
    inner = expr.arg if isinstance(expr, Transpose) else expr
    return inner if isinstance(plain(inner), Slope) and inner.shape[1] == 1 else None
