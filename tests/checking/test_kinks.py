"""Next to kinks: operands a millionth away from where a slope jumps, on both sides, in float64 and with 50 digits."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sympy import Integer, solve
from systems import LOSS, case, derivation, variable

from symbp.checking.bench import Bench
from symbp.checking.plans import plans
from symbp.derivation import Derivation
from symbp.networks.expressions import custom_function
from symbp.ops.activations import ACTIVATIONS
from symbp.ops.elementwise import Elementwise, ScalarFunction
from symbp.ops.functions import activation
from symbp.ops.letters import OUT, TARGET
from symbp.ops.loss_table import LOSSES
from symbp.ops.losses import EntrywiseLoss, entry_loss
from symbp.ops.pooling import MaxPool
from symbp.ops.windows import Window

NEAR = 1e-6
SIDES = (-NEAR, -NEAR / 3, NEAR / 2, NEAR)

FUNCTIONS: dict[str, tuple[ScalarFunction, tuple[float, ...]]] = {
    **{
        name: (activation(name), tuple(map(float, activation(name).kinks)))
        for name in ACTIVATIONS
        if activation(name).kinks
    },
    "elu(2)": (activation("elu", 2), (0.0,)),
    "leaky_relu(-0.5)": (activation("leaky_relu", "-0.5"), (0.0,)),
    "smooth but in pieces: elu": (activation("elu"), (0.0,)),
    "abs": (custom_function("abs(x)"), (0.0,)),
    "sign times x": (custom_function("x*sign(x) + x"), (0.0,)),
    "max": (custom_function("max(x, 2*x - 1)"), (1.0,)),
    "clip": (custom_function("min(max(x, -1), 1)"), (-1.0, 1.0)),
    "softsign": (activation("softsign"), (0.0,)),
}
"""Functions, each with the points where it changes its formula."""

LOSS_KINKS: dict[str, Callable[[Any], Any]] = {
    "mae": lambda y: y,
    "huber": lambda y: y + np.sign(y),
    "hinge": lambda y: 1 / y,
    "pinball": lambda y: y,
}
"""Losses, each with the output that is at the kink for a target."""


def bench(derived: Derivation, **values: Any) -> Bench:
    """Return a run of a derivation with some parameters or targets set."""
    plan = plans(derived, thorough=True)[0]
    found = Bench.of(derived, plan.standins, plan.sizes, seed=2)
    parameters = {name: values.get(name, array) for name, array in found.values.parameters.items()}
    targets = {name: values.get(name, array) for name, array in found.values.targets.items()}
    at = replace(found.values, parameters=parameters, targets=targets)
    return Bench.of(derived, plan.standins, plan.sizes, 2, at)


def assert_agrees(found: Bench) -> None:
    """Assert that the derived gradient is the slope of the meaning: 50 digits, the complex step, central differences.

    The step of the central differences in float64 would reach over the kink, so they are left out.
    """
    direction = {"W1": found.direction("W1")}
    digits = found.digits.compare_along(direction)
    assert digits.scale > 0
    assert digits.relative < 1e-20
    assert found.compare_along(direction).relative < 1e-9


def beside(points: Any) -> Any:
    """Return every point with every small step beside it, one row a point and one column a step."""
    return np.asarray(points, dtype=float).reshape(-1, 1) + np.array(SIDES)


def test_every_function_with_a_kink_is_here() -> None:
    assert {name for name, row in ACTIVATIONS.items() if row.formula.jumps} <= {*FUNCTIONS, "elu"}
    assert {name for name, row in LOSSES.items() if row.formula.kinks} <= set(LOSS_KINKS)
    for name, row in LOSSES.items():
        for kink in row.formula.kinks:
            (point,) = solve(kink, OUT)
            assert float(point.subs(TARGET, -1)) == LOSS_KINKS[name](-1.0)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_next_to_its_kinks(name: str) -> None:
    function, kinks = FUNCTIONS[name]
    values = beside([*kinks, kinks[0]])
    shape = [Integer(size) for size in values.shape]
    w, a = variable("W1", *shape), variable("A1", *shape)
    assert_agrees(bench(case((a, Elementwise(function, w)), given=[w], loss="log_cosh"), W1=values))


@pytest.mark.parametrize("name", LOSS_KINKS)
def test_a_loss_next_to_its_kinks(name: str) -> None:
    targets = np.repeat([[-1.0], [1.0]], len(SIDES), axis=1)
    values = LOSS_KINKS[name](targets) + np.array(SIDES)
    w, y = variable("W1", 2, len(SIDES)), variable("Y", 2, len(SIDES))
    node = EntrywiseLoss(entry_loss(name), w, y)
    assert_agrees(bench(derivation([(LOSS, node)], [w, y]), W1=values, Y=targets))


def test_max_pooling_next_to_ties() -> None:
    window = Window(4, 5, 2, 3, 1, 2)
    w, p = variable("W1", 40, 3), variable("P1", 2 * window.count, 3)
    near = np.random.default_rng(3).permutation(120).reshape(40, 3) * NEAR
    assert_agrees(bench(case((p, MaxPool(w, *window.args)), given=[w], loss="log_cosh"), W1=0.7 + near))


def test_the_test_sees_a_slope_of_the_other_side() -> None:
    right = activation("relu")
    wrong = ScalarFunction("relu", right.variables, right.expr, [1 - right.slopes[0]])
    w, a = variable("W1", 2, len(SIDES)), variable("A1", 2, len(SIDES))
    found = bench(case((a, Elementwise(wrong, w)), given=[w], loss="log_cosh"), W1=beside([0, 0]))
    with pytest.raises(AssertionError):
        assert_agrees(found)
