"""The section that defines the functions of a page: what it says is right, and it says what the page needs, once."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from layer_kinds import NETWORKS
from sympy import Basic, IndexedBase, MatrixSymbol, Symbol

import symbp
from symbp import Network
from symbp.checking.entries import Evaluator
from symbp.maths.notation import STANDARD
from symbp.maths.tree import Id, Tag, walk
from symbp.op import Op, meaning_of
from symbp.ops.activations import ACTIVATIONS
from symbp.ops.elementwise import OUTPUT
from symbp.ops.functions import activation
from symbp.ops.letters import OUT, TARGET
from symbp.ops.losses import EntrywiseLoss, SigmoidBinaryCrossEntropy, SoftmaxCrossEntropy
from symbp.pages.page import Page, Para, lines
from symbp.pages.tell.context import Context
from symbp.pages.tell.functions import definition, functions
from symbp.pages.tell.letters import BOUND
from symbp.pages.tell.losses import loss_slopes
from symbp.pages.tell.operations import WRITTEN_OUT
from symbp.pages.words import language
from symbp.views.reading import reading
from symbp.writing.text import write_text

POINTS = (-3.7, -3.0, -0.83, 0.41, 1.9, 3.0, 4.3)


def context(derivation):
    return Context(reading(derivation), STANDARD, language())


def said(derivation):
    return write_text(Page((), (), tuple(functions(context(derivation)))), width=110, detail=4)


def computed(known, expr):
    return float(np.real(Evaluator(known, {}, {}).value(expr)))


def values(of, x):
    """The numbers of a definition's letters at a point."""
    known = {of.arguments[0]: x, **{symbol: float(value) for symbol, value in of.numbers}}
    for symbol, expr in of.where:
        known[symbol] = computed(known, expr)
    return known


