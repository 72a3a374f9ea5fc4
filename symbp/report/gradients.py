"""The gradients as a report shows them: factored, in three forms, and what each depends on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sympy import Transpose

from symbp.calculus.factor import Acts, Factor
from symbp.derivation import Gradient
from symbp.op import FactorRole
from symbp.ops.losses import LinkedLoss
from symbp.report import facts
from symbp.report.composed import form_lines
from symbp.report.desk import Desk, Row
from symbp.report.layout import aligned, displays, product_lines
from symbp.report.products import Piece
from symbp.report.recurrent import is_summed
from symbp.report.rich import Rich, math, rich
from symbp.report.written import Level
from symbp.symbols import Adjoint, Role, Variable

DEPENDS = ("gradient", "loss gradient", "weights", "activation derivatives", "previous activation")
"""The columns of the table of factors."""

FEW = 3
"""Longest list of symbols in a cell; longer ones show both ends."""


@dataclass(frozen=True)
class Form:
    """One parameter's gradient in its equivalent forms."""

    name: str
    lines: tuple[str, ...]

    @property
    def display(self) -> str:
        """The forms as one display."""
        return aligned(self.lines)


def _left(desk: Desk, variable: Variable) -> str:
    return desk.printer.symbol(Adjoint(variable)) if variable.role is not Role.INPUT else desk.printer.partial(variable)


def result(desk: Desk, roles: bool) -> tuple[str, ...]:
    """Return the factored gradients of the weights, the deepest with the role of each factor."""
    found = [g for g in desk.gradients if g.variable.role is not Role.BIAS] or desk.gradients
    lines = [_product(desk, each, desk.pieces(each), labelled=roles and each is found[-1]) for each in found]
    return displays(lines)


def _product(desk: Desk, gradient: Gradient, pieces: list[Piece], *, labelled: bool = False) -> list[str]:
    left = _left(desk, gradient.variable)
    if not gradient.factors:
        return [f"{left} &= {desk.printer.dialect.zero}"]
    return product_lines(left, pieces, desk.products, labelled=labelled, macro=desk.factor_macro)


def scalar_form(desk: Desk) -> tuple[str, ...]:
    """Return the gradients of the last three layers with one unit a layer, as course notes write them.

    Softmax has none: one output alone is always 1.
    """
    if any(use.function is None for use in facts.uses(desk.derivation)):
        return ()
    source, first_slope = r"\mathcal{L}'", True
    network = desk.derivation.network
    loss_symbol = desk.printer.loss
    source = f"{loss_symbol}'(a_L)"
    if isinstance(network.loss_node, LinkedLoss):
        source, first_slope = "(a_L - y)", False
    lines = []
    for back in range(min(3, desk.depth)):
        factors = [source]
        for step in range(back + 1):
            if step or first_slope:
                factors.append(f"f'({_at('z', step)})")
            if step < back:
                factors.append(_at("w", step))
        factors.append("x" if desk.depth == back + 1 else _at("a", back + 1))
        lines.append([rf"\mathrm{{d}}{_at('w', back)} &= " + r"\, ".join(factors)])
    return displays(lines)


def _at(letter: str, back: int) -> str:
    return f"{letter}_{{L-{back}}}" if back else f"{letter}_L"


def forms(desk: Desk) -> tuple[Form, ...]:
    """Return every shown gradient in three forms: recursive, nested as it is computed, one product."""
    return tuple(form(desk, gradient) for gradient in desk.gradients if not is_summed(desk, gradient))


def form(desk: Desk, gradient: Gradient) -> Form:
    """Return one gradient in its three forms; the last two are one where no ⊙ is left."""
    if not desk.plain:
        return Form(gradient.variable.name, form_lines(desk, gradient))
    lines = [f"{_left(desk, gradient.variable)} &= {desk.printer.matrix(gradient.recursive)}"]
    if gradient.factors:
        if desk.batch or any(factor.acts is Acts.HADAMARD for factor in gradient.factors):
            lines += product_lines("", desk.pieces(gradient, nested=True), desk.products)
        lines += _one_product(desk, gradient)
    return Form(gradient.variable.name, tuple(lines))


def _one_product(desk: Desk, gradient: Gradient) -> list[str]:
    """Return the flat product; over a batch, summed over the examples (an input's gradient keeps them apart)."""
    if desk.batch and not any(factor.acts is Acts.RIGHT for factor in gradient.factors):
        return []
    pieces = desk.pieces(gradient, desk.columns, nested=False)
    if desk.batch:
        pieces[0] = replace(pieces[0], text=r"\sum_{i=1}^{m} " + pieces[0].text)
    return product_lines("", pieces, desk.columns)


def depends(desk: Desk) -> tuple[Row, ...]:
    """Return, for each weight, which factors its gradient is a product of."""
    weights = [g for g in desk.gradients if g.variable.role is Role.WEIGHT]
    return tuple(_dependence(desk, gradient) for gradient in weights)


def _dependence(desk: Desk, gradient: Gradient) -> Row:
    roles = (FactorRole.LOSS, FactorRole.WEIGHT, FactorRole.SLOPE, FactorRole.PREVIOUS)
    factors = gradient.factors
    cells: list[Rich] = [(math(desk.printer.symbol(gradient.variable)),)]
    for role in roles:
        cells.append(_list(desk, [factor for factor in factors if factor.role is role]))
    return tuple(cells)


def _symbol(desk: Desk, factor: Factor) -> str:
    """Return a factor as the symbol it is about: a weight without its transpose, D for a derivative."""
    if isinstance(factor.expr, Transpose):
        return desk.printer.matrix(factor.expr.arg)
    if factor.role is FactorRole.LOSS:
        return desk.products.source(factor, Level.SUM)
    products = desk.columns if factor.role is FactorRole.SLOPE else desk.products
    return products.factor_matrix(factor)


def remedies(desk: Desk) -> tuple[Row, ...]:
    """Return which factor each well-known remedy acts on."""
    p = desk.printer
    block, weight = math(p.notation.jacobian.latex), math(p.role(Role.WEIGHT, "l"))
    with_skip = math(f"{p.dialect.identity} + {block.value}")
    rows = (
        ("Xavier and He initialisation", rich("the weights {W}: a size that keeps products near 1", W=weight)),
        ("activations that do not saturate (ReLU)", rich("the derivatives {f}: 1 where it passes", f=math("f'"))),
        ("residual connections", rich("a whole block: its factor {J} becomes {skip}", J=block, skip=with_skip)),
        ("batch normalisation", rich("a factor of its own between weight and derivative")),
    )
    return tuple((rich("{remedy}", remedy=remedy), factor) for remedy, factor in rows)


def _list(desk: Desk, factors: list[Factor]) -> Rich:
    if not factors:
        return rich("none")
    both_ends = factors if len(factors) <= FEW else [factors[0], factors[-1]]
    symbols = [_symbol(desk, factor) for factor in both_ends]
    shown = symbols if both_ends is factors else [symbols[0], r"\ldots", symbols[1]]
    return (math(r",\ ".join(shown)),)
