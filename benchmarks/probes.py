"""What is measured in a process of its own: ``python probes.py NAME ARGUMENT …`` prints one JSON document."""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable
from typing import Any

from symbp import derive

STATUS = "/proc/self/status"


def main(name: str, *arguments: str) -> None:
    """Run one probe after a small derivation has imported everything."""
    derive(layers=2)
    print(json.dumps(PROBES[name](*map(int, arguments))))


def derive_time(layers: int) -> dict[str, float]:
    """Time the first derivation of a depth in this process and the best of the next few."""
    times = [_timed(lambda: derive(layers=layers)) for _ in range(6)]
    return {"cold": times[0], "warm": min(times[1:])}


def derive_memory(layers: int) -> dict[str, float]:
    """Measure what a derivation keeps and the peak on the way, above what the imports took."""
    gc.collect()
    before = _resident("VmRSS")
    kept = derive(layers=layers)
    after = _resident("VmRSS")
    gradients = list(kept.gradients.values())
    products = [gradient.products for gradient in gradients]
    return {
        "kept": after - before,
        "factored": _resident("VmRSS") - before,
        "peak": _resident("VmHWM") - before,
        "gradients": len(products),
    }


def _timed(run: Callable[[], object]) -> float:
    gc.collect()
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def _resident(field: str) -> int:
    """Return this process's resident memory in bytes, now (VmRSS) or at its peak (VmHWM); Linux only."""
    with open(STATUS) as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


PROBES: dict[str, Callable[..., dict[str, Any]]] = {
    "derive": derive_time,
    "memory": derive_memory,
}

if __name__ == "__main__":
    main(*sys.argv[1:])
