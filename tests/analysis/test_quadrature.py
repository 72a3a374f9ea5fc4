"""Expectations against mpmath at 22 digits: no error exceeds its bound, and a bound that is too small is noticed."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from sympy import Expr, lambdify

from symbp import SpecError
from symbp.analysis import quadrature
from symbp.analysis.enclosure import Enclosure, enclose
from symbp.analysis.growth import envelope
from symbp.analysis.lengths import MeanField
from symbp.analysis.moment import Moment
from symbp.analysis.quadrature import DivergentError, corners, evaluate, expectation
from symbp.networks.expressions import resolve_activation
from symbp.ops.activations import ACTIVATIONS
from symbp.ops.letters import X
from symbp.ops.scalar import Primitive

CUSTOM = ["tanh(50*(x-0.3))", "log(1+x**2)", "max(x, 0.1*x)**2", "x*exp(-x**2)", "sqrt(1+x**2)", "x*sigmoid(1.702*x)",
          "atan(x)/(1+x**2)", "cosh(x/3)", "min(abs(x), 1)", "sin(3*x)*exp(x/2)"]  # fmt: skip


def textbook(expr: Expr) -> Expr:
    while expr.has(Primitive):
        expr = expr.replace(lambda node: isinstance(node, Primitive), lambda node: node.definition())
    return expr


def reference(expr: Expr, q: float, points: tuple[float, ...]) -> mpmath.mpf:
    """E[g(x)] by mpmath's own Gauss–Legendre rule, doubled until it stays, on pieces: 22 digits."""
    with mpmath.workdps(22):
        function = lambdify(X, textbook(expr), "mpmath")
        scale = mpmath.sqrt(q)
        cuts = sorted({*(mpmath.mpf(k) for k in points), *(scale * k for k in range(-11, 12))})
        density = 1 / mpmath.sqrt(2 * mpmath.pi * mpmath.mpf(q))
        weighted = mpmath.quad(
            lambda x: function(x) * mpmath.exp(-(x**2) / (2 * mpmath.mpf(q))), cuts, method="gauss-legendre"
        )
        return density * weighted


def holds(found: Moment, wanted: mpmath.mpf) -> bool:
    return bool(abs(mpmath.mpf(found.value) - wanted) <= found.error)


@pytest.mark.parametrize("name", [*ACTIVATIONS, *CUSTOM])
def test_no_error_exceeds_its_bound(name: str) -> None:
    field = MeanField(resolve_activation(name))
    for q in (0.04, 6.0):
        for found, expr in zip(field.moments(q)[:2], (field.value**2, field.slope**2), strict=True):
            assert found.error <= 1e-11 * max(1.0, found.value)
            assert holds(found, reference(expr, q, (*field.kinks, *corners(expr), -1, 0.3, 1)))


def test_a_bound_that_is_too_small_is_noticed() -> None:
    """The comparison above can fail: on one panel of six nodes the rule is off by more than 64 roundings."""
    expr = resolve_activation("tanh(50*(x-0.3))").expr ** 2
    x, w = np.polynomial.hermite_e.hermegauss(20)
    by_hermite = float(w @ evaluate(expr, x)) / math.sqrt(2 * math.pi)
    assert not holds(Moment(by_hermite, 1e-14), reference(expr, 1.0, (0.3,)))


