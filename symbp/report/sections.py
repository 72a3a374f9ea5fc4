"""The parts of a report, each from the two lists and the factors: no mathematics of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sympy import Expr, MatrixSymbol, Transpose

from symbp.calculus.factor import Factor
from symbp.derivation import Derivation, Gradient
from symbp.equations import Equation
from symbp.op import FactorRole
from symbp.ops.elementwise import OUTPUT
from symbp.ops.losses import LinkedLoss
from symbp.report import facts
from symbp.report.dialects import Dialect
from symbp.report.layout import aligned, displays, paired, product_lines
from symbp.report.notation import Notation
from symbp.report.printer import Level, Printer
from symbp.report.products import Piece, Products, elided
from symbp.report.rich import Rich, Span, math, rich, words
from symbp.report.scalar import scalar_latex
from symbp.symbols import Adjoint, Role, Variable

FEW = 3
"""Longest list of symbols in a cell; longer ones show both ends."""

Row = tuple[Rich, ...]
"""The cells of one row of a table."""


@dataclass(frozen=True)
class Part:
    """A reason and the equations it leads to."""

    reason: Rich
    displays: tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """The backward steps of one layer."""

    title: Rich
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Activation:
    """One activation used: its name and layers, its formulas, what happens at a kink."""

    name: Rich
    display: str
    notes: Rich


@dataclass(frozen=True)
class LossPart:
    """The loss: its definition and what to know about its scale."""

    display: str
    notes: tuple[Rich, ...]


@dataclass(frozen=True)
class Form:
    """One parameter's gradient in its equivalent forms."""

    name: str
    lines: tuple[str, ...]

    @property
    def display(self) -> str:
        """The forms as one display."""
        return aligned(self.lines)


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
        return cls(derivation, main, Products(main), Products(printer("i" if dialect.column == 0 else "") if network.batch else main), shown, factor_macro)

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

    def letters(self) -> dict[str, str]:
        """Return the symbols that the prose of the templates uses."""
        p, depth = self.printer, self.depth
        a_last = p.role(Role.ACTIVATION, depth)
        before = p.role(Role.ACTIVATION, "l-1")
        return {
            "x": p.role(Role.INPUT), "y": p.role(Role.TARGET), "W": p.role(Role.WEIGHT, "l"),
            "b": p.role(Role.BIAS, "l"), "z": p.role(Role.PREACTIVATION, "l"), "a": p.role(Role.ACTIVATION, "l"),
            "a_before": before, "a_last": a_last, "z_last": p.role(Role.PREACTIVATION, depth),
            "delta": p.error("l"), "delta_last": p.error(depth), "g": p.loss_gradient(), "D": p.slope_matrix("l"),
            "D_is": rf"{p.slope_matrix('l')} = \mathrm{{diag}}\,f_l'({p.role(Role.PREACTIVATION, 'l')})",
            "g_is": f"{p.loss_gradient()} = {inline_partial(p, a_last)}",
            "delta_is": f"{p.error('l')} = {inline_partial(p, p.role(Role.PREACTIVATION, 'l'))}",
            "J": p.jacobian(depth), "loss": p.loss, "ones": p.dialect.ones, "m": "m", "f": "f'",
            "dw_is": rf"\mathrm{{d}}w = {inline_partial(p, 'w')}",
            "identity_plus": rf"{p.dialect.identity} + {p.notation.jacobian.latex}",
            "block": p.notation.jacobian.latex, "D_column": self.columns.printer.slope_matrix("l"), "i": "i",
            "spread": rf"\sqrt{{n}}",
        }  # fmt: skip


def inline_partial(p: Printer, of: str) -> str:
    """Return ∂𝓛/∂of on one line, for formulas inside a sentence."""
    return rf"\partial {p.loss} / \partial {of}"


def _left(desk: Desk, variable: Variable) -> str:
    return desk.printer.symbol(Adjoint(variable)) if variable.role is not Role.INPUT else desk.printer.partial(variable)


def result(desk: Desk, roles: bool) -> tuple[str, ...]:
    """Return the factored gradients of the weights, the deepest with the role of each factor."""
    found = [g for g in desk.gradients() if g.variable.role is Role.WEIGHT] or desk.gradients()
    lines: list[str] = []
    for gradient in found:
        labelled = roles and gradient is found[-1]
        lines += _product(desk, gradient, desk.pieces(gradient), labelled=labelled)
    return displays(lines)


