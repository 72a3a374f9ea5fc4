"""The lists of a network of sequences as they are read: of one example, whose tokens are the columns.

A product within each example is then a plain product, KᵀQ. The whole batch is this, example by example: nothing but
batch statistics lets examples meet, and the loss is the mean over them.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import cast

from sympy import Basic, MatMul, OneMatrix, S

from symbp.equations import Equation, ForwardSystem, System
from symbp.nodes import times
from symbp.ops.positions import SumExamples, Tile
from symbp.ops.within import Within
from symbp.symbols import BATCH

Reading = Callable[[Basic], Basic]
"""What an expression of the batch is for one example."""


def one_sequence(forward: ForwardSystem, backward: System) -> tuple[ForwardSystem, System, Reading]:
    """Return both lists with m = 1 and plain products, and what reads any other expression so.

    The lists have the same equations by the same names.
    """
    known: dict[Basic, Basic] = {BATCH: S.One}

    def read(expr: Basic) -> Basic:
        if not expr.args:
            return known.get(expr, expr)
        if expr not in known:
            known[expr] = _plain(expr, [read(arg) for arg in expr.args])
        return known[expr]

    def equation(each: Equation) -> Equation:
        return Equation(read(each.lhs), read(each.rhs), each.steps, each.undoes)

    ahead = ForwardSystem(map(equation, forward), tuple(map(read, forward.given)))
    return ahead, System(map(equation, backward), tuple(map(read, backward.given))), read


def _plain(expr: Basic, args: list[Basic]) -> Basic:
    """Build a node anew on its parts; a product in a product is one product, its number in front.

    What is repeated for every example, or added up over all, is there once.
    """
    if isinstance(expr, Tile | SumExamples):
        return args[0]
    if isinstance(expr, Within):
        return expr.of_one(*args[:2])
    if isinstance(expr, Tile | SumExamples):
        return args[0]
    if isinstance(expr, MatMul):
        args = [inner for arg in args for inner in (arg.args if isinstance(arg, MatMul) else (arg,))]
        kept = [arg for arg in args if not (isinstance(arg, OneMatrix) and arg.shape == (1, 1))]
        if len(kept) < len(args) and any(arg.is_Matrix for arg in kept):
            return times(S.One, *kept)
    return cast("Basic", expr if all(map(operator.is_, args, expr.args)) else expr.func(*args))
