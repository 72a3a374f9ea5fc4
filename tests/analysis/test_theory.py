"""Mean-field theory: fixed points, critical initialisations, depth scales; predicted beside measured rates."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from sympy import erf, pi, sqrt

from symbp import Dense, Network, SpecError
from symbp.analysis.closed import Q, closed
from symbp.analysis.correlations import Correlations, prospect
from symbp.analysis.critical import critical, criticals, edge
from symbp.analysis.draws import Compared, Draws, Measured, measure
from symbp.analysis.initialisations import INITIALISATIONS, initialisation
from symbp.analysis.lengths import Kind, MeanField, root
from symbp.analysis.quadrature import DivergentError, evaluate
from symbp.analysis.signals import Normal
from symbp.analysis.solution import solve
from symbp.networks.expressions import resolve_activation
from symbp.networks.layers import Activation, Layer, Linear
from symbp.networks.normalisation import BatchNorm
from symbp.networks.residual import Residual
from symbp.ops.elementwise import GenericFunction

WIDTH, OUTPUTS = 256, 4


def field(name: str) -> MeanField:
    return MeanField(resolve_activation(name))


@pytest.mark.parametrize(
    ("name", "exact"),
    [
        ("relu", sqrt(2)),
        ("leaky_relu(1/5)", sqrt(2 / (1 + (sqrt(1) / 5) ** 2))),
        ("identity", 1),
        ("tanh", 1),
        ("erf", sqrt(pi) / 2),
        ("abs(x)", 1),
        ("sin", 1),
    ],
)
def test_critical_initialisations_in_closed_form(name: str, exact: object) -> None:
    found = critical(field(name))
    assert found.exact is not None
    assert (found.exact - exact).equals(0)
    assert found.sigma_w == pytest.approx(float(exact), rel=1e-15)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["tanh", "erf", "sigmoid", "silu", "gelu", "elu", "x*sigmoid(1.702*x)", "softsign"])
@pytest.mark.parametrize("sigma_b", [0.0, 0.3])
def test_what_is_critical_has_a_rate_of_one_at_a_fixed_point(name: str, sigma_b: float) -> None:
    activation = field(name)
    for found in criticals(activation, sigma_b):
        q = found.point.q
        assert q is not None
        assert abs(activation.chi(q, found.sigma_w).value - 1) <= 1e-12
        assert activation.length(q, found.sigma_w, sigma_b).value == pytest.approx(q, rel=1e-12, abs=1e-12)
        assert found.point.stable == (
            found.length_slope < 1 or (q == 0 and activation.length(1e-3, found.sigma_w).value < 1e-3)
        )


def test_a_wrong_critical_value_is_noticed() -> None:
    activation = field("tanh")
    point = activation.fixed_point(1.3956 + 1e-3, 0.3)
    assert point.q is not None
    assert abs(activation.chi(point.q, 1.3956 + 1e-3).value - 1) > 1e-5


@pytest.mark.parametrize(
    ("name", "sigma_w", "sigma_b", "kind"),
    [
        ("relu", math.sqrt(2), 0.0, Kind.ANY),
        ("relu", math.sqrt(2), 0.1, Kind.NONE),
        ("relu", 1.5, 0.0, Kind.NONE),
        ("identity", 1.0, 0.0, Kind.ANY),
        ("softplus", math.sqrt(2), 0.0, Kind.NONE),
        ("exp(x)", 1.0, 0.0, Kind.NONE),
        ("softplus", 1.0, 0.0, Kind.POINT),
        ("tanh", 1.0, 0.0, Kind.POINT),
    ],
)
def test_the_kinds_of_fixed_points(name: str, sigma_w: float, sigma_b: float, kind: Kind) -> None:
    assert field(name).fixed_point(sigma_w, sigma_b).kind is kind


def test_fixed_points_by_hand() -> None:
    assert field("relu").fixed_point(1.0, 0.2).q == pytest.approx(0.04 / 0.5)
    assert field("selu").fixed_point(1.0).q == pytest.approx(1, abs=1e-12)  # Klambauer et al. 2017
    assert field("tanh").fixed_point(0.9).q == 0
    q = field("erf").fixed_point(1.5).q
    assert q is not None
    assert 2.25 * 2 / math.pi * math.asin(2 * q / (1 + 2 * q)) == pytest.approx(q, rel=1e-12)


def test_lengths_iterate_to_the_fixed_point() -> None:
    for name, start in (("tanh", 0.1), ("sigmoid", 3.0), ("gelu", 0.01)):
        activation, q = field(name), start
        for _ in range(300):
            q = activation.length(q, 1.3, 0.3).value
        assert q == pytest.approx(activation.fixed_point(1.3, 0.3).q, rel=1e-9)


@pytest.mark.parametrize("name", ["relu", "leaky_relu(0.2)", "identity", "erf", "erf(2*x)", "sin", "abs(x)"])
def test_closed_forms_agree_with_quadrature(name: str) -> None:
    activation = field(name)
    found = closed(activation)
    assert found is not None
    for q in (0.01, 1.0, 40.0):
        square, slope, _ = activation.moments(q)
        assert abs(square.value - float(found.square.subs(Q, q))) <= square.error
        assert abs(slope.value - float(found.slope_square.subs(Q, q))) <= slope.error


def test_the_slope_of_the_length_map_is_its_difference() -> None:
    for name in ("tanh", "gelu", "relu", "sigmoid"):
        activation, h = field(name), 1e-5
        for q in (0.3, 2.0):
            difference = (activation.length(q + h, 1.3).value - activation.length(q - h, 1.3).value) / (2 * h)
            assert activation.length_slope(q, 1.3) == pytest.approx(difference, rel=1e-8)


def test_the_edge_of_chaos_is_where_critical_says() -> None:
    activation = field("tanh")
    for each in edge(activation, [0.1, 0.7634747669, 2.0]):
        q, sigma_b, sigma_w = each.q, each.sigma_b, each.sigma_w
        found = critical(activation, sigma_b)
        assert found.sigma_w == pytest.approx(sigma_w, rel=1e-9)
        assert found.point.q == pytest.approx(q, rel=1e-8)
    (point,) = edge(field("relu"), [1.0])
    assert (point.sigma_b, point.sigma_w) == pytest.approx((0, math.sqrt(2)), abs=1e-7)


def test_the_correlation_map_of_relu() -> None:
    """Cho and Saul 2009: (√(1 − c²) + c(π − arccos c))/π."""
    map_ = Correlations(field("relu"), math.sqrt(2), 0.0, 1.0)
    for c in (-0.9, -0.3, 0.0, 0.5, 0.9, 0.99, 1.0):
        found = map_.map(c)
        wanted = (math.sqrt(1 - c * c) + c * (math.pi - math.acos(c))) / math.pi
        assert abs(found.value - wanted) <= found.error + 1e-14


def test_the_correlation_map_by_sampling() -> None:
    """No formula: a million pairs of normal numbers."""
    activation, q, c = field("tanh(3*x - 1)"), 0.7, 0.6
    random = np.random.default_rng(0)
    u, noise = random.normal(size=(2, 10**6)) * math.sqrt(q)
    products = evaluate(activation.value, u) * evaluate(activation.value, c * u + math.sqrt(1 - c * c) * noise)
    found = Correlations(activation, 1.0, 0.0, q).map(c).value * q
    assert abs(found - products.mean()) <= 4 * products.std() / 1000


def test_depth_scales() -> None:
    """ξ by iteration: deviations from the fixed points shrink by e in ξ layers."""
    found = prospect(field("tanh"), 1.5, 0.1)
    map_ = Correlations(field("tanh"), 1.5, 0.1, found.point.q or 0.0)
    assert found.fixed_correlation is not None
    deviation = 1e-4
    after = map_.map(found.fixed_correlation + deviation).value - found.fixed_correlation
    assert found.correlation_depth == pytest.approx(-1 / math.log(after / deviation), rel=1e-2)
    assert prospect(field("relu"), math.sqrt(2)).correlation_depth == math.inf
    assert prospect(field("tanh"), 1.5, 0.1).phase.startswith("chaotic")
    assert prospect(field("tanh"), 0.5, 0.1).phase.startswith("ordered")


def test_framework_gains_are_not_critical() -> None:
    assert prospect(field("tanh"), 5 / 3).chi.value == pytest.approx(1.2098, abs=1e-3)  # type: ignore[union-attr]
    assert prospect(field("sigmoid"), 1.0).chi.value < 0.06  # type: ignore[union-attr]
    assert dict(solve(resolve_activation("tanh")).common)["PyTorch's gain"].phase.startswith("chaotic")
    assert dict(solve(resolve_activation("sigmoid")).common)["PyTorch's gain"].phase.startswith("ordered")


def test_smooth_activations_may_have_slopes_above_one() -> None:
    x = np.linspace(-6, 6, 12001)
    assert evaluate(field("gelu").slope, x).max() > 1.12
    assert evaluate(field("silu").slope, x).max() > 1.09
    assert evaluate(field("tanh").slope, x).max() == 1


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: field("tanh").fixed_point(-1.0), "sigma_w"),
        (lambda: field("tanh").fixed_point(math.nan), "sigma_w"),
        (lambda: field("tanh").fixed_point(1.0, -0.1), "sigma_b"),
        (lambda: criticals(field("tanh"), -1.0), "sigma_b"),
        (lambda: critical(field("relu"), 0.5), "no critical initialisation"),
        (lambda: critical(field("softplus")), "no critical initialisation"),
        (lambda: critical(field("relu(-x**2 - 1)")), "no critical initialisation"),
        (lambda: solve(resolve_activation("exp(x**3)")), "no bound is known"),
        (lambda: MeanField(GenericFunction("f", 1)), "--activation"),
        (lambda: measure(stack([Linear(4), Activation("tanh")]), draws=1), "at least 2"),
    ],
)
def test_refusals(call: object, said: str) -> None:
    with pytest.raises(SpecError, match=said) as caught:
        call()  # type: ignore[operator]
    assert "\n" not in str(caught.value)


def test_divergent_is_a_spec_error() -> None:
    assert issubclass(DivergentError, SpecError)


@pytest.mark.parametrize("name", INITIALISATIONS)
def test_sigma_w_is_the_spread_of_the_entries(name: str) -> None:
    chosen = initialisation(name)
    for n_in, n_out in ((300, 200), (200, 300)):
        drawn = INITIALISATIONS[name].draw(np.random.default_rng(0), (n_out, n_in), 1.0)
        assert chosen.sigma_w(n_in, n_out) == pytest.approx(math.sqrt(n_in * np.mean(drawn**2)), rel=0.02)


def stack(layers: list[Layer], loss: str = "cross_entropy", output: str = "softmax") -> Network:
    return Network([*layers, Dense(OUTPUTS, output)], WIDTH, loss, batch=True)


def plain(name: str, layers: int = 12) -> Network:
    return stack([Dense(WIDTH, name)] * layers)


def normalised(name: str, layers: int = 8) -> Network:
    return stack([Linear(WIDTH, bias=False), BatchNorm(), Activation(name)] * layers)


def residual(*layers: Layer, after: tuple[Layer, ...] = (), blocks: int = 8) -> Network:
    return stack([Linear(WIDTH), *[Residual(layers), *after] * blocks])


PRE = (Activation("relu"), Linear(WIDTH))


@pytest.mark.parametrize(
    ("network", "init", "examples"),
    [
        *((plain(name), init, 8) for name in ("tanh", "relu", "gelu", "erf") for init in ("xavier", "he")),
        (plain("sigmoid"), "normal:1.0", 8),
        (plain("tanh"), "normal:2.5", 8),
        (plain("tanh"), "orthogonal:1.2", 8),
        (plain("x*sigmoid(1.702*x)"), "he", 8),
        pytest.param(normalised("relu"), "lecun", 256, marks=pytest.mark.long),
        (normalised("tanh"), "he", 256),
        (residual(*PRE), "he", 8),
        (residual(*PRE), f"normal:{math.sqrt(2 / 8)!r}", 8),
        (residual(Activation("tanh"), Linear(WIDTH)), "lecun", 8),
        pytest.param(residual(BatchNorm(), *PRE), "lecun", 256, marks=pytest.mark.long),
        (residual(Linear(WIDTH), after=(Activation("relu"),)), "he", 8),
    ],
)
def test_measured_rates_are_the_predicted_ones(network: Network, init: str, examples: int) -> None:
    found = measure(network, init, seed=1, draws=6, examples=examples)
    assert found.prediction is not None
    assert len(found.rates) == 2
    for rate in found.rates:
        assert rate.distance is not None or found.why
        assert rate.distance is None or rate.distance <= 5, rate


def test_a_wrong_prediction_is_noticed() -> None:
    """Twelve layers that are predicted 3 % off lie many standard errors apart."""
    found = measure(plain("tanh"), "he", draws=6, examples=8)
    (error, _) = found.rates
    assert error.predicted_log is not None
    wrong = replace(error, predicted_log=error.predicted_log + 0.03)
    assert wrong.distance is not None
    assert wrong.distance > 5


def test_batch_normalisation_predicts_pi_over_pi_minus_one() -> None:
    found = measure(normalised("relu"), "lecun", draws=2, examples=64)
    assert found.prediction is not None
    assert found.prediction.steps[-1].name == "weight"
    layer = math.prod(each.gain for each in found.prediction.steps[-6:-3])
    assert layer == pytest.approx(math.pi / (math.pi - 1), rel=1e-12)
    small = measure(normalised("relu"), "lecun", draws=4, examples=8)
    assert small.rates[0].measured.rate > found.rates[0].measured.rate + 3 * small.rates[0].measured.rate_error


def test_orthogonal_linear_networks_are_isometric() -> None:
    found = measure(stack([Dense(WIDTH, "identity")] * 6), "orthogonal", draws=3, examples=4)
    assert found.rates[1].measured.rate == pytest.approx(1, abs=1e-12)
    normal = measure(stack([Dense(WIDTH, "identity")] * 6), "lecun", draws=3, examples=4)
    assert abs(normal.rates[1].measured.rate - 1) > 1e-6


def test_residual_growth() -> None:
    """Pre-activation with He's variance doubles at every block; 1/√L leaves (1 + 1/L)^L."""
    doubled = measure(residual(*PRE), "he", draws=2, examples=4)
    assert doubled.prediction is not None
    assert doubled.prediction.squares[-1] / doubled.prediction.squares[0] == pytest.approx(2**7, rel=1e-12)
    scaled = measure(residual(*PRE), f"normal:{math.sqrt(2 / 8)!r}", draws=2, examples=4)
    assert scaled.prediction is not None
    assert scaled.prediction.squares[-1] / scaled.prediction.squares[0] == pytest.approx((1 + 1 / 8) ** 7, rel=1e-12)


