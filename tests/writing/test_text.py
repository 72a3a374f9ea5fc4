"""Text for people: formulas, breaking, pages, pictures."""

import itertools
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from text_pages import (
    LOSS,
    PARTIAL,
    SUM,
    commas,
    entries,
    equal,
    error,
    gradient,
    layer,
    minus,
    mlp,
    mlp_picture,
    of,
    operation,
    plus,
    sub,
    times,
    to,
    transformer,
    transformer_picture,
    transposed,
    tree,
    value,
)

import symbp
from symbp.maths.tree import (
    APPLY,
    EQUALS,
    HADAMARD,
    MINUS,
    NEGATIVE,
    PLUS,
    PRIME,
    TIMES,
    TRANSPOSE,
    Accent,
    Blank,
    Fence,
    Frac,
    Id,
    Num,
    Root,
    Script,
    Sign,
    Table,
    Tag,
    Words,
    row,
)
from symbp.pages.page import Branch, Equations, Heading, Line, Page, Para, Picture, Ref, Steps, Verdict
from symbp.pages.page import Table as Grid
from symbp.pages.tell.derivation import derivation_page
from symbp.writing.breaking import broken, rows_of
from symbp.writing.formula import Speller
from symbp.writing.letters import columns
from symbp.writing.text import math_text, picture_text, write_text

HERE = Path(__file__).parent
SIGMA = Id("σ")


def power(base, *above):
    return Script(tree(base), None, row(*above))


def hat(letter):
    return Accent(Id(letter), "hat")


def over(a, b):
    return Frac(tree(a), tree(b))


