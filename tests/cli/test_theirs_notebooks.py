"""A teaching assistant's folder: arrays as notebooks write them, right, scaled and wrong, in both orientations."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symbp.cli.main import main

OPTIONS = ["--activation", "tanh", "--loss", "mse"]

Arrays = dict[str, Any]


def arrays(scale: float = 1.0, sign: float = 1.0) -> Arrays:
    """Return a notebook's variables; the forward and the backward pass are written here by hand."""
    random = np.random.default_rng(7)
    w1, b1, w2, b2 = (random.normal(size=shape) for shape in ((4, 3), (4, 1), (2, 4), (2, 1)))
    x, y = random.normal(size=(3, 7)), random.normal(size=(2, 7))
    a1 = np.tanh(w1 @ x + b1)
    a2 = np.tanh(w2 @ a1 + b2)
    dz2 = scale * (a2 - y) / 7 * (1 - a2**2)
    dz1 = sign * (w2.T @ dz2) * (1 - a1**2)
    gradients = {"dW1": dz1 @ x.T, "db1": dz1.sum(1), "dW2": dz2 @ a1.T, "db2": dz2.sum(1)}
    return {"W1": w1, "b1": b1, "W2": w2, "b2": b2, "X": x, "Y": y, **gradients}


def rows(found: Arrays) -> Arrays:
    """X @ W + b: everything the other way round, biases with one axis."""
    return {name: array.ravel() if "b" in name else array.T for name, array in found.items()}


def like_torch(found: Arrays) -> Arrays:
    """x @ W.T + b, as in torch.nn.Linear: only the data are turned."""
    return {name: array.ravel() if "b" in name else array.T if name in "XY" else array for name, array in found.items()}


def grouped(found: Arrays) -> Arrays:
    """Tables, as other languages write them."""
    gradients = {name[1:]: array for name, array in found.items() if name.startswith("d")}
    parameters = {name: found[name] for name in gradients}
    return {"parameters": parameters, "gradients": gradients, "X": found["X"], "Y": found["Y"]}


def without(name: str) -> Callable[[Arrays], Arrays]:
    return lambda found: {key: array for key, array in found.items() if key != name}


def changed(name: str, function: Callable[[Any], Any]) -> Callable[[Arrays], Arrays]:
    return lambda found: {**found, name: function(found[name])}


def plain(value: Any) -> Any:
    return {key: plain(each) for key, each in value.items()} if isinstance(value, dict) else value.tolist()


def save(name: str, found: Arrays) -> None:
    if name.endswith(".npz"):
        np.savez(name, **found)
    else:
        Path(name).write_text(json.dumps(plain(found)))


def same(found: Arrays) -> Arrays:
    return found


CASES: dict[str, tuple[str, Arrays, Callable[[Arrays], Arrays], list[str], int, str]] = {
    "right": ("a.npz", arrays(), same, [], 0, "right: dW2, db2, dW1 and db1 agree to 16 digits"),
    "right, flat": ("a.json", arrays(), same, [], 0, "right: "),
    "right, in tables": ("a.json", arrays(), grouped, [], 0, "right: "),
    "rows": ("a.npz", arrays(), rows, ["--rows"], 0, "right: "),
    "rows, flat": ("a.json", arrays(), rows, ["--rows"], 0, "right: "),
    "rows of torch": ("a.npz", arrays(), like_torch, ["--rows"], 0, "weights outputs × inputs"),
    "a sum": ("a.npz", arrays(7.0), same, [], 1, "yours is m times ours; you forgot 1/m, or your loss is the sum"),
    "a sum, said": ("a.npz", arrays(7.0), same, ["--reduction", "sum"], 0, "right: "),
    "a sum of squares": ("a.npz", arrays(2.0), same, [], 1, "yours is 2 times ours"),
    "of PyTorch": ("a.json", arrays(2 / 2), same, ["--reduction", "torch"], 0, "right: "),
    "a sign": ("a.npz", arrays(sign=-1.0), same, [], 1, "wrong sign of dZ1; everything else is right"),
    "a sign in rows": ("a.json", arrays(sign=-1.0), rows, ["--rows"], 1, "wrong sign of dZ1"),
    "one missing": (
        "a.npz",
        arrays(),
        without("dW1"),
        [],
        1,
        "dW2, db2 and db1 agree to 16 digits, but dW1 is missing",
    ),
}


@pytest.mark.parametrize("with_network", [False, True], ids=["alone", "network"])
@pytest.mark.parametrize("case", CASES)
def test_what_notebooks_write_is_judged(
    case: str, with_network: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name, found, written, options, code, said = CASES[case]
    monkeypatch.chdir(tmp_path)
    save(name, written(found))
    network = ["--layers", "2", *OPTIONS] if with_network else OPTIONS
    assert main(["check", name, *network, *options]) == code
    out, err = capsys.readouterr()
    assert said in " ".join(out.split())
    assert err == ""


BAD: dict[str, tuple[str, Callable[[Arrays], Arrays], int, str]] = {
    "transposed": ("a.npz", changed("dW1", np.transpose), 1, "dW1 has shape (3, 4), but W1 has (4, 3): it is"),
    "rows unsaid": ("a.npz", rows, 2, "it fits with rows as examples: give --rows"),
    "no targets": ("a.npz", without("Y"), 2, "Y is missing: the gradients are compared at your numbers"),
    "data that are NaN": ("a.npz", changed("X", lambda x: x * np.nan), 2, "X is NaN or infinite in 21 of 21 entries"),
    "a gradient that is NaN": ("a.npz", changed("dW1", lambda x: x * np.nan), 1, "dW1 is NaN in 12 of 12 entries"),
    "objects": ("a.npz", changed("W1", lambda x: np.array([{}])), 2, "W1 is a pickled object, and pickles can run"),
    "no names": ("a.npz", lambda found: {f"arr_{at}": each for at, each in enumerate(found.values())}, 2,
                 "no gradients in it: give them the keys dW1, db1"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_compared_gets_one_line(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name, written, code, said = BAD[case]
    monkeypatch.chdir(tmp_path)
    save(name, written(arrays()))
    assert main(["check", name, *OPTIONS]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1


TEXTS = {
    "cut.npz": ("PK\x03\x04", "not an .npz file as np.savez writes it"),
    "empty.npz": ("", "not an .npz file as np.savez writes it"),
    "ragged.json": ('{"dW1": [[1], [1, 2]], "X": [[1]]}', "dW1 is no array of numbers: give rows of equal length"),
    "words.json": ('{"dW1": [["a"]], "X": [[1]]}', "dW1 is no array of numbers"),
    "holes.json": ('{"dW1": [[null]], "X": [[1]]}', "dW1 is no array of numbers"),
    "cut.json": ('{"dW1": [[1', "not JSON"),
    "one.npy": ("anything", "one array alone"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_damaged_file_gets_one_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text, said = TEXTS[name]
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(text)
    assert main(["check", name, *OPTIONS]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1
