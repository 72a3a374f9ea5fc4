"""Matrix expressions as NumPy code: one function a type of node, brackets by precedence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import singledispatch

from sympy import (
    DiagMatrix,
    Expr,
    HadamardProduct,
    Identity,
    MatAdd,
    MatMul,
    MatrixExpr,
    MatrixSymbol,
    OneMatrix,
    Symbol,
    Transpose,
    ZeroMatrix,
)
from sympy.matrices.expressions.matexpr import MatrixElement

from symbp.numeric.definitions import Definitions
from symbp.numeric.fusion import Beside
from symbp.numeric.heads import Merge, Pick, Split
from symbp.numeric.scalar import ATOM, POWER, PRODUCT, SUM, Code, scalar_code
from symbp.op import meaning_of
from symbp.ops.elementwise import Elementwise, Slope
from symbp.ops.losses import EntrywiseLoss, GenericLoss, LinkedLoss, LossGradient
from symbp.ops.structure import Rows, Stack, filling


@dataclass
class Writer:
    """What printing an expression needs: names of the symbols, code of the dimensions, the definitions."""

    names: Mapping[MatrixSymbol, str]
    sizes: Mapping[Symbol, str]
    definitions: Definitions
    sizes_used: set[Symbol] = field(default_factory=set)

    def code(self, expr: MatrixExpr) -> Code:
        """Return a matrix expression as code."""
        return matrix_code(expr, self)

    def size(self, expr: Expr) -> Code:
        """Return a dimension, or any number made of dimensions, as code."""
        found = expr.free_symbols
        self.sizes_used |= found
        elements = {element: Symbol(self._element(element)) for element in expr.atoms(MatrixElement)}
        plain = expr.xreplace(elements)
        names = {symbol: self.sizes.get(symbol, str(symbol)) for symbol in plain.free_symbols}
        return scalar_code(plain, names, self.definitions.constant, self.definitions.primitive)

    def _element(self, element: MatrixElement) -> str:
        return f"{self.names[element.parent]}[{element.i}, {element.j}]"

    def shape(self, expr: MatrixExpr) -> str:
        """Return the shape of an expression as a tuple in code."""
        return f"({self.size(expr.shape[0])}, {self.size(expr.shape[1])})"

    def scaled(self, number: Expr, code: Code) -> Code:
        """Return code times a number: the numerator before it, the denominator behind it; a root has a name."""
        if not (number.free_symbols or number.is_Rational or number.atoms(MatrixElement)):
            return Code(f"{self.definitions.constant(number)} * {code.within(PRODUCT)}", PRODUCT)
        over, under = number.as_numer_denom()
        sign = "-" if over.could_extract_minus_sign() else ""
        over = -over if sign else over
        text = code.within(PRODUCT)
        if over != 1:
            text = f"{self.size(over).within(PRODUCT)} * {text}"
        if under != 1:
            text = f"{text} / {self.size(under).within(ATOM)}"
        if (over, under, sign) == (1, 1, ""):
            return code
        return Code(sign + text, SUM if sign else PRODUCT)


@singledispatch
def matrix_code(node: MatrixExpr, writer: Writer) -> Code:
    """Return a node as code. An operation of ours is a call of its meaning, which becomes a helper."""
    name = writer.definitions.meaning(meaning_of(node))
    return Code(f"{name}({', '.join(call_arguments(node, writer))})")


def call_arguments(node: MatrixExpr, writer: Writer) -> list[str]:
    """Return what the meaning of a node is called with: its args in order, those of a fused loss without P."""
    args = (node.args[0], node.args[2]) if isinstance(node, LinkedLoss) else node.args
    return [writer.code(arg).text if isinstance(arg, MatrixExpr) else writer.size(arg).text for arg in args]


@matrix_code.register
def _(node: MatrixSymbol, writer: Writer) -> Code:
    return Code(writer.names[node])


@matrix_code.register
def _(node: Transpose, writer: Writer) -> Code:
    return Code(f"{writer.code(node.arg).within(ATOM)}.T")


@matrix_code.register
def _(node: OneMatrix, writer: Writer) -> Code:
    return Code(f"np.ones({writer.shape(node)})")


@matrix_code.register
def _(node: ZeroMatrix, writer: Writer) -> Code:
    return Code(f"np.zeros({writer.shape(node)})")


@matrix_code.register
def _(node: Identity, writer: Writer) -> Code:
    return Code(f"np.eye({writer.size(node.shape[0])})")


@matrix_code.register
def _(node: DiagMatrix, writer: Writer) -> Code:
    return Code(f"np.diagflat({writer.code(node.args[0])})")


@matrix_code.register
def _(node: Rows, writer: Writer) -> Code:
    a, first, count = node.args
    return Code(f"{writer.code(a).within(ATOM)}[{writer.size(first)}:{writer.size(first + count)}]")


@matrix_code.register
def _(node: Stack, writer: Writer) -> Code:
    return Code(f"np.concatenate(({', '.join(writer.code(part).text for part in node.args)}))")


@matrix_code.register
def _(node: Beside, writer: Writer) -> Code:
    return Code(f"np.concatenate(({', '.join(writer.code(part).text for part in node.args)}), axis=1)")


@matrix_code.register
def _(node: Split, writer: Writer) -> Code:
    return Code(f"{writer.code(node.args[0]).within(ATOM)}.reshape({node.args[1]}, {writer.size(node.shape[0])}, -1)")


@matrix_code.register
def _(node: Merge, writer: Writer) -> Code:
    return Code(f"{writer.code(node.args[0]).within(ATOM)}.reshape({writer.size(node.shape[0])}, -1)")


@matrix_code.register
def _(node: Pick, writer: Writer) -> Code:
    return Code(f"{writer.code(node.args[0]).within(ATOM)}[{node.args[1]}]")


@matrix_code.register
def _(node: MatMul, writer: Writer) -> Code:
    number, factors = node.as_coeff_matrices()
    return writer.scaled(number, _matrix_product(factors, writer))


def _matrix_product(factors: Sequence[MatrixExpr], writer: Writer) -> Code:
    """Return a product; a column of ones behind it, or a row of ones before it, is a sum."""
    first, *others = factors
    if not others:
        return writer.code(first)
    if isinstance(first, OneMatrix) and first.shape[0] == 1 and first.shape[1] != 1:
        return Code(f"np.sum({_matrix_product(others, writer)}, axis=0, keepdims=True)")
    last = factors[-1]
    if isinstance(last, OneMatrix) and last.shape[1] == 1 and last.shape[0] != 1:
        return Code(f"np.sum({_matrix_product(factors[:-1], writer)}, axis=1, keepdims=True)")
    return Code(" @ ".join(writer.code(factor).within(POWER) for factor in factors), PRODUCT)


@matrix_code.register
def _(node: MatAdd, writer: Writer) -> Code:
    if blocks := filling(node):
        return writer.code(Stack(*blocks))
    found = _terms(node, writer)
    if len(found) <= MOST_TERMS:
        return Code(_added(found), SUM)
    groups = (_added(found[start : start + MOST_TERMS]) for start in range(0, len(found), MOST_TERMS))
    return Code(" + ".join(f"({group})" for group in groups), SUM)


MOST_TERMS = 50
"""A longer sum is written in groups: Python's parser nests a + b + c as deep as it has terms."""


