"""Attention and transformer blocks: their equations, the textbook's formulas, their factors, their numbers."""

import time
from types import SimpleNamespace

import numpy as np
import pytest
from sympy import Integer, MatMul, sqrt

from symbp import Dense, Network, ShapeError, SpecError, check, derive
from symbp.calculus.factor import Acts
from symbp.networks.attention import Attention
from symbp.networks.layers import Linear
from symbp.networks.transformer import TransformerBlock
from symbp.numeric import engines
from symbp.numeric.definitions import Standins
from symbp.numeric.source import program
from symbp.op import FactorRole
from symbp.ops.attention import MaskedSoftmax, masked_softmax
from symbp.ops.softmax import SoftmaxJacobian
from symbp.ops.structure import Pad, Rows, Stack
from symbp.ops.within import Gram, Mix, Outer
from symbp.symbols import BATCH, Adjoint, Role, Variable


def network(*layers, **options):
    return Network(layers, **{"inputs": 4, "loss": "mse", **options})


def drawn(variables, m, seed=0):
    random = np.random.default_rng(seed)
    sizes = [[int(n.xreplace({BATCH: Integer(m)})) for n in each.shape] for each in variables]
    return {each.name: random.normal(size=size) for each, size in zip(variables, sizes, strict=True)}


@pytest.mark.parametrize(
    "layers",
    [
        (Attention(tokens=3),),
        (Attention(tokens=3, units=5, causal=True), Dense(2, "tanh")),
        (Linear(5), Attention(tokens=2, heads=3, units=6)),
        (Attention(tokens=4, heads=2, units=4, causal=True),),
        (Attention(tokens=3, units=5), Attention(tokens=3, heads=4)),
        (TransformerBlock(tokens=3, heads=2, hidden=5),),
        (TransformerBlock(tokens=2, heads=2, hidden=5, activation="relu", causal=True, bias=True), Linear(3)),
    ],
    ids=["single", "causal", "heads", "causal heads", "two", "block", "causal block"],
)
def test_every_gradient_agrees(layers):
    derived = derive(network(*layers))
    report = check(derived)
    assert report.passed, report.rows
    assert all(run.examples > 1 for run in report.runs)
    keys = {p.name for p in derived.wrt if p.stem == "bK"}
    assert {row.name: row.verdict for row in report.rows if row.verdict != "agrees"} == dict.fromkeys(
        keys, "zero to rounding"
    )


def test_the_gradient_of_the_key_bias_is_zero_to_rounding():
    rows = {row.name: row.verdict for row in check(derive(network(Attention(tokens=3, bias=True)))).rows}
    assert rows.pop("attention.bK") == "zero to rounding"
    assert set(rows.values()) == {"agrees"}


def test_the_five_backward_equations():
    derived = derive(network(Attention(tokens=3, units=5)))
    s = {each.lhs.stem: each.lhs for each in derived.forward}
    g = SimpleNamespace(**{stem: Adjoint(symbol) for stem, symbol in s.items()})
    scale = 1 / sqrt(5)
    right_sides = {letter: derived.backward[f"dattention.{letter}"].rhs for letter in "VPSQK"}
    assert right_sides == {
        "V": Outer(g.A, s["P"], 3, 3),
        "P": Gram(s["V"], g.A, 3, 3),
        "S": SoftmaxJacobian(s["P"], g.P),
        "Q": MatMul(scale, Mix(s["K"], g.S, 3, 3)),
        "K": MatMul(scale, Outer(s["Q"], g.S, 3, 3)),
    }


def textbook(x, w, d_out, causal):
    """Attention of one example with tokens as rows, and its gradients, as books write them."""
    q, k, v = (x @ w[f"W{letter}"].T for letter in "QKV")
    root = np.sqrt(q.shape[1])
    s = q @ k.T / root
    if causal:
        s = np.where(np.tril(np.ones_like(s)) == 1, s, -np.inf)
    e = np.exp(s)
    p = e / e.sum(axis=1, keepdims=True)
    a = p @ v
    d_a = d_out @ w["WO"]
    d_v = p.T @ d_a
    d_p = d_a @ v.T
    row_sum = (d_p * p).sum(axis=1, keepdims=True)
    d_s = p * (d_p - row_sum)
    return {"O": a @ w["WO"].T, "P": p, "dV": d_v, "dP": d_p, "dS": d_s, "dQ": d_s @ k / root, "dK": d_s.T @ q / root}


