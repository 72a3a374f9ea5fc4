"""A window that slides over an image: its geometry, and what lies under it at every place.

An image batch is a matrix C·H·W × m: every column holds C·H·W values in C order. Convolution and pooling read it
through the same two gathers: what lies *under* the window, and, on the way back, the places that lie *over* a value.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from typing import Any

from sympy import Expr, Integer, MatrixExpr, S, Symbol

from symbp.equations import text
from symbp.errors import ShapeError, SpecError
from symbp.limits import MAX_UNITS
from symbp.op import Entry, Op, Sizes
from symbp.ops.entries import EXAMPLE, index


@dataclass(frozen=True)
class Axis:
    """One axis of a window: size of the image, window, stride, padding, and the places the window takes."""

    size: int
    window: int
    stride: int
    padding: int
    places: int
    dilation: int = 1


@dataclass(frozen=True)
class Window:
    """A window of kh × kw that moves by sh and sw over an image of height × width, ph and pw zeros on each side.

    Its entries lie dh and dw apart (dilation). The places it takes are those of PyTorch: what is left over at the lower
    and right edge is not visited. A convolution may have its channels in ``groups``, each with kernels of its own.

    Raises:
        SpecError: a size or stride below 1, a negative padding, a window larger than the padded image, or an
            image that is too large.
    """

    height: int
    width: int
    kh: int
    kw: int
    sh: int = 1
    sw: int = 1
    ph: int = 0
    pw: int = 0
    dh: int = 1
    dw: int = 1
    groups: int = 1

    def __post_init__(self) -> None:
        from_one = (self.height, self.width, self.kh, self.kw, self.sh, self.sw, self.dh, self.dw, self.groups)
        if min(from_one) < 1 or min(self.ph, self.pw) < 0:
            raise SpecError(f"sizes and strides are whole numbers from 1, paddings from 0: {self}")
        down, right = self.dh * (self.kh - 1) + 1, self.dw * (self.kw - 1) + 1
        if down > self.height + 2 * self.ph or right > self.width + 2 * self.pw:
            spread = "" if self.dh == self.dw == 1 else f" spread over {down}×{right}"
            raise SpecError(
                f"a window of {self.kh}×{self.kw}{spread} does not fit into an image of {self.height}×{self.width}"
                f" with padding {self.ph}×{self.pw}: give a smaller window or more padding"
            )
        if (self.height + 2 * self.ph) * (self.width + 2 * self.pw) > MAX_UNITS:
            raise SpecError(
                f"an image of {self.height}×{self.width} with padding {self.ph}×{self.pw} is too large: "
                f"at most {MAX_UNITS:,} values in a channel"
            )

    @property
    def places(self) -> tuple[int, int]:
        """How many places the window takes downwards and to the right: the height and width of the result."""
        return (
            count_places(self.height, self.kh, self.sh, self.ph, self.dh),
            count_places(self.width, self.kw, self.sw, self.pw, self.dw),
        )

    @property
    def is_signal(self) -> bool:
        """Whether this is one dimension: an image of height 1 under a window of height 1."""
        return self.height == self.kh == 1 and self.ph == 0

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The geometry axis by axis: rows and columns, of a signal the columns alone."""
        down, right = self.places
        rows = Axis(self.height, self.kh, self.sh, self.ph, down, self.dh)
        columns = Axis(self.width, self.kw, self.sw, self.pw, right, self.dw)
        return (columns,) if self.is_signal else (rows, columns)

    @property
    def pixels(self) -> int:
        """Values in one channel of the image."""
        return self.height * self.width

    @property
    def entries(self) -> int:
        """Values under the window in one channel."""
        return self.kh * self.kw

    @property
    def count(self) -> int:
        """Values in one channel of the result."""
        down, right = self.places
        return down * right

    @property
    def args(self) -> tuple[Integer, ...]:
        """Its numbers as they stand in a node."""
        return tuple(map(Integer, astuple(self)))


NUMBERS = len(fields(Window))
"""How many args of a node are its window."""


class Windowed(Op):
    """An operation whose last args are its window."""

    @property
    def window(self) -> Window:
        """The geometry as plain numbers."""
        return Window(*map(int, self.args[-NUMBERS:]))

    @property
    def sides(self) -> tuple[int, ...]:
        """The sides of the window: height and width, of a signal the width alone."""
        return tuple(axis.window for axis in self.window.axes)


