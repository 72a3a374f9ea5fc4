"""Random networks over the whole language of equations, against NumPy and the complex step, which know no symbp."""

from __future__ import annotations

import warnings
from functools import partial

import numpy as np
import pytest
from corpus import STEP
from corpus.forward import called
from random_equations import RandomNetwork, random_network
from sympy import Rational

from symbp import Network, derive
from symbp.errors import UnusedParameterWarning
from symbp.nodes import times
from symbp.op import steps, vjp
from symbp.ops.columns import CumulativeSum, LogSumExp
from symbp.ops.softmax import Softmax
from symbp.ops.square import Inv
from symbp.ops.structure import Rows, Stack

SHORT, MANY = 30, 5000
"""How many the short suite takes, within a second, and the long one."""

TOLERANCE = 1e-8


def distance(net: RandomNetwork, seed: int) -> float:
    """Return how far the loss and its slope in a random direction are from those of NumPy, relative to their size."""
    of = Network.equations(net.lines, net.declared(), inputs=net.inputs, parameters=[*net.shapes.keys() - net.inputs])
    values = net.values(seed)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", UnusedParameterWarning)  # Behind a stop, nothing is left of some.
        parameters, inputs = ({each.name: values[each.name] for each in group} for group in (of.parameters, of.inputs))
        loss, gradients = derive(of).compile()(parameters, inputs or None)
        random = np.random.default_rng(seed)
        direction = {name: random.normal(size=array.shape) for name, array in parameters.items()}
        moved = {name: array + 1j * STEP * direction[name] for name, array in parameters.items()}
        wanted = complex(np.squeeze(called(net.lines, {**values, "m": 5, **moved})))
    parts = [gradients[name] * direction[name] for name in parameters]
    scale = sum(float(np.abs(part).sum()) for part in parts)
    slopes = wanted.imag / STEP - sum(float(part.sum()) for part in parts)
    return max(abs(loss - wanted.real) / max(1.0, abs(loss)), abs(slopes) / max(1e-6, scale))


def wrong(seeds: range) -> list[int]:
    """Return the seeds whose networks are wrong, whatever the numbers: some may stand beside a kink of a gradient."""
    networks = {seed: random_network(seed) for seed in seeds}
    return [seed for seed, net in networks.items() if not any(map(partial(is_right, net), (seed, seed + MANY)))]


def is_right(net: RandomNetwork, seed: int) -> bool:
    return distance(net, seed) <= TOLERANCE


def test_a_few_are_right() -> None:
    assert wrong(range(SHORT)) == []


LATER = [pytest.param(each, marks=pytest.mark.long) for each in (Softmax, LogSumExp, Stack)]


@pytest.mark.parametrize("kind", [CumulativeSum, Rows, Inv, *LATER])
def test_a_wrong_rule_is_found(kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    right = vjp.registry[kind]

    def spoilt(node, output, adjoint):
        parts = right(node, output, adjoint)
        return tuple(None if each is None else times(Rational(100001, 100000), each) for each in parts)

    monkeypatch.setitem(steps, spoilt, steps[right])
    vjp.register(kind, spoilt)
    try:
        assert any(wrong(range(seed, seed + 1)) for seed in range(MANY))
    finally:
        vjp.register(kind, right)


@pytest.mark.long
@pytest.mark.parametrize("part", range(10))
def test_many_are_right(part: int) -> None:
    size = MANY // 10
    assert wrong(range(SHORT + part * size, SHORT + (part + 1) * size)) == []
