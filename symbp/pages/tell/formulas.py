"""Scalar formulas as a definition prints them: cases for a step, a letter for what is inside."""

from __future__ import annotations

from sympy import Add, Expr, Function, Integer, Mul, Piecewise, Symbol

from symbp.ops.activations import ACTIVATIONS
from symbp.ops.elementwise import ScalarFunction
from symbp.ops.entries import DEFINITIONS
from symbp.ops.scalar import Primitive, log_sigmoid, step


def defined(function: ScalarFunction) -> Expr:
    """Return the formula of a function that does not just repeat its name."""
    expr = function.expr
    if type(expr) in DEFINITIONS and expr.args == function.variables:
        return DEFINITIONS[type(expr)](*expr.args)
    is_own = isinstance(expr, Primitive) and not isinstance(expr, log_sigmoid) and function.name in ACTIVATIONS
    return expr.definition() if is_own else expr


def is_short(by_value: Expr) -> bool:
    """Whether a slope through the value says more than the slope itself: no cases, and not constant."""
    return bool(by_value.free_symbols) and not by_value.has(Piecewise, step)


def cases(expr: Expr) -> Expr:
    """Return a formula with its one step function as two cases."""
    steps = list(expr.atoms(step))
    if len(steps) != 1:
        return expr
    (only,) = steps
    above, below = (expr.xreplace({only: Integer(value)}) for value in (1, 0))
    return Piecewise((above, only.args[0] > 0), (below, True))


def inner_of(value: Expr, slope: Expr, x: Symbol) -> Expr | None:
    """Return the argument of a function in a formula that its slope repeats: q of GELU in its tanh form."""
    compound = [
        argument
        for part in value.atoms(Function)
        for argument in part.args
        if isinstance(argument, Expr) and argument.diff(x).has(x) and slope.has(argument)
    ]
    return max(compound, key=lambda each: each.count_ops(), default=None)


INNER, INNER_SLOPE = Symbol("q", real=True), Symbol("q_prime", real=True)
"""The letter of an inner function and of its slope."""


def with_letter(value: Expr, slope: Expr, inner: Expr, x: Symbol) -> tuple[Expr, Expr, tuple[tuple[Symbol, Expr], ...]]:
    """Return a formula and its slope with a letter for an inner function and for that one's slope."""
    rate = inner.diff(x)
    terms = [_divided(term, rate) for term in Add.make_args(slope)]
    return value.xreplace({inner: INNER}), Add(*terms).xreplace({inner: INNER}), ((INNER, inner), (INNER_SLOPE, rate))


def gathered(expr: Expr) -> Expr:
    """Return a sum with a number and the same number of something together: ½(1 + tanh q)."""
    terms = list(Add.make_args(expr))
    share = next((each for each in terms if each.is_Rational and each.q > 1), None)
    other = next((each for each in terms if share is not None and each.as_coeff_Mul()[0] == share != each), None)
    if share is None or other is None:
        return expr
    rest = [each for each in terms if each not in (share, other)]
    return Add(Mul(share, 1 + other / share, evaluate=False), *rest, evaluate=False)


def _divided(term: Expr, rate: Expr) -> Expr:
    """Return a term with a letter for a factor of it."""
    needed = [each for each in Mul.make_args(rate) if each.free_symbols]
    factors = Mul.make_args(term)
    return term / rate * INNER_SLOPE if needed and all(each in factors for each in needed) else term


def value_at(function: ScalarFunction, point: Expr) -> Expr:
    """Return the slope at a point."""
    plain = function.slopes[0].replace(lambda part: isinstance(part, Primitive), lambda part: part.definition())
    return plain.subs(function.variables[0], point)
