"""Whatever is no sample of the network is refused in one line that says which one and what would be right."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from single import drawn, given, perceptron

from symbp.errors import ShapeError, SpecError
from symbp.judging.diagnosis.diagnose import diagnose
from symbp.judging.diagnosis.diagnosis import Judgement
from symbp.judging.diagnosis.printed import Printed, printed
from symbp.sample import Sample

DERIVED = perceptron([3, 5, 2], "tanh")
RIGHT = given(DERIVED, drawn(DERIVED, 0, 7))
W1, X, Y = RIGHT.parameters["W1"], RIGHT.x["X"], RIGHT.y


def changed(**arrays: Any) -> Sample:
    """The right sample with some parameters replaced."""
    return replace(RIGHT, parameters={**RIGHT.parameters, **arrays})


def without(name: str) -> Sample:
    return replace(RIGHT, parameters={key: each for key, each in RIGHT.parameters.items() if key != name})


SAMPLES: dict[str, tuple[Any, type[Exception], str]] = {
    "a number": ([1], SpecError, "sample 1 is an int: give symbp.Sample"),
    "a sample alone": (RIGHT, SpecError, "give a list of samples"),
    "nothing": (None, SpecError, "give a list of samples"),
    "a text": ("abc", SpecError, "give a list of samples"),
    "X transposed": ([replace(RIGHT, x={"X": X.T})], ShapeError, "sample 1: X has shape (7, 3) but must be 3×m"),
    "the second of two": ([RIGHT, replace(RIGHT, x={"X": X.T})], ShapeError, "sample 2: X has shape (7, 3)"),
    "a parameter missing": ([without("W1")], SpecError, "sample 1: parameters: W1 is missing"),
    "a parameter unknown": ([changed(W9=W1)], SpecError, "no array is called 'W9'"),
    "parameters a list": ([replace(RIGHT, parameters=[W1])], SpecError, "must be a dict of arrays"),
    "no target": ([replace(RIGHT, y=None)], SpecError, "the loss compares with targets"),
    "class labels": ([replace(RIGHT, y=np.array([0, 1, -1, 0, 1, 0, 1]))], SpecError, "not class labels"),
    "a label of no class as a column": ([replace(RIGHT, y=-Y)], SpecError, "must sum to 1"),
    "no examples": ([replace(RIGHT, x={"X": X[:, :0]}, y=Y[:, :0])], SpecError, "X is empty, (3, 0)"),
    "no examples in Y": ([replace(RIGHT, y=Y[:, :0])], SpecError, "Y is empty, (2, 0)"),
    "an empty parameter": ([changed(W1=W1[:0])], SpecError, "W1 is empty, (0, 3)"),
    "NaN": ([changed(W1=np.nan * W1)], SpecError, "W1 is NaN or infinite in 15 of 15 entries"),
    "ragged": ([changed(W1=[[1.0], [2.0, 3.0]])], ShapeError, "rows have different lengths"),
    "complex gradients": (
        [replace(RIGHT, given={"W1": RIGHT.given["W1"] * 1j})], SpecError, "the gradient of W1 holds complex",
    ),
    "truth values": ([replace(RIGHT, given={"W1": RIGHT.given["W1"] > 0})], SpecError, "the gradient of W1 holds bool"),
    "words": ([replace(RIGHT, given={"W1": np.array([["a"]])})], SpecError, "the gradient of W1 holds no numbers"),
    "gradients a list": ([replace(RIGHT, given=[W1])], SpecError, "given is a list: give a dict"),
    "a complex loss": ([replace(RIGHT, loss=1j)], SpecError, "the loss is 1j: give a number"),
}  # fmt: skip


@pytest.mark.parametrize("case", SAMPLES)
def test_what_is_no_sample_is_refused(case: str) -> None:
    samples, kind, said = SAMPLES[case]
    with pytest.raises(kind) as caught:
        diagnose(DERIVED, samples)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("tolerance", [-1, 0, 2, float("nan"), float("inf"), "a", 1j, True])
def test_a_tolerance_is_a_positive_number_below_one(tolerance: Any) -> None:
    with pytest.raises(SpecError, match="tolerance"):
        diagnose(DERIVED, [RIGHT], tolerance)


def test_the_first_argument_is_a_derivation() -> None:
    with pytest.raises(SpecError, match=r"give symbp.derive"):
        diagnose(DERIVED.network, [RIGHT])  # type: ignore[arg-type]


def test_numpy_s_own_numbers_are_numbers() -> None:
    sample = replace(RIGHT, loss=np.float32(1.5))
    found = diagnose(DERIVED, (sample,), np.float64(1e-5))
    assert found.verdict is Judgement.RIGHT


def six_digits(array: Any) -> Any:
    return np.vectorize(lambda number: float(f"{number:.6g}"))(array)


@pytest.mark.parametrize("rounding", [six_digits, lambda array: np.round(array, 6)], ids=["digits", "places"])
@pytest.mark.parametrize("everything", [False, True])
def test_numbers_that_were_printed_are_right_to_the_digits_given(rounding: Any, everything: bool) -> None:
    double = replace(RIGHT, parameters={name: each.astype(float) for name, each in RIGHT.parameters.items()})
    _, exact = DERIVED.compile()(double.parameters, X.astype(float), Y.astype(float))
    sample = replace(double, given={name: rounding(each) for name, each in exact.items()})
    if everything:
        parameters = {name: rounding(each) for name, each in double.parameters.items()}
        sample = replace(sample, parameters=parameters, x={"X": rounding(X.astype(float))})
    found = diagnose(DERIVED, [sample])
    assert found.verdict is Judgement.RIGHT
    assert any("digits given" in row.note for row in found.rows)
    for name in exact:
        wrong = {**sample.given, name: rounding(1.001 * exact[name])}
        assert diagnose(DERIVED, [replace(sample, given=wrong)]).verdict is Judgement.WRONG


def test_the_format_of_printed_numbers() -> None:
    full = np.random.default_rng(0).normal(size=(9, 9))
    assert printed([full]) is None
    assert printed([np.round(full, 5)]) == Printed(6, 5)
    assert printed([six_digits(full)]) == Printed(6, None)
    assert printed([np.array([[0.5, 0.25], [1.0, 0.0]])]) is None
    assert printed([np.zeros((2, 2))]) is None
    assert printed([full.astype(np.float32)]) is None