def _product(desk: Desk, gradient: Gradient, pieces: list[Piece], *, labelled: bool = False) -> list[str]:
    left = _left(desk, gradient.variable)
    if not gradient.factors:
        return [f"{left} &= {desk.printer.dialect.zero}"]
    return product_lines(left, pieces, desk.products, labelled=labelled, macro=desk.factor_macro)


def scalar_form(desk: Desk) -> tuple[str, ...]:
    """Return the gradients of the last three layers with one unit a layer, as course notes write them."""
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
        lines.append(rf"\mathrm{{d}}{_at('w', back)} &= " + r"\, ".join(factors))
    return displays(lines)


def _at(letter: str, back: int) -> str:
    return f"{letter}_{{L-{back}}}" if back else f"{letter}_L"


def notation_rows(desk: Desk) -> tuple[Row, ...]:
    """Return the table of symbols: symbol, meaning, shape."""
    p, network = desk.printer, desk.derivation.network
    known = desk.letters()
    m = "1" if not network.batch else "m"
    generic = any(facts.is_generic(use.function) for use in facts.uses(desk.derivation))
    column = rf"n_l \times {m}"
    rows: list[tuple[str, Rich, str]] = [
        (f"{known['x']} = {p.role(Role.ACTIVATION, 0)}", rich("input"), rf"n_0 \times {m}"),
        (known["y"], rich("target"), rf"{_units(desk.depth)} \times {m}"),
        (known["W"], rich("weights of layer {l}", l=math("l")), r"n_l \times n_{l-1}"),
    ]
    if any(symbol.role is Role.BIAS for symbol in network.parameters):
        rows.append((known["b"], rich("bias of layer {l}", l=math("l")), r"n_l \times 1"))
    f = math("f_l" if generic else "f")
    rows.append((f"{known['z']},\\ {known['a']}", rich("before and after the activation {f}", f=f), column))
    rows.append((p.loss, rich("loss"), r"1 \times 1"))
    if not isinstance(network.loss_node, LinkedLoss):
        rows.append((known["g_is"], rich("loss gradient"), rf"{_units(desk.depth)} \times {m}"))
    rows.append((known["delta_is"], rich("error of layer {l}", l=math("l")), column))
    slope = rf"{known['D']} = \mathrm{{diag}}\,{f.value}'({p.role(Role.PREACTIVATION, 'l')})"
    if any(use.function is None for use in facts.uses(desk.derivation)) and not isinstance(network.loss_node, LinkedLoss):
        rows.append((known["J"], rich("derivative of softmax"), rf"{_units(desk.depth)} \times {_units(desk.depth)}"))
    if not network.batch:
        rows.append((slope, rich("activation derivatives on a diagonal"), r"n_l \times n_l"))
    if network.batch:
        z = desk.columns.printer.role(Role.PREACTIVATION, "l")
        slope = rf"{known['D_column']} = \mathrm{{diag}}\,{f.value}'({z})"
        rows.append((slope, rich("activation derivatives of example {i}", i=math("i")), r"n_l \times n_l"))
        rows.append((known["ones"], rich("column of ones, one for each example"), r"m \times 1"))
    rows.append((r"\odot", rich("product entry by entry"), ""))
    return tuple((( math(symbol),), meaning, (math(shape),) if shape else ()) for symbol, meaning, shape in rows)


def _units(layer: int) -> str:
    return f"n_{{{layer}}}" if layer > 9 else f"n_{layer}"


def activations(desk: Desk) -> tuple[Activation, ...]:
    """Return every activation used with f and f′, the latter by input and by output."""
    used = [use for use in facts.uses(desk.derivation) if not facts.is_generic(use.function)]
    return tuple(_activation(desk, use, many=len(used) > 1) for use in used)


def _activation(desk: Desk, use: facts.Use, many: bool) -> Activation:
    where = rich(" ({layers})", layers=facts.layer_words(use.layers)) if many else ()
    name = (*facts.activation_words(use), *where)
    if use.function is None:
        return Activation(name, _softmax_lines(desk), ())
    label = desk.printer.function(use.function)
    prime = desk.printer.function(use.function, slope=True)
    names = {use.function.variables[0]: "z", OUTPUT: "a"}
    lines = [f"{label}(z) &= {facts.definition(use.function, names)}"]
    lines.append(f"{prime}(z) &= {scalar_latex(use.function.slopes[0], names)}")
    by_output = use.function.slope_by_output
    if by_output is not None and by_output.free_symbols:
        lines.append(f"&= {scalar_latex(by_output, names)}, \\qquad a = {label}(z)")
    return Activation(name, aligned(lines), facts.kink_words(use.function, label))


