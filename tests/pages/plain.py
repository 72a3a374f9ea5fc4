"""Trees by the plainest means, for tests of the reader: every equation of a derivation is a line, nothing is tidied.

It is no builder of pages and shares nothing with one; what the reader makes of it is known to be right.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from reader import Env
from reading import by_formula
from sympy import (
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
    Rational,
    S,
    Symbol,
    Transpose,
    ZeroMatrix,
)
from sympy.matrices.expressions.matexpr import MatrixElement

from symbp.derivation import Derivation
from symbp.equations import Equation, nodes, operands
from symbp.maths.tree import (
    APPLY,
    COMMA,
    EQUALS,
    HADAMARD,
    MINUS,
    NEGATIVE,
    PLUS,
    PRIME,
    TIMES,
    TRANSPOSE,
    Fence,
    Frac,
    Id,
    Node,
    Num,
    Root,
    Row,
    Script,
    Sign,
    Tag,
    joined,
    row,
)
from symbp.op import Op, meaning_of
from symbp.ops.elementwise import Elementwise, Formula, GenericFunction, ScalarFunction, Slope
from symbp.ops.losses import (
    EntrywiseLoss,
    GenericLoss,
    LinkedLoss,
    LossGradient,
    SigmoidBinaryCrossEntropy,
    SoftmaxCrossEntropy,
)
from symbp.pages.page import Equations, Line, Page
from symbp.symbols import Adjoint

SUM = Sign("∑", "big")
ONES = Id("1", "bold")


def letter(name: str) -> Node:
    """Return a name as one word."""
    return Id(name, "italic" if len(name) == 1 else "upright")


def symbol(of: MatrixSymbol, sign: Sign | None = None) -> Node:
    """Return a symbol by its name, an adjoint with a d before it."""
    body: Node = letter(of.name)
    if isinstance(of, Adjoint):
        body = row(Id("∂"), letter(of.of.name))
    return Tag(body, of) if sign is None else Script(Tag(body, of), None, sign)


def scalar(value: Expr) -> Node:
    """Return a number, or a product of sizes and numbers."""
    if isinstance(value, Symbol):
        return letter(value.name)
    if isinstance(value, MatrixElement):
        return symbol(value.parent)
    if isinstance(value, Rational) and value >= 0:
        return Num(str(value.p)) if value.q == 1 else Frac(Num(str(value.p)), Num(str(value.q)))
    over, under = value.as_numer_denom()
    if under != 1:
        return Frac(scalar(over), scalar(under))
    if isinstance(value, Pow) and value.exp == S.Half:
        return Root(scalar(value.base))
    if isinstance(value, Mul):
        return joined([scalar(each) for each in value.args], TIMES)
    if isinstance(value, Pow) and value.exp.is_Integer:
        return Script(scalar(value.base), None, Num(str(value.exp)))
    return Num(str(float(value)))


def word(function: ScalarFunction, slope: int = 0) -> Node:
    """Return the word of a function, with ′ or ∂ₖ before it."""
    name = f"{function.text}{function.layer}" if isinstance(function, GenericFunction) else function.text
    if isinstance(function, Formula):  # Of two with one name the formula tells them apart.
        name += "".join(filter(str.isalnum, str(function.expr)))
    plain = Tag(letter(name), function)
    if not slope:
        return plain
    if len(function.args) < 3 or len(function.variables) == 1:
        return Script(plain, None, PRIME)
    return Row((Script(Sign("∂", "prefix"), Num(str(slope))), plain))


def call(head: Node, *arguments: Node) -> Node:
    """Return a function at its arguments."""
    return row(head, APPLY, Fence(joined(list(arguments), COMMA)))


def tree(expr: MatrixExpr, change: Callable[[Any], Any] = lambda each: each) -> Node:
    """Return the tree of an expression; ``change`` may replace a node before it is written."""
    expr = change(expr)
    if isinstance(expr, Node):
        return expr
    if isinstance(expr, MatrixSymbol):
        return symbol(expr)
    if isinstance(expr, Transpose):
        inside = tree(expr.arg, change)
        return Script(inside if isinstance(inside, Tag) else Fence(inside), None, TRANSPOSE)
    if isinstance(expr, Identity | ZeroMatrix):
        return Id("I") if isinstance(expr, Identity) else Num("0")
    if isinstance(expr, OneMatrix):
        rows, columns = expr.shape
        row_ = Script(ONES, None, TRANSPOSE)
        if rows == columns == 1:
            return Num("1")
        return ONES if columns == 1 else row_ if rows == 1 else joined([ONES, row_], TIMES)
    if isinstance(expr, ZeroMatrix):
        return joined([Num("0"), ONES, Script(ONES, None, TRANSPOSE)], TIMES)
    if isinstance(expr, MatMul):
        number = Mul(*(each for each in expr.args if not isinstance(each, MatrixExpr)))
        negative = number.could_extract_minus_sign()
        number = -number if negative else number
        factors = [enclosed(each, change) for each in operands(expr) if each != OneMatrix(1, 1)]
        numbers = [scalar(number)] if number != 1 or not factors else []
        return row(*([NEGATIVE] if negative else []), joined([*numbers, *factors], TIMES))
    if isinstance(expr, MatAdd):
        found: list[Node] = []
        for each in expr.args:
            term = tree(each, change)
            first = term.items[0] if isinstance(term, Row) else None
            if first == NEGATIVE:
                found += [MINUS if found else NEGATIVE, *term.items[1:]]  # type: ignore[attr-defined]
            else:
                found += [*([PLUS] if found else []), term]
        return row(*found)
    if isinstance(expr, HadamardProduct):
        return joined([enclosed(each, change) for each in expr.args], HADAMARD)
    return operation(expr, change)


def enclosed(expr: MatrixExpr, change: Callable[[Any], Any]) -> Node:
    """Return the tree of a factor, in brackets where it is none."""
    found = tree(expr, change)
    return found if isinstance(found, Tag | Script | Id | Fence) else Fence(found)


def operation(expr: Any, change: Callable[[Any], Any]) -> Node:
    """Return an operation of ours: a function of its operands."""
    parts = [tree(each, change) for each in operands(expr)]
    if isinstance(expr, Elementwise):
        return call(word(expr.function), *parts)
    if isinstance(expr, Slope):
        return call(word(expr.function, expr.index + 1), *(tree(each, change) for each in expr.inputs))
    columns = getattr(expr, "examples", operands(expr)[0].shape[1])
    if isinstance(expr, EntrywiseLoss):
        return mean(call(word(expr.function), *parts), columns)
    if isinstance(expr, SoftmaxCrossEntropy):
        _, output, target = parts
        return row(NEGATIVE, mean(row(group(target), HADAMARD, log(output)), columns))
    if isinstance(expr, SigmoidBinaryCrossEntropy):
        _, output, target = parts
        hit = row(group(target), HADAMARD, log(output))
        miss = row(Fence(row(Num("1"), MINUS, group(target))), HADAMARD, log(row(Num("1"), MINUS, output)))
        return row(NEGATIVE, mean(Fence(row(hit, PLUS, miss)), columns))
    return call(Tag(letter(name_of(expr)), name_of(expr)), *parts)


def mean(summand: Node, columns: Expr) -> Node:
    """Return the sum of all entries over the number of columns."""
    return joined([Frac(Num("1"), scalar(columns)), row(SUM, summand)], TIMES)


def group(found: Node) -> Node:
    """Return something in brackets unless it is a single thing."""
    return found if isinstance(found, Tag) else Fence(found)


def log(argument: Node) -> Node:
    """Return a logarithm."""
    return call(letter("log"), argument)


def lines(system: Any, change: Callable[[Any], Any] = lambda each: each) -> list[Line]:
    """Return a line for each equation, numbered by its name."""
    return [Line((line_of(each, change),), label=each.name) for each in system]


def line_of(equation: Equation, change: Callable[[Any], Any] = lambda each: each) -> Node:
    """Return an equation as a relation."""
    return row(symbol(equation.lhs), EQUALS, tree(equation.rhs, change))


def page(of: Derivation, change: Callable[[Any], Any] = lambda each: each) -> Page:
    """Return a page with all equations of a derivation, one below the other."""
    return Page(
        ("A page",), (), (Equations(tuple(lines(of.forward, change))), Equations(tuple(lines(of.backward, change))))
    )


def environment(of: Derivation, values: dict[str, Any], sizes: dict[str, float]) -> Env:
    """Return numbers for a page, and what the operations mean whose words say no more than their name.

    What a network leaves open is tanh and the squared error.
    """
    found: dict[Any, Callable[..., Any]] = {}
    functions: dict[Any, Callable[..., Any]] = {}
    for equation in (*of.forward, *of.backward):
        for node in nodes(equation.rhs):
            if isinstance(node, Elementwise | Slope):
                if isinstance(node.function, GenericFunction):
                    functions[f"{node.function.text}{node.function.layer}"] = np.tanh
                if isinstance(node.function, Formula):
                    functions[word(node.function).body.name] = by_formula(node.function)
            elif isinstance(node, GenericLoss):
                found[name_of(node)] = lambda a, y: np.sum((a - y) ** 2, keepdims=True) / 2 / a.shape[1]
            elif isinstance(node, LossGradient):
                found[name_of(node)] = lambda a, y: (a - y) / a.shape[1]
            elif isinstance(node, Op) and not isinstance(node, EntrywiseLoss | LinkedLoss):
                found[name_of(node)] = _meaning(node, sizes)
    return Env(values, sizes, functions=functions, operators=found)


def name_of(node: Any) -> str:
    """Return the word of an operation: its class and all that it holds beside matrices."""
    rest = [str(each) for each in node.args if not isinstance(each, MatrixExpr)]
    return "_".join((type(node).__name__, *rest))


def _meaning(node: Any, sizes: dict[str, float]) -> Callable[..., Any]:
    places = [isinstance(each, MatrixExpr) for each in node.args]
    plain = [None if is_matrix else _number(each, sizes) for each, is_matrix in zip(node.args, places, strict=True)]
    act = meaning_of(node)

    def apply(*arrays: Any) -> Any:
        waiting = iter(arrays)
        return np.asarray(
            act(np, *(next(waiting) if is_matrix else value for is_matrix, value in zip(places, plain, strict=True)))
        )

    return apply


def _number(value: Any, sizes: dict[str, float]) -> Any:
    if getattr(value, "free_symbols", None):
        value = value.xreplace({each: Integer(sizes[each.name]) for each in value.free_symbols})
    if getattr(value, "is_Integer", False):
        return int(value)
    return float(value) if getattr(value, "is_Number", False) else value
