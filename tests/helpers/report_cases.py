"""The networks whose reports are kept, looked at, parsed by KaTeX and compiled by TeX."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from symbp.checking.report import CheckReport, Row, Run, Verdict
from symbp.derivation import Derivation, derive
from symbp.networks.layers import Activation, Dense, Linear
from symbp.networks.network import Network
from symbp.networks.normalisation import BatchNorm, LayerNorm, RMSNorm
from symbp.networks.residual import Residual

GOLDEN = Path(__file__).parents[1] / "golden"

_BLOCK = [Linear(5), Residual([Dense(4, "tanh"), Linear(5)]), Dense(2, "softmax")]
RESIDUAL = Network(_BLOCK, inputs=3, loss="cross_entropy")
RESIDUAL_BATCH = Network(_BLOCK, inputs=3, loss="cross_entropy", batch=True)
BATCHNORM = Network([Linear(5), BatchNorm(), Activation("relu"), Dense(2, "softmax")], inputs=3, loss="cross_entropy")
LAYERNORM = Network([Dense(5, "tanh"), LayerNorm(), Linear(2)], inputs=3, loss="mse")
RMSNORM = Network([Linear(5), RMSNorm(), Activation("silu"), Dense(2, "sigmoid")], inputs=3, loss="bce", batch=True)

CASES: dict[str, dict[str, Any]] = {
    "layers-1": {"layers": 1},
    "layers-2": {"layers": 2},
    "layers-4": {"layers": 4},
    "layers-8": {"layers": 8},
    "layers-100": {"layers": 100},
    "batch": {"layers": 3, "batch": True},
    "sigmoid-bce": {"layers": 3, "activation": "sigmoid", "loss": "bce"},
    "tanh-softmax-ce": {"layers": 3, "activation": "tanh", "loss": "cross_entropy"},
    "tanh-softmax-ce-batch": {"layers": 4, "activation": "tanh", "loss": "cross_entropy", "batch": True},
    "custom": {"layers": 2, "activation": "x*sigmoid(beta*x)", "let": {"beta": "1.702"}, "loss": "mse"},
    "leaky-huber-batch": {
        "layers": 3, "widths": [3, 5, 4, 2], "activation": "leaky_relu", "loss": "huber", "batch": True, "bias": False,
    },
    "gelu-softmax-mse": {"layers": 3, "activation": "gelu", "output_activation": "softmax", "loss": "mse"},
    "residual": {"network": RESIDUAL},
    "residual-batch": {"network": RESIDUAL_BATCH},
    "batchnorm": {"network": BATCHNORM},
    "layernorm": {"network": LAYERNORM},
    "rmsnorm": {"network": RMSNORM},
}  # fmt: skip


@cache
def derivation(name: str) -> Derivation:
    return derive(**CASES[name])


def fixed_check(of: Derivation, verdict: Verdict = Verdict.AGREES) -> CheckReport:
    """A check whose numbers do not depend on the machine."""
    rows = tuple(
        Row(v.name, "4×3", "complex step", "every entry", 1e-17, 3e-16, 4.7e-31, 1.8e-10, verdict) for v in of.wrt
    )
    runs = (Run((3, 4), 6, ("tanh", "sigmoid"), "mse", "complex step, every entry", "50 digits", 50),)
    return CheckReport(rows, runs, seed=0, thorough=False)


def need(tool: str, found: object) -> None:
    """Skip without a tool, and say so."""
    if not found:
        pytest.skip(f"{tool} is not installed: this test did not run")


PDFLATEX = shutil.which("pdflatex")
