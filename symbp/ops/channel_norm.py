"""BatchNorm of images: each channel normalised over all its pixels in all examples, as torch.nn.BatchNorm2d.

An image batch C·places × m, read as C × places·m, is normalised over its columns like any other: same rule, same
projection (Ioffe and Szegedy 2015, §3.2, "effective mini-batch" of a convolutional layer).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from sympy import Basic, Expr, Integer, MatrixExpr, MatrixSymbol

from symbp.op import Entry, FactorRole, Naming, Op, meaning, rule
from symbp.ops.entries import COLUMN, EXAMPLE, ROW
from symbp.ops.normalisation import NormaliseJacobian, Over, normalise, normalise_jacobian, normalised
from symbp.ops.rearrange import Sizes, rearranged
from symbp.ops.windows import channels_of


def _over_channels(kind: str, operands: tuple[MatrixExpr, ...], places: Expr, epsilon: Expr) -> Entry:
    """Return the entry form of a normalisation over the places of a channel in all examples."""
    sizes = (channels_of(operands[0], int(places)), places, operands[0].shape[1])
    found = normalised(kind, operands, sizes, (COLUMN, ROW, EXAMPLE), True, epsilon)
    return replace(found, applies="channel")


class NormaliseChannels(Op):
    """N = (Z − mean) / s with s = √(variance + ε), mean and biased variance over a channel's pixels and the examples.

    Args: Z (C·places × m), the number of places, ε as an exact number.

    Raises:
        ShapeError: the rows of Z are not a multiple of the places.
    """

    label = "norm"
    couples_examples = property(lambda self: True)

    def __new__(cls, z: MatrixExpr, places: int | Integer, epsilon: Expr) -> NormaliseChannels:
        channels_of(z, int(places))
        return cast("NormaliseChannels", Basic.__new__(cls, z, Integer(places), epsilon))

    shape = property(lambda self: self.args[0].shape)
    mark = property(lambda self: "channel")

    def entry(self) -> Entry:
        """Return (z − μ)/s."""
        return _over_channels("norm", self.args[:1], *self.args[1:])


class NormaliseChannelsJacobian(Op):
    """What the normalisation makes of the error G: 1/s · (G − mean(G) − N ⊙ mean(G ⊙ N)), means over each channel.

    Args: Z, N = the normalised Z, and G, all C·places × m, then places and ε. It is symmetric.
    """

    acts_on = 2
    factor_role = FactorRole.NORMALISATION
    label = "Π"
    about = "the derivative of the normalisation, a projection"
    couples_examples = property(lambda self: True)

    def __new__(cls, z: MatrixExpr, n: MatrixExpr, g: MatrixExpr, *settings: Expr) -> NormaliseChannelsJacobian:
        return cast("NormaliseChannelsJacobian", Basic.__new__(cls, z, n, g, *settings))

    shape = property(lambda self: self.args[0].shape)
    places_sum_to_zero = property(lambda self: int(self.args[3]))
    mark = property(lambda self: "channel")

    def entry(self) -> Entry:
        """Return (g − mean g − ẑ mean(g ẑ))/s."""
        return _over_channels("jacobian", self.args[:3], *self.args[3:])

    def spelled_out(self, name: Naming) -> MatrixExpr:
        """Return it with every channel as a row: that of a normalisation over the columns, put back."""
        *matrices, places, epsilon = self.args
        rows: Sizes = {"c": channels_of(matrices[0], int(places)), "p": places}
        columns: Sizes = {"e": matrices[0].shape[1]}
        inside = [name("Z", rearranged(each, rows, columns, "c", "pe")) for each in matrices]
        found = NormaliseJacobian(*inside, Integer(Over.EXAMPLES), Integer(1), epsilon).spelled_out(name)
        return rearranged(name("V", found), {"c": rows["c"]}, {"p": places, **columns}, "cp", "e")


@meaning(NormaliseChannels)
def normalise_channels(xp: Any, z: Any, places: int, epsilon: Any) -> Any:
    """Every channel a row, its pixels and examples the columns, normalised over the columns."""
    return normalise(xp, z.reshape(-1, places * z.shape[1]), 1, 1, epsilon).reshape(z.shape)


@meaning(NormaliseChannelsJacobian)
def normalise_channels_jacobian(xp: Any, z: Any, n: Any, g: Any, places: int, epsilon: Any) -> Any:
    """The error carried back through the normalisation, every channel a row."""
    columns = places * z.shape[1]
    z, n, error = z.reshape(-1, columns), n.reshape(-1, columns), g.reshape(-1, columns)
    return normalise_jacobian(xp, z, n, error, 1, 1, epsilon).reshape(g.shape)


@rule(
    NormaliseChannels,
    "Normalising undoes a shift and a scaling of the channel, so the error loses its mean and its part along N.",
    short="per channel, without its mean and normalised part",
)
def normalise_channels_vjp(
    node: NormaliseChannels, output: MatrixSymbol, adjoint: MatrixExpr
) -> tuple[MatrixExpr | None, ...]:
    """Z̄ = Π(C̄), the projection of NormaliseChannelsJacobian."""
    return (NormaliseChannelsJacobian(node.args[0], output, adjoint, *node.args[1:]),)
