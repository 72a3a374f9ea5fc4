"""What a report says of what is given: the geometry of images, that flattening them is the identity, masks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sympy import Expr, Integer

from symbp.derivation import Derivation
from symbp.ops.convolution import Convolve
from symbp.report.scalar import scalar_latex
from symbp.symbols import Variable

Sides = Sequence[tuple[Expr, ...]]
"""A shape, rows and columns each as the numbers they are the product of."""


def geometry(derivation: Derivation) -> dict[Variable, Sides]:
    """Return the shapes of images and kernels as products: C·H·W × m, C_out × C·kh·kw."""
    found: dict[Variable, Sides] = {}
    for variable, image in derivation.network.images.items():
        pixels = [Integer(side) for side in (image.height, image.width) if side > 1 or image.height > 1]
        found[variable] = ((variable.shape[0] / Integer(image.height * image.width), *pixels), (variable.shape[1],))
    for equation in derivation.forward:
        for node in (equation.rhs,) if isinstance(equation.rhs, Convolve) else ():
            kernel, window = node.args[0], node.window
            sides = tuple(Integer(axis.window) for axis in window.axes)
            found[kernel] = ((kernel.shape[0],), (kernel.shape[1] / Integer(window.entries), *sides))
    return found


def sides_latex(sides: Sides, shown: Callable[[Expr], Expr]) -> str:
    """Return a shape; where rows or columns are a product of several numbers it stays one."""
    return r" \times ".join(r" {\cdot} ".join(scalar_latex(shown(size), {}) for size in side) for side in sides)
