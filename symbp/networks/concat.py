"""Concatenation: what comes out of layers is stacked below what went in, as in densely connected networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sympy import Integer, MatrixSymbol

from symbp.domain import takes_fields
from symbp.equations import text
from symbp.errors import ShapeError, SpecError
from symbp.networks.blocks import Kind
from symbp.networks.builder import Builder
from symbp.networks.images import Image
from symbp.networks.layers import Layer
from symbp.ops.structure import Stack
from symbp.symbols import Role, Variable


@dataclass(frozen=True)
@takes_fields
class Concat:
    """K = [A; F(A)]: what goes in above what comes out of the stack ``layers``; of images the channels.

    As ``torch.cat([x, f(x)], 1)`` with examples as rows.
    """

    layers: Sequence[Layer]

    def __post_init__(self) -> None:
        if not self.layers:
            raise SpecError("a concatenation needs at least one layer")

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add the equations of F and K = stack(A, F(A)).

        Raises:
            ShapeError: an image, and F changes its height or width.
        """
        with builder.block(Kind.CONCATENATION):
            return self._stacked(builder, incoming)

    def _stacked(self, builder: Builder, incoming: Variable) -> Variable:
        inner = incoming
        for layer in self.layers:
            inner = layer.build(builder, inner)
        return _below(builder, incoming, inner)


@dataclass(frozen=True)
@takes_fields
class ConcatWith:
    """K = [A; B]: what goes in above what an earlier layer of this ``name`` returned, as the skips of a U-Net do.

    A name is that of ``Scoped`` or of a layer in a file (Ronneberger et al. 2015, fig. 1).
    """

    name: str

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add K = stack(A, B).

        Raises:
            SpecError: no layer before it has that name.
            ShapeError: an image, and the other one has another height or width.
        """
        other = builder.result_of(self.name)
        with builder.block(Kind.CONCATENATION):
            return _below(builder, incoming, other)


def _below(builder: Builder, above: Variable, below: Variable) -> Variable:
    """Add K = stack(above, below)."""
    image = _stacked(builder.images.known, above, below)
    node = Stack(above, below)
    stacked = builder.define("K", Role.STACKED, node, node.shape[0])
    if image is not None:
        builder.images.add(stacked, image)
    return stacked


def _stacked(images: Mapping[MatrixSymbol, Image], above: Variable, below: Variable) -> Image | None:
    """Return the image that two make, channels above channels; None behind a plain column.

    Raises:
        ShapeError: the upper one is an image, and the lower one has another height or width or is none.
    """
    upper, lower = images.get(above), images.get(below)
    if upper is None:
        return None
    if lower is None or (upper.height, upper.width) != (lower.height, lower.width):
        raise ShapeError(
            f"a concatenation puts {below.name}, {lower or text(below.shape)}, below the image {above.name}, {upper}: "
            "channels may differ, height and width not; keep them with padding"
        )
    channels = (above.shape[0] + below.shape[0]) / Integer(upper.height * upper.width)
    return Image(channels, upper.height, upper.width)


@dataclass(frozen=True)
@takes_fields
class DenseBlock:
    """A dense block (Huang et al. 2017): every stack of ``stages`` reads all that came before it, and adds its output.

    K₁ = [A; F₁(A)], K₂ = [K₁; F₂(K₁)] … , one ``Concat`` a stage.
    """

    stages: Sequence[Sequence[Layer]]

    def __post_init__(self) -> None:
        if not self.stages or not all(self.stages):
            raise SpecError("a dense block needs at least one stage, and every stage at least one layer")

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The stages as layers."""
        return tuple(Concat(stage) for stage in self.stages)

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add one concatenation a stage.

        Raises:
            ShapeError: as ``Concat`` does.
        """
        with builder.block(Kind.DENSE_BLOCK):
            for layer in self.layers:
                incoming = layer.build(builder, incoming)
        return incoming
