"""Fewer names: an error that is used once stands inside the line that uses it.

An error keeps its name where a parameter's gradient uses it, where it is used twice, where it is carried from one
repetition to the next, or where an operation stands on it. The gradient of a loss left open has a letter already.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from sympy import MatAdd, MatMul, MatrixExpr, MatrixSymbol, Transpose

from symbp.equations import Equation, Step, nodes, operands
from symbp.op import Op
from symbp.ops.elementwise import Elementwise, Slope
from symbp.ops.losses import LossGradient
from symbp.ops.normalisation import NormaliseJacobian
from symbp.symbols import Adjoint
from symbp.views.blocks import Pull
from symbp.views.skeleton import Alike, mapped
from symbp.views.tidy import tidy
from symbp.views.turned import operation

Slot = Callable[[MatrixSymbol], Hashable]
"""What is named once: all symbols of a repetition that a line spells alike."""


def inlined(
    equations: Sequence[Equation],
    wanted: frozenset[MatrixSymbol],
    slot: Slot,
    carried: frozenset[Hashable],
    unnamed: frozenset[Hashable] = frozenset(),
) -> tuple[list[Equation], list[Equation]]:
    """Return the gradients of what is ``wanted`` and the errors they rest on, none of which could go without a name.

    A slot is inlined in all repetitions or in none, and what is ``carried`` never: else the recursion would be lost.
    What is ``unnamed`` goes, whatever uses it.
    """
    kept = (_kept(equations, wanted, slot) | carried) - unnamed
    inside: dict[MatrixExpr, MatrixExpr] = {}
    led: dict[MatrixSymbol, tuple[tuple[Step, str], ...]] = {}
    gradients: list[Equation] = []
    errors: list[Equation] = []
    tidy_ = Alike(tidy)
    for equation in equations:
        used = [symbol for symbol in equation.symbols if symbol in inside]
        shown = equation
        if used:
            pairs = dict.fromkeys(pair for symbol in used for pair in led[symbol])
            pairs |= dict.fromkeys(zip(equation.steps, equation.undoes, strict=True))
            steps, undoes = (tuple(each) for each in zip(*pairs, strict=True))
            shown = Equation(equation.lhs, tidy_(put_in(equation.rhs, inside)), steps, undoes)
        if equation.lhs.of in wanted:
            gradients.append(shown)
        elif slot(equation.lhs.of) in kept and not isinstance(shown.rhs, LossGradient):
            errors.append(shown)
        else:
            inside[equation.lhs] = shown.rhs
            led[equation.lhs] = tuple(zip(shown.steps, shown.undoes, strict=True))
    return gradients, errors


def shortened(
    forward: Sequence[Equation], backward: Iterable[Equation], slot: Slot, needed: frozenset[MatrixSymbol]
) -> tuple[list[Equation], dict[str, str]]:
    """Return the forward list without the names that are used once, in a sum or a product, and by no error.

    A slot goes in all repetitions or in none; what is ``needed`` (the output that a loss is taken of) stays. With the
    list comes, for every name that went, the one whose equation holds it now.
    """
    used = [equation.symbols for equation in forward]
    uses = Counter(chain.from_iterable(used))
    kept = {slot(symbol) for equation in backward for symbol in (equation.lhs, *equation.symbols)}
    kept |= {slot(each.lhs.of) for each in backward} | set(map(slot, needed))
    kept |= {slot(symbol) for symbol, count in uses.items() if count > 1}
    for equation, symbols in zip(forward, used, strict=True):
        if not isinstance(equation.rhs, SUMS):
            kept.update(map(slot, symbols))
        rhs = equation.rhs.arg if isinstance(equation.rhs, Transpose) else equation.rhs
        if not isinstance(rhs, (*SUMS, Op)) or isinstance(rhs, Elementwise) or not uses[equation.lhs]:
            kept.add(slot(equation.lhs))
    inside: dict[MatrixExpr, MatrixExpr] = {}
    found = []
    for equation, symbols in zip(forward, used, strict=True):
        rhs = equation.rhs
        if not inside.keys().isdisjoint(symbols):
            rhs = tidy(put_in(rhs, inside))
        if slot(equation.lhs) in kept:
            found.append(equation if rhs is equation.rhs else replace(equation, rhs=rhs))
        else:
            inside[equation.lhs] = rhs
    users = {
        symbol: equation.lhs
        for equation, symbols in zip(forward, used, strict=True)
        for symbol in symbols
        if symbol in inside
    }
    return found, {symbol.name: _holder(symbol, users).name for symbol in inside}


def put_in(expr: MatrixExpr, inside: Mapping[MatrixExpr, MatrixExpr]) -> MatrixExpr:
    """Return an expression with the expressions of names in their place."""
    return mapped(expr, lambda slot: inside.get(slot, slot))


def _holder(symbol: MatrixSymbol, users: Mapping[MatrixSymbol, MatrixSymbol]) -> MatrixSymbol:
    while symbol in users:
        symbol = users[symbol]
    return symbol


NAMELESS = (Slope, Pull, NormaliseJacobian)
"""Operations that may stand on an expression: the map of a block, the projection of a norm on what its scale leaves."""

SUMS = (MatAdd, MatMul)
"""What may hold the expression of a name in its place."""


def _kept(equations: Iterable[Equation], wanted: frozenset[MatrixSymbol], slot: Slot) -> frozenset[Hashable]:
    """Return the slots of the errors that keep their names."""
    uses: Counter[MatrixSymbol] = Counter()
    kept: set[Hashable] = set()
    for equation in equations:
        errors = [symbol for symbol in equation.symbols if isinstance(symbol, Adjoint)]
        uses.update(errors)
        if equation.lhs.of in wanted:
            kept.update(slot(each.of) for each in errors)
        kept.update(slot(each.of) for each in _under_operations(equation.rhs))
    return frozenset(kept | {slot(symbol.of) for symbol, count in uses.items() if count > 1})


def _under_operations(expr: MatrixExpr) -> list[Adjoint]:
    """Return the errors that an operation stands on, such as softmax's Jacobian; some need no name below them."""
    found = []
    for node in nodes(expr):
        if isinstance(node, Op) and not isinstance(operation(node), NAMELESS):
            found += [each for each in operands(node) if isinstance(each, Adjoint)]
    return found
