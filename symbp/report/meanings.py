"""What the letters stand for: the table of symbols, the activations and the loss."""

from __future__ import annotations

from dataclasses import dataclass

from symbp.ops.elementwise import OUTPUT
from symbp.ops.loss_table import LOSSES
from symbp.ops.losses import LinkedLoss, Loss
from symbp.report import facts
from symbp.report.checked import ends
from symbp.report.desk import Desk, Row
from symbp.report.layout import aligned, line
from symbp.report.rich import Rich, capital, math, rich
from symbp.report.scalar import scalar_latex
from symbp.symbols import Role


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
    rows += _widths_row(desk)
    rows.append((p.loss, rich("loss"), r"1 \times 1"))
    if not isinstance(network.loss_node, LinkedLoss):
        rows.append((known["g_is"], rich("loss gradient"), rf"{_units(desk.depth)} \times {m}"))
    rows.append((known["delta_is"], rich("error of layer {l}", l=math("l")), column))
    slope = rf"{known['D']} = \mathrm{{diag}}\,{f.value}'({p.role(Role.PREACTIVATION, 'l')})"
    softmax = any(use.function is None for use in facts.uses(desk.derivation))
    if softmax and not isinstance(network.loss_node, LinkedLoss):
        rows.append(
            (
                known["J"],
                rich("derivative of softmax{where}", where=", column by column" if network.batch else ""),
                rf"{_units(desk.depth)} \times {_units(desk.depth)}",
            )
        )
    if not network.batch:
        rows.append((slope, rich("activation derivatives on a diagonal"), r"n_l \times n_l"))
    if network.batch:
        z = desk.columns.printer.role(Role.PREACTIVATION, "l")
        slope = rf"{known['D_column']} = \mathrm{{diag}}\,{f.value}'({z})"
        rows.append((slope, rich("activation derivatives of example {i}", i=math("i")), r"n_l \times n_l"))
        rows.append((known["ones"], rich("column of ones, one for each example"), r"m \times 1"))
    rows.append((r"\odot", rich("product entry by entry"), ""))
    return tuple(((math(symbol),), meaning, (math(shape),) if shape else ()) for symbol, meaning, shape in rows)


def _widths_row(desk: Desk) -> list[tuple[str, Rich, str]]:
    """Return the widths where they are numbers; long lists show both ends."""
    widths = [int(each) for each in desk.derivation.network.widths if each.is_Integer]
    if len(widths) != desk.depth + 1:
        return []
    names = rf"n_0, \ldots, {_units(desk.depth)}" if desk.depth > 1 else "n_0, n_1"
    return [(names, rich("widths: {widths}", widths=math(ends(widths, r"\ldots"))), "")]


def _units(layer: int) -> str:
    return f"n_{{{layer}}}" if layer > 9 else f"n_{layer}"


def activations(desk: Desk) -> tuple[Activation, ...]:
    """Return every activation used with f and f′, the latter by input and by output."""
    used = [use for use in facts.uses(desk.derivation) if not facts.is_generic(use.function)]
    return tuple(_activation(desk, use, many=len(used) > 1) for use in used)


def _activation(desk: Desk, use: facts.Use, many: bool) -> Activation:
    where = rich(" ({layers})", layers=facts.layer_words(use.layers)) if many else ()
    name = capital((*facts.activation_words(use), *where))
    if use.function is None:
        return Activation(name, _softmax_lines(desk), ())
    label = desk.printer.function(use.function)
    prime = desk.printer.function(use.function, slope=True)
    names = {use.function.variables[0]: "z", OUTPUT: "a"}
    lines = line(f"{label}(z)", facts.definition(use.function, names))
    lines += line(f"{prime}(z)", scalar_latex(use.function.slopes[0], names))
    by_output = use.function.slope_by_output
    if by_output is not None and by_output.free_symbols:
        lines.append(f"&= {scalar_latex(by_output, names)}, \\qquad a = {label}(z)")
    return Activation(name, aligned(lines), facts.kink_words(use.function, label))