def test_a_wrong_rule_is_caught_by_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a few nodes instead of 24 the bound says so: it is large, or more panels make up for it."""
    expr = resolve_activation("tanh").expr ** 2
    wanted = reference(expr, 100.0, ())
    monkeypatch.setattr(quadrature, "NODES", 4)
    monkeypatch.setattr(quadrature, "MOST_ROUNDS", 1)
    monkeypatch.setattr(quadrature, "legendre", lambda: np.polynomial.legendre.leggauss(4))
    monkeypatch.setattr(quadrature, "_panels", quadrature._panels.__wrapped__)
    found = quadrature.expectations.__wrapped__((expr,), 100.0)[0]
    assert found.error > 1e-9
    assert holds(found, wanted)


def test_gauss_hermite_is_silently_wrong_where_this_is_not() -> None:
    """E[tanh′(x)²] at q = 10⁴: a hundred Hermite nodes miss the bell at the origin."""
    slope = resolve_activation("tanh").slopes[0] ** 2
    z, w = np.polynomial.hermite_e.hermegauss(100)
    hermite = float(w @ evaluate(slope, 100 * z)) / math.sqrt(2 * math.pi)
    found = expectation(slope, 1e4)
    assert found.value == pytest.approx(4 / 3 / math.sqrt(2 * math.pi * 1e4), rel=1e-3)
    assert abs(hermite / found.value - 1) > 0.5
    assert found.error < 1e-13


@pytest.mark.parametrize("name", [*ACTIVATIONS, *CUSTOM])
def test_values_lie_in_their_enclosures(name: str) -> None:
    field = MeanField(resolve_activation(name))
    random = np.random.default_rng(0)
    low = random.normal(size=40) * 3
    high = low + random.exponential(size=40)
    box = Enclosure(low, high, low, high, np.zeros(40))
    inside = low + (high - low) * random.random((50, 40))
    for expr in (field.value, field.slope):
        with np.errstate(all="ignore"):
            found = enclose(expr, X, box)
        values = evaluate(expr, inside)
        slack = 1e-12 * (1 + np.abs(values))
        assert (values >= found.low - slack).all()
        assert (values <= found.high + slack).all()


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "silu", "gelu_tanh", "sin", "softplus", "mish", *CUSTOM[3:8]])
def test_complex_values_lie_in_their_enclosures(name: str) -> None:
    """mpmath knows the functions in the complex plane, where the bounds of the rule are taken."""
    field = MeanField(resolve_activation(name))
    random = np.random.default_rng(1)
    low, tall = random.normal(size=20) * 2, 0.3 * random.random(20)
    box = Enclosure(low, low + 0.5, low - 0.2, low + 0.7, tall)
    function = lambdify(X, textbook(field.value), "mpmath")
    with np.errstate(all="ignore"):
        found = enclose(field.value, X, box)
    for place in range(20):
        for _ in range(10):
            point = complex(low[place] - 0.2 + 0.9 * random.random(), tall[place] * (2 * random.random() - 1))
            value = complex(function(point))
            assert abs(value.imag) <= found.side[place] + 1e-12
            assert found.left[place] - 1e-12 <= value.real <= found.right[place] + 1e-12


@pytest.mark.parametrize("name", [*ACTIVATIONS, *CUSTOM])
def test_no_value_exceeds_its_envelope(name: str) -> None:
    field = MeanField(resolve_activation(name))
    x = np.concatenate([np.linspace(-60, 60, 4001), np.linspace(-3, 3, 4001)])
    for expr in (field.value, field.slope):
        bound = envelope(expr, X)
        assert bound is not None
        size = np.abs(x)
        logs = bound.log + bound.degree * np.log1p(size) + bound.linear * size + bound.square * size**2
        with np.errstate(divide="ignore"):
            assert (np.log(np.abs(evaluate(expr, x))) <= logs + 1e-9).all()


def test_a_tail_is_below_its_bound() -> None:
    bound = envelope(resolve_activation("x**3*exp(x/2)").expr, X)
    assert bound is not None
    for z in (6.0, 9.0):
        tail = mpmath.quad(lambda x: x**3 * mpmath.exp(x / 2) * mpmath.npdf(x), [z, 20])
        assert mpmath.log(tail) <= bound.log_tail(1.0, z)


@pytest.mark.parametrize(
    ("text", "q", "said"),
    [
        ("x*exp(x**2)", 1.0, "infinite from q = 0.25 on"),
        ("exp(x**2/4)", 1.0, "infinite from q = 1 on"),
        ("exp(x**3)", 1.0, "no bound is known"),
        ("1/x", 1.0, "no bound is known"),
        ("exp(x)", 1e4, "larger than floating point holds"),
        ("tanh", 0.0, "positive number"),
        ("tanh", math.nan, "positive number"),
    ],
)
def test_moments_that_are_infinite_are_refused(text: str, q: float, said: str) -> None:
    with pytest.raises(SpecError, match=said) as caught:
        MeanField(resolve_activation(text)).moments(q) if q > 0 else expectation(X, q)
    assert "\n" not in str(caught.value)
    assert q <= 0 or math.isnan(q) or isinstance(caught.value, DivergentError)
