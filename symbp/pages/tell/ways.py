"""The gradient of a weight inside a block as a product: the maps of the blocks it lies behind, then its own part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from sympy import MatAdd, MatrixExpr, MatrixSymbol

from symbp.calculus.factor import Acts, Factor, Paths
from symbp.equations import Equation, symbols_in
from symbp.maths.factors import Factors
from symbp.maths.maps import name_of_part
from symbp.maths.tree import DOTS, EQUALS, TIMES, Node, Tag, joined, row
from symbp.networks.blocks import Kind
from symbp.nodes import matmul
from symbp.op import FactorRole
from symbp.pages.page import Text
from symbp.pages.tell.levels import Deep, kinds_in
from symbp.pages.tell.roles import labels
from symbp.roles import Role
from symbp.symbols import Adjoint, Variable
from symbp.views.blocks import Pull
from symbp.views.layout import COLUMNS
from symbp.views.levels import Inside
from symbp.views.product import Errors, edges
from symbp.views.reading import Reading


@dataclass(frozen=True)
class Way:
    """The factors from the loss to a weight inside a block: ``outer`` up to the block, ``inner`` inside it."""

    gradient: Equation
    inside: Inside
    outer: tuple[Factor, ...]
    inner: tuple[Factor, ...]

    @property
    def leading(self) -> tuple[Factor, ...]:
        """The weights that the error from above meets first."""
        return tuple(takewhile(lambda each: each.acts is Acts.LEFT and each.role is FactorRole.WEIGHT, self.inner))

    @property
    def right(self) -> tuple[Factor, ...]:
        """The input of the weight."""
        return tuple(each for each in self.inner if each.acts is Acts.RIGHT)

    @property
    def is_partial(self) -> bool:
        """Whether there is more inside the block than weights."""
        return len(self.leading) + len(self.right) < len(self.inner)

    @property
    def above(self) -> Adjoint:
        """The error that the part of the map begins with: what the weights at the front make of the one from above."""
        found = self.inside.above
        for each in self.leading:
            sent = matmul(each.expr, found)
            found = next((one.lhs for one in self.inside.reading.errors if one.rhs == sent), found)
        return found

    @property
    def error(self) -> Adjoint:
        """The error that the gradient is a product with."""
        return next(each for each in symbols_in(self.gradient.rhs) if isinstance(each, Adjoint))

    @property
    def input(self) -> MatrixSymbol:
        """What the weight multiplies."""
        return next(each for each in symbols_in(self.gradient.rhs) if not isinstance(each, Adjoint))

    def part(self, c: Deep) -> Node:
        """Return the letter of the part of the block's map that ends at that error."""
        return name_of_part(c.names, self.inside.map, self.error.of)

    @property
    def kinds(self) -> int:
        """How many kinds of blocks it meets."""
        met = {kind for factor in every(self.outer) for kind in kinds_in(factor.expr)}
        return len(met | ({self.inside.part.kind} if self.is_partial else set()))


def every(factors: Sequence[Factor]) -> Iterator[Factor]:
    """Yield factors and those in their branches."""
    for each in factors:
        yield each
        for branch in each.branches:
            yield from every(branch)


def farthest(c: Deep) -> Way | None:
    """Return the way to the weight whose way meets most kinds of blocks, of those the first in the network.

    None where examples are rows: weights act on an error from the right there and maps from the left.
    """
    if c.around.layout is not COLUMNS:
        return None
    found = [way for each in c.levels.insides if not each.has_calls for way in _ways(c, each)]
    return max(found, key=lambda way: way.kinds, default=None)


