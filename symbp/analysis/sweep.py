"""Sweeps over depth, width, activation and initialisation: one measurement a cell, each draw a cell of its own.

Results are rows of a CSV file, written as they come: a sweep that was interrupted goes on where it stopped.
"""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from functools import lru_cache
from itertools import product
from typing import Any, TextIO

from symbp.analysis.flow import GradientFlow
from symbp.analysis.initialisations import initialisation
from symbp.analysis.statistics import mean, standard_error
from symbp.analysis.streamed import Streamed
from symbp.derivation import derive
from symbp.errors import SpecError
from symbp.networks.network import Network
from symbp.numeric.sizes import given_sizes
from symbp.op import FactorRole

ROLES = (
    FactorRole.WEIGHT,
    FactorRole.SLOPE,
    FactorRole.PREVIOUS,
)
"""The roles whose slopes have a column."""

OVERFLOW = "overflow"
"""The verdict of a cell whose forward pass overflows."""

MOST_CELLS = 1_000_000


@dataclass(frozen=True, order=True)
class Cell:
    """What one measurement is made of; ``width`` is that of every layer, inputs and outputs among them."""

    activation: str
    init: str
    layers: int
    width: int
    examples: int
    seed: int


KEYS = tuple(each.name for each in fields(Cell))

MEASURED = (
    "verdict",
    "rate",
    "error_rate",
    "log10_first",
    "log10_last",
    "float32_depth",
    *(f"slope_{role.replace(' ', '_')}" for role in ROLES),
)
"""The columns of a result: rates are factors a layer towards the input, logs those of gradient norms of the first
and last weight, slopes decades a layer by role."""

COLUMNS = (*KEYS, *MEASURED)

Result = Mapping[str, Any]
"""One value a column; None where there is none."""


def cells(
    layers: Sequence[int],
    widths: Sequence[int],
    activations: Sequence[str],
    inits: Sequence[str],
    examples: int,
    seed: int,
    draws: int,
) -> list[Cell]:
    """Return one cell for each combination and draw; the draws have the seeds from ``seed`` on.

    Raises:
        SpecError: more than a million cells.
    """
    count = len(layers) * len(widths) * len(activations) * len(inits) * draws
    if count > MOST_CELLS:
        raise SpecError(f"a sweep of {count:,} cells: at most {MOST_CELLS:,}; take fewer values or draws")
    combined = product(activations, inits, layers, widths)
    return [
        Cell(activation, init, depth, width, examples, seed + draw)
        for activation, init, depth, width in dict.fromkeys(combined)
        for draw in range(draws)
    ]


def measure(cell: Cell) -> dict[str, Any]:
    """Return the result of one cell."""
    streamed = _prepared(cell.activation, cell.layers, cell.width, cell.examples)
    key = dict(zip(KEYS, astuple(cell), strict=True))
    try:
        return key | _result(streamed.flow(initialisation(cell.init), cell.seed))
    except SpecError:
        return key | dict.fromkeys(MEASURED) | {"verdict": OVERFLOW}


@lru_cache(maxsize=1)
def _prepared(activation: str, layers: int, width: int, examples: int) -> Streamed:
    derivation = derive(Network.mlp(layers, width, activation, loss="mse"))
    return Streamed.of(derivation, given_sizes(derivation.forward, examples))


def _result(flow: GradientFlow) -> dict[str, Any]:
    first, last = flow.rows[0], flow.rows[-1]
    slopes = [flow.slopes.get(role) for role in ROLES]
    logs = [row.log10 if math.isfinite(row.log10) else None for row in (first, last)]
    found = (str(flow.verdict), flow.rate, flow.error_rate, *logs, flow.float32_depth, *slopes)
    return dict(zip(MEASURED, found, strict=True))


def measured(todo: Sequence[Cell], jobs: int) -> Iterator[dict[str, Any]]:
    """Yield the results of cells, as they are done where ``jobs`` processes share them."""
    if jobs == 1 or len(todo) < 2:
        yield from map(measure, todo)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor, as_completed

    with _one_core_each(), ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        waiting = [pool.submit(measure, cell) for cell in todo]
        try:
            for done in as_completed(waiting):
                yield done.result()
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def _one_core_each() -> Iterator[None]:
    """Let every process that starts here use one core: several that use all of them wait for each other."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            os.environ.update({} if value is None else {name: value})


THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""What the libraries under NumPy read when they are loaded."""


@dataclass(frozen=True)
class Trend:
    """All draws of one combination: the mean slope in decades a layer, its standard error, how many died or overflowed.

    ``slope`` and ``standard_error`` are None where no draw, or one, has a slope.
    """

    activation: str
    init: str
    layers: int
    width: int
    draws: int
    slope: float | None
    standard_error: float | None
    failed: int

    @property
    def rate(self) -> float | None:
        """What a layer multiplies the gradient by: the geometric mean over the draws."""
        return None if self.slope is None else 10.0**self.slope


def trends(results: Iterable[Result]) -> list[Trend]:
    """Return one trend a combination, in the order of the combinations."""
    groups: dict[tuple[Any, ...], list[float | None]] = {}
    for result in results:
        key = tuple(result[name] for name in ("activation", "init", "layers", "width"))
        groups.setdefault(key, []).append(math.log10(result["rate"]) if result["rate"] else None)
    return [_trend(key, slopes) for key, slopes in sorted(groups.items())]


def _trend(key: tuple[Any, ...], slopes: Sequence[float | None]) -> Trend:
    found = [slope for slope in slopes if slope is not None]
    slope = mean(found) if found else None
    activation, init, layers, width = key
    failed = len(slopes) - len(found)
    return Trend(activation, init, layers, width, len(slopes), slope, standard_error(found), failed)


def finished(text: str, place: str) -> dict[Cell, dict[str, Any]]:
    """Return the results of a CSV file by cell; a last line that was not written to its end is left out.

    Raises:
        SpecError: the file is no table of a sweep.
    """
    reader = csv.reader(io.StringIO(text[: text.rfind("\n") + 1]))
    if next(reader, None) != list(COLUMNS):
        raise SpecError(f"{place} is no table of a sweep, whose columns begin with {','.join(KEYS)}: give another file")
    whole = [line for line in reader if len(line) == len(COLUMNS)]
    try:
        rows = [_read(line) for line in whole]
    except ValueError:
        raise SpecError(f"{place} holds a line that no sweep wrote: give another file") from None
    return {Cell(*(row[key] for key in KEYS)): row for row in rows}


def _read(line: Sequence[str]) -> dict[str, Any]:
    return {name: _READ.get(name, _number)(text) for name, text in zip(COLUMNS, line, strict=True)}


def _number(text: str) -> float | None:
    return float(text) if text else None


def _whole(text: str) -> int | None:
    return int(text) if text else None


_READ: Mapping[str, Callable[[str], Any]] = {
    "activation": str, "init": str, "verdict": str, "layers": int, "width": int, "examples": int, "seed": int,
    "float32_depth": _whole,
}  # fmt: skip


def table(results: Iterable[Result]) -> str:
    """Return results as the text of a CSV file, the names of the columns first."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerow(COLUMNS)
    append(stream, results)
    return stream.getvalue()


def append(stream: TextIO, results: Iterable[Result]) -> None:
    """Write one line a result."""
    writer = csv.writer(stream, lineterminator="\n")
    for result in results:
        writer.writerow([_text(result[name]) for name in COLUMNS])


def _text(value: Any) -> str:
    return "" if value is None else repr(value) if isinstance(value, float) else str(value)
