"""The pause of the garbage collector: what it leaves behind, and that building is inside it."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from symbp import Network, derive
from symbp.collector import pause_collector
from symbp.errors import SpecError
from symbp.networks.builder import Builder
from symbp.networks.layers import Dense
from symbp.networks.recurrent import LSTM
from symbp.symbols import Variable


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    gc.enable()


def test_a_pause_ends_where_it_began() -> None:
    with pause_collector():
        assert not gc.isenabled()
        with pause_collector():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_an_error_ends_the_pause() -> None:
    with pytest.raises(ZeroDivisionError), pause_collector():
        raise ZeroDivisionError
    assert gc.isenabled()


def test_a_collector_that_is_off_stays_off() -> None:
    gc.disable()
    with pause_collector():
        pass
    assert not gc.isenabled()


def test_a_decorated_function_pauses_every_time() -> None:
    @pause_collector()
    def enabled() -> bool:
        return gc.isenabled()

    assert [enabled(), enabled(), gc.isenabled()] == [False, False, True]


@dataclass(frozen=True)
class Watching:
    """A layer that notes whether the collector runs while it is built."""

    seen: list[bool]

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add a dense layer."""
        self.seen.append(gc.isenabled())
        return Dense(2).build(builder, incoming)


def test_networks_are_built_in_a_pause() -> None:
    seen: list[bool] = []
    derive(Network([Watching(seen)])).gradients["W1"].terms  # noqa: B018
    assert seen == [False]
    assert gc.isenabled()


def test_a_refused_network_ends_the_pause() -> None:
    with pytest.raises(SpecError):
        derive(layers=2, activation="nonesuch")
    assert gc.isenabled()


@pytest.mark.parametrize(
    "make",
    [lambda: derive(layers=3, activation="tanh", loss="mse"), lambda: derive(Network([LSTM(3, 3), Dense(2)], 2))],
    ids=["plain", "lstm"],
)
def test_a_derivation_that_is_dropped_is_gone_at_once(make) -> None:
    make().gradients  # noqa: B018 - what is kept for the whole process is there now
    gc.disable()
    derived = make()
    assert all(gradient.factors for gradient in derived.gradients.values())
    assert derived.unstacked.coupled == ()
    left = weakref.ref(derived), weakref.ref(derived.backward)
    del derived
    assert [each() for each in left] == [None, None]
