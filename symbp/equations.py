"""Equations and systems: ordered, single assignment, every shape checked when built."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import singledispatch
from itertools import pairwise
from typing import Any

from sympy import Expr, HadamardProduct, MatAdd, MatMul, MatrixExpr, MatrixSymbol, OneMatrix, Transpose, ZeroMatrix

from symbp.errors import ShapeError, SpecError

AFFINE = (MatMul, MatAdd, Transpose, HadamardProduct, OneMatrix, ZeroMatrix)
"""The SymPy nodes that may stand inside an equation; each is linear in every operand."""

_PLAIN = (*AFFINE, MatrixSymbol)


@dataclass(frozen=True, slots=True)
class Step:
    """One application of a backward rule: its name and the sentence that explains it to a student."""

    rule: str
    why: str


@dataclass(frozen=True, slots=True)
class Equation:
    """``lhs = rhs`` with one new matrix symbol on the left; ``steps`` name the rules that led to it."""

    lhs: MatrixSymbol
    rhs: MatrixExpr
    steps: tuple[Step, ...] = ()

    @property
    def name(self) -> str:
        """The name of the symbol it defines."""
        return str(self.lhs.name)

    def __str__(self) -> str:
        return f"{self.name} = {self.rhs}"


class System(Sequence[Equation]):
    """An ordered list of equations over given symbols: each name defined once, before it is used.

    Raises:
        SpecError: a symbol used before it is defined, defined twice, or a nested operation.
        ShapeError: shapes that do not fit; the message quotes the equation and both shapes.
    """

    def __init__(self, equations: Iterable[Equation], given: Iterable[MatrixSymbol]) -> None:
        self.equations = tuple(equations)
        self.given = tuple(given)
        self._by_name: dict[str, Equation] = {}
        known = {symbol.name: symbol for symbol in self.given}
        for equation in self.equations:
            inside = list(nodes(equation.rhs))
            _require_known(equation, inside, known)
            _require_shape(equation)
            self._require_named(equation, inside)
            if equation.name in known:
                raise SpecError(f"{equation.name} is defined twice; second time in: {equation}")
            known[equation.name] = equation.lhs
            self._by_name[equation.name] = equation

    def _require_named(self, equation: Equation, inside: list[MatrixExpr]) -> None:
        """What nests deeper than one operation must get a name of its own."""
        for node in inside:
            if not isinstance(node, _PLAIN) and not _operands_are_names(node):
                raise SpecError(f"give the operand of {type(node).__name__} a name of its own in: {equation}")

    def __len__(self) -> int:
        return len(self.equations)

    def __iter__(self) -> Iterator[Equation]:
        return iter(self.equations)

    def __getitem__(self, key: Any) -> Any:
        """Return the equation that defines the name ``key``, or the equation(s) at an index or slice."""
        return self._by_name[key] if isinstance(key, str) else self.equations[key]

    def __contains__(self, key: object) -> bool:
        return key in self._by_name if isinstance(key, str) else key in self.equations

    def __str__(self) -> str:
        return "\n".join(map(str, self.equations))


class ForwardSystem(System):
    """A system in which every operation that is not affine stands alone at the top of its equation."""

    def _require_named(self, equation: Equation, inside: list[MatrixExpr]) -> None:
        super()._require_named(equation, inside)
        for node in inside[1:]:
            if not isinstance(node, _PLAIN) and not getattr(node, "affine", False):
                raise SpecError(f"give {type(node).__name__} an equation of its own in: {equation}")


def nodes(expr: MatrixExpr) -> Iterator[MatrixExpr]:
    """Yield the matrix nodes of an expression from left to right, the expression first; symbols are not entered."""
    waiting = [expr]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, MatrixSymbol):
            waiting.extend(reversed(operands(node)))


def operands(node: MatrixExpr) -> tuple[MatrixExpr, ...]:
    """Return the matrices an operation acts on, in order; scalars and functions are left out."""
    return tuple([arg for arg in node.args if isinstance(arg, MatrixExpr)])


def symbols_in(expr: MatrixExpr) -> Iterator[MatrixSymbol]:
    """Yield the matrix symbols of an expression in order, one for each time it is used."""
    return (node for node in nodes(expr) if isinstance(node, MatrixSymbol))


def _operands_are_names(node: MatrixExpr) -> bool:
    # Ones are the gradient of the loss by itself, where an operation is the loss.
    return all(isinstance(operand, MatrixSymbol | OneMatrix) for operand in operands(node))


def _require_known(equation: Equation, inside: list[MatrixExpr], known: dict[str, MatrixSymbol]) -> None:
    for symbol in inside:
        if not isinstance(symbol, MatrixSymbol):
            continue
        if known.get(symbol.name) is not symbol and known.get(symbol.name) != symbol:
            raise SpecError(f"{symbol.name} is used before it is defined in: {equation}")


def _require_shape(equation: Equation) -> None:
    try:
        found = shape(equation.rhs)
    except ShapeError as error:
        raise ShapeError(f"{error} in: {equation}") from None
    if found != equation.lhs.shape:
        raise ShapeError(
            f"{equation.name} is {text(equation.lhs.shape)} but its right side is {text(found)} in: {equation}"
        )


def text(size: tuple[Expr, Expr]) -> str:
    """Write a shape as ``n1×m``."""
    return f"{size[0]}×{size[1]}"


@singledispatch
def shape(node: MatrixExpr) -> tuple[Expr, Expr]:
    """Return the shape of a node after checking it; SymPy checks no symbolic shapes itself."""
    for operand in operands(node):
        if not isinstance(operand, MatrixSymbol):
            shape(operand)
    return node.shape


@shape.register
def _(node: MatMul) -> tuple[Expr, Expr]:
    sizes = [(operand, shape(operand)) for operand in operands(node)]
    for (left, first), (right, second) in pairwise(sizes):
        if first[1] != second[0]:
            raise ShapeError(
                f"{left} is {text(first)} and {right} is {text(second)}: a product needs {first[1]} = {second[0]}"
            )
    return (sizes[0][1][0], sizes[-1][1][1])


@shape.register(MatAdd)
@shape.register(HadamardProduct)
def _(node: MatAdd | HadamardProduct) -> tuple[Expr, Expr]:
    sizes = [(operand, shape(operand)) for operand in operands(node)]
    first, size = sizes[0]
    for other, found in sizes[1:]:
        if found != size:
            raise ShapeError(f"{first} is {text(size)} and {other} is {text(found)}: the shapes must be equal")
    return size


@shape.register
def _(node: Transpose) -> tuple[Expr, Expr]:
    rows, cols = shape(node.arg)
    return (cols, rows)
