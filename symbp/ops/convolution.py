"""Convolution as in neural networks: cross-correlation W ⋆ X, 2-D; a 1-D signal is an image of height 1.

Images are matrices C·H·W × m, a kernel is C_out × (C_in·kh·kw). In index form, with the padded image x,

    z[o, p, q] = Σ_{c, i, j} K[o, c, i, j] · x[c, s·p + i, s·q + j]

and backwards, with the error g of z (Dumoulin and Visin 2016, "A guide to convolution arithmetic", §4):

    dK[o, c, i, j] = Σ_{p, q, examples} g[o, p, q] · x[c, s·p + i, s·q + j]      the input correlated with the error
    dx[c, y, x]    = Σ_{o, i, j} K[o, c, i, j] · g[o, (y − i)/s, (x − j)/s]      full convolution, the kernel flipped
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, cast

from sympy import Basic, Expr, IndexedBase, Integer, MatrixExpr, MatrixSymbol

from symbp.equations import Step, text
from symbp.errors import ShapeError
from symbp.op import Entry, FactorRole, Op, Sizes, explain, meaning, rule
from symbp.ops.entries import COLUMN, EXAMPLE, Total, base, index
from symbp.ops.windows import (
    DILATED,
    INPUT,
    OUTPUT,
    At,
    Windowed,
    channels_of,
    lines_over,
    lines_under,
    sliding,
)
from symbp.symbols import Adjoint

STAR = "⋆"
"""Cross-correlation: what stands in front is laid over what stands behind, as it is."""

AST = "∗"
"""Full convolution: what stands in front is flipped."""

Parts = tuple[tuple[Expr, ...], Expr]
"""A place of the result and what stands there."""


def require_groups(kernel: MatrixExpr, groups: int) -> None:
    """Refuse kernels that are not so many in every group.

    Raises:
        ShapeError: the groups do not divide the kernels.
    """
    outputs = kernel.shape[0] / Integer(groups)
    if outputs.is_Rational and not outputs.is_Integer:
        raise ShapeError(f"{kernel} is {text(kernel.shape)}: {groups} groups do not divide {kernel.shape[0]} kernels")


class _Bilinear(Windowed):
    """Linear in both of its operands: it acts on the one in which an error stands, ``usual`` where both are given."""

    usual: ClassVar[int | None] = None

    @property
    def channels(self) -> tuple[Expr, Expr]:
        """Those of the map, and those of the image in a group."""
        raise NotImplementedError

    def sizes(self, at: At, outputs: Expr, inputs: Expr) -> tuple[Sizes, Sizes, Sizes]:
        """Return the sizes of both operands and of the result, as arrays."""
        raise NotImplementedError

    def form(self, parts: Callable[[At], Parts], *letters: IndexedBase, **others: Any) -> Entry:
        """Return an entry form of kernel, image and map, with their channels in groups where there are several."""
        at, (outputs, inputs) = At(self.window, self.args[1].shape[1]), self.channels
        *sizes, result = self.sizes(at, outputs, inputs)
        return at.form(
            operands=tuple(zip(letters, sizes, strict=True)),
            sizes=result,
            parts=(parts(at),),
            ranges={OUTPUT: outputs / at.groups, INPUT: inputs},
            **{"says": "groups" if at.group else "", **others},
        )

    @property
    def acts_on(self) -> int | None:  # type: ignore[override] # of an operation that has one place alone
        """The place of the operand that is an error."""
        return next((at for at, operand in enumerate(self.args[:2]) if operand.has(Adjoint)), self.usual)


class Convolve(_Bilinear):
    """Z = K ∗ X: every kernel laid over every place of the image, entry times entry, added up.

    Args: K (C_out × C_in/groups·kh·kw), X (C_in·H·W × m), then the numbers of a ``Window``. The result is
    C_out·H′·W′ × m.

    Raises:
        ShapeError: kernel and image do not have the same channels, or the groups do not divide those of the kernels.
    """

    label: ClassVar[str] = "conv"
    sign = property(lambda self: STAR)
    sign_settings = property(lambda self: sliding(self.window, "s"))

    def __new__(cls, k: MatrixExpr, x: MatrixExpr, *window: Expr) -> Convolve:
        node = cast("Convolve", Basic.__new__(cls, k, x, *window))
        w = node.window
        if k.shape[1] / Integer(w.entries) * w.groups != x.shape[0] / Integer(w.pixels):
            of_group = f" in each of {w.groups} groups" if w.groups > 1 else ""
            raise ShapeError(
                f"{k} is {text(k.shape)} and {x} is {text(x.shape)}: a kernel of {w.kh}×{w.kw} needs {w.entries} "
                f"columns and an image of {w.height}×{w.width} has {w.pixels} rows for each channel{of_group}"
            )
        require_groups(k, w.groups)
        return node

    shape = property(lambda self: (self.args[0].shape[0] * self.window.count, self.args[1].shape[1]))

    def entry(self) -> Entry:
        """Return Σ_{c,i,j} k[o, c, i, j] x[c, p + i, q + j]."""
        k, x = base("k"), base("x")

        def parts(at: At) -> Parts:
            term = k[(*at.group, OUTPUT, INPUT, *at.entries)] * x[(*at.group, INPUT, *at.under, EXAMPLE)]
            return (*at.group, OUTPUT, *at.places, EXAMPLE), Total(term, INPUT, *at.entries)

        return self.form(parts, k, x)

    def sizes(self, at: At, outputs: Expr, inputs: Expr) -> tuple[Sizes, Sizes, Sizes]:
        """Return those of the kernel, of the image and of the result."""
        return at.kernel(outputs, inputs), at.image(inputs * at.groups), at.map(outputs)

    @property
    def channels(self) -> tuple[Expr, Expr]:
        """Those of the result, and those of the image in a group."""
        return self.args[0].shape[0], self.args[0].shape[1] / Integer(self.window.entries)


class TransposedConvolve(_Bilinear):
    """K ∗ G, what a convolution makes of the error G on its way to the image: full convolution, the kernel flipped.

    Args: K, G (C_out·H′·W′ × m) and the window of the forward convolution. The result is C_in·H·W × m.
    """

    usual = 1
    factor_role = FactorRole.WEIGHT
    label: ClassVar[str] = "fullconv"
    about = "full convolution: the error, correlated with the flipped kernel"
    sign = property(lambda self: AST)
    sign_settings = property(lambda self: sliding(self.window, DILATED))

    def __new__(cls, k: MatrixExpr, g: MatrixExpr, *window: Expr) -> TransposedConvolve:
        return cast("TransposedConvolve", Basic.__new__(cls, k, g, *window))

    @property
    def shape(self) -> tuple[Expr, Expr]:
        """C_in·H·W × m."""
        return (self.channels[1] * self.window.groups * self.window.pixels, self.args[1].shape[1])

    @property
    def channels(self) -> tuple[Expr, Expr]:
        """Those of the map, and those of the image in a group."""
        return self.args[0].shape[0], self.args[0].shape[1] / Integer(self.window.entries)

    def sizes(self, at: At, outputs: Expr, inputs: Expr) -> tuple[Sizes, Sizes, Sizes]:
        """Return those of the kernel, of the map and of the image."""
        return at.kernel(outputs, inputs), at.map(outputs), at.image(inputs * at.groups)

    def entry(self) -> Entry:
        """Return Σ_{o,i,j} k[o, c, i, j] g[o, u − i, v − j]."""
        k, g = base("k"), base("g")

        def parts(at: At) -> Parts:
            term = k[(*at.group, OUTPUT, INPUT, *at.entries)] * g[(*at.group, OUTPUT, *at.over, EXAMPLE)]
            return (*at.group, INPUT, *at.lines, EXAMPLE), Total(term, OUTPUT, *at.entries)

        return self.form(parts, k, g)


class KernelCorrelation(_Bilinear):
    """G ⋆ X, the gradient of a kernel: the image X correlated with the error G, added up over the examples.

    Args: G (C_out·H′·W′ × m), X (C_in·H·W × m) and the window. The result is C_out × C_in·kh·kw.
    """

    usual = 0
    factor_role = FactorRole.PREVIOUS
    label: ClassVar[str] = "correlation"
    about = "correlation: the error in front laid over the image behind, at every place of a kernel entry"
    sign = property(lambda self: STAR)
    sign_settings = property(lambda self: sliding(self.window, DILATED))

    def __new__(cls, g: MatrixExpr, x: MatrixExpr, *window: Expr) -> KernelCorrelation:
        return cast("KernelCorrelation", Basic.__new__(cls, g, x, *window))

    @property
    def shape(self) -> tuple[Expr, Expr]:
        """C_out × C_in/groups·kh·kw."""
        return (self.channels[0], self.channels[1] * self.window.entries)

    @property
    def channels(self) -> tuple[Expr, Expr]:
        """Those of the map, and those of the image in a group."""
        g, x, w = self.args[0], self.args[1], self.window
        return channels_of(g, w.count), channels_of(x, w.pixels) / w.groups

    def sizes(self, at: At, outputs: Expr, inputs: Expr) -> tuple[Sizes, Sizes, Sizes]:
        """Return those of the map, of the image and of the kernel."""
        return at.map(outputs), at.image(inputs * at.groups), at.kernel(outputs, inputs)

    def entry(self) -> Entry:
        """Return Σ_{p,q,e} g[o, p, q] x[c, p + i, q + j], summed over the examples too."""
        g, x = base("g"), base("x")

        def parts(at: At) -> Parts:
            term = g[(*at.group, OUTPUT, *at.places, EXAMPLE)] * x[(*at.group, INPUT, *at.under, EXAMPLE)]
            return (*at.group, OUTPUT, INPUT, *at.entries), Total(term, *at.places, EXAMPLE)

        if self.args[1].shape[1] == 1:
            return self.form(parts, g, x)
        return self.form(parts, g, x, each=(), says="examples")


class Channels(Op):
    """One value for each channel, repeated at all its places: C × 1 in, C·places × 1 out.

    Args: B (C × n) and the number of places.
    """

    label: ClassVar[str] = "repeat"

    @property
    def acts_on(self) -> int | None:  # type: ignore[override] # of an operation that is always one of a reverse pass
        """Its operand, where that is an error."""
        return 0 if self.args[0].has(Adjoint) else None

    size = property(lambda self: (int(self.args[1]),))

    def __new__(cls, b: MatrixExpr, places: int | Integer) -> Channels:
        return cast("Channels", Basic.__new__(cls, b, Integer(places)))

    shape = property(lambda self: (self.args[0].shape[0] * self.args[1], self.args[0].shape[1]))

    def entry(self) -> Entry:
        """Return b_c at every place."""
        b = base("b")
        return _of_channels(self, b, self.args[0].shape, (INPUT, PLACE, COLUMN), b[INPUT, COLUMN])


class ChannelSums(Op):
    """The error G added up over the places of each channel: C·places × n in, C × n out."""

    acts_on = 0
    factor_role = FactorRole.CONSTANT
    label: ClassVar[str] = "sum"
    about = "the sum over the places of each channel"
    size = property(lambda self: (int(self.args[1]),))

    def __new__(cls, g: MatrixExpr, places: int | Integer) -> ChannelSums:
        return cast("ChannelSums", Basic.__new__(cls, g, Integer(places)))

    shape = property(lambda self: (channels_of(self.args[0], int(self.args[1])), self.args[0].shape[1]))

    def entry(self) -> Entry:
        """Return Σ_p g_cp."""
        g, sizes = base("g"), (self.shape[0], self.args[1], self.shape[1])
        return _of_channels(self, g, sizes, (INPUT, COLUMN), Total(g[INPUT, PLACE, COLUMN], PLACE))


PLACE = index("p")
"""The index of a place of a channel, all of them in a row."""


def _of_channels(node: Op, letter: IndexedBase, sizes: Sizes, at: tuple[Expr, ...], value: Expr) -> Entry:
    """Return the entry form of an operation whose last number is how many places a channel has."""
    places, columns = node.args[-1], node.shape[1]
    ranges = {INPUT: sizes[0], PLACE: places, COLUMN: columns}
    return Entry(
        operands=((letter, sizes),),
        sizes=tuple(ranges[each] for each in at),
        parts=((at, value),),
        ranges=ranges,
        each=(COLUMN,),
        applies="places",
    )


@meaning(Convolve)
def convolve(xp: Any, k: Any, x: Any, *window: int) -> Any:
    """Every kernel times what lies under it at every place (height, width, kernel, strides and paddings follow)."""
    kernels = k.reshape(window[10], k.shape[0] // window[10], -1, *window[2:4])
    return times_lines(xp, kernels, lines_under(xp, x, *window[:10])).reshape(-1, x.shape[1])


@meaning(TransposedConvolve)
def transposed_convolve(xp: Any, k: Any, g: Any, *window: int) -> Any:
    """At every pixel, each kernel entry times the error of the place where that entry lies on the pixel, added up."""
    kernels = k.reshape(window[10], k.shape[0] // window[10], -1, *window[2:4]).swapaxes(1, 2)
    return times_lines(xp, kernels, lines_over(xp, g, *window[:10])).reshape(-1, g.shape[1])


def times_lines(xp: Any, kernels: Any, lines: Any) -> Any:
    """Kernels groups × n × C × kh × kw times what belongs to their entries, added up by lines, little memory."""
    g, n = kernels.shape[:2]
    products = (
        kernels[:, :, :, i].reshape(g, n, -1) @ line.reshape(g, -1, line.shape[2]) for i, line in enumerate(lines)
    )
    return sum(products, next(products))


@meaning(KernelCorrelation)
def kernel_correlation(xp: Any, g: Any, x: Any, *window: int) -> Any:
    """For every kernel entry, the error at each place times the pixel under that entry, over places and examples."""
    groups, channels = window[10], x.shape[0] // (window[0] * window[1] * window[10])
    lines, found = lines_under(xp, x, *window[:10]), []
    for line in lines:
        product = g.reshape(groups, -1, line.shape[2]) @ line.reshape(groups, -1, line.shape[2]).swapaxes(-2, -1)
        found.append(product.reshape(-1, channels, 1, line.shape[1]))
    kernels = xp.concatenate(found, axis=2)
    return kernels.reshape(kernels.shape[0], -1)


@meaning(Channels)
def channels(xp: Any, b: Any, places: int) -> Any:
    """Each row repeated at all places of its channel."""
    return (b[:, None] * xp.ones((1, places, 1))).reshape(-1, b.shape[1])


@meaning(ChannelSums)
def channel_sums(xp: Any, g: Any, places: int) -> Any:
    """The rows of each channel added up."""
    return xp.sum(g.reshape(-1, places, g.shape[1]), axis=1)


@rule(
    Convolve,
    "A convolution returns the error to its image by the flipped kernel, to its kernel by the image.",
    short="by the flipped kernel, by the image",
)
def convolve_vjp(node: Convolve, output: MatrixSymbol | None, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """K̄ = the correlation of C̄ with X, X̄ = the transposed convolution of C̄ with K (Dumoulin and Visin 2016)."""
    k, x, *window = node.args
    return (KernelCorrelation(adjoint, x, *window), TransposedConvolve(k, adjoint, *window))


@rule(
    TransposedConvolve,
    "It is linear in the kernel and in the error, so each gets the other's part of what comes back.",
    short="back through the convolution it turned round",
)
def transposed_convolve_vjp(
    node: TransposedConvolve, output: MatrixSymbol | None, adjoint: MatrixExpr
) -> tuple[MatrixExpr | None, ...]:
    """K̄ = the correlation of G with C̄, Ḡ = K ⋆ C̄."""
    k, g, *window = node.args
    return (KernelCorrelation(g, adjoint, *window), Convolve(k, adjoint, *window))


@rule(
    KernelCorrelation,
    "It is linear in the error and in the image; what comes back has the shape of a kernel and acts as one.",
    short="what comes back acts as a kernel",
)
def kernel_correlation_vjp(
    node: KernelCorrelation, output: MatrixSymbol | None, adjoint: MatrixExpr
) -> tuple[MatrixExpr | None, ...]:
    """Ḡ = C̄ ⋆ X, X̄ = the transposed convolution of G with C̄."""
    g, x, *window = node.args
    return (Convolve(adjoint, x, *window), TransposedConvolve(adjoint, g, *window))


@rule(
    ChannelSums,
    "Every place of a channel counts once in its sum, so each gets the channel's error.",
    short="a channel's error at every place",
)
def channel_sums_vjp(
    node: ChannelSums, output: MatrixSymbol | None, adjoint: MatrixExpr
) -> tuple[MatrixExpr | None, ...]:
    """Ḡ = C̄ at every place."""
    return (Channels(adjoint, node.args[1]),)


_KERNEL = Step(
    "convolve_kernel",
    "The same kernel entry meets a different pixel at every place, so its gradient is the sum over all places of "
    "error times pixel: the input correlated with the error.",
    "the input correlated with the error",
)
_IMAGE = Step(
    "convolve_image",
    "A pixel lies under each entry of the kernel at another place, the later the entry the earlier the place. So the "
    "errors return through the kernel read backwards: a full convolution with the flipped kernel.",
    "a convolution with the flipped kernel",
)


@explain.register
def _(node: Convolve, operand: int) -> Step:
    return (_KERNEL, _IMAGE)[operand]


@rule(
    Channels,
    "One bias serves all places of its channel, so its gradient is the error added up over the places.",
    short="added up over the places",
)
def channels_vjp(node: Channels, output: MatrixSymbol | None, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """b̄ = ChannelSums(C̄)."""
    return (ChannelSums(adjoint, node.args[1]),)
