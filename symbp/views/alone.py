"""An operation alone as its page reads it: in its literature's orientation, operators of errors spelled out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from sympy import Basic, HadamardProduct, MatAdd, MatMul, MatrixExpr, MatrixSymbol, S

from symbp.calculus.factor import Acts, additive_terms, edges_into
from symbp.derivation import Derivation, derive
from symbp.equations import Equation, symbols_in
from symbp.networks.alone.network import OperationNetwork, Plan
from symbp.nodes import hadamard, matadd, times
from symbp.op import Op
from symbp.ops.elementwise import OUTPUT, Formula, Slope
from symbp.roles import Role
from symbp.symbols import Adjoint, Variable
from symbp.views.images import repeated
from symbp.views.inline import inlined, put_in, shortened
from symbp.views.layout import COLUMNS, TOKENS
from symbp.views.lines import Body, Case, Folded, Indexed, Line, Places, index_symbol
from symbp.views.one_example import of_one
from symbp.views.reading import Reading
from symbp.views.skeleton import mapped
from symbp.views.tidy import tidied, tidy

LAYOUTS = {each.name: each for each in (COLUMNS, TOKENS)}
"""The layouts of literatures."""

PARAMETERS = (Role.WEIGHT, Role.BIAS)
"""What all steps of an operation share."""


@dataclass(frozen=True)
class Alone:
    """An operation as it is shown.

    ``parts`` are the equations of what the line of an error has letters for, by the name of the error; ``result`` is
    the gradient of the operation as one, where its steps are shown, behind its parts. ``letters`` are the equations of
    all these letters in the calculus. ``whole`` is the operation in one formula, ``formulas`` are those that its
    sentences name.
    """

    network: OperationNetwork
    reading: Reading
    parts: Mapping[str, tuple[Equation, ...]]
    result: tuple[Equation, ...]
    letters: tuple[Equation, ...]
    whole: Equation | None
    formulas: Mapping[str, Equation | MatrixExpr]


def alone(derivation: Derivation) -> Alone:
    """Return an operation as its page shows it."""
    network = derivation.network
    assert isinstance(network, OperationNetwork)
    plan = network.plan
    shown = derivation if plan.steps is None else derive(plan.steps())
    reader = _Reader(plan, {each.lhs.name: each.lhs for each in shown.forward})
    wanted = frozenset(shown.wrt)
    ahead = tidied(shown.forward.equations if network.is_loss else shown.forward.equations[:-1])
    back = tidied((gathered(each) if plan.step else each for each in shown.backward), wanted)
    every = frozenset(each.lhs.of for each in back) if plan.steps is not None else frozenset()
    gradients, errors = inlined(back, wanted, _itself, every, frozenset(repeated(ahead, back)))
    outputs = frozenset(symbols_in(network.loss_node))
    forward, holders = shortened(ahead, (*errors, *gradients), _itself, outputs | every)
    spelled = {each.name: reader.spelled(each) for each in (*errors, *gradients)}
    result = [] if plan.steps is None else reader.spelled(_gradient(derivation))
    whole = _whole(forward, plan)
    letters = [each for found in (*spelled.values(), result) for each in found[:-1]]
    read = reader.read
    parts = {name: tuple(map(read, found[:-1])) for name, found in spelled.items()}
    errors, gradients = ([read(spelled[each.name][-1]) for each in some] for some in (errors, gradients))
    forward, listed = list(map(read, forward)), tuple(map(read, ahead))
    reading = Reading(
        shown,
        plan.one,
        _flat((*map(reader.symbol, shown.forward.given), *(each.lhs for each in listed))),
        listed,
        tuple(forward),
        (*errors, *gradients),
        tuple(errors),
        tuple(gradients),
        _body(forward),
        _body(errors),
        _body(gradients),
        frozenset(map(reader.symbol, wanted)),
        {reader.name(gone): reader.name(holder) for gone, holder in holders.items()},
        reader.layout,
    )
    formulas = {name: reader.formula(each) for name, each in plan.formulas.items()}
    shown_whole = None if whole is None else read(whole)
    return Alone(network, reading, parts, tuple(map(read, result)), tuple(letters), shown_whole, formulas)


def _itself(symbol: MatrixSymbol) -> MatrixSymbol:
    return symbol


def _gradient(derivation: Derivation) -> Equation:
    """Return the equation of the first input's gradient."""
    found: Equation = derivation.backward[f"d{derivation.network.inputs[0].name}"]
    return found


def _whole(forward: Iterable[Equation], plan: Plan) -> Equation | None:
    """Return the operation in one formula, where its page wants one."""
    inside: dict[MatrixExpr, MatrixExpr] = {}
    found = None
    for each in forward:
        found = replace(each, rhs=put_in(each.rhs, inside))
        if each.name in plan.inlined:
            inside[each.lhs] = found.rhs
    return found if inside else None


def _flat(symbols: Iterable[MatrixSymbol]) -> Folded:
    return Folded((), Places((), {}, {}, {}, frozenset()), tuple(symbols))