@pytest.mark.parametrize("causal", [False, True])
def test_the_equations_are_those_of_the_textbook_with_tokens_as_rows(causal):
    tokens, m = 3, 2
    derived = derive(network(Attention(tokens=tokens, units=5, causal=causal)))
    forward = derived.forward
    values = drawn(forward.given, m)
    source = program(forward, derived.backward, derived.wrt, Standins())
    weights = {name: value for name, value in values.items() if "." in name}
    _, local = engines.real().run(source, traced=True)(weights, values["X"], values["Y"])
    for example in range(m):
        here = slice(example * tokens, (example + 1) * tokens)
        expected = textbook(
            values["X"][:, here].T,
            {name.removeprefix("attention."): value for name, value in weights.items()},
            local["dattention_O"][:, here].T,
            causal,
        )
        for name, value in expected.items():
            letter = name.removeprefix("d")
            found = local[f"{'d' * (name != letter)}attention_{letter}"][:, here]
            np.testing.assert_allclose(found.T, value, rtol=1e-12, atol=1e-14, err_msg=name)
    assert local["attention_P"].shape == (tokens, tokens * m)


def test_a_token_does_not_feel_other_examples_nor_later_tokens():
    compiled = derive(network(Attention(tokens=3, causal=True)), wrt=["X"]).compile()
    values = drawn(network(Attention(tokens=3)).forward.given, 2)
    parameters = {name: value for name, value in values.items() if "." in name}
    x, y = values["X"], values["Y"]
    _, before = compiled(parameters, x, y)
    changed = y.copy()
    changed[:, 1] += 1.0  # Only token 1 of example 0 has another error.
    _, after = compiled(parameters, x, changed)
    moved = np.abs(after["X"] - before["X"]).max(axis=0) > 0
    assert moved.tolist() == [True, True, False, False, False, False]


def test_scores_of_any_size_give_no_nan_and_masked_ones_do_not_matter():
    s = np.array([[1e4, -1e4, 3.0, -1e300], [1e300, 1e4, 5.0, 1e300]])
    with np.errstate(all="raise", under="ignore"):
        p = masked_softmax(np, s, 2, 0)
        causal = masked_softmax(np, s, 2, 1)
        padded = masked_softmax(np, s, 2, 0, np.array([[1.0, 1.0], [1.0, 0.0]]))
    assert p[:, 0].tolist() == [0, 1]
    np.testing.assert_allclose(p.sum(axis=0), 1, rtol=1e-15)
    assert causal[:, 0].tolist() == [1, 0]
    assert padded[:, 2:].tolist() == [[1, 1], [0, 0]]


def test_attention_is_a_sum_over_its_queries_keys_and_values():
    derived = derive(network(Linear(4), Attention(tokens=3, units=5), inputs=3))
    loss, out, total, last = derived.gradients["W1"].factors
    assert [loss.role, out.role, last.role] == [FactorRole.LOSS, FactorRole.WEIGHT, FactorRole.PREVIOUS]
    assert total.acts is Acts.SUM
    names = {tuple(str(each.expr) for each in branch if each.role is FactorRole.WEIGHT) for branch in total.branches}
    assert names == {("attention.WQ.T",), ("attention.WK.T",), ("attention.WV.T",)}
    through = {branch[-1].expr.arg.stem: [each.acts for each in branch] for branch in total.branches}
    assert through["WV"] == [Acts.OPERATOR, Acts.LEFT]
    # Values, softmax, keys or queries; 1/√d; the weight.
    assert through["WQ"] == through["WK"] == [Acts.OPERATOR] * 3 + [Acts.LEFT] * 2


