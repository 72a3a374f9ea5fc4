"""The reader of pages reads what a person reads, refuses what could be read in two ways, and finds planted faults."""

from __future__ import annotations

import warnings
from collections import Counter
from functools import cache

import numpy as np
import plain
import pytest
from corpus import CASES, EQUATIONS, EXAMPLES, LAYERS, truth
from faults import faults
from reader import Env, Map, UnreadableError, closed, executed, gradients_of, read
from spelling import indices_of, name_of
from sympy import Integer

from symbp import derive
from symbp.errors import UnusedParameterWarning
from symbp.maths.tree import (
    APPLY,
    COMMA,
    DOTS,
    EQUALS,
    HADAMARD,
    MINUS,
    NEGATIVE,
    PLUS,
    PRIME,
    TIMES,
    TRANSPOSE,
    Fence,
    Frac,
    Id,
    Num,
    Root,
    Row,
    Script,
    Sign,
    Table,
    Tag,
    Words,
    joined,
    row,
)
from symbp.pages import page as pages
from symbp.pages.page import Aside, Equations, Line, Page, Para, Ref
from symbp.symbols import Adjoint, Role, Variable
from symbp.views.lines import Indexed, index_symbol

RANDOM = np.random.default_rng(0)
ARRAYS = {
    name: RANDOM.normal(size=size)
    for name, size in {
        "W": (4, 3),
        "X": (3, 5),
        "Z": (4, 5),
        "b": (4, 1),
        "s": (1, 1),
        "V": (3, 4),
        "Q": (3, 3),
    }.items()
}
W, X, Z, B, S, V, Q = ARRAYS.values()
SYMBOLS = {name: Variable(name, *array.shape, Role.WEIGHT, name) for name, array in ARRAYS.items()}
ENV = Env(ARRAYS, {"m": 5, "n_{1}": 4})
SUM, SLASH = Sign("∑", "big"), Sign("/", "slash")
ONES = Id("1", "bold")
w, x, z, b, s, v, q = (Tag(Id(name), SYMBOLS[name]) for name in ARRAYS)
m, half = Id("m"), Frac(Num("1"), Num("2"))


def times(*factors):
    return joined(list(factors), TIMES)


def transposed(node):
    return Script(node, None, TRANSPOSE)


def squared(node):
    return Script(node, None, Num("2"))


def of(word, *arguments):
    head = Id(word, "upright") if isinstance(word, str) else word
    return row(head, APPLY, Fence(joined(list(arguments), COMMA)))


def fence(*items):
    return Fence(row(*items))


SIGMOID = 1 / (1 + np.exp(-Z))

