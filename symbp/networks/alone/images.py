"""Convolution and pooling alone: images are columns of channels · height · width values, examples side by side."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sympy import Symbol

from symbp.equations import Equation
from symbp.networks.alone.lone import Lone, Page, Section
from symbp.networks.images import Image
from symbp.nodes import matadd, matmul, ones
from symbp.op import Op
from symbp.ops.convolution import Channels, Convolve
from symbp.ops.pooling import AveragePool, MaxPool
from symbp.ops.windows import Window
from symbp.symbols import BATCH, Role, Variable

C, C_IN, C_OUT = (Symbol(name, integer=True, positive=True) for name in ("C", "C_in", "C_out"))
"""How many channels an image has, and in a convolution those it reads and its kernels."""

LAYOUT = "Images are columns, channel by channel and row by row; examples stand side by side."
CONVOLVED = {
    "X": "images", "W": "kernels, one a row", "b": "bias, one number a kernel", "C": "the kernels laid over the images",
    "R": "bias repeated at every place", "Z": "output",
}  # fmt: skip
STRIDED_WHY = {
    "W": "The same kernel entry meets a different pixel at every place: the padded input is correlated with the error, "
    "between whose values the stride puts a zero (the error is dilated).",
    "X": "Dilated likewise, the error returns through the kernel read backwards: a full convolution with the flipped "
    "kernel. The padding is cropped off.",
}
ORDER = ("C", "W", "X", "R", "b")
POOLED = {"X": "images", "A": "output"}


def conv1d() -> Lone:
    """Kernels of three values over signals, with a bias."""
    return _convolution("conv1d", Window(1, 7, 1, 3), "One-dimensional convolution")


def conv2d() -> Lone:
    """Kernels of 3×3 over images, with a bias."""
    return _convolution("conv2d", Window(6, 5, 3, 3), "Two-dimensional convolution")


def strided_conv2d() -> Lone:
    """The same with stride 2 and padding 1."""
    window = Window(7, 5, 3, 3, 2, 2, 1, 1)
    return _convolution("strided-conv2d", window, "Convolution with stride 2 and padding 1", STRIDED_WHY)


def max_pool() -> Lone:
    """The largest value of every 2×2 values."""
    return _pool("max-pool", MaxPool, "Max pooling", "The largest value under a window that slides over each channel.")


def avg_pool() -> Lone:
    """The mean of every 2×2 values."""
    return _pool(
        "avg-pool",
        AveragePool,
        "Average pooling",
        "The mean of the values under a window that slides over each channel.",
    )


def _convolution(name: str, window: Window, title: str, why: Mapping[str, str] = MappingProxyType({})) -> Lone:
    image, result = Image(C_IN, window.height, window.width), Image(C_OUT, *window.places)
    x = Variable("X", image.rows, BATCH, Role.INPUT, "X")
    w = Variable("W", C_OUT, C_IN * window.entries, Role.WEIGHT, "W")
    b = Variable("b", C_OUT, 1, Role.BIAS, "b")
    c = Variable("C", result.rows, BATCH, Role.CONVOLVED, "C")
    r = Variable("R", result.rows, 1, Role.REPEATED, "R")
    z = Variable("Z", result.rows, BATCH, Role.PREACTIVATION, "Z")
    node = Convolve(w, x, *window.args)
    equations = [
        Equation(c, node),
        Equation(r, Channels(b, window.count)),
        Equation(z, matadd(c, matmul(r, ones(1, BATCH)))),
    ]
    subject = "Every kernel is laid over every place of the image, entry times entry, added up; then its bias is added."
    page = Page(title, subject, LAYOUT, meanings=CONVOLVED, order=ORDER, why=why, sections=_index_form(node))
    lone = Lone(name, equations, [x], [z], [w, b], page=page)
    lone.images = {x: image, c: result, r: result, z: result}
    return lone


def _pool(name: str, kind: type[MaxPool | AveragePool], title: str, subject: str) -> Lone:
    window = Window(6, 4, 2, 2, 2, 2)
    image, result = Image(C, window.height, window.width), Image(C, *window.places)
    x = Variable("X", image.rows, BATCH, Role.INPUT, "X")
    a = Variable("A", result.rows, BATCH, Role.POOLED, "A")
    node = kind(x, *window.args)
    page = Page(title, subject, LAYOUT, meanings=POOLED, sections=_index_form(node))
    lone = Lone(name, [Equation(a, node)], [x], [a], page=page)
    lone.images = {x: image, a: result}
    return lone


def _index_form(node: Op) -> tuple[Section, ...]:
    explained = node.explanation()
    return (Section("Index form", explained.steps),) if explained is not None else ()
