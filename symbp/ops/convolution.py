"""Convolution as in neural networks (cross-correlation), 2-D; a 1-D signal is an image of height 1.

Images are matrices C·H·W × m, a kernel is C_out × (C_in·kh·kw). In index form, with the padded image x,

    z[o, p, q] = Σ_{c, i, j} K[o, c, i, j] · x[c, s·p + i, s·q + j]

and backwards, with the error g of z (Dumoulin and Visin 2016, "A guide to convolution arithmetic", §4):

    dK[o, c, i, j] = Σ_{p, q, examples} g[o, p, q] · x[c, s·p + i, s·q + j]      the error correlated with the input
    dx[c, y, x]    = Σ_{o, i, j} K[o, c, i, j] · g[o, (y − i)/s, (x − j)/s]      full convolution, the kernel flipped
"""

from __future__ import annotations

from typing import Any, ClassVar, cast

from sympy import Basic, Expr, Integer, MatrixExpr, MatrixSymbol

from symbp.equations import Step, text
from symbp.errors import ShapeError
from symbp.op import FactorRole, Op, explain, meaning, rule
from symbp.ops.windows import Windowed, back_to_pixels, channels_of, patches


class Convolve(Windowed):
    """Z = K ∗ X: every kernel laid over every place of the image, entry times entry, added up.

    Args: K (C_out × C_in·kh·kw), X (C_in·H·W × m), then the eight numbers of a ``Window``. The result is
    C_out·H′·W′ × m.

    Raises:
        ShapeError: kernel and image do not have the same channels.
    """

    label: ClassVar[tuple[str, str, str]] = (r"\mathrm{conv}", "conv", "conv")

    def __new__(cls, k: MatrixExpr, x: MatrixExpr, *window: Expr) -> Convolve:
        node = cast("Convolve", Basic.__new__(cls, k, x, *window))
        w = node.window
        if k.shape[1] / Integer(w.entries) != x.shape[0] / Integer(w.pixels):
            raise ShapeError(
                f"{k} is {text(k.shape)} and {x} is {text(x.shape)}: a kernel of {w.kh}×{w.kw} needs {w.entries} "
                f"columns and an image of {w.height}×{w.width} has {w.pixels} rows for each channel"
            )
        return node

    shape = property(lambda self: (self.args[0].shape[0] * self.window.count, self.args[1].shape[1]))


class TransposedConvolve(Windowed):
    """What a convolution makes of the error G on its way to the image: full convolution with the flipped kernel.

    Args: K, G (C_out·H′·W′ × m) and the window of the forward convolution. The result is C_in·H·W × m.
    """

    acts_on = 1
    factor_role = FactorRole.WEIGHT
    label: ClassVar[tuple[str, str, str]] = ("C", "C", "C")

    def __new__(cls, k: MatrixExpr, g: MatrixExpr, *window: Expr) -> TransposedConvolve:
        return cast("TransposedConvolve", Basic.__new__(cls, k, g, *window))

    @property
    def shape(self) -> tuple[Expr, Expr]:
        """C_in·H·W × m."""
        k, g, w = self.args[0], self.args[1], self.window
        return (k.shape[1] / Integer(w.entries) * w.pixels, g.shape[1])


class KernelCorrelation(Windowed):
    """The gradient of a kernel: the error G correlated with the image X, added up over the examples.

    Args: X (C_in·H·W × m), G (C_out·H′·W′ × m) and the window. The result is C_out × C_in·kh·kw.
    """

    acts_on = 1
    factor_role = FactorRole.PREVIOUS
    label: ClassVar[tuple[str, str, str]] = ("R", "R", "R")

    def __new__(cls, x: MatrixExpr, g: MatrixExpr, *window: Expr) -> KernelCorrelation:
        return cast("KernelCorrelation", Basic.__new__(cls, x, g, *window))

    @property
    def shape(self) -> tuple[Expr, Expr]:
        """C_out × C_in·kh·kw."""
        x, g, w = self.args[0], self.args[1], self.window
        return (channels_of(g, w.count), channels_of(x, w.pixels) * w.entries)


