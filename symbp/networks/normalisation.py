"""Normalisation layers: normalise, then scale by γ and shift by β, one of each for every feature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sympy import Integer, MatrixExpr

from symbp.domain import takes_fields
from symbp.errors import SpecError
from symbp.networks.blocks import Kind
from symbp.networks.builder import Builder
from symbp.networks.given import Value
from symbp.networks.images import Image
from symbp.nodes import hadamard, matadd
from symbp.ops.channel_norm import NormaliseChannels
from symbp.ops.convolution import Channels
from symbp.ops.functions import exact
from symbp.ops.normalisation import Normalise, Over
from symbp.symbols import Role, Variable


@dataclass(frozen=True)
@takes_fields
class _Normalisation:
    """B = γ·1ᵀ ⊙ N + β·1ᵀ with N the normalised input; γ and β are units × 1. ``epsilon`` is exact text."""

    epsilon: Value = "1e-5"

    over: ClassVar[Over] = Over.FEATURES
    centred: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if exact(self.epsilon, "epsilon") <= 0:
            raise SpecError(f"epsilon is {self.epsilon}: give a positive number, such as 1e-5")

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add N = normalise(Z) and B = γ·1ᵀ ⊙ N + β·1ᵀ."""
        with builder.block(Kind.NORM):
            return self._scaled(builder, incoming)

    def _scaled(self, builder: Builder, incoming: Variable) -> Variable:
        rows = incoming.args[1]
        epsilon = exact(self.epsilon, "epsilon")
        n = builder.define("N", Role.NORMALISED, Normalise(incoming, self.over, self.centred, epsilon), rows)
        gamma = builder.parameter("gamma", Role.SCALE, rows, 1)
        total: MatrixExpr = hadamard(builder.spread(gamma), n)
        if self.centred:
            total = matadd(total, builder.spread(builder.parameter("beta", Role.SHIFT, rows, 1)))
        return builder.define("B", Role.SHIFTED, total, rows)


class BatchNorm(_Normalisation):
    """Normalise over the examples of the batch (Ioffe and Szegedy 2015), γ and β after it.

    Of a column each feature on its own, as ``torch.nn.BatchNorm1d``; of an image (behind ``Conv2d`` or pooling) each
    channel over all its pixels, one γ and β a channel, as ``torch.nn.BatchNorm2d``.
    """

    over = Over.EXAMPLES

    def _scaled(self, builder: Builder, incoming: Variable) -> Variable:
        """Of an image γ and β are repeated at every place first."""
        image = builder.images.known.get(incoming)
        return super()._scaled(builder, incoming) if image is None else self._by_channel(builder, incoming, image)

    def _by_channel(self, builder: Builder, incoming: Variable, image: Image) -> Variable:
        rows, places = incoming.args[1], image.height * image.width
        channels = rows / Integer(places)
        node = NormaliseChannels(incoming, places, exact(self.epsilon, "epsilon"))
        n = builder.define("N", Role.NORMALISED, node, rows)
        gamma = builder.parameter("gamma", Role.SCALE, channels, 1)
        scale = builder.define("RG", Role.SCALE, Channels(gamma, places), rows, 1)
        beta = builder.parameter("beta", Role.SHIFT, channels, 1)
        shift = builder.define("RB", Role.SHIFT, Channels(beta, places), rows, 1)
        for variable in (scale, shift):
            builder.images.add(variable, image)
        total = matadd(hadamard(builder.spread(scale), n), builder.spread(shift))
        shifted = builder.define("B", Role.SHIFTED, total, rows)
        builder.images.add(shifted, image)
        return shifted


class BatchNorm2d(BatchNorm):
    """``BatchNorm`` that refuses what is not an image: ``torch.nn.BatchNorm2d`` in training.

    Raises:
        SpecError: what comes in is not an image.
    """

    def _scaled(self, builder: Builder, incoming: Variable) -> Variable:
        return self._by_channel(builder, incoming, builder.images.of(incoming, type(self).__name__))


class LayerNorm(_Normalisation):
    """Normalise every example over its features (Ba, Kiros and Hinton 2016), γ and β after it."""


class RMSNorm(_Normalisation):
    """Divide every example by its root mean square (Zhang and Sennrich 2019), γ after it and no β."""

    centred = False
