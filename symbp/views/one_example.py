"""One example in place of m: every column is one, and what only counts or spreads examples disappears."""

from __future__ import annotations

from sympy import Basic, MatMul, S

from symbp.equations import Equation
from symbp.symbols import BATCH


def one_example(equations: list[Equation]) -> list[Equation]:
    """Return the equations of a single example: m = 1."""
    known: dict[Basic, Basic] = {BATCH: S.One}

    def read(expr: Basic) -> Basic:
        if not expr.args:
            return known.get(expr, expr)
        if expr not in known:
            args = [read(arg) for arg in expr.args]
            if isinstance(expr, MatMul):
                args = [inner for arg in args for inner in (arg.args if isinstance(arg, MatMul) else (arg,))]
            known[expr] = (
                expr if all(new is old for new, old in zip(args, expr.args, strict=False)) else expr.func(*args)
            )
        return known[expr]

    return [Equation(read(each.lhs), read(each.rhs), each.steps) for each in equations]
