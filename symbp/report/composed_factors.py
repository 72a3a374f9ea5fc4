"""Which factors the shown gradients hold, and whether a product of them is one row of matrices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sympy import Transpose

from symbp.calculus.factor import Acts, Factor, Product, without_repeats
from symbp.op import Op
from symbp.report.desk import Desk
from symbp.report.handlers import belongs_to
from symbp.report.products import sign_of
from symbp.report.recurrent import is_summed
from symbp.symbols import BATCH


def every_factor(products: Iterable[Product]) -> list[Factor]:
    """Return the factors of products and those inside their branches, each once; a sum stands before what is in it."""
    found: dict[int, Factor] = {}
    waiting = list(without_repeats(products))[::-1]
    while waiting:
        factor = waiting.pop()
        if id(factor) not in found:
            found[id(factor)] = factor
            waiting += [inner for branch in factor.branches for inner in branch][::-1]
    return list(found.values())


def all_factors(desk: Desk) -> list[Factor]:
    """Return the factors of every shown gradient."""
    return every_factor(product for each in desk.gradients if not is_summed(desk, each) for product in each.products)


def is_flat(factors: Sequence[Factor]) -> bool:
    """Say whether a product is one row of matrices for one example: what acts from the right comes last."""
    right = False
    for factor in factors:
        if factor.acts is Acts.RIGHT:
            right = True
        elif right or not _is_matrix(factor):
            return False
    return True


def _is_matrix(factor: Factor) -> bool:
    """Say whether a factor multiplies one column from the left."""
    if factor.acts is Acts.OPERATOR:
        return not isinstance(factor.expr, Transpose) and sign_of(factor) is None
    if factor.acts is Acts.HADAMARD:
        return bool(factor.expr.shape[1] == BATCH)
    return all(is_flat(branch) and not _from_right(branch) for branch in factor.branches)


def _from_right(branch: Sequence[Factor]) -> bool:
    whole = bool(branch) and branch[0].acts is Acts.SOURCE
    return not whole and any(factor.acts is Acts.RIGHT for factor in branch)


def is_nested(desk: Desk, factors: Sequence[Factor]) -> bool:
    """Say whether a product is shown as it is computed rather than as one row."""
    return desk.batch or not is_flat(factors)


def is_explained(factor: Factor) -> bool:
    """Say whether a factor is an operator whose letter or sign the table of symbols explains."""
    node = factor.expr
    return factor.acts is Acts.OPERATOR and isinstance(node, Op) and bool(node.about or belongs_to(node))
