"""From the backward list to factors: a gradient as a product along the path from the loss.

The backward list is a directed acyclic graph whose edges are linear operators. Cut vertices between the
loss and one use of a parameter split that graph into a product; between two cut vertices parallel branches
make a sum. Paths are never enumerated and the product of a layer is shared by all layers below it.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Protocol

from sympy import HadamardProduct, MatAdd, MatMul, MatrixExpr, MatrixSymbol, OneMatrix, Transpose

from symbp.equations import Equation, nodes, symbols_in
from symbp.errors import RuleNotFoundError
from symbp.nodes import matmul
from symbp.op import FactorRole, Op
from symbp.symbols import Adjoint, Role, Variable

MAX_NESTING = 2
"""Sums inside sums deeper than this become one factor that names its block of equations."""


class Acts(StrEnum):
    """How a factor acts on what stands on the loss's side of it."""

    SOURCE = "source"
    LEFT = "left"
    RIGHT = "right"
    HADAMARD = "hadamard"
    OPERATOR = "operator"
    SUM = "sum"


@dataclass(frozen=True, slots=True)
class Factor:
    """One factor of a gradient.

    ``expr`` is its matrix (for an operator the whole node, for a sum the adjoint it leads to), ``layer`` the
    weight layer it belongs to, ``branches`` the parallel products of a sum (an empty one is the identity).
    """

    role: FactorRole
    expr: MatrixExpr
    layer: int
    acts: Acts
    branches: tuple[tuple[Factor, ...], ...] = ()

    @property
    def nesting(self) -> int:
        """How many sums stand inside one another here."""
        return max((1 + inner for inner in map(_nesting, self.branches)), default=0)


def _nesting(factors: tuple[Factor, ...]) -> int:
    return max((factor.nesting for factor in factors), default=0)


@dataclass(frozen=True, slots=True)
class Product:
    """The factors from the loss to one adjoint: ``length`` of them on the path inwards, then its own ``tail``.

    A path is a shared list; every product along it is a beginning of it. Where paths fork, the second way is a list
    of its own behind ``base``, the product up to the fork. So T steps with T forks hold about T factors, not T².
    """

    shared: list[Factor] = field(default_factory=list)
    length: int = 0
    tail: tuple[Factor, ...] = ()
    base: Product | None = field(default=None, repr=False)

    @property
    def start(self) -> int:
        """How many factors stand before its list."""
        return self.base.length if self.base is not None else 0

    def continued(self, factors: list[Factor]) -> Product:
        """Return this product times more factors; the list is shared unless the path forks here."""
        is_tip = self.start + len(self.shared) == self.length
        shared, base = (self.shared, self.base) if is_tip else ([], self)
        shared.extend(factors)
        return Product(shared, self.length + len(factors), (), base)

    def ended(self, factors: list[Factor]) -> Product:
        """Return this product with the last factors of a parameter, which nothing continues."""
        return replace(self, tail=tuple(factors))

    def parts(self, known: Container[int] = ()) -> list[Product]:
        """Return its beginnings, the longest in each list, from the loss inwards; none before a list of a known id."""
        found = [self]
        while found[-1].base is not None and id(found[-1].shared) not in known:
            found.append(found[-1].base)
        return found[::-1]

    def own(self, after: int = 0) -> list[Factor]:
        """Return what it has of its list, but the first ``after``."""
        return self.shared[after : self.length - self.start]

    def __iter__(self) -> Iterator[Factor]:
        for part in self.parts():
            yield from part.own()
        yield from self.tail

    def __len__(self) -> int:
        return self.length + len(self.tail)

    def last(self, count: int) -> tuple[Factor, ...]:
        """Return the last factors, those next to the parameter, without walking the others."""
        return (*self._last(count - len(self.tail)), *self.tail)[-count:]

    def since(self, other: Product) -> tuple[Factor, ...]:
        """Return the factors behind those of ``other``, which this product begins with."""
        return self._last(self.length - other.length)

    def _last(self, count: int) -> tuple[Factor, ...]:
        """Return the last factors before the tail."""
        pieces: list[list[Factor]] = []
        part: Product | None = self
        while part is not None and count > 0:
            pieces.append(part.own(max(0, part.length - part.start - count)))
            count -= len(pieces[-1])
            part = part.base
        return tuple(factor for piece in reversed(pieces) for factor in piece)


