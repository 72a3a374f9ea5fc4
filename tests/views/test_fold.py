"""Folded lists: what repeats is one line, every line says what its equations say, and no difference is hidden."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from folding import count, faults, faults_of, loops, renamed, replaced, spelled
from helpers.selection import short
from instances import instance
from sympy import Basic, MatMul, S, Transpose

import symbp
from symbp import Dense, Network, derive
from symbp.derivation import Derivation
from symbp.equations import Equation
from symbp.networks.examples import EXAMPLES
from symbp.nodes import matmul, number_and_factors, times, transpose
from symbp.ops.structure import Rows
from symbp.symbols import Adjoint
from symbp.views import repetition
from symbp.views.fold import fold, fold_like
from symbp.views.lines import Indexed, Line, Loop, index_symbol, lines_of
from symbp.views.over import StackOver, SumOver


def example(name: str) -> Derivation:
    return derive(Network.load(EXAMPLES[name])).readable


def blocks(number: int, heads: int = 2) -> Derivation:
    stack = [symbp.TransformerBlock(tokens=3, heads=heads, hidden=5, causal=True) for _ in range(number)]
    network = Network([*stack, symbp.LayerNorm(), Dense(3, "softmax")], inputs=2 * heads, loss="cross_entropy")
    return derive(network).readable


def recurrent(*cells: object) -> Derivation:
    return derive(Network([*cells, Dense(2, "softmax")], inputs=3, loss="cross_entropy")).readable


def equations(lines: list[str], **shapes: tuple[int | str, int | str]) -> Derivation:
    return derive(Network.equations(lines, shapes))


def plain(first: int = 1, layers: int = 3, w: str = "W", a: str = "A") -> Derivation:
    numbers = range(first, first + layers)
    before = {number: f"{a}{number - 1}" for number in numbers} | {first: "X"}
    lines = [f"{a}{n} = tanh({w}{n} @ {before[n]})" for n in numbers]
    shapes = {f"{w}{n}": (4, 4) for n in numbers}
    return equations([*lines, f"loss = mse({a}{numbers[-1]}, Y)"], X=(4, "m"), Y=(4, "m"), **shapes)


def highway(layers: int = 3) -> Derivation:
    lines: list[str] = []
    shapes: dict[str, tuple[int | str, int | str]] = {"X": (4, "m"), "Y": (4, "m")}
    before = "X"
    for k in range(1, layers + 1):
        lines += [
            f"P{k} = V{k} @ {before} + c{k}",
            f"T{k} = sigmoid(P{k})",
            f"Z{k} = W{k} @ {before} + b{k}",
            f"H{k} = tanh(Z{k})",
            f"A{k} = T{k} * H{k} + (1 - T{k}) * {before}",
        ]
        shapes |= {f"V{k}": (4, 4), f"W{k}": (4, 4), f"c{k}": (4, 1), f"b{k}": (4, 1)}
        before = f"A{k}"
    return equations([*lines, f"loss = mse({before}, Y)"], **shapes)


def swiglu() -> Derivation:
    lines = ["U = W1 @ X", "V = W2 @ X", "S = silu(U)", "H = S * V", "O = W3 @ H", "R = X + O", "Z = W4 @ R"]
    weights = {"W1": (6, 4), "W2": (6, 4), "W3": (4, 6), "W4": (2, 4)}
    return equations([*lines, "loss = mse(Z, Y)"], X=(4, "m"), Y=(2, "m"), **weights)


def chain() -> Derivation:
    lines = ["H = tanh(U @ X)", "G = tanh(V @ H)", "F = tanh(W @ G)", "loss = mse(F, Y)"]
    return equations(lines, X=(4, "m"), Y=(4, "m"), U=(4, 4), V=(4, 4), W=(4, 4))


def autoencoder() -> Derivation:
    down = ["A1 = tanh(W1 @ X)", "A2 = tanh(W2 @ A1)", "A3 = tanh(W3 @ A2)"]
    up = ["A4 = tanh(W3.T @ A3)", "A5 = tanh(W2.T @ A4)", "A6 = tanh(W1.T @ A5)"]
    return equations([*down, *up, "loss = mse(A6, X)"], X=(4, "m"), W1=(5, 4), W2=(3, 5), W3=(2, 3))


def experts() -> Derivation:
    lines = [f"O{k} = V{k} @ tanh(W{k} @ X + b{k})" for k in range(1, 5)]
    shapes = {f"{w}{k}": size for k in range(1, 5) for w, size in (("V", (3, 5)), ("W", (5, 4)), ("b", (5, 1)))}
    return equations([*lines, "S = O1 + O2 + O3 + O4", "loss = mse(S, Y)"], X=(4, "m"), Y=(3, "m"), **shapes)


def towers() -> Derivation:
    lines = [
        f"{a}{k} = tanh({w}{k} @ {'X' if k == 1 else f'{a}{k - 1}'})" for a, w in ("AW", "BV") for k in range(1, 5)
    ]
    shapes = {f"{w}{k}": (4, 4) for w in "WV" for k in range(1, 5)}
    return equations([*lines, "loss = mse(A4, Y) + mse(B4, Y)"], X=(4, "m"), Y=(4, "m"), **shapes)


def two_ways(first: int = 1, steps: int = 5) -> Derivation:
    numbers = range(first, first + steps)
    last = numbers[-1]
    lines = [f"h{t} = tanh(U @ X{t} + R @ {'H' if t == first else f'h{t - 1}'})" for t in numbers]
    lines += [f"g{t} = tanh(V @ X{t} + S @ {'G' if t == last else f'g{t + 1}'})" for t in reversed(numbers)]
    weights = {"U": (4, 3), "V": (4, 3), "R": (4, 4), "S": (4, 4), "C": (2, 4), "D": (2, 4)}
    states = {"H": (4, "m"), "G": (4, "m"), "Y": (2, "m")}
    inputs = {f"X{t}": (3, "m") for t in numbers}
    return equations([*lines, f"O = C @ h{last} + D @ g{first}", "loss = mse(O, Y)"], **weights, **states, **inputs)


def stacked_by_hand(shared: bool = False) -> Derivation:
    lines: list[str] = []
    shapes: dict[str, tuple[int | str, int | str]] = {"Y": (4, "m")} | {f"X{t}": (4, "m") for t in range(1, 7)}
    for layer in range(1, 4):
        for t in range(1, 7):
            below = f"X{t}" if layer == 1 else f"h{layer - 1}_{t}"
            before = f"s{layer}" if t == 1 else f"h{layer}_{t - 1}"
            own = 1 if shared else layer
            lines.append(f"h{layer}_{t} = tanh(W{own} @ {below} + U{own} @ {before})")
        shapes |= {f"s{layer}": (4, "m")}
        shapes |= {} if shared and layer > 1 else {f"W{layer}": (4, 4), f"U{layer}": (4, 4)}
    return equations([*lines, "loss = mse(h3_6, Y)"], **shapes)


LSTM, GRU = symbp.LSTM, symbp.GRU
L, B, T, H = "layer", "block", "step", "head"

NETWORKS: dict[str, tuple[Callable[[], Derivation], int, int, list[object]]] = {
    "mlp 4": (lambda: derive(layers=4), 4, 6, [("l=1..4", L)]),
    "mlp 100": (lambda: derive(layers=100), 4, 6, [("l=1..100", L)]),
    "widths": (lambda: derive(layers=4, widths=[3, 5, 6, 4, 2], activation="tanh", loss="mse"), 4, 6, [("l=1..4", L)]),
    "another last": (
        lambda: derive(layers=6, widths=[3, 5, 6, 4, 2, 7, 3], activation="tanh", loss="cross_entropy"),
        5,
        6,
        [("l=1..6", L)],
    ),
    "residual-mlp": (lambda: example("residual-mlp"), 10, 16, [("l=1..2", L)]),
    "transformer-block": (lambda: example("transformer-block"), 24, 35, [("h=1..2", H)]),
    "12 blocks": (lambda: blocks(12), 27, 42, [("b=1..12", B, ("h=1..2", H))]),
    "1 head": (lambda: blocks(3, heads=1), 22, 37, [("b=1..3", B)]),
    "lstm 5": (lambda: recurrent(LSTM(4, steps=5)), 17, 29, [("t=1..5", T)]),
    "lstm 50": (lambda: recurrent(LSTM(4, steps=50)), 17, 29, [("t=1..50", T)]),
    "gru 5": (lambda: recurrent(GRU(4, steps=5)), 13, 23, [("t=1..5", T)]),
    "lstm on gru": (
        lambda: recurrent(GRU(4, steps=5, sequence=True), LSTM(3, steps=5)),
        27,
        49,
        [("t=1..5", T), ("t=1..5", T)],
    ),
    "2 lstm": (
        lambda: recurrent(LSTM(4, steps=4, sequence=True), LSTM(3, steps=4)),
        18,
        32,
        [("l=1..2", L, ("t=1..4", T))],
    ),
    "small-cnn": (lambda: example("small-cnn"), 8, 10, []),
    "swiglu": (swiglu, 8, 11, []),
    "highway": (highway, 7, 11, [("l=1..3", L)]),
    "chain": (chain, 4, 5, [("l=1..3", L)]),
    "autoencoder": (autoencoder, 7, 10, [("l=1..3", L), ("l=4..6", L)]),
    "experts": (experts, 6, 8, [("l=1..4", L)]),
    "towers": (towers, 9, 10, [("l=1..4", L), ("l=1..4", L)]),
    "two ways": (two_ways, 8, 15, [("t=1..5", T), ("t=1..5", T)]),
    "stacked by hand": (stacked_by_hand, 5, 11, [("l=1..3", L, ("t=1..6", T))]),
    "one map of all": (lambda: stacked_by_hand(shared=True), 5, 9, [("t=1..3", T, ("l=1..6", T))]),
}


LARGE = {"lstm 50", "12 blocks"}
"""What takes a second for every test."""


@pytest.fixture(scope="module")
def derivations() -> dict[str, Derivation]:
    return {name: make() for name, (make, *_) in NETWORKS.items()}


@pytest.mark.parametrize("name", NETWORKS)
def test_lines_and_loops(name: str, derivations: dict[str, Derivation]) -> None:
    _, ahead, back, found = NETWORKS[name]
    derivation = derivations[name]
    folded = fold(derivation.forward)
    assert (count(folded.body), count(fold_like(folded, derivation.backward))) == (ahead, back)
    assert loops(folded.body) == found


@pytest.mark.parametrize("name", short(NETWORKS, set(NETWORKS) - LARGE))
def test_every_line_says_what_its_equations_say(name: str, derivations: dict[str, Derivation]) -> None:
    assert faults(derivations[name]) == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples(name: str) -> None:
    assert faults(example(name)) == []


def letters(number: int) -> str:
    return "q" + "".join(chr(ord("a") + int(digit)) for digit in str(number))


def shuffled(number: int) -> str:
    return f"{'WAXbZ'[number % 5]}{random.Random(number).randrange(10**6)}_{number}"


@pytest.mark.parametrize("name", short(NETWORKS, set(NETWORKS) - LARGE))
@pytest.mark.parametrize("rename", [letters, shuffled])
def test_names_play_no_part(name: str, rename: Callable[[int], str], derivations: dict[str, Derivation]) -> None:
    derivation = derivations[name]
    derivation = replaced(derivation, lambda equation: equation, {})  # Its backward list as reverse() makes it.
    other = renamed(derivation, rename)
    one, two = fold(derivation.forward), fold(other.forward)
    assert spelled(one, one.body) == spelled(two, two.body)
    back, again = fold_like(one, derivation.backward), fold_like(two, other.backward)
    assert spelled(one, back) == spelled(two, again)


@pytest.mark.parametrize("first", [0, 1, 7])
def test_the_index_counts_as_the_names_do(first: int) -> None:
    for derivation in (plain(first, w="Q", a="R"), two_ways(first)):
        assert fold(derivation.forward).places.loops[0].first == first
        assert faults(derivation) == []
    folded, usual = fold(plain(first, w="Q", a="R").forward), fold(plain().forward)
    assert spelled(folded, folded.body) == spelled(usual, usual.body)


def test_names_that_do_not_count_are_counted_from_one() -> None:
    folded = fold(chain().forward)
    assert [(index.letter, index.first, index.count) for index in folded.places.loops] == [("l", 1, 3)]
    h, g, f = (folded.names[equation.lhs] for equation in chain().forward if equation.name in "HGF")
    assert [each.name for each in (h, g, f)] == ["H[1]", "H[2]", "H[3]"]


def line(body: tuple[Line | Loop, ...], name: str) -> Line:
    return next(each for each in lines_of(body) if any(e.name == name for e in each.instances.values()))


def test_first_and_last_are_conditions_or_start_values() -> None:
    derivation = derive(layers=4)
    folded = fold(derivation.forward)
    backward = fold_like(folded, derivation.backward)
    x, a1 = derivation.forward.given[0], derivation.forward["A1"].lhs
    assert folded.starts[x] == Indexed(a1, 0)
    last, others = line(backward, "dA4").cases
    assert (last.values, others.values) == ({(4,)}, {(1,), (2,), (3,)})
    index = index_symbol("l")
    weight = Indexed(next(each for each in derivation.forward.given if each.name == "W1"), index + 1)
    error = Adjoint(Indexed(derivation.forward["Z1"].lhs, index + 1))
    assert others.equation == Equation(
        Adjoint(Indexed(a1, index)), matmul(transpose(weight), error), others.equation.steps
    )
    assert last.equation.lhs == Adjoint(Indexed(a1, 4))


def test_the_layer_of_an_open_activation_moves_with_the_index() -> None:
    folded = fold(derive(layers=5).forward)
    found = line(folded.body, "A1").cases[0].equation.rhs
    assert found.function.index == index_symbol("l")
    assert str(found).startswith("fl(")


def test_shared_weights_have_sums_and_heads_are_stacked() -> None:
    lstm = recurrent(LSTM(4, steps=5))
    folded = fold(lstm.forward)
    gradient = line(fold_like(folded, lstm.backward), "dlstm1.Uf")
    term = gradient.cases[0].equation.rhs
    assert isinstance(term, SumOver)
    assert (term.first, term.last, gradient.indices) == (1, 5, ())
    assert [str(each) for each in term.terms()][:2] == [
        "dlstm1.Zf1[1]*lstm1.h1[0].T",
        "dlstm1.Zf1[2]*lstm1.h1[1].T",
    ]
    block = example("transformer-block")
    stacked = line(fold(block.forward).body, "block1.attention.A").cases[0].equation.rhs
    assert isinstance(stacked, StackOver)
    assert stacked.shape == block.forward["block1.attention.A"].lhs.shape
    rows = line(fold(block.forward).body, "block1.attention.head2.Q").cases[0].equation.rhs
    assert isinstance(rows, Rows)
    assert rows.args[1] == 2 * index_symbol("h") - 2


def test_a_state_of_zeros_is_the_state_before_the_first() -> None:
    lstm = recurrent(LSTM(4, steps=5))
    folded = fold(lstm.forward)
    assert folded.starts == {}
    assert line(folded.body, "lstm1.h0").cases[0].equation.lhs.name == "lstm1.h1[0]"


def test_one_start_of_two_recursions() -> None:
    derivation = towers()
    folded = fold(derivation.forward)
    x = next(each for each in derivation.forward.given if each.name == "X")
    assert {each.name for each, symbol in folded.symbols.items() if symbol == x} == {"A1[0]", "B1[0]"}
    assert folded.starts[x].name == "A1[0]"


def test_two_sums_have_the_same_letter() -> None:
    lines = [f"h{t} = tanh(R @ {'H' if t == 1 else f'h{t - 1}'} + R @ tanh(X{t}))" for t in range(1, 5)]
    shapes: dict[str, tuple[int | str, int | str]] = {f"X{t}": (4, "m") for t in range(1, 5)}
    derivation = equations([*lines, "loss = mse(h4, Y)"], R=(4, 4), H=(4, "m"), Y=(4, "m"), **shapes)
    folded = fold(derivation.forward)
    gradient = line(fold_like(folded, derivation.backward), "dR").cases[0].equation.rhs
    assert [(type(each), each.index.name) for each in gradient.args] == [(SumOver, "t"), (SumOver, "t")]
    assert faults(derivation) == []


def test_experts_are_summed_and_queries_keys_and_values_are_no_repetition() -> None:
    folded = fold(experts().forward)
    assert isinstance(line(folded.body, "S").cases[0].equation.rhs, SumOver)
    folded = fold(example("transformer-block").forward)
    assert line(folded.body, "block1.attention.K").indices == ()


def test_what_plain_lines_define_may_have_an_index_and_stays_outside() -> None:
    lines = ["Q = U @ X", "P = tanh(X)", "K = V @ P"]
    lines += [f"E{k} = tanh(W @ {of} + b)\nO{k} = C @ E{k}" for k, of in enumerate("QK")]
    split = [each for text in lines for each in text.split("\n")]
    shapes = dict.fromkeys("UVWC", (4, 4)) | {"b": (4, 1)}
    derivation = equations([*split, "loss = mse(O0, O1)"], X=(4, "m"), **shapes)
    folded = fold(derivation.forward)
    assert [folded.names[derivation.forward[name].lhs].name for name in "QK"] == ["Q[0]", "Q[1]"]
    assert faults(derivation) == []
    assert line(fold_like(folded, derivation.backward), "dQ").indices == ()


def negated(equation: Equation) -> Equation:
    return Equation(equation.lhs, matmul(S.NegativeOne, equation.rhs))


def transposed(equation: Equation) -> Equation:
    """Transpose the first factor of the first product."""

    def turned(expr: Basic) -> Basic:
        if isinstance(expr, MatMul):
            number, (first, *others) = number_and_factors(expr)
            return times(number, first.args[0] if isinstance(first, Transpose) else transpose(first), *others)
        return Basic.__new__(type(expr), turned(expr.args[0]), *expr.args[1:])

    return Equation(equation.lhs, turned(equation.rhs))


def square() -> Derivation:
    return derive(layers=9, widths=4, activation="tanh", loss="mse")


def transformer() -> Derivation:
    network = Network([symbp.TransformerBlock(tokens=2, heads=2, hidden=4) for _ in range(6)], inputs=4, loss="mse")
    return derive(network).readable


def steps() -> Derivation:
    return recurrent(LSTM(3, steps=7))


PLACES = [
    (square, "Z5"),
    (square, "Z1"),
    (square, "Z9"),
    (transformer, "block3.attention.V"),
    (transformer, "block4.hidden.Z"),
    (transformer, "block2.attention.head1.S"),
    (steps, "lstm1.Zf4"),
]


@pytest.mark.parametrize(
    ("make", "name", "change"),
    [
        *((make, name, change) for make, name in PLACES for change in (negated, transposed)),
        (steps, "lstm1.c3", negated),
    ],
)
def test_a_planted_fault_breaks_the_run(
    make: Callable[[], Derivation], name: str, change: Callable[[Equation], Equation]
) -> None:
    right = make()
    wrong = replaced(right, lambda each: change(each) if each.name == name else each, {})
    folded = fold(wrong.forward)
    assert faults(wrong) == []
    assert count(folded.body) > count(fold(right.forward).body)
    found = line(folded.body, name)
    values = next(values for values, equation in found.instances.items() if equation.name == name)
    case = next(case for case in found.cases if values in case.values)
    assert case.values == {values}


@pytest.mark.parametrize(("name", "weight", "other"), [("Z5", "W5", "W7"), ("Z5", "W5", "W4"), ("Z1", "W1", "W2")])
def test_another_weight_breaks_the_run(name: str, weight: str, other: str) -> None:
    right = square()
    given = {each.name: each for each in right.forward.given}

    def change(equation: Equation) -> Equation:
        rhs = equation.rhs.xreplace({given[weight]: given[other]}) if equation.name == name else equation.rhs
        return Equation(equation.lhs, rhs)

    wrong = replaced(right, change, {})
    assert faults(wrong) == []
    assert count(fold(wrong.forward).body) > count(fold(right.forward).body)


def test_another_layer_as_operand_breaks_the_run() -> None:
    right = square()
    a3, a4 = (right.forward[name].lhs for name in ("A3", "A4"))
    wrong = replaced(right, lambda e: Equation(e.lhs, e.rhs.xreplace({a4: a3}) if e.name == "Z5" else e.rhs), {})
    assert faults(wrong) == []
    assert count(fold(wrong.forward).body) > count(fold(right.forward).body)


def test_the_proof_sees_a_line_that_lies() -> None:
    derivation = derive(layers=3)
    folded = fold(derivation.forward)
    loop = folded.body[0]
    assert isinstance(loop, Loop)
    first = loop.body[0]
    assert isinstance(first, Line)
    given = {each.name for each in derivation.forward.given}
    swapped = Line(first.indices, first.cases, {**first.instances, (2,): negated(first.instances[2,])})
    lying = (Loop(loop.index, (swapped, *loop.body[1:])), *folded.body[1:])
    assert faults_of(folded, lying, derivation.forward, set(given)) == ["Z2 is not what its line says"]
    missing = (Loop(loop.index, loop.body[1:]), *folded.body[1:])
    assert "not every equation is there once" in faults_of(folded, missing, derivation.forward, set(given))
    turned = (Loop(loop.index, loop.body, backward=True), *folded.body[1:])
    assert any("before it is defined" in each for each in faults_of(folded, turned, derivation.forward, set(given)))


def test_a_list_that_no_order_of_loops_defines_is_plain_lines() -> None:
    derivation = derive(layers=3)
    folded = fold(derivation.forward)
    body = fold_like(folded, derivation.backward, backward=False)
    assert all(isinstance(item, Line) and item.indices == () for item in body)
    known = {each.name for each in (*derivation.forward.given, *(e.lhs for e in derivation.forward))}
    assert faults_of(folded, body, derivation.backward, known) == []


def test_a_shortened_list_is_folded_by_the_same_places() -> None:
    derivation = derive(layers=6)
    folded = fold(derivation.forward)
    kept, inside = [], {}
    for equation in derivation.backward:
        rhs = equation.rhs.xreplace(inside)
        if isinstance(equation.lhs, Adjoint) and equation.lhs.of.stem == "A":
            inside[equation.lhs] = rhs
        else:
            kept.append(Equation(equation.lhs, rhs))
    body = fold_like(folded, kept)
    assert count(body) == 5
    known = {each.name for each in (*derivation.forward.given, *(e.lhs for e in derivation.forward))}
    assert faults_of(folded, body, kept, known) == []


def test_a_backward_list_may_be_searched_itself() -> None:
    derivation = derive(layers=6)
    folded = fold(derivation.backward)
    known = {each.name for each in derivation.backward.given}
    assert loops(folded.body) != []
    assert faults_of(folded, folded.body, derivation.backward, known) == []


def test_an_instance_has_the_sizes_of_its_layer() -> None:
    derivation = derive(layers=3, widths=[3, 5, 6, 2], activation="sigmoid", loss="mse")
    folded = fold(derivation.forward)
    for each in lines_of(folded.body):
        for values, equation in each.instances.items():
            assert instance(folded, each, values).rhs == equation.rhs


def test_time_is_linear_in_depth() -> None:
    """Counted in the equations that a search for repetitions looks at, which no busy machine changes."""
    looked: list[int] = []
    real = repetition.List._step

    def counted(self: repetition.List, at: int, period: int) -> list[int]:
        looked[-1] += 1
        return real(self, at, period)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repetition.List, "_step", counted)
        for layers in (100, 400):
            looked.append(0)
            fold(derive(layers=layers).forward)
    assert looked[1] <= 4.1 * looked[0]
