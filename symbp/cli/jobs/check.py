"""The check of a derivation, thorough, as a page or as JSON."""

from __future__ import annotations

from symbp.checking.check import check
from symbp.cli.console import columns, json_document, plain, progress, say
from symbp.cli.jobs.closing import command_line, written
from symbp.cli.jobs.data import exit_code
from symbp.cli.jobs.derive import deliver
from symbp.cli.jobs.network import build, derived
from symbp.cli.jobs.tables import document, tables
from symbp.cli.jobs.worked import values_file
from symbp.cli.options import MethodOptions
from symbp.cli.what import Described
from symbp.numeric.autodiff import autodiff
from symbp.pages.tell.check import check_page, conventions
from symbp.pages.tell.derivation import context
from symbp.worked.given import read_given
from symbp.worked.run import Worked
from symbp.writing.text import words_text, write_text


def run(spec: Described, seed: int, as_json: bool, methods: MethodOptions) -> int:
    """Check every gradient, print or write the rows, and return 1 when one disagrees, 3 when nothing could tell."""
    wanted = tables(spec, methods, "check")
    engines = list(dict.fromkeys(methods.engine or ()))
    for name in engines:
        autodiff(name)
    derivation = derived(build(spec), spec.wrt)
    at = None if methods.values is None else Worked.of(derivation, read_given(values_file(methods.values))).values
    report = check(derivation, seed=seed, progress=progress, engines=engines, at=at)
    page = check_page(report, derivation, command=command_line("check", spec))
    wrote = deliver(wanted, [document(page, each, methods.standalone) for each in wanted], methods.force)
    if as_json:
        agreed = [words_text(each) for each in conventions(context(derivation, complete=True))]
        json_document(report.to_dict() | {"conventions": agreed, "wrote": [str(path) for path in wrote]})
    elif not wanted or wrote:
        text = write_text(page, width=columns(), ascii=plain()).rstrip("\n")
        say("\n\n".join([text, *(["\n".join(written(wrote))] if wrote else [])]))
    return exit_code(report)