INPUT, OUTPUT, GROUP = index("c"), index("o"), index("r")
"""The indices of a channel of the image, and of the result of a convolution, each in its group."""


class At:
    """The indices of an entry form: places of the window, entries of it, lines of the image, with their sizes."""

    def __init__(self, window: Window, examples: Expr) -> None:
        self.axes, self.examples, self.groups = window.axes, examples, Integer(window.groups)
        self.group = (GROUP,) if window.groups > 1 else ()
        self.places, self.entries, self.lines = (
            tuple(map(index, letters[: len(self.axes)])) for letters in (PLACES, ENTRIES, LINES)
        )

    @property
    def under(self) -> tuple[Expr, ...]:
        """The line of the image under an entry of the window at a place."""
        steps = zip(self.axes, self.places, self.entries, strict=True)
        return tuple(axis.stride * place + axis.dilation * entry - axis.padding for axis, place, entry in steps)

    @property
    def over(self) -> tuple[Expr, ...]:
        """The place at which an entry of the window lies over a line of the image."""
        steps = zip(self.axes, self.lines, self.entries, strict=True)
        return tuple((line + axis.padding - axis.dilation * entry) / S(axis.stride) for axis, line, entry in steps)

    def image(self, channels: Expr) -> Sizes:
        """Return the sizes of an image batch."""
        return (*self._grouped(channels), *(Integer(axis.size) for axis in self.axes), self.examples)

    def map(self, channels: Expr) -> Sizes:
        """Return the sizes of the values at all places of the window."""
        return (*self._grouped(channels), *(Integer(axis.places) for axis in self.axes), self.examples)

    def kernel(self, outputs: Expr, inputs: Expr) -> Sizes:
        """Return the sizes of a kernel, of ``inputs`` channels of a group."""
        return (*self._grouped(outputs), inputs, *(Integer(axis.window) for axis in self.axes))

    def _grouped(self, channels: Expr) -> Sizes:
        return (self.groups, channels / self.groups) if self.group else (channels,)

    def form(self, **fields: Any) -> Entry:
        """Return an entry form with the ranges of all indices, by example unless it adds them up."""
        ranges: dict[Symbol, Expr] = {EXAMPLE: self.examples, **dict.fromkeys(self.group, self.groups)}
        for axis, place, entry, line in zip(self.axes, self.places, self.entries, self.lines, strict=True):
            ranges |= {place: Integer(axis.places), entry: Integer(axis.window), line: Integer(axis.size)}
        return Entry(ranges=ranges | fields.pop("ranges"), first=0, **{"each": (EXAMPLE,), "applies": "image"} | fields)


PLACES, ENTRIES, LINES = ("p", "q"), ("i", "j"), ("u", "v")
"""Letters of the formulas: places of the window, entries of it, lines of the image."""


DILATED = "↑"
"""The sign of an error between whose values the stride puts zeros."""


