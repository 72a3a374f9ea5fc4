"""What the formulas in the tables of activations and losses are written with.

The tables hold text and functions of this module, so that ``symbp list`` reads them without SymPy.
"""

from __future__ import annotations

from dataclasses import dataclass

from sympy import (
    Abs,
    Expr,
    Integer,
    LambertW,
    Piecewise,
    Rational,
    S,
    Symbol,
    cos,
    erf,
    exp,
    log,
    oo,
    pi,
    sign,
    sin,
    sqrt,
    tanh,
)

from symbp.ops.elementwise import OUTPUT
from symbp.ops.scalar import expm1, log_sigmoid, relu, sigmoid, softplus, step

__all__ = [
    "CUBIC",
    "Abs",
    "Curve",
    "Integer",
    "LambertW",
    "LossFormula",
    "Piecewise",
    "Rational",
    "a",
    "alpha",
    "cases",
    "cos",
    "delta",
    "e",
    "erf",
    "exp",
    "expm1",
    "gamma",
    "lamda",
    "log",
    "log_sigmoid",
    "numbers",
    "oo",
    "pi",
    "relu",
    "sigmoid",
    "sign",
    "sin",
    "softplus",
    "sqrt",
    "step",
    "tanh",
    "tau",
    "x",
    "y",
]  # fmt: skip

X = x = Symbol("x", real=True)
"""The variable of every activation."""
OUT = a = OUTPUT
"""f(x) itself in a slope written through the output, tanh′ = 1 − a²; in a loss, one output of the network."""
TARGET = y = Symbol("y", real=True)
"""The target of that output."""
e = a - y
"""The error of one output."""
alpha, lamda = Symbol("alpha", real=True), Symbol("lamda", real=True)
delta, gamma, tau = (Symbol(name, positive=True) for name in ("delta", "gamma", "tau"))

one, zero, half = S.One, S.Zero, S.Half

CUBIC = Rational(44715, 10**6)
"""The coefficient of x³ in the tanh form of GELU (Hendrycks and Gimpel, 2016)."""


@dataclass(frozen=True)
class Curve:
    """What an activation is: ``expr`` and ``slope`` in ``x`` and its parameters' symbols, exact numbers only.

    ``by_output`` is the slope through the output. ``jumps`` are the points where the slope jumps, each with by
    how much: no kink where that is zero. ``bounds`` is a closed interval that holds every value at the default
    parameters.
    """

    expr: Expr
    slope: Expr
    by_output: Expr | None = None
    jumps: tuple[tuple[Expr, Expr], ...] = ()
    bounds: tuple[Expr, Expr] = (-oo, oo)


@dataclass(frozen=True)
class LossFormula:
    """What a loss makes of one output ``a`` and its target ``y``; ``slope`` is ∂ℓ/∂a, which jumps where a kink is 0."""

    expr: Expr
    slope: Expr
    kinks: tuple[Expr, ...] = ()


def cases(side: Expr, positive: Expr | int, otherwise: Expr) -> Piecewise:
    """Return one expression where ``side`` is above zero, and another one elsewhere."""
    return Piecewise((positive, side > 0), (otherwise, True))


def numbers(texts: tuple[tuple[str, str], ...]) -> tuple[tuple[Symbol, Rational], ...]:
    """Return the parameters of a row, by their letters here, with the exact numbers that stand for them."""
    return tuple((globals()[name], Rational(value)) for name, value in texts)