def test_the_law_behind_an_addition() -> None:
    """max(z, 0) + g by sampling."""
    law = Normal(1.0).through(field("relu")).plus(0.5)
    random = np.random.default_rng(0)
    sample = np.maximum(random.normal(size=10**6), 0) + math.sqrt(0.5) * random.normal(size=10**6)
    relu = field("relu").value
    assert law.square == pytest.approx(float(np.mean(sample**2)), rel=5e-3)
    assert law.expectations(relu**2)[0] == pytest.approx(float(np.mean(np.maximum(sample, 0) ** 2)), rel=5e-3)


def test_without_a_theory_rates_are_measured_all_the_same() -> None:
    tied = stack([Linear(WIDTH), Activation("tanh"), Linear(tied_to="W1"), Activation("tanh")])
    found = measure(tied, draws=2, examples=4)
    assert found.prediction is None
    assert found.why == "tied weights are not independent"
    assert found.rates == ()
    equations = Network.equations(
        ["Z1 = W1 @ X", "A1 = tanh(Z1)", "Z2 = W2 @ A1", "loss = mse(Z2, Y)"],
        {"W1": (5, 3), "W2": (2, 5), "X": (3, "m"), "Y": (2, "m")},
    )
    assert "equations" in measure(equations, draws=2).why


