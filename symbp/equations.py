"""Equations and systems: ordered, single assignment, every shape checked when built."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, TypeAlias, cast

from sympy import (
    Expr,
    HadamardProduct,
    Identity,
    MatAdd,
    MatMul,
    MatrixExpr,
    MatrixSymbol,
    OneMatrix,
    Transpose,
    ZeroMatrix,
)
from sympy.matrices.expressions.matexpr import MatrixElement

from symbp.errors import ShapeError, SpecError

Shape: TypeAlias = tuple[Expr, Expr]
"""Rows and columns."""

Parts: TypeAlias = tuple[list[MatrixSymbol], list[MatrixExpr]]
"""The symbols of an expression and its operations, those of its nodes that are not affine."""

_OF_MATRICES = frozenset({MatAdd, HadamardProduct, Transpose})
"""The nodes that hold nothing but matrices."""

_NAMES = (MatrixSymbol, OneMatrix)
"""What an operation may act on."""


@dataclass(frozen=True, slots=True)
class Step:
    """One application of a backward rule: its name and the sentence that explains it to a student.

    ``short`` says the same in a few words, to stand beside an equation.
    """

    rule: str
    why: str
    short: str = ""


@dataclass(frozen=True)
class Equation:
    """``lhs = rhs`` with one new matrix symbol on the left; ``steps`` name the rules that led to it.

    ``undoes`` names, for each of these steps, the matrix whose forward equation the rule was applied to.
    """

    lhs: MatrixSymbol
    rhs: MatrixExpr
    steps: tuple[Step, ...] = ()
    undoes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of the symbol it defines."""
        return str(self.lhs.name)

    @cached_property
    def symbols(self) -> tuple[MatrixSymbol, ...]:
        """The symbols of its right side in order, one for each time it is used."""
        return tuple(symbols_in(self.rhs))

    def __str__(self) -> str:
        return f"{self.name} = {self.rhs}"


class System(Sequence[Equation]):
    """An ordered list of equations over given symbols: each name defined once, before it is used.

    ``symbols`` holds the symbols of each right side from left to right, one for each time it is used.

    Raises:
        SpecError: a symbol used before it is defined, defined twice, or a nested operation.
        ShapeError: shapes that do not fit; the message quotes the equation and both shapes.
    """

    def __init__(self, equations: Iterable[Equation], given: Iterable[MatrixSymbol]) -> None:
        self.equations = tuple(equations)
        self.given = tuple(given)
        self._by_name: dict[str, Equation] = {}
        known = {symbol.name: symbol for symbol in self.given}
        symbols: list[tuple[MatrixSymbol, ...]] = []
        for equation in self.equations:
            inside, operations = _checked_parts(equation, known)
            if operations:
                self._require_named(equation, operations)
            symbols.append(tuple(inside))
            name = equation.lhs.name
            if name in known:
                raise SpecError(f"{name} is defined twice; second time in: {equation}")
            known[name] = equation.lhs
            self._by_name[name] = equation
        self.symbols = tuple(symbols)

    def _require_named(self, equation: Equation, operations: list[MatrixExpr]) -> None:
        """What nests deeper than one operation must get a name of its own."""
        for node in operations:
            if not _operands_are_names(node):
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

    def _require_named(self, equation: Equation, operations: list[MatrixExpr]) -> None:
        super()._require_named(equation, operations)
        for node in operations:
            if node is not equation.rhs and not getattr(node, "affine", False):
                raise SpecError(f"give {type(node).__name__} an equation of its own in: {equation}")


def nodes(expr: MatrixExpr) -> Iterator[MatrixExpr]:
    """Yield the matrix nodes of an expression from left to right, the expression first; symbols are not entered."""
    waiting = [expr]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, MatrixSymbol):
            waiting += operands(node)[::-1]


def operands(node: MatrixExpr) -> tuple[MatrixExpr, ...]:
    """Return the matrices an operation acts on, in order; scalars and functions are left out."""
    args: tuple[MatrixExpr, ...] = node.args
    return args if type(node) in _OF_MATRICES else tuple([arg for arg in args if isinstance(arg, MatrixExpr)])


