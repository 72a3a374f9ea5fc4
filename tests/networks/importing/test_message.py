"""What a child process wrote is read as data that anybody could have written."""

import base64
import copy

import numpy as np
import pytest

from symbp.errors import SpecError, SymbpError
from symbp.networks.importing.message import Examples, Message, Reference
from symbp.networks.importing.models import of_message


def array(*shape: int) -> dict:
    values = np.arange(np.prod(shape, dtype=int), dtype=float)
    return {"shape": list(shape), "type": "<f8", "bytes": base64.b64encode(values.tobytes()).decode()}


def document() -> dict:
    """A model of one weight: the sum of x W."""
    return {
        "version": 1, "torch": "2", "model": "Tiny", "dtype": "float64", "training": True, "examples": 3,
        "modules": {"a": "Linear"},
        "parameters": [{"name": "a.weight", "value": array(1, 2), "trainable": True}],
        "parameter_inputs": {"p": "a.weight"},
        "inputs": [{"name": "x", "own": "x", "value": array(3, 2), "dims": [[1], 2], "type": "float64"}],
        "constants": [],
        "operations": [
            {"name": "linear", "kind": "linear", "overload": "default", "named": {}, "module": "a", "line": None,
             "arguments": [{"tensor": "x", "at": 0}, {"tensor": "p", "at": 0}],
             "results": [{"dims": [[1], 1], "type": "float64"}]},
            {"name": "sum", "kind": "sum", "overload": "default", "named": {}, "module": "", "line": None,
             "arguments": [{"tensor": "linear", "at": 0}], "results": [{"dims": [], "type": "float64"}]},
        ],
        "result": "sum", "loss": 1.0, "gradients": {"a.weight": array(1, 2)}, "hints": [],
    }  # fmt: skip


def test_a_document_is_read() -> None:
    found = Message.of_data(document())
    assert found.operations[0].arguments == (Reference("x"), Reference("p"))
    assert found.operations[0].results[0].dims == (Examples(1), 1)
    assert found.parameters[0].value.values.tolist() == [[0.0, 1.0]]


HOSTILE = {
    "another version": lambda d: d.update(version=2),
    "a key that is not ours": lambda d: d.update(run="rm"),
    "a missing key": lambda d: d.pop("loss"),
    "the name of nothing": lambda d: d.update(result="nothing"),
    "a name before it is made": lambda d: d["operations"].reverse(),
    "a name twice": lambda d: d["operations"].append(d["operations"][0]),
    "a gradient of nothing": lambda d: d["gradients"].update(b=array(1)),
    "a parameter of nothing": lambda d: d["parameter_inputs"].update(q="b"),
    "a size below zero": lambda d: d["inputs"][0].update(dims=[-1, 2]),
    "an axis without end": lambda d: d["operations"][0]["results"][0].update(dims=[2**30]),
    "an argument that is no data": lambda d: d["operations"][0]["arguments"].append({"tensor": "x", "at": -1}),
    "a word for a number": lambda d: d.update(loss="much"),
    "more operations than are read": lambda d: d.update(operations=d["operations"] * 5001),
}


@pytest.mark.parametrize("fault", HOSTILE)
def test_what_no_child_writes_is_refused(fault: str) -> None:
    spoilt = copy.deepcopy(document())
    HOSTILE[fault](spoilt)
    with pytest.raises(SpecError, match=r"the export|an axis"):
        Message.of_data(spoilt)


@pytest.mark.parametrize("bytes_", ["AAAA", "no base 64", ""])
def test_an_array_has_as_many_numbers_as_its_shape_says(bytes_: str) -> None:
    spoilt = document()
    spoilt["parameters"][0]["value"]["bytes"] = bytes_
    with pytest.raises(SpecError, match="an array of shape"):
        _ = Message.of_data(spoilt).parameters[0].value.values


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"[" * 10**5])
def test_what_is_no_document_is_refused(content: bytes) -> None:
    with pytest.raises(SpecError, match="cannot be read"):
        Message.of(content)


WRONG = (
    None,
    True,
    -1,
    0,
    3,
    2**40,
    1e300,
    "",
    "x",
    "linear",
    "nan",
    [],
    [[]],
    [1],
    {},
    {"tensor": "x", "at": 5},
    {"list": [1]},
)


def places(value, path=()):
    """The places of everything inside a document."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from places(each, (*path, key))


def test_whatever_is_changed_is_read_or_refused() -> None:
    """Numbers of any place, and what is missing: never an error of ours."""
    random = np.random.default_rng(0)
    known = [path for path in places(document()) if path]
    refused = 0
    for _ in range(300):
        changed = document()
        *outer, last = known[random.integers(len(known))]
        holder = changed
        for key in outer:
            holder = holder[key]
        if random.random() < 0.2 and isinstance(holder, dict):
            del holder[last]
        else:
            holder[last] = WRONG[random.integers(len(WRONG))]
        try:
            of_message(changed, "model.py")
        except SymbpError:
            refused += 1
    assert 150 < refused < 300
