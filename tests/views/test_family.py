"""Families: gates of a step on one line, found by what they do, spelled by what their names differ in."""

from dataclasses import replace

import pytest
from sympy import Integer

from symbp import Dense, Network, derive
from symbp.equations import System, symbols_in
from symbp.networks.recurrent import GRU, LSTM, RNN
from symbp.nodes import transpose
from symbp.views.family import GATE, families, with_families
from symbp.views.fold import fold, fold_like
from symbp.views.lines import Indexed, Loop, lines_of, run
from symbp.views.reading import reading
from symbp.views.skeleton import mapped, put_in

T = 4


def network(*layers):
    return derive(Network([*layers, Dense(2, "softmax")], 3, "cross_entropy"))


def forward(*layers):
    return network(*layers).readable.forward


def changed(system, stem, change):
    """Return a list with the right sides of one matrix of every step changed."""
    equations = [replace(each, rhs=change(each)) if each.lhs.stem == stem else each for each in system]
    return System(equations, system.given)


def words(system):
    return [each.words for each in families(fold(system))]


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ((LSTM(5, T),), [("i", "f", "g", "o")]),
        ((LSTM(5, T, bias=False, initial=True),), [("i", "f", "g", "o")]),
        ((GRU(5, T),), [("r", "z")]),
        ((RNN(5, T),), []),
        ((LSTM(4, T, sequence=True), LSTM(5, T)), [("i", "f", "g", "o")]),
        ((LSTM(4, T, sequence=True), GRU(5, T)), [("i", "f", "g", "o"), ("r", "z")]),
        ((LSTM(5, 50),), [("i", "f", "g", "o")]),
    ],
)
def test_the_gates_are_families(layers, expected):
    assert words(forward(*layers)) == expected


@pytest.mark.parametrize("name", ["transformer-block", "small-cnn", "residual-mlp", "batchnorm-mlp", "sigmoid-mlp"])
def test_other_networks_have_none(name):
    system = derive(Network.load(name)).readable.forward
    folded = fold(system)
    assert with_families(folded) is folded


def test_one_line_stands_for_all_gates():
    read = reading(network(LSTM(5, T)))
    (line,) = [each for each in lines_of(read.forward_lines) if any(i.kind == GATE for i in each.indices)]
    assert len(line.cases) == 1
    assert [index.letter for index in line.indices] == ["t", "k"]
    assert len(line.instances) == 4 * T
    sums = [each for each in lines_of(read.gradient_lines) if any(i.kind == GATE for i in each.indices)]
    assert [str(each.cases[0].equation.lhs) for each in sums] == ["dlstm1.Wi[k]", "dlstm1.Ui[k]", "dlstm1.bi[k]"]


@pytest.mark.parametrize("layers", [(LSTM(5, T),), (GRU(5, T),), (LSTM(4, T, sequence=True), LSTM(5, T))])
def test_every_equation_is_its_line_with_the_values_put_in(layers):
    read = reading(network(*layers))
    for body in (read.forward_lines, read.error_lines, read.gradient_lines):
        for line, values, equation in run(body):
            case = next(each for each in line.cases if values in each.values)
            letters = dict(zip([each.symbol for each in line.indices], map(Integer, values), strict=True))
            lhs = put_in(case.equation.lhs, letters)
            assert lhs == read.spelled(equation.lhs)


def test_a_gate_with_another_operand_does_not_merge():
    folded = fold(forward(LSTM(5, T)))
    cells = {each.lhs.step: each.lhs for line in lines_of(folded.body) for each in line.instances.values()
             if each.lhs.name.startswith("lstm1.c")}  # fmt: skip

    def other(equation):
        """The output gate reads the cell in the place of the output."""

        def read(slot):
            return cells[slot.step] if getattr(slot, "stem", "") == "h" else slot

        return replace(equation, rhs=mapped(equation.rhs, read))

    def planted(item):
        if isinstance(item, Loop):
            return replace(item, body=tuple(map(planted, item.body)))
        if not item.cases[0].equation.lhs.name.startswith("lstm1.Zo"):
            return item
        return replace(item, instances={values: other(each) for values, each in item.instances.items()})

    assert [each.words for each in families(folded)] == [("i", "f", "g", "o")]
    wrong = replace(folded, body=tuple(map(planted, folded.body)))
    assert [each.words for each in families(wrong)] == [("i", "f", "g")]


def test_a_gate_that_shares_a_bias_does_not_merge():
    system = forward(LSTM(5, T))
    named = {symbol.name: symbol for each in system for symbol in symbols_in(each.rhs)}

    def shared(equation):
        return mapped(equation.rhs, lambda slot: named["lstm1.bi"] if slot is named["lstm1.bo"] else slot)

    assert words(changed(system, "Zo", shared)) == [("i", "f", "g")]


def test_a_gate_that_is_another_at_one_step_does_not_merge():
    system = forward(LSTM(5, T))
    named = {symbol.name: symbol for each in system for symbol in symbols_in(each.rhs)}

    def swapped(equation):
        if equation.lhs.step != 3:
            return equation.rhs
        return mapped(equation.rhs, lambda slot: named["lstm1.Wf"] if slot is named["lstm1.Wg"] else slot)

    assert all("g" not in each for each in words(changed(system, "Zg", swapped)))


def test_a_gate_that_does_something_else_does_not_merge():
    system = forward(GRU(5, T))
    assert words(system) == [("r", "z")]
    turned = changed(system, "Zz", lambda each: transpose(transpose(each.rhs)))
    assert words(turned) == []


def test_the_list_is_the_same_behind_the_lines():
    system = forward(LSTM(5, T))
    folded = with_families(fold(system))
    body = fold_like(folded, list(system), backward=False)
    assert sorted(each.name for _, _, each in run(body)) == sorted(each.name for each in system)
    assert any(isinstance(each.cases[0].equation.lhs, Indexed) for each in lines_of(body))
