"""Scalar expressions as NumPy code on whole arrays, and the sources of the helpers they call."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping
from functools import cache, singledispatchmethod
from typing import Any, cast

from sympy import (
    Abs,
    Add,
    Expr,
    Function,
    Integer,
    Mul,
    Piecewise,
    Pow,
    Rational,
    S,
    Symbol,
    atan,
    cos,
    cosh,
    erf,
    exp,
    log,
    pi,
    sign,
    sin,
    sinh,
    tan,
    tanh,
)
from sympy.core.numbers import Exp1, Pi
from sympy.core.relational import Relational

from symbp.errors import RuleNotFoundError
from symbp.numeric.entropy import MEANINGS
from symbp.ops.scalar import PRIMITIVES, absolute, expm1, maximum, minimum, nonzero, relu, signum, step
from symbp.ops.written import ATOM, POWER, PRODUCT, SUM, Code, decimal, quotient, terms

__all__ = [
    "ATOM",
    "DEFINED",
    "ERF_SOURCE",
    "HELPERS",
    "POWER",
    "PRODUCT",
    "SUM",
    "Code",
    "helper_source",
    "scalar_code",
]

LARGEST_LITERAL = 2**31
"""Integers beyond do not fit every array library's default integer."""

NATIVE: dict[type[Function], str] = {
    exp: "np.exp", log: "np.log", sin: "np.sin", cos: "np.cos", tan: "np.tan", sinh: "np.sinh", cosh: "np.cosh",
    tanh: "np.tanh", atan: "np.arctan", Abs: "np.abs", absolute: "np.abs", sign: "np.sign", signum: "np.sign",
    expm1: "np.expm1", maximum: "np.maximum", minimum: "np.minimum",
}  # fmt: skip
"""Functions that NumPy has under a name of its own."""

INLINE: dict[type[Function], str] = {
    relu: "np.maximum({}, 0)",
    step: "np.where({} > 0, 1, 0)",
    nonzero: "np.where({} != 0, 1, 0)",
}
"""Functions that are shorter written out than called."""

DEFINED: dict[type[Function], Callable[..., Any]] = {**PRIMITIVES, **MEANINGS}
"""Functions a NumPy program must define for itself, and what they compute."""

HELPERS = (*DEFINED, erf)
"""Functions that a NumPy program calls by a name of its own; NumPy has no erf."""

GROWING = (exp, expm1, sinh, cosh)
"""Functions that overflow, and so must not see the values of a branch that is not taken."""


def scalar_code(
    expr: Expr,
    names: Mapping[Symbol, str],
    constant: Callable[[Expr], str],
    helper: Callable[[type[Function]], str],
) -> Code:
    """Return a scalar expression as NumPy code on whole arrays: ``1 - A1**2``.

    Integers, π, roots of them and quotients by integers are printed, since they are exact in every number
    system; for any other constant ``constant(value)`` gives the name the caller defines. ``helper(kind)`` gives the
    name to call for a type in ``HELPERS``.
    """
    return _Printer(names, constant, helper).code(expr)


