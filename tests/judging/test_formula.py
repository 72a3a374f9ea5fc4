"""Formulas as people write them: NumPy, printed letters, course notes; safe, and refused in one line."""

from __future__ import annotations

import pytest
from verdicts import headline

from symbp.derivation import derive
from symbp.errors import SymbpError
from symbp.judging.formula import Formulas
from symbp.judging.judging import Judged
from symbp.networks.examples import EXAMPLES
from symbp.networks.network import Network
from symbp.writing.readback import lexicon


def over(**options: object) -> Formulas:
    derivation = derive(**options)
    return Formulas(derivation, lexicon(derivation, derivation))


@pytest.fixture(scope="module")
def deep() -> Formulas:
    return over(layers=3, activation="tanh", loss="mse", batch=True)


@pytest.fixture(scope="module")
def blackboard() -> Formulas:
    derivation = derive(Network.load(EXAMPLES["blackboard"]))
    return Formulas(derivation, lexicon(derivation, derivation))


def verdict(judged: Judged) -> str:
    return str(judged.diagnosis.verdict)


RIGHT = (
    "dW2 = ((W3.T @ dZ3) * (1 - A2**2)) @ A1.T",
    "dW2 = np.dot(np.multiply(np.dot(W3.T, dZ3), 1 - np.power(A2, 2)), A1.T)",
    "dW2 = (W3.T.dot(dZ3) * (1 - np.tanh(Z2)**2)).dot(A1.T)",
    "dW2 = ((W3.T @ dZ3) * tanh'(Z2)) @ A1.T",
    "∂ℒ/∂W₂ = ((W₃ᵀ δ₃) ⊙ (1 − A₂²)) A₁ᵀ",
    "∂W2 = ((W3^T δ3) ∘ tanh′(Z₂)) A₁ᵀ",
    "db2 = np.sum(dZ2, axis=1, keepdims=True)",
    "db2 = dZ2.sum(axis=1)",
    "dZ3 = (1/m) * (A3 - Y) * (1 - A3*A3)",
    "Z̄2 = (W3.T @ Z̄3) * (1 - A2**2)",
    "Z2 = W2 @ A1 + b2",
    "dW1 = dZ1 @ X.T",
)


@pytest.mark.parametrize("formula", RIGHT)
def test_right_formulas_are_right(deep: Formulas, formula: str) -> None:
    assert verdict(deep.judge(formula)) == "right"


WRONG = {
    "dW2 = ((W3.T @ dZ3) * (1 - A2)) @ A1.T": "",
    "dW2 = ((W3.T @ dZ3) * (1 - A2**2)) @ A1.T * m": "m",
    "dW2 = -((W3.T @ dZ3) * (1 - A2**2)) @ A1.T": "sign",
    "dW2 = (W3.T @ dZ3) @ A1.T": "missing",
    "dZ2 = (W3.T @ dZ3) * A2": "",
    "db2 = dZ2.mean(axis=1)": "m",
    "Z2 = W2 @ A1 - b2": "wrong sign of b2",
    "Z2 = W2 @ A1 * 3 + b2": "not what the network computes",
    "dW2 = W3 @ dZ3 @ A1.T": "'W3' is n3×n2 and 'dZ3' is n3×m",
    "dW2 = (W3.T @ dZ3) @ (1 - A2**2)": "* multiplies entry by entry",
    "dW2 = A1 @ (2 * dZ2).T": "it is transposed",
    "db2 = 2 * dZ2": "the sum over the examples is missing",
    "dW2 = dZ1 @ X.T": "this is dW1",
}


@pytest.mark.parametrize(("formula", "said"), WRONG.items())
def test_wrong_formulas_are_not(deep: Formulas, formula: str, said: str) -> None:
    judged = deep.judge(formula)
    assert verdict(judged) != "right"
    assert said in headline(judged)


