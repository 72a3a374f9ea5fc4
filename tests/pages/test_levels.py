"""Pages on two levels: every symbol is defined, every map has its lines, and pages without blocks stay as they are."""

import re
from dataclasses import replace
from functools import cache

import pytest
from sympy import MatrixSymbol

from symbp import Dense, Network, derive
from symbp.maths.maps import Function, Map
from symbp.maths.tree import Row, Sign, Tag, walk
from symbp.networks.attention import Attention
from symbp.networks.blocks import Kind
from symbp.networks.layers import Linear
from symbp.networks.normalisation import LayerNorm, RMSNorm
from symbp.networks.residual import Residual
from symbp.networks.transformer import TransformerBlock
from symbp.pages.page import Aside, Para, Ref, Steps, lines, numbers
from symbp.pages.tell.derivation import context, derivation_page
from symbp.pages.tell.levels import deep
from symbp.pages.tell.ways import farthest
from symbp.symbols import Adjoint, Role
from symbp.views.levels import levels
from symbp.views.lines import Indexed, lines_of
from symbp.writing.page_latex import write_latex
from symbp.writing.text import write_text


def network(*layers):
    return Network([*layers, Dense(4, "softmax")], inputs=6, loss="cross_entropy")


def block(**options):
    return TransformerBlock(**{"tokens": 5, "heads": 2, "hidden": 7, "causal": True, **options})


NETWORKS = {
    "example": lambda: Network.load("transformer-block"),
    "twelve": lambda: network(*[block()] * 12),
    "two": lambda: network(*[block()] * 2),
    "post-norm": lambda: network(*[block(post_norm=True)] * 3),
    "one post-norm": lambda: network(block(post_norm=True)),
    "final norm": lambda: network(*[block()] * 3, LayerNorm()),
    "unlike": lambda: network(block(), block(hidden=3)),
    "attention alone": lambda: network(Linear(6), Residual((RMSNorm(), Attention(tokens=5, heads=2)))),
}


@cache
def case(name):
    derived = derive(NETWORKS[name]())
    return derived, derivation_page(derived), deep(context(derived), levels(derived))


def sides(node):
    """Return what stands left and right of the first equals sign."""
    at = next(at for at, each in enumerate(node.items) if isinstance(each, Sign) and each.sign == "=")
    return Row(node.items[:at]), Row(node.items[at + 1 :])


def stems(node):
    """Yield what the letters of a tree stand for: of what repeats, what represents it."""
    for each in walk(node):
        if isinstance(each, Tag) and isinstance(each.of, MatrixSymbol):
            yield alike(each.of)


def alike(symbol):
    if isinstance(symbol, Adjoint):
        return Adjoint(alike(symbol.of)) if isinstance(symbol.of, Indexed) else symbol
    return symbol.of if isinstance(symbol, Indexed) else symbol


def displayed(page):
    parts = [part for line in lines(page.blocks) for part in line.parts]
    return [sides(part) for part in parts if isinstance(part, Row) and has_equals(part)]


def has_equals(node):
    return any(isinstance(each, Sign) and each.sign == "=" for each in node.items)


def is_applied(node):
    """Whether a block or a map is applied to something: what it is applied to is defined elsewhere."""
    return any(isinstance(each, Tag) and isinstance(each.of, Map | Function) for each in walk(node))


GIVEN = frozenset({Role.INPUT, Role.TARGET, Role.WEIGHT, Role.BIAS, Role.SCALE, Role.SHIFT})


def undefined(page, c):
    """Return what stands on the right of a line and on the left of none."""
    shown = displayed(page)
    general = {each: alike(spelled) for part in c.shared for each, spelled in part.reading.folded.names.items()}
    defined = {stem for left, _ in shown if not is_applied(left) for stem in stems(left)}
    defined |= {each for each, of in general.items() if of in defined}
    defined |= {Adjoint(each) for each, of in general.items() if Adjoint(of) in defined}
    defined |= {Adjoint(general[each.of]) for each in tuple(defined) if getattr(each, "of", None) in general}
    defined |= {alike(Adjoint(slot[0])) for slot in c.tiled} | set(map(alike, c.tiles))
    lines_ = [each for each in c.spell(lines_of(c.reading.forward_lines), backward=False) if c.is_tile(each)]
    defined |= {alike(each.equation.lhs) for each in lines_}
    if c.repeated is not None:  # The sentence before the list says so.
        defined |= {alike(c.stacked.part.input), alike(c.stacked.part.output), Adjoint(c.stacked.part.output)}
    used = {stem for _, right in shown for stem in stems(right)}
    return {each for each in used - defined if getattr(each, "role", None) not in GIVEN}


