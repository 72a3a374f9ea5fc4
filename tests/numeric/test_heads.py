"""Heads are one array in the program: the same numbers as the lists, which have the equations of each head."""

import re
from functools import partial

import numpy as np
import pytest
from programs import arguments, largest_difference, plain
from sympy import HadamardProduct, MatAdd, MatMul, Rational, sympify
from systems import case, variable

from symbp import Attention, CrossAttention, DecoderBlock, Network, TransformerBlock, derive
from symbp.equations import Equation
from symbp.numeric import engines
from symbp.numeric.definitions import Standins
from symbp.numeric.fusion import fused
from symbp.numeric.heads import OF_EACH, Split
from symbp.numeric.schedule import Schedule
from symbp.numeric.source import program
from symbp.op import meaning_of
from symbp.ops.attention import MaskedSoftmax
from symbp.ops.elementwise import Elementwise, Slope
from symbp.ops.functions import activation
from symbp.ops.positions import Offsets, OffsetSums, Rotate, SumExamples, Tile
from symbp.ops.softmax import Softmax, SoftmaxJacobian
from symbp.ops.structure import Rows, Stack
from symbp.ops.within import Gram, Mix, Outer
from symbp.symbols import BATCH, Role, Variable


def network(*layers, inputs=8):
    return Network(layers, inputs, "mse")