def test_the_readme_example(blackboard: Formulas) -> None:
    judged = blackboard.judge("dW₁ = dLoss·W₃·f′₂·a₂·W₂·f′₁·a₁")
    assert headline(judged) == "wrong: superfluous factor a₂; everything else is right"
    assert judged.sides[0].right == "dW₁ = dLoss·W₃·f′₂·W₂·f′₁·a₁"
    assert "a₁ is the input" in judged.notes[0]


@pytest.mark.parametrize(
    "formula",
    [
        "dW1 = dLoss * W3 * df2 * W2 * df1 * X",
        "dW₁ = dLoss·W₃·f′₂·W₂·f′₁·a₁",
        "dW1 = dLoss * f3'(z3) * W3 * f2'(z2) * W2 * f1'(z1) * x",
        "dw1 = (a3 - y) * a3*(1-a3) * w3 * a2*(1-a2) * w2 * a1*(1-a1) * x",
    ],
)
def test_course_notes_in_scalars(blackboard: Formulas, formula: str) -> None:
    assert verdict(blackboard.judge(formula)) == "right"


def test_a_superfluous_factor_of_a_matrix_formula(deep: Formulas) -> None:
    judged = deep.judge("dZ2 = (W3.T @ dZ3) * (1 - A2**2) * A2")
    assert "superfluous factor A2;" in headline(judged)
    assert judged.sides[0].right == "dZ2 = (W3.T @ dZ3) * (1 - A2**2)"


def test_the_letter_l_stands_for_every_layer(deep: Formulas) -> None:
    assert verdict(deep.judge("∂ℒ/∂bₗ = δₗ 1")) == "right"
    assert verdict(deep.judge("∂ℒ/∂bₗ = 2 δₗ 1")) != "right"


REPAIRED = {
    "dW2 = dZ2 @ A2.T": ("A2 in place of A1", "dW2 = dZ2 @ A1.T"),
    "∂ℒ/∂W₂ = δ₂ A₂ᵀ": ("A₂ in place of A₁", "∂ℒ/∂W₂ = δ₂ A₁ᵀ"),
    "dZ1 = (W2.T @ dZ2) * (1 - A2**2)": ("A2 in place of A1", "dZ1 = (W2.T @ dZ2) * (1 - A1**2)"),
    "dW2 = dZ2 * A1.T": ("* in place of @", "dW2 = dZ2 @ A1.T"),
    "dA1 = W2 @ dZ2": ("W2 must be transposed", "dA1 = W2.T @ dZ2"),
    "dW2 = A1.T @ dZ2": ("in the wrong order", "dW2 = dZ2 @ A1.T"),
    "dW1 = dZ1 @ A1.T": ("A1 in place of X", "dW1 = dZ1 @ X.T"),
    "dW2 = dZ2": ("factor A1.T missing", "dW2 = dZ2 @ A1.T"),
    "dZ1 = (W2.T @ dZ2) * tanh(Z1)": ("tanh in place of tanh′", "dZ1 = (W2.T @ dZ2) * tanh′(Z1)"),
}
"""Formulas that one change makes right, and what that is, in the user's own words."""


@pytest.mark.parametrize(("formula", "said"), REPAIRED.items(), ids=list(REPAIRED))
def test_a_formula_is_mended_in_its_own_words(deep: Formulas, formula: str, said: tuple[str, str]) -> None:
    judged = deep.judge(formula)
    assert said[0] in headline(judged)
    assert judged.sides[0].right == said[1]
    assert verdict(deep.judge(said[1])) == "right"


def test_a_shape_that_does_not_fit_is_told_with_the_change(deep: Formulas) -> None:
    assert any("dW2 is n2×n1, but 'dZ2 @ A2.T' is n2×n2" in each for each in deep.judge("dW2 = dZ2 @ A2.T").notes)


def test_what_cannot_be_mended_keeps_its_signs(deep: Formulas) -> None:
    judged = deep.judge("δ₂ = (W₃ᵀ δ₃) ⊙ (1 − A₂)")
    assert judged.sides[0].right == "δ₂ = ∂ℒ/∂A₂ ⊙ tanh′(Z₂)"


