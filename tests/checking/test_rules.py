"""Every backward rule against differences of the meaning of its operation, with 50 digits."""

from dataclasses import replace

import pytest
from sympy import HadamardProduct, MatMul, MatrixExpr, MatrixSymbol
from systems import CASES, entrywise_loss

from symbp.checking.bench import Bench
from symbp.checking.check import check
from symbp.checking.plans import plans
from symbp.checking.report import Verdict
from symbp.derivation import derive
from symbp.equations import nodes, symbols_in
from symbp.errors import UnusedParameterWarning
from symbp.networks.network import Network
from symbp.op import vjp
from symbp.ops.attention import MaskedSoftmax
from symbp.ops.convolution import Convolve
from symbp.ops.elementwise import Elementwise
from symbp.ops.loss_table import LOSSES
from symbp.ops.losses import EntrywiseLoss, GenericLoss, SigmoidBinaryCrossEntropy, SoftmaxCrossEntropy
from symbp.ops.pooling import MaxPoolPick
from symbp.ops.stop import Stop
from symbp.ops.structure import Stack
from symbp.ops.upstream import Upstream
from symbp.symbols import BATCH

SYSTEMS = {**CASES, **{f"loss {name}": lambda name=name: entrywise_loss(name) for name in LOSSES}}


def test_every_rule_has_a_system() -> None:
    used = {type(node) for build in SYSTEMS.values() for each in build().forward for node in nodes(each.rhs)}
    """Those of pages, which stand for a list of equations, are executed by the tests of views."""
    ours = {kind for kind in vjp.registry if kind is not object and kind.__module__.startswith(("symbp", "sympy"))}
    ours = {kind for kind in ours if not kind.__module__.startswith("symbp.views")}
    missing = {kind.__name__ for kind in ours - used - {Stop} if not issubclass(kind, MatrixSymbol)}
    assert not missing, f"add a system to tests/helpers/systems.py for {missing}"


APART = {SoftmaxCrossEntropy, SigmoidBinaryCrossEntropy, GenericLoss, Upstream, MaskedSoftmax, MaxPoolPick}
"""What never has one symbol twice: it takes a target, an error or a mask, or picks from another matrix."""


def test_every_rule_of_several_operands_has_a_system_with_one_symbol_twice() -> None:
    several, twice = set(), set()
    for build in SYSTEMS.values():
        for node in (node for each in build().forward for node in nodes(each.rhs)):
            operands = [symbol for arg in node.args if isinstance(arg, MatrixExpr) for symbol in symbols_in(arg)]
            several |= {type(node)} if len(operands) > 1 else set()
            twice |= {type(node)} if len(set(operands)) < len(operands) else set()
    assert {MatMul, HadamardProduct, Convolve, Stack, Elementwise, EntrywiseLoss} <= several
    missing = {kind.__name__ for kind in several - twice - APART}
    assert not missing, f"add a system to tests/helpers/systems.py that gives {missing} one symbol twice"


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


@pytest.mark.parametrize("name", SYSTEMS)
def test_independent_sizes_are_all_different(name: str) -> None:
    """Every size left open has a number of its own, the number of examples among them."""
    derived = SYSTEMS[name]()
    sizes = plans(derived, thorough=True)[0].sizes
    pairs = ((each.shape, sizes.shapes[each.name]) for each in derived.forward.given)
    drawn = {size: number for shapes in pairs for size, number in zip(*shapes, strict=True) if size.is_Symbol}
    drawn[BATCH] = sizes.examples
    assert len(set(drawn.values())) == len(drawn), drawn


def test_sizes_are_all_different_and_the_batch_is_more_than_one_column() -> None:
    for build in SYSTEMS.values():
        sizes = plans(build(), thorough=True)[0].sizes
        assert sizes.examples > 1
        assert sizes.examples not in {shape[0] for shape in sizes.shapes.values()} - {sizes.shapes.get("W4", (0,))[0]}


STOPPED = ["V = w @ tanh(W @ X)", "T = stop(0.9 * (w @ tanh(W @ Z)))", "loss = mse(V, T)"]


def test_no_gradient_goes_through_a_stop() -> None:
    shapes = {"W": (4, 3), "w": (1, 4), "X": (3, "m"), "Z": (3, "m")}
    right = derive(Network.equations(STOPPED, shapes))
    assert check(right).passed
    through = [line.replace("stop(", "identity(") for line in STOPPED]
    wrong = replace(right, backward=derive(Network.equations(through, shapes)).backward)
    assert {row.verdict for row in check(wrong).rows} == {Verdict.WRONG}
    alone = Network.equations([STOPPED[1], "loss = mse(W @ X, T)"], {**shapes, "W": (1, 3), "w": (1, 1)})
    with pytest.warns(UnusedParameterWarning, match="the loss does not depend on w"):
        assert [each.name for each in derive(alone).unused] == ["w"]
