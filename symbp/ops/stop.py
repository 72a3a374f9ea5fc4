"""A value through which no gradient goes: a target network, a bootstrapped return, a straight-through estimate."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from sympy import Basic, MatrixExpr, MatrixSymbol

from symbp.op import Entry, Op, meaning, rule
from symbp.ops.entries import COLUMN, ROW, base, by_columns


class Stop(Op):
    """A itself, held as a constant by whoever differentiates (``detach``, ``stop_gradient``). Args: A."""

    flat: ClassVar[bool] = True
    label: ClassVar[str] = "stop"

    def __new__(cls, a: MatrixExpr) -> Stop:
        return cast("Stop", Basic.__new__(cls, a))

    shape = property(lambda self: self.args[0].shape)

    def entry(self) -> Entry:
        """Return a_ij."""
        a = base("a")
        return by_columns({a: self.args[0]}, self.shape, a[ROW, COLUMN])


@meaning(Stop)
def stop(xp: Any, a: Any) -> Any:
    """The same values."""
    return a


@rule(Stop, "What is stopped counts as a constant, so no error goes further back.", short="no error goes further")
def stop_vjp(node: Stop, output: MatrixSymbol, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """Ā gets nothing."""
    return (None,)
