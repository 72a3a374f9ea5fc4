"""What layers write their equations into: names, layer numbers and parameters in one place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from sympy import Expr, MatrixExpr

from symbp.equations import Equation
from symbp.networks.images import Images
from symbp.nodes import matmul, ones
from symbp.symbols import BATCH, Role, Variable, width


class Builder:
    """Collects the forward list while layers add to it; the layer number counts weight layers so far.

    ``images`` knows which symbols are images. Inside a ``scope`` the names carry its path
    (``block1.attention.WQ``). A name that is taken gets a suffix. ``columns`` is what every intermediate has: m, or
    T·m where every example is T tokens.
    """

    def __init__(self, columns: Expr = BATCH) -> None:
        self.columns = columns
        self._row = ones(1, columns)
        self.equations: list[Equation] = []
        self.parameters: list[Variable] = []
        self.inputs: list[Variable] = []
        self.images = Images()
        self.layer = 0
        self.path = ""
        self._numbered = True
        self._taken: set[str] = set()
        self._scopes: Counter[str] = Counter()

    @contextmanager
    def scope(self, name: str, *, numbered: bool = True) -> Iterator[None]:
        """Write what is built inside under a path of its own, without layer numbers where not ``numbered``."""
        outer, before = self.path, self._numbered
        self.path = f"{outer}.{name}" if outer else name
        self._numbered = before and numbered
        yield
        self.path, self._numbered = outer, before

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

    def parameter(self, stem: str, role: Role, rows: Expr | int, cols: Expr | int) -> Variable:
        """Declare a parameter of the current layer."""
        variable = self._variable(stem, role, rows, cols)
        self.parameters.append(variable)
        return variable

    def input(
        self, stem: str, role: Role, rows: Expr | int, cols: Expr | int | None = None, step: int | None = None
    ) -> Variable:
        """Declare what is given beside the data: a mask of the current layer, or a state a sequence starts from."""
        path, self.path = self.path, ""
        own = f"{stem}{self.layer if step is None else step}"
        variable = self._named(own, stem, role, rows, self.columns if cols is None else cols, step)
        self.path = path
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
        return matmul(column, self._row)

    def _variable(self, stem: str, role: Role, rows: Expr | int, cols: Expr | int, step: int | None = None) -> Variable:
        layer, own = (self.layer if self._numbered else ""), ("" if step is None else step)
        between = "_" if self._numbered and step is not None else ""
        return self._named(f"{stem}{layer}{between}{own}", stem, role, rows, cols, step)

    def _named(self, own: str, stem: str, role: Role, rows: Expr | int, cols: Expr | int, step: int | None) -> Variable:
        base = f"{self.path}.{own}" if self.path else own
        name = base if base not in self._taken else next(n for n in _suffixed(base) if n not in self._taken)
        self._taken.add(name)
        return Variable(name, rows, cols, role, stem, self.layer, self.path, step)


def _suffixed(base: str) -> Iterator[str]:
    return (f"{base}_{index}" for index in count(2))
