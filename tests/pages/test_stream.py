"""The stream of a residual network: one matrix a block, one line for all errors, a product of blocks."""

from __future__ import annotations

from dataclasses import replace

import pytest
from corpus import CASES
from reader import UnreadableError, executed
from test_pages import env_of, told

from symbp import Dense, Linear, Network, Residual, derive
from symbp.maths.tree import Id, Row, Sign, Tag
from symbp.pages.page import Aside, Equations
from symbp.pages.tell.derivation import derivation_page
from symbp.pages.tell.stream import MATRIX
from symbp.writing.text import write_text


def residual(blocks, **options):
    inside = [Residual([Dense(4, "tanh"), Linear(5)]) for _ in range(blocks)]
    return derive(Network([Dense(5, "tanh"), *inside, Dense(2, "softmax")], 3, "cross_entropy", **options))


@pytest.mark.parametrize(("blocks", "product"), [(2, "B⁽¹⁾ B⁽²⁾"), (3, "B⁽¹⁾ ⋯ B⁽³⁾")])
def test_the_error_goes_back_by_one_matrix_a_block(blocks, product):
    text = write_text(derivation_page(residual(blocks)))
    assert "δs⁽ˡ⁻¹⁾ = B⁽ˡ⁾ δs⁽ˡ⁾     l = L, …, 1" in text
    assert "= I + W⁽ˡ⁾ᵀ D⁽ˡ⁾ V⁽ˡ⁾ᵀ" in text
    assert product in text
    assert text.count("= W_clsᵀ δz_cls") == 1


def test_a_batch_has_no_matrix_of_a_block():
    text = write_text(derivation_page(residual(2, batch=True)))
    assert "B⁽" not in text
    assert "δS⁽ˡ⁻¹⁾ = δS⁽ˡ⁾ + W⁽ˡ⁾ᵀ δZ⁽ˡ⁾" in text


def test_a_first_layer_is_not_the_first_of_the_blocks():
    """W⁽¹⁾ is a weight of the first block: its number may not stand where that of W₁ does."""
    assert "W⁽ˡ⁾ s⁽ˡ⁻¹⁾" in write_text(derivation_page(residual(12)))


def without_the_skip(block):
    """Return a block of a page with I + … in the matrix of a block as … alone."""
    if isinstance(block, Aside):
        return replace(block, blocks=tuple(map(without_the_skip, block.blocks)))
    if not isinstance(block, Equations):
        return block
    lines = [replace(each, parts=(_bare(each.parts[0]),)) if each.label == MATRIX else each for each in block.lines]
    return replace(block, lines=tuple(lines))


def _bare(equation):
    items = list(equation.items)
    right = items.index(next(each for each in items if isinstance(each, Sign) and each.sign == "="))
    inside = items[right + 1 :]
    while len(inside) == 1 and isinstance(inside[0], Row | Tag):
        inside = list(inside[0].items if isinstance(inside[0], Row) else (inside[0].body,))
    assert inside[0] == Id("I")
    return Row((*items[: right + 1], *inside[2:]))


def test_a_matrix_without_its_skip_is_found():
    found, page, names, _ = told("residual-mlp")
    values = CASES["residual-mlp"].values(found, m=1)
    env = env_of(CASES["residual-mlp"], values, {"m": 1}, names, page)
    executed(page, env)
    with pytest.raises(UnreadableError, match="something else than before"):
        executed(replace(page, blocks=tuple(map(without_the_skip, page.blocks))), env)
