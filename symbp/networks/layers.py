"""Layers: what a user composes a network of. Each writes its equations into a Builder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sympy import MatAdd, MatMul, MatrixExpr, OneMatrix

from symbp.errors import SpecError
from symbp.limits import MAX_UNITS
from symbp.networks.builder import Builder
from symbp.networks.expressions import resolve_activation
from symbp.networks.given import used_in
from symbp.ops.elementwise import Elementwise, GenericFunction, ScalarFunction
from symbp.ops.softmax import Softmax
from symbp.symbols import BATCH, Role, Variable

SOFTMAX = "softmax"
"""The one activation that is not entrywise; it stands on the output."""


class Layer(Protocol):
    """Anything that can write its equations: the incoming activation in, the outgoing one back."""

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add the layer's equations and return the symbol of its output, units × m."""
        ...


@dataclass(frozen=True)
class Dense:
    """A fully connected layer: Z = W·A + b·1ᵀ, A = f(Z); W is units × units before, b units × 1.

    ``units`` None leaves the width symbolic; ``activation`` None leaves f open; else a name, ``name(number)``
    or an expression in x with the values of its other names in ``let``.
    """

    units: int | None = None
    activation: str | ScalarFunction | None = None
    bias: bool = True
    let: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.units is not None:
            require_units(self.units)

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add Z = W·A + b·1ᵀ and A = f(Z)."""
        layer = builder.next_layer()
        rows = builder.units(self.units)
        weight = builder.parameter("W", Role.WEIGHT, rows, incoming.args[1])
        sum_: MatrixExpr = MatMul(weight, incoming)
        if self.bias:
            bias = builder.parameter("b", Role.BIAS, rows, 1)
            sum_ = MatAdd(sum_, MatMul(bias, OneMatrix(1, BATCH)))
        z = builder.define("Z", Role.PREACTIVATION, sum_, rows)
        return builder.define("A", Role.ACTIVATION, self._activate(z, layer), rows)

    def _activate(self, z: Variable, layer: int) -> MatrixExpr:
        if self.activation is None:
            return Elementwise(GenericFunction("f", layer), z)
        if self.activation == SOFTMAX:
            return Softmax(z)
        if isinstance(self.activation, str):
            return Elementwise(activation_of(self.activation, self.let), z)
        return Elementwise(self.activation, z)


def activation_of(text: str, let: Mapping[str, str]) -> ScalarFunction:
    """Return the activation a text names, with the values it uses.

    Raises:
        SpecError: an unknown name or an expression that is not allowed.
    """
    return resolve_activation(text, used_in(text, let))


def require_units(units: object) -> None:
    """Refuse a width that is not a whole number from 1 to MAX_UNITS.

    Raises:
        SpecError: with what was given and what would be right.
    """
    if isinstance(units, bool) or not isinstance(units, int) or not 1 <= units <= MAX_UNITS:
        raise SpecError(f"a layer cannot have {units!r} units: give a whole number from 1 to {MAX_UNITS:,}")
