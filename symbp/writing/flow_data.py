"""An analysis as JSON data: what was measured, and the sentence that its page begins with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from symbp.analysis.compare import Comparison
from symbp.analysis.draws import Draws
from symbp.analysis.remedies import remedied
from symbp.derivation import derive
from symbp.pages.tell.flow import headline
from symbp.pages.tell.flow_parts import Study, note_text
from symbp.pages.words import language
from symbp.writing.text import words_text


def studies_data(studies: Sequence[Study]) -> dict[str, object]:
    """Return what was measured of every network, or of several draws of each."""
    if any(each.draws is not None for each in studies):
        return {"draws": [_draws(each, each.draws) for each in studies if each.draws is not None]}
    return {"flows": [_flow(each) | {"theory": _theory(each)} for each in studies]}


def comparison_data(found: Comparison) -> dict[str, Any]:
    """Return what was measured with every remedy."""
    data = found.to_dict()
    for row, shown in zip(found.rows, data["remedies"], strict=True):
        if row.flow is not None:
            study = Study(row.name, derive(remedied(found.stack, row.remedy)), row.flow)
            shown["flow"] = {"sentence": words_text(headline(language(), study)), **shown["flow"]}
    return data


def _flow(study: Study) -> dict[str, object]:
    return {"sentence": words_text(headline(language(), study)), **study.flow.to_dict()}


def _draws(study: Study, draws: Draws) -> dict[str, object]:
    flows = [_flow(replace(study, flow=flow, draws=None)) for flow in draws.flows]
    return {"sentence": words_text(headline(language(), study)), **draws.to_dict(), "flows": flows}


def _theory(study: Study) -> dict[str, object] | None:
    if study.outlook is None:
        return None
    notes = [words_text(note_text(language(), note)) for note in study.outlook.notes]
    found = {**study.outlook.to_dict(), "notes": notes}
    if study.flow.is_stack:
        return found
    return {key: value for key, value in found.items() if not key.endswith("_rate")}  # they are by layers
