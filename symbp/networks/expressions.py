"""Scalar expressions typed by users: read with ``ast`` against an allow-list and built node by node.

A user's string never reaches SymPy's own parsers, which evaluate it as Python. Everything is bounded before it is
computed: length, brackets, digits, exponents, the size of constants and of the whole expression.
"""

from __future__ import annotations

import ast
import keyword
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from sympy import (
    Add,
    Basic,
    Expr,
    I,
    Mul,
    Piecewise,
    Pow,
    Rational,
    S,
    Symbol,
    atan,
    cos,
    cosh,
    diff,
    erf,
    exp,
    factor_terms,
    log,
    nan,
    oo,
    pi,
    sin,
    sinh,
    sqrt,
    tan,
    tanh,
    zoo,
)
from sympy.core.relational import Relational
from sympy.logic.boolalg import BooleanFunction

from symbp.errors import SpecError, nearest
from symbp.networks.reading import MAX_DEPTH, NUMBER_AND_NAME, number, quote, tokens, tree_of
from symbp.ops.activations import ACTIVATIONS, ALIASES, row_of
from symbp.ops.elementwise import ScalarFunction
from symbp.ops.functions import activation, exact
from symbp.ops.letters import X
from symbp.ops.scalar import PRIMITIVES, absolute, expm1, maximum, minimum, relu, signum, step
from symbp.ops.stable import stable

MAX_NODES = 600
MAX_EXPONENT = 64
MAX_BITS = 4000
LARGEST_CONSTANT = 1e100

TOKEN = re.compile(NUMBER_AND_NAME + r"|[-+*/(),]|\s+", re.ASCII)
LET_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}", re.ASCII)
PARAMETRISED = re.compile(r"\s*([A-Za-z_]\w*)\s*\(([-+.\deE,/\s]+)\)\s*", re.ASCII)

HINTS = {
    "^": "write ** for a power",
    ".": "write tanh(x), not np.tanh(x)",
    "ln": "write log",
    "e": "write exp(1), or give it a value with --let",
    "np": "write tanh(x), not np.tanh(x)",
    "power": "write x**2",
    "pow": "write x**2",
    "square": "write x**2",
    "=": "write the right side alone",
}
"""What to write for pieces that people type and symbp does not take."""

UNREAL = (I, nan, oo, -oo, zoo)
"""What SymPy makes of roots of negative numbers and of divisions by zero."""

ORDINARY = (-5.0, -1.5, -1 / 3, 1 / 3, 1.5, 5.0)
"""Where an activation must have a finite real value and slope; 0 is left out, x = 0 may be a removable gap."""


def _activation(name: str) -> Callable[..., Expr]:
    """Return what an activation of the table makes of an argument and, if given, its parameters."""
    row = ACTIVATIONS[name]
    symbols, defaults = zip(*row.parameters, strict=True) if row.parameters else ((), ())

    def build(argument: Expr, *values: Expr) -> Expr:
        chosen = (*values, *defaults[len(values) :])
        return row.formula.expr.xreplace({X: argument, **dict(zip(symbols, chosen, strict=True))})

    return build


FUNCTIONS: dict[str, tuple[Callable[..., Expr], int, int]] = {
    **{
        name: (_activation(ALIASES.get(name, name)), 1, 1 + len(row_of(name).parameters))
        for name in (*ACTIVATIONS, *ALIASES)
    },
    **{
        name: (function, 1, 1)
        for name, function in {
            "exp": exp, "log": log, "sqrt": sqrt, "abs": absolute, "sin": sin, "cos": cos, "tan": tan, "sinh": sinh,
            "cosh": cosh, "tanh": tanh, "atan": atan, "arctan": atan, "erf": erf, "sign": signum, "step": step,
        }.items()
    },
    "max": (maximum, 2, 2),
    "min": (minimum, 2, 2),
}  # fmt: skip
"""What may be called: what builds the node, and the least and greatest number of arguments."""

