"""What a report and a terminal say of recurrent layers: sentences around the equations of one generic step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sympy import DiagMatrix, MatrixExpr, preorder_traversal

from symbp.calculus.jacobian import StepJacobian
from symbp.derivation import Gradient
from symbp.errors import SpecError
from symbp.networks.recurrent import CELLS
from symbp.ops.elementwise import Slope
from symbp.report.desk import Desk
from symbp.report.layout import displays, line, paired
from symbp.report.passes import Block, Part
from symbp.report.recurrent import (
    BREAK,
    Written,
    at_step,
    errors,
    forward,
    is_summed,
    jacobian_lines,
    last_errors,
    matrix_of,
    merged,
    quotient,
    starts,
    summed,
)
from symbp.report.rich import Rich, dollars, listed, math, rich
from symbp.report.steps import Steps
from symbp.symbols import Role, Variable


@dataclass(frozen=True)
class Said:
    """A sentence and the equations it introduces."""

    words: Rich
    equations: tuple[Written, ...]
    short: bool = False
    """Whether two equations may stand side by side."""


def forward_parts(desk: Desk, steps: Steps) -> list[Said]:
    """Return the start, and the equations of step t."""
    found = [Said(rich("Start:"), tuple(starts(desk, steps)))] if starts(desk, steps) else []
    return [*found, Said(rich("For {range}:", range=math(counted(1, steps.last))), tuple(forward(desk, steps)))]


def counted(first: int, last: int) -> str:
    """Return ``t = 1, …, 4``."""
    ends = range(first, last + 1) if last > first else range(first, last - 1, -1)
    shown = [*map(str, ends)] if len(ends) <= 3 else [str(ends[0]), r"\ldots", str(ends[-1])]
    return f"t = {', '.join(shown)}"


def step_parts(desk: Desk, steps: Steps) -> Iterator[Said]:
    """Yield the errors of step t with their reasons, then what is different at the last step."""
    cell = CELLS.get(steps.kind)
    groups: dict[str, list[Written]] = {}
    for equation, written in errors(desk, steps, steps.inner):
        groups.setdefault(_group(equation.lhs.of), []).append(written)
    for stem, found in groups.items():
        yield Said(dollars(cell.reasons.get(stem, "")) if cell is not None else (), tuple(found))
    last = last_errors(desk, steps)
    if last:
        yield Said(
            rich("At the last step, {t}, nothing comes back from a later one:", t=math(f"t = {steps.last}")),
            tuple(last),
        )


def _group(of: Variable) -> str:
    return "Z" if of.role is Role.PREACTIVATION else of.stem


def sum_part(desk: Desk, found: Sequence[Gradient], steps: Steps) -> Said:
    """Return the gradients of what all steps share."""
    words = "Every step uses the same parameters, so their gradients add up over the steps:"
    return Said(rich(words), tuple(summed(desk, each) for each in found), short=True)


def start_words(desk: Desk, steps: Steps) -> Rich:
    """Say that the first step adds nothing to what multiplies the state, where that starts at zero."""
    zero = starts(desk, steps)
    if not zero:
        return ()
    names = listed([math(f"{left} = {right}") for left, right in zero])
    return rich("The first step, {t}, starts from {names}: its terms with the state before are zero.",
                t=math("t = 1"), names=names)  # fmt: skip


def time_parts(desk: Desk, steps: Steps) -> Iterator[Said]:
    """Yield the Jacobian of one step and the product of those between two steps."""
    states = desk.derivation.states.get(steps.path)
    if states is None:
        return
    first, last = chosen(desk, steps)
    try:
        found = desk.derivation.jacobian(f"{steps.path}.s{last}", f"{steps.path}.s{first}")
    except SpecError:  # Derived by something else: the errors of the states are not in the list.
        return
    p = at_step(desk, steps.last).columns.printer
    parts, before = ([p.symbol(part) for part in states[at]] for at in (steps.last, steps.last - 1))
    stacked = len(parts) > 1
    state = "s" if stacked else parts[0].partition("_")[0]
    words = rich("Back from step {t} to {before} the error{one} is multiplied by the transpose of {J}{state}.",
                 t=math("t"), before=math("t-1"), J=math(_step_name(desk, state)),
                 one=rich(" of an example") if desk.batch else (),
                 state=rich(", {s} the state", s=math(_stack(desk, parts))) if stacked else ())  # fmt: skip
    matrix = [(_step_name(desk, state), _grid(desk, parts, before))] if stacked else []
    yield Said(words, (*matrix, *jacobian_lines(desk, steps, found.steps[0]), *_slopes(desk, found.steps[0])))
    yield Said(rich("From step {a} to step {b} that makes the product", a=math(str(last)), b=math(str(first))),
               ((_quotient_at(desk, state, last, first), _product(desk, state, first, last)),))  # fmt: skip
    cell = CELLS.get(steps.kind)
    if cell is not None:
        yield Said(dollars(cell.over_time), ())


def _slopes(desk: Desk, step: StepJacobian) -> list[Written]:
    """Return what D stands for, where a slope stands alone on a diagonal."""
    p = at_step(desk, step.to.step or 0).columns.printer
    found = _bare_slopes(merged(matrix_of(entry)) for row in step.entries for entry in row)
    gap = r"\," if desk.printer.dialect.column == 0 else " "
    return [(p.slope_of(each.output), f"{p.dialect.diagonal}{gap}{p.matrix(each)}") for each in found]


def chosen(desk: Desk, steps: Steps) -> tuple[int, int]:
    """Return the two steps whose product is shown: those asked for, else the first and the last.

    Raises:
        SpecError: the layer does not have these steps.
    """
    first, last = desk.pair or (1, steps.last)
    if not 1 <= first < last <= steps.last:
        raise SpecError(f"the steps are 1 to {steps.last}: give two, the earlier first, such as 1,{steps.last}")
    return first, last


def _bare_slopes(matrices: Iterable[MatrixExpr]) -> list[Slope]:
    found = (node.args[0] for matrix in matrices for node in preorder_traversal(matrix) if isinstance(node, DiagMatrix))
    return list(dict.fromkeys(slope for slope in found if isinstance(slope, Slope)))


def _step_name(desk: Desk, state: str) -> str:
    if desk.printer.dialect.column:
        return quotient(desk, f"{state}_t", f"{state}_(t-1)")
    return quotient(desk, f"{state}_{{t}}", f"{state}_{{t-1}}")


def _quotient_at(desk: Desk, state: str, above: int, below: int) -> str:
    if desk.printer.dialect.column:
        return quotient(desk, f"{state}_{above}", f"{state}_{below}")
    return quotient(desk, f"{state}_{{{above}}}", f"{state}_{{{below}}}")


def _stack(desk: Desk, parts: Sequence[str]) -> str:
    if desk.printer.dialect.column:
        return f"s_t = [{'; '.join(parts)}]"
    return r"s_{t} = \begin{bmatrix} " + r" \\ ".join(parts) + r" \end{bmatrix}"


def _grid(desk: Desk, parts: Sequence[str], before: Sequence[str]) -> str:
    rows = [[quotient(desk, above, below) for below in before] for above in parts]
    if desk.printer.dialect.column:
        return "[" + "; ".join(", ".join(row) for row in rows) + "]"
    return r"\begin{bmatrix} " + r" \\[4pt] ".join(" & ".join(row) for row in rows) + r" \end{bmatrix}"


def _product(desk: Desk, state: str, first: int, last: int) -> str:
    column = desk.printer.dialect.column
    steps = list(range(last, first, -1))
    shown: list[int | None] = [*steps] if len(steps) <= 4 else [*steps[:2], None, steps[-1]]
    factors = [desk.printer.dialect.dots if at is None else _quotient_at(desk, state, at, at - 1) for at in shown]
    return (" " if column else r"\, ").join(factors)


def variants(desk: Desk) -> tuple[Rich, ...]:
    """Return which variant each kind of cell is, with its papers."""
    kinds = dict.fromkeys(each.kind for each in desk.steps.values() if each.kind in CELLS)
    return tuple(dollars(CELLS[kind].variant) for kind in kinds)


def blocks(desk: Desk, steps: Steps) -> tuple[Block, ...]:
    """Return the backward pass of a layer: one step, the sums over the steps, the product over time."""
    layer = str(steps.layer)
    shared = [g for g in desk.gradients if g.variable.layer == steps.layer and is_summed(desk, g)]
    found = [(rich("Layer {layer}, step {t}.", layer=layer, t=math("t")), list(step_parts(desk, steps)))]
    if shared:
        total = [sum_part(desk, shared, steps), Said(start_words(desk, steps), ())]
        found.append((rich("Layer {layer}, the sum over the steps.", layer=layer), total))
    time = list(time_parts(desk, steps))
    if time:
        found.append((rich("Layer {layer}, the product over time.", layer=layer), time))
    return tuple(Block(title, tuple(_part(each) for each in parts if each.words or each.equations))
                 for title, parts in found)  # fmt: skip


def _part(said: Said) -> Part:
    if said.short:
        return Part(said.words, displays(side_by_side(said.equations)))
    return Part(said.words, displays([rows_of(*each) for each in said.equations]) if said.equations else ())


def side_by_side(equations: Sequence[Written]) -> list[list[str]]:
    """Return equations two a row where all fit, else one a row."""
    return [[row] for row in paired([f"{left} &= {right}" for left, right in equations])]


def rows_of(left: str, right: str) -> list[str]:
    """Return an equation as rows that fit the page, broken between its terms where it is marked so."""
    whole = line(left, right.replace(BREAK, " "))
    if BREAK not in right or len(whole) == 1:
        return whole
    first, *others = right.split(BREAK)
    return [*line(left, first), *(row for term in others for row in _continued(term))]


def _continued(term: str) -> list[str]:
    first, *rest = line("", term)
    return [first.replace("&= ", r"&\quad ", 1).strip(), *rest]
