"""Models as people write them, against PyTorch's own gradients: those of this run and those written down before."""

import numpy as np
import pytest
from modules import EXPECTED, NAMES, error, gradients, message_of

from symbp.networks.importing.reader import imported

pytestmark = pytest.mark.long

pytest.importorskip("torch")


@pytest.mark.parametrize("name", NAMES)
def test_the_gradients_are_pytorchs(name: str) -> None:
    assert error(message_of(name)) < 1e-12


@pytest.mark.parametrize("name", NAMES)
def test_the_gradients_are_those_written_down(name: str) -> None:
    expected = EXPECTED[name]
    loss, ours = gradients(imported(message_of(name)))
    largest = max(each["norm"] for each in expected["parameters"].values())
    assert loss == pytest.approx(expected["loss"], rel=1e-12)
    assert ours.keys() == expected["parameters"].keys()
    for key, each in expected["parameters"].items():
        flat = ours[key].ravel()
        checksum = float(flat @ np.cos(np.arange(1, flat.size + 1)))
        assert list(ours[key].shape) == each["shape"]
        assert np.linalg.norm(flat) == pytest.approx(each["norm"], abs=1e-9 * largest)
        assert checksum == pytest.approx(each["checksum"], abs=1e-9 * largest)
