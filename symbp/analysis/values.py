"""The numbers of one run: the forward pass executed once, and the value of any factor at it."""

from __future__ import annotations

import math
from collections import ChainMap
from collections.abc import Mapping
from copy import copy
from types import CodeType
from typing import Any, Protocol, cast

from sympy import Expr, MatrixExpr, MatrixSymbol, Symbol

from symbp.equations import ForwardSystem
from symbp.numeric.definitions import Definitions, Standins
from symbp.numeric.matrices import Writer
from symbp.numeric.sizes import Sizes
from symbp.symbols import BATCH, Adjoint


class Named(Protocol):
    """Values by name: a mapping, or what draws them when they are read."""

    def __getitem__(self, name: str, /) -> Any:
        """Return the value of a name."""
        ...


def _behind(directions: dict[str, Any], values: Named) -> Mapping[str, Any]:
    # A ChainMap only reads its later maps, by subscript; its types ask for more.
    return ChainMap(directions, cast("dict[str, Any]", values))


class Point:
    """Where the factors are evaluated: a value for every matrix of the forward list.

    ``values`` are by the names of ``names``. Of the backward list they need only the gradients by parts of the
    loss: numbers that a loss gradient is times.
    """

    def __init__(
        self,
        forward: ForwardSystem,
        names: Mapping[MatrixSymbol, str],
        standins: Standins,
        sizes: Sizes,
        values: Named,
    ) -> None:
        import numpy as np

        self._definitions = Definitions(names.values(), standins)
        self._writer = Writer(names, _numbers(forward, sizes), self._definitions)
        self._helpers: dict[str, Any] = {"np": np, "math": math}
        self._compiled: dict[Expr, CodeType] = {}
        self._directions: dict[str, Any] = {}
        self._values = _behind(self._directions, values)

    def at(self, values: Named) -> Point:
        """Return a point of the same network with other values; what was written and defined is shared."""
        other = copy(self)
        other._directions = {}
        other._values = _behind(other._directions, values)
        return other

    def value(self, expr: MatrixExpr | Expr) -> Any:
        """Return the value of a factor's matrix, or of a number; its code is compiled once for all draws."""
        if expr not in self._compiled:
            self._compiled[expr] = compile(self.code(expr), "<symbp>", "eval")
        return self.run(self._compiled[expr])

    def code(self, expr: MatrixExpr | Expr) -> str:
        """Return the code of a matrix or of a number; what it calls is defined here."""
        code = self._writer.code(expr) if isinstance(expr, MatrixExpr) else self._writer.size(expr)
        self._define()
        return code.text

    def run(self, code: str | CodeType) -> Any:
        """Return the value of code that ``code`` wrote."""
        return eval(code, self._helpers, self._values)

    def operated(self, node: MatrixExpr, adjoint: Adjoint, direction: Any) -> Any:
        """Return what a linear operator makes of a direction in the place of its adjoint."""
        name = self._writer.names[adjoint]
        self._directions[name] = direction
        try:
            return self.value(node)
        finally:
            del self._directions[name]

    def _define(self) -> None:
        """Execute the constants and helpers that the code written so far calls."""
        for name, number in self._definitions.constants.items():
            self._helpers.setdefault(name, float(number))
        for name, source in self._definitions.sources.items():
            if name not in self._helpers:
                exec(source, self._helpers)


def _numbers(forward: ForwardSystem, sizes: Sizes) -> dict[Symbol, str]:
    """Return every symbolic dimension as a number in code."""
    return {BATCH: str(sizes.examples)} | {
        size: str(number)
        for symbol in forward.given
        for size, number in zip(symbol.shape, sizes.shapes[symbol.name], strict=True)
        if isinstance(size, Symbol)
    }
