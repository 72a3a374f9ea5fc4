"""Brackets, signs and transposes of matrix expressions, on the traps that SymPy's own printers fall into."""

from __future__ import annotations

import pytest
from sympy import (
    DiagMatrix,
    HadamardProduct,
    Identity,
    Integer,
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
from symbp.maths.build import Builder
from symbp.maths.names import Names
from symbp.maths.notation import NOTATIONS, STANDARD, Notation
from symbp.maths.tree import Id
from symbp.networks.attention import Attention
from symbp.networks.layers import Dense
from symbp.networks.network import Network
from symbp.op import Op
from symbp.ops.arithmetic import INVERSE, QUOTIENT
from symbp.ops.elementwise import Elementwise, Slope
from symbp.ops.functions import activation
from symbp.ops.literal import Literal
from symbp.ops.softmax import Softmax, SoftmaxJacobian
from symbp.symbols import BATCH, Adjoint, Role, Variable
from symbp.views.lines import Indexed, index_symbol
from symbp.writing.formula import math_text
from symbp.writing.latex import math_latex
from symbp.writing.render import render

NUMBER = Variable("s", 1, 1, Role.STATE, "s")
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
    (MatMul(S.Half, MatAdd(A, B), C), "½ (A + B) C"),
    (MatMul(MatAdd(A, B), C), "(A + B) C"),
    (MatMul(A, MatAdd(B, MatMul(-1, C))), "A (B − C)"),
    (MatMul(-1, MatAdd(A, B)), "−(A + B)"),
    (MatAdd(A, MatMul(-1, MatAdd(B, C), evaluate=False)), "A − (B + C)"),
    (MatAdd(A, MatMul(-1, B, C)), "A − B C"),
    (MatAdd(A, HadamardProduct(B, C)), "A + B ⊙ C"),
    (HadamardProduct(A, MatMul(B, C)), "A ⊙ (B C)"),
    (HadamardProduct(A, MatAdd(B, C)), "A ⊙ (B + C)"),
    (HadamardProduct(A, MatMul(-1, B)), "−A ⊙ B"),
    (HadamardProduct(A, HadamardProduct(B, C)), "A ⊙ B ⊙ C"),
    (HadamardProduct(A, A, B), "A ⊙ A ⊙ B"),
    (HadamardProduct(OUT, OUT, D), "A₂² ⊙ δ₂"),
    (MatMul(HadamardProduct(A, B), C), "(A ⊙ B) C"),
    (MatMul(A, HadamardProduct(B, C)), "A (B ⊙ C)"),
    (Transpose(MatMul(A, B)), "(A B)ᵀ"),
    (Transpose(MatAdd(A, B)), "(A + B)ᵀ"),
    (Transpose(HadamardProduct(A, B)), "(A ⊙ B)ᵀ"),
    (Transpose(A), "Aᵀ"),
    (MatMul(Transpose(W), A), "W₂ᵀ A"),
    (Transpose(Adjoint(W)), "(∂ℒ/∂W₂)ᵀ"),
    (Elementwise(TANH, Z), "tanh(Z₂)"),
    (HadamardProduct(D, Slope(TANH, 0, OUT, Z)), "δ₂ ⊙ (1 − A₂²)"),
    (HadamardProduct(D, Slope(activation("sigmoid"), 0, OUT, Z)), "δ₂ ⊙ A₂ ⊙ (1 − A₂)"),
    (MatMul(W, Slope(activation("sigmoid"), 0, OUT, Z)), "W₂ (A₂ ⊙ (1 − A₂))"),
    (Slope(activation("gelu"), 0, OUT, Z), "GELU′(Z₂)"),
    (Softmax(Z), "softmax(Z₂)"),
    (SoftmaxJacobian(OUT, D), "J_(A₂)(δ₂)"),
    (MatMul(DiagMatrix(A), B), "diag(A) B"),
    (MatAdd(A, Identity(3)), "A + I"),
    (MatMul(D, OneMatrix(BATCH, 1)), "δ₂ 1"),
    (MatMul(BIAS, OneMatrix(1, BATCH)), "b₂ 1ᵀ"),
    (ZeroMatrix(3, 3), "0"),
    (MatMul(1 / BATCH, MatAdd(OUT, MatMul(-1, Y))), "1/m (A₂ − Y)"),
    (Adjoint(W), "∂ℒ/∂W₂"),
    (MatMul(A, HadamardProduct(MatMul(-1, B), C)), "−A (B ⊙ C)"),
    (HadamardProduct(MatMul(OneMatrix(3, 1), NUMBER, OneMatrix(1, 3)), A), "s A"),
    (MatMul(A, HadamardProduct(B, MatMul(OneMatrix(3, 1), NUMBER, OneMatrix(1, 3)))), "s A B"),
    (HadamardProduct(A, Elementwise(INVERSE, Z), D), "(A ⊙ δ₂)/Z₂"),
    (HadamardProduct(A, Elementwise(QUOTIENT, Z, OUT)), "A ⊙ (Z₂/A₂)"),
    (Literal.of([[S.One, S.Half], [S.Zero, Integer(-2)]]), "⎡1  ½ ⎤\n⎣0  −2⎦"),
]


