"""Every weight's gradient of a deep network multiplied out, as LaTeX: 1000 layers are 15 MB, written as they are made.

Each factor is written once; the product of a layer is the end of a list that its layer shares with all others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from symbp.calculus.factor import Acts, Factor, Product
from symbp.derivation import Derivation
from symbp.errors import SpecError
from symbp.maths.factors import Factors, in_order
from symbp.maths.notation import STANDARD, Notation
from symbp.maths.tree import Node
from symbp.pages.page import Text
from symbp.pages.tell.context import Context
from symbp.pages.tell.derivation import context
from symbp.pages.tell.result import slope_lines
from symbp.roles import Role
from symbp.symbols import Variable
from symbp.views.product import is_flat
from symbp.writing.breaking import FRAGMENT, em_width
from symbp.writing.latex import beside_latex, math_latex, text_latex

HEAD = """% Written by symbp. Needs amsmath. All gradients multiplied out.
{\\allowdisplaybreaks
"""
TAIL = "}\n"

LEFT_SIDE, INDENT, SPACE = 6.0, 1.0, 3 / 18
"""The left side, how far later rows are set in, and what stands between two factors, in em."""


def expanded(derivation: Derivation, notation: Notation = STANDARD, *, measure: float = FRAGMENT) -> Iterator[str]:
    """Yield a LaTeX fragment with every weight's gradient as one flat product, for one example.

    No row is wider than ``measure``, in em.

    Raises:
        SpecError: the network is shown for a batch, or its paths are no single product.
    """
    c = context(derivation, notation)
    if not c.reading.is_one:
        raise SpecError("a batch has no flat products: multiply out for one example")
    texts = _Texts(c, measure)
    yield HEAD
    slopes = slope_lines(c)
    if slopes:
        yield f"{_sentence(c.words('opening.slopes', slopes=c.words.listed(slopes)))}\n"
    for variable, products in c.products.items():
        if variable.role is Role.WEIGHT:
            yield texts.display(variable, products)
    yield TAIL


def _sentence(text: Text) -> str:
    return "".join(text_latex(each) if isinstance(each, str) else f"${math_latex(each)}$" for each in _spans(text))


def _spans(text: Text) -> Iterator[str | Node]:
    return (each for each in text if isinstance(each, str | Node))


@dataclass(frozen=True)
class _Written:
    """Factors in the order in which they stand, each with what is between it and the next, and the widest of them."""

    nodes: list[Node]
    texts: list[str]
    widest: float


def _written(nodes: list[Node]) -> _Written:
    spaces = [*(beside_latex(*pair) for pair in pairwise(nodes)), ""] if nodes else []
    texts = [math_latex(node) + space for node, space in zip(nodes, spaces, strict=True)]
    return _Written(nodes, texts, max(map(em_width, nodes), default=0.0))


class _Texts:
    """The factors of each shared list, written from the side of the parameters to the loss."""

    def __init__(self, c: Context, measure: float) -> None:
        self.c, self.measure = c, measure
        self.factors = Factors(c.builder)
        self.lists: dict[int, _Written] = {}

    def display(self, variable: Variable, products: Sequence[Product]) -> str:
        """Return the gradient of a weight multiplied out, in rows that fit."""
        if len(products) != 1 or not is_flat(products[0].tail):
            raise SpecError(f"the gradient of {variable.name} is not one flat product: use its equations")
        (product,) = products
        path = self._path(product)
        start = len(path.nodes) - product.length
        own = _Written(path.nodes[start:], path.texts[start:], path.widest)
        tail = in_order(product.tail)
        parts = [
            self._nodes(each for each in tail if each.acts is not Acts.RIGHT),
            own,
            self._nodes(each for each in tail if each.acts is Acts.RIGHT),
        ]
        left = math_latex(self.c.names.derivative(self.c.reading.spelled(variable)))
        return f"\\begin{{align*}}\n{left} &= {self._rows([each for each in parts if each.nodes])}\n\\end{{align*}}\n"

    def _path(self, product: Product) -> _Written:
        """Return all factors of the list that a product is a beginning of."""
        found = self.lists.get(id(product.shared))
        if found is None:
            path = [*(product.base or ()), *product.shared]
            if not is_flat(path) or any(each.acts is Acts.RIGHT for each in path):
                raise SpecError("the gradients are no flat products: use their equations")
            found = self.lists[id(product.shared)] = self._nodes(reversed(path))
        return found

    def _nodes(self, factors: Iterable[Factor]) -> _Written:
        return _written([self.factors.one(self.c.alone(each)) for each in factors])

    def _rows(self, parts: Sequence[_Written]) -> str:
        """Return factors in rows of as many as fit."""
        texts: list[str] = []
        for before, part in zip((None, *parts), parts, strict=False):
            if before is not None:
                texts[-1] += beside_latex(before.nodes[-1], part.nodes[0])
            texts += part.texts
        widest = max(part.widest for part in parts) + SPACE
        step = max(1, int((self.measure - LEFT_SIDE - INDENT) / widest))
        return " \\\\\n&\\quad ".join("".join(texts[at : at + step]) for at in range(0, len(texts), step))
