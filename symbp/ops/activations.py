"""The table of activations: one row each.

Derivatives at kinks are PyTorch's (``aten/src/ATen/native/cpu/Activation.cpp``): ReLU and leaky ReLU take the
negative side at 0, ELU too; HardSwish is 0 at −3 and 1 at 3 (as PyTorch 2.13 computes it; releases before its
pull request 148049 have −1/2 and 3/2 there).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from symbp.errors import SpecError, later, nearest

if TYPE_CHECKING:
    from sympy import Rational, Symbol

    from symbp.ops import letters
    from symbp.ops.letters import Curve
else:
    letters = later("symbp.ops.letters")

SELU_ALPHA = "1.6732632423543772848170429916717"
SELU_LAMBDA = "1.0507009873554804934193349852946"
"""α and λ of Klambauer et al. (2017), to the digits PyTorch has."""


@dataclass(frozen=True)
class Activation:
    """A row of the table. ``make`` writes the formula with the names of ``symbp.ops.letters`` when it is first used.

    ``numbers`` are the parameters: a letter and the number that stands for it unless one is given.
    """

    name: str
    make: Callable[[Any], Curve]
    text: str
    aliases: tuple[str, ...] = ()
    numbers: tuple[tuple[str, str], ...] = ()

    @cached_property
    def formula(self) -> Curve:
        """The function, its slope, and where it is not smooth."""
        return self.make(letters)

    @cached_property
    def parameters(self) -> tuple[tuple[Symbol, Rational], ...]:
        """The parameters' symbols with the exact numbers that stand for them."""
        return letters.numbers(self.numbers)


def _rows() -> tuple[Activation, ...]:
    """Return the rows; each source is the paper or PyTorch page of the function's name."""
    return (
        Activation("identity", lambda s: s.Curve(s.x, s.one, s.one), "id", ("linear", "none")),
        Activation(
            "sigmoid",
            lambda s: s.Curve(
                s.sigmoid(s.x), s.sigmoid(s.x) * (1 - s.sigmoid(s.x)), s.a * (1 - s.a), bounds=(s.zero, s.one)
            ),
            "σ",
            ("logistic",),
        ),
        Activation(
            "tanh",
            lambda s: s.Curve(s.tanh(s.x), 1 - s.tanh(s.x) ** 2, 1 - s.a**2, bounds=(-s.one, s.one)),
            "tanh",
        ),
        Activation(
            "relu",
            lambda s: s.Curve(s.relu(s.x), s.step(s.x), s.step(s.a), ((s.zero, s.one),), (s.zero, s.oo)),
            "ReLU",
            ("rectifier",),
        ),
        Activation(
            "leaky_relu",
            lambda s: s.Curve(
                s.cases(s.x, s.x, s.alpha * s.x),
                s.cases(s.x, 1, s.alpha),
                s.cases(s.a, 1, s.alpha),
                ((s.zero, 1 - s.alpha),),
            ),
            "LeakyReLU",
            ("leaky", "leakyrelu"),
            (("alpha", "0.01"),),
        ),
        Activation(
            "elu",
            lambda s: s.Curve(
                s.cases(s.x, s.x, s.alpha * s.expm1(s.x)),
                s.cases(s.x, 1, s.alpha * s.exp(s.x)),
                s.cases(s.a, 1, s.a + s.alpha),
                ((s.zero, 1 - s.alpha),),
                (-s.one, s.oo),
            ),
            "ELU",
            numbers=(("alpha", "1"),),
        ),
        Activation(
            "selu",
            lambda s: s.Curve(
                s.cases(s.x, s.lamda * s.x, s.lamda * s.alpha * s.expm1(s.x)),
                s.cases(s.x, s.lamda, s.lamda * s.alpha * s.exp(s.x)),
                s.cases(s.a, s.lamda, s.a + s.lamda * s.alpha),
                ((s.zero, s.lamda * (1 - s.alpha)),),
                (-s.Rational(SELU_ALPHA) * s.Rational(SELU_LAMBDA), s.oo),
            ),
            "SELU",
            numbers=(("alpha", SELU_ALPHA), ("lamda", SELU_LAMBDA)),
        ),
        Activation(
            "softplus",
            lambda s: s.Curve(s.softplus(s.x), s.sigmoid(s.x), -s.expm1(-s.a), bounds=(s.zero, s.oo)),
            "softplus",
        ),
        Activation(
            "softsign",
            lambda s: s.Curve(
                s.x / (1 + s.Abs(s.x)), 1 / (1 + s.Abs(s.x)) ** 2, (1 - s.Abs(s.a)) ** 2, bounds=(-s.one, s.one)
            ),
            "softsign",
        ),
        Activation("gelu", _gelu, "GELU"),
        Activation("gelu_tanh", _gelu_tanh, "GELU_tanh"),
        Activation(
            "silu",
            lambda s: s.Curve(
                s.x * s.sigmoid(s.x),
                s.sigmoid(s.x) * (1 + s.x * (1 - s.sigmoid(s.x))),
                bounds=(-s.LambertW(s.exp(-1)), s.oo),
            ),
            "SiLU",
            ("swish",),
        ),
        Activation("mish", _mish, "Mish"),
        Activation("hardswish", _hardswish, "HardSwish", ("hard_swish",)),
        Activation(
            "logsigmoid",
            lambda s: s.Curve(s.log_sigmoid(s.x), s.sigmoid(-s.x), -s.expm1(s.a), bounds=(-s.oo, s.zero)),
            "log σ",
            ("log_sigmoid",),
        ),
        Activation(
            "erf",
            lambda s: s.Curve(s.erf(s.x), 2 * s.exp(-(s.x**2)) / s.sqrt(s.pi), bounds=(-s.one, s.one)),
            "erf",
        ),
        Activation("sin", lambda s: s.Curve(s.sin(s.x), s.cos(s.x), bounds=(-s.one, s.one)), "sin", ("sine",)),
    )


def _gelu(s: Any) -> Curve:
    normal = (1 + s.erf(s.x / s.sqrt(2))) / 2
    return s.Curve(
        s.x * (1 + s.erf(s.x / s.sqrt(2))) / 2,
        normal + s.x * s.exp(-(s.x**2) / 2) / s.sqrt(2 * s.pi),
        bounds=(-s.Rational(17, 100), s.oo),
    )


def _gelu_tanh(s: Any) -> Curve:
    inner, inner_slope = s.sqrt(2 / s.pi) * (s.x + s.CUBIC * s.x**3), s.sqrt(2 / s.pi) * (1 + 3 * s.CUBIC * s.x**2)
    return s.Curve(
        s.x * (1 + s.tanh(inner)) / 2,
        (1 + s.tanh(inner)) / 2 + s.x * (1 - s.tanh(inner) ** 2) * inner_slope / 2,
        bounds=(-s.Rational(1701, 10000), s.oo),
    )


def _mish(s: Any) -> Curve:
    inner = s.tanh(s.softplus(s.x))
    return s.Curve(s.x * inner, inner + s.x * s.sigmoid(s.x) * (1 - inner**2), bounds=(-s.Rational(31, 100), s.oo))


def _hardswish(s: Any) -> Curve:
    return s.Curve(
        s.Piecewise((0, s.x <= -3), (s.x, s.x >= 3), (s.x * (s.x + 3) / 6, True)),
        s.Piecewise((0, s.x <= -3), (1, s.x >= 3), (s.x / 3 + s.half, True)),
        jumps=((s.Integer(-3), -s.half), (s.Integer(3), -s.half)),
        bounds=(-s.Rational(3, 8), s.oo),
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
