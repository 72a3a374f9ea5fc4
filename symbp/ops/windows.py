"""A window that slides over an image: its geometry, and what lies under it at every place.

An image batch is a matrix C·H·W × m: every column holds C·H·W values in C order. Convolution and pooling read it
through the same two gathers: what lies *under* the window, and, on the way back, the places that lie *over* a value.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Any

from sympy import Expr, Integer, MatrixExpr

from symbp.equations import text
from symbp.errors import ShapeError, SpecError
from symbp.limits import MAX_UNITS
from symbp.op import Op


@dataclass(frozen=True)
class Window:
    """A window of kh × kw that moves by sh and sw over an image of height × width, ph and pw zeros on each side.

    The places it takes are those of PyTorch: what is left over at the lower and right edge is not visited.

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

    def __post_init__(self) -> None:
        if min(self.height, self.width, self.kh, self.kw, self.sh, self.sw) < 1 or min(self.ph, self.pw) < 0:
            raise SpecError(f"sizes and strides are whole numbers from 1, paddings from 0: {self}")
        if self.kh > self.height + 2 * self.ph or self.kw > self.width + 2 * self.pw:
            raise SpecError(
                f"a window of {self.kh}×{self.kw} does not fit into an image of {self.height}×{self.width}"
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
            (self.height + 2 * self.ph - self.kh) // self.sh + 1,
            (self.width + 2 * self.pw - self.kw) // self.sw + 1,
        )

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
        """The eight numbers as they stand in a node."""
        return tuple(map(Integer, astuple(self)))


class Windowed(Op):
    """An operation whose last eight args are its window."""

    @property
    def window(self) -> Window:
        """The geometry as plain numbers."""
        return Window(*map(int, self.args[-8:]))


def channels_of(image: MatrixExpr, pixels: int) -> Expr:
    """Return C of an image C·pixels × m.

    Raises:
        ShapeError: the rows are not a multiple of the pixels.
    """
    channels = image.shape[0] / Integer(pixels)
    if channels.is_Rational and not channels.is_Integer:
        raise ShapeError(f"{image} is {text(image.shape)}: its rows must be channels times {pixels}")
    return channels


def count_places(size: int, kernel: int, stride: int, padding: int) -> int:
    """Along one axis, how many places a window takes."""
    return (size + 2 * padding - kernel) // stride + 1


def lines_under(size: int, kernel: int, stride: int, padding: int) -> list[list[int]]:
    """For each line of the window, the line of the image under it at every place; outside: size, a line of zeros."""
    places = range(count_places(size, kernel, stride, padding))
    lines = [[stride * place + entry - padding for place in places] for entry in range(kernel)]
    return [[line if 0 <= line < size else size for line in row] for row in lines]


def places_over(size: int, kernel: int, stride: int, padding: int) -> list[list[int]]:
    """For each line of the window, the place where it lies over a line of the image; none: a line of zeros."""
    places = count_places(size, kernel, stride, padding)
    steps = [[divmod(line + padding - entry, stride) for line in range(size)] for entry in range(kernel)]
    return [[place if rest == 0 and 0 <= place < places else places for place, rest in row] for row in steps]


def gather(xp: Any, image: Any, rows: Any, columns: Any) -> Any:
    """Rows and columns of an image C × H × W × m, a line of zeros behind each axis: C × kh·kw × (places · m)."""
    c, _, width, m = image.shape
    image = xp.concatenate([image, xp.zeros((c, 1, width, m))], axis=1)[:, rows]
    image = xp.concatenate([image, xp.zeros((*image.shape[:3], 1, m))], axis=3)[:, :, :, columns]
    return image.swapaxes(2, 3).reshape(c, len(rows) * len(columns), -1)


def patches(xp: Any, x: Any, height: int, width: int, kh: int, kw: int, sh: int, sw: int, ph: int, pw: int) -> Any:
    """What lies under the window: channel × entry of the window × (place, example)."""
    image = x.reshape(-1, height, width, x.shape[1])
    return gather(xp, image, lines_under(height, kh, sh, ph), lines_under(width, kw, sw, pw))


def back_to_pixels(
    xp: Any, g: Any, height: int, width: int, kh: int, kw: int, sh: int, sw: int, ph: int, pw: int
) -> Any:
    """What the places over a pixel hold: channel × entry of the window that lies on it × (pixel, example)."""
    down, right = count_places(height, kh, sh, ph), count_places(width, kw, sw, pw)
    image = g.reshape(-1, down, right, g.shape[1])
    return gather(xp, image, places_over(height, kh, sh, ph), places_over(width, kw, sw, pw))