READ = {
    "product": (times(w, x), W @ X),
    "three factors": (times(v, w, x), V @ W @ X),
    "transpose": (times(transposed(w), z), W.T @ Z),
    "transpose inside the tag": (times(Tag(Script(Id("W"), None, TRANSPOSE), SYMBOLS["W"]), z), W.T @ Z),
    "transposed product": (transposed(fence(times(w, x))), (W @ X).T),
    "sum before product": (row(times(w, x), PLUS, z), W @ X + Z),
    "minus": (row(z, MINUS, times(w, x), MINUS, z), -W @ X),
    "first minus": (row(NEGATIVE, z, PLUS, times(w, x)), W @ X - Z),
    "number before": (times(Num("2"), half, z), Z),
    "decimal": (times(Num("0.25"), z), Z / 4),
    "1 by 1 before": (times(s, z), S[0, 0] * Z),
    "1 by 1 behind": (times(z, s), S[0, 0] * Z),
    "fraction of sizes": (times(Frac(Num("1"), times(Num("2"), m)), z), Z / 10),
    "fraction over a number": (Frac(z, m), Z / 5),
    "fraction entry by entry": (Frac(z, fence(times(w, x))), Z / (W @ X)),
    "slash": (row(times(w, x), SLASH, Root(Num("3"))), W @ X / np.sqrt(3)),
    "slash takes the whole product": (row(times(w, x), HADAMARD, z, SLASH, m), (W @ X) * Z / 5),
    "entries after the product": (row(times(w, x), HADAMARD, z), (W @ X) * Z),
    "size with an index": (times(Script(Id("n"), Num("1")), z), 4 * Z),
    "square": (squared(z), Z**2),
    "square of brackets": (squared(fence(z, MINUS, times(w, x))), (Z - W @ X) ** 2),
    "square of a square matrix is entry by entry": (squared(q), Q**2),
    "root": (Root(squared(z)), np.abs(Z)),
    "one minus": (row(Num("1"), MINUS, squared(z)), 1 - Z**2),
    "column times ones": (row(times(w, x), PLUS, times(b, transposed(ONES))), W @ X + B),
    "ones sum columns": (times(z, ONES), Z.sum(1, keepdims=True)),
    "ones sum rows": (times(transposed(ONES), z), Z.sum(0, keepdims=True)),
    "ones sum all": (times(transposed(ONES), z, ONES), Z.sum(keepdims=True)),
    "ones with a number between": (times(z, half, ONES), Z.sum(1, keepdims=True) / 2),
    "repeated beside entries": (row(z, HADAMARD, fence(times(b, transposed(ONES)))), Z * B),
    "repeated and summed": (times(b, transposed(ONES), transposed(z)), B @ np.ones((1, 5)) @ Z.T),
    "ones times ones beside a matrix": (row(z, MINUS, times(Num("3"), ONES, transposed(ONES))), Z - 3),
    "function": (of("tanh", z), np.tanh(Z)),
    "function of a sum": (of("tanh", row(times(w, x), PLUS, times(b, transposed(ONES)))), None),
    "slope": (row(z, HADAMARD, of(Script(Id("tanh", "upright"), None, PRIME), z)), Z * (1 - np.tanh(Z) ** 2)),
    "slope of σ": (of(Script(Tag(Id("σ"), "anything"), None, PRIME), z), SIGMOID * (1 - SIGMOID)),
    "power of a function": (
        row(Num("1"), MINUS, of(Script(Id("tanh", "upright"), None, Num("2")), z)),
        1 - np.tanh(Z) ** 2,
    ),
    "softmax goes down columns": (of("softmax", z), np.exp(Z) / np.exp(Z).sum(0)),
    "e to a power": (Script(Id("e"), None, row(NEGATIVE, z)), np.exp(-Z)),
    "logarithm without brackets": (
        row(z, HADAMARD, row(Id("log", "upright"), APPLY, Fence(squared(z)))),
        Z * np.log(Z**2),
    ),
    "two variables": (of(Script(Sign("∂", "prefix"), Num("2")), z), None),
    "diagonal": (of("diag", b), np.diagflat(B)),
    "absolute value": (Fence(z, "|", "|"), np.abs(Z)),
    "length": (squared(Fence(b, "‖", "‖")), np.sum(B**2, keepdims=True)),
    "sum of all entries": (times(Frac(Num("1"), m), row(SUM, squared(z))), (Z**2).sum(keepdims=True) / 5),
    "sum of named entries": (
        row(
            Script(SUM, row(Id("i"), Id("t"))),
            times(Script(z, row(Id("i"), Id("t"))), Script(z, row(Id("i"), Id("t")))),
        ),
        (Z**2).sum(keepdims=True),
    ),
    "sum over one index of entries": (
        row(Script(SUM, Id("k")), times(Script(w, row(Num("2"), Id("k"))), Script(x, row(Id("k"), Num("1"))))),
        (W @ X)[1:2, :1],
    ),
    "sum over numbers": (row(Script(SUM, row(Id("t"), EQUALS, Num("1")), m), times(Id("t"), z)), 15 * Z),
    "a sum ends at a sign": (
        row(Script(SUM, row(Id("t"), EQUALS, Num("1")), Num("2")), times(Id("t"), z), PLUS, z),
        4 * Z,
    ),
    "blocks": (Table(((z, z),)), np.hstack((Z, Z))),
    "blocks above each other": (Table(((x,), (v,))), None),
    "cases": (
        Table(((z, row(Fence(z, "|", "|"), Sign("≤", "rel"), Num("1"))), (Num("0"), Words("else"))), "{", ""),
        np.where(np.abs(Z) <= 1, Z, 0),
    ),
    "π": (times(Id("π"), z), np.pi * Z),
}


