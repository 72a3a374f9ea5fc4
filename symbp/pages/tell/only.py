"""One equation alone: a gradient in its line and as a product, one error, one line of the network, or a whole pass."""

from __future__ import annotations

from symbp.equations import Equation
from symbp.errors import SpecError, nearest
from symbp.maths.factors import Factors
from symbp.maths.tree import EQUALS, Node, row
from symbp.pages.page import Line
from symbp.pages.tell.context import Context
from symbp.symbols import Variable


def only(c: Context, name: str) -> tuple[Line, ...]:
    """Return the lines of one name.

    ``W1`` and ``b2`` are gradients; ``dZ2``, ``delta2``, ``dW2``, ``Z2`` single equations; ``forward`` and
    ``backward`` the lists.

    Raises:
        SpecError: no equation of this name, or several; the message suggests the nearest.
    """
    passes = {"forward": c.forward, "backward": [*c.errors, *c.gradients]}
    if name in passes:
        return tuple(Line((c.equation(each),), "", each.where) for each in passes[name])
    equations = {each.name: each for each in (*c.reading.listed, *c.reading.backward)}
    is_error = name.startswith("delta") and name not in equations
    whole = _whole_name(f"dZ{name.removeprefix('delta')}" if is_error else name, c)
    variable = next((each for each in _wanted(c) if each.name == whole), None)
    if variable is not None:
        return _gradient(c, variable)
    if whole not in equations:
        known = dict.fromkeys([*passes, *equations, *map(_last, equations), *(each.name for each in _wanted(c))])
        raise SpecError(f"no equation named {name[:40]!r}{nearest(name[:40], known)}")
    return (Line((_alone(c, equations[whole]),)),)


def _alone(c: Context, equation: Equation) -> Node:
    spelled = c.reading.alone(equation)
    return c.builder.equation(spelled.lhs, spelled.rhs)


def _gradient(c: Context, variable: Variable) -> tuple[Line, ...]:
    """Return a gradient by its error, and as a product where it is one."""
    equation = c.reading.alone(next(each for each in c.reading.gradients if each.lhs.of == variable))
    lines = [Line((c.builder.equation(equation.lhs, equation.rhs),))]
    terms = c.products[variable]
    if len(terms) == 1 and len(terms[0]) > 1:
        writer = Factors(c.builder)
        factors = map(c.alone, terms[0])
        product = writer.product(factors) if c.reading.is_product else writer.nested(factors)
        lines.append(Line((row(c.builder.left_side(equation.lhs), EQUALS, product),)))
    return tuple(lines)


def _whole_name(name: str, c: Context) -> str:
    """Return the name that is meant by its last part, also as it is printed: Wi and W_i for lstm1.Wi.

    Raises:
        SpecError: several have it.
    """
    names = [*(each.name for each in _wanted(c)), *(each.name for each in c.reading.listed)]
    errors = [each.name for each in c.reading.backward]
    if name in (*names, *errors):
        return name
    wanted = {name, name.replace("_", "")}
    found = [each for each in dict.fromkeys(names) if _last(each) in wanted]
    found = found or [each for each in errors if f"d{_last(each[1:])}" in wanted]
    if len(found) > 1:
        raise SpecError(f"{name[:40]!r} is in {len(found)} places: give {' or '.join(found[:4])}")
    return found[0] if found else name


def _wanted(c: Context) -> list[Variable]:
    """Return what is differentiated by, in its order."""
    return [each for each in c.reading.derivation.wrt if each in c.reading.wanted]


def _last(name: str) -> str:
    """Return a name without the path of its layer."""
    return name.rpartition(".")[2]
