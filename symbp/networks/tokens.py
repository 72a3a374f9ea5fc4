"""From an image to a sequence of its patches, and from a sequence to one column: what stands around a transformer.

A batch of images has m columns; behind ``Patches`` every example has T, its tokens, and behind ``TokenMean`` or
``PickToken`` it has one again. Each layer is a rearrangement of rows and columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from sympy import Expr, Integer, MatrixExpr, Rational

from symbp.domain import From, takes_fields
from symbp.errors import SpecError
from symbp.limits import MAX_TOKENS, MAX_UNITS
from symbp.networks.blocks import Kind
from symbp.networks.builder import Builder
from symbp.networks.origins import Origin
from symbp.nodes import matadd, times
from symbp.ops.rearrange import rearranged
from symbp.symbols import BATCH, Role, Variable


@dataclass(frozen=True)
@takes_fields
class Patches:
    """Tokens of an image: its patches of ``size`` × ``size`` values, each with all its channels, row by row of them.

    An image C × H × W becomes C·size·size × T·m with T = H/size · W/size. With ``Linear`` behind it this is the
    embedding of a vision transformer (Dosovitskiy et al. 2021, eq. 1), ``torch.nn.Conv2d(C, n, size, stride=size)``.
    """

    size: Annotated[int, From(1, MAX_UNITS)]

    begins_tokens: ClassVar[bool] = True
    """The layers before it have a column an example."""

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add T, the patches of the image as columns.

        Raises:
            SpecError: what comes in is no image, or the patches do not fill it.
        """
        image = builder.images.of(incoming, type(self).__name__)
        down, right = image.height // self.size, image.width // self.size
        if (down * self.size, right * self.size) != (image.height, image.width):
            raise SpecError(f"patches of {self.size}×{self.size} do not fill an image of {image.height}×{image.width}")
        channels = incoming.args[1] / Integer(image.height * image.width)
        node = rearranged(
            incoming,
            {"c": channels, "down": down, "y": self.size, "right": right, "x": self.size},
            {"e": incoming.args[2]},
            ("c", "y", "x"),
            ("e", "down", "right"),
        )
        if down * right > MAX_TOKENS:
            raise SpecError(f"{down * right} patches are too many tokens: at most {MAX_TOKENS}")
        builder.columns = node.shape[1]
        with builder.block(Kind.POSITIONS):
            tokens = builder.define("T", Role.REARRANGED, node, node.shape[0])
        builder.origins.brings(tokens, 1, Origin.TOKENS)
        return tokens


@dataclass(frozen=True)
@takes_fields
class ClassToken:
    """One more token in front of every sequence, a parameter c (Devlin et al. 2019; Dosovitskiy et al. 2021)."""

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add T, the tokens behind c."""
        rows, before = incoming.args[1], tokens_in(incoming)
        c = builder.parameter("c", Role.SHIFT, rows, 1)
        behind = rearranged(
            incoming, {"i": rows}, {"e": BATCH, "t": before}, ("i",), ("e", "t"), parts={"t": (-1, before + 1)}
        )
        first = rearranged(
            c, {"i": rows}, {"t": 1}, ("i",), ("e", "t"), parts={"t": (0, before + 1)}, repeats={"e": BATCH}
        )
        builder.columns = behind.shape[1]
        with builder.block(Kind.POSITIONS):
            tokens = builder.define("T", Role.REARRANGED, matadd(behind, first), rows)
        builder.origins.shares(tokens, 0, incoming)
        return tokens


@dataclass(frozen=True)
@takes_fields
class PickToken:
    """One token of every sequence, the first unless ``index``, counted from 0, says which."""

    index: Annotated[int, From(0, MAX_TOKENS)] = 0

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add P, one column an example.

        Raises:
            SpecError: there is no such token.
        """
        tokens = tokens_in(incoming)
        if self.index >= tokens:
            raise SpecError(f"there is no token {self.index}: an example has {tokens}, counted from 0")
        rows, parts = {"i": incoming.args[1]}, {"t": (self.index, 1)}
        return _pooled(builder, rearranged(incoming, rows, {"e": BATCH, "t": tokens}, ("i",), ("e", "t"), parts=parts))


@dataclass(frozen=True)
@takes_fields
class TokenMean:
    """The mean over the tokens of every sequence."""

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add P, one column an example."""
        rows, tokens = {"i": incoming.args[1]}, tokens_in(incoming)
        total = rearranged(incoming, rows, {"e": BATCH, "t": tokens}, ("i",), ("e",))
        return _pooled(builder, times(Rational(1, int(tokens)), total))


def _pooled(builder: Builder, node: MatrixExpr) -> Variable:
    """Add P, one column an example."""
    builder.columns = BATCH
    with builder.block(Kind.POOLING):
        return builder.define("P", Role.POOLED, node, node.shape[0])


def tokens_in(incoming: Variable) -> Expr:
    """Return how many tokens an example has."""
    return incoming.args[2] / BATCH
