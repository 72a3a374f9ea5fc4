"""A network whose gradient is a Hessian times a vector: the slope of its loss in a given direction as the loss.

Pearlmutter, Fast exact multiplication by the Hessian, Neural Computation 6 (1994).
"""

from __future__ import annotations

from itertools import count

from sympy import MatrixExpr

from symbp.equations import Equation
from symbp.errors import SpecError, nearest
from symbp.networks.general import require_number
from symbp.networks.inner import Inner, inner_gradient
from symbp.networks.matrix_expressions import Parsed
from symbp.networks.network import Network
from symbp.nodes import hadamard, matmul, ones
from symbp.symbols import Role, Variable


def hessian_vector(network: Network, name: str) -> Network:
    """Return the network of the slope ⟨G, R⟩, G = ∂𝓛₀/∂W1 for the loss 𝓛₀ and R a given direction, ``R_W1``.

    Its gradient by W1 is the Hessian of 𝓛₀ by W1 times R.

    Raises:
        SpecError: no such parameter or input, a number of layers that is a letter, or something is left open whose
            slope has no formula.
    """
    require_number(network, "hessian_vector")
    known = {symbol.name: symbol for symbol in (*network.parameters, *network.inputs)}
    if name not in known:
        raise SpecError(f"hessian_vector: the network has no parameter or input {name[:40]!r}{nearest(name, known)}")
    by = known[name]
    if network.alone:
        raise SpecError("hessian_vector: an operation alone has no loss to differentiate twice")
    *equations, last = network.forward
    taken = {symbol.name for symbol in network.forward.given} | {each.name for each in equations}
    former = next(each for each in (f"loss_{at}" for at in count()) if each not in taken)
    loss = Variable(former, 1, 1, Role.LOSS, "loss", network.loss.layer)
    equations.append(Equation(loss, last.rhs))
    taken.add(former)
    direction = Variable(f"R_{name}", by.shape[0], by.shape[1], Role.DIRECTION, "R", by.layer)
    for new in (direction.name, "loss"):
        if new in taken:
            raise SpecError(f"hessian_vector: the name {new} is taken; use another in the network")

    def named(value: MatrixExpr) -> Variable:
        free = next(each for each in (f"G{at or ''}" for at in count()) if each not in taken)
        taken.add(free)
        rows, columns = value.shape
        symbol = Variable(free, rows, columns, Role.GRADIENT, "G", by.layer)
        equations.append(Equation(symbol, value))
        return symbol

    try:
        found = inner_gradient(equations, network.forward.given, loss, by, named)
    except SpecError as error:
        raise SpecError(f"hessian_vector: {str(error).removeprefix('grad ')}") from None
    gradient = found if isinstance(found, Variable) else named(found)
    rows, columns = by.shape
    slope = matmul(ones(1, rows), hadamard(gradient, direction), ones(columns, 1))
    equations.append(Equation(Variable("loss", 1, 1, Role.LOSS, "loss", by.layer), slope))
    targets = tuple(each for each in network.forward.given if each.role is Role.TARGET)
    inner = (*network.inner, Inner(loss, by, gradient))
    inputs, parameters = (*network.inputs, direction), tuple(network.parameters)
    parsed = Parsed(tuple(equations), inputs, targets, parameters, network.depth, network.written, inner)
    result = Network.of(parsed)
    result.named, result.images, result.curved = network.named, network.images, (by, direction)
    return result
