"""Strictness: faults that checkers people trust let pass, and right networks that must pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec

from benchmarks import faults
from benchmarks.random_networks import random_networks
from benchmarks.table import Row
from symbp import derive
from symbp.checking.check import check
from symbp.checking.report import Outcome

RIGHT = 1000
"""How many random right networks must pass."""


def first_layer() -> Iterator[Row]:
    """first layer's gradient of a sigmoid network, multiplied."""
    for layers, number, what in ((10, -1, "negated"), (6, 2, "doubled"), (6, 0, "zeroed")):
        peers = {
            f"torch gradcheck, {mode}": partial(faults.torch_accepts_first_layer, layers, number, fast=mode == "fast")
            for mode in ("slow", "fast")
        }
        refused = faults.symbp_refuses_first_layer(layers, number)
        yield row(f"first gradient {what}, {layers} sigmoid layers", refused, "torch", peers)


def wide_rule() -> Iterator[Row]:
    """forward rule twice too big at 600 outputs."""
    peers = {"jax check_grads, fwd, float32": partial(faults.jax_accepts_wide_rule, 600)}
    yield row("slope twice too big, 600 outputs", faults.symbp_refuses_wide_rule(600), "jax", peers)


def one_entry() -> Iterator[Row]:
    """one entry of 65,536 off by a thousandth."""
    refused = faults.symbp_refuses_one_entry(256)
    name = "one entry of 65,536 off by 0.1 %"
    yield row(name, refused, "torch", {"torch gradcheck, fast": partial(faults.torch_accepts_one_entry, 256)})
    peers = {"autograd check_grads": partial(faults.autograd_accepts_one_entry, 256)}
    yield row("  the same", refused, "autograd", peers)


def row(name: str, refused: bool, package: str, peers: dict[str, Callable[[], bool]]) -> Row:
    """Return a row: our verdict on a fault, and the measured ones of peers that are installed."""
    found = find_spec(package)
    if found is None or found.origin is None:
        note = f"{package} is not installed"
    else:
        note = "; ".join(f"{peer} {'passes it' if run() else 'refuses it'}" for peer, run in peers.items())
    return Row(name, "refused" if refused else "passed", "refused", 0.0 if refused else 2.0, 1.0, note)


def right() -> Iterator[Row]:
    """random right networks."""
    outcomes: Counter[Outcome] = Counter()
    missed = []
    for said, network in random_networks(RIGHT):
        outcome = check(derive(network), thorough=False).outcome
        outcomes[outcome] += 1
        if outcome is not Outcome.PASSED:
            missed.append(f"{said}: {outcome}")
    note = "; ".join(missed[:3])
    passed = outcomes[Outcome.PASSED]
    yield Row("random right networks that pass", f"{passed} of {RIGHT}", f"{RIGHT}", RIGHT / max(1, passed), 1.0, note)


ROWS = (first_layer, wide_rule, one_entry, right)
