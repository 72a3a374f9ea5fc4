"""What layers write their equations into: names, layer numbers and parameters in one place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import count

from sympy import Expr, MatrixExpr

from symbp.equations import Equation
from symbp.errors import SpecError, nearest
from symbp.networks.blocks import Block, Kind, block_of, relative
from symbp.networks.images import Images
from symbp.networks.origins import Origin, Origins
from symbp.nodes import matmul, ones
from symbp.symbols import BATCH, Role, Variable, width

OWN_MASK, OTHER_MASK = "N", "NC"
"""The masks of padding, of the network's own sequence and of the other one."""


@dataclass(frozen=True)
class Memory:
    """A sequence that attention reads: its states (n × tokens·m), its tokens, the name of the mask of its padding."""

    states: Variable
    tokens: int
    mask: str


class Builder:
    """Collects the forward list while layers add to it; the layer number counts weight layers so far.

    ``images`` knows which symbols are images, ``results`` what the layers that have a name returned, ``state``
    is the last state of the recurrent layer before. Inside a ``scope``
    the names carry its path (``block1.attention.WQ``). A name that is taken gets a suffix. ``columns`` is what every
    intermediate has: m, or T·m where every example is T tokens.
    """

    def __init__(self, columns: Expr = BATCH) -> None:
        self.columns = columns
        self.equations: list[Equation] = []
        self.parameters: list[Variable] = []
        self.inputs: list[Variable] = []
        self.images = Images()
        self.results: dict[str, Variable] = {}
        self._weight: Callable[[Builder, Expr | int, Expr | int], Variable] | None = None
        self.state: Variable | None = None
        self.layer = 0
        self.path = ""
        self._numbered = True
        self._taken: set[str] = set()
        self._scopes: Counter[str] = Counter()
        self._memory: Memory | None = None
        self._masks: dict[str, Variable] = {}
        self._mask = OWN_MASK
        self.origins = Origins()
        self.record = Record(Kind.NETWORK, Kind.NETWORK)

    def block(self, kind: Kind, name: str = "") -> AbstractContextManager[None]:
        """Record what is built inside as a block of the layer tree, under its scope's name unless it has another.

        Every layer builds in a block of its own. It is for display: names and keys stay as they are without it.
        """
        return Record(kind, name, self)

    def close(self, first: int) -> None:
        """Record what a layer wrote from ``first`` on as a block where it has none: a layer may know of no blocks."""
        known = max([first, *(each.stop for each in self.record.inside[-1:])])
        if known < len(self.equations):
            rest = Record(Kind.LAYER, "")
            rest.first, rest.stop = known, len(self.equations)
            self.record.inside.append(rest)

    @property
    def whole(self) -> Record:
        """The layer tree so far: all that is built as one block, the layers inside."""
        self.record.stop = len(self.equations)
        return self.record

    @contextmanager
    def scope(self, name: str, *, numbered: bool = True) -> Iterator[None]:
        """Write what is built inside under a path of its own, without layer numbers where not ``numbered``."""
        outer, before = self.path, self._numbered
        self.path = f"{outer}.{name}" if outer else name
        self._numbered = before and numbered
        yield
        self.path, self._numbered = outer, before

    @contextmanager
    def sequence(self, source: Memory) -> Iterator[None]:
        """Build what is inside on another sequence: its columns, the mask of its padding."""
        before = self.columns, self._mask
        self.columns, self._mask = source.states.args[2], source.mask
        yield
        self.columns, self._mask = before

    def own(self, states: Variable, tokens: int) -> Memory:
        """Return the sequence that is built on, as attention to itself reads it.

        Raises:
            SpecError: it has another number of tokens.
        """
        if states.args[2] != tokens * BATCH:
            raise SpecError(
                f"attention over {tokens} tokens, and an example has {states.args[2] / BATCH}: give as many"
            )
        return Memory(states, tokens, self._mask)

    def memory(self, tokens: int | None, rows: int | None, like: Variable) -> Memory:
        """Return the other sequence of the network: what an encoder returned, else the input C, declared once.

        Without ``rows`` its tokens are as wide as those of ``like``.

        Raises:
            SpecError: nobody says how many tokens it has, or it was declared with others.
        """
        if self._memory is None:
            if tokens is None:
                raise SpecError("cross-attention reads a sequence of its own length: give memory, its number of tokens")
            states = self._named("C", "C", Role.INPUT, like.args[1] if rows is None else rows, tokens * BATCH, path="")
            self.inputs.append(states)
            self.origins.brings(states, 1, Origin.OTHER_TOKENS)
            if rows is None:
                self.origins.shares(states, 0, like)
            else:
                self.origins.brings(states, 0, Origin.OTHER_WIDTH)
            self._memory = Memory(states, tokens, OTHER_MASK)
        known = self._memory
        if tokens not in (None, known.tokens) or (rows is not None and rows != known.states.args[1]):
            wanted = f"{rows or known.states.args[1]} × {tokens or known.tokens} tokens"
            raise SpecError(
                f"the other sequence is {known.states.name}, {known.states.args[1]} × {known.tokens} tokens, "
                f"and a layer wants {wanted}: leave memory and width out, or give the same"
            )
        return known

    def remember(self, memory: Memory) -> None:
        """Let cross-attention read this sequence from here on."""
        self._memory = memory

    def padding(self, source: Memory) -> Variable:
        """Return the mask of a sequence's padding, tokens × m, declared once: 1 for a token, 0 for padding."""
        if source.mask not in self._masks:
            mask = self._named(source.mask, source.mask, Role.PADDING, source.tokens, BATCH, path="")
            self._masks[source.mask] = mask
            self.origins.shares(mask, 0, source.states, 1)
            self.inputs.append(mask)
        return self._masks[source.mask]

    def count(self, name: str) -> int:
        """Return how often a scope of this name has been asked for at the current path, this time included."""
        path = f"{self.path}.{name}"
        self._scopes[path] += 1
        return self._scopes[path]

    def next_layer(self) -> int:
        """Begin the next weight layer and return its number, from 1."""
        self.layer += 1
        return self.layer

    def units(self, given: int | None) -> Expr | int:
        """Return the number of units of the current layer: as given, else the symbol n_l."""
        return given if given is not None else width(self.layer)

    def weight(self, rows: Expr | int, cols: Expr | int, stem: str = "W") -> Variable:
        """Return the weight of the current layer: a parameter, or what a layer around it makes of other parameters."""
        return self.parameter(stem, Role.WEIGHT, rows, cols) if self._weight is None else self._weight(self, rows, cols)

    @contextmanager
    def weights(self, make: Callable[[Builder, Expr | int, Expr | int], Variable]) -> Iterator[None]:
        """Let ``make`` define the weights of the layers inside."""
        before, self._weight = self._weight, make
        yield
        self._weight = before

    def result_of(self, name: str) -> Variable:
        """Return what the layer of a name returned.

        Raises:
            SpecError: no layer so far has it.
        """
        if name not in self.results:
            raise SpecError(f"no layer before this one is called {name!r}{nearest(name, self.results)}")
        return self.results[name]

    def parameter(self, stem: str, role: Role, rows: Expr | int, cols: Expr | int) -> Variable:
        """Declare a parameter of the current layer."""
        variable = self._variable(stem, role, rows, cols)
        self.parameters.append(variable)
        return variable

    def input(
        self, stem: str, role: Role, rows: Expr | int, cols: Expr | int | None = None, step: int | None = None
    ) -> Variable:
        """Declare what is given beside the data: a mask of the current layer, or a state a sequence starts from."""
        own = f"{stem}{self.layer if step is None else step}"
        variable = self._named(own, stem, role, rows, self.columns if cols is None else cols, step, path="")
        self.inputs.append(variable)
        return variable

    def define(
        self,
        stem: str,
        role: Role,
        rhs: MatrixExpr,
        rows: Expr | int,
        cols: Expr | int | None = None,
        step: int | None = None,
    ) -> Variable:
        """Name a matrix of the current layer, at a step of a sequence or outside one, and add its equation.

        The name ends in the layer, ``Z1``; at a step in the step where a path tells the layer, ``rnn1.h3``, else
        in both, ``A1_3``.
        """
        variable = self._variable(stem, role, rows, self.columns if cols is None else cols, step)
        self.equations.append(Equation(variable, rhs))
        self.images.follow(variable, rhs)
        return variable

    def spread(self, column: Variable) -> MatrixExpr:
        """Return b·1ᵀ: a column, repeated for every column of an intermediate."""
        return matmul(column, ones(1, self.columns))

    def _variable(self, stem: str, role: Role, rows: Expr | int, cols: Expr | int, step: int | None = None) -> Variable:
        layer, own = (self.layer if self._numbered else ""), ("" if step is None else step)
        between = "_" if self._numbered and step is not None else ""
        return self._named(f"{stem}{layer}{between}{own}", stem, role, rows, cols, step)

    def _named(
        self,
        own: str,
        stem: str,
        role: Role,
        rows: Expr | int,
        cols: Expr | int,
        step: int | None = None,
        path: str | None = None,
    ) -> Variable:
        path = self.path if path is None else path
        base = f"{path}.{own}" if path else own
        name = base if base not in self._taken else next(n for n in _suffixed(base) if n not in self._taken)
        self._taken.add(name)
        return Variable(name, rows, cols, role, stem, self.layer, path, step)