OPERATORS: dict[type[ast.operator], Callable[[Expr, Expr], Expr]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}

_SCALARS = SimpleNamespace(exp=math.exp, log1p=math.log1p, minimum=min, maximum=max)

VALUES: dict[type[Basic], Callable[..., float]] = {
    **{kind: (lambda *values, meaning=meaning: meaning(_SCALARS, *values)) for kind, meaning in PRIMITIVES.items()},
    exp: math.exp, log: math.log, sin: math.sin, cos: math.cos, tan: math.tan, sinh: math.sinh, cosh: math.cosh,
    tanh: math.tanh, atan: math.atan, erf: math.erf, expm1: math.expm1, absolute: abs, Pow: math.pow,
    signum: lambda value: float((value > 0) - (value < 0)), step: lambda value: float(value > 0),
    relu: lambda value: max(value, 0.0), maximum: max, minimum: min,
    Add: lambda *values: math.fsum(values), Mul: lambda *values: math.prod(values),
}  # fmt: skip
"""The nodes an expression may hold, evaluated with Python's floats."""


def custom_function(
    source: str,
    variables: Sequence[Symbol] = (X,),
    let: Mapping[str, str | int | float | Rational] | None = None,
) -> ScalarFunction:
    """Return the function f a user typed, with its slopes; ``let`` gives the values of its parameters.

    Raises:
        SpecError: anything but numbers, the given names, + - * / **, and the functions of ``FUNCTIONS``, one line
            names the piece; or none of the variables in it.
    """
    given = parameters(let or {}, variables)
    expr = _parse(source, variables, given)
    if not expr.free_symbols & set(variables):
        wanted = " or ".join(map(str, variables))
        raise SpecError(f"{quote(source)} is a constant: an activation needs {wanted} in it")
    slopes = [tidy(diff(expr, variable)) for variable in variables]
    if any(slope.has(*UNREAL) for slope in slopes):
        raise SpecError(f"the slope of {quote(source)} is not finite: it divides by zero somewhere")
    return ScalarFunction("f", variables, expr, slopes, text="f", parameters=tuple(given.items()))


def resolve_activation(text: str, let: Mapping[str, str | int | float | Rational] | None = None) -> ScalarFunction:
    """Return the activation a user named: ``tanh``, ``leaky_relu(0.2)`` or an expression such as ``x*sigmoid(x)``.

    Raises:
        SpecError: an unknown name, a refused expression, or one that is not finite and real at ordinary values.
    """
    name = text.strip()
    if not let:
        known = PARAMETRISED.fullmatch(text)
        if known and (known[1].lower() in ACTIVATIONS or known[1].lower() in ALIASES):
            return activation(known[1], *(part.strip() for part in known[2].split(",")))
        if LET_NAME.fullmatch(name) and name != X.name:
            return activation(name)
    elif name.lower() in ACTIVATIONS or name.lower() in ALIASES:
        raise SpecError(f"{', '.join(let)} is given a value but {name} does not use it: write {name}(number)")
    function = custom_function(text, (X,), let)
    _require_ordinary(function, text)
    return function


def tidy(slope: Expr) -> Expr:
    """Take common factors out of a derivative; the functions in it stay those it came in."""
    return factor_terms(stable(slope))


def parameters(
    let: Mapping[str, str | int | float | Rational], variables: Sequence[Symbol] = ()
) -> dict[Symbol, Rational]:
    """Return the symbols and exact values of ``--let NAME=VALUE``.

    Raises:
        SpecError: not a name, one that is taken already, or not a finite number of moderate size.
    """
    taken = {*FUNCTIONS, "pi", *map(str, variables)}
    for name in let:
        if not LET_NAME.fullmatch(name) or keyword.iskeyword(name):
            raise SpecError(f"--let {name[:40]!r} is not a name: use letters, digits and _ after a letter")
        if name in taken:
            raise SpecError(f"--let {name} would hide {name}, which has a meaning already: choose another name")
    return {Symbol(name, real=True): exact(value, f"--let {name}") for name, value in let.items()}


