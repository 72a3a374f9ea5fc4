"""render(derivation): a report as text in any format and notation."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import cast

from symbp.checking.report import CheckReport
from symbp.derivation import Derivation
from symbp.domain import takes
from symbp.errors import SpecError, nearest
from symbp.report.document import document
from symbp.report.formats import MARK, Format, format_named
from symbp.report.notation import NOTATIONS, Notation
from symbp.report.only import only_equation
from symbp.report.templates import document_text
from symbp.report.terminal import derivation_text


@takes
def render(
    derivation: Derivation,
    to: str = "gfm",
    notation: str = "standard",
    check: CheckReport | None = None,
    *,
    standalone: bool = False,
    roles: bool = True,
    show: Sequence[int] | None = None,
    only: str | None = None,
    by_output: bool = False,
    template_dir: str | Path | None = None,
    command: str | None = None,
    pair: tuple[int, int] | None = None,
) -> str:
    """Return the report of a derivation in one format.

    Args:
        derivation: what ``derive`` returned.
        to: a format of ``FORMATS`` or another name of it.
        notation: a row of ``NOTATIONS``.
        check: a CheckReport, whose verdict and table enter the report.
        standalone: a complete document instead of a fragment, where the format knows both.
        roles: write each factor's role under it in the deepest gradient.
        show: the layers to write out; by default all, or both ends of a deep network.
        only: one equation alone, such as ``W1``, ``b2``, ``delta2``, ``dZ2``, ``forward`` or ``backward``.
        by_output: write slopes through the output, a ⊙ (1 − a), where that is possible.
        template_dir: a folder of templates that replace ours one by one.
        command: the command line that made the report, for its last line.
        pair: the two steps between which a recurrent layer's product over time is shown, the earlier first; by
            default the first and the last.

    Raises:
        SpecError: an unknown format, notation, equation or layer.
        TemplateError: a template of ``template_dir`` that fails.
    """
    row, letters = format_named(to), notation_named(notation)
    if row.name == "numpy" and only is None:
        return _program(derivation, row)
    if derivation.is_alone:
        # Loaded by name when asked for: most derivations are no operation alone.
        lone = import_module("symbp.report.lone_render")
        return cast("str", lone.render_lone(derivation, row, check, standalone, only, template_dir, command))
    if row.name != "numpy":
        derivation = derivation.readable
    if only is not None:
        return only_equation(derivation, only, row, letters, by_output)
    if row.name == "text":
        text = derivation_text(derivation, check, show=show, notation=letters, pair=pair)
        return f"{row.comment.format(MARK)}\n\n{text}"
    content = document(
        derivation, letters, row.dialect, check, roles=roles, show=show, by_output=by_output, command=command,
        factor_macro=row.factor_macro, loss_letter=row.loss, pair=pair,
    )  # fmt: skip
    return document_text(content, row, standalone=standalone, template_dir=template_dir)


def notation_named(name: str) -> Notation:
    """Return a notation by name.

    Raises:
        SpecError: no such notation; the message suggests the nearest.
    """
    try:
        return NOTATIONS[name.lower()]
    except KeyError:
        hint = nearest(name, NOTATIONS) or f"; known: {', '.join(NOTATIONS)}"
        raise SpecError(f"unknown notation {name!r}{hint}") from None


def _program(derivation: Derivation, row: Format) -> str:
    return f"{row.comment.format(MARK)}\n{derivation.compile().source}"