SPELLED = [
    (layer("W", "l"), "Wₗ", "W_l"),
    (layer("W", plus("l", 1), TRANSPOSE), "Wₗ₊₁ᵀ", "W_(l+1)^T"),
    (layer("a", minus("l", 1)), "aₗ₋₁", "a_(l-1)"),
    (layer("δ", 4), "δ₄", "delta4"),
    (layer("δ", "L"), "δ_L", "delta_L"),
    (sub("d", "h"), "dₕ", "d_h"),
    (sub("W", "cls"), "W_cls", "W_cls"),
    (sub("W", "cls", TRANSPOSE), "W_clsᵀ", "W_cls^T"),
    (sub("W", "out"), "W_out", "W_out"),
    (sub("W", "Q", TRANSPOSE), "W_Qᵀ", "W_Q^T"),
    (error("in"), "δin", "din"),
    (error(sub("X", 2)), "δX₂", "dX2"),
    (transposed(error(sub("S", "h"))), "δSₕᵀ", "dS_h^T"),
    (error("x"), "δx", "dx"),
    (error("h"), "δₕ", "delta_h"),
    (hat("y"), "ŷ", "yhat"),
    (Script(hat("Z"), Num("2")), "Ẑ₂", "Zhat2"),
    (Accent(sub("Z", 2), "hat"), "Ẑ₂", "Zhat2"),
    (hat("X"), "X\u0302", "Xhat"),
    (Accent(Id("u"), "dot"), "u̇", "udot"),
    (gradient(layer("W", 1)), "∂ℒ/∂W₁", "dL/dW1"),
    (transposed(gradient("W")), "(∂ℒ/∂W)ᵀ", "(dL/dW)^T"),
    (row(Script(Id("∇"), Id("W")), LOSS), "∇W ℒ", "gradW L"),
    (row(Id("d", "upright"), sub("W", 1)), "dW₁", "dW1"),
    (over(1, times(2, "m")), "1/(2m)", "1/(2 m)".replace(" ", "")),
    (over(1, 2), "½", "1/2"),
    (over(minus(hat("Y"), "Y"), "T"), "(Ŷ − Y)/T", "(Yhat - Y)/T"),
    (over(times("a", "b"), Root(sub("d", "h"))), "a b/√dₕ", "a b/sqrt(d_h)"),
    (Root(plus("v", "ε")), "√(v + ε)", "sqrt(v + epsilon)"),
    (entries("a", of(sub("f", 4, PRIME), layer("z", 4))), "a ⊙ f₄′(z₄)", "a .* f4'(z4)"),
    (to("diag", of(sub("f", "l", PRIME), layer("z", "l"))), "diag fₗ′(zₗ)", "diag f_l'(z_l)"),
    (times(sub("b", "cls"), transposed(Id("1", "bold"))), "b_cls 1ᵀ", "b_cls 1^T"),
    (
        row(NEGATIVE, over(1, "T"), TIMES, SUM, Id("Y"), TIMES, to("log", hat("Y"))),
        "−1/T Σ Y log Ŷ",
        "-1/T sum Y log Yhat",
    ),
    (row(Script(SUM, equal("t", 1), Num("50")), error("t")), "Σₜ₌₁⁵⁰ δₜ", "sum_(t=1..50) delta_t"),
    (row(Script(SUM, equal("t", 1), Id("T")), error("t")), "Σ_(t=1..T) δₜ", "sum_(t=1..T) delta_t"),
    (Script(SUM, row(Id("i"), Id("t"))), "Σᵢₜ", "sum_it"),
    (sub("A", commas(4, "i", "j")), "A₄ᵢⱼ", "A_(4,i,j)"),
    (sub("A", commas(1, 2)), "A_(1,2)", "A_(1,2)"),
    (sub("A", commas(plus("i", 1), "j")), "A_(i+1,j)", "A_(i+1,j)"),
    (power(Id("tanh", "upright"), Num("2")), "tanh²", "tanh^2"),
    (power("e", row(NEGATIVE, Num("0.3"))), "e^(−0.3)", "e^(-0.3)"),
    (power("e", sub("z", "i")), "e^(zᵢ)", "e^(z_i)"),
    (Script(Id("F", "script"), None), "ffnᵀ", "ffn^T"),
    (Script(Id("N", "script"), Num("2")), "norm₂ᵀ", "norm2^T"),
    (Script(Id("A", "script"), Id("Q")), "att_Qᵀ", "att_Q^T"),
    (Script(Id("B", "script"), None, Fence(Id("b"))), "block_bᵀ", "block_b^T"),
    (power(Root(Id("a")), Num("2")), "(√a)²", "(sqrt(a))^2"),
    (to("log", over("a", "b")), "log (a/b)", "log (a/b)"),
    (Blank(4), "____", "____"),
    (row(Id("I"), Words(": the skip connection")), "I: the skip connection", "I: the skip connection"),
    (row(Words("if"), Id("x"), Sign(">", "rel"), Num("0")), "if x > 0", "if x > 0"),
    (Fence(row(Id("a")), "‖", "‖"), "‖a‖", "||a||"),
]


@pytest.mark.parametrize(("node", "text", "plain"), SPELLED, ids=[text for _, text, _ in SPELLED])
def test_spelling(node, text, plain):
    assert math_text(node) == text
    assert math_text(node, ascii=True) == plain
    assert plain.isascii()


def test_a_tag_is_not_seen():
    for node, text, _ in SPELLED:
        assert math_text(Tag(node, of="something", role="weight")) == text


def test_an_index_that_would_look_like_another_stays_above():
    assert math_text(row(layer("a", "k"), PLUS, sub("a", "k"))) == "a⁽ᵏ⁾ + aₖ"
    assert math_text(row(layer("a", "k"), PLUS, sub("b", "k"))) == "aₖ + bₖ"


def test_the_loss_is_not_the_depth():
    assert math_text(row(gradient("W"), EQUALS, layer("δ", "L")), ascii=True) == "dLoss/dW = delta_L"


def matrix(text):
    cells = [[row(NEGATIVE, Num(x[1:])) if x[0] == "-" else Num(x) for x in line.split()] for line in text.split(";")]
    return Table(tuple(map(tuple, cells)))


