"""The check of a derivation, thorough, as a table or as JSON."""

from __future__ import annotations

import json

from symbp.checking.check import check
from symbp.cli.console import document, plain, progress, say
from symbp.cli.jobs.network import build
from symbp.cli.options import NetworkSpec
from symbp.derivation import derive
from symbp.report.terminal import check_text


def run(spec: NetworkSpec, seed: int, as_json: bool) -> int:
    """Check every gradient, print the rows, and return 1 when one disagrees."""
    report = check(derive(build(spec)), seed=seed, progress=progress())
    if as_json:
        document(json.dumps(report.to_dict(), ensure_ascii=False, indent=2))
    else:
        say(check_text(report, ascii=plain()))
    return 0 if report.passed else 1
