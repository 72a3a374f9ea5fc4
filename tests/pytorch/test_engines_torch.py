"""Other people's automatic differentiation as a method of the check, and their checkers on planted faults."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from sympy import MatMul

from symbp.checking.bench import Bench
from symbp.checking.check import check
from symbp.checking.plans import plans
from symbp.checking.report import Verdict
from symbp.derivation import derive
from symbp.networks.examples import EXAMPLES
from symbp.networks.network import Network
from symbp.numeric.autodiff import ENGINES

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks import faults

"""The engines, and whether the continuous integration has them: there one that is missing fails."""


def need(name: str) -> None:
    spec = importlib.util.find_spec(name)
    if spec is not None and spec.origin is not None:
        return
    pytest.skip(f"{name} is not installed: this test did not run")


NETWORKS = {
    **{name: lambda name=name: Network.load(EXAMPLES[name]) for name in EXAMPLES},
    "gelu": lambda: Network.mlp(layers=3, activation="gelu", loss="huber"),
    "elu, hinge": lambda: Network.mlp(layers=3, activation="elu", loss="hinge"),
    "softplus, bce": lambda: Network.mlp(layers=2, activation="softplus", loss="bce"),
    "open": lambda: Network.mlp(layers=3),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", NETWORKS)
def test_other_engines_agree(name: str, engine: str) -> None:
    need(engine)
    report = check(derive(NETWORKS[name]()), thorough=False, engines=[engine])
    assert report.passed
    said = [note for note in report.notes if note.startswith(f"{engine} could not run")]
    if (name, engine) == ("transformer-block", "autograd"):  # its maximum along an axis does not differentiate
        assert said
        return
    assert not said
    measured = [each for row in report.rows for each in row.measured if each.method == engine]
    assert len(measured) == sum(bool(row.measured) for row in report.rows)
    assert all(each.reached >= each.expected - 1 for each in measured)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("engine", ENGINES)
def test_another_engine_sees_a_wrong_gradient(engine: str) -> None:
    """The complex step is not asked here: the engine alone must tell."""
    need(engine)
    derived = derive(layers=3, activation="tanh", loss="mse")
    wrong = faults.scaled(derived, "dW1", 2)
    plan = plans(wrong, False)[0]
    bench = Bench.of(wrong, plan.standins, plan.sizes, 0)
    found = ENGINES[engine].gradients(bench.program, bench.values, tuple(bench.gradients))
    verdicts = {name: bench.compare_given(name, gradient).verdict(1e-9) for name, gradient in found.items()}
    assert verdicts.pop("W1") is Verdict.WRONG
    assert set(verdicts.values()) == {Verdict.AGREES}
    np.testing.assert_allclose(2 * found["W1"], bench.gradients["W1"], rtol=1e-12)
    assert isinstance(derived.backward["dW1"].rhs, MatMul)


@pytest.mark.filterwarnings("ignore")
def test_what_gradcheck_passes() -> None:
    """Our claim about it stays true, or the documentation has to change."""
    need("torch")
    assert faults.torch_accepts_first_layer(10, -1, fast=False)
    assert faults.torch_accepts_first_layer(6, 2, fast=True)
    assert faults.torch_accepts_first_layer(6, 0, fast=True)
    assert not faults.torch_accepts_first_layer(2, -1, fast=False)
    assert faults.torch_accepts_one_entry(64)


@pytest.mark.filterwarnings("ignore")
def test_what_check_grads_passes() -> None:
    need("jax")
    assert faults.jax_accepts_wide_rule(600)
    assert not faults.jax_accepts_wide_rule(10)