def without_repeats(products: Iterable[Product]) -> Iterator[Factor]:
    """Yield the factors of products one after the other, but what products share only once."""
    seen: dict[int, int] = {}
    for product in products:
        for part in product.parts(seen):
            known = seen.get(id(part.shared), 0)
            new = part.own(known)
            seen[id(part.shared)] = known + len(new)
            yield from new
        yield from product.tail


@dataclass(frozen=True, slots=True)
class Edge:
    """One term of a backward equation: an adjoint (None: the loss itself) and what acts on it, in order."""

    source: Adjoint | None
    factors: list[Factor]


class Backward(Protocol):
    """A backward list: its equations in order, over what is given."""

    @property
    def given(self) -> tuple[MatrixSymbol, ...]:
        """What the equations use and none of them defines."""

    def __iter__(self) -> Iterator[Equation]: ...


@dataclass(frozen=True, slots=True)
class _Cut:
    """An adjoint in the tree of cut vertices: its product, its nearest cut vertex, its depth in the tree."""

    product: Product
    parent: Adjoint | None
    depth: int


class Paths:
    """The products along all paths of a backward list, shared between parameters and built on first use.

    Sums inside sums are kept ``deepest`` deep, all of them where that is None. ``edges`` reads an equation as what it
    adds up: by default, as many terms as rules led to it.
    """

    def __init__(
        self,
        backward: Backward,
        wrt: tuple[Variable, ...],
        deepest: int | None = MAX_NESTING,
        edges: Callable[[Equation], list[Edge]] | None = None,
    ) -> None:
        self.given, self.equations = backward.given, tuple(backward)
        self.wrt = wrt
        self.deepest = deepest
        self._edges = edges or edges_into

    def terms(self, variable: Variable) -> tuple[tuple[Factor, ...], ...]:
        """Return one product a use of ``variable``, each ordered from the loss to the variable."""
        return tuple(tuple(product) for product in self.products(variable))

    def products(self, variable: Variable) -> tuple[Product, ...]:
        """Return the same products without copying them: shared lists and lengths."""
        return self._ends[variable]

    def before(self, adjoint: Adjoint) -> Adjoint | None:
        """Return the adjoint that a sum or block which leads to ``adjoint`` begins at; None: the loss."""
        return self._found[0][adjoint].parent

    @property
    def _ends(self) -> dict[Variable, tuple[Product, ...]]:
        return self._found[1]

    @cached_property
    def _found(self) -> tuple[dict[Adjoint, _Cut], dict[Variable, tuple[Product, ...]]]:
        wrt = frozenset(self.wrt)
        cuts: dict[Adjoint, _Cut] = {}
        ends: dict[Variable, tuple[Product, ...]] = {}
        for symbol in self.given:
            if isinstance(symbol, Adjoint):
                cuts[symbol] = _Cut(Product().continued([_from_above(symbol)]), None, 0)
        for equation in self.equations:
            edges = self._edges(equation)
            if equation.lhs.of in wrt:
                ends[equation.lhs.of] = tuple(_product(cuts, edge.source).ended(edge.factors) for edge in edges)
            elif edges:
                cuts[equation.lhs] = _cut(cuts, equation.lhs, edges, self.deepest)
        return cuts, ends


@dataclass(frozen=True)
class Placed:
    """The adjoints that one error reaches, each with the product of what acts on the way."""

    cuts: dict[Adjoint, _Cut]

    def add(self, adjoint: Adjoint, edges: list[Edge]) -> None:
        """Place an adjoint behind those its edges come from; without edges it is out of reach."""
        if edges:
            self.cuts[adjoint] = _cut(self.cuts, adjoint, edges, None)

    def __contains__(self, adjoint: object) -> bool:
        return adjoint in self.cuts

    def product(self, adjoint: Adjoint) -> Product:
        """Return the factors from the error to an adjoint, no sum in them cut short."""
        return self.cuts[adjoint].product


def placed(start: Adjoint) -> Placed:
    """Return what one error reaches before any edge is added: itself."""
    return Placed({start: _Cut(Product(), None, 0)})


