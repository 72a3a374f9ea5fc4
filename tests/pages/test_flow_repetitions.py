"""The pages of analyses of blocks, steps and parts: what they say is what was measured, of what the network has."""

from __future__ import annotations

import json
import math
import re
from functools import cache
from typing import Any

import pytest

from symbp import (
    GRU,
    LSTM,
    RNN,
    Attention,
    BatchNorm,
    Concat,
    Conv2d,
    Dense,
    Image,
    LayerNorm,
    Linear,
    Network,
    Residual,
    SpecError,
    TransformerBlock,
    analyze,
    derive,
)
from symbp.analysis.flow import GradientFlow
from symbp.cli.main import main
from symbp.derivation import Derivation
from symbp.maths.tree import Node
from symbp.networks.examples import EXAMPLES
from symbp.pages.page import Block, Page, Para, Table, Text
from symbp.pages.tell.flow import flow_page, inner_page, inside
from symbp.pages.tell.flow_parts import Study
from symbp.writing.formula import math_text
from symbp.writing.page_html import write_html
from symbp.writing.page_latex import write_latex
from symbp.writing.page_markdown import write_markdown
from symbp.writing.text import write_text

OUT = Dense(3, "softmax")
FFN = Residual([LayerNorm(), Dense(7, "tanh"), Linear(6)])
IMAGE = Image(2, 6, 6)

NETWORKS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "blocks": (6, tuple(TransformerBlock(tokens=3, heads=2) for _ in range(3))),
    "post": (6, (TransformerBlock(tokens=3, post_norm=True),)),
    "residual": (4, (Linear(6), *[FFN] * 10)),
    "projected": (4, (Linear(5), Residual([Dense(4, "relu")], projection=Linear(4)))),
    "normalised": (4, (Linear(6), Residual([BatchNorm(), Linear(6)]), Concat([Dense(2, "tanh")]))),
    "convolution": (IMAGE, (Conv2d(2, 3, padding=1), Residual([Conv2d(2, 3, padding=1, activation="relu")]))),
    "lstm": (4, (LSTM(5, 10),)),
    "gru": (4, (GRU(5, 6),)),
    "rnn": (4, (RNN(5, 2),)),
    "two": (4, (LSTM(4, 3, sequence=True), GRU(4, 3))),
}
SHIPPED = ("transformer-block", "lstm-classifier", "residual-mlp", "small-cnn")


@cache
def study(name: str, init: str = "xavier") -> Study:
    if name in SHIPPED:
        derivation = derive(name)
    else:
        inputs, layers = NETWORKS[name]
        derivation = derive(Network([*layers, OUT], inputs, "cross_entropy", batch=True))
    return Study(name, derivation, analyze(derivation, init))


def page(name: str, init: str = "xavier", every: bool = False) -> Page:
    return flow_page([study(name, init)], every=every)


def words(text: Text) -> str:
    return "".join(math_text(each) if isinstance(each, Node) else str(each) for each in text)


def tables(of: Page) -> list[list[list[str]]]:
    """Return every table as its rows, the head first."""
    found = [block for block in of.blocks if isinstance(block, Table)]
    return [[[words(cell) for cell in row] for row in (each.head, *each.rows)] for each in found]


def said(of: Page) -> str:
    return " ".join(words(block.text) for block in of.blocks if isinstance(block, Para))


def all_of_it(of: Page) -> list[str]:
    return [write_text(of), write_latex(of), write_markdown(of, flavour="gfm"), write_html(of)]


@pytest.mark.parametrize("name", [*NETWORKS, *(pytest.param(each, marks=pytest.mark.long) for each in SHIPPED)])
def test_no_rate_a_layer_is_said_in_any_format(name: str) -> None:
    for text in all_of_it(page(name, every=True)):
        assert not re.search(r"\b(a|per|each) layer\b", text.lower())
    assert not re.search(r"\b(a|per|each) layer\b", json.dumps(study(name).flow.to_dict()).lower())


