"""Every way a file or formula can be bad, on the command line: one clear line, exit code 2 or 1, nothing on stdout."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.selection import short

from symbp.cli.main import main

NETWORK = ["--layers", "2", "--activation", "tanh", "--loss", "mse"]

BODY = """import numpy as np
def backward(parameters, cache, X, Y):
    A1, A2 = cache["A1"], cache["A2"]
    dZ2 = (A2 - Y) / X.shape[1] * (1 - A2**2)
    dZ1 = parameters["W2"].T @ dZ2 * (1 - A1**2)
    g = {"W1": dZ1 @ X.T, "b1": dZ1.sum(1), "W2": dZ2 @ A1.T, "b2": dZ2.sum(1)}
    ENDING
"""
"""A right backward pass; the test says how it ends."""

TORCH = """import numpy as np
class Tensor:
    __module__ = "torch"
    def __init__(self, array): self.array = array
    def detach(self): return self
    def cpu(self): return self
    def numpy(self): return self.array
"""
"""What a torch tensor is to somebody who only reads it."""


def mine(ending: str) -> str:
    return BODY.replace("ENDING", ending)


FILES = {
    "no function": ("x = 1\n", 2, "mine.py: no function in it"),
    "only a class": ("class Net:\n    def backward(self): ...\n", 2, "returned None"),
    "not Python": ("def backward(:\n", 2, "line 1: not Python"),
    "not text": ("\0", 2, "not Python"),
    "raises": (mine("raise ValueError('one\\ntwo')"), 2, "mine.py, line 7: backward raised ValueError: one two"),
    "asks": (mine("return input('which? ')"), 2, "backward raised EOFError"),
    "imports what is not there": ("import nosuchmodule\n" + mine("return g"), 2, "ModuleNotFoundError"),
    "forgets to return": (mine("g"), 2, "backward returned None: return a dict such as"),
    "wrong keys": (mine("return {'alpha': 1.0}"), 2, "backward returned alpha: return the gradients by name"),
    "wrong shape": (
        mine("return dict(g, W1=g['W1'].T)"),
        1,
        "W1 has shape (3, 7), but W1 has (7, 3): it is transposed",
    ),
    "whole numbers": (mine("return dict(g, W1=g['W1'].astype(int))"), 1, "W1 holds whole numbers"),
    "text": (mine("return dict(g, W1='0.1')"), 2, "returned a str for W1"),
    "an array of text": (mine("return dict(g, W1=np.array(['a']))"), 2, "returned an array of dtype <U1 for W1"),
    "objects": (mine("return dict(g, W1=np.array([None]))"), 2, "returned an array of dtype object for W1"),
    "a generator": (mine("return (each for each in g)"), 2, "backward returned a generator"),
    "NaN": (mine("return dict(g, W1=g['W1'] * np.nan)"), 1, "W1 is NaN in 21 of 21 entries"),
    "never returns": (mine("while True: pass"), 2, "backward did not return within 1 s"),
}


READ = {"wrong keys", "wrong shape", "whole numbers", "text", "nested lists", "NaN", "too few", "a key with a slip"}
"""What is about reading what came back, not about the process that it came from."""


@pytest.fixture
def process_if_needed(case: str, request: pytest.FixtureRequest) -> None:
    if case in READ:
        request.getfixturevalue("same_process")


@pytest.mark.usefixtures("process_if_needed")
@pytest.mark.parametrize("case", short(FILES, {*READ, "raises", "never returns"}))
def test_a_bad_file_gets_one_line(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source, code, said = FILES[case]
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(source)
    limit = ["--timeout", "1"] if case == "never returns" else []
    assert main(["check", "mine.py", *NETWORK, *limit]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1


JUDGED = {
    "prints": (mine("print('so far'); return g"), 0, "right: "),
    "changes its arguments": (mine("X *= 0; return g"), 0, "it changes its arguments in place (X)"),
    "torch": (TORCH + mine("return {k: Tensor(v) for k, v in g.items()}"), 0, "it returned torch tensors"),
    "too few": (
        mine("return {'W1': g['W1']}"),
        1,
        "incomplete: dW1 agrees to 16 digits, but db1, dW2 and db2 are missing",
    ),
    "nested lists": (mine("return dict(g, W1=g['W1'].tolist())"), 0, "right: "),
    "a key with a slip": (mine("g['dW_2a'] = g.pop('W2'); return g"), 1, "incomplete: "),
}
"""What is no reason to refuse: the verdict says it."""


@pytest.mark.usefixtures("process_if_needed")
@pytest.mark.parametrize("case", short(JUDGED, list(JUDGED)[:2]))
def test_what_can_be_judged_is_judged_and_said(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source, code, said = JUDGED[case]
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(source)
    assert main(["check", "mine.py", *NETWORK]) == code
    out, err = capsys.readouterr()
    assert said in out
    assert ("so far" in err) == (case == "prints")


FORMULAS = {
    "dW2 = Q @ A1.T": "unknown symbol 'Q'",
    "dW2 = __import__('os').system('true')": "unknown symbol '__import__'",
    "dW2 = open('/etc/passwd')": "unknown symbol 'open'",
    "dW2 = [x for x in X]": "'[' may not stand in the formula",
    "dW2 = dZ2 if X else dZ1": "unknown symbol 'if'",
    "dW2 = 'text'": "may not stand in the formula",
    "dW2 = dZ2; import os": "';' may not stand in the formula",
    "dW2 = dZ2 & A1": "'&' may not stand in the formula",
    "dW2 = 1j * dZ2 @ A1.T": "unknown symbol 'j'",
    "dW2 = dZ2 @ A1.T / 0": "divides by zero or overflows",
    "dW2 = dZ2 @ A1.T\ndW1 = dZ1 @ X.T": "has several lines: give one formula at a time",
    "dW2": "is not a formula",
    "": "is not a formula",
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("formula", FORMULAS, ids=lambda each: each[:30].replace("\n", " "))
def test_a_bad_formula_gets_one_line(formula: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", *NETWORK, "--formula", formula]) in (1, 2)
    out, err = capsys.readouterr()
    assert out == ""
    assert FORMULAS[formula] in err
    assert err.count("\n") == 1
