"""The streamed budget: the numbers of the exact one, with weights drawn again where they were let go."""

from __future__ import annotations

import pytest

import symbp
from symbp.analysis import streamed
from symbp.analysis.budget import analyze
from symbp.analysis.initialisations import initialisation
from symbp.analysis.streamed import Streamed
from symbp.errors import SpecError
from symbp.networks.examples import EXAMPLES
from symbp.networks.network import Network
from symbp.numeric.sizes import given_sizes

NETWORKS = {
    "tanh": Network.mlp(12, [5, *[7] * 11, 3], "tanh", loss="mse"),
    "sigmoid": Network.mlp(4, 6, "sigmoid", loss="bce"),
    "penalty": Network([symbp.Dense(4, "tanh"), symbp.Dense(2, "tanh")], 3, "mse", l2="0.1"),
} | {name: Network.load(file) for name, file in EXAMPLES.items() if file.suffix == ".toml"}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_numbers_are_those_of_the_exact_account(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streamed, "KEPT", 1)  # every weight but the last one read is drawn again
    derivation = symbp.derive(NETWORKS[name])
    exact = analyze(derivation, "he", 5, 7, bounds=False)
    quick = Streamed.of(derivation, given_sizes(derivation.forward, 7, (64,))).flow(initialisation("he"), 5)
    assert [row.log for row in quick.rows] == [row.log for row in exact.rows]
    assert quick.slopes == exact.slopes
    assert quick.compared == 0
    assert exact.compared > 0


def test_memory_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streamed, "KEPT", 2 * 8 * 32 * 32)  # two weights
    symbols = symbp.derive(Network.mlp(5, 32, "tanh", loss="mse", bias=False)).wrt
    drawn: list[str] = []
    counting = streamed.Drawn(
        lambda symbol: drawn.append(symbol.name) or _zeros(), [(each.name, each, 32 * 32) for each in symbols]
    )
    names = [each.name for each in symbols]
    for name in (*names, *reversed(names)):
        counting[name]
        counting[name]
    assert drawn == ["W1", "W2", "W3", "W4", "W5", "W3", "W2", "W1"]
    assert len(counting._kept) == 2


def _zeros():  # type: ignore[no-untyped-def]
    import numpy as np

    return np.zeros((32, 32))


def test_an_overflow_names_its_layer() -> None:
    derivation = symbp.derive(Network.mlp(400, 8, "identity", loss="mse"))
    ready = Streamed.of(derivation, given_sizes(derivation.forward, 4, (64,)))
    with pytest.raises(SpecError, match=r"overflows in layer \d+, at Z\d+"):
        ready.flow(initialisation("normal:30"), 0)
