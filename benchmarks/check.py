"""check(): deep, long and composed networks, each in a process of its own, beside deriving and beside one pass.

``python -m benchmarks.check NAME`` measures one: the first check of it in a fresh process, after a small one has
imported everything. A second check would find its programs compiled.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from benchmarks.measure import ROOT, best, python
from benchmarks.table import Row, seconds, within
from symbp import Dense, Network, check, derive
from symbp.checking.bench import Bench
from symbp.checking.plans import plans
from symbp.networks.recurrent import LSTM
from symbp.numeric import engines

REPEATS = 3

NETWORKS: dict[str, Callable[[], Network]] = {
    "1000 layers, everything open": lambda: Network.mlp(layers=1000),
    "1000 layers, tanh + mse": lambda: Network.mlp(layers=1000, activation="tanh", loss="mse"),
    "1000 layers of 5, tanh + mse": lambda: Network.mlp(layers=1000, widths=5, activation="tanh", loss="mse"),
    "LSTM of 50 steps": lambda: Network([LSTM(None, 50), Dense(None, "tanh")], loss="mse"),
    "LSTM classifier of 50 steps": lambda: Network([LSTM(4, 50), Dense(2, "softmax")], 3, "cross_entropy"),
    "transformer block": lambda: Network.load(Path(ROOT, "examples", "transformer-block.toml")),
}
"""What is checked; check runs what is open with two sets of stand-ins, given widths at distinct ones as well."""


def layers() -> Iterator[Row]:
    """check, 1000 layers."""
    yield from _rows("1000 layers", 3.0)


def steps() -> Iterator[Row]:
    """check, an LSTM of 50 steps."""
    yield from _rows("LSTM", 1.5)


def block() -> Iterator[Row]:
    """check, a transformer block."""
    yield from _rows("transformer", 0.4)


def _rows(start: str, limit: float) -> Iterator[Row]:
    for name in NETWORKS:
        if name.startswith(start):
            found = [json.loads(python("-m", "benchmarks.check", name)) for _ in range(REPEATS)]
            least = min(found, key=lambda each: float(each["check"]))
            beside = f"{least['check'] / least['derive']:.1f} x deriving, {least['check'] / least['pass']:.0f} x"
            yield within(f"check, {name}", least["check"], limit, note=f"{beside} a pass of {seconds(least['pass'])}")


def measured(name: str) -> dict[str, float]:
    """Return the seconds of deriving, of the first check, and of a pass of the program that is checked."""
    check(derive(layers=2))
    network = NETWORKS[name]()
    start = time.perf_counter()
    derived = derive(network)
    middle = time.perf_counter()
    report = check(derived)
    end = time.perf_counter()
    if not report.passed:
        raise ArithmeticError("a right gradient is called wrong")
    plan = plans(derived, thorough=True)[0]
    with np.errstate(all="ignore"):
        bench = Bench.of(plan.opened or derived, plan.standins, plan.sizes, seed=0)
    run, given = engines.real().run(bench.program), bench.values.arguments(engines.real().array)
    return {"derive": middle - start, "check": end - middle, "pass": best(lambda: run(*given), 5)}


ROWS = (layers, steps, block)

if __name__ == "__main__":
    print(json.dumps(measured(*sys.argv[1:])))