def test_dead_draws_are_said() -> None:
    found = measure(Network.mlp(layers=12, widths=1, activation="relu", loss="mse"), draws=3)
    assert "exactly zero" in found.why
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["rates"] == []


def test_biases_are_drawn() -> None:
    chosen = replace(initialisation("normal:1.4"), sigma_b=0.3)
    found = measure(plain("tanh"), chosen, draws=4, examples=8)
    assert "biases N(0, 0.3²)" in found.flows[0].chosen.about
    assert all(rate.distance is not None and rate.distance <= 5 for rate in found.rates)


def test_standard_errors() -> None:
    found = Measured.of([1.0, 2.0, 4.0])
    assert (found.log, found.error) == pytest.approx((7 / 3, math.sqrt(7 / 3 / 3)))
    assert Compared("error", found, 1.0, 0.5, 0.5).distance == pytest.approx((7 / 3 - 1.5) / found.error)
    assert Compared("error", found, 2.5, 0.5).distance == 0


def test_json_is_json() -> None:
    found: Draws = measure(plain("tanh", 2), draws=2, examples=2)
    data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert data["draws"] == 2
    assert [each["what"] for each in data["rates"]] == ["error", "signal"]
    for name in ("tanh", "relu", "softplus", "gelu", "erf"):
        assert json.loads(json.dumps(solve(resolve_activation(name)).to_dict(), allow_nan=False))["activation"] == name


def test_root() -> None:
    assert root(lambda x: x**3 - 2, 0.1, 50.0) == pytest.approx(2 ** (1 / 3), rel=1e-15)
    assert root(lambda x: math.tanh(50 * (x - 3)), 1e-6, 1e6) == pytest.approx(3, rel=1e-14)


def test_erf_is_what_the_table_says() -> None:
    assert field("erf").value.has(erf)