def test_a_matrix_has_lines_and_stands_on_the_baseline():
    assert math_text(equal("x", matrix("0.05;0.10"))).splitlines() == ["x = ⎡0.05⎤", "    ⎣0.10⎦"]
    assert math_text(equal("W", matrix("1 -2;3 4;5 6"))).splitlines() == ["    ⎡1  −2⎤", "W = ⎢3   4⎥", "    ⎣5   6⎦"]
    assert math_text(matrix("1 2;3 4"), ascii=True).splitlines() == ["[1  2]", "[3  4]"]
    cases = Table(((Id("z"), row(Id("z"), Sign(">", "rel"), Num("0"))), (Num("0"), Words("else"))), "{", "")
    assert math_text(cases).splitlines() == ["⎧ z   z > 0", "⎩ 0   else"]
    assert math_text(Fence(matrix("1;2;3"))).splitlines() == ["⎛⎡1⎤⎞", "⎜⎢2⎥⎟", "⎝⎣3⎦⎠"]


def test_widths_are_those_of_a_terminal():
    assert columns("X\u0302") == 1
    assert columns("中") == 2
    assert columns("δₗ₊₁") == 4


DIFFERENT = [
    sub("W", 1, TRANSPOSE),
    sub("W", row(Num("1"), Id("T"))),
    sub("W", commas(1, "T")),
    power("W", Id("T")),
    power("W", TRANSPOSE),
    transposed(sub("W", "cls")),
    sub("W", transposed("cls")),
    of(power("f", PRIME), "z"),
    of("f", power("z", PRIME)),
    power(Fence(of("f", "z")), PRIME),
    times(Fence(plus("a", "b")), "c"),
    plus("a", times("b", "c")),
    row(Id("a"), PLUS, Id("b"), HADAMARD, Id("c")),
    entries(Fence(plus("a", "b")), "c"),
    sub("W", commas("i", "j")),
    sub("W", commas(1, 2)),
    sub("W", 12),
    sub("W", times(2, "i")),
    sub("W", commas(2, "i")),
    sub("W", commas(plus("i", 1), "j")),
    Script(sub("W", "Q"), Id("h")),
    sub("W", sub("Q", "h")),
    Script(Id("W"), row(Id("i"), Id("j")), Fence(Id("l"))),
    Script(Id("W"), row(Id("i"), Id("j")), Id("l")),
    over("a", times("b", "c")),
    times(over("a", "b"), "c"),
    over(plus("a", "b"), "c"),
    plus("a", over("b", "c")),
    over(over("a", "b"), "c"),
    over("a", over("b", "c")),
    row(NEGATIVE, power("a", Num("2"))),
    power(Fence(row(NEGATIVE, Id("a"))), Num("2")),
    power(Fence(times("a", "b")), Num("2")),
    times("a", power("b", Num("2"))),
    power(over("a", "b"), Num("2")),
    over("a", power("b", Num("2"))),
    Root(power("a", Num("2"))),
    power(Root(Id("a")), Num("2")),
    Root(times("a", "b")),
    times(Root(Id("a")), "b"),
    to("log", over("a", "b")),
    over(to("log", "a"), "b"),
    power("x", row(NEGATIVE, Num("1"))),
    minus("x", 1),
    power("e", plus("a", "b")),
    plus(power("e", Id("a")), "b"),
    of("f", "x"),
    times("f", Fence(Id("x"))),
    hat("Z"),
    sub("Z", "hat"),
    error(sub("X", 2)),
    times("δ", sub("X", 2)),
    Script(error("X"), None, Num("2")),
    sub("δ", 2),
    power("δ", Num("2")),
    LOSS,
    Id("ℓ"),
    Id("l"),
    Id("F", "script"),
    Id("F"),
    over(row(PARTIAL, LOSS), row(PARTIAL, sub("W", 1))),
    over(row(PARTIAL, LOSS), times(row(PARTIAL, Id("W")), 1)),
]