class Channels(Op):
    """One value for each channel, repeated at all its places: C × 1 in, C·places × 1 out.

    Args: B (C × n) and the number of places.
    """

    label: ClassVar[tuple[str, str, str]] = (r"\mathrm{channels}", "channels", "channels")

    def __new__(cls, b: MatrixExpr, places: int | Integer) -> Channels:
        return cast("Channels", Basic.__new__(cls, b, Integer(places)))

    shape = property(lambda self: (self.args[0].shape[0] * self.args[1], self.args[0].shape[1]))


class ChannelSums(Op):
    """The error G added up over the places of each channel: C·places × n in, C × n out."""

    acts_on = 0
    factor_role = FactorRole.CONSTANT
    label: ClassVar[tuple[str, str, str]] = ("S", "S", "S")

    def __new__(cls, g: MatrixExpr, places: int | Integer) -> ChannelSums:
        return cast("ChannelSums", Basic.__new__(cls, g, Integer(places)))

    shape = property(lambda self: (channels_of(self.args[0], int(self.args[1])), self.args[0].shape[1]))


@meaning(Convolve)
def convolve(xp: Any, k: Any, x: Any, *window: int) -> Any:
    """Every kernel times what lies under it at every place (height, width, kernel, strides and paddings follow)."""
    under = patches(xp, x, *window)
    return (k @ under.reshape(k.shape[1], -1)).reshape(-1, x.shape[1])


@meaning(TransposedConvolve)
def transposed_convolve(xp: Any, k: Any, g: Any, *window: int) -> Any:
    """At every pixel, each kernel entry times the error of the place where that entry lies on the pixel, added up."""
    over = back_to_pixels(xp, g, *window)
    outputs, entries = over.shape[:2]
    kernels = k.reshape(outputs, -1, entries).swapaxes(0, 1).reshape(-1, outputs * entries)
    return (kernels @ over.reshape(outputs * entries, -1)).reshape(-1, g.shape[1])


@meaning(KernelCorrelation)
def kernel_correlation(xp: Any, x: Any, g: Any, *window: int) -> Any:
    """For every kernel entry, the error at each place times the pixel under that entry, over places and examples."""
    under = patches(xp, x, *window)
    return g.reshape(-1, under.shape[2]) @ under.reshape(-1, under.shape[2]).T


@meaning(Channels)
def channels(xp: Any, b: Any, places: int) -> Any:
    """Each row repeated at all places of its channel."""
    return (b[:, None] * xp.ones((1, places, 1))).reshape(-1, b.shape[1])


@meaning(ChannelSums)
def channel_sums(xp: Any, g: Any, places: int) -> Any:
    """The rows of each channel added up."""
    return xp.sum(g.reshape(-1, places, g.shape[1]), axis=1)


@rule(Convolve)
def convolve_vjp(node: Convolve, output: MatrixSymbol | None, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """A convolution returns the error to its image by the flipped kernel, to its kernel by the image."""
    k, x, *window = node.args
    return (KernelCorrelation(x, adjoint, *window), TransposedConvolve(k, adjoint, *window))


_KERNEL = Step(
    "convolve_kernel",
    "The same kernel entry meets a different pixel at every place, so its gradient is the sum over all places of "
    "error times pixel: the error correlated with the input.",
)
_IMAGE = Step(
    "convolve_image",
    "A pixel lies under entry i of the kernel exactly at the place i steps before it, so the errors return through "
    "the kernel read backwards: a full convolution with the flipped kernel.",
)


@explain.register
def _(node: Convolve, operand: int) -> Step:
    return (_KERNEL, _IMAGE)[operand]


@rule(Channels)
def channels_vjp(node: Channels, output: MatrixSymbol | None, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """One bias serves all places of its channel, so its gradient is the error added up over the places."""
    return (ChannelSums(adjoint, node.args[1]),)
