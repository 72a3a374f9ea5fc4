"""Bad input in the language of equations: one line that says what to change; what only numbers show, by the check."""

from __future__ import annotations

import time
import warnings

import pytest

from symbp import ShapeError, SpecError, check, derive
from symbp.checking.report import Verdict
from symbp.networks.files import equations_of
from symbp.networks.matrix_functions import ENTRYWISE, FUNCTIONS, INSTEAD

AROUND = "X: 3 x m\nW: 2 x 3\nZ: 4 x m input\nA = {}\nloss = sum(W @ X) + sum(A) + sum(Z)"

REFUSED = {
    "x / 0": "divides by zero",
    "X * sqrt(-1)": "is no real number",
    "Z[2:2]": "there are 4 rows, counted from 0",
    "Z[2:9]": "there are 4 rows, counted from 0",
    "Z[0:4:2]": "a part has no steps",
    "grad(X, W)": "grad takes a number, 1×1",
    "grad(sum(W @ X), Q)": "unknown name 'Q'",
    "ones(2)": "ones takes 2 sizes, as in J = ones(3, m)",
    "detach(X)": "write stop(A): no gradient goes beyond",
    "flatten(X)": "a column holds all values of an example already",
    "inverse(W)": "write inv(A)",
    "group_norm(X)": "write layer_norm(Z) for one group",
    "dilation(X)": "it belongs to a convolution",
    "concat(X, X)": "write vstack(A, B)",
    "cat(X, X)": "write vstack(A, B)",
    "mm(W, X)": "write A @ B for the product of matrices",
    "conv2d(X, W)": 'it is a layer: a file of layers has it, type = "conv2d"',
    "clamp(X, 0, 1)": "write clip(A, -1, 1)",
    "X.sum()": "sum(Z) rather than Z.sum()",
    "X > 0": "write where(M, A, B) with a mask M that is given",
    "|X|": "write abs(A)",
    "sum(X, dim=0)": "write axis=0, down each column",
    "mean(X, keepdims=True)": "two dimensions are always kept",
    "mse(X, X, reduction=1)": "leave reduction out",
}


@pytest.mark.parametrize("written", REFUSED)
def test_a_line_is_refused_with_the_way_out(written: str) -> None:
    with pytest.raises((SpecError, ShapeError)) as caught:
        equations_of(AROUND.format(written.replace("x /", "X /")))
    assert REFUSED[written] in str(caught.value)
    assert "A = " in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", INSTEAD)
def test_every_function_from_elsewhere_is_none_of_ours(name: str) -> None:
    assert name.lower() not in FUNCTIONS
    assert name not in ENTRYWISE
    with pytest.raises(SpecError) as caught:
        equations_of(AROUND.format(f"{name}(X)"))
    assert INSTEAD[name].removeprefix("; ") in str(caught.value)


def test_a_repeat_that_refers_forward_says_so() -> None:
    text = "X[1..3]: 3 x m\nW: 3 x 3\nrepeat t = 1..3:\n    H[t] = tanh(W @ X[t] + H[t+1])\nloss = sum(H[1])"
    with pytest.raises(SpecError, match=r"H2 is used before it is defined .* let the repeat count the other way"):
        equations_of(text)


@pytest.mark.parametrize(
    "head",
    ["repeat i = 1..1000:\n  repeat j = 1..1000:\n    y[i] = x * x", "repeat i = 1..999999:\n    y[i] = x * x"],
)
def test_a_million_lines_are_refused_at_once(head: str) -> None:
    began = time.process_time()
    with pytest.raises(SpecError, match=r"more than 10,000 equations"):
        equations_of(f"x: 1 x 1\n{head}\nloss = x")
    assert time.process_time() - began < 5


WITHOUT_NUMBERS = {
    "loss = sum(x / zeros(2, 1))": (Verdict.OVERFLOW, "overflows: first in loss_2"),
    "loss = sum(log(0 - x * x))": (Verdict.UNDEFINED, "is not a number: first in loss_2"),
    "A = ones(2, 2)\nloss = sum(inv(A) @ x)": (Verdict.UNDEFINED, "first in loss_1, of a singular matrix"),
    "loss = sum(inv(x @ x.T))": (Verdict.UNDEFINED, "of a singular matrix"),
    "loss = logdet(x @ x.T)": (Verdict.UNDEFINED, "of a singular matrix"),
}


@pytest.mark.parametrize("lines", WITHOUT_NUMBERS)
def test_what_only_numbers_make_bad_is_said_by_the_check_and_never_wrong(lines: str) -> None:
    verdict, note = WITHOUT_NUMBERS[lines]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = check(derive(equations_of(f"x: 2 x 1\n{lines}")))
    (row,) = report.rows
    assert row.verdict is verdict
    assert note in row.note