def slope_of(function, x):
    """A central difference of the registered formula in 40 digits."""
    with mpmath.workdps(40):
        step = mpmath.mpf(10) ** -12
        expr = function.expr.subs(dict(function.parameters))
        at = [expr.subs(function.variables[0], mpmath.mpf(x) + s * step) for s in (1, -1)]
        above, below = (mpmath.mpf(str(each.evalf(40))) for each in at)
        return float((above - below) / (2 * step))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_is_defined_with_its_slope(name):
    function = activation(name)
    d = symbp.derive(layers=2, activation=name, loss="mse")
    of = definition(context(d), function)
    for x in POINTS:
        known = values(of, x)
        exact = float(function.expr.subs(dict(function.parameters)).subs(function.variables[0], x).evalf(30))
        assert computed(known, of.value) == pytest.approx(exact, rel=1e-12, abs=1e-13)
        if x in (-3.0, 3.0):
            continue
        for _, slope in of.slopes:
            assert computed(known, slope) == pytest.approx(slope_of(function, x), rel=1e-10, abs=1e-12)
        if of.by_value is not None:
            through = computed({**known, OUTPUT: exact}, of.by_value)
            assert through == pytest.approx(slope_of(function, x), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", [name for name, row in ACTIVATIONS.items() if row.formula.jumps])
def test_a_kink_has_the_value_of_the_generated_program(name):
    function = activation(name)
    of = definition(context(symbp.derive(layers=2, activation=name, loss="mse")), function)
    for point, value in of.kinks:
        known = values(of, float(point))
        assert computed(known, value) == pytest.approx(computed(known, function.slopes[0]), rel=1e-12)
    assert len(of.kinks) == len(function.kinks)


def test_the_inner_letter_of_gelu():
    text = said(symbp.derive(layers=3, activation="gelu_tanh", loss="mse"))
    assert "GELU(u)  = u (1 + tanh(q))/2" in text
    assert "q  = √(2/π)" in text
    assert "q′ u (1 − tanh²(q))/2 + (1 + tanh(q))/2" in text
    assert "GELU_tanh" not in text


def test_a_function_that_a_formula_uses_is_defined_before_it():
    text = said(symbp.derive(layers=3, activation="gelu", loss="mse"))
    assert "∫_(0..u)" in text
    assert text.index("erf(u)") < text.index("GELU(u)")
    assert "erf′" not in text


LOSSES = {
    "mae": "ℓ(p, t)",
    "huber": "ℓ(p, t)",
    "huber(0.3)": "ℓ(p, t)",
    "log_cosh": "ℓ(p, t)",
    "hinge": "ℓ(p, t)",
    "max(0.9*(y-a), -0.1*(y-a))": "ℓ(p, t)",
    "-y*(1-a)**2*log(a) - (1-y)*a**2*log(1-a)": "ℓ(p, t)",
    "(a-y)**4/4": "ℓ(p, t)",
}


@pytest.mark.parametrize("loss", LOSSES)
def test_a_loss_is_defined_with_its_slope(loss):
    d = symbp.derive(layers=2, activation="tanh", output_activation="sigmoid", loss=loss)
    c = context(d)
    assert LOSSES[loss] in said(d)
    function = next(each.function for each in c.nodes if isinstance(each, EntrywiseLoss))
    numbers = {symbol: float(value) for symbol, value in function.parameters}
    slopes = loss_slopes(c, function)
    assert slopes
    for a, y in ((0.31, 0.87), (0.62, 0.11), (0.45, 0.4)):
        for _, slope in slopes:
            steps = [computed({OUT: a + s * 1e-6, TARGET: y, **numbers}, function.expr) for s in (1, -1)]
            found = computed({OUT: a, TARGET: y, **numbers}, slope)
            assert found == pytest.approx((steps[0] - steps[1]) / 2e-6, rel=1e-6, abs=1e-8)


def test_a_loss_of_two_networks_has_both_slopes_and_one_name_each():
    net = Network.equations(
        ["P = softmax(W1 @ X)", "Q = softmax(W2 @ X)", "loss = cross_entropy(P, Q) + 2*huber(P, Q)"],
        shapes={"X": (3, "m"), "W1": (4, 3), "W2": (4, 3)},
        parameters=["W1", "W2"],
    )
    text = said(symbp.derive(net))
    for left in ("ℓ₁(a, y)", "∂₁ℓ₁(a, y) = −y/a", "∂₂ℓ₁(a, y) = −log(a)", "∂₁ℓ₂(a, y)", "∂₂ℓ₂(a, y)"):
        assert left in text
    assert "targets" not in text


@pytest.mark.parametrize("kind", [SoftmaxCrossEntropy, SigmoidBinaryCrossEntropy])
def test_the_collapsed_loss_is_the_loss(kind):
    rng = np.random.default_rng(3)
    z, y = rng.normal(size=(4, 3)), rng.uniform(size=(4, 3))
    y = y / y.sum(axis=0)
    node = kind(*(MatrixSymbol(name, 4, 3) for name in "ZPY"))
    total, arrays = 0.0, {"z": z, "y": y}
    i, j = (Symbol(name, integer=True) for name in "ij")
    form = node.by_logits(IndexedBase("z")[i, j], IndexedBase("y")[i, j], i)
    single = kind is SigmoidBinaryCrossEntropy
    for column in range(1, 4):
        for row in range(1, 5) if single else (1,):
            total += Evaluator({j: column, i: row}, arrays, {i: 4}).value(form)
    assert total / 3 == pytest.approx(float(meaning_of(node)(np, z, y)), rel=1e-12)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_operation_of_a_page_has_its_line_or_sentence(name):
    c = context(symbp.derive(NETWORKS[name]()))
    blocks = functions(c)
    text = write_text(Page((), (), tuple(blocks)), width=110, detail=4)
    assert "is missing" not in text
    for node in c.nodes:
        if isinstance(node, Op) and not isinstance(node, WRITTEN_OUT):
            assert (node.sign or node.label) in text


@pytest.mark.parametrize("name", NETWORKS)
def test_nothing_is_said_twice_and_letters_are_free(name):
    c = context(symbp.derive(NETWORKS[name]()))
    blocks = functions(c)
    trees = [part for line in lines(tuple(blocks)) for part in line.parts]
    assert len(trees) == len(set(trees))
    paragraphs = [block.text for block in blocks if isinstance(block, Para)]
    sentences = [text for text in paragraphs if not str(text[0]).startswith("Here")]
    assert len(sentences) == len(set(sentences))
    bound = {
        each.name
        for tree in trees
        for node in walk(tree)
        if isinstance(node, Tag) and node.role == BOUND
        for each in walk(node)
        if isinstance(each, Id)
    }
    assert not bound & c.taken


def test_an_operation_from_outside_without_an_entry_form_is_told_missing():
    class Doubled(Op):
        label = "doubled"

        def __new__(cls, a):
            return Basic.__new__(cls, a)

        shape = property(lambda self: self.args[0].shape)

    c = context(symbp.derive(layers=2, activation="tanh", loss="mse"))
    x = c.forward[0].equation.lhs
    object.__setattr__(c, "nodes", (Doubled(x),))
    (text,) = [block.text for block in functions(c) if isinstance(block, Para)]
    assert "is missing" in str(text)


def test_what_the_page_does_not_use_is_not_there():
    text = said(symbp.derive(layers=3))
    assert "=" not in text
    text = said(symbp.derive("lstm-classifier"))
    assert text.count("σ′") == text.count("tanh′") == 1
    assert "softplus" not in text


def test_a_function_that_everybody_knows_has_its_slope_alone():
    text = said(symbp.derive(layers=2, activation="sin", loss="mse"))
    assert "sin′(u) = cos(u)" in text
    assert "sin(u) =" not in text


def test_a_planted_slope_is_caught():
    function = activation("softsign")
    of = definition(context(symbp.derive(layers=2, activation="softsign", loss="mse")), function)
    wrong = [slope * 2 for _, slope in of.slopes]
    assert computed(values(of, 0.4), wrong[0]) != pytest.approx(slope_of(function, 0.4), rel=1e-3)


def test_images_and_kernels_have_their_sizes_as_arrays():
    rows = symbp.render(symbp.derive("small-cnn"), "markdown").splitlines()
    for letter, size in (("K_1", "2,1,3,3"), ("X", "1,6,6"), ("Z_1", "2,4,4"), ("P_1", "2,2,2")):
        shown = size.replace(",", r" \times ")
        assert any(row.startswith(f"| ${letter}$ |") and shown in row for row in rows)


def test_two_functions_of_one_name_are_told_apart():
    net = Network.equations(
        [
            "A = leaky_relu(W1 @ X, 0.1)",
            "B = leaky_relu(W2 @ A, 0.2)",
            "C = gelu(B)",
            "D = gelu_tanh(C)",
            "loss = mse(D, Y)",
        ],
        shapes={"X": (3, "m"), "Y": (3, "m"), "W1": (3, 3), "W2": (3, 3)},
        parameters=["W1", "W2"],
    )
    text = " ".join(said(symbp.derive(net)).split())
    for left in ("LeakyReLU₁(x)", "α = 0.1", "LeakyReLU₂(x)", "κ = 0.2", "GELU(x)", "GELU_tanh(x)"):
        assert left in text


def test_a_mask_and_a_setting_are_in_the_name():
    assert "softmax_causal(" in said(symbp.derive("transformer-block"))
    text = said(symbp.derive(NETWORKS["norms"]()))
    assert all(f"{name}(z)ᵢ" in text for name in ("norm", "norm_rms", "norm_batch"))
    assert "μ₂" in text
    assert text.count("ε = 0.00001") == 1
