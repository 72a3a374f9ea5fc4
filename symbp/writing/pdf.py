"""From a document to PDF: in a temporary folder, the same bytes on each run, by pdflatex or by typst."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import util
from pathlib import Path

from symbp.errors import OutputError, SpecError, nearest
from symbp.guard.child import run
from symbp.resources import MARK

TIME_LIMIT = 120
"""Seconds one run of pdflatex may take."""

LOG = 1_000_000
"""How much of what it prints is kept, in bytes: its first error stands near the beginning."""

Files = Mapping[str, bytes]
"""The figures that a document includes, by their names."""


@dataclass(frozen=True)
class Engine:
    """What makes a PDF: the format of its document, whether it is here, what to install where it is not."""

    name: str
    format: str
    is_here: Callable[[], bool]
    install: str
    compile: Callable[[Path, Path], None]


def pdf(source: str, files: Files | None = None, engine: Engine | None = None) -> bytes:
    """Return the PDF of a complete document in the format of its engine, the same bytes on each run.

    Raises:
        OutputError: no engine is here, it took too long, or the document does not compile (its first error).
    """
    made_by = engine or engine_named(None)
    with tempfile.TemporaryDirectory(prefix="symbp-") as folder:
        document, result = Path(folder, f"report.{made_by.format}"), Path(folder, "report.pdf")
        document.write_text(source, encoding="utf-8", newline="\n")
        for name, data in (files or {}).items():
            Path(folder, Path(name).name).write_bytes(data)
        made_by.compile(document, result)
        return result.read_bytes() + f"% {MARK}\n".encode()


def engine_named(name: str | None) -> Engine:
    """Return the engine of a name; without one the first that is here.

    Raises:
        SpecError: no such engine.
        OutputError: it is not here, or none is.
    """
    if name is not None and name not in ENGINES:
        raise SpecError(f"no PDF engine {name!r}{nearest(name, ENGINES) or '; known: ' + ', '.join(ENGINES)}")
    asked = [*ENGINES.values()] if name is None else [ENGINES[name]]
    found = next((each for each in asked if each.is_here()), None)
    if found is None:
        names, ways = " or ".join(each.name for each in asked), ", or ".join(each.install for each in asked)
        raise OutputError(f"PDF needs {names}, which is not installed: {ways}; or write .tex, .typ or .html instead")
    return found


def _pdflatex(document: Path, result: Path) -> None:
    for _ in range(2):  # the second run knows the labels
        log = _run(document)
    if not result.is_file():
        errors = (line for line in log.splitlines() if line.startswith("!"))
        raise OutputError(f"pdflatex could not compile the report: {next(errors, 'it wrote no PDF')}")


def _run(document: Path) -> str:
    command = ["pdflatex", "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", document.name]
    place = document.parent
    # The date and the trailer's identity come from the clock unless they are pinned.
    environment = {
        "SOURCE_DATE_EPOCH": "0", "FORCE_SOURCE_DATE": "1", "openout_any": "p", "openin_any": "p",
        "TEXMFOUTPUT": str(place), "max_print_line": "1000",
    }  # fmt: skip
    ended = run(command, place, TIME_LIMIT, cwd=place, environment=environment, kept=LOG)
    if ended.code is None:
        raise OutputError(f"pdflatex took more than {TIME_LIMIT} seconds and was stopped")
    return ended.printed


def _typst(document: Path, result: Path) -> None:
    import typst  # it holds fonts and a compiler

    try:
        # Its own fonts and no clock: the same bytes on every machine. It reads files below the document's folder only.
        place = str(document.parent)
        data = typst.compile(str(document), root=place, ignore_system_fonts=True, timestamp=0, format="pdf")
    except typst.TypstError as error:
        raise OutputError(f"typst could not compile the report: {str(error).splitlines()[0]}") from None
    result.write_bytes(data)


ENGINES: dict[str, Engine] = {
    each.name: each
    for each in (
        Engine("pdflatex", "latex", lambda: shutil.which("pdflatex") is not None, "install TeX Live", _pdflatex),
        Engine("typst", "typst", lambda: util.find_spec("typst") is not None, "pip install 'symbp[pdf]'", _typst),
    )
}
"""Every engine by name, the first that is here is used unless another is named."""
