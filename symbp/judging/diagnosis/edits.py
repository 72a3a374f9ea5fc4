"""The table of edits of products and sums: what people write instead of one equation of the backward list.

An edit looks at one node of a right side and proposes others for its place, each with a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sympy import (
    Expr,
    HadamardProduct,
    MatAdd,
    MatMul,
    MatrixExpr,
    MatrixSymbol,
    OneMatrix,
    S,
    Transpose,
)

from symbp.equations import operands
from symbp.judging.diagnosis.bench import FREE
from symbp.judging.diagnosis.nodes import PartOfSum, SumOverAll, SumOverUnits
from symbp.judging.diagnosis.sites import (
    Site,
    entrywise,
    error_in,
    is_parameter,
    is_sum,
    nearest_first,
    product,
    rebuilt,
    turned,
    where,
    words,
)
from symbp.symbols import BATCH, Adjoint, Role, Variable


@dataclass(frozen=True)
class Proposal:
    """Something else in the place of a node. ``kind`` overrides that of the row where a case has its own name."""

    node: MatrixExpr
    sentence: str
    kind: str = ""


@dataclass(frozen=True)
class Edit:
    """A row of the table: the kind of mistake, how far it is from simple, and what it proposes for a node."""

    kind: str
    cost: float
    propose: Callable[[Site], Iterator[Proposal]]


def sign(site: Site) -> Iterator[Proposal]:
    """The whole, a summand, or a summand inside a product with the other sign."""
    if site.is_term or (site.parent is not None and is_sum(site.parent)):
        what = site.name if site.parent is None else f"{words(site.node)} in {site.name}"
        yield Proposal(product(S.NegativeOne, site.node), f"wrong sign of {what}")


def constants(site: Site) -> Iterator[Proposal]:
    """The whole or a summand times a number that people forget or write twice."""
    if not site.is_term:
        return
    target = site.equation.lhs.of
    is_bias = isinstance(target, Variable) and target.role in (Role.BIAS, Role.SHIFT)
    what = site.name if site.parent is None else f"the term {words(site.node)} of {site.name}"
    for number, kind in _numbers(site, is_bias).items():
        said = _REMARKS.get(kind, "factor {number} too much in {what}").format(number=words(number), what=what)
        yield Proposal(product(number, site.node), said, kind)
    yield Proposal(product(FREE, site.node), f"factor {words(FREE)} too much in {what}")


_REMARKS = {
    "batch mean missing": "1/m is missing in {what}",
    "batch mean twice": "1/m stands once too often in {what}",
    "mean for sum": "{what} is the mean over the examples, not the sum: 1/m stands once too often",
    "attention scale forgotten": "the scale of the attention is forgotten: factor {number} too much in {what}",
}
"""How a factor is told where it has a meaning."""


def _numbers(site: Site, is_bias: bool) -> dict[Expr, str]:
    outputs, (rows, columns) = site.place.outputs, site.equation.lhs.shape
    kinds: dict[Expr, str] = {
        BATCH: "batch mean missing",
        1 / BATCH: "mean for sum" if is_bias else "batch mean twice",
        S(2): "",
        S.Half: "",
        2 / BATCH: "",
        BATCH / 2: "",
        2 * BATCH: "",
        1 / (2 * BATCH): "",
    }
    for size in (outputs, rows, columns):
        for number in (size, 1 / size, 2 / size):
            kinds.setdefault(number, "")
    kind = "attention scale forgotten" if scores(site) else "coefficient missing"
    for number in coefficients(site):
        kinds[1 / number] = kind
        kinds.setdefault(number, "coefficient twice")
    return {number: kind for number, kind in kinds.items() if number != 1}


def coefficients(site: Site) -> set[Expr]:
    """Return the numbers that stand before products of this equation and of those that use it, batch means apart."""
    lhs = site.equation.lhs
    return site.place.numbers_at(lhs.name)


def scores(site: Site) -> bool:
    """Whether an equation is of the scores of an attention, its queries or its keys."""
    of = site.equation.lhs.of
    return isinstance(of, Variable) and of.role in (Role.SCORE, Role.QUERY, Role.KEY)


def _number(node: MatrixExpr) -> Expr:
    return node.as_coeff_matrices()[0] if isinstance(node, MatMul) else S.One


def missing_coefficient(site: Site) -> Iterator[Proposal]:
    """A product without the number in front of it."""
    number = _number(site.node)
    if number in (S.One, S.NegativeOne):
        return
    kind = "attention scale forgotten" if scores(site) else "coefficient missing"
    kind = "batch mean missing" if number.has(BATCH) else kind
    yield Proposal(product(*operands(site.node)), f"factor {number} missing in {site.name}", kind)


def is_penalty(site: Site) -> bool:
    """Whether a term is that of a regulariser: a number times the parameter itself."""
    return error_in(site.node) is None and isinstance(site.equation.lhs.of, Variable) and site.is_term


def missing_factor(site: Site) -> Iterator[Proposal]:
    """A product with one factor left out."""
    node = site.node
    if not isinstance(node, MatMul | HadamardProduct):
        return
    factors = operands(node)
    for index, factor in enumerate(factors):
        rest = (*factors[:index], *factors[index + 1 :])
        if not rest or isinstance(factor, OneMatrix):
            continue
        join = product if isinstance(node, MatMul) else entrywise
        left = product(_number(node), join(*rest))
        yield Proposal(left, f"factor {words(factor)} missing in {site.name}")


def doubled_factor(site: Site) -> Iterator[Proposal]:
    """A factor written twice."""
    node = site.node
    if not isinstance(node, MatMul | HadamardProduct):
        return
    factors = operands(node)
    for index, factor in enumerate(factors):
        if isinstance(factor, OneMatrix):
            continue
        twice = (*factors[: index + 1], *factors[index:])
        join = product if isinstance(node, MatMul) else entrywise
        yield Proposal(product(_number(node), join(*twice)), f"factor {words(factor)} twice in {site.name}")


def superfluous_factor(site: Site) -> Iterator[Proposal]:
    """An activation, a slope or a weight that does not belong there."""
    node = site.node
    is_activation = isinstance(node, Variable) and node.role is Role.ACTIVATION
    if (
        not isinstance(node, Adjoint)
        and not is_activation
        and not (site.parent is None and not is_parameter(site.equation.lhs.of))
    ):
        return
    symbol = node if isinstance(node, MatrixSymbol) else site.equation.lhs
    place = site.place
    for other in place.same_shape(symbol):
        yield Proposal(entrywise(node, other), f"superfluous factor {words(other)} in {site.name}")
    shape = place.bench.shape(symbol)
    near = [slope for slope in place.slopes if place.bench.shape(slope.output) == shape]
    for slope in sorted(near, key=lambda each: abs(where(each.output)[0] - where(symbol)[0])):
        yield Proposal(entrywise(node, slope), f"superfluous factor {words(slope)} in {site.name}")
    if site.parent is None:
        for weight in place.weights():
            for matrix in (weight, Transpose(weight)):
                yield Proposal(product(matrix, node), f"superfluous factor {words(matrix)} in {site.name}")


def transposed(site: Site) -> Iterator[Proposal]:
    """A factor transposed that should not be, or not transposed that should; the result or the order turned."""
    node = site.node
    if site.parent is None:
        yield Proposal(turned(node), f"{site.name} is transposed")
    if isinstance(site.parent, MatMul | HadamardProduct) and not isinstance(node, OneMatrix):
        bare = isinstance(node, Transpose)
        how = f"{words(node.arg)} must be transposed" if bare else f"{words(node)} must not be transposed"
        yield Proposal(turned(node), f"{how} in {site.name}")


def order(site: Site) -> Iterator[Proposal]:
    """The factors of a product in another order."""
    if isinstance(site.node, MatMul) and len(factors := operands(site.node)) == 2:
        first, second = factors
        for turn in ((second, first), (turned(second), first), (second, turned(first))):
            yield Proposal(product(_number(site.node), *turn), f"factors of {site.name} in the wrong order")


def star_for_at(site: Site) -> Iterator[Proposal]:
    """``*`` where ``@`` belongs: NumPy multiplies entry by entry, and spreads what has one row or column."""
    if not isinstance(site.node, MatMul) or len(factors := operands(site.node)) != 2:
        return
    first, second = factors
    if isinstance(second, OneMatrix):
        return
    for pair in ((first, second), (turned(first), second), (first, turned(second))):
        yield Proposal(product(_number(site.node), entrywise(*pair)), f"* for @ in {site.name}")


def at_for_star(site: Site) -> Iterator[Proposal]:
    """``@`` where ``*`` belongs."""
    if not isinstance(site.node, HadamardProduct) or len(site.node.args) != 2:
        return
    first, second = site.node.args
    for pair in ((first, second), (second, first), (first, turned(second)), (turned(first), second)):
        yield Proposal(product(*pair), f"@ for * in {site.name}")


def missing_term(site: Site) -> Iterator[Proposal]:
    """A sum with one summand left out."""
    if not is_sum(site.node):
        return
    for index, term in enumerate(site.node.args):
        rest = (*site.node.args[:index], *site.node.args[index + 1 :])
        left = rest[0] if len(rest) == 1 else rebuilt(site.node, rest)
        yield Proposal(left, f"term {words(term)} missing in {site.name}", _missing_kind(site, term))


def _missing_kind(site: Site, term: MatrixExpr) -> str:
    error, of = error_in(term), site.equation.lhs.of
    if site.parent is not None:
        return ""
    if error is None:
        return "regulariser missing" if is_parameter(of) else ""
    if isinstance(of, Variable) and of.step is not None and where(error)[1] > of.step:
        return "truncated through time"
    return "use of a shared parameter forgotten" if is_parameter(of) else "residual branch forgotten"


def only_term(site: Site) -> Iterator[Proposal]:
    """Of a sum of several, one summand alone."""
    if is_sum(site.node) and len(site.node.args) > 2:
        for term in site.node.args:
            yield Proposal(term, f"only {words(term)} of the sum {site.name}", _only_kind(site))


def _only_kind(site: Site) -> str:
    of = site.equation.lhs.of
    return "use of a shared parameter forgotten" if is_parameter(of) else "residual branch forgotten"


def no_error(site: Site) -> Iterator[Proposal]:
    """The error of the next step taken as zero: backpropagation through time cut off."""
    of = site.equation.lhs.of
    if site.parent is None and isinstance(of, Variable) and of.step is not None and not is_parameter(of):
        yield Proposal(product(S.Zero, site.node), f"backpropagation through time ends before {site.name}")


def doubled_term(site: Site) -> Iterator[Proposal]:
    """A summand counted twice, the regulariser among them."""
    if site.is_term and site.parent is not None:
        kind = "regulariser doubled" if is_penalty(site) else ""
        yield Proposal(product(S(2), site.node), f"term {words(site.node)} twice in {site.name}", kind)


def penalty_scale(site: Site) -> Iterator[Proposal]:
    """The regulariser times or over the number of examples."""
    if site.parent is not None and is_penalty(site):
        for number in (1 / BATCH, BATCH, S.Half):
            said = f"factor {words(number)} too much in the regulariser {words(site.node)}"
            yield Proposal(product(number, site.node), f"{said} of {site.name}", "regulariser scaled")


def superfluous_penalty(site: Site) -> Iterator[Proposal]:
    """A regulariser that the loss does not have; its strength is fitted."""
    of = site.equation.lhs.of
    if site.parent is None and isinstance(of, Variable) and of.role is Role.WEIGHT and site.node.shape == of.shape:
        rest = site.node.args if is_sum(site.node) else (site.node,)
        if all(error_in(each) is not None for each in rest):
            for strength in (FREE, FREE / BATCH):
                said = f"a regulariser {words(strength)} * {of.name} in {site.name} that the loss does not have"
                yield Proposal(MatAdd(site.node, product(strength, of)), said)


def bias_sum(site: Site) -> Iterator[Proposal]:
    """The error of a bias not added up, or added up along another axis, or along both."""
    if not isinstance(site.node, MatMul) or not isinstance(site.node.args[-1], OneMatrix):
        return
    error = product(*site.node.args[:-1])
    if not operands(site.node)[:-1]:
        return
    yield Proposal(error, f"{site.name} is not summed over the examples", "bias not summed")
    wrong = "bias summed over the wrong axis"
    yield Proposal(SumOverUnits(error), f"{site.name} is summed over the units, not over the examples", wrong)
    yield Proposal(SumOverAll(error), f"{site.name} is summed over everything: axis=1 is missing", "bias axis missing")
    mean = product(1 / site.equation.lhs.shape[0], SumOverUnits(error))
    yield Proposal(mean, f"{site.name} is the mean over the units, not the sum over the examples", wrong)
    everything = product(1 / (site.equation.lhs.shape[0] * BATCH), SumOverAll(error))
    yield Proposal(everything, f"{site.name} is the mean of everything: axis=1 is missing", "bias axis missing")


def overwritten(site: Site) -> Iterator[Proposal]:
    """``=`` for ``+=`` in a loop: of the sums of a product the last term alone counts, or the first."""
    node = site.node
    if not isinstance(node, MatMul) or len(factors := operands(node)) != 2 or site.parent is not None:
        return
    over = "examples" if is_parameter(site.equation.lhs.of) else "units"
    for at, which in ((-1, "last"), (0, "first")):
        part = product(_number(node), PartOfSum(factors[0], factors[1], at))
        said = f"= in place of += in {site.name}: only the {which} of the {over} counts, the others are overwritten"
        yield Proposal(part, said)


def bare_penalty(site: Site) -> Iterator[Proposal]:
    """The strength of the regulariser without the weight."""
    if site.parent is not None and is_penalty(site) and isinstance(site.node, MatMul):
        ones = OneMatrix(*site.equation.lhs.shape)
        said = f"the regulariser of {site.name} is without the weight: {words(site.node)} is the strength times it"
        yield Proposal(product(_number(site.node), ones), said)


def neighbour(site: Site) -> Iterator[Proposal]:
    """Another matrix of the network in the place of one: a neighbouring layer's, the error before or after."""
    node = site.node
    if isinstance(node, Adjoint):
        for other in site.place.errors_before(site.name):
            if other != node:
                yield Proposal(other, f"{other.name} in place of {node.name} in {site.name}", "another error")
    elif is_parameter(node):
        others = [each for each in site.place.weights() if each != node]
        for other in nearest_first(others, node)[:6]:
            for matrix in (other, Transpose(other)):
                said = f"{words(matrix)} in place of {node.name} in {site.name}"
                yield Proposal(matrix, said, "weight of a neighbouring layer")
    elif isinstance(node, MatrixSymbol):
        for other in site.place.same_shape(node):
            kind = _neighbour_kind(node, other)
            yield Proposal(other, f"{words(other)} in place of {node.name} in {site.name}", kind)


