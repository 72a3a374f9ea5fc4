"""Entries, sums over indices and cases as trees."""

from __future__ import annotations

import pytest
from sympy import And, IndexedBase, Integral, Max, Piecewise, Rational, Sum, Symbol, exp, sqrt

from symbp.maths.scalars import Scalars
from symbp.maths.tree import Accent, Id, Script, Sign, walk
from symbp.ops.entries import Largest, Total
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