def _softmax_lines(desk: Desk) -> str:
    upper = desk.printer.notation.jacobian.latex
    return aligned(
        [
            r"a_i &= \frac{e^{z_i}}{\sum_{k} e^{z_k}}",
            r"\frac{\partial a_i}{\partial z_k} &= a_i (1 - a_i) \ \text{ if } i = k, \qquad -a_i a_k \ \text{ otherwise}",
            rf"{upper} &= \mathrm{{diag}}\,a - a\,a^{{{desk.printer.dialect.matrix('', None, True, '')[2:-1]}}}",
        ]
    )


def forward(desk: Desk) -> tuple[str, ...]:
    """Return the forward pass, a layer a line."""
    lines: list[str] = []
    by_layer: dict[int, list[Equation]] = {}
    for equation in desk.derivation.forward.equations[:-1]:
        by_layer.setdefault(equation.lhs.layer, []).append(equation)
    before = 0
    for layer, equations in by_layer.items():
        if not desk.shows(layer):
            continue
        if layer != before + 1:
            lines.append(r"&\ \, \vdots")
        before = layer
        lines.append(", & ".join(" &= ".join(desk.printer.equation(equation)) for equation in equations))
    left, right = desk.printer.equation(desk.derivation.forward.equations[-1])
    lines.append(f"{left} &= {right}")
    return displays(lines)


def loss(desk: Desk) -> LossPart:
    """Return the loss with its scale and how it compares with PyTorch's."""
    node, p = desk.derivation.network.loss_node, desk.printer
    function = facts.loss_function(node)
    left, right = p.equation(desk.derivation.forward.equations[-1])
    if function is None:
        words_ = rich("The loss is left open: only its gradient {g} at the output enters.", g=math(p.loss_gradient()))
        return LossPart(aligned([f"{left} &= {right}"]), (words_,))
    lines = [f"{left} &= {right}", rf"\ell(a, y) &= {scalar_latex(facts.with_numbers(function.expr, function), {})}"]
    if not isinstance(node, LinkedLoss):
        lines.append(rf"\ell'(a, y) = \frac{{\partial \ell}}{{\partial a}} &= {scalar_latex(facts.with_numbers(function.slopes[0], function), {})}")
    notes = [facts.torch_words(node), rich(facts.TARGETS.get(node.targets, ""))]
    return LossPart(aligned(lines), tuple(note for note in notes if note))


def collapse(desk: Desk) -> tuple[str, ...]:
    """Return, line by line, how a loss and its output activation collapse to prediction minus target."""
    node = desk.derivation.network.loss_node
    if not isinstance(node, LinkedLoss):
        return ()
    scale = r"\frac{1}{m} " if desk.derivation.network.batch else ""
    lines = _SOFTMAX_STEPS if node.name == "cross_entropy" else _SIGMOID_STEPS
    filled = [line.replace("LOSS", desk.printer.loss).replace("SCALE ", scale) for line in lines]
    return (aligned(filled),)


_SOFTMAX_STEPS = (
    r"\frac{\partial LOSS}{\partial z_k} &= \sum_{i} \frac{\partial LOSS}{\partial a_i} \, \frac{\partial a_i}{\partial z_k}",
    r"&= SCALE \Bigl( -\frac{y_k}{a_k} \, a_k (1 - a_k) + \sum_{i \neq k} \frac{y_i}{a_i} \, a_i a_k \Bigr)",
    r"&= SCALE \Bigl( -y_k + y_k a_k + a_k \sum_{i \neq k} y_i \Bigr)",
    r"&= SCALE \Bigl( a_k \sum_{i} y_i - y_k \Bigr)",
    r"&= SCALE (a_k - y_k) \qquad \text{because } \sum_{i} y_i = 1",
)
_SIGMOID_STEPS = (
    r"\frac{\partial LOSS}{\partial z_k} &= \frac{\partial LOSS}{\partial a_k} \, \sigma'(z_k)",
    r"&= SCALE \Bigl( \frac{1 - y_k}{1 - a_k} - \frac{y_k}{a_k} \Bigr) \, a_k (1 - a_k)",
    r"&= SCALE \bigl( (1 - y_k) a_k - y_k (1 - a_k) \bigr)",
    r"&= SCALE (a_k - y_k)",
)


