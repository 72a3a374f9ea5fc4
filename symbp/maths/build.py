"""From an expression to a tree: brackets, signs and the order of factors are decided here, once."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any, NamedTuple, cast

from sympy import (
    DiagMatrix,
    Dummy,
    Expr,
    HadamardProduct,
    Identity,
    Integer,
    MatAdd,
    MatMul,
    MatrixExpr,
    MatrixSymbol,
    Mul,
    OneMatrix,
    Pow,
    S,
    Symbol,
    Transpose,
    ZeroMatrix,
)
from sympy.matrices.expressions.matexpr import MatrixElement

from symbp.equations import operands
from symbp.maths.functions import own_name
from symbp.maths.maps import mapped_once, name_of_call, name_of_map
from symbp.maths.names import MARKS, Names, Slot
from symbp.maths.scalars import Level, Scalars, Written, call, number, powered, word
from symbp.maths.tree import (
    APPLY,
    BECOMES,
    COMMA,
    EQUALS,
    HADAMARD,
    MINUS,
    NEGATIVE,
    PLUS,
    PRIME,
    SLASH,
    TIMES,
    TRANSPOSE,
    Fence,
    Frac,
    Id,
    Node,
    Num,
    Script,
    Sign,
    Table,
    Tag,
    joined,
    row,
)
from symbp.nodes import hadamard, number_and_factors
from symbp.op import Op
from symbp.ops.attention import MaskedSoftmax
from symbp.ops.elementwise import OUTPUT, Elementwise, Formula, GenericFunction, ScalarFunction, Slope
from symbp.ops.literal import Literal
from symbp.ops.losses import EntrywiseLoss, GenericLoss, LinkedLoss, LossGradient
from symbp.ops.penalty import Penalty
from symbp.ops.rearrange import Piece, Rearrange
from symbp.ops.scalar import signum, step
from symbp.ops.softmax import Softmax
from symbp.ops.square import Inv
from symbp.ops.structure import Pad, Rows
from symbp.symbols import BATCH, Adjoint, Role
from symbp.views.blocks import Call, Pull
from symbp.views.images import bias_of
from symbp.views.layout import LAYOUTS
from symbp.views.over import BesideOver, Over, StackOver, SumOver
from symbp.views.turned import Turned, loss_of, operation, plain


class Rectified(NamedTuple):
    """A form of the slope of ReLU: of what stands before it, or of its output."""

    expr: Expr
    variable: Symbol
    of_output: bool = False


_X = Symbol("x", real=True)

RECTIFIED: Mapping[str, Mapping[str, Rectified]] = {
    "relu": {"indicator": Rectified(step(_X), _X), "sign": Rectified(signum(_X), _X, of_output=True)}
}
"""What a notation may write for ReLU′: 1[z > 0], sgn(a)."""

THROUGH_OUTPUT = ("tanh", "sigmoid", "exp")
"""Functions whose slope everybody writes through the output: 1 − a², a ⊙ (1 − a), a."""


class Builder:
    """Writes matrix expressions as trees, with the names of one page.

    Args:
        names: how symbols are spelled.
        by_output: write every slope through the output that has such a form, not those of tanh and sigmoid alone.
        functions: what stands for a function, where it is not its own name.
        places: the letters of the row and the column of an entry.
        apart: the outputs whose slopes have indices like those of others: D has the output below.
        through_output: the functions whose slope is written through the output, without ``by_output``.
        channels: write a bias of channels as its letter; the page says that it is added at all places of a channel.
        gradients: write the gradient of what is given as ∂𝓛/∂W; else as an error, as those of all others.
    """

    def __init__(
        self,
        names: Names,
        *,
        by_output: bool = False,
        functions: Mapping[ScalarFunction, Node] | None = None,
        places: tuple[str, str] = ("i", "j"),
        apart: Container[Slot] = (),
        through_output: Container[str] = THROUGH_OUTPUT,
        gradients: bool = True,
        channels: bool = False,
    ) -> None:
        self.channels = channels
        self.given = GIVEN if gradients else ()
        self.names, self.by_output, self.functions = names, by_output, dict(functions or {})
        self.places, self.apart, self.through_output = places, apart, through_output

    def tree(self, expr: MatrixExpr) -> Node:
        """Return an expression as a tree.

        Raises:
            RuleNotFoundError: a scalar function nobody taught how to print.
        """
        return self.write(expr).signed

    def equation(self, lhs: MatrixSymbol, rhs: MatrixExpr) -> Node:
        """Return lhs = rhs, g ← rhs of an error in place; a gradient by a parameter stands on the left as ∂𝓛/∂W."""
        replaces = self.names.one_error and isinstance(lhs, Adjoint) and lhs.of.role not in self.given
        return row(self.left_side(lhs), BECOMES if replaces else EQUALS, self.tree(rhs))

    def left_side(self, symbol: MatrixSymbol) -> Node:
        """Return a symbol as the thing that is defined: the gradient by what is given is a fraction."""
        if isinstance(symbol, Adjoint) and symbol.of.role in self.given:
            return self.names.derivative(symbol.of, symbol)
        return self.names.symbol(symbol)

    def write(self, expr: MatrixExpr) -> Written:
        """Return an expression as a tree with its level and sign."""
        for kind in type(expr).__mro__:
            if kind in RULES:
                return RULES[kind](self, expr)
        return self.number(expr)

    def number(self, expr: Expr) -> Written:
        """Return a number; the only entry of a matrix of one row and one column is spelled like the matrix."""
        found = {each: Dummy(each.parent.name) for each in expr.atoms(MatrixElement)}
        names = {letter: self.within(each.parent, Level.ATOM) for each, letter in found.items()}
        return Scalars(names).write(expr.xreplace(found))

    def within(self, expr: MatrixExpr, context: Level) -> Node:
        """Return an expression as it stands inside an operation."""
        return self.write(expr).within(context)

    def function(self, function: ScalarFunction) -> Node:
        """Return the name of a scalar function: f with its layer, or a word."""
        if function in self.functions:
            return self.functions[function]
        if isinstance(function, GenericFunction):
            return self._open(function)
        return own_name(function)

    def _open(self, function: GenericFunction) -> Node:
        """Return the letter of a function that is left open, with its number where the notation has it."""
        notation = self.names.notation
        count = self.names.count("activation_number", function.args[1])
        opening, closing = MARKS[notation.layer]
        above = Fence(count, opening, closing) if opening else count
        letter = Id(notation.function)
        marked = {"below": Script(letter, count), "above": Script(letter, None, above), "none": letter}
        return marked[notation.function_index]

    def applied(self, name: Node, *arguments: Node) -> Node:
        """Return a scalar function applied to its arguments, in the brackets of the notation."""
        opening, closing = ARGUMENTS[self.names.notation.arguments]
        return row(name, APPLY, Fence(joined(arguments, COMMA), opening, closing))

    def is_row(self, node: LossGradient) -> bool:
        """Whether the gradient of a loss left open is written as a derivative that is a row as it stands."""
        notation = self.names.notation
        return not notation.named_loss_gradient and LAYOUTS[notation.layout].holds(Adjoint(node.args[0]))

    def scaled(self, factor: Expr, body: Written) -> Written:
        """Return a number times something."""
        negative = bool(factor.could_extract_minus_sign())
        size = -factor if negative else factor
        if size == 1:
            return body._replace(negative=body.negative != negative)
        inner = body._replace(negative=False).within(Level.PRODUCT)
        node = row(self.number(size).within(Level.PRODUCT), TIMES, inner)
        return Written(node, Level.PRODUCT, body.negative != negative)

    def formula(self, expr: Expr, names: Mapping[Symbol, Node]) -> Written:
        """Return a scalar expression applied entry by entry."""
        return Scalars(names, frozenset(names)).write(expr)


ARGUMENTS: Mapping[str, tuple[str, str]] = {"round": ("(", ")"), "square": ("[", "]")}
"""The brackets around what a function is applied to."""

GIVEN = (Role.WEIGHT, Role.BIAS, Role.SCALE, Role.SHIFT, Role.INPUT)
"""What gradients are asked for: they are written ∂𝓛/∂W, every other one as an error."""


def _symbol(b: Builder, node: MatrixSymbol) -> Written:
    if isinstance(node, Adjoint) and node.of.role in b.given:
        return Written(b.names.derivative(node.of, node))
    return Written(b.names.symbol(node))


def _transpose(b: Builder, node: Transpose) -> Written:
    if isinstance(node.arg, Adjoint) and node.arg.of.role in GIVEN:
        return Written(Script(Fence(b.names.derivative(node.arg.of)), None, TRANSPOSE))
    if isinstance(node.arg, MatrixSymbol):
        return Written(b.names.symbol(node.arg, transposed=True))
    if isinstance(node.arg, LossGradient) and b.is_row(node.arg):
        return Written(b.names.loss_gradient(node.arg.args[0], node))
    if isinstance(node.arg, Inv):
        return Written(Script(b.within(node.arg.args[0], Level.ATOM), None, row(NEGATIVE, TRANSPOSE)))
    return Written(Script(b.within(node.arg, Level.ATOM), None, TRANSPOSE))


def _product(b: Builder, node: MatMul) -> Written:
    factor = Mul(*(arg for arg in node.args if not isinstance(arg, MatrixExpr)))
    negative = bool(factor.could_extract_minus_sign())
    factor = -factor if negative else factor
    matrices = operands(node)
    loss = loss_of(node)
    if type(loss) in LOSSES and factor.free_symbols <= {BATCH}:
        found = LOSSES[type(loss)](b, matrices[0], factor)
        return found._replace(negative=found.negative != negative)
    if all(isinstance(each, OneMatrix) and each.shape == (1, 1) for each in matrices):
        return b.number(factor)._replace(negative=negative)
    if b.names.notation.sums == "columns" and len(matrices) == 2:
        counted = _over_examples(b, *matrices)
        if counted is not None:
            front = [] if factor == 1 else [b.number(factor).node, TIMES]
            return Written(row(*front, counted.node), counted.level, negative)
    if factor == 1 and len(matrices) == 1:
        only = b.write(matrices[0])
        if not negative or only.level is not Level.SUM:
            return only._replace(negative=only.negative != negative)
    split = list(map(apart, matrices))
    written = [as_number(b, each) for numbers, _ in split for each in numbers]
    written += [b.write(rest) for _, rest in split]
    signs = [each.negative and each.level is not Level.SUM for each in written]
    negative ^= sum(signs) % 2 == 1
    factors = [
        (each._replace(negative=False) if sign else each).within(Level.PRODUCT)
        for each, sign in zip(written, signs, strict=True)
    ]
    if _is_inverse_root(factor):
        return Written(row(joined(factors, TIMES), SLASH, number(1 / factor)), Level.PRODUCT, negative)
    front = [] if factor == 1 else [b.number(factor).within(Level.PRODUCT)]
    nodes = [*front, *factors]
    return Written(joined(nodes, TIMES), Level.PRODUCT if len(nodes) > 1 else Level.ATOM, negative)


def _over_examples(b: Builder, left: MatrixExpr, right: MatrixExpr) -> Written | None:
    """Return b for b 1ᵀ, the same for every example, and ∑ of the columns for Z 1; None where ones are no examples."""
    symbol, ones_ = (right, left) if isinstance(left, OneMatrix) else (left, right)
    if not isinstance(symbol, MatrixSymbol) or not isinstance(ones_, OneMatrix) or BATCH not in ones_.shape:
        return None
    if symbol.shape == (BATCH, 1) or BATCH not in symbol.shape:
        return b.write(symbol)
    i = b.places[0]
    sign = Script(Sign("∑", "big"), row(Id(i), EQUALS, Num("1")), number(BATCH))
    return Written(row(sign, TIMES, b.names.example(symbol, i)), Level.PRODUCT)


def _is_inverse_root(factor: Expr) -> bool:
    """Whether a number is 1/√d, which stands behind the product: KᵀQ/√d."""
    inverse = 1 / factor
    return factor != 1 and isinstance(inverse, Pow) and inverse.exp == S.Half


def _sum(b: Builder, node: MatAdd) -> Written:
    """Return a sum; ones in every place are 1, as in 1 − z, and a bias of channels is added at every place as it is."""
    mapped = map_of(b, node)
    if mapped is not None:
        return Written(row(mapped[0], TIMES, b.within(mapped[1], Level.PRODUCT)), Level.PRODUCT)
    items: list[Node] = []
    for at, term in enumerate(
        sorted(node.args, key=_is_no_bias) if b.names.notation.bias_place == "first" else node.args
    ):
        bias = bias_of(term) if b.channels else None
        part = Written(b.names.symbol(bias)) if bias is not None else _constant(b, term) or b.write(term)
        items += [MINUS if part.negative else PLUS] if at else [NEGATIVE] * part.negative
        items.append(Fence(part.node) if part.negative and part.level is Level.SUM else part.node)
    return Written(row(*items), Level.SUM)


def _is_no_bias(term: MatrixExpr) -> bool:
    """Whether a term is none that is only added: a bias, alone or for every example."""
    first = term.args[0] if isinstance(term, MatMul) else term
    return getattr(first, "role", None) is not Role.BIAS or isinstance(first, Adjoint)


def _constant(b: Builder, term: MatrixExpr) -> Written | None:
    """Return a number for the matrix that has it in every place; None for any other matrix."""
    factor, matrices = number_and_factors(term)
    if len(matrices) == 1 and isinstance(matrices[0], OneMatrix):
        negative = bool(factor.could_extract_minus_sign())
        return b.number(-factor if negative else factor)._replace(negative=negative)
    return None


def map_of(b: Builder, expr: MatrixExpr) -> tuple[Node, MatrixExpr] | None:
    """Return the map of blocks that an expression is, such as I + 𝒩ℱ in brackets, and what it acts on."""
    error = mapped_once(expr)
    if error is None:
        return None
    terms = expr.args if isinstance(expr, MatAdd) else (expr,)
    chains = [_chain(b, each, error) for each in sorted(terms, key=lambda term: term != error)]
    return (chains[0] if len(chains) == 1 else Fence(joined(chains, PLUS))), error


def _chain(b: Builder, term: MatrixExpr, error: MatrixExpr) -> Node:
    """Return the maps of a term, the last to act first; I where there is none."""
    found: list[Node] = []
    while isinstance(term, Pull) and term != error:
        found.append(name_of_map(b.names, term))
        term = term.error
    return joined(found, TIMES) if found else Id("I")


def _pull(b: Builder, node: Pull) -> Written:
    return Written(row(name_of_map(b.names, node), TIMES, b.within(node.error, Level.PRODUCT)), Level.PRODUCT)


def _call(b: Builder, node: Call) -> Written:
    """Return att(norm X): a call of one symbol in another call has no brackets."""
    name = name_of_call(node)
    inside = [_argument(b, each, alone=len(node.inputs) == 1) for each in node.inputs]
    return Written(call(name, *inside))


def _argument(b: Builder, expr: MatrixExpr, *, alone: bool) -> Node:
    if isinstance(expr, Call) and alone and all(isinstance(each, MatrixSymbol) for each in expr.inputs):
        return row(name_of_call(expr), APPLY, joined([b.tree(each) for each in expr.inputs], COMMA))
    return b.tree(expr)


def _hadamard(b: Builder, node: HadamardProduct) -> Written:
    """Return a product entry by entry; a factor that stands there several times is a power, 1/B divides.

    The same number in every place multiplies as a number.
    """
    numbers, rest = apart(node)
    if numbers:
        return multiplied([*(as_number(b, each) for each in numbers), b.write(rest)], TIMES)
    counts: dict[MatrixExpr, int] = {}
    for each in sorted(node.args, key=_is_no_slope) if b.names.notation.slope == "before" else node.args:
        counts[each] = counts.get(each, 0) + 1
    parts = [_power(b, each, times) for each, times in counts.items()]
    if len(parts) == 1:
        return parts[0]
    if node.shape == (1, 1):
        return multiplied(parts, TIMES)
    return multiplied(parts, HADAMARD, bare=not b.names.notation.product_brackets)


def multiplied(parts: Sequence[Written], between: Sign, *, bare: bool = False) -> Written:
    """Return a product with its sign in front, what is 1/B below a line; ``bare`` leaves the first without brackets."""
    level = Level.PRODUCT if between is TIMES else Level.HADAMARD
    negative = sum(part.negative for part in parts if part.level is not Level.SUM) % 2 == 1
    parts = [part if part.level is Level.SUM else part._replace(negative=False) for part in parts]
    over = [part for part in parts if _under(part) is None]
    under = [found for part in parts if (found := _under(part)) is not None] if over else []
    first, *others = over or parts
    is_bare = bare and first.level is Level.PRODUCT and not first.negative
    sides = [first.node if is_bare and others else first.within(level), *(each.within(level) for each in others)]
    if len(sides) == 1:
        sides = [first.signed]
    if not under:
        return Written(joined(sides, between), level, negative)
    if between is TIMES and not (len(over) == 1 and first.level in (Level.ATOM, Level.HADAMARD)):
        sides[0] = first.within(level)
        return Written(joined([Frac(Num("1"), joined(under, between)), *sides], TIMES), level, negative)
    return Written(Frac(joined(sides, between), joined(under, between)), Level.POWER, negative)


def as_number(b: Builder, expr: MatrixExpr) -> Written:
    """Return a 1×1 as a number of a product: in brackets where it is a product itself."""
    found = b.write(expr)
    return Written(found._replace(negative=False).within(Level.ATOM), Level.ATOM, found.negative)


def _under(part: Written) -> Node | None:
    """Return B of 1/B; None of anything else."""
    return part.node.under if isinstance(part.node, Frac) and part.node.over == Num("1") else None


def apart(expr: MatrixExpr) -> tuple[list[MatrixExpr], MatrixExpr]:
    """Return the numbers that a product entry by entry has in every place, 1·s·1ᵀ, and what else it multiplies."""
    if not isinstance(expr, HadamardProduct):
        return [], expr
    numbers = [each for each in map(number_everywhere, expr.args) if each is not None]
    others = [each for each in expr.args if number_everywhere(each) is None]
    if not numbers or not others:
        return [], expr
    return numbers, hadamard(*others) if len(others) > 1 else others[0]


def number_everywhere(factor: MatrixExpr) -> MatrixExpr | None:
    """Return the 1×1 that a matrix has in every place, 1·s·1ᵀ; None for any other matrix."""
    if not isinstance(factor, MatMul) or factor.shape == (1, 1):
        return None
    inside = [each for each in factor.args if not isinstance(each, OneMatrix)]
    return inside[0] if len(inside) == 1 and inside[0].is_Matrix and inside[0].shape == (1, 1) else None


def _is_no_slope(expr: MatrixExpr) -> bool:
    return not isinstance(plain(expr.arg if isinstance(expr, Transpose) else expr), Slope)


def _power(b: Builder, base: MatrixExpr, exponent: int) -> Written:
    """Return a power entry by entry; of a square matrix, which might be multiplied by itself, every factor."""
    part = b.write(base)
    if exponent > 1 and base.shape[0] == base.shape[1] != 1:
        return Written(joined([part.within(Level.HADAMARD)] * exponent, HADAMARD), Level.HADAMARD)
    return part if exponent == 1 else Written(powered(part, Num(str(exponent))), Level.POWER)


def _elementwise(b: Builder, node: Elementwise) -> Written:
    function, inputs = node.function, node.args[1:]
    if isinstance(function, Formula):
        return b.formula(function.expr, dict(zip(function.variables, map(b.tree, inputs), strict=True)))
    return Written(b.applied(Tag(b.function(function), of=function), *map(b.tree, inputs)))


def _slope(b: Builder, node: Slope) -> Written:
    function = node.function
    through = function.slope_by_output
    if through is not None and (b.by_output or isinstance(function, Formula) or function.name in b.through_output):
        expr = through.xreplace(dict(function.parameters))
        return b.formula(expr, {OUTPUT: b.names.symbol(node.output)})
    if isinstance(function, Formula):
        return b.formula(
            function.slopes[node.index], dict(zip(function.variables, map(b.tree, node.inputs), strict=True))
        )
    if function.name in RECTIFIED and (form := RECTIFIED[function.name].get(b.names.notation.relu_slope)):
        return b.formula(form.expr, {form.variable: b.names.symbol(node.output if form.of_output else node.inputs[0])})
    return Written(b.applied(Tag(slope_name(b.function(function), node), of=function), *map(b.tree, node.inputs)))


def slope_name(name: Node, node: Slope) -> Node:
    """Return the name of a slope: f′ of one operand, or where the second is a target; else ∂₁ℓ, ∂₂ℓ."""
    if len(node.inputs) == 1 or all(_is_given(each) for at, each in enumerate(node.inputs) if at != node.index):
        return primed(name)
    return row(Script(Sign("∂", "prefix"), Num(str(node.index + 1))), name)


def _is_given(node: MatrixExpr) -> bool:
    return getattr(node, "role", None) is Role.TARGET


def primed(name: Node) -> Node:
    """Return f′ for f."""
    if isinstance(name, Script) and name.sup is None:
        return Script(name.base, name.sub, PRIME)
    return Script(name, None, PRIME)


def _inverse(b: Builder, node: Inv) -> Written:
    return Written(Script(b.within(node.args[0], Level.ATOM), None, row(NEGATIVE, Num("1"))))


def _ones(b: Builder, node: OneMatrix) -> Written:
    rows, columns = node.shape
    one = Id("1", "bold")
    if rows == 1:
        return Written(Num("1") if columns == 1 else Script(one, None, TRANSPOSE))
    if columns == 1:
        return Written(one)
    return Written(row(one, TIMES, Script(one, None, TRANSPOSE)), Level.PRODUCT)


def _operation(b: Builder, node: Op) -> Written:
    """Return an operation: its sign between its operands, or its name applied to them."""
    inside = operands(node)
    if node.sign is not None and len(inside) == 2:
        sides = [b.within(each, Level.ATOM) for each in inside]
        return Written(joined(sides, sign_of(node)), Level.HADAMARD)
    name: Node = word(node.label)
    below = settings(node)
    if below:
        name = Script(name, joined(below, COMMA))
    name = Tag(name, of=kind_of(node))
    return Written(call(name, *map(b.tree, inside)) if inside else name)


def sign_of(node: Op) -> Sign:
    """Return the sign between the operands of an operation, its settings below: s = 2 for a stride, ↑2 going back."""
    assert node.sign is not None
    below = _sliding(node)
    return Sign(node.sign, "bin", joined(below, COMMA) if below else None)


def _sliding(node: Op) -> list[Node]:
    """Return how a window moves, each setting with a number for every axis, or one for all."""
    below: list[Node] = []
    for name, sizes in node.sign_settings:
        shown = sizes if len(set(sizes)) > 1 else sizes[:1]
        value = joined([Num(str(each)) for each in shown], Sign("×"))
        below.append(row(Id(name), EQUALS, value) if name.isalpha() else row(Sign(name, "ord"), value))
    return below


def kind_of(node: Op) -> str:
    """Return the name of what an operation is; attention without a mask is the softmax of every column."""
    is_plain = isinstance(node, MaskedSoftmax) and not node.is_masked
    return Softmax.__name__ if is_plain else type(node).__name__


def settings(node: Op) -> list[Node]:
    """Return what stands below the name of an operation: sizes, and words for what changes its meaning."""
    words = [word(each) for each in node.mark.split(",") if each]
    return [*(Num(str(each)) for each in node.size), *words, *_sliding(node)]


def _operator(b: Builder, node: Op) -> Written:
    """Return an operator of the backward list: its name, with what it belongs to below, and the error it acts on."""
    if node.acts_on is None or node.sign is not None:
        return _operation(b, node)
    return Written(call(operator_name(b, node), b.tree(node.args[node.acts_on])))


def operator_name(b: Builder, node: Op) -> Node:
    """Return the name of an operator of the backward list, with what it belongs to below: J_P."""
    node = cast("Op", plain(node))
    if isinstance(node, Pull):
        return name_of_map(b.names, node)
    if isinstance(node, Rows | Pad):
        return _rows_name(node)
    if isinstance(node, Rearrange):
        return axes_name(node)
    belongs = [each for at, each in enumerate(node.args) if at != node.acts_on and isinstance(each, MatrixSymbol)]
    below = [*map(b.names.symbol, belongs[-1:]), *settings(node)]
    name = word(node.label)
    return Tag(Script(name, joined(below, COMMA)) if below else name, of=type(node).__name__)


def _rows(b: Builder, node: Rows | Pad) -> Written:
    return Written(call(_rows_name(node), b.tree(node.args[0])))


def _rows_name(node: Rows | Pad) -> Node:
    """Return the name of what takes rows, or puts them in their place, with the first and the last below."""
    return _block_name(node, node.extent, node.label)


def _rearrange(b: Builder, node: Rearrange) -> Written:
    return Written(call(axes_name(node), b.tree(node.args[0])))


def axes_name(node: Rearrange) -> Node:
    """Return the name of a rearrangement: below it the indices of rows and columns, before and behind."""
    sides = [joined([_group(pieces) for pieces in side if pieces], COMMA) for side in node.sides()]
    return Tag(Script(word(node.label), joined(sides, Sign("→", "rel"))), of=type(node).__name__)


def _group(pieces: tuple[Piece, ...]) -> Node:
    """Return the indices that make rows or columns, in brackets what is more than a letter beside others."""
    found = [_span(*each) if isinstance(each, tuple) else number(each) for each in pieces]
    return row(*(each if len(found) == 1 or isinstance(each, Id) else Fence(each) for each in found))


def _span(first: Expr, last: Expr) -> Node:
    return row(number(first), Sign(":", "rel"), number(last)) if first != last else number(first)


def _block_name(node: Op, extent: tuple[Expr, Expr] | None, label: str) -> Node:
    return Tag(Script(word(label), _span(*(extent or (S.One, S.One)))), of=type(node).__name__)


def _generic_loss(b: Builder, node: GenericLoss) -> Written:
    return Written(call(Tag(b.names.notation.loss_letter, of="loss"), *map(b.tree, node.args)))


def _loss_gradient(b: Builder, node: LossGradient) -> Written:
    notation = b.names.notation
    if notation.named_loss_gradient:
        return Written(Tag(Id(notation.loss_gradient), of=node))
    return Written(b.names.loss_gradient(node.args[0], node))


def _mean(factor: Expr, body: Written) -> Written:
    """Return a number times a sum over entries."""
    if factor == 1:
        return body
    inner = body._replace(negative=False).within(Level.PRODUCT)
    return Written(row(number(factor), TIMES, inner), Level.PRODUCT, body.negative)


def _entrywise_loss(b: Builder, node: EntrywiseLoss | Turned, weight: Expr = S.One) -> Written:
    """Return 1/(2m) ‖A − Y‖² for squares, else the sum over all entries of ℓ; a weight is one number with 1/m."""
    function, a, y = plain(node).args
    examples = operation(node).examples
    if function.name == "mse":
        difference = row(b.tree(a), MINUS, b.within(y, Level.PRODUCT))
        return _mean(weight / (2 * examples), Written(Script(Fence(difference, "‖", "‖"), None, Num("2")), Level.POWER))
    places = entry_letters(b, a)
    entries = [b.names.entry(each, *places) for each in (a, y)]
    body = call(Tag(b.function(function), of=function), *entries)
    return _mean(weight / examples, Written(row(big_sum(places), TIMES, body), Level.PRODUCT))


def _linked_loss(b: Builder, node: LinkedLoss | Turned, weight: Expr = S.One) -> Written:
    """Return −1/m Σ y log p, or with both logarithms; a weight is one number with 1/m."""
    _, p, y = plain(node).args
    loss, columns = operation(node), operation(node).args[1].shape[1]
    places = entry_letters(b, p)
    prediction, target = (b.names.entry(each, *places) for each in (p, y))
    log = Id("log", "upright")
    first = row(target, TIMES, log, APPLY, prediction)
    if loss.name == "cross_entropy":
        return _mean(weight / columns, Written(row(big_sum(places), TIMES, first), Level.PRODUCT, negative=True))
    second = row(Fence(row(Num("1"), MINUS, target)), TIMES, log, APPLY, Fence(row(Num("1"), MINUS, prediction)))
    both = Fence(row(first, PLUS, second))
    return _mean(weight / columns, Written(row(big_sum(places), TIMES, both), Level.PRODUCT, negative=True))


def entry_letters(b: Builder, matrix: MatrixExpr) -> tuple[str, ...]:
    """Return the indices of an entry: i of a column, i and j of a matrix."""
    return b.places[:1] if matrix.shape[1] == 1 else b.places


def big_sum(places: tuple[str, ...]) -> Node:
    """Return a sum sign with its indices below."""
    return Script(Sign("∑", "big"), joined([Id(each) for each in places], COMMA))


def _penalty(b: Builder, node: Penalty) -> Written:
    """Return λ/2 times the squares of all weights; of many the first and the last."""
    factor, *weights = node.args
    squares = [Script(Fence(b.tree(each), "‖", "‖"), None, Num("2")) for each in weights]
    shown = squares if len(squares) <= MOST_SQUARES else [squares[0], Sign("⋯", "ord"), squares[-1]]
    total = joined(shown, PLUS)
    return _mean(factor / 2, Written(total, Level.SUM if len(shown) > 1 else Level.POWER))


MOST_SQUARES = 3
"""Longest sum of squared weights written out."""


def _turned(b: Builder, node: Turned) -> Written:
    """Return an operation along rows as it is written along columns; a loss has the calculus's own columns."""
    if node.form.kind in LOSSES:
        return LOSSES[node.form.kind](b, node, S.One)
    if node.form.kind in (Rows, Pad):
        return Written(call(_block_name(node.bare, node.op.extent, BESIDE[node.form.kind]), b.tree(node.bare.args[0])))
    return b.write(node.bare)


