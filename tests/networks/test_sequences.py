"""Sequences side by side: any sizes, masks, two lengths; planted rules; what does not fit is one line."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Symbol
from systems import outer_of_two

from symbp import (
    Attention,
    CrossAttention,
    DecoderBlock,
    Dense,
    Encoder,
    Linear,
    Network,
    Positions,
    ShapeError,
    SpecError,
    TransformerBlock,
    check,
    derive,
)
from symbp.op import steps, vjp
from symbp.ops.positions import Offsets, Rotate, Tile
from symbp.ops.within import Gram, Mix, Outer
from symbp.symbols import BATCH, Role, Variable


def network(*layers, inputs=4):
    return Network(layers, inputs=inputs, loss="mse")


@st.composite
def sequences(draw):
    """A layer of attention with any of its options, the width of its tokens, and how many examples."""
    kv_heads = draw(st.integers(1, 2))
    heads, size = kv_heads * draw(st.integers(1, 2)), draw(st.integers(1, 3))
    tokens, width = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    crosses = draw(st.booleans())
    common = {"tokens": tokens, "heads": heads, "kv_heads": kv_heads, "units": heads * size}
    common |= {name: draw(st.booleans()) for name in ("bias", "relative", "padding")}
    own = {"causal": draw(st.booleans()), "rotary": size % 2 == 0 and draw(st.booleans())}
    other = {"memory": draw(st.integers(1, 4)), "width": draw(st.integers(1, 5))}
    layer = CrossAttention(**common, **other) if crosses else Attention(**common, **own)
    return layer, width, draw(st.integers(1, 3))


@given(sequences(), st.integers(0, 5))
@settings(max_examples=25, deadline=None)
def test_gradients_of_any_sizes_are_the_slopes_of_the_loss(drawn, seed):
    """Against the complex step of the forward pass by hand: one sequence after the other, heads cut by slices."""
    layer, width, examples = drawn
    derived = derive(Network([layer], inputs=width, loss="mse"))
    random = np.random.default_rng(seed)
    p = {each.name: random.normal(size=[int(n) for n in each.shape]) for each in derived.wrt}
    keys = layer.memory if isinstance(layer, CrossAttention) else layer.tokens
    x = random.normal(size=(width, layer.tokens * examples))
    source = x if not isinstance(layer, CrossAttention) else random.normal(size=(layer.width, keys * examples))
    mask = (np.arange(keys)[:, None] < random.integers(1, keys + 1, examples)).astype(float)
    y = random.normal(size=x.shape)
    data = {"X": x}
    data |= {"C": source} if isinstance(layer, CrossAttention) else {}
    data |= {"NC" if isinstance(layer, CrossAttention) else "N": mask} if layer.padding else {}
    loss, gradients = derived.compile()(p, data, y)
    kept = mask if layer.padding else np.ones_like(mask)
    assert loss == pytest.approx(by_hand(layer, p, x, source, kept, y).real, rel=1e-12)
    name = random.choice(list(p))
    direction = random.normal(size=p[name].shape)
    moved = {**p, name: p[name] + 1e-30j * direction}
    slope = by_hand(layer, moved, x, source, kept, y).imag / 1e-30
    assert np.sum(gradients[name] * direction) == pytest.approx(slope, rel=1e-9, abs=1e-12)


def by_hand(layer, p, x, source, kept, y):
    """The loss of attention, an example and a head at a time."""
    path, tokens, keys = f"{layer.scope}.", layer.tokens, kept.shape[0]
    total = 0
    for example in range(kept.shape[1]):
        own, other = x[:, example * tokens :][:, :tokens], source[:, example * keys :][:, :keys]
        q, k, v = (
            p[f"{path}W{letter}"] @ of + (p[f"{path}b{letter}"] if layer.bias else 0)
            for letter, of in zip("QKV", (own, other, other), strict=True)
        )
        size, mixed = layer.units // layer.heads, []
        for head in range(layer.heads):
            shared = head // (layer.heads // layer.kv_heads)
            qh, kh, vh = (a[at * size : (at + 1) * size] for a, at in ((q, head), (k, shared), (v, shared)))
            qh, kh = (turned(a) if getattr(layer, "rotary", False) else a for a in (qh, kh))
            s = kh.T @ qh / np.sqrt(size)
            if layer.relative:
                r = p[f"{path}r" if layer.heads == 1 else f"{path}head{head + 1}.r"]
                s = s + np.array([[r[0, j - i + keys - 1] for j in range(tokens)] for i in range(keys)])
            e = np.exp(s) * kept[:, [example]]
            e = np.triu(e) if layer.causal else e
            mixed.append(vh @ (e / e.sum(axis=0)))
        out = p[f"{path}WO"] @ np.concatenate(mixed) + (p[f"{path}bO"] if layer.bias else 0)
        total = total + np.sum((out - y[:, example * tokens :][:, :tokens]) ** 2)
    return complex(total / (2 * x.shape[1]))


def turned(a):
    half = a.shape[0] // 2
    found = a.astype(complex)
    for i in range(half):
        for t in range(a.shape[1]):
            angle = t * 10_000.0 ** (-i / half)
            c, s = np.cos(angle), np.sin(angle)
            found[i, t] = a[i, t] * c - a[i + half, t] * s
            found[i + half, t] = a[i + half, t] * c + a[i, t] * s
    return found


EVERYTHING = network(
    Encoder(layers=[Linear(4), TransformerBlock(tokens=2, heads=2, hidden=3, activation="tanh")], tokens=2, inputs=3),
    Positions(tokens=3),
    DecoderBlock(tokens=3, kv_heads=1, heads=2, hidden=5, activation="tanh", rotary=True, relative=True, padding=True),
    Dense(2, "softmax"),
)
"""Every operation on sequences in one network."""


def test_everything_together_agrees():
    report = check(derive(EVERYTHING), thorough=False)
    assert report.passed, report.rows


WRONG = {
    Gram: lambda node, parts: parts[::-1],
    Mix: lambda node, parts: (parts[0], -1 * parts[1]),
    Outer: lambda node, parts: (parts[0], 2 * parts[1]),
    Tile: lambda node, parts: (2 * parts[0],),
    Offsets: lambda node, parts: (-1 * parts[0],),
    Rotate: lambda node, parts: (Rotate(parts[0].args[0], *node.args[1:]),),
}
"""Rules as people get them wrong: queries for keys, a sign, a factor, the wrong way round."""


def every_operation():
    return derive(network(Positions(tokens=3), Attention(tokens=3, rotary=True, relative=True), Linear(2)))


@pytest.mark.parametrize("kind", WRONG, ids=lambda kind: kind.__name__)
def test_a_wrong_rule_fails_the_check(kind, monkeypatch):
    right = vjp.dispatch(kind)

    def wrong(node, output, adjoint):
        return WRONG[kind](node, right(node, output, adjoint))

    monkeypatch.setitem(steps, wrong, steps[right])
    build = outer_of_two if kind is Outer else every_operation
    assert check(build(), thorough=False).passed
    vjp.register(kind, wrong)
    try:
        assert not check(build(), thorough=False).passed
    finally:
        vjp.register(kind, right)


def test_examples_do_not_couple_and_scores_are_tokens_by_tokens():
    derived = derive(EVERYTHING)
    assert derived.coupled == ()
    scores = [each for each in derived.forward if each.lhs.role is Role.SCORE and each.lhs.stem == "S"]
    assert {str(each.lhs.shape) for each in scores} == {"(2, 2*m)", "(3, 3*m)", "(2, 3*m)"}
    one = derived.readable
    assert not any(size.has(BATCH) for each in (*one.forward, *one.backward) for size in each.lhs.shape)
    assert [each.name for each in one.backward] == [each.name for each in derived.backward]


def test_one_sequence_is_the_batch_of_one():
    derived, random = derive(EVERYTHING), np.random.default_rng(0)
    one = derived.readable
    p = {each.name: random.normal(size=[int(n) for n in each.shape]) for each in one.wrt}
    data = {each.name: random.normal(size=[int(n) for n in each.shape]) for each in one.network.inputs}
    data |= {name: np.ones_like(array) for name, array in data.items() if name.startswith("N")}
    y = np.eye(2)[:, [0, 1, 1]]
    (loss, gradients), (right, expected) = (each.compile()(p, data, y) for each in (one, derived))
    assert loss == pytest.approx(right, rel=1e-14)
    assert all(np.allclose(gradients[name], expected[name], rtol=1e-11, atol=1e-14) for name in expected)


def matrix(name, rows, columns):
    return Variable(name, rows, columns, Role.ACTIVATION, name)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: Gram(matrix("A", 2, 3 * BATCH), matrix("B", 4, 3 * BATCH), 3, 3),
            "A is 2×3*m and B is 4×3*m: Gram needs",
        ),
        (lambda: Mix(matrix("A", 2, 3 * BATCH), matrix("B", 2, 3 * BATCH), 3, 3), "Mix needs 3 = 2"),
        (lambda: Gram(matrix("A", 2, 3 * BATCH), matrix("B", 2, Symbol("k") * 3), 3, 3), "must be equally many"),
        (lambda: Rotate(matrix("A", 3, 2 * BATCH), 2), "turn pairs of rows, so their number is even"),
        (lambda: Offsets(matrix("r", 1, 4), 2, 2), "2 keys and 2 queries have 3 distances"),
    ],
)
def test_shapes_that_do_not_fit(build, message):
    with pytest.raises(ShapeError, match=message.replace("*", r"\*")):
        build()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Attention(tokens=2, heads=4, kv_heads=3), "3 heads of keys and values do not divide 4 heads"),
        (lambda: network(Attention(tokens=2, rotary=True), inputs=3), "rotary positions turn pairs of rows"),
        (lambda: network(CrossAttention(tokens=2)), "give memory, its number of tokens"),
        (lambda: CrossAttention(tokens=2, memory=3, causal=True), "causal and rotary say nothing"),
        (
            lambda: network(CrossAttention(tokens=2, memory=3), CrossAttention(tokens=2, memory=4)),
            "the other sequence is C, 4 × 3 tokens, and a layer wants 4 × 4 tokens",
        ),
        (lambda: Encoder(layers=[], tokens=2), "an encoder needs at least one layer"),
        (lambda: Encoder(layers=[Attention(tokens=3)], tokens=2), "an encoder of 2 tokens has layers of 3"),
        (lambda: network(Encoder(layers=[Linear(4)], tokens=2)), "ends in an encoder, which nothing reads"),
        (lambda: network(Attention(tokens=2), Attention(tokens=3)), "attention over 2 tokens and over 3"),
        (lambda: Positions(tokens=0), "cannot have 0 tokens"),
    ],
)
def test_layers_that_do_not_fit(build, message):
    with pytest.raises(SpecError, match=message):
        build()


MASKED = derive(network(Attention(tokens=3, padding=True, causal=True), inputs=2))


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        ([[1, 0], [1, 0], [1, 0]], "N masks every key of example 1: leave at least one token"),
        ([[1, 0], [1, 1], [1, 0]], "N masks the first token of example 1, the only one its first query"),
        ([[1, 0.5], [1, 1], [1, 0]], "N must hold only 0 and 1"),
        ([[1, 1], [1, 1]], r"N has shape \(2, 2\) but must be 3×m"),
        ([[1, 1, 1], [1, 1, 1], [1, 1, 1]], r"N has shape \(3, 3\) but must be 3×m: 3 columns"),
    ],
)
def test_masks_that_leave_nothing_or_do_not_fit(mask, message):
    p = {each.name: np.ones([int(n) for n in each.shape]) for each in MASKED.wrt}
    with pytest.raises((SpecError, ShapeError), match=message):
        MASKED.compile()(p, {"X": np.ones((2, 6)), "N": np.array(mask)}, np.ones((2, 6)))


def test_columns_that_are_no_whole_sequences():
    p = {each.name: np.ones([int(n) for n in each.shape]) for each in MASKED.wrt}
    with pytest.raises(ShapeError, match="the columns of X are 5: an example is 3 tokens, a column each"):
        MASKED.compile()(p, {"X": np.ones((2, 5)), "N": np.ones((3, 2))}, np.ones((2, 6)))
