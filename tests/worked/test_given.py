"""Files of numbers: what they may say, and that anything else is refused in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from symbp.derivation import derive
from symbp.errors import ShapeError, SpecError
from symbp.worked.given import read_given
from symbp.worked.run import Worked


def values(folder: Path, text: str) -> Path:
    place = folder / "values.toml"
    place.write_text(text, encoding="utf-8")
    return place


def work(folder: Path, text: str, **network: Any) -> Worked:
    return Worked.of(derive(**network), read_given(values(folder, text)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "X is missing"),
        ("X = 1\nmomentum = 1", "unknown key 'momentum'"),
        ("X = 1\nlearning_rte = 1", "did you mean 'learning_rate'?"),
        ("X = [1, true]", "X: True is not a number"),
        (f"X = [1, {'9' * 400}]", "X: 999999… (400 digits) is too large: give a number below 1e+30"),
        (f"X = 1\nlearning_rate = {'9' * 400}", "learning_rate: 999999… (400 digits) is too large"),
        (f"X = 1\nparameters = {{ W1 = [[-{'9' * 400}]], b1 = 1 }}", "parameters.W1: -999999… (400 digits) is too"),
        (f"X = 1\nparameters = {{ b1 = {'9' * 400} }}", "parameters.b1: 999999… (400 digits) is too large"),
        (f"X = 1\nseed = {'9' * 400}", "seed 999999… (400 digits): a whole number from 0"),
        (f"X = 1\ndigits = {'9' * 400}", "digits 999999… (400 digits): a whole number from 1 to 17"),
        (f"X = {'9' * 5000}", "not TOML: a number with thousands of digits"),
        ("X = 1e999", "X: every number must be finite"),
        ('X = ["a"]', "X: 'a' is not a number"),
        ("X = []", "X: it is empty"),
        ("X = [[1, 2], [3]]", "X: its rows have different lengths"),
        ("X = [1, nan]", "X: every number must be finite"),
        ("X = 1\nlearning_rate = -1", "learning_rate -1: give a positive number"),
        ("X = 1\nparameters = 3", "parameters is a table"),
        ("X = 1\nfrozen = 3", "frozen is a list of names"),
        ("X = 1\ndigits = 99", "digits 99: a whole number from 1 to 17"),
        ("X = ", "not TOML"),
    ],
)
def test_a_bad_file_is_refused_in_one_line(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"^values\.toml: ") as caught:
        read_given(values(tmp_path, text))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        (
            "X = [1, 2]\nY = [1, 2]\n[parameters]\nW1 = [[1]]\nw2 = 1",
            SpecError,
            "no parameter 'w2'; did you mean 'W2'?",
        ),
        ("X = [1, 2]\nY = [1, 2]\nfrozen = ['b9']", SpecError, "no parameter 'b9'"),
        (
            "X = [1, 2]\nY = [1, 2]",
            SpecError,
            "W1, b1, W2, b2 are missing from [parameters]; give numbers, or seed = 0",
        ),
        ("X = [1, 2, 3]\nY = [1, 2]\nseed = 0", ShapeError, "X has shape (3, 1)"),
        ("X = [1, 2]\nseed = 0", SpecError, "give Y"),
    ],
)
def test_values_that_do_not_fit_the_network_are_refused(
    text: str, error: type[Exception], said: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=r"^values\.toml: ") as caught:
        work(tmp_path, text, layers=2, widths=[2, 3, 2], activation="tanh", loss="mse")
    assert said in str(caught.value)


def test_a_number_fills_a_vector_whose_length_other_arrays_say(tmp_path: Path) -> None:
    text = "X = [1, 2]\nY = [1]\n[parameters]\nW1 = [[1, 2], [3, 4], [5, 6]]\nb1 = 0.5\nW2 = [[1, 2, 3]]\nb2 = 0"
    worked = work(tmp_path, text, layers=2, activation="tanh", loss="mse")
    assert worked.given.parameters["b1"].tolist() == [[0.5]] * 3
    assert worked.given.learning_rate is None


def test_several_examples_of_a_network_of_one_are_refused(tmp_path: Path) -> None:
    text = "X = [[1, 2]]\nY = [[1, 2]]\nseed = 0"
    with pytest.raises(SpecError, match="X has 2 columns, and the network is that of one example: give 1"):
        work(tmp_path, text, layers=1, widths=[1, 1], activation="tanh", loss="mse")
