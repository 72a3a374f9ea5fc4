"""A scalar function applied to every entry, and its slope: one node each, and a single rule.

SymPy's ``applyfunc`` makes a fresh dummy each time, so two equal applications differ; here the function
is a frozen argument and equality is structural.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from sympy import Basic, Expr, Integer, MatrixExpr, MatrixSymbol, S, Symbol, Tuple
from sympy.core.symbol import Str

from symbp.equations import text
from symbp.errors import ShapeError
from symbp.nodes import hadamard
from symbp.op import FactorRole, Op, rule

OUTPUT = Symbol("a", real=True)
"""Stands for f(x) itself in a slope written through the output: tanh′ = 1 − a²."""


class ScalarFunction(Basic):
    """A frozen scalar function of real variables with its slopes, exact numbers only.

    Attributes are SymPy args, so that two functions built alike are equal: ``name``; ``variables``
    (the symbols of ``expr``); ``expr``; ``slopes`` (∂expr/∂variable, one each); ``slope_by_output``
    (the slope written in ``OUTPUT`` and the variables, or None); ``text`` (how the function's name
    prints); ``parameters`` (pairs of a symbol standing in ``expr`` and the exact number it has);
    ``kinks`` (where the slope jumps; there it is the value ``slopes`` gives).
    """

    def __new__(
        cls,
        name: str | Str,
        variables: Sequence[Symbol],
        expr: Expr,
        slopes: Sequence[Expr],
        slope_by_output: Expr | None = None,
        text: str | Str = "",
        parameters: Sequence[tuple[Symbol, Expr]] = (),
        kinks: Sequence[Expr] = (),
    ) -> ScalarFunction:
        label = name.name if isinstance(name, Str) else name
        return cast(
            "ScalarFunction",
            Basic.__new__(
                cls,
                Str(label),
                Tuple(*variables),
                expr,
                Tuple(*slopes),
                S.NaN if slope_by_output is None else slope_by_output,
                text if isinstance(text, Str) else Str(text or label),
                Tuple(*(Tuple(*pair) for pair in parameters)),
                Tuple(*kinks),
            ),
        )

    name = property(lambda self: cast("str", self.args[0].name))
    variables = property(lambda self: tuple(self.args[1]))
    expr = property(lambda self: cast("Expr", self.args[2]))
    slopes = property(lambda self: tuple(self.args[3]))
    text = property(lambda self: cast("str", self.args[5].name))
    parameters = property(lambda self: tuple((symbol, value) for symbol, value in self.args[6]))
    kinks = property(lambda self: tuple(self.args[7]))

    def renamed(self, name: str, text: str) -> ScalarFunction:
        """Return the same function under another name."""
        return self.func(Str(name), *self.args[1:5], Str(text), *self.args[6:])

    @property
    def slope_by_output(self) -> Expr | None:
        """The slope written through the function's own value, or None where that is not possible."""
        found = self.args[4]
        return None if found is S.NaN else cast("Expr", found)


class Formula(ScalarFunction):
    """A scalar function without a name: it prints as its formula, entry by entry."""


class GenericFunction(ScalarFunction):
    """An activation left open, f of a layer: printed as f and f′, evaluated with stand-ins."""

    def __new__(cls, name: str | Str, layer: int | Expr) -> GenericFunction:
        label = name if isinstance(name, Str) else Str(name)
        return cast("GenericFunction", Basic.__new__(cls, label, layer if isinstance(layer, Expr) else Integer(layer)))

    text = property(lambda self: cast("str", self.args[0].name))
    parameters = property(lambda self: ())
    kinks = property(lambda self: ())
    slope_by_output = property(lambda self: None)
    index = property(lambda self: cast("Expr", self.args[1]))
    """Its layer, a number; in a line that stands for many, an expression of their index."""

    @property
    def layer(self) -> int:
        """The layer whose activation it is."""
        return int(self.args[1])


class Elementwise(Op):
    """f(X, …), entry by entry; all operands have one shape, which is the result's."""

    def __new__(cls, function: ScalarFunction, *operands: MatrixExpr) -> Elementwise:
        for operand in operands[1:]:
            if operand.shape != operands[0].shape:
                raise ShapeError(
                    f"{function.name} takes equal shapes: {operands[0]} is {text(operands[0].shape)}, "
                    f"{operand} is {text(operand.shape)}"
                )
        return Basic.__new__(cls, function, *operands)

    function = property(lambda self: cast("ScalarFunction", self.args[0]))
    shape = property(lambda self: self.args[1].shape)

    def _sympystr(self, printer: Any) -> str:
        return f"{_label(self.function)}({', '.join(map(printer.doprint, self.args[1:]))})"


class Slope(Op):
    """∂f/∂x_k at X, …: the entrywise slope of an Elementwise node, which knows the output too.

    Args: the function, k, the output symbol f(X, …) and the operands. Whether it prints as f′(Z) or
    through the output as 1 − A⊙A is the printer's choice; the calculus is the same.
    """

    factor_role = FactorRole.SLOPE

    def __new__(
        cls, function: ScalarFunction, index: int | Integer, output: MatrixSymbol, *operands: MatrixExpr
    ) -> Slope:
        return Basic.__new__(cls, function, Integer(index), output, *operands)

    function = property(lambda self: cast("ScalarFunction", self.args[0]))
    index = property(lambda self: int(self.args[1]))
    output = property(lambda self: cast("MatrixSymbol", self.args[2]))
    inputs = property(lambda self: cast("tuple[MatrixExpr, ...]", self.args[3:]))
    shape = property(lambda self: self.args[2].shape)

    def _sympystr(self, printer: Any) -> str:
        return f"{_label(self.function)}'({', '.join(map(printer.doprint, self.inputs))})"


def _label(function: ScalarFunction) -> str:
    return f"{function.name}{function.index}" if isinstance(function, GenericFunction) else function.name


@rule(
    Elementwise,
    "The activation acts entry by entry, so its derivative multiplies entry by entry.",
    short="times the slope, entry by entry",
)
def elementwise_vjp(node: Elementwise, output: MatrixSymbol, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """Z̄ᵢ = C̄ ⊙ ∂ᵢf(Z₁, Z₂, …); a condition, by which nothing changes, gets none."""
    inputs = node.args[1:]
    slopes = [Slope(node.function, at, output, *inputs) for at in range(len(inputs))]
    if len(inputs) == 1 and not isinstance(node.function, Formula):
        return (hadamard(adjoint, slopes[0]),)
    flat = [each is S.Zero for each in node.function.slopes]
    return tuple(None if zero else hadamard(adjoint, slope) for zero, slope in zip(flat, slopes, strict=True))
