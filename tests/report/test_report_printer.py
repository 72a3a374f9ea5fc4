"""Brackets, signs and transposes of the matrix printer, on the traps that SymPy's own falls into."""

from __future__ import annotations

import inspect
import re
import sys

import pytest
from report_cases import derivation
from sympy import (
    DiagMatrix,
    HadamardProduct,
    Identity,
    MatAdd,
    MatMul,
    MatrixExpr,
    MatrixSymbol,
    OneMatrix,
    S,
    Transpose,
    ZeroMatrix,
)

from symbp.derivation import derive
from symbp.networks.attention import Attention
from symbp.networks.layers import Dense
from symbp.networks.network import Network
from symbp.op import Op
from symbp.ops.elementwise import Elementwise, Slope
from symbp.ops.functions import activation
from symbp.ops.softmax import Softmax, SoftmaxJacobian
from symbp.report.desk import Desk
from symbp.report.dialects import ASCII, LATEX, UNICODE, Dialect
from symbp.report.notation import NOTATIONS, STANDARD
from symbp.report.printer import Printer
from symbp.report.products import joined, latex_width, rows
from symbp.report.written import Level, Written
from symbp.symbols import BATCH, Adjoint, Role, Variable
from symbp.writing.render import render

A, B, C = (MatrixSymbol(name, 3, 3) for name in "ABC")
W = Variable("W2", 3, 3, Role.WEIGHT, "W", 2)
Z = Variable("Z2", 3, BATCH, Role.PREACTIVATION, "Z", 2)
OUT = Variable("A2", 3, BATCH, Role.ACTIVATION, "A", 2)
Y = Variable("Y", 3, BATCH, Role.TARGET, "Y", 2)
BIAS = Variable("b2", 3, 1, Role.BIAS, "b", 2)
TANH = activation("tanh")
D = Adjoint(Z)

BRACKETS: list[tuple[MatrixExpr, str]] = [
    (MatMul(-1, HadamardProduct(A, B), C), "−(A ⊙ B) C"),
    (MatMul(-1, A, B), "−A B"),
    (MatMul(2, A), "2 A"),
    (MatMul(S.Half, MatAdd(A, B), C), "1/2 (A + B) C"),
    (MatMul(MatAdd(A, B), C), "(A + B) C"),
    (MatMul(A, MatAdd(B, MatMul(-1, C))), "A (B − C)"),
    (MatMul(-1, MatAdd(A, B)), "−(A + B)"),
    (MatAdd(A, MatMul(-1, MatAdd(B, C), evaluate=False)), "A − (B + C)"),
    (MatAdd(A, MatMul(-1, B, C)), "A − B C"),
    (MatAdd(A, HadamardProduct(B, C)), "A + B ⊙ C"),
    (HadamardProduct(A, MatMul(B, C)), "A ⊙ (B C)"),
    (HadamardProduct(A, MatAdd(B, C)), "A ⊙ (B + C)"),
    (HadamardProduct(A, MatMul(-1, B)), "A ⊙ (−B)"),
    (HadamardProduct(A, HadamardProduct(B, C)), "A ⊙ B ⊙ C"),
    (MatMul(HadamardProduct(A, B), C), "(A ⊙ B) C"),
    (MatMul(A, HadamardProduct(B, C)), "A (B ⊙ C)"),
    (Transpose(MatMul(A, B)), "(A B)ᵀ"),
    (Transpose(MatAdd(A, B)), "(A + B)ᵀ"),
    (Transpose(HadamardProduct(A, B)), "(A ⊙ B)ᵀ"),
    (Transpose(A), "Aᵀ"),
    (MatMul(Transpose(W), A), "W₂ᵀ A"),
    (Elementwise(TANH, Z), "tanh(Z₂)"),
    (HadamardProduct(D, Slope(TANH, 0, OUT, Z)), "tanh′(Z₂) ⊙ δ₂"),
    (Softmax(Z), "softmax(Z₂)"),
    (SoftmaxJacobian(OUT, D), "J₂(δ₂)"),
    (MatMul(DiagMatrix(A), B), "diag(A) B"),
    (MatAdd(A, Identity(3)), "A + I"),
    (MatMul(D, OneMatrix(BATCH, 1)), "δ₂ 1"),
    (MatMul(BIAS, OneMatrix(1, BATCH)), "b₂ 1ᵀ"),
    (ZeroMatrix(3, 3), "0"),
    (MatMul(1 / BATCH, MatAdd(OUT, MatMul(-1, Y))), "(A₂ − Y)/m"),
    (Adjoint(W), "∂ℒ/∂W₂"),
]


