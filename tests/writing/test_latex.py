"""A tree of mathematics as LaTeX: spelled as people write it, safe whatever a name holds, read by KaTeX."""

from __future__ import annotations

import re

import pytest
from engines import refused
from formulas import equations
from hypothesis import given
from hypothesis import strategies as st

from symbp.maths.tree import (
    APPLY,
    COMMA,
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
    Node,
    Num,
    Root,
    Row,
    Script,
    Sign,
    Table,
    Tag,
    Words,
    row,
)  # fmt: skip
from symbp.writing.latex import (
    ALPHABET,
    PLAIN,
    TEX,
    inline_latex,
    label_latex,
    math_latex,
    sentence_latex,
    text_latex,
    verbatim_latex,
)  # fmt: skip

W, X, L, ONE = Id("W"), Id("X"), Id("L", "script"), Id("1", "bold")
D_LOSS = row(Sign("∂", "prefix"), L)


def gradient(of: Node) -> Frac:
    return Frac(D_LOSS, row(Sign("∂", "prefix"), of))


SPELLED = [
    (W, "W"),
    (Id("δ"), r"\delta"),
    (Id("softmax", "upright"), r"\mathrm{softmax}"),
    (Id("tanh", "upright"), r"\tanh"),
    (Id("Out"), r"\mathit{Out}"),
    (ONE, r"\mathbf{1}"),
    (Id("δ", "bold"), r"\boldsymbol{\delta}"),
    (L, r"\mathcal{L}"),
    (Script(W, None, TRANSPOSE), r"W^{\top}"),
    (Script(W, Id("l"), row(Fence(Num("2")), TRANSPOSE)), r"W_l^{(2)\top}"),
    (Script(W, row(Id("l"), PLUS, Num("1"))), "W_{l+1}"),
    (row(W, TRANSPOSE, TIMES, X), r"W^{\top}\,X"),
    (row(Script(Id("f"), Id("l")), PRIME, APPLY, Fence(Id("z"))), "f_l'(z)"),
    (row(Id("f"), PRIME, TRANSPOSE), r"f^{\prime\top}"),
    (Script(Script(Id("x"), Num("1")), None, Num("2")), "x_1^2"),
    (Script(Script(Id("x"), None, Fence(Num("1"))), None, Num("2")), "{x^{(1)}}^2"),
    (Script(Accent(Id("Y"), "hat"), row(Id("i"), Id("t"))), r"\hat{Y}_{it}"),
    (row(W, TIMES, X), "WX"),
    (row(Script(W, Num("1")), TIMES, X), r"W_1\,X"),
    (row(Num("2"), TIMES, X), "2X"),
    (row(Num("0.5"), TIMES, X), r"0.5\,X"),
    (row(Num("2"), TIMES, Num("3")), r"2 \cdot 3"),
    (row(Frac(Num("1"), Id("T")), TIMES, Fence(row(X, MINUS, W))), r"\tfrac{1}{T}(X - W)"),
    (row(Fence(row(X, MINUS, W)), TIMES, W), r"(X - W)\,W"),
    (gradient(W), r"\frac{\partial\mathcal{L}}{\partial W}"),
    (row(W, EQUALS, NEGATIVE, X), "W = -X"),
    (row(W, TIMES, Fence(row(NEGATIVE, X))), r"W\,(-X)"),
    (row(PLUS, X), "{}+ X"),
    (row(HADAMARD, COMMA, ONE), r"{\odot}, \mathbf{1}"),
    (Script(Sign("∑", "big"), Id("i"), Id("n")), r"\sum_i^n"),
    (Fence(Frac(Num("1"), Id("s"))), r"\bigl(\tfrac{1}{s}\bigr)"),
    (Fence(gradient(W)), r"\left(\frac{\partial\mathcal{L}}{\partial W}\right)"),
    (Fence(X, "‖", "‖"), r"\lVert X\rVert"),
    (Fence(X, "", ")"), "X)"),
    (Root(Script(Id("d"), Id("h"))), r"\sqrt{d_h}"),
    (row(Id("log", "upright"), APPLY, X), r"\log X"),
    (row(Id("norm", "upright"), APPLY, X), r"\mathrm{norm}\,X"),
    (Table(((X, Num("0")), (Num("0"), W))), r"\begin{bmatrix} X & 0 \\ 0 & W \end{bmatrix}"),
    (Table(((X, Words("if x > 0")),), "{", ""), r"\begin{cases} X & \text{if x > 0} \end{cases}"),
    (Table(((X,),), "(", ")"), r"\left( \begin{matrix} X \end{matrix} \right)"),
    (Tag(X, None, "weight", ("weight",)), r"\underbrace{X}_{\text{weight}}"),
    (Tag(X, None, "input"), "X"),
    (Blank(2), r"\boxed{\quad\quad}"),
]  # fmt: skip