def _from_above(adjoint: Adjoint) -> Factor:
    """Return the factor every product begins with where the gradient of an output is given."""
    return Factor(FactorRole.LOSS, adjoint, adjoint.layer, Acts.SOURCE)


def additive_terms(equation: Equation) -> tuple[MatrixExpr, ...]:
    """Return the contributions a backward equation adds up; none for a gradient that is zero."""
    rhs = equation.rhs
    if not equation.steps:
        return ()
    return tuple(rhs.args) if isinstance(rhs, MatAdd) and len(equation.steps) > 1 else (rhs,)


def edges_into(equation: Equation) -> list[Edge]:
    """Return what a backward equation adds up: from which adjoint each term comes, and what acts on it."""
    return [edge_of(term) for term in additive_terms(equation)]


def _product(cuts: dict[Adjoint, _Cut], source: Adjoint | None) -> Product:
    return cuts[source].product if source is not None else Product()


def _cut(cuts: dict[Adjoint, _Cut], lhs: Adjoint, edges: list[Edge], deepest: int | None = MAX_NESTING) -> _Cut:
    """Place an adjoint in the tree: one edge prolongs the product, several make a sum behind their cut vertex."""
    if len(edges) == 1:
        (edge,) = edges
        depth = cuts[edge.source].depth + 1 if edge.source is not None else 0
        return _Cut(_product(cuts, edge.source).continued(edge.factors), edge.source, depth)
    parent = _common_cut(cuts, [edge.source for edge in edges])
    before = _product(cuts, parent)
    branches = tuple((*_product(cuts, edge.source).since(before), *edge.factors) for edge in edges)
    total = Factor(FactorRole.SUM, lhs, lhs.layer, Acts.SUM, branches)
    if deepest is not None:
        total = _shallow(total, deepest)
    return _Cut(before.continued([total]), parent, cuts[parent].depth + 1 if parent is not None else 0)


def _shallow(factor: Factor, depth: int) -> Factor:
    """Keep the outer ``depth`` sums of a factor; each sum inside them becomes one block of equations."""
    if factor.nesting <= depth:
        return factor
    if depth == 0:
        return Factor(FactorRole.BLOCK, factor.expr, factor.layer, Acts.OPERATOR)
    branches = tuple(tuple(_shallow(inner, depth - 1) for inner in branch) for branch in factor.branches)
    return replace(factor, branches=branches)


def _common_cut(cuts: dict[Adjoint, _Cut], sources: list[Adjoint | None]) -> Adjoint | None:
    """Return the nearest adjoint that all paths from the loss to all sources go through (None: the loss)."""
    first, *others = sources
    for other in others:
        while first != other:
            if first is None or other is None:
                return None
            if cuts[first].depth >= cuts[other].depth:
                first = cuts[first].parent
            else:
                other = cuts[other].parent
    return first


def edge_of(term: MatrixExpr) -> Edge:
    """Read one term: find the adjoint in it and what acts on that adjoint, nearest first."""
    factors: list[Factor] = []
    source = _unwrap(term, factors)
    if source is None:
        factors = [Factor(_source_role(term), term, _layer(term), Acts.SOURCE)]
    return Edge(source, factors)


def _source_role(term: MatrixExpr) -> FactorRole:
    """What starts a product: the loss gradient, or a penalty where nothing but weights stands in it."""
    symbols = list(symbols_in(term))
    only_weights = symbols and all(isinstance(each, Variable) and each.role is Role.WEIGHT for each in symbols)
    return FactorRole.PENALTY if only_weights else FactorRole.LOSS


def _unwrap(expr: MatrixExpr, factors: list[Factor]) -> Adjoint | None:
    """Peel one linear operation off ``expr`` after the other down to its adjoint, collecting factors."""
    if isinstance(expr, Adjoint):
        return expr
    inside = next((index for index, arg in enumerate(expr.args) if _holds_adjoint(arg)), None)
    if inside is None:
        return None
    source = _unwrap(expr.args[inside], factors)
    if isinstance(expr, MatMul):
        before = _number_into(factors, expr.args[:inside])
        factors.extend(factor_of(arg, Acts.LEFT) for arg in reversed(before))
        factors.extend(factor_of(arg, Acts.RIGHT) for arg in expr.args[inside + 1 :])
    elif isinstance(expr, HadamardProduct):
        factors.extend(factor_of(arg, Acts.HADAMARD) for i, arg in enumerate(expr.args) if i != inside)
    elif isinstance(expr, Transpose) or (isinstance(expr, Op) and expr.acts_on == inside):
        factors.append(factor_of(expr, Acts.OPERATOR))
    else:
        raise RuleNotFoundError(f"{type(expr).__name__} stands around an adjoint but is not a linear operator: {expr}")
    return source


