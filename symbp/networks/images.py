"""What an image is to a network: the geometry of a column of channels · height · width values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sympy import Expr, HadamardProduct, Integer, MatAdd, MatMul, MatrixExpr, MatrixSymbol, Transpose

from symbp.domain import described, takes_fields
from symbp.errors import SpecError
from symbp.limits import MAX_UNITS
from symbp.symbols import Variable, width


@dataclass(frozen=True)
@takes_fields
class Image:
    """Channels × height × width, one column of values in C order; a 1-D signal has height 1.

    ``channels`` None stays symbolic (n_0 for the input of a network); height and width are numbers.

    Raises:
        SpecError: a size that is not a whole number from 1, or an image larger than the widest layer.
    """

    channels: int | Expr | None
    height: int
    width: int

    def __post_init__(self) -> None:
        for name, size in (("channels", self.channels), ("height", self.height), ("width", self.width)):
            if isinstance(size, Expr) or (size is None and name == "channels"):
                continue
            if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= MAX_UNITS:
                right = f"give a whole number from 1 to {MAX_UNITS:,}"
                raise SpecError(f"an image cannot have {name} {described(size)}: {right}")
        if isinstance(self.rows, Integer) and self.rows > MAX_UNITS:
            raise SpecError(f"an image of {self} has {self.rows} values: at most {MAX_UNITS:,}")

    @property
    def rows(self) -> Expr:
        """The number of values: the rows of the matrix that holds a batch of such images."""
        channels = width(0) if self.channels is None else self.channels
        return channels * Integer(self.height * self.width)

    def __str__(self) -> str:
        return f"{width(0) if self.channels is None else self.channels}×{self.height}×{self.width}"


class Images:
    """Which symbols of a forward list are images, and of what geometry."""

    def __init__(self) -> None:
        self._known: dict[MatrixSymbol, Image] = {}

    @property
    def known(self) -> Mapping[MatrixSymbol, Image]:
        """The images found so far."""
        return self._known

    def add(self, variable: Variable, image: Image) -> None:
        """Say that a symbol is an image."""
        self._known[variable] = image

    def follow(self, variable: Variable, rhs: MatrixExpr) -> None:
        """A symbol made of an image value by value, and of its size, is an image of the same geometry."""
        for operand in _operands(rhs) if self._known else ():
            if operand in self._known and operand.shape == variable.shape:
                self._known[variable] = self._known[operand]
                return

    def of(self, variable: Variable, layer: str) -> Image:
        """Return the geometry of a symbol.

        Raises:
            SpecError: it is not an image; names the layer that needs one.
        """
        if variable not in self._known:
            raise SpecError(
                f"{layer} needs an image and {variable.name} is a plain column of {variable.args[1]} values: give the "
                f"network an image (channels, height, width) as its inputs and put {layer} before dense layers"
            )
        return self._known[variable]


def _operands(rhs: MatrixExpr) -> list[MatrixExpr]:
    """Return the symbols an expression is made of, except through products and transposes."""
    if isinstance(rhs, MatMul | Transpose):
        return []
    if isinstance(rhs, MatAdd | HadamardProduct):
        return [operand for arg in rhs.args for operand in _operands(arg)]
    return [rhs] if isinstance(rhs, MatrixSymbol) else [arg for arg in rhs.args if isinstance(arg, MatrixSymbol)]
