"""Functions of straight pieces: found, and their closed forms against integrals of the function itself by mpmath."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import mpmath
import numpy as np
import pytest

from symbp.analysis.correlations import Correlations, prospect
from symbp.analysis.critical import critical
from symbp.analysis.lengths import MeanField
from symbp.analysis.moment import Moment
from symbp.analysis.pairs import Pairs
from symbp.analysis.pieces import Pieces, pieces
from symbp.analysis.quadrature import corners, evaluate
from symbp.networks.expressions import resolve_activation
from symbp.ops.functions import X

Real = Callable[[float], float]

BY_HAND: dict[str, tuple[Real, Real, tuple[float, ...]]] = {
    "identity": (lambda x: x, lambda x: 1.0, ()),
    "relu": (lambda x: max(x, 0.0), lambda x: float(x > 0), (0.0,)),
    "leaky_relu(0.2)": (lambda x: x if x > 0 else 0.2 * x, lambda x: 1.0 if x > 0 else 0.2, (0.0,)),
    "abs(x - 1/2)": (lambda x: abs(x - 0.5), lambda x: math.copysign(1.0, x - 0.5), (0.5,)),
    "min(max(x,-1),1)": (lambda x: min(max(x, -1.0), 1.0), lambda x: float(-1 < x < 1), (-1.0, 1.0)),
    "min(max(x,0),6)": (lambda x: min(max(x, 0.0), 6.0), lambda x: float(0 < x < 6), (0.0, 6.0)),
    "min(max(x/6+1/2,0),1)": (lambda x: min(max(x / 6 + 0.5, 0.0), 1.0), lambda x: float(-3 < x < 3) / 6, (-3.0, 3.0)),
    "relu(x)-2*relu(x-1)+abs(x+1)/2": (
        lambda x: max(x, 0.0) - 2 * max(x - 1, 0.0) + abs(x + 1) / 2,
        lambda x: float(x > 0) - 2 * float(x > 1) + math.copysign(0.5, x + 1),
        (-1.0, 0.0, 1.0),
    ),
    "sign(x)": (lambda x: math.copysign(1.0, x), lambda x: 0.0, (0.0,)),
    "x + sign(x-1/2)/2": (lambda x: x + math.copysign(0.5, x - 0.5), lambda x: 1.0, (0.5,)),
}
"""The functions, their slopes and where they are not smooth, written by hand."""

JUMPS = ("sign(x)", "x + sign(x-1/2)/2")


def found(name: str) -> Pieces:
    whole = pieces(MeanField(resolve_activation(name)).value, X)
    assert whole is not None
    return whole


@pytest.mark.parametrize("name", BY_HAND)
def test_pieces_are_found(name: str) -> None:
    function, slope, knots = BY_HAND[name]
    whole = found(name)
    assert whole.ends[1:-1] == knots
    for x in (-7.3, -2.1, -0.7, -0.1, 0.3, 0.7, 2.2, 5.1, 9.0):
        a, b = whole.lines[sum(knot < x for knot in knots)]
        assert (a, a * x + b) == (pytest.approx(slope(x)), pytest.approx(function(x)))


@pytest.mark.parametrize(
    "text",
    ["max(x, 2*x) - min(x, 1)*3", "relu(abs(x) - 1)", "abs(abs(abs(x) - 2) - 1)", "sign(relu(x))*x", "sign(x)**2 + x",
     "max(min(x, 3), -x/2)*2 - 1", "abs(x)/2 + x/2", "min(abs(x), relu(x - 1) + 1)"],
)  # fmt: skip
def test_pieces_are_the_function(text: str) -> None:
    expr = resolve_activation(text).expr
    whole = pieces(expr, X)
    assert whole is not None
    x = np.random.default_rng(0).normal(size=200) * 3
    at = np.searchsorted(whole.ends[1:-1], x)
    a, b = np.array(whole.lines).T
    assert a[at] * x + b[at] == pytest.approx(evaluate(expr, x), abs=1e-12)


@pytest.mark.parametrize("text", ["tanh", "hardswish", "x*relu(x)", "x**2", "exp(-abs(x))", "relu(x)/(1+x**2)", "elu"])
def test_what_is_bent_has_no_pieces(text: str) -> None:
    assert MeanField(resolve_activation(text)).pieces is None


def integral(integrand: Real, cuts: list[float]) -> float:
    with mpmath.workdps(20):
        return float(
            mpmath.quad(lambda x: integrand(float(x)), sorted(set(cuts)), method="gauss-legendre", maxdegree=4)
        )


def density(z: float) -> float:
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def holds(moment: Moment, wanted: float, slack: float) -> bool:
    return abs(moment.value - wanted) <= moment.error + slack * abs(wanted)


@pytest.mark.parametrize("q", [0.05, 1.0, 30.0])
@pytest.mark.parametrize("name", BY_HAND)
def test_moments(name: str, q: float) -> None:
    function, slope, knots = BY_HAND[name]
    scale = math.sqrt(q)
    cuts = [*(scale * z for z in range(-12, 13)), *(knot for knot in knots if abs(knot) < 12 * scale)]
    weighted: list[Real] = [lambda x: function(x) ** 2, lambda x: slope(x) ** 2, lambda x: function(x) * slope(x) * x]
    for moment, each in zip(found(name).moments(q), weighted, strict=True):
        wanted = integral(lambda x, each=each: each(x) * density(x / scale) / scale, cuts)  # type: ignore[misc]
        assert holds(moment, wanted, 1e-12)


def rule(cuts: list[float]) -> tuple[Any, Any]:
    """Gauss–Legendre nodes between the cuts."""
    nodes, weights = np.polynomial.legendre.leggauss(24)
    edges = np.array(sorted(set(cuts)))
    half, middle = np.diff(edges) / 2, (edges[1:] + edges[:-1]) / 2
    return (middle[:, None] + half[:, None] * nodes).ravel(), (half[:, None] * weights).ravel()


@cache
def by_integration(name: str, q: float, gap: float) -> tuple[float, float]:
    """E[(f(u) − f(v))²]/2 and E[f′(u)f′(v)]: v given u inside, u outside, both cut where f is not smooth."""
    function, slope, knots = BY_HAND[name]
    scale, spread, c = math.sqrt(q), math.sqrt(q * gap * (2 - gap)), 1 - gap
    cuts = [scale * z for z in (-8.5, -3.0, 0.0, 3.0, 8.5)] + list(knots)
    cuts += [(knot + by * spread) / (c or 1) for knot in knots for by in (0.0, 1.0, -1.0, 3.0, -3.0, 7.0, -7.0)]
    lost = alike = 0.0
    for u, weight in zip(*rule([x for x in cuts if abs(x) <= 8.5 * scale]), strict=True):
        inner = [-8.5, -3.0, 0.0, 3.0, 8.5, *(z for knot in knots if abs(z := (knot - c * u) / spread) < 8.5)]
        z, inside = rule(inner)
        inside = inside * np.exp(-z * z / 2) / math.sqrt(2 * math.pi) * weight * density(u / scale) / scale
        v = (c * u + spread * z).tolist()
        lost += inside @ np.array([(function(u) - function(each)) ** 2 / 2 for each in v])
        alike += slope(u) * (inside @ np.array([slope(each) for each in v]))
    return float(lost), float(alike)


PAIRS = [("relu", 2.0, 0.3), ("min(max(x,-1),1)", 0.66, 1e-7), ("min(max(x,-1),1)", 0.66, 0.4),
         ("min(max(x,-1),1)", 5.0, 1.5), ("relu(x)-2*relu(x-1)+abs(x+1)/2", 0.8, 1e-3),
         ("relu(x)-2*relu(x-1)+abs(x+1)/2", 0.8, 0.9)]  # fmt: skip


@pytest.mark.parametrize(("name", "q", "gap"), PAIRS)
def test_pairs(name: str, q: float, gap: float) -> None:
    lost, alike = by_integration(name, q, gap)
    pair = Pairs(found(name), q)
    assert holds(pair.lost(gap), lost, 1e-9)
    assert holds(pair.slope(gap), alike, 1e-9)


def test_pairs_of_a_function_that_jumps() -> None:
    """Its slope is that of the map, whose difference it is; sign(u)·sign(v) is Grothendieck's identity."""
    for gap in (1e-9, 0.2, 1.0, 1.8):
        assert holds(Pairs(found("sign(x)"), 0.7).lost(gap), 4 / math.pi * math.asin(math.sqrt(gap / 2)), 1e-13)
    pair = Pairs(found("x + sign(x-1/2)/2"), 0.9)
    assert holds(pair.lost(0.3), by_integration("x + sign(x-1/2)/2", 0.9, 0.3)[0], 1e-9)
    difference = (pair.lost(0.3 + 1e-5).value - pair.lost(0.3 - 1e-5).value) / 2e-5 / 0.9
    assert pair.slope(0.3).value == pytest.approx(difference, rel=1e-8)
    assert pair.slope(0.0).value == math.inf