def printer(dialect: Dialect = UNICODE, depth: int = 3, **options: object) -> Printer:
    return Printer(STANDARD, dialect, depth, one_example=False, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(("expr", "text"), BRACKETS, ids=[text for _, text in BRACKETS])
def test_brackets(expr: MatrixExpr, text: str) -> None:
    assert printer().matrix(expr) == text


@pytest.mark.parametrize(("expr", "text"), BRACKETS, ids=[text for _, text in BRACKETS])
def test_every_dialect_brackets_alike(expr: MatrixExpr, text: str) -> None:
    plain, latex = printer(ASCII).matrix(expr), printer(LATEX).matrix(expr)
    assert plain.isascii()
    assert latex.count("{") == latex.count("}")
    assert latex.count(r"\bigl(") == latex.count(r"\bigr)")


ONE_EXAMPLE = [
    (MatMul(D, OneMatrix(BATCH, 1)), r"\delta^{(2)}"),
    (MatAdd(MatMul(W, Z), MatMul(BIAS, OneMatrix(1, BATCH))), r"W^{(2)} z^{(2)} + b^{(2)}"),
    (MatMul(1 / BATCH, MatAdd(OUT, MatMul(-1, Y))), "a^{(2)} - y"),
    (MatMul(-1 / BATCH, MatAdd(OUT, Y)), "-(a^{(2)} + y)"),
    (MatMul(Transpose(W), D), r"W^{(2)\top} \delta^{(2)}"),
    (DiagMatrix(Slope(TANH, 0, OUT, Z)), "D^{(2)}"),
    (Adjoint(OUT), "g"),
    (Transpose(Adjoint(W)), r"\bigl(\frac{\partial \mathcal{L}}{\partial W^{(2)}}\bigr)^{\top}"),
    (HadamardProduct(D, MatMul(Transpose(W), Elementwise(TANH, Z))),
     r"\delta^{(2)} \odot \bigl(W^{(2)\top} \tanh(z^{(2)})\bigr)"),
]  # fmt: skip


@pytest.mark.parametrize(("expr", "text"), ONE_EXAMPLE, ids=[text for _, text in ONE_EXAMPLE])
def test_one_example_is_m_equal_one(expr: MatrixExpr, text: str) -> None:
    assert Printer(STANDARD, LATEX, 2).matrix(expr) == text


def test_slopes_through_the_output() -> None:
    sigmoid = Slope(activation("sigmoid"), 0, OUT, Z)
    through = printer(by_output=True)
    assert through.matrix(HadamardProduct(D, sigmoid)) == "A₂ ⊙ (1 − A₂) ⊙ δ₂"
    assert through.matrix(HadamardProduct(D, Slope(TANH, 0, OUT, Z))) == "(1 − A₂ ⊙ A₂) ⊙ δ₂"
    assert through.matrix(MatMul(W, sigmoid)) == "W₂ (A₂ ⊙ (1 − A₂))"


def test_a_name_of_two_words_gets_brackets_under_its_prime() -> None:
    slope = Slope(activation("logsigmoid"), 0, OUT, Z)
    assert printer(LATEX).matrix(slope) == r"(\log\sigma)'(Z^{(2)})"


def test_an_operation_prints_by_the_name_of_its_class() -> None:
    class Swirl(Op):
        shape = (S(3), S(3))

    assert printer().matrix(Swirl(A)) == "swirl(A)"
    assert printer(LATEX).matrix(Swirl(A)) == r"\mathrm{swirl}(A)"


def test_a_notation_is_one_row() -> None:
    assert Printer(NOTATIONS["ng"], LATEX, 2).matrix(Transpose(W)) == r"W^{[2]\top}"


def test_depth_is_no_recursion() -> None:
    expr: MatrixExpr = A
    for _ in range(100):
        expr = Transpose(HadamardProduct(expr, B))
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 60)
    try:
        text = printer().matrix(expr)
    finally:
        sys.setrecursionlimit(limit)
    assert text.count("ᵀ") == 100


@pytest.mark.parametrize("name", ["layers-4", "batch", "tanh-softmax-ce", "gelu-softmax-mse", "leaky-huber-batch"])
def test_every_equation_of_a_derivation_prints(name: str) -> None:
    of = derivation(name)
    for dialect in (LATEX, UNICODE, ASCII):
        shown = Printer(STANDARD, dialect, of.network.depth, one_example=not of.network.batch)
        for equation in (*of.forward, *of.backward):
            assert all(shown.equation(equation))


def test_rows_fit_and_are_even() -> None:
    pieces = [("x", 30.0)] * 11
    found = rows(pieces, 100.0, 90.0)
    assert [len(row) for row in found] == [3, 3, 3, 2]
    assert rows([("x", 500.0), ("y", 500.0)], 100.0, 90.0) == ["x", "y"]


def test_widths_are_estimated_on_the_wide_side() -> None:
    assert 18 < latex_width("D^{(3)}") < 26
    assert 24 < latex_width(r"W^{(3)\top}") < 36


def test_softmax_acts_on_every_column_of_a_batch() -> None:
    of = derive(layers=2, activation="tanh", output_activation="softmax", loss="mae", batch=True)
    desk = Desk.open(of, STANDARD, UNICODE, None, None)
    assert "".join(joined(desk.pieces(of.gradients["W2"]), " ")) == "J₂ (G) A₁ᵀ"


def test_a_loss_over_tokens_is_a_mean_over_all_their_columns() -> None:
    """Every entry has its row and its column behind the number that its matrix has below."""
    found = derive(Network([Attention(tokens=3), Dense(2, "softmax")], inputs=4, loss="cross_entropy"))
    (loss,) = [line for line in render(found).splitlines() if line.startswith(r"\mathcal{L} =")]
    assert r"frac{1}{3}" in loss
    assert r"\sum_{i,j}" in loss
    assert re.search(r"Y_\{i,j\}\s*\\log \\hat\{Y\}_\{i,j\}", loss)
    (loss,) = [line for line in render(found, to="text").splitlines() if line.strip().startswith("ℒ ")]
    assert "1/3 Σ" in loss
    assert "m" not in loss
    assert "1/m Σ" in render(derive(layers=1, activation="sigmoid", loss="mae", batch=True), to="text")


@pytest.mark.parametrize("level", [Level.HADAMARD, Level.PRODUCT, Level.SIGN, Level.ATOM])
def test_a_sum_stands_in_brackets_inside_whatever_binds_tighter(level: Level) -> None:
    assert printer().inside(Written("A + B", Level.SUM), level) == "(A + B)"
