"""Somebody's function: found, called, read; and one clear line for everything that can be wrong with a file."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from helpers.selection import short
from verdicts import headline

from symbp.derivation import Derivation, derive
from symbp.errors import CheckFailedError, SpecError, SymbpError
from symbp.judging.judging import How, Judged, judge_file
from symbp.networks.examples import EXAMPLES
from symbp.networks.network import Network

RIGHT = """
import numpy as np

def backward(parameters, cache, X, Y):
    m = X.shape[1]
    A1, A2 = cache["A1"], cache["A2"]
    dZ2 = (A2 - Y) / m * (1 - A2**2)
    dZ1 = parameters["W2"].T @ dZ2 * (1 - A1**2)
    return {"dW1": dZ1 @ X.T, "db1": dZ1.sum(axis=1, keepdims=True),
            "dW2": dZ2 @ A1.T, "db2": dZ2.sum(axis=1, keepdims=True)}
"""

SHORT = """
def backward(parameters, cache, X, Y):
    m = X.shape[1]
    A1, A2 = cache["A1"], cache["A2"]
    dZ2 = (A2 - Y) / m * (1 - A2**2)
    dZ1 = parameters["W2"].T @ dZ2 * (1 - A1**2)
    g = dict(W1=dZ1 @ X.T, b1=dZ1.sum(axis=1, keepdims=True), W2=dZ2 @ A1.T, b2=dZ2.sum(axis=1, keepdims=True))
    {}
"""
"""Ends in a line of the test's own."""

SEPARATE = """
import numpy as np

def helper(z):
    return np.tanh(z)

def gradients(X, y, W1, b1, W2, b2, learning_rate=0.1):
    a1 = helper(W1 @ X + b1)
    a2 = helper(W2 @ a1 + b2)
    dZ2 = (a2 - y) / X.shape[1] * (1 - a2**2)
    dZ1 = W2.T @ dZ2 * (1 - a1**2)
    dW1, dW2 = dZ1 @ X.T, dZ2 @ a1.T
    db1, db2 = dZ1.sum(axis=1), dZ2.sum(axis=1)
    return dW2, db2, dW1, db1
"""

ROWS = """
import numpy as np

def backprop(x, labels, params):
    m = len(x)
    h = np.tanh(x @ params["W1"] + params["b1"])
    z = h @ params["W2"] + params["b2"]
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    loss = -np.log(p[np.arange(m), labels]).mean()
    p[np.arange(m), labels] -= 1
    d2 = p / m
    d1 = d2 @ params["W2"].T * (1 - h**2)
    return loss, {"W1": x.T @ d1, "b1": d1.sum(axis=0), "W2": h.T @ d2, "b2": d2.sum(axis=0)}
"""
"""Softmax and cross-entropy, rows as examples, class labels."""


@pytest.fixture(scope="module")
def tanh() -> Derivation:
    return derive(layers=2, activation="tanh", loss="mse")


@pytest.fixture(scope="module")
def classifier() -> Derivation:
    return derive(layers=2, activation="tanh", loss="cross_entropy")


def judged(derivation: Derivation, folder: Path, source: str, name: str | None = None, **options: object) -> Judged:
    place = folder / "mine.py"
    place.write_text(source, encoding="utf-8")
    return judge_file(derivation, place, name, **options)  # type: ignore[arg-type]


def refused(
    derivation: Derivation, folder: Path, source: str, name: str | None = None,
    kind: type[SymbpError] = SymbpError, **options: object,
) -> str:  # fmt: skip
    """Return the one line that a file is refused with."""
    with pytest.raises(kind) as caught:
        judged(derivation, folder, source, name, **options)
    said = str(caught.value)
    assert said.startswith("mine.py"), said
    assert "\n" not in said
    return said


def verdict(found: Judged) -> str:
    return str(found.diagnosis.verdict)


ENDINGS = {
    "short keys": "return g",
    "a pair with the loss": "return 0.5, g",
    "names after the parameter": "return {k + '_grad': v for k, v in g.items()}",
    "names in words": "return {'grad_' + k: v for k, v in g.items()}",
    "in the order of the layers": "return g['W1'], g['b1'], g['W2'], g['b2']",
    "in the order of backpropagation": "return [g['W2'], g['b2'], g['W1'], g['b1']]",
    "weights, then biases": "return [g['W1'], g['W2']], [g['b1'], g['b2']]",
    "lists by kind": "return {'dW': [g['W1'], g['W2']], 'db': [g['b1'], g['b2']]}",
    "one-dimensional biases": "return {k: v.ravel() if k[0] == 'b' else v for k, v in g.items()}",
    "with what was on the way": "return dict(g, dZ2=dZ2, dZ1=dZ1)",
}


