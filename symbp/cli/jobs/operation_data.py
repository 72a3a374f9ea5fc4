"""An operation alone as JSON data."""

from __future__ import annotations

from typing import Any, cast

from symbp.derivation import Derivation
from symbp.equations import System
from symbp.networks.alone.lone import Lone
from symbp.report.dialects import LATEX
from symbp.report.lone import Sheet, displayed
from symbp.report.printer import Printer


def operation_data(derivation: Derivation) -> dict[str, Any]:
    """Return an operation alone: its two lists as its page shows them, and the equation of every gradient."""
    lone = cast("Lone", derivation.network)
    sheet = Sheet(derivation, LATEX)
    equations = displayed(sheet)
    steps = sheet.elementary
    return {
        "operation": lone.name,
        "source": lone.source,
        "forward": system_data(sheet.forward, sheet.printer),
        "backward": system_data(sheet.backward, sheet.printer),
        "steps": None
        if steps is None
        else {
            "forward": system_data(steps.forward, steps.printer),
            "backward": system_data(steps.backward, steps.printer),
        },
        "gradients": {v.name: " = ".join(sheet.equation(equations[f"d{v.name}"])) for v in derivation.wrt},
    }


def system_data(system: System, printer: Printer) -> dict[str, str]:
    """Return every equation of a list as ``left = right``, by the name of its left side."""
    return {each.lhs.name: " = ".join(printer.equation(each)) for each in system}
