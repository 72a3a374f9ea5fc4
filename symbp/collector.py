"""Python's cyclic garbage collector, at rest while a list of equations is built.

A derivation makes tens of objects a layer and drops next to none, so every run of the collector on the way walks all
that is there and finds nothing: at thousands of layers it costs more than the work.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def pause_collector() -> Iterator[None]:
    """Switch the collector off inside, and on again behind where it was on; also a decorator.

    Pauses may nest, and an error inside ends its pause. The collector is the whole process's: other threads are
    without it as well for the time. Where pauses of two threads overlap, the first to have begun ends both, which
    costs time and nothing else.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
