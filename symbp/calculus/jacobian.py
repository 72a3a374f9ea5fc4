"""The recurrent Jacobians between two steps: ∂s_6/∂s_2 = J_6 J_5 J_4 J_3, each J_t with its factors.

The factors are those of the paths on which the error of one state reaches the state before it, in the backward
list without stacked states, transposed. An LSTM's state [h; c] has four of them, the blocks of J_t.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import takewhile

from sympy import (
    BlockMatrix,
    DiagMatrix,
    Identity,
    MatrixExpr,
    S,
    Transpose,
)

from symbp.calculus.factor import Acts, Edge, Factor, edges_into, placed
from symbp.equations import System
from symbp.errors import SpecError
from symbp.nodes import matadd, matmul, transpose, zeros
from symbp.op import FactorRole
from symbp.symbols import BATCH, Adjoint, Variable


@dataclass(frozen=True)
class Entry:
    """∂to/∂of for one example, all else at the step before fixed: what each step of the error multiplies it by.

    ``factors`` are ordered as the error meets them, from ``to`` back to ``of``; None where no path leads there.
    """

    to: Variable
    of: Variable
    factors: tuple[Factor, ...] | None

    @cached_property
    def expression(self) -> MatrixExpr:
        """The matrix ∂to/∂of, rows for ``to``: diag(1 − h²)·U for a plain cell."""
        if self.factors is None:
            return zeros(self.to.shape[0], self.of.shape[0])
        return transposed(self.factors, self.to).xreplace({BATCH: S.One})


@dataclass(frozen=True)
class StepJacobian:
    """J_t = ∂s_t/∂s_{t−1}: ``entries`` by rows, one of them, or those between the parts of a stacked state."""

    to: Variable
    of: Variable
    entries: tuple[tuple[Entry, ...], ...]

    @cached_property
    def expression(self) -> MatrixExpr:
        """The matrix, or the matrix of its blocks."""
        if len(self.entries) == 1:
            return self.entries[0][0].expression
        return BlockMatrix([[entry.expression for entry in row] for row in self.entries])


@dataclass(frozen=True)
class Jacobian:
    """∂to/∂of between the states of two steps: the product of ``steps``, the latest first, for one example."""

    to: Variable
    of: Variable
    steps: tuple[StepJacobian, ...]

    @cached_property
    def expression(self) -> MatrixExpr:
        """The product of the steps' matrices."""
        found = [step.expression for step in self.steps]
        return found[0] if len(found) == 1 else matmul(*found)


def jacobian(backward: System, states: Mapping[int, tuple[Variable, ...]], to: int, of: int) -> Jacobian:
    """Return ∂s_to/∂s_of; ``states`` are the parts of the state of every step, ``backward`` knows no stacks.

    Raises:
        SpecError: the list has no error of a state on the way, or a step that is no matrix for one example.
    """
    for step in range(of, to + 1):
        missing = next((part for part in states[step] if Adjoint(part).name not in backward), None)
        if missing is not None:
            raise SpecError(f"the backward list has no error of {missing.name}: derive by the weights of its layer")
    by_step = _between(backward, states, range(of, to + 1))
    steps = (_step(by_step[step], states[step], states[step - 1]) for step in range(to, of, -1))
    return Jacobian(states[to][0], states[of][0], tuple(steps))


Edges = dict[Adjoint, list[Edge]]


def _between(backward: System, states: Mapping[int, tuple[Variable, ...]], steps: range) -> dict[int, Edges]:
    """Return, for every step, the edges on which an error of that step goes on, by where they lead."""
    path, found = states[steps[0]][0].path, {step: Edges() for step in steps}
    for equation in backward:
        for edge in edges_into(equation):
            of = edge.source.of if edge.source is not None else None
            if of is not None and of.path == path and of.step in found:
                found[of.step].setdefault(equation.lhs, []).append(edge)
    return found


def _step(edges: Edges, now: tuple[Variable, ...], before: tuple[Variable, ...]) -> StepJacobian:
    rows = (tuple(Entry(part, of, _path(edges, Adjoint(part), Adjoint(of))) for of in before) for part in now)
    return StepJacobian(now[0], before[0], tuple(rows))


def _path(edges: Edges, start: Adjoint, end: Adjoint) -> tuple[Factor, ...] | None:
    """Return what stands between two errors of neighbouring steps; None where nothing leads from one to the other."""
    cuts = placed(start)
    for adjoint, into in edges.items():
        cuts.add(adjoint, [edge for edge in into if edge.source in cuts])
    if end not in cuts:
        return None
    return tuple(_gathered(factor) for factor in cuts.product(end))


def _gathered(factor: Factor) -> Factor:
    """Return a sum with the factors that several branches begin with written once."""
    if not factor.branches:
        return factor
    groups: dict[Factor | None, list[tuple[Factor, ...]]] = {}
    for branch in factor.branches:
        groups.setdefault(branch[0] if branch else None, []).append(tuple(map(_gathered, branch)))
    return replace(factor, branches=tuple(_common(branches, factor) for branches in groups.values()))


def _common(branches: list[tuple[Factor, ...]], total: Factor) -> tuple[Factor, ...]:
    if len(branches) == 1:
        return branches[0]
    shared = len(list(takewhile(lambda column: len(set(column)) == 1, zip(*branches, strict=False))))
    rest = Factor(FactorRole.SUM, total.expr, total.layer, Acts.SUM, tuple(branch[shared:] for branch in branches))
    return (*branches[0][:shared], _gathered(rest))


def transposed(factors: tuple[Factor, ...], start: Variable) -> MatrixExpr:
    """Return the matrix whose transpose the factors multiply one column of the error by."""
    found = [_matrix(factor) for factor in factors]
    return matmul(*found) if len(found) > 1 else found[0] if found else Identity(start.shape[0])


def _matrix(factor: Factor) -> MatrixExpr:
    expr = factor.expr
    if factor.acts is Acts.LEFT:
        return expr.arg if isinstance(expr, Transpose) else transpose(expr)
    if factor.acts is Acts.HADAMARD:
        return DiagMatrix(expr)
    if factor.acts is Acts.SUM:
        return matadd(*(transposed(branch, factor.expr) for branch in factor.branches))
    raise SpecError(f"{factor.expr} stands between two steps and has no matrix for one example")
