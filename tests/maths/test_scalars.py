"""Entries, sums over indices and cases as trees."""

from __future__ import annotations

import re

import pytest
from sympy import And, Function, IndexedBase, Integral, Max, Piecewise, Rational, Sum, Symbol, exp, pi, sin, sqrt, tanh

from symbp.errors import RuleNotFoundError
from symbp.maths.scalars import Scalars
from symbp.maths.tree import Accent, Id, Script, Sign, walk
from symbp.ops.activations import ACTIVATIONS
from symbp.ops.elementwise import OUTPUT
from symbp.ops.entries import Largest, Total
from symbp.ops.letters import X
from symbp.ops.scalar import absolute, maximum, relu, sigmoid, step
from symbp.writing.formula import math_text
from symbp.writing.latex import math_latex

I, J, K, P = (Symbol(name, integer=True) for name in "ijkp")  # noqa: E741
N, MU, T = Symbol("n"), Symbol("mu"), Symbol("t", real=True)
Z, G = IndexedBase("z", real=True), IndexedBase("g", real=True)

CASES = [
    (Z[I, J], "zᵢⱼ", "z_{i,j}"),
    (exp(Z[I]) / Total(exp(Z[K]), K), "e^(zᵢ)/(Σₖ e^(zₖ))", r"\frac{e^{z_i}}{"),
    (Total(Z[K], K) / N, "1/n Σₖ zₖ", r"\tfrac{1}{n}"),
    (Z[I] * Total(G[K] * Z[K], K) / N, "1/n zᵢ Σₖ gₖ zₖ", r"g_k\,z_k"),
    (Total((Z[K] - MU) ** 2, K), "Σₖ (zₖ − μ)²", r"(z_k - \mu)^2"),
    (sqrt(Total(Z[K] ** 2, K) / N + Symbol("epsilon")), "√(1/n Σₖ zₖ² + ε)", r"\sqrt{"),
    (Z[I] * (G[I] - Total(G[K] * Z[K], K)), "zᵢ (gᵢ − Σₖ gₖ zₖ)", r"z_i\,(g_i - "),
    (Total(Z[I] + G[I], I), "Σᵢ (gᵢ + zᵢ)", r"(g_i + z_i)"),
    (Sum(Z[K], (K, 1, J)), "Σ_(k=1..j) zₖ", r"\sum_{k=1}^j"),
    (Largest(Z[2 * P + I], I), "maxᵢ z_(i+2p)", r"\max_i"),
    (Z[(I - J + 1) / 2], "z_((i−j+1)/2)", "z_{(i-j+1)/2}"),
    (Integral(exp(-(T**2)), (T, 0, N)), "∫_(0..n) e^(−t²) dt", r"\int_0^n"),
    (Max(0, N), "max(0, n)", r"\max(0, n)"),
    (-Total(Z[K], K), "−Σₖ zₖ", "-"),
    (Rational(1, 4) * Total(Z[K], K), "¼ Σₖ zₖ", r"\tfrac{1}{4}"),
]


@pytest.mark.parametrize(("expr", "text", "latex"), CASES, ids=lambda each: each if isinstance(each, str) else "")
def test_it_prints(expr, text, latex):
    tree = Scalars({}).tree(expr)
    assert math_text(tree) == text
    assert latex in math_latex(tree)


def test_a_range_is_one_chain():
    inside = Piecewise((Z[I], And(I >= 3, I <= 7)), (0, True))
    assert "3 ≤ i ≤ 7" in math_text(Scalars({}).tree(inside))


def test_letters_are_those_that_are_given():
    hat = Accent(Id("u"), "hat")
    names = {Symbol("z", real=True): hat, K: Id("r")}
    tree = Scalars(names).tree(Total(Z[K], K))
    assert math_text(tree) == "Σᵣ ûᵣ"
    assert Script(hat, Id("r")) in list(walk(tree))


