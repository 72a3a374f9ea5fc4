"""The words under the factors of a product: what each of them is."""

from __future__ import annotations

from functools import partial

from symbp.calculus.factor import Acts, Factor
from symbp.maths.factors import Factors, role_of
from symbp.pages.tell.context import Context


def writer_of(c: Context) -> Factors:
    """Return what writes the factors of a product, with words under them where the page wants some."""
    return Factors(c.builder, partial(labels, c)) if c.roles else Factors(c.builder)


def labels(c: Context, factor: Factor) -> tuple[str, ...]:
    """Return the words under a factor, one a line."""
    role = role_of(factor)
    if not role:
        return ()
    (text,) = c.words(f"role.{role}")
    return (str(text),) if factor.acts is Acts.SUM else tuple(str(text).split(" "))
