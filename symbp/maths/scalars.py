"""Scalar expressions as trees, and the same applied entry by entry to vectors and matrices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import IntEnum
from typing import NamedTuple

from sympy import (
    Abs,
    Add,
    And,
    Expr,
    Float,
    Function,
    Indexed,
    Integer,
    Integral,
    KroneckerDelta,
    Limit,
    Max,
    Min,
    Mul,
    Piecewise,
    Pow,
    Rational,
    S,
    Sum,
    Symbol,
    asin,
    atan,
    cos,
    cosh,
    erf,
    exp,
    log,
    sign,
    sin,
    sinh,
    tan,
    tanh,
)
from sympy.core.function import AppliedUndef
from sympy.core.numbers import Exp1, Infinity, NegativeInfinity, Pi
from sympy.core.relational import Relational
from sympy.printing.pretty.pretty_symbology import greek_unicode

from symbp.errors import RuleNotFoundError
from symbp.maths.tree import (
    APPLY,
    COMMA,
    EQUALS,
    HADAMARD,
    MINUS,
    NEGATIVE,
    PLUS,
    PRIME,
    SLASH,
    TIMES,
    Fence,
    Frac,
    Id,
    Node,
    Num,
    Root,
    Script,
    Sign,
    Table,
    Tag,
    Words,
    joined,
    row,
)
from symbp.ops.entries import Largest, Total
from symbp.ops.scalar import (
    absolute,
    expm1,
    log_sigmoid,
    maximum,
    minimum,
    nonzero,
    reciprocal,
    relu,
    sigmoid,
    signum,
    softplus,
    step,
)
from symbp.ops.written import Quotient, decimal_text, quotient, terms


class Level(IntEnum):
    """How tightly the outermost operation of a tree binds."""

    SUM, HADAMARD, PRODUCT, POWER, ATOM = range(5)


class Written(NamedTuple):
    """A tree, how tightly it binds, and whether a minus belongs in front of it."""

    node: Node
    level: Level = Level.ATOM
    negative: bool = False

    @property
    def signed(self) -> Node:
        """The tree with its minus in front."""
        if not self.negative:
            return self.node
        return row(NEGATIVE, Fence(self.node) if self.level is Level.SUM else self.node)

    def within(self, context: Level) -> Node:
        """Return the tree as it stands inside an operation: in brackets where it binds more loosely."""
        if self.negative or not INSIDE[context](self.level):
            return Fence(self.signed)
        return self.node


INSIDE: dict[Level, Callable[[Level], bool]] = {
    Level.SUM: lambda level: True,
    Level.HADAMARD: lambda level: level is Level.HADAMARD or level >= Level.POWER,
    Level.PRODUCT: lambda level: level >= Level.PRODUCT,
    Level.POWER: lambda level: level is Level.ATOM,
    Level.ATOM: lambda level: level is Level.ATOM,
}
"""What may stand in an operation without brackets: Wᵀδ ⊙ f′ is not clear, so a product there has brackets."""

WORDS: dict[type[Function], str] = {
    sigmoid: "σ",
    softplus: "softplus",
    relu: "ReLU",
    erf: "erf",
    asin: "arcsin",
    atan: "arctan",
    signum: "sign",
    sign: "sign",
    **dict.fromkeys((maximum, Max), "max"),
    **dict.fromkeys((minimum, Min), "min"),
    **{kind: kind.__name__ for kind in (log, sin, cos, tan, sinh, cosh, tanh)},
}
"""How each function prints."""

RELATIONS = {"==": "=", "!=": "≠", "<": "<", "<=": "≤", ">": ">", ">=": "≥"}


def word(name: str) -> Id:
    """Return a name of a function: a letter as it is, a word upright."""
    return Id(name, "italic" if len(name) == 1 else "upright")


def call(name: Node, *arguments: Node) -> Node:
    """Return a function applied to its arguments."""
    return row(name, APPLY, Fence(joined(arguments, COMMA)))


class Scalars:
    """Writes scalar expressions; ``names`` has what stands for a symbol, ``varying`` those that stand for matrices.

    What stands for a symbol may be a number with a sign. ``entry`` writes an entry of an array, from its base and its
    indices as trees; ``order`` says which factors and which terms stand first; ``unknown`` are names of
    functions without a definition that may stand there: f, E; ``applied`` writes those that stand by a name of ours.
    """

    def __init__(
        self,
        names: Mapping[Symbol, Node] | Mapping[Symbol, Written],
        varying: frozenset[Symbol] = frozenset(),
        entry: Callable[[Expr, list[Node]], Node] | None = None,
        order: Callable[[Expr], int] | None = None,
        unknown: frozenset[str] = frozenset(),
        applied: Callable[[str, list[Node]], Node] | None = None,
    ) -> None:
        self.names, self.varying, self.entry, self.order = names, varying, entry, order
        self.unknown, self.applied = unknown, applied

    def tree(self, expr: Expr) -> Node:
        """Return an expression as a tree.

        Raises:
            RuleNotFoundError: a function nobody taught this writer.
        """
        return self.write(expr).signed

    def write(self, expr: Expr) -> Written:
        """Return an expression as a tree with its level and sign."""
        for kind, rule in _RULES.items():
            if isinstance(expr, kind):
                return rule(self, expr)
        raise RuleNotFoundError(f"no print for {type(expr).__name__}: add a row to symbp.maths.scalars")

    def varies(self, expr: Expr) -> bool:
        """Say whether an expression is a matrix and no number."""
        return not self.varying.isdisjoint(expr.free_symbols)


def number(expr: Expr) -> Node:
    """Return a constant expression, sizes such as m among them, as a tree."""
    return Scalars({}).tree(expr)


def _symbol(w: Scalars, expr: Symbol) -> Written:
    found = w.names.get(expr) or letter(str(expr))
    return found if isinstance(found, Written) else Written(found)


def letter(name: str) -> Node:
    """Return the name of a scalar as a letter: ``n3`` is n₃, ``lamda`` is λ."""
    if name.endswith("'"):
        return Script(letter(name[:-1]), None, PRIME)
    stem, _, below = name.partition("_")
    if below:
        return Script(letter(stem), _below(below))
    stem = name.rstrip("0123456789")
    head = Id(greek_unicode.get(stem, stem), "italic" if len(greek_unicode.get(stem, stem)) == 1 else "upright")
    return Script(head, Num(name[len(stem) :])) if stem != name and stem else head


def _below(text: str) -> Node:
    """Return an index such as l − 1."""
    first, sign_, second = text.partition(" - ") if " - " in text else text.partition(" + ")
    if not sign_:
        return Num(text) if text.isdigit() else word(text)
    return row(word(first), MINUS if sign_ == " - " else PLUS, Num(second))


def _rational(w: Scalars, expr: Rational) -> Written:
    negative = bool(expr < 0)
    value = -expr if negative else expr
    decimal = decimal_text(value)
    if value.q == 1 or decimal:
        return Written(Num(decimal or str(value)), Level.ATOM, negative)
    return Written(Frac(Num(str(value.p)), Num(str(value.q))), Level.ATOM, negative)


def _sum(w: Scalars, expr: Add) -> Written:
    items: list[Node] = []
    found = _ordered(expr)
    order = w.order
    if order is not None:
        found.sort(key=lambda term: order(term[1]))
        first = next((at for at, (negative, _) in enumerate(found) if not negative), 0)
        found.insert(0, found.pop(first))
    for at, (negative, term) in enumerate(found):
        part = w.write(term)
        less = negative != part.negative
        items += [MINUS if less else PLUS] if at else [NEGATIVE] * less
        items.append(Fence(part.node) if part.level is Level.SUM else part.node)
    return Written(row(*items), Level.SUM)


def _ordered(expr: Add) -> list[tuple[bool, Expr]]:
    """Return the terms of a sum in order: entries of arrays in front, totals of them behind, then what is a number."""
    found = terms(expr)
    if expr.has(Indexed):
        found.sort(key=lambda term: (not term[1].has(Indexed), term[1].has(Total)))
    return found


def _product(w: Scalars, expr: Mul) -> Written:
    parts = quotient(expr)
    if w.order is not None:
        parts = replace(parts, over=tuple(sorted(parts.over, key=w.order)))
    if any(isinstance(each, _SUMS) for each in parts.over):
        return _with_sum(w, parts)
    if not parts.under and (parts.coefficient.q == 1 or decimal_text(parts.coefficient)):
        return _factors(w, parts.over, parts.coefficient, parts.negative)
    varying = [factor for factor in parts.over if w.varies(factor)]
    if not parts.under and varying:
        front = _rational(w, parts.coefficient).node
        inner = _factors(w, parts.over, S.One, False)
        return Written(row(front, TIMES, inner.within(Level.PRODUCT)), Level.PRODUCT, parts.negative)
    return _fraction(w, parts)


def _with_sum(w: Scalars, parts: Quotient) -> Written:
    """Return a product with a sum over an index, which stands last: 1/n ẑ Σ g ẑ."""
    others = tuple(each for each in parts.over if not isinstance(each, _SUMS))
    sums = [each for each in parts.over if isinstance(each, _SUMS)]
    front = [w.write(each).within(Level.PRODUCT) for each in others]
    if parts.under or parts.coefficient.q != 1:
        front.insert(0, _fraction(w, replace(parts, negative=False, over=())).node)
    elif parts.coefficient != 1:
        front.insert(0, _rational(w, parts.coefficient).node)
    nodes = [*front, *(w.write(each).within(Level.PRODUCT) for each in sums)]
    return Written(joined(nodes, TIMES), Level.PRODUCT, parts.negative)


def _fraction(w: Scalars, parts: Quotient) -> Written:
    over = _factors(w, parts.over, Integer(parts.coefficient.p), False)
    under = _factors(w, parts.under, Integer(parts.coefficient.q), False)
    return Written(Frac(over.signed, under.signed), Level.ATOM, parts.negative)


def _factors(w: Scalars, factors: tuple[Expr, ...], coefficient: Expr, negative: bool) -> Written:
    """Return a product: numbers in front, matrices with ⊙ between them."""
    written = [(w.write(factor), w.varies(factor)) for factor in factors]
    matrices = [part for part, varies in written if varies]
    plain = [part for part, varies in written if not varies]
    front = [part.within(Level.PRODUCT) for part in plain]
    if coefficient != 1 or not factors:
        front.insert(0, _rational(w, Rational(coefficient)).node)
    if len(matrices) == 1 and not front:
        return matrices[0]._replace(negative=matrices[0].negative != negative)
    if len(plain) == 1 and not matrices and len(front) == 1 and coefficient == 1:
        return plain[0]._replace(negative=plain[0].negative != negative)
    if len(matrices) > 1:
        product = joined([part.within(Level.HADAMARD) for part in matrices], HADAMARD)
        if not front:
            return Written(product, Level.HADAMARD, negative)
        return Written(row(joined(front, TIMES), TIMES, Fence(product)), Level.PRODUCT, negative)
    nodes = [*front, *(part.within(Level.PRODUCT) for part in matrices)]
    level = Level.PRODUCT if len(nodes) > 1 else Level.ATOM
    return Written(joined(nodes, TIMES), level, negative)


def _power(w: Scalars, expr: Pow) -> Written:
    base, exponent = expr.as_base_exp()
    if exponent.is_negative or (exponent.is_Mul and exponent.as_coeff_Mul()[0].is_negative):
        return Written(Frac(Num("1"), w.write(1 / expr).signed))
    if exponent == S.Half:
        return Written(Root(w.write(base).signed))
    if type(base) in WORDS and exponent.is_Integer:
        name = Script(function_name(type(base)), None, Num(str(exponent)))
        return Written(call(name, *(w.write(each).signed for each in base.args)))
    return Written(powered(w.write(base), w.write(exponent).signed), Level.POWER)


def powered(part: Written, exponent: Node) -> Node:
    """Return a power; what has an upper index already gets brackets."""
    inner = part.within(Level.ATOM)
    body = inner.body if isinstance(inner, Tag) else inner
    has_upper = isinstance(body, Script) and body.sup is not None
    return Script(Fence(inner) if has_upper else inner, None, exponent)


def _exponential(w: Scalars, expr: exp) -> Written:
    return Written(Script(Id("e"), None, w.write(expr.args[0]).signed), Level.POWER)


def _cases(w: Scalars, expr: Piecewise) -> Written:
    rows = []
    for value, condition in expr.args:
        when = Words("otherwise") if condition is S.true else row(Words("if "), w.write(condition).node)
        rows.append((w.write(value).signed, when))
    return Written(Table(tuple(rows), "{", ""), Level.SUM)


def _relation(w: Scalars, expr: Relational) -> Written:
    turned = expr.reversed if expr.lhs.is_Symbol and not expr.rhs.is_Atom else expr
    between = Sign(RELATIONS[turned.rel_op], "rel")
    return Written(row(w.write(turned.lhs).signed, between, w.write(turned.rhs).signed), Level.SUM)


def _step(w: Scalars, expr: step | nonzero) -> Written:
    """Return 1[x > 0], 1[x ≠ 0]."""
    relation = Sign("≠" if isinstance(expr, nonzero) else ">", "rel")
    inside = row(w.write(expr.args[0]).signed, relation, Num("0"))
    return Written(row(Id("1", "bold"), APPLY, Fence(inside, "[", "]")))


def _unit(w: Scalars, expr: KroneckerDelta) -> Written:
    """Return an entry of the identity matrix."""
    return Written(Script(Id("I"), joined([_index(w, each) for each in expr.args], COMMA)))


def _entry(w: Scalars, expr: Indexed) -> Written:
    """Return the letter of an array with all its indices below."""
    places = [_index(w, each) for each in expr.indices]
    if w.entry is not None:
        return Written(w.entry(expr.base, places))
    return Written(Script(w.write(expr.base.label).node, joined(places, COMMA)))


def _index(w: Scalars, expr: Expr) -> Node:
    """Return an index; a fraction of a sum has one line through it: (u + 1 − i)/2."""
    share, whole = expr.primitive()
    if share.q == 1 or not whole.is_Add:
        return w.write(expr).signed
    return row(Fence(w.write(share.p * whole).signed), SLASH, Num(str(share.q)))


def _over(w: Scalars, sign_: Node, below: Node, above: Node | None, term: Expr) -> Written:
    """Return a big sign in front of a term."""
    return _before(sign_, below, above, w.write(term))


def _before(sign_: Node, below: Node, above: Node | None, body: Written) -> Written:
    inner = body._replace(negative=False)
    node = row(Script(sign_, below, above), TIMES, inner.within(Level.PRODUCT))
    return Written(node, Level.PRODUCT, body.negative)


_SUMS = (Total, Sum, Integral)
"""Sums over an index, of which nothing but a product may stand behind."""

SUM, INTEGRAL, MAXIMUM, LIMIT = Sign("∑", "big"), Sign("∫", "big"), Id("max", "upright"), Id("lim", "upright")


def _total(w: Scalars, expr: Total) -> Written:
    return _over(w, SUM, joined([w.write(each).node for each in expr.indices], COMMA), None, expr.term)


def _largest(w: Scalars, expr: Largest) -> Written:
    below = joined([w.write(each).node for each in expr.indices], COMMA)
    return Written(row(Script(MAXIMUM, below), APPLY, w.write(expr.term).within(Level.PRODUCT)), Level.PRODUCT)


def _bounded_sum(w: Scalars, expr: Sum) -> Written:
    """Return a sum from one bound to the other; a sum over several indices is one in another."""
    body = w.write(expr.function)
    for index, low, high in expr.limits:
        below = row(w.write(index).node, EQUALS, w.write(low).signed)
        body = _before(SUM, below, w.write(high).signed, body)
    return body


def _integral(w: Scalars, expr: Integral) -> Written:
    ((variable, low, high),) = expr.limits
    found = _over(w, INTEGRAL, w.write(low).signed, w.write(high).signed, expr.function)
    return found._replace(node=row(found.node, TIMES, Id("d", "upright"), w.write(variable).node))


def _limit(w: Scalars, expr: Limit) -> Written:
    """Return a limit at one side of a point."""
    term, variable, point, _ = expr.args
    below = row(w.write(variable).node, Sign("→", "rel"), w.write(point).signed)
    return Written(row(Script(LIMIT, below), APPLY, w.write(term).within(Level.PRODUCT)), Level.PRODUCT)


def _all_of(w: Scalars, expr: And) -> Written:
    """Return a chain 3 ≤ i ≤ 4, or conditions beside each other."""
    below = next((each for each in expr.args if each.rel_op == ">="), None)
    above = next((each for each in expr.args if each.rel_op == "<="), None)
    if below is not None and above is not None and len(expr.args) == 2 and below.lhs == above.lhs:
        ends = [w.write(each).signed for each in (below.rhs, below.lhs, above.rhs)]
        return Written(joined(ends, Sign("≤", "rel")), Level.SUM)
    return Written(joined([w.write(each).node for each in expr.args], COMMA), Level.SUM)


def function_name(kind: type[Function]) -> Node:
    """Return the name of a scalar function."""
    return word(WORDS[kind])


def _inside(w: Scalars, expr: Expr) -> list[Node]:
    """Return the arguments of a function."""
    return [w.write(each).signed for each in expr.args]


def _function(w: Scalars, expr: Function) -> Written:
    if isinstance(expr, AppliedUndef) and w.applied is not None:
        return Written(w.applied(type(expr).__name__, _inside(w, expr)))
    if isinstance(expr, AppliedUndef) and type(expr).__name__ in w.unknown:
        return Written(call(word(type(expr).__name__), *_inside(w, expr)))
    if type(expr) not in WORDS:
        raise RuleNotFoundError(f"no print for {type(expr).__name__}: add a row to symbp.maths.scalars.WORDS")
    return Written(call(function_name(type(expr)), *_inside(w, expr)))


_RULES: dict[type, Callable[[Scalars, Expr], Written]] = {
    Symbol: _symbol,
    Indexed: _entry,
    Total: _total,
    Largest: _largest,
    Sum: _bounded_sum,
    Integral: _integral,
    And: _all_of,
    Rational: _rational,
    Float: lambda w, expr: Written(Num(str(abs(expr))), Level.ATOM, bool(expr < 0)),
    Infinity: lambda w, expr: Written(Sign("∞", "ord")),
    NegativeInfinity: lambda w, expr: Written(Sign("∞", "ord"), Level.ATOM, True),
    Limit: _limit,
    Exp1: lambda w, expr: Written(Id("e")),
    Pi: lambda w, expr: Written(Id("π")),
    Add: _sum,
    Mul: _product,
    exp: _exponential,
    Pow: _power,
    Piecewise: _cases,
    Relational: _relation,
    **dict.fromkeys((Abs, absolute), lambda w, expr: Written(Fence(w.write(expr.args[0]).signed, "|", "|"))),
    log_sigmoid: lambda w, expr: Written(
        row(Id("log", "upright"), TIMES, call(Id("σ"), w.write(expr.args[0]).signed)), Level.PRODUCT
    ),
    step: _step,
    nonzero: _step,
    reciprocal: lambda w, expr: w.write(1 / expr.args[0]),
    KroneckerDelta: _unit,
    **dict.fromkeys((Max, Min), lambda w, expr: Written(call(function_name(type(expr)), *_inside(w, expr)))),
    expm1: lambda w, expr: w.write(exp(expr.args[0]) - 1),
    Function: _function,
}
"""How each kind of expression is written, the first that fits."""
