"""Every equation that symbp prints in a terminal can be given back to it: it reads it and finds it right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from symbp.cli.verdict import formulas_of
from symbp.derivation import Derivation, derive
from symbp.errors import SymbpError
from symbp.judging.formula import Formulas
from symbp.maths.tree import Node
from symbp.networks.examples import EXAMPLES
from symbp.networks.network import Network
from symbp.networks.operations import OPERATIONS
from symbp.pages.page import lines
from symbp.pages.tell.derivation import context
from symbp.pages.tell.operation import operation_context, operation_page
from symbp.views.layout import COLUMNS, ROWS, Layout
from symbp.writing.formula import Speller
from symbp.writing.latex import math_latex
from symbp.writing.readback import lexicon

NETWORKS = {
    "tanh": {"layers": 2, "activation": "tanh", "loss": "mse"},
    "tanh-batch": {"layers": 2, "activation": "tanh", "loss": "mse", "batch": True},
    "sigmoid-bce": {"layers": 3, "activation": "sigmoid", "loss": "bce", "batch": True},
    "relu-ce": {"layers": 3, "activation": "relu", "loss": "cross_entropy"},
    "softmax-mse": {"layers": 2, "activation": "gelu", "output_activation": "softmax", "loss": "mse"},
    "softmax-mse-batch": {
        "layers": 2,
        "activation": "elu",
        "output_activation": "softmax",
        "loss": "mse",
        "batch": True,
    },
    "no-bias": {"layers": 4, "activation": "softplus", "loss": "huber", "bias": False, "batch": True},
    "custom": {"layers": 2, "activation": "x*sigmoid(beta*x)", "let": {"beta": "1.7"}, "loss": "mse"},
    "one": {"layers": 1, "activation": "identity", "loss": "mae", "batch": True},
}

FILES = {
    "strided": """
        loss = "mse"
        layers = [
            { type = "conv2d", channels = 2, kernel = 3, stride = 2, padding = 1, activation = "tanh" },
            { type = "conv2d", channels = 3, kernel = 2, padding = 1, activation = "sigmoid" },
            { type = "dense", units = 2, activation = "identity" },
        ]
        inputs = { channels = 1, height = 7, width = 7 }""",
    "rnn": """
        inputs = 3
        loss = "mse"
        layers = [{ type = "rnn", units = 4, steps = 3 }, { type = "dense", units = 2, activation = "identity" }]""",
    "gru-batch": """
        inputs = 3
        loss = "mse"
        batch = true
        layers = [{ type = "gru", units = 2, steps = 3 }, { type = "dense", units = 2, activation = "identity" }]""",
    "two-rnns": """
        inputs = 3
        loss = "mse"
        layers = [{ type = "rnn", units = 4, steps = 3, sequence = true }, { type = "rnn", units = 2, steps = 3 }]""",
}
"""Networks as files: strides and paddings, other cells, the state of every step used."""


def derivation_of(name: str, folder: Path) -> Derivation:
    """Return a network of the tables, or a shipped example."""
    if name in NETWORKS:
        return derive(**NETWORKS[name])
    if name in EXAMPLES:
        return derive(Network.load(EXAMPLES[name]))
    place = folder / f"{name}.toml"
    place.write_text(FILES[name])
    return derive(Network.load(place))


def formulas(derivation: Derivation, ascii_only: bool, layout: Layout = COLUMNS) -> list[str]:
    """Return the text of every equation of the backward list as it is printed alone."""
    c = context(derivation, complete=True, view=layout)
    speller = Speller.of(c.spellings, ascii=ascii_only)
    return list(map(speller.text, trees(derivation, layout)))


def trees(derivation: Derivation, layout: Layout = COLUMNS) -> list[Node]:
    """Return every equation of the backward list as a tree."""
    c = context(derivation, complete=True, view=layout)
    equations = map(c.reading.alone, c.reading.backward)
    return [c.builder.equation(each.lhs, each.rhs) for each in equations]


def unread(derivation: Derivation, ascii_only: bool, layout: Layout = COLUMNS) -> list[str]:
    """Return the printed equations that are not read and found right, with what is said of them."""
    over = Formulas(derivation.readable, lexicon(derivation, derivation, layout), layout=layout)
    found = formulas(derivation, ascii_only, layout)
    assert len(found) >= 3
    return faults(over, found)


def faults(over: Formulas, found: list[str]) -> list[str]:
    """Return the formulas that are not read and found right, with what is said of them."""
    wrong = []
    for formula in found:
        try:
            judged = over.judge(formula)
            if not judged.right:
                wrong.append(f"{formula}: {judged.sentence or judged.diagnosis.verdict}")
        except SymbpError as error:
            wrong.append(f"{formula}: {error}")
    return wrong


SLOW = ("gru-batch", "lstm-classifier")
"""Networks with so many lines, each read and differentiated, that they take seconds."""


@pytest.mark.parametrize("ascii_only", [False, pytest.param(True, marks=pytest.mark.long)], ids=["unicode", "ascii"])
@pytest.mark.parametrize(
    "name",
    [pytest.param(each, marks=pytest.mark.long) if each in SLOW else each for each in [*NETWORKS, *FILES, *EXAMPLES]],
)
def test_every_printed_equation_is_read_back_and_right(name: str, ascii_only: bool, tmp_path: Path) -> None:
    assert unread(derivation_of(name, tmp_path), ascii_only) == []


IN_ROWS = ("tanh", "softmax-mse-batch", "batchnorm-mlp")
"""What the short suite reads in rows."""


@pytest.mark.parametrize(
    "name",
    [
        each if each in IN_ROWS else pytest.param(each, marks=pytest.mark.long)
        for each in [*NETWORKS, *FILES, *EXAMPLES]
    ],
)
def test_equations_in_rows_are_read_back_as_well(name: str, tmp_path: Path) -> None:
    assert unread(derivation_of(name, tmp_path), False, ROWS) == []


@pytest.mark.parametrize(
    "name",
    [each if each == "tanh" else pytest.param(each, marks=pytest.mark.long) for each in [*NETWORKS, *FILES, *EXAMPLES]],
)
def test_equations_in_latex_are_read_back_as_well(name: str, tmp_path: Path) -> None:
    derivation = derivation_of(name, tmp_path)
    over = Formulas(derivation.readable, lexicon(derivation, derivation))
    assert faults(over, list(map(math_latex, trees(derivation)))) == []


OF_FUNCTIONS = re.compile(r"^\(?\\?[^=]*(?:[( ]|\])[ugsz]\)|^\S+[′'] = |^\{?\\mathrm|^\([kg] |^\w+\(")
"""Definitions of functions by what they make of u: no lines of a pass."""


def of_operation(name: str) -> tuple[Formulas, list[str]]:
    """Return every line on the page of an operation: in Unicode, in ASCII and in LaTeX."""
    network = OPERATIONS[name].build()
    derivation = derive(network)
    c = operation_context(derivation)
    found = [part for line in lines(operation_page(derivation).blocks) for part in line.parts]
    spellers = [Speller.of(c.spellings, ascii=each).text for each in (False, True)]
    texts = [spell(tree) for spell in (*spellers, math_latex) for tree in found]
    return formulas_of(network, network, None, 0, (COLUMNS,)), [each for each in texts if not OF_FUNCTIONS.match(each)]


@pytest.mark.parametrize(
    "name", [each if each == "layernorm" else pytest.param(each, marks=pytest.mark.long) for each in OPERATIONS]
)
def test_every_line_of_an_operation_is_read_back_and_right(name: str) -> None:
    over, found = of_operation(name)
    assert len(found) >= 6
    assert faults(over, found) == []


def test_a_wrong_line_of_an_operation_is_seen() -> None:
    over, found = of_operation("softmax")
    assert faults(over, [each.replace("−", "+").replace("- ", "+ ") for each in found])


GROUPS = """
        inputs = { channels = 2, height = 5, width = 4 }
        loss = "mse"
        layers = [
          { type = "conv2d", channels = 4, kernel = 3, stride = 2, padding = 2, dilation = 2, groups = 2 },
          { type = "upsample" }, { type = "group_norm", groups = 2, affine = false },
          { type = "conv_transpose2d", channels = 2, kernel = 3, stride = 2, padding = 1, groups = 2 }]"""


@pytest.mark.long
def test_windows_with_groups_and_rearrangements_are_read_back(tmp_path: Path) -> None:
    place = tmp_path / "groups.toml"
    place.write_text(GROUPS)
    assert unread(derive(Network.load(place)), False) == []