LOSSES: dict[type, Callable[[Builder, Any, Expr], Written]] = {
    EntrywiseLoss: _entrywise_loss,
    **dict.fromkeys(LinkedLoss.__subclasses__(), _linked_loss),
}
"""Losses by what they are: each divides by its columns, which are the rows of a layout."""

BESIDE = {Rows: "columns", Pad: "pad"}
"""The words of blocks of rows along rows."""


def _sum_over(b: Builder, node: SumOver) -> Written:
    """Return ∑ of a term over an index."""
    return Written(row(over(b, node, "∑"), TIMES, b.within(node.term, Level.PRODUCT)), Level.PRODUCT)


def _stack_over(b: Builder, node: StackOver) -> Written:
    """Return a stack of terms over an index, as a column of blocks."""
    first, last = (b.tree(each) for each in (node.at(node.first), node.at(node.last)))
    return Written(Table(((first,), (Sign("⋮", "ord"),), (last,))))


def _beside_over(b: Builder, node: BesideOver) -> Written:
    """Return terms over an index one beside another, as a row of blocks."""
    first, last = (b.tree(each) for each in (node.at(node.first), node.at(node.last)))
    return Written(Table(((first, Sign("⋯", "ord"), last),)))


def over(b: Builder, node: Over, sign: str) -> Node:
    """Return a big sign with the index and its bounds; below it the words, where the values have some.

    Of all of them the letter says enough.
    """
    words = b.names.words.get(str(node.index), ())
    if words:
        values = [b.names.value(str(node.index), each) for each in map(Integer, range(node.first, node.last + 1))]
        letter = number(node.index)
        return Script(
            Sign(sign, "big"), letter if len(values) == len(words) else row(letter, EQUALS, joined(values, COMMA))
        )
    below = row(number(node.index), EQUALS, number(node.args[1]))
    return Script(Sign(sign, "big"), below, number(node.args[2]))


