"""Pooling: the largest or the mean value under a window that slides over each channel.

A mean counts the zeros of the padding, a maximum leaves them out. At a tie the largest value is the first one in C
order; it alone gets the error. All of this is as in PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar, cast

from sympy import Basic, Expr, IndexedBase, MatrixExpr, MatrixSymbol, S

from symbp.op import Entry, FactorRole, meaning, rule
from symbp.ops.entries import EXAMPLE, Largest, Total, base
from symbp.ops.windows import (
    INPUT,
    At,
    Window,
    Windowed,
    back_to_pixels,
    channels_of,
    onto_pixels,
    patches,
    sliding,
)
from symbp.symbols import Adjoint


def moving(window: Window) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Return the settings of a pool: its stride where it is not its sides, padding, dilation."""
    is_usual = all(axis.stride == axis.window for axis in window.axes)
    return tuple(each for each in sliding(window, "s") if each[0] != "s" or not is_usual)


class _Pool(Windowed):
    """Args: X (C·H·W × m) and the window; the result is C·H′·W′ × m."""

    size = property(lambda self: self.sides)
    sign_settings = property(lambda self: moving(self.window))

    def __new__(cls, x: MatrixExpr, *window: Expr) -> _Pool:
        node = cast("_Pool", Basic.__new__(cls, x, *window))
        channels_of(x, node.window.pixels)
        return node

    @property
    def shape(self) -> tuple[Expr, Expr]:
        """C·H′·W′ × m."""
        x, w = self.args[0], self.window
        return (channels_of(x, w.pixels) * w.count, x.shape[1])

    def form(self, combined: Callable[[IndexedBase, At], Expr]) -> Entry:
        """Return the entry form of what is made of the values under the window."""
        x, at = base("x"), At(self.window, self.args[0].shape[1])
        channels = channels_of(self.args[0], self.window.pixels)
        return at.form(
            operands=((x, at.image(channels)),),
            sizes=at.map(channels),
            parts=(((INPUT, *at.places, EXAMPLE), combined(x, at)),),
            ranges={INPUT: channels},
        )


class MaxPool(_Pool):
    """The largest value under the window at every place of every channel."""

    label: ClassVar[str] = "maxpool"

    def entry(self) -> Entry:
        """Return max_{i,j} x[c, s·p + i, s·q + j]; that the padding does not count is told in words."""
        if self.window.ph or self.window.pw:
            return replace(self.form(lambda x, at: S.Zero), parts=(), says="inside")
        return self.form(lambda x, at: Largest(x[(INPUT, *at.under, EXAMPLE)], *at.entries))


class AveragePool(_Pool):
    """The mean of the values under the window at every place of every channel."""

    label: ClassVar[str] = "avgpool"

    @property
    def acts_on(self) -> int | None:  # type: ignore[override] # of an operation that is always one of a reverse pass
        """Its operand, where that is an error."""
        return 0 if self.args[0].has(Adjoint) else None

    def entry(self) -> Entry:
        """Return the mean over i, j of x[c, s·p + i, s·q + j]."""
        share = S.One / self.window.entries
        return self.form(lambda x, at: share * Total(x[(INPUT, *at.under, EXAMPLE)], *at.entries))


class MaxPoolTranspose(Windowed):
    """The error G of every place, handed to the value that was the largest there.

    Args: X (C·H·W × m), A = maxpool(X) and G (C·H′·W′ × m), the window. The result has the shape of X.
    """

    acts_on = 2
    factor_role = FactorRole.MASK
    label: ClassVar[str] = "M"
    about = "the mask of the largest values: each error goes to the largest value under its window"

    def __new__(cls, x: MatrixExpr, a: MatrixExpr, g: MatrixExpr, *window: Expr) -> MaxPoolTranspose:
        return cast("MaxPoolTranspose", Basic.__new__(cls, x, a, g, *window))

    shape = property(lambda self: self.args[0].shape)

    def entry(self) -> Entry:
        """Say where each error goes: which value is the largest is no formula in the entries."""
        operands = zip(map(base, "xag"), (each.shape for each in self.args[:3]), strict=True)
        return Entry(operands=tuple(operands), says="largest")


