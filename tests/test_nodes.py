"""The nodes that rules and layers build are SymPy's own, equal to what its constructors give."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise

import pytest
from sympy import (
    Basic,
    HadamardProduct,
    Integer,
    MatAdd,
    MatMul,
    MatrixExpr,
    OneMatrix,
    Rational,
    Transpose,
    ZeroMatrix,
)

from symbp import nodes
from symbp.ops.elementwise import Elementwise
from symbp.ops.functions import activation
from symbp.symbols import BATCH, Adjoint, Role, Variable, width

SIZES = (width(1), width(2), BATCH, 3 * BATCH, Integer(1), Integer(3))
NUMBERS = (Integer(-1), Rational(1, 3), 1 / BATCH, Integer(1), Integer(0), width(1) / 2)
CASES = 60

Build = Callable[..., MatrixExpr]
OURS: dict[type, Build] = {
    MatMul: nodes.matmul,
    MatAdd: nodes.matadd,
    HadamardProduct: nodes.hadamard,
    Transpose: nodes.transpose,
    OneMatrix: nodes.ones,
    ZeroMatrix: nodes.zeros,
}
THEIRS: dict[type, Build] = {
    **{kind: lambda *args, kind=kind: kind(*args, evaluate=False) for kind in (MatMul, MatAdd, HadamardProduct)},
    **{kind: kind for kind in (Transpose, OneMatrix, ZeroMatrix)},
}


def same(first: Basic, second: Basic) -> bool:
    """Tell whether two expressions are one in all that a reader could tell them apart by."""
    return (
        type(first) is type(second)
        and first == second
        and hash(first) == hash(second)
        and str(first) == str(second)
        and len(first.args) == len(second.args)
        and all(same(*pair) for pair in zip(first.args, second.args, strict=True))
    )


def random_matrix(draw: random.Random, build: dict[type, Build], rows: Basic, columns: Basic, depth: int) -> MatrixExpr:
    """Return a matrix of this shape; two draws of one seed with two tables of constructors are one expression."""
    kind = draw.choice(["symbol", "adjoint", MatMul, MatMul, MatAdd, HadamardProduct, Transpose, OneMatrix, ZeroMatrix])
    name = f"A{draw.randrange(100)}"
    inner = lambda r, c: random_matrix(draw, build, r, c, depth - 1)  # noqa: E731
    if kind in ("symbol", "adjoint") or depth == 0:
        variable = Variable(name, rows, columns, Role.ACTIVATION, "A", 1)
        return Adjoint(variable) if kind == "adjoint" else variable
    if kind is MatMul:
        sizes = [rows, *draw.choices(SIZES, k=draw.randrange(3)), columns]
        numbers = draw.sample(NUMBERS, draw.randrange(3))
        factors = [inner(*pair) for pair in pairwise(sizes)]
        at = draw.randrange(len(factors) + 1)  # A number may stand anywhere, where a rule puts an error into a product.
        return build[MatMul](*factors[:at], *numbers, *factors[at:])
    if kind in (MatAdd, HadamardProduct):
        return build[kind](*(inner(rows, columns) for _ in range(draw.randrange(1, 4))))
    return build[kind](inner(columns, rows)) if kind is Transpose else build[kind](rows, columns)


@pytest.mark.parametrize("seed", range(CASES))
def test_a_node_is_the_one_of_the_constructor(seed: int) -> None:
    rows, columns = random.Random(seed).choices(SIZES, k=2)
    ours, theirs = (random_matrix(random.Random(seed), build, rows, columns, 3) for build in (OURS, THEIRS))
    assert same(ours, theirs)
    assert ours.shape == theirs.shape == (rows, columns)


def test_the_comparison_sees_a_difference() -> None:
    a, b = (Variable(name, 3, 3, Role.WEIGHT, name) for name in "AB")
    assert same(nodes.matmul(a, b), MatMul(a, b))
    assert not same(nodes.matmul(a, b), MatMul(b, a))
    assert not same(nodes.matmul(a, nodes.matmul(b, a)), MatMul(a, b, a))
    assert not same(nodes.matadd(a, b), nodes.hadamard(a, b))
    assert not same(nodes.matmul(Integer(1), a), a)
    assert not same(nodes.transpose(a), a.T.T)


def test_numbers_are_taken_out_of_a_product_as_sympy_does() -> None:
    draw, compared = random.Random(0), 0
    for _ in range(200):
        found = random_matrix(draw, THEIRS, *draw.choices(SIZES, k=2), 2)
        if isinstance(found, MatMul):
            number, factors = found.as_coeff_matrices()
            assert nodes.number_and_factors(found) == (number, tuple(factors))
            compared += 1
        else:
            assert nodes.number_and_factors(found) == (1, (found,))
    assert compared > 20


def test_one_matrix_of_ones_a_shape() -> None:
    assert nodes.ones(1, BATCH) is nodes.ones(1, BATCH)
    assert nodes.zeros(width(1), BATCH) is nodes.zeros(width(1), BATCH)


def test_a_symbol_is_rebuilt_with_its_name_and_shape() -> None:
    weight = Variable("W2", width(2), width(1), Role.WEIGHT, "W", 2)
    for symbol in (weight, Adjoint(weight), Variable("block1.h_3", 3, BATCH, "state", "h", 1, "block1", 3)):
        again = symbol.func(*symbol.args)
        assert same(again, symbol)
        assert (again.name, again.shape) == (symbol.args[0].name, symbol.args[1:3])
    wider = weight.subs(width(1), 7)
    assert (wider.name, wider.shape) == ("W2", (width(2), 7))
    applied = Elementwise(activation("tanh"), weight).xreplace({weight: wider})
    assert applied.shape == (width(2), 7)