def _diagonal(b: Builder, node: DiagMatrix) -> Written:
    return Written(call(word("diag"), b.tree(node.args[0])))


def _literal(b: Builder, node: Literal) -> Written:
    """Return numbers in rows and columns; of many the first ones and the last."""
    rows = _ends([_ends(list(map(number, each)), Sign("⋯", "ord")) for each in node.rows], None)
    dots = tuple(Sign("⋱" if at == SHOWN else "⋮", "ord") for at in range(len(node.rows[0])))
    return Written(Table(tuple(dots[: len(rows[0])] if each is None else tuple(each) for each in rows)))


def _ends(items: list[Any], dots: Any) -> list[Any]:
    return items if len(items) <= MOST_ENTRIES else [*items[:SHOWN], dots, items[-1]]


MOST_ENTRIES, SHOWN = 8, 3
"""The longest row or column of numbers that is written in full, and how many of a longer one come before the dots."""


RULES: dict[type, Callable[[Builder, Any], Written]] = {
    MatrixSymbol: _symbol,
    Transpose: _transpose,
    MatMul: _product,
    MatAdd: _sum,
    HadamardProduct: _hadamard,
    Elementwise: _elementwise,
    Slope: _slope,
    DiagMatrix: _diagonal,
    Identity: lambda b, node: Written(Id("I")),
    OneMatrix: _ones,
    ZeroMatrix: lambda b, node: Written(Num("0")),
    GenericLoss: _generic_loss,
    EntrywiseLoss: _entrywise_loss,
    LinkedLoss: _linked_loss,
    LossGradient: _loss_gradient,
    Penalty: _penalty,
    Inv: _inverse,
    Literal: _literal,
    Rows: _rows,
    Pad: _rows,
    Rearrange: _rearrange,
    SumOver: _sum_over,
    StackOver: _stack_over,
    BesideOver: _beside_over,
    Turned: _turned,
    Call: _call,
    Pull: _pull,
    Op: _operator,
}
"""How each operation is written; an operation's subclasses are written like it."""