class MaxPoolPick(Windowed):
    """Of every window of V the value that stands where X was the largest: the way back of MaxPoolTranspose.

    Args: X (C·H·W × m), A = maxpool(X) and V of the shape of X, the window. The result has the shape of A.
    """

    acts_on = 2
    factor_role = FactorRole.MASK
    label: ClassVar[str] = "P"
    about = "the choice of the largest values: of every window what stands where the largest value was"

    def __new__(cls, x: MatrixExpr, a: MatrixExpr, v: MatrixExpr, *window: Expr) -> MaxPoolPick:
        return cast("MaxPoolPick", Basic.__new__(cls, x, a, v, *window))

    shape = property(lambda self: self.args[1].shape)

    def entry(self) -> Entry:
        """Say which value it is: the place of the largest is no formula in the entries."""
        operands = zip(map(base, "xav"), (each.shape for each in self.args[:3]), strict=True)
        return Entry(operands=tuple(operands), says="picked")


class AveragePoolTranspose(Windowed):
    """The error G of every place, in equal shares to all values under the window; C·H′·W′ × m in, C·H·W × m out."""

    acts_on = 0
    factor_role = FactorRole.CONSTANT
    label: ClassVar[str] = "spread"
    about = "the way back of the mean: each error in equal shares to the values under its window"
    size = property(lambda self: self.sides)
    sign_settings = property(lambda self: moving(self.window))

    def __new__(cls, g: MatrixExpr, *window: Expr) -> AveragePoolTranspose:
        return cast("AveragePoolTranspose", Basic.__new__(cls, g, *window))

    @property
    def shape(self) -> tuple[Expr, Expr]:
        """C·H·W × m."""
        g, w = self.args[0], self.window
        return (channels_of(g, w.count) * w.pixels, g.shape[1])

    def entry(self) -> Entry:
        """Return the share 1/(kh·kw) of the sum over i, j of g[c, (u − i)/s, (v − j)/s]."""
        g, at = base("g"), At(self.window, self.args[0].shape[1])
        channels = channels_of(self.args[0], self.window.count)
        share = S.One / self.window.entries
        return at.form(
            operands=((g, at.map(channels)),),
            sizes=at.image(channels),
            parts=(((INPUT, *at.lines, EXAMPLE), share * Total(g[(INPUT, *at.over, EXAMPLE)], *at.entries)),),
            ranges={INPUT: channels},
        )


@meaning(MaxPool)
def max_pool(xp: Any, x: Any, *window: int) -> Any:
    """The largest value under the window (height, width, window, strides and paddings follow)."""
    return xp.max(inside(xp, x, *window[:10]), axis=1).reshape(-1, x.shape[1])


def inside(xp: Any, x: Any, *window: int) -> Any:
    """What lies under the window, where there is padding a number below all of x."""
    found = patches(xp, x, *window)
    if window[6] + window[7] == 0:
        return found
    return found - (1 - patches(xp, xp.ones_like(x), *window)) * (1 + xp.sum(xp.abs(x)))


@meaning(MaxPoolTranspose)
def max_pool_transpose(xp: Any, x: Any, a: Any, g: Any, *window: int) -> Any:
    """Every place hands its error to the first value under it that was the largest; overlapping places add up."""
    windows = inside(xp, x, *window[:10])
    largest, left, shares = a.reshape(windows.shape[0], -1), g.reshape(windows.shape[0], -1), []
    for entry in range(windows.shape[1]):
        found = windows[:, entry] == largest
        shares.append(xp.where(found, left, 0)[:, None])
        left = xp.where(found, 0, left)
    parts = xp.concatenate(shares, axis=1)
    return onto_pixels(xp, parts.reshape(*parts.shape[:2], -1, g.shape[1]), *window[:10])