OPERATIONS = ("norm", "att", "softmax", "convolution", "pooling", "gate", "skip", "embedding", "batch")


@pytest.mark.parametrize(
    ("name", "has"),
    [
        ("transformer-block", {"norm", "att", "softmax", "skip"}),
        ("lstm-classifier", {"gate"}),
        ("rnn", set()),
        ("residual-mlp", {"skip"}),
        ("small-cnn", {"convolution", "pooling"}),
    ],
)
def test_a_page_names_operations_that_the_network_has(name: str, has: set[str]) -> None:
    """The loss is a cross entropy of a softmax in all of them, its name stands in no page."""
    text = write_text(page(name)).lower().replace("the norm is", "").replace("norms of", "").replace("to its norm", "")
    found = {each for each in OPERATIONS if re.search(rf"\b{each}", text)}
    assert found - {"norm"} <= has
    assert ("norm" in has) or not re.search(r"\bnorm[₀-₉ᵀ]|a norm divides", text)


def test_a_step_is_what_an_lstm_is_told_by() -> None:
    text = write_text(page("lstm"))
    assert "step" in text.splitlines()[0]
    assert "a step" in text
    first, *rows = tables(page("lstm"))[0]
    assert first == ["step", "‖eₜ‖", "gain", "to cₜ₋₁", "to hₜ₋₁", "mean fₜ"]
    assert [row[0] for row in rows] == ["10", "9", "8", "7 … 4", "3", "2", "1"]
    (whole,) = [each for each in tables(page("lstm", every=True)) if len(each) == 11]
    assert [row[0] for row in whole[1:]] == [str(t) for t in range(10, 0, -1)]


def test_a_row_multiplies_out() -> None:
    for name in ("blocks", "post"):
        head, *rows = tables(page(name))[0]
        gains = head.index("gain")
        maps = [at for at, each in enumerate(head) if at > gains and each.startswith(("I + ", "norm"))]
        blocks = [row for row in rows if row[0].isdigit()]
        assert blocks
        for row in blocks:
            assert math.prod(float(row[at]) for at in maps) == pytest.approx(float(row[gains]), rel=3e-3)


def test_squares_add_up_with_the_cosine() -> None:
    head, *rows = tables(page("residual"))[0]
    assert head == ["block", "‖δX₁‖", "gain", "ffnᵀ", "cos ffnᵀ"]
    for _, _, gain, branch, cosine in (row for row in rows if row[0].isdigit()):
        a, b, c = (float(each.replace("−", "-")) for each in (gain, branch, cosine))
        assert a**2 == pytest.approx(1 + b**2 + 2 * b * c, rel=0.02)


def test_parts_of_steps_add_up_to_one() -> None:
    for name in ("lstm", "gru", "rnn", "lstm-classifier"):
        shares = next(each for each in tables(page(name)) if each[1][0] == "as is")
        for row in shares[1:]:
            assert sum(float(each.replace("−", "-")) for each in row[1:]) == pytest.approx(1, abs=2e-3)


def test_the_groups_of_steps_are_in_order() -> None:
    shares = next(each for each in tables(page("lstm")) if each[1][0] == "as is")
    assert shares[0] == ["step", "1–5", "6", "7", "8", "9", "10"]
    run = study("lstm").flow.repetitions.runs[0]  # type: ignore[union-attr]
    found = run.shares["lstm1.Wg"]
    assert float(shares[1][-1].replace("−", "-")) == pytest.approx(found[0], abs=1e-3)
    assert float(shares[1][1].replace("−", "-")) == pytest.approx(sum(found[5:]), abs=1e-3)


def test_a_remedy_is_measured_and_of_a_gate_that_is_there() -> None:
    lstm, gru, rnn = (said(page(name)) for name in ("lstm", "gru", "rnn"))
    assert "Start the bias b_f at 2, so that the mean of fₜ is" in lstm
    assert "Start the bias b_z at 2" in said(page("gru", "normal:0.5"))
    assert "Start the bias" not in rnn
    assert "forget" not in gru


