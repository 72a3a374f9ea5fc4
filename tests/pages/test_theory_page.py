"""Pages of theory: an activation with its initialisations, derivations whose every step has a sentence, sweeps."""

from __future__ import annotations

import pytest

from symbp.analysis.derivations import DERIVATIONS, derivation_of
from symbp.analysis.solution import solve
from symbp.analysis.sweep import Trend
from symbp.errors import SymbpError
from symbp.networks.expressions import resolve_activation
from symbp.pages.page import Equations, Para, Table
from symbp.pages.tell.derivations import derivation_page
from symbp.pages.tell.sweep import sweep_page
from symbp.pages.tell.theory import theory_page
from symbp.pages.words import language
from symbp.writing.page_html import write_html
from symbp.writing.page_latex import write_latex
from symbp.writing.page_markdown import write_markdown
from symbp.writing.text import words_text, write_text


@pytest.mark.parametrize(
    ("activation", "sigma_b", "said"),
    [
        ("relu", 0.0, "relu is critical at σ_w = 1.414213562, σ_b = 0: --init normal:1.4142135623730951"),
        ("relu", 0.1, "relu has no critical initialisation with σ_b = 0.1"),
    ],
)
def test_the_answer_comes_first(activation: str, sigma_b: float, said: str) -> None:
    page = theory_page(solve(resolve_activation(activation), sigma_b))
    assert words_text(page.title).startswith(said)
    (table,) = (block for block in page.blocks if isinstance(block, Table))
    assert [words_text(cells[0]) for cells in table.rows][:2] == ["lecun, xavier", "he"]
    text = write_text(page, ascii=True)
    assert text.isascii()
    assert max(map(len, write_text(page).splitlines())) <= 80
    assert all(write(page) for write in (write_latex, write_markdown, write_html))


@pytest.mark.parametrize("name", ["xavier", "he", "batchnorm", "residual", "orthogonal"])
def test_every_step_of_a_derivation_has_its_sentence(name: str) -> None:
    derivation = derivation_of(name)
    blocks = derivation_page(name, derivation).blocks
    kinds = [type(block) for block in blocks[:-1]]
    assert kinds == [Para, Equations] * len(derivation.steps)
    assert not language().has(f"derivation.{name}.{len(derivation.steps) + 1}")
    assert set(DERIVATIONS) >= {name}


def test_a_derivation_without_sentences_is_a_mistake_of_ours() -> None:
    with pytest.raises(SymbpError, match="no sentence"):
        derivation_page("nobody", derivation_of("xavier"))


def test_a_sweep_has_a_row_a_network_and_a_column_a_depth() -> None:
    found = [
        Trend("tanh", "he", 10, 8, 5, -0.1, 0.01, 1),
        Trend("tanh", "he", 20, 8, 5, None, None, 5),
        Trend("relu", "he", 20, 8, 5, 0.0, None, 0),
    ]
    (table,) = sweep_page(found).blocks
    assert isinstance(table, Table)
    assert [words_text(cell) for cell in table.head][3:] == ["10 layers", "20 layers"]
    assert [[words_text(cell) for cell in cells] for cells in table.rows] == [
        ["tanh", "he", "8", "×0.794 ± 0.02 (1 of 5 lost)", "(5 of 5 lost)"],
        ["relu", "he", "8", "", "×1"],
    ]
