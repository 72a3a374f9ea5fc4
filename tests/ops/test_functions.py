"""Every row of the table of activations, judged by SymPy's derivative, 50 digits and the complex step."""

from __future__ import annotations

import math
from types import SimpleNamespace

import mpmath
import numpy as np
import pytest
import sympy
from sympy import Rational, erf

from symbp.errors import SpecError
from symbp.numeric.scalar import helper_source, scalar_code
from symbp.ops.activations import ACTIVATIONS, ALIASES
from symbp.ops.elementwise import OUTPUT
from symbp.ops.functions import NUMBER, activation, exact, is_analytic
from symbp.ops.letters import X
from symbp.ops.scalar import PRIMITIVES

ROWS = [pytest.param(activation(name), id=name) for name in ACTIVATIONS] + [
    pytest.param(activation("leaky_relu", "0.2"), id="leaky_relu(0.2)"),
    pytest.param(activation("elu", "1.5"), id="elu(1.5)"),
    pytest.param(activation("leaky_relu", "-0.5"), id="leaky_relu(-0.5)"),
]
ANALYTIC = [row for row in ROWS if is_analytic(row.values[0])]
POINTS = [Rational(numerator, 7) for numerator in (-160, -50, -22, -15, -8, -3, -1, 1, 2, 5, 11, 20, 22, 48, 130)]
GRID = np.array([-30.25, -9.5, -4.0, -3.0, -2.75, -1.0, -0.125, -1e-6, 0.0, 1e-6, 0.375, 1.0, 2.5, 3.0, 5.5, 40.0])


def plain():
    return SimpleNamespace(**{**vars(np), "erf": np.vectorize(math.erf, otypes=[float]), "number": float})


def by_real_part(pick):
    return lambda a, b: np.where(pick(np.real(a), np.real(b)), a, b)


def complex_step():
    engine = plain()
    engine.abs = lambda x: np.where(np.real(x) < 0, -x, x)
    engine.sign = lambda x: np.sign(np.real(x))
    engine.maximum, engine.minimum = by_real_part(np.greater), by_real_part(np.less)
    return engine


def fifty_digits():
    def lift(function):
        return np.frompyfunc(function, 1, 1)

    names = {
        name: lift(getattr(mpmath, name))
        for name in ["exp", "log", "log1p", "expm1", "sqrt", "sin", "cos", "tanh", "erf", "sign"]
    }
    return SimpleNamespace(
        **names,
        pi=+mpmath.pi,
        abs=np.abs,
        maximum=np.frompyfunc(max, 2, 1),
        minimum=np.frompyfunc(min, 2, 1),
        where=np.where,
        number=lambda value: mpmath.mpf(value.p) / value.q if value.is_Rational else mpmath.mpf(value.evalf(60)),
    )


def compiled(expr, parameters, engine):
    """Run the printed code, as the generated program does, on an array namespace."""
    scope = {"np": engine, "erf": engine.erf}

    def constant(value):
        scope[f"c{len(scope)}"] = engine.number(value)
        return f"c{len(scope) - 1}"

    for kind, meaning in PRIMITIVES.items():
        exec(helper_source(meaning, kind.__name__), scope)
    for symbol, value in parameters:
        scope[symbol.name] = engine.number(value)
    names = {X: "x", OUTPUT: "a", **{symbol: symbol.name for symbol, _ in parameters}}
    code = scalar_code(expr, names, constant, lambda kind: kind.__name__).text
    return lambda x, a=None: eval(code, scope, {"x": x, "a": a}) + 0 * x


def true_value(function, expr, x, a=0):
    """Evaluate to 50 digits what a row says, by SymPy and from the textbook formulas."""
    point = {X: x, OUTPUT: a, **dict(function.parameters)}
    return sympy.N(expr.xreplace({symbol: sympy.sympify(value) for symbol, value in point.items()}), 50, maxn=2000)


def slope_disagrees(function):
    slope = sympy.diff(function.expr, X)
    return any(
        abs(true_value(function, slope, x) - true_value(function, function.slopes[0], x)) > Rational(1, 10**45)
        for x in POINTS
    )


@pytest.mark.parametrize("function", ROWS)
def test_slope_is_the_derivative(function):
    assert not slope_disagrees(function)


def test_a_wrong_slope_is_seen():
    right = activation("mish")
    wrong = right.func(*right.args[:3], sympy.Tuple(right.slopes[0] * (1 + Rational(1, 10**20))), *right.args[4:])
    assert slope_disagrees(wrong)


@pytest.mark.parametrize("function", [row for row in ROWS if row.values[0].slope_by_output is not None])
def test_slope_by_output_is_the_slope(function):
    for x in [*POINTS, *function.kinks]:
        a = true_value(function, function.expr, x)
        by_output = true_value(function, function.slope_by_output, x, a)
        assert abs(by_output - true_value(function, function.slopes[0], x)) < Rational(1, 10**30)


@pytest.mark.parametrize(
    ("name", "values", "x", "slope"),
    [
        ("relu", (), 0, 0),
        ("leaky_relu", (), 0, Rational(1, 100)),
        ("leaky_relu", ("0.2",), 0, Rational(1, 5)),
        ("elu", (2,), 0, 2),
        ("hardswish", (), -3, 0),
        ("hardswish", (), 3, 1),
    ],
)
def test_slope_at_a_kink_is_that_of_pytorch(name, values, x, slope):
    function = activation(name, *values)
    assert abs(true_value(function, function.slopes[0], x) - slope) < Rational(1, 10**40)