def _added(signed: Sequence[tuple[bool, Code]]) -> str:
    pieces: list[str] = []
    for negative, code in signed:
        sign = ("- " if negative else "+ ") if pieces else "-" * negative
        pieces.append(f"{sign}{code.within(PRODUCT)}")
    return " ".join(pieces)


def _terms(node: MatAdd, writer: Writer) -> list[tuple[bool, Code]]:
    """Return (is subtracted, code) a term; b·1ᵀ is the column b where another term gives the sum its shape."""
    columns = [_column(term) for term in node.args]
    spread = not all(columns)
    return [
        (False, writer.code(column)) if spread and column else _signed(term, writer)
        for term, column in zip(node.args, columns, strict=True)
    ]


def _signed(term: MatrixExpr, writer: Writer) -> tuple[bool, Code]:
    if not isinstance(term, MatMul):
        return False, writer.code(term)
    number, factors = term.as_coeff_matrices()
    negative = bool(number.could_extract_minus_sign())
    return negative, writer.scaled(-number if negative else number, _matrix_product(factors, writer))


def _column(term: MatrixExpr) -> MatrixExpr | None:
    """Return b of b·1ᵀ, which NumPy spreads over the columns by itself."""
    if not isinstance(term, MatMul) or len(term.args) != 2:
        return None
    column, ones = term.args
    return column if isinstance(ones, OneMatrix) and ones.shape[0] == 1 and column.is_Matrix else None


@matrix_code.register
def _(node: HadamardProduct, writer: Writer) -> Code:
    factors = [factor for arg in node.args for factor in _entrywise_factors(arg, writer)]
    first, *others = [factor for factor in factors if factor.text != "1"] or factors[:1]
    if not others:
        return first
    head = first.within(POWER if "@" in first.text else PRODUCT)
    return Code(" * ".join([head, *(other.within(POWER) for other in others)]), PRODUCT)


def _entrywise_factors(arg: MatrixExpr, writer: Writer) -> list[Code]:
    """Return an operand of ⊙: a constant slope is a number, and A(1 − A) two factors."""
    if not isinstance(arg, Slope):
        return [writer.code(arg)]
    code = slope_code(arg, writer)[0]
    return [Code(part) for part in code.text.split("*")] if _is_simple_product(code) else [code]


def _is_simple_product(code: Code) -> bool:
    return code.precedence == PRODUCT and code.text.count("*") == 1 and "/" not in code.text and code.text[0] != "-"


@matrix_code.register
def _(node: Elementwise, writer: Writer) -> Code:
    pattern = writer.definitions.value(node.function)
    return pattern.filled([writer.code(operand) for operand in node.args[1:]])


@matrix_code.register
def _(node: Slope, writer: Writer) -> Code:
    code, is_constant = slope_code(node, writer)
    return Code(f"np.full({writer.names[node.output]}.shape, {code})") if is_constant else code


def slope_code(node: Slope, writer: Writer) -> tuple[Code, bool]:
    """Return a slope, through the output where the function allows it, and whether it is one number."""
    pattern, through_output = writer.definitions.slope(node.function, node.index)
    arguments = [writer.code(operand) for operand in node.inputs]
    code = pattern.filled([writer.code(node.output), *arguments] if through_output else arguments)
    return code, not any(hole in pattern.code.text for hole in pattern.holes)


@matrix_code.register
def _(node: EntrywiseLoss, writer: Writer) -> Code:
    a, y = node.args[1:]
    number, pattern = writer.definitions.summand(node.function)
    return writer.scaled(number / node.examples, Code(f"np.sum({pattern.filled([writer.code(a), writer.code(y)])})"))


@matrix_code.register
def _(node: GenericLoss, writer: Writer) -> Code:
    return Code(f"{writer.definitions.open_loss('value')}({', '.join(call_arguments(node, writer))})")


@matrix_code.register
def _(node: LossGradient, writer: Writer) -> Code:
    return Code(f"{writer.definitions.open_loss('gradient')}({', '.join(call_arguments(node, writer))})")
