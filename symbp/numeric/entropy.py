"""0·log 0 = 0: how cross-entropy on given probabilities computes y log p, and its slope y/p, where both are zero."""

# ruff: noqa: N801 - SymPy's functions are classes with lower case names.

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sympy import Add, Expr, Function, Mul, Pow, log

from symbp.ops.elementwise import ScalarFunction
from symbp.ops.letters import TARGET
from symbp.ops.loss_table import LOSSES


class xlogy(Function):
    """y log p, the limit 0 where both are zero."""

    nargs = 2


class ratio(Function):
    """y/p, the slope of y log p: 0 where both are zero."""

    nargs = 2


def xlogy_value(xp: Any, y: Any, p: Any) -> Any:
    """y log p, with 0 log 0 = 0."""
    return y * xp.log(xp.where(y == 0, xp.where(p == 0, 1, p), p))


def ratio_value(xp: Any, y: Any, p: Any) -> Any:
    """y/p, the slope of y log p, with 0/0 = 0."""
    return y / xp.where(y == 0, xp.where(p == 0, 1, p), p)


MEANINGS: dict[type[Function], Callable[..., Any]] = {xlogy: xlogy_value, ratio: ratio_value}
"""What the two compute; nothing else is changed: log 0 under a target above 0 stays infinite."""


def computed(function: ScalarFunction, expr: Expr) -> Expr:
    """Return what a program computes for ``expr``, a loss or a slope of it: an entropy takes 0 log 0 as 0."""
    row = LOSSES.get(function.name)
    if row is None or not row.unit_outputs or TARGET not in function.variables:
        return expr
    return Add(*map(_term, Add.make_args(expr)))


def _term(term: Expr) -> Expr:
    """Return a term in ``xlogy`` or ``ratio`` where y, or 1 − y, stands in it beside log p or 1/p."""
    factors = Mul.make_args(term)
    y = next((factor for factor in factors if factor.has(TARGET) and not isinstance(factor, log)), None)
    singular = [factor for factor in factors if factor.has(log) or (isinstance(factor, Pow) and factor.exp == -1)]
    if y is None or len(singular) != 1:
        return term
    (p,) = singular
    rest = Mul(*(factor for factor in factors if factor not in (y, p)))
    if isinstance(p, Add):
        return Add(*(_term(y * each * rest) for each in p.args))
    if isinstance(p, Pow):
        return rest * ratio(y, p.base)
    return rest * xlogy(y, p.args[0])
