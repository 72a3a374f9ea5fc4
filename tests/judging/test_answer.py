"""What somebody's process left in its folder: anything may stand there, and nothing of it is believed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symbp.errors import SpecError
from symbp.guard.child import Ended
from symbp.judging.answer import RaisedError, explored
from symbp.judging.npy import array_of

ARRAY = {"kind": "array", "at": 0, "from": "numpy"}


def described(value: Any, cases: int = 1, arrays: int = 0) -> str:
    case = {"returned": value, "changed": [], "arrays": [0, arrays]}
    return json.dumps({"outcomes": [{"reading": 0, "form": 0, "cases": [case] * cases}], "problems": []})


def header(shape: str, dtype: str = "<f8") -> bytes:
    text = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape}}}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def nested(depth: int) -> dict[str, Any]:
    return {"kind": "list", "values": [nested(depth - 1)]} if depth else {"kind": "none"}


TEXTS = {
    "no JSON": "x",
    "a number": "1",
    "a list": "[]",
    "an empty table": "{}",
    "deep": "[" * 9999,
    "nothing tried": '{"outcomes": [], "problems": []}',
    "too many results": described({"kind": "none"}, 2),
    "a number of 5,000 digits": '{"outcomes": ' + "9" * 5000 + "}",
    "an error without words": '{"error": 1, "says": "", "line": 1, "while": "calling"}',
    "an error without place": '{"error": "E", "says": ""}',
    "a refusal without words": '{"outcomes": [], "problems": [{"reading": 0, "form": 0, "refused": 7}]}',
    "no array": described(ARRAY),
    "another kind": described({"kind": "x", "values": []}),
    "keys alone": described({"kind": "dict", "keys": ["dW1"], "values": []}),
    "text for values": described({"kind": "list", "values": "ab"}),
    "nested": described(nested(99)),
}


def refused(folder: Path) -> str:
    with pytest.raises(SpecError) as caught:
        explored(folder, "mine.py", "backward", 1, Ended(0, ""))
    return str(caught.value)


@pytest.mark.parametrize("case", TEXTS)
def test_a_text_that_is_no_answer(case: str, tmp_path: Path) -> None:
    (tmp_path / "answer.json").write_text(TEXTS[case])
    assert "mine.py: backward left an answer that cannot be read" in refused(tmp_path)


PLACES: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo,
    "a device": lambda place: place.symlink_to("/dev/zero"),
    "a folder": Path.mkdir,
    "large": lambda place: place.write_bytes(b" " * 10_000_001),
}


@pytest.mark.parametrize("case", PLACES)
@pytest.mark.parametrize("name", ["answer.json", "answer-0-0.npy"])
def test_a_place_that_holds_no_file(case: str, name: str, tmp_path: Path) -> None:
    PLACES[case](tmp_path / name)
    if name != "answer.json":
        (tmp_path / "answer.json").write_text(described(ARRAY, arrays=1))
    assert "left an answer that cannot be read" in refused(tmp_path)


def test_no_answer_says_how_it_ended(tmp_path: Path) -> None:
    assert refused(tmp_path) == "mine.py: backward ended its process without returning (exit code 0)"


def test_what_they_say_cannot_steer_a_terminal(tmp_path: Path) -> None:
    found = {"error": "E", "says": "\ud800 \x1b[2J\n!", "line": None, "while": "loading"}
    (tmp_path / "answer.json").write_text(json.dumps(found))
    with pytest.raises(RaisedError, match=r"^mine\.py: loading it raised E: \[2J !$"):
        explored(tmp_path, "mine.py", "backward", 1, Ended(0, ""))


ODD = {
    "nothing": b"",
    "no header": b"\x93NUMPY",
    "another version": b"\x93NUMPY\x09\x00" + header("(1,)")[8:],
    "version 0": b"\x93NUMPY\x00\x00" + header("(1,)")[8:],
    "a shape that is too large": header("(1000000000000,)") + bytes(8),
    "a shape of many digits": header("(1" + "0" * 40 + ",)"),
    "a shape that is too small": header("(1,)") + bytes(16),
    "a negative shape": header("(-2, -3)") + bytes(48),
    "many axes": header("(" + "1," * 99 + ")") + bytes(8),
    "code": header("__import__('os').system('true')"),
    "objects": header("(1,)", "|O") + bytes(8),
    "text": header("(1,)", "<U2") + bytes(8),
    "nothing of nothing": header("(1000000000000,)", "|S0"),
}


@pytest.mark.parametrize("case", ODD)
def test_an_array_that_is_none(case: str) -> None:
    with pytest.raises(SpecError):
        array_of(ODD[case])


@pytest.mark.parametrize(
    "array", [np.arange(6.0).reshape(2, 3), np.asfortranarray(np.eye(3)[:2]), np.float32(3), np.zeros((0, 2))]
)
def test_an_array_is_what_numpy_wrote(array: Any, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", array)
    found = array_of((tmp_path / "a.npy").read_bytes())
    assert found.dtype == array.dtype
    assert np.array_equal(found, array)
    assert found.flags.writeable
