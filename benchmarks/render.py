"""The road from a derivation to a page, and every weight's gradient multiplied out; CPU seconds."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measure import best_probe, probe
from benchmarks.table import Row, megabytes, seconds, within

LAYERS = 1000
"""The depth that is promised."""

PAGES = (
    ("4 layers", "page_of_layers", 4, 25e-3),
    ("12 layers", "page_of_layers", 12, None),
    (f"{LAYERS} layers", "page_of_layers", LAYERS, 0.8),
    ("transformer block", "page_of_blocks", 1, None),
    ("12 transformer blocks", "page_of_blocks", 12, None),
    ("LSTM of 50 steps", "page_of_steps", 50, None),
)
"""What a page is of, the probe that times it, and what deriving and the page may take together."""

WRITERS = ("latex", "markdown", "text")


def pages() -> Iterator[Row]:
    """derive and page, then each writer."""
    for what, name, size, most in PAGES:
        found = probe(name, size)
        total = found["derive"] + found["page"]
        note = f"derive {seconds(found['derive'])}, page {seconds(found['page'])}"
        row = f"derive + page, {what}"
        yield Row(row, seconds(total), note=note) if most is None else within(row, total, most, note=note)
        written = ", ".join(f"{each} {seconds(found[each])}" for each in WRITERS)
        yield Row("  written", seconds(sum(found[each] for each in WRITERS)), note=written)


def multiplied() -> Iterator[Row]:
    """every gradient of 1000 layers multiplied out."""
    found = best_probe(3, "stream", LAYERS)
    name = f"{LAYERS} weight gradients multiplied out, to a file"
    yield within(name, found["seconds"], 2.0, note=megabytes(found["size"]))
    yield within("  the same: peak memory above imports", found["peak"], 100e6, megabytes)


ROWS = (pages, multiplied)
