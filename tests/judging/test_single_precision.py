"""Single precision hides nothing: what is wrong is refused at any width, what three libraries compute is accepted."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from single import ACTIVATIONS, COMPOSED, LIBRARIES, LOSSES, by_numpy, drawn, given, perceptron

from symbp.derivation import Derivation, derive
from symbp.judging.diagnosis.bench import Bench
from symbp.judging.diagnosis.diagnose import diagnose
from symbp.judging.diagnosis.diagnosis import Diagnosis, Judgement
from symbp.judging.diagnosis.matching import Given
from symbp.sample import Sample

Array = Any

WIDTHS = ([10, 10, 10], [100, 100, 10], [784, 128, 10], [800, 800, 10])


def _some(g: Array, share: float) -> Array:
    chosen = np.random.default_rng(0).random(g.shape) < share
    return np.where(chosen, 0, g).astype(g.dtype)


def _one_entry(g: Array, error: float) -> Array:
    """The median entry that is not zero, off by an error relative to it."""
    flat = g.reshape(-1).copy()
    at = np.flatnonzero(flat)
    at = at[np.argsort(np.abs(flat[at]))][len(at) // 2]
    flat[at] += error * abs(flat[at])
    return flat.reshape(g.shape)


PLANTED: dict[str, Callable[[Array, Array], Array]] = {
    "0.3 % too large": lambda g, w: np.float32(1.003) * g,
    "weight decay of 1e-5": lambda g, w: g + np.float32(1e-5) * w,
    "noise of 0.5 %": lambda g, w: g * (1 + 0.005 * np.random.default_rng(0).normal(size=g.shape)).astype(np.float32),
    "2 % of the entries zeroed": lambda g, w: _some(g, 0.02) if g.size > 200 else _some(g, 0.1),
    "one entry off by 1 % of the median": lambda g, w: _one_entry(g, 0.01),
}


def planted(sample: Sample, fault: Callable[[Array, Array], Array], name: str = "W1") -> Sample:
    wrong = fault(sample.given[name], sample.parameters[name])
    assert wrong.dtype == sample.given[name].dtype
    return replace(sample, given={**sample.given, name: wrong})


def refused(derived: Derivation, sample: Sample) -> bool:
    """Whether some gradient is not ours: the verdict alone, without the search for a cause."""
    with np.errstate(all="ignore"):
        compared = Given(Bench(derived, [sample]))
        return not all(compared.matches_right(name) for name in compared.known)


def owed(found: Diagnosis) -> float:
    """The fewest digits that are shown."""
    return min(row.digits for row in found.rows if row.digits is not None)


@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_float32_gradients_are_right_and_a_small_mistake_in_them_is_not(widths: list[int]) -> None:
    derived = perceptron(widths)
    sample = given(derived, drawn(derived, 0, 32))
    right = diagnose(derived, [sample])
    assert right.verdict is Judgement.RIGHT
    assert owed(right) >= 5
    for said, fault in PLANTED.items():
        assert refused(derived, planted(sample, fault)), said


def test_what_is_refused_is_wrong() -> None:
    derived = perceptron([10, 10, 10])
    sample = given(derived, drawn(derived, 0, 32))
    for said, fault in PLANTED.items():
        assert diagnose(derived, [planted(sample, fault)]).verdict is Judgement.WRONG, said


@pytest.mark.parametrize("layers", [6, 12])
def test_depth_hides_nothing_either(layers: int) -> None:
    derived = perceptron([40] * layers + [5], "tanh", "mse")
    sample = given(derived, drawn(derived, 1, 16))
    assert diagnose(derived, [sample]).verdict is Judgement.RIGHT
    for said, fault in PLANTED.items():
        assert refused(derived, planted(sample, fault)), said


@pytest.mark.parametrize("name", COMPOSED)
def test_other_layers_are_judged_alike(name: str) -> None:
    derived = derive(COMPOSED[name]())
    sample = given(derived, drawn(derived, 0, 7))
    right = diagnose(derived, [sample])
    assert right.verdict is Judgement.RIGHT
    assert owed(right) >= 5
    first = derived.wrt[0].name
    for said in ("0.3 % too large", "one entry off by 1 % of the median"):
        assert refused(derived, planted(sample, PLANTED[said], first)), said


@pytest.mark.parametrize("widths", [[10, 10, 10], [784, 128, 10]], ids=str)
def test_one_entry_in_double_precision(widths: list[int]) -> None:
    derived = perceptron(widths)
    sample = drawn(derived, 0, 16)
    double = {name: each.astype(float) for name, each in sample.parameters.items()}
    sample = replace(sample, parameters=double, x={name: each.astype(float) for name, each in sample.x.items()})
    sample = replace(sample, given=by_numpy(derived, sample))
    assert diagnose(derived, [sample]).verdict is Judgement.RIGHT
    wrong = planted(sample, lambda g, w: _one_entry(g, 1e-7))
    assert refused(derived, wrong)


def test_parameters_in_double_may_have_been_rounded_on_the_way() -> None:
    derived = perceptron([20, 30, 5], "tanh")
    sample = drawn(derived, 0, 16)
    random_ = np.random.default_rng(5)
    exact = {k: v + 1e-9 * random_.normal(size=v.shape) for k, v in sample.parameters.items()}
    assert all((v.astype(np.float32) != v).any() for v in exact.values())
    rounded = replace(sample, parameters={name: each.astype(np.float32) for name, each in exact.items()})
    assert diagnose(derived, [replace(given(derived, rounded), parameters=exact)]).verdict is Judgement.RIGHT


def test_a_unit_that_rounding_switches_is_either_way_right() -> None:
    """Z1 of one unit is 1e-9 where rounding leaves 1e-8: in float32 it may be alive or dead."""
    derived = perceptron([2, 3, 2])
    sample = drawn(derived, 0, 5)
    x, w, b = (np.array(each, float) for each in (sample.x["X"], sample.parameters["W1"], sample.parameters["b1"]))
    x[0] = np.abs(x[0]) + 0.5
    w[0], b[0] = 1.0, 0.0
    x[1] = -x[0] + np.where(np.arange(5) == 0, 1e-9, 1.0)
    at = replace(sample, x={"X": x}, parameters={**sample.parameters, "W1": w, "b1": b})
    x_dead = x.copy()
    x_dead[1, 0] -= 2e-9
    alive, dead = (by_numpy(derived, replace(at, x={"X": each})) for each in (x, x_dead))
    assert abs(alive["W1"] - dead["W1"]).max() > 0.01
    for each in (alive, dead):
        single = {name: array.astype(np.float32) for name, array in each.items()}
        assert diagnose(derived, [replace(at, given=single)]).verdict is Judgement.RIGHT
    assert diagnose(derived, [replace(at, given=dead)]).verdict is Judgement.WRONG


def test_a_gradient_below_the_smallest_float32_is_zero() -> None:
    derived = perceptron([3] * 120, "sigmoid", "mse")
    sample = drawn(derived, 0, 5)
    exact = by_numpy(derived, replace(sample, parameters={k: v.astype(float) for k, v in sample.parameters.items()}))
    assert 0 < abs(exact["W1"]).max() < 1e-40
    assert diagnose(derived, [given(derived, sample)]).verdict is Judgement.RIGHT


def test_half_precision_is_judged_as_such() -> None:
    derived = perceptron([10, 10, 5], "tanh")
    sample = given(derived, drawn(derived, 0, 16))
    half = {name: each.astype(np.float16) for name, each in sample.given.items()}
    assert diagnose(derived, [replace(sample, given=half)]).verdict is Judgement.RIGHT
    wrong = {**half, "W1": (1.5 * half["W1"]).astype(np.float16)}
    assert diagnose(derived, [replace(sample, given=wrong)]).verdict is Judgement.WRONG


def test_a_convention_of_the_loss_is_named_in_single_precision() -> None:
    derived = perceptron([30, 20, 5])
    sample = given(derived, drawn(derived, 0, 16))
    twice = replace(sample, given={name: 2 * each for name, each in sample.given.items()})
    found = diagnose(derived, [twice])
    assert found.verdict is Judgement.SCALED
    assert found.scale is not None
    assert found.scale.text == "2"


DRAWS = 10
"""How often each network is drawn."""


def networks(count: int, seed: int) -> Iterator[tuple[str, Derivation, Sample]]:
    choose = random.Random(seed)
    for number in range(count):
        if number % 10 < len(COMPOSED):
            said = list(COMPOSED)[number % 10]
            derived = derive(COMPOSED[said]())
        else:
            depth, activation, loss = choose.randint(1, 5), choose.choice(ACTIVATIONS), choose.choice(LOSSES)
            widths = [choose.choice([2, 5, 10, 30, 100]) for _ in range(depth)] + [choose.choice([2, 5, 10])]
            derived, said = perceptron(widths, activation, loss), f"{widths} {activation} {loss}"
        examples = choose.choice([2, 5, 16, 64])
        for draw in range(DRAWS):
            spread = (0.5, 1.0, 2.0)[draw % 3]
            yield f"{said} {spread}", derived, drawn(derived, 1000 * seed + DRAWS * number + draw, examples, spread)


def _accused(count: int, library: str) -> list[str]:
    return [
        said
        for said, derived, sample in networks(count, list(LIBRARIES).index(library))
        if diagnose(derived, [given(derived, sample, library)]).verdict is not Judgement.RIGHT
    ]


def test_right_gradients_of_numpy_are_accepted() -> None:
    assert _accused(4, "numpy") == []


@pytest.mark.long
@pytest.mark.parametrize("library", LIBRARIES)
def test_a_thousand_right_gradients_are_accepted(library: str) -> None:
    if library != "numpy":
        pytest.importorskip(library, reason=f"{library} is not installed")
    assert _accused(10 if library == "jax" else 34, library) == []  # JAX compiles each anew.
