"""The base of symbp's own operations and the two open tables: the backward rule and the meaning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import singledispatch
from typing import Any, ClassVar, TypeVar

from sympy import Expr, IndexedBase, MatrixExpr, MatrixSymbol, Symbol

from symbp.equations import Step
from symbp.errors import RuleNotFoundError, SymbpError

Naming = Callable[[str, MatrixExpr], MatrixExpr]
"""A name and a part of an expression -> what stands for that part in the expression."""

AnyCallable = TypeVar("AnyCallable", bound=Callable[..., Any])


class FactorRole(StrEnum):
    """What a factor of a gradient is: the three things a gradient depends on, and a few that join them."""

    LOSS = "loss gradient"
    WEIGHT = "weight"
    SLOPE = "activation derivative"
    PREVIOUS = "previous activation"
    NORMALISATION = "normalisation"
    GATE = "gate"
    MASK = "mask"
    PENALTY = "penalty"
    ATTENTION = "attention"
    SUM = "sum of paths"
    BLOCK = "block of equations"
    CONSTANT = "constant"


Sizes = tuple[Expr, ...]
"""How many values each index of an array has."""


@dataclass(frozen=True)
class Entry:
    """An operation entry by entry: what stands at each place of its result, in SymPy's own expressions.

    ``operands`` are the letters of the operands in order, each with the sizes of the array that its matrix is read
    as (C·H·W × m as C × H × W × m); ``sizes`` are those of the result. ``parts`` are the indices of a place and what
    stands there; ``ranges`` has how many values each index takes, counted from ``first``; an entry outside is 0.
    ``where`` defines further letters, each from those before; ``counts`` are letters of sizes, ``numbers`` of settings.

    ``settings`` are the numbers among the args in letters of ``counts``, where one definition is for all of them.

    For print: indices in ``each`` are the same everywhere and not written, ``applies`` says what one choice of them
    is (column, row, …). ``says`` is the key of a sentence beside the parts or, where there are none, in their place.
    """

    operands: tuple[tuple[IndexedBase, Sizes], ...] = ()
    sizes: Sizes = ()
    parts: tuple[tuple[tuple[Expr, ...], Expr], ...] = ()
    ranges: Mapping[Symbol, Expr] = field(default_factory=dict)
    where: tuple[tuple[Symbol, Expr], ...] = ()
    counts: tuple[tuple[Symbol, Expr], ...] = ()
    settings: tuple[Expr, ...] = ()
    numbers: tuple[tuple[Symbol, Expr], ...] = ()
    each: tuple[Symbol, ...] = ()
    applies: str = ""
    says: str = ""
    first: int = 1


class Op(MatrixExpr):
    """A matrix operation of ours: its args hold everything it is, its operands are symbols."""

    label: ClassVar[str] = "op"
    """How it is written, in Unicode; by default the name of the class."""

    affine: ClassVar[bool] = False
    """Whether it is linear in every operand, so that it may stand inside an equation."""

    flat: ClassVar[bool] = False
    """Whether no error goes back through it: it counts as a constant, or changes in jumps only."""

    about: ClassVar[str] = ""
    """For a linear operator of the backward list: what it is, for the table of symbols."""

    acts_on: ClassVar[int | None] = None
    """For a linear operator of the backward list: the operand it acts on (the adjoint), by position."""

    factor_role: ClassVar[FactorRole | None] = None
    """What this node is as a factor of a gradient; None: it follows from its symbols."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "label" not in cls.__dict__:
            word = cls.__name__[:1].lower() + cls.__name__[1:]
            cls.label = word

    @property
    def sign(self) -> str | None:
        """The sign between the two operands, in Unicode; None: written as its label and operands."""
        return None

    @property
    def sign_settings(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """What stands below that sign: names of settings with a number for each axis."""
        return ()

    @property
    def size(self) -> tuple[int, ...]:
        """Numbers that stand below the label, such as the sides of a window; none for most operations."""
        return ()

    @property
    def couples_examples(self) -> bool:
        """Whether an entry of the result depends on several examples: no example then has a gradient of its own."""
        return False

    @property
    def extent(self) -> tuple[Expr, Expr] | None:
        """First and last row it takes or fills, counted from 1, for the label of a block; None for all."""
        return None

    @property
    def rows_sum_to_zero(self) -> bool:
        """Whether every row of the result sums to zero: what only adds up examples behind it is zero."""
        return False

    @property
    def places_sum_to_zero(self) -> int:
        """In blocks of how many rows, a channel's places, the result sums to zero over all examples; 0 for none."""
        return 0

    @property
    def mark(self) -> str:
        """A word below the label for a setting that changes what it does, such as causal; none for most operations."""
        return ""

    def entry(self) -> Entry | None:
        """Return what stands at each place of the result; None where nobody has written it."""
        return None

    def spelled_out(self, name: Naming) -> MatrixExpr | None:
        """For an operator of the backward list: the same in products, sums and ⊙; None where it has no such form.

        ``name(stem, expr)`` returns what stands for a part of it: a symbol where the caller wants a letter, else
        the part itself.
        """
        return None

    def as_matrix(self) -> MatrixExpr:
        """For a linear operator acting on one column: the matrix it multiplies that column by."""
        raise RuleNotFoundError(f"{type(self).__name__} has no matrix for one example: show it as a batch")


@singledispatch
def vjp(node: MatrixExpr, output: MatrixSymbol | None, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """Return what a node contributes to the adjoint of each of its operands (vector-Jacobian product).

    ``output`` is the symbol the node defines (None for an affine node inside an equation) and
    ``adjoint`` the gradient of the loss with respect to it, of its shape.

    Raises:
        RuleNotFoundError: nobody wrote a rule for this operation.
    """
    name = type(node).__name__
    raise RuleNotFoundError(
        f'no backward rule for {name}: write one with @rule({name}, "why") '
        f"def {name.lower()}_vjp(node, output, adjoint)"
    )


_meanings: dict[type, Callable[..., Any]] = {}

steps: dict[Callable[..., Any], Step] = {}
"""A backward rule -> its name, the sentence that explains it and its few words."""


def rule(node_type: type, why: str, *, short: str = "") -> Callable[[AnyCallable], AnyCallable]:
    """Register the backward rule of an operation and ``why``, its sentence for a student; a second one is refused.

    ``short`` says it in at most eight words, to stand beside an equation.

    The sentence is no docstring: ``python -OO`` strips those.
    """

    def register(function: AnyCallable) -> AnyCallable:
        if node_type in vjp.registry:
            raise SymbpError(f"{node_type.__name__} has a backward rule already: {vjp.registry[node_type].__name__}")
        if not why.strip():
            raise SymbpError(
                f"{function.__name__} needs a sentence that explains the step to a student: "
                f'@rule({node_type.__name__}, "…")'
            )
        vjp.register(node_type, function)
        steps[function] = Step(function.__name__, why, short)
        return function

    return register


def meaning(node_type: type) -> Callable[[AnyCallable], AnyCallable]:
    """Register what an operation computes, as a function of its operands' values; a second one is refused.

    The function takes an array namespace first: ``def softmax(xp, z)``. It is functional code (nothing is
    assigned in place) and runs on NumPy, on complex numbers and on 50-digit numbers alike.
    """

    def register(function: AnyCallable) -> AnyCallable:
        if node_type in _meanings:
            raise SymbpError(f"{node_type.__name__} has a meaning already: {_meanings[node_type].__name__}")
        _meanings[node_type] = function
        return function

    return register


def meaning_of(node: MatrixExpr) -> Callable[..., Any]:
    """Return the registered meaning of a node's type.

    Raises:
        RuleNotFoundError: the operation has none.
    """
    try:
        return _meanings[type(node)]
    except KeyError:
        name = type(node).__name__
        raise RuleNotFoundError(
            f"no meaning for {name}: write one with @meaning({name}) def {name.lower()}(xp, …)"
        ) from None


@singledispatch
def explain(node: MatrixExpr, operand: int) -> Step:
    """Return the name of a node's rule, its sentence and its few words, for one of its operands."""
    return steps[vjp.dispatch(type(node))]
