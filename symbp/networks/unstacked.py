"""A recurrent layer's lists without its stacked state [h_t; c_t]: it makes the product over time, readers want h and c.

Taking a block back out of a stack gives what was stacked, and the error of a stack keeps to its blocks. Nothing
else is used here, so the lists say the same and run to the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from sympy import Expr, MatrixExpr, MatrixSymbol, ZeroMatrix

from symbp.calculus.factor import additive_terms
from symbp.equations import Equation, ForwardSystem, Step, System, symbols_in
from symbp.nodes import sum_of, zeros
from symbp.ops.structure import Pad, Rows, Stack
from symbp.symbols import Adjoint, Role, Variable

Block = tuple[Expr, Expr]
"""First row and number of rows."""


@dataclass
class _Names:
    """What a name stands for: parts of stacks by their rows, blocks that have the name of a part."""

    parts: dict[MatrixSymbol, dict[Any, Variable]] = field(default_factory=dict)
    same: dict[MatrixSymbol, Variable] = field(default_factory=dict)


@dataclass(frozen=True)
class Unstacked:
    """Both lists without stacked states, which name stands for which, and where each forward equation is now.

    ``places`` has the first equation that stands for each one of the stacked list, and at its end their number.
    """

    forward: ForwardSystem
    backward: System
    same: Mapping[MatrixSymbol, Variable]
    places: Sequence[int]


def unstacked(forward: ForwardSystem, backward: System) -> Unstacked:
    """Return both lists with h_t and c_t in place of the blocks of a stacked state; other lists stay as they are."""
    if not any(_is_state(each) and isinstance(each.rhs, Stack) for each in forward):
        return Unstacked(forward, backward, {}, range(len(forward) + 1))
    names = _Names()
    standing = _forward(forward, names)
    ahead = ForwardSystem([each for one in standing for each in one], forward.given)
    known = (*ahead.given, *(each.lhs for each in ahead))
    places = list(accumulate(map(len, standing), initial=0))
    return Unstacked(ahead, System(_backward(backward, names), known), names.same, places)


def _is_state(equation: Equation) -> bool:
    return isinstance(equation.lhs, Variable) and equation.lhs.role is Role.STATE and equation.lhs.step is not None


def _forward(forward: ForwardSystem, names: _Names) -> list[list[Equation]]:
    """Return for every equation what stands in its place: itself, none, or one a part of an initial state."""
    names.parts = {each.lhs: _parts_of(each.rhs) for each in forward if _is_state(each) and isinstance(each.rhs, Stack)}
    layout = {(stack.path, stack.stem): parts for stack, parts in reversed(names.parts.items())}
    return [list(_standing(equation, names, layout)) for equation in forward]


def _standing(
    equation: Equation, names: _Names, layout: Mapping[tuple[str, str], Mapping[Any, Variable]]
) -> Iterator[Equation]:
    lhs, rhs = equation.lhs, equation.rhs
    if lhs in names.parts:
        return
    if isinstance(rhs, ZeroMatrix) and (lhs.path, lhs.stem) in layout:
        first = {block: _at_start(part) for block, part in layout[lhs.path, lhs.stem].items()}
        names.parts[lhs] = first
        yield from (Equation(part, zeros(*part.shape)) for part in first.values())
    elif isinstance(rhs, Rows) and (part := names.parts.get(rhs.args[0], {}).get(rhs.args[1:])) is not None:
        names.same[lhs] = part
    else:
        yield Equation(lhs, _renamed(rhs, names), equation.steps)


def _renamed(expr: MatrixExpr, names: _Names) -> MatrixExpr:
    """Return an expression with the parts in place of the blocks that have their names."""
    touched = any(symbol in names.same or getattr(symbol, "of", None) in names.same for symbol in symbols_in(expr))
    return expr.xreplace(names.same) if touched else expr


def _at_start(part: Variable) -> Variable:
    """Return the part of a state before the first step, which is zero."""
    start = f"{part.path}.{part.stem}0"
    return Variable(start, part.args[1], part.args[2], part.role, part.stem, part.layer, part.path, 0)


def _parts_of(stack: Stack) -> dict[Block, Variable]:
    found: dict[Block, Variable] = {}
    first: Expr = stack.shape[0] * 0
    for part in stack.args:
        found[first, part.shape[0]] = part
        first += part.shape[0]
    return found


Term = tuple[MatrixExpr, Step, str]
"""A term of an error, the rule it came by, and the name of the equation that the rule undid."""

Terms = list[Term]


def _backward(backward: System, names: _Names) -> Iterator[Equation]:
    errors: dict[MatrixSymbol, dict[Block, Terms]] = {}
    moved: dict[MatrixSymbol, Terms] = {}
    for equation in backward:
        of = equation.lhs.of
        terms = [pair for each in _terms(equation) for pair in _resolved(*each, names, errors, moved)]
        if of in names.parts:
            errors[equation.lhs] = _by_block(terms, moved)
        elif of in names.same:
            moved[equation.lhs] = terms
        else:
            yield _equation(equation.lhs, terms)


def _terms(equation: Equation) -> Terms:
    return list(zip(additive_terms(equation), equation.steps, equation.undoes, strict=True)) if equation.steps else []


def _resolved(
    term: MatrixExpr,
    step: Step,
    undone: str,
    names: _Names,
    errors: dict[MatrixSymbol, dict[Block, Terms]],
    moved: dict[MatrixSymbol, Terms],
) -> Terms:
    """Return what a term is without stacks: a block of a stack's error is what came back to that block."""
    if isinstance(term, Rows) and term.args[0] in errors:
        return errors[term.args[0]].get(term.args[1:], [])
    is_block = isinstance(term, Pad) and term.args[0] in moved
    return [(term if is_block else _renamed(term, names), step, undone)]


def _by_block(terms: Terms, moved: dict[MatrixSymbol, Terms]) -> dict[Block, Terms]:
    """Return the error of a stack block by block; it is a sum of blocks among zeros."""
    found: dict[Block, Terms] = {}
    for term, step, undone in terms:
        inner, first, _ = term.args if isinstance(term, Pad) else (term, term.shape[0] * 0, None)
        found.setdefault((first, inner.shape[0]), []).extend(moved.get(inner, [(inner, step, undone)]))
    return found


def _equation(lhs: Adjoint, terms: Terms) -> Equation:
    parts = [part for part, _, _ in terms]
    steps = tuple(step for _, step, _ in terms)
    return Equation(lhs, sum_of(parts, lhs.shape), steps, tuple(undone for _, _, undone in terms))


def states(forward: ForwardSystem) -> dict[str, dict[int, tuple[Variable, ...]]]:
    """Return, by the path of each recurrent layer, the parts of its state at every step from 1 on.

    ``forward`` has no stacks; a state is what the next step reads, in the order in which it reads it.
    """
    stems: dict[str, dict[str, None]] = {}
    made: dict[str, dict[int, dict[str, Variable]]] = {}
    for equation in forward:
        lhs = equation.lhs
        if not isinstance(lhs, Variable) or not lhs.step:
            continue
        made.setdefault(lhs.path, {}).setdefault(lhs.step, {})[lhs.stem] = lhs
        for symbol in symbols_in(equation.rhs):
            if symbol.path == lhs.path and symbol.step is not None and symbol.step + 1 == lhs.step and symbol.path:
                stems.setdefault(lhs.path, {})[symbol.stem] = None
    return {
        path: {step: tuple(found[stem] for stem in own) for step, found in made[path].items()}
        for path, own in stems.items()
    }