def test_a_sum_over_two_indices_has_both_below():
    tree = Scalars({}).tree(Total(Z[I, J], I, J))
    (big,) = [node for node in walk(tree) if isinstance(node, Script) and node.base == Sign("∑", "big")]
    assert math_text(big.sub) == "i, j"


def test_a_total_over_no_index_is_its_term():
    assert Total(Z[I]) == Z[I]
    assert Total(Z[I], I).free_symbols & {I} == set()


BETA = Symbol("beta", real=True)
LETTERS = {X: Id("x"), OUTPUT: Id("a"), BETA: Id("β")}

ONE_NUMBER = [
    (X * sigmoid(BETA * X), "x σ(β x)", r"x\sigma(\beta x)"),
    (1 - OUTPUT**2, "1 − a²", "1 - a^2"),
    (1 - tanh(X) ** 2, "1 − tanh²(x)", r"1 - \tanh^2(x)"),
    (X / (1 + absolute(X)), "x/(1 + |x|)", r"\frac{x}{1 + \lvert x\rvert}"),
    (Rational(1702, 1000) * X, "1.702 x", r"1.702\,x"),
    (3 * X / 2, "3 x/2", r"\tfrac{3x}{2}"),
    (X * exp(-(X**2) / 2) / sqrt(2 * pi), "x e^(−x²/2)/√(2 π)", r"\frac{x\,e^{-\tfrac{x^2}{2}}}{\sqrt{2\pi}}"),
    (step(X), "1[x > 0]", r"\mathbf{1}[x > 0]"),
    (maximum(X, 0), "max(x, 0)", r"\max(x, 0)"),
    (relu(X) * sin(X), "sin(x) ReLU(x)", r"\sin(x)\,\mathrm{ReLU}(x)"),
    (-(X + 1) / 3, "−x/3 − 1/3", r"-\tfrac{x}{3} - \tfrac{1}{3}"),
]
"""Functions of one number, as a list of activations has them."""

ENTRYWISE = [
    (OUTPUT * (1 - OUTPUT), "a ⊙ (1 − a)"),
    (1 - OUTPUT**2, "1 − a²"),
    (2 * OUTPUT**5, "2 a⁵"),
    (BETA * X * OUTPUT, "β (a ⊙ x)"),
]


@pytest.mark.parametrize(("expr", "text", "latex"), ONE_NUMBER, ids=[text for _, text, _ in ONE_NUMBER])
def test_functions_of_one_number(expr, text, latex):
    tree = Scalars(LETTERS).tree(expr)
    assert math_text(tree) == text
    assert math_latex(tree) == latex


@pytest.mark.parametrize(("expr", "text"), ENTRYWISE, ids=[text for _, text in ENTRYWISE])
def test_functions_entry_by_entry(expr, text):
    assert math_text(Scalars(LETTERS, frozenset({X, OUTPUT})).tree(expr)) == text


EXPRESSIONS = {
    f"{name}-{at}": expr
    for name, row in ACTIVATIONS.items()
    for at, expr in enumerate((row.formula.expr, row.formula.slope, row.formula.by_output))
    if expr is not None
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_every_activation_prints(name):
    tree = Scalars(LETTERS).tree(EXPRESSIONS[name])
    latex = math_latex(tree)
    assert latex.count("{") == latex.count("}")
    opened, closed = (re.findall(rf"\\[bB]igg?{side}(?![a-z])", latex) for side in "lr")
    assert len(opened) == len(closed)
    assert math_text(tree, ascii=True).isascii()


def test_cases_stand_under_each_other():
    tree = Scalars(LETTERS).tree(EXPRESSIONS["elu-0"])
    assert math_text(tree) == "⎧ x            if x > 0\n⎩ α (eˣ − 1)   otherwise"


def test_a_function_nobody_knows_is_refused():
    class Mystery(Function):
        pass

    with pytest.raises(RuleNotFoundError, match="Mystery"):
        Scalars(LETTERS).tree(Mystery(X))