EVERYTHING = {"heads": 4, "kv_heads": 2, "causal": True, "bias": True, "rotary": True, "relative": True}
NETWORKS = {
    "two heads": network(Attention(tokens=3, heads=2)),
    "one token": network(Attention(tokens=1, heads=4)),
    "causal, biases": network(Attention(tokens=3, heads=4, causal=True, bias=True)),
    "grouped queries": network(Attention(tokens=3, heads=4, kv_heads=2)),
    "one head of keys": network(Attention(tokens=3, heads=4, kv_heads=1)),
    "rotary": network(Attention(tokens=3, heads=2, rotary=True)),
    "relative": network(Attention(tokens=3, heads=2, relative=True)),
    "padding": network(Attention(tokens=3, heads=2, padding=True)),
    "everything": network(Attention(tokens=3, padding=True, **EVERYTHING)),
    "cross": network(CrossAttention(tokens=5, memory=2, heads=2, padding=True, relative=True, width=6)),
    "blocks": network(TransformerBlock(tokens=3, heads=2), TransformerBlock(tokens=3, heads=4)),
    "decoder": network(DecoderBlock(tokens=3, heads=2, memory=2)),
    "12 heads": network(Attention(tokens=2, heads=12), inputs=12),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("examples", [1, 3])
def test_the_numbers_are_those_of_the_lists(name, examples):
    derived = derive(NETWORKS[name])
    given = arguments(derived, examples)
    loss, gradients = derived.compile()(*given)
    right, expected = engines.real().run(plain(derived))(*given)
    assert loss == pytest.approx(float(right), rel=1e-13)
    assert list(gradients) == list(expected)
    assert largest_difference(gradients, expected) < 1e-13


@pytest.mark.parametrize(("number", "bound"), [("complex", 1e-13), ("digits", 1e-47)])
def test_other_number_systems_run_it(number, bound):
    derived = derive(NETWORKS["everything"])
    engine = engines.ENGINES[number]()
    parameters, inputs, targets = arguments(derived, examples=2)
    given = [{key: engine.array(value) for key, value in each.items()} for each in (parameters, inputs)]
    compiled, full = (
        engine.run(each)(*given, engine.array(targets)) for each in (derived.compile().program, plain(derived))
    )
    apart = [compiled[0] - full[0], *(compiled[1][key] - full[1][key] for key in full[1])]
    assert max(np.max(np.abs(each.floats() if number == "digits" else each)) for each in apart) < bound


def test_a_program_has_one_product_for_all_heads_and_moves_no_entry():
    source = derive(NETWORKS["two heads"]).compile().source
    body = source[source.index("# forward") :]
    assert "attention_heads_Q = attention_Q.reshape(2, 4, -1)" in body
    assert "attention_heads_S = gram(attention_heads_K, attention_heads_Q, 3, 3) / 2" in body
    assert "attention_A = attention_heads_A.reshape(8, -1)" in body
    assert "dattention_Q = dattention_heads_Q.reshape(8, -1)" in body
    assert len(re.findall(r"= (?:gram|mix|outer)\(", body)) == 6
    assert not re.search(r"head\d|concatenate|\[\d", body)
    assert max(map(len, source.splitlines())) <= 120


def test_gradients_share_no_entries():
    derived = derive(NETWORKS["everything"])
    gradients = list(derived.compile()(*arguments(derived))[1].values())
    for index, gradient in enumerate(gradients):
        assert not any(np.shares_memory(gradient, other) for other in gradients[:index])


def test_the_printed_lists_keep_their_heads():
    derived = derive(NETWORKS["two heads"])
    before = str(derived.forward), str(derived.backward)
    derived.compile()
    assert (str(derived.forward), str(derived.backward)) == before
    assert "attention.head1.S" in before[0]


def test_a_name_that_the_array_would_have_may_be_taken():
    derived = heads()
    taken = variable("Qs", 4, 3 * BATCH)
    renamed = {each.lhs: taken for each in derived.forward if each.name == "Z0"}
    equations = [(renamed.get(each.lhs, each.lhs), each.rhs.xreplace(renamed)) for each in derived.forward[:-1]]
    derived = case(*equations, given=derived.forward.given[:-1])
    assert "Qs_" in {each.name for each in schedules(derived)[0]}
    assert_same_numbers(derived)


X = variable("X", 2, 3 * BATCH)
W = variable("W1", 4, 2)


def heads(first=((0, 2), (2, 2)), softmax=(Softmax, Softmax), reads=False, also=False, scale=(1, 1)):
    """Two heads as somebody writes them, each with its rows of Z = W·X, its softmax and its number."""
    z = variable("Z0", 4, X.shape[1])
    equations, mixed = [(z, MatMul(W, X))], []
    for head in (0, 1):
        q, s, p, a = (variable(f"{x}{head + 1}", n, X.shape[1]) for x, n in (("Q", 2), ("S", 3), ("P", 3), ("A", 2)))
        keys = mixed[0] if reads and head else q
        score = Gram(keys, keys, 3, 3)
        equations += [
            (q, Rows(z, *first[head])),
            (s, score if scale[head] == 1 else MatMul(scale[head], score)),
            (p, softmax[head](s)),
            (a, Mix(q, p, 3, 3)),
        ]
        mixed.append(a)
    out = variable("B3", 4, X.shape[1])
    equations.append((out, Stack(*mixed)))
    if also:
        equations.append((variable("B4", 6, X.shape[1]), Stack(mixed[1], out)))
    return case(*equations, given=[X, W])


def schedules(derived):
    return fused(derived.forward, derived.backward, derived.wrt)


def assert_same_numbers(derived):
    given = arguments(derived)
    found = engines.real().run(program(*schedules(derived), derived.wrt, Standins()))(*given)
    right = engines.real().run(plain(derived))(*given)
    assert float(found[0]) == pytest.approx(float(right[0]), rel=1e-13)
    assert largest_difference(found[1], right[1]) < 1e-13


def causal(s):
    return MaskedSoftmax(s, 3, 1)


tanh, identity = (partial(Elementwise, activation(name)) for name in ("tanh", "identity"))


UNLIKE = {
    "alike": ({}, {"Qs", "Ss", "Ps", "As"}, True),
    "rows in another order": ({"first": ((2, 2), (0, 2))}, {"Qs", "Ss", "Ps", "As"}, False),
    "rows that overlap": ({"first": ((0, 2), (1, 2))}, {"Qs", "Ss", "Ps", "As"}, False),
    "the same rows": ({"first": ((2, 2), (2, 2))}, {"Qs", "Ss", "Ps", "As"}, False),
    "one mask": ({"softmax": (causal, Softmax)}, {"Qs", "Ps", "As"}, True),
    "another number": ({"scale": (1, Rational(1, 2))}, {"Qs", "Ss", "Ps", "As"}, True),
    "tanh in place of softmax": ({"softmax": (tanh,) * 2}, {"Qs", "Ss", "Ps", "As"}, True),
    "a number for a slope": ({"softmax": (identity,) * 2}, {"Qs", "Ss", "Ps", "As"}, True),
    "a head used elsewhere": ({"also": True}, {"Qs", "Ss", "Ps", "As"}, True),
}
"""What is different of two heads, the arrays of a program, and whether Q is a view of Z."""


@pytest.mark.parametrize("name", UNLIKE)
def test_only_what_is_alike_is_an_array(name):
    options, arrays, is_view = UNLIKE[name]
    derived = heads(**options)
    ahead, _ = schedules(derived)
    found = {each.name: each.rhs for each in ahead if each.name in {"Qs", "Ss", "Ps", "As"}}
    assert found.keys() == arrays
    assert isinstance(found["Ps"], Split) == (name == "one mask")
    assert (found["Qs"] == Split(derived.forward[0].lhs, 2)) == is_view
    assert_same_numbers(derived)


def test_heads_that_read_each_other_stay_as_they_are():
    derived = heads(reads=True)
    assert schedules(derived) == (derived.forward, derived.backward)
    assert_same_numbers(derived)


def test_a_stack_of_unequal_heads_stays_as_it_is():
    z, out = variable("Z0", 4, X.shape[1]), variable("B3", 4, X.shape[1])
    parts = [(variable(f"Q{n}", n, X.shape[1]), variable(f"A{n}", n, X.shape[1])) for n in (1, 3)]
    s = variable("S", 3, X.shape[1])
    rows = [(q, Rows(z, 0 if n == 0 else 1, q.shape[0])) for n, (q, _) in enumerate(parts)]
    mixed = [(a, Mix(q, s, 3, 3)) for q, a in parts]
    derived = case(
        (z, MatMul(W, X)), *rows, (s, Gram(parts[1][0], parts[1][0], 3, 3)), *mixed,
        (out, Stack(*(a for _, a in parts))), given=[X, W],
    )  # fmt: skip
    assert schedules(derived) == (derived.forward, derived.backward)


EACH = {
    Gram: lambda a: Gram(a(2, 3 * BATCH), a(2, 5 * BATCH), 3, 5),
    Mix: lambda a: Mix(a(2, 3 * BATCH), a(3, 5 * BATCH), 3, 5),
    Outer: lambda a: Outer(a(2, 5 * BATCH), a(3, 5 * BATCH), 3, 5),
    MaskedSoftmax: lambda a: MaskedSoftmax(a(3, 3 * BATCH), 3, 1, a(3, BATCH)),
    Softmax: lambda a: Softmax(a(3, BATCH)),
    SoftmaxJacobian: lambda a: SoftmaxJacobian(a(3, BATCH), a(3, BATCH)),
    Rotate: lambda a: Rotate(a(4, 3 * BATCH), 3),
    Tile: lambda a: Tile(a(4, 3), BATCH),
    SumExamples: lambda a: SumExamples(a(4, 3 * BATCH), 3),
    Offsets: lambda a: Offsets(a(1, 4), 2, 3),
    OffsetSums: lambda a: OffsetSums(a(2, 3), 2, 3),
}


def test_every_operation_is_tested_on_arrays():
    entrywise = {Elementwise, Slope, HadamardProduct, MatAdd}
    assert {kind for each in EACH for kind in OF_EACH if issubclass(each, kind)} == {*OF_EACH} - entrywise


@pytest.mark.parametrize("kind", EACH)
@pytest.mark.parametrize("engine", [engines.real, engines.complex_, engines.digits])
def test_an_operation_does_to_every_matrix_what_it_does_to_one(kind, engine):
    made, number, random = [], engine(), np.random.default_rng(0)

    def drawn(rows, columns):
        is_mask = kind is MaskedSoftmax and made
        size = [int(sympify(n).subs(BATCH, 2)) for n in (rows, columns)]
        made.append(np.ones((7, *size)) if is_mask else random.normal(size=(7, *size)))
        return Variable(f"M{len(made)}", rows, columns, Role.ACTIVATION, "M")

    node = EACH[kind](drawn)
    rest = [int(arg.subs(BATCH, 2)) for arg in node.args if not arg.is_Matrix]

    def result(arrays):
        operands = iter([number.array(each) for each in arrays])
        others = iter(rest)
        return meaning_of(node)(number.np, *(next(operands if arg.is_Matrix else others) for arg in node.args))

    floats = (lambda each: each.floats()) if engine is engines.digits else np.asarray
    together = floats(result(made))
    for place in range(7):
        np.testing.assert_allclose(together[place], floats(result([each[place] for each in made])), rtol=1e-14)


def swapped(equation):
    """Turn the first head and the last around where heads are put behind one another."""
    stack, count = equation.rhs.args
    first, *between, last = stack.args
    return Equation(equation.lhs, Split(Stack(last, *between, first), count))


def test_an_array_with_two_heads_exchanged_is_seen():
    stem = "attention.heads.r"
    derived = derive(NETWORKS["everything"])
    ahead, back = schedules(derived)
    planted = Schedule(tuple(swapped(each) if each.name == stem else each for each in ahead), ahead.given)
    assert planted != ahead
    given = arguments(derived)
    wrong = engines.real().run(program(planted, back, derived.wrt, Standins()))(*given)[1]
    right = engines.real().run(plain(derived))(*given)[1]
    assert largest_difference(wrong, right) > 1e-3