@pytest.mark.usefixtures("same_process")
@pytest.mark.parametrize("case", short(ENDINGS, {"short keys", "in the order of the layers"}))
def test_what_people_return_is_read(tanh: Derivation, tmp_path: Path, case: str) -> None:
    ending = ENDINGS[case]
    found = judged(tanh, tmp_path, SHORT.format(ending))
    assert verdict(found) == "right"
    assert {"W1", "b1", "W2", "b2"} <= {row.name for row in found.diagnosis.rows}
    wrong = judged(tanh, tmp_path, SHORT.format(f"g['W1'] *= 3; {ending}"))
    assert verdict(wrong) == "wrong"


def test_a_right_function_is_right_and_a_wrong_one_is_explained(tanh: Derivation, tmp_path: Path) -> None:
    assert verdict(judged(tanh, tmp_path, RIGHT)) == "right"
    wrong = judged(tanh, tmp_path, RIGHT.replace("dZ1 = parameters", "dZ1 = -parameters"))
    assert verdict(wrong) == "wrong"
    assert [finding.equation for finding in wrong.diagnosis.findings] == ["dZ1"]
    assert wrong.sides[0].right == "dZ1 = dA1 * tanh′(Z1)"


@pytest.mark.usefixtures("same_process")
def test_arguments_one_by_one_and_names_of_a_returned_tuple(tanh: Derivation, tmp_path: Path) -> None:
    assert verdict(judged(tanh, tmp_path, SEPARATE)) == "right"


@pytest.mark.usefixtures("same_process")
def test_extra_gradients_reach_the_diagnosis(tanh: Derivation, tmp_path: Path) -> None:
    found = judged(tanh, tmp_path, SHORT.format("return dict(g, dZ2=dZ2)"))
    assert "Z2" in [row.name for row in found.diagnosis.rows]


@pytest.mark.usefixtures("same_process")
def test_rows_and_labels(classifier: Derivation, tmp_path: Path) -> None:
    for rows in (True, False):
        found = judged(classifier, tmp_path, ROWS, rows=rows)
        assert verdict(found) == "right"
        assert "targets as class labels" in found.notes[0]


@pytest.mark.usefixtures("same_process")
def test_rows_with_weights_as_in_torch(classifier: Derivation, tmp_path: Path) -> None:
    linear = ROWS.replace('@ params["W1"]', '@ params["W1"].T').replace('h @ params["W2"]', 'h @ params["W2"].T')
    linear = linear.replace('params["W2"].T * (1', 'params["W2"] * (1').replace("x.T @ d1", "d1.T @ x")
    found = judged(classifier, tmp_path, linear.replace("h.T @ d2", "d2.T @ h"), rows=True)
    assert verdict(found) == "right"
    assert "weights outputs × inputs" in found.notes[0]


@pytest.mark.usefixtures("same_process")
def test_columns_where_rows_were_asked_for(tanh: Derivation, tmp_path: Path) -> None:
    assert verdict(judged(tanh, tmp_path, RIGHT, rows=True)) == "right"


@pytest.mark.usefixtures("same_process")
def test_a_sum_over_the_batch(tanh: Derivation, tmp_path: Path) -> None:
    source = RIGHT.replace(" / m *", " *")
    scaled = judged(tanh, tmp_path, source)
    assert verdict(scaled) == "scaled"
    assert scaled.diagnosis.scale is not None
    assert scaled.diagnosis.scale.text == "m"
    assert verdict(judged(tanh, tmp_path, source, reduction="sum")) == "right"


@pytest.mark.usefixtures("same_process")
def test_the_number_of_examples_and_names_of_intermediates(tanh: Derivation, tmp_path: Path) -> None:
    source = RIGHT.replace("cache, X, Y):\n    m = X.shape[1]", "X, Y, m, A1, A2):").replace(
        '    A1, A2 = cache["A1"], cache["A2"]\n', ""
    )
    assert "m, A1, A2)" in source
    assert verdict(judged(tanh, tmp_path, source)) == "right"


