"""The table of activations: one row each.

Derivatives at kinks are PyTorch's (``aten/src/ATen/native/cpu/Activation.cpp``): ReLU and leaky ReLU take the
negative side at 0, ELU too; HardSwish is 0 at −3 and 1 at 3 (as PyTorch 2.13 computes it; releases before its
pull request 148049 have −1/2 and 3/2 there).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from sympy import Abs, Expr, Integer, LambertW, Piecewise, Rational, S, Symbol, cos, erf, exp, oo, pi, sin, sqrt, tanh

from symbp.errors import SpecError, nearest
from symbp.ops.elementwise import OUTPUT, ScalarFunction
from symbp.ops.scalar import expm1, log_sigmoid, relu, sigmoid, softplus, step

X = Symbol("x", real=True)
"""The variable of every activation."""

ALPHA = Symbol("alpha", real=True)
LAMBDA = Symbol("lamda", real=True)

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?(/\d+)?", re.ASCII)
"""A number as people write it; three digits of exponent, because 1e999999999 fills the memory."""

LARGEST = 10**30
"""Numbers from a user lie within ±LARGEST, and their inverses too unless they are 0."""


SELU_ALPHA = Rational("1.6732632423543772848170429916717")
SELU_LAMBDA = Rational("1.0507009873554804934193349852946")
"""α and λ of Klambauer et al. (2017), to the digits PyTorch has."""

CUBIC = Rational(44715, 10**6)
"""The coefficient of x³ in the tanh form of GELU (Hendrycks and Gimpel, 2016)."""


@dataclass(frozen=True)
class Formula:
    """What an activation is: ``expr`` and ``slope`` in ``X`` and its parameters' symbols, exact numbers only.

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
class Activation:
    """A row of the table. ``make`` builds the formula when it is first used: building all takes 25 ms."""

    name: str
    make: Callable[[], Formula]
    latex: str
    text: str
    aliases: tuple[str, ...] = ()
    parameters: tuple[tuple[Symbol, Expr], ...] = ()

    @cached_property
    def formula(self) -> Formula:
        """The function, its slope, and where it is not smooth."""
        return self.make()

    def function(self, *values: Rational) -> ScalarFunction:
        """Return the scalar function with these parameter values; the defaults stand for what is missing."""
        defaults = tuple(value for _, value in self.parameters)
        chosen = (*values, *defaults[len(values) :])
        pairs = tuple((symbol, value) for (symbol, _), value in zip(self.parameters, chosen, strict=True))
        found = self.formula
        # With a negative parameter the sign of the output no longer tells the side of the kink.
        by_output = found.by_output if all(value >= 0 for value in chosen) else None
        kinks = tuple(point for point, jump in found.jumps if jump.subs(pairs) != 0)
        return ScalarFunction(
            self.name, (X,), found.expr, (found.slope,), by_output, self.latex, self.text, pairs, kinks
        )


def _cases(side: Expr, positive: Expr | int, otherwise: Expr) -> Piecewise:
    return Piecewise((positive, side > 0), (otherwise, True))