def _parse(source: str, variables: Sequence[Symbol], given: Mapping[Symbol, Rational]) -> Expr:
    names = {symbol.name: symbol for symbol in (*variables, *given)}
    _check_tokens(source, names)
    text = " ".join(source.split())
    tree = tree_of(text, source, "an expression")
    builder = _Builder(text, names, {symbol: float(value) for symbol, value in given.items()})
    expr = stable(builder.build(tree))
    for symbol in given:
        if symbol not in builder.used:
            raise SpecError(f"--let {symbol} is given a value but {quote(source)} does not use it")
    return expr


def _check_tokens(source: str, names: Mapping[str, Symbol]) -> None:
    """Refuse by their first characters all that is not a number, a known name, an operator or a bracket."""
    found = tokens(source, TOKEN, "the expression")
    if not source.strip():
        raise SpecError(f"the expression is empty: write one in {', '.join(names)}")
    for token in found:
        if isinstance(token, str):
            raise _refused(source, token, "may not stand")
        piece = token[0]
        if token["name"] and piece not in names and piece not in FUNCTIONS and piece != "pi":
            raise _unknown(source, piece, names)


def _refused(source: str, piece: str, why: str) -> SpecError:
    hint = HINTS.get(piece)
    return SpecError(f"{piece!r} {why} in the expression {quote(source)}" + (f": {hint}" if hint else ""))


def _unknown(source: str, piece: str, names: Mapping[str, Symbol]) -> SpecError:
    known = (*names, *FUNCTIONS, "pi")
    if piece in HINTS:
        hint = f"; {HINTS[piece]}"
    elif len(piece) > 1 and nearest(piece, known):
        hint = nearest(piece, known)
    elif LET_NAME.fullmatch(piece) and not keyword.iskeyword(piece):
        hint = f"; give it a value with --let {piece}=…, or use {', '.join(names)}"
    else:
        hint = f"; use {', '.join(names)}, numbers, + - * / ** and functions such as tanh"
    return SpecError(f"unknown name {piece[:40]!r} in the expression {quote(source)}{hint}")


