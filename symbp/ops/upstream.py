"""The gradient that comes from above: what stands for the rest of the network where an operation is derived alone."""

from __future__ import annotations

from typing import Any, cast

from sympy import Basic, MatrixExpr, MatrixSymbol

from symbp.equations import text
from symbp.errors import ShapeError
from symbp.nodes import times
from symbp.op import meaning, rule
from symbp.ops.losses import Loss, scale
from symbp.symbols import Adjoint, Variable


class Upstream(Loss):
    """Σ Y ∘ G, a number: the loss whose gradient with respect to Y is G, whatever the loss was.

    Args: the outputs of an operation and the gradient that comes from above for each, in pairs: Y1, G1, Y2, G2 …
    G has the shape of its Y. It is ``Adjoint(Y)`` itself where nothing else uses Y; where the operation goes on
    using an output (the state of a cell), it is a variable of the role ``Role.UPSTREAM`` with a name of its own.

    Raises:
        ShapeError: a gradient that has not the shape of its output.
    """

    name = "upstream"
    targets = "any"

    def __new__(cls, *pairs: MatrixExpr) -> Upstream:
        for y, g in zip(pairs[::2], pairs[1::2], strict=True):
            if y.shape != g.shape:
                raise ShapeError(f"{g} is {text(g.shape)} and {y} is {text(y.shape)}: they must be equal")
        return cast("Upstream", Basic.__new__(cls, *pairs))

    @property
    def pairs(self) -> tuple[tuple[MatrixExpr, MatrixExpr], ...]:
        """Each output with the gradient that comes from above."""
        return tuple(zip(self.args[::2], self.args[1::2], strict=True))


def upstream(*outputs: Variable) -> Upstream:
    """Return the loss that gives each output its adjoint from above."""
    return Upstream(*(each for y in outputs for each in (y, Adjoint(y))))


@meaning(Upstream)
def sum_of_products(xp: Any, *pairs: Any) -> Any:
    """The sum of every output times its gradient from above, entry by entry."""
    return sum([xp.sum(y * g) for y, g in zip(pairs[::2], pairs[1::2], strict=True)])


@rule(
    Upstream,
    "The gradient of the output comes from what stands above the operation: here it is given.",
    short="given from above",
)
def upstream_vjp(node: Upstream, output: MatrixSymbol, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """Ā = the gradient that is given, times the number above it."""
    factor = scale(adjoint)
    return tuple(part for _, g in node.pairs for part in (times(factor, g), None))
