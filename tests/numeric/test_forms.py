"""Lines by their forms: run one by one they are the program's text, and a deep network has no more of them."""

from __future__ import annotations

import numpy as np
import pytest
from sympy import MatrixSymbol
from systems import CASES

from symbp import Network, derive
from symbp.checking.bench import Bench
from symbp.checking.plans import plans
from symbp.nodes import matmul
from symbp.numeric import engines
from symbp.numeric.definitions import Definitions, Standins
from symbp.numeric.forms import Forms, Line
from symbp.numeric.matrices import Writer
from symbp.numeric.source import program


@pytest.mark.parametrize("case", CASES)
def test_lines_one_by_one_compute_what_the_text_does(case: str) -> None:
    derived = CASES[case]()
    plan = plans(derived, thorough=False)[0]
    bench = Bench.of(derived, plan.standins, plan.sizes, 0)
    engine = engines.real()
    given = bench.values.arguments(engine.array)
    loss, gradients = engine.run(bench.program)(*given)
    assert bench.loss == loss == engine.loss(bench.program)(*given)
    for name, gradient in gradients.items():
        np.testing.assert_array_equal(bench.gradients[name], gradient)


@pytest.mark.parametrize("case", CASES)
def test_every_line_stands_in_the_text(case: str) -> None:
    derived = CASES[case]()
    plan = plans(derived, thorough=False)[0]
    full = program(derived.forward, derived.backward, derived.wrt, plan.standins)
    text = {line.strip() for line in full.function.splitlines()}
    missing = [line.name for line in full.lines if f"{line.name} = {line.code}" not in text]
    assert all("np.concatenate" in line.code for line in full.lines if line.name in missing)  # Broken where too long.


@pytest.mark.parametrize("widths", [4, None])
def test_a_deep_network_has_as_many_forms_as_a_short_one(widths: int | None) -> None:
    short, deep = (
        derive(Network.mlp(layers=layers, widths=widths, activation="tanh", loss="mse")) for layers in (5, 60)
    )
    counts = [
        len({id(line.form) for line in program(each.forward, each.backward, each.wrt, Standins()).lines})
        for each in (short, deep)
    ]
    assert counts[0] == counts[1] < 12


def test_an_entry_of_a_matrix_keeps_its_name() -> None:
    w, v, a, b = symbols = [MatrixSymbol(name, 2, 2) for name in "WVab"]
    names = {symbol: symbol.name for symbol in symbols}
    forms = Forms(Writer(names, {}, Definitions(names.values(), Standins())))
    lines = [Line("Z", *forms.of(matmul(entry[0, 1], symbol))) for entry, symbol in ((a, w), (b, v), (b, w), (w, w))]
    assert [line.code for line in lines] == ["a[0, 1] * W", "b[0, 1] * V", "b[0, 1] * W", "W[0, 1] * W"]
    known = {name: np.full((2, 2), float(at)) for at, name in enumerate("WVab", 2)}
    found = [eval(line.form.function)(*[known[each] for each in line.operands]) for line in lines]
    assert [float(each[0, 0]) for each in found] == [8.0, 15.0, 10.0, 4.0]
