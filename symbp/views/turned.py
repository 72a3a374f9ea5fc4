"""What layouts are made of: a symbol that holds its transpose, an operation on such symbols, an error as a row."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from sympy import Basic, Expr, Integer, MatrixExpr, MatrixSymbol
from sympy.core.symbol import Str

from symbp.nodes import number_and_factors, transpose
from symbp.op import Op
from symbp.ops.losses import Loss
from symbp.symbols import Adjoint, Variable
from symbp.views.lines import Indexed

if TYPE_CHECKING:
    from symbp.op import FactorRole

_KINDS: dict[str, type[Op]] = {}


class Form(Basic):
    """The type of a turned operation, whether its result is transposed, and which of its operands are (a bit each)."""

    def __new__(cls, kind: type[Op] | Str, out: int | Integer, flags: int | Integer) -> Form:  # noqa: D102
        if isinstance(kind, Str):
            return cast("Form", Basic.__new__(cls, kind, out, flags))
        name = f"{kind.__module__}.{kind.__qualname__}"
        _KINDS[name] = kind
        return cast("Form", Basic.__new__(cls, Str(name), Integer(out), Integer(flags)))

    @property
    def kind(self) -> type[Op]:
        """The type of the operation."""
        return _KINDS[self.args[0].name]


class Turned(Op):
    """An operation some of whose matrices hold their transpose.

    Args: its ``Form``, then the operation's own args with the symbols as they are called here.
    """

    def __new__(cls, form: Form, *args: Basic) -> Turned:  # noqa: D102
        return cast("Turned", Basic.__new__(cls, form, *args))

    @classmethod
    def of(cls, op: Op, *, out: bool, exchanged: Iterable[bool], symbols: Iterable[MatrixExpr]) -> Turned:
        """Return an operation on other symbols, with what of it is transposed."""
        flags = sum(flag << at for at, flag in enumerate(exchanged))
        return cls(Form(type(op), out, flags), *on(op, symbols).args)

    @property
    def form(self) -> Form:
        """What it is."""
        return cast("Form", self.args[0])

    @property
    def is_out(self) -> bool:
        """Whether the result is the transpose of what the operation makes."""
        return bool(self.form.args[1])

    @property
    def exchanged(self) -> tuple[bool, ...]:
        """For each operand whether it is the transpose of what the operation takes."""
        count = sum(isinstance(arg, MatrixExpr) for arg in self.args[1:])
        return tuple(bool(int(self.form.args[2]) >> at & 1) for at in range(count))

    @property
    def bare(self) -> Op:
        """The operation on the symbols of this layout, for print: its shapes say nothing."""
        return cast("Op", Basic.__new__(self.form.kind, *self.args[1:]))

    @property
    def op(self) -> Op:
        """The operation as the calculus has it, its symbols in their own shapes under the same names."""
        bare = self.bare
        inside = [arg for arg in bare.args if isinstance(arg, MatrixExpr)]
        return on(bare, [back(each) if flag else each for each, flag in zip(inside, self.exchanged, strict=True)])

    @property
    def shape(self) -> tuple[Expr, Expr]:
        """The shape of the operation, exchanged where its result is."""
        rows, columns = self.op.shape
        return (columns, rows) if self.is_out else (rows, columns)

    @property
    def acts_on(self) -> int | None:  # type: ignore[override] # of the operation it holds
        """The place of the adjoint it is linear in."""
        place = self.op.acts_on
        return None if place is None else place + 1

    @property
    def factor_role(self) -> FactorRole | None:  # type: ignore[override] # of the operation it holds
        """What the operation is as a factor."""
        return self.form.kind.factor_role

    @property
    def label(self) -> str:  # type: ignore[override] # of the operation it holds
        """That of the operation."""
        return self.form.kind.label

    @property
    def affine(self) -> bool:  # type: ignore[override] # of the operation it holds
        """Whether the operation is linear in every operand."""
        return self.form.kind.affine

    @property
    def mark(self) -> str:
        """That of the operation."""
        return self.op.mark

    @property
    def size(self) -> tuple[int, ...]:
        """That of the operation."""
        return self.op.size

    @property
    def extent(self) -> tuple[Expr, Expr] | None:
        """That of the operation, of columns now."""
        return self.op.extent


class Cogradient(Adjoint):
    """∂𝓛/∂of in the transposed shape of what it belongs to: numerator layout."""

    def __new__(cls, name: str | Str | Variable, *rest: Basic) -> Cogradient:  # noqa: D102
        of: Any = rest[-1] if rest else name
        rows, columns = of.shape
        return cls._of(Str(Adjoint(of).name), (columns, rows), of)


def exchanged(symbol: MatrixSymbol) -> MatrixSymbol:
    """Return the symbol of the same name that holds the transpose; errors follow what they belong to."""
    if isinstance(symbol, Adjoint):
        return type(symbol)(cast("Variable", exchanged(symbol.of)))
    if isinstance(symbol, Indexed):
        return Indexed(cast("Variable", exchanged(symbol.of)), *symbol.indices)
    name, rows, columns, *rest = symbol.args
    return type(symbol)(name, columns, rows, *rest)


def back(symbol: MatrixExpr) -> MatrixExpr:
    """Return the symbol of the same name in the calculus, of one that holds its transpose; else the transpose."""
    if not isinstance(symbol, MatrixSymbol):
        return transpose(symbol)
    return Adjoint(symbol.of) if isinstance(symbol, Cogradient) else exchanged(symbol)


def plain(expr: MatrixExpr) -> MatrixExpr:
    """Return an operation on the symbols as they are called, whatever the layout."""
    return expr.bare if isinstance(expr, Turned) else expr


def operation(expr: MatrixExpr) -> MatrixExpr:
    """Return an operation as the calculus has it, whatever the layout."""
    return expr.op if isinstance(expr, Turned) else expr


def loss_of(expr: MatrixExpr) -> Loss | None:
    """Return the loss that an expression is, or is a number times; None where it is none."""
    _, factors = number_and_factors(expr)
    found = operation(factors[0])
    return found if len(factors) == 1 and isinstance(found, Loss) else None


def on(op: Op, symbols: Iterable[MatrixExpr]) -> Op:
    """Return an operation on other symbols."""
    there = iter(symbols)
    args = [next(there) if isinstance(arg, MatrixExpr) else arg for arg in op.args]
    return cast("Op", Basic.__new__(type(op), *args))