def symbols_in(expr: MatrixExpr) -> Iterator[MatrixSymbol]:
    """Yield the matrix symbols of an expression in order, one for each time it is used."""
    found: list[MatrixSymbol] = []
    waiting = [expr]
    while waiting:
        node = waiting.pop()
        if isinstance(node, MatrixSymbol):
            found.append(node)
            continue
        kind = type(node)
        if kind in _OF_MATRICES:
            waiting += node.args[::-1]
            continue
        waiting += operands(node)[::-1]
        if kind is MatMul:
            found += [symbol for entry in entries_in(node) for symbol in symbols_in(entry.parent)]
    return iter(found)


def entries_in(product: MatMul) -> tuple[MatrixElement, ...]:
    """Return the entries of matrices in the numbers of a product, such as what a loss is weighted with."""
    numbers = [arg for arg in product.args if not (isinstance(arg, MatrixExpr) or arg.is_Rational)]
    if not numbers:
        return ()
    found = (each for number in numbers if number.has(MatrixElement) for each in number.atoms(MatrixElement))
    return tuple(sorted(found, key=str))


def _operands_are_names(node: MatrixExpr) -> bool:
    # Ones are the gradient of the loss by itself, where an operation is the loss.
    return all(isinstance(operand, _NAMES) for operand in operands(node))


def _checked_parts(equation: Equation, known: Mapping[str, MatrixSymbol]) -> Parts:
    """Return the symbols and the operations of a right side, from one walk that checks every shape on the way."""
    parts: Parts = ([], [])
    try:
        found = shape(equation.rhs, parts)
    except ShapeError as error:
        _require_known(equation, symbols_in(equation.rhs), known)
        raise ShapeError(f"{error} in: {equation}") from None
    _require_known(equation, parts[0], known)
    if found != equation.lhs.shape:
        raise ShapeError(
            f"{equation.name} is {text(equation.lhs.shape)} but its right side is {text(found)} in: {equation}"
        )
    return parts


def _require_known(equation: Equation, symbols: Iterable[MatrixSymbol], known: Mapping[str, MatrixSymbol]) -> None:
    for symbol in symbols:
        of_that_name = known.get(symbol.name)
        if of_that_name is not symbol and of_that_name != symbol:
            raise SpecError(f"{symbol.name} is used before it is defined in: {equation}")


def text(size: Shape) -> str:
    """Write a shape as ``n1×m``."""
    return f"{size[0]}×{size[1]}"


def shape(node: MatrixExpr, parts: Parts) -> Shape:
    """Return the shape of a node after checking it, which SymPy does not do for symbolic shapes.

    The symbols in it and its operations are added to ``parts`` from left to right.
    """
    if isinstance(node, MatrixSymbol):
        parts[0].append(node)
        return node.shape
    of_affine = _SHAPES.get(type(node))
    if of_affine is not None:
        return of_affine(node, parts)
    parts[1].append(node)
    for operand in operands(node):
        shape(operand, parts)
    return node.shape


def _shape_of_product(node: MatMul, parts: Parts) -> Shape:
    factors = operands(node)
    sizes = [shape(factor, parts) for factor in factors]
    for index, (first, second) in enumerate(pairwise(sizes)):
        if first[1] is not second[0] and first[1] != second[0]:
            left, right = factors[index : index + 2]
            raise ShapeError(
                f"{left} is {text(first)} and {right} is {text(second)}: a product needs {first[1]} = {second[0]}"
            )
    return (sizes[0][0], sizes[-1][1])


def _shape_of_equals(node: MatAdd | HadamardProduct, parts: Parts) -> Shape:
    first, *others = node.args
    size = shape(first, parts)
    for other in others:
        found = shape(other, parts)
        if found != size:
            raise ShapeError(f"{first} is {text(size)} and {other} is {text(found)}: the shapes must be equal")
    return size


def _shape_of_transpose(node: Transpose, parts: Parts) -> Shape:
    rows, columns = shape(node.args[0], parts)
    return (columns, rows)


def _shape_as_given(node: OneMatrix | ZeroMatrix | Identity, parts: Parts) -> Shape:
    return cast("Shape", node.shape)


_SHAPES: dict[type, Callable[[Any, Parts], Shape]] = {
    MatMul: _shape_of_product,
    MatAdd: _shape_of_equals,
    HadamardProduct: _shape_of_equals,
    Transpose: _shape_of_transpose,
    OneMatrix: _shape_as_given,
    ZeroMatrix: _shape_as_given,
    Identity: _shape_as_given,
}
"""The SymPy nodes that may stand inside an equation, each linear in every operand, and what shape it has."""
