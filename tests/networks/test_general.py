"""Networks of any depth: what stands for them, which networks they are, what needs a number."""

from __future__ import annotations

from typing import Any

import pytest

import symbp
from symbp import Network, SpecError, derive
from symbp.networks.general import CHECKED
from symbp.networks.spec_network import network_of

DENSE: dict[str, Any] = {"type": "dense", "units": 3, "activation": "tanh"}


def file(*layers: dict[str, Any]) -> dict[str, Any]:
    return {"inputs": 2, "loss": "mse", "layers": list(layers)}


@pytest.mark.parametrize("count", CHECKED)
def test_each_is_the_network_with_that_number(count: int) -> None:
    found = derive(layers="L", activation="tanh", loss="mse").repeated(count)
    assert found.forward.equations == derive(layers=count, activation="tanh", loss="mse").forward.equations
    assert found.network.general is None


def test_of_a_file_one_layer_repeats() -> None:
    found = network_of(file({**DENSE, "repeat": "N"}, DENSE))
    assert found.general is not None
    written = network_of(file({**DENSE, "repeat": 3}, DENSE))
    assert found.general.build(3).forward.equations == written.forward.equations


def test_by_what_is_differentiated_is_there_in_every_depth() -> None:
    found = derive(Network.mlp(layers="L"), wrt=["X", "W1"])
    assert [each.name for each in found.repeated(1).wrt] == ["X", "W1"]
    with pytest.raises(SpecError, match="no parameter or input 'W4'"):
        derive(Network.mlp(layers="L"), wrt=["W4"])


def test_a_matrix_behind_the_layers_is_another_in_every_depth() -> None:
    found = network_of(file({**DENSE, "repeat": "N"}, {**DENSE, "units": 5}))
    with pytest.raises(SpecError, match="W2 is another matrix in every depth"):
        derive(found, wrt=["W2"])


@pytest.mark.parametrize(
    "layers",
    [
        ({**DENSE, "repeat": "N"}, {**DENSE, "repeat": "N"}),
        ({"type": "residual", "layers": [{**DENSE, "repeat": "N"}]},),
        ({"type": "layer_norm", "repeat": "N"}, DENSE),
        ({**DENSE, "repeat": "N", "name": "encoder"}, DENSE),
    ],
)
def test_what_may_not_repeat_any_number_of_times(layers: tuple[dict[str, Any], ...]) -> None:
    with pytest.raises(SpecError, match="repeat"):
        network_of(file(*layers))


def test_what_is_of_one_network_asks_for_a_number() -> None:
    found = derive(layers="L", activation="tanh", loss="mse")
    for refused in (
        lambda: found.compile(),
        lambda: symbp.analyze(found.network),
        lambda: symbp.render(found, "numpy"),
        lambda: symbp.render(found, only="W1"),
        lambda: symbp.render(found, show=[1]),
        lambda: derive(layers="L", activation="tanh", loss="mse").network.mlp(layers="M"),
        lambda: derive(layers="L", hessian_vector="W1"),
    ):
        with pytest.raises(SpecError, match="number"):
            refused()


def test_a_width_for_every_layer_is_refused() -> None:
    with pytest.raises(SpecError, match="one width"):
        Network.mlp(layers="L", widths=[3, 2])