def test_a_rate_is_said_where_repetitions_agree_alone() -> None:
    assert words(page("residual").title).startswith(("stable: ten blocks", "stable: each block"))
    assert "Fewer than three blocks have no rate" in said(page("residual-mlp"))
    assert "there is no rate" in words(page("lstm-classifier").title)
    assert "Nothing repeats, so there is no rate" in said(page("small-cnn"))


def test_what_is_not_stable_comes_first() -> None:
    assert words(page("residual", "normal:0.01").title).startswith("stable")
    grown = page("projected", "normal:40")
    assert words(grown.title).startswith("exploding: one block takes the error ×")


def test_a_dead_network_says_so() -> None:
    net = Network([Linear(4), Residual([Linear(4)]), Dense(3, "relu(-x**2 - 1)"), OUT], 4, "cross_entropy", batch=True)
    found = flow_page([Study("dead", derive(net), analyze(net))])
    assert words(found.title).startswith("dead: the gradient is exactly zero for W1")


@pytest.mark.parametrize("name", [*NETWORKS, *SHIPPED])
def test_the_first_line_is_short(name: str) -> None:
    assert len(words(page(name).title)) <= 80


def test_parts_of_one_kind_are_told_apart() -> None:
    rows = tables(page("projected"))[0][1:]
    assert [row[0] for row in rows] == ["dense", "1", "linear", "input"]
    rows = tables(flow_page([Study("twice", *twice())]))[0][1:]
    assert [row[0] for row in rows] == ["dense2", "attention", "dense1", "input"]


def twice() -> tuple[Derivation, GradientFlow]:
    derivation = derive(Network([Dense(4, "tanh"), Attention(tokens=2), OUT], 4, "cross_entropy", batch=True))
    return derivation, analyze(derivation)


def test_every_block_and_step_has_a_page_of_its_own() -> None:
    for name in ("blocks", "lstm", "small-cnn", "two", "normalised"):
        names = inside([study(name)])
        assert len(set(names)) == len(names) > 1
        for each in names:
            found = inner_page(study(name), each)
            assert any(isinstance(block, Table) for block in found.blocks)
    assert inside([study("blocks")])[:2] == ("block1", "block2")
    assert "lstm1.step2" in inside([study("two")])
    assert inside([study("blocks"), study("lstm")]) == ()


def test_the_factors_of_a_block_multiply_to_its_branch() -> None:
    (factors,) = tables(inner_page(study("blocks"), "block2"))
    for row in factors[1:]:
        product = math.prod(float(each) for each in re.findall(r"\d+\.\d+", row[2]))
        assert product == pytest.approx(float(row[1]), rel=5e-3)
        assert row[2].count("×") == 3


def test_the_command_prints_one_repetition(capsys: pytest.CaptureFixture[str], tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["analyze", "lstm-classifier", "--only", "step3"]) == 0
    assert capsys.readouterr().out.startswith("step 3: the error ×0.452")
    assert main(["analyze", "transformer-block", "--only", "block1", "-o", "-", "-t", "latex"]) == 0
    assert "\\mathcal{A}" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())
    assert main(["analyze", "transformer-block", "--only", "block9"]) == 2
    assert "did you mean 'block1'?" in capsys.readouterr().err


def test_blocks_of_a_page_are_told_once() -> None:
    for name in NETWORKS:
        blocks: list[Block] = list(page(name).blocks)
        assert len(blocks) == len(set(map(repr, blocks))) or name == "two"  # of two layers, each by itself


def test_every_example_has_a_page() -> None:
    assert set(SHIPPED) <= set(EXAMPLES)
    for name in EXAMPLES:
        if name not in SHIPPED:
            try:
                found = analyze(derive(name))
            except SpecError:
                continue
            assert found.is_stack