def test_a_block_keeps_its_identity_and_its_heads_are_one_block_of_equations():
    derived = derive(network(Linear(4), TransformerBlock(tokens=3, heads=2), inputs=3))
    sums = [factor for factor in derived.gradients["W1"].factors if factor.acts is Acts.SUM]
    assert [factor.branches[0] for factor in sums] == [(), ()]
    (inner,) = [factor for factor in sums[1].branches[1] if factor.acts is Acts.SUM]
    assert [branch[0].role for branch in inner.branches] == [FactorRole.BLOCK] * 3


def test_names():
    net = network(Attention(tokens=3), TransformerBlock(tokens=3), TransformerBlock(tokens=3), Attention(tokens=3))
    names = [p.name for p in net.parameters]
    assert names[:4] == ["attention.WQ", "attention.WK", "attention.WV", "attention.WO"]
    assert names[4:9] == ["block1.norm1.gamma", "block1.norm1.beta", *(f"block1.attention.W{x}" for x in "QKV")]
    assert "block2.hidden.W" in names
    assert names[-1] == "attention2.WO"
    assert net.x.shape == net.y.shape
    assert str(net.x.shape[1]) == "3*m"
    assert net.batch


def test_24_blocks_take_twice_as_long_as_12():
    def seconds(blocks):
        layers = [TransformerBlock(tokens=4, heads=2, causal=True) for _ in range(blocks)]
        start = time.perf_counter()
        derived = derive(network(*layers))
        assert len(derived.gradients["block1.attention.WQ"].factors) > blocks
        return time.perf_counter() - start

    seconds(3)
    short, long = (min(seconds(blocks) for _ in range(3)) for blocks in (12, 24))
    assert long < 4 * short


def test_shapes_are_checked_where_blocks_are_cut_and_stacked():
    z, a = (Variable(name, 5, cols, Role.ACTIVATION, name, 1) for name, cols in (("Z", 4), ("A", 3)))
    with pytest.raises(ShapeError, match=r"no rows 3 to 5: Z is 5×4, counted from 0"):
        Rows(z, 3, 3)
    with pytest.raises(ShapeError, match="no rows 2 to 6: there are 6 rows"):
        Pad(z, 2, 6)
    with pytest.raises(ShapeError, match="Z is 5×4 and A is 5×3: blocks one above another need equally many columns"):
        Stack(z, a)
    with pytest.raises(ShapeError, match="the scores Z have 5 keys and 2 queries: a causal mask needs equally many"):
        MaskedSoftmax(z, 2, True)
    with pytest.raises(ShapeError, match="the mask A is 5×3, and the scores Z, 5×4, need 5×2"):
        MaskedSoftmax(z, 2, False, a)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: network(Attention(tokens=3, heads=3)), "3 heads do not divide a width of 4: give 1, 2, 4 heads"),
        (lambda: Attention(tokens=3, heads=2, units=5), "2 heads do not divide a width of 5: give 1, 5 heads"),
        (lambda: network(TransformerBlock(tokens=2, heads=5)), "5 heads do not divide a width of 4"),
        (lambda: network(Attention(tokens=3, heads=2), inputs=None), "2 heads need a width that is a number"),
        (
            lambda: network(TransformerBlock(tokens=3), inputs=None),
            "block needs a width that is a number, and it is n0: give inputs",
        ),
        (lambda: Attention(tokens=0), "attention cannot have 0 tokens: give a whole number from 1"),
        (lambda: Attention(tokens=2, heads=True), "heads is True: give a whole number"),
        (lambda: network(Attention(tokens=2), Attention(tokens=3)), "attention over 2 tokens and over 3"),
    ],
)
def test_refused(build, message):
    with pytest.raises(SpecError, match=message) as caught:
        build()
    assert "\n" not in str(caught.value)


def test_columns_that_are_no_whole_examples_are_refused():
    compiled = derive(network(Attention(tokens=3))).compile()
    values = drawn(network(Attention(tokens=3)).forward.given, 2)
    parameters = {name: value for name, value in values.items() if "." in name}
    with pytest.raises(
        ShapeError, match="the columns of X are 5: an example is 3 tokens, a column each, so give a multiple"
    ):
        compiled(parameters, values["X"][:, :5], values["Y"][:, :5])
