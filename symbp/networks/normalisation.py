"""Normalisation layers: normalise, then scale by γ and shift by β, one of each for every feature."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from sympy import Expr, Integer, MatrixExpr

from symbp.domain import From, takes_fields
from symbp.errors import SpecError
from symbp.limits import MAX_UNITS
from symbp.networks.blocks import Kind
from symbp.networks.builder import Builder
from symbp.networks.given import Value
from symbp.networks.images import Image
from symbp.nodes import hadamard, matadd
from symbp.ops.channel_norm import NormaliseChannels
from symbp.ops.convolution import Channels
from symbp.ops.functions import exact
from symbp.ops.normalisation import Normalise, Over
from symbp.ops.rearrange import rearranged
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
        return self._affine(builder, n)

    def _affine(self, builder: Builder, n: Variable) -> Variable:
        """Add B = γ·1ᵀ ⊙ N + β·1ᵀ."""
        rows = n.args[1]
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
        node = NormaliseChannels(incoming, image.height * image.width, exact(self.epsilon, "epsilon"))
        return _scaled_by_channel(builder, builder.define("N", Role.NORMALISED, node, incoming.args[1]), image)


def _scaled_by_channel(builder: Builder, n: Variable, image: Image) -> Variable:
    """Add B = γ ⊙ N + β, both repeated at every place of their channel first."""
    rows, places = n.args[1], image.height * image.width
    channels = rows / Integer(places)
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


@dataclass(frozen=True)
@takes_fields
class GroupNorm(_Normalisation):
    """Normalise every example over each of ``groups`` groups of channels (Wu and He 2018), γ and β a channel after it.

    As ``torch.nn.GroupNorm``: of an image over the places of the group's channels, of a column over its rows of it.
    The rows of every group become a column of their own, are normalised, and go back.
    """

    groups: Annotated[int, From(1, MAX_UNITS)] = field(default=1, kw_only=True)
    affine: bool = field(default=True, kw_only=True)

    def _scaled(self, builder: Builder, incoming: Variable) -> Variable:
        image = builder.images.known.get(incoming)
        rows, places = incoming.args[1], image.height * image.width if image else 1
        return self._in_groups(builder, incoming, self._number(rows / Integer(places)), image)

    def _number(self, channels: Expr) -> Expr:
        """Return how many groups there are.

        Raises:
            SpecError: they do not divide the channels.
        """
        if self.groups > 1 and not (channels / self.groups).is_Integer:
            raise SpecError(f"{self.groups} groups do not divide {channels} channels: give a number that does")
        return Integer(self.groups)

    def _in_groups(self, builder: Builder, incoming: Variable, groups: Expr, image: Image | None) -> Variable:
        rows, columns = incoming.args[1], incoming.args[2]
        apart = {"g": groups, "r": rows / groups}, {"e": columns}, ("r",), ("e", "g")
        together = {"r": rows / groups}, {"e": columns, "g": groups}, ("g", "r"), ("e",)
        v: Variable = incoming
        if groups != 1:
            v = builder.define("V", Role.NORMALISED, rearranged(incoming, *apart), rows / groups, columns * groups)
        node = Normalise(v, Over.FEATURES, True, exact(self.epsilon, "epsilon"))
        n = builder.define("N", Role.NORMALISED, node, *v.shape)
        if groups != 1:
            n = builder.define("N", Role.NORMALISED, rearranged(n, *together), rows, columns)
        if image is not None:
            builder.images.add(n, image)
        if not self.affine:
            return n
        return self._affine(builder, n) if image is None else _scaled_by_channel(builder, n, image)


@dataclass(frozen=True)
@takes_fields
class InstanceNorm2d(GroupNorm):
    """Normalise every channel of every example over its places (Ulyanov et al. 2016), as ``torch.nn.InstanceNorm2d``.

    γ and β stand behind it with ``affine``, which is false unless given, as there.

    Raises:
        SpecError: what comes in is not an image.
    """

    groups: int = field(default=1, init=False, repr=False)
    affine: bool = field(default=False, kw_only=True)

    def _scaled(self, builder: Builder, incoming: Variable) -> Variable:
        image = builder.images.of(incoming, type(self).__name__)
        channels = incoming.args[1] / Integer(image.height * image.width)
        return self._in_groups(builder, incoming, channels, image)


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
