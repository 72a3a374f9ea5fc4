"""Where the number of examples divides: at the loss, at the gradients of the parameters, or nowhere.

A loss is the mean over the examples, so 1/m comes into the errors with the first of them. Backpropagation is linear in
the errors: where each of them is taken m times as large, 1/m stands in the gradients of the parameters alone, and the
equations between errors stay as they are. An error is m · ∂𝓛/∂Z then. Of a sum over the examples, all is m times as
large, the loss too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType

from sympy import Expr, MatAdd, MatrixExpr, MatrixSymbol, Mul, S

from symbp.derivation import Derivation
from symbp.equations import Equation, symbols_in
from symbp.nodes import number_and_factors, sum_of, times
from symbp.numeric.matrices import Writer, matrix_code
from symbp.numeric.scalar import Code
from symbp.ops.losses import GenericLoss, Loss, LossGradient
from symbp.symbols import BATCH, Adjoint
from symbp.views.tidy import tidy


class SumGradient(LossGradient):
    """m · ∂𝓛/∂A of a loss left open: the gradient of the sum of the losses."""

    @property
    def count(self) -> Expr:
        """The number of examples."""
        return next(size for size in self.shape if size.has(BATCH))


@matrix_code.register
def _(node: SumGradient, writer: Writer) -> Code:
    return writer.scaled(node.count, writer.code(LossGradient(*node.args)))


Has = Callable[[MatrixSymbol], bool]
"""Whether an error is taken m times as large."""


@dataclass(frozen=True)
class Scale:
    """A place of 1/m: which errors are m times the gradients, and whether the loss is."""

    name: str
    errors: bool
    gradients: bool

    @property
    def changes(self) -> bool:
        """Whether it is another than that of the calculus."""
        return self.errors or self.gradients

    def is_larger(self, error: MatrixSymbol) -> bool:
        """Whether an error of what is computed is m times the gradient of the loss."""
        return self.errors and not self.gradients and any(size.has(BATCH) for size in error.shape)

    def fitting(self, derivation: Derivation) -> Scale:
        """Return the scale for a derivation: a loss left open may be a sum as it is."""
        return AT_LOSS if self.gradients and isinstance(derivation.network.loss_node, GenericLoss) else self

    def backward(self, equations: Iterable[Equation], wanted: frozenset[str], factor: Expr = BATCH) -> list[Equation]:
        """Return a backward list with 1/m in this place; ``wanted`` are the names of what is differentiated by.

        ``factor`` is the number of examples: m where an error has so many columns or rows.
        """
        return [_scaled(each, partial(self._has, wanted, factor), factor) for each in equations]

    def forward(self, equations: Iterable[Equation], factor: Expr = BATCH) -> list[Equation]:
        """Return a forward list whose losses are sums where this place is nowhere."""
        return [
            replace(each, rhs=times(factor, each.rhs)) if self.gradients and isinstance(each.rhs, Loss) else each
            for each in equations
        ]

    def _has(self, wanted: frozenset[str], factor: Expr, error: MatrixSymbol) -> bool:
        if self.gradients:
            return True
        varies = any(size.has(factor) for size in error.shape)
        return self.errors and varies and error.of.name not in wanted


AT_LOSS = Scale("loss", errors=False, gradients=False)
AT_GRADIENTS = Scale("gradients", errors=True, gradients=False)
NOWHERE = Scale("sum", errors=True, gradients=True)

SCALES: Mapping[str, Scale] = MappingProxyType({each.name: each for each in (AT_LOSS, AT_GRADIENTS, NOWHERE)})
"""The places a notation may have: the gradient of the loss, those of the parameters, none."""


def counts_examples(derivation: Derivation) -> bool:
    """Whether a derivation has m examples, by whose number a loss divides."""
    return any(size.has(BATCH) for symbol in derivation.forward.given for size in symbol.shape)


def _scaled(equation: Equation, has: Has, factor: Expr) -> Equation:
    """Return an equation between errors of which some are ``factor`` times as large."""
    rhs = equation.rhs
    terms = rhs.args if isinstance(rhs, MatAdd) and error_in(rhs) is not None else (rhs,)
    own = factor if has(equation.lhs) else S.One
    found = [scaled(own / _size(each, has, factor), each) for each in terms]
    return replace(equation, rhs=sum_of(found, rhs.shape))


def _size(term: MatrixExpr, has: Has, factor: Expr) -> Expr:
    """Return how many times as large a term is; a term without an error is as it was."""
    error = error_in(term)
    return factor if error is not None and has(error) else S.One


def error_in(expr: MatrixExpr) -> Adjoint | None:
    """Return an error in an expression, which is linear in all of them; None without any."""
    return next((each for each in symbols_in(expr) if isinstance(each, Adjoint)), None)


def scaled(number: Expr, term: MatrixExpr) -> MatrixExpr:
    """Return a number times a term, the numbers of the term taken together with it."""
    if number == 1:
        return term
    if number == BATCH and type(term) is LossGradient:
        return SumGradient(*term.args)
    front, factors = number_and_factors(tidy(term))
    return times(Mul(number, front), *factors)
