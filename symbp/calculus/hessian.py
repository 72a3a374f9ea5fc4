"""The Hessian by a column or a row as a matrix, from its product with a direction."""

from __future__ import annotations

from collections.abc import Sequence

from sympy import MatrixExpr

from symbp.calculus.factor import Factor
from symbp.calculus.product import flat_product, nested_product
from symbp.errors import RuleNotFoundError, SpecError
from symbp.nodes import matadd, number_and_factors, times
from symbp.symbols import BATCH, Variable


def hessian(uses: Sequence[Sequence[Factor]], direction: Variable) -> MatrixExpr | None:
    """Return H of H·r, or of r·H for a row, from one product a use; None where they are no such products."""
    if 1 not in direction.shape:
        return None
    terms = [_without(factors, direction) for factors in uses]
    found = [term for term in terms if term is not None]
    if not found or len(found) < len(terms):
        return None
    return matadd(*found) if len(found) > 1 else found[0]


def _without(factors: Sequence[Factor], direction: Variable) -> MatrixExpr | None:
    """Return a product without the direction at its end; at its beginning where that is a row."""
    counts = any(size.has(BATCH) for factor in factors for size in getattr(factor.expr, "shape", ()))
    try:
        product = (nested_product if counts else flat_product)(factors)
    except (SpecError, RuleNotFoundError):
        return None
    number, (first, *others) = number_and_factors(product)
    matrices = [first, *others]
    end, rest = (matrices[-1], matrices[:-1]) if direction.shape[1] == 1 else (first, others)
    if end != direction or not rest or any(each.has(direction) for each in rest):
        return None
    return times(number, *rest)
