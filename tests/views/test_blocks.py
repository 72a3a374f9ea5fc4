"""Lists that call their blocks: the same errors as ``compile()``, and maps that are the transposes of the blocks."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from lists import Runner, compiled, every_part
from sympy import preorder_traversal

from symbp import Dense, Network, derive
from symbp.equations import ForwardSystem
from symbp.networks.attention import Attention
from symbp.networks.blocks import Kind
from symbp.networks.layers import Linear
from symbp.networks.normalisation import LayerNorm, RMSNorm
from symbp.networks.residual import Residual
from symbp.networks.transformer import TransformerBlock
from symbp.numeric import engines
from symbp.symbols import Adjoint, Role
from symbp.views.blocks import Pull, calls
from symbp.views.levels import levels
from symbp.views.skeleton import mapped

BLOCK = {"tokens": 5, "heads": 2, "hidden": 7, "causal": True}


def network(*layers):
    return Network([*layers, Dense(4, "softmax")], inputs=6, loss="cross_entropy")


def block(**options):
    return TransformerBlock(**{**BLOCK, **options})


NETWORKS = {
    "one": lambda: network(block()),
    "three": lambda: network(*[block()] * 3),
    "post-norm": lambda: network(*[block(post_norm=True)] * 2),
    "one post-norm": lambda: network(block(post_norm=True)),
    "final norm": lambda: network(*[block()] * 2, LayerNorm()),
    "unlike": lambda: network(block(), block(hidden=3)),
    "grouped, rotary": lambda: network(block(kv_heads=1, heads=3, rotary=True)),
    "attention alone": lambda: network(Linear(6), Residual((RMSNorm(), Attention(tokens=5, heads=2)))),
}


@cache
def case(name):
    """Return a derivation, its list with calls, its levels, and the values of both of its lists."""
    derived = derive(NETWORKS[name]())
    readable = derived.readable
    given, gradients = compiled(derived)
    names = [*(each.name for each in derived.wrt), "X"]
    backward = derive(NETWORKS[name](), wrt=names).readable.backward
    right = Runner({}, readable.network.loss).run((*readable.forward, *backward), given)
    for key, value in gradients.items():
        assert close(right[f"d{key}"], value, scale_of([value])), key
    return derived, calls(readable.forward, readable.blocks), levels(derived), right


def runner(made, derived, **options):
    return Runner(every_part(made), derived.readable.network.loss, **options)


def close(found, right, scale):
    return np.max(abs(found - right)) <= 1e-12 * scale


def scale_of(values):
    return max(float(np.max(abs(each))) for each in values)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_list_that_calls_blocks_computes_the_same(name):
    derived, made, _, right = case(name)
    found = runner(made, derived).run(made.forward, right)
    for each in made.forward:
        assert close(found[each.name], right[each.name], scale_of([right[each.name]])), each.name


@pytest.mark.parametrize("name", NETWORKS)
def test_every_error_and_gradient_of_the_network_is_that_of_compile(name):
    derived, made, found, right = case(name)
    known = {each.name for each in (*derived.readable.forward, *derived.readable.forward.given)}
    shown = (*found.top.errors, *found.top.gradients)
    values = runner(made, derived).run(shown, {name: value for name, value in right.items() if name in known})
    assert sum(any(kinds(each.rhs)) for each in shown) > 0
    for each in shown:
        expected = right.get(each.name, values[each.name])
        assert close(values[each.name], expected, scale_of([expected])), each.name


def kinds(expr):
    return [node.kind for node in preorder_traversal(expr) if isinstance(node, Pull)]


@pytest.mark.parametrize("name", NETWORKS)
def test_every_error_and_gradient_inside_a_block_is_that_of_compile(name):
    derived, made, found, right = case(name)
    run = runner(made, derived)
    for inside in found.insides:
        above = right[inside.above.name]
        assert close(right[Adjoint(inside.part.output).name], above, scale_of([above]))
        values = run.run((*inside.reading.errors, *inside.reading.gradients), right)
        for each in (*inside.reading.errors, *inside.reading.gradients):
            expected = right.get(each.name)
            if each.lhs == inside.result and not inside.closes:
                expected = run.value(inside.map, right)
            assert close(values[each.name], expected, scale_of([expected])), (inside.part.kind, each.name)


@pytest.mark.parametrize("name", NETWORKS)
def test_together_the_levels_have_every_gradient_once(name):
    derived, _, found, _ = case(name)
    shown = [each.name for reading in found for each in reading.gradients]
    assert len(shown) == len(set(shown))
    repeated = [inside for inside in found.insides if inside.has_calls]
    if not repeated:
        assert set(shown) == {f"d{each.name}" for each in derived.wrt}


def both_ways(made, derived, part, right, seed=0):
    """Return ⟨J(G), V⟩ and ⟨G, block′[V]⟩ on random G and V."""
    draw = np.random.default_rng(seed)
    error, along = draw.normal(size=right[part.output.name].shape), draw.normal(size=right[part.input.name].shape)
    pulled = runner(made, derived).pulled(part, right, error)
    complex_ = Runner(every_part(made), derived.readable.network.loss, engines.complex_())
    moved = complex_.called(part, right, right[part.input.name] + 1e-200j * along).imag / 1e-200
    return np.sum(pulled * along), np.sum(error * moved), np.linalg.norm(pulled) * np.linalg.norm(along)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_map_is_the_transpose_of_the_derivative_of_its_block(name):
    derived, made, _, right = case(name)
    for part in every_part(made).values():
        back, ahead, scale = both_ways(made, derived, part, right)
        assert abs(back - ahead) <= 1e-12 * scale, part.kind


def test_a_map_of_another_block_is_found_out():
    derived, made, _, right = case("one")
    parts = every_part(made)
    norm = [each for each in parts.values() if each.kind is Kind.NORM][-1]
    wrong = {**parts, (Kind.NORM, norm.output.name): replace(norm, forward=_swapped(norm))}
    errors = levels(derived).top.errors
    values = Runner(wrong, derived.readable.network.loss).run(errors, right)
    name = next(each.name for each in errors if kinds(each.rhs))
    assert not close(values[name], right[name], scale_of([right[name]]))


def _swapped(part):
    """Return the list of a norm with its shift in the place of its scale."""
    scale, shift = (next(e for e in part.forward.given if e.role is role) for role in (Role.SCALE, Role.SHIFT))
    equations = [replace(e, rhs=mapped(e.rhs, lambda slot: shift if slot == scale else slot)) for e in part.forward]
    return ForwardSystem(equations, part.forward.given)


def test_a_boundary_with_two_outputs_is_declined():
    derived = case("one")[0].readable
    (attention,) = [each for each in derived.blocks if each.kind is Kind.ATTENTION]
    short = replace(attention, stop=attention.first + 2, children=())

    def planted(tree):
        children = tuple(short if each is attention else planted(each) for each in tree.children)
        return replace(tree, children=children)

    assert calls(derived.forward, planted(derived.blocks)) is None


@pytest.mark.parametrize(
    "make",
    [lambda: network(block(padding=True)), lambda: Network.mlp(layers=3), lambda: Network.load("batchnorm-mlp")],
    ids=["padding", "mlp", "batchnorm"],
)
def test_where_no_block_is_worth_a_name_there_is_one_level(make):
    assert levels(derive(make())) is None


def test_blocks_that_do_the_same_share_one_inside():
    _, made, found, _ = case("three")
    assert [inside.part.kind for inside in found.insides if inside.has_calls] == [Kind.TRANSFORMER]
    assert len(made.all) == 3
    assert len(found.insides) == 5


def test_blocks_of_one_kind_have_numbers_where_there_are_several():
    found = case("final norm")[2]
    kinds = [(inside.part.kind, inside.part.number) for inside in found.insides]
    assert kinds == [
        (Kind.TRANSFORMER, 0), (Kind.NORM, 1), (Kind.ATTENTION, 0), (Kind.NORM, 2), (Kind.FEED_FORWARD, 0),
        (Kind.NORM, 3),
    ]  # fmt: skip
