"""What every part of a report has at hand: the derivation, its printers, which layers to show."""

from __future__ import annotations

from dataclasses import dataclass

from symbp.derivation import Derivation, Gradient
from symbp.equations import Equation
from symbp.report import facts
from symbp.report.dialects import Dialect
from symbp.report.notation import Notation
from symbp.report.printer import Printer
from symbp.report.products import Piece, Products, elided
from symbp.report.rich import Rich
from symbp.symbols import Role

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
    factor_macro: str

    @classmethod
    def open(
        cls,
        derivation: Derivation,
        notation: Notation,
        dialect: Dialect,
        shown: frozenset[int] | None,
        by_output: bool,
        factor_macro: str,
        loss_letter: str | None,
    ) -> Desk:
        """Return a desk with printers of one notation."""
        network = derivation.network
        names = facts.labels(derivation)

        def printer(example: str | None = None) -> Printer:
            return Printer(
                notation, dialect, network.depth, one_example=not network.batch, by_output=by_output,
                example=example, labels=names, loss=loss_letter,
            )  # fmt: skip

        main = printer()
        column = printer("i" if dialect.column == 0 else "") if network.batch else main
        return cls(derivation, main, Products(main), Products(column), shown, factor_macro)

    @property
    def depth(self) -> int:
        """The number of weight layers."""
        return self.derivation.network.depth

    def shows(self, layer: int) -> bool:
        """Say whether a layer is written out."""
        return self.shown is None or layer in self.shown

    def layers(self) -> list[int]:
        """Return the layers written out, the last first, as backpropagation meets them."""
        return [layer for layer in range(self.depth, 0, -1) if self.shows(layer)]

    def gradients(self) -> list[Gradient]:
        """Return the gradients of the shown layers, the last layer first, the weight before the bias."""
        order = {Role.WEIGHT: 0, Role.BIAS: 1}
        found = [self.derivation.gradients[v.name] for v in self.derivation.wrt if self.shows(v.layer) or not v.layer]
        return sorted(found, key=lambda g: (-g.variable.layer, order.get(g.variable.role, 2)))

    def pieces(self, gradient: Gradient, form: Products | None = None, nested: bool | None = None) -> list[Piece]:
        """Return a gradient as pieces in reading order, layers that are not shown left out."""
        products = form or self.products
        nest = self.derivation.network.batch if nested is None else nested
        factors = gradient.factors
        pieces = products.nested(factors) if nest else products.flat(factors)
        visible = None if self.shown is None else self.shown | {self.depth}
        return elided(pieces, visible, self.printer.dialect.dots)

    def step(self, name: str) -> Equation | None:
        """Return the equation of the backward list that defines a name, or None."""
        try:
            found: Equation = self.derivation.backward[name]
        except KeyError:
            return None
        return found

    def letters(self) -> dict[str, str]:
        """Return the symbols that the prose of the templates uses."""
        p, column = self.printer, self.columns.printer
        a_last, z = p.role(Role.ACTIVATION, self.depth), p.role(Role.PREACTIVATION, "l")
        return {
            "x": p.role(Role.INPUT), "y": p.role(Role.TARGET), "W": p.role(Role.WEIGHT, "l"),
            "b": p.role(Role.BIAS, "l"), "z": z, "a": p.role(Role.ACTIVATION, "l"), "g": p.loss_gradient(),
            "g_is": f"{p.loss_gradient()} = {inline_partial(p, a_last)}", "delta": p.error("l"),
            "delta_is": f"{p.error('l')} = {inline_partial(p, z)}", "delta_last": p.error(self.depth),
            "D": p.slope_matrix("l"), "D_column": column.slope_matrix("l"), "J": p.jacobian(self.depth),
            "ones": p.dialect.ones, "loss": p.loss, "m": "m", "i": "i", "f": "f'",
            "dw_is": rf"\mathrm{{d}}w = {inline_partial(p, 'w')}",
        }  # fmt: skip


def inline_partial(p: Printer, of: str) -> str:
    """Return ∂𝓛/∂of on one line, for formulas inside a sentence."""
    return rf"\partial {p.loss} / \partial {of}"