NAMED = {
    "dZ2 = W3.T @ dZ3": ("factor tanh′(Z2) missing in dZ2", "dZ2 = dA2 * tanh′(Z2)"),
    "dZ2 = (W3.T @ dZ3) * A2": ("tanh in place of tanh′ in dZ2", "dZ2 = dA2 * tanh′(Z2)"),
    "δ₂ = W₃ᵀ δ₃": ("factor tanh′(Z₂) missing in δ₂", "δ₂ = ∂ℒ/∂A₂ ⊙ tanh′(Z₂)"),
    "δ₂ = (W₃ᵀ δ₃) ⊙ (1 − A₂)": ("tanh′ written as 1 − a instead of 1 − a² in δ₂", "δ₂ = ∂ℒ/∂A₂ ⊙ tanh′(Z₂)"),
    "Z2 = W2 @ A1 - b2": ("wrong sign of b2", "Z2 = W2 @ A1 + b2"),
    "Z₂ = 3 W₂ A₁ + b₂": ("not what the network computes", "Z₂ = W₂ A₁ + b₂"),
}
"""A verdict has one name for a slope and one way to write: the formula's own, code or signs."""


@pytest.mark.parametrize(("formula", "said"), NAMED.items(), ids=list(NAMED))
def test_a_verdict_writes_as_the_formula_does(deep: Formulas, formula: str, said: tuple[str, str]) -> None:
    judged = deep.judge(formula)
    assert said[0] in headline(judged)
    assert judged.sides[0].right == said[1]
    left = said[1].split(" = ")[0]
    assert all(row.gradient == (f"{left} (dZ2)" if left.startswith("δ") else left) for row in judged.diagnosis.rows)


def test_a_repair_by_what_is_not_derived_is_no_repair() -> None:
    softmax = over(layers=2, activation="relu", output_activation="softmax", loss="mse")
    assert "taken as its diagonal" in headline(softmax.judge("dZ2 = dA2 * A2 * (1 - A2)"))


REFUSED = {
    "dW2": "write the gradient, =, and what it is",
    "dW9 = dZ1 @ X.T": "'dW9' is no matrix of this network",
    "W1 = dZ1 @ X.T": "is given, not derived",
    "dW1 = dZ1 @ Q.T": "unknown symbol 'Q'",
    "dW1 = __import__('os').system('true')": "unknown symbol '__import__'",
    "dW1 = dZ1.__class__": "'.' may not stand in the formula",
    "dW1 = (lambda: 0)()": "unknown symbol 'lambda'",
    "dW1 = dZ1 @ X.T; import os": "';' may not stand in the formula",
    "dW1 = 'a' * 10**9": "may not stand in the formula",
    "dW1 = 9**9**9**9 * W1": "must be a number up to 100",
    "dW1 = [x for x in X]": "may not stand in the formula",
    "dW1 = " + "(" * 200 + "W1" + ")" * 200: "brackets inside each other",
    "dW1 = " + "W1 + " * 500 + "W1": "at most 1,000",
    "dW1 = dZ1 @": "look for a missing operand",
    "dW1 = B[Q] X": "paste the lines of the backward pass",
    "dW1 = dZ1 @ X.T @ 10": "",
    "dW1 = sum(dZ1, axis=7) * X": "only axis and keepdims may be named",
}


@pytest.mark.parametrize(("formula", "said"), REFUSED.items(), ids=[each[:40] for each in REFUSED])
def test_what_is_no_formula_gets_one_line(deep: Formulas, formula: str, said: str) -> None:
    if not said:
        assert verdict(deep.judge(formula)) != "right"
        return
    with pytest.raises(SymbpError) as caught:
        deep.judge(formula)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_formula_never_runs_code(deep: Formulas, tmp_path: object) -> None:
    for text in ("exec('1')", "open('/tmp/x')", "W1.tofile('/tmp/x')", "np.load('x')", "np.__dict__", "W1[0]"):
        with pytest.raises(SymbpError):
            deep.judge(f"dW1 = {text}")
