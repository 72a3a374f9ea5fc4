"""Two keys for one gradient, labels of no class and arrays without an entry are refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from single import by_numpy, drawn, perceptron

from symbp.cli.main import main
from symbp.errors import SpecError
from symbp.testing import assert_gradients_match

NETWORK = ["--layers", "2", "--widths", "3,5,4", "--activation", "tanh", "--loss", "cross_entropy"]
DERIVED = perceptron([3, 5, 4], "tanh")
SAMPLE = drawn(DERIVED, 0, 7)
GRADIENTS = {name: each.tolist() for name, each in by_numpy(DERIVED, SAMPLE).items()}
LABELS = SAMPLE.y.argmax(axis=0).tolist()  # type: ignore[union-attr]
FILE: dict[str, Any] = {
    "parameters": {name: each.tolist() for name, each in SAMPLE.parameters.items()},
    "X": SAMPLE.x["X"].tolist(),
    "Y": LABELS,
    "gradients": {f"d{name}": each for name, each in GRADIENTS.items()},
}


def negative(rows: list[list[float]]) -> list[list[float]]:
    return [[-each for each in row] for row in rows]


WRONG = negative(GRADIENTS["W1"])


def text(**changes: Any) -> str:
    return json.dumps({**FILE, **changes})


FILES = {
    "two spellings": (text(gradients={**FILE["gradients"], "grad_W1": WRONG}), "dW1 and grad_W1 both name the"),
    "with and without d": (text(gradients={**FILE["gradients"], "W1": WRONG}), "dW1 and W1 both name the gradient"),
    "inside and outside": (text(dW1=WRONG), "dW1 is there twice"),
    "a key twice": (text()[:-1] + ', "X": []}', "the key 'X' stands twice"),
    "a key twice inside": (
        text().replace('"dW1":', '"dW1": 0, "dW1":', 1), "the key 'dW1' stands twice in one table"
    ),
    "two for one parameter": (
        text(parameters={**FILE["parameters"], "w_1": FILE["parameters"]["W1"]}), "W1 and w_1 both name W1"
    ),
    "label -1": (text(Y=[-1, *LABELS[1:]]), "label -1: the labels of n classes are 0 to n - 1, here 0 to 3"),
    "label n": (text(Y=[4, *LABELS[1:]]), "Y holds the class label 4"),
    "one label that is none": (text(X=[[1], [2], [3]], Y=[-1]), "Y holds the class label -1"),
    "no examples": (text(X=[[], [], []], Y=[]), "X is empty"),
    "no labels": (text(Y=[]), "Y is empty"),
    "an empty parameter": (text(parameters={**FILE["parameters"], "W1": []}), "W1 is empty"),
    "an empty gradient": (text(gradients={**FILE["gradients"], "dW1": []}), "dW1 is empty"),
}  # fmt: skip


@pytest.mark.parametrize("case", FILES)
def test_a_file_of_numbers_is_refused(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written, said = FILES[case]
    monkeypatch.chdir(tmp_path)
    Path("mine.json").write_text(written)
    assert main(["check", "mine.json", *NETWORK]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1


def test_labels_left_open_are_bounded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "mine.json"
    place.write_text(text(Y=[2_000_000_000, *LABELS[1:]]))
    options = ["--layers", "2", "--activation", "tanh", "--loss", "cross_entropy"]
    assert main(["check", str(place), *options]) == 2
    assert "Y holds the class label 2000000000" in capsys.readouterr().err


def test_the_file_itself_is_right(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "mine.npz"
    arrays = {**SAMPLE.parameters, "X": SAMPLE.x["X"], "Y": np.array(LABELS)}
    gradients = {f"d{name}": np.array(each, np.float32) for name, each in GRADIENTS.items()}
    np.savez(place, **arrays, **gradients)
    assert main(["check", str(place), *NETWORK]) == 0
    assert "right: " in capsys.readouterr().out


def backward(parameters: Any, cache: Any, X: Any, Y: Any) -> Any:  # noqa: N803
    dZ2 = (cache["A2"] - Y) / X.shape[1]  # noqa: N806
    dZ1 = parameters["W2"].T @ dZ2 * (1 - cache["A1"] ** 2)  # noqa: N806
    return {"dW1": dZ1 @ X.T, "db1": dZ1.sum(1), "dW2": dZ2 @ cache["A1"].T, "db2": dZ2.sum(1)}


def two_spellings(parameters: Any, cache: Any, X: Any, Y: Any) -> Any:  # noqa: N803
    found = backward(parameters, cache, X, Y)
    return {"grad_W1": -found["dW1"], **found}


def without_d(parameters: Any, cache: Any, X: Any, Y: Any) -> Any:  # noqa: N803
    found = backward(parameters, cache, X, Y)
    return {**found, "W1": -found["dW1"]}


def with_parameters(parameters: Any, cache: Any, X: Any, Y: Any) -> Any:  # noqa: N803
    return {**backward(parameters, cache, X, Y), **parameters}


def test_a_function_is_refused() -> None:
    for wrong in (two_spellings, without_d):
        with pytest.raises(SpecError, match=r"both name the gradient of W1"):
            assert_gradients_match(wrong, DERIVED)


def test_a_function_may_return_its_parameters_as_well() -> None:
    assert_gradients_match(with_parameters, DERIVED)