@pytest.mark.parametrize(
    ("tree", "value"),
    [pair for pair in READ.values() if pair[1] is not None],
    ids=[name for name, pair in READ.items() if pair[1] is not None],
)
def test_reads(tree, value):
    np.testing.assert_allclose(read(tree, ENV), value, rtol=1e-13)


def test_what_is_repeated_takes_the_shape_of_what_is_defined():
    tree = of("tanh", times(b, transposed(ONES)))
    with pytest.raises(UnreadableError, match="how often"):
        read(tree, ENV)
    np.testing.assert_allclose(read(tree, ENV, shape=(4, 5)), np.tanh(B) @ np.ones((1, 5)))


MAPS = Env(ARRAYS, {"m": 5}, operators={"N": Map(lambda g: 2 * g - g.mean(0), (4, 5))})
N = Tag(Id("N", "script"), "N")


def test_maps_act_on_what_stands_right_of_them():
    mapped = 2 * Z - Z.mean(0)
    np.testing.assert_allclose(read(times(N, z), MAPS), mapped)
    np.testing.assert_allclose(read(times(fence(Id("I"), PLUS, N), z), MAPS), Z + mapped)
    np.testing.assert_allclose(
        read(times(transposed(w), fence(Id("I"), PLUS, N), z, transposed(x)), MAPS), W.T @ (Z + mapped) @ X.T
    )
    product = W @ X
    np.testing.assert_allclose(read(times(N, w, x), MAPS), 2 * product - product.mean(0))


AMBIGUOUS = {
    "nothing between": row(w, x),
    "product of wrong shapes": times(x, w),
    "lost transpose": times(w, z),
    "superfluous transpose": times(transposed(w), x),
    "sum of other shapes": row(z, PLUS, x),
    "entries of other shapes": row(z, HADAMARD, w),
    "column beside a matrix": row(z, PLUS, b),
    "two slashes": row(z, SLASH, m, SLASH, m),
    "a slash before a product": row(z, SLASH, Num("2"), TIMES, m),
    "a slash before ⊙": row(z, SLASH, m, HADAMARD, z),
    "sign after sign": row(z, PLUS, NEGATIVE, z),
    "− behind ⊙": row(z, HADAMARD, NEGATIVE, z),
    "an argument before a product": times(row(Id("tanh", "upright"), APPLY, z), z),
    "a letter that is nothing": times(Id("k"), z),
    "a negative power of a matrix": Script(z, None, row(NEGATIVE, Num("1"))),
    "an index and a power": squared(Tag(Script(Id("Z"), None, Fence(Num("1"))), SYMBOLS["Z"])),
    "an index that is a letter": Tag(Script(Id("Z"), None, Fence(Id("l"))), Indexed(SYMBOLS["Z"], index_symbol("l"))),
    "ones times ones": times(transposed(ONES), ONES),
    "a function that nobody knows": of("blob", z),
    "words": Words("something"),
    "a slope of softmax": of(Script(Id("softmax", "upright"), None, PRIME), z),
    "′ behind a matrix": Script(z, None, PRIME),
    "a map with nothing to act on": row(N, PLUS, z),
    "a number divided by ones": Frac(z, ONES),
    "relation": row(z, EQUALS, z),
    "an empty term": row(z, PLUS),
}


