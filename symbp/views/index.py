"""Index form: what stands at each place of an equation, as sums and products of entries; a second reading of a list.

Every entry of ``Z = W·X + b·1ᵀ`` is ``z_{ij} = Σ_k w_{ik} x_{kj} + b_i``, in SymPy's own expressions. An operation says
its entries itself (``Op.entry()``); that of an image has its channels, rows and columns as indices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, cast

from sympy import (
    Add,
    Expr,
    Function,
    HadamardProduct,
    IndexedBase,
    Integer,
    KroneckerDelta,
    MatAdd,
    MatMul,
    MatrixExpr,
    MatrixSymbol,
    Mul,
    OneMatrix,
    S,
    Symbol,
    Transpose,
    ZeroMatrix,
)
from sympy import Indexed as Entry_

from symbp.equations import Equation, operands
from symbp.errors import RuleNotFoundError
from symbp.nodes import number_and_factors
from symbp.op import Entry, Op
from symbp.ops.elementwise import OUTPUT, Elementwise, Formula, GenericFunction, ScalarFunction, Slope
from symbp.ops.entries import Total, index
from symbp.ops.literal import Literal
from symbp.ops.losses import EntrywiseLoss, LinkedLoss, LossGradient
from symbp.ops.penalty import Penalty

LETTERS = "ijklnpqrstuv"
"""Letters of indices, the first that are free."""

Place = tuple[Expr | None, Expr | None]
"""The row and the column of an entry; None where there is only one."""


@dataclass(frozen=True)
class Case:
    """What stands at the places ``at`` of the left side, each read from ``first`` on."""

    at: tuple[Expr, ...]
    value: Expr


@dataclass(frozen=True)
class Entries:
    """An equation entry by entry.

    ``symbols`` has the matrix of every letter with the sizes of the array that it is read as, the left side's among
    them as ``letter``; ``ranges`` how many values each index takes, counted from ``first``. ``where`` defines letters
    inside, each from those before; ``numbers`` are letters of sizes and settings.
    """

    letter: IndexedBase
    cases: tuple[Case, ...]
    symbols: Mapping[IndexedBase, tuple[MatrixExpr, tuple[Expr, ...]]]
    ranges: Mapping[Symbol, Expr]
    where: tuple[tuple[Symbol, Expr], ...] = ()
    numbers: tuple[tuple[Symbol, Expr], ...] = ()
    each: tuple[Symbol, ...] = ()
    first: int = 1
    heads: Mapping[str, tuple[ScalarFunction, bool]] = field(default_factory=dict)
    """The functions that stand by name, and whether it is their slope."""


def entries(equation: Equation, through: Callable[[ScalarFunction], bool] | None = None) -> Entries:
    """Return an equation entry by entry.

    Functions are written out; with ``through`` they stand by name, and so do slopes, but for those of functions that it
    names, which are written through the output.

    Raises:
        RuleNotFoundError: an operation without an entry form, or one inside a product that reads arrays.
    """
    rhs = equation.rhs
    number, factors = number_and_factors(rhs)
    if len(factors) == 1 and isinstance(factors[0], Op) and not isinstance(factors[0], _PLACED):
        return _of_operation(equation.lhs, factors[0], number)
    return _Plain(through).equation(equation)


def _of_operation(lhs: MatrixSymbol, op: Op, number: Expr) -> Entries:
    """Return the entry form of an operation with its own symbols in the place of its letters."""
    form = op.entry()
    if form is None or not form.parts:
        raise RuleNotFoundError(f"no entry form of {type(op).__name__}: give it an entry()")
    letters = [base_of(each) for each in operands(op) if isinstance(each, MatrixSymbol)]
    if len(letters) < len(form.operands):
        raise RuleNotFoundError(f"no index form of {type(op).__name__} of an expression")
    named = dict(zip((letter for letter, _ in form.operands), letters, strict=True))
    left = base_of(lhs)

    def read(expr: Expr) -> Expr:
        return expr.replace(lambda part: isinstance(part, Entry_), lambda part: named[part.base][part.indices])

    return Entries(
        left,
        tuple(Case(at, number * read(value)) for at, value in form.parts),
        {
            left: (lhs, form.sizes),
            **{named[letter]: (cast("MatrixSymbol", symbol), sizes) for (letter, sizes), symbol in _sized(op, form)},
        },
        form.ranges,
        tuple((letter, read(value)) for letter, value in form.where),
        (*form.counts, *form.numbers),
        form.each,
        form.first,
    )


def _sized(op: Op, form: Entry) -> Iterable[tuple[tuple[IndexedBase, tuple[Expr, ...]], MatrixExpr]]:
    return zip(form.operands, operands(op), strict=True)


def derivative(value: Expr, of: IndexedBase, at: tuple[Expr, ...]) -> Expr:
    """Return the derivative of an expression that is linear in an array, by one of its entries.

    Σ_k a_{ik} b_k by a_{il} is b_l, a_{ij} by a_{il} is ``KroneckerDelta(j, l)``.
    """

    def entry(part: Expr) -> Expr:
        pairs = zip(part.indices, at, strict=True)
        return Mul(*(KroneckerDelta(own, other) for own, other in pairs if own != other))

    def total(part: Expr) -> Expr:
        (inner,) = (each for each in part.term.atoms(Entry_) if each.base == of)
        places = dict(zip(inner.indices, at, strict=True))
        moved = {index: places[index] for index in part.indices}
        rest = part.term.xreplace({inner: S.One}).xreplace(moved)
        return cast("Expr", rest)

    value = value.replace(lambda part: isinstance(part, Total) and part.has(of), total)
    return cast("Expr", value.replace(lambda part: isinstance(part, Entry_) and part.base == of, entry))


def base_of(symbol: MatrixSymbol) -> IndexedBase:
    """Return the letter of a matrix in expressions of its entries: its name."""
    return IndexedBase(symbol.name, real=True)


@dataclass
class _Plain:
    """Reads sums, products and functions of entries; an index of a sum is a letter that nothing around it has."""

    through: Callable[[ScalarFunction], bool] | None = None
    heads: dict[str, tuple[ScalarFunction, bool]] = field(default_factory=dict)
    symbols: dict[IndexedBase, tuple[MatrixExpr, tuple[Expr, ...]]] = field(default_factory=dict)
    ranges: dict[Symbol, Expr] = field(default_factory=dict)
    where: list[tuple[Symbol, Expr]] = field(default_factory=list)

    def equation(self, equation: Equation) -> Entries:
        """Return an equation entry by entry."""
        lhs = equation.lhs
        place = cast("Place", tuple(None if size == 1 else self.letter(size) for size in lhs.shape))
        value = self.at(equation.rhs, place)
        at = tuple(S.One if each is None else each for each in place)
        left = base_of(lhs)
        self.symbols[left] = (lhs, lhs.shape)
        where = tuple(self.where)
        return Entries(left, (Case(at, value),), self.symbols, self.ranges, where, heads=self.heads)

    def applied(self, function: ScalarFunction, values: list[Expr], *, slope: bool) -> Expr:
        """Return a function, or its slope, that stands by its name."""
        name = str(function) + "'" * slope
        self.heads[name] = (function, slope)
        return cast("Expr", Function(name)(*values))

    def letter(self, size: Expr) -> Symbol:
        """Return an index that runs over so many values."""
        names = (f"{letter}{turn or ''}" for turn in count() for letter in LETTERS)
        found = next(each for name in names if (each := index(name)) not in self.ranges)
        self.ranges[found] = size
        return found

    def at(self, expr: MatrixExpr, place: Place) -> Expr:
        """Return the entry of an expression at a place."""
        for kind in type(expr).__mro__:
            if kind in _PLACES:
                return _PLACES[kind](self, expr, place)
        raise RuleNotFoundError(f"no index form of {type(expr).__name__} inside an equation")

    def product(self, factors: tuple[MatrixExpr, ...], place: Place) -> Expr:
        """Return a product: a sum over the index between two factors, none where there is one value of it."""
        if len(factors) == 1:
            return self.at(factors[0], place)
        size = factors[0].shape[1]
        inner = None if size == 1 else self.letter(size)
        value = self.at(factors[0], (place[0], inner)) * self.product(factors[1:], (inner, place[1]))
        return value if inner is None else _summed(value, inner, size)


def _summed(value: Expr, inner: Symbol, size: Expr) -> Expr:
    """Return the sum over an index; of what does not depend on it, so many times that."""
    terms = Mul.make_args(value)
    outside = [each for each in terms if inner not in each.free_symbols]
    inside = [each for each in terms if inner in each.free_symbols]
    return Mul(*outside, Total(Mul(*inside), inner) if inside else size)


def _symbol(read: _Plain, symbol: MatrixSymbol, place: Place) -> Expr:
    letter = base_of(symbol)
    read.symbols[letter] = (symbol, symbol.shape)
    return letter[tuple(S.One if each is None else each for each in place)]


def _loss_gradient(read: _Plain, node: LossGradient, place: Place) -> Expr:
    letter = IndexedBase(f"gradient by {node.args[0].name}", real=True)
    read.symbols[letter] = (node, node.shape)
    return letter[tuple(S.One if each is None else each for each in place)]


def _function(read: _Plain, node: Elementwise, place: Place) -> Expr:
    values = [read.at(each, place) for each in node.args[1:]]
    if read.through is not None and not isinstance(node.function, Formula):
        return read.applied(node.function, values, slope=False)
    _require_known(node.function)
    return _applied(node.function, node.function.expr, values)


def _require_known(function: Any) -> None:
    if isinstance(function, GenericFunction):
        raise RuleNotFoundError(f"no index form of {function.name}, which is left open")


def _slope(read: _Plain, node: Slope, place: Place) -> Expr:
    function, through = node.function, node.function.slope_by_output
    if read.through is not None and through is not None and (isinstance(function, Formula) or read.through(function)):
        expr = through.xreplace(dict(function.parameters))
        return cast("Expr", expr.xreplace({OUTPUT: read.at(node.output, place)}))
    values = [read.at(each, place) for each in node.inputs]
    if read.through is not None and not isinstance(function, Formula):
        return read.applied(function, values, slope=True)
    _require_known(function)
    return _applied(node.function, node.function.slopes[node.index], values)


def _applied(function: Any, expr: Expr, values: list[Expr]) -> Expr:
    """Return a function of entries."""
    known = dict(zip(function.variables, values, strict=True))
    return expr.xreplace({**known, **dict(function.parameters)})


def _loss(read: _Plain, node: EntrywiseLoss, place: Place) -> Expr:
    """Return the mean over the examples, the sum over the outputs."""
    function, a, y = node.args
    inner = [None if size == 1 else read.letter(size) for size in a.shape]
    value = _applied(function, function.expr, [read.at(each, cast("Place", tuple(inner))) for each in (a, y)])
    return Total(value, *(each for each in inner if each is not None)) / node.examples


def _linked(read: _Plain, node: LinkedLoss, place: Place) -> Expr:
    """Return the loss in the logits: log Σ eᶻ − Σ y z, the mean over the examples."""
    z, _, y = node.args
    rows, columns = z.shape
    i, e = (None if size == 1 else read.letter(size) for size in (rows, columns))
    over = index("i") if i is None else i
    value = node.by_logits(read.at(z, (i, e)), read.at(y, (i, e)), over)
    if node.name != "cross_entropy" and i is not None:
        value = Total(value, i)
    return (value if e is None else Total(value, e)) / columns


def _penalty(read: _Plain, node: Penalty, place: Place) -> Expr:
    factor, *weights = node.args
    squares = []
    for each in weights:
        inner = [None if size == 1 else read.letter(size) for size in each.shape]
        squares.append(Total(read.at(each, cast("Place", tuple(inner))) ** 2, *filter(None, inner)))
    return factor / 2 * Add(*squares)


def _product(read: _Plain, expr: MatMul, place: Place) -> Expr:
    number, factors = number_and_factors(expr)
    return number * read.product(factors, place)


def _inside(read: _Plain, op: Op, place: Place) -> Expr:
    """Return an operation inside an expression where its arrays are the matrices themselves."""
    form = op.entry()
    is_plain = all(isinstance(each, MatrixSymbol) for each in operands(op))
    if form is None or len(form.parts) != 1 or len(form.sizes) != 2 or not is_plain:
        raise RuleNotFoundError(f"no index form of {type(op).__name__} inside an equation")
    ((at, value),) = form.parts
    renamed: dict[Expr, Expr] = {own: S.One if new is None else new for own, new in zip(at, place, strict=True)}
    renamed |= {letter: read.letter(size) for letter, size in form.ranges.items() if letter not in renamed}
    named = {}
    for (letter, _), each in zip(form.operands, operands(op), strict=True):
        _symbol(read, cast("MatrixSymbol", each), (None, None))
        named[letter] = base_of(cast("MatrixSymbol", each))

    def own(expr: Expr) -> Expr:
        expr = expr.replace(lambda part: isinstance(part, Entry_), lambda part: named[part.base][part.indices])
        return cast("Expr", expr.xreplace(dict((*form.counts, *form.numbers))).xreplace(renamed))

    for letter, inner in form.where:
        defined = own(inner)
        renamed[letter] = Symbol(f"{letter.name}{len(read.where) or ''}", real=True)
        read.where.append((renamed[letter], defined))
    return own(value)


def _literal(read: _Plain, node: Literal, place: Place) -> Expr:
    """Return an entry that is a number already; one at an index is not."""
    row, column = place
    if not isinstance(row, Integer) or not isinstance(column, Integer):
        raise RuleNotFoundError("numbers in rows and columns have no entry form")
    return node.rows[int(row) - 1][int(column) - 1]


_Rule = Callable[[_Plain, Any, Place], Expr]

_PLACES: dict[type, _Rule] = {
    MatrixSymbol: _symbol,
    Transpose: lambda read, expr, place: read.at(expr.arg, place[::-1]),
    MatMul: _product,
    MatAdd: lambda read, expr, place: Add(*(read.at(each, place) for each in expr.args)),
    HadamardProduct: lambda read, expr, place: Mul(*(read.at(each, place) for each in expr.args)),
    OneMatrix: lambda read, expr, place: S.One,
    ZeroMatrix: lambda read, expr, place: S.Zero,
    Literal: _literal,
    Elementwise: _function,
    Slope: _slope,
    EntrywiseLoss: _loss,
    LinkedLoss: _linked,
    LossGradient: _loss_gradient,
    Penalty: _penalty,
    Op: _inside,
}
"""The entry of each kind of node at a place."""

_PLACED = (Elementwise, Slope, EntrywiseLoss, LinkedLoss, LossGradient, Penalty)
"""Operations that are read at a place, not by an entry form."""