def sliding(window: Window, stride: str) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Return the settings that are not usual: by axis ``stride``, padding and dilation, then groups."""
    found = ((stride, 1, "stride"), ("p", 0, "padding"), ("d", 1, "dilation"))
    sizes = [(name, usual, tuple(getattr(axis, key) for axis in window.axes)) for name, usual, key in found]
    sizes.append(("g", 1, (window.groups,)))
    return tuple((name, size) for name, usual, size in sizes if set(size) != {usual})


def channels_of(image: MatrixExpr, pixels: int) -> Expr:
    """Return C of an image C·pixels × m.

    Raises:
        ShapeError: the rows are not a multiple of the pixels.
    """
    channels = image.shape[0] / Integer(pixels)
    if channels.is_Rational and not channels.is_Integer:
        raise ShapeError(f"{image} is {text(image.shape)}: its rows must be channels times {pixels}")
    return channels


def count_places(size: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    """Along one axis, how many places a window takes."""
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def extended(xp: Any, image: Any, axis: int, before: int, total: int) -> Any:
    """``total`` lines along an axis: ``before`` zeros, the lines there are, zeros; below 0 the first are left out."""
    image = image[(slice(None),) * axis + (slice(max(0, -before), total - before),)]
    counts = max(0, before), total - max(0, before) - image.shape[axis]
    zeros = [xp.zeros((*image.shape[:axis], count, *image.shape[axis + 1 :])) for count in counts]
    return xp.concatenate((zeros[0], image, zeros[1]), axis=axis) if any(counts) else image


def dilated(xp: Any, image: Any, axis: int, stride: int) -> Any:
    """The lines of an axis ``stride`` apart, zeros behind each."""
    shape = image.shape
    lines = image.reshape(*shape[: axis + 1], 1, *shape[axis + 1 :])
    lines = extended(xp, lines, axis + 1, 0, stride)
    return lines.reshape(*shape[:axis], shape[axis] * stride, *shape[axis + 1 :])


def under(xp: Any, image: Any, starts: Any, places: Any, strides: Any) -> Any:
    """What lies at every place, from each start on: images C × H × W × m in, C × starts × (places · m) out."""
    (down, right), (sh, sw) = places, strides
    found = [image[:, None, i : i + sh * down : sh, j : j + sw * right : sw] for i, j in starts]
    return xp.concatenate(found, axis=1).reshape(image.shape[0], len(starts), -1)


def lines_under(xp: Any, x: Any, *window: int) -> Any:
    """What lies under each line of the window, one after another: channel × entry of the line × (place, example)."""
    height, width, kh, kw, sh, sw, ph, pw, dh, dw = window
    image = x.reshape(-1, height, width, x.shape[1])
    image = extended(xp, extended(xp, image, 1, ph, height + 2 * ph), 2, pw, width + 2 * pw)
    places = count_places(height, kh, sh, ph, dh), count_places(width, kw, sw, pw, dw)
    for i in range(kh):
        yield under(xp, image, [(i * dh, j * dw) for j in range(kw)], places, (sh, sw))


def lines_over(xp: Any, g: Any, *window: int) -> Any:
    """For each line of the window, what the places hold from which it lies over a pixel: as ``lines_under``."""
    height, width, kh, kw, sh, sw, ph, pw, dh, dw = window
    down, right = count_places(height, kh, sh, ph, dh), count_places(width, kw, sw, pw, dw)
    image = dilated(xp, dilated(xp, g.reshape(-1, down, right, g.shape[1]), 2, sw), 1, sh)
    image = extended(xp, image, 1, (kh - 1) * dh - ph, height + (kh - 1) * dh)
    image = extended(xp, image, 2, (kw - 1) * dw - pw, width + (kw - 1) * dw)
    for i in reversed(range(kh)):
        yield under(xp, image, [(i * dh, j * dw) for j in reversed(range(kw))], (height, width), (1, 1))


def patches(xp: Any, x: Any, *window: int) -> Any:
    """What lies under the window: channel × entry of the window × (place, example)."""
    return xp.concatenate([*lines_under(xp, x, *window)], axis=1)


def back_to_pixels(xp: Any, g: Any, *window: int) -> Any:
    """What the places over a pixel hold: channel × entry of the window that lies on it × (pixel, example)."""
    return xp.concatenate([*lines_over(xp, g, *window)], axis=1)


def onto_pixels(xp: Any, parts: Any, *window: int) -> Any:
    """What every place hands to the values under it, added up: C × entry × place × m in, C·H·W × m out."""
    height, width, kh, kw, sh, sw, ph, pw, dh, dw = window
    down, right = count_places(height, kh, sh, ph, dh), count_places(width, kw, sw, pw, dw)
    m = parts.shape[-1]
    if (kh, kw, dh, dw) == (sh, sw, 1, 1):  # No two windows overlap: the entries are put side by side.
        image = parts.reshape(-1, kh, kw, down, right, m).swapaxes(1, 3).swapaxes(2, 3).swapaxes(3, 4)
        image = image.reshape(-1, down * kh, right * kw, m)
        return extended(xp, extended(xp, image, 1, -ph, height), 2, -pw, width).reshape(-1, m)
    placed = []
    for entry in range(kh * kw):
        image = dilated(xp, dilated(xp, parts[:, entry].reshape(-1, down, right, m), 2, sw), 1, sh)
        image = extended(xp, image, 1, entry // kw * dh - ph, height)
        placed.append(extended(xp, image, 2, entry % kw * dw - pw, width))
    return sum(placed[1:], placed[0]).reshape(-1, m)
