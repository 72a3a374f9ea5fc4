"""The numbers somebody's gradient is asked at: fresh, several batches, sizes that are prime and distinct.

Distinct primes keep mistakes from coinciding: a transposed matrix does not fit, and 1/m is no other constant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

from sympy import MatrixExpr, MatrixSymbol

from symbp.derivation import Derivation
from symbp.equations import Equation, ForwardSystem
from symbp.errors import SpecError
from symbp.judging.diagnosis.reading import left_open
from symbp.networks.general import require_number
from symbp.numeric.definitions import Standins
from symbp.numeric.sizes import given_sizes
from symbp.numeric.source import Program, program
from symbp.numeric.values import TARGETS, Values, draw, evaluation, of_probabilities, target_kinds
from symbp.symbols import BATCH, Role, Variable, examples_are_rows

WIDTHS = (3, 7, 11, 13, 19, 29, 31, 37)
"""Widths of layers that the network leaves open, in turn."""

EXAMPLES = (5, 17, 23)
"""Batches: at least 5 examples, none of them the width of a layer left open."""

SPARE_EXAMPLES = (41, 43, 47, 53, 59, 61, 67, 71)
"""Batches for networks whose given widths are among ``EXAMPLES``."""


class Layout(Protocol):
    """Which matrices hold their transpose where somebody's examples are rows: a layout of symbp.views."""

    def holds(self, symbol: MatrixExpr) -> bool:
        """Whether a matrix holds its transpose."""
        ...

    def equation(self, equation: Equation) -> Equation:
        """Return an equation of the calculus in this layout."""
        ...


@dataclass(frozen=True)
class Case:
    """One draw: ``known`` holds every matrix of both lists, ``given`` the symbols drawn.

    Columns are examples, but for the matrices of which ``layout`` holds the transpose.
    """

    values: Values
    known: dict[str, Any]
    loss: float
    examples: int
    given: tuple[MatrixSymbol, ...] = ()
    layout: Layout | None = None
    is_mean: bool = True

    @property
    def share(self) -> int:
        """By what a loss divides the sum over its examples: an operation alone adds them up."""
        return self.examples if self.is_mean else 1

    @property
    def in_rows(self) -> bool:
        """Whether examples are rows."""
        return any(self.turns(symbol) for symbol in self.given if symbol.role in (Role.INPUT, Role.UPSTREAM))

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Every letter of a size with its number."""
        found = {"m": self.examples}
        for symbol in self.given:
            axes = zip(symbol.shape, self.known[symbol.name].shape[:: -1 if self.turns(symbol) else 1], strict=True)
            found.update((str(size), number) for size, number in axes if size.is_Symbol)
        return found

    def turns(self, symbol: MatrixExpr) -> bool:
        """Whether a matrix is the transpose of that of the calculus; what has no name is, but for columns."""
        if self.layout is None:
            return False
        if isinstance(symbol, MatrixSymbol):
            return self.layout.holds(symbol)
        rows, columns = symbol.shape
        return bool(columns != 1) and self.layout.holds(Variable("V", rows, columns, Role.ACTIVATION, "V"))


def require_concrete(derivation: Derivation) -> None:
    """Refuse a network that leaves its activations or its loss open: nothing could be computed with it.

    Raises:
        SpecError: naming what is open, the number of layers too.
    """
    require_number(derivation.network, "judging a gradient")
    if missing := left_open(derivation):
        options = " and ".join(f"--{name}" for name in missing)
        raise SpecError(f"the network leaves its {' and '.join(missing)} open: give {options} (symbp list shows all)")


def cases(
    derivation: Derivation,
    seed: int = 0,
    batches: Sequence[int] = EXAMPLES,
    layout: Layout | None = None,
    *,
    classes: bool = False,
    certain: bool = False,
) -> list[Case]:
    """Return a draw for every batch, each with all intermediates.

    ``classes`` makes targets of zeros and ones one-hot, so that they can be given as class labels too, and those that
    a formula of somebody's own compares with probabilities distributions; ``certain`` makes these one-hot as well.

    Raises:
        SpecError: the network leaves something open.
    """
    require_concrete(derivation)
    full = program(derivation.forward, derivation.backward, derivation.wrt, Standins())
    taken = {int(size) for symbol in derivation.forward.given for size in symbol.shape if size.is_Integer}
    spare = (size for size in SPARE_EXAMPLES if size not in taken)
    sizes = [batch if batch not in taken else next(spare, batch) for batch in batches]
    if not any(size.has(BATCH) for symbol in derivation.forward.given for size in symbol.shape):
        sizes = [1 for _ in batches]  # One example, or one sequence: m is 1.
    kinds = narrowed(derivation.forward, certain=certain) if classes else {}
    return [_case(derivation, full, examples, seed + number, layout, kinds) for number, examples in enumerate(sizes)]


CERTAIN = {"distribution": "one_hot", "share": "binary"}
"""What targets that are probabilities are where nothing is left open."""


def uncertain(forward: ForwardSystem) -> bool:
    """Whether targets are probabilities, which may be certain."""
    return narrowed(forward, certain=True) != narrowed(forward, certain=False)


def narrowed(forward: ForwardSystem, *, certain: bool) -> dict[str, str]:
    """Return a kind of targets for those that are drawn again: other ones than the network by itself asks for."""
    known = {str(symbol): kind for symbol, kind in target_kinds(forward).items()}
    found: dict[str, str] = {}
    for symbol in forward.given:
        if not isinstance(symbol, Variable) or symbol.role is not Role.TARGET or examples_are_rows(symbol):
            continue
        alike = (of_probabilities(each.rhs) for each in forward if each.lhs.shape == symbol.shape)
        kind = known.get(symbol.name) or next(filter(None, alike), "")
        if kind == "binary" and symbol.shape[0] != 1:
            found[symbol.name] = "one_hot"
        elif kind in CERTAIN and (certain or symbol.name not in known):
            found[symbol.name] = CERTAIN[kind] if certain else kind
    return found


def _case(
    derivation: Derivation, full: Program, examples: int, seed: int, layout: Layout | None, kinds: Mapping[str, str]
) -> Case:
    import numpy as np

    sizes = given_sizes(derivation.forward, examples, WIDTHS)
    trace = draw(derivation.forward, sizes, seed, evaluation(full), Standins())
    goals = trace.values.targets
    if kinds:
        random = np.random.default_rng(seed)
        again = {name: TARGETS[kind](random, goals[name].shape) for name, kind in kinds.items() if name in goals}
        trace = evaluation(full)(replace(trace.values, targets={**goals, **again}))
    drawn = {*trace.values.parameters, *trace.values.inputs}
    given = tuple(symbol for symbol in full.names if symbol.name in drawn)
    held = {symbol.name for symbol in full.names if layout is not None and layout.holds(symbol)}
    known = {name: value.T if name in held else value for name, value in trace.local.items()}
    return Case(trace.values, known, trace.loss, examples, given, layout, not derivation.is_alone)
