"""Residual blocks: what goes in is added to what comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symbp.domain import takes_fields
from symbp.equations import text
from symbp.errors import ShapeError, SpecError
from symbp.networks.blocks import Kind
from symbp.networks.builder import Builder
from symbp.networks.layers import Layer
from symbp.nodes import matadd
from symbp.symbols import Role, Variable


@dataclass(frozen=True)
@takes_fields
class Residual:
    """S = A + F(A) (He et al. 2016): F is the stack of ``layers``, pre- or post-activation as they are ordered.

    ``projection`` is an affine layer (``Linear``, ``Conv2d``) on the skip where the widths differ: S = P(A) + F(A).
    """

    layers: Sequence[Layer]
    projection: Layer | None = None

    def __post_init__(self) -> None:
        if not self.layers:
            raise SpecError("a residual block needs at least one layer")

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add the equations of F, of the projection, and the sum.

        Raises:
            ShapeError: F changes the width and there is no projection.
        """
        with builder.block(Kind.RESIDUAL):
            return self._sum(builder, incoming)

    def _sum(self, builder: Builder, incoming: Variable) -> Variable:
        """Add F in a block of its own, the projection in one, and S."""
        inner = skip = incoming
        with builder.block(Kind.BRANCH):
            for layer in self.layers:
                inner = layer.build(builder, inner)
        if self.projection is not None:
            with builder.block(Kind.PROJECTION):
                skip = self.projection.build(builder, incoming)
        if inner.shape != skip.shape:
            raise ShapeError(
                f"the residual block that ends in {inner.name} adds {skip.name}, {text(skip.shape)}, to {inner.name}, "
                f"{text(inner.shape)}: give it a projection to {inner.args[1]} units, or equal widths"
            )
        return builder.define("S", Role.BLOCK, matadd(skip, inner), inner.args[1])
