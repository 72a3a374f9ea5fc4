"""The numbers of one run: the forward pass executed once, and the value of any factor at it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sympy import Expr, MatrixExpr, Symbol

from symbp.derivation import Derivation
from symbp.equations import ForwardSystem
from symbp.numeric.definitions import Definitions, Standins
from symbp.numeric.matrices import Writer
from symbp.numeric.sizes import Sizes
from symbp.numeric.source import Program
from symbp.symbols import BATCH, Adjoint, Role


class Point:
    """Where the factors are evaluated: a value for every matrix of the forward list.

    Of the backward list it knows only the gradients by parts of the loss: numbers that a loss gradient is times.
    """

    def __init__(
        self, derivation: Derivation, program: Program, standins: Standins, sizes: Sizes, local: Mapping[str, Any]
    ) -> None:
        import numpy as np

        forward = derivation.forward
        self._definitions = Definitions(program.names.values(), standins)
        self._writer = Writer(program.names, _numbers(forward, sizes), self._definitions)
        parts = (equation.lhs for equation in derivation.backward if equation.lhs.of.role is Role.LOSS)
        own = [program.names[each] for each in (*forward.given, *(equation.lhs for equation in forward), *parts)]
        self._scope: dict[str, Any] = {"np": np, "math": math} | {name: local[name] for name in own}

    def value(self, expr: MatrixExpr | Expr) -> Any:
        """Return the value of a factor's matrix, or of a number."""
        code = self._writer.code(expr) if isinstance(expr, MatrixExpr) else self._writer.size(expr)
        self._define()
        return eval(code.text, self._scope)

    def operated(self, node: MatrixExpr, adjoint: Adjoint, direction: Any) -> Any:
        """Return what a linear operator makes of a direction in the place of its adjoint."""
        name = self._writer.names[adjoint]
        self._scope[name] = direction
        try:
            return self.value(node)
        finally:
            del self._scope[name]

    def _define(self) -> None:
        """Execute the constants and helpers that the code written so far calls."""
        for name, number in self._definitions.constants.items():
            self._scope.setdefault(name, float(number))
        for name, source in self._definitions.sources.items():
            if name not in self._scope:
                exec(source, self._scope)


def _numbers(forward: ForwardSystem, sizes: Sizes) -> dict[Symbol, str]:
    """Return every symbolic dimension as a number in code."""
    return {BATCH: str(sizes.examples)} | {
        size: str(number)
        for symbol in forward.given
        for size, number in zip(symbol.shape, sizes.shapes[symbol.name], strict=True)
        if isinstance(size, Symbol)
    }
