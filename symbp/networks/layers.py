"""Layers: what a user composes a network of. Each writes its equations into a Builder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, is_dataclass, replace
from typing import Protocol, runtime_checkable

from sympy import MatrixExpr

from symbp.domain import DOMAINS, Domain, described, takes_fields
from symbp.equations import text
from symbp.errors import ShapeError, SpecError, nearest
from symbp.limits import MAX_UNITS
from symbp.networks.blocks import Kind
from symbp.networks.builder import Builder
from symbp.networks.expressions import resolve_activation
from symbp.networks.given import FunctionName, Let, used_in
from symbp.networks.origins import Origin
from symbp.nodes import matadd, matmul, transpose
from symbp.ops.elementwise import Elementwise, GenericFunction, ScalarFunction
from symbp.ops.softmax import Softmax
from symbp.symbols import NAME, Role, Variable

SOFTMAX = "softmax"
"""The one activation that is not entrywise."""


class Layer(Protocol):
    """Anything that can write its equations: the incoming activation in, the outgoing one back."""

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add the layer's equations and return the symbol of its output, units × m."""
        ...


def _layer(value: object) -> object:
    if isinstance(value, type) or not (hasattr(value, "build") or hasattr(value, "build_steps")):
        raise TypeError
    return value


DOMAINS[Layer] = Domain("a layer, such as Dense(5)", "layers, such as Dense(5)", _layer)


@runtime_checkable
class SequenceLayer(Protocol):
    """A layer that reads a sequence X1 … XT: all its steps in, one matrix or one a step back."""

    def build_steps(self, builder: Builder, incoming: Sequence[Variable]) -> Variable | tuple[Variable, ...]:
        """Add the layer's equations and return the symbols of its output."""
        ...


@dataclass(frozen=True)
class Extension:
    """A layer of another package: its class, a dataclass whose fields are the keys of a file, and what it is."""

    layer: type[Layer]
    about: str


EXTENSIONS: dict[str, Extension] = {}
"""The types of layers that other packages bring, by the word for them in files."""


def layer_type(name: str, layer: type[Layer], about: str) -> None:
    """Let network files and ``symbp schema`` have a type of layer, as ``type = "name"``; a second of a name is refused.

    ``layer`` is a dataclass: its fields are the keys, with their annotations and defaults. ``about`` is one sentence.

    Raises:
        SpecError: a name that is none or is taken, or no dataclass with ``build``.
    """
    if not NAME.match(name) or "." in name:
        raise SpecError(f"{described(name)} is no type of layer: use letters, digits and _ after a letter")
    if name in EXTENSIONS:
        raise SpecError(f"{name} is a type of layer already, {EXTENSIONS[name].layer.__name__}")
    if not (is_dataclass(layer) and hasattr(layer, "build")):
        raise SpecError(f"{described(layer)} is no layer for files: give a dataclass with build(builder, incoming)")
    if not about.strip():
        raise SpecError(f"say in a sentence what a layer of the type {name} is: about")
    EXTENSIONS[name] = Extension(layer, about)


def kind_of(layer: Layer) -> str:
    """Return the type of a layer as messages name it, of the one inside where it stands in a file or under a name."""
    inner = getattr(layer, "layer", None)
    return type(layer).__name__ if inner is None else kind_of(inner)