@pytest.mark.parametrize("function", ROWS)
def test_kinks_are_where_the_slope_jumps(function):
    tiny = Rational(1, 10**9)
    for x in (-3, 0, 3):
        left, right = (true_value(function, function.slopes[0], x + side * tiny) for side in (-1, 1))
        jump = dict(ACTIVATIONS[function.name].formula.jumps).get(x, sympy.S.Zero).subs(function.parameters)
        assert abs(right - left - jump) < Rational(1, 10**7)
        assert (x in function.kinks) == (jump != 0)


@pytest.mark.parametrize("function", ROWS)
def test_code_is_finite_and_silent_far_out(function):
    x = np.array([-800.0, -400.0, 400.0, 800.0])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        a = compiled(function.expr, function.parameters, plain())(x)
        slope = compiled(function.slopes[0], function.parameters, plain())(x)
    assert np.all(np.isfinite(a))
    assert np.all(np.isfinite(slope))


@pytest.mark.parametrize("function", ROWS)
def test_code_is_accurate_in_double_precision(function):
    """Relatively, except for GELU and slopes: 1 + erf and 1 − tanh² cancel, in PyTorch as well."""
    found = compiled(function.expr, function.parameters, plain())(GRID)
    slopes = compiled(function.slopes[0], function.parameters, plain())(GRID)
    for x, value, slope in zip(GRID, found, slopes, strict=True):
        exactly = Rational(float(x))
        right = float(true_value(function, function.expr, exactly))
        scale = max(1, abs(x)) if function.name.startswith("gelu") else abs(right)
        assert abs(value - right) <= 1e-14 * scale
        assert abs(slope - float(true_value(function, function.slopes[0], exactly))) <= 2e-14 * max(1, abs(x))


def test_sigmoid_keeps_its_digits_in_the_tail():
    value = compiled(activation("sigmoid").expr, (), plain())(np.array([-40.0, -700.0]))
    assert value == pytest.approx([4.248354255291589e-18, math.exp(-700)], rel=1e-14)


@pytest.mark.parametrize("function", ANALYTIC)
def test_complex_step_is_the_slope(function):
    x = np.array(sorted({*GRID} - {float(kink) for kink in function.kinks}))
    step = 1e-30
    found = np.imag(compiled(function.expr, function.parameters, complex_step())(x + 1j * step)) / step
    slope = compiled(function.slopes[0], function.parameters, plain())(x)
    assert found == pytest.approx(slope, rel=1e-13, abs=1e-13)


@pytest.mark.parametrize("function", ROWS)
def test_code_has_45_digits_on_50_digit_numbers(function):
    with mpmath.workdps(50):
        x = np.array([mpmath.mpf(point.p) / point.q for point in POINTS], dtype=object)
        for expr in (function.expr, function.slopes[0]):
            found = compiled(expr, function.parameters, fifty_digits())(x)
            for point, value in zip(POINTS, found, strict=True):
                right = mpmath.mpf(true_value(function, expr, point))
                assert abs(value - right) <= mpmath.mpf(10) ** -45 * max(1, abs(right))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_values_lie_within_the_bounds(name):
    low, high = (float(bound) for bound in ACTIVATIONS[name].formula.bounds)
    values = compiled(ACTIVATIONS[name].formula.expr, ACTIVATIONS[name].parameters, plain())(np.linspace(-9, 9, 361))
    assert low - 1e-12 <= values.min()
    assert values.max() <= high + 1e-12


def test_names_are_unique_and_lower_case():
    assert not set(ACTIVATIONS) & set(ALIASES)
    assert all(name == name.lower() for name in (*ACTIVATIONS, *ALIASES))
    assert activation("Swish") == activation("silu")
    assert activation(" LOGISTIC ") == activation("sigmoid")


def test_equal_calls_give_equal_functions():
    assert activation("elu", 1) == activation("elu")
    assert activation("elu", 2) != activation("elu")
    assert activation("leaky_relu", 0.2).parameters[0][1] == Rational(1, 5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (("tahn",), "did you mean 'tanh'"),
        (("zzz",), "known: identity"),
        (("relu", 1), "relu takes no parameters, not 1"),
        (("elu", 1, 2), "elu takes at most 1 parameter, not 2"),
        (("elu", math.nan), "finite"),
        (("elu", math.inf), "finite"),
        (("elu", True), "finite"),
        (("elu", "1e999999999"), "finite"),
        (("elu", "1e99"), "too large"),
        (("elu", "1e-99"), "too small"),
        (("elu", "1/0"), "divides by zero"),
        (("elu", "__import__('os')"), "finite"),
    ],
)
def test_refusals_say_what_is_wrong(call, message):
    with pytest.raises(SpecError, match=message.replace("(", r"\(")) as caught:
        activation(*call)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("text", "value"), [("1.702", "851/500"), (0.1, "1/10"), ("-2e-3", "-1/500"), ("1/3", "1/3")])
def test_numbers_are_read_from_their_digits(text, value):
    assert exact(text, "a number") == Rational(value)


def test_number_pattern_takes_no_underscores():
    assert not NUMBER.fullmatch("1_000")


def test_only_erf_hides_from_the_complex_step():
    assert {name for name in ACTIVATIONS if not is_analytic(activation(name))} == {"gelu", "erf"}
    assert ACTIVATIONS["gelu"].formula.expr.has(erf)
