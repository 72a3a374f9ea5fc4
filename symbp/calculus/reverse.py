"""From the forward list to the backward list: the chain rule, one local rule at a time."""

from __future__ import annotations

from collections.abc import Sequence

from sympy import MatAdd, MatrixExpr, MatrixSymbol, OneMatrix, ZeroMatrix

from symbp.equations import Equation, ForwardSystem, Step, System, operands, symbols_in
from symbp.op import explain, vjp
from symbp.symbols import Adjoint, Variable

SEED = OneMatrix(1, 1)
"""The gradient of the loss with respect to itself."""

_COPY = Step("copy", "Another name for the same matrix: the error is the same.")

Contributions = dict[MatrixSymbol, list[tuple[MatrixExpr, Step]]]


def reverse(forward: ForwardSystem, loss: Variable, wrt: Sequence[Variable]) -> System:
    """Return the equations of the adjoints, from the loss back to every variable of ``wrt``.

    Linear in the number of equations. A variable of ``wrt`` the loss does not depend on gets a zero matrix.

    Raises:
        RuleNotFoundError: an operation of the forward list has no backward rule.
    """
    needed = _depends_on(forward, wrt)
    complete = _first_uses(forward, wrt)
    contributions: Contributions = {loss: [(SEED, Step("seed", "The loss changes with itself one to one."))]}
    backward: list[Equation] = []
    for equation in reversed(forward.equations):
        if equation.lhs in contributions and equation.lhs in needed:
            adjoint = _adjoint(equation.lhs, contributions, backward)
            _pull(equation.rhs, equation.lhs, adjoint, needed, contributions)
        for variable in complete.get(equation.lhs, ()):
            _adjoint(variable, contributions, backward)
    done = {equation.lhs for equation in backward}
    for variable in wrt:
        if Adjoint(variable) not in done:
            _adjoint(variable, contributions, backward)
    return System(backward, given=(*forward.given, *(equation.lhs for equation in forward)))


def _depends_on(forward: ForwardSystem, wrt: Sequence[Variable]) -> set[MatrixSymbol]:
    needed: set[MatrixSymbol] = set(wrt)
    for equation in forward:
        if any(symbol in needed for symbol in symbols_in(equation.rhs)):
            needed.add(equation.lhs)
    return needed


def _first_uses(forward: ForwardSystem, wrt: Sequence[Variable]) -> dict[MatrixSymbol, list[Variable]]:
    """Map the left side of the first equation that uses a variable to the variables first used there.

    Walking backwards, that is where the last contribution to such a variable has been made.
    """
    waiting = set(wrt)
    found: dict[MatrixSymbol, list[Variable]] = {}
    for equation in forward:
        for symbol in symbols_in(equation.rhs):
            if symbol in waiting:
                waiting.discard(symbol)
                found.setdefault(equation.lhs, []).append(symbol)
    return found


def _adjoint(variable: MatrixSymbol, contributions: Contributions, backward: list[Equation]) -> MatrixExpr:
    """Add up what reached a variable, give the sum its name, and return that name (what is given stays itself)."""
    found = _errors_first(contributions.pop(variable, []))
    parts = [part for part, _ in found]
    if parts == [SEED] or parts == [Adjoint(variable)]:  # The second is given: it comes from above.
        return parts[0]
    total = MatAdd(*parts) if len(parts) > 1 else parts[0] if parts else ZeroMatrix(*variable.shape)
    backward.append(Equation(Adjoint(variable), total, tuple(step for _, step in found)))
    return backward[-1].lhs


def _errors_first(found: list[tuple[MatrixExpr, Step]]) -> list[tuple[MatrixExpr, Step]]:
    """Return a sum as it is read: what carries an error, then what the loss says of the variable itself (a penalty)."""
    return sorted(found, key=lambda term: not any(isinstance(each, Adjoint) for each in symbols_in(term[0])))


def _pull(
    node: MatrixExpr,
    output: MatrixSymbol | None,
    adjoint: MatrixExpr,
    needed: set[MatrixSymbol],
    contributions: Contributions,
) -> None:
    """Apply one node's rule and hand what it gives to its operands; an operation inside is entered."""
    if isinstance(node, MatrixSymbol):
        if node in needed:
            contributions.setdefault(node, []).append((adjoint, _COPY))
        return
    given = vjp(node, output, adjoint)
    for index, (operand, part) in enumerate(zip(operands(node), given, strict=True)):
        if part is None:
            continue
        if not isinstance(operand, MatrixSymbol):
            _pull(operand, None, part, needed, contributions)
        elif operand in needed:
            contributions.setdefault(operand, []).append((part, explain(node, index)))
