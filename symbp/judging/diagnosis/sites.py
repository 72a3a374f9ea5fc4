"""Where an equation can be edited: every node of its right side, with a way to put something else there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial

from sympy import Basic, Expr, HadamardProduct, MatAdd, MatMul, MatrixExpr, MatrixSymbol, OneMatrix, S, Transpose

from symbp.equations import Equation, operands
from symbp.judging.diagnosis.bench import Bench
from symbp.ops.elementwise import Elementwise, Slope
from symbp.symbols import BATCH, Adjoint, Role, Variable


@dataclass(frozen=True)
class Surroundings:
    """What an edit may look at besides the equation: the network, and which matrices have which shape."""

    bench: Bench

    @cached_property
    def forward(self) -> tuple[MatrixSymbol, ...]:
        """Every matrix of the forward list and what it starts from, without targets, losses and parameters."""
        forward = self.bench.derivation.forward
        data = [each for each in forward.given if each.role in (Role.INPUT, Role.MASK)]
        return (*data, *(each.lhs for each in forward if each.lhs.shape != (1, 1) or each.lhs.role is not Role.LOSS))

    @cached_property
    def slopes(self) -> tuple[Slope, ...]:
        """The derivative of every activation of the forward list, that of an output fused with its loss too."""
        applied = [each for each in self.bench.derivation.forward if isinstance(each.rhs, Elementwise)]
        return tuple(Slope(each.rhs.function, 0, each.lhs, *each.rhs.args[1:]) for each in applied)

    @cached_property
    def outputs(self) -> Expr:
        """n_L, the rows of the targets; 1 where there are none."""
        targets = [each for each in self.bench.derivation.forward.given if each.role is Role.TARGET]
        return targets[0].shape[0] if targets else S.One

    @cached_property
    def tokens(self) -> Expr:
        """T, how many columns of the targets belong to one example."""
        targets = [each for each in self.bench.derivation.forward.given if each.role is Role.TARGET]
        return targets[0].shape[1] / BATCH if targets else S.One

    def numbers_at(self, name: str) -> set[Expr]:
        """Return the numbers before products of an equation and of those that use it, but for means over the batch."""
        return {number for number in self._numbers.get(name, set()) if not number.has(BATCH)}

    @cached_property
    def _numbers(self) -> dict[str, set[Expr]]:
        found: dict[str, set[Expr]] = {}
        for each in self.bench.derivation.backward:
            for term in each.rhs.args if is_sum(each.rhs) else (each.rhs,):
                number = term.as_coeff_matrices()[0] if isinstance(term, MatMul) else S.One
                error = error_in(term)
                if error is not None and number.is_positive and number != 1:
                    found.setdefault(each.name, set()).add(number)
                    found.setdefault(error.name, set()).add(number)
        return found

    def weights(self) -> tuple[MatrixSymbol, ...]:
        """The weights the network has."""
        given = self.bench.derivation.forward.given
        return tuple(each for each in given if each.role in (Role.WEIGHT, Role.SCALE))

    def same_shape(self, symbol: MatrixSymbol) -> list[MatrixSymbol]:
        """Return the matrices of the forward list that have the shape of this one, the nearest first."""
        shape = self.bench.shape(symbol)
        found = [each for each in self.forward if each != symbol and self.bench.shape(each) == shape]
        return nearest_first(found, symbol)[:NEIGHBOURS]

    def errors_before(self, name: str) -> list[Adjoint]:
        """Return the adjoints already computed when an equation is reached, the nearest first, then those beside it."""
        equations, at = self.bench.derivation.backward.equations, self.bench.place[name]
        beside = [each for each in equations[at + 1 :] if name not in self.bench.reaches(each.name)]
        found = [*reversed(equations[:at]), *beside]
        return [each.lhs for each in found if not is_parameter(each.lhs.of)][:NEIGHBOURS]


NEIGHBOURS = 12
"""How many matrices are tried in the place of another one."""


def nearest_first(found: list[MatrixSymbol], symbol: MatrixSymbol) -> list[MatrixSymbol]:
    """Order matrices by how many layers and steps they are away."""
    at = where(symbol)
    return sorted(found, key=lambda each: sum(abs(a - b) for a, b in zip(where(each), at, strict=True)))


def where(symbol: MatrixSymbol) -> tuple[int, int]:
    """Return layer and step of a matrix, 0 where it has none."""
    of = symbol.of if isinstance(symbol, Adjoint) else symbol
    return (of.layer, of.step or 0) if isinstance(of, Variable) else (0, 0)


PARAMETERS = (Role.WEIGHT, Role.BIAS, Role.SCALE, Role.SHIFT)


def is_parameter(symbol: MatrixSymbol) -> bool:
    """Whether a matrix is learned."""
    return isinstance(symbol, Variable) and symbol.role in PARAMETERS


@dataclass(frozen=True)
class Site:
    """One node of a right side. ``put`` returns the right side with something else in its place."""

    node: MatrixExpr
    equation: Equation
    place: Surroundings
    put: Callable[[MatrixExpr], MatrixExpr]
    parent: MatrixExpr | None
    path: tuple[int, ...]

    @property
    def is_term(self) -> bool:
        """Whether it is the whole right side or a summand of it."""
        return self.parent is None or (len(self.path) == 1 and is_sum(self.parent))

    @property
    def name(self) -> str:
        """The name of the equation."""
        return self.equation.name


def is_sum(node: MatrixExpr) -> bool:
    """Whether a node is a sum of matrices."""
    return bool(node.is_MatAdd)


def sites(equation: Equation, place: Surroundings) -> Iterator[Site]:
    """Yield the nodes of a right side, the whole first; slopes are not entered."""

    def below(
        node: MatrixExpr, put: Callable[[MatrixExpr], MatrixExpr], parent: MatrixExpr | None, path: tuple[int, ...]
    ) -> Iterator[Site]:
        yield Site(node, equation, place, put, parent, path)
        if isinstance(node, Slope | MatrixSymbol | OneMatrix):
            return
        for index, arg in enumerate(node.args):
            if isinstance(arg, MatrixExpr):
                yield from below(arg, partial(_put_back, put, node, index), node, (*path, index))

    yield from below(equation.rhs, lambda new: new, None, ())


def _put_back(put: Callable[[MatrixExpr], MatrixExpr], node: MatrixExpr, index: int, new: MatrixExpr) -> MatrixExpr:
    return put(replaced(node, index, new))


def replaced(node: MatrixExpr, index: int, new: MatrixExpr) -> MatrixExpr:
    """Return a node with another operand, whatever its shape: a mistake may not fit, and is executed all the same."""
    return rebuilt(node, (*node.args[:index], new, *node.args[index + 1 :]))


def rebuilt(node: MatrixExpr, args: tuple[Basic, ...]) -> MatrixExpr:
    """Return a node of the same kind with other args, nothing checked and nothing rewritten."""
    return Basic.__new__(type(node), *args)


def product(*factors: Basic) -> MatrixExpr:
    """Return a matrix product, unchecked; numbers and products inside become part of it."""
    numbers: list[Expr] = []
    flat: list[Basic] = []
    for factor in factors:
        for part in factor.args if isinstance(factor, MatMul) else (factor,):
            (flat if isinstance(part, MatrixExpr) else numbers).append(part)
    number = S.One
    for each in numbers:
        number = number * each
    if number == 1 and len(flat) == 1:
        return flat[0]
    return Basic.__new__(MatMul, *([] if number == 1 else [number]), *flat)


def entrywise(*factors: MatrixExpr) -> MatrixExpr:
    """Return an entrywise product, unchecked."""
    if len(factors) == 1:
        return factors[0]
    flat = [part for each in factors for part in (each.args if isinstance(each, HadamardProduct) else (each,))]
    return Basic.__new__(HadamardProduct, *flat)


def turned(node: MatrixExpr) -> MatrixExpr:
    """Return the transpose; that of a transpose is the matrix itself."""
    return node.arg if isinstance(node, Transpose) else Transpose(node)


@lru_cache(maxsize=4096)
def words(node: Basic) -> str:
    """Return a node for a sentence; ones that only repeat a column are left out."""
    if isinstance(node, Transpose):
        return f"{words(node.arg)}ᵀ"
    sign = _SIGNS.get(type(node))
    if sign is None:
        return str(node).replace("'", "′")
    parts = [each for each in node.args if not isinstance(each, OneMatrix)] or node.args
    return sign.join(f"({words(each)})" if type(each) in _SIGNS and len(parts) > 1 else words(each) for each in parts)


_SIGNS = {HadamardProduct: " ⊙ ", MatMul: "·", MatAdd: " + "}


def error_in(node: MatrixExpr) -> Adjoint | None:
    """Return the first adjoint of a term."""
    if isinstance(node, Adjoint):
        return node
    return next((found for each in operands(node) if (found := error_in(each)) is not None), None)