def backward(desk: Desk) -> tuple[Block, ...]:
    """Return the backward pass layer by layer; a reason is given once."""
    told: set[str] = set()
    blocks = []
    before = desk.depth + 1
    for layer in desk.layers():
        parts = list(_layer_parts(desk, layer, told))
        if not parts:
            continue
        gap = before - layer - 1
        skipped = rich(" (after {n} more layer{s})", n=str(gap), s="s" * (gap > 1)) if gap > 0 and blocks else ()
        blocks.append(Block(rich("Layer {layer}{skipped}.", layer=str(layer), skipped=skipped), tuple(parts)))
        before = layer
    return tuple(blocks)


def _layer_parts(desk: Desk, layer: int, told: set[str]) -> Iterator[Part]:
    """Yield the error's step and the parameters' step of one layer, joined where nothing is left to explain."""
    chains = [_error_chain(desk, layer), _parameter_steps(desk, layer)]
    if layer == desk.depth and len(chains[0]) > 1:
        chains = [chains[0][:1], chains[0][1:], chains[1]]
    groups = [(_reasons(desk, group, told), _lines(desk, group)) for group in chains if group]
    if groups and not any(reason for reason, _ in groups):
        yield Part(rich("The same steps:"), (aligned([line for _, lines in groups for line in paired(lines)]),))
        return
    for reason, lines in groups:
        yield Part(reason, (aligned(paired(lines)),))


def _find(desk: Desk, name: str) -> Equation | None:
    return desk.derivation.backward[name] if name in desk.derivation.backward else None


def _error_chain(desk: Desk, layer: int) -> list[Equation]:
    """Return the equations that lead to the error of a layer: ∂𝓛/∂a, then δ."""
    return [found for name in (f"dA{layer}", f"dZ{layer}") if (found := _find(desk, name)) is not None]


def _parameter_steps(desk: Desk, layer: int) -> list[Equation]:
    adjoints = (Adjoint(v) for v in desk.derivation.wrt if v.layer == layer or (layer == 1 and not v.layer))
    return [desk.derivation.backward[adjoint.name] for adjoint in adjoints]


ONE_EXAMPLE = {"broadcast": "The bias enters with slope 1, so its gradient is the error itself."}
"""Reasons that read shorter where there is one example."""


def _reasons(desk: Desk, group: Sequence[Equation], told: set[str]) -> Rich:
    found: list[Span] = []
    for equation in group:
        for step in equation.steps:
            if step.rule in told:
                continue
            told.add(step.rule)
            short = None if desk.derivation.network.batch else ONE_EXAMPLE.get(step.rule)
            found += [Span("text", " ")] * bool(found) + list(words(short or step.why))
    return tuple(found)


def _lines(desk: Desk, group: Sequence[Equation]) -> list[str]:
    p = desk.printer
    lines = []
    before: dict[MatrixSymbol, Expr] = {}
    for equation in group:
        if equation.lhs.of.role is Role.ACTIVATION and equation.lhs.layer == desk.depth:
            lines.append(_loss_gradient_line(desk, equation))
            continue
        left, right = p.equation(equation, before)
        lines.append(f"{left} &= {right}")
        if equation.lhs.of.role is Role.ACTIVATION:
            before = {equation.lhs: equation.rhs}
    return lines


def _loss_gradient_line(desk: Desk, equation: Equation) -> str:
    """Return g = ∂𝓛/∂a, with what it is where the loss is known."""
    p = desk.printer
    right = p.matrix(equation.rhs)
    known = "" if right == p.loss_gradient() else f" = {right}"
    return f"{p.loss_gradient()} &= {p.partial(equation.lhs.of)}{known}"


