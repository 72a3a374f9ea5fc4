"""Normalisation layers: normalise, then scale by γ and shift by β, one of each for every feature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sympy import HadamardProduct, MatAdd, MatMul, MatrixExpr, OneMatrix

from symbp.errors import SpecError
from symbp.networks.builder import Builder
from symbp.ops.functions import exact
from symbp.ops.normalisation import Normalise, Over
from symbp.symbols import Role, Variable


@dataclass(frozen=True)
class _Normalisation:
    """B = γ·1ᵀ ⊙ N + β·1ᵀ with N the normalised input; γ and β are units × 1. ``epsilon`` is exact text."""

    epsilon: str = "1e-5"

    over: ClassVar[Over] = Over.FEATURES
    centred: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if exact(self.epsilon, "epsilon") <= 0:
            raise SpecError(f"epsilon is {self.epsilon}: give a positive number, such as 1e-5")

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add N = normalise(Z) and B = γ·1ᵀ ⊙ N + β·1ᵀ."""
        rows = incoming.args[1]
        epsilon = exact(self.epsilon, "epsilon")
        n = builder.define("N", Role.NORMALISED, Normalise(incoming, self.over, self.centred, epsilon), rows)
        gamma = builder.parameter("gamma", Role.SCALE, rows, 1)
        ones = OneMatrix(1, builder.columns)
        total: MatrixExpr = HadamardProduct(MatMul(gamma, ones), n)
        if self.centred:
            total = MatAdd(total, MatMul(builder.parameter("beta", Role.SHIFT, rows, 1), ones))
        return builder.define("B", Role.SHIFTED, total, rows)


class BatchNorm(_Normalisation):
    """Normalise every feature over the examples of the batch (Ioffe and Szegedy 2015), γ and β after it."""

    over = Over.EXAMPLES


class LayerNorm(_Normalisation):
    """Normalise every example over its features (Ba, Kiros and Hinton 2016), γ and β after it."""


class RMSNorm(_Normalisation):
    """Divide every example by its root mean square (Zhang and Sennrich 2019), γ after it and no β."""

    centred = False
