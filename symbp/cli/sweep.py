"""A sweep: a table that grows as it is measured, goes on where it stopped, and ends sorted, beside its JSON."""

from __future__ import annotations

import json
from concurrent.futures import Executor
from pathlib import Path

from symbp.analysis import sweep
from symbp.analysis.budget import EXAMPLES
from symbp.analysis.sweep import Cell
from symbp.cli.analyze import Request
from symbp.cli.bar import progress_bar
from symbp.cli.console import document, note, plain, say, sentence
from symbp.cli.options import flag, refuse, size
from symbp.cli.output import is_folder
from symbp.cli.sharing import workers
from symbp.cli.what import Named, NetworkOptions
from symbp.errors import OutputError, SpecError
from symbp.inputs import read_regular
from symbp.limits import MAX_TABLE
from symbp.pages.tell.sweep import sweep_page
from symbp.resources import MARK
from symbp.writing.files import require_replaceable, write_bytes
from symbp.writing.text import write_text

DRAWS = 5
"""Draws of a cell where it is not said."""

PLACE = "output/sweep.csv"

LAYERS = [10, 20, 50, 100]
WIDTHS = [64]
"""Where one of the two is not swept."""

NOT_SWEPT: dict[str, object] = {"output_activation": None, "loss": None, "bias": True, "let": None}
"""Network options that a sweep does not take, with what they are when they are not given."""

ACTIVATIONS = ("sigmoid", "tanh", "relu")
INITS = ("xavier",)


def run(request: Request) -> int:
    """Measure every cell that the file does not hold yet."""
    path = place(request)
    request.page.require_use([])
    todo = cells(request)
    done = existing(path)
    require_replaceable(path.with_suffix(".json"), request.page.force)
    missing = [cell for cell in todo if cell not in done]
    measures = request.measures
    announce(missing, measures.jobs)
    with workers(measures.cluster, measures.jobs) as executor:
        measure(path, missing, measures.jobs, len(todo) - len(missing), executor)
    found = existing(path)
    results = [found[cell] for cell in sorted(todo)]
    data = json.dumps({"about": MARK, "results": results}, ensure_ascii=False, indent=1, allow_nan=False)
    write_bytes(path, sweep.table(found[cell] for cell in sorted(found)).encode(), force=True)
    write_bytes(path.with_suffix(".json"), data.encode() + b"\n", force=request.page.force)
    if request.json:
        document(data)
    else:
        kept = len(todo) - len(missing)
        say(write_text(sweep_page(sweep.trends(results)), width=request.page.width, ascii=plain()))
        before = f"     ({sentence('screen.kept', kept=kept, all=len(todo))})" if kept else ""
        say(f"\n  {sentence('screen.wrote'):<11} {path}, {path.with_suffix('.json')}{before}")
    return 0


def place(request: Request) -> Path:
    """Return the CSV file."""
    given = request.page.output or PLACE
    if is_folder(given):
        return Path(given) / "sweep.csv"
    if Path(given).suffix.lower() != ".csv":
        refuse(given, "a sweep is a table; give a file that ends in .csv", "--output")
    return Path(given)


def cells(request: Request) -> list[Cell]:
    """Return the cells of the request: every combination of what is swept and what is given."""
    if any(isinstance(spec, Named) for spec in request.networks):
        raise SpecError("--sweep takes a multilayer perceptron: describe it by --activation")
    specs = [spec for spec in request.networks if isinstance(spec, NetworkOptions)]
    for name in NOT_SWEPT:
        if any(getattr(spec, name) != NOT_SWEPT[name] for spec in specs):
            raise SpecError(
                f"--sweep goes over layers, widths, activations and initialisations; leave out {flag(name)}"
            )
    measures = request.measures
    axes = {name: list(values) for name, values in measures.sweep or ()}
    widths = sorted({spec.sizes for spec in specs if isinstance(spec.sizes, int)}) or WIDTHS
    activations = list(dict.fromkeys(spec.activation for spec in specs if spec.activation is not None))
    return sweep.cells(
        axes.get("layers", LAYERS),
        axes.get("widths", widths),
        activations or ACTIVATIONS,
        measures.inits or INITS,
        EXAMPLES,
        measures.seed,
        measures.draws or DRAWS,
    )


def existing(path: Path) -> dict[Cell, dict[str, object]]:
    """Return what the file holds already."""
    if not path.exists():
        return {}
    try:
        text = read_regular(path, MAX_TABLE).decode("utf-8")
    except UnicodeDecodeError:
        raise OutputError(f"cannot read {path}: not a text file") from None
    return sweep.finished(text, str(path)) if text else {}


def measure(path: Path, todo: list[Cell], jobs: int, done: int, executor: Executor | None = None) -> None:
    """Append one line a cell, ``done`` before; an interrupt loses the cells under way and nothing else."""
    if not todo:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, sweep.table(existing(path).values()).encode(), force=True)
        with path.open("a", encoding="utf-8", newline="\n") as stream, progress_bar() as bar:
            task = bar.add_task("", total=done + len(todo), completed=done)
            for result in sweep.measured(todo, jobs, executor):
                sweep.append(stream, [result])
                stream.flush()
                activation, layers, width = (str(result[name]) for name in ("activation", "layers", "width"))
                now = sentence("screen.cell", activation=activation, layers=layers, width=width)
                bar.update(task, advance=1, description=now, refresh=True)
    except OSError as error:
        raise OutputError(error.errno, f"cannot write {path}: {error.strerror or error}") from None


LONG = 10.0
"""A sweep that takes more seconds says so before it begins."""


def announce(todo: list[Cell], jobs: int) -> None:
    """Say on standard error what a long sweep will take."""
    seconds, memory = sweep.expense(todo, jobs)
    if seconds > LONG:
        layers, width = max((cell.layers, cell.width) for cell in todo)
        most = {"cells": f"{len(todo):,}", "layers": f"{layers:,}", "width": f"{width:,}"}
        said = sentence("screen.long", len(todo), **most, time=duration(seconds), memory=size(memory))
        note(f"symbp: {said}")


def duration(seconds: float) -> str:
    """Return a time in words."""
    units = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}
    unit = next((unit for unit, length in units.items() if seconds >= 2 * length), "seconds")
    return sentence(f"screen.{unit}", number=f"{seconds / units[unit]:,.0f}")
