"""Recurrent layers: one generic step t in place of every unrolled one, the sums over the steps, the product over time.

The equations are those of one step of the lists, spelled with t, t − 1 and t + 1 in place of its number and its
neighbours'; what a step only hands on (a gate's argument, tanh of the cell) stands inside what uses it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sympy import DiagMatrix, HadamardProduct, MatAdd, MatMul, MatrixExpr, MatrixSymbol, ZeroMatrix

from symbp.calculus.factor import Acts, Edge, additive_terms, edges_into
from symbp.calculus.jacobian import Entry, StepJacobian, transposed
from symbp.derivation import Gradient
from symbp.equations import Equation
from symbp.ops.elementwise import Elementwise
from symbp.report.desk import Desk
from symbp.report.names import Mark
from symbp.report.products import Products
from symbp.report.steps import Steps
from symbp.symbols import Adjoint, Role, Variable

Inline = dict[MatrixSymbol, MatrixExpr]

BREAK = "\n"
"""Where the terms of an entry of a Jacobian may stand on rows of their own."""


def at_step(desk: Desk, step: int, *, as_t: bool = True) -> Desk:
    """Return a desk for one step: it is t, its neighbours t − 1 and t + 1, slopes of gates go by their outputs."""
    names = {step: "t", step - 1: "t-1", step + 1: "t+1"} if as_t else {}
    if desk.printer.dialect.column:
        names = {at: f"({name})" if len(name) > 1 else name for at, name in names.items()}
    found = {v: _renamed(v, mark, names) for v, mark in desk.printer.marks.items()}
    gates = any(v.role is Role.GATE and v.step == step for v in found)
    by_output = gates or desk.printer.by_output
    main = desk.printer.spelled(found, by_output=by_output, example=None)
    column = desk.columns.printer.spelled(found, by_output=by_output, example="" if desk.batch else None)
    return replace(desk, printer=main, products=Products(main), columns=Products(column))


def _renamed(variable: Variable, mark: Mark, names: dict[int, str]) -> Mark:
    step = variable.step
    return replace(mark, number=names[step]) if step in names and mark.number == str(step) else mark


def hidden(steps: Steps, step: int) -> Inline:
    """Return what is written inside what uses it: arguments of gates, tanh of a cell's state."""
    found: Inline = {}
    for equation in steps.at(step):
        rhs = equation.rhs
        if isinstance(rhs, Elementwise) and equation.lhs.role is Role.GATE:
            found[rhs.args[1]] = next(each.rhs for each in steps.at(step) if each.lhs == rhs.args[1])
        elif isinstance(rhs, Elementwise) and rhs.args[1].role is Role.STATE:
            found[equation.lhs] = rhs
    return found


def hidden_errors(steps: Steps, step: int) -> Inline:
    """Return the errors that stand inside what uses them: those of gates, and of what is hidden forward."""
    inside = hidden(steps, step)
    found: Inline = dict(inside)
    for equation in steps.errors_at(step):
        of = equation.lhs.of
        if of.role is Role.GATE or (of in inside and of.role is not Role.PREACTIVATION):
            found[equation.lhs] = gathered(equation)
    return found


def gathered(equation: Equation) -> MatrixExpr:
    """Return a right side with one error written once: G ⊙ A − G ⊙ B as G ⊙ (A − B)."""
    edges = edges_into(equation)
    if len(edges) < 2:
        return equation.rhs
    if any(edge.source != edges[0].source or not _one_entrywise(edge) for edge in edges):
        return MatAdd(*reversed(additive_terms(equation)))
    return HadamardProduct(edges[0].source, _positive_first([edge.factors[0].expr for edge in edges]))


def _positive_first(terms: Sequence[MatrixExpr]) -> MatAdd:
    return MatAdd(*sorted(terms, key=lambda term: isinstance(term, MatMul) and bool(term.args[0].is_number)))


def _one_entrywise(edge: Edge) -> bool:
    return len(edge.factors) == 1 and edge.factors[0].acts is Acts.HADAMARD


Written = tuple[str, str]
"""Both sides of an equation."""


def forward(desk: Desk, steps: Steps) -> list[Written]:
    """Return the equations of step t."""
    generic, inside = at_step(desk, steps.last), hidden(steps, steps.last)
    shown = [each for each in steps.at(steps.last) if each.lhs not in inside]
    return [(generic.printer.left_side(e.lhs), generic.printer.matrix(e.rhs, inside)) for e in shown]


def starts(desk: Desk, steps: Steps) -> list[Written]:
    """Return what the first step starts from, where that is zero."""
    return [desk.printer.equation(each) for each in steps.at(0) if isinstance(each.rhs, ZeroMatrix)]


def errors(desk: Desk, steps: Steps, step: int, *, as_t: bool = True) -> Iterator[tuple[Equation, Written]]:
    """Yield the errors of a step, spelled as those of step t or with its own number."""
    generic = at_step(desk, step, as_t=as_t)
    inside = hidden_errors(steps, step) | hidden_errors(steps, step + 1)
    for equation in steps.errors_at(step):
        if equation.lhs not in inside:
            right = generic.printer.matrix(gathered(equation), {k: v for k, v in inside.items() if _inlined(k)})
            yield equation, (generic.printer.left_side(equation.lhs), right)


def _inlined(symbol: MatrixSymbol) -> bool:
    """Say whether a hidden symbol may be replaced in an error: an error, or tanh of the cell, but no argument."""
    return isinstance(symbol, Adjoint) or symbol.role is not Role.PREACTIVATION


