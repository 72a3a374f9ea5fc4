"""Index form: every entry of every equation, worked out one by one, is that of the matrices."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from layouts import distance, numbers
from sympy import Indexed

from symbp.checking.entries import Evaluator
from symbp.errors import RuleNotFoundError
from symbp.maths.index_form import index_lines
from symbp.pages.page import Line
from symbp.pages.tell.derivation import context
from symbp.views.index import Case, entries
from symbp.writing.single import single_text


def size(length, sizes):
    return int(length.xreplace(sizes))


def computed(found, given):
    """The left side of an equation, entry by entry."""
    shapes = {letter: tuple(size(each, given.sizes) for each in sizes) for letter, (_, sizes) in found.symbols.items()}
    matrices = {letter: given.values[symbol.name] for letter, (symbol, _) in found.symbols.items()}
    arrays = {str(letter): matrix.reshape(shapes[letter]) for letter, matrix in matrices.items()}
    ranges = {letter: size(each, given.sizes) for letter, each in found.ranges.items()}
    result = np.zeros(shapes[found.letter])
    for case in found.cases:
        letters = [each for each in ranges if any(each in at.free_symbols for at in case.at)]
        for place in product(*(range(found.first, found.first + ranges[each]) for each in letters)):
            known = {**given.sizes, **dict(zip(letters, place, strict=True))}
            evaluator = Evaluator(known, arrays, ranges, found.first)
            for letter, value in (*found.numbers, *found.where):
                evaluator.known[letter] = evaluator.value(value)
            where = tuple(int(evaluator.place(each)) for each in case.at)
            result[where] = evaluator.value(case.value)
    symbol, _ = found.symbols[found.letter]
    return result.reshape(given.values[symbol.name].shape)


TOLD = ("MaxPoolTranspose",)
"""Operations that are told in words: where windows overlap, no expression says which entry is the largest."""

CHECKED = (
    *("mlp", "mlp-softmax", "lstm", "swiglu", "highway", "attention", "attention-heads", "residual-mlp", "small-cnn"),
    *("transformer-block", "batchnorm-mlp"),
)


def given_of(name):
    return numbers(name, batch=2)


@pytest.mark.parametrize("name", CHECKED)
def test_every_equation_entry_by_entry(name):
    given = given_of(name)
    for equation in given.equations:
        if type(equation.rhs).__name__ in TOLD:
            with pytest.raises(RuleNotFoundError, match="no entry form"):
                entries(equation)
            continue
        worst = distance(computed(entries(equation), given), given.values[equation.name])
        assert worst <= 1e-12, equation


def test_plain_equations_are_exact():
    given = given_of("mlp")
    for equation in given.derivation.backward:
        assert distance(computed(entries(equation), given), given.values[equation.name]) <= 3e-16, equation


def test_a_wrong_index_is_seen():
    given = given_of("mlp")
    seen = planted = 0
    for equation in given.equations:
        found = entries(equation)
        for case in found.cases:
            for part in case.value.atoms(Indexed):
                if len(part.indices) != 2 or part.indices[0] == part.indices[1]:
                    continue
                planted += 1
                wrong = case.value.xreplace({part: part.base[part.indices[::-1]]})
                other = replace(found, cases=(Case(case.at, wrong),))
                seen += distance(computed(other, given), given.values[equation.name]) > 1e-12
    assert planted > 20
    assert seen == planted


def written(name, *equations):
    found = numbers(name).derivation
    c = context(found, complete=True)
    lists = {each.name: each for each in (*c.reading.listed, *c.reading.backward)}
    found_lines = [index_lines(c.names, entries(c.reading.alone(lists[each]))) for each in equations]
    return [single_text([Line((tree,))]) for each in found_lines for tree in each]


def test_entries_are_written():
    assert written("mlp", "Z1", "dZ1", "dW1", "db1") == [
        "zᵢ⁽¹⁾ = Σⱼ Wᵢⱼ⁽¹⁾ xⱼ + bᵢ⁽¹⁾",
        "δᵢ⁽¹⁾ = δaᵢ⁽¹⁾ (1 − tanh²(zᵢ⁽¹⁾))",
        "∂ℒ/∂Wᵢⱼ⁽¹⁾ = δᵢ⁽¹⁾ xⱼ",
        "∂ℒ/∂bᵢ⁽¹⁾ = δᵢ⁽¹⁾",
    ]
    assert written("attention", "attention.Q", "attention.S", "attention.P", "dattention.S") == [
        "Qᵢⱼ = Σₖ W_(Q,i,k) Xₖⱼ",
        "Sᵢⱼ = ½ Σₖ Kₖᵢ Qₖⱼ",
        "Pᵢⱼ = e^(Sᵢⱼ)/(Σₖ e^(Sₖⱼ))",
        "δSᵢⱼ = Pᵢⱼ (δPᵢⱼ − Σₖ δPₖⱼ Pₖⱼ)",
    ]
    assert written("small-cnn", "P1", "dW1") == [
        "P_(1,c,p,q,e) = maxᵢⱼ A_(1,c,i+2p,j+2q,e)",
        "∂ℒ/∂K₁ₒᵢⱼ = Σ_(p,q,e) δZ_(1,o,p,q,e) X_(i+p,j+q,e)",
    ]
