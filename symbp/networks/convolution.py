"""Convolutions, 2-D and 1-D, plain and transposed. They need to know that what comes in is an image.

Give the network ``inputs=Image(channels, height, width)``; activations, normalisations and residual sums keep the
geometry, dense layers take the image as the column it is (flatten is the identity). 1-D is an image of height 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar

from sympy import Expr, MatrixExpr, sympify

from symbp.domain import From, described, takes_fields
from symbp.errors import SpecError
from symbp.limits import MAX_UNITS
from symbp.networks.blocks import Kind
from symbp.networks.builder import Builder
from symbp.networks.given import FunctionName, Let
from symbp.networks.images import Image
from symbp.networks.layers import activated, require_units
from symbp.networks.origins import Origin
from symbp.nodes import matadd
from symbp.ops.convolution import Channels, Convolve, TransposedConvolve
from symbp.ops.elementwise import ScalarFunction
from symbp.ops.windows import Window
from symbp.symbols import Role, Variable

Sides = int | tuple[int, int]
"""One number for height and width, or a pair."""


@dataclass(frozen=True)
@takes_fields
class Sliding:
    """What all sliding layers share: reading sides, finding the incoming image."""

    one_dimensional: ClassVar[bool] = False

    def image(self, builder: Builder, incoming: Variable) -> Image:
        """Return what comes in as an image.

        Raises:
            SpecError: it is none, or no signal where one is needed.
        """
        image = builder.images.of(incoming, type(self).__name__)
        if self.one_dimensional and image.height != 1:
            raise SpecError(
                f"{type(self).__name__} needs a signal, channels×1×length, and {incoming.name} is {image}: "
                f"use {type(self).__name__.replace('1d', '2d')}"
            )
        return image

    def sides(self, name: str, given: Sides, least: int) -> tuple[int, int]:
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
            return (0 if name.endswith("padding") else 1, pair[1])
        return (pair[0], pair[1])


def window_on(layer: str, image: Image, *settings: tuple[int, int], groups: int = 1) -> Window:
    """Place a window (kernel, stride, padding, dilation as far as given) on an image; a misfit names the layer."""
    try:
        window = Window(image.height, image.width, *(number for pair in settings for number in pair))
        return replace(window, groups=groups)
    except SpecError as error:
        raise SpecError(f"{layer}: {error}") from None


@dataclass(frozen=True)
@takes_fields
class Conv2d(Sliding):
    """Z = K ∗ A + b, as ``torch.nn.Conv2d``: ``channels`` kernels over all channels of the image, one bias each.

    ``kernel``, ``stride``, ``padding`` (with zeros) and ``dilation`` are one number or (height, width). With ``groups``
    each group of channels has kernels of its own; as many groups as channels make it depthwise. The kernel matrix W is
    channels × (channels before / groups · kh · kw): PyTorch's weight, flattened behind its first axis. ``channels``
    None stays symbolic; ``activation`` None is linear; ``let`` are the values of the names in a custom one.
    """

    channels: int | None
    kernel: Sides
    stride: Sides = 1
    padding: Sides = 0
    bias: bool = True
    activation: FunctionName | ScalarFunction | None = None
    let: Let = field(default_factory=dict)
    dilation: Sides = 1
    groups: Annotated[int, From(1, MAX_UNITS)] = 1

    def __post_init__(self) -> None:
        if self.channels is not None:
            require_units(self.channels)
        self._settings()

    def _settings(self) -> tuple[tuple[int, int], ...]:
        return (
            self.sides("kernel", self.kernel, 1),
            self.sides("stride", self.stride, 1),
            self.sides("padding", self.padding, 0),
            self.sides("dilation", self.dilation, 1),
        )

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add C = K ∗ A, R = b at all places, Z = C + R·1ᵀ and A = f(Z); without a bias Z = K ∗ A.

        Raises:
            SpecError: what comes in is not an image, the kernel does not fit into it, or the groups do not divide it.
        """
        with builder.block(Kind.CONVOLUTION):
            z = self._convolved(builder, incoming)
            return z if self.activation is None else activated(builder, z, self.activation, self.let)

    def _convolved(self, builder: Builder, incoming: Variable) -> Variable:
        image = self.image(builder, incoming)
        builder.next_layer()
        outputs, before = builder.units(self.channels), incoming.args[1] / (image.height * image.width)
        self._require_groups(sympify(outputs), before)
        window, result = self._placed(image, outputs)
        rows, columns = self._kernel(sympify(outputs), before)
        kernel = builder.weight(rows, columns * window.entries)
        builder.origins.brings(kernel, 0, Origin.CHANNELS)
        node = self._node(kernel, incoming, window)
        total = self._biased(builder, node, result) if self.bias else node
        z = builder.define("Z", Role.PREACTIVATION, total, result.rows)
        builder.images.add(z, result)
        return z

    def _require_groups(self, *channels: Expr) -> None:
        for each in channels if self.groups > 1 else ():
            if not (each / self.groups).is_Integer:
                raise SpecError(
                    f"{type(self).__name__}: {self.groups} groups do not divide {each} channels: give numbers of "
                    "channels, before it and behind, that they divide"
                )

    def _placed(self, image: Image, outputs: Expr | int) -> tuple[Window, Image]:
        """Return the window and what comes out."""
        window = window_on(type(self).__name__, image, *self._settings(), groups=self.groups)
        return window, Image(outputs, *window.places)

    def _kernel(self, outputs: Expr, before: Expr) -> tuple[Expr, Expr]:
        """Return the rows of the kernel matrix, and its columns for one entry of the window."""
        return outputs, before / self.groups

    @staticmethod
    def _node(kernel: Variable, incoming: Variable, window: Window) -> MatrixExpr:
        return Convolve(kernel, incoming, *window.args)

    def _biased(self, builder: Builder, node: MatrixExpr, result: Image) -> MatrixExpr:
        """Return C + R·1ᵀ: the convolution, and each channel's bias at all its places and in all examples."""
        bias = builder.parameter("b", Role.BIAS, builder.units(self.channels), 1)
        builder.origins.brings(bias, 0, Origin.CHANNELS)
        c = builder.define("C", Role.CONVOLVED, node, result.rows)
        r = builder.define("R", Role.REPEATED, Channels(bias, result.height * result.width), result.rows, 1)
        for variable in (c, r):
            builder.images.add(variable, result)
        return matadd(c, builder.spread(r))


