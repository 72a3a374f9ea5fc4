"""The streamed budget: the numbers of the exact one, with weights drawn again where they were let go."""

from __future__ import annotations

import numpy as np
import pytest

import symbp
from symbp.analysis import streamed
from symbp.analysis.budget import analyze
from symbp.analysis.initialisations import initialisation
from symbp.analysis.streamed import Streamed
from symbp.errors import SpecError
from symbp.networks.examples import EXAMPLES
from symbp.networks.network import Network

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
    quick = Streamed.of(derivation, 7).flow(initialisation("he"), 5)
    assert [row.log for row in quick.rows] == [row.log for row in exact.rows]
    assert [use.logs for row in quick.rows for use in row.uses] == [use.logs for row in exact.rows for use in row.uses]
    assert quick.compared == 0
    assert exact.compared > 0


def test_the_end_of_the_list_is_kept_and_the_rest_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streamed, "KEPT", 2 * np.zeros((32, 32)).nbytes)
    symbols = symbp.Network.mlp(3, bias=False).parameters
    drawn: list[str] = []
    matrices = streamed.Drawn(
        lambda symbol: drawn.append(symbol.name) or np.zeros((32, 32)), [(each.name, each, 1024) for each in symbols]
    )
    for name in ("W1", "W2", "W3", "W3", "W2", "W1"):
        matrices[name]
    assert drawn == ["W1", "W2", "W3", "W1"]


def test_an_overflow_names_its_layer() -> None:
    derivation = symbp.derive(Network.mlp(400, 8, "identity", loss="mse"))
    ready = Streamed.of(derivation, 4)
    with pytest.raises(SpecError, match=r"overflows in layer \d+, at Z\d+"):
        ready.flow(initialisation("normal:30"), 0)