def _body(equations: Iterable[Equation]) -> Body:
    """Return a line for each equation."""
    return tuple(Line((), (Case(each, frozenset({()})),), {(): each}) for each in equations)


@dataclass(frozen=True)
class _Reader:
    """Reads equations as the page of an operation has them."""

    plan: Plan
    defined: Mapping[str, MatrixSymbol]

    @property
    def layout(self) -> Any:
        """Which matrices hold their transpose."""
        return LAYOUTS[self.plan.layout]

    def spelled(self, equation: Equation) -> list[Equation]:
        """Return an equation with its operator in products and sums, behind the equations of what gets a letter."""
        parts: list[Equation] = []

        def name(stem: str, expr: MatrixExpr) -> MatrixExpr:
            if stem not in self.defined:
                parts.append(Equation(Variable(stem, expr.shape[0], expr.shape[1], Role.STATE, stem), tidy(expr)))
            return self.defined.get(stem) or parts[-1].lhs

        rhs = equation.rhs.spelled_out(name) if isinstance(equation.rhs, Op) else None
        return [equation] if rhs is None else [*parts, replace(equation, rhs=tidy(rhs))]

    def read(self, equation: Equation) -> Equation:
        """Return an equation in the orientation of the page."""
        (found,) = of_one([equation]) if self.plan.one else [equation]
        found = replace(found, rhs=tidy(with_powers(found.rhs)))
        found = found if self.layout is COLUMNS else self.layout.equation(found)
        if not self.plan.step:
            return found
        lhs, rhs = self.at_step(found.lhs), mapped(found.rhs, self.at_step)
        return replace(found, lhs=lhs, rhs=rhs, undoes=tuple(map(self.name, found.undoes)))

    def formula(self, formula: Equation | MatrixExpr) -> Equation | MatrixExpr:
        """Return an equation or an expression in the orientation of the page."""
        if isinstance(formula, Equation):
            return self.read(formula)
        return self.read(
            Equation(Variable("formula", formula.shape[0], formula.shape[1], Role.STATE, "formula"), formula)
        ).rhs

    def symbol(self, symbol: MatrixSymbol) -> MatrixSymbol:
        """Return a symbol in the orientation of the page."""
        (found,) = of_one([Equation(symbol, symbol)]) if self.plan.one else [Equation(symbol, symbol)]
        return self.at_step(self.layout.symbol(found.lhs))

    def name(self, name: str) -> str:
        """Return the name that the symbol of a name has on the page."""
        return str(self.at_step(self.defined[name]).name) if self.plan.step and name in self.defined else name

    def at_step(self, slot: Any) -> Any:
        """Return a symbol at its step: h0 is h at t − 1; parameters are the same at all steps."""
        if isinstance(slot, Adjoint):
            of = self.at_step(slot.of)
            return slot if of is slot.of else Adjoint(of)
        if not self.plan.step or not isinstance(slot, Variable) or slot.role in PARAMETERS:
            return slot
        index = index_symbol(self.plan.step)
        if not slot.name.endswith("0"):
            return Indexed(slot, index)
        name = slot.name.removesuffix("0")
        rows, columns = slot.shape
        of = self.defined[name]
        return Indexed(Variable(name, rows, columns, *of.args[3:]), index - 1)


def gathered(equation: Equation) -> Equation:
    """Return the equation of an error with its terms in the order of the operation; of one error, written once.

    G ⊙ A − G ⊙ B is G ⊙ (A − B).
    """
    edges = edges_into(equation)
    if len(edges) < 2:
        return equation
    if all(
        edge.source == edges[0].source and [each.acts for each in edge.factors] == [Acts.HADAMARD] for edge in edges
    ):
        terms = sorted((edge.factors[0].expr for edge in edges), key=_is_less)
        return replace(equation, rhs=hadamard(edges[0].source, matadd(*terms)))
    backwards = additive_terms(equation)[::-1]
    return replace(equation, rhs=matadd(*backwards), steps=equation.steps[::-1], undoes=equation.undoes[::-1])


def _is_less(term: MatrixExpr) -> bool:
    return isinstance(term, MatMul) and bool(term.args[0].is_number)


def with_powers(expr: MatrixExpr) -> MatrixExpr:
    """Return an expression with every slope that is a number times a power of the output as that: −½ r³."""
    if isinstance(expr, Slope):
        through = expr.function.slope_by_output
        share, power = (S.One, S.One) if through is None else through.as_coeff_Mul()
        base, exponent = power.as_base_exp()
        is_power = isinstance(expr.function, Formula) and base == OUTPUT and exponent.is_Integer and exponent > 0
        return times(share, hadamard(*[expr.output] * int(exponent))) if is_power else expr
    if isinstance(expr, MatMul | MatAdd | HadamardProduct):
        args = (with_powers(each) if isinstance(each, MatrixExpr) else each for each in expr.args)
        return cast("MatrixExpr", Basic.__new__(type(expr), *args))
    return expr
