"""What a report says of what is given: the geometry of images, that flattening them is the identity, masks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sympy import Expr, Integer, MatMul

from symbp.derivation import Derivation
from symbp.equations import nodes
from symbp.ops.convolution import Convolve
from symbp.report.composed import listed_symbols
from symbp.report.desk import Desk
from symbp.report.rich import Rich, math, rich
from symbp.report.scalar import scalar_latex
from symbp.symbols import Role, Variable

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


def flattening(desk: Desk) -> Rich:
    """Say that an image enters a dense layer as the column it is; nothing where none does."""
    images = desk.derivation.network.images
    products = (node for each in desk.derivation.forward for node in nodes(each.rhs) if isinstance(node, MatMul))
    flat = dict.fromkeys(node.args[-1] for node in products if node.args[-1] in images)
    if not flat:
        return ()
    return rich(
        "An image is a column, channel by channel and row by row. So flattening {which} for the dense layer is the "
        "identity, and so is its derivative.", which=listed_symbols(desk, list(flat)),
    )  # fmt: skip


def masking(desk: Desk) -> Rich:
    """Say what the masks of dropout are and do; nothing without any."""
    masks = [each for each in desk.derivation.network.inputs if each.role is Role.MASK]
    if not masks:
        return ()
    return rich(
        "{which} {is_} given with the data: 0 where dropout takes a value away, {kept} where it stays, with {p} the "
        "share that is dropped. The error meets the same mask on its way back.", which=listed_symbols(desk, masks),
        is_="is" if len(masks) == 1 else "are", kept=math("1/(1 - p)"), p=math("p"),
    )  # fmt: skip
