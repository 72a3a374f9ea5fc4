"""Layers whose weights are made of other parameters: weight normalisation, spectral normalisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sympy import Expr, MatrixExpr, Rational

from symbp.domain import takes_fields
from symbp.errors import SpecError
from symbp.networks.builder import Builder
from symbp.networks.layers import Layer
from symbp.nodes import hadamard, matmul, ones, transpose
from symbp.ops.arithmetic import INVERSE, power
from symbp.ops.elementwise import Elementwise
from symbp.symbols import Role, Variable


@dataclass(frozen=True)
@takes_fields
class _Reparametrised:
    """The stack of ``layers``, each with a weight W that is made of its parameters."""

    layers: Sequence[Layer]

    def __post_init__(self) -> None:
        if not self.layers:
            raise SpecError(f"{type(self).__name__} needs at least one layer whose weight it normalises")

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add the layers, the equations of each weight in front of those that use it."""
        with builder.weights(self._weight):
            for layer in self.layers:
                incoming = layer.build(builder, incoming)
        return incoming

    def _weight(self, builder: Builder, rows: Expr | int, columns: Expr | int) -> Variable:
        raise NotImplementedError


class WeightNorm(_Reparametrised):
    """Every row of W is a row of V in its direction and g in its length (Salimans and Kingma 2016, eq. 2).

    W = (g ⊙ r)·1ᵀ ⊙ V with r = 1/‖row of V‖, as ``torch.nn.utils.parametrizations.weight_norm``.
    """

    def _weight(self, builder: Builder, rows: Expr | int, columns: Expr | int) -> Variable:
        v = builder.parameter("V", Role.WEIGHT, rows, columns)
        g = builder.parameter("g", Role.SCALE, rows, 1)
        squares = builder.define("q", Role.NORMALISED, matmul(hadamard(v, v), ones(columns, 1)), rows, 1)
        inverse = builder.define("r", Role.NORMALISED, Elementwise(power(Rational(-1, 2)), squares), rows, 1)
        return builder.define("W", Role.NORMALISED, _each_row(hadamard(g, inverse), v), rows, columns)


class SpectralNorm(_Reparametrised):
    """W = V/σ with σ = uᵀ·V·v for given u and v, the singular vectors of a power iteration (Miyato et al. 2018, §2.1).

    ``torch.nn.utils.parametrizations.spectral_norm`` keeps u and v as buffers, and so no gradient goes to them: ``u1``
    (rows × 1) and ``v1`` (columns × 1) are given with the inputs.
    """

    def _weight(self, builder: Builder, rows: Expr | int, columns: Expr | int) -> Variable:
        weight = builder.parameter("V", Role.WEIGHT, rows, columns)
        u, v = (builder.input(each, Role.CONSTANT, size, 1) for each, size in (("u", rows), ("v", columns)))
        sigma = builder.define("sigma", Role.NORMALISED, matmul(transpose(u), weight, v), 1, 1)
        inverse = builder.define("r", Role.NORMALISED, Elementwise(INVERSE, sigma), 1, 1)
        spread: MatrixExpr = matmul(ones(rows, 1), inverse)
        return builder.define("W", Role.NORMALISED, _each_row(spread, weight), rows, columns)


def _each_row(numbers: MatrixExpr, matrix: Variable) -> MatrixExpr:
    """Return a matrix with a number for each row times it."""
    return hadamard(matmul(numbers, ones(1, matrix.shape[1])), matrix)
