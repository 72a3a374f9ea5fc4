"""Proofs of a folded list, and the same list under other names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from instances import instance
from sympy import Basic, MatAdd, MatrixExpr, MatrixSymbol, Symbol, expand

from symbp.calculus.reverse import reverse
from symbp.derivation import Derivation
from symbp.equations import Equation, ForwardSystem, symbols_in
from symbp.ops.elementwise import GenericFunction
from symbp.symbols import Adjoint, Variable
from symbp.views.fold import fold, fold_like
from symbp.views.lines import Body, Folded, Indexed, Line, Loop, lines_of, run
from symbp.views.over import Over


def faults(derivation: Derivation) -> list[str]:
    """Fold both lists and return whatever is not as it must be."""
    folded = fold(derivation.forward)
    backward = fold_like(folded, derivation.backward)
    given = {symbol.name for symbol in derivation.forward.given}
    ahead = {equation.name for equation in derivation.forward}
    return [
        *faults_of(folded, folded.body, derivation.forward, given),
        *faults_of(folded, backward, derivation.backward, given | ahead),
    ]


def faults_of(folded: Folded, body: Body, equations: Sequence[Equation], known: set[str]) -> list[str]:
    """Return what is missing, twice there, used before it is defined, or not what its line says."""
    found: list[str] = []
    for _, _, equation in run(body):
        found += [
            f"{symbol} is used before it is defined in {equation.name}"
            for symbol in symbols_in(equation.rhs)
            if symbol.name not in known
        ]
        known = known | {equation.name}
    names = Counter(equation.name for _, _, equation in run(body))
    if names != Counter(equation.name for equation in equations):
        found.append("not every equation is there once")
    for line in lines_of(body):
        if Counter(values for case in line.cases for values in case.values) != Counter(iter(line.instances)):
            found.append(f"not every value has one case in {line.cases[0].equation.name}")
        found += [
            f"{equation.name} is not what its line says"
            for values, equation in line.instances.items()
            if not same(instance(folded, line, values), equation)
        ]
    return found


def same(one: Equation, other: Equation) -> bool:
    """Tell whether two equations are equal; the terms of a sum may stand in any order."""
    return one.lhs == other.lhs and unordered(one.rhs) == unordered(other.rhs)


def unordered(expr: Basic) -> Any:
    """Return an expression with its sums as multisets."""
    if isinstance(expr, MatrixSymbol) or not expr.args:
        return expr
    args = [unordered(arg) for arg in expr.args]
    return (MatAdd, frozenset(Counter(args).items())) if isinstance(expr, MatAdd) else (type(expr), tuple(args))


def count(body: Body) -> int:
    """Return how many lines are written: one a case, and one for each loop."""
    return sum(1 + count(item.body) if isinstance(item, Loop) else len(item.cases) for item in body)


def loops(body: Body) -> list[Any]:
    """Return the letter, first and last value and kind of every loop, with the loops inside."""
    return [
        (f"{each.letter}={each.first}..{each.last}", each.kind, *loops(item.body))
        for item in body
        if isinstance(item, Loop)
        for each in [item.index]
    ]


def spelled(folded: Folded, body: Body) -> list[str]:
    """Return the lines with letters and first values of indices, and all names, replaced by numbers in their order."""
    return list(_Spelling(folded).lines(body, ()))


class _Spelling:
    def __init__(self, folded: Folded) -> None:
        self.folded = folded
        self.numbers: dict[Any, int] = {}

    def lines(self, body: Body, around: tuple[str, ...]) -> Iterator[str]:
        for item in body:
            if isinstance(item, Loop):
                yield f"{len(around)} for {item.index.count}"
                yield from self.lines(item.body, (*around, item.index.letter))
            else:
                yield from self.cases(item, len(around))

    def cases(self, line: Line, depth: int) -> Iterator[str]:
        firsts = [index.first for index in line.indices]
        counted = {index.symbol: Symbol(f"i{number}") + index.first for number, index in enumerate(line.indices)}
        for case in line.cases:
            values = sorted([v - f for v, f in zip(each, firsts, strict=True)] for each in case.values)
            yield f"{depth} {self.text(case.equation.lhs, counted)} = {self.text(case.equation.rhs, counted)} {values}"

    def text(self, expr: Any, counted: dict[Any, Any]) -> str:
        """Return an expression; ``counted`` are the letters of indices as numbers that are counted from 0."""
        if isinstance(expr, Adjoint):
            return f"d{self.text(expr.of, counted)}"
        if isinstance(expr, Indexed):
            own = zip(expr.indices, self.firsts(expr), strict=True)
            return f"{self.number(expr.of.name)}{[str(expand(each.xreplace(counted) - first)) for each, first in own]}"
        if isinstance(expr, MatrixSymbol):
            return self.number(expr.name)
        if isinstance(expr, Over):
            first = self.first_of(expr)
            inner = {**counted, expr.index: Symbol("k") + first}
            return f"{type(expr).__name__}{[expr.first - first, expr.last - first]}({self.text(expr.term, inner)})"
        if isinstance(expr, GenericFunction):
            return f"{expr.name}({expand(expr.index.xreplace(counted))})"
        if expr.args:
            return f"{type(expr).__name__}({', '.join(self.text(arg, counted) for arg in expr.args)})"
        return str(expand(expr.xreplace(counted))) if expr in counted else str(expr)

    def firsts(self, symbol: Indexed) -> list[int]:
        """Return the first value of each of a symbol's indices."""
        places = self.folded.places
        return [places.loops[loop].first for loop in places.spelled[symbol.of.name].loops]

    def first_of(self, over: Over) -> int:
        """Return the first value of the index that terms run over, from a symbol that has it."""
        for symbol in symbols_in(over.term):
            spelled = symbol.of if isinstance(symbol, Adjoint) else symbol
            pairs = zip(spelled.indices, self.firsts(spelled), strict=True) if isinstance(spelled, Indexed) else ()
            found = [first for index, first in pairs if over.index in index.free_symbols]
            if found:
                return found[0]
        raise AssertionError(f"no symbol has the index {over.index}")

    def number(self, name: str) -> str:
        return f"s{self.numbers.setdefault(name, len(self.numbers))}"


def renamed(derivation: Derivation, name: Callable[[int], str]) -> Derivation:
    """Return a derivation whose symbols have other names and know neither layer nor path nor step."""
    symbols = [*derivation.forward.given, *(equation.lhs for equation in derivation.forward)]
    new = {each: Variable(name(number), *each.shape, each.role, name(number)) for number, each in enumerate(symbols)}
    return replaced(derivation, lambda equation: Equation(new[equation.lhs], _in(equation.rhs, new)), new)


def replaced(derivation: Derivation, change: Callable[[Equation], Equation], new: dict[Any, Any]) -> Derivation:
    """Return the derivation of a changed forward list, its symbols mapped by ``new``."""
    given = [new.get(each, each) for each in derivation.forward.given]
    forward = ForwardSystem(map(change, derivation.forward), given)
    wrt = tuple(new.get(each, each) for each in derivation.wrt)
    loss = forward[-1].lhs
    return Derivation(derivation.network, forward, reverse(forward, loss, wrt), wrt)


def _in(expr: Any, new: dict[Any, Any]) -> Any:
    """Return an expression with its symbols replaced and its nodes as they are."""
    if isinstance(expr, MatrixSymbol):
        return new.get(expr, expr)
    if not isinstance(expr, MatrixExpr):
        return expr
    return Basic.__new__(type(expr), *[_in(arg, new) for arg in expr.args])