@pytest.mark.usefixtures("same_process")
def test_a_recurrent_network_takes_all_its_inputs(tmp_path: Path) -> None:
    derivation = derive(Network.load(EXAMPLES["lstm-classifier"]))
    body = (
        derivation.compile().source
        + "\n\ndef backward(parameters, X, Y):\n    "
        + ("return loss_and_gradients(parameters, X, Y)\n")
    )
    assert verdict(judged(derivation, tmp_path, body, "backward")) == "right"


BAD = {
    "no function": ("x = 1\n", "no function in it"),
    "not Python": ("def f(:\n", "line 1: not Python"),
    "several": ("def a(X): ...\ndef back_it(X): ...\n", "back_it returned None: return a dict"),
    "an argument nobody knows": ("def backward(parameters, zork): ...\n", "nothing is known to give for 'zork'"),
    "a step": ("def backward(parameters, cache, X, Y, lr): ...\n", "takes a learning rate"),
    "raises": ("def backward(X):\n    return X[99]\n", "line 2: backward raised IndexError: index 99"),
    "raises when loaded": ("import nosuchmodule\ndef backward(X): ...\n", "loading it raised ModuleNotFoundError"),
    "returns nothing": ("def backward(X):\n    pass\n", "returned None: return a dict such as"),
    "returns text": ("def backward(X):\n    return 'dW1'\n", "returned a str"),
    "returns other keys": ("def backward(X):\n    return {'alpha': X}\n", "returned alpha: return the gradients"),
    "returns too few": ("def backward(X):\n    return X, X\n", "returned 2 values without names for 4 parameters"),
    "returns an object": ("def backward(X):\n    return {'dW1': object()}\n", "returned a object for dW1"),
    "ends the process": ("import os\ndef backward(X):\n    os._exit(3)\n", "without returning (exit code 3)"),
    "calls sys.exit": ("import sys\ndef backward(X):\n    sys.exit(1)\n", "line 3: it calls sys.exit"),
    "kills itself": ("import os\ndef backward(X):\n    os.kill(os.getpid(), 9)\n", "(signal 9)"),
    "returns a flood": ("def backward(X):\n    return list(range(10**6))\n", "returned more than 5000 values"),
    "is deleted": ("def backward(X): ...\ndel backward\n", "is no function once the file has run"),
}  # fmt: skip


@pytest.mark.parametrize("case", short(BAD, {"raises", "ends the process", "returns nothing", "not Python"}))
def test_bad_files_get_one_line(tanh: Derivation, tmp_path: Path, case: str) -> None:
    source, line = BAD[case]
    assert line in refused(tanh, tmp_path, source)


WRONG = {
    "NaN": ("return dict(g, W1=g['W1'] * np.nan)", "W1 is NaN in 21 of 21 entries"),
    "infinite": ("return dict(g, W1=g['W1'] / 0)", "W1 is infinite"),
    "transposed": ("return dict(g, W1=g['W1'].T)", "W1 has shape (3, 7), but W1 has (7, 3): it is transposed"),
    "not summed": ("return dict(g, b1=dZ1)", "b1 has shape (7, 5), but b1 has (7, 1): the sum over"),
    "summed over all": ("return dict(g, b1=dZ1.sum())", "it is summed over everything"),
    "another layer's": ("return dict(g, W1=g['W2'])", "a factor is missing, or belongs to another layer"),
    "whole numbers": ("return dict(g, W1=g['W1'].astype(int))", "W1 holds whole numbers (int64)"),
    "complex": ("return dict(g, W1=g['W1'] * 1j)", "W1 holds complex128 numbers"),
    "half precision": ("return dict(g, W1=g['W1'].astype('float16'))", "W1 has half precision"),
}  # fmt: skip


@pytest.mark.usefixtures("same_process")
@pytest.mark.parametrize("case", short(WRONG, {"NaN", "transposed", "not summed", "another layer's"}))
def test_gradients_that_cannot_be_right(tanh: Derivation, tmp_path: Path, case: str) -> None:
    ending, line = WRONG[case]
    source = f"import numpy as np\nnp.seterr(all='ignore')\n{SHORT.format(ending)}"
    assert line in refused(tanh, tmp_path, source, kind=CheckFailedError)


@pytest.mark.usefixtures("same_process")
def test_single_precision_is_judged_and_said(tanh: Derivation, tmp_path: Path) -> None:
    found = judged(tanh, tmp_path, SHORT.format("return {k: v.astype('float32') for k, v in g.items()}"))
    assert verdict(found) == "right"
    assert any("single precision" in note for note in found.notes)


