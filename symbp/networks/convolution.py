"""Layers of images: convolution and pooling, 2-D and 1-D. They need to know that what comes in is an image.

Give the network ``inputs=Image(channels, height, width)``; activations, normalisations and residual sums keep the
geometry, dense layers take the image as the column it is (flatten is the identity). 1-D is an image of height 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from sympy import MatrixExpr

from symbp.domain import described, takes_fields
from symbp.errors import SpecError
from symbp.limits import MAX_UNITS
from symbp.networks.blocks import Kind
from symbp.networks.builder import Builder
from symbp.networks.given import FunctionName, Let
from symbp.networks.images import Image
from symbp.networks.layers import activated, require_units
from symbp.networks.origins import Origin
from symbp.nodes import matadd
from symbp.ops.convolution import Channels, Convolve
from symbp.ops.elementwise import ScalarFunction
from symbp.ops.pooling import AveragePool, MaxPool
from symbp.ops.windows import Window
from symbp.symbols import Role, Variable

Sides = int | tuple[int, int]
"""One number for height and width, or a pair."""


@dataclass(frozen=True)
@takes_fields
class _Sliding:
    """What all sliding layers share: reading sides, finding the incoming image, placing the window on it."""

    one_dimensional: ClassVar[bool] = False

    def _image(self, builder: Builder, incoming: Variable) -> Image:
        image = builder.images.of(incoming, type(self).__name__)
        if self.one_dimensional and image.height != 1:
            raise SpecError(
                f"{type(self).__name__} needs a signal, channels×1×length, and {incoming.name} is {image}: "
                f"use {type(self).__name__.replace('1d', '2d')}"
            )
        return image

    def _sides(self, name: str, given: Sides, least: int) -> tuple[int, int]:
        """Return a setting as (height, width).

        Raises:
            SpecError: not one whole number from ``least``, nor (in 2-D) a pair of them.
        """
        pair: tuple[Any, ...] = (given, given)
        if isinstance(given, tuple) and not self.one_dimensional:
            pair = given
        if len(pair) != 2 or not all(isinstance(n, int) and least <= n <= MAX_UNITS for n in pair):
            pairs = "" if self.one_dimensional else ", or a pair (height, width)"
            raise SpecError(
                f"{type(self).__name__} cannot have {name} {described(given)}: "
                f"give a whole number from {least} to {MAX_UNITS:,}{pairs}"
            )
        if self.one_dimensional:
            return (1 if name != "padding" else 0, pair[1])
        return (pair[0], pair[1])


def _window(layer: str, image: Image, *settings: tuple[int, int]) -> Window:
    """Place a window (kernel, stride, padding if any) on an image; a misfit names the layer."""
    try:
        return Window(image.height, image.width, *(number for pair in settings for number in pair))
    except SpecError as error:
        raise SpecError(f"{layer}: {error}") from None


@dataclass(frozen=True)
@takes_fields
class Conv2d(_Sliding):
    """Z = K ∗ A + b, as ``torch.nn.Conv2d``: ``channels`` kernels over all channels of the image, one bias each.

    ``kernel``, ``stride`` and ``padding`` are one number or (height, width); padding is with zeros. The kernel matrix
    W is channels × (channels before · kh · kw): PyTorch's weight, flattened behind its first axis. ``channels`` None
    stays symbolic; ``activation`` None is linear; ``let`` are the values of the names in a custom one.
    """

    channels: int | None
    kernel: Sides
    stride: Sides = 1
    padding: Sides = 0
    bias: bool = True
    activation: FunctionName | ScalarFunction | None = None
    let: Let = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.channels is not None:
            require_units(self.channels)
        self._settings()

    def _settings(self) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
        return (
            self._sides("kernel", self.kernel, 1),
            self._sides("stride", self.stride, 1),
            self._sides("padding", self.padding, 0),
        )

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add C = K ∗ A, R = b at all places, Z = C + R·1ᵀ and A = f(Z); without a bias Z = K ∗ A.

        Raises:
            SpecError: what comes in is not an image, or the kernel does not fit into it.
        """
        with builder.block(Kind.CONVOLUTION):
            z = self._convolved(builder, incoming)
            return z if self.activation is None else activated(builder, z, self.activation, self.let)

    def _convolved(self, builder: Builder, incoming: Variable) -> Variable:
        image = self._image(builder, incoming)
        window = _window(type(self).__name__, image, *self._settings())
        builder.next_layer()
        result = Image(builder.units(self.channels), *window.places)
        columns = incoming.args[1] / window.pixels * window.entries
        kernel = builder.parameter("W", Role.WEIGHT, builder.units(self.channels), columns)
        builder.origins.brings(kernel, 0, Origin.CHANNELS)
        node = Convolve(kernel, incoming, *window.args)
        total = self._biased(builder, node, window, result, kernel) if self.bias else node
        z = builder.define("Z", Role.PREACTIVATION, total, result.rows)
        builder.images.add(z, result)
        return z

    def _biased(self, builder: Builder, node: Convolve, window: Window, result: Image, kernel: Variable) -> MatrixExpr:
        """Return C + R·1ᵀ: the convolution, and each channel's bias at all its places and in all examples."""
        bias = builder.parameter("b", Role.BIAS, builder.units(self.channels), 1)
        builder.origins.shares(bias, 0, kernel)
        c = builder.define("C", Role.CONVOLVED, node, result.rows)
        r = builder.define("R", Role.REPEATED, Channels(bias, window.count), result.rows, 1)
        for variable in (c, r):
            builder.images.add(variable, result)
        return matadd(c, builder.spread(r))


class Conv1d(Conv2d):
    """Z = K ∗ A + b over signals, as ``torch.nn.Conv1d``: ``kernel``, ``stride`` and ``padding`` are one number."""

    one_dimensional = True


@dataclass(frozen=True)
@takes_fields
class _Pooling(_Sliding):
    """P = pool(A), channel by channel, without padding. ``stride`` is the kernel unless given, as in PyTorch.

    Where the stride does not divide the image, what is left over at the lower and right edge is not visited.
    """

    kernel: Sides
    stride: Sides | None = None

    operation: ClassVar[type[MaxPool | AveragePool]] = MaxPool

    def __post_init__(self) -> None:
        self._settings()

    def _settings(self) -> tuple[tuple[int, int], tuple[int, int]]:
        kernel = self._sides("kernel", self.kernel, 1)
        return (kernel, kernel if self.stride is None else self._sides("stride", self.stride, 1))

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add P = pool(A).

        Raises:
            SpecError: what comes in is not an image, or the window does not fit into it.
        """
        image = self._image(builder, incoming)
        window = _window(type(self).__name__, image, *self._settings())
        result = Image(image.channels, *window.places)
        with builder.block(Kind.POOLING):
            pooled = builder.define("P", Role.POOLED, self.operation(incoming, *window.args), result.rows)
        builder.images.add(pooled, result)
        return pooled


class MaxPool2d(_Pooling):
    """The largest value under each window (``torch.nn.MaxPool2d``); at a tie the first one counts."""


class AvgPool2d(_Pooling):
    """The mean of the values under each window (``torch.nn.AvgPool2d``)."""

    operation = AveragePool


class MaxPool1d(MaxPool2d):
    """The largest value under each window of a signal."""

    one_dimensional = True


class AvgPool1d(AvgPool2d):
    """The mean of the values under each window of a signal."""

    one_dimensional = True
