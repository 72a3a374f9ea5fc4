"""What operations of layers are called in equations: matrices in front, then the numbers that the operation has.

A window is its image's height and width, its own, its strides, paddings, dilations and the groups of channels; what is
as usual at the end may be left out: ``conv(K, X, 28, 28, 3, 3, 1, 1, 1, 1)``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from sympy import Expr, MatrixExpr

from symbp.errors import SpecError
from symbp.networks.calls import Call, Function
from symbp.op import Op
from symbp.ops.attention import MaskedSoftmax
from symbp.ops.channel_norm import NormaliseChannels
from symbp.ops.convolution import Channels, Convolve, TransposedConvolve
from symbp.ops.normalisation import Normalise
from symbp.ops.pooling import AveragePool, MaxPool
from symbp.ops.positions import Offsets, Rotate, Tile
from symbp.ops.rearrange import Rearrange
from symbp.ops.windows import NUMBERS, Window, Windowed
from symbp.ops.within import Gram, Mix, Outer

MOST_NUMBERS = 200
"""How many numbers an operation has at most: a rearrangement has three for each axis."""


def _windowed(node: Callable[..., MatrixExpr]) -> Callable[[Call], MatrixExpr]:
    def build(call: Call) -> MatrixExpr:
        if not all(each.is_Integer and 0 <= each < 10**9 for each in call.numbers) or not len(call.numbers) >= 4:
            raise SpecError("a window is whole numbers: height and width of the image, its own, strides, paddings,")
        return node(*call.operands, *Window(*map(int, call.numbers)).args)

    return build


def _plain(node: Callable[..., MatrixExpr]) -> Callable[[Call], MatrixExpr]:
    def build(call: Call) -> MatrixExpr:
        try:
            return node(*call.operands, *call.numbers)
        except (TypeError, IndexError):
            raise SpecError("too few numbers,") from None

    return build


def _masked(call: Call) -> MatrixExpr:
    """Softmax of scores: queries of an example, whether later keys are hidden, and perhaps the mask of padding."""
    scores, *kept = call.operands
    if len(call.numbers) != 2:
        raise SpecError("masked_softmax takes scores, the queries of an example, and 1 where later keys are hidden,")
    return MaskedSoftmax(scores, call.numbers[0], call.numbers[1], *kept)


def _row(node: type[Any], example: str, matrices: int = 1, numbers: int = NUMBERS) -> Function:
    build = _windowed(node) if issubclass(node, Windowed) else _plain(node)
    return Function(build, example, (matrices, matrices), numbers, affine=node.affine, sizes=True)


NODES: Mapping[str, type[Op]] = {
    "conv": Convolve, "conv_transpose": TransposedConvolve, "max_pool": MaxPool, "avg_pool": AveragePool,
    "at_places": Channels, "channel_norm": NormaliseChannels, "normalise": Normalise, "tile": Tile, "rotate": Rotate,
    "offsets": Offsets, "rearrange": Rearrange, "gram": Gram, "mix": Mix, "outer": Outer,
}  # fmt: skip
"""The node of every word whose arguments are its own."""

_EXAMPLES = {
    "conv": "Z = conv(K, X, 8, 8, 3, 3)", "conv_transpose": "Z = conv_transpose(K, X, 8, 8, 2, 2, 2, 2)",
    "max_pool": "P = max_pool(Z, 8, 8, 2, 2, 2, 2)", "avg_pool": "P = avg_pool(Z, 8, 8, 2, 2, 2, 2)",
    "at_places": "R = at_places(b, 64)", "channel_norm": "N = channel_norm(Z, 64, 1e-5)",
    "normalise": "N = normalise(Z, 0, 1, 1e-5)", "tile": "B = tile(A, 3)", "rotate": "R = rotate(Q, 5, 0)",
    "offsets": "B = offsets(r, 5, 5)", "rearrange": "B = rearrange(A, 2, 1, 1, 3, 3, 0, m, m, 0, 1, 0)",
    "gram": "S = gram(K, Q, 5, 5)", "mix": "A = mix(V, P, 5, 5)", "outer": "C = outer(A, B, 5, 5)",
}  # fmt: skip

_TWO = ("conv", "conv_transpose", "gram", "mix", "outer")

OPERATION_WORDS: dict[str, Function] = {
    **{name: _row(node, _EXAMPLES[name], 2 if name in _TWO else 1, MOST_NUMBERS) for name, node in NODES.items()},
    "masked_softmax": Function(_masked, "P = masked_softmax(S, 5, 1)", (1, 2), 2, sizes=True),
}
"""The functions of equations that are operations of layers."""


def numbers_of(node: Op) -> tuple[Expr, ...]:
    """Return the numbers of an operation as they are written; a window without what is usual at its end."""
    numbers = tuple(arg for arg in node.args if not isinstance(arg, MatrixExpr))
    if not isinstance(node, Windowed):
        return numbers
    usual = [each.default for each in fields(Window)]
    last = next((at for at in range(len(numbers), 4, -1) if numbers[at - 1] != usual[at - 1]), 4)
    return numbers[:last]
