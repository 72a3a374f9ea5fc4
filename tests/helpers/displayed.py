"""Runs equations as they are displayed, node by node, on numbers or SymPy symbols: no printed program is involved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from types import SimpleNamespace
from typing import Any

import numpy as np
import sympy
from sympy import Expr, HadamardProduct, MatAdd, MatMul, MatrixExpr, MatrixSymbol, OneMatrix, Transpose, ZeroMatrix

from symbp.equations import Equation, operands
from symbp.op import Op, meaning_of
from symbp.ops.elementwise import Elementwise, Slope
from symbp.ops.losses import EntrywiseLoss, LinkedLoss
from symbp.ops.scalar import Primitive
from symbp.views.turned import Turned

Values = dict[str, Any]


def first_of(array, axis, keepdims):
    """What softmax subtracts does not matter; on symbols there is no largest entry."""
    return np.take(array, [0], axis=axis)


EXACT = SimpleNamespace(
    sum=np.sum, max=first_of, exp=np.frompyfunc(sympy.exp, 1, 1), log=np.frompyfunc(sympy.log, 1, 1),
    sqrt=np.frompyfunc(sympy.sqrt, 1, 1),
)  # fmt: skip
"""What a meaning calls, on arrays of SymPy expressions."""


def symbols(name: str, rows: int, columns: int) -> Any:
    """A matrix of distinct symbols."""
    entries = [[sympy.Symbol(f"{name}_{i}{j}", real=True) for j in range(columns)] for i in range(rows)]
    return np.array(entries, dtype=object)


def run(equations: Iterable[Equation], given: Mapping[str, Any], sizes: Mapping[Expr, int], xp: Any) -> Values:
    """Return the value of every left side, and those given; ``sizes`` are the numbers of the dimensions."""
    values = dict(given)
    for equation in equations:
        values[equation.name] = value(equation.rhs, values, sizes, xp)
        assert values[equation.name].shape == shape_of(equation.lhs, sizes), equation
    return values


def shape_of(expr: MatrixExpr, sizes: Mapping[Expr, int]) -> tuple[int, ...]:
    return tuple(int(size.xreplace(sizes)) for size in expr.shape)


def value(expr: MatrixExpr, values: Mapping[str, Any], sizes: Mapping[Expr, int], xp: Any) -> Any:
    def inner(node):
        return value(node, values, sizes, xp)

    def number(scalar):
        found = scalar.xreplace(sizes)
        return found if xp is EXACT else float(found)

    if isinstance(expr, MatrixSymbol):
        return values[expr.name]
    if isinstance(expr, Transpose):
        return inner(expr.arg).T
    if isinstance(expr, MatAdd):
        return sum(inner(arg) for arg in expr.args)
    if isinstance(expr, HadamardProduct):
        return reduce(np.multiply, [inner(arg) for arg in expr.args])
    if isinstance(expr, ZeroMatrix):
        return np.zeros(shape_of(expr, sizes))
    if isinstance(expr, OneMatrix):
        return np.ones(shape_of(expr, sizes), dtype=object if xp is EXACT else float)
    if isinstance(expr, MatMul):
        coefficient, factors = expr.as_coeff_matrices()
        return number(coefficient) * reduce(np.matmul, [inner(factor) for factor in factors])
    if isinstance(expr, Turned):
        arrays = [inner(arg) for arg in operands(expr)]
        turned = [array.T if flag else array for array, flag in zip(arrays, expr.exchanged, strict=True)]
        found = _applied(expr.op, turned, number, xp)
        return found.T if expr.is_out else found
    return _applied(expr, [inner(arg) for arg in expr.args if isinstance(arg, MatrixExpr)], number, xp)


def _applied(op: Op, arrays: list[Any], number: Any, xp: Any) -> Any:
    if isinstance(op, Elementwise):
        return _entrywise(op.function, op.function.expr, arrays, xp)
    if isinstance(op, Slope):
        return _entrywise(op.function, op.function.slopes[op.index], arrays[1:], xp)
    if isinstance(op, EntrywiseLoss):
        entries = _entrywise(op.function, op.function.expr, arrays, xp)
        return np.array([[np.sum(entries) / arrays[0].shape[1]]])
    if isinstance(op, LinkedLoss):
        arrays = [arrays[0], arrays[2]]
        return np.array([[meaning_of(op)(xp, *arrays)]])
    waiting = iter(arrays)
    arguments = [next(waiting) if isinstance(arg, MatrixExpr) else _setting(number(arg)) for arg in op.args]
    return meaning_of(op)(xp, *arguments)


def _setting(value: Any) -> Any:
    return int(value) if value == int(value) else value


def _entrywise(function: Any, expr: Expr, arrays: list[Any], xp: Any) -> Any:
    plain = expr.replace(lambda part: isinstance(part, Primitive), lambda part: part.definition())
    whole = plain.xreplace(dict(function.parameters))
    if xp is EXACT:
        return np.frompyfunc(
            lambda *at: whole.xreplace(dict(zip(function.variables, at, strict=True))), len(arrays), 1
        )(*arrays)
    return sympy.lambdify(function.variables, whole, "numpy")(*arrays)
