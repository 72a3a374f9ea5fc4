"""Gated linear units, and activations with a slope that is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sympy import MatrixExpr, S

from symbp.domain import takes_fields
from symbp.networks.blocks import Kind
from symbp.networks.builder import Builder
from symbp.networks.layers import activation_of, require_units
from symbp.networks.origins import Origin
from symbp.nodes import hadamard, matadd, matmul, ones
from symbp.ops.elementwise import Elementwise
from symbp.symbols import Role, Variable


@dataclass(frozen=True)
@takes_fields
class GLU:
    """A gated linear unit (Dauphin et al. 2017): A = (W·X + b·1ᵀ) ⊙ σ(V·X + c·1ᵀ), W and V units × n.

    ``torch.nn.functional.glu`` of one linear layer, [W; V] with the bias [b; c]. ``SwiGLU``, ``GEGLU`` and ``ReGLU``
    (Shazeer 2020) have another function in the gate's place.
    """

    units: int | None = None
    bias: bool = True

    gate: ClassVar[str] = "sigmoid"

    def __post_init__(self) -> None:
        if self.units is not None:
            require_units(self.units)

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add Z, the gate's U and G = f(U), and A = Z ⊙ G."""
        builder.next_layer()
        rows = builder.units(self.units)
        with builder.block(Kind.DENSE):
            z = self._affine(builder, "Z", "W", "b", incoming)
            with builder.block(Kind.GATE, "gate"):
                u = self._affine(builder, "U", "V", "c", incoming)
                g = builder.define("G", Role.GATE, Elementwise(activation_of(self.gate, {}), u), rows)
            return builder.define("A", Role.ACTIVATION, hadamard(z, g), rows)

    def _affine(self, builder: Builder, name: str, weight: str, bias: str, incoming: Variable) -> Variable:
        rows = builder.units(self.units)
        w = builder.weight(rows, incoming.args[1], weight)
        builder.origins.brings(w, 0, Origin.UNITS)
        total: MatrixExpr = matmul(w, incoming)
        if self.bias:
            total = matadd(total, builder.spread(builder.parameter(bias, Role.BIAS, rows, 1)))
        return builder.define(name, Role.PREACTIVATION, total, rows)


class SwiGLU(GLU):
    """``GLU`` with SiLU in the gate's place: (W·X + b·1ᵀ) ⊙ silu(V·X + c·1ᵀ) (Shazeer 2020, eq. 5)."""

    gate = "silu"


class GEGLU(GLU):
    """``GLU`` with GELU in the gate's place (Shazeer 2020, eq. 5)."""

    gate = "gelu"


class ReGLU(GLU):
    """``GLU`` with ReLU in the gate's place (Shazeer 2020, eq. 5)."""

    gate = "relu"


@dataclass(frozen=True)
@takes_fields
class PReLU:
    """A = max(0, Z) + a·min(0, Z) with a trained slope a (He et al. 2015, eq. 1), one number as in ``torch.nn.PReLU``.

    min(0, Z) is what max(0, Z) leaves of Z. The slope is ``alpha1`` behind layer 1.
    """

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add R = max(0, Z) and A = R + a·(Z − R)."""
        rows, columns = incoming.args[1:3]
        with builder.block(Kind.ACTIVATION):
            slope = builder.parameter("alpha", Role.SCALE, 1, 1)
            above = builder.define("R", Role.ACTIVATION, Elementwise(activation_of("relu", {}), incoming), rows)
            left = matadd(incoming, matmul(S.NegativeOne, above))
            spread = matmul(ones(rows, 1), slope, ones(1, columns))
            return builder.define("A", Role.ACTIVATION, matadd(above, hadamard(spread, left)), rows)
