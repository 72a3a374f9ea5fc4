"""From the forward list to the backward list: the chain rule, one local rule at a time."""

from __future__ import annotations

from collections.abc import Sequence

from sympy import MatrixExpr, MatrixSymbol, OneMatrix

from symbp.equations import Equation, ForwardSystem, Step, System, operands, symbols_in
from symbp.nodes import ones, sum_of
from symbp.op import explain, vjp
from symbp.symbols import Adjoint, Variable, adjoint_name

SEED = ones(1, 1)
"""The gradient of the loss with respect to itself."""

_AS_GIVEN = (OneMatrix, Adjoint)
"""What may reach a variable and be its gradient as it stands."""

_COPY = Step("copy", "Another name for the same matrix: the error is the same.", "a copy has the same error")

_START = Step("seed", "The loss changes with itself one to one.", "the loss by itself")

Contribution = tuple[MatrixExpr, Step, tuple[str, ...]]
"""What reached a variable, the rule it came by, and the name of the equation that the rule undid."""

Contributions = dict[str, list[Contribution]]
"""The name of a variable -> what has reached it so far."""


def reverse(forward: ForwardSystem, loss: Variable, wrt: Sequence[Variable]) -> System:
    """Return the equations of the adjoints, from the loss back to every variable of ``wrt``.

    Linear in the number of equations. A variable of ``wrt`` the loss does not depend on gets a zero matrix.

    Raises:
        RuleNotFoundError: an operation of the forward list has no backward rule.
    """
    needed = _depends_on(forward, wrt)
    complete = _first_uses(forward, wrt)
    contributions: Contributions = {loss.name: [(SEED, _START, ())]}
    backward: list[Equation] = []
    known: dict[str, MatrixExpr] = {}
    for equation in reversed(forward.equations):
        name = equation.lhs.name
        if name in needed and (name in contributions or name in known):
            adjoint = known.get(name) or _adjoint(equation.lhs, contributions, backward)
            _pull(equation.rhs, equation.lhs, adjoint, (name,), needed, contributions)
        for variable in complete.get(name, ()):
            known[variable.name] = _adjoint(variable, contributions, backward)
    done = {equation.lhs.name for equation in backward}
    for variable in wrt:
        if adjoint_name(variable) not in done:
            _adjoint(variable, contributions, backward)
    return System(backward, given=(*forward.given, *(equation.lhs for equation in forward)))


def _depends_on(forward: ForwardSystem, wrt: Sequence[Variable]) -> set[str]:
    """Return the names of what changes with the variables, themselves included; behind what is flat nothing does."""
    needed = {variable.name for variable in wrt}
    for equation, symbols in zip(forward, forward.symbols, strict=True):
        if any(symbol.name in needed for symbol in symbols) and not getattr(equation.rhs, "flat", False):
            needed.add(equation.lhs.name)
    return needed


def _first_uses(forward: ForwardSystem, wrt: Sequence[Variable]) -> dict[str, list[Variable]]:
    """Map the name of the first equation that uses a variable to the variables first used there.

    Walking backwards, that is where the last contribution to such a variable has been made.
    """
    waiting = {variable.name for variable in wrt}
    found: dict[str, list[Variable]] = {}
    for equation, symbols in zip(forward, forward.symbols, strict=True):
        for symbol in symbols:
            if symbol.name in waiting:
                waiting.discard(symbol.name)
                found.setdefault(equation.lhs.name, []).append(symbol)
    return found


def _adjoint(variable: MatrixSymbol, contributions: Contributions, backward: list[Equation]) -> MatrixExpr:
    """Add up what reached a variable, give the sum its name, and return that name (what is given stays itself)."""
    found = contributions.pop(variable.name, [])
    if len(found) > 1:
        found = _errors_first(found)
    parts = [part for part, _, _ in found]
    adjoint = Adjoint(variable)
    if len(parts) == 1 and isinstance(parts[0], _AS_GIVEN) and parts[0] in (SEED, adjoint):
        return parts[0]  # An adjoint is its own where it comes from above.
    undone = found[0][2] if len(found) == 1 else tuple([name for _, _, names in found for name in names])
    backward.append(Equation(adjoint, sum_of(parts, variable.shape), tuple([step for _, step, _ in found]), undone))
    return adjoint


def _errors_first(found: list[Contribution]) -> list[Contribution]:
    """Return a sum as it is read: what carries an error, then what the loss says of the variable itself (a penalty)."""
    return sorted(found, key=lambda term: not any(isinstance(each, Adjoint) for each in symbols_in(term[0])))


def _pull(
    node: MatrixExpr,
    output: MatrixSymbol | None,
    adjoint: MatrixExpr,
    undone: tuple[str, ...],
    needed: set[str],
    contributions: Contributions,
) -> None:
    """Apply one node's rule and hand what it gives to its operands; an operation inside is entered.

    ``undone`` names the equation it stands in.
    """
    if isinstance(node, MatrixSymbol):
        if node.name in needed:
            contributions.setdefault(node.name, []).append((adjoint, _COPY, undone))
        return
    given = vjp(node, output, adjoint)
    for index, (operand, part) in enumerate(zip(operands(node), given, strict=True)):
        if part is None:
            continue
        if not isinstance(operand, MatrixSymbol):
            _pull(operand, None, part, undone, needed, contributions)
        elif operand.name in needed:
            contributions.setdefault(operand.name, []).append((part, explain(node, index), undone))
