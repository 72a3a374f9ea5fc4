"""Every backward rule against differences of the meaning of its operation, with 50 digits."""

import pytest
from sympy import MatrixSymbol
from systems import CASES, entrywise_loss

from symbp.checking.bench import Bench
from symbp.checking.check import check
from symbp.checking.plans import plans
from symbp.checking.report import Verdict
from symbp.equations import nodes
from symbp.op import vjp
from symbp.ops.losses import LOSSES

SYSTEMS = {**CASES, **{f"loss {name}": lambda name=name: entrywise_loss(name) for name in LOSSES}}


def test_every_rule_has_a_system() -> None:
    used = {type(node) for build in SYSTEMS.values() for each in build().forward for node in nodes(each.rhs)}
    ours = {kind for kind in vjp.registry if kind is not object and kind.__module__.startswith(("symbp", "sympy"))}
    missing = {kind.__name__ for kind in ours - used if not issubclass(kind, MatrixSymbol)}
    assert not missing, f"add a system to tests/systems.py for {missing}"


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_rule_agrees_with_differences_to_more_than_20_digits(name: str) -> None:
    derived = SYSTEMS[name]()
    plan = plans(derived, thorough=True)[0]
    bench = Bench.of(derived, plan.standins, plan.sizes, seed=1)
    for parameter in bench.gradients:
        comparison = bench.digits.compare_along({parameter: bench.direction(parameter)})
        assert comparison.scale > 0
        assert comparison.relative < 1e-20, parameter


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_check_passes_on_every_system(name: str) -> None:
    report = check(SYSTEMS[name]())
    assert report.passed, report.rows
    assert {row.verdict for row in report.rows} == {Verdict.AGREES}
    assert report.relative is not None
    assert report.relative < 1e-12


def test_sizes_are_all_different_and_the_batch_is_more_than_one_column() -> None:
    for build in SYSTEMS.values():
        sizes = plans(build(), thorough=True)[0].sizes
        assert sizes.examples > 1
        assert sizes.examples not in {shape[0] for shape in sizes.shapes.values()} - {sizes.shapes.get("W4", (0,))[0]}
