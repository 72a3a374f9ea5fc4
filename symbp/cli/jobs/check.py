"""The check of a derivation, thorough, as a table or as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

from symbp.checking.check import CheckReport, Row, check
from symbp.cli.console import document, plain, progress, say
from symbp.cli.jobs.data import exit_code
from symbp.cli.jobs.derive import command_line, deliver, written
from symbp.cli.jobs.network import build, derived
from symbp.cli.jobs.tables import tables
from symbp.cli.jobs.targets import PDF, Target
from symbp.cli.jobs.worked import values_file
from symbp.cli.options import MethodOptions
from symbp.cli.what import Described
from symbp.derivation import Derivation
from symbp.numeric.autodiff import autodiff
from symbp.report.check_table import conventions, render_check
from symbp.report.pdf import pdf
from symbp.report.terminal import check_text
from symbp.report.worked.given import read_given
from symbp.report.worked.run import Worked


def run(spec: Described, seed: int, as_json: bool, methods: MethodOptions) -> int:
    """Check every gradient, print or write the rows, and return 1 when one disagrees, 3 when nothing could tell."""
    wanted = tables(spec, methods, "check")
    engines = list(dict.fromkeys(methods.engine or ()))
    for name in engines:
        autodiff(name)
    derivation = derived(build(spec))
    at = None if methods.values is None else Worked.of(derivation, read_given(values_file(methods.values))).values
    report = check(derivation, seed=seed, progress=progress(), engines=engines, at=at)
    command = command_line("check", spec)
    documents = [_document(report, derivation, each, methods.standalone, command) for each in wanted]
    wrote = deliver(wanted, documents, methods.force)
    if as_json:
        data = report.to_dict() | {"conventions": list(conventions(derivation))}
        document(json.dumps(data | {"wrote": [str(path) for path in wrote]}, ensure_ascii=False, indent=2))
    elif not wanted or wrote:
        text = shown(report, derivation, ascii_only=plain())
        say("\n\n".join([text, *(["\n".join(written(wrote))] if wrote else [])]))
    return exit_code(report)


def _document(report: CheckReport, derivation: Derivation, target: Target, standalone: bool, command: str) -> bytes:
    is_pdf = target.format == PDF
    text = render_check(
        report, derivation, "latex" if is_pdf else target.format, standalone=standalone or is_pdf, command=command,
        text=shown(report, derivation),
    )  # fmt: skip
    return pdf(text) if is_pdf else text.encode()


def shown(report: CheckReport, derivation: Derivation, *, ascii_only: bool = False) -> str:
    """Return the whole check as text: the rows, the digits of every method, the verdict, the conventions."""
    digits = digits_table(report.rows)
    agreed = [f"  at kinks: {each}" for each in conventions(derivation)]
    parts = [table(report.rows), digits, check_text(report, ascii_only=ascii_only), "\n".join(agreed)]
    text = "\n\n".join(part for part in parts if part)
    return text.replace("×", "x") if ascii_only else text


HEADINGS = ("parameter", "shape", "method", "entries", "absolute", "relative", "50 digits", "central", "verdict")
DIGITS = ("parameter", "method", "compared", "digits expected", "reached")


def table(rows: Sequence[Row]) -> str:
    """Return one line a parameter: how it was compared, the largest errors of each method, the verdict."""
    return _aligned([HEADINGS, *(line(row) for row in rows)])


def digits_table(rows: Sequence[Row]) -> str:
    """Return one line a method of a parameter: the digits expected and reached; nothing where none was measured."""
    cells = [
        ("" if at else row.name, each.method, each.entries, f"{each.expected:.1f}", f"{each.reached:.1f}")
        for row in rows
        for at, each in enumerate(row.measured)
    ]
    return _aligned([DIGITS, *cells]) if cells else ""


def _aligned(cells: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(each, widths, strict=True)) for each in cells)
    return "\n".join(f"  {each}".rstrip() for each in lines)


def line(row: Row) -> tuple[str, ...]:
    """Return the cells of a row; a method that was not used has a dash."""
    errors = (row.absolute, row.relative, row.digits, row.central)
    said = ["-" if each is None else f"{each:.1e}" for each in errors]
    verdict = f"{row.verdict}, {row.note}" if row.note else str(row.verdict)
    aside = f" ({row.aside} set aside)" if row.aside else ""
    return (row.name, row.shape, row.method, row.entries + aside, *said, verdict)
