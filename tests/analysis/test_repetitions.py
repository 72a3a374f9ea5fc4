"""Repetitions: what blocks and steps do to the error, against numbers taken from the executed lists in NumPy."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from symbp import (
    GRU,
    LSTM,
    RNN,
    Activation,
    Concat,
    Conv2d,
    Dense,
    Image,
    LayerNorm,
    Linear,
    MaxPool2d,
    Network,
    Residual,
    TransformerBlock,
    analyze,
    derive,
)
from symbp.analysis import stages
from symbp.analysis.budget import Prepared, drawing
from symbp.analysis.flow import Flow, GradientFlow
from symbp.analysis.fronts import Fronts
from symbp.analysis.initialisations import initialisation
from symbp.analysis.repetitions import Repetitions, Run, Stage, Unit, startup
from symbp.networks.blocks import Kind
from symbp.numeric import engines
from symbp.numeric.source import program

BLOCK = Residual([LayerNorm(), Dense(7, "tanh"), Linear(5)])
OUT = Dense(3, "softmax")


def network(*layers: Any, inputs: Any = 4, loss: str = "cross_entropy") -> Network:
    return Network([*layers, OUT], inputs, loss, batch=True)


def executed(net: Network, flow: GradientFlow) -> dict[str, Any]:
    """Run both lists as the plain program does, at the values that the analysis drew; return all by name."""
    derivation = derive(net, wrt=[*(each.name for each in net.parameters), *(x.name for x in net.inputs)])
    ready = Prepared.of(derive(net), flow.examples)
    draw = drawing(net.forward, ready.sizes, initialisation("xavier"), flow.seed)
    drawn = {each.name: draw(each) for each in net.forward.given}
    inputs = {x.name: drawn[x.name] for x in net.inputs}
    given = inputs if len(inputs) > 1 else drawn[net.x.name]
    text = program(derivation.forward, derivation.backward, derivation.wrt, ready.bench.standins)
    run = engines.real().run(text, traced=True)
    _, local = run({p.name: drawn[p.name] for p in net.parameters}, given, drawn[net.y.name])
    return {symbol.name: local[name] for symbol, name in text.names.items() if name in local}


def norm(*arrays: Any) -> float:
    return math.sqrt(sum(float((each**2).sum()) for each in arrays))


def only(flow: GradientFlow) -> Run:
    assert flow.repetitions is not None
    (run,) = flow.repetitions.runs
    return run


def gain(stage: Stage) -> float:
    assert stage.log is not None
    return math.exp(stage.log)


def test_the_gains_of_transformer_blocks_are_quotients_of_norms_in_the_list() -> None:
    net = network(*(TransformerBlock(tokens=3, heads=2, hidden=5) for _ in range(3)))
    flow = analyze(net, seed=3)
    run, found = only(flow), executed(net, flow)
    head, *blocks = run.stages
    assert [each.number for each in run.stages] == [0, 3, 2, 1]
    assert gain(head) == pytest.approx(norm(found["dblock3.S_2"]) / norm(found["dZ10"]), rel=1e-12)
    ends = ["dX", "dblock1.S_2", "dblock2.S_2", "dblock3.S_2"]
    for stage in blocks:
        b = stage.number
        above, middle, below = found[ends[b]], found[f"dblock{b}.S"], found[ends[b - 1]]
        assert gain(stage) == pytest.approx(norm(below) / norm(above), rel=1e-12)
        for bracket, (upper, lower) in zip(stage.brackets, [(above, middle), (middle, below)], strict=True):
            sent = lower - upper  # what goes beside the skip
            assert math.exp(bracket.log) == pytest.approx(norm(lower) / norm(upper), rel=1e-12)
            assert bracket.skip is not None
            assert math.exp(bracket.skip.log) == pytest.approx(1, rel=1e-12)
            assert math.exp(bracket.skip.branch) == pytest.approx(norm(sent) / norm(upper), rel=1e-9)
            assert bracket.skip.cosine == pytest.approx((sent * upper).sum() / norm(sent) / norm(upper), abs=1e-9)
        x = found["X" if b == 1 else f"block{b - 1}.S_2"]
        assert stage.enters == pytest.approx(math.sqrt((x**2).mean()))
        assert stage.deviation == pytest.approx(math.sqrt(((x - x.mean(axis=0)) ** 2).mean()))


def test_the_factors_inside_a_transformer_block_are_those_of_its_list() -> None:
    net = network(TransformerBlock(tokens=3, heads=2, hidden=5))
    flow = analyze(net)
    found = executed(net, flow)
    (_, block), path = only(flow).stages, "dblock1."
    fed, attended = block.brackets
    chain = [found[path + name] for name in ("S_2", "hidden.A", "hidden.Z", "norm2.B")]
    expected = [norm(b) / norm(a) for a, b in pairwise(chain)]
    assert [math.exp(each.log) for each in fed.segments[:3]] == pytest.approx(expected)
    assert [each.kind for each in fed.segments] == [Kind.LINEAR, Kind.ACTIVATION, Kind.LINEAR, Kind.NORM]
    assert attended.segments[0].weights == ("block1.attention.WO",)
    heads = norm(*(found[f"{path}attention.{x}"] for x in "QKV")) / norm(found[path + "attention.A"])
    assert math.exp(attended.segments[1].log) == pytest.approx(heads)


LSTM_STEPS = 5


@pytest.fixture(scope="module")
def lstm() -> tuple[GradientFlow, dict[str, Any]]:
    net = network(LSTM(4, LSTM_STEPS))
    flow = analyze(net, seed=1)
    return flow, executed(net, flow)


def test_the_gain_of_a_step_is_that_of_the_error_of_its_state(lstm: tuple[GradientFlow, dict[str, Any]]) -> None:
    flow, found = lstm
    run = only(flow)
    assert (run.gate, run.state) == ("f", "c")
    for stage in run.stages:
        t = stage.number
        error = found[f"dlstm1.S{t}"]
        assert math.exp(stage.above) == pytest.approx(norm(error))
        assert math.exp(stage.direct) == pytest.approx(norm(error) if t == LSTM_STEPS else 0)
        if t == 1:
            assert stage.log is None
            continue
        assert gain(stage) == pytest.approx(norm(found[f"dlstm1.S{t - 1}"]) / norm(error))
        for part in "hc":
            assert math.exp(stage.to[part]) == pytest.approx(norm(found[f"dlstm1.{part}in{t}"]) / norm(error))
        assert stage.kept == pytest.approx(found[f"lstm1.f{t}"].mean())


def test_the_parts_of_steps_are_shares_of_the_gradient(lstm: tuple[GradientFlow, dict[str, Any]]) -> None:
    flow, found = lstm
    run = only(flow)
    whole = found["dlstm1.Wg"]
    expected = [
        float((found[f"dlstm1.Zg{t}"] @ found[f"X{t}"].T * whole).sum()) / norm(whole) ** 2
        for t in range(LSTM_STEPS, 0, -1)
    ]
    assert run.shares["lstm1.Wg"] == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert len(run.shares) == 12
    for parts in run.shares.values():
        assert math.fsum(parts) == pytest.approx(1, abs=1e-12)


def test_a_higher_bias_of_the_gate_that_keeps_the_state_is_measured(
    lstm: tuple[GradientFlow, dict[str, Any]],
) -> None:
    flow, _ = lstm
    run = only(flow)
    assert flow.verdict is Flow.VANISHING
    assert [(each.parameter, each.value) for each in run.remedies] == [("lstm1.bf", 1), ("lstm1.bf", 2)]
    totals = [run.total, *(each.run.total for each in run.remedies)]
    assert totals == sorted(totals)
    assert run.remedies[1].run.stages[0].kept == pytest.approx(1 / (1 + math.exp(-2)), abs=0.05)
    gated = only(analyze(network(GRU(4, LSTM_STEPS)), init="normal:0.5"))
    assert (gated.gate, gated.state, gated.remedies[0].parameter) == ("z", "h", "gru1.bz")


def test_a_cell_without_a_gate_or_without_a_bias_has_no_remedy() -> None:
    for cell in (RNN(4, 5), LSTM(4, 5, bias=False)):
        assert only(analyze(network(cell), init="normal:0.3")).remedies == ()


def test_every_recurrent_layer_is_a_run_and_errors_from_the_loss_are_told_apart() -> None:
    flow = analyze(network(LSTM(4, 3, sequence=True), GRU(5, 3)))
    assert flow.repetitions is not None
    lower, upper = flow.repetitions.runs
    assert [lower.name, upper.name] == ["lstm1", "gru2"]
    assert all(math.isfinite(each.direct) for each in lower.stages)
    assert [math.isfinite(each.direct) for each in upper.stages] == [True, False, False]


@pytest.mark.parametrize(
    ("layers", "inputs", "unit", "numbers"),
    [
        ((Dense(5, "tanh"), Dense(4, "relu")), 4, Unit.LAYER, []),
        ((Dense(5, "tanh"), LayerNorm(), Linear(4), Activation("relu")), 4, Unit.LAYER, []),
        ((Linear(5), BLOCK, BLOCK), 4, Unit.BLOCK, [0, 2, 1, 0]),
        ((Linear(5), Residual([Dense(4, "relu")], projection=Linear(4))), 4, Unit.BLOCK, [0, 1, 0]),
        ((Concat([Dense(3, "tanh")]), Concat([Dense(2, "tanh")])), 4, Unit.BLOCK, [0, 2, 1]),
        ((Conv2d(2, 3, activation="tanh"), MaxPool2d(2)), Image(2, 6, 4), Unit.PART, [0, 0, 0]),
        ((RNN(4, 3),), 4, Unit.STEP, [3, 2, 1]),
        ((TransformerBlock(tokens=3, post_norm=True),), 4, Unit.BLOCK, [0, 1]),
    ],
)
def test_a_network_is_cut_by_what_it_is_made_of(layers: Any, inputs: Any, unit: Unit, numbers: list[int]) -> None:
    found = analyze(network(*layers, inputs=inputs)).repetitions
    assert found is not None
    assert found.unit is unit
    assert [stage.number for run in found.runs for stage in run.stages] == numbers


def test_equations_of_ones_own_are_a_stack_where_they_are_one() -> None:
    shapes = {"X": (3, "m"), "W": (5, 3), "V": (2, 5), "Y": (2, "m")}
    stack, tied = (
        Network.equations(
            ["H = tanh(W @ X)", f"O = {last}", "loss = mse(O, Y)"], shapes=shapes, parameters=["W", "V"], inputs=["X"]
        )
        for last in ("V @ H", "V @ (H + W @ X)")
    )
    flows = [analyze(each) for each in (stack, tied)]
    assert [each.repetitions and each.repetitions.unit for each in flows] == [Unit.LAYER, Unit.PART]
    assert all(each.agrees for each in flows)


ALL = [
    (TransformerBlock(tokens=3, heads=2), TransformerBlock(tokens=3, post_norm=True)),
    (Linear(5), BLOCK, BLOCK, Residual([Dense(4, "relu")], projection=Linear(4))),
    (Concat([Dense(3, "tanh")]), Dense(4, "tanh")),
]


@pytest.mark.parametrize("layers", ALL)
def test_gains_multiply_from_segments_to_the_whole(layers: Any) -> None:
    run = only(analyze(network(*layers)))
    first, last = run.stages[-1], run.stages[0]
    assert first.below == pytest.approx(last.above + math.fsum(each.log or 0.0 for each in run.stages), abs=1e-12)
    for stage in run.stages:
        assert math.fsum(each.log for each in stage.brackets) == pytest.approx(stage.log, abs=1e-12)
        for bracket in stage.brackets:
            inside = math.fsum(each.log for each in bracket.segments)
            if bracket.skip is None:
                assert inside == pytest.approx(bracket.log, abs=1e-12)
                continue
            a, b = math.exp(bracket.skip.log), math.exp(bracket.skip.branch)
            assert inside == pytest.approx(bracket.skip.branch, abs=1e-12)
            assert math.exp(bracket.log) ** 2 == pytest.approx(a**2 + b**2 + 2 * a * b * bracket.skip.cosine)


def test_gains_beyond_the_range_of_floats_add_up() -> None:
    run = only(analyze(network(RNN(3, 130)), init="normal:0.001"))
    assert run.total < -700 * 1.1
    assert len(run.logs) == 129
    assert run.stages[-1].above == pytest.approx(run.stages[0].above + run.total, rel=1e-12)


def test_a_rate_needs_three_repetitions_that_agree_behind_the_start() -> None:
    small = math.log(0.5)
    assert startup([small] * 3) == 0
    assert startup([small] * 2) is None
    assert startup([0.0, small, small, small]) == 1
    assert startup([0.0, 1.0, 2.0, small, small, small]) == 3
    assert startup([0.0, 1.0, 2.0, 3.0, small, small, small]) is None
    assert startup([small, small, small + math.log(1.19)]) == 0
    assert startup([small, small, small + math.log(1.21)]) is None


def test_what_is_no_stack_has_no_rate_a_layer_and_is_judged_by_its_total() -> None:
    flow = analyze(network(Linear(5), *[BLOCK] * 3))
    data = flow.to_dict()
    assert (data["rate"], data["error_rate"], data["slopes"], data["float32_depth"]) == (None, None, {}, None)
    assert data["verdicts"] == {"error": "stable", "gradient": "stable", "activation": "stable"}
    assert data["repetitions"]["runs"][0]["stages"][1]["number"] == 3
    grown = analyze(network(Linear(5), *[Residual([Dense(7, "relu"), Linear(5)])] * 3), init="normal:3")
    assert grown.verdict is Flow.EXPLODING
    assert Repetitions(Unit.PART).changes == {}


@pytest.mark.parametrize("layers", [(TransformerBlock(tokens=3),), (LSTM(4, 3),)])
def test_a_mistake_in_what_is_sent_back_is_seen(layers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    right = Fronts.of

    def wrong(derivation: Any, walk: Any) -> Fronts:
        """Let one term of a sum count double."""
        found = right(derivation, walk)
        symbol = next(each for each, sent in found.to.items() if len(sent) > 1)
        (place, part), *rest = found.to[symbol]
        double = type(part)(2 * part.array, part.exponent)
        found.to[symbol][:] = [(place, double), *rest]
        found.by[place][:] = [(s, double if s is symbol and p is part else p) for s, p in found.by[place]]
        return found

    monkeypatch.setattr(stages.Fronts, "of", wrong)
    flow = analyze(network(*layers))
    assert flow.error > 1e-3
    assert not flow.agrees
    assert np.isfinite(flow.error)


@pytest.mark.long
def test_the_numbers_of_six_blocks_and_of_twenty_steps() -> None:
    """They were computed by hand from the lists and draws of an earlier version, every matrix kept."""
    block = TransformerBlock(tokens=16, heads=4, hidden=256, causal=True)
    blocks = only(analyze(Network([*[block] * 6, Dense(10, "softmax")], 64, "cross_entropy")))
    gains = [1.367, 1.078, 1.090, 1.162, 1.207, 1.320, 1.765]
    assert [gain(each) for each in blocks.stages] == pytest.approx(gains, abs=6e-4)
    branches = [
        [math.exp(skip.branch) for each in stage.brackets if (skip := each.skip)] for stage in blocks.stages[1:]
    ]
    assert [each[1] for each in branches] == pytest.approx([0.323, 0.382, 0.484, 0.558, 0.720, 1.254], abs=6e-4)
    assert [each[0] for each in branches] == pytest.approx([0.220, 0.238, 0.256, 0.306, 0.344, 0.411], abs=6e-4)
    inside = [[math.exp(part.log) for part in each.segments[::-1]] for each in blocks.stages[-1].brackets]
    assert inside[1] == pytest.approx([1.011, 1.044, 1.138, 1.043], abs=6e-4)
    assert inside[0] == pytest.approx([0.833, 0.632, 0.623, 1.252], abs=6e-4)
    steps = only(analyze(Network([LSTM(64, 20), Dense(10, "softmax")], 16, "cross_entropy")))
    assert [gain(each) for each in steps.stages[:4]] == pytest.approx([0.332, 0.554, 0.611, 0.633], abs=6e-4)
    assert math.exp(steps.stages[10].to["c"]) == pytest.approx(0.518, abs=6e-4)
    assert math.exp(steps.stages[-1].above) == pytest.approx(3.9e-5, rel=0.02)
    parts = steps.shares["lstm1.Wg"]
    assert parts[:5] == pytest.approx([0.647, 0.252, 0.052, 0.0280, 0.0093], abs=6e-4)
    assert sum(parts[10:]) == pytest.approx(0.0005, abs=6e-5)
    assert sum(steps.remedies[1].run.shares["lstm1.Wg"][10:]) == pytest.approx(0.409, abs=6e-4)