def recursion(desk: Desk) -> str:
    """Return the whole backward pass as a recursion over the layers."""
    p, last = desk.printer, desk.depth
    start = _find(desk, f"dZ{last}")
    lines = []
    if start is not None:
        lines.append(f"{p.symbol(start.lhs)} &= {p.matrix(start.rhs)}")
    f = _hidden_slope(desk)
    upper, z = p.role(Role.WEIGHT, "l+1", True), p.role(Role.PREACTIVATION, "l")
    if last > 1:
        layers = ", ".join(map(str, range(last - 1, 0, -1))) if last <= 4 else rf"{last - 1}, \ldots, 1"
        lines.append(rf"{p.error('l')} &= {f}({z}) \odot ({upper} {p.error('l+1')}), \qquad l = {layers}")
    lines.append(f"{p.dialect.partial(p.loss, p.role(Role.WEIGHT, 'l'))} &= {p.error('l')} {p.role(Role.ACTIVATION, 'l-1', True)}")
    if any(symbol.role is Role.BIAS for symbol in desk.derivation.network.parameters):
        ones = f" {p.dialect.ones}" if desk.derivation.network.batch else ""
        lines.append(f"{p.dialect.partial(p.loss, p.role(Role.BIAS, 'l'))} &= {p.error('l')}{ones}")
    return aligned(lines)


def _hidden_slope(desk: Desk) -> str:
    """Return f′ of the layers before the last: its name where all have the same."""
    hidden = [use for use in facts.uses(desk.derivation) if use.layers[0] < desk.depth]
    if len(hidden) == 1 and hidden[0].function is not None and not facts.is_generic(hidden[0].function):
        return desk.printer.function(hidden[0].function, slope=True)
    return "f_l'"


def forms(desk: Desk) -> tuple[Form, ...]:
    """Return every shown gradient in three forms: recursive, nested as it is computed, one product."""
    return tuple(form(desk, gradient) for gradient in desk.gradients())


def form(desk: Desk, gradient: Gradient) -> Form:
    """Return one gradient in its three forms."""
    lines = [f"{_left(desk, gradient.variable)} &= {desk.printer.matrix(gradient.recursive)}"]
    if gradient.factors:
        lines += product_lines("", desk.pieces(gradient, nested=True), desk.products)
        if desk.derivation.network.batch:
            columns = desk.pieces(gradient, desk.columns, nested=False)
            columns[0] = replace(columns[0], text=r"\sum_{i=1}^{m} " + columns[0].text)
            lines += product_lines("", columns, desk.columns)
        else:
            lines += product_lines("", desk.pieces(gradient, nested=False), desk.products)
    return Form(gradient.variable.name, tuple(lines))


def depends(desk: Desk) -> tuple[Row, ...]:
    """Return, for each weight, which factors its gradient is a product of."""
    weights = [g for g in desk.gradients() if g.variable.role is Role.WEIGHT]
    return tuple(_dependence(desk, gradient) for gradient in weights)


def _dependence(desk: Desk, gradient: Gradient) -> Row:
    roles = (FactorRole.LOSS, FactorRole.WEIGHT, FactorRole.SLOPE, FactorRole.PREVIOUS)
    factors = gradient.factors
    cells: list[Rich] = [(math(desk.printer.symbol(gradient.variable)),)]
    for role in roles:
        cells.append(_list([_symbol(desk, factor) for factor in factors if factor.role is role]))
    return tuple(cells)


def _symbol(desk: Desk, factor: Factor) -> str:
    """Return a factor as the symbol it is about: a weight without its transpose, D for a derivative."""
    if isinstance(factor.expr, Transpose):
        return desk.printer.matrix(factor.expr.arg)
    if factor.role is FactorRole.LOSS:
        return desk.products.source(factor, Level.SUM)
    return desk.columns.factor_matrix(factor) if factor.role is FactorRole.SLOPE else desk.products.factor_matrix(factor)


def remedies(desk: Desk) -> tuple[Row, ...]:
    """Return which factor each well-known remedy acts on."""
    p = desk.printer
    block = p.notation.jacobian[p.dialect.column]
    rows = (
        ("Xavier and He initialisation", rich("the weights {W}: they start at a size that keeps products near 1", W=math(p.role(Role.WEIGHT, "l")))),
        ("activations that do not saturate, such as ReLU", rich("the derivatives {f}: 1 where they pass, not a small number", f=math("f'"))),
        ("residual connections", rich("a whole block: its factor {J} becomes {IJ}", J=math(block), IJ=math(f"{p.dialect.identity} + {block}"))),
        ("batch normalisation", rich("a factor of its own between weight and derivative")),
    )  # fmt: skip
    return tuple((rich("{remedy}", remedy=remedy), factor) for remedy, factor in rows)


def _list(symbols: list[str]) -> Rich:
    if not symbols:
        return rich("none")
    shown = symbols if len(symbols) <= FEW else [symbols[0], r"\ldots", symbols[-1]]
    return (math(r",\ ".join(shown)),)


