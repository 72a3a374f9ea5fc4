"""What a line says at values of its indices: the way back from a folded list to the equations it stands for."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, cast

from sympy import (
    Basic,
    Expr,
    HadamardProduct,
    Integer,
    MatAdd,
    MatMul,
    MatrixExpr,
    MatrixSymbol,
    OneMatrix,
    S,
    Transpose,
    ZeroMatrix,
)  # fmt: skip

from symbp.equations import Equation, Shape
from symbp.nodes import matmul, number_and_factors, transpose
from symbp.symbols import Adjoint
from symbp.views.lines import Folded, Indexed, Line, Values
from symbp.views.over import Over
from symbp.views.skeleton import put_in, refilled, skeleton


def instance(folded: Folded, line: Line, values: Values) -> Equation:
    """Return what a line says at values of its indices, in the symbols of the list that was folded.

    It is the line's equation for these values, the terms of a sum over an index in the order of the index.
    """
    case = next(each for each in line.cases if values in each.values)
    letters = {index.symbol: Integer(value) for index, value in zip(line.indices, values, strict=True)}
    lhs, rhs = (_alone(put_in(_written_out(side), letters), folded) for side in (case.equation.lhs, case.equation.rhs))
    return Equation(cast("MatrixSymbol", lhs), _sized(rhs, lhs.shape), case.equation.steps)


def _written_out(expr: MatrixExpr) -> MatrixExpr:
    """Return an expression with every sum and stack over an index written term by term."""
    if isinstance(expr, MatrixSymbol):
        return expr
    if isinstance(expr, Over):
        return _written_out(expr.written_out())
    args: list[Basic] = []
    for arg in expr.args:
        written = _written_out(arg) if isinstance(arg, MatrixExpr) else arg
        args += written.args if isinstance(arg, Over) and arg.whole is type(expr) else [written]
    return cast("MatrixExpr", Basic.__new__(type(expr), *args))


def _alone(expr: MatrixExpr, folded: Folded) -> MatrixExpr:
    """Return an expression with symbols in the place of what spells them."""
    slots: list[Any] = []
    skeleton(expr, slots)
    return refilled(expr, iter([_symbol(slot, folded) for slot in slots]))


def _symbol(slot: Any, folded: Folded) -> Any:
    if isinstance(slot, Adjoint):
        return type(slot)(_symbol(slot.of, folded))
    return folded.symbols[slot] if isinstance(slot, Indexed) else slot


def _sized(expr: MatrixExpr, shape: Shape) -> MatrixExpr:
    """Return an expression of this shape with ones and zeros of the sizes that fit: a line has those of its first."""
    if isinstance(expr, OneMatrix | ZeroMatrix):
        return type(expr)(*shape)
    if isinstance(expr, MatAdd | HadamardProduct):
        return cast("MatrixExpr", Basic.__new__(type(expr), *[_sized(arg, shape) for arg in expr.args]))
    if isinstance(expr, Transpose):
        return transpose(_sized(expr.args[0], shape[::-1]))
    if not isinstance(expr, MatMul):
        return expr
    factors = number_and_factors(expr)[1]
    inner = [_size(left)[1] or _size(right)[0] or left.shape[1] for left, right in pairwise(factors)]
    sizes = zip([shape[0], *inner], [*inner, shape[1]], strict=True)
    sized = iter([_sized(factor, size) for factor, size in zip(factors, sizes, strict=True)])
    return matmul(*[next(sized) if arg.is_Matrix else arg for arg in expr.args])


def _size(expr: MatrixExpr) -> tuple[Expr | None, Expr | None]:
    """Return rows and columns of an expression, None for what only ones and zeros say: they fit to any."""
    if isinstance(expr, OneMatrix | ZeroMatrix):
        rows, columns = (size if size is S.One else None for size in expr.args)
        return rows, columns
    if isinstance(expr, MatAdd | HadamardProduct):
        rows, columns = (next(filter(None, sizes), None) for sizes in zip(*map(_size, expr.args), strict=True))
        return rows, columns
    if isinstance(expr, Transpose):
        rows, columns = _size(expr.args[0])
        return columns, rows
    if isinstance(expr, MatMul):
        factors = number_and_factors(expr)[1]
        return _size(factors[0])[0], _size(factors[-1])[1]
    return cast("tuple[Expr, Expr]", expr.shape)