@pytest.mark.parametrize("ascii", [False, True])
def test_different_trees_are_different_texts(ascii):
    texts = [math_text(node, ascii=ascii) for node in DIFFERENT]
    same = [(a, b) for a, b in itertools.combinations(range(len(texts)), 2) if texts[a] == texts[b]]
    assert [(texts[a], DIFFERENT[a], DIFFERENT[b]) for a, b in same] == []
    assert not ascii or "".join(texts).isascii()


# Breaking

LETTERS = st.sampled_from(
    [Id("a"), Id("W"), sub("W", "Q", TRANSPOSE), error(sub("X", 1)), layer("W", plus("l", 1)), Num("2")]
)
SIGNS = st.sampled_from([PLUS, MINUS, TIMES, HADAMARD, TIMES])


@st.composite
def formulas(draw, depth=2):
    atoms = LETTERS
    if depth:
        inner = formulas(depth - 1)
        fences = inner.map(Fence)
        atoms = st.one_of(LETTERS, LETTERS, fences, fences.map(transposed), inner.map(lambda body: over(body, "m")))
    items = [draw(atoms)]
    for _ in range(draw(st.integers(0, 4))):
        items += [draw(SIGNS), draw(atoms)]
    return row(*items)


def printed(nodes):
    """What trees print one behind another, without spaces and the dots between numbers."""
    return "".join(math_text(node).replace(" ", "").replace("·", "") for node in nodes)


WIDEST = 6
"""No factor of these formulas is wider: δX₁, its brackets, a fraction's line."""


@settings(deadline=None, max_examples=40)
@given(formulas(), st.integers(12, 60))
def test_breaking_keeps_the_symbols_in_order(formula, width):
    speller = Speller.of((formula,))
    whole = equal(layer("z", "l"), formula)
    rows = rows_of(whole, width, lambda node: speller.box(node).width)
    assert printed(rows) == printed([whole])
    assert all(speller.box(each).width <= width + WIDEST for each in rows)


def test_what_fits_is_not_broken():
    formula = equal("z", plus("a", "b"))
    assert broken(formula, 9, 9, lambda node: len(math_text(node))) == [formula]


def test_a_row_begins_with_its_sign_and_a_sum_breaks_before_a_product():
    def measure(node):
        return len(math_text(node))

    total = row(*[part for k in "QKV" for part in (PLUS, times(sub("W", k), error(k)))][1:])
    assert [math_text(each) for each in broken(total, 14, 14, measure)] == ["W_Q δQ", "+ W_K δK", "+ W_V δV"]
    product = times(Fence(total), "X")
    assert [math_text(each) for each in broken(product, 14, 14, measure)] == ["(W_Q δQ", "+ W_K δK", "+ W_V δV) X"]


# Pages

PAGES = {"mlp": mlp(), "mlp with numbers": mlp(True), "transformer": transformer()}
MOST_LINES = {"mlp": 45, "transformer": 60}


@pytest.mark.parametrize("name", MOST_LINES)
def test_the_page_as_it_was_looked_at(name):
    text = write_text(PAGES[name])
    assert text == (HERE / f"{name}.txt").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MOST_LINES[name] - 3  # the files that were written, what to do next


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [56, 64, 72, 80, 100, 132])
@pytest.mark.parametrize("detail", [1, 2, 4])
@pytest.mark.parametrize("ascii", [False, True])
def test_no_line_is_too_wide(name, width, detail, ascii):
    text = write_text(PAGES[name], width=width, ascii=ascii, detail=detail)
    assert [line for line in text.splitlines() if columns(line) > width] == []
    assert not ascii or text.isascii()
    assert not any(line != line.rstrip() for line in text.splitlines())
    assert "\n\n\n" not in text


