"""Families and repeats: text in, lines of single names out."""

from __future__ import annotations

import time

import pytest

from symbp import Network, SpecError, derive
from symbp.networks.files import equations_of
from symbp.networks.repeat import unrolled

STEPS = ["H[0] = zeros(4, m)", "repeat t = 1..3:", "    H[t] = tanh(W @ X[t] + U @ H[t-1])", "loss = mse(V @ H[3], Y)"]
SHAPES = {"W": (4, 3), "U": (4, 4), "V": (2, 4), "X[1..3]": (3, "m"), "Y": (2, "m")}


def test_a_repeat_is_its_lines_written_out() -> None:
    lines, shapes = unrolled(STEPS, SHAPES)
    assert lines == [
        "H0 = zeros(4, m)",
        "H1 = tanh(W @ X1 + U @ H0)",
        "H2 = tanh(W @ X2 + U @ H1)",
        "H3 = tanh(W @ X3 + U @ H2)",
        "loss = mse(V @ H3, Y)",
    ]
    assert list(shapes) == ["W", "U", "V", "X1", "X2", "X3", "Y"]
    written = Network.equations(lines, shapes)
    assert Network.equations(STEPS, SHAPES).forward.equations == written.forward.equations


def test_repeats_nest_run_downwards_and_leave_rows_alone() -> None:
    lines = ["repeat a = 2..1:", "  repeat b = a..2:", "    P[a+b-1] = Z[1] + Q[b]", "  R[a] = Z[0:2]"]
    assert unrolled(lines, {"Q[1..2]": (3, 3), "Z": (3, 3)})[0] == [
        "P3 = Z[1] + Q2",
        "R2 = Z[0:2]",
        "P1 = Z[1] + Q1",
        "P2 = Z[1] + Q2",
        "R1 = Z[0:2]",
    ]


def test_the_letter_of_a_repeat_is_a_number_unless_it_is_a_name() -> None:
    lines = ["repeat T = 1..2:", "    H[T] = 0.9**T * P[T-1].T + t / (T + 1)"]
    assert unrolled(lines, {"P": (3, 3), "t": (1, 1)})[0] == [
        "H1 = 0.9**1 * P[1-1].T + t / (1 + 1)",
        "H2 = 0.9**2 * P[2-1].T + t / (2 + 1)",
    ]
    assert unrolled(["repeat t = 1..2:", "    H[t] = t * P"], {"P": (3, 3), "t": (1, 1)})[0] == [
        "H1 = t * P",
        "H2 = t * P",
    ]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["repeat t = 1..3:", "H = X"], "'repeat t = 1..3:' repeats nothing: indent the lines below it"),
        (["repeat t in 1..3:", "  H[t] = X"], "write repeat t = 1..5:, and the lines to repeat indented below"),
        (["repeat t = 1..3:", "  H[s] = X"], "s in 'H[s] = X' has no value; the repeats around it count t"),
        (["H[t] = X"], "t in 'H[t] = X' has no value; no repeat is around it"),
        (["H[t*2] = X"], "'t*2' in 'H[t*2] = X' is no index: write a number, t or t-1"),
        (["H[0-1] = X"], "H[-1]: an index counts from 0"),
        (["H2[0] = X"], "a name with an index may not end in a digit; write H2_"),
        (["repeat t = 1..3:", "  repeat t = 1..2:", "    H[t] = X"], "t counts the repeat around it already"),
        (["repeat t = 1..100000:", "  H[t] = X"], "makes more than 10,000 equations"),
        (["repeat t = 1..9999999999:", "  H[t] = X"], "is too large"),
        (["repeat t = 1..9999:", "  repeat s = 1..9999:", "    H[t] = X"], "more than 10,000 equations"),
    ],
)
def test_what_cannot_be_repeated_is_refused_quickly(lines: list[str], message: str) -> None:
    before = time.process_time()
    with pytest.raises(SpecError) as caught:
        unrolled(lines, {"X": (3, 3)})
    assert message in str(caught.value)
    assert time.process_time() - before < 2


def test_a_member_that_comes_later_is_said_by_its_name() -> None:
    lines = [STEPS[0], STEPS[1], STEPS[2].replace("t-1", "t+1"), STEPS[3]]
    with pytest.raises(SpecError, match="H2 is used before it is defined"):
        Network.equations(lines, SHAPES)


def test_files_keep_their_indentation() -> None:
    text = "\n".join([*(f"{name}: {rows} x {columns}" for name, (rows, columns) in SHAPES.items()), *STEPS])
    assert derive(equations_of(text)).forward.equations == derive(Network.equations(STEPS, SHAPES)).forward.equations
    with pytest.raises(SpecError, match="declared twice"):
        equations_of(text.replace("Y: 2 x m", "Y, X2: 2 x m"))
