"""The lines of a program by their forms: one for all equations that are alike but for the names in them.

A thousand dense layers are a few forms, ``_0 @ _1 + _2`` and ``np.tanh(_0)``: each is written once and compiled once,
whatever the depth.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sympy import (
    Basic,
    HadamardProduct,
    Identity,
    MatAdd,
    MatMul,
    MatrixExpr,
    MatrixSymbol,
    OneMatrix,
    Transpose,
    ZeroMatrix,
)
from sympy.matrices.expressions.matexpr import MatrixElement

from symbp.numeric.matrices import Writer
from symbp.ops.elementwise import Elementwise, Slope

CONSTANTS = frozenset({OneMatrix, ZeroMatrix, Identity})
"""Matrices that stand for themselves in a form."""

SHAPELESS = frozenset({MatAdd, MatMul, HadamardProduct, Transpose, Elementwise, Slope})
"""Operations whose code does not depend on the shapes of what they act on."""


_NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """Code with holes, ``{0} @ {1}``, and what it is a function of: ``arguments`` for its holes and the names in it."""

    code: str
    arguments: tuple[str, ...]

    @property
    def function(self) -> str:
        """The code of that function."""
        return f"lambda {', '.join(self.arguments)}: {self.code.format(*self.arguments)}"


@dataclass(frozen=True, slots=True)
class Line:
    """An assignment to ``name``: a form of some operands, all of them names."""

    name: str
    form: Form
    operands: tuple[str, ...]

    @property
    def code(self) -> str:
        """Its right side."""
        return self.form.code.format(*self.operands)

    @property
    def used(self) -> frozenset[str]:
        """The names in its right side: a slope by the output has no operand of the function in it."""
        return frozenset(_NAME.findall(self.code))


ZEROS_LIKE = Form("np.zeros_like({0})", ("_0",))


class Forms:
    """The forms of one program, each written when its first equation is met."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self._known: dict[tuple[Any, ...], Form] = {}

    def __iter__(self) -> Iterator[Form]:
        return iter(self._known.values())

    def of(self, expr: MatrixExpr) -> tuple[Form, tuple[str, ...]]:
        """Return the form of an expression and its operands."""
        key, symbols = _skeleton(expr)
        form = self._known.get(key)
        if form is None:
            form = self._known[key] = self._written(expr, symbols)
        names = self.writer.names
        return form, (*[names[symbol] for symbol in symbols], *form.arguments[len(symbols) :])

    def _written(self, expr: MatrixExpr, symbols: tuple[MatrixSymbol, ...]) -> Form:
        holes = _Holes(symbols, self.writer.names)
        writer = replace(self.writer, names=holes, sizes_used=set())
        code = writer.code(expr).text
        # The length of an axis is read off the matrix in front of the dot.
        sizes = sorted({writer.sizes.get(size, str(size)).partition(".")[0].lstrip("(") for size in writer.sizes_used})
        arguments = [f"_{index}" for index in range(len(symbols))]
        return Form(code, tuple(dict.fromkeys([*arguments, *holes.others, *sizes])))


class _Holes(dict[MatrixSymbol, str]):
    """The names of symbols in a form: holes for its operands, for others what the program calls them."""

    def __init__(self, symbols: tuple[MatrixSymbol, ...], names: Mapping[MatrixSymbol, str]) -> None:
        super().__init__({symbol: f"{{{index}}}" for index, symbol in enumerate(symbols)})
        self.names = names
        self.others: dict[str, None] = {}

    def __missing__(self, symbol: MatrixSymbol) -> str:
        name = self.names[symbol]
        self.others[name] = None
        return name


def _skeleton(expr: MatrixExpr) -> tuple[tuple[Any, ...], tuple[MatrixSymbol, ...]]:
    """Return what an expression is but for its symbols, and these, in the order in which they are met.

    An expression with an entry of a matrix among its numbers is like no other: all names in it stay.
    """
    key: list[Any] = []
    symbols: dict[MatrixSymbol, str] = {}
    has_shapes = False
    waiting: list[Basic] = [expr]
    while waiting:
        node = waiting.pop()
        if isinstance(node, MatrixSymbol):
            hole = symbols.get(node)
            if hole is None:
                hole = symbols[node] = f"{{{len(symbols)}}}"
            key.append(hole)
        elif isinstance(node, MatrixExpr) and type(node) not in CONSTANTS:
            has_shapes = has_shapes or type(node) not in SHAPELESS
            key += (type(node), len(node.args))
            waiting.extend(reversed(node.args))
        elif _names_matrices(node):
            return (expr,), ()
        else:
            key.append(node)
    if has_shapes:
        key += [symbol.shape for symbol in symbols]
    return tuple(key), tuple(symbols)


@lru_cache(maxsize=1024)
def _names_matrices(leaf: Basic) -> bool:
    return bool(leaf.atoms(MatrixSymbol, MatrixElement))