@pytest.mark.usefixtures("same_process")
def test_a_function_by_name_and_the_nearest_name(tanh: Derivation, tmp_path: Path) -> None:
    assert verdict(judged(tanh, tmp_path, RIGHT + "\ndef other(X): ...\n", "backward")) == "right"
    assert "no function 'backwrd'; did you mean 'backward'?" in refused(tanh, tmp_path, RIGHT, "backwrd")


def test_arguments_changed_in_place_are_said(tanh: Derivation, tmp_path: Path) -> None:
    found = judged(tanh, tmp_path, SHORT.format("cache['A1'] *= 0; return g"))
    assert verdict(found) == "right"
    assert any("changes its arguments in place (A1)" in note for note in found.notes)


def test_what_it_prints_is_kept_apart_and_short(tanh: Derivation, tmp_path: Path) -> None:
    found = judged(tanh, tmp_path, SHORT.format("print('x' * 3_000_000); return g"))
    assert verdict(found) == "right"
    assert 0 < len(found.printed) <= 4000


def test_a_function_that_never_returns(tanh: Derivation, tmp_path: Path) -> None:
    start = time.monotonic()
    said = refused(tanh, tmp_path, "def backward(X):\n    while True: pass\n", timeout=1)
    assert "backward did not return within 1 s" in said
    assert "--timeout" in said
    assert time.monotonic() - start < 15


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_function_that_forks_answers_once_and_leaves_nothing_behind(tanh: Derivation, tmp_path: Path) -> None:
    ending = "import os, time; pid = os.fork(); open(%r, 'a').write(''); time.sleep(0 if pid else 60); return g"
    start = time.monotonic()
    assert verdict(judged(tanh, tmp_path, SHORT.format(ending % str(tmp_path / "mark")))) == "right"
    assert time.monotonic() - start < 20


def test_an_open_network_is_refused(tmp_path: Path) -> None:
    assert "give --activation and --loss" in refused(derive(layers=2), tmp_path, RIGHT)


def test_no_file(tanh: Derivation, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"nothing\.py: No such file"):
        judge_file(tanh, tmp_path / "nothing.py")


def test_pickles_are_never_read(tanh: Derivation, tmp_path: Path) -> None:
    said = refused(tanh, tmp_path, "import numpy as np\ndef backward(X):\n    return {'dW1': np.array([{}])}\n")
    assert "an array of dtype object" in said


HOSTILE = {
    "allocates": ("np.ones(10 * 2**30 // 8)", "MemoryError"),
    "ends its process": ("__import__('os')._exit(0)", "ended its process without returning (exit code 0)"),
    "is killed": (
        "__import__('os').kill(__import__('os').getpid(), 9)",
        "ended its process without returning (signal 9)",
    ),
    "says several lines": ("raise_('one\\ntwo')", "raised ValueError: one two"),
}


@pytest.mark.parametrize("case", short(HOSTILE, {"is killed"}))
def test_hostile_functions_get_one_line(tmp_path: Path, case: str) -> None:
    body, said = HOSTILE[case]
    raises = "def raise_(text):\n    raise ValueError(text)\n"
    place = tmp_path / "mine.py"
    place.write_text(f"import numpy as np\n{raises}def backward(parameters, X, Y):\n    {body}\n")
    with pytest.raises(SpecError) as caught:
        judge_file(derive(layers=1, activation="tanh", loss="mse"), place)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "said"), [("class A:\n    pass\n", "a class without methods"), ("", "no function in it:")]
)
def test_a_file_without_functions_says_what_is_there(tmp_path: Path, source: str, said: str) -> None:
    (tmp_path / "mine.py").write_text(source)
    with pytest.raises(SpecError, match=said):
        judge_file(derive(layers=1, activation="tanh", loss="mse"), tmp_path / "mine.py")


@pytest.mark.usefixtures("same_process")
def test_a_loss_of_pytorch_is_right_with_its_reduction(tmp_path: Path) -> None:
    place = tmp_path / "mine.py"
    place.write_text("def backward(X, Y, A1, m):\n    d = 2 * (A1 - Y) / A1.size * (1 - A1**2)\n"
                     "    return {'W1': d @ X.T, 'b1': d.sum(1)}\n")  # fmt: skip
    derivation = derive(layers=1, activation="tanh", loss="mse")
    assert str(judge_file(derivation, place).diagnosis.verdict) == "scaled"
    assert judge_file(derivation, place, reduction="torch").right


