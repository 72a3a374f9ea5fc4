"""One equation alone, in a format's mathematics."""

from __future__ import annotations

from sympy import MatrixExpr, MatrixSymbol

from symbp.derivation import Derivation
from symbp.equations import Equation, symbols_in
from symbp.errors import SpecError, nearest
from symbp.report.composed_text import product_texts
from symbp.report.desk import Desk
from symbp.report.dialects import LATEX, UNICODE
from symbp.report.formats import Format
from symbp.report.gradients import form
from symbp.report.layout import aligned
from symbp.report.notation import Notation
from symbp.report.products import joined
from symbp.symbols import Adjoint, Role

TEXT_FORMATS = ("text", "numpy")


def only_equation(derivation: Derivation, name: str, row: Format, notation: Notation, by_output: bool) -> str:
    """Return the equation of one name: a gradient in its forms, one step, or a whole pass.

    ``W1`` and ``b2`` are gradients; ``dZ2``, ``delta2``, ``dW2``, ``Z2`` single equations; ``forward`` and
    ``backward`` the lists.

    Raises:
        SpecError: no equation of this name; the message suggests the nearest.
    """
    in_text = row.name in TEXT_FORMATS
    desk = Desk.open(derivation, notation, UNICODE if in_text else LATEX, None, by_output, "", None)
    key = f"dZ{name.removeprefix('delta')}" if name.startswith("delta") else _whole_name(derivation, name)
    if key in derivation.gradients:
        lines = _gradient_text(desk, key) if in_text else form(desk, derivation.gradients[key]).lines
    else:
        lines = [
            " &= ".join(
                desk.printer.equation(equation, _unfolded(derivation, equation) if key == equation.name else None)
            )
            for equation in _equations(derivation, key, name)
        ]
    if in_text:
        return "\n".join(line.replace("&", "") for line in lines) + "\n"
    return row.wrap.format(aligned(lines)) + "\n"


def _whole_name(derivation: Derivation, name: str) -> str:
    """Return the name that is meant by its last part, also as it is printed: Wi and W_i for lstm1.Wi.

    Raises:
        SpecError: several have it.
    """
    whole = [*(each.name for each in derivation.forward), *derivation.gradients]
    errors = [each.name for each in derivation.backward]
    if name in whole or name in errors:
        return name
    wanted = {name, name.replace("_", "")}
    found = [each for each in dict.fromkeys(whole) if _last(each) in wanted]
    found = found or [each for each in errors if f"d{_last(each[1:])}" in wanted]
    if len(found) > 1:
        raise SpecError(f"{name[:40]!r} is in {len(found)} places: give {' or '.join(found[:4])}")
    return found[0] if found else name


def _last(name: str) -> str:
    """Return a name without the path of its layer."""
    return name.rpartition(".")[2]


def _gradient_text(desk: Desk, key: str) -> list[str]:
    gradient = desk.derivation.gradients[key]
    left = desk.printer.symbol(gradient.equation.lhs)
    lines = [f"{left} = {desk.printer.matrix(gradient.recursive)}"]
    if not desk.plain:
        texts = product_texts(desk, gradient)
        return [*lines, *(f"{' ' * len(left)} {'=' if at == 0 else '+'} {text}" for at, text in enumerate(texts))]
    if gradient.factors:
        pieces = desk.pieces(gradient)
        lines.append(" " * len(left) + " = " + "".join(joined(pieces, desk.printer.dialect.joint)))
    return lines


def _unfolded(derivation: Derivation, equation: Equation) -> dict[MatrixSymbol, MatrixExpr]:
    """Return the gradients by activations in an equation that stands alone, with what they are: W^T times δ."""
    return {
        symbol: derivation.backward[symbol.name].rhs
        for symbol in symbols_in(equation.rhs)
        if isinstance(symbol, Adjoint) and symbol.of.role is Role.ACTIVATION and symbol.layer < derivation.network.depth
    }


def _equations(derivation: Derivation, key: str, name: str) -> list[Equation]:
    lists = {"forward": derivation.forward, "backward": derivation.backward}
    if key in lists:
        return list(lists[key])
    by_name = {each.name: each for system in lists.values() for each in system}
    if key not in by_name:
        whole = [*lists, *by_name, *derivation.gradients]
        known = dict.fromkeys([*whole, *map(_last, whole)])
        raise SpecError(f"no equation named {name[:40]!r}{nearest(name[:40], known)}")
    return [by_name[key]]