@pytest.mark.parametrize("what", ["mlp", "residual-mlp", "transformer-block", "small-cnn"])
def test_pages_of_networks_fit_and_are_ascii_where_that_is_wished(what):
    derivation = symbp.derive(layers=4) if what == "mlp" else symbp.derive(what)
    page = derivation_page(derivation)
    for width, ascii in itertools.product((60, 80, 100), (False, True)):
        text = write_text(page, width=width, ascii=ascii)
        assert [line for line in text.splitlines() if columns(line) > width] == []
        assert not ascii or text.isascii()


def test_relations_and_columns_stand_under_each_other():
    lines = write_text(transformer()).splitlines()
    shown = [line for line in lines if "ẑ  =" in line or "s² =" in line or "u  =" in line]
    assert len({columns(line[: line.index("=")]) for line in shown}) == 1
    gradients = [line for line in lines if " × " in line]
    assert len(gradients) == 9
    assert len({columns(line[: line.index("×")]) for line in gradients}) == 1


def a_page(*found):
    return Page(("Title",), (), found)


def test_short_lines_stand_two_on_a_row():
    short, loss = Line((equal("a", "b"),)), Line((row(Id("L", "script"), EQUALS, Id("c")),))
    said, long = Line((equal("d", "e"),), reason=("why",)), Line((equal("f", "g"),), where=equal("l", "n"))
    lines = write_text(a_page(Equations((short, short, short, loss, short, said, long, short)))).splitlines()[2:]
    assert [each.strip() for each in lines] == [
        "a = b     a = b", "a = b", "ℒ = c", "a = b", "d = e   why", "f = g     l = n", "a = b",
    ]  # fmt: skip


def test_a_line_has_its_number_where_a_sentence_points_at_it():
    numbered, silent = Line((equal("a", "b"),), "one"), Line((equal("c", "d"),), "two")
    page = a_page(Equations((silent, numbered)), Para(("see ", Ref("one"))))
    margin = " " * 14
    assert write_text(page).splitlines() == [
        "Title",
        "",
        margin + "    c = d     (2) a = b",
        margin + "see (2)",
    ]


def test_a_reason_that_does_not_fit_is_left_to_a_page_of_more_detail():
    long = "a reason of so many words that it does not fit beside its line, wherever that may be"
    page = a_page(Steps((Line((equal("a", "b"),), reason=(long,)), Line((equal("c", "d"),), reason=("short",)))))
    assert "a reason" not in write_text(page)
    assert "c = d   short" in write_text(page)
    assert "".join(long.split()) in "".join(write_text(page, detail=3).replace("c = d   short", "").split())


def test_a_sentence_does_not_begin_with_the_number_of_a_line_that_is_not_shown():
    hidden = Equations((Line((equal("a", "b"),), "one"),), detail=3)
    page = a_page(hidden, Steps((Line((equal("c", "d"),), reason=(Ref("one"), ": its slope, as in ", Ref("one"))),)))
    assert "c = d   its slope, as in (1)" in write_text(page)
    assert "c = d   (1): its slope" in write_text(page, detail=3)


def test_a_condition_is_never_left_out():
    page = a_page(Equations((Line((equal("a", "b"),), where=equal("l", commas(3, "…", 1))),)))
    for width in (40, 80):
        assert "l = 3, …, 1" in write_text(page, width=width)


def test_detail_leaves_out_blocks_and_their_headings():
    rows = Grid((("symbol",),), ((("W",),),), detail=3)
    page = a_page(
        Equations(
            (
                Line(
                    (equal("a", "b"),),
                ),
            )
        ),
        Heading(("Notation",)),
        rows,
        Verdict(True, ("all agree",)),
    )
    assert "notation" not in write_text(page)
    assert "notation    symbol" in write_text(page, detail=3)


def test_a_heading_has_a_short_form_for_the_column():
    page = a_page(
        Heading(("Backward pass inside the block",), short=("backward",)), Equations((Line((equal("a", "b"),)),))
    )
    assert write_text(page).splitlines()[2] == "  backward    a = b"


