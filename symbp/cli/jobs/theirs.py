"""Somebody's own gradient: read, judged, and the verdict on the screen or as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from symbp.checking.theirs.judging import Judged, judge_file
from symbp.cli.console import document, note, plain, say
from symbp.cli.jobs.network import build, derived
from symbp.cli.theirs import Asked, FunctionFile
from symbp.cli.what import Described
from symbp.derivation import Derivation
from symbp.report.verdict import verdict_text


def run(spec: Described, asked: Asked, seed: int, as_json: bool) -> int:
    """Judge what is asked about, print the verdict, and return 1 unless it is right."""
    judged = JUDGES[type(asked.theirs)](spec, asked, seed)
    if judged.printed:
        note(f"{judged.source} printed:\n{judged.printed}")
    if as_json:
        document(json.dumps(judged.to_dict(), ensure_ascii=False, indent=2, allow_nan=False))
    else:
        say(verdict_text(judged.diagnosis, judged.source, judged.notes, ascii_only=plain()))
    return 0 if judged.right else 1


def _function(spec: Described, asked: Asked, seed: int) -> Judged:
    assert isinstance(asked.theirs, FunctionFile)
    return judge_file(
        derived(build(spec)),
        asked.theirs.place,
        asked.theirs.function,
        rows=asked.rows,
        timeout=asked.timeout,
        seed=seed,
        reduction=asked.reduction,
    )


JUDGES: dict[type[Any], Callable[[Described, Asked, int], Judged]] = {
    FunctionFile: _function,
}
"""What judges which kind of thing."""
