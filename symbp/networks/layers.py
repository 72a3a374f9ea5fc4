"""Layers: what a user composes a network of. Each writes its equations into a Builder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
from symbp.symbols import Role, Variable

SOFTMAX = "softmax"
"""The one activation that is not entrywise."""


class Layer(Protocol):
    """Anything that can write its equations: the incoming activation in, the outgoing one back."""

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add the layer's equations and return the symbol of its output, units × m."""
        ...


@dataclass(frozen=True)
class Linear:
    """An affine layer: Z = W·A + b·1ᵀ; W is units × units before, b units × 1. ``units`` None stays symbolic."""

    units: int | None = None
    bias: bool = True

    def __post_init__(self) -> None:
        if self.units is not None:
            require_units(self.units)

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add Z = W·A + b·1ᵀ."""
        builder.next_layer()
        rows = builder.units(self.units)
        weight = builder.parameter("W", Role.WEIGHT, rows, incoming.args[1])
        total: MatrixExpr = MatMul(weight, incoming)
        if self.bias:
            bias = builder.parameter("b", Role.BIAS, rows, 1)
            total = MatAdd(total, MatMul(bias, OneMatrix(1, builder.columns)))
        return builder.define("Z", Role.PREACTIVATION, total, rows)


@dataclass(frozen=True)
class Activation:
    """An activation alone: A = f(Z), entry by entry, or softmax over each column.

    ``function`` None leaves f open; else a name, ``name(number)`` or an expression in x with the values of its
    other names in ``let``.
    """

    function: str | ScalarFunction | None = None
    let: Mapping[str, str] = field(default_factory=dict)

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add A = f(Z)."""
        return builder.define("A", Role.ACTIVATION, self._applied(builder.layer, incoming), incoming.args[1])

    def _applied(self, layer: int, z: Variable) -> MatrixExpr:
        if self.function is None:
            return Elementwise(GenericFunction("f", layer), z)
        if self.function == SOFTMAX:
            return Softmax(z)
        if isinstance(self.function, str):
            return Elementwise(activation_of(self.function, self.let), z)
        return Elementwise(self.function, z)


@dataclass(frozen=True)
class Scoped:
    """A layer whose names carry ``name`` in front and no layer number: ``hidden.W``."""

    name: str
    layer: Layer

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add the layer's equations under their path."""
        with builder.scope(self.name, numbered=False):
            return self.layer.build(builder, incoming)


@dataclass(frozen=True)
class Dense:
    """A fully connected layer: a ``Linear`` and an ``Activation``, with their arguments."""

    units: int | None = None
    activation: str | ScalarFunction | None = None
    bias: bool = True
    let: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.units is not None:
            require_units(self.units)

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add Z = W·A + b·1ᵀ and A = f(Z)."""
        z = Linear(self.units, self.bias).build(builder, incoming)
        return Activation(self.activation, self.let).build(builder, z)


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


def tokens_of(layers: Sequence[Layer]) -> int:
    """Return how many tokens an example has: what the attention layers among ``layers`` say, 1 without any.

    Raises:
        SpecError: they differ.
    """
    found = list(dict.fromkeys(_tokens(layers)))
    if len(found) > 1:
        raise SpecError(f"attention over {found[0]} tokens and over {found[1]} in one network: give all the same")
    return found[0] if found else 1


def _tokens(layers: Sequence[object]) -> Iterator[int]:
    for layer in layers:
        if isinstance(tokens := getattr(layer, "tokens", None), int):
            yield tokens
        inner = getattr(layer, "layer", None)
        yield from _tokens([*getattr(layer, "layers", ()), *([inner] if inner is not None else [])])