@pytest.mark.parametrize(("node", "text"), SPELLED, ids=[text for _, text in SPELLED])
def test_a_tree_is_spelled_as_people_write(node: Node, text: str) -> None:
    assert math_latex(node) == text


def test_a_lecturer_may_restyle_loss_transpose_and_roles() -> None:
    node = row(Tag(Script(W, None, TRANSPOSE), None, "weight", ("a", "weight")), EQUALS, L)
    assert math_latex(node, TEX) == r"\symbpfactor{W^{\symbpT}}{\text{a} \\ \text{weight}} = \symbploss"


def test_a_gradient_in_a_sentence_lies_down() -> None:
    assert inline_latex(row(Id("δ"), EQUALS, gradient(W))) == r"\delta = \partial\mathcal{L}/\partial W"
    assert inline_latex(row(gradient(W), TIMES, X)) == r"\frac{\partial\mathcal{L}}{\partial W}\,X"


HOSTILE = ["a_b", "#", "%", r"\input{x}", "$x$", "x^2~&", "{", "}", "`", '"', "|", "W\n\nX", "é", "😀"]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_is_a_command(name: str) -> None:
    for node in (Id(name), Id(name, "upright"), Words(name), Tag(X, None, "r", (name,)), Script(W, Id(name))):
        text = math_latex(node)
        assert re.search(r"(?<!\\)[#%$~&`|]|\n|input(?!\\\{)", text) is None
        assert balanced(text)
    assert re.search(r"(?<!\\)[#%$_]|\n|\\input", text_latex(name)) is None


def balanced(text: str) -> bool:
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", text.replace("\\\\", "")):
        depth += 1 if brace == "{" else -1
        assert depth >= 0
    return depth == 0


def test_what_tex_cannot_show_is_named() -> None:
    assert text_latex("für ∂ 😀…") == r"f\"{u}r \ensuremath{\partial} [U+1F600]\ldots{}"
    assert label_latex("mlp_2", "a{b") == "mlp_2:a.7b.b"
    assert label_latex("mlp", "") == ""
    assert sentence_latex(("100% of ", X), "mlp") == r"100\% of $X$"
    assert r"\end{verbatim}" not in verbatim_latex("x\n\\end{verbatim}\\input{y}\n")


def test_the_alphabet_has_one_spelling_each() -> None:
    assert all(spelled == spelled.strip() for sign, spelled in ALPHABET.items() if sign not in "\u00a0 ")


SCRIPTS = st.recursive(
    st.sampled_from([W, Id("f"), Num("2"), ONE, Fence(X)]),
    lambda inner: st.one_of(
        st.builds(Script, inner, st.none() | inner, st.none() | inner | st.just(TRANSPOSE) | st.just(PRIME)),
        st.builds(lambda node, sign: row(node, sign), inner, st.sampled_from([TRANSPOSE, PRIME])),
        st.builds(Fence, inner), st.builds(Frac, inner, inner), st.builds(Root, inner),
    ),
    max_leaves=6,
)  # fmt: skip


@given(SCRIPTS)
def test_no_index_is_doubled(node: Node) -> None:
    text = math_latex(node)
    assert balanced(text)
    assert doubled(text) is False


def doubled(text: str) -> bool:
    """Say whether TeX would find two upper or two lower indices on one base: read as TeX reads, group by group."""
    seen: set[str] = set()
    place = 0
    while place < len(text):
        char = text[place]
        if char in "_^'":
            kind = "_" if char == "_" else "^"
            if kind in seen and not (char == "'" and text[place - 1] == "'"):
                return True
            seen.add(kind)
            place += 1
            if char != "'":
                inside, place = argument(text, place)
                if doubled(inside):
                    return True
            continue
        inside, place = argument(text, place)
        seen = set()
        if inside != text and inside[:1] != "\\" and len(inside) > 1 and doubled(inside):
            return True
    return False


def argument(text: str, place: int) -> tuple[str, int]:
    """Return what stands at a place, a group, a command or a letter, and the place behind it."""
    if text[place] == "{":
        depth, end = 1, place + 1
        while depth:
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        return text[place + 1 : end - 1], end
    if text[place] == "\\":
        found = re.match(r"\\(?:[a-zA-Z]+|.)", text[place:])
        assert found
        return found[0], place + len(found[0])
    return text[place], place + 1


def test_the_reader_of_indices_sees_one_doubled() -> None:
    assert doubled("x_1_2")
    assert doubled("{x^{a^b^c}}")
    assert doubled("x^{2}'")
    assert not doubled("{x_1}_2^3")


def test_katex_reads_every_formula() -> None:
    hostile = [Row((Id(name), Words(name), Tag(X, None, "r", (name,)))) for name in HOSTILE if name != "😀"]
    nodes = [*equations(60), *(node for node, _ in SPELLED), *hostile]
    formulas = [(str(place), math_latex(node, PLAIN), True) for place, node in enumerate(nodes)]
    formulas += [(str(place), inline_latex(node), False) for place, node in enumerate(nodes)]
    assert refused(formulas) == []
