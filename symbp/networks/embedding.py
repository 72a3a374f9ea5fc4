"""Embedding: one column of a table for every token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symbp.domain import takes_fields
from symbp.equations import text
from symbp.errors import ShapeError
from symbp.networks.blocks import Kind
from symbp.networks.builder import Builder
from symbp.networks.layers import require_units
from symbp.networks.origins import Origin
from symbp.nodes import matmul
from symbp.symbols import Role, Variable


@dataclass(frozen=True)
@takes_fields
class Embedding:
    """A = E·X, a linear layer without bias: X holds tokens as one-hot columns, E is width × vocabulary.

    Column k of E is the vector of token k (torch.nn.Embedding keeps it as row k), so the gradient of a column
    adds up the errors at every place its token stands. On a sequence X1 … XT the same E is used at every step.
    """

    vocabulary: int
    width: int | None = None

    def __post_init__(self) -> None:
        require_units(self.vocabulary)
        if self.width is not None:
            require_units(self.width)

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add A = E·X."""
        table = self._table(builder, incoming)
        with builder.block(Kind.EMBEDDING):
            return builder.define("A", Role.ACTIVATION, matmul(table, incoming), table.args[1])

    def build_steps(self, builder: Builder, incoming: Sequence[Variable]) -> tuple[Variable, ...]:
        """Add A_t = E·X_t for every step."""
        table = self._table(builder, incoming[0])
        with builder.block(Kind.EMBEDDING):
            return tuple(
                builder.define("A", Role.ACTIVATION, matmul(table, x), table.args[1], step=step)
                for step, x in enumerate(incoming, 1)
            )

    def _table(self, builder: Builder, incoming: Variable) -> Variable:
        builder.next_layer()
        if incoming.args[1] != self.vocabulary:
            raise ShapeError(
                f"the embedding has {self.vocabulary} tokens and {incoming.name} is {text(incoming.shape)}: "
                f"one-hot columns need {self.vocabulary} rows, inputs={self.vocabulary}"
            )
        table = builder.parameter("E", Role.WEIGHT, builder.units(self.width), self.vocabulary)
        builder.origins.brings(table, 0, Origin.WIDTH)
        builder.origins.brings(table, 1, Origin.VOCABULARY)
        return table
