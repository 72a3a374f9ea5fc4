"""Every line of a page, as it is printed in a notation, can be given back in that notation and is right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from test_readback import FILES, NETWORKS, OF_FUNCTIONS, derivation_of, faults

from symbp.cli.verdict import formulas_of
from symbp.derivation import Derivation
from symbp.judging.formula import Formulas
from symbp.maths.notation import NOTATIONS, Notation
from symbp.networks.examples import EXAMPLES
from symbp.pages.page import lines
from symbp.pages.tell.derivation import context, derivation_page
from symbp.views.layout import LAYOUTS
from symbp.writing.formula import Speller

NOT_READ = {
    r"⎧": "a function by cases, over several lines",
    r"Σ[ᵢⱼₖ]+ .* log |log .*\bh_\(|^\S+ = −\S*Σ": "a loss entry by entry is the definition of ℒ, no line of a pass",
    r"^[μsσr]\S* = |\(· − μ": "what a normalisation makes of one example, by entries",
    r"₀⁽|_\(\w,0\)": "Bishop's biases are the first column of the weights, entry by entry",
    r"_\([a-z, ]+,out\)|, [a-z]\)": "LMU's letters in and out stand among the indices of an entry",
    r"_\([LK]−[lk]": "errors that are counted from the loss on",
    r"e\^\(": "softmax entry by entry",
    r"^\w = [\d.]+$": "a number of an activation",
    r"J_\(\w_[LK]\)": "the Jacobian of a softmax, named by the last layer's letter",
    r"^[ℒLJEC] = .*(‖|ℓ\()": "a loss is the definition of ℒ, no line of a pass",
    r"^f′\(x\) = ": "the slope of an activation of one's own",
    r"Σ_\(i=1\.\.m\).*Σ_\(i=1\.\.m\)": "several sums over the examples on one side",
    r"^db(_cls|ₒ|_[a-z]|[ᵢₖ])\S* = .*Σ_|\]\(i\)\)": "a sum over the examples, of a part of a block",
    r"= sum[₀-₉]+\(": "a sum over the places of an image lies as a column, where biases are rows",
    r"[∂d]\S+/[∂d]\S+ \.\.\.|⋯": "what leaves equations out",
}
"""What is printed and not read, by a pattern, and why."""

NOT_OF = {
    "zhou": "steps of gradient descent, whose errors have the other sign, in place of gradients",
    "goodfellow": "an error that is updated in place has another value in every line",
    "scalar": "one unit in each layer: every matrix of the network is a number there",
}
"""Notations whose lines are those of something else than the network's gradients."""


def given_back(derivation: Derivation, notation: Notation) -> tuple[Formulas, list[str]]:
    """Return what judges formulas in a notation, and the lines of the page in it that are to be read."""
    network = derivation.network
    over = formulas_of(network, network, None, 0, (LAYOUTS[notation.layout],), notation)
    spell = Speller.of(context(derivation, notation).spellings).text
    page = derivation_page(derivation, notation=notation)
    texts = [spell(part) for line in lines(page.blocks) for part in line.parts]
    return over, [each for each in texts if not (OF_FUNCTIONS.match(each) or any(re.search(p, each) for p in NOT_READ))]


QUICK = (("tanh-batch", "ng"), ("relu-ce", "standard"))
"""What the short suite gives back."""

IN_ALL = ("tanh", "tanh-batch", "relu-ce")
"""Networks that are shown in every notation; the others in some."""

SOME = ("standard", "ng", "qiu", "rows", "cs231n")

CASES = [(name, notation) for name in NETWORKS for notation in (NOTATIONS if name in IN_ALL else SOME)
         if notation not in NOT_OF]  # fmt: skip

ALONE = [(name, notation) for name in (*FILES, *EXAMPLES) for notation in SOME if notation != "standard"]
"""Networks of blocks and steps: their lines of several letters, a step in a layer, stand for equations each alone."""


@pytest.mark.parametrize(
    ("name", "notation"), [each if each in QUICK else pytest.param(*each, marks=pytest.mark.long) for each in CASES]
)
def test_every_line_of_a_page_is_given_back_and_right(name: str, notation: str, tmp_path: Path) -> None:
    over, texts = given_back(derivation_of(name, tmp_path), NOTATIONS[notation])
    assert len(texts) >= 3
    assert faults(over, texts) == []


@pytest.mark.long
@pytest.mark.parametrize(("name", "notation"), ALONE)
def test_every_equation_alone_is_given_back_in_its_notation(name: str, notation: str, tmp_path: Path) -> None:
    derivation, row = derivation_of(name, tmp_path), NOTATIONS[notation]
    network = derivation.network
    over = formulas_of(network, network, None, 0, (LAYOUTS[row.layout],), row)
    c = context(derivation, row, complete=True)
    spell = Speller.of(c.spellings).text
    texts = [spell(c.builder.equation(e.lhs, e.rhs)) for e in map(c.reading.alone, c.reading.backward)]
    assert faults(over, [each for each in texts if not any(re.search(p, each) for p in NOT_READ)]) == []


@pytest.mark.long
@pytest.mark.parametrize(("before", "after"), [("ᵀ", ""), (" − ", " + "), ("ₗ₊₁", "ₗ"), ("ReLU′", "ReLU")])
def test_a_line_with_a_mistake_is_not_right(before: str, after: str, tmp_path: Path) -> None:
    over, texts = given_back(derivation_of("relu-ce", tmp_path), NOTATIONS["standard"])
    planted = [each.replace(before, after) for each in texts if before in each]
    assert len(faults(over, planted)) == len(planted) > 0