def test_a_pair_of_knots_that_is_forgotten_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Pairs._kernel
    monkeypatch.setattr(Pairs, "_kernel", lambda self, w: kernel(self, w) * np.eye(len(self._knots)))
    name, q, gap = PAIRS[2]
    assert not holds(Pairs(found(name), q).lost(gap), by_integration(name, q, gap)[0], 1e-6)


def test_relu_near_correlation_one_in_fifty_digits() -> None:
    """Cho and Saul 2009, where float64 would lose 1 − c altogether."""
    with mpmath.workdps(50):
        for gap in (1e-25, 1e-12, 1e-3, 0.5, 1.0, 1.999):
            theta = mpmath.acos(1 - mpmath.mpf(gap))
            alike = (mpmath.sin(theta) + (mpmath.pi - theta) * mpmath.cos(theta)) / (2 * mpmath.pi)
            moment = Pairs(found("relu"), 1.0).lost(gap)
            assert abs(mpmath.mpf(moment.value) - (0.5 - alike)) <= moment.error


def test_the_fixed_correlation_and_depth_of_hard_tanh() -> None:
    """Published digits, and by iterating the map from afar."""
    field = MeanField(resolve_activation("min(max(x,-1),1)"))
    foreseen = prospect(field, 1.15, 0.3)
    assert foreseen.fixed_correlation == pytest.approx(0.9656266654, abs=1e-10)
    assert foreseen.correlation_depth == pytest.approx(57.7339, abs=1e-4)
    map_ = Correlations(field, 1.15, 0.3, foreseen.point.q or 0.0)
    gap = 0.5
    for _ in range(1200):
        gap = map_.gap(gap).value
    assert 1 - gap == pytest.approx(foreseen.fixed_correlation, abs=1e-9)


