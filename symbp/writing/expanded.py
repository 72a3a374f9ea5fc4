"""Every gradient of a deep network multiplied out: 1000 layers are 20 MB of LaTeX, written as they are made.

Each factor is written once; a layer's product is a slice of the list that its layer shares with all others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from symbp.calculus.factor import Acts, Factor, Product, is_ones
from symbp.derivation import Derivation
from symbp.errors import SpecError
from symbp.maths.factors import Factors
from symbp.maths.notation import STANDARD, Notation
from symbp.maths.tree import EQUALS, Node, row
from symbp.pages.tell.context import Context
from symbp.pages.tell.derivation import context
from symbp.roles import Role
from symbp.symbols import Variable
from symbp.writing.breaking import FRAGMENT, em_width
from symbp.writing.latex import math_latex

HEAD = "% Written by symbp. Needs amsmath. All gradients multiplied out.\n{\\allowdisplaybreaks\n"
TAIL = "}\n"

LEFT = 6.0
"""What the left side of a display takes of the measure, in em."""


def expanded(derivation: Derivation, notation: Notation = STANDARD) -> Iterator[str]:
    """Yield a LaTeX fragment with every weight's gradient as one flat product, for one example.

    Raises:
        SpecError: the network is shown for a batch, or its paths are no single product.
    """
    c = context(derivation, notation)
    if not c.reading.is_one:
        raise SpecError("a batch has no flat products: multiply out for one example")
    texts = _Texts(c)
    yield HEAD
    for variable in c.reading.derivation.wrt:
        if variable.role is Role.WEIGHT:
            yield texts.display(variable)
    yield TAIL


class _Texts:
    """The written factors of each shared list, from the parameter's side to the loss, and how many fit a row."""

    def __init__(self, c: Context) -> None:
        self.c, self.factors = c, Factors(c.builder)
        self.written: dict[int, list[str]] = {}
        self.per_row = 1

    def display(self, variable: Variable) -> str:
        """Return a gradient multiplied out, in rows that fit."""
        products = self.c.products[variable]
        if len(products) != 1 or any(factor.acts is not Acts.RIGHT for factor in products[0].tail):
            raise SpecError(f"the gradient of {variable.name} is not one flat product: use its equations")
        (product,) = products
        left = self._left(product)
        tail = [math_latex(self._tree(factor)) for factor in product.tail if not is_ones(factor)]
        symbol = math_latex(row(self.c.names.derivative(self.c.reading.spelled(variable)), EQUALS))
        rows = self._rows([*left[len(left) - product.length :], *tail])
        return f"\\begin{{align*}}\n{symbol} & {rows}\n\\end{{align*}}\n"

    def _left(self, product: Product) -> list[str]:
        if id(product.shared) not in self.written:
            path = (*(product.base or ()), *product.shared)
            if any(factor.acts is Acts.RIGHT for factor in path):
                raise SpecError("the gradients act from both sides: they are no flat products")
            trees = [self._tree(factor) for factor in reversed(path)]
            self.per_row = max(1, int((FRAGMENT - LEFT) / (max(map(em_width, trees)) + 0.2)))
            self.written[id(product.shared)] = list(map(math_latex, trees))
        return self.written[id(product.shared)]

    def _tree(self, factor: Factor) -> Node:
        return self.factors.matrix(self.c.alone(factor))

    def _rows(self, texts: Sequence[str]) -> str:
        step = self.per_row
        rows = [r"\,".join(texts[start : start + step]) for start in range(0, len(texts), step)]
        return " \\\\\n& \\quad ".join(rows)
