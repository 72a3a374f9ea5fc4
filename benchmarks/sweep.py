"""Depth sweeps: 1,000 layers of 256 units, 20 draws, beside the bare matrix products and the random draws."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measure import probe
from benchmarks.table import Row, against, megabytes, within

LAYERS, WIDTH, DRAWS = 1000, 256, 20
ALLOWED = 1.2
ROOM = 300e6
"""Bytes: the activations of all layers (66 MB each list), 64 MiB of weights, and the derivation."""


def draws() -> Iterator[Row]:
    """a draw of a sweep, 1,000 layers of 256 units."""
    found = probe("sweep", LAYERS, WIDTH, DRAWS)
    name = f"sweep, {LAYERS} layers of {WIDTH}, best of {found['count']} draws"
    note = f"{found['ours'] / LAYERS * 1000:.2f} ms a layer; all draws {found['total'] / found['bare_total']:.2f} x"
    yield against(name, found["ours"], found["bare"], "bare products and draws", ALLOWED, note)
    note = f"the weights alone are {megabytes(found['weights'])}"
    yield within("  the same: peak memory above imports", found["peak"], ROOM, megabytes, note)


ROWS = (draws,)
