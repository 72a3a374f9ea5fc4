"""The table of symbols and the operations of a composed network, from the variables and factors it has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sympy import Expr, S

from symbp.calculus.factor import Acts
from symbp.networks.recurrent import CELLS
from symbp.op import Explanation, Op
from symbp.ops.elementwise import Slope
from symbp.ops.losses import LinkedLoss
from symbp.report.composed import trained
from symbp.report.composed_factors import all_factors, is_explained
from symbp.report.desk import Desk, Row
from symbp.report.facts import layer_words
from symbp.report.geometry import Sides, geometry, sides_latex
from symbp.report.layout import aligned
from symbp.report.names import REPEATED
from symbp.report.products import latex_width
from symbp.report.recurrent import at_step, is_shown, spelled_as_t
from symbp.report.rich import Rich, dollars, math, rich
from symbp.symbols import BATCH, Adjoint, Role, Variable

FEW = 3
"""Most symbols named in one row; of more the first and last."""

WIDEST = 105.0
"""Widest list of symbols, in points."""

WORDS: dict[Role, str] = {
    Role.WEIGHT: "weights", Role.BIAS: "bias", Role.PREACTIVATION: "output of an affine layer",
    Role.ACTIVATION: "after an activation", Role.SCALE: "scale of a normalisation",
    Role.SHIFT: "shift of a normalisation", Role.BLOCK: "output of a residual block",
}  # fmt: skip
"""What a role is called where its own name says too little."""

Entry = tuple[str, Rich, str]


@dataclass(frozen=True)
class ShownPart:
    """A sentence and the display it introduces."""

    words: Rich
    display: str


@dataclass(frozen=True)
class Operation:
    """An operation with its definition and the steps of its gradient."""

    name: str
    parts: tuple[ShownPart, ...]


def operations(desk: Desk) -> tuple[Operation, ...]:
    """Return every operation that has more to show than its rule says, equal ones once."""
    found: dict[Explanation, list[int]] = {}
    for equation in desk.derivation.forward:
        if isinstance(equation.rhs, Op) and (explanation := equation.rhs.explanation()) is not None:
            found.setdefault(explanation, []).append(equation.lhs.layer)
    names = Counter(explanation.name for explanation in found)
    return tuple(
        _operation(desk, each, f" ({layer_words(tuple(dict.fromkeys(layers)))})" * (names[each.name] > 1))
        for each, layers in found.items()
    )


def _operation(desk: Desk, shown: Explanation, where: str) -> Operation:
    loss = desk.printer.loss
    parts = (
        ShownPart(dollars(step.words), aligned([line.replace(r"\mathcal{L}", loss) for line in step.lines]))
        for step in shown.steps
    )
    return Operation(shown.name[:1].upper() + shown.name[1:] + where, tuple(parts))


def notation_rows(desk: Desk) -> tuple[Row, ...]:
    """Return the table of symbols: those of the network, then the letters of the backward pass."""
    forward = desk.derivation.forward
    variables = [*forward.given, *(equation.lhs for equation in forward)]
    rows = [*_variables(desk, [v for v in variables if isinstance(v, Variable)]), *_letters(desk)]
    return tuple(((math(symbol),), meaning, (math(shape),) if shape else ()) for symbol, meaning, shape in rows)


def _variables(desk: Desk, variables: Sequence[Variable]) -> list[Entry]:
    """Return variables of one role, stem and shape as one row, in the order of their roles."""
    groups: dict[tuple[Role, str, Sides], list[Variable]] = {}
    order, sides = list(Role), geometry(desk.derivation)
    for variable in sorted(filter(lambda v: is_shown(desk, v), variables), key=lambda v: order.index(v.role)):
        if desk.shows(variable.layer) or not variable.layer or variable.role is Role.TARGET:
            key = (variable.role, _stem(desk, variable), sides.get(variable) or tuple((n,) for n in variable.shape))
            groups.setdefault(key, []).append(variable)
    return [
        (
            _list([spelled_as_t(desk, v) for v in found]),
            rich("{word}", word=_word(desk, found[0], is_kernel=len(shape[1]) > 1)),
            sides_latex(shape, desk.printer.at_one),
        )
        for (_, _, shape), found in groups.items()
    ]


def _stem(desk: Desk, variable: Variable) -> str:
    """Return what variables of one row share: of the parameters of a cell the letter."""
    return variable.stem[:1] if variable.step is None and variable.layer in desk.steps else variable.stem


def _word(desk: Desk, variable: Variable, is_kernel: bool) -> str:
    if is_kernel and variable.role is Role.WEIGHT:
        return "kernels"
    steps = desk.steps.get(variable.layer)
    cell = CELLS.get(steps.kind) if steps is not None else None
    own = cell.meanings.get(variable.stem) if cell is not None and variable.step is not None else None
    if variable.stem in REPEATED:
        return f"{WORDS.get(variable.role, str(variable.role))}, repeated at every place"
    return own or WORDS.get(variable.role, str(variable.role))


def _shape(desk: Desk, shape: Sequence[Expr]) -> str:
    return sides_latex([(size,) for size in shape], desk.printer.at_one)


def _list(symbols: Sequence[str]) -> str:
    fits = len(symbols) <= FEW and sum(map(latex_width, symbols)) < WIDEST
    ends = [symbols[0], r"\ldots", symbols[-1]]
    shown = symbols if fits or len(symbols) == 1 else ends if sum(map(latex_width, ends)) < WIDEST else ends[:2]
    return r",\ ".join(shown)


def _letters(desk: Desk) -> list[Entry]:
    p, network = desk.printer, desk.derivation.network
    known = desk.letters()
    rows: list[Entry] = []
    linked = isinstance(network.loss_node, LinkedLoss)
    if not linked and network.output.role is not Role.LOSS:
        rows.append((known["g_is"], rich("loss gradient"), _shape(desk, network.output.shape)))
    errors = [
        each.lhs.of for each in desk.derivation.backward if p.is_error(each.lhs.of) and desk.shows(each.lhs.layer)
    ]
    if errors:
        last = errors[0]
        of = rf"\partial {p.loss} / \partial {p.symbol(last)}"
        rows.append((f"{p.symbol(Adjoint(last))} = {of}", rich("error; likewise in other layers"), ""))
    rows += _gates(desk)
    rows += _maps(desk)
    if desk.batch:
        columns = network.x.shape[1]
        each = "token" if desk.derivation.tokens else "example" if columns == BATCH else "token of each example"
        rows.append((p.dialect.ones, rich(f"column of ones, one for each {each}"), _shape(desk, (columns, S.One))))
    rows.append((r"\odot", rich("product entry by entry"), ""))
    return rows


def _gates(desk: Desk) -> list[Entry]:
    """Return the errors of gates, whose arguments have no letters of their own."""
    rows: list[Entry] = []
    for steps in desk.steps.values():
        p = at_step(desk, steps.last).printer
        gates = [each for each in steps.at(steps.last) if each.lhs.role is Role.GATE]
        if gates:
            symbols = _list([p.symbol(Adjoint(each.rhs.args[-1])) for each in gates])
            of = math(p.symbol(gates[0].lhs))
            rows.append((symbols, rich("errors of the gates, by the argument of {of} and so on", of=of), ""))
    return rows


def _maps(desk: Desk) -> list[Entry]:
    """Return the letters for derivatives: D of activations, labels of operators."""
    factors, column = all_factors(desk), desk.columns.printer
    slopes = {f.expr.output: f.expr for f in factors if isinstance(f.expr, Slope) and f.acts is Acts.HADAMARD
              and isinstance(f.expr.output, Variable)}  # fmt: skip
    rows: list[Entry] = []
    if slopes and _one_column(desk):
        texts = [f"{column.slope_of(v)} = {column.dialect.diagonal}\\,{column.matrix(s)}" for v, s in slopes.items()]
        of = rich(" of example {i}", i=math("i")) if desk.batch else ()
        meaning = rich("activation derivatives{of}", of=of)
        rows += [(text, meaning, "") for text in (texts if len(texts) <= FEW else [texts[0], texts[-1]])]
    operators: dict[str, list[Op]] = {}
    for factor in factors:
        if is_explained(factor):
            operators.setdefault(factor.expr.label[0], []).append(factor.expr)
    for found in operators.values():
        symbols = list(dict.fromkeys(desk.printer.operator(node) for node in found))
        rows.append((_list(symbols), rich("{about}", about=found[0].about or "the derivative of an operation"), ""))
    return rows


def _one_column(desk: Desk) -> bool:
    return not desk.derivation.entire and any(g.products for g in trained(desk))
