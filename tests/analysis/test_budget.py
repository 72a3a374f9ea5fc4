"""Budgets add up to the compiled gradients, for every architecture; and a wrong one is noticed."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import systems

import symbp
from symbp import Conv2d, Dense, Image, MaxPool2d, Network, ShapeError, SpecError, analyze, derive
from symbp.analysis.account import LOG_10
from symbp.analysis.flow import Flow, GradientFlow
from symbp.analysis.scaled import Scaled
from symbp.analysis.spectral import spectral_norm
from symbp.analysis.walk import Walk
from symbp.calculus.factor import Acts, Factor
from symbp.networks.examples import EXAMPLES
from symbp.networks.layers import Activation, Linear
from symbp.networks.normalisation import BatchNorm, LayerNorm, RMSNorm
from symbp.networks.residual import Residual
from symbp.numeric.compiled import generic_functions
from symbp.op import FactorRole
from symbp.ops.activations import ACTIVATIONS
from symbp.symbols import Role

PRE = Residual([BatchNorm(), Activation("tanh"), Linear(5), BatchNorm(), Activation("tanh"), Linear(5)])
POST = Residual([Dense(5, "tanh"), Linear(5)])
DEEPLY_NESTED = Residual([Residual([Residual([POST])])])
CLOSED = [name for name in systems.CASES if name != "generic"]


def mlp(**options: Any) -> Network:
    return Network.mlp(**{"layers": 4, "widths": [3, 5, 4, 6, 2], "activation": "tanh", "loss": "mse"} | options)


def require_sound(flow: GradientFlow) -> None:
    assert flow.agrees, flow.error
    assert flow.compared == len(flow.rows) > 0
    for row in flow.rows:
        assert math.fsum(row.roles.values()) == pytest.approx(row.log10, rel=1e-12, abs=1e-12)
        assert math.fsum(use.share for use in row.uses) == pytest.approx(1, abs=1e-12)
    if flow.slope is not None:
        assert math.fsum(flow.slopes.values()) == pytest.approx(flow.slope, abs=1e-12)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_budgets_of_perceptrons_add_up(name: str) -> None:
    require_sound(analyze(mlp(activation=name)))


@pytest.mark.parametrize("loss", ["mse", "cross_entropy", "bce", "hinge", "log_cosh"])
def test_budgets_add_up_with_any_loss(loss: str) -> None:
    require_sound(analyze(mlp(loss=loss), init="lecun", seed=3))


@pytest.mark.parametrize(
    "layers",
    [(POST,) * 3, (PRE, PRE), (DEEPLY_NESTED,) * 2, (Residual([Dense(4, "relu")], projection=Linear(4)),)]
    + [(each(), Activation("relu"), Linear(4)) for each in (BatchNorm, LayerNorm, RMSNorm)],
)
def test_budgets_of_composed_networks_add_up(layers: tuple[Any, ...]) -> None:
    network = Network([Linear(5), *layers, Dense(2, "softmax")], inputs=3, loss="cross_entropy", batch=True)
    require_sound(analyze(network))


def test_budgets_of_convolutions_add_up() -> None:
    layers = (
        Conv2d(3, 3, padding=1, activation="relu"),
        MaxPool2d(2),
        Conv2d(2, 2, activation="tanh"),
        Dense(4, "softmax"),
    )
    require_sound(analyze(Network(layers, Image(2, 6, 6), loss="cross_entropy"), init="he"))


def test_batch_normalisation_makes_gradients_grow() -> None:
    """Yang et al. 2019: π/(π − 1) ≈ 1.467 a layer in the squared norm for ReLU at large batch."""
    hidden = (Linear(256, bias=False), BatchNorm(), Activation("relu"))
    network = Network([*hidden * 20, Dense(10, "softmax")], 256, "cross_entropy", batch=True)
    flow = analyze(network, init="lecun", examples=256, bounds=False)
    assert flow.agrees
    assert flow.error_rate is not None
    assert flow.error_rate**2 == pytest.approx(math.pi / (math.pi - 1), rel=0.05)


@pytest.mark.parametrize("name", CLOSED)
def test_budgets_of_every_operation_add_up(name: str) -> None:
    require_sound(analyze(systems.CASES[name](), examples=5))


def test_the_uses_of_a_shared_weight_are_combined_by_shares() -> None:
    (row,) = analyze(systems.shared()).rows
    assert len(row.uses) == 2
    assert row.uses[0].log != row.uses[1].log
    weighted = math.fsum(use.share * use.log for use in row.uses)
    assert row.logs[FactorRole.SUM] == pytest.approx(row.log - weighted)


def test_a_wrong_gain_of_one_of_several_uses_is_caught() -> None:
    flow = analyze(systems.shared())
    (row,) = flow.rows
    first, second = row.uses
    off = replace(second, logs=second.logs | {FactorRole.SLOPE: second.logs[FactorRole.SLOPE] + 1e-10})
    assert not replace(flow, rows=(replace(row, uses=(first, off)),)).agrees


def test_uses_that_reinforce_each_other_have_shares() -> None:
    flow = analyze(systems.twice())
    assert [use.share for use in flow.rows[0].uses] == pytest.approx([0.2, 0.2, 0.6])


def test_a_deep_network_does_not_underflow() -> None:
    flow = analyze(Network.mlp(layers=700, widths=8, activation="sigmoid", loss="mse"))
    assert flow.agrees
    assert 200 < flow.compared < len(flow.rows) == 700
    assert -480 < flow.rows[0].log10 < -380
    assert flow.verdict is Flow.VANISHING
    first = flow.rows[0]
    assert math.fsum(first.logs.values()) == pytest.approx(first.log, rel=1e-14)
    # The compiled gradients of the first layers are zero: they prove nothing and are not compared.
    assert first.compiled is None


def test_a_deep_network_does_not_overflow() -> None:
    flow = analyze(Network.mlp(layers=300, widths=8, activation="tanh", loss="mse"), init="normal:100")
    assert flow.agrees
    flow = analyze(Network.mlp(layers=40, widths=8, activation="identity", loss="mse"), init="normal:1e6")
    assert flow.rows[0].log10 > 300
    assert flow.rows[-1].compiled is None


@pytest.mark.parametrize("acts", [Acts.LEFT, Acts.RIGHT, Acts.HADAMARD, Acts.SOURCE])
def test_a_planted_error_is_caught(acts: Acts, monkeypatch: pytest.MonkeyPatch) -> None:
    applied = Walk.applied

    def wrong(self: Walk, factor: Factor, direction: Scaled | None) -> Scaled:
        found = applied(self, factor, direction)
        return Scaled(found.array * (1 + 1e-10), found.exponent) if factor.acts is acts else found

    assert analyze(mlp()).agrees
    monkeypatch.setattr(Walk, "applied", wrong)
    assert not analyze(mlp()).agrees


def test_a_wrong_log_share_or_nan_is_caught() -> None:
    flow = analyze(mlp())
    row = flow.rows[1]
    use = row.uses[0]
    off = replace(use, logs=use.logs | {FactorRole.WEIGHT: use.logs[FactorRole.WEIGHT] + 1e-10})
    for wrong in (
        replace(row, uses=(off,)),
        replace(row, uses=(replace(use, share=1 + 1e-9),)),
        replace(row, compiled=math.nan),
        replace(row, compiled=-math.inf),
    ):
        assert not replace(flow, rows=(flow.rows[0], wrong, *flow.rows[2:])).agrees
    assert not replace(flow, rows=tuple(replace(each, compiled=None) for each in flow.rows)).agrees


@pytest.mark.parametrize(("off", "agrees"), [(2e-13, True), (-2e-13, True), (5e-12, False), (-5e-12, False)])
def test_a_budget_is_held_to_twelve_digits(off: float, agrees: bool) -> None:
    flow = analyze(mlp())
    row = flow.rows[1]
    assert row.compiled is not None
    moved = replace(row, compiled=row.compiled + off * max(1.0, abs(row.compiled)))
    assert replace(flow, rows=(flow.rows[0], moved, *flow.rows[2:])).agrees is agrees


def test_an_orthogonal_linear_network_has_gains_of_one() -> None:
    flow = analyze(Network.mlp(layers=20, widths=12, activation="identity", loss="mse"), init="orthogonal")
    weights = [gain for gain in flow.gains if gain.role is FactorRole.WEIGHT]
    assert len(weights) == 19
    for gain in weights:
        assert gain.log == pytest.approx(0, abs=1e-14)
        assert gain.bound == pytest.approx(1, abs=1e-14)
    assert flow.verdict is Flow.STABLE
    assert flow.rate == pytest.approx(1, abs=1e-13)


def test_no_gain_is_above_its_bound() -> None:
    flow = analyze(Network.mlp(layers=10, widths=[7, 9, 3, 8, 8, 8, 5, 6, 9, 4, 2], activation="gelu", loss="mse"))
    bounded = [gain for gain in flow.gains if gain.bound is not None]
    assert len(bounded) == 9 + 10
    assert all(math.exp(gain.log) <= gain.bound * (1 + 1e-13) for gain in bounded if gain.bound is not None)
    assert all(gain.bound is None for gain in analyze(mlp(), bounds=False).gains)


def test_the_gains_are_those_of_the_definition() -> None:
    network = mlp(bias=False)
    x = np.random.default_rng(0).normal(size=(3, 7))
    y = np.zeros((2, 7))
    flow = analyze(network, X=x, Y=y, seed=5)
    assert flow.examples == 7
    # The same draw, from the definition of the table: a generator for every place in the list.
    given = derive(network).forward.given
    weights = {}
    for place, symbol in enumerate(given):
        if symbol.role is Role.WEIGHT:
            rows, columns = map(int, symbol.shape)
            noise = np.random.default_rng([5, place]).normal(size=(rows, columns))
            weights[symbol.layer] = noise * np.sqrt(2 / (rows + columns))
    a = {0: x}
    for layer in range(1, 5):
        a[layer] = np.tanh(weights[layer] @ a[layer - 1])
    error = (a[4] - y) / 7
    for layer in range(4, 0, -1):
        delta = error * (1 - a[layer] ** 2)
        slope = flow.gain(FactorRole.SLOPE, layer)
        assert slope is not None
        assert math.exp(slope.log) == pytest.approx(np.linalg.norm(delta) / np.linalg.norm(error), rel=1e-13)
        assert slope.bound == pytest.approx(np.max(1 - a[layer] ** 2), rel=1e-14)
        row = flow.rows[layer - 1]
        assert row.log == pytest.approx(math.log(np.linalg.norm(delta @ a[layer - 1].T)), abs=1e-12)
        error = weights[layer].T @ delta
        if layer > 1:
            weight = flow.gain(FactorRole.WEIGHT, layer)
            assert weight is not None
            assert math.exp(weight.log) == pytest.approx(np.linalg.norm(error) / np.linalg.norm(delta), rel=1e-13)
            assert weight.bound == pytest.approx(np.linalg.norm(weights[layer], 2), rel=1e-13)


def test_dead_relus_are_a_verdict() -> None:
    """One unit a layer: the first negative weight behind a ReLU ends everything."""
    flow = analyze(Network.mlp(layers=12, widths=1, activation="relu", loss="mse"))
    assert flow.verdict is Flow.DEAD
    assert flow.agrees
    assert len(flow.silent) == 1


def test_a_slope_of_zero_is_to_blame() -> None:
    always = Network([Dense(4, "tanh"), Dense(3, "relu(-x**2 - 1)"), Dense(2, "identity")], 3, "mse")
    flow = analyze(always)
    assert flow.verdict is Flow.DEAD
    assert flow.agrees
    assert [row.is_dead for row in flow.rows] == [True, True, True]
    assert flow.float32_depth is None
    data = json.loads(json.dumps(flow.to_dict(), allow_nan=False))
    assert data["verdict"] == "dead"
    assert data["rows"][0]["log10_norm"] is None


@pytest.mark.parametrize(
    ("options", "init", "verdict", "rate"),
    [
        ({"activation": "sigmoid"}, "normal:1.0", Flow.VANISHING, (0.22, 0.25)),
        ({"activation": "tanh"}, "normal:0.5", Flow.VANISHING, None),
        ({"activation": "tanh"}, "normal:3", Flow.EXPLODING, (1.2, 3.0)),
        ({"activation": "relu"}, "he", Flow.STABLE, (0.93, 1.07)),
        ({"activation": "identity"}, "orthogonal", Flow.STABLE, (0.999, 1.001)),
    ],
)
def test_verdicts(options: dict[str, str], init: str, verdict: Flow, rate: tuple[float, float] | None) -> None:
    flow = analyze(Network.mlp(layers=30, widths=128, loss="mse", **options), init=init, bounds=False)
    if rate is None:  # Linear to first order: activations and errors shrink alike, all layers learn slowly.
        assert flow.error_rate == pytest.approx(0.5, abs=0.05)
        return
    assert flow.verdict is verdict
    assert flow.rate is not None
    assert rate[0] < flow.rate < rate[1]


def test_the_slopes_have_all_of_the_rate() -> None:
    network = Network.mlp(layers=50, widths=256, activation="sigmoid", loss="mse")
    flow = analyze(network, init="normal:1.0", bounds=False)
    assert flow.shares[FactorRole.SLOPE] == pytest.approx(1, abs=0.05)
    assert math.fsum(flow.shares.values()) == pytest.approx(1, abs=1e-12)


def test_the_depth_at_which_float32_underflows() -> None:
    shallow = analyze(Network.mlp(layers=20, widths=64, activation="sigmoid", loss="mse"), bounds=False)
    depth = shallow.float32_depth
    assert depth is not None
    deep = analyze(Network.mlp(layers=depth, widths=64, activation="sigmoid", loss="mse"), bounds=False)
    typical = deep.rows[0].log - 0.5 * math.log(deep.rows[0].size)
    assert typical / LOG_10 == pytest.approx(math.log10(2.0**-126), abs=2)


def test_one_layer_has_no_trend() -> None:
    flow = analyze(Network.mlp(layers=1, widths=[3, 2], activation="tanh", loss="mse"))
    assert (flow.rate, flow.verdict, flow.agrees) == (None, Flow.STABLE, True)


def test_widths_of_one() -> None:
    require_sound(analyze(Network.mlp(layers=4, widths=1, activation="tanh", loss="mse")))


def test_what_is_left_open_is_said() -> None:
    flow = analyze(Network.mlp(layers=2, activation="tanh"))
    assert flow.widths == (64, 64, 64)
    assert flow.loss == "mse"
    assert flow.assumed == (("widths", "64"), ("loss", "mse"))
    with pytest.raises(SpecError, match="--activation"):
        analyze(Network.mlp(layers=2))


def test_the_same_seed_gives_the_same_flow() -> None:
    assert analyze(mlp(), seed=4).to_dict() == analyze(mlp(), seed=4).to_dict()
    assert analyze(mlp(), seed=4).rows != analyze(mlp(), seed=5).rows


def test_an_overflow_names_its_layer() -> None:
    network = Network.mlp(layers=30, widths=16, activation="relu", loss="mse")
    with pytest.raises(SpecError, match=r"the forward pass overflows in layer 1[0-9], at [ZA]1[0-9]"):
        analyze(network, init="normal:1e25")


@pytest.mark.parametrize(
    ("data", "error", "said"),
    [
        ({"X": np.full((3, 4), np.nan)}, SpecError, "X holds a number that is not finite"),
        ({"X": math.nan}, ShapeError, r"X has shape \(1, 1\) but must be 3×m"),
        ({"X": {"X": np.full((3, 4), np.inf)}}, SpecError, "X holds a number that is not finite"),
        ({"X": np.zeros((3, 4)), "Y": np.full((2, 4), np.nan)}, SpecError, "Y holds a number that is not finite"),
        ({"X": np.zeros((5, 4))}, ShapeError, "5"),
        ({"X": [1, 2, 3]}, ShapeError, "matrix"),
        ({"X": np.zeros((3, 4)), "Y": np.zeros((2, 5))}, ShapeError, "Y"),
        ({"X": {"Q": np.zeros((3, 4))}}, SpecError, "'Q'"),
        ({"examples": 0}, SpecError, "examples"),
        ({"init": "nrmal:1"}, SpecError, "'normal'"),
        ({"init": None}, SpecError, "init is None: give a name"),
        ({"seed": -1}, SpecError, "seed is -1: give a whole number"),
        ({"seed": 0.5}, SpecError, "seed is 0.5: give a whole number"),
    ],
)
def test_bad_data(data: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        analyze(mlp(), **data)


def test_what_is_no_network_is_said() -> None:
    with pytest.raises(SpecError, match="what is 'tanh': give a Network or a Derivation"):
        analyze("tanh")  # type: ignore[arg-type]


def test_public_names() -> None:
    assert symbp.analyze is analyze
    assert symbp.GradientFlow is GradientFlow


@pytest.mark.parametrize("shape", [(3, 7), (7, 3), (1, 4), (6, 6)])
def test_spectral_norm(shape: tuple[int, int]) -> None:
    matrix = np.random.default_rng(0).normal(size=shape)
    for scale in (1.0, 1e200, 1e-200):
        assert spectral_norm(scale * matrix) == pytest.approx(scale * np.linalg.norm(matrix, 2), rel=1e-13)
    assert spectral_norm(np.zeros(shape)) == 0


def test_scaled_arrays_are_exact() -> None:
    for array in ([[5e-324, -1e-310]], [[3.0, -1e-300]], [[1e308, 1.0]], [[0.0]]):
        scaled = Scaled.of(np.array(array))
        assert (np.ldexp(scaled.array, scaled.exponent) == array).all()


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("init", ["xavier", "orthogonal"])
def test_budgets_of_every_example_add_up(name: str, init: str) -> None:
    network = Network.load(EXAMPLES[name])
    if generic_functions(network.forward):
        with pytest.raises(SpecError, match="--activation"):
            analyze(network, init=init)
        return
    flow = analyze(network, init=init, seed=2)
    assert flow.agrees, flow.error
    assert flow.compared == sum(not row.rounding for row in flow.rows) > 0