def _softmax_lines(desk: Desk) -> str:
    p = desk.printer
    transposed = p.dialect.matrix("a", None, True, "")
    cases = r"a_i (1 - a_i) \ \text{ if } i = k, \qquad -a_i a_k \ \text{ otherwise}"
    return aligned(
        [
            r"a_i &= \frac{e^{z_i}}{\sum_{k} e^{z_k}}",
            rf"\frac{{\partial a_i}}{{\partial z_k}} &= {cases}",
            rf"{p.notation.jacobian.latex} &= {p.dialect.diagonal}\,a - a\,{transposed}",
        ]
    )


def loss(desk: Desk) -> LossPart:
    """Return the loss with its scale and how it compares with PyTorch's."""
    node, p = desk.derivation.network.loss_node, desk.printer
    function = facts.loss_function(node)
    parts = [each for each in desk.derivation.forward if each.lhs.role is Role.LOSS]
    start = [row for each in parts for row in line(*p.equation(each))]
    if not isinstance(node, Loss):
        return LossPart(aligned(start), ())
    if function is None:
        words_ = rich("The loss is left open: only its gradient {g} at the output enters.", g=math(p.loss_gradient()))
        return LossPart(aligned(start), (words_,))
    formula, slope = (
        scalar_latex(facts.with_numbers(expr, function), {}) for expr in (function.expr, function.slopes[0])
    )
    lines = [*start, rf"\ell(a, y) &= {formula}"]
    if not isinstance(node, LinkedLoss):
        lines.append(rf"\ell'(a, y) = \frac{{\partial \ell}}{{\partial a}} &= {slope}")
    notes = [facts.torch_words(node), rich(facts.TARGETS.get(node.targets, ""))]
    if function.kinks and node.name in LOSSES:
        notes.append(rich("Where the slope jumps it is taken as 0."))
    return LossPart(aligned(lines), tuple(note for note in notes if note))


def collapse(desk: Desk) -> tuple[str, ...]:
    """Return, line by line, how a loss and its output activation collapse to prediction minus target."""
    node = desk.derivation.network.loss_node
    if not isinstance(node, LinkedLoss):
        return ()
    steps = _SOFTMAX_STEPS if node.name == "cross_entropy" else _SIGMOID_STEPS
    batch = desk.batch
    start, *lines, last = (step.replace("LOSS", desk.printer.loss) for step in steps)
    found = [start, *(f"&= {_averaged(line, batch)}" for line in lines)]
    result, _, reason = last.partition("BECAUSE")
    because = rf" \qquad \text{{because }} {reason}" if reason else ""
    return (aligned([*found, f"&= {_averaged(result, batch)}{because}"]),)


def _averaged(formula: str, batch: bool) -> str:
    """Return a formula with the mean over the examples in front, where there are several."""
    if not batch:
        return formula
    left, right = (r"\Bigl(", r"\Bigr)") if r"\frac" in formula or r"\sum" in formula else ("(", ")")
    return rf"\frac{{1}}{{m}} {left} {formula} {right}"


_SOFTMAX_STEPS = (
    r"\frac{\partial LOSS}{\partial z_k}"
    r" &= \sum_{i} \frac{\partial LOSS}{\partial a_i} \, \frac{\partial a_i}{\partial z_k}",
    r"-\frac{y_k}{a_k} \, a_k (1 - a_k) + \sum_{i \neq k} \frac{y_i}{a_i} \, a_i a_k",
    r"-y_k + y_k a_k + a_k \sum_{i \neq k} y_i",
    r"a_k \sum_{i} y_i - y_k",
    r"a_k - y_kBECAUSE\sum_{i} y_i = 1",
)
_SIGMOID_STEPS = (
    r"\frac{\partial LOSS}{\partial z_k} &= \frac{\partial LOSS}{\partial a_k} \, \sigma'(z_k)",
    r"\Bigl( \frac{1 - y_k}{1 - a_k} - \frac{y_k}{a_k} \Bigr) \, a_k (1 - a_k)",
    r"(1 - y_k) a_k - y_k (1 - a_k)",
    r"a_k - y_k",
)
