"""Stacks of copies: what a program makes of them is what it makes of each copy, and changes nothing else."""

import numpy as np
import pytest
from systems import CASES

from symbp.checking.bench import Bench
from symbp.checking.differences import Losses, SingleEntries, complex_steps
from symbp.checking.plans import plans
from symbp.numeric import engines
from symbp.numeric.stacked import Stack, copies_of, stacked

COPIES = np.random.default_rng(0).normal(size=(4, 2, 3))
PLAIN = np.random.default_rng(1).normal(size=(3, 5))

OPERATIONS = {
    "product": lambda np_, a: a @ PLAIN,
    "product from the left": lambda np_, a: PLAIN.T @ a.T,
    "with itself": lambda np_, a: a @ a.T,
    "row": lambda np_, a: a * np.arange(3.0) - np.ones((2, 1)) / a,
    "scalar": lambda np_, a: 2 - a**2 + 2**a,
    "number of rank 0": lambda np_, a: np_.sum(a) * PLAIN,
    "sums": lambda np_, a: np_.sum(a, axis=0, keepdims=True) + np_.max(a, axis=1, keepdims=True),
    "largest": lambda np_, a: np_.max(a, axis=0),
    "pieces": lambda np_, a: np_.concatenate((a[:1], np.zeros((2, 3)), a), axis=0),
    "picked": lambda np_, a: a[:, [[0, 2], [1, 1]]],
    "shapes": lambda np_, a: a.reshape(-1, 1, 3).swapaxes(1, 2).reshape((3, 2)),
    "cases": lambda np_, a: np_.where((a > 0) & (PLAIN[:2, :3] > 0), a, 0) + np_.maximum(a, PLAIN[:2, :3]) * (a != 1),
    "diagonal": lambda np_, a: np_.diagflat(a[:, :1]) + np_.zeros_like(a[:, :2]),
    "constant": lambda np_, a: np_.ones_like(PLAIN),
}


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("engine", [engines.real, engines.complex_], ids=["real", "complex"])
def test_what_stacks_become_is_what_each_copy_becomes(name: str, engine: object) -> None:
    single = engine()
    copies = COPIES if engine is engines.real else COPIES + 1e-3j * COPIES[::-1]
    found = OPERATIONS[name](stacked(single).np, Stack(copies))
    for one, each in zip(copies, copies_of(found, len(copies)), strict=True):
        np.testing.assert_allclose(each, OPERATIONS[name](single.np, one), rtol=1e-14)


def test_what_does_not_change_stays_a_plain_array() -> None:
    assert not isinstance(stacked(engines.real()).np.tanh(PLAIN), Stack)


@pytest.mark.parametrize("case", CASES)
def test_every_operation_runs_on_stacks(case: str) -> None:
    derived = CASES[case]()
    plan = plans(derived, thorough=False)[0]
    bench = Bench.of(derived, plan.standins, plan.sizes, 0)
    assert bench.is_analytic  # else there is no complex step, and nothing is compared
    directions = SingleEntries.of({name: gradient.shape for name, gradient in bench.gradients.items()})
    steps = [1e-30] * len(directions)
    together = complex_steps(bench.stepped, directions, steps)
    few = Losses(bench.stepped.function, bench.stepped.values, room=1)
    for number in range(0, len(directions), 1 + len(directions) // 3):
        alone = complex_steps(few, [directions[number]], steps[:1])
        np.testing.assert_allclose(together[number], alone[0], rtol=1e-12, atol=1e-16)