@pytest.mark.parametrize("name", NETWORKS)
def test_every_symbol_is_defined(name):
    _, page, c = case(name)
    assert undefined(page, c) == set()


def test_a_missing_line_is_seen():
    _, page, c = case("example")
    first = next(each for each in page.blocks if isinstance(each, Steps))
    short = tuple(each for each in page.blocks if each is not first)
    assert {each.name for each in undefined(replace(page, blocks=short), c)} == {
        "block1.norm1.N", "block1.norm1.B", "block1.norm2.B",
    }  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_every_map_has_its_lines(name):
    _, page, c = case(name)
    used = {each.of for line in lines(page.blocks) for part in line.parts for each in walk(part) if is_map(each)}
    parts = [part for each in c.groups if each.errors for part in getattr(each.inside, "insides", [each.inside])]
    told = {(each.part.kind, each.part.number) for each in parts}
    stacked = set() if c.stacked is None else {(Kind.TRANSFORMER, c.stacked.part.number)}
    assert {(each.kind, each.number) for each in used} == told | stacked
    labels = numbers(page)
    assert all(each.label in labels for group in c.groups for each in group.errors)


def is_map(node):
    return isinstance(node, Tag) and isinstance(node.of, Map)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_reference_has_a_line_and_every_label_is_used_once(name):
    _, page, _ = case(name)
    found = numbers(page)
    labels = [line.label for line in lines(page.blocks) if line.label]
    assert len(labels) == len(set(labels))
    for ref in refs(page.blocks):
        assert ref.label in found
        assert not ref.last or ref.last in found


def refs(blocks):
    for each in blocks:
        if isinstance(each, Aside):
            yield from refs(each.blocks)
        texts = [each.text] if isinstance(each, Para) else [line.reason for line in getattr(each, "lines", ())]
        yield from (span for text in texts for span in text if isinstance(span, Ref))


OTHER_BLOCKS = tuple(f"block{number}" for number in (*range(2, 10), 10, 11, 12))


@pytest.mark.parametrize("name", NETWORKS)
def test_every_gradient_has_a_line(name):
    derived, _, c = case(name)
    shown = {each.equation.lhs.of for each in c.gradients}
    repeated = c.stacked is not None
    general = {spelled: each for part in c.shared for each, spelled in part.reading.folded.names.items()}
    shown = {each for each in shown if not isinstance(each, Indexed)}
    shown |= {each for each in general.values() if each in derived.readable.wrt}
    assert shown == {each for each in derived.readable.wrt if not repeated or not each.path.startswith(OTHER_BLOCKS)}


def test_the_product_is_that_of_a_weight_that_meets_all_kinds_of_blocks():
    _, _, c = case("example")
    way = farthest(c)
    assert way.gradient.lhs.of.name == "block1.attention.WQ"
    assert way.kinds == 3


@pytest.mark.parametrize("name", NETWORKS)
def test_both_writers_set_the_page(name):
    _, page, _ = case(name)
    assert r"\mathcal{A}" in write_latex(page)
    text = write_text(page)
    assert "attᵀ" in text
    assert max(map(len, text.splitlines())) <= 90


def test_the_example_says_what_a_lecturer_writes():
    text = write_text(case("example")[1])
    assert "X₁ = X₀ + att(norm₁ X₀)" in text
    assert "δX₁ = (I + norm₂ᵀ ffnᵀ) δX₂" in text


def test_of_twelve_blocks_one_is_shown():
    text = " ".join(write_text(case("twelve")[1]).split())
    assert re.search(r"block\S+ = \(I \+ norm₁ᵀ attᵀ\) \(I \+ norm₂ᵀ ffnᵀ\)", text)
    assert "block2" not in text


def test_pages_without_blocks_have_one_level():
    page = derivation_page(derive(Network.load("residual-mlp")))
    assert not any(isinstance(each, Tag) and isinstance(each.of, Map | Function)
                   for line in lines(page.blocks) for part in line.parts for each in walk(part))  # fmt: skip
