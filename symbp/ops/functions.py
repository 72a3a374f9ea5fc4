"""The table of activations: one row each.

Derivatives at kinks are PyTorch's (``aten/src/ATen/native/cpu/Activation.cpp``): ReLU and leaky ReLU take the
negative side at 0, ELU too; HardSwish is 0 at −3 and 1 at 3 (as PyTorch 2.13 computes it; releases before its
pull request 148049 have −1/2 and 3/2 there).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

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


@dataclass(frozen=True, slots=True)
class Activation:
    """A row: ``expr`` and ``slope`` in ``X`` and the parameters' symbols, exact numbers only.

    ``jumps`` are the points where the slope jumps, each with by how much: no kink where that is zero.
    ``bounds`` is a closed interval that holds every value at the default parameters.
    """

    name: str
    expr: Expr
    slope: Expr
    by_output: Expr | None = None
    latex: str = ""
    text: str = ""
    aliases: tuple[str, ...] = ()
    parameters: tuple[tuple[Symbol, Expr], ...] = ()
    jumps: tuple[tuple[Expr, Expr], ...] = ()
    bounds: tuple[Expr, Expr] = (-oo, oo)

    def function(self, *values: Rational) -> ScalarFunction:
        """Return the scalar function with these parameter values; the defaults stand for what is missing."""
        defaults = tuple(value for _, value in self.parameters)
        chosen = (*values, *defaults[len(values) :])
        # With a negative parameter the sign of the output no longer tells the side of the kink.
        by_output = self.by_output if all(value >= 0 for value in chosen) else None
        pairs = tuple((symbol, value) for (symbol, _), value in zip(self.parameters, chosen, strict=True))
        kinks = tuple(point for point, jump in self.jumps if jump.subs(pairs) != 0)
        return ScalarFunction(self.name, (X,), self.expr, (self.slope,), by_output, self.latex, self.text, pairs, kinks)


def _rows() -> Iterator[Activation]:
    """Yield the rows; each source is the paper or PyTorch page of the function's name."""
    x, a = X, OUTPUT
    yield Activation("identity", x, S.One, S.One, r"\mathrm{id}", "id", aliases=("linear", "none"))
    yield Activation(
        "sigmoid", sigmoid(x), sigmoid(x) * (1 - sigmoid(x)), a * (1 - a), r"\sigma", "σ",
        aliases=("logistic",), bounds=(S.Zero, S.One),
    )  # fmt: skip
    yield Activation("tanh", tanh(x), 1 - tanh(x) ** 2, 1 - a**2, r"\tanh", "tanh", bounds=(-S.One, S.One))
    yield Activation(
        "relu", relu(x), step(x), step(a), r"\mathrm{ReLU}", "ReLU",
        aliases=("rectifier",), jumps=((S.Zero, S.One),), bounds=(S.Zero, oo),
    )  # fmt: skip
    yield Activation(
        "leaky_relu", _cases(x, x, ALPHA * x), _cases(x, 1, ALPHA), _cases(a, 1, ALPHA),
        r"\mathrm{LeakyReLU}", "LeakyReLU",
        aliases=("leaky", "leakyrelu"), parameters=((ALPHA, Rational(1, 100)),),
        jumps=((S.Zero, 1 - ALPHA),),
    )  # fmt: skip
    yield Activation(
        "elu", _cases(x, x, ALPHA * expm1(x)), _cases(x, 1, ALPHA * exp(x)), _cases(a, 1, a + ALPHA),
        r"\mathrm{ELU}", "ELU", parameters=((ALPHA, S.One),), jumps=((S.Zero, 1 - ALPHA),), bounds=(-S.One, oo),
    )  # fmt: skip
    yield Activation(
        "selu",
        _cases(x, LAMBDA * x, LAMBDA * ALPHA * expm1(x)),
        _cases(x, LAMBDA, LAMBDA * ALPHA * exp(x)),
        _cases(a, LAMBDA, a + LAMBDA * ALPHA),
        r"\mathrm{SELU}", "SELU", parameters=((ALPHA, SELU_ALPHA), (LAMBDA, SELU_LAMBDA)),
        jumps=((S.Zero, LAMBDA * (1 - ALPHA)),), bounds=(-SELU_ALPHA * SELU_LAMBDA, oo),
    )  # fmt: skip
    yield Activation(
        "softplus", softplus(x), sigmoid(x), -expm1(-a), r"\mathrm{softplus}", "softplus", bounds=(S.Zero, oo)
    )
    yield Activation(
        "softsign", x / (1 + Abs(x)), 1 / (1 + Abs(x)) ** 2, (1 - Abs(a)) ** 2,
        r"\mathrm{softsign}", "softsign", bounds=(-S.One, S.One),
    )  # fmt: skip
    yield Activation(
        "gelu",
        x * (1 + erf(x / sqrt(2))) / 2,
        (1 + erf(x / sqrt(2))) / 2 + x * exp(-(x**2) / 2) / sqrt(2 * pi),
        None, r"\mathrm{GELU}", "GELU", bounds=(-Rational(17, 100), oo),
    )  # fmt: skip
    inner, inner_slope = sqrt(2 / pi) * (x + CUBIC * x**3), sqrt(2 / pi) * (1 + 3 * CUBIC * x**2)
    yield Activation(
        "gelu_tanh",
        x * (1 + tanh(inner)) / 2,
        (1 + tanh(inner)) / 2 + x * (1 - tanh(inner) ** 2) * inner_slope / 2,
        None, r"\mathrm{GELU}_{\tanh}", "GELU_tanh", bounds=(-Rational(1701, 10000), oo),
    )  # fmt: skip
    yield Activation(
        "silu", x * sigmoid(x), sigmoid(x) * (1 + x * (1 - sigmoid(x))), None, r"\mathrm{SiLU}", "SiLU",
        aliases=("swish",), bounds=(-LambertW(exp(-1)), oo),
    )  # fmt: skip
    yield Activation(
        "mish",
        x * tanh(softplus(x)),
        tanh(softplus(x)) + x * sigmoid(x) * (1 - tanh(softplus(x)) ** 2),
        None, r"\mathrm{Mish}", "Mish", bounds=(-Rational(31, 100), oo),
    )  # fmt: skip
    yield Activation(
        "hardswish",
        Piecewise((0, x <= -3), (x, x >= 3), (x * (x + 3) / 6, True)),
        Piecewise((0, x <= -3), (1, x >= 3), (x / 3 + S.Half, True)),
        None, r"\mathrm{HardSwish}", "HardSwish",
        aliases=("hard_swish",), jumps=((Integer(-3), -S.Half), (Integer(3), -S.Half)),
        bounds=(-Rational(3, 8), oo),
    )  # fmt: skip
    yield Activation(
        "logsigmoid", log_sigmoid(x), sigmoid(-x), -expm1(a), r"\log\sigma", "log σ",
        aliases=("log_sigmoid",), bounds=(-oo, S.Zero),
    )  # fmt: skip
    yield Activation(
        "erf", erf(x), 2 * exp(-(x**2)) / sqrt(pi), None, r"\mathrm{erf}", "erf",
        bounds=(-S.One, S.One),
    )  # fmt: skip
    yield Activation("sin", sin(x), cos(x), None, r"\sin", "sin", aliases=("sine",), bounds=(-S.One, S.One))


def _cases(side: Expr, positive: Expr | int, otherwise: Expr) -> Piecewise:
    return Piecewise((positive, side > 0), (otherwise, True))


SELU_ALPHA = Rational("1.6732632423543772848170429916717")
SELU_LAMBDA = Rational("1.0507009873554804934193349852946")
"""α and λ of Klambauer et al. (2017), to the digits PyTorch has."""

CUBIC = Rational(44715, 10**6)
"""The coefficient of x³ in the tanh form of GELU (Hendrycks and Gimpel, 2016)."""

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
