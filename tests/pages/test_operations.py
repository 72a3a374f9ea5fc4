"""Pages of operations alone hang together, their equations give the gradients, in their orientation."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial

import numpy as np
import pytest
from displayed import run
from faults import faults
from images import Images
from operators import operators
from reader import Env, UnreadableError, closed, executed, read
from reading import entries_of as entries_in
from report_cases import PDFLATEX, need
from sympy import Integer
from tex import complaints

from symbp import derive
from symbp.errors import SpecError
from symbp.maths.tree import Node
from symbp.networks.operations import OPERATIONS
from symbp.numeric import engines
from symbp.op import meaning_of
from symbp.ops.normalisation import EPSILON
from symbp.pages.page import Para, lines
from symbp.pages.page import numbers as numbers_of
from symbp.pages.tell.operation import OperationContext, entries, operation_context, operation_page, plain_name
from symbp.pages.words import language
from symbp.symbols import BATCH, Role, Variable
from symbp.views.alone import LAYOUTS
from symbp.views.lines import Indexed, index_symbol
from symbp.writing.letters import columns
from symbp.writing.page_latex import write_latex
from symbp.writing.render import render
from symbp.writing.setting import Setting
from symbp.writing.text import write_text

LENGTHS = (3, 5, 4, 2)
STEP = 2
"""The number of the step that an operation is where it is one of many."""


def network(name, layout):
    """Return an operation; in another layout than that of its literature it has a page as well."""
    found = OPERATIONS[name].build()
    if layout != found.plan.layout:
        plan = replace(found.plan, layout=layout)
        steps = plan.steps and (lambda build=plan.steps: network_of_steps(build, layout))
        found.plan = replace(plan, steps=steps)
    return found


def network_of_steps(build, layout):
    found = build()
    found.plan = replace(found.plan, layout=layout)
    return found


@cache
def told(name, layout):
    """Return the derivation, its page, what its symbols at a step spell, and the values of that step."""
    found = derive(network(name, layout))
    c = operation_context(found)
    names = {}
    for symbol in c.symbols.values():
        if isinstance(symbol, Indexed):
            at = [each.xreplace({index_symbol(c.plan.step): Integer(STEP)}) for each in symbol.indices]
            own = plain_name(symbol)
            names[Variable(own, *symbol.shape, Role.STATE, own)] = Indexed(symbol.of, *at)
    values = [{c.plan.step: STEP}] if c.plan.step else None
    return found, operation_page(found), names, lambda line: values


@cache
def numbers(name, layout):
    """Return the values of both lists in the orientation of the page, the sizes and the gradients."""
    found = told(name, layout)[0]
    plan = found.network.plan
    free = {size for symbol in found.forward.given for side in symbol.shape for size in side.free_symbols}
    sizes = {size: Integer(LENGTHS[at]) for at, size in enumerate(sorted(free - {BATCH}, key=str))}
    sizes[BATCH] = Integer(1 if plan.one else 6)
    random = np.random.default_rng(7)
    given = {}
    for symbol in found.forward.given:
        rows, columns = (int(side.xreplace(sizes)) for side in symbol.shape)
        is_target = isinstance(symbol, Variable) and symbol.role is Role.TARGET
        given[symbol.name] = (
            np.eye(rows)[:, random.integers(0, rows, columns)] if is_target else random.normal(size=(rows, columns))
        )
    xp = engines.real().np
    forward = found.forward if found.network.is_loss else found.forward[:-1]
    values = run(found.backward, run(forward, given, sizes, xp), sizes, xp)
    turns = LAYOUTS[plan.layout]
    symbols = [*found.forward.given, *(each.lhs for each in (*forward, *found.backward))]
    held = {each.name for each in symbols if turns.holds(each)}
    turned = {key: array.T if key in held else array for key, array in values.items()}
    known = {each.name: turned[each.name] for each in found.forward.given}
    outputs = ["loss"] if found.network.is_loss else [each.name for each, _ in found.network.given_gradients]
    right = {name: turned[name] for name in (*outputs, *(f"d{each.name}" for each in found.wrt))}
    return known, {"ε": float(EPSILON), **{str(size): int(length) for size, length in sizes.items()}}, right


def softmax(z, axis):
    """Along an axis."""
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def causal(s, axis):
    """Over the keys that are not later than the query."""
    seen = np.tri(len(s), dtype=bool)
    return softmax(np.where(seen if axis else seen.T, s, -np.inf), axis)


def images_of(name, layout):
    """Return what the page says of images, its letters of channels as numbers; a signal is an image of height 1."""
    found, page, _, _ = told(name, layout)
    _, lengths, _ = numbers(name, layout)
    arrays = operation_context(found).arrays
    letters = {letter for size in arrays.values() for side in size for letter in side.free_symbols}
    values = {letter: Integer(lengths[str(letter)]) for letter in letters}
    sizes = {key: tuple(int(side.xreplace(values)) for side in size) for key, size in arrays.items()}
    is_signal = any(len(size) == 2 for size in sizes.values())
    if is_signal:
        sizes = {key: (*size[:-1], 1, size[-1]) for key, size in sizes.items()}
    return Images(sizes, Images.of(page).added)


def operators_of(found, images):
    """What the reader knows of operations, by NumPy alone."""
    axis = int(found.network.plan.layout == "tokens")
    return operators(images) | {"Softmax": partial(softmax, axis=axis), "MaskedSoftmax": partial(causal, axis=axis)}


OF_ONE = ("conv1d", "conv2d", "strided-conv2d", "max-pool", "avg-pool", "rnn", "lstm", "gru")
"""Operations whose pages show one example: there is a single orientation."""

PAGES = [
    *((name, "columns") for name in OPERATIONS),
    *((name, "tokens") for name in OPERATIONS if name not in OF_ONE),
]
"""Every operation, with tokens as columns and as rows."""


@pytest.mark.parametrize(("name", "layout"), PAGES)
def test_a_page_is_closed(name, layout):
    found, page, names, values_of = told(name, layout)
    given = [f"{each.name}" for each in found.forward.given]
    assert closed(page, given, values_of, names=names) == []


def results(page, env, values_of, right):
    """Return what the equations of a page make of the outputs and the gradients."""
    found = executed(page, env, values_of)
    return {key: found[key] for key in right if key in found}


def environment(name, layout):
    """Return what a reader of the page has at hand."""
    found, _, names, _ = told(name, layout)
    known, sizes, _ = numbers(name, layout)
    images = images_of(name, layout)
    return Env(known, sizes, {}, operators_of(found, images), names, images)


@pytest.mark.parametrize(("name", "layout"), PAGES)
def test_the_equations_of_a_page_give_the_gradients(name, layout):
    _, page, _, values_of = told(name, layout)
    _, _, right = numbers(name, layout)
    result = results(page, environment(name, layout), values_of, right)
    assert set(result) == set(right)
    for key, gradient in right.items():
        np.testing.assert_allclose(result[key], gradient, rtol=1e-9, atol=1e-12, err_msg=key)


def is_caught(wrong, name, layout):
    """Whether a page is seen to be wrong: it does not hang together, cannot be read, or gives other numbers."""
    found, _, names, values_of = told(name, layout)
    if closed(wrong, [each.name for each in found.forward.given], values_of, names=names):
        return True
    _, _, right = numbers(name, layout)
    try:
        result = results(wrong, environment(name, layout), values_of, right)
    except UnreadableError:
        return True
    pairs = [(result.get(key), array) for key, array in right.items()]
    return any(one is None or one.shape != two.shape or not np.allclose(one, two, rtol=1e-7) for one, two in pairs)


EVERY = 6
"""The short suite plants every sixth mistake in a few pages."""

FEW = ("softmax", "attention")


PLANTED = [*((name, EVERY) for name in FEW), *(pytest.param(name, 1, marks=pytest.mark.long) for name in OPERATIONS)]


@pytest.mark.parametrize(("name", "every"), PLANTED)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_planted_mistakes_are_caught(name, every):
    """In every numbered line; lines without a number define functions, which have a test of their own."""
    layout = OPERATIONS[name].build().plan.layout
    _, page, _, _ = told(name, layout)
    planted = [(kind, wrong) for kind, wrong in faults(page) if not kind.endswith(": ")][::every]
    assert len(planted) > 2
    assert [kind for kind, wrong in planted if not is_caught(wrong, name, layout)] == []


@pytest.mark.parametrize("name", ["batchnorm", "layernorm", "rmsnorm", "softmax"])
def test_the_jacobian_is_the_derivative_of_the_operation(name):
    """Its printed value at pairs of entries, beside differences of what the operation makes of its input."""
    layout = OPERATIONS[name].build().plan.layout
    found, _, _, values_of = told(name, layout)
    paras = [each.text for each in entries(operation_context(found)) if isinstance(each, Para)]
    of, by, value = (span for text in paras for span in text if isinstance(span, Node))
    env = environment(name, layout)
    values = {**env.values, **executed(operation_page(found), env, values_of)}
    x, first = values[by.of.name], found.forward[0].rhs
    settings = [int(each) if each.is_Integer else float(each) for each in first.args[1:]]
    turned = (lambda array: array.T) if layout == "tokens" else (lambda array: array)
    output_at, input_at = ("".join(entries_in(each, dict.fromkeys("ijkl", 1))) for each in (of, by))
    for place, there in [((0, 0), (0, 0)), ((1, 2), (1, 0)), ((2, 1), (2, 1)), ((1, 0), (1, 2))]:
        moved = [x.copy(), x.copy()]
        for sign, array in zip((1, -1), moved, strict=True):
            array[place] += sign * 1e-6
        one, other = (turned(meaning_of(first)(np, turned(each), *settings)) for each in moved)
        letters = dict(zip(input_at, (each + 1 for each in place), strict=True))
        letters |= dict(zip(output_at, (each + 1 for each in there), strict=True))
        shown = read(value, replace(env, values=values), letters)
        assert abs(float(np.squeeze(shown)) - (one - other)[there] / 2e-6) < 1e-7


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("ascii_only", [False, True])
def test_every_reason_stands_in_the_terminal(name, ascii_only):
    """No line is wider than the terminal, and no reason is left out, nor the number of a line."""
    page = told(name, OPERATIONS[name].build().plan.layout)[1]
    text = write_text(page, ascii=ascii_only)
    assert max(map(columns, text.splitlines())) <= 80
    assert "\\" not in text
    assert "[U+" not in text
    assert text.isascii() or not ascii_only
    shown = " ".join(text.split())
    for line in lines(page.blocks):
        words = [each for each in line.reason if isinstance(each, str)]
        assert all(" ".join(each.split()) in shown for each in words)
    assert all(f"({number})" in text for number in numbers_of(page).values())


def test_one_equation():
    d = derive("attention")
    assert render(d, "text", only="dQ") == render(d, "text", only="Q") == "δQ = δS K/√d\n"
    assert render(d, "latex", only="dS").splitlines()[1] == r"\delta_S = (\delta_P - D\mathbf{1}^{\top}) \odot P"
    assert render(d, "text", only="forward").splitlines() == ["S = Q Kᵀ/√d", "P = softmax(S)", "O = P V"]
    assert render(derive("batchnorm"), "text", only="X") == "δX = (δX̂ − p 1ᵀ − X̂ ⊙ (q 1ᵀ)) ⊙ (r 1ᵀ)\n"
    assert render(derive("gru"), "text", only="W_r") == "δWᵣ = δaᵣₜ xₜᵀ\n"
    with pytest.raises(SpecError, match="no equation named 'dZ'"):
        render(d, "text", only="dZ")


def test_shapes_are_those_of_the_orientation():
    text = write_text(told("attention", "tokens")[1], detail=3)
    assert "N × d " in text.replace("\n", " ")
    assert "d × N" not in text
    assert "C_in × 6 × 5" in write_text(told("conv2d", "columns")[1], detail=3)


def keys(entries, place=""):
    """The keys of the sentences below some entries."""
    for name, entry in entries.items():
        if isinstance(entry, str):
            yield f"{place}{name}"
        else:
            yield from keys(entry, f"{place}{name}.")


def test_every_sentence_of_an_operation_is_said(monkeypatch):
    """A key that no page asks for is one that somebody misspelled."""
    asked = set()
    find = OperationContext.key
    monkeypatch.setattr(OperationContext, "key", lambda self, key: asked.add(find(self, key)) or find(self, key))
    for name in OPERATIONS:
        operation_page(derive(name))
    sections = {
        name: entry for name, entry in language().entries["operation"].items() if name not in ("errors", "given")
    }
    assert {f"operation.{each}" for each in keys(sections) if "." in each} == asked - {None}


@pytest.mark.long
@pytest.mark.parametrize("size", ["10pt", "11pt"])
def test_latex_compiles_and_fits(size, tmp_path):
    need("pdflatex", PDFLATEX)
    pages = {name: write_latex(operation_page(derive(name)), Setting(standalone=True)) for name in OPERATIONS}
    assert all("\\documentclass" in each for each in pages.values())
    sized = {name: each.replace("\\documentclass{", f"\\documentclass[{size}]{{") for name, each in pages.items()}
    found = complaints(tmp_path, sized)
    assert {name: said for name, said in found.items() if said} == {}
