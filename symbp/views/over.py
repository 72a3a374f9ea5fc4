"""Sums and stacks whose terms are one term for every value of an index."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, cast

from sympy import Basic, Expr, Integer, MatAdd, MatrixExpr, Symbol

from symbp.ops.structure import Stack
from symbp.views.skeleton import put_in
from symbp.views.turned import Form, Turned, plain


class Over(MatrixExpr):
    """One term for every value of an index from ``first`` to ``last``, put together in this order."""

    def __new__(cls, index: Symbol, first: int | Expr, last: int | Expr, term: MatrixExpr) -> Over:
        bounds = (each if isinstance(each, Expr) else Integer(each) for each in (first, last))
        return cast("Over", Basic.__new__(cls, index, *bounds, term))

    index = property(lambda self: cast("Symbol", self.args[0]))
    first = property(lambda self: int(self.args[1]))
    last = property(lambda self: int(self.args[2]))
    term = property(lambda self: cast("MatrixExpr", self.args[3]))

    whole: ClassVar[type]
    """What the terms are put together to."""

    def terms(self) -> Iterator[MatrixExpr]:
        """Yield the term with each value of the index put in, those of a sum inside a sum one by one."""
        for term in map(self.at, range(self.first, self.last + 1)):
            if type(term) is type(self):
                yield from term.terms()
            else:
                yield term

    def at(self, value: int) -> MatrixExpr:
        """Return the term for a value of the index."""
        return put_in(self.term, {self.index: Integer(value)})

    def written_out(self) -> MatrixExpr:
        """Return the same with all its terms."""
        return cast("MatrixExpr", Basic.__new__(self.whole, *self.terms()))


def sums_in(expr: Any) -> Iterator[Over]:
    """Yield the sums, or stacks, that stand in one another: the outermost first."""
    while isinstance(expr, Over):
        yield expr
        expr = plain(expr.term)


class SumOver(Over):
    """∑ of a term over an index."""

    whole = MatAdd
    shape = property(lambda self: self.term.shape)


class StackOver(Over):
    """A term for every value of an index, one above another."""

    whole = Stack

    @property
    def shape(self) -> tuple[Any, Any]:
        """All rows of all terms."""
        rows, columns = self.term.shape
        return (self.last - self.first + 1) * rows, columns


class BesideOver(StackOver):
    """A term for every value of an index, one beside another: a stack of transposes."""

    @property
    def shape(self) -> tuple[Any, Any]:
        """All columns of all terms."""
        rows, columns = self.term.shape
        return rows, (self.last - self.first + 1) * columns

    def written_out(self) -> MatrixExpr:
        """Return the same with all its terms."""
        terms = tuple(self.terms())
        form = Form(Stack, out=1, flags=2 ** len(terms) - 1)
        return Turned(form, *terms)
