"""The diagnosis is measured on mistakes written into hand-written NumPy, and may never accuse a right gradient."""

from __future__ import annotations

import contextlib
import io
import json
import random
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from written import Mistake, Written, mistake, samples
from written_mlp import mlp
from written_others import attention, convolution, decayed, lstm, normalised, residual, rnn, softmax_mse

from symbp.derivation import derive
from symbp.errors import SpecError
from symbp.judging.diagnosis.diagnose import diagnose
from symbp.judging.diagnosis.diagnosis import Diagnosis, Judgement, Mark
from symbp.networks.network import Network
from symbp.sample import Sample

NAMED_EXACTLY = 0.95
"""The floor of the share of planted mistakes whose kind and equation are named."""

PRIMES = (5, 7, 11)


def random_mlp(seed: int) -> Written:
    """A perceptron of two to five layers, every other one with layers of equal width, which hide a transpose."""
    choose = random.Random(seed)
    depth = choose.randint(2, 5)
    width = choose.randint(3, 5)
    widths = [width if seed % 2 else choose.randint(2, 6) for _ in range(depth)] + [choose.randint(2, 4)]
    activation = choose.choice(["tanh", "sigmoid", "relu", "softplus"])
    loss = choose.choice(["mse", "log_cosh", "cross_entropy", "binary_cross_entropy"])
    return mlp(widths, activation, loss, 5 if width == 5 else choose.choice(PRIMES))


def corpus() -> list[tuple[Written, list[Mistake]]]:
    """Return the architectures and the mistakes that are planted in each, a few of those of large ones."""
    perceptrons = [random_mlp(seed) for seed in range(12)]
    others = [
        softmax_mse(3, 4, 5),
        softmax_mse(4, 6, 3),
        residual(3, 5, 4),
        residual(4, 3, 6),
        normalised(3, 5, True),
        normalised(4, 6, True),
        normalised(3, 5, False),
        normalised(2, 7, False),
        decayed(3, 4),
        rnn(3, 4, 4),
        rnn(2, 3, 3),
        convolution(2, 3, 2),
        convolution(1, 2, 3),
        attention(4, 3),
        lstm(3, 4, 2),
    ]
    choose = random.Random(7)
    few = [(each, choose.sample(each.mistakes, min(len(each.mistakes), 20))) for each in perceptrons]
    return [*few, *((each, each.mistakes) for each in others)]


def named(found: Diagnosis, planted: Mistake) -> bool:
    """Whether the one finding has the kind and the equation of what was planted, or the scale its name."""
    if planted.kinds == {"scale"}:
        return found.verdict is Judgement.SCALED and found.scale is not None and found.scale.text in planted.equations
    return (
        found.departs is None
        and len(found.findings) == 1
        and found.findings[0].kind in planted.kinds
        and found.findings[0].equation in planted.equations
    )


def located(found: Diagnosis, planted: Mistake) -> bool:
    """Whether something is said of the equation that was written wrongly."""
    return named(found, planted) or bool(
        {each.equation for each in found.findings} & planted.equations or found.departs in planted.equations
    )