def last_errors(desk: Desk, steps: Steps) -> list[Written]:
    """Return the errors of the last step that differ from those of step t: nothing comes back from a later one."""
    own = dict(errors(desk, steps, steps.last))
    generic = {each.lhs.of.stem: text for each, text in errors(desk, steps, steps.inner)}
    different = {each.lhs for each, text in own.items() if generic.get(each.lhs.of.stem) != text}
    return [text for each, text in errors(desk, steps, steps.last, as_t=False) if each.lhs in different]


def is_summed(desk: Desk, gradient: Gradient) -> bool:
    """Say whether a gradient is a sum over the steps of a sequence."""
    sources = [edge.source for edge in edges_into(gradient.equation)]
    found = {source.of.step for source in sources if source is not None}
    return len(found - {None}) > 1


def summed(desk: Desk, gradient: Gradient) -> Written:
    """Return a gradient as a sum over the steps, what has no step behind it."""
    terms = list(zip(edges_into(gradient.equation), additive_terms(gradient.equation), strict=True))
    by_step: dict[int, list[MatrixExpr]] = {}
    others: list[MatrixExpr] = []
    for edge, term in terms:
        step = edge.source.of.step if edge.source is not None else None
        (others if step is None else by_step.setdefault(step, [])).append(term)
    last = max(by_step)
    generic = at_step(desk, last)
    total = MatAdd(*by_step[last]) if len(by_step[last]) > 1 else by_step[last][0]
    text = generic.printer.matrix(total)
    if len(by_step[last]) > 1:
        text = generic.printer.dialect.bracket(text)
    rest = "".join(f" + {desk.printer.matrix(term)}" for term in others)
    return desk.printer.symbol(Adjoint(gradient.variable)), f"{_sum_sign(desk, min(by_step), last)} {text}{rest}"


def _sum_sign(desk: Desk, first: int, last: int) -> str:
    return (rf"\sum_{{t={first}}}^{{{last}}}", "Σ_t", "sum_t")[desk.printer.dialect.column]


def merged(expr: MatrixExpr) -> MatrixExpr:
    """Return a product of matrices with neighbouring diagonals as one: diag(a)·diag(b) = diag(a ⊙ b)."""
    if isinstance(expr, MatAdd):
        terms = [merged(arg) for arg in expr.args]
        if all(isinstance(term, DiagMatrix) for term in terms):
            return DiagMatrix(_positive_first([term.args[0] for term in terms]))
        return MatAdd(*terms)
    if not isinstance(expr, MatMul):
        return expr
    found: list[MatrixExpr] = []
    for arg in map(merged, expr.args):
        if isinstance(arg, DiagMatrix) and found and isinstance(found[-1], DiagMatrix):
            found[-1] = DiagMatrix(HadamardProduct(*_entries(found[-1]), *_entries(arg)))
        else:
            found.append(arg)
    return found[0] if len(found) == 1 else MatMul(*found)


def _entries(diagonal: DiagMatrix) -> Sequence[MatrixExpr]:
    inner = diagonal.args[0]
    return inner.args if isinstance(inner, HadamardProduct) else (inner,)


def jacobian_lines(desk: Desk, steps: Steps, jacobian: StepJacobian) -> list[Written]:
    """Return the entries of J_t, from the simplest to the one that holds them."""
    step = jacobian.to.step or 0
    generic = at_step(desk, step).columns.printer
    inside = {k: v for k, v in hidden(steps, step).items() if _inlined(k)}
    known: dict[MatrixExpr, MatrixExpr] = {}
    lines = []
    for entry in sorted((entry for row in jacobian.entries for entry in row), key=lambda e: (e.to.stem, e.of.stem)):
        left, matrix = quotient(desk, generic.symbol(entry.to), generic.symbol(entry.of)), matrix_of(entry)
        terms = merged(matrix.xreplace(known))
        parts = [generic.matrix(term, inside) for term in (terms.args if isinstance(terms, MatAdd) else (terms,))]
        lines.append((left, f"{BREAK}+ ".join(parts)))
        if isinstance(matrix, MatAdd):
            known[matrix] = MatrixSymbol(left, *matrix.shape)  # Printed by its name: what stands above is not repeated.
    return lines


def matrix_of(entry: Entry) -> MatrixExpr:
    """Return ∂to/∂of in the symbols of the lists, which the printer knows."""
    return ZeroMatrix(*entry.expression.shape) if entry.factors is None else transposed(entry.factors, entry.to)


def quotient(desk: Desk, above: str, below: str) -> str:
    """Return ∂above/∂below."""
    return desk.printer.dialect.partial(above, below)


def is_shown(desk: Desk, variable: Variable) -> bool:
    """Say whether a symbol has a row of its own in the table of symbols: of many steps one does."""
    if not variable.step or not desk.steps:
        return True
    if variable.layer not in desk.steps:
        return bool(variable.step == max(each.last for each in desk.steps.values()))
    steps = desk.steps[variable.layer]
    return variable.step == steps.last and variable not in hidden(steps, steps.last)


def spelled_as_t(desk: Desk, variable: Variable) -> str:
    """Return a symbol of the table: that of the last step stands for those of all."""
    repeated = variable.layer in desk.steps or (not variable.layer and desk.steps)
    return (at_step(desk, variable.step) if variable.step and repeated else desk).printer.left_side(variable)
