"""What a notebook shows: of a derivation its page with the verdict of its check, of a gradient its equations."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from symbp.analysis.flow import GradientFlow
from symbp.checking.check import check
from symbp.checking.report import CheckReport
from symbp.derivation import Derivation, Gradient
from symbp.pages.page import Line, Page
from symbp.pages.tell.check import check_page
from symbp.pages.tell.flow import flow_page
from symbp.pages.tell.flow_parts import Study
from symbp.representation import Kind
from symbp.writing.formats import format_named
from symbp.writing.mathml import math_mathml
from symbp.writing.render import Report, one_equation, page_text
from symbp.writing.setting import Setting
from symbp.writing.single import single_latex

Lines = tuple[Line, ...]

FRAME = '<iframe srcdoc="{}" style="width: 100%; height: 40rem; border: 0"></iframe>'
"""A page in a notebook has a style of its own, which is not the notebook's."""


def _of_check(report: CheckReport) -> Page | None:
    return None if report.of is None else check_page(report, report.of)


def _of_flow(flow: GradientFlow) -> Page | None:
    return None if flow.of is None else flow_page([Study("", flow.of, flow)])


def _of_gradient(gradient: Gradient) -> Lines | None:
    return None if gradient.of is None else tuple(one_equation(gradient.of, gradient.variable.name)[0])


TOLD: Mapping[type, Callable[[Any], Page | Lines | None]] = {
    Derivation: lambda derivation: Report(derivation, check(derivation, thorough=False)).page(),
    CheckReport: _of_check,
    GradientFlow: _of_flow,
    Gradient: _of_gradient,
}
"""What is told of a value of each class: a page, or lines of equations; nothing of one that was made by hand."""


def _in_dollars(lines: Lines) -> str:
    return f"$$\n{single_latex(lines)}\n$$"


PAGES: Mapping[Kind, Callable[[Page], str]] = {
    "html": lambda page: FRAME.format(escape(page_text(page, format_named("html"), Setting()))),
    "latex": lambda page: page_text(page, format_named("latex"), Setting()),
    "markdown": lambda page: page_text(page, format_named("markdown"), Setting()),
}
"""How a page is shown."""

LINES: Mapping[Kind, Callable[[Lines], str]] = {
    "html": lambda lines: "".join(f"<p>{math_mathml(part)}</p>" for line in lines for part in line.parts),
    "latex": _in_dollars,
    "markdown": _in_dollars,
}
"""How lines of equations are shown."""


def representation(value: object, kind: Kind) -> str | None:
    """Return a value of ours as text of a kind; nothing for one of another class, or one that knows no derivation."""
    found = _told(value)
    if found is None:
        return None
    return PAGES[kind](found) if isinstance(found, Page) else LINES[kind](found)


_last: list[tuple[weakref.ref[object], Page | Lines | None]] = []


def _told(value: object) -> Page | Lines | None:
    """Return what is told of a value; a notebook asks for every kind, and the check is made once."""
    if not _last or _last[0][0]() is not value:
        tell = TOLD.get(type(value))
        _last[:] = [(weakref.ref(value), None if tell is None else tell(value))]
    return _last[0][1]
