"""Rearrangement: the one call that tests an operation, the same read backwards, transposed, and what is refused."""

import numpy as np
import pytest
from sympy import MatrixSymbol, Symbol

from symbp.errors import ShapeError, SpecError
from symbp.op import meaning_of
from symbp.ops.rearrange import Rearrange, rearranged
from symbp.symbols import BATCH, Role, Variable
from symbp.testing import check_operation

D = Symbol("d", integer=True, positive=True)
HEADS = {"h": 2, "d": 3}, {"e": 4, "t": 5}


def matrix(rows, columns):
    return MatrixSymbol("A", rows, columns)


def run(node, array):
    return meaning_of(node)(np, array, *map(int, node.args[1:]))


NODES = {
    "reshape": rearranged(matrix(6, 20), *HEADS, "hde", "t"),
    "permutation": rearranged(matrix(6, 20), *HEADS, "td", "eh"),
    "part": rearranged(matrix(6, 20), *HEADS, "hd", "et", parts={"t": (1, 3)}),
    "padding": rearranged(matrix(6, 20), *HEADS, "d", "eth", parts={"h": (-1, 4)}),
    "repeat": rearranged(matrix(6, 20), *HEADS, "hdk", "et", repeats={"k": 7}),
    "sum": rearranged(matrix(6, 20), *HEADS, "d", "t"),
}


@pytest.mark.parametrize("name", NODES)
def test_it_does_what_numpy_does(name):
    array = np.random.default_rng(0).normal(size=(6, 20))
    axes = array.reshape(2, 3, 4, 5)
    wanted = {
        "reshape": axes.reshape(24, 5),
        "permutation": axes.transpose(3, 1, 2, 0).reshape(15, 8),
        "part": axes[..., 1:4].reshape(6, 12),
        "padding": np.pad(axes, ((1, 1), (0, 0), (0, 0), (0, 0))).transpose(1, 2, 3, 0).reshape(3, 80),
        "repeat": np.repeat(array, 7, axis=0),
        "sum": axes.sum(axis=(0, 2)),
    }[name]
    assert np.allclose(run(NODES[name], array), wanted, rtol=1e-12)


@pytest.mark.parametrize("name", NODES)
def test_twice_turned_round_it_is_itself_and_once_its_transpose(name):
    node = NODES[name]
    back = Rearrange(MatrixSymbol("G", *node.shape), *node.inverted)
    assert back.shape == (6, 20)
    assert run(Rearrange(matrix(6, 20), *back.inverted), np.eye(6, 20)).shape == tuple(map(int, node.shape))
    rng = np.random.default_rng(1)
    x, g = rng.normal(size=(6, 20)), rng.normal(size=tuple(map(int, node.shape)))
    assert np.sum(run(node, x) * g) == pytest.approx(np.sum(x * run(back, g)), rel=1e-12)


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("behind", [False, True])
def test_where_examples_are_rows_it_is_another_of_these(before, behind):
    x = np.random.default_rng(2).normal(size=(6, 20))
    for node in NODES.values():
        turned = node.turned(matrix(20, 6) if before else matrix(6, 20), before, behind)
        found = run(turned, x.T if before else x)
        assert np.allclose(found.T if behind else found, run(node, x), rtol=1e-12)


def test_the_one_call_that_tests_an_operation_takes_it():
    a = Variable("A", 2 * D, 5 * BATCH, Role.PREACTIVATION, "A")
    rows, columns = {"h": 2, "d": D}, {"e": BATCH, "t": 5}
    check_operation(rearranged(a, rows, columns, ("d", "h"), ("t",), parts={"h": (-1, 4)}))


@pytest.mark.long
@pytest.mark.parametrize(
    ("sides", "options"), [(("d", "eht"), {"parts": {"t": (1, 3)}}), (("td", "ehk"), {"repeats": {"k": 3}})]
)
def test_so_are_parts_and_repeats(sides, options):
    a = Variable("A", 2 * D, 5 * BATCH, Role.PREACTIVATION, "A")
    check_operation(rearranged(a, {"h": 2, "d": D}, {"e": BATCH, "t": 5}, *sides, **options))


def test_what_moves_nothing_is_the_matrix_itself():
    assert rearranged(matrix(6, 20), *HEADS, "hd", "et") == matrix(6, 20)


def test_what_does_not_fit_is_refused_in_one_line():
    with pytest.raises(ShapeError, match=r"A is 6×20: its 6 rows are no axes of 2·4"):
        rearranged(matrix(6, 20), {"h": 2, "d": 4}, {"e": 20}, "h", "e")
    with pytest.raises(ShapeError, match="nothing is left of an axis of 6 from 6 on, 2 long"):
        rearranged(matrix(6, 20), {"h": 6}, {"e": 20}, "h", "e", parts={"h": (6, 2)})
    with pytest.raises(SpecError, match="x is no axis: there are h, d, e, t"):
        rearranged(matrix(6, 20), *HEADS, "hx", "e")
    with pytest.raises(SpecError, match="names that differ"):
        rearranged(matrix(6, 20), *HEADS, "hh", "e")
