"""Convolution and pooling alone: images are columns of channels · height · width values, examples side by side."""

from __future__ import annotations

from sympy import Symbol

from symbp.equations import Equation
from symbp.networks.alone.network import OperationNetwork, Plan
from symbp.networks.images import Image
from symbp.nodes import matadd, matmul, ones
from symbp.ops.convolution import Channels, Convolve
from symbp.ops.pooling import AveragePool, MaxPool
from symbp.ops.windows import Window
from symbp.symbols import BATCH, Role, Variable

C, C_IN, C_OUT = (Symbol(name, integer=True, positive=True) for name in ("C", "C_in", "C_out"))
"""How many channels an image has, and in a convolution those it reads and its kernels."""


def conv1d() -> OperationNetwork:
    """Kernels of three values over signals, with a bias."""
    return _convolution("conv1d", Window(1, 7, 1, 3))


def conv2d() -> OperationNetwork:
    """Kernels of 3×3 over images, with a bias."""
    return _convolution("conv2d", Window(6, 5, 3, 3))


def strided_conv2d() -> OperationNetwork:
    """The same with stride 2 and padding 1."""
    return _convolution("strided-conv2d", Window(7, 5, 3, 3, 2, 2, 1, 1))


def max_pool() -> OperationNetwork:
    """The largest value of every 2×2 values."""
    return _pool("max-pool", MaxPool)


def avg_pool() -> OperationNetwork:
    """The mean of every 2×2 values."""
    return _pool("avg-pool", AveragePool)


def _convolution(name: str, window: Window) -> OperationNetwork:
    image, result = Image(C_IN, window.height, window.width), Image(C_OUT, *window.places)
    x = Variable("X", image.rows, BATCH, Role.INPUT, "X")
    w = Variable("W", C_OUT, C_IN * window.entries, Role.WEIGHT, "W")
    b = Variable("b", C_OUT, 1, Role.BIAS, "b")
    c = Variable("C", result.rows, BATCH, Role.CONVOLVED, "C")
    r = Variable("R", result.rows, 1, Role.REPEATED, "R")
    z = Variable("Z", result.rows, BATCH, Role.PREACTIVATION, "Z")
    equations = [
        Equation(c, Convolve(w, x, *window.args)),
        Equation(r, Channels(b, window.count)),
        Equation(z, matadd(c, matmul(r, ones(1, BATCH)))),
    ]
    order = ("W", "b", "X")
    notes = ("see", "images", "batch")
    plan = Plan((name, "convolution"), one=True, order=order, notes=notes, explained=order)
    network = OperationNetwork(name, equations, [x], [z], [w, b], plan=plan)
    network.images = {x: image, c: result, r: result, z: result}
    return network


def _pool(name: str, kind: type[MaxPool | AveragePool]) -> OperationNetwork:
    window = Window(6, 4, 2, 2, 2, 2)
    image, result = Image(C, window.height, window.width), Image(C, *window.places)
    x = Variable("X", image.rows, BATCH, Role.INPUT, "X")
    a = Variable("A", result.rows, BATCH, Role.POOLED, "A")
    plan = Plan((name, "pool"), one=True, notes=("images",), explained=("X",))
    network = OperationNetwork(name, [Equation(a, kind(x, *window.args))], [x], [a], plan=plan)
    network.images = {x: image, a: result}
    return network
