"""From a LaTeX document to PDF: in a temporary folder, without shell escape, with a time limit."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from symbp.errors import OutputError
from symbp.guard.child import run
from symbp.writing.formats import MARK

TIME_LIMIT = 120
"""Seconds one run of pdflatex may take."""

LOG = 1_000_000
"""How much of what it prints is kept, in bytes: its first error stands near the beginning."""


def pdf(source: str, files: Mapping[str, bytes] | None = None) -> bytes:
    """Return the PDF of a complete LaTeX document, the same bytes on each run; ``files`` are the figures it includes.

    Raises:
        OutputError: no pdflatex here, it took too long, or the document does not compile (TeX's first error).
    """
    if shutil.which("pdflatex") is None:
        raise OutputError("PDF needs pdflatex, which is not installed: write .tex instead, or install TeX Live")
    with tempfile.TemporaryDirectory(prefix="symbp-") as folder:
        Path(folder, "report.tex").write_text(source, encoding="utf-8", newline="\n")
        for name, data in (files or {}).items():
            Path(folder, Path(name).name).write_bytes(data)
        for _ in range(2):  # the second run knows the labels
            log = _run(folder)
        result = Path(folder, "report.pdf")
        if not result.is_file():
            errors = (line for line in log.splitlines() if line.startswith("!"))
            raise OutputError(f"pdflatex could not compile the report: {next(errors, 'it wrote no PDF')}")
        return result.read_bytes() + f"% {MARK}\n".encode()


def _run(folder: str) -> str:
    command = ["pdflatex", "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "report.tex"]
    # The date and the trailer's identity come from the clock unless they are pinned.
    environment = {
        "SOURCE_DATE_EPOCH": "0", "FORCE_SOURCE_DATE": "1", "openout_any": "p", "openin_any": "p",
        "TEXMFOUTPUT": folder, "max_print_line": "1000",
    }  # fmt: skip
    place = Path(folder)
    ended = run(command, place, TIME_LIMIT, cwd=place, environment=environment, kept=LOG)
    if ended.code is None:
        raise OutputError(f"pdflatex took more than {TIME_LIMIT} seconds and was stopped")
    return ended.printed
