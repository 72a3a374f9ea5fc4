"""Theory beside one measured flow, and the sentences that appear where they are true and nowhere else."""

from __future__ import annotations

import pytest

from symbp.analysis.budget import analyze
from symbp.analysis.initialisations import initialisation
from symbp.analysis.outlook import Outlook, outlook
from symbp.derivation import derive
from symbp.networks.examples import EXAMPLES
from symbp.networks.network import Network


def of(network: Network, init: str) -> Outlook:
    derivation = derive(network)
    return outlook(derivation, initialisation(init), init, analyze(derivation, init, 0, 16))


def example(name: str) -> Network:
    return Network.load(EXAMPLES[name])


def test_the_prediction_stands_beside_the_measurement() -> None:
    found = of(Network.mlp(20, [128] * 20 + [4], "tanh", loss="mse"), "he")
    assert found.predicted is not None
    assert found.measured_rate == pytest.approx(found.predicted, rel=0.05)
    assert [each.chi.value for each in found.prospects if each.chi] == pytest.approx([1.1063], rel=1e-3)


@pytest.mark.parametrize(
    ("network", "init", "key", "is_said"),
    [
        (Network.mlp(6, 32, "sigmoid", loss="mse"), "xavier", "critical", True),
        (Network.mlp(6, 32, "sigmoid", loss="mse"), "normal:1", "critical", False),
        (Network.mlp(6, 32, "relu", loss="mse"), "he", "critical", False),
        (Network.mlp(6, 32, "softplus", loss="mse"), "xavier", "no_critical", True),
        (Network.mlp(6, 32, "sigmoid", loss="mse"), "xavier", "norms", True),
        (Network.mlp(6, 32, "relu", loss="mse"), "he", "norms", False),
        (Network.mlp(6, 32, "gelu", loss="mse"), "he", "steep", True),
        (Network.mlp(6, 32, "tanh", loss="mse"), "he", "steep", False),
        (example("batchnorm-mlp"), "he", "batch", True),
        (example("residual-mlp"), "he", "batch", False),
        (example("lstm-classifier"), "xavier", "gates", True),
        (example("transformer-block"), "xavier", "gates", False),
    ],
)
def test_what_folklore_blurs_is_said_where_it_matters(network: Network, init: str, key: str, is_said: bool) -> None:
    assert any(note.key == key for note in of(network, init).notes) == is_said


def test_the_initialisation_it_names_is_critical() -> None:
    note = next(each for each in of(Network.mlp(4, 16, "tanh", loss="mse"), "he").notes if each.key == "critical")
    assert dict(note.fields)["critical"] == "normal:1"


def test_no_prediction_says_why() -> None:
    found = of(example("transformer-block"), "xavier")
    assert found.predicted is None
    assert found.why
    assert found.function is None
