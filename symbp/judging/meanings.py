"""What a piece of a formula stands for, and its value at the numbers of a case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sympy import MatrixExpr
from sympy import Symbol as Letter

from symbp.equations import Equation, ForwardSystem, System, operands, symbols_in
from symbp.errors import SpecError
from symbp.judging.cases import Case
from symbp.numeric import engines
from symbp.numeric.definitions import Standins
from symbp.numeric.source import program
from symbp.op import Op
from symbp.ops.elementwise import Elementwise, ScalarFunction, Slope
from symbp.ops.softmax import Softmax
from symbp.symbols import BATCH, Adjoint, Role, Variable


@dataclass(frozen=True)
class Symbol:
    """A matrix of the derivation; ``column`` where the letter stands for one example."""

    of: Variable | Adjoint
    column: bool = False


@dataclass(frozen=True)
class Entry:
    """An entry of a matrix: w_jk, or δ_j of one example."""

    of: Variable | Adjoint
    letters: str


@dataclass(frozen=True)
class Over:
    """Σ_k in front of a product of entries."""

    letters: str


@dataclass(frozen=True)
class Diagonal:
    """diag f′(z): a slope on the diagonal, for one example."""

    slope: Slope


@dataclass(frozen=True)
class Scalar:
    """A function of a number, applied entry by entry; ``at`` is its value where it stands alone, as f′₂ does."""

    function: ScalarFunction
    slope: bool = False
    at: Slope | None = None


@dataclass(frozen=True)
class Activation:
    """The activation of the network: of a layer's z it is that layer's. ``own`` has them by what they are taken of.

    ``otherwise`` is the function of what is no z of a layer, where the layers differ: σ is the sigmoid.
    """

    own: tuple[tuple[str, ScalarFunction], ...]
    slope: bool = False
    otherwise: ScalarFunction | None = None

    def of(self, name: str | None) -> Scalar | None:
        """Return the function taken of a matrix; of something else the one that all layers have, or None."""
        functions = dict(self.own)
        every = set(functions.values())
        found = functions.get(name or "") or (every.pop() if len(every) == 1 else self.otherwise)
        return None if found is None else Scalar(found, self.slope)


@dataclass(frozen=True)
class Size:
    """A size as a number: n in 1/n."""

    of: Letter


@dataclass(frozen=True)
class Number:
    """A constant of the network: ε, or the strength of its penalty."""

    value: float


@dataclass(frozen=True)
class LinearMap:
    """A linear operator of the backward list, to be applied to an error."""

    node: Op


@dataclass(frozen=True)
class Piece:
    """An operation with its operands, as it is printed, or an expression that a page has a letter for."""

    node: MatrixExpr


@dataclass(frozen=True)
class Sliding:
    """The sign of a convolution between its operands: every operation that is printed with it."""

    nodes: tuple[Op, ...]


@dataclass(frozen=True)
class Named:
    """What needs no derivation: a NumPy function, the ones, the identity, m; ``of_module`` behind np. or torch."""

    name: str
    of_module: bool = False


Meaning = Symbol | Entry | Over | Diagonal | Scalar | Activation | Size | Number | LinearMap | Piece | Sliding | Named


@dataclass(frozen=True)
class Operator:
    """A linear map as a value. ``hole`` is one written with · in the place of what it acts on."""

    apply: Callable[[Any], Any]
    hole: bool = False


IDENTITY = Operator(lambda value: value)
HOLE = Operator(lambda value: value, hole=True)


@dataclass(frozen=True)
class Place:
    """Where a formula is evaluated: a case, at one of its examples (or all), as the only one or as one of m.

    ``scaled`` has the errors of the examples without the loss's 1/m, as Ng's dZ and dA.
    """

    case: Case
    example: int | None = None
    alone: bool = False
    scaled: bool = False

    @property
    def examples(self) -> int:
        """m, as the formula sees it."""
        return 1 if self.alone else self.case.examples

    @property
    def columns(self) -> int:
        """How many columns the data has here."""
        return 1 if self.example is not None else self.case.examples

    def value(self, symbol: Variable | Adjoint) -> Any:
        """Return a matrix of the derivation here."""
        import numpy as np

        if symbol.name not in self.case.known:
            raise SpecError(f"{symbol.name} is not derived: --wrt {symbol.name.removeprefix('d')} derives it")
        array = np.asarray(self.case.known[symbol.name], dtype=float)
        if self.scaled and isinstance(symbol, Adjoint) and symbol.shape[1] == BATCH:
            array = array * self.case.examples
        if self.example is None or array.ndim < 2:
            return array
        if symbol.shape[1] == BATCH:
            array = array[[self.example], :] if self.case.turns(symbol) else array[:, [self.example]]
        # One example alone has the whole loss, among m it has 1/m of it.
        return array * self.case.share if self.alone and isinstance(symbol, Adjoint) else array


def scalar_value(meaning: Scalar, array: Any) -> Any:
    """Return f or f′ of an array, entry by entry."""
    import numpy as np

    matrix = np.asarray(array, dtype=float)
    matrix = np.atleast_2d(matrix) if matrix.ndim < 3 else matrix.reshape(len(matrix), -1)
    local = _scalar_program(meaning.function)([matrix])
    return local[1 if meaning.slope else 0].reshape(np.shape(array))


def softmax_value(array: Any, place: Place) -> Any:
    """Return the softmax of every example."""
    import numpy as np

    node, matrix = Softmax(_fresh(0, ("r", "c"))), np.asarray(array, dtype=float)
    return _turned(_program_of(node)([_turned(matrix, node, place)])[0], node, place)


def _turned(array: Any, symbol: MatrixExpr, place: Place) -> Any:
    """Return an array of the calculus as it is here, or the other way round."""
    return array.T if place.case.turns(symbol) else array


def value_of(node: MatrixExpr, place: Place) -> Any:
    """Return the value of an operation of the derivation."""
    return _at(node, place)


def slid(meaning: Sliding, left: Any, right: Any, place: Place) -> Any:
    """Return what a convolution makes of two matrices, None where no convolution of the network takes their shapes."""
    for node in meaning.nodes:
        own = [place.value(each) for each in operands(node)]
        if [each.shape for each in own] == [left.shape, right.shape]:
            arrays = [_turned(array, each, place) for array, each in zip((left, right), operands(node), strict=True)]
            return _turned(_program_of(node)(arrays)[0], node, place)
    return None


def operator_of(node: Op, place: Place) -> Operator:
    """Return an operator of the backward list as a function of the error it acts on."""

    def apply(error: Any) -> Any:
        return _at(node, place, error)

    return Operator(apply)


def _at(node: MatrixExpr, place: Place, error: Any = None) -> Any:
    acted = None if error is None or node.acts_on is None else node.args[node.acts_on]
    arrays = [_turned(error if each is acted else place.value(each), each, place) for each in _given(node)]
    return _turned(_program_of(node)(arrays)[0], node, place)


def _given(node: MatrixExpr) -> tuple[MatrixExpr, ...]:
    """Return the matrices that an expression is computed from: of an operation, each as often as it takes it."""
    return operands(node) if isinstance(node, Op) else tuple(dict.fromkeys(symbols_in(node)))


@lru_cache(maxsize=256)
def _program_of(node: MatrixExpr) -> Callable[[list[Any]], list[Any]]:
    """Return a node as a function of its operands, run by the same code as the derivation's."""
    given = _given(node)
    fresh = {each: _fresh(at, each.shape) for at, each in enumerate(dict.fromkeys(given))}
    rebuilt = node.xreplace(fresh)
    at = {symbol: index for index, symbol in enumerate(dict.fromkeys(given))}
    positions = [at[each] for each in given]
    run = _runner(tuple(fresh.values()), (rebuilt,))

    def call(arrays: list[Any]) -> list[Any]:
        return run([arrays[positions.index(index)] for index in range(len(at))])

    return call


