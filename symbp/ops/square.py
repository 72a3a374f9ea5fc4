"""Square matrices as a whole: trace, inverse, determinant and its logarithm.

Formulas: Petersen and Pedersen, The Matrix Cookbook (2012), equations 46, 51, 59 and 100.
"""

from __future__ import annotations

from typing import Any, ClassVar, cast

from sympy import Basic, Identity, MatrixExpr, MatrixSymbol, S

from symbp.nodes import hadamard, matmul, ones, transpose
from symbp.op import Entry, FactorRole, Op, meaning, rule
from symbp.ops.entries import ROW, Total, base


class _Number(Op):
    """Takes a square matrix to a number, 1×1."""

    shape = (S.One, S.One)


class Tr(_Number):
    """The sum of the diagonal. Args: A (n × n). The result is 1 × 1."""

    affine: ClassVar[bool] = True
    label: ClassVar[str] = "tr"

    def __new__(cls, a: MatrixExpr) -> Tr:
        return cast("Tr", Basic.__new__(cls, a))

    def entry(self) -> Entry:
        """Return Σ_i a_ii."""
        a, shape = base("a"), self.args[0].shape
        return Entry(((a, shape),), (), (((), Total(a[ROW, ROW], ROW)),), {ROW: shape[0]})


class Inv(Op):
    """A⁻¹. Args: A (n × n, regular). The shape is that of A."""

    factor_role = FactorRole.WEIGHT
    label: ClassVar[str] = "inv"

    def __new__(cls, a: MatrixExpr) -> Inv:
        return cast("Inv", Basic.__new__(cls, a))

    shape = property(lambda self: self.args[0].shape)

    def entry(self) -> Entry:
        """Say it in words: everybody knows it by its name."""
        return Entry(says="inverse")


class Det(_Number):
    """det A. Args: A (n × n, regular where its gradient is taken)."""

    label: ClassVar[str] = "det"

    def __new__(cls, a: MatrixExpr) -> Det:
        return cast("Det", Basic.__new__(cls, a))

    def entry(self) -> Entry:
        """Say it in words: everybody knows it by its name."""
        return Entry(says="determinant")


class LogDet(_Number):
    """log |det A|. Args: A (n × n, regular)."""

    label: ClassVar[str] = "logdet"

    def __new__(cls, a: MatrixExpr) -> LogDet:
        return cast("LogDet", Basic.__new__(cls, a))

    def entry(self) -> Entry:
        """Say it in words: everybody knows it by its name."""
        return Entry(says="log_determinant")


@meaning(Tr)
def trace(xp: Any, a: Any) -> Any:
    """The sum of the diagonal."""
    return xp.sum(xp.sum(a * xp.eye(a.shape[0]), axis=-2, keepdims=True), axis=-1, keepdims=True)


@meaning(Inv)
def inverse(xp: Any, a: Any) -> Any:
    """The inverse."""
    return xp.linalg.inv(a)


@meaning(Det)
def determinant(xp: Any, a: Any) -> Any:
    """The determinant as a matrix of one entry."""
    return xp.linalg.det(a).reshape(1, 1)


@meaning(LogDet)
def log_determinant(xp: Any, a: Any) -> Any:
    """The logarithm of the size of the determinant."""
    return xp.log(xp.abs(xp.linalg.det(a))).reshape(1, 1)


@rule(Tr, "Every entry of the diagonal counts once, all others not at all.", short="the error on the diagonal")
def trace_vjp(node: Tr, output: MatrixSymbol | None, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """Ā = t̄ I."""
    return (_scaled(adjoint, Identity(node.args[0].shape[0])),)


@rule(
    Inv,
    "From A A⁻¹ = I follows d(A⁻¹) = −A⁻¹ dA A⁻¹, so the error passes the inverse on both sides, transposed.",
    short="the inverse on both sides, transposed",
)
def inverse_vjp(node: Inv, output: MatrixSymbol, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """Ā = −Bᵀ·B̄·Bᵀ for B = A⁻¹."""
    return (matmul(S.NegativeOne, transpose(output), adjoint, transpose(output)),)


@rule(
    Det,
    "A determinant changes by det A · tr(A⁻¹ dA).",
    short="the determinant times the inverse, transposed",
)
def determinant_vjp(node: Det, output: MatrixSymbol, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """Ā = d̄ det A · A⁻ᵀ."""
    return (_scaled(output if adjoint == ones(1, 1) else hadamard(adjoint, output), transpose(Inv(node.args[0]))),)


@rule(
    LogDet,
    "The logarithm of a determinant changes by tr(A⁻¹ dA).",
    short="the inverse, transposed",
)
def log_determinant_vjp(node: LogDet, output: MatrixSymbol, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """Ā = d̄ A⁻ᵀ."""
    return (_scaled(adjoint, transpose(Inv(node.args[0]))),)


def _scaled(number: MatrixExpr, matrix: MatrixExpr) -> MatrixExpr:
    """Return 1·s·1ᵀ ⊙ M, a 1×1 times a square matrix; the matrix where the number is the loss's own."""
    if number == ones(1, 1):
        return matrix
    rows, columns = matrix.shape
    return hadamard(matmul(ones(rows, 1), number, ones(1, columns)), matrix)