class Conv1d(Conv2d):
    """Z = K ∗ A + b over signals, as ``torch.nn.Conv1d``: ``kernel``, ``stride`` and ``padding`` are one number."""

    one_dimensional = True


@dataclass(frozen=True)
@takes_fields
class ConvTranspose2d(Conv2d):
    """What turns a convolution round, as ``torch.nn.ConvTranspose2d``: a larger image of the one that comes in.

    Every value lays the kernel, times itself, over the result at places ``stride`` apart; ``padding`` lines are cut off
    the edges, and the last line of ``output_padding`` has what is left. The result is (size − 1)·stride − 2·padding +
    dilation·(kernel − 1) + output_padding + 1 high and wide. The kernel matrix W is channels before ×
    (channels / groups · kh · kw), PyTorch's weight, flattened behind its first axis.
    """

    output_padding: Sides = 0

    def _placed(self, image: Image, outputs: Expr | int) -> tuple[Window, Image]:
        kernel, stride, padding, dilation = settings = self._settings()
        further = self.sides("output_padding", self.output_padding, 0)
        if any(more >= step for more, step in zip(further, stride, strict=True) if more):
            raise SpecError(f"{type(self).__name__}: output_padding {further} is smaller than the stride {stride}")
        sizes = [
            (size - 1) * s - 2 * p + d * (k - 1) + more + 1
            for size, k, s, p, d, more in zip(
                (image.height, image.width), kernel, stride, padding, dilation, further, strict=True
            )
        ]
        result = Image(outputs, *sizes)
        return window_on(type(self).__name__, result, *settings, groups=self.groups), result

    def _kernel(self, outputs: Expr, before: Expr) -> tuple[Expr, Expr]:
        return before, outputs / self.groups

    @staticmethod
    def _node(kernel: Variable, incoming: Variable, window: Window) -> MatrixExpr:
        return TransposedConvolve(kernel, incoming, *window.args)


class ConvTranspose1d(ConvTranspose2d):
    """``ConvTranspose2d`` of signals, as ``torch.nn.ConvTranspose1d``."""

    one_dimensional = True