def test_a_table_that_is_too_wide_wraps_a_column_and_then_is_a_list():
    rows = ((("relu",), ("0.998",), ("the slope " * 10,)), (("batchnorm",), ("1.03",), ("the deviation",)))
    page = a_page(Grid((("remedy",), ("gradient",), ("what it moves",)), rows, wraps=2))
    wide, narrow = write_text(page), write_text(page, width=30)
    assert all("the slope" in line for line in wide.splitlines()[3:5])
    assert max(map(columns, narrow.splitlines())) <= 30


def test_a_grid_that_is_too_wide_has_fewer_columns_then_none():
    weights = [Tag(sub("W", k, TRANSPOSE), label=("a", "weight")) for k in range(1, 9)]
    slopes = [Tag(sub("D", k), label=("a", "slope")) for k in range(1, 9)]
    factors = [each for pair in zip(weights, slopes, strict=True) for each in pair]
    page = a_page(Equations((Line((equal("x", times(*factors)),)),)))
    assert write_text(page).splitlines()[2:] == [
        "        a weight, a slope",
        "  x  =  W₁ᵀ D₁ W₂ᵀ D₂ W₃ᵀ D₃ W₄ᵀ D₄ W₅ᵀ D₅ W₆ᵀ D₆ W₇ᵀ D₇ W₈ᵀ D₈",
    ]
    narrow = write_text(page, width=50)
    assert "slope" not in narrow
    assert max(map(columns, narrow.splitlines())) <= 50


def test_without_a_passed_check_the_label_says_so():
    page = a_page(Verdict(False, ("dW1 differs",)))
    assert "check ✗     dW1 differs" in write_text(page)
    assert "check FAIL  dW1 differs" in write_text(page, ascii=True)
    titled = a_page(Heading(("Checked",)), Verdict(True, ("all agree",)))
    assert "checked ✓   all agree" in write_text(titled)
    assert "checked ok  all agree" in write_text(titled, ascii=True)


def test_equations_in_a_column_of_a_table_are_aligned():
    rows = (((equal("a", "b"),), ("one",)), ((equal(sub("W", "out"), "c"),), ("two",)))
    page = a_page(Grid(((), ()), rows, align="lr"))
    assert write_text(page).splitlines()[2:] == [" " * 14 + "a     = b   one", " " * 14 + "W_out = c   two"]


def test_names_stand_in_columns_where_every_factor_has_one():
    weight = Tag(Id("a"), label=("weight",))
    assert write_text(a_page(Equations((Line((equal("x", times(weight, "b")),)),)))).endswith(" x = a b\n")
    inside = equal("x", entries(Fence(times(weight, "b")), "c"))
    assert write_text(a_page(Equations((Line((inside,)),)))).splitlines()[2] == " " * 14 + "x = (a b) ⊙ c"


# Pictures


def test_the_rail_of_an_mlp():
    assert picture_text(mlp_picture(2)).splitlines() == [
        "   W₁      f₁      W₂      f₂",
        "x ───→ z₁ ───→ a₁ ───→ z₂ ───→ a₂ ───→ ℒ",
        "       δ₁ ←───    ←─── δ₂ ←─── g  ←───",
        "           D₁     W₂ᵀ      D₂",
    ]
    assert picture_text(mlp_picture(1), ascii=True).splitlines() == [
        "  W1         f1",
        "x --> z1     --> a1 --> L",
        "      delta1 <-- g  <--",
        "             D1",
    ]


def test_a_long_rail_wraps_and_a_very_long_one_shows_its_ends():
    wrapped = picture_text(mlp_picture(6)).splitlines()
    assert "" in wrapped
    assert sum("a₅" in line for line in wrapped) == 2
    ends = picture_text(mlp_picture(30))
    assert "⋯" in ends
    assert "z₁ " in ends
    assert "z₃₀" in ends
    assert len(ends.splitlines()) == 4