class _Printer:
    def __init__(
        self, names: Mapping[Symbol, str], constant: Callable[[Expr], str], helper: Callable[[type[Function]], str]
    ) -> None:
        self.names, self.constant, self.helper = names, constant, helper

    def code(self, expr: Expr) -> Code:
        """Print a constant that is not exact by its name, everything else by its type."""
        if not expr.free_symbols and not _prints_exactly(expr):
            return Code(self.constant(expr))
        return self._print(expr)

    @singledispatchmethod
    def _print(self, expr: Expr) -> Code:
        raise RuleNotFoundError(f"no NumPy code for {type(expr).__name__} in a scalar function")

    @_print.register
    def _(self, expr: Symbol) -> Code:
        return Code(self.names[expr])

    @_print.register
    def _(self, expr: Pi) -> Code:
        return Code("np.pi")

    @_print.register
    def _(self, expr: Exp1) -> Code:
        return Code("np.exp(1)")

    @_print.register
    def _(self, expr: Rational) -> Code:
        text = str(expr.p) if expr.q == 1 else f"{expr.p}/{expr.q}"
        return Code(text, SUM if expr < 0 else ATOM if expr.q == 1 else PRODUCT)

    @_print.register
    def _(self, expr: Add) -> Code:
        (negative, first), *rest = terms(expr)
        text = "-" * negative + self.code(first).within(PRODUCT)
        for subtracted, term in rest:
            text += f" {'-' if subtracted else '+'} {self.code(term).within(PRODUCT)}"
        return Code(text, SUM)

    @_print.register
    def _(self, expr: Mul) -> Code:
        parts = quotient(expr)
        above, below = self._coefficient(parts.coefficient)
        over = self._product([*above, *map(self.code, parts.over)])
        under = self._product([*below, *map(self.code, parts.under)])
        text = over.within(PRODUCT) + (f"/{under.within(POWER)}" if under.text != "1" else "")
        return Code("-" + text, SUM) if parts.negative else Code(text, PRODUCT)

    def _coefficient(self, value: Rational) -> tuple[list[Code], list[Code]]:
        """Return what a rational coefficient puts above and below the line."""
        above, below = decimal(value) or (value.p, value.q)
        if max(above, below) >= LARGEST_LITERAL:
            return [Code(self.constant(value))], []
        return [Code(str(above))] * (above != 1), [Code(str(below))] * (below != 1)

    def _product(self, factors: list[Code]) -> Code:
        if len(factors) < 2:
            return factors[0] if factors else Code("1")
        return Code("*".join(factor.within(PRODUCT) for factor in factors), PRODUCT)

    @_print.register
    def _(self, expr: Pow) -> Code:
        if expr.exp == S.Half:
            return Code(f"np.sqrt({self.code(expr.base)})")
        if expr.exp.as_coeff_Mul()[0].is_negative:
            return Code("1/" + self.code(1 / expr).within(POWER), PRODUCT)
        return Code(f"{self.code(expr.base).within(ATOM)}**{self.code(expr.exp).within(POWER)}", POWER)

    @_print.register
    def _(self, expr: Piecewise) -> Code:
        (value, condition), *rest = expr.args
        if condition is S.true:
            return self.code(value)
        taken = self.code(_guarded(value, condition))
        other = self.code(_guarded(Piecewise(*rest), condition.negated))
        return Code(f"np.where({self._condition(condition)}, {taken}, {other})")

    def _condition(self, condition: Relational) -> str:
        return f"{self.code(condition.lhs)} {condition.rel_op} {self.code(condition.rhs)}"

    @_print.register
    def _(self, expr: Function) -> Code:
        arguments = ", ".join(str(self.code(argument)) for argument in expr.args)
        if expr.func in INLINE:
            return Code(INLINE[expr.func].format(arguments))
        if expr.func in HELPERS:
            return Code(f"{self.helper(expr.func)}({arguments})")
        if expr.func in NATIVE:
            return Code(f"{NATIVE[expr.func]}({arguments})")
        raise RuleNotFoundError(f"no NumPy code for the function {expr.func.__name__}")


def _prints_exactly(expr: Expr) -> bool:
    """Whether a constant written out is as exact as the numbers of the array library that reads it."""
    if isinstance(expr, Rational):
        dyadic = expr.q & (expr.q - 1) == 0
        return bool(dyadic and max(abs(expr.p), expr.q) < LARGEST_LITERAL)
    if isinstance(expr, Mul):
        coefficient, rest = expr.as_coeff_Mul()
        small = max(abs(coefficient.p), coefficient.q) < LARGEST_LITERAL
        return bool(small and all(_prints_exactly(factor) for factor in Mul.make_args(rest)))
    if isinstance(expr, Pow):
        simple = expr.base == pi or isinstance(expr.base, Integer) or _prints_exactly(expr.base)
        return bool(simple and (expr.exp.is_Integer or abs(expr.exp) == S.Half))
    if isinstance(expr, Add):
        return all(_prints_exactly(term) for term in expr.args)
    return isinstance(expr, Pi | Exp1)


def _guarded(branch: Expr, condition: Relational) -> Expr:
    """Keep the growing functions of a branch on its own side: expm1(min(x, 0)) where x ≤ 0."""
    clip = maximum if condition.rel_op in (">", ">=") else minimum
    bounded = {condition.lhs: clip(condition.lhs, condition.rhs)}
    return branch.replace(
        lambda node: isinstance(node, GROWING), lambda node: node.func(node.args[0].xreplace(bounded))
    )


ERF_SOURCE = '''def erf(x):
    """The error function, entry by entry."""
    return np.vectorize(math.erf, otypes=[float])(x)'''
"""The helper for erf in a program of its own, which imports math."""


@cache
def helper_source(function: Callable[..., Any], name: str) -> str:
    """Return the source of a meaning as plain NumPy: no ``xp`` parameter, ``np.`` for ``xp.``, under ``name``."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    definition = cast("ast.FunctionDef", tree.body[0])
    return ast.unparse(_Standalone(name).visit(definition))


class _Standalone(ast.NodeTransformer):
    """Turn ``def softmax_value(xp: Any, z: Any) -> Any`` into ``def softmax(z)``."""

    def __init__(self, name: str) -> None:
        self.name = name

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        """Drop decorators, annotations and the namespace parameter; keep the docstring's first line."""
        self.generic_visit(node)
        node.name, node.decorator_list, node.returns = self.name, [], None
        node.args.args = [ast.arg(argument.arg) for argument in node.args.args if argument.arg != "xp"]
        if node.args.vararg:
            node.args.vararg.annotation = None
        summary = ast.get_docstring(node)
        if summary:
            node.body[0] = ast.Expr(ast.Constant(summary.splitlines()[0]))
        return ast.fix_missing_locations(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Drop the namespace from calls of other meanings."""
        node.args = [argument for argument in node.args if not (isinstance(argument, ast.Name) and argument.id == "xp")]
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.Name:
        """Write np for xp."""
        return ast.Name("np" if node.id == "xp" else node.id, node.ctx)