@pytest.mark.long
@pytest.mark.parametrize(("most", "dtype"), [(3, np.float64), (None, np.float64), (None, np.float32)])
def test_planted_mistakes_are_named(most, dtype, capsys):
    score: Counter[str] = Counter()
    missed = []
    architectures = corpus()
    for number, (written, mistakes) in enumerate(architectures):
        derived = written.derivation()
        spread = len(mistakes) if most is None else most
        for index in sorted({len(mistakes) * each // spread for each in range(spread)}):
            planted = mistakes[index]
            given, right = (samples(written, derived, each, 1000 * number + index) for each in ([planted], []))
            if all(same(a, b) for a, b in zip(given, right, strict=True)):
                score["no mistake on any input"] += 1
                continue
            found = diagnose(derived, samples(written, derived, [planted], 1000 * number + index, dtype=dtype))
            score["planted"] += 1
            score["named"] += named(found, planted)
            score["located"] += located(found, planted)
            assert found.verdict not in (Judgement.RIGHT, Judgement.INCOMPLETE), (written.name, planted)
            if not named(found, planted):
                missed.append((written.name, planted.name, [each.sentence for each in found.findings], found.departs))
    with capsys.disabled():
        print(f"\ndiagnosis: {score['named']} of {score['planted']} planted mistakes named exactly,", end=" ")
        print(f"{score['located']} located; {score['no mistake on any input']} were none on any input")
    assert score["planted"] > (350 if most is None else 2 * len(architectures))
    assert score["named"] >= NAMED_EXACTLY * score["planted"], missed


def same(first: Sample, second: Sample) -> bool:
    return all(
        first.given[name].shape == array.shape and np.allclose(first.given[name], array, rtol=1e-12, atol=1e-15)
        for name, array in second.given.items()
    )


@pytest.mark.parametrize(
    ("wanted", "dtype"), [(50, np.float64), pytest.param(1000, np.float64, marks=pytest.mark.long),
                          pytest.param(1000, np.float32, marks=pytest.mark.long)],
)  # fmt: skip
def test_no_false_alarm_on_right_gradients(wanted, dtype, capsys):
    count = 0
    architectures = [written for written, _ in corpus()]
    for written in architectures:
        derived = written.derivation()
        for seed in range(-(-wanted // len(architectures))):
            found = diagnose(derived, samples(written, derived, [], seed, count=1, dtype=dtype))
            assert found.verdict is Judgement.RIGHT, (written.name, seed, found)
            assert not found.findings
            assert {row.mark for row in found.rows} == {Mark.RIGHT}
            count += 1
    with capsys.disabled():
        print(f"\ndiagnosis: no false alarm on {count} right gradients")
    assert count >= wanted


@pytest.mark.parametrize("pairs", [20, pytest.param(60, marks=pytest.mark.long)])
def test_two_independent_mistakes_are_both_found(pairs, capsys):
    score: Counter[str] = Counter()
    missed = []
    written = mlp([3, 5, 4, 6, 2], "tanh", "mse")
    derived = written.derivation()
    choose = random.Random(3)
    single = [each for each in written.mistakes if each.kinds != {"scale"}]
    while score["pairs"] < pairs:
        pair = choose.sample(single, 2)
        (first,), (second,) = ({name[-1] for name in each.equations} for each in pair)
        if first == second:
            continue
        found = diagnose(derived, samples(written, derived, pair, score["pairs"]))
        score["pairs"] += 1
        hits = sum(any(f.kind in p.kinds and f.equation in p.equations for f in found.findings) for p in pair)
        alike = len(found.findings) == 1 and "the same in" in found.findings[0].sentence
        ok = (hits == 2 or (alike and hits >= 1)) and found.departs is None
        score["both"] += ok
        if not ok:
            missed.append(([each.name for each in pair], [each.sentence for each in found.findings], found.departs))
    with capsys.disabled():
        print(f"\ndiagnosis: both mistakes named in {score['both']} of {score['pairs']} pairs")
    assert score["both"] >= NAMED_EXACTLY * score["pairs"], missed


PERCEPTRON = mlp([3, 5, 4, 2], "tanh", "mse")
DERIVED = PERCEPTRON.derivation()


def told(*names: str, seed: int = 0, **lines: str) -> Diagnosis:
    """Diagnose the perceptron with some lines replaced and some intermediates given."""
    return diagnose(DERIVED, samples(PERCEPTRON, DERIVED, [mistake("", "", **lines)], seed, intermediates=names))


def marks(found: Diagnosis) -> dict[str, Mark]:
    return {row.name: row.mark for row in found.rows}


def test_the_course_note():
    """dW1 = dLoss · W3 · f′2 · a2 · W2 · f′1 · a1, one unit a layer: a2 is superfluous."""
    written = mlp([1, 1, 1, 1], "sigmoid", "mse", examples=7)
    derived = written.derivation()
    note = "(A3 - Y) / m * A3 * (1 - A3) * W3 * A2 * (1 - A2) * A2 * W2 * A1 * (1 - A1)"
    planted = mistake("superfluous factor", "dZ1 dA1", dZ1=note)
    (finding,) = diagnose(derived, samples(written, derived, [planted], 0)).findings
    assert finding.sentence == "superfluous factor A2 in dZ1; everything else is right"
    assert set(finding.explains) == {"b1", "W1"}
    assert finding.right == derived.backward["dZ1"]
    assert "A2" in str(finding.yours)


def test_one_cause_is_told_once_and_what_follows_is_carried_forward():
    found = told("Z3", "Z2", "Z1", dZ2="dA2")
    (finding,) = found.findings
    assert (finding.kind, finding.equation) == ("missing factor", "dZ2")
    assert marks(found) == {
        **dict.fromkeys(["Z3", "W3", "b3"], Mark.RIGHT),
        "Z2": Mark.WRONG,
        **dict.fromkeys(["W2", "b2", "Z1", "W1", "b1"], Mark.CARRIED),
    }
    assert next(row.note for row in found.rows if row.name == "W1") == "right, given your dZ2"


def test_the_same_mistake_in_every_layer_is_one():
    (finding,) = told(dZ1="dA1", dZ2="dA2").findings
    assert finding.sentence == "factor tanh′(Z2) missing in dZ2; the same in dZ1; everything else is right"


def test_two_mistakes_on_one_path_without_intermediates():
    found = told(dA1="-(W2.T @ dZ2)", dZ1="dA1 * A1")
    assert [(each.kind, each.equation) for each in found.findings] == [
        ("sign", "dA1"),
        ("function for derivative", "dZ1"),
    ]


def test_the_learning_rate_is_fitted():
    (finding,) = told(dA2="(W3 - 0.1 * dW3).T @ dZ3", dA1="(W2 - 0.1 * dW2).T @ dZ2").findings
    assert finding.kind == "weight after the update"
    assert "learning rate 1/10" in finding.sentence


BATCH_IN_W = {f"dW{k}": f"dZ{k} @ {a}.T / m" for k, a in ((3, "A2"), (2, "A1"), (1, "X"))}
BATCH_IN_B = {f"db{k}": f"np.mean(dZ{k}, axis=1, keepdims=True)" for k in (1, 2, 3)}


def test_the_batch_mean_may_wait_for_the_parameters():
    found = told("Z3", "Z2", "Z1", dA3="A3 - Y", **BATCH_IN_W, **BATCH_IN_B)
    assert found.verdict is Judgement.RIGHT
    assert set(marks(found).values()) == {Mark.RIGHT}
    assert next(row.note for row in found.rows if row.name == "Z2") == "m times ours, made up for later"


def test_a_mistake_among_intermediates_without_the_batch_mean():
    lines = BATCH_IN_W | BATCH_IN_B | {"dZ2": "-dA2 * (1 - A2**2)", "db2": "dZ2.sum(axis=1, keepdims=True)"}
    found = told("Z3", "Z2", "Z1", dA3="A3 - Y", **lines)
    assert {(each.kind, each.equation) for each in found.findings} == {("sign", "dZ2"), ("batch mean missing", "db2")}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("m", "A3 - Y"),
        ("2", "2 * (A3 - Y) / m"),
        ("1/2", "(A3 - Y) / (2 * m)"),
        ("1/m", "(A3 - Y) / m**2"),
        ("0.3", "0.3 * (A3 - Y) / m"),
    ],
)
def test_a_scale_is_a_convention_and_no_mistake(text, line):
    found = told(dA3=line)
    assert found.verdict is Judgement.SCALED
    assert found.findings == ()
    assert found.scale is not None
    assert found.scale.text == text
    assert set(marks(found).values()) == {Mark.SCALED}


def test_pytorch_s_mean_over_the_outputs():
    written = mlp([3, 5, 7], "tanh", "mse")
    derived = written.derivation()
    found = diagnose(derived, samples(written, derived, [mistake("", "", dA2="2 * (A2 - Y) / A2.size")], 0))
    assert found.scale is not None
    assert found.scale.text == "2/n_L"
    assert "MSELoss" in found.scale.why


def test_all_gradients_negated_are_right_up_to_their_sign_and_one_alone_is_a_mistake():
    found = told(dA3="(Y - A3) / m")
    assert found.verdict is Judgement.SCALED
    assert found.scale is not None
    assert found.scale.text == "-1"
    assert told(dZ1="-dA1 * (1 - A1**2)").findings[0].kind == "sign"


def test_a_scale_beside_a_mistake():
    found = told(dA3="A3 - Y", dZ1="dA1")
    assert found.verdict is Judgement.WRONG
    assert found.scale is not None
    assert found.scale.text == "m"
    assert [each.equation for each in found.findings] == ["dZ1"]


def test_what_nothing_explains_is_said_to_depart():
    found = told(dZ1="np.cos(dA1)", dW3="-dZ3 @ A2.T")
    assert found.departs == "dZ1"
    assert [each.equation for each in found.findings] == ["dW3"]
    assert marks(found) | {"W1": Mark.WRONG, "b1": Mark.WRONG} == marks(found)


def test_what_nothing_explains_is_carried_forward_where_it_was_given():
    found = told("Z2", dZ2="np.cos(dA2)", dW1="-dZ1 @ X.T")
    assert found.departs == "dZ2"
    assert [(each.kind, each.equation) for each in found.findings] == [("sign", "dW1")]
    assert marks(found)["W2"] is marks(found)["b1"] is Mark.CARRIED


def test_one_row_off_by_a_thousandth_is_wrong():
    found = told(dZ2="dA2 * (1 - A2**2) * np.array([[1], [1], [1.001], [1]])")
    assert found.verdict is Judgement.WRONG
    assert found.departs == "dZ2"


def test_not_a_number_and_missing_gradients_are_told_apart():
    given = samples(PERCEPTRON, DERIVED, [], 0)
    broken = [replace(each, given={"W1": each.given["W1"] * np.nan, "b1": each.given["b1"]}) for each in given]
    found = diagnose(DERIVED, broken)
    assert found.verdict is Judgement.WRONG
    assert marks(found)["W1"] is Mark.NAN
    assert marks(found)["b1"] is Mark.RIGHT
    assert marks(found)["W2"] is Mark.MISSING


def test_a_wrong_shape_that_nothing_explains():
    found = told(db2="np.zeros((3, 3))")
    assert found.verdict is Judgement.WRONG
    assert marks(found)["b2"] is Mark.SHAPE
    assert next(row.note for row in found.rows if row.name == "b2") == "is 3×3, must be 4×1"


def test_single_precision_is_judged_as_such():
    given = samples(PERCEPTRON, DERIVED, [], 0)
    single = [replace(each, given={k: v.astype(np.float32) for k, v in each.given.items()}) for each in given]
    assert diagnose(DERIVED, single).verdict is Judgement.RIGHT
    lines = mistake("", "", dZ1="dA1")
    wrong = samples(PERCEPTRON, DERIVED, [lines], 0)
    single = [replace(each, given={k: v.astype(np.float32) for k, v in each.given.items()}) for each in wrong]
    (finding,) = diagnose(DERIVED, single).findings
    assert (finding.kind, finding.equation) == ("missing factor", "dZ1")


def test_another_loss_is_noted():
    given = [replace(each, loss=123.0) for each in samples(PERCEPTRON, DERIVED, [], 0)]
    (note,) = diagnose(DERIVED, given).notes
    assert "your loss is 123" in note


def test_a_diagnosis_as_json():
    found = json.loads(json.dumps(told(dZ2="dA2").to_dict()))
    assert found["verdict"] == "wrong"
    assert found["findings"][0]["equation"] == "dZ2"
    assert found["rows"][0] == {"name": "W3", "mark": "right", "digits": 16.0, "note": ""}


def test_bad_questions():
    with pytest.raises(SpecError, match="at least one sample"):
        diagnose(DERIVED, [])
    given = [replace(each, given={"W9": np.ones((1, 1))}) for each in samples(PERCEPTRON, DERIVED, [], 0)]
    with pytest.raises(SpecError, match="none of our gradients was given"):
        diagnose(DERIVED, given)
    with pytest.raises(SpecError, match="left open"):
        diagnose(derive(Network.mlp(layers=2, widths=[3, 5, 2], loss="mse")), given)


def test_the_documented_example_is_real():
    page = (Path(__file__).parents[2] / "docs" / "diagnosis.md").read_text(encoding="utf-8")
    code, text = re.search(r"```python\n(.*?)```\n\n```text\n(.*?)```", page, re.DOTALL).groups()
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(code, {})
    assert out.getvalue() == text
