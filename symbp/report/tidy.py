"""Displayed equations without clutter: numbers stand in front, a slope that is a power of its output is written out."""

from __future__ import annotations

from functools import reduce

from sympy import Expr, HadamardProduct, MatAdd, MatMul, MatrixExpr, Mul, S

from symbp.ops.elementwise import OUTPUT, Formula, Slope


def tidy(expr: MatrixExpr) -> MatrixExpr:
    """Return the same matrix with one number in front of each product, entry by entry or not."""
    if isinstance(expr, MatAdd):
        return MatAdd(*map(tidy, expr.args))
    number, rest = _split(expr)
    return rest if number == 1 else MatMul(number, *(rest.args if isinstance(rest, MatMul) else (rest,)))


def _split(expr: MatrixExpr) -> tuple[Expr, MatrixExpr]:
    """Return the number in front of an expression, and the expression without it."""
    if isinstance(expr, Slope):
        return _power(expr)
    if isinstance(expr, HadamardProduct):
        return _joined(expr, HadamardProduct)
    if isinstance(expr, MatMul):
        return _joined(expr, MatMul)
    if isinstance(expr, MatAdd):
        return S.One, tidy(expr)
    return S.One, expr


def _joined(expr: MatrixExpr, kind: type[MatrixExpr]) -> tuple[Expr, MatrixExpr]:
    pairs = [_split(arg) for arg in expr.args if isinstance(arg, MatrixExpr)]
    numbers = [arg for arg in expr.args if not isinstance(arg, MatrixExpr)]
    factors = [part for _, inner in pairs for part in (inner.args if isinstance(inner, kind) else (inner,))]
    number = reduce(Mul, [*numbers, *(each for each, _ in pairs)], S.One)
    return number, factors[0] if len(factors) == 1 else kind(*factors)


def _power(slope: Slope) -> tuple[Expr, MatrixExpr]:
    """Return a slope c·aᵏ as c and a ⊙ … ⊙ a; any other as it is."""
    by_output = slope.function.slope_by_output if isinstance(slope.function, Formula) else None
    if by_output is None:
        return S.One, slope
    number, rest = by_output.as_coeff_Mul()
    base, exponent = rest.as_base_exp()
    if base != OUTPUT or not exponent.is_Integer or exponent < 2:
        return S.One, slope
    return number, HadamardProduct(*[slope.output] * int(exponent))
