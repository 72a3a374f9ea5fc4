"""Waiting for an analysis: the command, figures included, beyond the imports of the libraries that it draws with."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from benchmarks.measure import interleaved, python, require
from benchmarks.startup import SYMBP
from benchmarks.table import Row, within

IMPORTS = ("-c", "import sympy, numpy, jinja2, typer, matplotlib.figure, matplotlib.backends.backend_agg")
DEEP = ("--layers", "50", "--widths", "256")
REPEATS = 5


def analyze() -> Iterator[Row]:
    """symbp analyze."""
    yield _beyond_imports((), 1.0)


def deep() -> Iterator[Row]:
    """symbp analyze, 50 layers of 256."""
    yield _beyond_imports(DEEP, 1.5)


def compare() -> Iterator[Row]:
    """symbp analyze --compare, 50 layers of 256."""
    yield _beyond_imports((*DEEP, "--compare"), 3.0)


def solve_init() -> Iterator[Row]:
    """symbp analyze --solve-init of a clipped function, imports included."""
    options = ("--solve-init", "--activation", "min(max(x,-1),1)", "--sigma-b", "0.3")
    times = interleaved({"ours": _command(options)}, REPEATS)
    yield within(" ".join(("symbp analyze", *options)), times["ours"].best, 2.0)


def _beyond_imports(options: tuple[str, ...], limit: float) -> Row:
    require("matplotlib")
    times = interleaved({"ours": _command(options), "imports": lambda: python(*IMPORTS)}, REPEATS)
    ours, imports = times["ours"].best, times["imports"].best
    note = f"{ours:.2f} s, of which imports {imports:.2f} s"
    return within(" ".join(("symbp analyze", *options)), ours - imports, limit, note=note)


def _command(options: tuple[str, ...]) -> Callable[[], object]:
    return lambda: python(*SYMBP, "analyze", *options)


ROWS = (analyze, deep, compare, solve_init)
