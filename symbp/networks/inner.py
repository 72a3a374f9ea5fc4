"""A gradient inside a network: the reverse pass of what stands so far, as more equations of the forward list.

So what takes a gradient of a gradient is the calculus itself: nothing is differentiated in another way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sympy import Expr, HadamardProduct, MatrixExpr, MatrixSymbol, Symbol, diff
from sympy.matrices.expressions.matexpr import MatrixElement

import symbp.ops.native  # noqa: F401 - SymPy's own nodes: who builds one has not imported its rule
from symbp.calculus.reverse import reverse
from symbp.equations import Equation, ForwardSystem, operands
from symbp.errors import SpecError
from symbp.networks.expressions import tidy
from symbp.nodes import BUILDERS, hadamard
from symbp.op import Op
from symbp.ops.elementwise import OUTPUT, Elementwise, Formula, GenericFunction, ScalarFunction, Slope
from symbp.ops.losses import LossGradient
from symbp.symbols import Adjoint, Variable

Naming = Callable[[MatrixExpr], Variable]
"""What gives an expression an equation of its own."""


@dataclass(frozen=True)
class Inner:
    """A gradient that the network itself computes: of a number by a matrix, and the matrix that holds it."""

    of: Variable
    by: Variable
    gradient: Variable


def inner_gradient(
    equations: Sequence[Equation], given: Sequence[Variable], of: Variable, by: Variable, name: Naming
) -> MatrixExpr:
    """Return ∂of/∂by, of the shape of ``by``; what its reverse pass computes on the way gets names.

    Raises:
        SpecError: ``of`` is no number, or something is left open whose slope has no formula.
        RuleNotFoundError: an operation has no backward rule.
    """
    if of.shape != (1, 1):
        raise SpecError(f"grad takes a number, 1×1, and then what to differentiate by; {of.name} is none")
    reader = _Reader(name)
    for equation in reverse(ForwardSystem(equations, given), of, (by,)):
        found = reader.read(equation.rhs)
        if equation.lhs.of == by:
            return found
        reader.known[equation.lhs] = found if isinstance(found, Variable) else name(found)
    raise AssertionError("the reverse pass ends in what it is asked for")


class _Reader:
    """Turns right sides of a reverse pass into those of a forward list: adjoints are matrices, slopes functions."""

    def __init__(self, name: Naming) -> None:
        self.name = name
        self.known: dict[Adjoint, Variable] = {}

    def read(self, expr: MatrixExpr) -> MatrixExpr:
        """Return an expression with forward names; an operation may stand at its top."""
        if isinstance(expr, Adjoint):
            return self.known[expr]
        if isinstance(expr, MatrixSymbol) or not operands(expr):
            return expr
        if isinstance(expr, HadamardProduct):  # The slope of the identity is 1 in every place.
            kept = [each for each in expr.args if not (isinstance(each, Slope) and each.function.name == "identity")]
            if len(kept) == 1:
                return self.read(kept[0])
            expr = hadamard(*kept) if kept else expr
        if type(expr) in BUILDERS:
            args = [self._inside(each) if isinstance(each, MatrixExpr) else self._number(each) for each in expr.args]
            return BUILDERS[type(expr)](*args)
        if isinstance(expr, Slope):
            return self._slope(expr)
        if isinstance(expr, LossGradient):
            raise SpecError("grad needs a loss with a formula: choose one, such as mse")
        args = [self._symbol(each) if isinstance(each, MatrixExpr) else each for each in expr.args]
        found: MatrixExpr = expr.func(*args)
        spelled = found.spelled_out(lambda stem, part: self._symbol(part)) if isinstance(found, Op) else None
        return found if spelled is None else spelled

    def _slope(self, expr: Slope) -> MatrixExpr:
        """Return a slope as a function: of the output where it has such a form, 1 − a², else of the operands."""
        function = expr.function
        if isinstance(function, GenericFunction):
            raise SpecError("grad needs activations with formulas: choose one, such as tanh")
        through = function.slope_by_output
        if through is not None and through.free_symbols <= {OUTPUT, *dict(function.parameters)}:
            return Elementwise(_formula(function, (OUTPUT,), through), expr.output)
        slope = _formula(function, function.variables, function.slopes[expr.index])
        return Elementwise(slope, *map(self._symbol, expr.inputs))

    def _inside(self, expr: MatrixExpr) -> MatrixExpr:
        found = self.read(expr)
        return self.name(found) if isinstance(found, Op) else found

    def _symbol(self, expr: MatrixExpr) -> Variable:
        """Return what stands for an expression; what has names already is read once."""
        found = expr if isinstance(expr, Variable) else self.read(expr)
        return found if isinstance(found, Variable) else self.name(found)

    def _number(self, number: object) -> object:
        """Return a number whose only entries of adjoints are those of their matrices."""
        entries = {each: MatrixElement(self.read(each.parent), *each.args[1:]) for each in number.atoms(MatrixElement)}  # type: ignore[attr-defined]
        return number.xreplace(entries)  # type: ignore[attr-defined]


def _formula(function: ScalarFunction, variables: Sequence[Symbol], slope: Expr) -> Formula:
    """Return a slope as a function of its own, which prints as its formula and has slopes itself."""
    expr = slope.xreplace(dict(function.parameters))
    return Formula(f"slope of {function.name}", variables, expr, [tidy(diff(expr, each)) for each in variables])
