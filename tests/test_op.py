"""The two open tables: what is not there is named, what is there is not replaced."""

import operations  # noqa: F401 - registers every rule
import pytest
from layer_kinds import NETWORKS
from sympy import Inverse, MatMul

from symbp import RuleNotFoundError, SymbpError, derive
from symbp.networks.operations import OPERATIONS
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


OWN = [kind for kind in vjp.registry if kind.__module__.startswith(("symbp", "sympy"))]
"""What has a rule of ours; tests and documents of operations from elsewhere register theirs."""


@pytest.mark.parametrize("node_type", OWN, ids=lambda t: t.__name__)
def test_every_sentence_is_one_for_a_student(node_type):
    sentence = steps[vjp.registry[node_type]].why
    assert sentence.endswith(".")
    assert sentence[0].isupper()
    assert not {"vjp", "adjoint", "node"} & set(sentence.lower().replace("-", " ").split())


def taken():
    """Every step of the table of rules, and every one that is taken in a network or an operation."""
    rules = [steps[vjp.registry[node_type]] for node_type in OWN]
    derived = [derive(build()) for build in NETWORKS.values()] + [derive(name) for name in OPERATIONS]
    return {*rules, *(step for each in derived for equation in each.backward for step in equation.steps)}


def test_every_step_has_a_few_words_of_its_own():
    sentences = {}
    for step in taken():
        assert 0 < len(step.short.split()) <= 8, step
        assert step.short[-1] not in ".,:;"
        assert step.short[0].islower()
        assert sentences.setdefault(step.short, step.why) == step.why


def test_attention_says_who_meets_whom():
    backward = derive("transformer-block").backward
    words = {letter: backward[f"dblock1.attention.head1.{letter}"].steps[0].short for letter in "QKV"}
    assert words == {
        "Q": "a query meets its keys",
        "K": "a key meets its queries",
        "V": "a value gathers errors by its weights",
    }


def test_a_weight_is_called_one_and_nothing_else_is():
    w = Variable("W", 3, 3, Role.WEIGHT, "W")
    assert explain(MatMul(w, X), 1).short == "a weight sends errors back by its transpose"
    assert "weight" not in explain(MatMul(X, X), 1).short


def test_a_product_explains_each_side():
    w = Variable("W", 3, 3, Role.WEIGHT, "W")
    left, right = explain(MatMul(w, X), 0), explain(MatMul(w, X), 1)
    assert "a column times a row" in left.why
    assert "transpose" in right.why
