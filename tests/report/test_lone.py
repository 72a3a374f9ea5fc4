"""Pages of operations alone: what they display is true as displayed, complete, and readable in every format."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from displayed import run, value
from report_cases import NODE, fixed_check, katex_folder, need
from sympy import MatMul, Rational, Transpose

from symbp import check, derive, render
from symbp.equations import System
from symbp.errors import SpecError
from symbp.networks.operations import OPERATIONS
from symbp.numeric import engines
from symbp.report.dialects import LATEX, UNICODE
from symbp.report.lone import Sheet, lone_page
from symbp.report.lone_parts import LonePage
from symbp.report.lone_text import lone_text
from symbp.symbols import BATCH, Role, Variable
from symbp.views.layout import TOKENS
from symbp.views.turned import Turned

LENGTHS = (3, 5, 4, 2)
STEP = 1e-30


@cache
def derivation(name):
    return derive(OPERATIONS[name].build())


def sheets(name):
    """The page's own equations, and those of its elementary steps where it has them."""
    own = Sheet(derivation(name), LATEX)
    return [own] if own.elementary is None else [own, own.elementary]


def sizes_of(system):
    dimensions = {name for symbol in system.given for size in symbol.shape for name in size.free_symbols}
    return {size: LENGTHS[at] for at, size in enumerate(sorted(dimensions, key=str))}


def drawn(system, sizes):
    """Numbers for the given matrices, each in the shape it is displayed in; targets are one-hot rows."""
    random = np.random.default_rng(7)
    found = {}
    for symbol in system.given:
        rows, columns = (int(size.xreplace(sizes)) for size in symbol.shape)
        is_target = isinstance(symbol, Variable) and symbol.role is Role.TARGET
        found[symbol.name] = (
            np.eye(columns)[random.integers(0, columns, rows)] if is_target else random.normal(size=(rows, columns))
        )
    return found


def worst(sheet, backward):
    """The largest relative error of the displayed gradients against the complex step of the displayed forward pass."""
    sizes, complex_ = sizes_of(sheet.forward), engines.complex_()
    given = drawn(sheet.forward, sizes)

    def total(arrays):
        values = run(sheet.forward, arrays, sizes, complex_.np)
        outputs = sheet.network.given_gradients
        return sum((values[y.name] * given[g.name]).sum() for y, g in outputs) if outputs else values["loss"].sum()

    values = run(sheet.forward, {n: a.astype(complex) for n, a in given.items()}, sizes, complex_.np)
    if sheet.elementary is not None:  # 1/s has its letter from the steps.
        steps = run(sheet.elementary.forward, given, sizes, engines.real().np)
        values = {**steps, **values}
    found = run(backward, values, sizes, complex_.np)
    errors = []
    for variable in sheet.derivation.wrt:
        gradient = np.real(found[f"d{variable.name}"])
        assert gradient.shape == given[variable.name].shape
        for place in np.ndindex(*gradient.shape):
            moved = given[variable.name].astype(complex)
            moved[place] += 1j * STEP
            arrays = {n: a.astype(complex) for n, a in given.items()} | {variable.name: moved}
            slope = np.imag(total(arrays)) / STEP
            errors.append(abs(slope - gradient[place]) / np.abs(gradient).max())
    return max(errors)


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_equations_as_displayed_agree_with_differences(name):
    for sheet in sheets(name):
        assert worst(sheet, sheet.backward) < 1e-12


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_wrong_displayed_equation_is_seen(name):
    for sheet in sheets(name):
        last = sheet.backward[-1]
        wrong = [*sheet.backward[:-1], replace(last, rhs=MatMul(Rational(101, 100), last.rhs))]
        assert worst(sheet, wrong) > 1e-3


def test_a_missing_transpose_is_seen():
    """Where queries and keys are as many, only the numbers show it."""
    sheet = Sheet(derivation("causal-attention"), LATEX)
    d_s = sheet.backward["dS"].lhs
    wrong = [
        replace(each, rhs=MatMul(*each.rhs.args[:1], d_s, *each.rhs.args[2:])) if each.name == "dK" else each
        for each in sheet.backward
    ]
    assert str(sheet.backward["dK"].rhs) == "1/sqrt(d)*dS.T*Q"
    assert worst(sheet, wrong) > 1e-3


@pytest.mark.parametrize("name", ["attention", "causal-attention"])
def test_the_row_sum_is_that_of_the_output_as_well(name):
    sheet = Sheet(derivation(name), LATEX)
    sizes, real = sizes_of(sheet.forward), engines.real().np
    values = run(sheet.forward, drawn(sheet.forward, sizes), sizes, real)
    found = run(sheet.backward, values, sizes, real)
    (identity,) = sheet.identities
    assert identity.name == "D"
    np.testing.assert_allclose(value(identity.rhs, found, sizes, real), found["D"], rtol=1e-12)
    assert np.abs(found["D"]).min() > 1e-6


def test_attention_reads_as_its_literature_writes_it():
    text = render(derivation("attention"), "text")
    lines = [line.strip() for line in text.splitlines()]
    for wanted in ("S = Q Kᵀ/√d", "P = softmax(S)", "O = P V",
                   "O = softmax(Q Kᵀ/√d) V", "(1)  dV = Pᵀ dO", "(2)  dP = dO Vᵀ",
                   "(3)  dS = P ⊙ (dP − D 1ᵀ)", "D = (dP ⊙ P) 1", "(4)  dQ = dS K/√d", "(5)  dK = dSᵀ Q/√d",
                   "D = (dO ⊙ O) 1"):  # fmt: skip
        assert wanted in lines
    assert not any("(6)" in line for line in lines)
    causal = render(derivation("causal-attention"), "text")
    assert "P = softmax(S + M)" in causal
    assert "O = softmax(Q Kᵀ/√d + M) V" in causal