def test_relu_is_followed_for_a_thousand_layers() -> None:
    """1 − c ≈ 9π²/2l² (Hayou et al. 2019, proposition 1)."""
    map_ = Correlations(MeanField(resolve_activation("relu")), math.sqrt(2), 0.0, 1.0)
    gap = 1.0
    for _ in range(1000):
        gap = map_.gap(gap).value
    assert 0.96 <= gap / (9 * math.pi**2 / 2 / 1000**2) <= 1


def test_a_correlation_that_leaves_one_however_slowly() -> None:
    """χ₁ is above one by 10⁻⁹: c* lies below one by what the ray's θ³ term says, (χ₁ − 1)²·9π²/8."""
    field = MeanField(resolve_activation("relu"))
    map_ = Correlations(field, math.sqrt(2 * (1 + 1e-9)), 0.0, 1.0)
    fixed = replace(map_, q=1.0).fixed
    assert 0 <= 1 - fixed < 1e-15


def test_where_lengths_of_clipped_functions_go() -> None:
    for name in ("min(max(x,-1),1)", "relu(x)-relu(x-1)+0.1*x"):
        assert critical(MeanField(resolve_activation(name))).point.stable
    assert not critical(MeanField(resolve_activation("x + relu(x-1)"))).point.stable


def test_what_sympy_has_no_limit_of() -> None:
    exact: Any = critical(MeanField(resolve_activation("tanh(min(max(x,-1),1))"))).exact
    assert exact == 1


def test_kinks_inside_kinks_are_cut_at() -> None:
    assert corners(resolve_activation("tanh(min(max(x,-1),1))").expr) == (-1.0, 1.0)
