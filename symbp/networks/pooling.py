"""Layers that make images smaller or larger without parameters: pooling, 2-D, 1-D and to a given size; repeating."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from symbp.domain import takes_fields
from symbp.errors import SpecError
from symbp.networks.blocks import Kind
from symbp.networks.builder import Builder
from symbp.networks.convolution import Sides, Sliding, window_on
from symbp.networks.images import Image
from symbp.ops.pooling import AveragePool, MaxPool
from symbp.ops.rearrange import rearranged
from symbp.ops.windows import Window
from symbp.symbols import Role, Variable


@dataclass(frozen=True)
@takes_fields
class _Pool(Sliding):
    """P = pool(A), channel by channel."""

    operation: ClassVar[type[MaxPool | AveragePool]] = MaxPool

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add P = pool(A).

        Raises:
            SpecError: what comes in is not an image, or the window does not fit into it.
        """
        image = self.image(builder, incoming)
        window = self._window(image)
        result = Image(image.channels, *window.places)
        with builder.block(Kind.POOLING):
            pooled = builder.define("P", Role.POOLED, self.operation(incoming, *window.args), result.rows)
        builder.images.add(pooled, result)
        return pooled

    def _window(self, image: Image) -> Window:
        raise NotImplementedError


@dataclass(frozen=True)
@takes_fields
class _Pooling(_Pool):
    """``stride`` is the kernel unless given, as in PyTorch; ``padding`` is at most half the kernel.

    Where the stride does not divide the image, what is left over at the lower and right edge is not visited.
    """

    kernel: Sides
    stride: Sides | None = None
    padding: Sides = 0

    def __post_init__(self) -> None:
        self._settings()

    def _settings(self) -> tuple[tuple[int, int], ...]:
        kernel, padding = self.sides("kernel", self.kernel, 1), self.sides("padding", self.padding, 0)
        if any(2 * one > other for one, other in zip(padding, kernel, strict=True)):
            raise SpecError(f"{type(self).__name__}: padding {padding} is at most half the kernel {kernel}")
        return (kernel, kernel if self.stride is None else self.sides("stride", self.stride, 1), padding)

    def _window(self, image: Image) -> Window:
        return window_on(type(self).__name__, image, *self._settings())


class MaxPool2d(_Pooling):
    """The largest value under each window (``torch.nn.MaxPool2d``); at a tie the first one counts."""


class AvgPool2d(_Pooling):
    """The mean of the values under each window, zeros of the padding among them (``torch.nn.AvgPool2d``)."""

    operation = AveragePool


class MaxPool1d(MaxPool2d):
    """The largest value under each window of a signal."""

    one_dimensional = True


class AvgPool1d(AvgPool2d):
    """The mean of the values under each window of a signal."""

    one_dimensional = True


@dataclass(frozen=True)
@takes_fields
class AdaptiveAvgPool2d(_Pool):
    """The mean over equal parts of the image, ``size`` of them: ``torch.nn.AdaptiveAvgPool2d``. 1 is global pooling."""

    size: Sides = 1

    operation = AveragePool

    def __post_init__(self) -> None:
        self.sides("size", self.size, 1)

    def _window(self, image: Image) -> Window:
        sides = self.sides("size", self.size, 1)
        if image.height % sides[0] or image.width % sides[1]:
            raise SpecError(
                f"{type(self).__name__}: {sides[0]}×{sides[1]} parts do not divide an image of {image.height}×"
                f"{image.width}; give a size that does, or a pooling with a window"
            )
        kernel = image.height // sides[0], image.width // sides[1]
        return window_on(type(self).__name__, image, kernel, kernel)


class AdaptiveMaxPool2d(AdaptiveAvgPool2d):
    """The largest value of equal parts of the image, ``size`` of them: ``torch.nn.AdaptiveMaxPool2d``."""

    operation = MaxPool


@dataclass(frozen=True)
@takes_fields
class Upsample(Sliding):
    """Every value repeated ``factor`` times downwards and to the right: ``torch.nn.Upsample`` in its mode nearest."""

    factor: Sides = 2

    def __post_init__(self) -> None:
        self.sides("factor", self.factor, 1)

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add P = A at factor · factor places each.

        Raises:
            SpecError: what comes in is not an image.
        """
        image, (down, right) = self.image(builder, incoming), self.sides("factor", self.factor, 1)
        channels, columns = incoming.args[1] / (image.height * image.width), incoming.args[2]
        result = Image(image.channels, image.height * down, image.width * right)
        node = rearranged(
            incoming,
            {"c": channels, "y": image.height, "x": image.width},
            {"e": columns},
            ("c", "y", "down", "x", "right"),
            ("e",),
            repeats={"down": down, "right": right},
        )
        with builder.block(Kind.POOLING):
            repeated = builder.define("P", Role.POOLED, node, result.rows)
        builder.images.add(repeated, result)
        return repeated
