"""One equation alone, in a format's mathematics."""

from __future__ import annotations

from symbp.derivation import Derivation
from symbp.errors import SpecError, nearest
from symbp.report.dialects import LATEX, UNICODE
from symbp.report.formats import Format
from symbp.report.layout import aligned
from symbp.report.notation import Notation
from symbp.report.sections import Desk, _form


def only_equation(derivation: Derivation, name: str, row: Format, notation: Notation, by_output: bool) -> str:
    """Return the equation of one name: a gradient in its forms, a step of the backward list, or a whole list.

    Raises:
        SpecError: no equation of this name; the message suggests the nearest.
    """
    dialect = UNICODE if row.name in ("text", "numpy") else LATEX
    desk = Desk.open(derivation, notation, dialect, None, by_output, "", None)
    key = name.replace("delta", "dZ") if name.startswith("delta") else name
    gradient = derivation.gradients.get(key) or derivation.gradients.get(key.removeprefix("d"))
    if dialect is UNICODE:
        return _text(desk, key)
    if gradient is not None and key == gradient.variable.name:
        return row.wrap.format(_form(desk, gradient).display) + "\n"
    lists = {"forward": derivation.forward, "backward": derivation.backward}
    if key in lists:
        equations = list(lists[key])
    else:
        found = next((system[key] for system in lists.values() if key in system), None)
        if found is None:
            known = [*lists, *derivation.gradients, *(e.name for s in lists.values() for e in s)]
            raise SpecError(f"no equation named {name!r}{nearest(name, known)}")
        equations = [found]
    lines = [" &= ".join(desk.printer.equation(equation)) for equation in equations]
    return row.wrap.format(aligned(lines)) + "\n"


def _text(desk: Desk, key: str) -> str:
    raise NotImplementedError
