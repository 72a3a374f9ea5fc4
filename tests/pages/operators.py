"""What the operators of pages do, by NumPy alone: by the word that is printed, or by the name of what it stands for."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from axes import Bounds, rearranged
from corpus.forward import FUNCTIONS as PLAIN
from images import Images, Maxima
from reading import Placed, Sized

EPSILON = 1e-5
"""What is added to a variance; the networks of the corpus have no other."""


class Norms:
    """Normalisations and what they make of errors: by how much a result was divided is remembered."""

    def __init__(self) -> None:
        self.known: list[tuple[Any, Any]] = []

    def norm(self, axis: int, *, centred: bool = True) -> Any:
        """Return a normalisation over rows (0) or columns (1)."""

        def apply(z: Any) -> Any:
            mean = z.mean(axis=axis, keepdims=True) if centred else 0.0
            scale = np.sqrt(((z - mean) ** 2).mean(axis=axis, keepdims=True) + EPSILON)
            self.known.append(((z - mean) / scale, scale))
            return self.known[-1][0]

        return apply

    def back(self, result: Any, *rest: Any) -> Any:
        """Return what a normalisation with this result makes of an error; the word below says over what it goes."""
        *words, error = rest
        axis, centred = int("batch" in words), "rms" not in words
        scale = next(scale for known, scale in self.known if np.array_equal(known, result))
        mean = error.mean(axis=axis, keepdims=True) if centred else 0.0
        return (error - mean - result * (error * result).mean(axis=axis, keepdims=True)) / scale


class ChannelNorms(Norms):
    """Normalisation over the places of a channel and the examples."""

    def norm(self, z: Any, count: int) -> Any:  # type: ignore[override]
        rows = z.reshape(count, -1)
        return Norms.norm(self, 1)(rows).reshape(z.shape)

    def back(self, result: Any, error: Any, count: int) -> Any:  # type: ignore[override]
        found = Norms.back(self, result.reshape(count, -1), "batch", error.reshape(count, -1))
        return found.reshape(error.shape)


def rotated(x: Any, turn: int) -> Any:
    """Return rows i, i + d/2 as points turned by their column times 10000^(−2i/d) (Su et al. 2021, §3.4)."""
    half = len(x) // 2
    angle = turn * np.arange(x.shape[1]) * 10000.0 ** (-np.arange(half)[:, None] / half)
    a, b = x[:half], x[half:]
    return np.vstack([a * np.cos(angle) - b * np.sin(angle), b * np.cos(angle) + a * np.sin(angle)])


def operators(images: Images | None = None, bounds: Bounds | None = None) -> dict[str, Any]:
    """Return the operators anew; ``images`` is what the page says of them, ``bounds`` what it says of indices."""
    norms, channels, images = Norms(), ChannelNorms(), images or Images()
    maxima = Maxima(images)
    return {
        "MaxPool": Sized(maxima.pool),
        "MaxPoolTranspose": maxima.back,
        "AveragePool": Sized(lambda sides, x: images.pooled(sides, x, lambda under: under.mean(axis=0))),
        "AveragePoolTranspose": Sized(images.shared),
        "norm_{channel}": lambda z: channels.norm(z, images.image(len(z))[0]),
        "NormaliseChannelsJacobian": lambda result, *rest: channels.back(
            result, rest[-1], images.image(len(result))[0]
        ),
        "SoftmaxJacobian": lambda p, g: p * (g - (p * g).sum(axis=0, keepdims=True)),
        "softmax_{causal}": lambda scores: PLAIN["softmax"](np.where(np.tri(*scores.shape, -1) > 0, -np.inf, scores)),
        "norm": norms.norm(0),
        "norm_{rms}": norms.norm(0, centred=False),
        "norm_{batch}": norms.norm(1),
        "NormaliseJacobian": norms.back,
        "rot": lambda x: rotated(x, 1),
        "rot_{back}": lambda x: rotated(x, -1),
        "Rearrange": Placed(partial(rearranged, bounds or {})),
        "stop": lambda a: a,
        "Stack": lambda *parts: np.vstack(parts),
        "LogSumExp": lambda z: np.log(np.sum(np.exp(z), axis=0, keepdims=True)),
        "Maximum": lambda z: np.max(z, axis=0, keepdims=True),
        "Argmax": lambda z: 1.0 * (np.arange(len(z))[:, None] == np.argmax(z, axis=0)),
        "cumsum": lambda a: np.cumsum(a, axis=0),
        "cumsum_{up}": lambda a: np.cumsum(a[::-1], axis=0)[::-1],
        "Tr": lambda a: np.trace(a).reshape(1, 1),
        "Det": lambda a: np.linalg.det(a).reshape(1, 1),
        "LogDet": lambda a: np.log(np.abs(np.linalg.det(a))).reshape(1, 1),
        "Rows": Sized(lambda span, array: array[span[0] - 1 : span[-1]]),
        "Channels": Sized(lambda size, array: np.repeat(array, size[0], axis=0)),
        "ChannelSums": Sized(lambda size, array: array.reshape(-1, size[0], array.shape[1]).sum(axis=1)),
    }


COLUMNWISE = (
    "SoftmaxJacobian", "softmax_{causal}", "norm", "norm_{rms}", "norm_{batch}", "NormaliseJacobian", "LogSumExp",
    "Maximum", "Argmax", "MaxPool", "MaxPoolTranspose", "AveragePool", "AveragePoolTranspose",
)  # fmt: skip
"""What goes down the column of an example: along its row on a page in rows, which says so."""


def turned(act: Any) -> Any:
    """Return what an operator does where examples are rows."""
    if isinstance(act, Sized):
        return Sized(turned(act.apply))
    return lambda *given: act(*(each.T if isinstance(each, np.ndarray) else each for each in given)).T


def in_rows(known: dict[str, Any]) -> dict[str, Any]:
    """Return operators where examples are rows."""
    found = {name: turned(act) if name in COLUMNWISE else act for name, act in known.items()}
    sums = Sized(lambda size, row: row.reshape(-1, size[0]).sum(axis=1, keepdims=True))  # The bias is a column.
    return {**found, "softmax": turned(PLAIN["softmax"]), "ChannelSums": sums}


def open_loss(loss: str) -> dict[str, Any]:
    """Return what an open loss stands for, and its gradient."""
    assert loss == "mse"
    return {
        "loss": lambda a, y: np.sum((a - y) ** 2, keepdims=True) / (2 * a.shape[1]),
        "LossGradient": lambda a, y: (a - y) / a.shape[1],
        "SumGradient": lambda a, y: a - y,
    }


class Activation(dict[Any, Any]):
    """The function that an open activation stands for, at whatever layer."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and (key == "f" or key.startswith("f_{"))

    def __getitem__(self, key: Any) -> Any:
        return self.function
