"""Memory: what a layer costs, which decides how many layers the command line accepts."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measure import probe
from benchmarks.table import Row, megabytes


def per_layer() -> Iterator[Row]:
    """memory a layer of derive."""
    for layers in (1000, 10_000):
        found = probe("memory", layers)
        each = {name: f"{found[name] / layers / 1000:.1f} kB" for name in ("kept", "factored", "peak")}
        note = f"peak {each['peak']}; with factors {each['factored']}; {megabytes(found['factored'])} in all"
        yield Row(f"memory a layer, {layers} layers", each["kept"], note=note)


ROWS = (per_layer,)
