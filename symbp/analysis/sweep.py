"""Sweeps over depth, width, activation and initialisation: one measurement a cell, each draw a cell of its own.

Results are rows of a CSV file, written as they come: a sweep that was interrupted goes on where it stopped.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import astuple, dataclass, fields
from functools import lru_cache
from itertools import product
from typing import Any, TextIO

from symbp.analysis.flow import Flow, GradientFlow
from symbp.analysis.initialisations import initialisation
from symbp.analysis.statistics import mean, standard_error
from symbp.analysis.streamed import Streamed
from symbp.derivation import derive
from symbp.errors import SpecError, shown
from symbp.executors import shared
from symbp.networks.network import Network
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
    return Streamed.of(derivation, examples)


def _result(flow: GradientFlow) -> dict[str, Any]:
    first, last = flow.rows[0], flow.rows[-1]
    slopes = [flow.slopes.get(role) for role in ROLES]
    logs = [row.log10 if math.isfinite(row.log10) else None for row in (first, last)]
    found = (str(flow.verdict), flow.rate, flow.error_rate, *logs, flow.float32_depth, *slopes)
    return dict(zip(MEASURED, found, strict=True))


PREPARING, DRAWING, ENTRY = 1.2e-3, 0.2e-3, 50e-9
"""Seconds a layer takes to derive, to measure once, and what every entry of its weight adds; on one core of 2024."""

KEPT = 30_000
"""Bytes that a layer's equations take."""


def expense(todo: Sequence[Cell], jobs: int) -> tuple[float, int]:
    """Return about how many seconds the cells take when ``jobs`` processes share them, and how many bytes."""
    networks = {(cell.activation, cell.layers, cell.width) for cell in todo}
    seconds = math.fsum(PREPARING * layers * min(jobs, len(todo)) for _, layers, _ in networks)
    seconds += math.fsum(cell.layers * (DRAWING + ENTRY * cell.width**2) for cell in todo)
    largest = max((cell.layers * (KEPT + 24 * cell.examples * cell.width) for cell in todo), default=0)
    return seconds / jobs, largest * min(jobs, len(todo))


def measured(todo: Sequence[Cell], jobs: int = 1, executor: Executor | None = None) -> Iterator[dict[str, Any]]:
    """Yield the results of cells, as they are done where ``jobs`` processes share them, or the workers of an executor.

    No process outlives its reader.
    """
    yield from shared(measure, todo, jobs=jobs, executor=executor)


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
    other = SpecError(f"{place} is no table of a sweep, whose columns begin with {','.join(KEYS)}: give another file")
    try:
        if next(reader, None) != list(COLUMNS):
            raise other
        rows: dict[Cell, dict[str, Any]] = {}
        for line in reader:
            if len(line) == len(COLUMNS):
                row = _read(line, f"{place}, line {reader.line_num}")
                rows[Cell(*(row[key] for key in KEYS))] = row
    except csv.Error:
        raise other from None
    return rows


def _read(line: Sequence[str], place: str) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, text in zip(COLUMNS, line, strict=True):
        try:
            row[name] = _READ.get(name, _number)(text)
        except ValueError:
            raise SpecError(f"{place}: {name} is {shown(text)}, which no sweep wrote: give another file") from None
    return row


def _word(text: str) -> str:
    if not text:
        raise ValueError
    return text


def _verdict(text: str) -> str:
    return OVERFLOW if text == OVERFLOW else str(Flow(text))


def _number(text: str) -> float | None:
    number = float(text) if text else None
    if number is not None and not math.isfinite(number):
        raise ValueError
    return number


def _rate(text: str) -> float | None:
    rate = _number(text)
    if rate is not None and rate <= 0:
        raise ValueError
    return rate


def _count(text: str) -> int:
    if not _DIGITS.fullmatch(text):
        raise ValueError
    return int(text)


def _depth(text: str) -> int | None:
    return _count(text) if text else None


_DIGITS = re.compile("[0-9]{1,18}", re.ASCII)

_READ: Mapping[str, Callable[[str], Any]] = {
    "activation": _word, "init": _word, "layers": _count, "width": _count, "examples": _count, "seed": _count,
    "verdict": _verdict, "rate": _rate, "error_rate": _rate, "float32_depth": _depth,
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
