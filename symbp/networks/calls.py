"""Calls in an equation: what one is made of, and the row of a function that may be called."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sympy import Expr, MatrixExpr

from symbp.equations import Equation
from symbp.networks.matrix_arithmetic import Parts


@dataclass(frozen=True)
class Call:
    """What a function is called with: matrices, then numbers; ``axis`` is the one it goes along, None for both.

    ``options`` are further arguments by name. ``made_by`` finds the equation of a name, ``name`` gives one to what
    cannot stand inside something else, ``write`` builds lines of equations over names of their own, the last one what
    is returned.
    """

    operands: tuple[MatrixExpr, ...]
    numbers: tuple[Expr, ...]
    axis: int | None
    made_by: Mapping[str, Equation]
    name: Callable[[MatrixExpr], MatrixExpr]
    write: Callable[[Sequence[str], Mapping[str, Parts]], MatrixExpr]
    options: Mapping[str, Parts] = field(default_factory=dict)


@dataclass(frozen=True)
class Function:
    """A row: how many matrices and at most how many numbers it takes, and what it builds.

    ``affine`` operations take any affine piece and stand anywhere; others take names and get one. ``axes``: it may go
    along one axis. ``spread``: numbers may stand for matrices, and all get one shape. ``sizes``: its numbers may be
    sizes. Of ``matrices`` two numbers are the least and the most. ``names`` are those of its numbers, ``options`` those
    of what it takes by name alone.
    """

    build: Callable[[Call], MatrixExpr]
    example: str
    matrices: tuple[int, int] = (1, 1)
    numbers: int = 0
    affine: bool = False
    axes: bool = False
    spread: bool = False
    sizes: bool = False
    names: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
