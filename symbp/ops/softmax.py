"""Softmax over each column, and its Jacobian as an operator."""

from __future__ import annotations

from typing import Any, cast

from sympy import Basic, DiagMatrix, MatrixExpr, MatrixSymbol, S, exp

from symbp.nodes import hadamard, matadd, matmul, ones, transpose
from symbp.op import Entry, FactorRole, Naming, Op, meaning, rule
from symbp.ops.entries import COLUMN, OTHER, ROW, Total, base, by_columns
from symbp.symbols import BATCH


class Softmax(Op):
    """softmax(Z): in every column, p_i = exp(z_i) / Σ_k exp(z_k). The result has the shape of Z."""

    label = "softmax"

    def __new__(cls, z: MatrixExpr) -> Softmax:
        return cast("Softmax", Basic.__new__(cls, z))

    shape = property(lambda self: self.args[0].shape)

    def entry(self) -> Entry:
        """Return exp(z_i) / Σ_k exp(z_k)."""
        z = base("z")
        value = exp(z[ROW, COLUMN]) / Total(exp(z[OTHER, COLUMN]), OTHER)
        return by_columns({z: self.args[0]}, self.shape, value, {OTHER: self.shape[0]})


class SoftmaxJacobian(Op):
    """J(P)·G: in every column, (diag p − p pᵀ) g, for P = softmax(Z) and G of the same shape.

    J is symmetric, so it carries the error backwards as it carries a change forwards.
    """

    acts_on = 1
    factor_role = FactorRole.SLOPE
    label = "J"
    about = "the derivative of softmax"

    def __new__(cls, p: MatrixExpr, g: MatrixExpr) -> SoftmaxJacobian:
        return cast("SoftmaxJacobian", Basic.__new__(cls, p, g))

    shape = property(lambda self: self.args[0].shape)

    def entry(self) -> Entry:
        """Return p_i (g_i − Σ_k g_k p_k)."""
        p, g = base("p"), base("g")
        mean = Total(g[OTHER, COLUMN] * p[OTHER, COLUMN], OTHER)
        value = p[ROW, COLUMN] * (g[ROW, COLUMN] - mean)
        return by_columns({p: self.args[0], g: self.args[1]}, self.shape, value, {OTHER: self.shape[0]})

    def spelled_out(self, name: Naming) -> MatrixExpr:
        """Return P ⊙ (G − 1·D) with D = 1ᵀ·(G ⊙ P): in every column, the sum of the products."""
        p, g = self.args
        rows = p.shape[0]
        total = name("D", matmul(ones(1, rows), hadamard(g, p)))
        return hadamard(p, matadd(g, matmul(S.NegativeOne, ones(rows, 1), total)))

    def as_matrix(self) -> MatrixExpr:
        """Return diag p − p pᵀ for the single column p."""
        p = self.args[0]
        if p.shape[1] not in (1, BATCH):
            return super().as_matrix()
        return matadd(DiagMatrix(p), matmul(S.NegativeOne, p, transpose(p)))


@meaning(Softmax)
def softmax(xp: Any, z: Any) -> Any:
    """Exponentials over their sum, column by column; the largest entry is subtracted first."""
    e = xp.exp(z - xp.max(z, axis=-2, keepdims=True))
    return e / xp.sum(e, axis=-2, keepdims=True)


@meaning(SoftmaxJacobian)
def softmax_jacobian(xp: Any, p: Any, g: Any) -> Any:
    """(diag p − p pᵀ) g in every column, without forming the matrix."""
    return p * (g - xp.sum(p * g, axis=-2, keepdims=True))


@rule(
    Softmax,
    "Each output of softmax depends on every input of its column, so its derivative is the matrix diag p − p pᵀ.",
    short="each column sums to one",
)
def softmax_vjp(node: Softmax, output: MatrixSymbol, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """z̄ = (diag p − p pᵀ) p̄, column by column."""
    return (SoftmaxJacobian(output, adjoint),)
