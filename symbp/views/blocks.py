"""Blocks as single equations: a list that calls its blocks as functions, and the inside of each block once.

An equation ``O = att(U)`` stands for all of a block; its rule is a linear map of errors, so that ``reverse()`` makes
the backward list of the short list as of any other. The inside of a block is a list of its own, below the error that
comes from above. Blocks that do the same one after another share one inside.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import cast

from sympy import Basic, Expr, Integer, MatAdd, MatrixExpr, MatrixSymbol
from sympy.core.symbol import Str

from symbp.calculus.reverse import reverse
from symbp.equations import Equation, ForwardSystem, System
from symbp.networks.blocks import Block, Boundaries, Kind
from symbp.op import FactorRole, Op, rule
from symbp.ops.upstream import upstream
from symbp.symbols import Adjoint, Variable
from symbp.views.skeleton import Parsed

PARTS = frozenset({Kind.ATTENTION, Kind.NORM, Kind.FEED_FORWARD})
"""What is worth a name in a network that has attention."""


class OfBlock(Op):
    """An operation that stands for a block. Args: the kind of the block, its number, and more."""

    @property
    def kind(self) -> Kind:
        """What the block is."""
        return Kind(self.args[0].name)

    @property
    def number(self) -> int:
        """Which of the blocks of its kind it is, from 1; 0 where there is one."""
        return int(self.args[1])


class Call(OfBlock):
    """A block as one operation. Args: its kind, its number (0: none), rows and columns of its output, its inputs."""

    def __new__(cls, kind: str | Str, number: int | Integer, *rest: Basic) -> Call:  # noqa: D102
        return cast("Call", Basic.__new__(cls, kind if isinstance(kind, Str) else Str(kind), Integer(number), *rest))

    @property
    def shape(self) -> tuple[Expr, Expr]:
        """That of the output."""
        return cast("tuple[Expr, Expr]", self.args[2:4])

    @property
    def inputs(self) -> tuple[MatrixExpr, ...]:
        """What enters the block."""
        return cast("tuple[MatrixExpr, ...]", self.args[4:])

    def pull(self, to: int, output: MatrixSymbol, error: MatrixExpr) -> Pull:
        """Return the map to one of the inputs, on an error of the output."""
        return Pull(self.args[0], self.number, to, *self.inputs[to].shape, output, error)


class Pull(OfBlock):
    """The map that carries an error back through a block: linear in the error.

    Args: kind and number of the block, to which of its inputs, rows and columns of that input, the output of the block,
    and the error of the output.
    """

    acts_on = 6
    factor_role = FactorRole.BLOCK
    about = "carries an error back through a block"

    def __new__(cls, kind: Str, number: int | Integer, to: int | Integer, *rest: Basic) -> Pull:  # noqa: D102
        return cast("Pull", Basic.__new__(cls, kind, Integer(number), Integer(to), *rest))

    @property
    def shape(self) -> tuple[Expr, Expr]:
        """That of the input the error goes to."""
        return cast("tuple[Expr, Expr]", self.args[3:5])

    @property
    def output(self) -> MatrixSymbol:
        """What leaves the block."""
        return cast("MatrixSymbol", self.args[5])

    @property
    def error(self) -> MatrixExpr:
        """What the map acts on."""
        return cast("MatrixExpr", self.args[6])


@rule(
    Call,
    "The error of what leaves a block goes back through the block, to what entered it, by a linear map.",
    short="a block sends errors back by its map",
)
def call_vjp(node: Call, output: MatrixSymbol, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """The map of the block, once for each input."""
    return tuple(node.pull(to, output, adjoint) for to in range(len(node.inputs)))


@dataclass(frozen=True)
class Part:
    """A block that a list calls: its kind and number, what enters and what leaves it, and its own lists.

    ``calls`` are the blocks that its own list calls. Of several blocks that do the same it is the first.
    """

    kind: Kind
    number: int
    inputs: tuple[MatrixSymbol, ...]
    output: Variable
    forward: ForwardSystem
    calls: tuple[Part, ...] = ()

    @property
    def input(self) -> MatrixSymbol:
        """The only thing that enters it."""
        (found,) = self.inputs
        return found

    @property
    def call(self) -> Call:
        """The block as an operation."""
        return Call(self.kind.value, self.number, *self.output.shape, *self.inputs)

    def pull(self, error: MatrixExpr) -> Pull:
        """Return the map of the block on an error of its output."""
        return self.call.pull(0, self.output, error)

    def backward(self, loss: Variable, wrt: Iterable[MatrixSymbol]) -> System:
        """Return the backward list of the inside, below the error of the output: to the inputs, and to ``wrt``."""
        own = [each for each in self.forward.given if each in frozenset(wrt)]
        end = Equation(loss, upstream(self.output))
        inside = ForwardSystem([*self.forward, end], (*self.forward.given, Adjoint(self.output)))
        return reverse(inside, loss, tuple(dict.fromkeys([*own, *self.inputs])))

    def __iter__(self) -> Iterator[Part]:
        """Yield the block and all that it calls, each before those inside it."""
        yield self
        for each in self.calls:
            yield from each


@dataclass(frozen=True)
class Calls:
    """A forward list that calls its blocks, and the blocks, those that do the same once.

    ``all`` has every block that is called, by the name of its output.
    """

    forward: ForwardSystem
    parts: tuple[Part, ...]
    all: Mapping[str, Part]

    @cached_property
    def nested(self) -> System:
        """The forward list with every part that is used once, in a sum or in another call, inside that equation."""
        return nested(self.forward)


def calls(forward: System, tree: Block) -> Calls | None:
    """Return a forward list that calls its blocks; None where no block is worth a name.

    None too where something else than one matrix enters a block, or more than one leaves it.
    """
    if all(each.kind is not Kind.ATTENTION for each in tree):
        return None
    made = _Search(forward, Boundaries(forward)).calls(tree)
    return _numbered(made) if made is not None and made.parts else None


class _Search:
    """Finds the blocks of a list, reading it once."""

    def __init__(self, forward: System, boundaries: Boundaries) -> None:
        self.forward, self.boundaries = forward, boundaries

    def calls(self, tree: Block) -> Calls | None:
        """Return the list of a block with its own blocks called."""
        equations: list[Equation] = []
        parts: dict[Hashable, Part] = {}
        every: dict[str, Part] = {}
        at = tree.first
        for block in self._chosen(tree):
            part = self.part(block)
            if part is None:
                return None
            parts.setdefault(block.kind if block.kind is Kind.TRANSFORMER else block, part)
            every[part.output.name] = part
            equations += [*self.forward[at : block.first], Equation(part.output, part.call)]
            at = block.stop
        equations += self.forward[at : tree.stop]
        return Calls(_closed(equations, self.forward.given), tuple(parts.values()), every)

    def part(self, block: Block) -> Part | None:
        """Return a block with its lists; None where what enters and leaves is not one matrix each."""
        crossing = self.boundaries.of(block)
        if len(crossing.inputs) != 1 or len(crossing.outputs) != 1:
            return None
        output = cast("Variable", crossing.outputs[0])
        if block.kind is not Kind.TRANSFORMER:
            own = _closed(self.forward[block.first : block.stop], self.forward.given)
            return Part(block.kind, 0, crossing.inputs, output, own)
        inner = self.calls(block)
        return Part(block.kind, 0, crossing.inputs, output, inner.forward, inner.parts) if inner else None

    def _chosen(self, tree: Block) -> Iterator[Block]:
        """Yield the outermost blocks inside one that are worth a name, in their order.

        Transformer blocks are where there are several and all do the same; else their parts.
        """
        stacked = [each for each in tree if each.kind is Kind.TRANSFORMER and each is not tree]
        alike = len(stacked) > 1 and len({deed(self.forward[each.first : each.stop]) for each in stacked}) == 1
        return _outermost(tree, PARTS | {Kind.TRANSFORMER} if alike else PARTS)


def deed(equations: Sequence[Equation]) -> Hashable:
    """Return what equations do, whatever their symbols are called."""
    numbers: dict[str, int] = {}
    parsed = [Parsed.of(each) for each in equations]
    slots = tuple(tuple(_slot(slot, numbers) for slot in each.slots) for each in parsed)
    return tuple(each.key for each in parsed), slots


def _slot(slot: Hashable, numbers: dict[str, int]) -> Hashable:
    """Return a symbol as its number among those that were met, anything else as it is."""
    return numbers.setdefault(slot.name, len(numbers)) if isinstance(slot, MatrixSymbol) else slot


def _outermost(tree: Block, kinds: frozenset[Kind]) -> Iterator[Block]:
    for child in tree.children:
        if child.kind in kinds:
            yield child
        else:
            yield from _outermost(child, kinds)


def _closed(equations: Sequence[Equation], given: Sequence[MatrixSymbol]) -> ForwardSystem:
    """Return equations as a list of their own: whatever they do not define is given, in the order of the network."""
    defined = {each.lhs for each in equations}
    used = dict.fromkeys(each for equation in equations for each in equation.symbols if each not in defined)
    first = [each for each in given if each in used]
    return ForwardSystem(equations, tuple(dict.fromkeys((*first, *used))))


Numbers = dict[tuple[Kind, str], int]
"""The number of a block by its kind and the name of its output."""


def _numbered(made: Calls) -> Calls:
    """Give blocks of one kind numbers, where there are several."""
    every = [each for part in made.parts for each in part]
    counts, seen = Counter(each.kind for each in every), Counter[Kind]()
    numbers: Numbers = {}
    for each in every:
        seen[each.kind] += 1
        numbers[each.kind, each.output.name] = seen[each.kind] if counts[each.kind] > 1 else 0
    parts = tuple(_with_numbers(each, numbers) for each in made.parts)
    return Calls(_called(made.forward, numbers), parts, made.all)


def _with_numbers(part: Part, numbers: Numbers) -> Part:
    inner = tuple(_with_numbers(each, numbers) for each in part.calls)
    number = numbers[part.kind, part.output.name]
    return replace(part, number=number, forward=_called(part.forward, numbers), calls=inner)


def _called(forward: ForwardSystem, numbers: Numbers) -> ForwardSystem:
    """Return a list whose calls have their numbers."""
    return ForwardSystem([_renumbered(each, numbers) for each in forward], forward.given)


def _renumbered(equation: Equation, numbers: Numbers) -> Equation:
    rhs = equation.rhs
    if not isinstance(rhs, Call):
        return equation
    return Equation(equation.lhs, Call(rhs.args[0], numbers.get((rhs.kind, equation.name), 0), *rhs.args[2:]))


class Nested(System):
    """A list whose calls may stand in one another and in sums."""

    def _require_named(self, equation: Equation, operations: list[MatrixExpr]) -> None:
        super()._require_named(equation, [each for each in operations if not isinstance(each, Call)])


def nested(forward: System) -> System:
    """Return a list with every part that is used once, in a sum or in another call, inside that equation."""
    uses = Counter(symbol.name for symbols in forward.symbols for symbol in symbols)
    inside: dict[MatrixSymbol, MatrixExpr] = {}
    found: list[Equation] = []
    users = {each.name: equation.rhs for equation in forward for each in equation.symbols}
    for each in forward:
        rhs = _filled(each.rhs, inside)
        if is_part(each.rhs) and uses[each.name] == 1 and _takes(users[each.name], each.lhs):
            inside[each.lhs] = rhs
        else:
            found.append(replace(each, rhs=rhs))
    return Nested(found, forward.given)


def _filled(expr: MatrixExpr, inside: Mapping[MatrixSymbol, MatrixExpr]) -> MatrixExpr:
    """Return a sum or a call with expressions in the place of some of its operands, which keep their order."""
    if not isinstance(expr, MatAdd | Call):
        return expr
    return cast("MatrixExpr", Basic.__new__(type(expr), *(inside.get(arg, arg) for arg in expr.args)))


def is_part(expr: MatrixExpr) -> bool:
    """Whether an expression calls a part of a network or of a block, not a whole block."""
    return isinstance(expr, Call) and expr.kind is not Kind.TRANSFORMER


def _takes(expr: MatrixExpr, symbol: MatrixSymbol) -> bool:
    """Whether a symbol is a term of a sum, or enters a part."""
    return (isinstance(expr, MatAdd) or is_part(expr)) and symbol in expr.args
