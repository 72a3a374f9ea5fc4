"""Every value of a derivation at given numbers, with fifty digits: no page of them depends on a processor."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from sympy import MatrixExpr, MatrixSymbol, Symbol

from symbp.numeric.definitions import Definitions, Standins
from symbp.numeric.engines import DIGITS, Engine, digits
from symbp.numeric.matrices import Writer
from symbp.numeric.source import Program
from symbp.symbols import BATCH

SHOWN = DIGITS - 10
"""Digits that a value is taken from, so that what a hand makes of 0.3775 does not hang on the last ones."""


def exact(array: Any) -> Any:
    """Return numbers with many digits, each as it is typed: 0.15 is fifteen hundredths."""
    import numpy as np

    typed = [Decimal(repr(float(each))) for each in array.ravel()]
    places = max((-int(each.as_tuple().exponent) for each in typed), default=0)
    whole = np.array([int(each.scaleb(places)) for each in typed], dtype=object).reshape(array.shape)
    return digits().array(whole) / 10 ** max(places, 0)


def decimals(value: Any) -> Any:
    """Return a matrix of ``Decimal``: what a program has computed."""
    long = digits().array(value)
    return long.reshape(*(long.shape if len(long.shape) == 2 else (1, 1))).decimals(SHOWN)


class Numbers:
    """A value for every symbol of both lists, and for any expression over them."""

    def __init__(self, program: Program, local: Mapping[str, Any], examples: int) -> None:
        self._program, self._local, self._examples = program, local, examples
        self._engine: Engine = digits()
        self._names = _ByName(program.names)
        self._definitions = Definitions(program.names.values(), Standins())
        self._scope: dict[str, Any] = {"np": self._engine.np, "math": math, **local}
        self._writer = Writer(self._names, self._sizes(), self._definitions)

    def _sizes(self) -> dict[Symbol, str]:
        """Return the letters of sizes with their values."""
        found = {BATCH: str(self._examples)}
        for symbol in self._program.names:
            if symbol.name in self:
                shape = self[symbol.name].shape
                sizes = zip(symbol.shape, shape, strict=True)
                found |= {size: str(number) for size, number in sizes if isinstance(size, Symbol)}
        return found

    def __contains__(self, name: str) -> bool:
        return name in self._names.known and self._names.known[name] in self._local

    def __getitem__(self, name: str) -> Any:
        """Return the value of a symbol as a matrix of ``Decimal``."""
        return decimals(self._local[self._names.known[name]])

    def value(self, expr: MatrixExpr) -> Any:
        """Return the value of an expression as a matrix of ``Decimal``.

        Raises:
            RuleNotFoundError: a node that has no meaning.
        """
        code = self._writer.code(expr)
        for name, number in self._definitions.constants.items():
            self._scope.setdefault(name, self._engine.number(number))
        for name, source in self._definitions.sources.items():
            if name == self._definitions.erf:
                self._scope[name] = self._engine.erf
            elif name not in self._scope:
                exec(source, self._scope)
        return decimals(eval(code.text, self._scope))


class _ByName(Mapping[MatrixSymbol, str]):
    """The names of a program's variables, looked up by a symbol's name: for one example its shape is another."""

    def __init__(self, names: Mapping[MatrixSymbol, str]) -> None:
        self.known = {symbol.name: name for symbol, name in names.items()}

    def __getitem__(self, symbol: MatrixSymbol) -> str:
        return self.known[symbol.name]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.known)

    def __len__(self) -> int:
        return len(self.known)


def floats(array: Any) -> list[list[float]]:
    """Return a matrix of ``Decimal`` as the nearest numbers of a computer."""
    return [[float(each) for each in row] for row in array]