class Record:
    """A block of the layer tree while its equations are written: open from ``with`` on, closed at its end.

    ``inside`` are the blocks opened meanwhile. The tree is made of it when somebody asks: writing is quick.
    """

    __slots__ = ("builder", "first", "inside", "kind", "name", "outer", "path", "stop")

    def __init__(self, kind: Kind, name: str, builder: Builder | None = None) -> None:
        self.kind, self.name, self.builder = kind, name, builder
        self.path = builder.path if builder else ""
        self.first = self.stop = len(builder.equations) if builder else 0
        self.inside: list[Record] = []

    def __enter__(self) -> None:
        if self.builder:
            self.outer, self.builder.record = self.builder.record, self

    def __exit__(self, *error: object) -> None:
        if self.builder:
            self.stop, self.builder.record = len(self.builder.equations), self.outer
            if self.stop > self.first:
                self.outer.inside.append(self)
            # What refers to itself stays in memory until the collector comes.
            del self.outer
            self.builder = None

    def block(self, outer: str = "") -> Block:
        """Return the block, inside one whose path is ``outer``."""
        children = [record.block(self.path) for record in self.inside]
        return block_of(self.kind, self.first, self.stop, children, self.name or relative(self.path, outer))


def _suffixed(base: str) -> Iterator[str]:
    return (f"{base}_{index}" for index in count(2))