def _ways(c: Deep, inside: Inside) -> Iterator[Way]:
    by_lhs = {each.lhs: each for each in inside.reading.gradients}
    for weight in (each for each in c.reading.derivation.wrt if each.role is Role.WEIGHT):
        gradient = by_lhs.get(Adjoint(weight))
        if gradient is None or isinstance(gradient.rhs, MatAdd):
            continue
        outer = _to_error(c.around, inside.above)
        inner = _factors((*inside.reading.errors, gradient), (inside.above,), weight)
        if outer and inner:
            alone = inside.reading.alone(gradient), tuple(map(inside.reading.factor_alone, inner[1:]))
            yield Way(alone[0], inside, outer, alone[1])


def _to_error(reading: Reading, error: MatrixExpr) -> tuple[Factor, ...]:
    """Return the factors from where a level starts to one of its errors, the start first; none for other errors."""
    defined = {each.lhs for each in reading.errors}
    used = dict.fromkeys(symbol for each in reading.errors for symbol in each.symbols if symbol not in defined)
    given = tuple(each for each in used if isinstance(each, Adjoint))
    if error not in defined and error not in given:
        return ()
    rows, columns = error.shape
    probe = Variable("probe", rows, columns, Role.WEIGHT, "probe")
    return _factors((*reading.errors, Equation(Adjoint(probe), error)), given, probe)


def _factors(equations: tuple[Equation, ...], given: tuple[MatrixExpr, ...], of: Variable) -> tuple[Factor, ...]:
    terms = Paths(Errors(equations, given), (of,), None, edges).terms(of)
    return terms[0] if len(terms) == 1 else ()


def product(c: Deep, way: Way) -> Node:
    """Return ∂𝓛/∂W as a product from the weight to the loss, its input last, with words under the factors."""
    inside = {id(each) for factor in way.outer for branch in factor.branches for each in every(branch)}
    writer = Factors(c.builder, lambda factor: () if id(factor) in inside else _labels(c, factor))
    source, *others = way.outer
    found: list[Node] = [_part(c, way)] if way.is_partial else []
    found += writer.flat(way.leading)
    found += [*writer.flat(others), *_above(c, writer)] if isinstance(source.expr, Adjoint) else writer.flat(way.outer)
    found += writer.flat(way.right)
    return row(c.names.derivative(way.gradient.lhs.of), EQUALS, joined(found, TIMES))


def _part(c: Deep, way: Way) -> Node:
    """Return the part of the block's map that ends at the error that the gradient is a product with."""
    return Tag(way.part(c), role="part", label=_words(c, _kind(c, way.inside.part.kind)))


def _above(c: Deep, writer: Factors) -> list[Node]:
    """Return the maps of the blocks above, and what stands between the last of them and the loss."""
    assert c.repeated is not None
    output, index = c.repeated
    first, last = (c.map_at(at) for at in (index.symbol + 1, c.last[index.letter]))
    maps = Tag(row(first, TIMES, DOTS, TIMES, last), role="maps", label=_words(c, c.words("part.above")))
    final = dict(c.levels.top.instances[output.of, len(output.indices)])[index.last,]
    return [maps, *writer.flat(_to_error(c.levels.top, Adjoint(final)))]


def _labels(c: Deep, factor: Factor) -> tuple[str, ...]:
    """Return the words under a factor: of a sum of maps, which blocks the skip goes around."""
    if factor.acts is Acts.RIGHT:
        return _words(c, c.words("role.input"))
    if factor.acts is Acts.OPERATOR and isinstance(factor.expr, Pull):
        return _words(c, _kind(c, factor.expr.kind))
    if factor.acts is not Acts.SUM:
        return labels(c, factor) if c.roles else ()
    kinds = dict.fromkeys(kind for each in every([factor]) for kind in kinds_in(each.expr) if kind is not Kind.NORM)
    return _words(c, c.words("part.skip", parts=c.words.listed([_kind(c, kind) for kind in kinds])))


def _kind(c: Deep, kind: Kind) -> Text:
    return c.words(f"part.{kind}")


def _words(c: Deep, text: Text) -> tuple[str, ...]:
    """Return words one a line; none where factors have no words."""
    return tuple(str(span) for span in text) if c.roles else ()
