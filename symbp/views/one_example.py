"""One example in place of m: every column is one, and what only counts or spreads examples disappears."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any

from sympy import Basic, Integer, MatMul, MatrixExpr, MatrixSymbol, S
from sympy.core.symbol import Str

from symbp.equations import Equation, System
from symbp.nodes import BUILDERS
from symbp.symbols import BATCH, counts_examples


def one_example(forward: System, backward: System) -> tuple[list[Equation], list[Equation], tuple[MatrixSymbol, ...]]:
    """Return two lists for a single example, m = 1, and what they are given."""
    reader = _Reader()
    return of_one(forward, reader), of_one(backward, reader), tuple(map(reader.read, forward.given))


def of_one(equations: Iterable[Equation], reader: _Reader | None = None) -> list[Equation]:
    """Return equations of a single example."""
    read = (reader or _Reader()).read
    return [Equation(read(each.lhs), read(each.rhs), each.steps, each.undoes) for each in equations]


class _Reader:
    """Reads expressions for one example; a symbol, a size and a function are looked up once."""

    def __init__(self) -> None:
        self.known: dict[Basic, Basic] = {BATCH: S.One}

    def read(self, expr: Any) -> Any:
        """Return an expression for one example; a product in a product is one product."""
        if not isinstance(expr, MatrixExpr) or isinstance(expr, MatrixSymbol):
            found = self.known.get(expr)
            if found is None:
                is_given_once = isinstance(expr, MatrixSymbol) and not any(map(counts_examples, expr.shape))
                found = self.known[expr] = expr if is_given_once else self._symbol(expr)
            return found
        args = [self.read(arg) for arg in expr.args]
        if isinstance(expr, MatMul):
            args = [inner for arg in args for inner in (arg.args if isinstance(arg, MatMul) else (arg,))]
        if _are(args, expr.args):
            return expr
        return Basic.__new__(type(expr), *args) if type(expr) in BUILDERS else expr.func(*args)

    def _symbol(self, expr: Basic) -> Basic:
        if not expr.args:
            return expr
        args = [arg if isinstance(arg, Str | Integer) else self.read(arg) for arg in expr.args]
        return expr if _are(args, expr.args) else expr.func(*args)


def _are(args: list[Basic], others: tuple[Basic, ...]) -> bool:
    return len(args) == len(others) and all(map(operator.is_, args, others))
