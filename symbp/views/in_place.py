"""Errors updated in place: one matrix holds the error of one layer after another."""

from __future__ import annotations

from collections.abc import Sequence

from symbp.equations import Equation
from symbp.symbols import Adjoint


def in_place(errors: Sequence[Equation], gradients: Sequence[Equation]) -> tuple[Equation, ...]:
    """Return errors and gradients in the order in which one matrix is enough for all errors; none where it is not.

    Every error is made of the one before it alone, and every gradient of one error: it is taken before the next error
    replaces that one.
    """
    order: list[Equation] = []
    before: frozenset[Adjoint] = frozenset()
    for error in errors:
        if _errors_in(error) != before:
            return ()
        before = frozenset({error.lhs})
        order += [error, *(each for each in gradients if _errors_in(each) == before)]
    return tuple(order) if len(order) == len(errors) + len(gradients) else ()


def _errors_in(equation: Equation) -> frozenset[Adjoint]:
    return frozenset(each for each in equation.symbols if isinstance(each, Adjoint))
