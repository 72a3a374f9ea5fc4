"""Matrix symbols that know what they are.

A symbol's role, stem, layer and path are SymPy *args*: attributes are lost when SymPy rebuilds an
expression and are ignored by equality, and a name parsed back from a string is a guess.
"""

from __future__ import annotations

import re
from functools import cache, cached_property
from typing import Any, Self, cast

from sympy import Basic, Expr, Integer, MatrixExpr, MatrixSymbol, S, Symbol
from sympy.core.symbol import Str

from symbp.errors import SpecError
from symbp.roles import Role as Role

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*\Z", re.ASCII)
"""What a name may look like: names reach file names, LaTeX and generated code."""

MAX_NAME = 80
"""Longest name accepted, in characters."""


def width(layer: int) -> Symbol:
    """Return n_l, the symbolic number of units of a layer (n_0 is the number of inputs)."""
    return Symbol(f"n{layer}", integer=True, positive=True)


BATCH = Symbol("m", integer=True, positive=True)
"""The number of examples: the columns of X, of every activation and of Y."""


def counts_examples(size: Expr) -> bool:
    """Tell whether a dimension is the number of examples, or made of it as T·m is."""
    return size is BATCH or (size.args != () and size.has(BATCH)) or size == BATCH


@cache
def _text(value: str) -> Str:
    return Str(value)


def _checked(name: str) -> Str:
    if len(name) > MAX_NAME or not NAME.match(name):
        raise SpecError(f"{name[:MAX_NAME]!r} is not a name: use letters, digits and _ after a letter")
    return Str(name)


_ROLES: dict[str, Str] = {role.value: Str(role.value) for role in Role}

_WEIGHT = _ROLES[Role.WEIGHT]


class Named(MatrixSymbol):
    """A matrix symbol that has its name and its shape at hand: every list looks them up again and again."""

    name: Any = ""
    shape: tuple[Expr, Expr] = (S.One, S.One)

    @classmethod
    def _of(cls, name: Str, shape: tuple[Expr, Expr], *rest: Basic) -> Self:
        """Return the symbol of these args; SymPy rebuilds every symbol through ``__new__``, and so through here."""
        symbol = Basic.__new__(cls, name, *shape, *rest)
        symbol.name, symbol.shape = name.name, shape
        return symbol


class Variable(Named):
    """A named matrix of the forward list, of shape rows × cols.

    ``stem`` is the letter without its layer (``W`` of ``W2``), ``layer`` counts weight layers (0 for the
    input), ``path`` places it in a composed network (``block2.attention``; empty in a plain stack), ``step`` in a
    sequence (from 0, the initial state; None outside one).
    """

    def __new__(
        cls,
        name: str | Str,
        rows: Expr | int,
        cols: Expr | int,
        role: Role | str | Str,
        stem: str | Str,
        layer: int | Integer = 0,
        path: str | Str = "",
        step: int | Integer | None = None,
    ) -> Variable:
        shape = (
            rows if isinstance(rows, Basic) else Integer(rows),
            cols if isinstance(cols, Basic) else Integer(cols),
        )
        return cls._of(
            name if isinstance(name, Str) else _checked(name),
            shape,
            role if isinstance(role, Str) else _ROLES[role],
            stem if isinstance(stem, Str) else _text(stem),
            layer if isinstance(layer, Integer) else Integer(layer),
            path if isinstance(path, Str) else _text(path),
            *(() if step is None else (Integer(step),)),
        )

    @cached_property
    def role(self) -> Role:
        """What this matrix is in the network."""
        return Role(self.args[3].name)

    @property
    def is_weight(self) -> bool:
        """Whether its role is that of a weight; asked for at every product, where ``role`` would take its time."""
        return cast("bool", self.args[3] is _WEIGHT or self.args[3] == _WEIGHT)

    @property
    def stem(self) -> str:
        """The letter of the name, without the layer."""
        return cast("str", self.args[4].name)

    @property
    def layer(self) -> int:
        """The weight layer this matrix belongs to; 0 for the input."""
        return cast("int", self.args[5].p)  # int() of SymPy's integer takes three times as long.

    @property
    def path(self) -> str:
        """Where it stands in a composed network; empty in a plain stack."""
        return cast("str", self.args[6].name)

    @property
    def step(self) -> int | None:
        """The step of a sequence it belongs to; None outside a sequence."""
        return int(self.args[7]) if len(self.args) > 7 else None


def examples_are_rows(matrix: MatrixExpr) -> bool:
    """Whether the rows of a matrix are the examples, as in X: m x 3."""
    rows, columns = matrix.shape
    return counts_examples(rows) and not counts_examples(columns)


def adjoint_name(variable: MatrixSymbol) -> str:
    """Return the name of the gradient of the loss with respect to a variable: dW2 for W2."""
    return f"d{variable.name}"


class Adjoint(Named):
    """∂𝓛/∂of: the gradient of the loss with respect to a variable, of the same shape as it."""

    def __new__(cls, name: str | Str | Variable, *rest: Basic) -> Adjoint:
        # SymPy rebuilds with the four args; everybody else passes the variable alone.
        of: Any = rest[-1] if rest else name
        return cls._of(Str(adjoint_name(of)), of.shape, of)

    @property
    def of(self) -> Variable:
        """The variable whose gradient this is."""
        return cast("Variable", self.args[3])

    @property
    def layer(self) -> int:
        """The layer of that variable."""
        return self.of.layer

    @property
    def role(self) -> Role:
        """What it is where it is given: the gradient that comes from above."""
        return Role.UPSTREAM
