"""Following the gradient from the loss through the factors of every parameter, and measuring each of them.

The products of all parameters begin alike, so they form a tree; each factor is applied once, to the gradient
that actually flows through it. Linear in the depth of the network; a direction is forgotten where its last
branch ends.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sympy import MatrixExpr, Transpose

from symbp.analysis.scaled import Scaled, total
from symbp.analysis.spectral import spectral_norm
from symbp.analysis.values import Point
from symbp.calculus.factor import Acts, Edge, Factor, Paths, Product, edges_into
from symbp.errors import SpecError
from symbp.op import FactorRole
from symbp.symbols import Adjoint, Variable

Logs = Mapping[FactorRole, tuple[float, float]]
"""Natural logarithms by role, each a sum of two floats: the second is what rounding took from the first."""


@dataclass(slots=True)
class Node:
    """A factor in the tree of products; ``ends`` are the parameters whose product it completes."""

    factor: Factor | None = None
    children: dict[int, Node] = field(default_factory=dict)
    ends: list[Variable] = field(default_factory=list)

    def child(self, factor: Factor) -> Node:
        """Return the node behind this one for a factor, the same for the same factor."""
        return self.children.setdefault(id(factor), Node(factor))


def tree(products: Sequence[tuple[Variable, Product]]) -> Node:
    """Join products where they begin with the same factors; a shared list is read once."""
    root = Node()
    along: dict[int, list[Node]] = {}  # of each list: the node before it, then one a factor
    for variable, product in products:
        node = root
        for part in product.parts(along):
            nodes = along.setdefault(id(part.shared), [node])
            for factor in part.own(len(nodes) - 1):
                nodes.append(nodes[-1].child(factor))
            node = nodes[part.length - part.start]
        for factor in product.tail:
            node = node.child(factor)
        node.ends.append(variable)
    return root


@dataclass(frozen=True, slots=True)
class Gain:
    """What one factor did to the norm of the gradient: a natural logarithm, −∞ where it made it zero.

    ``bound`` is the most it could do: the spectral norm of a weight, max|f′| on the data; None where none is
    computed. The first factor, the loss gradient, has the logarithm of its norm.
    """

    role: FactorRole
    layer: int
    log: float
    bound: float | None = None


@dataclass(frozen=True)
class State:
    """The gradient at a place of the tree: its value, the logarithms so far, the largest and smallest on the way.

    ``noise`` is the norm the last product would have if nothing in it cancelled, by its actual norm.
    """

    direction: Scaled | None = None
    logs: Logs = field(default_factory=dict)
    log: tuple[float, float] = (0.0, 0.0)
    low: float = math.inf
    high: float = -math.inf
    noise: float = 1.0


class Walk:
    """Applies factors to directions at one point."""

    def __init__(self, paths: Paths, point: Point, widest: float | None) -> None:
        """``widest`` is the width up to which a weight has its spectral norm computed; None: no bound of anything."""
        self.paths, self.point, self.widest = paths, point, widest
        self.gains: list[Gain] = []
        self._places = {equation.lhs: place for place, equation in enumerate(paths.equations)}

    def ends(self, root: Node) -> Iterator[tuple[Variable, State]]:
        """Yield the gradient at the end of every product, in the order of the tree."""
        waiting: list[tuple[Node, State]] = [(root, State())]
        while waiting:
            node, state = waiting.pop()
            if node.factor is not None:
                state = self.behind(node.factor, state, last=bool(node.ends))
            for variable in node.ends:
                yield variable, state
            waiting.extend((child, state) for child in reversed(node.children.values()))

    def behind(self, factor: Factor, state: State, last: bool) -> State:
        """Return the gradient behind a factor, after recording the gain."""
        before = state.direction
        after = self.applied(factor, before)
        if not after.is_finite:
            raise SpecError(f"{factor.role} of layer {factor.layer} is not finite: give a smaller initialisation")
        log = after.log if before is None else after.log_ratio(before) if before.norm else -math.inf
        self.gains.append(Gain(factor.role, factor.layer, log, self._bound(factor)))
        logs = {**state.logs, factor.role: added(state.logs.get(factor.role, (0.0, 0.0)), log)}
        so_far = added(state.log, log)
        reached = so_far[0]
        noise = self._noise(factor, before, after) if last else 1.0
        return State(after, logs, so_far, min(state.low, reached), max(state.high, reached), noise)

    def applied(self, factor: Factor, direction: Scaled | None) -> Scaled:
        """Return a factor applied to a direction, which is None for the first."""
        return _APPLY[factor.acts](self, factor, direction)

    def along(self, factors: Sequence[Factor], direction: Scaled | None) -> Scaled:
        """Return several factors applied in turn."""
        for factor in factors:
            direction = self.applied(factor, direction)
        assert direction is not None
        return direction

    def _source(self, factor: Factor, _: Scaled | None) -> Scaled:
        return Scaled.of(self.point.value(factor.expr))

    def _left(self, factor: Factor, direction: Scaled) -> Scaled:
        value = self.point.value(factor.expr)
        product = value @ direction.array if isinstance(factor.expr, MatrixExpr) else value * direction.array
        return Scaled.of(product, direction.exponent)

    def _right(self, factor: Factor, direction: Scaled) -> Scaled:
        return Scaled.of(direction.array @ self.point.value(factor.expr), direction.exponent)

    def _hadamard(self, factor: Factor, direction: Scaled) -> Scaled:
        return Scaled.of(direction.array * self.point.value(factor.expr), direction.exponent)

    def _sum(self, factor: Factor, direction: Scaled | None) -> Scaled:
        return total([self.along(branch, direction) for branch in factor.branches])

    def _operator(self, factor: Factor, direction: Scaled | None) -> Scaled:
        node = factor.expr
        if factor.role is FactorRole.BLOCK:
            return self._block(node, direction)
        assert direction is not None
        if isinstance(node, Transpose):
            return Scaled.of(direction.array.T, direction.exponent)
        return Scaled.of(self.point.operated(node, node.args[node.acts_on], direction.array), direction.exponent)

    def _block(self, to: Adjoint, direction: Scaled | None) -> Scaled:
        """Execute the backward equations between a cut vertex and ``to``, from a direction there."""
        start = self.paths.before(to)
        known: dict[Adjoint | None, Scaled | None] = {start: direction}
        first = 0 if start is None else self._places[start] + 1
        for equation in self.paths.equations[first : self._places[to] + 1]:
            edges = [edge for edge in edges_into(equation) if edge.source in known]
            if edges:
                known[equation.lhs] = total([self._edge(edge, known) for edge in edges])
        found = known[to]
        assert found is not None
        return found

    def _edge(self, edge: Edge, known: Mapping[Adjoint | None, Scaled | None]) -> Scaled:
        return self.along(edge.factors, known[edge.source])

    def _bound(self, factor: Factor) -> float | None:
        import numpy as np

        if self.widest is None or not isinstance(factor.expr, MatrixExpr):
            return None
        if factor.acts is Acts.HADAMARD:
            return float(np.max(np.abs(self.point.value(factor.expr)), initial=0.0))
        if factor.acts is Acts.LEFT and factor.role is FactorRole.WEIGHT:
            matrix = self.point.value(factor.expr)
            return spectral_norm(matrix) if min(matrix.shape) <= self.widest else None
        return None

    def _noise(self, factor: Factor, before: Scaled | None, after: Scaled) -> float:
        """Return how much larger a product would be if nothing in it cancelled."""
        import numpy as np

        if factor.acts not in (Acts.LEFT, Acts.RIGHT) or before is None or not isinstance(factor.expr, MatrixExpr):
            return 1.0
        value, entries = np.abs(self.point.value(factor.expr)), np.abs(before.array)
        whole = Scaled.of(entries @ value if factor.acts is Acts.RIGHT else value @ entries, before.exponent)
        return math.exp(min(whole.log - after.log, 700.0)) if after.norm else 1.0


_APPLY: Mapping[Acts, Callable[[Walk, Factor, Any], Scaled]] = {
    Acts.SOURCE: Walk._source,
    Acts.LEFT: Walk._left,
    Acts.RIGHT: Walk._right,
    Acts.HADAMARD: Walk._hadamard,
    Acts.OPERATOR: Walk._operator,
    Acts.SUM: Walk._sum,
}


def added(sum_: tuple[float, float], term: float) -> tuple[float, float]:
    """Return a sum of two floats plus a term, rounded by ``math.fsum`` alone; −∞ absorbs everything."""
    if not math.isfinite(term) or not math.isfinite(sum_[0]):
        return (-math.inf, 0.0)
    high = math.fsum((*sum_, term))
    return (high, math.fsum((*sum_, term, -high)))
