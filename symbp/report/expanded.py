"""Every gradient of a deep network multiplied out: 1000 layers are 15 MB of LaTeX, written as they are made.

Each factor is printed once; a layer's product is a slice of the list its layer shares with all others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from symbp.calculus.factor import Acts, Factor, Product, is_ones
from symbp.derivation import Derivation, Gradient
from symbp.errors import SpecError
from symbp.report.dialects import LATEX
from symbp.report.formats import MARK
from symbp.report.layout import INDENT, LEFT_SIDE
from symbp.report.notation import STANDARD, Notation
from symbp.report.printer import Printer
from symbp.report.products import TEXT_WIDTH, Products, latex_width
from symbp.symbols import Adjoint, Role

HEAD = rf"""% {MARK}
% Needs amsmath. All gradients multiplied out.
{{\allowdisplaybreaks
"""
TAIL = "}\n"


def expanded(derivation: Derivation, notation: Notation = STANDARD) -> Iterator[str]:
    """Yield a LaTeX fragment with every weight's gradient as one flat product, for one example.

    Raises:
        SpecError: the network couples examples, or its paths are no single product.
    """
    products = Products(Printer(notation, LATEX, derivation.network.depth))
    texts = _Texts(products)
    yield HEAD
    for gradient in derivation.gradients.values():
        if gradient.variable.role is Role.WEIGHT:
            yield texts.display(gradient)
    yield TAIL


class _Texts:
    """The printed factors of each shared list, from the parameter's side to the loss, and how many fit a row."""

    def __init__(self, products: Products) -> None:
        self.products = products
        self.printed: dict[int, list[str]] = {}
        self.per_row = 1

    def display(self, gradient: Gradient) -> str:
        """Return the gradient multiplied out, in rows that fit."""
        (product,) = self._single(gradient)
        left = self._left(product)
        factors = left[len(left) - product.length :]
        tail = [self._text(factor) for factor in product.tail if not is_ones(factor)]
        symbol = self.products.printer.symbol(Adjoint(gradient.variable))
        return f"\\begin{{align*}}\n{symbol} &= {self._rows(factors + tail)}\n\\end{{align*}}\n"

    def _single(self, gradient: Gradient) -> tuple[Product, ...]:
        if len(gradient.products) != 1 or any(factor.acts is not Acts.RIGHT for factor in gradient.products[0].tail):
            raise SpecError(f"the gradient of {gradient.variable.name} is not one flat product: use its equations")
        return gradient.products

    def _left(self, product: Product) -> list[str]:
        if id(product.shared) not in self.printed:
            path = (*(product.base or ()), *product.shared)
            if any(factor.acts is Acts.RIGHT for factor in path):
                raise SpecError("the gradients act from both sides: they are no flat products")
            found = [self._text(factor) for factor in reversed(path)]
            widest = max(map(latex_width, found))
            self.per_row = max(1, int((TEXT_WIDTH - LEFT_SIDE - INDENT) / (widest + 3.0)))
            self.printed[id(product.shared)] = found
        return self.printed[id(product.shared)]

    def _text(self, factor: Factor) -> str:
        return self.products.factor_matrix(factor)

    def _rows(self, texts: Sequence[str]) -> str:
        step = self.per_row
        rows = [r"\, ".join(texts[start : start + step]) for start in range(0, len(texts), step)]
        return " \\\\\n&\\quad ".join(rows)