def test_shapes_are_those_of_the_layout():
    page = lone_page(derivation("attention"))
    shapes = {row[0][0].value: row[2][0].value for row in page.symbols if row[2]}
    assert shapes["Q"] == r"N \times d"
    assert shapes["P"] == r"N \times M"
    assert shapes["D"] == r"N \times 1"
    report = check(derivation("attention"))
    found = lone_page(derivation("attention"), check=report).check
    assert found.rows[0][1][0].value == r"5 \times 3"  # the check draws Q as d × N = 3 × 5


def test_batchnorm_has_its_steps_then_the_projection_and_says_that_they_agree():
    page = lone_page(derivation("batchnorm"), check=check(derivation("batchnorm"), thorough=False))
    assert [part.title for part in page.parts[:3]] == [
        "What it computes", "Backward pass, step by step", "As a projection",
    ]  # fmt: skip
    steps, projection = page.parts[1], page.parts[2]
    assert [each.number for each in (*steps.numbered, *projection.numbered)] == list(range(1, 10))
    said = " ".join(span.value for told in projection.closing for span in told.words)
    assert re.search(r"they agree to +12 +digits", said)
    assert "they differ" not in render(derivation("batchnorm"), "gfm")  # Nothing was run.


@pytest.mark.parametrize("to", ["gfm", "markdown", "latex"])
@pytest.mark.parametrize("name", OPERATIONS)
def test_every_line_has_its_sentence(name, to):
    page = lone_page(derivation(name), check=fixed_check(derivation(name)))
    for part in page.parts:
        for each in part.numbered:
            assert len("".join(span.value for span in each.why)) > 20
    text = render(derivation(name), to, check=fixed_check(derivation(name)), command=f"symbp derive {name}")
    for part in page.parts:
        assert part.title in text
    assert OPERATIONS[name].source.split()[0] in text
    assert "Checked:" in text
    assert "{" not in re.sub(r"\\?\{|\$`.*?`\$", "", "".join(span.value for span in page.subject))


@pytest.mark.parametrize("name", OPERATIONS)
def test_terminal(name):
    for ascii_only in (False, True):
        text = lone_text(derivation(name), fixed_check(derivation(name)), ascii_only=ascii_only)
        assert max(map(len, text.splitlines())) <= 80
        assert "\\" not in text
        assert text.isascii() or not ascii_only
    assert "upstream" not in text


def test_katex_reads_every_page():
    need("node", NODE)
    katex = katex_folder()
    need("KaTeX (set KATEX_DIR)", katex)
    found = []
    for name in OPERATIONS:
        text = render(derivation(name), "gfm", check=fixed_check(derivation(name)))
        assert not re.search(r"\\(operatorname|newcommand|providecommand|label|eqref|tag|symbp)", text)
        shown = re.findall(r"^```math\n(.*?)\n```$", text, re.DOTALL | re.MULTILINE)
        found += [(name, each, True) for each in shown]
        found += [(name, each, False) for each in re.findall(r"\$`([^`]*)`\$", text)]
    assert len(found) > 100
    script = Path(__file__).parents[1] / "katex" / "parse.cjs"
    done = subprocess.run(
        [str(NODE), str(script), str(katex)], input=json.dumps(found), capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == []


def test_one_equation():
    d = derivation("attention")
    assert render(d, "text", only="dQ") == render(d, "text", only="Q") == "dQ = dS K/√d\n"
    assert (
        render(d, "latex", only="dS").splitlines()[1] == r"\mathrm{d}S = P \odot (\mathrm{d}P - D \, \mathbf{1}^{\top})"
    )
    assert render(d, "text", only="forward").splitlines() == ["S = Q Kᵀ/√d", "P = softmax(S)", "O = P V"]
    with pytest.raises(SpecError, match="no equation named 'dZ'"):
        render(d, "text", only="dZ")


def test_turning_twice_is_nothing():
    """Transposing a displayed equation brings back the calculus's own, up to the symbols' shapes."""
    a, b = Variable("A", 2, 3, Role.INPUT, "A"), Variable("B", 3, BATCH, Role.INPUT, "B")
    expr = MatMul(Rational(1, 2), a, b)
    once = TOKENS.transposed(expr)
    assert once.shape == (BATCH, 2)
    assert TOKENS.transposed(once) == expr
    assert TOKENS.transposed(Transpose(expr)).shape == (2, BATCH)


def test_what_is_displayed_is_a_system():
    for name in OPERATIONS:
        for sheet in sheets(name):
            assert isinstance(sheet.backward, System)
            for equation in sheet.derivation.forward[:-1]:
                found = TOKENS.equation(equation)
                assert found.rhs.shape == found.lhs.shape
                assert not isinstance(found.rhs, Turned) or found.rhs.op == equation.rhs


def test_all_formats_come_from_the_same_page():
    latex, text = (lone_page(derivation("softmax"), dialect) for dialect in (LATEX, UNICODE))
    assert isinstance(latex, LonePage)
    assert [part.title for part in latex.parts] == [part.title for part in text.parts]
    assert [len(part.numbered) for part in latex.parts] == [len(part.numbered) for part in text.parts]
