"""The check of a derivation, thorough, as a table or as JSON."""

from __future__ import annotations

from symbp.checking.check import CheckReport, check
from symbp.cli.console import json_document, plain, progress, say
from symbp.cli.jobs.closing import command_line, written
from symbp.cli.jobs.data import exit_code
from symbp.cli.jobs.derive import deliver
from symbp.cli.jobs.network import build, derived
from symbp.cli.jobs.tables import tables
from symbp.cli.jobs.targets import Target
from symbp.cli.jobs.worked import values_file
from symbp.cli.options import MethodOptions
from symbp.cli.what import Described
from symbp.derivation import Derivation
from symbp.numeric.autodiff import autodiff
from symbp.report.check_table import check_terminal, conventions, render_check
from symbp.report.worked.given import read_given
from symbp.report.worked.run import Worked


def run(spec: Described, seed: int, as_json: bool, methods: MethodOptions) -> int:
    """Check every gradient, print or write the rows, and return 1 when one disagrees, 3 when nothing could tell."""
    wanted = tables(spec, methods, "check")
    engines = list(dict.fromkeys(methods.engine or ()))
    for name in engines:
        autodiff(name)
    derivation = derived(build(spec), spec.wrt)
    at = None if methods.values is None else Worked.of(derivation, read_given(values_file(methods.values))).values
    report = check(derivation, seed=seed, progress=progress, engines=engines, at=at)
    command = command_line("check", spec)
    documents = [_document(report, derivation, each, methods.standalone, command) for each in wanted]
    wrote = deliver(wanted, documents, methods.force)
    if as_json:
        data = report.to_dict() | {"conventions": list(conventions(derivation))}
        json_document(data | {"wrote": [str(path) for path in wrote]})
    elif not wanted or wrote:
        text = check_terminal(report, derivation, ascii_only=plain())
        say("\n\n".join([text, *(["\n".join(written(wrote))] if wrote else [])]))
    return exit_code(report)


def _document(report: CheckReport, derivation: Derivation, target: Target, standalone: bool, command: str) -> bytes:
    standalone = standalone or target.is_pdf
    return target.data(render_check(report, derivation, target.rendered_as, standalone=standalone, command=command))