@lru_cache(maxsize=256)
def _scalar_program(function: ScalarFunction) -> Callable[[list[Any]], list[Any]]:
    operand = _fresh(0, ("r", "c"))
    value = Elementwise(function, operand)
    return _runner((operand,), (value, Slope(function, 0, _result(0, value), operand)))


def _fresh(at: int, shape: Any) -> Variable:
    rows, columns = (Letter(size, integer=True, positive=True) if isinstance(size, str) else size for size in shape)
    return Variable(f"O{at}", rows, columns, Role.WEIGHT, "O")


def _result(at: int, value: MatrixExpr) -> Variable:
    rows, columns = value.shape
    return Variable(f"V{at + 1}", rows, columns, Role.ACTIVATION, "V")


def _runner(given: tuple[Variable, ...], values: tuple[MatrixExpr, ...]) -> Callable[[list[Any]], list[Any]]:
    named = [_result(at, value) for at, value in enumerate(values)]
    equations = [Equation(name, value) for name, value in zip(named, values, strict=True)]
    total = ForwardSystem(equations, given=given)
    full = program(total, System((), given), (), Standins())
    run = engines.real().run(full, traced=True)

    def call(arrays: list[Any]) -> list[Any]:
        _, local = run({symbol.name: array for symbol, array in zip(given, arrays, strict=True)}, None)
        return [local[full.names[name]] for name in named]

    return call