def _neighbour_kind(node: MatrixSymbol, other: MatrixSymbol) -> str:
    roles = {node.role, other.role}
    if node.layer == other.layer and roles == {Role.ACTIVATION, Role.PREACTIVATION}:
        return "pre-activation for activation"
    if (node.layer, node.path, node.stem) == (other.layer, other.path, other.stem):
        return "neighbouring step"
    return "activation of a neighbouring layer"


def after_update(site: Site) -> Iterator[Proposal]:
    """A weight that has had its gradient-descent step already; the learning rate is fitted."""
    node = site.node
    if not isinstance(node, Variable) or node.role is not Role.WEIGHT:
        return
    gradient = Adjoint(node)
    place = site.place.bench.place
    if gradient.name in place and place[gradient.name] < place[site.name]:
        moved = MatAdd(node, product(-FREE, gradient))
        yield Proposal(moved, f"{node.name} after its update (learning rate {FREE}) in {site.name}")


EDITS: tuple[Edit, ...] = (
    Edit("sign", 1.0, sign),
    Edit("missing factor", 1.0, missing_factor),
    Edit("transposed", 1.1, transposed),
    Edit("order of the factors", 1.3, order),
    Edit("regulariser superfluous", 1.3, superfluous_penalty),
    Edit("missing term", 1.0, missing_term),
    Edit("missing term", 1.8, only_term),
    Edit("truncated through time", 1.2, no_error),
    Edit("coefficient missing", 0.9, missing_coefficient),
    Edit("doubled term", 1.2, doubled_term),
    Edit("regulariser scaled", 1.3, penalty_scale),
    Edit("constant factor", 1.5, constants),
    Edit("regulariser without the weight", 1.3, bare_penalty),
    Edit("= for +=", 1.3, overwritten),
    Edit("bias not summed", 1.0, bias_sum),
    Edit("* for @", 1.2, star_for_at),
    Edit("@ for *", 1.4, at_for_star),
    Edit("doubled factor", 1.6, doubled_factor),
    Edit("superfluous factor", 2.0, superfluous_factor),
    Edit("neighbour", 1.9, neighbour),
    Edit("weight after the update", 3.0, after_update),
)


OPEN = (constants, after_update, superfluous_penalty)
"""The rows that may leave a number open."""
