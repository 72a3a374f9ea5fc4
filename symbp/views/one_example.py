"""One example in place of m: every column is one, and what only counts or spreads examples disappears."""

from __future__ import annotations

import operator
from dataclasses import replace

from sympy import Basic, MatMul, S

from symbp.equations import System
from symbp.symbols import BATCH


def one_example(system: System) -> System:
    """Return the equations of a single example: m = 1."""
    known: dict[Basic, Basic] = {BATCH: S.One}

    def read(expr: Basic) -> Basic:
        if not expr.args:
            return known.get(expr, expr)
        if expr not in known:
            known[expr] = _rebuilt(expr, [read(arg) for arg in expr.args])
        return known[expr]

    equations = [replace(each, lhs=read(each.lhs), rhs=read(each.rhs)) for each in system]
    return System(equations, tuple(map(read, system.given)))


def _rebuilt(expr: Basic, args: list[Basic]) -> Basic:
    """Return a node on other parts; a product in a product is one product."""
    if isinstance(expr, MatMul):
        args = [inner for arg in args for inner in (arg.args if isinstance(arg, MatMul) else (arg,))]
    same = len(args) == len(expr.args) and all(map(operator.is_, args, expr.args))
    return expr if same else expr.func(*args)