@dataclass(frozen=True)
@takes_fields
class Linear:
    """An affine layer: Z = W·A + b·1ᵀ; W is units × units before, b units × 1. ``units`` None stays symbolic.

    ``tied_to`` names the weight of an earlier layer to use instead of one of its own, ``transposed`` its
    transpose (as an autoencoder's decoder does). Its gradient adds up both uses.
    """

    units: int | None = None
    bias: bool = True
    tied_to: str | None = None
    transposed: bool = False

    def __post_init__(self) -> None:
        if self.units is not None:
            require_units(self.units)
        if self.transposed and self.tied_to is None:
            raise SpecError("transposed=True goes with tied_to=, the name of the weight to transpose")

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add Z = W·A + b·1ᵀ.

        Raises:
            SpecError: ``tied_to`` names no weight so far.
            ShapeError: the tied weight does not fit.
        """
        builder.next_layer()
        tied = None if self.tied_to is None else self._tied(self.tied_to, builder, incoming)
        with builder.block(Kind.LINEAR):
            return _affine(builder, incoming, self.units, self.bias, tied)

    def _tied(self, name: str, builder: Builder, incoming: Variable) -> MatrixExpr:
        """Return the matrix in front of A: the weight of that name, or its transpose."""
        known = {parameter.name: parameter for parameter in builder.parameters if parameter.role is Role.WEIGHT}
        if name not in known:
            near = nearest(name, known)
            raise SpecError(f"tied_to: no weight before this layer is called {name!r}{near}")
        weight: MatrixExpr = known[name]
        weight, what = (transpose(weight), "transposed ") if self.transposed else (weight, "")
        rows, columns = weight.shape
        if columns != incoming.args[1] or self.units not in (None, rows):
            wanted = f"{self.units or rows}×{incoming.args[1]}"
            raise ShapeError(
                f"{what}{name} is {text(weight.shape)} but the layer behind {incoming.name} needs {wanted}"
            )
        return weight


def _affine(
    builder: Builder, incoming: Variable, units: int | None, bias: bool, tied: MatrixExpr | None = None
) -> Variable:
    """Add Z = W·A + b·1ᵀ, W a parameter of the layer's own unless it is ``tied``."""
    rows = builder.units(units) if tied is None else tied.shape[0]
    weight = builder.weight(rows, incoming.args[1]) if tied is None else tied
    if tied is None:
        builder.origins.brings(weight, 0, Origin.UNITS)
    total: MatrixExpr = matmul(weight, incoming)
    if bias:
        total = matadd(total, builder.spread(builder.parameter("b", Role.BIAS, rows, 1)))
    return builder.define("Z", Role.PREACTIVATION, total, rows)


@dataclass(frozen=True)
@takes_fields
class Activation:
    """An activation alone: A = f(Z), entry by entry, or softmax over each column.

    ``function`` None leaves f open; else a name, ``name(number)`` or an expression in x with the values of its
    other names in ``let``.
    """

    function: FunctionName | ScalarFunction | None = None
    let: Let = field(default_factory=dict)

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add A = f(Z)."""
        with builder.block(Kind.ACTIVATION):
            return activated(builder, incoming, self.function, self.let)


def activated(builder: Builder, z: Variable, function: str | ScalarFunction | None, let: Let) -> Variable:
    """Add A = f(Z), with an f of the layer where none is given."""
    return builder.define("A", Role.ACTIVATION, _applied(function, let, builder.layer, z), z.args[1])


def _applied(function: str | ScalarFunction | None, let: Let, layer: int, z: Variable) -> MatrixExpr:
    if function is None:
        return Elementwise(GenericFunction("f", layer), z)
    if isinstance(function, ScalarFunction):
        return Elementwise(function, z)
    return Softmax(z) if function == SOFTMAX else Elementwise(activation_of(function, let), z)


@dataclass(frozen=True)
class Scoped:
    """A layer whose names carry ``name`` in front and no layer number: ``hidden.W``."""

    name: str
    layer: Layer

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add the layer's equations under their path."""
        with builder.scope(self.name, numbered=False):
            builder.results[self.name] = result = self.layer.build(builder, incoming)
        return result


@dataclass(frozen=True)
@takes_fields
class Dense:
    """A fully connected layer: a ``Linear`` and an ``Activation``, with their arguments."""

    units: int | None = None
    activation: FunctionName | ScalarFunction | None = None
    bias: bool = True
    let: Let = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.units is not None:
            require_units(self.units)

    def opened(self) -> Dense:
        """Return the same layer with its width left open."""
        return replace(self, units=None)

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add Z = W·A + b·1ᵀ and A = f(Z)."""
        builder.next_layer()
        with builder.block(Kind.DENSE):
            return activated(builder, _affine(builder, incoming, self.units, self.bias), self.activation, self.let)


def activation_of(text: str, let: Let) -> ScalarFunction:
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
        raise SpecError(f"a layer cannot have {described(units)} units: give a whole number from 1 to {MAX_UNITS:,}")


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
        if getattr(layer, "reads_another", False):
            continue
        if isinstance(tokens := getattr(layer, "tokens", None), int):
            yield tokens
        inner = getattr(layer, "layer", None)
        yield from _tokens([*getattr(layer, "layers", ()), *([inner] if inner is not None else [])])