@meaning(MaxPoolPick)
def max_pool_pick(xp: Any, x: Any, a: Any, v: Any, *window: int) -> Any:
    """Of every place the value under it that stands where the first of the largest was."""
    windows, values = inside(xp, x, *window[:10]), patches(xp, v, *window[:10])
    largest = a.reshape(windows.shape[0], -1)
    left, picked = xp.ones_like(largest), 0 * values[:, 0]
    for entry in range(windows.shape[1]):
        found = windows[:, entry] == largest
        picked = picked + xp.where(found, left, 0) * values[:, entry]
        left = xp.where(found, 0, left)
    return picked.reshape(a.shape)


@meaning(AveragePool)
def average_pool(xp: Any, x: Any, *window: int) -> Any:
    """The mean of the values under the window (height, width, window, strides and paddings follow)."""
    under = patches(xp, x, *window[:10])
    return (xp.sum(under, axis=1) / under.shape[1]).reshape(-1, x.shape[1])


@meaning(AveragePoolTranspose)
def average_pool_transpose(xp: Any, g: Any, *window: int) -> Any:
    """Every place hands an equal share of its error to each value under it; overlapping places add up."""
    over = back_to_pixels(xp, g, *window[:10])
    return (xp.sum(over, axis=1) / over.shape[1]).reshape(-1, g.shape[1])


@rule(
    MaxPool,
    "Only the largest value of a window moves the maximum, so it takes the whole error and the others take none.",
    short="the error goes to the largest entry",
)
def max_pool_vjp(node: MaxPool, output: MatrixSymbol, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """X̄ = MaxPoolTranspose(C̄): each error at the place of its maximum."""
    x, *window = node.args
    return (MaxPoolTranspose(x, output, adjoint, *window),)


@rule(
    MaxPoolTranspose,
    "Which value is the largest changes in jumps only, and each error came back at that value's place.",
    short="what stands where the largest value was",
)
def max_pool_transpose_vjp(
    node: MaxPoolTranspose, output: MatrixSymbol | None, adjoint: MatrixExpr
) -> tuple[MatrixExpr | None, ...]:
    """Ḡ = MaxPoolPick(C̄), X̄ = 0 and Ā = 0."""
    x, a, _, *window = node.args
    return (None, None, MaxPoolPick(x, a, adjoint, *window))


@rule(
    MaxPoolPick,
    "Which value is the largest changes in jumps only, and it alone was taken from its window.",
    short="the error back to where it was picked",
)
def max_pool_pick_vjp(
    node: MaxPoolPick, output: MatrixSymbol | None, adjoint: MatrixExpr
) -> tuple[MatrixExpr | None, ...]:
    """V̄ = MaxPoolTranspose(C̄), X̄ = 0 and Ā = 0."""
    x, a, _, *window = node.args
    return (None, None, MaxPoolTranspose(x, a, adjoint, *window))


@rule(
    AveragePool,
    "Every value of a window has the same share in the mean, so each takes that share of the error.",
    short="equal shares of the error",
)
def average_pool_vjp(
    node: AveragePool, output: MatrixSymbol | None, adjoint: MatrixExpr
) -> tuple[MatrixExpr | None, ...]:
    """X̄ = AveragePoolTranspose(C̄): each error spread evenly over its window."""
    return (AveragePoolTranspose(adjoint, *node.args[1:]),)


@rule(
    AveragePoolTranspose,
    "Equal shares came out of every place, so their mean goes back into it.",
    short="the mean of what comes back",
)
def average_pool_transpose_vjp(
    node: AveragePoolTranspose, output: MatrixSymbol | None, adjoint: MatrixExpr
) -> tuple[MatrixExpr | None, ...]:
    """Ḡ = the average pool of C̄."""
    return (AveragePool(adjoint, *node.args[1:]),)
