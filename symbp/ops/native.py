"""Backward rules of the SymPy nodes symbp accepts: product, sum, entrywise product, transpose."""

from __future__ import annotations

from dataclasses import replace

from sympy import (
    Expr,
    HadamardProduct,
    Identity,
    MatAdd,
    MatMul,
    MatrixExpr,
    MatrixSymbol,
    Mul,
    OneMatrix,
    S,
    Transpose,
    ZeroMatrix,
)

from symbp.equations import Step, operands
from symbp.nodes import hadamard, matmul, number_and_factors, ones, times, transpose
from symbp.op import explain, rule
from symbp.symbols import Variable


def turn(expr: MatrixExpr) -> MatrixExpr:
    """Return the transpose; that of a transpose is the matrix itself, that of a product turns its order."""
    if isinstance(expr, Transpose):
        return expr.args[0]
    if isinstance(expr, OneMatrix):
        return ones(*reversed(expr.args))
    if isinstance(expr, MatMul):
        number, factors = number_and_factors(expr)
        return matmul(*_front(number), *map(turn, reversed(factors)))
    return transpose(expr)


def _front(number: Expr) -> tuple[Expr, ...]:
    """Return the number as it stands in front of a product: not at all where it is 1."""
    return () if number == 1 else (number,)


@rule(
    MatMul,
    "The error returns through the transpose of every other factor, each on its own side.",
    short="every other factor transposed, on its side",
)
def matmul_vjp(node: MatMul, output: MatrixSymbol | None, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """For C = L·X·R the adjoint of X is Lᵀ·C̄·Rᵀ (Giles 2008, "Collected matrix derivative results", §2.2).

    A number in front of the product stays in front.
    """
    number, factors = number_and_factors(node)
    inner = adjoint.args if isinstance(adjoint, MatMul) else (adjoint,)
    turned = [turn(factor) for factor in factors]
    return tuple(
        [
            matmul(*_front(number), *turned[:index][::-1], *inner, *turned[:index:-1])
            if not isinstance(factor, OneMatrix)
            else None
            for index, factor in enumerate(factors)
        ]
    )


_LEFT_FACTOR = Step(
    "left_factor",
    "The weight in row i and column j meets only input j and feeds only output i, "
    "so its gradient is error i times input j: a column times a row.",
    "error times input, transposed",
)
_RIGHT_FACTOR = Step(
    "right_factor",
    "Input j reaches every output i through the weight in row i and column j, so the chain rule sums "
    "over the row index i, and summing over the first index is the product with the transpose.",
    "a weight sends errors back by its transpose",
)
_RIGHT_OF_ANOTHER = replace(_RIGHT_FACTOR, short="the left factor sends errors back transposed")
_BROADCAST = Step(
    "broadcast",
    "The bias enters with slope 1 and is the same for every example, so its gradient is the error "
    "added up over the examples.",
    "added up over the columns",
)


_NUMBER = Step(
    "number", "A number in front of a matrix multiplies its error as well.", "a number multiplies the error too"
)


@explain.register
def _(node: MatMul, operand: int) -> Step:
    factors = operands(node)
    if len(factors) == 1:
        return _NUMBER
    if operand == 0:
        return _BROADCAST if isinstance(factors[-1], OneMatrix) else _LEFT_FACTOR
    before = factors[operand - 1]
    return _RIGHT_FACTOR if isinstance(before, Variable) and before.is_weight else _RIGHT_OF_ANOTHER


@rule(MatAdd, "A sum hands the error unchanged to every summand.", short="a sum hands its error to each summand")
def matadd_vjp(node: MatAdd, output: MatrixSymbol | None, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """Ā = B̄ = C̄ for C = A + B."""
    return (adjoint,) * len(node.args)


@rule(
    HadamardProduct,
    "Entry by entry, each factor's slope is the product of the other factors.",
    short="error times the other factors, entry by entry",
)
def hadamard_vjp(
    node: HadamardProduct, output: MatrixSymbol | None, adjoint: MatrixExpr
) -> tuple[MatrixExpr | None, ...]:
    """A factor that stands k times gets k times that product at once: the slope of a ⊙ a is 2a."""
    factors = node.args
    return tuple(_others(factors, index, adjoint) for index in range(len(factors)))


def _others(factors: tuple[MatrixExpr, ...], index: int, adjoint: MatrixExpr) -> MatrixExpr | None:
    if factors[index] in factors[:index]:
        return None
    others = [*factors[:index], *factors[index + 1 :]]
    count = factors.count(factors[index])
    everywhere = constant(adjoint)
    if everywhere is not None:  # The error of a sum of all entries is one number: no matrix of ones is needed.
        number = count * everywhere
        product = hadamard(*others) if len(others) > 1 else others[0]
    else:
        number, product = S(count), hadamard(adjoint, *others)
    return times(number, product)


def constant(expr: MatrixExpr) -> Expr | None:
    """Return the number that stands in every entry of a product of ones; None for any other matrix."""
    number, factors = number_and_factors(expr)
    if not all(isinstance(factor, OneMatrix) for factor in factors):
        return None
    return Mul(number, *(factor.shape[1] for factor in factors[:-1]))


@rule(
    Transpose,
    "Transposing moves entries without changing them, so the error is transposed back.",
    short="a transpose turns the error back",
)
def transpose_vjp(node: Transpose, output: MatrixSymbol | None, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """Ā = C̄ᵀ for C = Aᵀ."""
    return (turn(adjoint),)


@rule(OneMatrix, "A matrix of ones does not depend on anything.", short="ones depend on nothing")
@rule(ZeroMatrix, "A matrix of zeros does not depend on anything.", short="zeros depend on nothing")
@rule(Identity, "The identity does not depend on anything.", short="the identity depends on nothing")
def ones_vjp(
    node: OneMatrix | ZeroMatrix | Identity, output: MatrixSymbol | None, adjoint: MatrixExpr
) -> tuple[MatrixExpr | None, ...]:
    """Nothing: it has no operand."""
    return ()