def test_branches():
    forward = picture_text(transformer_picture(), errors=False).splitlines()
    assert forward == [
        "    ┌─ norm₁ ─U₁─ W_Q W_K W_V ─ heads ─A─ W_O ─┐",
        "X₀ ─┴──────────────────────────────────────────+→ X₁",
        "    ┌─ norm₂ ─U₂─ W_in ─Z_in─ φ ─G─ W_out ─────┐",
        "X₁ ─┴──────────────────────────────────────────+→ X₂ ── W_cls ── ℒ",
    ]
    both = picture_text(transformer_picture()).splitlines()
    assert "δX₁ ←+" in both[5]
    assert both[5].index("┬") == both[6].index("┘")


def test_many_branches_show_the_first_and_the_last():
    block = (Branch((operation("norm"), operation("W" * 50))), value("X"))
    text = picture_text(Picture((value("X"), *block * 12), ()))
    assert len(text.splitlines()) == 9
    assert text.splitlines()[4] == "⋯"


@pytest.mark.parametrize("ascii", [False, True])
@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_pictures_fit(ascii, width):
    for picture in (mlp_picture(1), mlp_picture(4), mlp_picture(9), transformer_picture()):
        text = picture_text(picture, ascii=ascii, width=width)
        assert max(map(columns, text.splitlines())) <= width
        assert not ascii or text.isascii()


# Reading: formulas of which no two with different values may look alike

VALUES = {"a": 1.37, "b": 2.21}
ATOM, PRODUCT = ("atom",), ("product", "atom")
TERM = ("product", "atom", "applied")


def inside(part, levels):
    return part[0] if part[2] in levels else Fence(part[0])


def of_one(x):
    node, number, _ = x
    yield row(NEGATIVE, inside(x, PRODUCT)), -number, "negative"
    yield Root(node), math.sqrt(abs(number)) + 0.3, "atom"
    yield power(node, Num("2")), number**2, "atom"
    yield power(node, PRIME), 1.7 * number + 0.77, "atom"
    yield row(Id("f"), APPLY, Fence(node)), 3 * math.sin(number), "atom"
    yield row(Id("log", "upright"), APPLY, inside(x, ATOM)), 2 * math.cos(number), "applied"
    yield Script(Id("e"), None, node), math.exp(number / 50), "atom"
    yield Script(Id("W"), node), math.exp(number / 40) + 9, "atom"


def of_two(x, y):
    first = inside(x, (*TERM, "sum", "negative"))
    inverse = 1 / (y[1] ** 2 + 1.3)
    yield row(first, PLUS, inside(y, TERM)), x[1] + y[1], "sum"
    yield row(first, MINUS, inside(y, TERM)), x[1] - y[1], "sum"
    yield entries(inside(x, ATOM), inside(y, ATOM)), x[1] + 3.3 * y[1] + x[1] * y[1], "entries"
    yield times(inside(x, PRODUCT), inside(y, TERM)), x[1] * y[1], "product"
    yield over(x[0], y[0]), x[1] * inverse, "product"
    yield row(inside(x, PRODUCT), Sign("/", "slash"), inside(y, ATOM)), x[1] * inverse, "product"


def larger(parts):
    return [made for x in parts for made in of_one(x)] + [made for x in parts for y in parts for made in of_two(x, y)]


@pytest.mark.parametrize("ascii", [False, True])
def test_formulas_of_different_values_do_not_look_alike(ascii):
    letters = [(tree(name), number, "atom") for name, number in VALUES.items()]
    small = letters + larger(letters[:1])
    found = {}
    for node, number, _ in [*small, *larger(small), *(made for part in larger(small)[::9] for made in of_one(part))]:
        text = math_text(node, ascii=ascii)
        assert math.isclose(found.setdefault(text, number), number), text
    assert len(found) > 1000
