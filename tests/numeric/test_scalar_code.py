"""Scalar expressions as NumPy: what is printed, and the helpers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sympy import Function, Piecewise, Rational, S, Symbol, erf, exp, pi, sqrt, tanh

from symbp.errors import RuleNotFoundError
from symbp.numeric.scalar import ERF_SOURCE, HELPERS, Code, helper_source, scalar_code
from symbp.ops.activations import ACTIVATIONS
from symbp.ops.elementwise import OUTPUT
from symbp.ops.letters import X
from symbp.ops.scalar import PRIMITIVES, maximum, relu, sigmoid, sigmoid_value, step

ALPHA = Symbol("alpha", real=True)
NAMES = {X: "Z1", OUTPUT: "A1", ALPHA: "alpha"}


def printed(expr):
    return scalar_code(expr, NAMES, lambda value: f"C[{value}]", lambda kind: kind.__name__).text


@pytest.mark.parametrize(
    ("expr", "code"),
    [
        (1 - OUTPUT**2, "1 - A1**2"),
        (tanh(X), "np.tanh(Z1)"),
        (relu(X), "np.maximum(Z1, 0)"),
        (step(X), "np.where(Z1 > 0, 1, 0)"),
        (OUTPUT * (1 - OUTPUT), "A1*(1 - A1)"),
        (sigmoid(X) * (1 - sigmoid(X)), "sigmoid(Z1)*(1 - sigmoid(Z1))"),
        (X / 2, "Z1/2"),
        (3 * X / 100, "3*Z1/100"),
        (Rational(1702, 1000) * X, "1702*Z1/1000"),
        (X + S.Half, "Z1 + 1/2"),
        (X + Rational(1, 3), "Z1 + C[1/3]"),
        (X ** Rational(1, 3), "Z1**C[1/3]"),
        (X * tanh(S.Half), "C[tanh(1/2)]*Z1"),
        (X * Rational(1, 3**40), f"C[1/{3**40}]*Z1"),
        (sqrt(2 / pi) * X, "np.sqrt(2/np.pi)*Z1"),
        (X / sqrt(2), "Z1/np.sqrt(2)"),
        (X * exp(-(X**2) / 2) / sqrt(2 * pi), "Z1*np.exp(-Z1**2/2)/np.sqrt(2*np.pi)"),
        (-(X**2), "-Z1**2"),
        (X / (OUTPUT * (1 + X)), "Z1/(A1*(Z1 + 1))"),
        (1 / X**2, "1/Z1**2"),
        (2**X, "2**Z1"),
        (exp(1) * X, "np.exp(1)*Z1"),
        (maximum(X, -X), "np.maximum(Z1, -Z1)"),
        (ACTIVATIONS["elu"].formula.expr, "np.where(Z1 > 0, Z1, alpha*np.expm1(np.minimum(Z1, 0)))"),
        (Piecewise((X, X > 0), (2 * X, True)), "np.where(Z1 > 0, Z1, 2*Z1)"),
    ],
)
def test_code_is_what_a_person_writes(expr, code):
    assert printed(expr) == code


def test_code_knows_how_tightly_it_binds():
    code = scalar_code(1 - OUTPUT**2, NAMES, str, str)
    assert (code.within(code.precedence), code.within(4)) == ("1 - A1**2", "(1 - A1**2)")
    assert str(Code("x")) == "x"


def test_printed_products_mean_the_same():
    values = {"Z1": 1.7, "A1": -0.6, "alpha": 0.3, "np": np}
    x, a, alpha = X, OUTPUT, ALPHA
    for expr in (x / (a * alpha), (x / a) ** 2, -((x - a) ** 3), (x * a) ** -2, x - (a - alpha), 2 / (3 * x) / (a - 1)):
        expected = float(expr.subs({x: 1.7, a: -0.6, alpha: 0.3}))
        assert eval(printed(expr), dict(values)) == pytest.approx(expected, rel=1e-14)


def test_branches_not_taken_do_not_overflow():
    code = printed(ACTIVATIONS["elu"].formula.slope.subs("alpha", 1))
    with np.errstate(all="raise"):
        assert list(eval(code, {"np": np, "Z1": np.array([700.0, 900.0]), "alpha": 1})) == [1, 1]


def test_unknown_functions_are_refused():
    with pytest.raises(RuleNotFoundError, match="mystery"):
        printed(Function("mystery")(X))


def softmax_value(xp, z):
    """Columns that sum to one.

    A second paragraph.
    """
    e = xp.exp(z - shifted_value(xp, z))
    return e / xp.sum(e, axis=0, keepdims=True)


def shifted_value(xp, z):
    return xp.max(z, axis=0, keepdims=True)


def test_helper_source_is_plain_numpy():
    assert helper_source(sigmoid_value, "sigmoid").splitlines()[0] == "def sigmoid(x):"
    scope = {"np": np}
    for kind, meaning in PRIMITIVES.items():
        exec(helper_source(meaning, kind.__name__), scope)
    x = np.array([-800.0, -40.0, 0.0, 40.0, 800.0])
    assert scope["sigmoid"](x) == pytest.approx([0, math.exp(-40), 0.5, 1, 1], rel=1e-15)
    assert scope["softplus"](x) == pytest.approx([0, math.exp(-40), math.log(2), 40, 800], rel=1e-15)
    assert scope["log_sigmoid"](x) == pytest.approx([-800, -40, -math.log(2), -math.exp(-40), 0], rel=1e-15)


def test_helper_source_of_other_operations():
    source = helper_source(softmax_value, "softmax")
    assert "xp." not in source
    assert "second paragraph" not in source
    assert "def softmax(z):" in source
    assert "shifted_value(z)" in source


def test_erf_has_a_source_of_its_own():
    scope = {"np": np, "math": math}
    exec(ERF_SOURCE, scope)
    assert erf in HELPERS
    assert scope["erf"](np.array([0.5])) == pytest.approx([math.erf(0.5)], rel=1e-15)