@pytest.mark.parametrize("tree", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_refuses(tree):
    with pytest.raises(UnreadableError):
        read(tree, MAPS)


def listed(*ends):
    return joined(
        [each if isinstance(each, Sign) else Num(str(each)) if isinstance(each, int) else Id(each) for each in ends],
        COMMA,
    )


WHERE = {
    "one": (row(Id("l"), EQUALS, Num("4")), [4]),
    "two": (row(Id("l"), EQUALS, listed(1, 2)), [1, 2]),
    "up": (row(Id("l"), EQUALS, listed(1, DOTS, 4)), [1, 2, 3, 4]),
    "down": (row(Id("l"), EQUALS, listed(3, DOTS, 1)), [3, 2, 1]),
    "by step": (row(Id("l"), EQUALS, listed(1, 3, DOTS, 7)), [1, 3, 5, 7]),
    "to a letter": (row(Id("l"), EQUALS, listed(1, DOTS, "L")), [1, 2, 3, 4, 5]),
    "a letter and a number": (
        row(Id("l"), EQUALS, row(Id("L"), MINUS, Num("1")), COMMA, DOTS, COMMA, Num("1")),
        [4, 3, 2, 1],
    ),
    "below": (row(Id("l"), Sign("<", "rel"), Id("L")), [1, 2, 3, 4]),
    "between": (row(Num("2"), Sign("≤", "rel"), Id("l"), Sign("<", "rel"), Id("L")), [2, 3, 4]),
    "words beside": (row(Words("for"), Id("l"), EQUALS, Num("2")), [2]),
}


@pytest.mark.parametrize(("where", "values"), WHERE.values(), ids=WHERE)
def test_values_of_an_index_are_read(where, values):
    assert indices_of(where, {"L": 5}) == [{"l": value} for value in values]


def test_two_indices_are_read_together():
    where = row(Id("b"), EQUALS, listed(1, 2), COMMA, Id("h"), EQUALS, listed(1, 2))
    assert indices_of(where) == [{"b": b_, "h": h} for b_ in (1, 2) for h in (1, 2)]


# Whole pages


@cache
def derived(name):
    case = {**EQUATIONS, **LAYERS}[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnusedParameterWarning)
        found = derive(case.network())
    values = case.values(found)
    sizes = {"m": 3, **case.sizes}
    return case, found, values, plain.environment(found, values, sizes)


OPEN_WORDS = ("ℓ", "f")
"""What plain pages name and do not define."""


def deviation(values, wanted, gradients):
    """How far loss and gradients of a page are from the right ones, the largest relative to its own size."""
    found = gradients_of(values, gradients)
    least = 1e-6 * max(np.max(np.abs(each)) for each in gradients.values())  # Less is zero to rounding.
    pairs = [(found.get(name, np.inf), right) for name, right in gradients.items()] + [(values["loss"], wanted)]
    return max(np.max(np.abs(one - other)) / max(np.max(np.abs(other)), least) for one, other in pairs)


@pytest.mark.parametrize("name", [name for name in EQUATIONS if name != "constants"])  # Its axes have no plain form.
def test_plain_pages_give_the_gradients_of_numpy(name):
    case, found, values, env = derived(name)
    page = plain.page(found)
    problems = closed(page, found.forward.given, words=[*env.operators, *env.functions, *OPEN_WORDS])
    unused = [each for each in problems if "never used" in each]
    assert problems == unused
    assert len(unused) == (name in {"unused-parameter", "weighted-classes"})
    assert (
        deviation(executed(page, env, words=OPEN_WORDS), *truth(case, values, [each.name for each in found.wrt])) < 1e-9
    )


LAYERED = [name for name in (*LAYERS, *EXAMPLES) if name not in {"mlp-100", "transformer-12", "lstm-50"}]


@pytest.mark.parametrize("name", LAYERED)
def test_plain_pages_of_layers_give_the_gradients_of_compile(name):
    case = CASES[name]
    found = derive(case.network())
    compiled, readable = found.compile(case.f, case.loss), found.readable
    sizes = {"m": 1 if found.tokens or readable.tokens else 3}
    values = case.values(readable, **sizes)
    for symbol in readable.forward.given:
        sizes |= {str(side): len_ for side, len_ in zip(symbol.shape, values[symbol.name].shape, strict=True)}
    env = plain.environment(readable, values, sizes)
    network = readable.network
    parameters = {each.name: values[each.name] for each in network.parameters}
    inputs = {each.name: values[each.name] for each in network.inputs}
    loss, gradients = compiled(parameters, inputs, {"Y": values["Y"]})
    page = plain.page(readable)
    words = [*env.operators, *env.functions, *OPEN_WORDS]
    assert [each for each in closed(page, readable.forward.given, words=words) if "never used" not in each] == []
    assert deviation(executed(page, env, words=words), loss, gradients) < 1e-9


EQUAL = {
    ("quadratic", "superfluous ⊤: loss"): "xᵀAᵀx is xᵀAx",
    ("focal", "superfluous ⊤: loss"): "the sum of all entries of Fᵀ is that of F",
    ("weight-normalisation", "· for ⊙: dq"): "both are 1×1",
}
"""Changes that change no value."""


PLANTED = (
    *("regression", "quadratic", "huber-of-two"),
    *(
        pytest.param(name, marks=pytest.mark.long)
        for name in (
            "tied-weights",
            "gcn",
            "rows-classifier",
            "squeeze-excite",
            "bilinear",
            "attention",
            "focal",
            "weight-normalisation",
            "hopfield",
            "swiglu",
            "highway",
            "film",
            "vae",
            "lstm-step",
            "multi-task",
        )
    ),
)


@pytest.mark.parametrize("name", PLANTED)
def test_planted_faults_are_caught(name):
    case, found, values, env = derived(name)
    wanted = truth(case, values, [each.name for each in found.wrt])
    missed, counts = [], Counter()
    for kind, page in faults(plain.page(found)):
        counts[kind.partition(":")[0]] += 1
        if closed(page, found.forward.given, words=[*env.operators, *env.functions, *OPEN_WORDS]):
            continue
        try:
            result = executed(page, env, words=OPEN_WORDS)
            if set(gradients_of(result, wanted[1])) == set(wanted[1]) and deviation(result, *wanted) < 1e-6:
                missed.append(kind)
        except (UnreadableError, KeyError):
            pass
    assert counts["dropped line"] == len(found.forward) + len(found.backward)
    assert [each for each in missed if (name, each) not in EQUAL] == []


# Lines with an index


def stem(name, letter_or_number, of_, shift=0, sup=()):
    index = Id(letter_or_number) if isinstance(letter_or_number, str) else Num(str(letter_or_number))
    inside = row(index, PLUS if shift > 0 else MINUS, Num(str(abs(shift)))) if shift else index
    upper = Row((Fence(inside), *sup)) if sup else Fence(inside)
    return Tag(Script(Id(name), None, upper), of_)


@cache
def folded(change=None):
    """A perceptron of four layers as a person writes it: two lines forward, three backward, a box before them."""
    found = derive(layers=4, widths=[3, 6, 5, 4, 2], activation="tanh", loss="mse", batch=True)
    by_name = {each.name: each for each in (*found.forward.given, *(each.lhs for each in found.forward))}
    names = {
        by_name[f"{letter}{k}"]: Indexed(by_name[f"{letter}1"], Integer(k)) for letter in "WbZA" for k in range(1, 5)
    }
    names[by_name["X"]] = Indexed(by_name["A1"], Integer(0))
    l_ = index_symbol("l")

    def sym(letter, shift=0, sup=(), at="l", adjoint=False):
        index = l_ + shift if at == "l" else Integer(at)
        spelled = Indexed(by_name[f"{letter}1"], index)
        printed = {"Z": "δ"}.get(letter, letter) if adjoint else letter
        return stem(printed, at, Adjoint(spelled) if adjoint else spelled, shift, sup)

    def grad(letter):
        under = sym(letter)
        return Tag(
            Frac(row(Sign("∂", "prefix"), Id("L", "script")), row(Sign("∂", "prefix"), under)), Adjoint(under.of)
        )

    y, loss = Tag(Id("Y"), by_name["Y"]), Tag(Id("L", "script"), by_name["loss"])
    slope = row(APPLY, Fence(sym("Z")))
    every = row(Id("l"), EQUALS, listed(1, DOTS, 4))
    down = row(Id("l"), EQUALS, listed(3, DOTS, 1))
    last = row(Id("l"), EQUALS, Num("4"))
    e = Tag(Id("E"), Adjoint(by_name["A4"]))
    z_line = row(sym("Z"), EQUALS, times(sym("W"), sym("A", -1)), PLUS, times(sym("b"), transposed(ONES)))
    a_line = row(
        sym("A"),
        EQUALS,
        Tag(Id("tanh", "upright"), by_name and found.forward["A1"].rhs.function),
        APPLY,
        Fence(sym("Z")),
    )
    prime = Script(Tag(Id("tanh", "upright"), found.forward["A1"].rhs.function), None, PRIME)
    back = {
        "start": row(sym("Z", adjoint=True), EQUALS, e, HADAMARD, prime, slope),
        "step": row(
            sym("Z", adjoint=True),
            EQUALS,
            fence(times(sym("W", 1, (TRANSPOSE,)), sym("Z", 1, adjoint=True))),
            HADAMARD,
            prime,
            slope,
        ),
        "weights": row(grad("W"), EQUALS, times(sym("Z", adjoint=True), sym("A", -1, (TRANSPOSE,)))),
        "biases": row(grad("b"), EQUALS, times(sym("Z", adjoint=True), ONES)),
    }
    error = row(e, EQUALS, times(Frac(Num("1"), m), fence(sym("A", at=4), MINUS, y)))
    forward = [
        Line((z_line, a_line), "layer", every),
        Line(
            (
                row(
                    loss,
                    EQUALS,
                    times(Frac(Num("1"), times(Num("2"), m)), row(SUM, squared(fence(sym("A", at=4), MINUS, y)))),
                ),
            ),
            "loss",
        ),
    ]
    backward = [
        Line((error,), "error"),
        Line((back["start"],), "start", last),
        Line((back["step"],), "step", down),
        Line((back["weights"],), "weights", every),
        Line((back["biases"],), "biases", every),
    ]
    box = Aside(
        (
            Equations(
                (Line((row(grad("W"), EQUALS, times(sym("Z", adjoint=True), sym("A", -1, (TRANSPOSE,)))),), "", every),)
            ),
            Para(("The errors are in ", Ref("start"), " and ", Ref("step"), ".")),
        )
    )
    blocks = (Equations(tuple(forward)), box, Equations(tuple(backward)))
    page = Page(("Four layers",), (), blocks if change is None else change(blocks, sym, grad, back, names))
    values = LAYERS["mlp-4-batch"].values(found, n0=3)
    return page, found, names, Env(values, {"m": 3}, names=names), values


def test_a_folded_page_is_closed_and_gives_the_gradients():
    page, found, names, env, values = folded()
    assert closed(page, found.forward.given, names=names) == []
    network = found.network
    loss, gradients = found.compile()(
        {each.name: values[each.name] for each in network.parameters}, values["X"], values["Y"]
    )
    assert deviation(executed(page, env), loss, gradients) < 1e-12


def replaced(label, **changes):
    def change(blocks, sym, grad, back, names):
        found = []
        for block in blocks:
            if isinstance(block, Equations):
                lines = [
                    Line(
                        **{
                            **{k: getattr(each, k) for k in ("parts", "label", "where", "reason")},
                            **{k: v_(each, sym, grad, back) for k, v_ in changes.items()},
                        }
                    )
                    if each.label == label
                    else each
                    for each in block.lines
                ]
                block = Equations(tuple(each for each in lines if each.parts))
            found.append(block)
        return tuple(found)

    return change


def without(*labels):
    def change(blocks, sym, grad, back, names):
        return tuple(
            Equations(tuple(each for each in block.lines if each.label not in labels))
            if isinstance(block, Equations)
            else block
            for block in blocks
        )

    return change


def no_reference(blocks, sym, grad, back, names):
    return tuple(Aside(block.blocks[:1]) if isinstance(block, Aside) else block for block in blocks)


def moved(blocks, sym, grad, back, names):
    return (*blocks[1:], blocks[0])


WRONG = {
    "a line of the forward pass is missing": (without("loss"), "never used|box|defined|no line"),
    "the start is missing": (without("start"), "used before it is defined"),
    "the first error is missing": (without("error"), "E is used before it is defined"),
    "backward before forward": (moved, "used before it is defined"),
    "a box that points nowhere": (no_reference, "box that points at no line"),
    "l instead of l + 1": (
        replaced(
            "step",
            parts=lambda line, sym, grad, back: (
                row(sym("Z", adjoint=True), EQUALS, times(sym("W", 0, (TRANSPOSE,)), sym("Z", 0, adjoint=True))),
            ),
        ),
        "used before it is defined",
    ),
    "an index printed wrong": (
        replaced(
            "weights",
            parts=lambda line, sym, grad, back: (
                row(
                    grad("W"),
                    EQUALS,
                    times(sym("Z", adjoint=True), Tag(sym("A", 0, (TRANSPOSE,)).body, sym("A", -1).of)),
                ),
            ),
        ),
        "stands for",
    ),
    "an index that is not printed": (
        replaced(
            "weights",
            parts=lambda line, sym, grad, back: (
                row(
                    grad("W"),
                    EQUALS,
                    times(sym("Z", adjoint=True), Tag(Script(Id("A"), None, TRANSPOSE), sym("A", -1).of)),
                ),
            ),
        ),
        "prints no l",
    ),
    "a range that ends too early": (
        replaced("step", where=lambda *_: row(Id("l"), EQUALS, listed(3, DOTS, 2))),
        "used before",
    ),
    "a range that begins too late": (
        replaced("layer", where=lambda *_: row(Id("l"), EQUALS, listed(2, DOTS, 4))),
        "used before",
    ),
}


@pytest.mark.parametrize(
    ("change", "message"),
    [pair for name, pair in WRONG.items() if name != "a line of the forward pass is missing"],
    ids=[name for name in WRONG if name != "a line of the forward pass is missing"],
)
def test_faults_of_a_folded_page_are_named(change, message):
    page, found, names, _, _ = folded(change)
    problems = closed(page, found.forward.given, names=names)
    assert any(message in each for each in problems), problems


def test_values_that_are_said_and_printed_must_agree():
    page, found, names, _, _ = folded()
    said = {"step": [{"l": 3}, {"l": 2}]}
    assert any("printed for" in each for each in closed(page, found.forward.given, said, names=names))
    right = {"step": [{"l": 3}, {"l": 2}, {"l": 1}]}
    assert closed(page, found.forward.given, right, names=names) == []


def test_a_second_statement_must_agree_with_the_first():
    page, _, _, env, _ = folded()
    last = page.blocks[-1]
    again = Line(
        (row(last.lines[0].parts[0].items[0], EQUALS, *times(Num("2"), last.lines[0].parts[0].items[0]).items),)
    )
    wrong = Page((), (), (*page.blocks, Equations((again,))))
    with pytest.raises(UnreadableError, match="something else than before"):
        executed(wrong, env)


def test_references_must_exist_and_words_be_known():
    line = Line((row(z, EQUALS, of(Tag(Id("blob", "upright"), "Blob"), times(w, x))),), "a")
    page = Page((), (), (Equations((line,)), Para(("see ", Ref("b")))))
    problems = closed(page, [SYMBOLS["W"], SYMBOLS["X"]], results=["Z"])
    assert len(problems) == 2
    assert "blob is used and nothing says what it is" in problems[0]
    assert "a reference to (b), which no line has" in problems[1]
    said = Page((), (), (Equations((line,)), Para((Tag(Id("blob", "upright"), "Blob"), " is a word."))))
    assert closed(said, [SYMBOLS["W"], SYMBOLS["X"]], results=["Z"]) == []


def test_a_line_may_define_a_function_of_symbols():
    g = Variable("G", 4, 5, Role.UPSTREAM, "G")
    argument = Tag(Id("G"), g)
    head = Script(Tag(Id("Π"), "Projection"), z)
    definition = Line((row(head, APPLY, Fence(argument), EQUALS, argument, MINUS, row(argument, HADAMARD, z)),), "map")
    use = Line(
        (row(Tag(Id("U"), Variable("U", 4, 5, Role.ACTIVATION, "U")), EQUALS, head, APPLY, Fence(times(w, x))),), "use"
    )
    given = [SYMBOLS[name] for name in "WXZ"]
    assert closed([definition, use], given, results=["U"]) == []
    assert closed([use, definition], given, results=["U"]) == []  # A function may be said below.
    assert any("Π is used" in each for each in closed([use], given, results=["U"]))
    np.testing.assert_allclose(executed([definition, use], ENV)["U"], W @ X - (W @ X) * Z)


def test_two_things_under_one_name_are_found():
    other = Variable("Z2", 4, 5, Role.WEIGHT, "Z", 2)
    lines = [
        Line((row(Tag(Id("U"), Variable("U", 4, 5, Role.ACTIVATION, "U")), EQUALS, z, PLUS, Tag(Id("Z"), other)),), "u")
    ]
    assert any("stands for" in each for each in closed(lines, [SYMBOLS["Z"], other], results=["U"]))


def test_names_are_read_with_their_numbers():
    tag = stem("W", "l", Indexed(SYMBOLS["W"], index_symbol("l") + 1), 1, (TRANSPOSE,))
    assert name_of(tag, {"l": 2}) == "W^{(3)}"
    assert pages.numbers(folded()[0]) == {
        "layer": 1,
        "loss": 2,
        "error": 3,
        "start": 4,
        "step": 5,
        "weights": 6,
        "biases": 7,
    }
