"""Symbolic channels: rows that are channels times pixels are held to each other before anything is computed."""

import numpy as np
import pytest

from symbp import AvgPool2d, Concat, Conv2d, Dense, Image, Network, ShapeError, derive

CNN = Network(
    [Conv2d(None, 2, activation="tanh"), AvgPool2d(2), Dense(None, "softmax")],
    inputs=Image(None, 3, 4),
    loss="cross_entropy",
)
GROWING = Network(
    [Concat([Conv2d(None, 1, activation="tanh")]), Dense(2, "softmax")], inputs=Image(None, 1, 2), loss="cross_entropy"
)
SHAPES = {"X": (24, 4), "W1": (3, 8), "b1": (3, 1), "W2": (2, 3), "b2": (2, 1)}


def run(network, shapes):
    random = np.random.default_rng(1)
    arrays = {name: random.normal(size=shape) for name, shape in shapes.items()}
    return derive(network).compile()(arrays, arrays.pop("X"), np.eye(2)[:, [0, 1, 1, 0]])


def test_channels_that_fit_run():
    loss, gradients = run(CNN, SHAPES)
    assert np.isfinite(loss)
    assert {name: array.shape for name, array in gradients.items()} == {
        name: shape for name, shape in SHAPES.items() if name != "X"
    }
    assert np.isfinite(run(GROWING, {**SHAPES, "X": (6, 4), "W1": (2, 3), "b1": (2, 1), "W2": (2, 10)})[0])


@pytest.mark.parametrize(
    ("network", "change", "message"),
    [
        (CNN, {"X": (36, 4)}, r"W1 has shape \(3, 8\) but must be n1×4\*n0: 8 columns where 4\*n0 is 12"),
        (CNN, {"X": (20, 4)}, r"the rows of X are 20, which is not 12\*n0 for any whole n0: give a multiple of 12"),
        (CNN, {"W1": (3, 7)}, r"7 columns where 4\*n0 is 8"),
        (CNN, {"b1": (2, 1)}, "2 rows where the rows of W1, n1, are 3"),
        (
            GROWING,
            {"X": (6, 4), "W1": (2, 3), "b1": (2, 1), "W2": (2, 8)},
            r"8 columns where 2\*n0 \+ 2\*n1 is 10",
        ),
    ],
)
def test_channels_that_do_not_fit_are_refused(network, change, message):
    with pytest.raises(ShapeError, match=message):
        run(network, {**SHAPES, **change})
