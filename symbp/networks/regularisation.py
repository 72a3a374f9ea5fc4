"""Dropout as a fixed mask; the L2 penalty is an argument of the network."""

from __future__ import annotations

from dataclasses import dataclass

from symbp.domain import takes_fields
from symbp.networks.blocks import Kind
from symbp.networks.builder import Builder
from symbp.nodes import hadamard
from symbp.symbols import Role, Variable


@dataclass(frozen=True)
@takes_fields
class Dropout:
    """D = A ⊙ M (Srivastava et al. 2014): M is an input of the shape of A, named after the layer (``M1``).

    The mask is drawn outside and given with X: 0 where a unit is dropped, else 1/(1 − p), as torch.nn.Dropout
    scales it. Backwards the same mask multiplies the error.
    """

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add D = A ⊙ M."""
        rows = incoming.args[1]
        mask = builder.input("M", Role.MASK, rows)
        with builder.block(Kind.DROPOUT):
            return builder.define("D", Role.MASKED, hadamard(incoming, mask), rows)
