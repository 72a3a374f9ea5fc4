"""Activations of the table as scalar functions, and exact numbers."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

from sympy import Rational, erf

from symbp.domain import described
from symbp.errors import SpecError
from symbp.ops.activations import row_of
from symbp.ops.elementwise import ScalarFunction
from symbp.ops.letters import X

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?(/\d+)?", re.ASCII)
"""A number as people write it; three digits of exponent, because 1e999999999 fills the memory."""

LARGEST = 10**30
"""Numbers from a user lie within ±LARGEST, and their inverses too unless they are 0."""


def activation(name: str, *values: str | int | float | Rational) -> ScalarFunction:
    """Return an activation of the table by its name or alias, with its parameters in the order of the row.

    Raises:
        SpecError: an unknown name, too many parameters, or one that is not a finite number.
    """
    row = row_of(name)
    if len(values) > len(row.parameters):
        takes = f"at most {len(row.parameters)}" if row.parameters else "no"
        raise SpecError(f"{row.name} takes {takes} parameter{'s' * (len(row.parameters) != 1)}, not {len(values)}")
    given = tuple(exact(value, f"the parameter of {row.name}") for value in values)
    chosen = (*given, *(default for _, default in row.parameters[len(given) :]))
    return _of_row(row.name, chosen)


@lru_cache(maxsize=256)
def _of_row(name: str, chosen: tuple[Rational, ...]) -> ScalarFunction:
    """Return one object for equal functions: SymPy compares two objects argument by argument, in every layer."""
    row = row_of(name)
    pairs = tuple((symbol, value) for (symbol, _), value in zip(row.parameters, chosen, strict=True))
    formula = row.formula
    # With a negative parameter the sign of the output no longer tells the side of the kink.
    by_output = formula.by_output if all(value >= 0 for value in chosen) else None
    kinks = tuple(point for point, jump in formula.jumps if jump.subs(pairs) != 0)
    return ScalarFunction(row.name, (X,), formula.expr, (formula.slope,), by_output, row.text, pairs, kinks)


def exact(value: str | int | float | Rational, what: str) -> Rational:
    """Return a number as an exact rational, read from its decimal digits: 0.2 is 1/5.

    Raises:
        SpecError: not a finite number, or a huge or tiny one; ``what`` names it in the message.
    """
    if isinstance(value, int) and abs(value) > LARGEST:
        raise SpecError(f"{what} is {described(value)}: too large")
    digits = repr(value) if isinstance(value, float) else str(value)
    if isinstance(value, bool) or len(digits) > 100 or not NUMBER.fullmatch(digits):
        raise SpecError(f"{what} must be a finite number, not {digits[:40]!r}")
    numerator, _, denominator = digits.partition("/")
    if denominator and not int(denominator):
        raise SpecError(f"{what} divides by zero: {digits[:40]!r}")
    found = Fraction(numerator) / int(denominator or 1)
    if abs(found) > LARGEST or 0 < abs(found) < Fraction(1, LARGEST):
        raise SpecError(f"{what} is {digits[:40]}: too {'large' if abs(found) > 1 else 'small'}")
    return Rational(found.numerator, found.denominator)


def is_analytic(function: ScalarFunction) -> bool:
    """Return whether the complex step sees its slope: no engine has an erf of complex numbers."""
    return not function.expr.has(erf)