@dataclass
class _Builder:
    """Builds an expression from its syntax tree and bounds every node before the next uses it."""

    source: str
    names: Mapping[str, Symbol]
    given: Mapping[Symbol, float]
    used: set[Symbol] = field(default_factory=set)
    sizes: dict[Basic, int] = field(default_factory=dict)

    def build(self, node: ast.expr, depth: int = 0) -> Expr:
        """Return the expression of a node, or refuse it."""
        if depth > MAX_DEPTH:
            raise SpecError(f"{quote(self.source)} is nested more than {MAX_DEPTH} deep")
        return self._bounded(self._node(node, depth + 1), node)

    def _node(self, node: ast.expr, depth: int) -> Expr:
        match node:
            case ast.Constant(value=int() | float()):
                return number(self._text(node))
            case ast.Name(id=name):
                return self._name(name)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.build(operand, depth)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.build(operand, depth)
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                return self._power(self.build(left, depth), self.build(right, depth), node)
            case ast.BinOp(left=left, op=sign, right=right) if type(sign) in OPERATORS:
                return OPERATORS[type(sign)](self.build(left, depth), self.build(right, depth))
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._call(name, [self.build(argument, depth) for argument in arguments])
        raise SpecError(f"{quote(self._text(node))} may not stand in the expression {quote(self.source)}")

    def _text(self, node: ast.expr) -> str:
        return self.source[node.col_offset : node.end_col_offset]

    def _name(self, name: str) -> Expr:
        if name in self.names:
            self.used.add(self.names[name])
            return self.names[name]
        if name == "pi":
            return pi
        raise SpecError(f"{name} is a function: write {name}(…) in the expression {quote(self.source)}")

    def _call(self, name: str, arguments: list[Expr]) -> Expr:
        if name not in FUNCTIONS:
            raise SpecError(f"{name} is not a function in the expression {quote(self.source)}: write {name}*(…)")
        build, least, most = FUNCTIONS[name]
        if not least <= len(arguments) <= most:
            takes = f"{least} argument{'s' * (least > 1)}" if least == most else f"{least} to {most} arguments"
            raise SpecError(f"{name} takes {takes}, not {len(arguments)}, in the expression {quote(self.source)}")
        if any(argument.free_symbols - set(self.given) for argument in arguments[1:]) and name not in ("max", "min"):
            raise SpecError(f"the parameters of {name} must be constants in the expression {quote(self.source)}")
        return build(*arguments)

    def _power(self, base: Expr, exponent: Expr, node: ast.expr) -> Expr:
        if exponent.free_symbols - set(self.given):
            if not base.free_symbols and base.is_positive:
                return base**exponent
            raise SpecError(f"the exponent of {quote(self._text(node))} must be a constant, or its base a positive one")
        if abs(_value(exponent, self.given)) > MAX_EXPONENT:
            raise SpecError(f"the exponent of {quote(self._text(node))} is greater than {MAX_EXPONENT}")
        if isinstance(base, Rational) and _bits(base) * abs(_value(exponent, self.given)) > MAX_BITS:
            raise SpecError(f"{quote(self._text(node))} is too large a number")
        return base**exponent

    def _bounded(self, expr: Expr, node: ast.expr) -> Expr:
        if self._size(expr) > MAX_NODES:
            raise SpecError(f"{quote(self.source)} is too long once its functions are written out")
        constant = not expr.free_symbols - set(self.given)
        if expr.has(*UNREAL) or (constant and not abs(_value(expr, self.given)) <= LARGEST_CONSTANT):
            piece = quote(self._text(node))
            raise SpecError(f"{piece} in {quote(self.source)} is not a finite real number, or too large a one")
        if expr.has(BooleanFunction):
            piece = quote(self._text(node))
            raise SpecError(f"{piece} puts cases inside cases (as elu of elu does): write it with max and min")
        return expr

    def _size(self, expr: Basic) -> int:
        if expr not in self.sizes:
            self.sizes[expr] = 1 + sum(map(self._size, expr.args))
        return self.sizes[expr]


def _bits(value: Rational) -> int:
    return max(int(value.p).bit_length(), int(value.q).bit_length())


def _value(expr: Basic, at: Mapping[Symbol, float]) -> float:
    """Return the value of an expression, or NaN where it has none that is finite and real."""
    try:
        return _evaluated(expr, at)
    except (ValueError, OverflowError, ZeroDivisionError):
        return math.nan


def _evaluated(expr: Any, at: Mapping[Symbol, float]) -> float:
    if isinstance(expr, Symbol):
        return at[expr]
    if expr.is_Number or expr.is_NumberSymbol:
        return float(expr)
    if isinstance(expr, Piecewise):
        return next((_evaluated(value, at) for value, condition in expr.args if _holds(condition, at)), math.nan)
    evaluate = VALUES.get(expr.func)
    return evaluate(*(_evaluated(argument, at) for argument in expr.args)) if evaluate else math.nan


def _holds(condition: Basic, at: Mapping[Symbol, float]) -> bool:
    if not isinstance(condition, Relational):
        return condition is S.true
    left, right = _evaluated(condition.lhs, at), _evaluated(condition.rhs, at)
    compare = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
    return bool(compare[condition.rel_op](left, right))


def _require_ordinary(function: ScalarFunction, source: str) -> None:
    given = {symbol: float(value) for symbol, value in function.parameters}
    for point in ORDINARY:
        for expr, what in ((function.expr, "value"), (function.slopes[0], "slope")):
            if not math.isfinite(_value(expr, {**given, X: point})):
                raise SpecError(f"{quote(source)} has no finite real {what} at x = {point:.4g}")