def _number_into(factors: list[Factor], before: tuple[MatrixExpr, ...]) -> tuple[MatrixExpr, ...]:
    """Put a number in front of G ⊙ N into N, so that it is no factor of its own; return what else stands in front."""
    if not (factors and before and before[0].is_number and factors[-1].acts is Acts.HADAMARD):
        return before
    factors[-1] = factor_of(matmul(before[0], factors[-1].expr), Acts.HADAMARD)
    return before[1:]


def _holds_adjoint(expr: object) -> bool:
    if isinstance(expr, MatrixSymbol):
        return isinstance(expr, Adjoint)
    return isinstance(expr, MatrixExpr) and any(isinstance(node, Adjoint) for node in nodes(expr))


def factor_of(expr: MatrixExpr, acts: Acts) -> Factor:
    """Return a matrix as a factor: its role and layer follow from its operation or its symbol."""
    return Factor(_role(expr), expr, _layer(expr), acts)


_ROLE_OF_SYMBOL = {
    Role.WEIGHT: FactorRole.WEIGHT,
    Role.FROZEN: FactorRole.WEIGHT,
    Role.BIAS: FactorRole.WEIGHT,
    Role.SCALE: FactorRole.NORMALISATION,
    Role.NORMALISED: FactorRole.PREVIOUS,
    Role.SHIFTED: FactorRole.PREVIOUS,
    Role.BLOCK: FactorRole.PREVIOUS,
    Role.CONVOLVED: FactorRole.PREVIOUS,
    Role.POOLED: FactorRole.PREVIOUS,
    Role.STACKED: FactorRole.PREVIOUS,
    Role.REARRANGED: FactorRole.PREVIOUS,
    Role.INPUT: FactorRole.PREVIOUS,
    Role.ACTIVATION: FactorRole.PREVIOUS,
    Role.PREACTIVATION: FactorRole.PREVIOUS,
    Role.STATE: FactorRole.PREVIOUS,
    Role.GATE: FactorRole.GATE,
    Role.MASK: FactorRole.MASK,
    Role.MASKED: FactorRole.PREVIOUS,
    Role.MIXED: FactorRole.PREVIOUS,
    Role.QUERY: FactorRole.ATTENTION,
    Role.KEY: FactorRole.ATTENTION,
    Role.VALUE: FactorRole.ATTENTION,
    Role.SCORE: FactorRole.ATTENTION,
    Role.ATTENTION: FactorRole.ATTENTION,
}


def _role(expr: MatrixExpr) -> FactorRole:
    """A factor's role follows from its operation or, for a plain matrix, from the symbol in it."""
    if isinstance(expr, Op) and expr.factor_role is not None:
        return expr.factor_role
    symbol = _symbol(expr)
    return _ROLE_OF_SYMBOL.get(symbol.role, FactorRole.CONSTANT) if symbol is not None else FactorRole.CONSTANT


def _layer(expr: MatrixExpr) -> int:
    symbol = _symbol(expr) or next((node for node in nodes(expr) if isinstance(node, Adjoint)), None)
    return symbol.layer if symbol is not None else 0


def _symbol(expr: MatrixExpr) -> MatrixSymbol | None:
    """Return the first symbol of the network in an expression, or of a view of it: it knows its role."""
    if isinstance(expr, Variable):
        return expr
    if not isinstance(expr, MatrixExpr):
        return None
    found = (node for node in nodes(expr) if isinstance(node, MatrixSymbol) and not isinstance(node, Adjoint))
    return next((node for node in found if hasattr(node, "role")), None)


def is_ones(factor: Factor) -> bool:
    """Tell whether a factor only adds up the examples (what ends the product of a bias)."""
    return isinstance(factor.expr, OneMatrix)
