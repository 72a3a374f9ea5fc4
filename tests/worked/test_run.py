"""A derivation at given numbers: the published ones of the best known example, descent, data."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import numpy as np

from symbp.derivation import derive
from symbp.networks.examples import EXAMPLES, VALUES
from symbp.networks.network import Network
from symbp.worked.given import read_given
from symbp.worked.numbers import exact
from symbp.worked.run import Worked


def known() -> Worked:
    return Worked.of(derive(Network.load(EXAMPLES["two-two-two"])), read_given(VALUES["two-two-two"]))


def rounded(array: np.ndarray) -> list[float]:
    return [round(float(each), 9) for each in array.ravel()]


def test_the_numbers_that_course_notes_print() -> None:
    worked = known()
    assert round(worked.loss, 9) == Decimal("0.298371109")
    assert rounded(worked.numbers["A1"]) == [0.593269992, 0.596884378]
    assert rounded(worked.numbers["A2"]) == [0.751365070, 0.772928465]
    assert rounded(worked.gradients["W2"])[0] == 0.082167041
    assert rounded(worked.updated["W2"]) == [0.358916480, 0.408666186, 0.511301270, 0.561370121]
    assert rounded(worked.updated["W1"]) == [0.149780716, 0.199561432, 0.249751144, 0.299502287]
    assert round(worked.loss_after, 9) == Decimal("0.291027774")
    for name in ("b1", "b2"):
        assert rounded(worked.updated[name]) == worked.given.parameters[name].ravel().tolist()


def test_they_are_those_of_the_compiled_gradient() -> None:
    worked = known()
    loss, gradients = worked.compiled(worked.given.parameters, worked.given.inputs, worked.given.targets)
    assert np.isclose(loss, float(worked.loss), rtol=1e-14)
    for name, gradient in gradients.items():
        assert np.allclose(gradient, worked.gradients[name].astype(float), rtol=1e-13)


def test_what_is_given_is_as_it_is_typed() -> None:
    """0.15 is fifteen hundredths: a sum by hand comes to 0.3775 and not beside it."""
    assert known().numbers["Z1"].ravel().tolist() == [Decimal("0.3775"), Decimal("0.3925")]
    assert exact(np.array([[1e-30, 123.456]])).decimals(20).tolist() == [[Decimal("1e-30"), Decimal("123.456")]]


def test_training_repeats_the_step() -> None:
    worked = known()
    training = worked.train(3)
    assert training.steps == 3
    assert np.allclose(training.losses[:2], [float(worked.loss), float(worked.loss_after)], rtol=1e-14)
    assert list(training.losses) == sorted(training.losses, reverse=True)
    assert training.shown == [0, 1, 2, 3]
    assert worked.train(1000).shown == [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]


def test_data_holds_every_number() -> None:
    data = json.loads(json.dumps(known().to_dict(known().train(2)), allow_nan=False))
    assert round(data["loss"], 9) == 0.298371109
    assert round(data["updated"]["W2"][0][0], 8) == 0.35891648
    assert set(data["backward"]) == {"dA2", "dZ2", "dW2", "db2", "dA1", "dZ1", "dW1", "db1"}
    assert len(data["training"]["losses"]) == 3
    assert data["frozen"] == ["b1", "b2"]


def test_training_that_explodes_stops(tmp_path: Path) -> None:
    place = tmp_path / "values.toml"
    place.write_text("X = [100, 200]\nY = [1, 2]\nseed = 0\nlearning_rate = 1000.0", encoding="utf-8")
    worked = Worked.of(derive(layers=2, widths=[2, 3, 2], activation="identity", loss="mse"), read_given(place))
    training = worked.train(500)
    assert training.steps < 500
    json.dumps(worked.to_dict(training), allow_nan=False)