def _rows() -> tuple[Activation, ...]:
    """Return the rows; each source is the paper or PyTorch page of the function's name."""
    x, a = X, OUTPUT
    return (
        Activation("identity", lambda: Formula(x, S.One, S.One), r"\mathrm{id}", "id", ("linear", "none")),
        Activation(
            "sigmoid",
            lambda: Formula(sigmoid(x), sigmoid(x) * (1 - sigmoid(x)), a * (1 - a), bounds=(S.Zero, S.One)),
            r"\sigma",
            "σ",
            ("logistic",),
        ),
        Activation(
            "tanh", lambda: Formula(tanh(x), 1 - tanh(x) ** 2, 1 - a**2, bounds=(-S.One, S.One)), r"\tanh", "tanh"
        ),
        Activation(
            "relu",
            lambda: Formula(relu(x), step(x), step(a), ((S.Zero, S.One),), (S.Zero, oo)),
            r"\mathrm{ReLU}",
            "ReLU",
            ("rectifier",),
        ),
        Activation(
            "leaky_relu",
            lambda: Formula(_cases(x, x, ALPHA * x), _cases(x, 1, ALPHA), _cases(a, 1, ALPHA), ((S.Zero, 1 - ALPHA),)),
            r"\mathrm{LeakyReLU}",
            "LeakyReLU",
            ("leaky", "leakyrelu"),
            ((ALPHA, Rational(1, 100)),),
        ),
        Activation(
            "elu",
            lambda: Formula(
                _cases(x, x, ALPHA * expm1(x)),
                _cases(x, 1, ALPHA * exp(x)),
                _cases(a, 1, a + ALPHA),
                ((S.Zero, 1 - ALPHA),),
                (-S.One, oo),
            ),
            r"\mathrm{ELU}",
            "ELU",
            parameters=((ALPHA, S.One),),
        ),
        Activation(
            "selu",
            lambda: Formula(
                _cases(x, LAMBDA * x, LAMBDA * ALPHA * expm1(x)),
                _cases(x, LAMBDA, LAMBDA * ALPHA * exp(x)),
                _cases(a, LAMBDA, a + LAMBDA * ALPHA),
                ((S.Zero, LAMBDA * (1 - ALPHA)),),
                (-SELU_ALPHA * SELU_LAMBDA, oo),
            ),
            r"\mathrm{SELU}",
            "SELU",
            parameters=((ALPHA, SELU_ALPHA), (LAMBDA, SELU_LAMBDA)),
        ),
        Activation(
            "softplus",
            lambda: Formula(softplus(x), sigmoid(x), -expm1(-a), bounds=(S.Zero, oo)),
            r"\mathrm{softplus}",
            "softplus",
        ),
        Activation(
            "softsign",
            lambda: Formula(x / (1 + Abs(x)), 1 / (1 + Abs(x)) ** 2, (1 - Abs(a)) ** 2, bounds=(-S.One, S.One)),
            r"\mathrm{softsign}",
            "softsign",
        ),
        Activation("gelu", _gelu, r"\mathrm{GELU}", "GELU"),
        Activation("gelu_tanh", _gelu_tanh, r"\mathrm{GELU}_{\tanh}", "GELU_tanh"),
        Activation(
            "silu",
            lambda: Formula(x * sigmoid(x), sigmoid(x) * (1 + x * (1 - sigmoid(x))), bounds=(-LambertW(exp(-1)), oo)),
            r"\mathrm{SiLU}",
            "SiLU",
            ("swish",),
        ),
        Activation("mish", _mish, r"\mathrm{Mish}", "Mish"),
        Activation("hardswish", _hardswish, r"\mathrm{HardSwish}", "HardSwish", ("hard_swish",)),
        Activation(
            "logsigmoid",
            lambda: Formula(log_sigmoid(x), sigmoid(-x), -expm1(a), bounds=(-oo, S.Zero)),
            r"\log\sigma",
            "log σ",
            ("log_sigmoid",),
        ),
        Activation(
            "erf",
            lambda: Formula(erf(x), 2 * exp(-(x**2)) / sqrt(pi), bounds=(-S.One, S.One)),
            r"\mathrm{erf}",
            "erf",
        ),
        Activation("sin", lambda: Formula(sin(x), cos(x), bounds=(-S.One, S.One)), r"\sin", "sin", ("sine",)),
    )


def _gelu() -> Formula:
    normal = (1 + erf(X / sqrt(2))) / 2
    return Formula(
        X * (1 + erf(X / sqrt(2))) / 2,
        normal + X * exp(-(X**2) / 2) / sqrt(2 * pi),
        bounds=(-Rational(17, 100), oo),
    )


def _gelu_tanh() -> Formula:
    inner, inner_slope = sqrt(2 / pi) * (X + CUBIC * X**3), sqrt(2 / pi) * (1 + 3 * CUBIC * X**2)
    return Formula(
        X * (1 + tanh(inner)) / 2,
        (1 + tanh(inner)) / 2 + X * (1 - tanh(inner) ** 2) * inner_slope / 2,
        bounds=(-Rational(1701, 10000), oo),
    )


def _mish() -> Formula:
    inner = tanh(softplus(X))
    return Formula(X * inner, inner + X * sigmoid(X) * (1 - inner**2), bounds=(-Rational(31, 100), oo))


def _hardswish() -> Formula:
    return Formula(
        Piecewise((0, X <= -3), (X, X >= 3), (X * (X + 3) / 6, True)),
        Piecewise((0, X <= -3), (1, X >= 3), (X / 3 + S.Half, True)),
        jumps=((Integer(-3), -S.Half), (Integer(3), -S.Half)),
        bounds=(-Rational(3, 8), oo),
    )


ACTIVATIONS: dict[str, Activation] = {row.name: row for row in _rows()}
ALIASES: dict[str, str] = {alias: row.name for row in ACTIVATIONS.values() for alias in row.aliases}


def row_of(name: str) -> Activation:
    """Return the row of a name or alias.

    Raises:
        SpecError: nobody knows the name; the message gives the nearest.
    """
    key = name.strip().lower()
    try:
        return ACTIVATIONS[ALIASES.get(key, key)]
    except KeyError:
        hint = nearest(key, (*ACTIVATIONS, *ALIASES)) or f"; known: {', '.join(ACTIVATIONS)}"
        raise SpecError(f"no activation named {name[:40]!r}{hint}") from None


def activation(name: str, *values: str | int | float | Rational) -> ScalarFunction:
    """Return an activation of the table by its name or alias, with its parameters in the order of the row.

    Raises:
        SpecError: an unknown name, too many parameters, or one that is not a finite number.
    """
    row = row_of(name)
    if len(values) > len(row.parameters):
        takes = f"at most {len(row.parameters)}" if row.parameters else "no"
        raise SpecError(f"{row.name} takes {takes} parameter{'s' * (len(row.parameters) != 1)}, not {len(values)}")
    return row.function(*(exact(value, f"the parameter of {row.name}") for value in values))


def exact(value: str | int | float | Rational, what: str) -> Rational:
    """Return a number as an exact rational, read from its decimal digits: 0.2 is 1/5.

    Raises:
        SpecError: not a finite number, or a huge or tiny one; ``what`` names it in the message.
    """
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
