"""Scalar expressions in LaTeX and plain text."""

from __future__ import annotations

import re

import pytest
from sympy import Function, Rational, Symbol, exp, pi, sin, sqrt, tanh

from symbp.errors import RuleNotFoundError
from symbp.ops.activations import ACTIVATIONS
from symbp.ops.elementwise import OUTPUT
from symbp.ops.letters import X
from symbp.ops.scalar import absolute, maximum, relu, sigmoid, step
from symbp.report.scalar import entrywise_latex, entrywise_text, scalar_latex, scalar_text

BETA = Symbol("beta", real=True)
NAMES = {X: "x", OUTPUT: "a"}
SAFE = {
    *[
        r"\sigma",
        r"\tanh",
        r"\sin",
        r"\cos",
        r"\log",
        r"\max",
        r"\min",
        r"\mathrm",
        r"\mathbf",
        r"\text",
        r"\frac",
        r"\sqrt",
        r"\left",
        r"\right",
        r"\begin",
        r"\end",
    ],
    *[r"\alpha", r"\beta", r"\lambda", r"\pi", r"\lvert", r"\rvert", r"\odot", r"\cdot", r"\leq", r"\geq", r"\\"],
}
EXPRESSIONS = [
    pytest.param(expr, id=f"{row.name}-{index}")
    for row in ACTIVATIONS.values()
    for index, expr in enumerate((row.formula.expr, row.formula.slope, row.formula.by_output))
    if expr is not None
]


@pytest.mark.parametrize(
    ("expr", "in_latex", "unicode", "in_ascii"),
    [
        (X * sigmoid(BETA * X), r"x \sigma(\beta x)", "x σ(βx)", "x*sigmoid(beta*x)"),
        (1 - OUTPUT**2, "1 - a^{2}", "1 − a²", "1 - a^2"),
        (1 - tanh(X) ** 2, r"1 - \tanh^{2}(x)", "1 − tanh²(x)", "1 - tanh^2(x)"),
        (X / (1 + absolute(X)), r"\frac{x}{1 + \lvert x \rvert}", "x/(1 + |x|)", "x/(1 + |x|)"),
        (Rational(1702, 1000) * X, "1.702 x", "1.702x", "1.702*x"),
        (X / 100, "0.01 x", "0.01x", "0.01*x"),
        (3 * X / 2, r"\frac{3 x}{2}", "3x/2", "3*x/2"),
        (X * exp(-(X**2) / 2) / sqrt(2 * pi), r"\frac{x e^{-x^{2}/2}}{\sqrt{2 \pi}}", "x e^(−x²/2)/√(2π)",
         "x*e^(-x^2/2)/sqrt(2*pi)"),
        (step(X), r"\mathbf{1}[x > 0]", "1[x > 0]", "1[x > 0]"),
        (maximum(X, 0), r"\max(x, 0)", "max(x, 0)", "max(x, 0)"),
        (relu(X) * sin(X), r"\sin(x) \mathrm{ReLU}(x)", "sin(x) ReLU(x)", "sin(x)*ReLU(x)"),
        (-(X + 1) / 3, r"-\frac{x}{3} - \frac{1}{3}", "−x/3 − 1/3", "-x/3 - 1/3"),
    ],
)  # fmt: skip
def test_prints(expr, in_latex, unicode, in_ascii):
    assert scalar_latex(expr, NAMES) == in_latex
    assert scalar_text(expr, NAMES) == unicode
    assert scalar_text(expr, NAMES, ascii_only=True) == in_ascii


@pytest.mark.parametrize(
    ("expr", "in_latex", "unicode"),
    [
        (OUTPUT * (1 - OUTPUT), r"a \odot (1 - a)", "a ⊙ (1 − a)"),
        (1 - OUTPUT**2, r"1 - a \odot a", "1 − a ⊙ a"),
        (2 * OUTPUT**5, r"2 a^{\odot 5}", "2a^(⊙5)"),
        (BETA * X * OUTPUT, r"\beta a \odot x", "βa ⊙ x"),
    ],
)
def test_entrywise_prints(expr, in_latex, unicode):
    assert entrywise_latex(expr, NAMES) == in_latex
    assert entrywise_text(expr, NAMES) == unicode


def test_what_varies_may_be_said():
    names = {**NAMES, BETA: r"\beta"}
    assert entrywise_latex(BETA * X * OUTPUT, names, frozenset({X})) == r"a \beta x"


def test_cases_print():
    elu = ACTIVATIONS["elu"].formula.expr
    assert scalar_text(elu, NAMES) == "{x if x > 0, α (e^x − 1) otherwise}"
    assert scalar_latex(elu, NAMES) == (
        r"\begin{cases} x & \text{if } x > 0 \\ \alpha (e^{x} - 1) & \text{otherwise} \end{cases}"
    )


@pytest.mark.parametrize("expr", EXPRESSIONS)
def test_latex_is_safe_and_balanced(expr):
    for text in (scalar_latex(expr, NAMES), entrywise_latex(expr, NAMES)):
        assert set(re.findall(r"\\(?:[a-zA-Z]+|\\)", text)) <= SAFE
        assert text.count("{") == text.count("}")
        assert text.count(r"\left") == text.count(r"\right")


@pytest.mark.parametrize("expr", EXPRESSIONS)
def test_ascii_is_ascii(expr):
    assert scalar_text(expr, NAMES, ascii_only=True).isascii()


def test_unknown_functions_are_refused():
    with pytest.raises(RuleNotFoundError, match="mystery"):
        scalar_latex(Function("mystery")(X), NAMES)
