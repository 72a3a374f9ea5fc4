"""An equation as NumPy code writes it, so that it can be held against somebody's own line."""

from __future__ import annotations

from enum import IntEnum
from functools import singledispatch

from sympy import Expr, HadamardProduct, MatAdd, MatMul, MatrixExpr, MatrixSymbol, Mul, OneMatrix, Transpose

from symbp.equations import Equation, operands
from symbp.judging.diagnosis.nodes import UnbiasedNormalise, WrittenSlope
from symbp.ops.elementwise import Elementwise, Slope
from symbp.ops.normalisation import Normalise


class _Level(IntEnum):
    """How tightly a piece of code binds."""

    SUM = 0
    PRODUCT = 1
    ATOM = 2


_Piece = tuple[str, _Level]


def code(equation: Equation) -> str:
    """Return ``dZ1 = (W2.T @ dZ2) * tanh′(Z1)``; operations that NumPy has no sign for stand by their names."""
    return f"{equation.name} = {_text(equation.rhs)[0]}"


@singledispatch
def _text(node: MatrixExpr) -> _Piece:
    return str(node), _Level.ATOM


@_text.register
def _(node: Normalise) -> _Piece:
    epsilon = f"eps={float(node.args[3]):g}"
    mean = "" if node.args[2] else ", centred=False"
    return f"norm({_text(node.args[0])[0]}, axis={node.args[1]}, {epsilon}{mean})", _Level.ATOM


@_text.register
def _(node: UnbiasedNormalise) -> _Piece:
    epsilon = f"eps={float(node.args[3]):g}"
    return f"norm({_text(node.args[0])[0]}, axis={node.args[1]}, {epsilon}, ddof=1)", _Level.ATOM


@_text.register
def _(node: Elementwise) -> _Piece:
    if node.function.name == "identity" and not isinstance(node, WrittenSlope):
        return _text(node.args[1])
    return str(node), _Level.ATOM


@_text.register
def _(node: Slope) -> _Piece:
    return str(node).replace("'", "′"), _Level.ATOM


@_text.register
def _(node: MatrixSymbol) -> _Piece:
    return str(node.name), _Level.ATOM


@_text.register
def _(node: Transpose) -> _Piece:
    return f"{_inside(node.arg, _Level.ATOM)}.T", _Level.ATOM


@_text.register
def _(node: HadamardProduct) -> _Piece:
    return " * ".join(_inside(each, _Level.ATOM) for each in node.args), _Level.PRODUCT


@_text.register
def _(node: MatAdd) -> _Piece:
    first, *rest = [_inside(each, _Level.PRODUCT) for each in node.args]
    text = first + "".join(f" - {each[1:]}" if each.startswith("-") else f" + {each}" for each in rest)
    return text, _Level.SUM


@_text.register
def _(node: MatMul) -> _Piece:
    number = Mul(*(arg for arg in node.args if not isinstance(arg, MatrixExpr)))
    matrices = [each for each in operands(node) if not (isinstance(each, OneMatrix) and each.shape[0] == 1)]
    summed = [each for each in matrices if isinstance(each, OneMatrix)]
    kept = [each for each in matrices if not isinstance(each, OneMatrix)]
    if not kept:
        return str(node), _Level.ATOM
    text, level = _text(kept[0])
    if len(kept) > 1:
        text, level = " @ ".join(_inside(each, _Level.ATOM) for each in kept), _Level.PRODUCT
    if summed:
        text, level = f"{text if level is _Level.ATOM else f'({text})'}.sum(axis=1, keepdims=True)", _Level.ATOM
    return _scaled(number, text, level)


def _scaled(number: Expr, text: str, level: _Level) -> _Piece:
    over, under = number.as_numer_denom()
    inner = text if level is _Level.ATOM or over == 1 == under else f"({text})"
    if over == -1:
        inner = f"-{inner}"
    elif over != 1:
        inner = f"{over} * {inner}"
    if under != 1:
        inner = f"{inner} / {under if under.is_Atom else f'({under})'}"
    return inner, level if over == 1 == under else _Level.PRODUCT


def _inside(node: MatrixExpr, needed: _Level) -> str:
    text, level = _text(node)
    return text if level >= needed else f"({text})"
