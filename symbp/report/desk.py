"""What every part of a report has at hand: the derivation, its printers, which layers to show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from symbp.calculus.factor import Factor
from symbp.derivation import Derivation, Gradient
from symbp.report import facts
from symbp.report.dialects import Dialect
from symbp.report.names import Mark, marks, with_shared
from symbp.report.notation import Letter, Notation, plain
from symbp.report.printer import Printer
from symbp.report.products import Piece, Products, elided, shortened, thinned
from symbp.report.rich import Rich
from symbp.symbols import Role, Variable

Row = tuple[Rich, ...]
"""The cells of one row of a table."""


@dataclass(frozen=True)
class Desk:
    """What every section needs at hand: the derivation, its printers, which layers to show."""

    derivation: Derivation
    printer: Printer
    products: Products
    columns: Products
    shown: frozenset[int] | None
    plain: bool

    @classmethod
    def open(
        cls,
        derivation: Derivation,
        notation: Notation,
        dialect: Dialect,
        shown: frozenset[int] | None,
        loss_letter: str | None,
    ) -> Desk:
        """Return a desk with printers of one notation."""
        network = derivation.network
        names, is_plain = facts.labels(derivation), facts.is_plain(derivation)
        spelled = {} if is_plain else marks(_variables(derivation), notation, not getattr(network, "named", False))
        outputs = [(each.lhs, type(each.rhs).__name__) for each in derivation.forward if each.lhs in spelled]
        spelled = with_shared(spelled, [(v, kind) for v, kind in outputs if kind not in ("MatAdd", "MatMul")])
        letters = notation if is_plain else without_clashes(notation, spelled)

        def printer(example: str | None = None) -> Printer:
            return Printer(
                letters, dialect, network.depth, one_example=not derivation.batch,
                example=example, labels=names, loss=loss_letter, marks=spelled,
                output=None if is_plain else network.output,
            )  # fmt: skip

        main = printer()
        column = printer("i" if dialect.column == 0 else "") if derivation.batch else main
        return cls(derivation, main, Products(main), Products(column), shown, is_plain)

    @property
    def batch(self) -> bool:
        """Whether a batch is shown."""
        return self.derivation.batch

    @property
    def depth(self) -> int:
        """The number of weight layers."""
        return self.derivation.network.depth

    def shows(self, layer: int) -> bool:
        """Say whether a layer is written out."""
        return self.shown is None or layer in self.shown

    @cached_property
    def gradients(self) -> list[Gradient]:
        """The gradients of the shown layers, the last layer first, the weight before the bias."""
        order = {Role.WEIGHT: 0, Role.BIAS: 1}
        found = [self.derivation.gradients[v.name] for v in self.derivation.wrt if self.shows(v.layer) or not v.layer]
        return sorted(found, key=lambda g: (-g.variable.layer, order.get(g.variable.role, 2)))

    def pieces(self, gradient: Gradient, form: Products | None = None, nested: bool | None = None) -> list[Piece]:
        """Return a gradient as pieces in reading order, layers that are not shown left out."""
        return self.term(gradient.factors, form, nested)

    def term(
        self, factors: tuple[Factor, ...], form: Products | None = None, nested: bool | None = None
    ) -> list[Piece]:
        """Return the product of one use as pieces in reading order, layers that are not shown left out."""
        products = form or self.products
        nest = self.batch if nested is None else nested
        visible = None if self.shown is None else self.shown | {self.depth}
        if self.plain and visible is not None:
            factors = thinned(factors, visible)
        pieces = products.nested(factors) if nest else products.flat(factors)
        found = elided(pieces, visible, self.printer.dialect.dots)
        return found if self.plain else shortened(found, self.printer.dialect.dots)


def _variables(derivation: Derivation) -> list[Variable]:
    forward = derivation.forward
    found = (*forward.given, *(equation.lhs for equation in forward))
    return [v for v in dict.fromkeys(found) if isinstance(v, Variable) and v.role is not Role.LOSS]


SPARE = ("g", "e", "r", "q")
"""Letters for the loss gradient, the first that the network itself does not use."""


def without_clashes(notation: Notation, spelled: Mapping[Variable, Mark]) -> Notation:
    """Return the notation with letters for the loss gradient and for slopes that no symbol of the network has."""
    used = {mark.small.latex.lower() for mark in spelled.values()}
    letter = notation.loss_gradient[0].latex
    free = letter if letter not in used else next((spare for spare in SPARE if spare not in used), letter)
    slope = notation.slope_matrix if "d" not in used else Letter(r"\Lambda", "Λ", "Lambda")
    return replace(notation, loss_gradient=(plain(free), plain(free.upper())), slope_matrix=slope)