def builder(notation: Notation = STANDARD, **options: bool) -> Builder:
    letters = {each: Id(each.name) for each in (A, B, C)}
    return Builder(Names([W, Z, OUT, Y, BIAS, NUMBER], notation, errors=[Z], letters=letters), **options)


@pytest.mark.parametrize(("expr", "text"), BRACKETS, ids=[text for _, text in BRACKETS])
def test_brackets(expr: MatrixExpr, text: str) -> None:
    tree = builder().tree(expr)
    assert math_text(tree) == text
    assert math_text(tree, ascii=True).isascii()
    latex = math_latex(tree)
    assert latex.count("{") == latex.count("}")
    assert latex.count(r"\bigl(") == latex.count(r"\bigr)")


def test_every_slope_may_be_written_through_the_output() -> None:
    slope = Slope(activation("leaky_relu"), 0, OUT, Z)
    assert math_text(builder().tree(slope)) == "LeakyReLU′(Z₂)"
    assert "A₂ > 0" in math_text(builder(by_output=True).tree(slope))


def test_an_operation_is_called_by_the_name_of_its_class() -> None:
    class Swirl(Op):
        shape = (S(3), S(3))

    tree = builder().tree(Swirl(A))
    assert math_text(tree) == "swirl(A)"
    assert math_latex(tree) == r"\mathrm{swirl}(A)"


def test_a_notation_is_one_row() -> None:
    weight = Indexed(W, index_symbol("l"))
    found = {}
    for name in ("standard", "ng"):
        names = Names([weight], NOTATIONS[name], upper=frozenset("l"))
        found[name] = math_latex(Builder(names).tree(Transpose(weight)))
    assert found == {"standard": r"W^{(l)\top}", "ng": r"W^{[l]\top}"}


def test_depth_is_no_limit() -> None:
    expr: MatrixExpr = A
    for _ in range(100):
        expr = Transpose(HadamardProduct(expr, B))
    assert math_text(builder().tree(expr)).count("ᵀ") == 100


def test_a_loss_over_tokens_is_a_mean_over_all_their_columns() -> None:
    """Every entry has its row and its column; of one sequence there is no m."""
    found = derive(Network([Attention(tokens=3), Dense(2, "softmax")], inputs=4, loss="cross_entropy"))
    (loss,) = [line.strip() for line in render(found, to="text").splitlines() if line.strip().startswith("ℒ ")]
    assert loss == "ℒ  = −1/3 Σᵢⱼ Yᵢⱼ log Ŷᵢⱼ"
    assert "1/m Σ" in render(derive(layers=1, activation="sigmoid", loss="mae", batch=True), to="text")
