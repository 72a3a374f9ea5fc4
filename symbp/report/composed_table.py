"""The table of symbols and the operations of a composed network, from the variables and factors it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sympy import Expr, S

from symbp.calculus.factor import Acts
from symbp.op import Explanation, Op
from symbp.ops.elementwise import Slope
from symbp.ops.losses import LinkedLoss
from symbp.report.composed import all_factors, trained
from symbp.report.desk import Desk, Row
from symbp.report.layout import aligned
from symbp.report.printer import belongs_to
from symbp.report.products import latex_width
from symbp.report.rich import Rich, Span, math, rich
from symbp.report.scalar import scalar_latex
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
    nodes = (equation.rhs for equation in desk.derivation.forward if isinstance(equation.rhs, Op))
    found = dict.fromkeys(explanation for node in nodes if (explanation := node.explanation()) is not None)
    return tuple(_operation(desk, each) for each in found)


def _operation(desk: Desk, shown: Explanation) -> Operation:
    loss = desk.printer.loss
    parts = (
        ShownPart(_spans(step.words), aligned([line.replace(r"\mathcal{L}", loss) for line in step.lines]))
        for step in shown.steps
    )
    return Operation(shown.name[:1].upper() + shown.name[1:], tuple(parts))


def _spans(sentence: str) -> Rich:
    """Return a sentence with what stands between dollars as mathematics."""
    parts = sentence.split("$")
    return tuple(math(part) if at % 2 else Span("text", part) for at, part in enumerate(parts) if part)


def notation_rows(desk: Desk) -> tuple[Row, ...]:
    """Return the table of symbols: those of the network, then the letters of the backward pass."""
    forward = desk.derivation.forward
    variables = [*forward.given, *(equation.lhs for equation in forward)]
    rows = [*_variables(desk, [v for v in variables if isinstance(v, Variable)]), *_letters(desk)]
    return tuple(((math(symbol),), meaning, (math(shape),) if shape else ()) for symbol, meaning, shape in rows)


def _variables(desk: Desk, variables: Sequence[Variable]) -> list[Entry]:
    """Return variables of one role, stem and shape as one row, in the order of their roles."""
    groups: dict[tuple[Role, str, tuple[Expr, ...]], list[Variable]] = {}
    order = list(Role)
    for variable in sorted(variables, key=lambda v: order.index(v.role)):
        if desk.shows(variable.layer) or not variable.layer or variable.role is Role.TARGET:
            groups.setdefault((variable.role, variable.stem, variable.shape), []).append(variable)
    return [
        (
            _list([desk.printer.left_side(v) for v in found]),
            rich("{word}", word=WORDS.get(role, str(role))),
            _shape(desk, shape),
        )
        for (role, _, shape), found in groups.items()
    ]


def _shape(desk: Desk, shape: Sequence[Expr]) -> str:
    return r" \times ".join(scalar_latex(desk.printer.at_one(size), {}) for size in shape)


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
    rows += _maps(desk)
    if desk.batch:
        columns = network.x.shape[1]
        each = "example" if columns == BATCH else "token of each example"
        rows.append((p.dialect.ones, rich(f"column of ones, one for each {each}"), _shape(desk, (columns, S.One))))
    rows.append((r"\odot", rich("product entry by entry"), ""))
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
        if factor.acts is Acts.OPERATOR and isinstance(factor.expr, Op) and belongs_to(factor.expr) is not None:
            operators.setdefault(factor.expr.label[0], []).append(factor.expr)
    for found in operators.values():
        symbols = list(dict.fromkeys(desk.printer.operator(node) for node in found))
        rows.append((_list(symbols), rich("{about}", about=found[0].about or "the derivative of an operation"), ""))
    return rows


def _one_column(desk: Desk) -> bool:
    return not desk.derivation.coupled and any(g.terms for g in trained(desk))
