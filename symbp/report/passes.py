"""The two passes as a report shows them: forward a layer a line, backward step by step with reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sympy import Expr, MatrixSymbol

from symbp.equations import Equation
from symbp.report import facts
from symbp.report.desk import Desk
from symbp.report.layout import aligned, displays, paired
from symbp.report.rich import Rich, rich, sentences, words
from symbp.symbols import Adjoint, Role


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
    return displays([[line] for line in lines])


def backward(desk: Desk) -> tuple[Block, ...]:
    """Return the backward pass layer by layer; a reason is given once."""
    told: set[str] = set()
    blocks: list[Block] = []
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


def _error_chain(desk: Desk, layer: int) -> list[Equation]:
    """Return the equations that lead to the error of a layer: ∂𝓛/∂a, then δ."""
    return [found for name in (f"dA{layer}", f"dZ{layer}") if (found := desk.step(name)) is not None]


def _parameter_steps(desk: Desk, layer: int) -> list[Equation]:
    adjoints = (Adjoint(v) for v in desk.derivation.wrt if v.layer == layer or (layer == 1 and not v.layer))
    return [desk.derivation.backward[adjoint.name] for adjoint in adjoints]


ONE_EXAMPLE = {
    "broadcast": "The bias enters with slope 1, so its gradient is the error itself.",
    "entrywise_loss_vjp": "The loss is a sum over the outputs, so each output brings its own slope.",
}
"""Reasons that read shorter where there is one example."""

BATCH = {
    "left_factor": "The weight in row i and column j meets only input j and feeds only output i, so its gradient is "
    "error i times input j, added up over the examples: that sum is the product with the transpose."
}
"""Reasons that say more where there are several."""


def _reasons(desk: Desk, group: Sequence[Equation], told: set[str]) -> Rich:
    own = BATCH if desk.batch else ONE_EXAMPLE
    reasons = {step.rule: own.get(step.rule, step.why) for equation in group for step in equation.steps}
    return untold(reasons, told)


def untold(reasons: Mapping[str, str], told: set[str]) -> Rich:
    """Return the reasons of the rules that were not told yet; they are told now."""
    new = {rule: why for rule, why in reasons.items() if rule not in told}
    told.update(new)
    return sentences(map(words, new.values()))


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
    start = desk.step(f"dZ{last}")
    lines = []
    if start is not None:
        lines.append(f"{p.symbol(start.lhs)} &= {p.matrix(start.rhs)}")
    f = _hidden_slope(desk)
    upper, z = p.role(Role.WEIGHT, "l+1", True), p.role(Role.PREACTIVATION, "l")
    if last > 1:
        layers = ", ".join(map(str, range(last - 1, 0, -1))) if last <= 4 else rf"{last - 1}, \ldots, 1"
        lines.append(rf"{p.error('l')} &= {f}({z}) \odot ({upper} {p.error('l+1')}), \qquad l = {layers}")
    weight, entering = p.dialect.partial(p.loss, p.role(Role.WEIGHT, "l")), p.role(Role.ACTIVATION, "l-1", True)
    lines.append(f"{weight} &= {p.error('l')} {entering}")
    if any(symbol.role is Role.BIAS for symbol in desk.derivation.network.parameters):
        ones = f" {p.dialect.ones}" if desk.batch else ""
        lines.append(f"{p.dialect.partial(p.loss, p.role(Role.BIAS, 'l'))} &= {p.error('l')}{ones}")
    return aligned(lines)


def _hidden_slope(desk: Desk) -> str:
    """Return f′ of the layers before the last: its name where all have the same."""
    hidden = [use for use in facts.uses(desk.derivation) if use.layers[0] < desk.depth]
    if len(hidden) == 1 and hidden[0].function is not None and not facts.is_generic(hidden[0].function):
        return desk.printer.function(hidden[0].function, slope=True)
    return "f_l'"
