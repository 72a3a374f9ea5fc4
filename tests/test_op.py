"""The two open tables: what is not there is named, what is there is not replaced."""

import operations  # noqa: F401 - registers every rule
import pytest
from sympy import Inverse, MatMul

from symbp import RuleNotFoundError, SymbpError
from symbp.op import explain, meaning, meaning_of, rule, steps, vjp
from symbp.ops.softmax import Softmax
from symbp.symbols import Role, Variable

X = Variable("X", 3, 3, Role.INPUT, "X")


def test_an_operation_without_a_rule_is_named_and_says_what_to_write():
    with pytest.raises(RuleNotFoundError, match=r"no backward rule for Inverse: write one with @rule\(Inverse, "):
        vjp(Inverse(X), X, X)
    with pytest.raises(RuleNotFoundError, match="no meaning for Inverse"):
        meaning_of(Inverse(X))


def test_a_second_registration_is_refused():
    with pytest.raises(SymbpError, match="has a backward rule already: matmul_vjp"):
        rule(MatMul, "Why.")(lambda node, output, adjoint: ())
    with pytest.raises(SymbpError, match="has a meaning already: softmax"):
        meaning(Softmax)(lambda xp, z: z)


def test_a_rule_needs_a_sentence_for_students():
    with pytest.raises(SymbpError, match="needs a sentence"):
        rule(Inverse, " ")(lambda node, output, adjoint: ())
    assert Inverse not in vjp.registry


@pytest.mark.parametrize("node_type", [t for t in vjp.registry if t is not object], ids=lambda t: t.__name__)
def test_every_sentence_is_one_for_a_student(node_type):
    sentence = steps[vjp.registry[node_type]].why
    assert sentence.endswith(".")
    assert sentence[0].isupper()
    assert not {"vjp", "adjoint", "node"} & set(sentence.lower().replace("-", " ").split())


def test_a_product_explains_each_side():
    w = Variable("W", 3, 3, Role.WEIGHT, "W")
    left, right = explain(MatMul(w, X), 0), explain(MatMul(w, X), 1)
    assert "a column times a row" in left.why
    assert "transpose" in right.why
