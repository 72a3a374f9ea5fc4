"""The same equations without clutter: one number in front, the error first, nothing that changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import reduce

from sympy import (
    Expr,
    HadamardProduct,
    Identity,
    MatAdd,
    MatMul,
    MatrixExpr,
    MatrixSymbol,
    Mul,
    OneMatrix,
    S,
    Transpose,
    ZeroMatrix,
)
from sympy.matrices.expressions.matexpr import MatrixElement

from symbp.equations import Equation, entries_in, nodes, symbols_in
from symbp.nodes import hadamard, matmul, number_and_factors, sum_of, times
from symbp.op import Op
from symbp.ops.elementwise import Elementwise, Slope
from symbp.ops.native import turn
from symbp.symbols import Adjoint
from symbp.views.skeleton import Alike


def tidied(equations: Iterable[Equation], wanted: frozenset[MatrixSymbol] = frozenset()) -> list[Equation]:
    """Return the equations with every right side in order, errors that are copies of another error left out.

    A copy (a sum hands its error on unchanged) goes by the name of what it copies, unless it is the gradient of
    something that is ``wanted``. What multiplies an error as a number, such as the weight of a loss, needs no name.
    """
    equations = tuple(equations)
    copies: dict[MatrixExpr, MatrixExpr] = {}
    numbers = frozenset(_numbers(equations)) - {Adjoint(each) for each in wanted}
    found = []
    tidy_ = Alike(tidy)
    for equation in equations:
        rhs = tidy_(equation.rhs.xreplace(copies) if copies else equation.rhs)
        is_copy = isinstance(equation.lhs, Adjoint) and isinstance(rhs, Adjoint) and equation.lhs.of not in wanted
        if is_copy or equation.lhs in numbers:
            copies[equation.lhs] = rhs
        else:
            found.append(Equation(equation.lhs, rhs, equation.steps, equation.undoes))
    return found


def _numbers(equations: Iterable[Equation]) -> Iterator[MatrixSymbol]:
    """Yield the errors whose only entry is a number in a product."""
    for equation in equations:
        for node in nodes(equation.rhs):
            if isinstance(node, MatMul):
                yield from (each.parent for each in entries_in(node) if isinstance(each.parent, Adjoint))


def tidy(expr: MatrixExpr) -> MatrixExpr:
    """Return the same matrix in reading order."""
    if isinstance(expr, MatAdd):
        return sum_of(_collected([term for each in expr.args for term in _terms(tidy(each))]), expr.shape)
    number, rest = _split(expr)
    return rest if number == 1 else times(number, *(rest.args if isinstance(rest, MatMul) else (rest,)))


def _collected(terms: list[MatrixExpr]) -> list[MatrixExpr]:
    """Return a sum with each term once: w + w is 2w."""
    parts = [number_and_factors(term) for term in terms]
    numbers: dict[tuple[MatrixExpr, ...], Expr] = {}
    for number, factors in parts:
        numbers[factors] = numbers.get(factors, S.Zero) + number
    pairs = list(_with_transposes(numbers))
    if len(numbers) == len(terms) and not pairs:
        return terms
    for first, second in pairs:
        both = (sum_of([first[0], second[0]], first[0].shape), *first[1:])
        numbers = {both if factors == first else factors: number for factors, number in numbers.items()}
        del numbers[second]
    return [times(number, *factors) for factors, number in numbers.items() if number != 0]


def _with_transposes(
    numbers: Mapping[tuple[MatrixExpr, ...], Expr],
) -> Iterator[tuple[tuple[MatrixExpr, ...], tuple[MatrixExpr, ...]]]:
    """Yield the products that differ in a transpose at their beginning alone: A x and Aᵀ x are (A + Aᵀ) x."""
    for factors, number in numbers.items():
        other = (turn(factors[0]), *factors[1:])
        if len(factors) > 1 and isinstance(factors[0], MatrixSymbol) and numbers.get(other) == number:
            yield factors, other


def _terms(expr: MatrixExpr) -> tuple[MatrixExpr, ...]:
    if isinstance(expr, MatAdd):
        return tuple(expr.args)
    return () if isinstance(expr, ZeroMatrix) else (expr,)


def _split(expr: MatrixExpr) -> tuple[Expr, MatrixExpr]:
    """Return the number in front of an expression, and the expression without it."""
    if isinstance(expr, MatMul):
        return _product(expr)
    if isinstance(expr, HadamardProduct):
        return _entrywise(expr)
    if isinstance(expr, MatAdd):
        return S.One, tidy(expr)
    if isinstance(expr, Transpose):
        number, inner = _split(expr.arg)
        return number, turn(inner)
    if isinstance(expr, Elementwise) and _is_identity(expr):
        return _split(expr.args[1])
    if isinstance(expr, Op):
        return S.One, _inside(expr)
    return S.One, expr


def _inside(expr: Op) -> MatrixExpr:
    """Return an operation with what it acts on in reading order; a number leaves the error of a linear operator."""
    args = [tidy(arg) if isinstance(arg, MatrixExpr) else arg for arg in expr.args]
    return expr if all(new is old for new, old in zip(args, expr.args, strict=True)) else expr.func(*args)


def _is_identity(node: Elementwise | Slope) -> bool:
    return str(node.function.name) == "identity"


def _product(expr: MatMul) -> tuple[Expr, MatrixExpr]:
    number = reduce(Mul, (_number(arg) for arg in expr.args if not isinstance(arg, MatrixExpr)), S.One)
    factors: list[MatrixExpr] = []
    for arg in expr.args:
        if not isinstance(arg, MatrixExpr):
            continue
        front, inner = _split(arg)
        number *= front
        factors.extend(inner.args if isinstance(inner, MatMul) else (inner,))
    kept = [each for each in factors if not _changes_nothing(each)]
    if not kept:
        return number, factors[0]
    return number, matmul(*kept) if len(kept) > 1 else kept[0]


def _number(expr: Expr) -> Expr:
    """Return a number in front of a product; the only entry of a constant matrix is that constant."""
    return expr.replace(MatrixElement, _entry) if expr.has(MatrixElement) else expr


def _entry(parent: MatrixExpr, *place: Expr) -> Expr:
    number, inner = _split(parent)
    return number if _changes_nothing(inner) else number * MatrixElement(inner, *place)


def _changes_nothing(factor: MatrixExpr) -> bool:
    return isinstance(factor, Identity) or (isinstance(factor, OneMatrix) and factor.shape == (1, 1))


def _entrywise(expr: HadamardProduct) -> tuple[Expr, MatrixExpr]:
    """Return a product entry by entry: the error first, slopes last, ones not at all."""
    number: Expr = S.One
    factors: list[MatrixExpr] = []
    for arg in expr.args:
        front, inner = _split(arg)
        number *= front
        factors.extend(inner.args if isinstance(inner, HadamardProduct) else (inner,))
    kept = [each for each in factors if not is_one(each)]
    if not kept:
        return number, factors[0]
    kept.sort(key=_place)
    return number, hadamard(*kept) if len(kept) > 1 else kept[0]


def is_one(factor: MatrixExpr) -> bool:
    """Whether a matrix changes nothing entry by entry: it is 1 in every place."""
    if isinstance(factor, MatMul):  # 1·1ᵀ
        sides = [each for each in factor.args if isinstance(each, OneMatrix)]
        return len(sides) == len(factor.args) == 2 and sides[0].shape[1] == 1
    return isinstance(factor, OneMatrix) or (isinstance(factor, Slope) and _is_identity(factor))


def _place(factor: MatrixExpr) -> int:
    """Return where a factor stands: what carries an error first, slopes last."""
    if isinstance(factor, Slope):
        return 2
    return 0 if any(isinstance(each, Adjoint) for each in symbols_in(factor)) else 1
