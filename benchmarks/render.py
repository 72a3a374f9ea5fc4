"""Printing 1000 layers: the recursive form, and every weight's gradient multiplied out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import symbp
from benchmarks.measure import best_probe
from benchmarks.table import Row, megabytes, seconds, within

LAYERS = 1000


def recursive() -> Iterator[Row]:
    """render, 1000 layers, recursive form."""
    took, size = _rendered(lambda d: symbp.render(d, to="latex", only="backward"))
    yield within(f"render, {LAYERS} layers, every step of the backward pass", took, 0.5, note=f"{size / 1000:.0f} kB")


def report() -> Iterator[Row]:
    """render, the whole report."""
    for layers, what in ((4, "report"), (LAYERS, "report of both ends")):
        took, size = _rendered(symbp.render, layers)
        yield Row(f"render, {layers} layers, {what}", seconds(took), note=f"{size / 1000:.0f} kB")


def multiplied() -> Iterator[Row]:
    """render, 1000 gradients multiplied out."""
    found = best_probe(3, "stream", LAYERS)
    name = f"{LAYERS} weight gradients multiplied out, to a file"
    yield within(name, found["seconds"], 0.6, note=megabytes(found["size"]))
    yield within("  the same: peak memory above imports", found["peak"], 100e6, megabytes)


def _rendered(render: Callable[[symbp.Derivation], str], layers: int = LAYERS, repeats: int = 3) -> tuple[float, int]:
    """Return the best time and the size of a rendering, each of a derivation that nobody printed before."""
    times, size = [], 0
    for _ in range(repeats + 1):
        derivation = symbp.derive(layers=layers)
        start = time.perf_counter()
        size = len(render(derivation))
        times.append(time.perf_counter() - start)
    return min(times[1:]), size


ROWS = (recursive, report, multiplied)
