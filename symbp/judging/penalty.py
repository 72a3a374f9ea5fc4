"""The penalty of a loss: the part of it that depends on parameters alone."""

from __future__ import annotations

from dataclasses import replace

from sympy import Expr, MatAdd

from symbp.calculus.reverse import reverse
from symbp.derivation import Derivation
from symbp.equations import Equation, ForwardSystem, symbols_in
from symbp.judging.reductions import factor
from symbp.nodes import matadd, matmul
from symbp.numeric.values import Values
from symbp.ops.penalty import Penalty
from symbp.symbols import BATCH, Role, Variable


def with_own_penalty(derivation: Derivation, reduction: str) -> Derivation:
    """Return the derivation whose penalty is divided by what multiplies the data: a reduction is that of the data.

    Σ CE + λ/2·‖W‖² is m·(mean CE + λ/(2m)·‖W‖²). A penalty that the loss itself divides by m goes with the data.

    Raises:
        SpecError: an unknown reduction, or PyTorch has no loss of this name.
    """
    forward, data = derivation.forward, factor(derivation, reduction)
    apart = {term for term in penalties(forward) if not any(made.has(BATCH) for made in _made_of(term, forward))}
    if data == 1 or not apart:
        return derivation
    lines = {each.name: each for each in forward}
    last = forward.equations[-1]
    terms = []
    for term in last.rhs.args:
        own = lines.get(getattr(term, "name", "")) if term in apart else None
        if own is not None and isinstance(own.rhs, Penalty):
            strength, *weights = own.rhs.args
            lines[own.name] = Equation(own.lhs, Penalty(strength / data, *weights))
        elif term in apart:
            term = matmul(1 / data, term)
        terms.append(term)
    lines[last.name] = Equation(last.lhs, matadd(*terms))
    return _over(derivation, ForwardSystem(tuple(lines.values()), forward.given))


def decay(derivation: Derivation, values: Values, examples: int) -> float:
    """Return the number before W in dW, without its 1/m; 0 where the penalty is none of squares, or there is none."""
    import numpy as np

    forward = derivation.forward
    found = penalties(forward)
    if not found:
        return 0.0
    last = Equation(forward.equations[-1].lhs, matadd(*found) if len(found) > 1 else found[0])
    alone = _over(derivation, ForwardSystem((*forward.equations[:-1], last), forward.given))
    _, slopes = alone.compile()(values.parameters, values.inputs or None, values.targets or None)
    counts = any(made.has(BATCH) for term in found for made in _made_of(term, forward))
    for each in derivation.wrt:
        if each.role is Role.WEIGHT and np.any(slopes[each.name]):
            ratio = slopes[each.name] / values.parameters[each.name]
            return float(f"{ratio.flat[0] * (examples if counts else 1):.12g}") if np.ptp(ratio) < 1e-9 else 0.0
    return 0.0


def penalties(forward: ForwardSystem) -> tuple[Expr, ...]:
    """Return the terms of the loss that are made of parameters alone; none where all of them are, or it is no sum."""
    last = forward.equations[-1].rhs
    if not isinstance(last, MatAdd):
        return ()
    found = tuple(term for term in last.args if not any(map(_has_data, _made_of(term, forward))))
    return found if len(found) < len(last.args) else ()


def _made_of(term: Expr, forward: ForwardSystem) -> list[Expr]:
    """Return a term and the right sides of all that it is made of."""
    found, seen = [term], set[str]()
    for made in found:  # It grows as it is read.
        for symbol in symbols_in(made):
            if symbol.name not in seen and symbol.name in forward:
                found.append(forward[symbol.name].rhs)
            seen.add(symbol.name)
    return found


def _has_data(made: Expr) -> bool:
    return any(isinstance(each, Variable) and each.role in (Role.INPUT, Role.TARGET) for each in symbols_in(made))


def _over(derivation: Derivation, forward: ForwardSystem) -> Derivation:
    backward = reverse(forward, derivation.network.loss, derivation.wrt)
    return replace(derivation, forward=forward, backward=backward)