LEARNED = {
    "weights decay": (
        "dZ1 @ X.T",
        "dZ1 @ X.T + 0.01 * W1",
        "a regulariser 1/100 * W1 in dW1 that the loss does not have",
    ),
    "decay over m": ("dZ1 @ X.T", "dZ1 @ X.T + 0.1 / m * W1", "a regulariser 1/10/m * W1 in dW1"),
    "gate by the error": ("dA1 * (Z1 > 0)", "dA1 * (dA1 > 0)", "relu′ of the error dA1 instead of Z1 in dZ1"),
    "rate of 1": ("W2.T @ dZ2", "(W2 - dZ2 @ A1.T).T @ dZ2", "W2 after its update (learning rate 1) in dA1"),
    "a factor beside A1": ("dZ2 @ A1.T", "dZ2 @ (A1 * Z1).T", "superfluous factor Z1 in dW2"),
}
"""Mistakes that were not named before somebody made them."""


@pytest.mark.usefixtures("same_process")
@pytest.mark.parametrize("case", short(LEARNED, {"weights decay", "rate of 1"}))
def test_mistakes_that_were_learned_are_named(tmp_path: Path, case: str) -> None:
    right, wrong, said = LEARNED[case]
    lines = ("dZ2 = (A2 - Y) / m", "dA1 = W2.T @ dZ2", "dZ1 = dA1 * (Z1 > 0)")
    source = "\n    ".join(("def backward(W1, W2, Z1, A1, A2, X, Y, m):", *lines))
    source += '\n    return {"dW1": dZ1 @ X.T, "dW2": dZ2 @ A1.T}\n'
    place = tmp_path / "mine.py"
    place.write_text(source.replace(right, wrong, 1))
    derivation = derive(layers=2, activation="relu", output_activation="identity", loss="mse")
    assert said in headline(judge_file(derivation, place))


ADDED = """
def updates(X, Y, W1, b1, W2, b2):
    A1 = np.tanh(W1 @ X + b1)
    A2 = np.tanh(W2 @ A1 + b2)
    d2 = (Y - A2) / X.shape[1] * (1 - A2**2)
    d1 = W2.T @ d2 * (1 - A1**2)
    return d1 @ X.T, d1.sum(1), d2 @ A1.T, d2.sum(1)
"""
TRAIN = """
def train(X, Y, W1, b1, W2, b2):
    steps = updates(X, Y, W1, b1, W2, b2)
    for own, step in zip((W1, b1, W2, b2), steps):
        own += step.reshape(own.shape)
"""


@pytest.mark.usefixtures("same_process")
def test_minus_the_gradient_is_right_where_the_file_adds_it_and_else_up_to_its_sign(
    tanh: Derivation, tmp_path: Path
) -> None:
    alone = judged(tanh, tmp_path, f"import numpy as np\n{ADDED}", "updates")
    assert verdict(alone) == "scaled"
    assert alone.diagnosis.scale is not None
    assert alone.diagnosis.scale.text == "-1"
    source = f"import numpy as np\n{ADDED}{TRAIN}"
    assert verdict(judged(tanh, tmp_path, source, "updates")) == "right"
    assert verdict(judged(tanh, tmp_path, source, "updates", how=How(is_strict=True))) == "scaled"


@pytest.mark.usefixtures("same_process")
def test_a_mean_for_a_sum_is_not_hidden_by_single_examples(tanh: Derivation, tmp_path: Path) -> None:
    found = judged(tanh, tmp_path, SHORT.format("g['b1'] = dZ1.mean(axis=1, keepdims=True); return g"))
    assert verdict(found) == "wrong"


EXPRESSION = RIGHT[: RIGHT.index("    return")] + "    dW2, db1, db2 = dZ2 @ A1.T, dZ1.sum(1), dZ2.sum(1)\n"


@pytest.mark.usefixtures("same_process")
def test_an_expression_among_names_is_the_gradient_that_no_name_is_for(tmp_path: Path) -> None:
    tanh = derive(layers=2, activation="tanh", loss="mse")
    assert verdict(judged(tanh, tmp_path, EXPRESSION + "    return dZ1 @ X.T, db1, dW2, db2")) == "right"
    with pytest.raises(CheckFailedError, match="dW1"):
        judged(tanh, tmp_path, EXPRESSION + "    return dZ1 @ X.T * np.nan, db1, dW2, db2")
